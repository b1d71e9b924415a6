//! The recorded exchanges of Dataverse's documentation, played against the emulator; every answer is held against the
//! recorded one.

mod harbour;
#[path = "../../../exchanges/read.rs"]
mod read;

use harbour::Harbour;
use read::{Exchange, Message, Subject, Values, compare};

#[tokio::test]
async fn the_emulator_answers_as_recorded() {
    let mut complaints = Vec::new();
    let mut played = 0;
    for subject in read::subjects() {
        let mut harbour = Harbour::open(&subject).await;
        let mut values = harbour.values();
        for exchange in &subject.exchanges {
            played += 1;
            complaints.extend(complaint(&subject, exchange, play(&mut harbour, exchange, &mut values).await));
        }
    }
    assert!(played >= 60, "{played} exchanges are recorded");
    assert!(complaints.is_empty(), "{} of {played}:\n\n{}", complaints.len(), complaints.join("\n"));
}

/// Asks what is recorded; where the answer is not what is recorded.
async fn play(harbour: &mut Harbour, exchange: &Exchange, values: &mut Values) -> Vec<String> {
    harbour.prepare(&exchange.given, values).await;
    let request = match filled(&exchange.request, values) {
        Ok(request) => request,
        Err(fault) => return vec![fault],
    };
    let actual = harbour.ask(request, &exchange.given, values).await;
    let mut faults = Vec::new();
    let status = actual.start.split(' ').nth(1).unwrap_or_default();
    if !values.matches(&exchange.answer.start, status) {
        faults.push(format!("status: should be {}, and is {status}: {}", exchange.answer.start, actual.body));
    }
    faults.extend(compare::message(&exchange.answer, &actual, values));
    faults
}

fn filled(message: &Message, values: &mut Values) -> Result<Message, String> {
    let mut headers = Vec::new();
    for (name, value) in &message.headers {
        headers.push((name.clone(), values.fill(value)?));
    }
    Ok(Message {
        start: values.fill(&message.start)?,
        exactly: message.exactly,
        headers,
        body: values.fill(&message.body)?,
    })
}

/// What there is to say about one exchange: that it differs, or that it no longer does although it is said to.
fn complaint(subject: &Subject, exchange: &Exchange, faults: Vec<String>) -> Option<String> {
    let place = format!("{}.http: {}\n", subject.name, exchange.title);
    match (&exchange.emulator_differs, faults.is_empty()) {
        (None, true) | (Some(_), false) => None,
        (None, false) => Some(format!("{place}    {}\n", faults.join("\n    "))),
        (Some(reason), true) => {
            Some(format!("{place}    is as recorded: take the mark away that says «{reason}»\n"))
        }
    }
}
