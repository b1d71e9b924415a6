//! Tokens: fetched once, renewed ahead, dropped when refused, never seen.

use std::time::Duration;

use dataverse::{Certificate, CredentialFault, Error};
use serde_json::json;

use crate::stand_in::{Received, Say, WireStandIn, answer, token, who, with};

/// Gives out `token-0`, `token-1`, … and answers everything else.
fn granting(request: &Received, before: usize) -> Say {
    if request.target == "/token" { token(before) } else { who() }
}

#[tokio::test]
async fn one_token_is_fetched_however_many_wait() {
    let server = WireStandIn::start(granting).await;
    let client = server.client();
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.who_am_i().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let tokens = server.tokens();
    assert_eq!(tokens.len(), 1);
    for part in ["grant_type=client_credentials", "client_id=app", "client_secret=hunter2", "%2F.default"] {
        assert!(tokens[0].body.contains(part), "{part} in {}", tokens[0].body);
    }
    assert!(server.asked().iter().all(|request| request.header("authorization") == "Bearer token-0"));
    for _ in 0..70 {
        client.who_am_i().await.unwrap();
    }
    let stats = client.token_stats();
    assert_eq!((stats.hits + stats.misses, stats.fetches), (100, 1));
    let in_hand = stats.in_hand.unwrap();
    assert_eq!(in_hand.expires_in, Duration::from_secs(55 * 60));
    assert_eq!((in_hand.age, in_hand.renews_in), (Duration::ZERO, Duration::from_secs(50 * 60)));
}

#[tokio::test]
async fn all_respect_the_issuers_pause() {
    let busy = |request: &Received, before: usize| match (request.target.as_str(), before) {
        ("/token", 0) => with(429, &[("retry-after", "40")], ""),
        _ => granting(request, before),
    };
    let server = WireStandIn::start(busy).await;
    let mut settings = server.settings();
    settings.patience = Duration::ZERO;
    let client = server.client_with(settings);
    for passed in [0, 13, 26] {
        let error = client.clone().who_am_i().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(40 - passed)), "{error}");
        assert!(error.is_lane_fault());
        server.clock.advance(Duration::from_secs(13));
    }
    assert_eq!(server.tokens().len(), 1, "none within the pause");
    server.clock.advance(Duration::from_secs(1));
    client.who_am_i().await.unwrap();
    assert_eq!((server.tokens().len(), server.asked().len()), (2, 1));
}

#[tokio::test]
async fn an_empty_pause_is_still_a_pause() {
    let busy = |request: &Received, before: usize| match (request.target.as_str(), before) {
        ("/token", 0) => with(429, &[("retry-after", "0")], ""),
        _ => granting(request, before),
    };
    let server = WireStandIn::start(busy).await;
    let mut settings = server.settings();
    settings.patience = Duration::ZERO;
    let error = server.client_with(settings).who_am_i().await.unwrap_err();
    assert!(matches!(error, Error::Throttled { .. }), "{error}");
    assert_eq!(server.tokens().len(), 1, "there was no time to wait in");
    server.client().who_am_i().await.unwrap();
}

#[tokio::test]
async fn token_failures_are_shared() {
    let refused = |code: u32, error: &str| json!({ "error": error, "error_codes": [code], "error_description": format!("AADSTS{code}: hunter2 is wrong.\r\nTrace ID: x") });
    let cases = [
        (401, 7_000_215, "invalid_client", CredentialFault::WrongSecret, "secret is wrong"),
        (401, 7_000_222, "invalid_client", CredentialFault::ExpiredSecret, "has expired"),
        (401, 700_027, "invalid_client", CredentialFault::WrongCertificate, "upload its public half"),
        (
            400,
            700_016,
            "unauthorized_client",
            CredentialFault::UnknownApplication,
            "not known in this tenant",
        ),
        (400, 90_002, "invalid_request", CredentialFault::UnknownTenant, "tenant is not known"),
        (400, 500_011, "invalid_resource", CredentialFault::UnknownOrganisation, "organisation's address"),
        (400, 1, "odd", CredentialFault::Other, "AADSTS1"),
    ];
    for (status, code, error, expected, part) in cases {
        let body = refused(code, error);
        let server = WireStandIn::start(move |_, _| answer(status, &body)).await;
        let client = server.client();
        let (one, other) = tokio::join!(client.who_am_i(), client.who_am_i());
        assert_eq!(server.tokens().len(), 1, "two who wait share one failure");
        for outcome in [one, other] {
            let refusal = outcome.unwrap_err();
            assert!(
                matches!(&refusal, Error::Credentials { fault, .. } if *fault == expected),
                "{refusal:?}"
            );
            assert!(refusal.is_lane_fault() && !refusal.is_transient());
            assert_eq!(refusal.code(), Some(error));
            assert!(refusal.to_string().contains(part), "{refusal}");
        }
        assert!(server.asked().is_empty());
    }
}

#[tokio::test]
async fn renewal_does_not_block_the_old_token() {
    let server = WireStandIn::start(granting).await;
    let client = server.client();
    client.who_am_i().await.unwrap();
    server.clock.advance(Duration::from_secs(51 * 60));
    client.who_am_i().await.unwrap();
    assert_eq!(server.asked()[1].header("authorization"), "Bearer token-0", "nobody waits for the renewal");
    while client.token_stats().renewals == 0 {
        tokio::task::yield_now().await;
    }
    client.who_am_i().await.unwrap();
    assert_eq!(server.asked()[2].header("authorization"), "Bearer token-1");
    assert_eq!((client.token_stats().misses, server.tokens().len()), (1, 2));
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let server = WireStandIn::start(|request, before| match request.header("authorization") {
        "Bearer token-0" => with(401, &[], ""),
        _ => granting(request, before),
    })
    .await;
    server.client().who_am_i().await.unwrap();
    assert_eq!((server.tokens().len(), server.asked().len()), (2, 2));

    let stubborn = WireStandIn::start(|request, before| match request.target.as_str() {
        "/token" => token(before),
        _ => with(401, &[], ""),
    })
    .await;
    let error = stubborn.client().who_am_i().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized(_)) && error.is_lane_fault());
    assert_eq!((stubborn.tokens().len(), stubborn.asked().len()), (2, 2));
}

#[tokio::test]
async fn rotated_secrets_are_used_next() {
    let server = WireStandIn::start(granting).await;
    let client = server.client();
    client.who_am_i().await.unwrap();
    client.rotate_credential("correct horse");
    client.who_am_i().await.unwrap();
    assert_eq!(server.tokens().len(), 1, "the token in hand is used to its end");
    server.clock.advance(Duration::from_secs(3600));
    client.who_am_i().await.unwrap();
    assert!(server.tokens()[1].body.contains("client_secret=correct+horse"));
}

#[tokio::test]
async fn a_certificate_signs_instead_of_a_secret() {
    let server = WireStandIn::start(granting).await;
    let client = server.client();
    let pem = include_bytes!("../../src/credential/certificate/test.pem");
    client.rotate_credential(Certificate::from_pem(pem).unwrap());
    client.who_am_i().await.unwrap();
    let body = &server.tokens()[0].body;
    assert!(!body.contains("client_secret"), "{body}");
    assert!(
        body.contains(
            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        ),
        "{body}"
    );
    let assertion = body.split("client_assertion=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(assertion.split('.').count(), 3);
}

#[tokio::test]
async fn no_secret_is_in_anything_printed() {
    let server = WireStandIn::start(|request, before| match request.target.as_str() {
        "/token" => token(before),
        _ => with(
            403,
            &[],
            r#"{"error":{"code":"0x80072560","message":"The user is not a member of the organization."}}"#,
        ),
    })
    .await;
    let client = server.client();
    let error = client.who_am_i().await.unwrap_err();
    assert!(error.to_string().contains("add it as an application user"), "{error}");
    for text in [
        format!("{client:?}"),
        format!("{error:?}"),
        format!("{error}"),
        format!("{:?}", client.token_stats()),
    ] {
        assert!(!text.contains("hunter2") && !text.contains("token-0"), "{text}");
    }
}
