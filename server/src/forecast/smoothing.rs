//! The model of a series: each weekday's season, and a level that follows what is new. A single odd day moves it little.

/// Days of a season.
pub const WEEK: usize = 7;
/// How many weeks say what a weekday is like: so that a habit that ended is forgotten.
const SEASON_WEEKS: usize = 8;
/// How many days say how large an amount is, and which smoothing is the best.
const JUDGED_DAYS: usize = 8 * WEEK;
/// Shares of what is new that the level may take over.
const ALPHAS: [f64; 4] = [0.2, 0.1, 0.4, 0.7];
/// Shares of that which the trend may take over, and what is left of the trend a day later.
const TRENDS: [(f64, f64); 2] = [(0.0, 0.0), (0.1, 0.9)];
/// What surprises by more than this many usual surprises counts as this many.
const ODD: f64 = 3.0;
/// How quickly is learned what a usual surprise is, and the least that it is: where every day was like the one before, the
/// level could never move otherwise.
const LEARNING: f64 = 0.1;
const USUAL_LEAST: f64 = 0.01;

/// Amounts are looked at as `ln(1 + amount / scale)`, where what varies in proportion varies alike, and 0 is nothing special.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    scale: f64,
    season: [f64; WEEK],
    /// The season's day after the last one.
    next: usize,
    smoothing: Smoothing,
    level: f64,
    trend: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Smoothing {
    alpha: f64,
    beta: f64,
    damping: f64,
}

impl Fitted {
    /// `amounts` are of days that follow each other, a week of them or more; none is negative.
    pub fn to(amounts: &[f64]) -> Self {
        let judged = &amounts[amounts.len().saturating_sub(JUDGED_DAYS)..];
        let scale = [mean(judged), mean(amounts)].into_iter().find(|mean| *mean > 0.0).unwrap_or(1.0);
        let logs: Vec<f64> = amounts.iter().map(|amount| log(*amount, scale)).collect();
        let season = season(&logs);
        let rest: Vec<f64> = logs.iter().enumerate().map(|(at, log)| log - season[at % WEEK]).collect();
        let candidates = ALPHAS.iter().flat_map(|alpha| {
            TRENDS.map(|(beta, damping)| Smoothing { alpha: *alpha, beta, damping }.over(&rest))
        });
        // The first of the best, so that what makes no difference is the usual one.
        let best = candidates.reduce(|best, other| if other.error < best.error { other } else { best });
        let best = best.unwrap_or_default();
        Self {
            scale,
            season,
            next: amounts.len() % WEEK,
            smoothing: best.smoothing,
            level: best.level,
            trend: best.trend,
        }
    }

    /// What is expected of the day `ahead` days after the next one, on the scale of [`Self::log`].
    pub fn expected(&self, ahead: usize) -> f64 {
        let season = self.season[(self.next + ahead) % WEEK];
        (self.level + self.trend * self.smoothing.damped(ahead + 1) + season).max(0.0)
    }

    pub fn log(&self, amount: f64) -> f64 {
        log(amount, self.scale)
    }

    pub fn amount(&self, log: f64) -> f64 {
        self.scale * log.max(0.0).exp_m1()
    }

    /// By how much an amount grows where its logarithm does.
    pub fn slope(&self, log: f64) -> f64 {
        self.scale * log.max(0.0).exp()
    }

    /// How much of one day's surprise is part of what is expected `days` later.
    pub fn carry(&self, days: usize) -> f64 {
        let Smoothing { alpha, beta, .. } = self.smoothing;
        alpha * (1.0 + beta * self.smoothing.damped(days))
    }
}

/// A smoothing that has gone over a series, and how far off it was there.
#[derive(Clone, Copy, Debug)]
struct Smoothed {
    smoothing: Smoothing,
    level: f64,
    trend: f64,
    error: f64,
}

impl Default for Smoothed {
    fn default() -> Self {
        let smoothing = Smoothing { alpha: ALPHAS[0], beta: 0.0, damping: 0.0 };
        Self { smoothing, level: 0.0, trend: 0.0, error: f64::INFINITY }
    }
}

impl Smoothing {
    fn over(self, rest: &[f64]) -> Smoothed {
        let first = &rest[..WEEK.min(rest.len())];
        let (mut level, mut trend, mut error) = (median(first), 0.0, 0.0);
        let far: Vec<f64> = first.iter().map(|log| (log - level).abs()).collect();
        let mut usual = median(&far).max(USUAL_LEAST);
        let judged = WEEK.max(rest.len().saturating_sub(JUDGED_DAYS));
        for (at, log) in rest.iter().enumerate() {
            let told = level + self.damping * trend;
            let surprise = log - told;
            if at >= judged {
                error += surprise.abs();
            }
            let counted = surprise.clamp(-ODD * usual, ODD * usual);
            usual = (usual + LEARNING * (counted.abs() - usual)).max(USUAL_LEAST);
            level = told + self.alpha * counted;
            trend = self.damping * trend + self.alpha * self.beta * counted;
        }
        Smoothed { smoothing: self, level, trend, error }
    }

    /// How many times today's trend is added up to that many days ahead.
    fn damped(self, days: usize) -> f64 {
        (0..days).fold((0.0, 1.0), |(sum, left), _| (sum + left * self.damping, left * self.damping)).0
    }
}

/// By how much each day of the week stands out of the week around it, in the middle of the last weeks.
fn season(logs: &[f64]) -> [f64; WEEK] {
    let mut by_day: [Vec<f64>; WEEK] = Default::default();
    for at in logs.len().saturating_sub(SEASON_WEEKS * WEEK)..logs.len() {
        // At both ends the week nearest to it.
        let from = at.saturating_sub(WEEK / 2).min(logs.len().saturating_sub(WEEK));
        let around = &logs[from..(from + WEEK).min(logs.len())];
        by_day[at % WEEK].push(logs[at] - mean(around));
    }
    let season = by_day.map(|days| median(&days));
    let middle = mean(&season);
    season.map(|day| day - middle)
}

fn log(amount: f64, scale: f64) -> f64 {
    (amount / scale).ln_1p()
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().map(|value| value / values.len() as f64).sum() }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
        odd => sorted[odd / 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weekdays of 100 and weekends of 40, with a quiet weekend, a day of twice as much, and prices that fell.
    fn eventful(days: usize) -> Vec<f64> {
        let of = |at: usize| match at {
            60 | 61 => 5.0,
            70 => 200.0,
            _ if at % 7 >= 5 => 40.0,
            _ => 100.0,
        };
        (0..days).map(|at| of(at) * if at < 45 { 1.0 } else { 0.7 }).collect()
    }

    #[test]
    fn odd_days_move_the_level_little() {
        let told = |days| {
            let fitted = Fitted::to(&eventful(days));
            fitted.amount(fitted.expected(0))
        };
        let (before, after) = (told(70), told(71));
        assert!((after - before).abs() * 4.0 < 200.0 - before, "{before} {after}");
    }

    #[test]
    fn new_levels_are_taken_over() {
        let mut days = vec![100.0; 56];
        days.extend([50.0; 21]);
        let fitted = Fitted::to(&days);
        let told = fitted.amount(fitted.expected(0));
        assert!((told - 50.0).abs() < 2.0, "{told}");
    }

    #[test]
    fn damped_trends_come_to_rest() {
        let smoothing = Smoothing { alpha: 0.2, beta: 0.1, damping: 0.9 };
        assert!((smoothing.damped(1) - 0.9).abs() < 1e-12 && (smoothing.damped(2) - 1.71).abs() < 1e-12);
        assert!((smoothing.damped(10_000) - 9.0).abs() < 1e-9);
    }

    #[test]
    fn the_middle_is_one_of_them_or_between() {
        assert_eq!([median(&[3.0, 1.0, 2.0]), median(&[1.0, 2.0]), median(&[])], [2.0, 1.5, 0.0]);
    }
}
