//! What Dataverse refuses: the list on the page, and who did what about it.

use leptos::prelude::*;
use model::{calendar::Zone, time::Timestamp};

use crate::presenter::count;

/// A record that Dataverse refuses, in one line of the list.
#[derive(Clone, Debug)]
pub struct LetterLine {
    /// The kind's name, as addresses have it.
    pub kind: &'static str,
    pub id: String,
    /// What people call the record.
    pub title: String,
    pub reason: String,
    pub died_at: Timestamp,
}

/// What a person did, as a sentence without its subject: "sent autumn · run-1 again".
#[derive(Clone, Debug)]
pub struct HandlingLine {
    pub at: Timestamp,
    pub by: String,
    pub what: String,
}

/// All of them, with the newest as lines.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterList {
    pub all: i64,
    pub lines: Vec<LetterLine>,
    pub handlings: Vec<HandlingLine>,
}

/// What can be done with a refused record.
pub const RESEND: &str = "resend";
pub const RESEND_ALL: &str = "resend-all";
pub const DROP: &str = "drop";
pub const MEND: &str = "mend";

/// Nothing where nothing is refused and nothing was done.
pub(super) fn letters(letters: &DeadLetterList) -> impl IntoView + use<> {
    let refused = (letters.all > 0).then(|| refused(letters));
    let handled = (!letters.handlings.is_empty()).then(|| handled(&letters.handlings));
    view! { <div class="stack" id="letters" data-again="">{refused}{handled}</div> }
}

fn refused(letters: &DeadLetterList) -> impl IntoView + use<> {
    let hidden = letters.all - i64::try_from(letters.lines.len()).unwrap_or(i64::MAX);
    let lines = letters.lines.iter().map(|letter| {
        let href = format!("/pipeline/refused/{}/{}", letter.kind, letter.id);
        let when = moment(letter.died_at);
        view! {
            <li>
                <a href=href><bdi>{letter.title.clone()}</bdi></a>
                <p>{letter.reason.clone()}</p>
                <p class="quiet">{format!("Refused {when}")}</p>
            </li>
        }
    });
    view! {
        <section class="card" aria-labelledby="refused">
            <h2 id="refused">{format!("Refused by Dataverse: {}", count(letters.all))}</h2>
            <p>
                "These records are safe on this machine's disk, and Dataverse does not take them. Open one to see why and to mend it; \
                 when the cause was in Dataverse and is gone, send them again."
            </p>
            <ul class="lines">{lines.collect_view()}</ul>
            {(hidden > 0).then(|| view! { <p class="quiet">{format!("and {} older ones", count(hidden))}</p> })}
            <form class="buttons" action="/pipeline/refused" method="post">
                <button class="button" name="do" value=RESEND_ALL>"Send all again"</button>
            </form>
        </section>
    }
}

fn handled(handlings: &[HandlingLine]) -> impl IntoView + use<> {
    let rows = handlings.iter().map(|handling| {
        view! { <li>{handling.by.clone()}" "<bdi>{handling.what.clone()}</bdi>" "<span class="quiet">{moment(handling.at)}</span></li> }
    });
    view! {
        <section class="card" aria-labelledby="handled">
            <h2 id="handled">"Who did what"</h2>
            <ul class="lines">{rows.collect_view()}</ul>
        </section>
    }
}

pub(super) fn moment(at: Timestamp) -> String {
    Zone::utc().format(at, "%Y-%m-%d %H:%M:%S UTC")
}
