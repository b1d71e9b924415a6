//! Rows with all kinds of values, and with nothing in many places.

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct RandomRow {
    pub number: i64,
    pub name: Option<String>,
    pub count: Option<i64>,
    /// In hundred-thousandths.
    pub cost: Option<i64>,
    pub done: bool,
    /// Days of March 2026.
    pub day: Option<u8>,
    pub level: Option<i32>,
}

const NAMES: [&str; 5] = ["ab", "AB c", "b", "Äb", "it's 1"];

/// Values that go round at different paces, so that many combinations occur.
pub fn all() -> Vec<RandomRow> {
    (0..60_usize)
        .map(|n| RandomRow {
            number: i64::try_from(n).unwrap(),
            name: (n % 6 != 0).then(|| NAMES[n % NAMES.len()].to_owned()),
            count: (n % 5 != 1).then_some(i64::try_from(n % 7).unwrap()),
            cost: (n % 4 != 2).then_some(i64::try_from(n % 9).unwrap() * 12_345),
            done: n % 3 == 0,
            day: (n % 7 != 3).then_some(u8::try_from(n % 11 + 1).unwrap()),
            level: (n % 8 != 5).then_some(100_000_000 + i32::try_from(n % 2).unwrap()),
        })
        .collect()
}

impl RandomRow {
    pub fn to_json(&self) -> Value {
        let cost = self.cost.map(|units| serde_json::from_str::<Value>(&decimal(units)).unwrap());
        json!({
            "@odata.type": "Microsoft.Dynamics.CRM.x_thing",
            "x_big": self.number,
            "x_name": self.name,
            "x_count": self.count,
            "x_cost": cost,
            "x_done": self.done,
            "x_day": self.day.map(date),
            "x_level": self.level,
        })
    }
}

pub fn decimal(units: i64) -> String {
    format!("{}.{:05}", units / 100_000, units % 100_000)
}

pub fn date(day: u8) -> String {
    format!("2026-03-{day:02}")
}
