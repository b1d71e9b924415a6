//! The page's first sentence: whether all is well, and what to do where it is not.

use model::delivery::{Delivery, DeliveryState};

use super::PipelineFacts;
use crate::{
    compose::{count, counted},
    panel::Tone,
};

pub(super) fn verdict(facts: &PipelineFacts) -> (String, String, Tone) {
    let delivery = &facts.delivery;
    if let missing @ 1.. = delivery.unaccounted() {
        return (
            format!("{} unaccounted for.", counted(missing, "record is", "records are")),
            "Keep the data folder as it is and compare the tables below; nothing was deleted.".to_owned(),
            Tone::Bad,
        );
    }
    let waiting = counted(delivery.pending, "record", "records");
    let lag = delivery.lag_seconds(facts.now);
    let (lead, rest, tone) = match delivery.state {
        DeliveryState::Ok if delivery.pending == 0 && facts.letters.all == 0 => {
            ("Nothing is lost.", "Everything received is in Dataverse.".to_owned(), Tone::Good)
        }
        DeliveryState::Ok if facts.letters.all > 0 => (
            "Nothing is lost, and somebody is needed.",
            format!(
                "Dataverse refuses {}; see below why, and mend or resend.",
                counted(facts.letters.all, "record", "records")
            ),
            Tone::Late,
        ),
        DeliveryState::Ok => (
            "Nothing is lost.",
            format!("{waiting} on the way to Dataverse, the oldest for {lag}\u{a0}s."),
            Tone::Good,
        ),
        DeliveryState::Behind => (
            "Dataverse is behind; nothing is lost.",
            format!("{} {waiting} on disk, the oldest for {lag}\u{a0}s.", sentence(delivery)),
            Tone::Late,
        ),
        DeliveryState::Stopped => (
            "Dataverse is out of reach; nothing is lost.",
            format!(
                "{} records wait on this machine's disk. {}",
                count(delivery.pending),
                sentence(delivery)
            ),
            Tone::Late,
        ),
    };
    (lead.to_owned(), rest, tone)
}

/// The reason as a sentence of its own.
fn sentence(delivery: &Delivery) -> String {
    let reason = delivery.reason.clone().unwrap_or_default();
    let mut letters = reason.chars();
    let Some(first) = letters.next() else { return reason };
    let end = if reason.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}
