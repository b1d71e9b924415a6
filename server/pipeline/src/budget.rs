//! What may be asked of Dataverse on one day (UTC). When it is spent, nothing is sent until midnight.

use std::sync::Arc;

use ledger::LedgerError;
use model::{
    clock::Clock,
    time::{DAY, HOUR, MINUTE, Timestamp},
};
use tokio::sync::Mutex;

use crate::{BudgetStatus, LedgerPort, RemoteOrganisation, Settings, status_handle::StatusHandle};

/// What other processes spent is looked up so often.
const LOOK_UP: i64 = MINUTE;

/// The day's budget, of which relay, mirror and read-back draw together.
#[derive(Clone)]
pub(crate) struct Budget(Arc<DayBudget>);

struct DayBudget {
    ledger: Arc<dyn LedgerPort>,
    clock: Arc<dyn Clock>,
    status_handle: StatusHandle,
    limit: Option<i64>,
    /// What one record may cost: with less than that left, the budget is spent.
    least: i64,
    organisation: Arc<dyn RemoteOrganisation>,
    known: Mutex<StoredSpending>,
}

/// What is written down, as of some time.
#[derive(Default)]
struct StoredSpending {
    looked_at: Option<Timestamp>,
    /// How much of what the organisation was asked is written down.
    booked: u64,
    hours: Vec<(Timestamp, i64)>,
}

/// Why nothing is sent, and until when.
#[derive(Debug)]
pub(crate) struct Spent {
    pub(crate) reason: String,
    pub(crate) until: Timestamp,
}

impl Budget {
    pub(crate) fn new(
        ledger: Arc<dyn LedgerPort>,
        clock: Arc<dyn Clock>,
        status_handle: StatusHandle,
        settings: &Settings,
        organisation: Arc<dyn RemoteOrganisation>,
    ) -> Self {
        let limit = settings.budget.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let least = i64::try_from(settings.record_cost()).unwrap_or(i64::MAX);
        Self(Arc::new(DayBudget {
            ledger,
            clock,
            status_handle,
            limit,
            least,
            organisation,
            known: Mutex::default(),
        }))
    }

    /// Writes down what was spent since the last time.
    pub(crate) async fn book(&self) {
        let mut known = self.0.known.lock().await;
        let asked = self.0.organisation.cost();
        let cost = i64::try_from(asked.saturating_sub(known.booked)).unwrap_or(i64::MAX);
        if cost == 0 {
            return;
        }
        if let Err(error) = self.0.ledger.spend(cost).await {
            tracing::debug!(%error, "what was spent is written down later");
            return;
        }
        known.booked = asked;
        let hour = beginning(self.0.clock.now(), HOUR);
        match known.hours.iter_mut().find(|(at, _)| *at == hour) {
            Some((_, spent)) => *spent += cost,
            None => known.hours.push((hour, cost)),
        }
    }

    /// How much of the day's is left, if there is a limit.
    ///
    /// # Errors
    /// That it is spent.
    pub(crate) async fn left(&self) -> Result<Option<usize>, Spent> {
        let Some(limit) = self.0.limit else { return Ok(None) };
        let now = self.0.clock.now();
        let mut known = self.0.known.lock().await;
        if let Err(error) = self.0.look_up(&mut known, now).await {
            tracing::debug!(%error, "what was spent today is not known; going on with what was known last");
        }
        let midnight = beginning(now, DAY);
        let until = midnight.plus(DAY);
        let today = midnight..until;
        let spent: i64 = known.hours.iter().filter(|(at, _)| today.contains(at)).map(|(_, cost)| cost).sum();
        let left = (limit - spent).max(0);
        self.0.status_handle.update(|status| {
            status.budget = Some(BudgetStatus {
                limit: limit.unsigned_abs(),
                spent: spent.unsigned_abs(),
                by_midnight: spent.saturating_add(needed(&known.hours, now)).unsigned_abs(),
                held_until: (left < self.0.least).then_some(until),
            });
        });
        if left >= self.0.least {
            return Ok(Some(usize::try_from(left).unwrap_or(usize::MAX)));
        }
        let reason = format!(
            "today's budget of {limit} requests to Dataverse is spent; nothing is lost, delivery goes on at midnight \
             UTC, or with a larger STUDIO_DATAVERSE_BUDGET"
        );
        Err(Spent { reason, until })
    }
}

impl DayBudget {
    async fn look_up(&self, known: &mut StoredSpending, now: Timestamp) -> Result<(), LedgerError> {
        // A look from later than now was one by another clock.
        if known
            .looked_at
            .is_some_and(|at| (0..LOOK_UP).contains(&now.since(at)) && at >= beginning(now, DAY))
        {
            return Ok(());
        }
        // The last hour's rate may lie before midnight.
        known.hours = self.ledger.spent(beginning(now, DAY).plus(-HOUR)).await?;
        known.looked_at = Some(now);
        Ok(())
    }
}

/// What the rest of the day needs at the last hour's rate.
fn needed(hours: &[(Timestamp, i64)], now: Timestamp) -> i64 {
    let hour = beginning(now, HOUR);
    let cost = |of: Timestamp| hours.iter().filter(|(at, _)| *at == of).map(|(_, cost)| *cost).sum::<i64>();
    let into = now.since(hour);
    let before = i128::from(cost(hour.plus(-HOUR))) * i128::from(HOUR - into) / i128::from(HOUR);
    let rate = before + i128::from(cost(hour));
    let rest = i128::from(beginning(now, DAY).plus(DAY).since(now));
    i64::try_from(rate * rest / i128::from(HOUR)).unwrap_or(i64::MAX)
}

/// When the day or hour began that a time falls into.
const fn beginning(at: Timestamp, of: i64) -> Timestamp {
    Timestamp::from_micros(at.micros() - at.micros().rem_euclid(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hour_forecasts_the_day() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let hours = [
            (at("2026-11-21T17:00:00Z"), 999),
            (at("2026-11-21T18:00:00Z"), 100),
            (at("2026-11-21T19:00:00Z"), 30),
        ];
        let check = |now: &str, expect: i64| assert_eq!(needed(&hours, at(now)), expect, "{now}");
        check("2026-11-21T19:15:00Z", (75 + 30) * 19 / 4);
        check("2026-11-21T20:00:00Z", 30 * 4);
        check("2026-11-21T22:00:00Z", 0);
    }
}
