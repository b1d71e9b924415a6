//! Applications beside the organisation's own: registered, proved by secret or by certificate, and rotated.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::{Options, Registration};
use rcgen::{CertificateParams, KeyPair};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer, http};

/// A key for these tests alone.
const KEY: &str = include_str!("application-key.pem");

/// A certificate over that key, in PEM and in DER.
fn certificate() -> (String, Vec<u8>) {
    let params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
    let certificate = params.self_signed(&KeyPair::from_pem(KEY).unwrap()).unwrap();
    (certificate.pem(), certificate.der().to_vec())
}

fn signed(header: &Value, claims: &Value, encoding: &'static dyn RsaEncoding) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(encoding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn ask(client: &HttpClient, more: &[(&str, &str)]) -> JsonAnswer {
    let scope = format!("{}/.default", client.emulator.url());
    let mut form = vec![("grant_type", "client_credentials"), ("scope", &scope)];
    form.extend(more);
    JsonAnswer::of(http().post(client.emulator.token_url()).form(&form)).await
}

fn code(answer: &JsonAnswer) -> u64 {
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(answer.json["error"], "invalid_client");
    answer.json["error_codes"][0].as_u64().unwrap()
}

/// Now, by the organisation's clock, give or take.
fn now() -> i64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    i64::try_from(now).unwrap()
}

struct SentProof {
    client_id: String,
    header: Value,
    claims: Value,
}

impl SentProof {
    /// What a client would send, right in every respect.
    fn new(client: &HttpClient, client_id: &str, der: &[u8]) -> Self {
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, der));
        let claims = json!({
            "aud": client.emulator.token_url(), "iss": client_id, "sub": client_id, "jti": "1", "nbf": now(),
            "exp": now() + 600,
        });
        let header = json!({ "alg": "RS256", "typ": "JWT", "x5t": thumbprint });
        Self { client_id: client_id.to_owned(), header, claims }
    }

    async fn send(&self, client: &HttpClient) -> JsonAnswer {
        let assertion = signed(&self.header, &self.claims, &RSA_PKCS1_SHA256);
        self.send_as(client, &assertion).await
    }

    async fn send_as(&self, client: &HttpClient, assertion: &str) -> JsonAnswer {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = [
            ("client_id", &*self.client_id),
            ("client_assertion_type", kind),
            ("client_assertion", assertion),
        ];
        ask(client, &form).await
    }
}

#[tokio::test]
async fn certificates_work_like_secrets() {
    let client = HttpClient::with(Options::default()).await;
    let (pem, der) = certificate();
    let roles = Some(vec!["System Administrator".to_owned()]);
    let registration = Registration { certificate: Some(pem), roles, ..Registration::default() };
    let registered = client.emulator.register(registration).await.unwrap();
    assert_eq!(registered.client_secret, None);
    let mut proof = SentProof::new(&client, &registered.client_id, &der);
    let granted = proof.send(&client).await;
    let token = granted.json["access_token"].as_str().unwrap_or_else(|| panic!("{}", granted.text));
    let url = format!("{}/api/data/v9.2/WhoAmI", client.emulator.url());
    let who = JsonAnswer::of(http().get(url).bearer_auth(token)).await;
    assert_eq!(who.json["UserId"].as_str(), registered.user_id.as_deref());
    // The newer algorithm and thumbprint, which Microsoft's libraries have gone on to.
    let header = json!({ "alg": "PS256", "x5t#S256": URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)) });
    let assertion = signed(&header, &proof.claims, &RSA_PSS_SHA256);
    assert_eq!(proof.send_as(&client, &assertion).await.status, 200);
    // Microsoft's Python library gives moments with a fraction, and none to begin with.
    proof.claims["exp"] = json!(1e10 + 0.25);
    proof.claims["nbf"] = Value::Null;
    // The tenant's issuer is an audience as well.
    proof.claims["aud"] =
        format!("https://login.microsoftonline.com/{}/v2.0", client.emulator.tenant_id()).into();
    assert_eq!(proof.send(&client).await.status, 200);
}

#[tokio::test]
async fn assertion_faults_sound_like_entra() {
    let client = HttpClient::with(Options::default()).await;
    let (pem, der) = certificate();
    let registration = Registration { certificate: Some(pem), ..Registration::default() };
    let client_id = client.emulator.register(registration).await.unwrap().client_id;
    let right = || SentProof::new(&client, &client_id, &der);
    let wrong = async |change: &dyn Fn(&mut SentProof)| {
        let mut proof = right();
        change(&mut proof);
        code(&proof.send(&client).await)
    };
    assert_eq!(right().send(&client).await.status, 200);
    assert_eq!(wrong(&|proof| proof.header["x5t"] = "AAAA".into()).await, 700_027);
    assert_eq!(wrong(&|proof| proof.header["alg"] = "PS256".into()).await, 700_027);
    assert_eq!(wrong(&|proof| proof.header["alg"] = "none".into()).await, 700_027);
    assert_eq!(wrong(&|proof| proof.header = json!({ "alg": "RS256" })).await, 5_002_723);
    assert_eq!(wrong(&|proof| proof.claims["exp"] = (now() - 400).into()).await, 700_024);
    assert_eq!(wrong(&|proof| proof.claims["nbf"] = (now() + 400).into()).await, 700_024);
    assert_eq!(wrong(&|proof| proof.claims["exp"] = Value::Null).await, 700_024);
    assert_eq!(wrong(&|proof| proof.claims["aud"] = "https://elsewhere.example/".into()).await, 700_023);
    assert_eq!(wrong(&|proof| proof.claims["iss"] = "somebody".into()).await, 700_021);
    // What was signed is what counts: another payload under the same signature is nothing.
    let good = signed(&right().header, &right().claims, &RSA_PKCS1_SHA256);
    let mut parts: Vec<&str> = good.split('.').collect();
    let mut claims = right().claims;
    claims["jti"] = "2".into();
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts[1] = &claims;
    assert_eq!(code(&right().send_as(&client, &parts.join(".")).await), 700_027);
    assert_eq!(code(&right().send_as(&client, "nonsense").await), 50_027);
    assert_eq!(code(&ask(&client, &[("client_id", &client_id)]).await), 7_000_218);
}

#[tokio::test]
async fn secrets_and_certificates_end_and_are_rotated() {
    let client = HttpClient::with(Options { admin: true, ..Options::default() }).await;
    let admin = |path: &str| format!("{}/_emulator/v1/applications{path}", client.emulator.url());
    let (pem, der) = certificate();
    let soon = jiff::Timestamp::from_second(now() + 1000).unwrap().to_string();
    let body =
        json!({ "name": "loader", "secret": "first", "certificate": pem, "expiresAt": soon, "roles": [] });
    let made = JsonAnswer::of(http().post(admin("")).json(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let client_id = made.json["clientId"].as_str().unwrap().to_owned();
    let by = async |client: &HttpClient, secret: &str| {
        ask(client, &[("client_id", &client_id), ("client_secret", secret)]).await
    };
    assert_eq!(by(&client, "first").await.status, 200);
    let second =
        JsonAnswer::of(http().post(admin(&format!("/{client_id}/credentials"))).json(&json!({}))).await;
    let second = second.json["clientSecret"].as_str().unwrap().to_owned();
    assert_eq!(
        (by(&client, "first").await.status.as_u16(), by(&client, &second).await.status.as_u16()),
        (200, 200)
    );
    // Secrets are not shown again.
    let listed = JsonAnswer::of(http().get(admin(""))).await;
    assert!(!listed.text.contains(&second) && !listed.text.contains(client.emulator.client_secret()));
    assert!(listed.text.contains("x5t#S256") && listed.text.contains("loader"));
    client.emulator.advance_clock(Duration::from_secs(1001));
    assert_eq!(code(&by(&client, "first").await), 7_000_222);
    assert_eq!(code(&by(&client, "never").await), 7_000_215);
    assert_eq!(by(&client, &second).await.status, 200);
    let late = SentProof::new(&client, &client_id, &der).send(&client).await;
    assert_eq!(code(&late), 700_027);
    assert!(late.text.contains("The key used is expired."), "{}", late.text);
    let first = made.json["credentialIds"][0].as_str().unwrap();
    let removed = http().delete(admin(&format!("/{client_id}/credentials/{first}")));
    assert_eq!(JsonAnswer::of(removed).await.status, 204);
    assert_eq!(code(&by(&client, "first").await), 7_000_215);
    assert_eq!(JsonAnswer::of(http().delete(admin(&format!("/{client_id}")))).await.status, 204);
    let gone = by(&client, &second).await;
    assert_eq!((gone.status.as_u16(), &gone.json["error_codes"][0]), (400, &json!(700_016)));
    let own = http().delete(admin(&format!("/{}", client.emulator.client_id())));
    assert_eq!(JsonAnswer::of(own).await.status, 400);
    for bad in [
        json!({ "certificate": "nonsense" }),
        json!({ "expiresAt": "tomorrow" }),
        json!({ "roles": ["none"] }),
        json!({ "nonsense": 1 }),
    ] {
        let refused = JsonAnswer::of(http().post(admin("")).json(&bad)).await;
        assert_eq!(refused.status, 400, "{bad}");
        assert!(!refused.json["error"]["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn applications_survive_restart_and_reset() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), admin: true, ..Options::default() };
    let client = HttpClient::with(options()).await;
    let registration = Registration {
        secret: Some("kept".to_owned()),
        roles: Some(vec!["System Administrator".to_owned()]),
        ..Registration::default()
    };
    let client_id = client.emulator.register(registration).await.unwrap().client_id;
    client.emulator.stop().await;
    let client = HttpClient::with(options()).await;
    let token = ask(&client, &[("client_id", &client_id), ("client_secret", "kept")]).await;
    let token = token.json["access_token"].as_str().unwrap().to_owned();
    let url = format!("{}/api/data/v9.2/WhoAmI", client.emulator.url());
    assert_eq!(JsonAnswer::of(http().get(&url).bearer_auth(&token)).await.status, 200);
    // The directory stays, the organisation's users do not: it is a stranger now.
    let reset = http().post(format!("{}/_emulator/v1/reset", client.emulator.url()));
    assert_eq!(JsonAnswer::of(reset).await.status, 204);
    assert_eq!(JsonAnswer::of(http().get(&url).bearer_auth(&token)).await.refusal(), (403, "0x80072560"));
    assert_eq!(client.get("WhoAmI").await.status, 200);
}
