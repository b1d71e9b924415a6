//! What stands behind a figure: how it is computed, of what, from when to when, how exactly.

use model::figures::{Figures, Tile};

use super::{period::Period, words};

/// Question and answer, row by row.
pub(super) fn explanation(tile: Tile, figures: &Figures, stretch: &Period<'_>) -> Vec<(String, String)> {
    let sums = &figures.sums;
    let runs = words::counted(sums.runs, "run", "runs");
    let (formula, counted, bound) = match tile {
        Tile::Cost => (
            "sum of cost ÷ distinct campaigns with a run",
            format!("{runs} of {}", words::counted(figures.campaigns, "campaign", "campaigns")),
            "exact to a hundred-thousandth of a dollar",
        ),
        Tile::Latency => (
            "95th percentile (nearest rank) of the runs' P95 latency",
            latency_counted(figures),
            "within 1 %",
        ),
        Tile::Success => (
            "agents that succeeded ÷ agents",
            format!("{} in {runs}", words::counted(sums.agents, "agent", "agents")),
            "exact to a hundredth of a percent",
        ),
        Tile::Assets => ("assets ÷ runs", runs, "exact to a hundredth"),
        Tile::Tokens => ("sum of tokens in, and sum of tokens out", runs, "exact"),
    };
    [
        ("Formula", formula.to_owned()),
        ("Counted", counted),
        ("Range", stretch.span()),
        ("Compared with", stretch.previous_span()),
        ("Fresh", "at most 10 seconds old".to_owned()),
        ("Error", bound.to_owned()),
    ]
    .map(|(question, answer)| (question.to_owned(), answer))
    .to_vec()
}

fn latency_counted(figures: &Figures) -> String {
    let known = figures.sums.latency_runs;
    let without = figures.sums.runs - known;
    let counted = words::counted(known, "run", "runs");
    if without > 0 {
        format!("{counted}; {} without a latency left out", words::count(without))
    } else {
        counted
    }
}
