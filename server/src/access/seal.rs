//! What is sent out and has to come back unchanged, and codes of what must not be kept: both under the ledger's secret.

use ring::hmac::{self, HMAC_SHA256};

use subtle::ConstantTimeEq as _;

use super::key_text::hex;

/// What a code is made for: one that is made for something else never fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealUse {
    Session,
    SignIn,
}

impl SealUse {
    const fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SignIn => "sign-in",
        }
    }

    fn key(self, secret: &str) -> hmac::Key {
        // Keys of services have the secret itself, and begin with a word of their own.
        let derived = hmac::sign(&hmac::Key::new(HMAC_SHA256, secret.as_bytes()), self.word().as_bytes());
        hmac::Key::new(HMAC_SHA256, derived.as_ref())
    }

    /// In hexadecimal digits.
    #[must_use]
    pub fn code(self, secret: &str, text: &str) -> String {
        hex(hmac::sign(&self.key(secret), text.as_bytes()).as_ref())
    }

    /// The text with its code behind it, which none can change.
    #[must_use]
    pub fn seal(self, secret: &str, text: &str) -> String {
        format!("{text}.{}", self.code(secret, text))
    }

    /// The text that was sealed. None where anything in it is another letter.
    #[must_use]
    pub fn open(self, secret: &str, sealed: &str) -> Option<String> {
        let (text, code) = sealed.rsplit_once('.')?;
        let is_whole: bool = self.code(secret, text).as_bytes().ct_eq(code.as_bytes()).into();
        is_whole.then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_texts_are_whole() {
        let sealed = SealUse::SignIn.seal("0a", "a.b");
        assert_eq!(SealUse::SignIn.open("0a", &sealed).as_deref(), Some("a.b"));
        assert_eq!(SealUse::Session.open("0a", &sealed), None, "made for something else");
        assert_eq!(SealUse::SignIn.open("0b", &sealed), None);
        for at in 0..sealed.len() {
            for other in ["x", "0", "A", "."] {
                let mut changed = sealed.clone();
                changed.replace_range(at..=at, other);
                assert!(changed == sealed || SealUse::SignIn.open("0a", &changed).is_none(), "{changed}");
            }
        }
    }
}
