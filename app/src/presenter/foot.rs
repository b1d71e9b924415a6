//! The proof at the foot of the page: received, on disk, in Dataverse, read back.

use model::delivery::{Balance, DeliveryView};

use super::words;

/// "= 8,933 on disk".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BalanceStep {
    /// "=" where the number is that of the step before, "→" where some are on the way or went elsewhere.
    pub sign: &'static str,
    pub number: String,
    pub word: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BalanceView {
    pub steps: Vec<BalanceStep>,
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
    let before = [None].into_iter().chain(steps.iter().map(|(number, _)| Some(*number)));
    let step = |((number, word), before): ((i64, &'static str), Option<i64>)| BalanceStep {
        sign: match before {
            None => "",
            Some(before) if before == number => "= ",
            Some(_) => "→ ",
        },
        number: words::count(number),
        word,
    };
    BalanceView { steps: steps.into_iter().zip(before).map(step).collect(), unaccounted, verdict }
}
