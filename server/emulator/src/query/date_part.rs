//! Parts of dates to group by: calendar parts, not stretches of time; the fiscal year is the calendar year
//! \[D:fetchxml/aggregate-data.md\].

use crate::schema::Behaviour;
use crate::value::grouped;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatePart {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    FiscalYear,
}

impl DatePart {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            "fiscal-year" => Self::FiscalYear,
            _ => return None,
        })
    }

    /// The part of a column, in UTC.
    pub(crate) fn sql(self, column: &str, behaviour: Behaviour) -> String {
        let from = match behaviour {
            Behaviour::DateOnly => column.to_owned(),
            _ => format!("{column}, 'unixepoch'"),
        };
        let part = |sign: &str| format!("CAST(strftime('%{sign}', {from}) AS INTEGER)");
        match self {
            Self::Day => part("d"),
            Self::Month => part("m"),
            Self::Year | Self::FiscalYear => part("Y"),
            Self::Quarter => format!("(({} + 2) / 3)", part("m")),
            // As SQL Server numbers weeks: they begin on Sundays, and the first is the one with New Year's Day. The
            // day of the week of that day is today's less the days since; 371 is a multiple of 7 that keeps it positive.
            Self::Week => {
                let (day, weekday) = (part("j"), part("w"));
                format!("(({day} - 1 + ({weekday} - {day} + 1 + 371) % 7) / 7 + 1)")
            }
        }
    }

    pub(super) fn for_people(self, number: i64) -> String {
        match self {
            Self::FiscalYear => format!("FY{number}"),
            _ => grouped(&number.to_string()),
        }
    }
}
