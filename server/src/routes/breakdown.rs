//! The parts of a stretch by campaign or phase, and why a figure moved, as JSON.

use model::{
    breakdown::{Breakdown, Dimension, Part},
    figures::{Figures, Sums, Tile},
    history::History,
    why::{self, MINIMUM_RUNS, Unexplained, Why, shares_of},
};
use serde_json::{Value as Json, json};

use super::figures::{self, of_tile};

/// One entry a part, the dearest first; where there are many, the last one stands for the others.
pub fn breakdown(breakdown: &Breakdown, history: &History) -> Json {
    let costs: Vec<i64> = breakdown.parts.iter().map(|part| part.now.cost_e5).collect();
    let shares = shares_of(&costs, 10_000);
    let others = breakdown.told().1;
    let entries = breakdown.parts.iter().enumerate().map(|(at, part)| {
        let is_others = others.is_some_and(|others| std::ptr::eq(others, part));
        let (now, before) = figures_of(breakdown, part, history, is_others);
        let change = |tile| {
            let change = now.value(tile).zip(before.value(tile)).map(|(now, before)| now - before);
            (tile.key().to_owned(), of_tile(tile, change))
        };
        let mut entry = json!({
            "key": part.key,
            "name": name(breakdown, part, is_others),
            "share": figures::percent(shares.as_ref().map(|shares| shares[at])),
            "figures": figures::figures(&now, &before),
            "change": Tile::ALL.map(change).into_iter().collect::<serde_json::Map<_, _>>(),
        });
        if is_others {
            entry["others"] = Json::from(breakdown.others);
        }
        entry
    });
    entries.collect()
}

/// A campaign's cost is that of one campaign; a phase's is its part of what a campaign costs, so that phases add up.
fn figures_of(breakdown: &Breakdown, part: &Part, history: &History, is_others: bool) -> (Figures, Figures) {
    let of = |sums: &Sums, whole: i64, others: i64| Figures {
        sums: sums.clone(),
        campaigns: match breakdown.dimension {
            _ if sums.runs == 0 => 0,
            Dimension::Campaign if is_others => others,
            Dimension::Campaign => 1,
            Dimension::Phase => whole,
        },
    };
    let [others_now, others_before] = breakdown.others_running;
    let now = of(&part.now, history.figures.campaigns, others_now);
    (now, of(&part.before, history.previous.campaigns, others_before))
}

fn name(breakdown: &Breakdown, part: &Part, is_others: bool) -> String {
    if is_others {
        return format!("{} others", breakdown.others);
    }
    part.name.clone().unwrap_or_else(|| part.key.clone())
}

/// What a figure's change is made of, by each of the breakdowns; of each of them the parts add up to the change.
pub fn why(tile: Tile, breakdowns: &[Breakdown], history: &History) -> Json {
    let of = |breakdown: &Breakdown| why::why(tile, breakdown, &history.figures, &history.previous);
    let told: Result<Vec<Why>, Unexplained> = breakdowns.iter().map(of).collect();
    let none = |change: Option<i64>, reason: String| json!({"figure": tile.key(), "change": of_tile(tile, change), "parts": [], "none": reason});
    let change = history.figures.value(tile).zip(history.previous.value(tile)).map(|(now, then)| now - then);
    let told = match told {
        Ok(told) => told,
        Err(Unexplained::NoChange) => {
            return none(change, "there is no such figure in one of both stretches".to_owned());
        }
        Err(Unexplained::TooFew) => {
            return none(
                change,
                format!("fewer than {MINIMUM_RUNS} runs in one of both stretches explain nothing"),
            );
        }
    };
    let parts = breakdowns.iter().zip(&told).flat_map(|(breakdown, why)| {
        why.parts.iter().map(move |change| {
            let part = &breakdown.parts[change.at];
            let is_others = breakdown.others > 0 && change.at + 1 == breakdown.parts.len();
            let mut entry = json!({
                "dimension": breakdown.dimension.key(),
                "key": part.key,
                "name": name(breakdown, part, is_others),
                "part": of_tile(tile, Some(change.part)),
            });
            if is_others {
                entry["others"] = Json::from(breakdown.others);
            }
            if let Some([rate, mix]) = change.rate_and_mix {
                entry["rate"] = of_tile(tile, Some(rate));
                entry["mix"] = of_tile(tile, Some(mix));
            }
            entry
        })
    });
    json!({"figure": tile.key(), "change": of_tile(tile, change), "parts": parts.collect::<Json>()})
}
