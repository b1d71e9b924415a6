//! Records, figures, ranges, money: plain types and arithmetic that both sides share.
//!
//! Nothing here waits, reads a clock or knows where a record is kept.

pub mod breakdown;
pub mod calendar;
pub mod clock;
pub mod decimal;
pub mod delivery;
pub mod figures;
pub mod forecast;
pub mod history;
pub mod identity;
pub mod note;
pub mod privacy;
pub mod range;
pub mod record;
pub mod recount;
pub mod rng;
pub mod rollup;
pub mod sketch;
pub mod tenant;
pub mod text;
pub mod time;
pub mod why;
