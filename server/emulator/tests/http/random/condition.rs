//! A condition, its two notations, and what it means.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::rows::{RandomRow, date, decimal};

#[derive(Clone, Debug)]
pub enum RandomCondition {
    Compare(RandomColumn, &'static str, RandomValue),
    Null(RandomColumn, bool),
    Text(&'static str, String),
    In(Vec<i64>, bool),
    Between(i64, i64),
    And(Vec<RandomCondition>),
    Or(Vec<RandomCondition>),
    Not(Box<RandomCondition>),
}

#[derive(Clone, Copy, Debug)]
pub enum RandomColumn {
    Name,
    Count,
    Cost,
    Done,
    Day,
    Level,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RandomValue {
    Text(String),
    Number(i64),
    /// In hundred-thousandths.
    Decimal(i64),
    Boolean(bool),
    Day(u8),
}

/// `not` is in one of the notations only.
pub fn any_condition(with_not: bool) -> BoxedStrategy<RandomCondition> {
    leaf().prop_recursive(4, 24, 4, move |inner| inner_node(inner, with_not)).boxed()
}

fn inner_node(inner: BoxedStrategy<RandomCondition>, with_not: bool) -> BoxedStrategy<RandomCondition> {
    let several = prop::collection::vec(inner.clone(), 2..4);
    let and = several.clone().prop_map(RandomCondition::And);
    let or = several.prop_map(RandomCondition::Or);
    if with_not {
        let not = inner.prop_map(|inner| RandomCondition::Not(Box::new(inner)));
        prop_oneof![2 => and, 2 => or, 1 => not].boxed()
    } else {
        prop_oneof![and, or].boxed()
    }
}

fn leaf() -> BoxedStrategy<RandomCondition> {
    let operator = prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let text = "[abAB '1ä]{1,3}";
    let compared = prop_oneof![
        text.prop_map(|text| (RandomColumn::Name, RandomValue::Text(text))),
        (0..8_i64).prop_map(|number| (RandomColumn::Count, RandomValue::Number(number))),
        (0..120_000_i64).prop_map(|units| (RandomColumn::Cost, RandomValue::Decimal(units / 3 * 3))),
        any::<bool>().prop_map(|so| (RandomColumn::Done, RandomValue::Boolean(so))),
        (1..12_u8).prop_map(|day| (RandomColumn::Day, RandomValue::Day(day))),
        (0..2_i64).prop_map(|n| (RandomColumn::Level, RandomValue::Number(100_000_000 + n))),
    ];
    let column = prop::sample::select(vec![
        RandomColumn::Name,
        RandomColumn::Count,
        RandomColumn::Cost,
        RandomColumn::Day,
        RandomColumn::Level,
    ]);
    let function = prop::sample::select(vec!["contains", "startswith", "endswith"]);
    prop_oneof![
        6 => (compared, operator).prop_map(|((column, value), operator)| RandomCondition::Compare(column, operator, value)),
        1 => (column, any::<bool>()).prop_map(|(column, null)| RandomCondition::Null(column, null)),
        2 => (function, text).prop_map(|(function, text)| RandomCondition::Text(function, text)),
        1 => (prop::collection::vec(0..8_i64, 1..4), any::<bool>()).prop_map(|(list, so)| RandomCondition::In(list, so)),
        1 => (0..8_i64, 0..8_i64).prop_map(|(from, to)| RandomCondition::Between(from, to)),
    ]
    .boxed()
}

impl RandomColumn {
    fn name(self) -> &'static str {
        match self {
            Self::Name => "x_name",
            Self::Count => "x_count",
            Self::Cost => "x_cost",
            Self::Done => "x_done",
            Self::Day => "x_day",
            Self::Level => "x_level",
        }
    }

    fn of(self, row: &RandomRow) -> Option<RandomValue> {
        match self {
            Self::Name => row.name.clone().map(RandomValue::Text),
            Self::Count => row.count.map(RandomValue::Number),
            Self::Cost => row.cost.map(RandomValue::Decimal),
            Self::Done => Some(RandomValue::Boolean(row.done)),
            Self::Day => row.day.map(RandomValue::Day),
            Self::Level => row.level.map(|level| RandomValue::Number(level.into())),
        }
    }
}

impl RandomValue {
    fn to_odata(&self) -> String {
        match self {
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            _ => self.to_text(),
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Decimal(units) => decimal(*units),
            Self::Boolean(so) => so.to_string(),
            Self::Day(day) => date(*day),
        }
    }

    /// Text compares without case.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
            (Self::Number(a), Self::Number(b)) | (Self::Decimal(a), Self::Decimal(b)) => a.cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Day(a), Self::Day(b)) => a.cmp(b),
            _ => panic!("columns are compared with values of their own kind"),
        }
    }
}

impl RandomCondition {
    /// Whether it holds, if that can be said: nothing is neither more nor less than something.
    pub fn holds(&self, row: &RandomRow) -> Option<bool> {
        match self {
            Self::Compare(column, operator, value) => match column.of(row) {
                Some(has) => Some(fits(operator, has.compare(value))),
                // Nothing is not the same as something: the one comparison that takes it in.
                None => (*operator == "ne").then_some(true),
            },
            Self::Null(column, null) => Some(column.of(row).is_none() == *null),
            Self::Text(function, part) => {
                let (name, part) = (row.name.as_ref()?.to_lowercase(), part.to_lowercase());
                Some(match *function {
                    "contains" => name.contains(&part),
                    "startswith" => name.starts_with(&part),
                    _ => name.ends_with(&part),
                })
            }
            Self::In(list, so) => match row.count {
                Some(count) => Some(list.contains(&count) == *so),
                None => (!so).then_some(true),
            },
            Self::Between(from, to) => Some((*from..=*to).contains(&row.count?)),
            Self::And(parts) => all(parts, row, true),
            Self::Or(parts) => all(parts, row, false).map(|so| !so),
            Self::Not(inner) => Some(inner.holds(row) != Some(true)),
        }
    }

    /// With no more parentheses than needed, so that what binds first is tried.
    pub fn to_odata(&self) -> String {
        match self {
            Self::Compare(column, operator, value) => {
                format!("{} {operator} {}", column.name(), value.to_odata())
            }
            Self::Null(column, null) => format!("{} {} null", column.name(), if *null { "eq" } else { "ne" }),
            Self::Text(function, part) => format!("{function}(x_name,'{}')", part.replace('\'', "''")),
            Self::In(list, so) => {
                let name = if *so { "In" } else { "NotIn" };
                let list: Vec<String> = list.iter().map(|number| format!("\"{number}\"")).collect();
                format!(
                    "Microsoft.Dynamics.CRM.{name}(PropertyName='x_count',PropertyValues=[{}])",
                    list.join(",")
                )
            }
            Self::Between(from, to) => {
                format!("Microsoft.Dynamics.CRM.Between(PropertyName='x_count',PropertyValues=[{from},{to}])")
            }
            Self::And(parts) => parts.iter().map(|part| part.within(1)).collect::<Vec<_>>().join(" and "),
            Self::Or(parts) => parts.iter().map(|part| part.within(0)).collect::<Vec<_>>().join(" or "),
            Self::Not(inner) => format!("not {}", inner.within(2)),
        }
    }

    /// In parentheses if it binds less than what is around it.
    fn within(&self, around: u8) -> String {
        let own = match self {
            Self::Or(_) => 0,
            Self::And(_) => 1,
            _ => 3,
        };
        let text = self.to_odata();
        if own < around { format!("({text})") } else { text }
    }

    pub fn to_fetch(&self) -> String {
        let condition = |column: &str, operator: &str, value: &str| {
            format!(
                "<condition attribute='{column}' operator='{operator}' value=\"{}\"/>",
                value.replace('&', "&amp;")
            )
        };
        let values = |operator: &str, values: &[i64]| {
            let values: String = values.iter().map(|number| format!("<value>{number}</value>")).collect();
            format!("<condition attribute='x_count' operator='{operator}'>{values}</condition>")
        };
        let filter = |kind: &str, parts: &[Self]| {
            let parts: String = parts.iter().map(Self::to_fetch).collect();
            format!("<filter type='{kind}'>{parts}</filter>")
        };
        match self {
            Self::Compare(column, operator, value) => condition(column.name(), operator, &value.to_text()),
            Self::Null(column, null) => {
                let operator = if *null { "null" } else { "not-null" };
                format!("<condition attribute='{}' operator='{operator}'/>", column.name())
            }
            Self::Text("startswith", part) => condition("x_name", "begins-with", part),
            Self::Text("endswith", part) => condition("x_name", "ends-with", part),
            Self::Text(_, part) => condition("x_name", "like", &format!("%{part}%")),
            Self::In(list, so) => values(if *so { "in" } else { "not-in" }, list),
            Self::Between(from, to) => values("between", &[*from, *to]),
            Self::And(parts) => filter("and", parts),
            Self::Or(parts) => filter("or", parts),
            Self::Not(_) => panic!("FetchXML has no 'not'"),
        }
    }
}

/// Whether all parts are so, where one that is not decides, and one that cannot be said leaves it open.
fn all(parts: &[RandomCondition], row: &RandomRow, so: bool) -> Option<bool> {
    let parts: Vec<Option<bool>> = parts.iter().map(|part| part.holds(row)).collect();
    if parts.contains(&Some(!so)) {
        return Some(false);
    }
    (!parts.contains(&None)).then_some(true)
}

fn fits(operator: &str, order: Ordering) -> bool {
    match operator {
        "eq" => order.is_eq(),
        "ne" => order.is_ne(),
        "gt" => order.is_gt(),
        "ge" => order.is_ge(),
        "lt" => order.is_lt(),
        _ => order.is_le(),
    }
}
