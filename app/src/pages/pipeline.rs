//! `/pipeline`: the balance, how delivery stands, and what a person should see to.

mod balance;
mod demo;
mod letters;
mod others;
mod recount;
mod refused;
mod targets;
mod verdict;

use leptos::{nonce::use_nonce, prelude::*};
use model::{delivery::DeliveryView, time::Timestamp};

use super::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};

pub use balance::Hour;
pub use demo::{RUNS, Trouble};
pub use letters::{DROP, DeadLetterList, HandlingLine, LetterLine, MEND, RESEND, RESEND_ALL};
pub use others::{ASK_AGAIN, KEEP, Others, PolicyView, QuestionView, RejectLine, SEND_AGAIN, WITHDRAW};
pub use recount::{RecountLine, RecountSummary, RecountVerdict, RecountView};
pub use refused::{Control, FieldView, RefusedFacts, refused_page};
pub use targets::{TargetLine, TargetState};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct PipelineFacts {
    pub now: Timestamp,
    /// The server's, with the commit where it is known.
    pub version: &'static str,
    pub delivery: DeliveryView,
    /// What will become a fault unless a person sees to it, in sentences.
    pub warnings: Vec<String>,
    /// Name and value of what is known of Dataverse: organisation, token, last delivery.
    pub dataverse: Vec<(String, String)>,
    /// Where trouble can be made on demand: which is made now.
    pub demo: Option<Option<Trouble>>,
    /// Oldest first.
    pub hours: Vec<Hour>,
    pub letters: DeadLetterList,
    /// None where a flow carries the records.
    pub others: Option<Others>,
    pub recount: RecountView,
    pub targets: Vec<TargetLine>,
}

/// A document that says what was true when it was asked for, and asks again by itself where scripts run.
pub fn pipeline_page(frame: &Frame, facts: &PipelineFacts) -> impl IntoView + use<> {
    let (lead, rest, tone) = verdict::verdict(facts);
    let title = format!("{} · Pipeline · Studio Metrics", lead.trim_end_matches('.'));
    document(
        frame,
        DocumentHead { title, here: Some(SitePage::Pipeline), is_live: false },
        view! {
            <main id="main" tabindex="-1">
                <h1 class=format!("sentence {}", tone.class()) id="sentence" data-again="">
                    <strong>{lead}</strong>" "{rest}
                </h1>
                <div id="warnings" data-again="">{warnings(&facts.warnings)}</div>
                {others::questions(facts.others.as_ref())}
                {balance::equation(&facts.delivery)}
                {letters::letters(&facts.letters)}
                {facts.demo.map(|trouble| demo::controls(trouble, frame.demo))}
                {balance::tables(&facts.delivery.balance)}
                {balance::hours(&facts.hours)}
                {facts.others.as_ref().map(others::others)}
                {dataverse(facts)}
                {recount::recount(&facts.recount)}
                {targets::targets(&facts.targets)}
                <p class="quiet" id="as-of" data-again="">{format!("As of {}.", letters::moment(facts.now))}</p>
                <p class="quiet">{format!("Studio Metrics {}", facts.version)}</p>
            </main>
            <script src=frame.files.pipeline.clone() nonce=use_nonce() defer=true></script>
        },
    )
}

fn warnings(warnings: &[String]) -> impl IntoView + use<> {
    let sentences = warnings.iter().map(|warning| view! { <p class="card warning">{warning.clone()}</p> });
    sentences.collect_view()
}

fn dataverse(facts: &PipelineFacts) -> impl IntoView + use<> {
    let rows = facts.dataverse.iter().map(|(name, value)| {
        view! { <div><dt>{name.clone()}</dt><dd>{value.clone()}</dd></div> }
    });
    view! {
        <section class="card" aria-labelledby="dataverse">
            <h2 id="dataverse">"Dataverse"</h2>
            <dl class="facts" id="facts" data-again="">{rows.collect_view()}</dl>
        </section>
    }
}
