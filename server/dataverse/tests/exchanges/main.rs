//! The recorded exchanges of Dataverse's documentation, seen from the client: a stand-in answers as recorded; what the
//! client sends is held against the recorded request, and what it makes of the answer against what is written beside it.

mod calls;
#[path = "../../../exchanges/read.rs"]
mod read;
mod stage;
mod stand_in;
mod told;

use std::collections::BTreeMap;

use read::{Exchange, ExchangeFile};
use stage::ExchangeStage;

#[tokio::test]
async fn the_client_asks_and_understands_as_recorded() {
    let calls: BTreeMap<&str, calls::CallFn> = calls::all().into_iter().collect();
    let (mut complaints, mut called) = (Vec::new(), 0);
    for subject in read::subjects() {
        let mut stage = ExchangeStage::open().await;
        for group in groups(&subject) {
            let last = &group[group.len() - 1];
            let faults = match calls.get(last.title.as_str()) {
                Some(call) => {
                    called += 1;
                    stage.play(group, *call).await
                }
                None => stage.pass_over(group),
            };
            let place = format!("{}.http: {}", subject.name, last.title);
            complaints.extend(read::complaint(&place, last.client.differs.as_deref(), &faults));
        }
    }
    assert!(called >= 60, "{called} calls are held against recorded exchanges");
    assert!(complaints.is_empty(), "{} of {called}:\n\n{}", complaints.len(), complaints.join("\n"));
}

/// Either a call covers an exchange or its file says that none does, and why; no call covers one that is not there.
#[test]
fn no_exchange_is_forgotten() {
    let calls: Vec<&str> = calls::all().into_iter().map(|(title, _)| title).collect();
    let mut forgotten = Vec::new();
    let mut titles = Vec::new();
    for exchange in read::subjects().into_iter().flat_map(|subject| subject.exchanges) {
        let covered = calls.contains(&exchange.title.as_str());
        let without =
            exchange.client.expected.starts_with("none: ") || exchange.client.expected == "with the next";
        if covered == without {
            forgotten.push(format!("«{}»: client: {}", exchange.title, exchange.client.expected));
        }
        titles.push(exchange.title);
    }
    forgotten.extend(
        calls
            .iter()
            .filter(|call| !titles.iter().any(|title| title == *call))
            .map(|call| format!("a call for «{call}», which is not recorded")),
    );
    assert!(forgotten.is_empty(), "{}", forgotten.join("\n"));
}

/// Exchanges that one call goes through: all that say `with the next`, and the one after them.
fn groups(subject: &ExchangeFile) -> Vec<&[Exchange]> {
    subject.exchanges.split_inclusive(|exchange| exchange.client.expected != "with the next").collect()
}
