//! Whether a row of Dataverse says what a record says. Dataverse keeps whole seconds, which is no difference.

use model::{
    record::{self, Field, Kind, Need, Record, Value},
    time::{SECOND, Timestamp},
};

use super::Version;

/// Whether the row says what the record says. A time that it leaves out counts as the record's.
pub(super) fn is(kind: &Kind, ours: &Record, theirs: &Record) -> bool {
    let mut fields = kind.fields.iter().zip(ours.values.iter().zip(&theirs.values));
    fields.all(|(field, (ours, value))| is_left_out(field, theirs) || is_like(ours, value))
}

/// Whether the row says what the record said once.
pub(super) fn says(kind: &Kind, version: &Version, theirs: &Record) -> bool {
    kind.fields.iter().zip(&theirs.values).all(|(field, value)| {
        let ours = version.get(field.json).unwrap_or(&serde_json::Value::Null);
        is_left_out(field, theirs)
            || match (value, ours.as_str().and_then(Timestamp::parse)) {
                (Value::Time(theirs), Some(ours)) => is_same_second(ours, *theirs),
                _ => *ours == record::field_json(field, value),
            }
    })
}

/// The record as it is there. Where both mean the same time, ours is the finer one and stays.
pub(crate) fn merged(kind: &Kind, ours: &Record, theirs: &Record) -> Record {
    let pairs = ours.values.iter().zip(&theirs.values);
    let values = kind.fields.iter().zip(pairs).map(|(field, (ours, value))| {
        if is_left_out(field, theirs) || is_like(ours, value) { ours.clone() } else { value.clone() }
    });
    let name = theirs.name.clone().or_else(|| ours.name.clone());
    Record { values: values.collect(), name, timed: true }
}

fn is_left_out(field: &Field, record: &Record) -> bool {
    field.need == Need::Arrival && !record.timed
}

fn is_like(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Time(ours), Value::Time(theirs)) => is_same_second(*ours, *theirs),
        _ => ours == theirs,
    }
}

fn is_same_second(ours: Timestamp, theirs: Timestamp) -> bool {
    ours.micros().div_euclid(SECOND) == theirs.micros().div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use model::record::{campaign_run::CAMPAIGN_RUN, parse, to_json};

    use super::*;
    use crate::trial::NOW;

    fn run(more: &str) -> Record {
        let json = format!(
            r#"{{"campaignId":"c","runId":"r","phase":"1","agentsTotal":3,"agentsSuccessful":1{more}}}"#
        );
        parse(&CAMPAIGN_RUN, &json, NOW).unwrap()
    }

    #[track_caller]
    fn check(ours: &str, theirs: &str, same: bool) {
        let (ours, theirs) = (run(ours), run(theirs));
        assert_eq!(is(&CAMPAIGN_RUN, &ours, &theirs), same, "the record");
        assert_eq!(says(&CAMPAIGN_RUN, &to_json(&CAMPAIGN_RUN, &ours), &theirs), same, "its version");
        let merged = merged(&CAMPAIGN_RUN, &ours, &theirs);
        assert_eq!(merged.values == ours.values, same, "what differs is taken over, and nothing else");
        assert!(is(&CAMPAIGN_RUN, &merged, &theirs));
    }

    #[test]
    fn a_fraction_of_a_second_is_no_difference() {
        let time = r#","createdAt":"2026-11-18T09:30:00.123456Z""#;
        check(time, r#","createdAt":"2026-11-18T09:30:00Z""#, true);
        check(time, r#","createdAt":"2026-11-18T09:30:01Z""#, false);
        check(time, "", true);
        check(r#","costUSD":"1.5""#, r#","costUSD":"1.50000""#, true);
        check(r#","costUSD":"1.5""#, r#","costUSD":"1.50001""#, false);
        check(r#","latencyP95Ms":0"#, "", false);
    }
}
