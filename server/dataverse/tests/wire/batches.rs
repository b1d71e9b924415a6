//! Batches on the wire, and whose fault was whose.

use std::time::Duration;

use dataverse::{BatchOperation, BatchOptions, Error, OperationOutcome};
use serde_json::json;
use uuid::Uuid;

use crate::stand_in::{Received, Say, WireStandIn, token, with};

const ID: Uuid = Uuid::from_u128(7);

async fn run(status: u16, body: &str, operations: Vec<BatchOperation>) -> (Vec<OperationOutcome>, String) {
    let body = body.replace('\n', "\r\n");
    let kind = "multipart/mixed; boundary=r".to_owned();
    let server = WireStandIn::start(move |request, before| match request.target.as_str() {
        "/token" => token(before),
        _ => Say::Answer(status, vec![("content-type", kind.clone())], body.clone()),
    })
    .await;
    let outcomes =
        server.client().batch(operations, BatchOptions { continue_on_error: false }).await.unwrap();
    (outcomes, server.asked()[0].body.clone())
}

const NO_CONTENT: &str = "--r\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\nOData-EntityId: https://o/api/data/v9.2/sets(00000000-0000-0000-0000-000000000007)\n\n\n";
const REFUSED: &str = "--r\nContent-Type: application/http\n\nHTTP/1.1 400 Bad Request\nREQ_ID: r1\n\n{\"error\":{\"code\":\"0x80044331\",\"message\":\"too long\"}}\n";

#[tokio::test]
async fn the_body_is_written_to_the_letter() {
    let operations = vec![
        BatchOperation::update("sets", ID, json!({ "a": "é" })),
        BatchOperation::change_set(vec![
            BatchOperation::create("sets", json!({})),
            BatchOperation::delete("sets", ID).if_match("W/\"3\""),
        ]),
    ];
    let set = "--r\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: application/http\nContent-ID: 1\n\nHTTP/1.1 204 No Content\n\n\n--c\nContent-Type: application/http\nContent-ID: 2\n\nHTTP/1.1 204 No Content\n\n\n--c--\n";
    let (outcomes, body) = run(200, &format!("{NO_CONTENT}{set}--r--\n"), operations).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(outcomes[0].as_ref().unwrap().entity.as_ref().unwrap().id, Some(ID));
    assert!(body.ends_with("--\r\n"));
    assert!(!body.replace("\r\n", "").contains(['\r', '\n']), "every line ends in CRLF");
    for part in [
        "/api/data/v9.2/sets(00000000-0000-0000-0000-000000000007) HTTP/1.1\r\nAccept: application/json\r\nIf-Match: *\r\n",
        "Content-ID: 2\r\n\r\nDELETE ",
        "If-Match: W/\"3\"\r\n",
        "{\"a\":\"é\"}\r\n",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
}

#[tokio::test]
async fn operations_after_a_failure_are_unattempted() {
    let operations = (0..4).map(|_| BatchOperation::upsert("sets", ID, json!({}))).collect();
    let (outcomes, _) = run(400, &format!("{NO_CONTENT}{REFUSED}--r--\n"), operations).await;
    assert!(outcomes[0].is_ok());
    let refused = outcomes[1].as_ref().unwrap_err();
    assert_eq!((refused.code(), refused.is_lane_fault()), (Some("0x80044331"), false));
    assert_eq!(refused.refusal().unwrap().request_id.as_deref(), Some("r1"));
    assert!(matches!(outcomes[2..], [Err(Error::NotAttempted), Err(Error::NotAttempted)]));
}

#[tokio::test]
async fn a_change_sets_culprit_is_named() {
    let operations = || {
        vec![
            BatchOperation::change_set(vec![
                BatchOperation::create("sets", json!({})),
                BatchOperation::create("sets", json!({})),
            ]),
            BatchOperation::change_set((0..3).map(|_| BatchOperation::create("sets", json!({}))).collect()),
        ]
    };
    let first = "--r\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: application/http\nContent-ID: 1\n\nHTTP/1.1 204 No Content\n\n\n--c\nContent-Type: application/http\nContent-ID: 2\n\nHTTP/1.1 204 No Content\n\n\n--c--\n";
    let failed = "--r\nContent-Type: multipart/mixed; boundary=d\n\n--d\nContent-Type: application/http\nContent-ID: 4\n\nHTTP/1.1 412 Precondition Failed\n\n{\"error\":{\"code\":\"0x80060892\",\"message\":\"m\"}}\n--d--\n";
    let (outcomes, _) = run(400, &format!("{first}{failed}--r--\n"), operations()).await;
    assert!(outcomes[0].is_ok() && outcomes[1].is_ok());
    assert!(matches!(&outcomes[2], Err(Error::RolledBack(cause)) if cause.is_duplicate()));
    assert!(outcomes[3].as_ref().unwrap_err().is_duplicate());
    assert!(matches!(outcomes[3], Err(Error::Precondition(_))));
    assert!(matches!(outcomes[4], Err(Error::RolledBack(_))));
    // Without its wrapper and without a name, no operation is told from another.
    let (outcomes, _) = run(400, &format!("{first}{REFUSED}--r--\n"), operations()).await;
    assert!(outcomes[2..].iter().all(|outcome| matches!(outcome, Err(Error::RolledBack(_)))));
}

/// Answers each batch with a 204 for every operation in it; one with more than `most` operations is too large.
fn bearing(most: usize) -> impl Fn(&Received, usize) -> Say + Send + Sync {
    move |request, before| {
        let operations = request.body.matches("HTTP/1.1\r\n").count();
        match request.target.as_str() {
            "/token" => token(before),
            _ if operations > most => with(413, &[], ""),
            _ => {
                let kind = "multipart/mixed; boundary=r".to_owned();
                let body = format!("{}--r--\n", NO_CONTENT.repeat(operations)).replace('\n', "\r\n");
                Say::Answer(200, vec![("content-type", kind)], body)
            }
        }
    }
}

#[tokio::test]
async fn batches_shrink_to_what_is_accepted() {
    let server = WireStandIn::start(bearing(300)).await;
    let client = server.client();
    let operations = (0..1200).map(|_| BatchOperation::create("sets", json!({}))).collect();
    let outcomes = client.batch(operations, BatchOptions::default()).await.unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1200);
    let sizes: Vec<_> = server.asked().iter().map(|request| request.body.matches("POST ").count()).collect();
    assert_eq!(sizes, [1000, 500, 250, 276, 304, 152, 168, 185, 169]);
}

#[tokio::test]
async fn later_failures_leave_the_rest_unattempted() {
    let server = WireStandIn::start(|request, before| match (request.target.as_str(), before) {
        ("/token", _) => token(before),
        (_, 0) => bearing(1000)(request, before),
        _ => with(401, &[], ""),
    })
    .await;
    let operations = (0..1001).map(|_| BatchOperation::create("sets", json!({}))).collect();
    let outcomes = server.client().batch(operations, BatchOptions::default()).await.unwrap();
    assert!(outcomes[..1000].iter().all(Result::is_ok));
    assert!(matches!(outcomes[1000..], [Err(Error::Unauthorized(_))]));
}

#[tokio::test]
async fn a_throttled_part_holds_all_back() {
    let throttled = "--r\nContent-Type: application/http\n\nHTTP/1.1 429 Too Many Requests\nRetry-After: 9\n\n{}\n--r--\n";
    let kind = "multipart/mixed; boundary=r".to_owned();
    let server = WireStandIn::start(move |request, before| match request.target.as_str() {
        "/token" => token(before),
        _ => Say::Answer(200, vec![("content-type", kind.clone())], throttled.replace('\n', "\r\n")),
    })
    .await;
    let client = server.client();
    let outcomes =
        client.batch(vec![BatchOperation::delete("sets", ID)], BatchOptions::default()).await.unwrap();
    assert!(outcomes[0].as_ref().unwrap_err().is_lane_fault());
    assert_eq!(client.held_back_for(), Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn what_cannot_be_sent_is_never_sent() {
    let server = WireStandIn::start(|_, before| token(before)).await;
    let many = (0..1001).map(|_| BatchOperation::delete("sets", ID)).collect();
    let too_large = vec![BatchOperation::change_set(many)];
    let error = server.client().batch(too_large, BatchOptions::default()).await.unwrap_err();
    assert!(matches!(error, Error::Misuse(_)));
    let bad = vec![BatchOperation::create("sets HTTP/1.1\r\n", json!({}))];
    assert!(matches!(server.client().batch(bad, BatchOptions::default()).await, Err(Error::Misuse(_))));
    assert!(server.client().batch(Vec::new(), BatchOptions::default()).await.unwrap().is_empty());
    assert!(server.asked().is_empty());
}
