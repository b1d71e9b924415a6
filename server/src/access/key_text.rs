//! The text of a key: `studio_`, 256 bits, and a checksum, so that people and scanners of secrets recognise one.

use std::fmt::{self, Write as _};

use percent_encoding::percent_decode_str;
use ring::{
    digest::{self, SHA256},
    hmac::{self, HMAC_SHA256},
};

/// How each begins.
pub const PREFIX: &str = "studio_";
const BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
const LENGTH: usize = PREFIX.len() + 2 * (BYTES + CHECKSUM_BYTES);

/// Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// `random`: what no other can foresee.
    #[must_use]
    pub fn of(random: [u8; BYTES]) -> Self {
        let digits = hex(&random);
        let checksum = checksum(&digits);
        Self(format!("{PREFIX}{digits}{checksum}"))
    }

    /// None where it cannot be a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, sum) = text.strip_prefix(PREFIX)?.split_at_checked(2 * BYTES)?;
        let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && sum == checksum(digits)).then(|| Self(text.to_owned()))
    }

    /// Whether there is a key somewhere in an address, escaped or not.
    #[must_use]
    pub fn is_within(address: &str) -> bool {
        let text = percent_decode_str(address).decode_utf8_lossy();
        let begins = text.match_indices(PREFIX).map(|(at, _)| at);
        begins.filter_map(|at| text.get(at..at + LENGTH)).any(|part| Self::parse(part).is_some())
    }

    /// What is kept of it: nothing leads back from there, and without the secret nothing leads there.
    #[must_use]
    pub fn code(&self, secret: &str) -> String {
        let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
        hex(hmac::sign(&key, self.0.as_bytes()).as_ref())
    }

    /// To be told once.
    #[must_use]
    pub fn tell(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(…)")
    }
}

/// Random bytes as they are kept for making codes.
#[must_use]
pub fn secret(random: [u8; BYTES]) -> String {
    hex(&random)
}

fn checksum(digits: &str) -> String {
    hex(&digest::digest(&SHA256, digits.as_bytes()).as_ref()[..CHECKSUM_BYTES])
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_is_recognised(random: [u8; BYTES], at in 0..LENGTH, other in "[0-9a-f]") {
            let key = KeyText::of(random);
            prop_assert_eq!(key.tell().len(), LENGTH);
            prop_assert_eq!(KeyText::parse(key.tell()), Some(key.clone()));
            let address = format!("/x?a=1&key={}&b=2", key.tell());
            prop_assert!(KeyText::is_within(&address));
            prop_assert!(KeyText::is_within(&address.replace('_', "%5F").replace('a', "%61")));
            // One letter wrong is no key any more.
            let mut slip = key.tell().to_owned();
            slip.replace_range(at..=at, &other);
            prop_assert!(slip == key.tell() || KeyText::parse(&slip).is_none());
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC*", tail in "studio_\\PC*") {
            prop_assert!(KeyText::parse(&text).is_none() && KeyText::parse(&tail).is_none());
            prop_assert!(!KeyText::is_within(&text) && !KeyText::is_within(&tail));
        }
    }

    #[test]
    fn codes_depend_on_text_and_secret() {
        let (one, other) = (KeyText::of([1; BYTES]), KeyText::of([2; BYTES]));
        assert_eq!(one.code("s"), one.code("s"));
        assert_ne!(one.code("s"), one.code("t"));
        assert_ne!(one.code("s"), other.code("s"));
        assert_eq!(format!("{one:?}"), "KeyText(…)");
    }
}
