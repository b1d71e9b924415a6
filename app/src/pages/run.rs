//! `/runs/{id}`: one run: every field, how far it has come, what it was before.

use leptos::prelude::*;
use model::{calendar::Zone, time::Timestamp};

use super::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};
use crate::{address::ViewQuery, panel::Tone};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RunFacts {
    pub zone: Zone,
    pub id: String,
    pub campaign_id: String,
    pub campaign: String,
    pub title: String,
    pub is_withdrawn: bool,
    /// Label and content of each field.
    pub fields: Vec<(&'static str, String)>,
    pub steps: Vec<StepLine>,
    /// Where its row is in Dataverse, and whether that can be opened.
    pub row: Option<DataverseRow>,
    /// What it was before, newest first.
    pub before: Vec<RevisionLine>,
}

/// One step on its way.
#[derive(Clone, Debug)]
pub struct StepLine {
    pub what: &'static str,
    pub at: Option<Timestamp>,
    /// Where there is no time: why.
    pub words: String,
    pub tone: Tone,
}

/// The row that holds it there.
#[derive(Clone, Debug)]
pub struct DataverseRow {
    pub table: &'static str,
    pub id: String,
    pub href: Option<String>,
}

/// What a run was before.
#[derive(Clone, Debug)]
pub struct RevisionLine {
    pub number: i64,
    pub replaced_at: Timestamp,
    pub by: String,
    /// What the next one says otherwise: label, before, after.
    pub changes: Vec<(String, String, String)>,
}

pub fn run_page(frame: &Frame, facts: &RunFacts) -> impl IntoView + use<> {
    let campaign = ViewQuery {
        campaign: Some(facts.campaign_id.clone()),
        is_own: true,
        by: model::breakdown::Dimension::Phase,
        range: model::range::Range::Days90,
        ..ViewQuery::default()
    };
    let (rest, tone) = verdict(facts);
    let title = format!("{} · Studio Metrics", facts.title);
    document(
        frame,
        DocumentHead { title, here: Some(SitePage::Campaigns), is_live: false },
        view! {
            <nav class="crumb" aria-label="Where this hangs">
                <a href="/campaigns">"‹ Campaigns"</a>
                <a href=campaign.href()><bdi>{facts.campaign.clone()}</bdi></a>
            </nav>
            <main id="main" tabindex="-1">
                <h1 class=format!("sentence {}", tone.class())><strong><bdi>{facts.title.clone()}</bdi></strong>" "{rest}</h1>
                <div class="two">
                    {fields(facts)}
                    {way(facts)}
                </div>
                {(!facts.before.is_empty()).then(|| before(facts))}
            </main>
        },
    )
}

/// What is to be said of it first.
fn verdict(facts: &RunFacts) -> (String, Tone) {
    if facts.is_withdrawn {
        return ("It was withdrawn, and counts nowhere.".to_owned(), Tone::Neutral);
    }
    match facts.steps.iter().find(|step| step.at.is_none()) {
        None => ("It is kept here and in Dataverse, and was read back.".to_owned(), Tone::Good),
        Some(step) => (format!("{}.", step.words), step.tone),
    }
}

fn fields(facts: &RunFacts) -> impl IntoView + use<> {
    let rows = facts.fields.iter().map(|(label, content)| {
        view! { <div><dt>{*label}</dt><dd><bdi>{content.clone()}</bdi></dd></div> }
    });
    view! {
        <section class="card" aria-labelledby="fields">
            <h2 id="fields">"What it says"</h2>
            <dl class="facts">{rows.collect_view()}</dl>
        </section>
    }
}

fn way(facts: &RunFacts) -> impl IntoView + use<> {
    let steps = facts.steps.iter().map(|step| {
        let when = step.at.map_or_else(|| step.words.clone(), |at| moment(facts, at));
        view! {
            <div>
                <dt><span class=format!("mark {}", step.tone.class()) aria-hidden="true"></span>{step.what}</dt>
                <dd>{when}</dd>
            </div>
        }
    });
    let row = facts.row.as_ref().map(|row| {
        let id = match &row.href {
            Some(href) => view! { <a href=href.clone()>{row.id.clone()}</a> }.into_any(),
            None => row.id.clone().into_any(),
        };
        view! { <div><dt>{format!("Row in {}", row.table)}</dt><dd><code>{id}</code></dd></div> }
    });
    view! {
        <section class="card" aria-labelledby="way">
            <h2 id="way">"How far it has come"</h2>
            <dl class="facts">
                {steps.collect_view()}
                <div><dt>"Id"</dt><dd><code>{facts.id.clone()}</code></dd></div>
                {row}
            </dl>
            {(!facts.is_withdrawn).then(|| view! {
                <p class="quiet"><a href=format!("/api/metrics/campaign/{}", facts.id)>"As JSON"</a></p>
            })}
        </section>
    }
}

fn before(facts: &RunFacts) -> impl IntoView + use<> {
    let lines = facts.before.iter().map(|line| {
        let changes = line.changes.iter().map(|(label, before, after)| {
            view! {
                <li>
                    {label.clone()}": "<span class="unseen">"was "</span><s><bdi>{before.clone()}</bdi></s>" "
                    <span class="unseen">"and is "</span><bdi>{after.clone()}</bdi>
                </li>
            }
        });
        view! {
            <li>
                {format!("Revision {} until {}: {}", line.number, moment(facts, line.replaced_at), line.by)}
                <ul class="lines">{changes.collect_view()}</ul>
            </li>
        }
    });
    view! {
        <section class="card" aria-labelledby="before">
            <h2 id="before">"What it was before"</h2>
            <ul class="lines">{lines.collect_view()}</ul>
        </section>
    }
}

fn moment(facts: &RunFacts, at: Timestamp) -> String {
    facts.zone.format(at, "%-d %b %Y %H:%M:%S %Z")
}
