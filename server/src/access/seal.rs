//! What is sent out and has to come back unchanged, and codes of what must not be kept: both under the ledger's secret.

use ring::hmac::{self, HMAC_SHA256};

use subtle::ConstantTimeEq as _;

use super::key_text::hex;

/// What a code is made for: one that is made for something else never fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealUse {
    Session,
    SignIn,
    ShareLink,
    Embedding,
    LinkPassword,
}

impl SealUse {
    const fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SignIn => "sign-in",
            Self::ShareLink => "share-link",
            Self::Embedding => "embedding",
            Self::LinkPassword => "link-password",
        }
    }

    fn key(self, secret: &str) -> hmac::Key {
        // Keys of services have the secret itself, and begin with a word of their own.
        let derived = hmac::sign(&hmac::Key::new(HMAC_SHA256, secret.as_bytes()), self.word().as_bytes());
        hmac::Key::new(HMAC_SHA256, derived.as_ref())
    }

    #[must_use]
    pub(super) fn bytes(self, secret: &str, text: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(secret), text).as_ref().to_vec()
    }

    /// In hexadecimal digits.
    #[must_use]
    pub fn code(self, secret: &str, text: &str) -> String {
        hex(&self.bytes(secret, text.as_bytes()))
    }

    /// Without telling by its time where two texts part.
    #[must_use]
    pub(super) fn is_same(one: &str, other: &str) -> bool {
        one.as_bytes().ct_eq(other.as_bytes()).into()
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
        Self::is_same(&self.code(secret, text), code).then(|| text.to_owned())
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
