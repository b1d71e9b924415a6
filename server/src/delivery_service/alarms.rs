//! What keeps us from knowing that all is well: promises not seen to be kept, and workers that fell.

use app::presenter::{count, counted};
use ledger::DeliveryCounts;
use model::{
    calendar::Zone,
    time::{MINUTE, Timestamp},
};
use pipeline::{Fall, MirrorState, RelayStatus};

use crate::disk_room::ROOM_LEAST;

/// For how long a worker that fell is spoken of.
const REMEMBERED: i64 = 10 * MINUTE;
/// How long records may wait with nothing known to be in their way. One that is tried again waits for a quarter of that.
const WAITS_MOST: i64 = 15 * MINUTE;

/// What is known of the workers.
pub struct AlarmInputs<'a> {
    pub now: Timestamp,
    /// None where the records are not carried from here.
    pub relay: Option<&'a RelayStatus>,
    pub falls: &'a [Fall],
    /// How long a record may wait to be read back, and the mirror for an answer, in microseconds.
    pub patience: i64,
    /// Bytes that are free where the ledger's file lies; none where it lies in a database.
    pub room: Option<u64>,
    /// People are asked about rows that are gone, and decide when what waits for them goes on.
    pub is_asking: bool,
}

impl AlarmInputs<'_> {
    /// The most urgent first.
    pub fn sentences(&self, counts: &DeliveryCounts) -> Vec<String> {
        let falls = self.falls.iter().filter(|fall| !fall.is_up || self.now.since(fall.at) < REMEMBERED);
        let mut sentences: Vec<String> = falls.map(fell).collect();
        sentences.extend(self.room.filter(|room| *room < ROOM_LEAST).map(little_room));
        let Some(relay) = self.relay else { return sentences };
        let unread = self.unread(counts, relay);
        sentences.extend(unread.clone().or_else(|| self.unheard(relay)));
        sentences
    }

    /// What Dataverse acknowledged, and was not found there yet.
    fn unread(&self, counts: &DeliveryCounts, relay: &RelayStatus) -> Option<String> {
        let waited = self.now.since(counts.oldest_unconfirmed?);
        // The first look at everything takes as long as it takes.
        let is_reading = relay.mirror.state == MirrorState::Reading && relay.mirror.paused_since.is_none();
        if waited < self.patience || is_reading {
            return None;
        }
        let why = match (&relay.mirror.state, &relay.read_back_fault) {
            (MirrorState::Paused(reason), _) | (_, Some(reason)) => reason.clone(),
            _ if self.is_asking => return None,
            _ if relay.differing > 0 => {
                let rows = count(i64::try_from(relay.differing).unwrap_or(i64::MAX));
                format!("Dataverse holds {rows} of them otherwise than they were sent, or not at all")
            }
            _ => "nothing is known of why; the log may say more".to_owned(),
        };
        let records = counted(counts.unconfirmed, "record waits", "records wait");
        Some(format!("{records} to be read back out of Dataverse, the oldest for {}: {why}", lasting(waited)))
    }

    /// It is not known what others do there.
    fn unheard(&self, relay: &RelayStatus) -> Option<String> {
        let MirrorState::Paused(reason) = &relay.mirror.state else { return None };
        let paused = self.now.since(relay.mirror.paused_since?);
        (paused >= self.patience)
            .then(|| format!("nothing has come in from Dataverse for {}: {reason}", lasting(paused)))
    }
}

/// Why delivery is behind, though nothing is said to be in its way.
pub fn behind(counts: &DeliveryCounts, now: Timestamp, is_carried_here: bool) -> Option<String> {
    // A flow leaves withdrawals alone.
    let (oldest, waiting) = if is_carried_here {
        (counts.oldest_pending?, counts.pending)
    } else {
        (counts.oldest_first?, counts.balance.iter().map(|balance| balance.pending).sum())
    };
    let waited = now.since(oldest);
    if waited < WAITS_MOST {
        return None;
    }
    let (records, lasting) = (counted(waiting, "record waits", "records wait"), lasting(waited));
    Some(if is_carried_here {
        format!("{records}, the oldest for {lasting}, and nothing is known of why; the log may say more")
    } else {
        format!(
            "{records} for the flow, the oldest for {lasting}; see whether it is switched on, and what its last run says"
        )
    })
}

fn little_room(room: u64) -> String {
    format!(
        "the disk under the data folder has {}\u{a0}MB left, and records are turned away once it is full; free some, or move the \
         folder to a larger one",
        count(i64::try_from(room >> 20).unwrap_or(i64::MAX))
    )
}

fn fell(fall: &Fall) -> String {
    let at = Zone::utc().format(fall.at, "%H:%M:%S UTC");
    let times = match fall.times {
        1 => "once".to_owned(),
        times => format!("{} times", count(i64::try_from(times).unwrap_or(i64::MAX))),
    };
    let now = if fall.is_up { "began anew" } else { "begins anew in a moment" };
    format!(
        "{} broke off {times}, at {at} last, and {now}; report this, with what the log says of it",
        fall.worker
    )
}

/// `11 minutes`, `3 hours`, `4 days`.
fn lasting(micros: i64) -> String {
    let minutes = micros / MINUTE;
    match minutes {
        ..120 => counted(minutes, "minute", "minutes"),
        120..2_880 => counted(minutes / 60, "hour", "hours"),
        _ => counted(minutes / 1_440, "day", "days"),
    }
}

#[cfg(test)]
mod tests {
    use model::delivery::Balance;
    use pipeline::MirrorStatus;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn ago(minutes: i64) -> Timestamp {
        NOW.plus(-minutes * MINUTE)
    }

    fn said(relay: &RelayStatus, counts: &DeliveryCounts) -> Vec<String> {
        let watched = AlarmInputs {
            now: NOW,
            relay: Some(relay),
            falls: &[],
            patience: 6 * MINUTE,
            room: None,
            is_asking: false,
        };
        watched.sentences(counts).iter().map(|said| said.replace('\u{a0}', " ")).collect()
    }

    fn paused(minutes: i64) -> RelayStatus {
        let state = MirrorState::Paused("Dataverse forbids it".to_owned());
        let mirror = MirrorStatus { state, paused_since: Some(ago(minutes)), ..MirrorStatus::default() };
        RelayStatus { mirror, ..RelayStatus::default() }
    }

    #[test]
    fn what_is_not_read_back_is_said() {
        let waiting = |minutes| DeliveryCounts {
            unconfirmed: 9_000,
            oldest_unconfirmed: Some(ago(minutes)),
            ..DeliveryCounts::default()
        };
        assert_eq!(said(&paused(5), &waiting(5)), Vec::<String>::new());
        assert_eq!(
            said(&paused(10), &waiting(10)),
            [
                "9,000 records wait to be read back out of Dataverse, the oldest for 10 minutes: Dataverse forbids it"
            ]
        );
        let silent = RelayStatus { read_back_fault: Some("no answer".to_owned()), ..RelayStatus::default() };
        assert!(said(&silent, &waiting(200))[0].ends_with("the oldest for 3 hours: no answer"));
        let differing = RelayStatus { differing: 12, ..RelayStatus::default() };
        assert!(said(&differing, &waiting(10))[0].contains("Dataverse holds 12 of them otherwise"));
        assert!(said(&RelayStatus::default(), &waiting(10))[0].contains("nothing is known of why"));
        let mut reading = RelayStatus::default();
        reading.mirror.state = MirrorState::Reading;
        assert_eq!(said(&reading, &waiting(10)), Vec::<String>::new(), "it is on its way to them");
    }

    #[test]
    fn a_deaf_mirror_is_always_reported() {
        assert_eq!(said(&paused(5), &DeliveryCounts::default()), Vec::<String>::new());
        assert_eq!(
            said(&paused(6), &DeliveryCounts::default()),
            ["nothing has come in from Dataverse for 6 minutes: Dataverse forbids it"]
        );
    }

    #[test]
    fn fallen_workers_are_reported_for_a_while() {
        let said = |minutes, is_up| {
            let falls = [Fall { worker: "the relay", at: ago(minutes), times: 3, is_up }];
            let watched = AlarmInputs {
                now: NOW,
                relay: None,
                falls: &falls,
                patience: 0,
                room: None,
                is_asking: false,
            };
            watched.sentences(&DeliveryCounts::default())
        };
        assert!(said(0, false)[0].starts_with("the relay broke off 3 times, at "), "{:?}", said(0, false));
        assert!(said(9, true)[0].contains("began anew; report this"));
        assert_eq!(said(10, true), Vec::<String>::new());
    }

    #[test]
    fn a_nearly_full_disk_is_said() {
        let said = |room| {
            let watched =
                AlarmInputs { now: NOW, relay: None, falls: &[], patience: 0, room, is_asking: false };
            watched.sentences(&DeliveryCounts::default())
        };
        assert!(
            said(Some(120 << 20))[0].starts_with("the disk under the data folder has 120\u{a0}MB left"),
            "{:?}",
            said(Some(120 << 20))
        );
        assert_eq!(said(Some(ROOM_LEAST)), Vec::<String>::new());
        assert_eq!(said(None), Vec::<String>::new());
    }

    #[test]
    fn records_that_are_not_fetched_are_behind() {
        let waiting = |minutes| DeliveryCounts {
            balance: vec![Balance { pending: 29_500, ..Balance::default() }],
            pending: 29_502,
            oldest_pending: Some(ago(4 * minutes)),
            oldest_first: Some(ago(minutes)),
            ..DeliveryCounts::default()
        };
        assert_eq!(behind(&waiting(14), NOW, false), None, "two withdrawals wait for longer");
        let flow = behind(&waiting(15), NOW, false).unwrap().replace('\u{a0}', " ");
        assert!(
            flow.starts_with("29,500 records wait for the flow, the oldest for 15 minutes; see"),
            "{flow}"
        );
        let carried = behind(&waiting(15), NOW, true).unwrap().replace('\u{a0}', " ");
        assert!(carried.starts_with("29,502 records wait, the oldest for 60 minutes"), "{carried}");
        assert_eq!(behind(&DeliveryCounts::default(), NOW, true), None);
    }
}
