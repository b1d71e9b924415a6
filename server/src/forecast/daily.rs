//! The days ahead, one by one: each with its range, and the whole with what such forecasts were worth so far.

use model::{
    decimal::{self, PERCENT_SCALE},
    forecast::{Estimate, FEWEST_DAYS, ForecastScore, NoForecast},
};

use super::smoothing::{Fitted, WEEK};

/// Days that are looked ahead: the longest month, from its first day on.
const AHEAD: usize = 31;
/// Days of the past that are forecast from those before them.
const TRIED: usize = 4 * WEEK;
/// How many of them lie within the range: four of five.
const WITHIN: (usize, usize) = (4, 5);

/// What the next days are expected to cost. It changes when a day ends, or what a day before it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyForecast {
    days: Vec<DayAhead>,
    /// How much of one day's surprise is expected of each day after it.
    carry: Vec<f64>,
    /// The most by which four of five days surprised.
    reach: f64,
    pub score: ForecastScore,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct DayAhead {
    low: f64,
    value: f64,
    high: f64,
    /// What a surprise costs.
    slope: f64,
}

impl DailyForecast {
    /// `costs` of whole days that follow each other, from the first one with a run on.
    ///
    /// # Errors
    /// Where there are too few of them, or too few that cost anything.
    pub fn of(costs: &[i64]) -> Result<Self, NoForecast> {
        if costs.len() < FEWEST_DAYS {
            return Err(NoForecast::TooFew(costs.len()));
        }
        let recent = &costs[costs.len().saturating_sub(TRIED)..];
        let costly = recent.iter().filter(|cost| **cost > 0).count();
        let too_rare = NoForecast::TooRare { costly, of: recent.len() };
        if costly * 2 < recent.len() {
            return Err(too_rare);
        }
        let amounts: Vec<f64> = costs.iter().map(|cost| (*cost).max(0) as f64).collect();
        let fitted = Fitted::to(&amounts);
        let tried: Vec<PastForecast> = (costs.len().saturating_sub(TRIED).max(WEEK)..costs.len())
            .map(|at| PastForecast::of(&amounts[..at], costs[at], costs[at - WEEK]))
            .collect();
        let score = score(&tried).ok_or(too_rare)?;
        let reach = reach(&tried, &fitted);
        let carry: Vec<f64> = (1..AHEAD).map(|days| fitted.carry(days)).collect();
        let mut spread = 1.0_f64;
        let mut days = Vec::new();
        for ahead in 0..AHEAD {
            // Each day's surprise is one more that is not known yet.
            spread += ahead.checked_sub(1).map_or(0.0, |last| carry[last].powi(2));
            let (middle, far) = (fitted.expected(ahead), reach * spread.sqrt());
            let [low, value, high] = [middle - far, middle, middle + far].map(|log| fitted.amount(log));
            days.push(DayAhead { low, value, high, slope: fitted.slope(middle) });
        }
        Ok(Self { days, carry, reach, score })
    }

    /// What the whole of today and each day after it will have cost.
    pub fn days(&self) -> impl Iterator<Item = Estimate> {
        self.days.iter().map(|day| estimate(day.low, day.value, day.high))
    }

    /// What is still to come of `days`, where `left` is how much of today is not over, from 0 to 1.
    pub fn rest(&self, days: usize, left: f64) -> Estimate {
        let days = &self.days[..days.clamp(1, self.days.len())];
        let value = days.iter().skip(1).map(|day| day.value).sum::<f64>() + days[0].value * left;
        let mut variance = 0.0;
        for (at, day) in days.iter().enumerate() {
            let own = day.slope * if at == 0 { left.sqrt() } else { 1.0 };
            let later: f64 =
                days[at + 1..].iter().zip(&self.carry).map(|(day, carry)| day.slope * carry).sum();
            // What is left of today carries on as far as it can surprise still.
            variance += (own + later * if at == 0 { left.sqrt() } else { 1.0 }).powi(2);
        }
        let far = self.reach * variance.sqrt();
        estimate((value - far).max(0.0), value, value + far)
    }
}

/// A day of the past, as it would have been told the day before.
struct PastForecast {
    told: f64,
    naive: i64,
    came: i64,
}

impl PastForecast {
    fn of(before: &[f64], came: i64, naive: i64) -> Self {
        let fitted = Fitted::to(before);
        Self { told: fitted.amount(fitted.expected(0)), naive, came }
    }
}

/// None where nothing was spent on those days, of which nothing is a share.
fn score(tried: &[PastForecast]) -> Option<ForecastScore> {
    let sum = |of: fn(&PastForecast) -> i64| tried.iter().map(|day| i128::from(of(day))).sum::<i128>();
    let spent = sum(|day| day.came.max(0));
    let share =
        |off: i128| decimal::divide(off.saturating_mul(100), spent, PERCENT_SCALE).unwrap_or(i64::MAX);
    let off =
        |told: i64, came: i64| i64::try_from((i128::from(told) - i128::from(came)).abs()).unwrap_or(i64::MAX);
    let mut errors = [0_i128; 2];
    for day in tried {
        errors[0] += i128::from(off(whole(day.told), day.came));
        errors[1] += i128::from(off(day.naive, day.came));
    }
    (spent > 0).then(|| ForecastScore {
        error_bp: share(errors[0]),
        naive_bp: share(errors[1]),
        forecasts: i64::try_from(tried.len()).unwrap_or(i64::MAX),
    })
}

/// How far off four of five of them were, or less.
fn reach(tried: &[PastForecast], fitted: &Fitted) -> f64 {
    let mut far: Vec<f64> =
        tried.iter().map(|day| (fitted.log(day.came.max(0) as f64) - fitted.log(day.told)).abs()).collect();
    far.sort_by(f64::total_cmp);
    let rank = (far.len() * WITHIN.0).div_ceil(WITHIN.1);
    far.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn estimate(low: f64, value: f64, high: f64) -> Estimate {
    Estimate { low: whole(low), value: whole(value), high: whole(high) }
}

/// What is too large to be told is as much as can be told.
fn whole(amount: f64) -> i64 {
    amount.round() as i64
}

#[cfg(test)]
mod tests;
