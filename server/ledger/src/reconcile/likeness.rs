//! Whether a row of Dataverse says what a record says. Dataverse keeps whole seconds, which is no difference.

use model::{
    record::{self, FieldType, Record, Value},
    time::{SECOND, Timestamp},
};

use super::Version;

/// Whether the row says what the record says. A time that it leaves out counts as the record's.
pub(super) fn is(ours: &Record, theirs: &Record) -> bool {
    ours.kind() == theirs.kind()
        && compared(ours, theirs).all(|compared| compared.is_left_out || compared.is_alike())
}

/// Whether the row says what the record said once.
pub(super) fn says(version: &Version, theirs: &Record) -> bool {
    theirs.fields().enumerate().all(|(at, (field, value))| {
        let ours = version.get(field.json).unwrap_or(&serde_json::Value::Null);
        let time = || ours.as_str().and_then(Timestamp::parse).filter(|_| field.ty == FieldType::Time);
        is_left_out(at, theirs)
            || match time().zip(value.time()) {
                Some((ours, theirs)) => is_same_second(ours, theirs),
                None => *ours == record::field_json(field, value),
            }
    })
}

/// The record as it is there. Where both mean the same time, ours is the finer one and stays.
pub(crate) fn merged(ours: &Record, theirs: &Record) -> Record {
    let values = compared(ours, theirs).map(|compared| {
        let stays = compared.is_left_out || compared.is_alike();
        if stays { compared.ours.clone() } else { compared.theirs.clone() }
    });
    Record::kept(theirs.kind(), values.collect(), theirs.names().to_vec()).with_names_of(ours)
}

/// One field of two records of a kind.
struct ComparedField<'a> {
    ty: FieldType,
    ours: &'a Value,
    theirs: &'a Value,
    is_left_out: bool,
}

fn compared<'a>(ours: &'a Record, theirs: &'a Record) -> impl Iterator<Item = ComparedField<'a>> {
    let pairs = ours.values().iter().zip(theirs.fields()).enumerate();
    pairs.map(|(at, (ours, (field, value)))| ComparedField {
        ty: field.ty,
        ours,
        theirs: value,
        is_left_out: is_left_out(at, theirs),
    })
}

impl ComparedField<'_> {
    fn is_alike(&self) -> bool {
        match (self.ty, self.ours.time().zip(self.theirs.time())) {
            (FieldType::Time, Some((ours, theirs))) => is_same_second(ours, theirs),
            _ => self.ours == self.theirs,
        }
    }
}

/// Whether the field at this position is the record's time, and the source did not give it.
fn is_left_out(at: usize, record: &Record) -> bool {
    at == record.kind().time && !record.has_own_time()
}

fn is_same_second(ours: Timestamp, theirs: Timestamp) -> bool {
    ours.micros().div_euclid(SECOND) == theirs.micros().div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use model::record::{campaign_run::CAMPAIGN_RUN, parse, to_json};

    use super::*;
    use crate::test_records::NOW;

    fn run(more: &str) -> Record {
        let json = format!(
            r#"{{"campaignId":"c","runId":"r","phase":"1","agentsTotal":3,"agentsSuccessful":1{more}}}"#
        );
        parse(&CAMPAIGN_RUN, &json, NOW).unwrap()
    }

    #[track_caller]
    fn check(ours: &str, theirs: &str, same: bool) {
        let (ours, theirs) = (run(ours), run(theirs));
        assert_eq!(is(&ours, &theirs), same, "the record");
        assert_eq!(says(&to_json(&ours), &theirs), same, "its version");
        let merged = merged(&ours, &theirs);
        assert_eq!(merged.values() == ours.values(), same, "what differs is taken over, and nothing else");
        assert!(is(&merged, &theirs));
    }

    #[test]
    fn fractions_of_seconds_do_not_differ() {
        let time = r#","createdAt":"2026-11-18T09:30:00.123456Z""#;
        check(time, r#","createdAt":"2026-11-18T09:30:00Z""#, true);
        check(time, r#","createdAt":"2026-11-18T09:30:01Z""#, false);
        check(time, "", true);
        check(r#","costUSD":"1.5""#, r#","costUSD":"1.50000""#, true);
        check(r#","costUSD":"1.5""#, r#","costUSD":"1.50001""#, false);
        check(r#","latencyP95Ms":0"#, "", false);
    }
}
