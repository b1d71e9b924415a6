//! `/pipeline`: the balance, and how delivery stands.

mod demo;

use leptos::{nonce::use_nonce, prelude::*};
use model::{
    calendar::Zone,
    delivery::{Balance, Delivery, DeliveryState},
    time::Instant,
};

use super::document::{Frame, document};
use crate::{components::header, compose::count, panel::Tone};

pub use demo::{RUNS, Trouble};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct PipelineFacts {
    pub now: Instant,
    pub delivery: Delivery,
    /// What will become a fault unless somebody sees to it, in sentences.
    pub warnings: Vec<String>,
    /// Name and value of what is known of Dataverse: organisation, token, last delivery.
    pub dataverse: Vec<(String, String)>,
    /// Where trouble can be made on demand: which is made now.
    pub demo: Option<Option<Trouble>>,
}

/// Takes what has changed out of a fresh copy of this page, every five seconds, and says so when there is none.
const AGAIN: &str = "setInterval(async()=>{if(document.hidden)return;const at=document.getElementById('as-of');try{\
const t=await(await fetch(location.href)).text(),d=new DOMParser().parseFromString(t,'text/html');\
for(const e of document.querySelectorAll('[data-again]')){const n=d.getElementById(e.id);\
if(n&&n.innerHTML!==e.innerHTML)e.innerHTML=n.innerHTML;if(n)e.className=n.className}document.title=d.title}\
catch{at.textContent='The server does not answer. '+at.textContent.replace(/^.*answer. /,'')}},5000)";

/// A document that says what was true when it was asked for, and asks again by itself where scripts run.
pub fn pipeline_page(frame: &Frame, facts: &PipelineFacts) -> impl IntoView + use<> {
    let (lead, rest, tone) = verdict(facts);
    document(
        frame,
        format!("{} · Pipeline · Studio Metrics", lead.trim_end_matches('.')),
        false,
        view! {
            <a class="skip" href="#main">"Skip to the balance"</a>
            {header::plain(frame.demo)}
            <main id="main" tabindex="-1">
                <h1 class=format!("sentence {}", tone.class()) id="sentence" data-again="">
                    <strong>{lead}</strong>" "{rest}
                </h1>
                <div id="warnings" data-again="">{warnings(&facts.warnings)}</div>
                {equation(&facts.delivery)}
                {facts.demo.map(|trouble| demo::controls(trouble, frame.demo))}
                {tables(&facts.delivery.balance)}
                {dataverse(facts)}
                <p class="quiet" id="as-of" data-again="">{format!("As of {}.", Zone::utc().format(facts.now, "%Y-%m-%d %H:%M:%S UTC"))}</p>
            </main>
            <script nonce=use_nonce()>{AGAIN}</script>
        },
    )
}

fn verdict(facts: &PipelineFacts) -> (String, String, Tone) {
    let delivery = &facts.delivery;
    let waiting = count(delivery.pending);
    let lag = delivery.lag_seconds(facts.now);
    match (delivery.unaccounted(), delivery.state) {
        (1.., _) => (
            format!("{} records are unaccounted for.", count(delivery.unaccounted())),
            "Keep the data folder as it is and compare the tables below; nothing was deleted.".to_owned(),
            Tone::Bad,
        ),
        (_, DeliveryState::Ok) if delivery.pending == 0 => {
            ("Nothing is lost.".to_owned(), "Everything received is in Dataverse.".to_owned(), Tone::Good)
        }
        (_, DeliveryState::Ok) => (
            "Nothing is lost.".to_owned(),
            format!("{waiting} records are on their way to Dataverse, the oldest for {lag}\u{a0}s."),
            Tone::Good,
        ),
        (_, DeliveryState::Behind) => (
            "Dataverse is behind; nothing is lost.".to_owned(),
            format!("{waiting} records wait, the oldest for {lag}\u{a0}s. {}", reason(delivery)),
            Tone::Late,
        ),
        (_, DeliveryState::Stopped) => (
            "Dataverse is out of reach; nothing is lost.".to_owned(),
            format!("{waiting} records wait on this machine's disk. {}", reason(delivery)),
            Tone::Late,
        ),
    }
}

fn reason(delivery: &Delivery) -> String {
    delivery.reason.clone().unwrap_or_default()
}

fn warnings(warnings: &[String]) -> impl IntoView + use<> {
    let sentences = warnings.iter().map(|warning| view! { <p class="card warning">{warning.clone()}</p> });
    sentences.collect_view()
}

fn equation(delivery: &Delivery) -> impl IntoView + use<> {
    let sum = |figure: fn(&Balance) -> i64| delivery.balance.iter().map(figure).sum::<i64>();
    let unaccounted = delivery.unaccounted();
    let steps = [
        (sum(|b| b.received), "received", "one receipt a request"),
        (sum(|b| b.durable), "on disk", "flushed before each answer"),
        (sum(|b| b.delivered), "in Dataverse", "acknowledged"),
        (sum(|b| b.confirmed), "read back", "out of Dataverse again"),
        (unaccounted, "unaccounted", "what nothing explains"),
    ];
    let steps = steps.map(|(number, what, how)| {
        let class = match (what, unaccounted) {
            ("unaccounted", 0) => "good",
            ("unaccounted", _) => "bad",
            _ => "",
        };
        view! {
            <p>
                <data class=class value=number.to_string()>{count(number)}</data>
                {what}
                <small>{how}</small>
            </p>
        }
    });
    view! { <section class="card equation" aria-label="Balance" id="equation" data-again="">{steps.collect_view()}</section> }
}

fn tables(balance: &[Balance]) -> impl IntoView + use<> {
    let rows = balance.iter().map(|b| {
        let figures =
            [b.received, b.durable, b.delivered, b.confirmed, b.pending, b.dead, b.deleted, b.unaccounted()];
        let cells = figures.map(|figure| view! { <td class="number">{count(figure)}</td> });
        view! { <tr><th scope="row">{b.table}</th>{cells.collect_view()}</tr> }
    });
    let heads = [
        "Received",
        "On disk",
        "In Dataverse",
        "Read back",
        "On the way",
        "Refused",
        "Withdrawn",
        "Unaccounted",
    ];
    let heads = heads.map(|head| view! { <th scope="col" class="number">{head}</th> });
    view! {
        <section class="card" aria-labelledby="tables">
            <h2 id="tables">"By table"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Every table's figures">
                <table>
                    <thead><tr><th scope="col">"Table"</th>{heads.collect_view()}</tr></thead>
                    <tbody id="balance" data-again="">{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
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
