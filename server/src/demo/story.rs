//! The story itself: from a seed and a day, that day's runs. The first fill, the live writer and a folder that is
//! opened again a week later all read the same story, so that none can contradict another.

mod tasks;

use std::{borrow::Cow, sync::Arc};

use jiff::{civil::Date, tz::TimeZone};
use model::{
    decimal::{self, MONEY_SCALE},
    record::{Draft, Given, campaign_run::CAMPAIGN_RUN},
    time::{HOUR, SECOND, Timestamp},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{
    campaigns::{self, Campaign},
    days::{Calendar, Day, as_f64},
};

/// On this day agents began to report their tasks, counted from the day on which the story is first seen.
const TASKS_BEGIN: i64 = -1;

/// What a phase of a run is like, compared with the mean of all.
struct Phase {
    name: &'static str,
    tokens_in: f64,
    tokens_out: f64,
    assets: std::ops::RangeInclusive<u32>,
}

/// Research, making, publishing.
const PHASES: [Phase; 3] = [
    Phase { name: "1", tokens_in: 1.25, tokens_out: 0.60, assets: 2..=6 },
    Phase { name: "2-3", tokens_in: 1.05, tokens_out: 1.75, assets: 11..=19 },
    Phase { name: "4", tokens_in: 0.70, tokens_out: 0.65, assets: 4..=9 },
];

/// Means of a usual run, before learning makes it smaller.
const TOKENS_IN: f64 = 5_900.0;
const TOKENS_OUT: f64 = 2_450.0;

/// One run as its sender would report it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    pub at: Timestamp,
    campaign: Arc<Campaign>,
    run: String,
    phase: &'static str,
    agents: u32,
    successful: u32,
    assets: i64,
    tokens_in: i64,
    tokens_out: i64,
    cost_e5: i64,
    /// P95 and average; sometimes not measured.
    latency_ms: Option<(i64, i64)>,
}

impl RunReport {
    /// The same as another run, at another time.
    #[must_use]
    pub fn told_anew(self, run: String, at: Timestamp) -> Self {
        Self { run, at, ..self }
    }

    /// What is sent.
    #[must_use]
    pub fn draft(&self) -> Draft<'_> {
        let text = |text| Given::Text(Cow::Borrowed(text));
        let mut draft = Draft::new(&CAMPAIGN_RUN);
        draft.give("campaignId", text(&self.campaign.id));
        draft.give("campaignName", text(&self.campaign.name));
        draft.give("runId", text(&self.run));
        draft.give("phase", text(self.phase));
        for (json, number) in [
            ("agentsTotal", self.agents.into()),
            ("agentsSuccessful", self.successful.into()),
            ("assetsGenerated", self.assets),
            ("tokensIn", self.tokens_in),
            ("tokensOut", self.tokens_out),
        ] {
            draft.give(json, Given::Whole(number));
        }
        draft.give("costUSD", Given::Text(decimal::format(self.cost_e5, MONEY_SCALE).into()));
        draft.give("createdAt", Given::Time(self.at));
        if let Some((p95, average)) = self.latency_ms {
            draft.give("latencyP95Ms", Given::Whole(p95));
            draft.give("latencyAvgMs", Given::Whole(average));
        }
        draft
    }
}

/// The story that grows from a seed and the day on which it is first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Story {
    seed: u64,
    calendar: Calendar,
}

impl Story {
    #[must_use]
    pub fn new(seed: u64, first: Date) -> Self {
        Self { seed, calendar: Calendar::of(first) }
    }

    /// When its first day begins.
    #[must_use]
    pub fn begin(&self) -> Timestamp {
        midnight(self.calendar.begin())
    }

    /// When agents began to report their tasks.
    #[must_use]
    pub fn tasks_begin(&self) -> Timestamp {
        midnight(self.calendar.date(TASKS_BEGIN))
    }

    /// The runs after `after` and up to `until`, in their order.
    pub fn reports(self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = RunReport> {
        let first = date_of(after.max(self.begin()));
        let days = std::iter::successors(Some(first), |date| date.tomorrow().ok());
        days.take_while(move |date| midnight(*date) <= until)
            .flat_map(move |date| self.day(date))
            .filter(move |report| report.at > after && report.at <= until)
    }

    /// The first run after this moment.
    #[must_use]
    pub fn next(self, after: Timestamp) -> Option<RunReport> {
        self.reports(after, after.plus(3 * 24 * HOUR)).next()
    }

    /// One day's runs, earliest first.
    #[must_use]
    pub fn day(&self, date: Date) -> Vec<RunReport> {
        if date < self.calendar.begin() {
            return Vec::new();
        }
        let day = self.calendar.day(date);
        let campaigns: Vec<Arc<Campaign>> =
            campaigns::on(self.seed, &self.calendar, date).into_iter().map(Arc::new).collect();
        let number = self.calendar.offset(date).cast_unsigned();
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let mut begun = vec![0_usize; campaigns.len()];
        let mut reports = Vec::new();
        for (hour, runs) in (0_i64..).zip(day.runs_by_hour) {
            for slot in 0..runs {
                let at = midnight(date).plus(hour * HOUR + within_hour(slot, runs, &mut chance));
                let chosen = choose(&campaigns, &mut chance);
                let turn = begun[chosen];
                begun[chosen] += 1;
                reports.push(report(date, &day, &campaigns[chosen], turn, at, &mut chance));
            }
        }
        reports
    }
}

/// Evenly spread with some unrest, so that the longest silence stays short; whole milliseconds.
fn within_hour(slot: u32, runs: u32, chance: &mut ChaCha8Rng) -> i64 {
    let share = (f64::from(slot) + chance.random_range(0.15..0.85)) / f64::from(runs);
    rounded(share * 3_600_000.0) * (SECOND / 1_000)
}

fn choose(campaigns: &[Arc<Campaign>], chance: &mut ChaCha8Rng) -> usize {
    let all: f64 = campaigns.iter().map(|campaign| campaign.weight).sum();
    let mut left = chance.random_range(0.0..all);
    for (at, campaign) in campaigns.iter().enumerate() {
        left -= campaign.weight;
        if left < 0.0 {
            return at;
        }
    }
    campaigns.len() - 1
}

/// The `turn`-th report of a campaign on that day: its runs go through the phases one after another.
fn report(
    date: Date,
    day: &Day,
    campaign: &Arc<Campaign>,
    turn: usize,
    at: Timestamp,
    chance: &mut ChaCha8Rng,
) -> RunReport {
    let phase = &PHASES[turn % PHASES.len()];
    let run = turn / PHASES.len() + 1;
    let size = day.size * campaign.size;
    let agents = chance.random_range(3..=6_u32);
    let successful = (0..agents).map(|_| u32::from(chance.random_bool(day.success))).sum();
    let tokens_in = rounded(TOKENS_IN * phase.tokens_in * size * spread(0.30, chance));
    let tokens_out = rounded(TOKENS_OUT * phase.tokens_out * size * spread(0.35, chance));
    let planned = chance.random_range(phase.assets.clone());
    let p95 = day.latency_ms * spread(0.27, chance);
    let average = p95 * chance.random_range(0.50..0.66);
    // Dollars a million tokens are tenths of a hundred-thousandth of a dollar a token.
    let cost = as_f64(tokens_in) * day.prices.tokens_in + as_f64(tokens_out) * day.prices.tokens_out;
    RunReport {
        at,
        campaign: Arc::clone(campaign),
        run: format!("{}-{run:02}", date.strftime("%y%m%d")),
        phase: phase.name,
        agents,
        successful,
        assets: rounded(f64::from(planned) * f64::from(successful) / f64::from(agents)),
        tokens_in,
        tokens_out,
        cost_e5: rounded(cost / 10.0),
        latency_ms: chance.random_bool(0.99).then(|| (rounded(p95), rounded(average))),
    }
}

/// A factor around 1 as such things are spread: many a little below, few far above; its mean is 1.
fn spread(width: f64, chance: &mut ChaCha8Rng) -> f64 {
    // Twelve even numbers make a good bell, and need no further crate.
    let bell: f64 = (0..12).map(|_| chance.random_range(0.0..1.0)).sum::<f64>() - 6.0;
    (width * bell - width * width / 2.0).exp()
}

#[expect(clippy::cast_possible_truncation, reason = "all numbers here are far within its range")]
fn rounded(number: f64) -> i64 {
    number.round() as i64
}

fn midnight(date: Date) -> Timestamp {
    let start = date.to_zoned(TimeZone::UTC).map_or(0, |start| start.timestamp().as_microsecond());
    Timestamp::from_micros(start)
}

/// The day in UTC on which a moment is.
#[must_use]
pub fn date_of(at: Timestamp) -> Date {
    jiff::Timestamp::from_microsecond(at.micros()).map_or(Date::ZERO, |at| at.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests;
