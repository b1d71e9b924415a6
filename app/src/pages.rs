//! Whole documents: axum renders them, and the browser brings one element of the panel's alive.

mod campaigns;
mod document;
mod fault;
mod keys;
mod panel;
mod pipeline;
mod run;
mod site_header;

pub use campaigns::{CampaignLine, CampaignsFacts, campaigns_page};
pub use document::{BEACON, Files, Frame, Theme};
pub use fault::fault_page;
pub use keys::{KeyForm, KeyLine, KeysFacts, keys_page};
pub use panel::panel_page;
pub use pipeline::{
    ASK_AGAIN, Control, DROP, DeadLetterList, FieldView, HandlingLine, Hour, KEEP, LetterLine, MEND, Others,
    PipelineFacts, PolicyView, QuestionView, RESEND, RESEND_ALL, RUNS, RecountLine, RecountSummary,
    RecountVerdict, RecountView, RefusedFacts, RejectLine, SEND_AGAIN, TargetLine, TargetState, Trouble,
    WITHDRAW, pipeline_page, refused_page,
};
pub use run::{DataverseRow, RevisionLine, RunFacts, StepLine, run_page};
