//! The key that signs tokens: made once, kept with the organisation, its public half shown to clients that check one.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Signatures found good are remembered up to this many, for every request of a client brings the same token.
const REMEMBERED: usize = 1000;

/// A key of the curve P-256, in JOSE's words an `ES256` key.
pub(super) struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    /// Digests of tokens whose signature was found good.
    good: Mutex<BTreeSet<[u8; 32]>>,
}

/// Why there is no key: the file holds none that can be read, or none can be made.
#[derive(Debug, thiserror::Error)]
#[error(
    "the key that signs tokens cannot be used; without the fact 'signing_key' in the file another is made"
)]
pub(super) struct SigningKeyError;

impl SigningKey {
    /// A new key, as the file keeps it.
    pub(super) fn make() -> Result<String, SigningKeyError> {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        key.map(|key| URL_SAFE_NO_PAD.encode(key)).map_err(|_| SigningKeyError)
    }

    /// The key that the file keeps.
    pub(super) fn read(kept: &str) -> Result<Self, SigningKeyError> {
        let random = SystemRandom::new();
        let der = URL_SAFE_NO_PAD.decode(kept).map_err(|_| SigningKeyError)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random);
        Ok(Self { pair: pair.map_err(|_| SigningKeyError)?, random, good: Mutex::default() })
    }

    pub(super) fn sign(&self, text: &str) -> Result<Vec<u8>, SigningKeyError> {
        let signature = self.pair.sign(&self.random, text.as_bytes()).map_err(|_| SigningKeyError)?;
        Ok(signature.as_ref().to_vec())
    }

    /// Whether this key made the signature.
    pub(super) fn signed(&self, text: &str, signature: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::new().chain_update(signature).chain_update(text).finalize().into();
        let good = || self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good().contains(&digest) {
            return true;
        }
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key());
        let fine = key.verify(text.as_bytes(), signature).is_ok();
        if fine {
            let mut good = good();
            if good.len() >= REMEMBERED {
                good.clear();
            }
            good.insert(digest);
        }
        fine
    }

    /// The key's name: its thumbprint \[RFC 7638\].
    pub(super) fn id(&self) -> String {
        let (x, y) = self.point();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    /// The public half, as a JSON Web Key.
    pub(super) fn to_jwk(&self) -> Value {
        let (x, y) = self.point();
        json!({ "kty": "EC", "use": "sig", "alg": "ES256", "kid": self.id(), "crv": "P-256", "x": x, "y": y })
    }

    /// Both coordinates; in the uncompressed form they follow one byte.
    fn point(&self) -> (String, String) {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_signatures_are_good() {
        let key = SigningKey::read(&SigningKey::make().unwrap()).unwrap();
        let other = SigningKey::read(&SigningKey::make().unwrap()).unwrap();
        let signature = key.sign("a").unwrap();
        // Twice: the second time it is remembered.
        assert!(key.signed("a", &signature) && key.signed("a", &signature));
        assert!(!key.signed("b", &signature));
        assert!(!other.signed("a", &signature));
        assert_ne!(key.id(), other.id());
        assert!(SigningKey::read("nonsense").is_err());
    }

    #[test]
    fn many_tokens_are_forgotten_again() {
        let key = SigningKey::read(&SigningKey::make().unwrap()).unwrap();
        for number in 0..=REMEMBERED {
            let text = number.to_string();
            assert!(key.signed(&text, &key.sign(&text).unwrap()));
        }
        assert_eq!(key.good.lock().unwrap().len(), 1);
    }
}
