//! A ledger that was lost, read anew out of Dataverse.

use std::sync::Arc;

use ledger::{Ledger, ListAsk};
use model::{clock::Clock, record::KINDS, rng::Seeded, time::MINUTE};
use tempfile::TempDir;

use crate::{
    others::{beside_the_emulator, others_make, watchful},
    support::{KIND, T, runs, settings},
};

#[tokio::test]
async fn rebuilt_ledgers_say_the_same() {
    let mut studio = beside_the_emulator().await;
    others_make(&studio, 20).await;
    studio.store(runs(30)).await;
    studio.start_with(watchful());
    studio
        .until("all are here and there", |status| (status.confirmed, status.mirror.added) == (30, 20))
        .await;
    studio.stop().await;
    studio.clock.advance_micros(MINUTE);

    let folder = TempDir::new().unwrap();
    let clock = Arc::clone(&studio.clock) as Arc<dyn Clock>;
    let place = ledger::StoreSettings::Folder(folder.path().to_owned());
    let rebuilt = Ledger::open(KINDS, place, Arc::clone(&clock), Seeded::new(8)).await.unwrap();
    let mut progress = Vec::new();
    let tenants = settings().tenants;
    let mut listener = |rows| progress.push(rows);
    let (ledger, client) = (rebuilt.clone(), studio.client.clone());
    let rows =
        pipeline::rebuild(ledger, client, settings().mapping, &tenants, clock, &mut listener).await.unwrap();
    assert_eq!(rows, 50);
    assert_eq!(progress.last(), Some(&50));

    let said = async |ledger: &Ledger| {
        let ask = ListAsk { limit: 1_000, ..ListAsk::default() };
        let items = ledger.list(T, KIND, &ask).await.unwrap().items;
        let mut said: Vec<_> =
            items.into_iter().map(|stored| (stored.id, stored.record.values().to_vec())).collect();
        said.sort_by_key(|(id, _)| *id);
        said
    };
    assert_eq!(said(&rebuilt).await, said(&studio.ledger).await);
    let counts = rebuilt.delivery_counts(T).await.unwrap();
    assert_eq!((counts.balance[0].mirrored, counts.balance[0].unaccounted(), counts.pending), (50, 0, 0));

    // Its mirror goes on from there.
    let lost = std::mem::replace(&mut studio.ledger, rebuilt);
    lost.close().await;
    studio.start_with(watchful());
    let status = studio.until("it has looked", |status| status.mirror.last_pass.is_some()).await;
    assert_eq!((status.mirror.added, status.mirror.rows_read, status.sent), (0, 0, 0));
}
