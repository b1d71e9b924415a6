//! Whatever happens to records, and in whatever order: nothing is unaccounted for, and a Dataverse that does as it is
//! told ends up with what the ledger holds.

use std::collections::BTreeMap;

use ledger::{Operation, Parcel, Refusal, Verdict};
use model::time::{Instant, SECOND};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{KIND, Store, Studio, T, run};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Store {
        run: u8,
        tokens: u8,
    },
    Correct {
        run: u8,
        tokens: u8,
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
    ReadBack,
    Wait {
        seconds: i64,
    },
    /// The process ends without a word and starts again.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let run = 0_u8..6;
    prop_oneof![
        4 => (run.clone(), 0_u8..3).prop_map(|(run, tokens)| Event::Store { run, tokens }),
        2 => (run.clone(), 0_u8..3).prop_map(|(run, tokens)| Event::Correct { run, tokens }),
        1 => run.clone().prop_map(|run| Event::Withdraw { run }),
        4 => (1_usize..4).prop_map(|most| Event::Lease { most }),
        4 => (1_usize..4, prop::bool::weighted(0.8)).prop_map(|(count, heard)| Event::Arrive { count, heard }),
        1 => Just(Event::Postpone),
        1 => Just(Event::Refuse),
        1 => run.prop_map(|run| Event::Resend { run }),
        2 => Just(Event::ReadBack),
        2 => (1_i64..90).prop_map(|seconds| Event::Wait { seconds }),
        1 => Just(Event::Restart),
    ]
}

/// What Dataverse holds: id and tokens.
type Rows = BTreeMap<Uuid, i64>;

struct World {
    studio: Studio,
    dataverse: Rows,
    /// Parcels, and when each was lent out.
    under_way: Vec<(Instant, Parcel)>,
}

fn record(name: u8, tokens: u8) -> model::record::Record {
    run("c", &name.to_string(), "1", &format!(r#","tokensIn":{tokens}"#))
}

impl World {
    async fn happen(&mut self, event: &Event) {
        let ledger = self.studio.ledger.clone();
        match *event {
            Event::Store { run, tokens } => drop(self.studio.store(vec![record(run, tokens)]).await),
            Event::Correct { run, tokens } => {
                let record = record(run, tokens);
                ledger.correct(T, KIND, record.id(KIND, T), record, None).await.unwrap();
            }
            Event::Withdraw { run } => {
                ledger.withdraw(T, KIND, record(run, 0).id(KIND, T), None).await.unwrap();
            }
            Event::Lease { most } => {
                let now = self.studio.now();
                self.under_way.extend(self.studio.lease(most).await.into_iter().map(|parcel| (now, parcel)));
            }
            Event::Arrive { count, heard } => self.arrive(count, heard).await,
            Event::Postpone => {
                let parcels = self.take(1);
                ledger.postponed(&parcels, self.studio.now().plus(5 * SECOND), true).await.unwrap();
            }
            Event::Refuse => {
                let parcels = self.take(1);
                let refused: Vec<(Parcel, Refusal)> =
                    parcels.into_iter().map(|parcel| (parcel, "no".into())).collect();
                ledger.dead(&refused).await.unwrap();
            }
            Event::Resend { run } => {
                ledger.resend(T, KIND, record(run, 0).id(KIND, T), "a test").await.unwrap();
            }
            Event::ReadBack => self.read_back().await,
            Event::Wait { seconds } => {
                self.studio.pass(seconds * SECOND).await;
                // A relay gives up what it did not get through while it had the lease.
                let now = self.studio.now();
                self.under_way.retain(|(since, _)| now.since(*since) < 60 * SECOND);
            }
            Event::Restart => {
                self.under_way.clear();
                self.studio.reopen().await;
            }
        }
    }

    fn take(&mut self, count: usize) -> Vec<Parcel> {
        let count = self.under_way.len().min(count);
        self.under_way.drain(..count).map(|(_, parcel)| parcel).collect()
    }

    async fn arrive(&mut self, count: usize, heard: bool) {
        let parcels = self.take(count);
        for parcel in &parcels {
            match &parcel.operation {
                Operation::Upsert(stored) => {
                    self.dataverse.insert(parcel.id, stored.record.values[6].number().unwrap());
                }
                Operation::Delete => drop(self.dataverse.remove(&parcel.id)),
            }
        }
        if heard {
            self.studio.ledger.delivered(&parcels, self.studio.now()).await.unwrap();
        }
    }

    async fn read_back(&self) {
        let waiting = self.studio.ledger.unconfirmed(self.studio.now(), 100).await.unwrap();
        let good: Vec<_> = waiting
            .into_iter()
            .filter(|item| {
                let stored = &item.held.stored;
                let expected =
                    item.held.withdrawn_at.is_none().then(|| stored.record.values[6].number().unwrap());
                self.dataverse.get(&stored.id).copied() == expected
            })
            .collect();
        self.studio.ledger.confirmed(&good).await.unwrap();
    }

    /// Everything that still waits arrives; then both sides must hold the same.
    async fn settle(&mut self) {
        self.under_way.clear();
        self.studio.pass(1_000 * SECOND).await;
        for run in 0..6 {
            self.studio.ledger.resend(T, KIND, record(run, 0).id(KIND, T), "a test").await.unwrap();
        }
        loop {
            let parcels = self.studio.lease(10).await;
            if parcels.is_empty() {
                break;
            }
            self.under_way = parcels.into_iter().map(|parcel| (self.studio.now(), parcel)).collect();
            self.arrive(10, true).await;
        }
        self.read_back().await;
        let held: Rows = self
            .studio
            .list(100)
            .await
            .into_iter()
            .map(|stored| (stored.id, stored.record.values[6].number().unwrap()))
            .collect();
        assert_eq!(self.dataverse, held, "dataverse and ledger differ in the end");
        let standing = self.studio.balanced().await;
        assert_eq!((standing.pending, standing.dead, standing.oldest_pending), (0, 0, None));
        let balance = &standing.balance[0];
        assert_eq!(balance.delivered + balance.deleted_unsent, balance.durable);
        assert!(self.studio.ledger.unconfirmed(self.studio.now(), 10).await.unwrap().is_empty());
        assert_eq!(balance.confirmed, balance.delivered);
    }
}

pub fn nothing_is_ever_unaccounted_for(store: Store) {
    let config = ProptestConfig { cases: store.cases(48), ..ProptestConfig::default() };
    proptest!(config, |(events in prop::collection::vec(event(), 1..60))| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let studio = Studio::open(store).await;
            let mut world = World { studio, dataverse: Rows::new(), under_way: Vec::new() };
            for event in &events {
                world.happen(event).await;
                world.studio.balanced().await;
            }
            world.settle().await;
            world.studio.ledger.close().await;
        });
    });
}

pub async fn many_at_once_are_told_apart_and_none_is_lost(store: Store) {
    let studio = Studio::open(store).await;
    let tasks: Vec<_> = (0..40_u8)
        .map(|task| {
            let ledger = studio.ledger.clone();
            tokio::spawn(async move {
                let mut stored = 0;
                for run in 0..20_u8 {
                    let records = vec![record(run, 0), record(100 + task, run % 3)];
                    let outcomes = ledger.store(T, KIND, records).await.unwrap();
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
