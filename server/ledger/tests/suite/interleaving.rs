//! Whatever happens to records, and in whatever order: nothing is unaccounted for, and a Dataverse that does as it is
//! told ends up with what the ledger holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ledger::{MirroredRow, Parcel, PermanentRefusal, RowOutcome, RowSighting, Verdict};
use model::{
    record::Stored,
    time::{SECOND, Timestamp},
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    organisation::{Sheet, TestOrganisation},
    subject::kind,
    support::{Studio, T, TestStore, run},
};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Store {
        run: u8,
        tokens: i64,
    },
    Correct {
        run: u8,
        tokens: i64,
    },
    Withdraw {
        run: u8,
    },
    Lease {
        most: usize,
    },
    /// Dataverse does what the oldest parcels under way say, and the ledger hears of it, or does not.
    Arrive {
        count: usize,
        heard: bool,
    },
    Postpone,
    Refuse,
    Resend {
        run: u8,
    },
    Drop {
        run: u8,
    },
    /// What is as it should be is confirmed, and what is otherwise is taken as it stands.
    ReadBack,
    /// Another program makes or changes a row in Dataverse.
    WriteThere {
        run: u8,
        own: bool,
    },
    DeleteThere {
        run: u8,
    },
    /// The row is not there any more, and no change tells of it.
    Lose {
        run: u8,
    },
    /// The mirror asks what changed; the answer is on its way.
    Ask,
    /// The answer comes in. What was deleted is taken out here too, or made there again.
    Reconcile {
        lost: bool,
    },
    Wait {
        seconds: i64,
    },
    /// Rollups are wanted anew.
    Wish,
    /// And made, some records further.
    Make {
        most: i64,
    },
    /// The process ends without a word and starts again.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let run = 0_u8..6;
    prop_oneof![
        4 => (run.clone(), 0_i64..3).prop_map(|(run, tokens)| Event::Store { run, tokens }),
        2 => (run.clone(), 0_i64..3).prop_map(|(run, tokens)| Event::Correct { run, tokens }),
        1 => run.clone().prop_map(|run| Event::Withdraw { run }),
        4 => (1_usize..4).prop_map(|most| Event::Lease { most }),
        4 => (1_usize..4, prop::bool::weighted(0.8)).prop_map(|(count, heard)| Event::Arrive { count, heard }),
        1 => Just(Event::Postpone),
        1 => Just(Event::Refuse),
        1 => run.clone().prop_map(|run| Event::Resend { run }),
        1 => run.clone().prop_map(|run| Event::Drop { run }),
        2 => Just(Event::ReadBack),
        3 => (run.clone(), any::<bool>()).prop_map(|(run, own)| Event::WriteThere { run, own }),
        1 => run.clone().prop_map(|run| Event::DeleteThere { run }),
        1 => run.clone().prop_map(|run| Event::Lose { run }),
        3 => Just(Event::Ask),
        3 => prop::bool::weighted(0.3).prop_map(|lost| Event::Reconcile { lost }),
        2 => (1_i64..90).prop_map(|seconds| Event::Wait { seconds }),
        1 => Just(Event::Wish),
        4 => (1_i64..4).prop_map(|most| Event::Make { most }),
        1 => Just(Event::Restart),
    ]
}

struct LedgerWorld {
    studio: Studio,
    dataverse: TestOrganisation,
    /// The mirror's page that is on its way.
    sheet: Option<Sheet>,
    /// Parcels, and when each was lent out.
    under_way: Vec<(Timestamp, Parcel)>,
    /// The runs that were taken in, and those that people withdrew here or deleted there.
    taken: BTreeSet<u8>,
    given_up: BTreeSet<u8>,
}

pub fn record(name: u8, tokens: i64) -> model::record::Record {
    run("c", &name.to_string(), "1", &format!(r#","tokensIn":{tokens}"#))
}

impl LedgerWorld {
    async fn happen(&mut self, event: &Event) {
        let ledger = self.studio.ledger.clone();
        match *event {
            Event::Store { run, tokens } => {
                self.taken.insert(run);
                self.studio.store(vec![record(run, tokens)]).await;
            }
            Event::Correct { run, tokens } => {
                let record = record(run, tokens);
                ledger.correct(T, record.own_id(T).unwrap(), record, None).await.unwrap();
            }
            Event::Withdraw { run } => {
                self.given_up.insert(run);
                ledger.withdraw(T, kind(), record(run, 0).own_id(T).unwrap(), None).await.unwrap();
            }
            Event::Lease { most } => {
                let now = self.studio.now();
                self.under_way.extend(self.studio.lease(most).await.into_iter().map(|parcel| (now, parcel)));
            }
            Event::Arrive { count, heard } => self.arrive(count, heard).await,
            Event::Postpone => {
                let parcels = self.take(1);
                ledger.postponed(&parcels, self.studio.now().plus(5 * SECOND)).await.unwrap();
            }
            Event::Refuse => {
                let parcels = self.take(1);
                let refused: Vec<(Parcel, PermanentRefusal)> =
                    parcels.into_iter().map(|parcel| (parcel, "no".into())).collect();
                ledger.dead(&refused).await.unwrap();
            }
            Event::Resend { run } => {
                ledger.resend(T, kind(), record(run, 0).own_id(T).unwrap(), "a test").await.unwrap();
            }
            Event::Drop { run } => {
                let id = record(run, 0).own_id(T).unwrap();
                // A deletion that is given up leaves a row there for good.
                let letter = ledger.dead_letter(T, kind(), id).await.unwrap();
                if letter.is_some_and(|letter| !letter.deletes) {
                    assert!(ledger.drop_letter(T, kind(), id, "a test").await.unwrap());
                }
            }
            Event::ReadBack => self.read_back().await,
            Event::WriteThere { run, own } => {
                let other = Uuid::from_u128(0x0dda + u128::from(run));
                self.dataverse.write(run, if own { record(run, 0).own_id(T).unwrap() } else { other });
            }
            Event::DeleteThere { run } => {
                self.given_up.insert(run);
                self.dataverse.erase(run);
            }
            Event::Lose { run } => self.dataverse.lose(run),
            Event::Ask => {
                if self.sheet.is_none() {
                    self.sheet = Some(self.dataverse.changes(self.studio.now()));
                }
            }
            Event::Reconcile { lost } => {
                if let Some(sheet) = self.sheet.take() {
                    self.reconcile(sheet, lost).await;
                }
            }
            Event::Wait { seconds } => self.wait(seconds).await,
            Event::Wish => ledger.wish_rollups().await.unwrap(),
            Event::Make { most } => {
                ledger.make_rollups(most).await.unwrap();
            }
            Event::Restart => {
                self.under_way.clear();
                if let Some(sheet) = self.sheet.take() {
                    self.dataverse.take_back(&sheet);
                }
                self.studio.reopen().await;
            }
        }
    }

    async fn wait(&mut self, seconds: i64) {
        self.studio.pass(seconds * SECOND).await;
        // A relay gives up what it did not get through while it had the lease.
        let now = self.studio.now();
        self.under_way.retain(|(since, _)| now.since(*since) < 60 * SECOND);
    }

    /// Holds a page against the ledger, and asks for those rows again of which it cannot tell yet.
    async fn reconcile(&mut self, sheet: Sheet, lost: bool) {
        let (mut rows, mut asked_at) = (sheet.rows, sheet.asked_at);
        while !rows.is_empty() {
            if lost {
                for row in rows.iter_mut().filter(|row| row.seen == RowSighting::Gone) {
                    row.seen = RowSighting::Lost;
                }
            }
            let answers = self.studio.reconcile_as_of(rows.clone(), asked_at).await;
            self.studio.balanced().await;
            rows = rows
                .into_iter()
                .zip(answers)
                .filter(|(_, answer)| *answer == RowOutcome::Again)
                .map(|(row, _)| row)
                .collect();
            if !rows.is_empty() {
                self.wait(6).await;
            }
            asked_at = self.studio.now();
            for row in &mut rows {
                // What changes told to be deleted stays so.
                if row.seen != RowSighting::Gone || self.dataverse.rows.contains_key(&row.dataverse_id) {
                    *row = self.asked_for(row.dataverse_id);
                }
            }
        }
    }

    fn take(&mut self, count: usize) -> Vec<Parcel> {
        let count = self.under_way.len().min(count);
        self.under_way.drain(..count).map(|(_, parcel)| parcel).collect()
    }

    async fn arrive(&mut self, count: usize, heard: bool) {
        let parcels = self.take(count);
        parcels.iter().for_each(|parcel| self.dataverse.take(parcel));
        if heard {
            self.studio.ledger.delivered(&parcels, self.studio.now()).await.unwrap();
        }
    }

    async fn read_back(&self) {
        let waiting = self.studio.ledger.unconfirmed(self.studio.now(), None, 100).await.unwrap();
        let (good, bad): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|item| {
            let tokens = |stored: &Stored| stored.record.values()[6].number().unwrap();
            let expected = item.held.withdrawn_at.is_none().then(|| tokens(&item.held.stored));
            self.dataverse.rows.get(&item.dataverse_id).map(|(_, tokens)| *tokens) == expected
        });
        self.studio.ledger.confirmed(&good).await.unwrap();
        let rows = bad.iter().map(|item| self.as_it_stands(item.dataverse_id)).collect();
        self.studio.reconcile(rows).await;
    }

    /// A row that was asked for by its id. Of its deletion only changes tell.
    fn asked_for(&self, id: Uuid) -> MirroredRow {
        match self.dataverse.row(id) {
            MirroredRow { seen: RowSighting::Gone, tenant, .. } => {
                MirroredRow::absent(tenant, id, RowSighting::Unseen)
            }
            row => row,
        }
    }

    /// The same, when it was written long ago: what stands there is taken.
    fn as_it_stands(&self, id: Uuid) -> MirroredRow {
        let row = self.asked_for(id);
        MirroredRow { stands: matches!(row.seen, RowSighting::Row(_)), ..row }
    }

    /// The whole table is read, and what was there and is not, is sent again by a person's word.
    async fn read_all(&self) {
        let later = self.studio.now().plus(1);
        let there = self.studio.ledger.delivered_before(kind(), 0, later, 100).await.unwrap();
        let is_there = |id: &Uuid| self.dataverse.rows.contains_key(id);
        let ids: Vec<Uuid> =
            there.iter().map(|there| there.dataverse_id).filter(|id| !is_there(id)).collect();
        let told =
            |how: &RowSighting| ids.iter().map(|id| MirroredRow::absent(T, *id, how.clone())).collect();
        let answers = self.studio.reconcile(told(&RowSighting::Unseen)).await;
        let is_open = |answer: &RowOutcome| matches!(answer, RowOutcome::Requeued | RowOutcome::Missing);
        assert!(answers.iter().all(is_open), "{answers:?}");
        self.studio.reconcile(told(&RowSighting::Lost)).await;
    }

    /// Everything that still waits arrives, both ways; then both sides must hold the same.
    async fn settle(&mut self) {
        self.under_way.clear();
        self.studio.pass(1_000 * SECOND).await;
        if let Some(sheet) = self.sheet.take() {
            self.reconcile(sheet, false).await;
        }
        for run in 0..6 {
            let id = record(run, 0).own_id(T).unwrap();
            self.studio.ledger.resend(T, kind(), id, "a test").await.unwrap();
            // What was given up has another chance.
            self.studio.ledger.correct(T, id, record(run, 5), None).await.unwrap();
        }
        while self.studio.delivery_counts().await.pending > 0 || self.dataverse.has_news() {
            self.calm_down().await;
        }
        self.read_back().await;
        self.studio.pass(20 * SECOND).await;
        self.read_all().await;
        while self.studio.delivery_counts().await.pending > 0 || self.dataverse.has_news() {
            self.calm_down().await;
        }
        self.read_back().await;
        self.compare().await;
        self.recount().await;
    }

    async fn calm_down(&mut self) {
        // What could not be adopted may be, now that less is under way.
        self.studio.pass(61 * SECOND).await;
        self.under_way =
            self.studio.lease(10).await.into_iter().map(|parcel| (self.studio.now(), parcel)).collect();
        self.arrive(10, true).await;
        let sheet = self.dataverse.changes(self.studio.now());
        self.reconcile(sheet, false).await;
        let rejects = self.studio.ledger.rejects(T, None, 100).await.unwrap();
        let rows = rejects.iter().map(|reject| self.asked_for(reject.dataverse_id)).collect();
        self.studio.reconcile(rows).await;
    }

    async fn compare(&self) {
        let rejects = self.studio.ledger.rejects(T, None, 100).await.unwrap();
        let is_ours = |id: &Uuid| !rejects.iter().any(|reject| reject.dataverse_id == *id);
        let there: BTreeMap<Uuid, i64> = self
            .dataverse
            .rows
            .iter()
            .filter(|(id, _)| is_ours(id))
            .map(|(id, (_, tokens))| (*id, *tokens))
            .collect();
        let later = self.studio.now().plus(1);
        let ids: HashMap<Uuid, Uuid> = self
            .studio
            .ledger
            .delivered_before(kind(), 0, later, 100)
            .await
            .unwrap()
            .into_iter()
            .map(|there| (there.id, there.dataverse_id))
            .collect();
        let here = self.studio.list(100).await.into_iter();
        let here: BTreeMap<Uuid, i64> =
            here.map(|stored| (ids[&stored.id], stored.record.values()[6].number().unwrap())).collect();
        assert_eq!(there, here, "dataverse and ledger differ in the end");
        let listed: BTreeSet<u8> = self
            .studio
            .list(100)
            .await
            .iter()
            .map(|stored| stored.record.values()[1].text().parse().unwrap())
            .collect();
        let lost: Vec<&u8> =
            self.taken.difference(&self.given_up).filter(|run| !listed.contains(run)).collect();
        assert!(lost.is_empty(), "withdrawn by no person: {lost:?}");
    }

    /// The figures are those of a count of rows.
    async fn recount(&self) {
        let counts = self.studio.balanced().await;
        assert_eq!((counts.pending, counts.dead, counts.oldest_pending), (0, 0, None));
        let balance = &counts.balance[0];
        assert_eq!(balance.delivered + balance.mirrored + balance.deleted_unsent, balance.durable);
        assert_eq!(counts.unconfirmed, 0);
        assert!(self.studio.ledger.unconfirmed(self.studio.now(), None, 10).await.unwrap().is_empty());
        let count = async |what: &str| -> i64 {
            let sql = format!("SELECT CAST(count(*) AS TEXT) FROM studio.{what}");
            self.studio.ask(&sql).await.parse().unwrap()
        };
        let settled = count("campaign_metrics WHERE confirmed_at IS NOT NULL").await;
        assert_eq!(settled, balance.delivered + balance.mirrored);
        assert_eq!(count("campaign_metrics WHERE withdrawn_at IS NOT NULL").await, balance.deleted);
        assert_eq!(count("campaign_metrics").await, balance.durable);
        assert_eq!(count("rejects").await, counts.reflected.rejected);
        let mirrored = count("versions WHERE replaced_by = 'mirror'").await;
        assert_eq!(mirrored, counts.reflected.changed + counts.reflected.withdrawn);
    }
}

pub fn nothing_is_ever_unaccounted_for(store: TestStore) {
    // Each case asks for the whole balance after every event, and that is what takes its time in a database.
    let cases = if store == TestStore::Folder { 48 } else { store.cases(24) };
    let config = ProptestConfig { cases, ..ProptestConfig::default() };
    proptest!(config, |(events in prop::collection::vec(event(), 1..60))| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let studio = Studio::open(store).await;
            let mut world = LedgerWorld {
                studio,
                dataverse: TestOrganisation::default(),
                sheet: None,
                under_way: Vec::new(),
                taken: BTreeSet::new(),
                given_up: BTreeSet::new(),
            };
            for event in &events {
                world.happen(event).await;
                world.studio.balanced().await;
            }
            world.settle().await;
            world.studio.ledger.close().await;
        });
    });
}

pub async fn interleaved_writes_lose_nothing(store: TestStore) {
    let studio = Studio::open(store).await;
    let tasks: Vec<_> = (0..40_u8)
        .map(|task| {
            let ledger = studio.ledger.clone();
            tokio::spawn(async move {
                let mut stored = 0;
                for run in 0..20_u8 {
                    let records = vec![record(run, 0), record(100 + task, i64::from(run % 3))];
                    let outcomes = ledger.store(T, records).await.unwrap();
                    stored += outcomes.iter().filter(|o| matches!(o.verdict, Verdict::Stored(_))).count();
                }
                stored
            })
        })
        .collect();
    let mut stored = 0;
    for task in tasks {
        stored += task.await.unwrap();
    }
    assert_eq!(stored, 20 + 40);
    assert_eq!(studio.balanced().await.balance[0].durable, 60);
}
