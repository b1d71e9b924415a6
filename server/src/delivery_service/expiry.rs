//! Credentials end, and people forget it: said from two weeks before.

use jiff::civil::Date;
use model::{calendar::Zone, time::Timestamp};

const DAYS_BEFORE: i32 = 14;

/// What an administrator should hear about credentials that last until the end of this day, if anything.
#[must_use]
pub fn warning(last_day: Date, now: Timestamp) -> Option<String> {
    let left = days_left(last_day, now);
    let what_to_do = "make a new one in the app registration and put it in the place of the old one; a secret or \
                      certificate that is read from a file is taken up without a restart";
    match left {
        ..0 => Some(format!("The application's secret ended on {last_day}: {what_to_do}.")),
        0 => Some(format!("The application's secret ends today: {what_to_do}.")),
        1 => Some(format!("The application's secret ends tomorrow, on {last_day}: {what_to_do}.")),
        2..=DAYS_BEFORE => {
            Some(format!("The application's secret ends in {left} days, on {last_day}: {what_to_do}."))
        }
        _ => None,
    }
}

/// Below 0 when they have ended.
#[must_use]
pub fn days_left(last_day: Date, now: Timestamp) -> i32 {
    let today = Zone::utc().at(now).date();
    today.until(last_day).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_begin_two_weeks_ahead() {
        let now = Timestamp::parse("2026-11-21T23:59:59Z").unwrap();
        let check = |day: &str, expect: Option<&str>| {
            let said = warning(day.parse().unwrap(), now);
            match expect {
                None => assert_eq!(said, None, "{day}"),
                Some(part) => {
                    assert!(said.as_deref().is_some_and(|said| said.contains(part)), "{day}: {said:?}");
                }
            }
        };
        check("2027-02-19", None);
        check("2026-12-06", None);
        check("2026-12-05", Some("ends in 14 days, on 2026-12-05"));
        check("2026-11-22", Some("tomorrow"));
        check("2026-11-21", Some("today"));
        check("2026-11-20", Some("ended on 2026-11-20"));
    }
}
