//! The proof at the foot of the page: received, on disk, in Dataverse, read back.

use model::delivery::{Balance, DeliveryView};

use super::words;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BalanceView {
    /// Number and word: "8,933", "received".
    pub steps: Vec<(String, String)>,
    pub unaccounted: i64,
    /// "0 unaccounted", and what waits where it does.
    pub verdict: String,
}

pub(super) fn balance(delivery: &DeliveryView) -> BalanceView {
    let sum = |figure: fn(&Balance) -> i64| delivery.balance.iter().map(figure).sum::<i64>();
    let mirrored = sum(|b| b.mirrored);
    let taken = if mirrored > 0 { "received or from others" } else { "received" };
    let steps = [
        (sum(|b| b.received) + mirrored, taken),
        (sum(|b| b.durable), "on disk"),
        (sum(|b| b.delivered) + mirrored, "in Dataverse"),
        (sum(|b| b.confirmed), "read back"),
    ];
    let unaccounted = delivery.unaccounted();
    let mut verdict = format!("{} unaccounted", words::count(unaccounted));
    for (number, what) in [
        (sum(|b| b.pending), "on the way"),
        (delivery.unconfirmed(), "not read back yet"),
        (sum(|b| b.dead), "refused"),
        (sum(|b| b.dropped), "dropped"),
        (sum(|b| b.deleted), "withdrawn"),
        (sum(|b| b.archived), "archived"),
    ] {
        if number > 0 {
            verdict.push_str(&format!(" · {} {what}", words::count(number)));
        }
    }
    BalanceView {
        steps: steps.map(|(number, what)| (words::count(number), what.to_owned())).to_vec(),
        unaccounted,
        verdict,
    }
}
