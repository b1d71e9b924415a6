//! What a month will have cost in the end, and whether its budget will do.

use jiff::{ToSpan as _, civil::Date};
use model::{
    calendar::{Span, Zone},
    forecast::{BudgetOutlook, Estimate, Forecast, ForecastDay},
    time::{HOUR, Timestamp},
};

use super::{DailyForecast, METHOD};

/// Days that are told at least, also across the end of a month.
const FEWEST_AHEAD: usize = 7;

/// Where today stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentToday {
    pub now: Timestamp,
    /// What today has cost so far.
    pub cost_e5: i64,
}

/// The month that today is in.
struct Month<'a> {
    today: Date,
    /// What its days before today cost, as far as that is known; yesterday is the last.
    spent: &'a [i64],
    /// All that, and today.
    so_far: i64,
    /// Its days from today on.
    left: usize,
    /// How much of today is not over.
    left_of_today: f64,
}

/// `past` is what the days before today cost; yesterday is the last.
pub fn outlook(
    daily: &DailyForecast,
    past: &[i64],
    today: SpentToday,
    zone: &Zone,
    budget_e5: Option<i64>,
) -> Forecast {
    let month = Month::of(past, today, zone);
    let days = (daily.days().enumerate())
        .take(month.left.max(FEWEST_AHEAD))
        .filter_map(|(ahead, cost)| Some(ForecastDay { span: span(zone, after(month.today, ahead)?)?, cost }))
        .collect();
    let rest = daily.rest(month.left, month.left_of_today);
    Forecast {
        method: METHOD,
        days,
        month: month.today.last_of_month(),
        month_end: Estimate {
            value: month.so_far.saturating_add(rest.value),
            low: month.so_far.saturating_add(rest.low),
            high: month.so_far.saturating_add(rest.high),
        },
        budget: budget_e5.map(|amount_e5| BudgetOutlook {
            amount_e5,
            crossed: month.crossed(amount_e5).or_else(|| month.will_cross(daily, amount_e5)),
            is_crossed: month.so_far > amount_e5,
        }),
        score: daily.score,
    }
}

impl<'a> Month<'a> {
    fn of(past: &'a [i64], SpentToday { now, cost_e5 }: SpentToday, zone: &Zone) -> Self {
        let today = zone.at(now).date();
        let before = usize::try_from(today.day() - 1).unwrap_or(0);
        let spent = &past[past.len().saturating_sub(before)..];
        Self {
            today,
            spent,
            so_far: spent.iter().copied().fold(cost_e5, i64::saturating_add),
            left: usize::try_from(today.days_in_month() - today.day() + 1).unwrap_or(1),
            left_of_today: span(zone, today).map_or(0.0, |day| hours_left(day, now)),
        }
    }

    /// The day on which more than the amount had been spent.
    fn crossed(&self, amount_e5: i64) -> Option<Date> {
        if self.so_far <= amount_e5 {
            return None;
        }
        let mut sum = 0_i64;
        let on = self.spent.iter().position(|cost| {
            sum = sum.saturating_add(*cost);
            sum > amount_e5
        });
        let ago = on.map_or(0, |at| self.spent.len() - at);
        self.today.checked_sub(i64::try_from(ago).ok()?.days()).ok()
    }

    /// The day on which that is expected.
    fn will_cross(&self, daily: &DailyForecast, amount_e5: i64) -> Option<Date> {
        let reached = |days: &usize| {
            self.so_far.saturating_add(daily.rest(*days, self.left_of_today).value) > amount_e5
        };
        after(self.today, (1..=self.left).find(reached)? - 1)
    }
}

/// The day that a moment lies in.
pub fn day_of(zone: &Zone, at: Timestamp) -> Option<Span> {
    span(zone, zone.at(at).date())
}

/// In whole hours, so that what is told stays the same for that long.
fn hours_left(day: Span, now: Timestamp) -> f64 {
    let hours = |from: Timestamp, to: Timestamp| (to.since(from) / HOUR).max(0) as f64;
    hours(now, day.to) / hours(day.from, day.to).max(1.0)
}

fn span(zone: &Zone, date: Date) -> Option<Span> {
    let start = |date: Date| zone.start_of_day(&date.to_string());
    Some(Span { from: start(date)?, to: start(date.tomorrow().ok()?)? })
}

fn after(date: Date, days: usize) -> Option<Date> {
    date.checked_add(i64::try_from(days).ok()?.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    use model::forecast::ForecastScore;

    /// A dollar on weekdays, and 40 cents on Saturdays and Sundays; the last day is Friday 20 November.
    fn days() -> Vec<i64> {
        (0..70).rev().map(|ago| if matches!(ago % 7, 5 | 6) { 40_000 } else { 100_000 }).collect()
    }

    fn told(now: &str, cost_e5: i64, budget_e5: i64) -> Forecast {
        let daily = DailyForecast::of(&days()).unwrap();
        let today = SpentToday { now: Timestamp::parse(now).unwrap(), cost_e5 };
        outlook(&daily, &days(), today, &Zone::utc(), Some(budget_e5))
    }

    #[test]
    fn months_end_with_what_is_left() {
        let forecast = told("2026-11-21T00:00:00Z", 0, 1);
        assert_eq!(forecast.month_end, Estimate { value: 2_460_000, low: 2_460_000, high: 2_460_000 });
        assert_eq!(forecast.score, ForecastScore { error_bp: 0, naive_bp: 0, forecasts: 28 });
        assert_eq!((forecast.days.len(), forecast.month.to_string()), (10, "2026-11-30".to_owned()));
        assert_eq!(forecast.days[2].span.from.to_string(), "2026-11-23T00:00:00Z");
        assert_eq!(forecast.days[2].cost.value, 100_000);
        // Half of a Saturday is over, on which more was spent than expected.
        assert_eq!(told("2026-11-21T12:00:00Z", 90_000, 1).month_end.value, 2_530_000);
    }

    #[test]
    fn seven_days_are_told_across_a_months_end() {
        let daily = DailyForecast::of(&days()).unwrap();
        let now = Timestamp::parse("2026-10-31T23:30:00Z").unwrap();
        let today = SpentToday { now, cost_e5: 0 };
        let berlin = Zone::of_name("Europe/Berlin").unwrap();
        let forecast = outlook(&daily, &days(), today, &berlin, None);
        assert_eq!(forecast.days[0].span.from.to_string(), "2026-10-31T23:00:00Z");
        assert_eq!((forecast.days.len(), forecast.month.to_string()), (30, "2026-11-30".to_owned()));
        let utc = outlook(&daily, &days(), today, &Zone::utc(), None);
        assert_eq!((utc.days.len(), utc.month.to_string(), utc.budget), (7, "2026-10-31".to_owned(), None));
        assert_eq!(
            utc.month_end.value,
            days()[40..].iter().sum::<i64>(),
            "nothing more on its last half hour"
        );
    }

    #[test]
    fn budgets_are_crossed_on_a_day() {
        let crossed = |cost_e5, budget_e5| {
            let budget = told("2026-11-21T00:00:00Z", cost_e5, budget_e5).budget.unwrap();
            (budget.crossed.map_or_else(|| "never".to_owned(), |day| day.to_string()), budget.is_crossed)
        };
        assert_eq!(crossed(0, 2_000_000), ("2026-11-25".to_owned(), false));
        assert_eq!(crossed(0, 1_000_000), ("2026-11-12".to_owned(), true));
        assert_eq!(crossed(500_000, 2_000_000), ("2026-11-21".to_owned(), true));
        assert_eq!(crossed(0, 3_000_000), ("never".to_owned(), false));
    }
}
