//! The token endpoint and what tokens are good for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::Options;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use crate::client::{HttpClient, JsonAnswer, http};

async fn ask(client: &HttpClient, url: &str, change: &[(&str, &str)]) -> JsonAnswer {
    let scope = format!("{}/.default", client.emulator.url());
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", client.emulator.client_id()),
        ("client_secret", client.emulator.client_secret()),
        ("scope", &scope),
    ];
    for (name, value) in change {
        form.retain(|(known, _)| known != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    JsonAnswer::of(http().post(url).form(&form)).await
}

#[tokio::test]
async fn a_token_is_granted_as_entra_does() {
    let client = HttpClient::with(Options::default()).await;
    let answer = ask(&client, client.emulator.token_url(), &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["token_type"], "Bearer");
    assert_eq!(answer.json["expires_in"], 3599);
    assert_eq!(answer.json["access_token"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn refusals_are_entras() {
    let client = HttpClient::with(Options::default()).await;
    let url = client.emulator.token_url().to_owned();
    let elsewhere =
        format!("{}/00000000-0000-0000-0000-000000000001/oauth2/v2.0/token", client.emulator.url());
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str, u64);
    let cases: &[Case<'_>] = &[
        (&url, &[("client_secret", "wrong")], 401, "invalid_client", 7_000_215),
        (&url, &[("client_secret", "")], 401, "invalid_client", 7_000_218),
        (&url, &[("client_id", "00000000-0000-0000-0000-000000000001")], 400, "unauthorized_client", 700_016),
        (&url, &[("scope", "https://a/.default https://b/.default")], 400, "invalid_scope", 70_011),
        (&url, &[("scope", "nonsense/.default")], 400, "invalid_resource", 500_011),
        (&url, &[("grant_type", "password")], 400, "unsupported_grant_type", 70_003),
        (&elsewhere, &[], 400, "invalid_request", 90_002),
    ];
    for (url, change, status, error, code) in cases {
        let answer = ask(&client, url, change).await;
        assert_eq!(answer.status.as_u16(), *status, "{change:?}");
        assert_eq!(answer.json["error"], *error);
        assert_eq!(answer.json["error_codes"][0], *code);
        let description = answer.json["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
        assert!(!answer.text.contains(client.emulator.client_secret()));
    }
}

#[tokio::test]
async fn tokens_expire_and_can_be_revoked() {
    let mut client = HttpClient::with(Options { token_seconds: 100, ..Options::default() }).await;
    assert_eq!(client.get("WhoAmI").await.status, 200);
    client.emulator.advance_clock(Duration::from_secs(101));
    let refused = client.get("WhoAmI").await;
    assert_eq!((refused.status.as_u16(), refused.text.as_str()), (401, ""));
    assert!(refused.header("www-authenticate").starts_with("Bearer "));
    client.renew().await;
    assert_eq!(client.get("WhoAmI").await.status, 200);
    client.emulator.revoke_tokens();
    assert_eq!(client.get("WhoAmI").await.status, 401);
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let client = HttpClient::with(Options::default()).await;
    let token = ask(&client, client.emulator.token_url(), &[]).await.json["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let url = format!("{}/api/data/v9.2/WhoAmI", client.emulator.url());
    let forged = [format!("{signed}x.{signature}"), signed.to_owned(), format!("{signed}."), String::new()];
    for token in forged {
        assert_eq!(JsonAnswer::of(http().get(&url).bearer_auth(&token)).await.status, 401, "{token}");
    }
    let who = JsonAnswer::of(http().get(&url).bearer_auth(&token)).await;
    assert_ne!(who.json["OrganizationId"], Value::Null);
}

#[tokio::test]
async fn published_keys_verify_the_tokens() {
    let client = HttpClient::with(Options::default()).await;
    let tenant = client.emulator.token_url().trim_end_matches("/oauth2/v2.0/token").to_owned();
    let read = async |url: &str| JsonAnswer::of(http().get(url)).await;
    let found = read(&format!("{tenant}/v2.0/.well-known/openid-configuration")).await;
    assert_eq!(found.json["token_endpoint"], client.emulator.token_url());
    let keys = read(found.json["jwks_uri"].as_str().unwrap()).await;
    let [key] = &keys.json["keys"].as_array().unwrap()[..] else { panic!("{}", keys.text) };
    let token = ask(&client, client.emulator.token_url(), &[]).await.json["access_token"].clone();
    let (signed, signature) = token.as_str().unwrap().rsplit_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let head: Value = serde_json::from_slice(&decode(signed.split_once('.').unwrap().0)).unwrap();
    assert_eq!((&head["kid"], &head["alg"]), (&key["kid"], &key["alg"]));
    let point = [vec![4], decode(key["x"].as_str().unwrap()), decode(key["y"].as_str().unwrap())].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(signed.as_bytes(), &decode(signature)).unwrap();
    let elsewhere =
        format!("{}/00000000-0000-0000-0000-000000000001/discovery/v2.0/keys", client.emulator.url());
    assert_eq!(read(&elsewhere).await.json["error_codes"][0], 90_002);
}
