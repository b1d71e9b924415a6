//! What is read from a certificate's file, and what an assertion made of it proves.

use ring::signature::UnparsedPublicKey;

use super::*;

const PEM: &[u8] = include_bytes!("test.pem");

#[test]
fn assertions_name_both_sides_and_are_signed() {
    let certificate = Certificate::from_pem(PEM).unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let assertion = certificate.assertion("https://t.example/token", "app", Uuid::nil(), now).unwrap();
    let (said, signed) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = said.split_once('.').unwrap();
    let read = |part: &str| -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(
        read(header),
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": "ueYafn86gd74v9v-zrTqNJ65moW_2no7AVvNlmZeXaQ" })
    );
    assert_eq!(
        read(claims),
        json!({
            "aud": "https://t.example/token", "iss": "app", "sub": "app", "jti": Uuid::nil(),
            "nbf": 1_799_999_940, "iat": 1_800_000_000, "exp": 1_800_000_600,
        })
    );
    let public = UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, certificate.key.public());
    public.verify(said.as_bytes(), &URL_SAFE_NO_PAD.decode(signed).unwrap()).unwrap();
}

#[test]
fn what_cannot_be_used_is_named() {
    let check = |pem: &[u8], part: &str| {
        let error = Certificate::from_pem(pem).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    check(b"", "no certificate");
    let text = std::str::from_utf8(PEM).unwrap();
    let (certificate, key) = text.split_at(text.find("-----BEGIN PRIVATE KEY").unwrap());
    check(certificate.as_bytes(), "no private key");
    check(key.as_bytes(), "no certificate");
}

#[test]
fn debug_shows_no_key() {
    let text = format!("{:?}", Certificate::from_pem(PEM).unwrap());
    assert!(text.contains("ueYafn86gd74v9v-zrTqNJ65moW_2no7AVvNlmZeXaQ") && text.len() < 120, "{text}");
}

#[test]
fn its_end_is_read() {
    let certificate = Certificate::from_pem(PEM).unwrap();
    assert_eq!(certificate.ends().to_string(), "2126-10-28T16:21:45Z");
}
