//! The recorded exchanges of Dataverse's documentation, played against the emulator; every answer is held against the
//! recorded one.

mod organisation;
#[path = "../../../exchanges/read.rs"]
mod read;

use organisation::PlayedOrganisation;
use read::{Exchange, ExchangeFile, Message, Values, compare};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_emulator_answers_as_recorded() {
    let subjects = read::subjects();
    let number: usize = subjects.iter().map(|subject| subject.exchanges.len()).sum();
    assert!(number >= 60, "{number} exchanges are recorded");
    let playing: Vec<_> = subjects.into_iter().map(|subject| tokio::spawn(play_all(subject))).collect();
    let mut complaints = Vec::new();
    for subject in playing {
        complaints.extend(subject.await.unwrap());
    }
    assert!(complaints.is_empty(), "{} of {number}:\n\n{}", complaints.len(), complaints.join("\n"));
}

/// Plays a subject's exchanges one after another, in an organisation of their own.
async fn play_all(subject: ExchangeFile) -> Vec<String> {
    let mut organisation = PlayedOrganisation::open(&subject).await;
    let mut values = organisation.values();
    let mut complaints = Vec::new();
    for exchange in &subject.exchanges {
        let faults = play(&mut organisation, exchange, &mut values).await;
        let place = format!("{}.http: {}", subject.name, exchange.title);
        complaints.extend(read::complaint(&place, exchange.emulator_differs.as_deref(), &faults));
    }
    complaints
}

/// Asks what is recorded; where the answer is not what is recorded.
async fn play(
    organisation: &mut PlayedOrganisation,
    exchange: &Exchange,
    values: &mut Values,
) -> Vec<String> {
    organisation.prepare(&exchange.given, values).await;
    let request = match filled(&exchange.request, values) {
        Ok(request) => request,
        Err(fault) => return vec![fault],
    };
    let actual = organisation.ask(request, &exchange.given, values).await;
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
