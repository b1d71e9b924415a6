//! What stands in the address of a shared view: which link of which tenant it is, or the view itself, in a text that none can change.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{tenant::TenantId, time::Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::seal::SealUse;

/// How many bytes of its code stand in the address of a link: together they come to whole letters.
const CODE_BYTES: usize = 16;

/// A view that is shown to those who have this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareToken {
    /// It is kept under this id, and can be revoked.
    Link { tenant: TenantId, id: Uuid },
    /// It stands in the token, which is over soon.
    Embedded(EmbeddedView),
}

/// What a token for embedding says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedView {
    pub tenant: TenantId,
    pub view: String,
    ends_at: i64,
}

impl EmbeddedView {
    #[must_use]
    pub const fn new(tenant: TenantId, view: String, ends_at: Timestamp) -> Self {
        Self { tenant, view, ends_at: ends_at.micros() }
    }

    #[must_use]
    pub const fn ends_at(&self) -> Timestamp {
        Timestamp::from_micros(self.ends_at)
    }
}

impl ShareToken {
    /// As it stands in an address.
    #[must_use]
    pub fn text(&self, secret: &str) -> String {
        match self {
            Self::Link { tenant, id } => {
                let named = [tenant.0.as_bytes().as_slice(), id.as_bytes()].concat();
                let code = code(secret, &named);
                URL_SAFE_NO_PAD.encode([named, code].concat())
            }
            Self::Embedded(view) => {
                let json = serde_json::to_vec(view).unwrap_or_default();
                SealUse::Embedding.seal(secret, &URL_SAFE_NO_PAD.encode(json))
            }
        }
    }

    /// None where anything in it was changed.
    #[must_use]
    pub fn parse(secret: &str, text: &str) -> Option<Self> {
        let token = if text.contains('.') {
            let json = URL_SAFE_NO_PAD.decode(SealUse::Embedding.open(secret, text)?).ok()?;
            Self::Embedded(serde_json::from_slice(&json).ok()?)
        } else {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (tenant, rest) = bytes.split_first_chunk::<16>()?;
            let (id, _) = rest.split_first_chunk::<16>()?;
            Self::Link { tenant: TenantId(Uuid::from_bytes(*tenant)), id: Uuid::from_bytes(*id) }
        };
        // Written anew it has to come to the same, its code with it.
        SealUse::is_same(&token.text(secret), text).then_some(token)
    }
}

fn code(secret: &str, named: &[u8]) -> Vec<u8> {
    let code = SealUse::ShareLink.bytes(secret, named);
    code.into_iter().take(CODE_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_letter_can_be_changed() {
        let link = ShareToken::Link { tenant: TenantId::FIRST, id: Uuid::from_u128(7) };
        let view = EmbeddedView::new(TenantId::FIRST, "/?range=30d".into(), Timestamp::from_micros(5));
        for token in [link, ShareToken::Embedded(view)] {
            let text = token.text("0a");
            assert_eq!(ShareToken::parse("0a", &text).as_ref(), Some(&token), "{text}");
            assert_eq!(ShareToken::parse("0b", &text), None);
            for at in 0..text.len() {
                for letter in ["A", "b", "0", "-", ".", "_", "="] {
                    let mut changed = text.clone();
                    changed.replace_range(at..=at, letter);
                    assert!(changed == text || ShareToken::parse("0a", &changed).is_none(), "{changed}");
                }
            }
            for changed in [&text[1..], &text[..text.len() - 1], &format!("{text}A"), &format!("A{text}")] {
                assert_eq!(ShareToken::parse("0a", changed), None, "{changed}");
            }
        }
    }
}
