//! What cost will come to: pure arithmetic over whole days, without clock or ledger. What is told of the future are
//! estimates, so that floating point is good enough here; what was spent stays exact.

mod daily;
mod month;
mod smoothing;

pub use daily::DailyForecast;
pub use month::{SpentToday, day_of, outlook};

/// How it is done, for those who want to know what the figures mean.
const METHOD: &str = "weekly season and damped exponential smoothing over up to 180 days, in which single odd days count \
                      little; low and high hold about four of five days; naive is the same weekday a week before";

/// The days that a series is made of, at most.
pub const DAYS: i64 = 180;
