//! What a new key is wished to be, and whether that can be.

use jiff::{ToSpan as _, civil::Date};
use ledger::{KeyScope, ServiceKey};
use model::{calendar::Zone, tenant::TenantId, time::Timestamp};

/// As long as a name may be.
const NAME_MOST: usize = 64;
/// A key of ten years is one that is never changed.
const DAYS_MOST: i64 = 3_650;
/// More requests a minute are no limit.
const RATE_MOST: u32 = 1_000_000;

/// As they were written.
#[derive(Clone, Copy, Debug)]
pub struct KeyWishes<'a> {
    pub name: &'a str,
    pub scope: KeyScope,
    /// Days from now, or a day of the calendar; never where nothing is written.
    pub expires: &'a str,
    /// Requests a minute; no limit where nothing is written.
    pub rate: &'a str,
}

/// Which of the wishes cannot be, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishFault {
    /// `name`, `expires` or `rate`.
    pub field: &'static str,
    /// What is wrong with it, and what to write instead.
    pub sentence: String,
}

impl KeyWishes<'_> {
    /// The key, but for its code.
    ///
    /// # Errors
    /// The first wish that cannot be.
    pub fn key(&self, tenant: TenantId, now: Timestamp, zone: &Zone) -> Result<ServiceKey, WishFault> {
        let fault = |field, sentence| WishFault { field, sentence };
        let name = self.name.trim();
        if !is_name(name) {
            let sentence = format!(
                "takes 1 to {NAME_MOST} letters, digits, blanks and signs, of which the first is a letter or a digit: who sends \
                 it, as in campaigns"
            );
            return Err(fault("name", sentence));
        }
        let expires_at = match self.expires.trim() {
            "" => None,
            wish => Some(expiry(wish, now, zone).map_err(|what| {
                let how = "write days from now, as in 90, or the last day, as in 2027-01-31";
                fault("expires", format!("{wish} {what}; {how}"))
            })?),
        };
        let rate_per_minute = match self.rate.trim() {
            "" => None,
            wish => Some(rate(wish).ok_or_else(|| {
                let sentence =
                    format!("{wish} is not 1 to {RATE_MOST} requests a minute; leave it out for no limit");
                fault("rate", sentence)
            })?),
        };
        Ok(ServiceKey {
            tenant,
            name: name.to_owned(),
            code: String::new(),
            scope: self.scope,
            made_at: now,
            expires_at,
            rate_per_minute,
            used_at: None,
        })
    }
}

/// What is seen as it is written, and is no option of a command.
pub(super) fn is_name(name: &str) -> bool {
    let is_seen = |letter: char| letter.is_alphanumeric() || letter == ' ' || letter.is_ascii_punctuation();
    name.chars().count() <= NAME_MOST && name.starts_with(char::is_alphanumeric) && name.chars().all(is_seen)
}

fn rate(wish: &str) -> Option<u32> {
    wish.parse().ok().filter(|rate| (1..=RATE_MOST).contains(rate))
}

/// That number of days from now, or when the day that it names is over. An error says what is wrong with it.
fn expiry(wish: &str, now: Timestamp, zone: &Zone) -> Result<Timestamp, String> {
    if let Ok(days) = wish.parse::<i64>() {
        let is_possible = (1..=DAYS_MOST).contains(&days);
        return is_possible
            .then(|| now.plus(days * 86_400_000_000))
            .ok_or_else(|| format!("is not 1 to {DAYS_MOST} days"));
    }
    let day: Date = wish.parse().map_err(|_| "is neither")?;
    let after = day.checked_add(1.day()).map_err(|_| "is too far away")?;
    let end = zone.start_of_day(&after.to_string()).ok_or("is no day there")?;
    if end > now.plus(DAYS_MOST * 86_400_000_000) {
        return Err(format!("is more than {DAYS_MOST} days away"));
    }
    if end > now { Ok(end) } else { Err("is over already".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_as_they_are() {
        for name in ["campaigns", "Jürgens Büro 2", "a", "7", "Ünder <b>", "小さな", &"x".repeat(64)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-x", " ", "\u{200b}", "a\u{202e}b", "a\nb", "a\tb", &"x".repeat(65)] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn expiries_end_with_their_day() {
        let zone = Zone::of_name("Europe/Berlin").unwrap();
        let now = Timestamp::parse("2026-10-24T12:00:00Z").unwrap();
        let at = |wish| expiry(wish, now, &zone).map(|end| end.to_string());
        // The night in which the clocks go back.
        assert_eq!(at("2026-10-24").unwrap(), "2026-10-24T22:00:00Z");
        assert_eq!(at("2026-10-25").unwrap(), "2026-10-25T23:00:00Z");
        assert_eq!(at("1").unwrap(), "2026-10-25T12:00:00Z");
        for wish in ["0", "-1", "3651", "2026-10-23", "9999-12-31", "2026-13-01", "1.5", "x"] {
            assert!(at(wish).is_err(), "{wish}");
        }
    }
}
