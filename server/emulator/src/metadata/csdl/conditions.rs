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
];

/// A day.
const DATED: &[&str] = &["On", "NotOn", "OnOrAfter", "OnOrBefore"];

/// Several values.
const MANY: &[&str] = &["In", "NotIn", "Between", "NotBetween", "ContainValues", "DoesNotContainValues"];

pub(super) fn write(out: &mut String) {
    let name = ("PropertyName", "Edm.String");
    let groups: [(&[&str], &[(&str, &str)]); 4] = [
        (PLAIN, &[name]),
        (COUNTED, &[name, ("PropertyValue", "Edm.Int64")]),
        (DATED, &[name, ("PropertyValue", "Edm.String")]),
        (MANY, &[name, ("PropertyValues", "Collection(Edm.String)")]),
    ];
    for (functions, parameters) in groups {
        for function in functions {
            operation(out, "Function", function, None, parameters, Some("Edm.Boolean"));
        }
    }
}
