//! The figures recounted: each source's side by side, and whether they are equal.

use leptos::prelude::*;
use model::time::Timestamp;

use super::letters::moment;
use crate::panel::Tone;

/// What is known of recounts.
#[derive(Clone, Debug)]
pub struct RecountView {
    /// The last one; none before the first.
    pub last: Option<RecountSummary>,
    /// Another one is on its way.
    pub is_running: bool,
}

/// One recount.
#[derive(Clone, Debug)]
pub struct RecountSummary {
    pub at: Timestamp,
    /// Of which stretch.
    pub span: String,
    pub verdict: RecountVerdict,
    pub lines: Vec<RecountLine>,
    /// How long each source took, as far as it told anything.
    pub took: [Option<String>; 3],
    /// What there is to know beside the figures, in sentences.
    pub note: Option<String>,
}

/// What a recount says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecountVerdict {
    Equal,
    /// Equal here; Dataverse does not have all of it yet.
    NotThereYet,
    Different,
    /// No source but the records answered.
    Nothing,
}

/// One figure, as each source tells it.
#[derive(Clone, Debug)]
pub struct RecountLine {
    pub label: &'static str,
    pub rollups: Option<String>,
    pub rows: String,
    pub dataverse: Option<String>,
    /// Where the sources part, if they do, and how bad that is.
    pub differs: Option<(String, Tone)>,
}

pub(super) fn recount(recount: &RecountView) -> impl IntoView + use<> {
    let said = match (&recount.last, recount.is_running) {
        (_, true) => view! { <p id="recount-said" data-again="">"Every record is being counted again."</p> }.into_any(),
        (None, false) => {
            view! { <p id="recount-said" data-again="">"Nothing was recounted since the start; it is done soon after, and then once a day."</p> }
                .into_any()
        }
        (Some(last), false) => verdict(last).into_any(),
    };
    view! {
        <section class="card recount" aria-labelledby="recount">
            <h2 id="recount">"Recount"</h2>
            {said}
            <div id="recounted" data-again="">{recount.last.as_ref().map(figures)}</div>
            <form class="buttons" action="/pipeline/recount" method="post">
                <button class="button" disabled=recount.is_running>"Recount now"</button>
            </form>
        </section>
    }
}

fn verdict(last: &RecountSummary) -> impl IntoView + use<> {
    let (tone, said) = match last.verdict {
        RecountVerdict::Equal => (Tone::Good, "Equal, whichever way they are counted."),
        RecountVerdict::NotThereYet => (Tone::Neutral, "Equal here; Dataverse does not have all of it yet."),
        RecountVerdict::Nothing => (Tone::Neutral, "There was nothing to hold the records against."),
        RecountVerdict::Different => {
            (Tone::Bad, "Not equal; keep the ledger as it is, say `studio rollups rebuild`, and report it.")
        }
    };
    let about = format!("{}, counted {}.", last.span, moment(last.at));
    view! {
        <p id="recount-said" data-again="">
            <strong class=tone.class()><span class=format!("mark {}", tone.class()) aria-hidden="true"></span>{said}</strong>" "<span class="quiet">{about}</span>
        </p>
    }
}

fn figures(last: &RecountSummary) -> impl IntoView + use<> {
    let dash = || "–".to_owned();
    let lines = last.lines.iter().map(|line| {
        let differs = line.differs.clone().map(|(differs, tone)| {
            let mark = format!("mark {}", tone.class());
            view! { " "<small class=tone.class()><span class=mark aria-hidden="true"></span>{differs}</small> }
        });
        view! {
            <tr>
                <th scope="row">{line.label}{differs}</th>
                <td class="number">{line.rollups.clone().unwrap_or_else(dash)}</td>
                <td class="number">{line.rows.clone()}</td>
                <td class="number">{line.dataverse.clone().unwrap_or_else(dash)}</td>
            </tr>
        }
    });
    let took =
        last.took.iter().map(|took| view! { <td class="number">{took.clone().unwrap_or_else(dash)}</td> });
    let note = last.note.clone().map(|note| view! { <p class="quiet">{note}</p> });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="The figures recounted">
        <table>
            <thead>
                <tr>
                    <th scope="col">"Figure"</th>
                    <th scope="col" class="number">"Rollups"</th>
                    <th scope="col" class="number">"Records"</th>
                    <th scope="col" class="number">"Dataverse"</th>
                </tr>
            </thead>
            <tbody>{lines.collect_view()}</tbody>
            <tfoot>
                <tr><th scope="row" class="quiet">"Took"</th>{took.collect_view()}</tr>
            </tfoot>
        </table>
        </div>
        {note}
    }
}
