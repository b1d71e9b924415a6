//! Whole documents: axum renders them, and the browser brings one element of the panel's alive.

mod campaigns;
mod document;
mod fault;
mod keys;
mod links;
mod panel;
mod people;
mod pipeline;
mod run;
mod shared;
mod sign_in;
mod site_header;

pub use campaigns::{CampaignLine, CampaignsFacts, campaigns_page};
pub use document::{BEACON, Files, Frame, PageAsker, Theme};
pub use fault::fault_page;
pub use keys::{KeyForm, KeyLine, KeysFacts, keys_page};
pub use links::{LinkForm, LinkLine, LinksFacts, links_page};
pub use panel::panel_page;
pub use people::{PeopleFacts, PersonForm, PersonLine, people_page};
pub use pipeline::{
    ASK_AGAIN, Control, DROP, DeadLetterList, FieldView, HandlingLine, Hour, KEEP, LetterLine, MEND, Others,
    PipelineFacts, PolicyView, QuestionView, RESEND, RESEND_ALL, RUNS, RecountLine, RecountSummary,
    RecountVerdict, RecountView, RefusedFacts, RejectLine, SEND_AGAIN, TargetLine, TargetState, Trouble,
    WITHDRAW, pipeline_page, refused_page,
};
pub use run::{DataverseRow, RevisionLine, RunFacts, StepLine, run_page};
pub use shared::{SharedFacts, locked_page, shared_page, shared_view};
pub use sign_in::{SignInFacts, sign_in_page};
