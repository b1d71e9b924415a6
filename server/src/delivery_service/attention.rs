//! What waits for a person, in the sentences that the panel and `/pipeline` say.

use app::presenter::{count, counted};
use ledger::{DeliveryCounts, MassDeletion};
use model::record::Kind;

/// The most urgent first.
pub fn sentences(counts: &DeliveryCounts, questions: &[(&'static Kind, MassDeletion)]) -> Vec<String> {
    let open = questions.iter().filter(|(_, question)| question.answer.is_none());
    let mut sentences: Vec<String> = open
        .map(|(kind, question)| {
            format!(
                "{} of {} rows of {} are gone from Dataverse; the pipeline page asks whether that was meant",
                count(question.gone),
                count(question.of),
                kind.shown_table()
            )
        })
        .collect();
    if counts.dead > 0 {
        let records = counted(counts.dead, "record", "records");
        sentences.push(format!("Dataverse refuses {records}; the pipeline page says why"));
    }
    if counts.reflected.rejected > 0 {
        let rows = counted(
            counts.reflected.rejected,
            "row in Dataverse breaks a rule and is",
            "rows in Dataverse break a rule and are",
        );
        sentences.push(format!("{rows} left out; see the pipeline page"));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use model::{record::campaign_run::CAMPAIGN_RUN, time::Timestamp};

    use super::*;

    #[test]
    fn open_questions_come_first() {
        let counts = DeliveryCounts { dead: 1, ..DeliveryCounts::default() };
        let question =
            MassDeletion { gone: 60, unseen: 0, of: 1_000, asked_at: Timestamp::EARLIEST, answer: None };
        let said = sentences(&counts, &[(&CAMPAIGN_RUN, question)]);
        assert!(said[0].starts_with("60 of 1,000 rows"), "{said:?}");
        assert!(said[1].contains("refuses 1\u{a0}record"), "{said:?}");
        let answered = MassDeletion { answer: Some(ledger::MassDeletionAnswer::Withdraw), ..question };
        assert_eq!(sentences(&DeliveryCounts::default(), &[(&CAMPAIGN_RUN, answered)]), Vec::<String>::new());
    }
}
