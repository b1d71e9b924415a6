//! The newest runs, as rows.

use model::record::{Stored, campaign_run::Run};

use super::{
    period::Period,
    words::{self, NBSP},
};
use crate::{
    panel::{RunView, Tone},
    studio::Facts,
};

pub(super) fn newest(facts: &Facts) -> Vec<RunView> {
    let stretch = Period::of(&facts.history.window);
    facts.newest.iter().filter_map(|stored| row(stored, &stretch)).collect()
}

fn row(stored: &Stored, stretch: &Period<'_>) -> Option<RunView> {
    let run = Run::of(&stored.record)?;
    let (total, successful) = (run.agents_total(), run.agents_successful());
    Some(RunView {
        id: stored.id.to_string(),
        at_ms: run.created_at().micros() / 1_000,
        at: stretch.clock(run.created_at()),
        campaign: run.campaign_name().unwrap_or(run.campaign_id()).to_owned(),
        campaign_id: run.campaign_id().to_owned(),
        phase: run.phase().to_owned(),
        agents: format!("{successful}{NBSP}/{NBSP}{total}"),
        tone: match successful {
            _ if total == 0 => Tone::Neutral,
            all if all == total => Tone::Good,
            0 => Tone::Bad,
            _ => Tone::Late,
        },
        assets: words::count(run.assets()),
        cost: words::money(run.cost_e5()),
        latency: run.latency_p95_ms().map_or_else(|| "–".to_owned(), words::duration_text),
    })
}
