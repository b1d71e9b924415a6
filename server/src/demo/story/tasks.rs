//! The tasks that a run's agents did: together they took what the run reports.

use std::borrow::Cow;

use model::{
    decimal::{self, MONEY_SCALE},
    record::{Draft, Given, agent_task::AGENT_TASK},
    time::{SECOND, Timestamp},
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{RunReport, rounded, spread};
use crate::demo::days::as_f64;

/// As many as a run has agents at the most.
const AGENTS: [&str; 6] = ["Max", "Mia", "Leo", "Zoe", "Ada", "Finn"];
/// The model that answers since the story's change of models, which tasks are younger than.
const MODEL: &str = "atlas-3";
/// Every third failure is that an agent took too long.
const TIMEOUT_SHARE: f64 = 1.0 / 3.0;
const ERRORS: [&str; 4] = [
    "the image service answered 503 three times",
    "the draft was refused: it names a price that the campaign does not offer",
    "the model answered with no JSON\n  expected an object, found a sentence",
    "the publishing service did not know the channel",
];
const TIMEOUT: &str = "no answer within 120 seconds";

/// One task as its sender would report it.
#[derive(Clone, Debug, PartialEq)]
pub struct Task<'a> {
    report: &'a RunReport,
    number: usize,
    agent: &'static str,
    at: Timestamp,
    tokens_in: i64,
    tokens_out: i64,
    cost_e5: i64,
    latency_ms: Option<i64>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Success,
    Error(&'static str),
    Timeout,
}

impl RunReport {
    /// The tasks behind this run, the earliest first.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task<'_>> {
        let seed = self.at.micros().cast_unsigned() ^ self.tokens_in.cast_unsigned().rotate_left(40);
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let agents = usize::try_from(self.agents).unwrap_or(0);
        let weights: Vec<f64> = (0..agents).map(|_| spread(0.35, &mut chance)).collect();
        let (tokens_in, tokens_out) = (shares(self.tokens_in, &weights), shares(self.tokens_out, &weights));
        let costs = shares(self.cost_e5, &weights);
        let first = chance.random_range(0..AGENTS.len());
        let failed = usize::try_from(self.agents - self.successful).unwrap_or(0);
        (0..agents)
            .map(|number| Task {
                report: self,
                number: number + 1,
                agent: AGENTS[(first + number) % AGENTS.len()],
                at: self.at.plus(-SECOND * i64::try_from(agents - number).unwrap_or(0)),
                tokens_in: tokens_in[number],
                tokens_out: tokens_out[number],
                cost_e5: costs[number],
                latency_ms: self.latency_of(number, &mut chance),
                end: if number < failed { failure(&mut chance) } else { End::Success },
            })
            .collect()
    }

    /// One agent took as long as the run's P95 says, the others about its average.
    fn latency_of(&self, number: usize, chance: &mut ChaCha8Rng) -> Option<i64> {
        let (p95, average) = self.latency_ms?;
        if number == 0 {
            return Some(p95);
        }
        Some(rounded(as_f64(average) * chance.random_range(0.6..1.2)).min(p95))
    }
}

impl Task<'_> {
    /// What is sent.
    #[must_use]
    pub fn draft(&self) -> Draft<'_> {
        let text = |text| Given::Text(Cow::Borrowed(text));
        let report = self.report;
        let id = format!("{}.{}.{}.{}", report.campaign.id, report.run, report.phase, self.number);
        let (status, error) = match self.end {
            End::Success => ("success", None),
            End::Error(message) => ("error", Some(message)),
            End::Timeout => ("timeout", Some(TIMEOUT)),
        };
        let mut draft = Draft::new(&AGENT_TASK);
        draft.give("taskId", Given::Text(id.into()));
        draft.give("campaignId", text(&report.campaign.id));
        draft.give("agentName", text(self.agent));
        draft.give("model", text(MODEL));
        draft.give("tokensIn", Given::Whole(self.tokens_in));
        draft.give("tokensOut", Given::Whole(self.tokens_out));
        draft.give("costUSD", Given::Text(decimal::format(self.cost_e5, MONEY_SCALE).into()));
        draft.give("timestamp", Given::Time(self.at));
        draft.give("status", text(status));
        if let Some(latency) = self.latency_ms {
            draft.give("latencyMs", Given::Whole(latency));
        }
        if let Some(message) = error {
            draft.give("errorMessage", text(message));
        }
        draft
    }
}

fn failure(chance: &mut ChaCha8Rng) -> End {
    if chance.random_bool(TIMEOUT_SHARE) {
        End::Timeout
    } else {
        End::Error(ERRORS[chance.random_range(0..ERRORS.len())])
    }
}

/// `whole` in parts as large as these weights, which add up to it.
fn shares(whole: i64, weights: &[f64]) -> Vec<i64> {
    let all: f64 = weights.iter().sum();
    let (mut weighed, mut given) = (0.0, 0);
    let part = |weight: &f64| {
        weighed += weight;
        let until = rounded(as_f64(whole) * (weighed / all)).clamp(given, whole);
        let share = until - given;
        given = until;
        share
    };
    weights.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use crate::demo::Story;

    #[test]
    fn tasks_add_up_to_their_run() {
        for report in Story::new(7, date(2026, 11, 21)).day(date(2026, 11, 21)) {
            let tasks = report.tasks();
            assert_eq!(tasks.len(), usize::try_from(report.agents).unwrap());
            assert_eq!(tasks.iter().map(|task| task.tokens_in).sum::<i64>(), report.tokens_in);
            assert_eq!(tasks.iter().map(|task| task.tokens_out).sum::<i64>(), report.tokens_out);
            assert_eq!(tasks.iter().map(|task| task.cost_e5).sum::<i64>(), report.cost_e5);
            let well = tasks.iter().filter(|task| task.end == End::Success).count();
            assert_eq!(well, usize::try_from(report.successful).unwrap());
            assert_eq!(tasks[0].latency_ms, report.latency_ms.map(|(p95, _)| p95));
        }
    }

    #[test]
    fn every_task_is_taken_and_another() {
        let day = Story::new(7, date(2026, 11, 21)).day(date(2026, 11, 21));
        let ids: BTreeSet<Vec<String>> = day
            .iter()
            .flat_map(|report| report.tasks().into_iter().map(|task| (report.at, task)).collect::<Vec<_>>())
            .map(|(at, task)| task.draft().accept(at).unwrap().natural_key())
            .collect();
        assert_eq!(ids.len(), day.iter().map(|report| report.tasks().len()).sum::<usize>());
    }
}
