//! What cost is expected to come to, as plain data. How it is computed is the server's business alone.

use std::fmt;

use jiff::civil::Date;

use crate::{calendar::Span, history::RunFilter};

/// An amount that is expected, in hundred-thousandths of a dollar: never without its range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The most likely amount, or near it.
    pub value: i64,
    /// About four of five amounts are at least as much, and ...
    pub low: i64,
    /// ... at most as much, both together.
    pub high: i64,
}

/// A day that is not over yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForecastDay {
    /// From when to when it is.
    pub span: Span,
    /// What the whole day is expected to cost.
    pub cost: Estimate,
}

/// What was set for a month, and whether it will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetOutlook {
    /// What a month may cost.
    pub amount_e5: i64,
    /// The day of this month on which more was spent than that, or is expected to be.
    pub crossed: Option<Date>,
    /// Whether that has happened already.
    pub is_crossed: bool,
}

/// What a month may cost, by whom that was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostBudget {
    /// Set on the panel, which counts first.
    pub set_e5: Option<i64>,
    /// What the server was started with.
    pub default_e5: Option<i64>,
}

impl CostBudget {
    /// The one that counts.
    #[must_use]
    pub fn amount_e5(self) -> Option<i64> {
        self.set_e5.or(self.default_e5)
    }

    /// The one of these runs: it is for everything that is spent, and some of it have none.
    #[must_use]
    pub fn of(self, filter: &RunFilter) -> Option<i64> {
        self.amount_e5().filter(|_| *filter == RunFilter::default())
    }
}

/// How well the same method would have done in the past of the same series, each day told from the days before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForecastScore {
    /// What it was off by, in hundredths of a percent of what was spent on these days.
    pub error_bp: i64,
    /// The same of the naive guess: what the same weekday cost a week before.
    pub naive_bp: i64,
    /// Over how many days that was tried.
    pub forecasts: i64,
}

/// What cost is expected to come to, with how far that can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// How it was computed, as a sentence.
    pub method: &'static str,
    /// Today and the days after it, up to the month's end, or seven of them.
    pub days: Vec<ForecastDay>,
    /// The last day of this month.
    pub month: Date,
    /// What this month will have cost in the end: what is spent, and what is expected of the rest.
    pub month_end: Estimate,
    /// None where no budget was set, or it is not for the runs that were asked for.
    pub budget: Option<BudgetOutlook>,
    /// What it is worth.
    pub score: ForecastScore,
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoForecast {
    /// It was asked for by the hour.
    ByTheHour,
    /// Now is not within what was asked for.
    NotOfNow,
    /// It is computed beside the page that was asked for.
    Pending,
    /// There are this many whole days, from the first one with a run on, and more are needed.
    TooFew(usize),
    /// This many of the last days cost anything: less than half of them.
    TooRare {
        /// Days that cost something.
        costly: usize,
        /// Of how many.
        of: usize,
    },
}

/// Whole days without which there is no forecast.
pub const FEWEST_DAYS: usize = 14;

impl fmt::Display for NoForecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByTheHour => {
                f.write_str("cost is forecast by the day, and this stretch is shown by the hour")
            }
            Self::NotOfNow => f.write_str("this stretch does not end now, and a forecast goes on from today"),
            Self::Pending => f.write_str("it is being computed; ask again in a moment"),
            Self::TooFew(days) => {
                write!(
                    f,
                    "there are {days} whole days since the first run, and a forecast needs {FEWEST_DAYS}"
                )
            }
            Self::TooRare { costly, of } => {
                write!(
                    f,
                    "there was cost on {costly} of the last {of} days, and a forecast needs it on half of them"
                )
            }
        }
    }
}
