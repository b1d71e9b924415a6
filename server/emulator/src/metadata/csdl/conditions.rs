//! Query functions in CSDL: conditions of `$filter`, by what they take beside the column's name.

use super::operations::operation;

/// Nothing more.
const PLAIN: &[&str] = &[
    "Today",
    "Yesterday",
    "Tomorrow",
    "Last7Days",
    "Next7Days",
    "LastWeek",
    "ThisWeek",
    "NextWeek",
    "LastMonth",
    "ThisMonth",
    "NextMonth",
    "LastFiscalPeriod",
    "ThisFiscalPeriod",
    "NextFiscalPeriod",
    "LastYear",
    "ThisYear",
    "NextYear",
    "LastFiscalYear",
    "ThisFiscalYear",
    "NextFiscalYear",
    "EqualUserId",
    "NotEqualUserId",
    "EqualBusinessId",
    "NotEqualBusinessId",
    "EqualUserLanguage",
];

/// A number.
const COUNTED: &[&str] = &[
    "LastXHours",
    "NextXHours",
    "LastXDays",
    "NextXDays",
    "LastXWeeks",
    "NextXWeeks",
    "LastXMonths",
    "NextXMonths",
    "LastXYears",
    "NextXYears",
    "OlderThanXMinutes",
    "OlderThanXHours",
    "OlderThanXDays",
    "OlderThanXWeeks",
    "OlderThanXMonths",
    "OlderThanXYears",
    "LastXFiscalPeriods",
    "NextXFiscalPeriods",
    "LastXFiscalYears",
    "NextXFiscalYears",
    "InFiscalYear",
    "InFiscalPeriod",
];

/// A period and a year.
const FISCAL: &[&str] =
    &["InFiscalPeriodAndYear", "InOrAfterFiscalPeriodAndYear", "InOrBeforeFiscalPeriodAndYear"];

/// A day.
const DATED: &[&str] = &["On", "NotOn", "OnOrAfter", "OnOrBefore"];

/// Several values.
const MANY: &[&str] = &["In", "NotIn", "Between", "NotBetween", "ContainValues", "DoesNotContainValues"];

pub(super) fn write(out: &mut String) {
    let name = ("PropertyName", "Edm.String");
    group(out, PLAIN, &[name]);
    group(out, COUNTED, &[name, ("PropertyValue", "Edm.Int64")]);
    let period = ("PropertyValue1", "Edm.Int64");
    group(out, FISCAL, &[name, period, ("PropertyValue2", "Edm.Int64")]);
    group(out, DATED, &[name, ("PropertyValue", "Edm.String")]);
    group(out, MANY, &[name, ("PropertyValues", "Collection(Edm.String)")]);
}

fn group(out: &mut String, functions: &[&str], parameters: &[(&str, &str)]) {
    for function in functions {
        operation(out, "Function", function, None, parameters, Some("Edm.Boolean"));
    }
}
