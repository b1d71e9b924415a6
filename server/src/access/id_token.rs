//! What a provider signed about a person: the signature by one of its keys, and that it was meant for us and is not over.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::time::{SECOND, Timestamp};
use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// How far clocks may be apart.
const SKEW: i64 = 60 * SECOND;

/// One of a provider's keys, as it publishes them (RFC 7517).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PublishedKey {
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: String,
    e: String,
    x: String,
    y: String,
}

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpectedToken<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    #[error("its token cannot be read")]
    Unreadable,
    #[error("its token is signed in a way that is not taken")]
    Algorithm,
    #[error("its token is signed by a key that it does not publish")]
    Key,
    #[error("the signature of its token is false")]
    Signature,
    #[error("its token is another issuer's")]
    Issuer,
    #[error("its token is meant for another program")]
    Audience,
    #[error("its token is over; the clocks may be apart")]
    Expired,
    #[error("its token is not good yet; the clocks may be apart")]
    Early,
    #[error("its token belongs to another sign-in")]
    Nonce,
}

#[derive(Deserialize)]
struct TokenHeader {
    alg: String,
    kid: Option<String>,
}

/// The members of a token that holds.
pub(super) fn verify(
    token: &str,
    keys: &[PublishedKey],
    expected: ExpectedToken<'_>,
) -> Result<Map<String, Json>, TokenFault> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Unreadable)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenFault::Unreadable)?;
    let header: TokenHeader = read(header)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Unreadable)?;
    let algorithm = Algorithm::of(&header.alg).ok_or(TokenFault::Algorithm)?;
    let mut fitting = keys.iter().filter(|key| key.fits(&header)).peekable();
    fitting.peek().ok_or(TokenFault::Key)?;
    if !fitting.any(|key| algorithm.holds(key, signed.as_bytes(), &signature)) {
        return Err(TokenFault::Signature);
    }
    let claims: Map<String, Json> = read(claims)?;
    check(&claims, expected)?;
    Ok(claims)
}

fn read<T: for<'a> Deserialize<'a>>(part: &str) -> Result<T, TokenFault> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Unreadable)?;
    serde_json::from_slice(&json).map_err(|_| TokenFault::Unreadable)
}

fn check(claims: &Map<String, Json>, expected: ExpectedToken<'_>) -> Result<(), TokenFault> {
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    let moment = |name: &str| {
        let seconds =
            claims.get(name).and_then(|value| value.as_i64().or(value.as_f64().map(|at| at as i64)));
        seconds.map(|seconds| Timestamp::from_micros(seconds.saturating_mul(SECOND)))
    };
    if text("iss") != Some(expected.issuer) {
        return Err(TokenFault::Issuer);
    }
    let audience = match claims.get("aud") {
        Some(Json::String(one)) => vec![one.as_str()],
        Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    let presenter = text("azp");
    let is_ours = audience.contains(&expected.client_id)
        && presenter.is_none_or(|presenter| presenter == expected.client_id)
        && (audience.len() == 1 || presenter.is_some());
    if !is_ours {
        return Err(TokenFault::Audience);
    }
    if moment("exp").is_none_or(|end| end.plus(SKEW) <= expected.now) {
        return Err(TokenFault::Expired);
    }
    if moment("nbf").is_some_and(|start| start > expected.now.plus(SKEW)) {
        return Err(TokenFault::Early);
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(TokenFault::Nonce);
    }
    Ok(())
}

/// Those that a public key verifies: none that a client's secret would, and not `none`.
#[derive(Clone, Copy)]
enum Algorithm {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
    Edwards,
}

impl Algorithm {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Curve(&signature::ECDSA_P256_SHA256_FIXED),
            "ES384" => Self::Curve(&signature::ECDSA_P384_SHA384_FIXED),
            "EdDSA" => Self::Edwards,
            _ => return None,
        })
    }

    fn holds(self, key: &PublishedKey, message: &[u8], signature: &[u8]) -> bool {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let held = match self {
            Self::Rsa(parameters) => {
                let (Some(n), Some(e)) = (bytes(&key.n), bytes(&key.e)) else { return false };
                let first = n.iter().position(|byte| *byte != 0).unwrap_or(n.len());
                RsaPublicKeyComponents { n: &n[first..], e: &e[..] }.verify(parameters, message, signature)
            }
            Self::Curve(algorithm) => {
                let (Some(x), Some(y)) = (bytes(&key.x), bytes(&key.y)) else { return false };
                let point = [&[4], &x[..], &y[..]].concat();
                UnparsedPublicKey::new(algorithm, point).verify(message, signature)
            }
            Self::Edwards => {
                let Some(x) = bytes(&key.x) else { return false };
                UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signature)
            }
        };
        held.is_ok()
    }
}

impl PublishedKey {
    fn fits(&self, header: &TokenHeader) -> bool {
        self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == header.alg)
            && (header.kid.is_none() || self.kid == header.kid)
    }
}

#[cfg(test)]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
    };
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_796_000_000;

    /// A token, and the key that it is signed with.
    fn token(alg: &str, claims: &Json) -> (String, PublishedKey) {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": alg, "kid": "k"})), part(claims));
        let random = SystemRandom::new();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = PublishedKey { kid: Some("k".into()), ..PublishedKey::default() };
        let signature = if alg == "EdDSA" {
            let pair = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
            key.x = text(pair.public_key().as_ref());
            pair.sign(signed.as_bytes()).as_ref().to_vec()
        } else {
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap();
            let point = pair.public_key().as_ref();
            (key.x, key.y) = (text(&point[1..33]), text(&point[33..]));
            pair.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec()
        };
        (format!("{signed}.{}", text(&signature)), key)
    }

    fn verified(alg: &str, change: impl FnOnce(&mut Json)) -> Result<String, TokenFault> {
        let mut claims =
            json!({"iss": "https://i", "aud": "us", "exp": NOW + 300, "nonce": "n", "sub": "jana"});
        change(&mut claims);
        let (token, key) = token(alg, &claims);
        let now = Timestamp::from_micros(NOW * SECOND);
        let expected = ExpectedToken { issuer: "https://i", client_id: "us", nonce: "n", now };
        verify(&token, &[key], expected).map(|claims| claims["sub"].as_str().unwrap().to_owned())
    }

    #[test]
    fn tokens_say_what_they_have_to() {
        assert_eq!(verified("ES256", |_| {}).unwrap(), "jana");
        assert_eq!(verified("EdDSA", |_| {}).unwrap(), "jana");
        assert_eq!(verified("ES256", |claims| claims["exp"] = json!(NOW - 59)).unwrap(), "jana");
        assert!(verified("ES256", |claims| claims["aud"] = json!(["us"])).is_ok());
        let both = |claims: &mut Json| (claims["aud"], claims["azp"]) = (json!(["us", "x"]), json!("us"));
        assert!(verified("ES256", both).is_ok());
        for (name, value, fault) in [
            ("iss", json!("https://i/"), TokenFault::Issuer),
            ("aud", json!("them"), TokenFault::Audience),
            ("aud", json!(["us", "them"]), TokenFault::Audience),
            ("azp", json!("them"), TokenFault::Audience),
            ("exp", json!(NOW - 60), TokenFault::Expired),
            ("exp", json!(null), TokenFault::Expired),
            ("nbf", json!(NOW + 61), TokenFault::Early),
            ("nonce", json!("other"), TokenFault::Nonce),
            ("nonce", json!(null), TokenFault::Nonce),
        ] {
            let told = verified("ES256", |claims| claims[name] = value.clone());
            assert_eq!(told.unwrap_err(), fault, "{name} {value}");
        }
    }

    #[test]
    fn only_published_keys_sign() {
        let (good, key) = token("ES256", &json!({}));
        let (_, other) = token("ES256", &json!({}));
        let now = Timestamp::from_micros(0);
        let expected = ExpectedToken { issuer: "", client_id: "", nonce: "", now };
        let told = |token: &str, keys: &[PublishedKey]| verify(token, keys, expected).unwrap_err();
        assert_eq!(told(&good, &[]), TokenFault::Key);
        assert_eq!(told(&good, &[other]), TokenFault::Signature);
        let elsewhere = PublishedKey { kid: Some("z".into()), ..key.clone() };
        assert_eq!(told(&good, &[elsewhere]), TokenFault::Key);
        let for_others = PublishedKey { purpose: Some("enc".into()), ..key.clone() };
        assert_eq!(told(&good, &[for_others]), TokenFault::Key);
        assert_eq!(
            told(&good, std::slice::from_ref(&key)),
            TokenFault::Issuer,
            "it is signed, and says nothing"
        );
        for alg in ["none", "HS256", "es256"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg}).to_string());
            let (_, rest) = good.split_once('.').unwrap();
            assert_eq!(
                told(&format!("{header}.{rest}"), std::slice::from_ref(&key)),
                TokenFault::Algorithm,
                "{alg}"
            );
        }
        for broken in ["", ".", "..", "a.b.c"] {
            assert_eq!(told(broken, std::slice::from_ref(&key)), TokenFault::Unreadable);
        }
    }
}
