//! What a call leaves behind for a subscriber: one span. In a process of its own, since a span that another thread
//! enters for the first time, while no subscriber is there, can be taken for one that no subscriber wants.

#[path = "wire/stand_in.rs"]
#[expect(dead_code, reason = "shared with the other tests of the wire, which use all of it")]
mod stand_in;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use dataverse::{BatchOperation, BatchOptions};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use stand_in::{WireStandIn, token, who, with};

/// The fields of each span, in the order in which the spans began.
#[derive(Clone, Default)]
struct SpanFields(Arc<Mutex<Vec<(Id, Recorded)>>>);

type Recorded = BTreeMap<&'static str, String>;

struct Fields<'a>(&'a mut Recorded);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanFields {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut fields = BTreeMap::from([("span", attributes.metadata().name().to_owned())]);
        attributes.record(&mut Fields(&mut fields));
        self.0.lock().unwrap().push((id.clone(), fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        // Numbers are used again: the last span of this one is meant.
        let span = spans.iter_mut().rev().find(|(known, _)| known == id).unwrap();
        values.record(&mut Fields(&mut span.1));
    }
}

#[tokio::test]
async fn each_call_is_one_span() {
    let server = WireStandIn::start(|request, before| match (request.target.as_str(), before) {
        ("/token", _) => token(before),
        (_, 0) => with(503, &[], ""),
        (_, 1) => who(),
        _ => with(404, &[], r#"{"error":{"code":"0x80040217","message":"m"}}"#),
    })
    .await;
    let watched = SpanFields::default();
    let calls = async {
        let client = server.client();
        client.who_am_i().await.unwrap();
        client.update("sets", Uuid::nil(), &json!({})).await.unwrap_err();
        let operations = (0..3).map(|_| BatchOperation::delete("sets", Uuid::nil())).collect();
        client.batch(operations, BatchOptions::default()).await.unwrap_err();
    };
    calls.with_subscriber(tracing_subscriber::registry().with(watched.clone())).await;
    let spans = watched.0.lock().unwrap();
    let ours: Vec<_> =
        spans.iter().map(|(_, fields)| fields).filter(|f| f["span"] == "dataverse.call").collect();
    let expect = [
        ("who_am_i", "GET", "WhoAmI", "1", "2", "200"),
        ("update", "PATCH", "sets", "1", "1", "404"),
        ("batch", "POST", "$batch", "3", "1", "404"),
    ];
    assert_eq!(ours.len(), expect.len(), "{ours:#?}");
    for (span, (operation, method, table, rows, tries, status)) in ours.iter().zip(expect) {
        let found = [
            "dataverse.operation",
            "http.method",
            "dataverse.table",
            "dataverse.rows",
            "dataverse.tries",
            "http.status",
        ]
        .map(|name| span[name].as_str());
        assert_eq!(found, [operation, method, table, rows, tries, status]);
        assert!(span["dataverse.seconds"].parse::<f64>().is_ok());
    }
}
