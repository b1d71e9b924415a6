//! The page's first sentence: whether all is well, and what to do where it is not.

use model::delivery::DeliveryState;

use super::PipelineFacts;
use crate::{
    panel::Tone,
    presenter::{counted, sentence},
};

pub(super) fn verdict(facts: &PipelineFacts) -> (String, String, Tone) {
    let delivery = &facts.delivery;
    if let Some(reason) = &delivery.closed {
        let rest = format!("{} Senders are told to send again.", sentence(reason));
        return ("Records are turned away.".to_owned(), rest, Tone::Bad);
    }
    if let Some(reason) = &delivery.unread {
        return ("The ledger is out of reach.".to_owned(), sentence(reason), Tone::Bad);
    }
    if let missing @ 1.. = delivery.unaccounted() {
        return (
            format!("{} unaccounted for.", counted(missing, "record is", "records are")),
            "Keep the data folder as it is and compare the tables below; nothing was deleted.".to_owned(),
            Tone::Bad,
        );
    }
    let waiting = counted(delivery.pending, "record", "records");
    let lag = delivery.lag_seconds(facts.now);
    let reason = sentence(delivery.reason.as_deref().unwrap_or_default());
    let (lead, rest, tone) = match (delivery.state, wanted(facts)) {
        (DeliveryState::Ok, _) if !delivery.alarms.is_empty() => {
            ("Not all is well.", sentence(&delivery.alarms[0]), Tone::Late)
        }
        (DeliveryState::Ok, Some(wanted)) => ("Nothing is lost, and somebody is needed.", wanted, Tone::Late),
        (DeliveryState::Ok, None) if delivery.pending == 0 => {
            ("Nothing is lost.", "Everything received is in Dataverse.".to_owned(), Tone::Good)
        }
        (DeliveryState::Ok, None) => (
            "Nothing is lost.",
            format!("{waiting} on the way to Dataverse, the oldest for {lag}\u{a0}s."),
            Tone::Good,
        ),
        (DeliveryState::Behind, _) if delivery.by_flow => {
            ("The flow is behind; nothing is lost.", reason, Tone::Late)
        }
        (DeliveryState::Behind, _) => (
            "Dataverse is behind; nothing is lost.",
            format!("{reason} {waiting} on disk, the oldest for {lag}\u{a0}s."),
            Tone::Late,
        ),
        (DeliveryState::Stopped, _) => (
            "Dataverse is out of reach; nothing is lost.",
            format!(
                "{} on this machine's disk. {reason}",
                counted(delivery.pending, "record waits", "records wait")
            ),
            Tone::Late,
        ),
    };
    (lead.to_owned(), rest, tone)
}

/// What only a person can decide, the most urgent first.
fn wanted(facts: &PipelineFacts) -> Option<String> {
    let (questions, rejected) =
        facts.others.as_ref().map_or((&[][..], 0), |others| (&others.questions[..], others.rejected));
    if let Some(question) = questions.iter().find(|question| question.answered.is_none()) {
        let gone = counted(question.gone, "row is", "rows are");
        return Some(format!("{gone} gone from Dataverse; say below whether that was meant."));
    }
    if facts.letters.all > 0 {
        let records = counted(facts.letters.all, "record", "records");
        return Some(format!("Dataverse refuses {records}; see below why, and mend or resend."));
    }
    (rejected > 0).then(|| {
        let (one, many) = ("row in Dataverse breaks a rule and is", "rows in Dataverse break a rule and are");
        format!("{} left out; see below which, and why.", counted(rejected, one, many))
    })
}
