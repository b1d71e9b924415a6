//! Rows that are gone there, and what is asked about them, while something else goes wrong.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::sleep;

use super::{HOUR, in_virtual_time, world::World};

#[test]
fn withdrawn_answers_do_not_hold() {
    in_virtual_time(async {
        let mut world = World::open_with(1, |_| ()).await;
        world.take_in(200, 1).await;
        sleep(2 * HOUR).await;
        (0..20).for_each(|_| world.others_delete(0));
        sleep(HOUR).await;
        world.answer_for_good(false).await;
        sleep(HOUR).await;
        (0..20).for_each(|_| world.others_delete(0));
        sleep(HOUR).await;
        assert_eq!((world.question().await, world.delivery_counts().await.reflected.withdrawn), (None, 40));
        world.ask_again().await;
        (0..20).for_each(|_| world.others_delete(0));
        sleep(HOUR).await;
        assert_eq!(world.question().await.map(|question| question.gone), Some(20));
        assert_eq!(world.delivery_counts().await.reflected.withdrawn, 40);
        world.calm().await;
    });
}

#[test]
fn deletions_survive_ledger_errors() {
    in_virtual_time(async {
        let mut world = World::open_with(1, |settings| settings.mirror_every = HOUR).await;
        sleep(Duration::from_secs(60)).await;
        world.take_in(30, 1).await;
        sleep(3 * HOUR).await;
        assert_eq!(world.delivery_counts().await.unconfirmed, 0);
        world.crash(0);
        sleep(3 * HOUR).await;
        world.have_read_whole().await;
        world.organisation.lose(30);
        // The mirror's first look fails, so that the read-back is ahead of it.
        world.serial.fail(Duration::from_secs(5));
        world.start(0);
        sleep(Duration::from_secs(60)).await;
        world.take_in(5, 1).await;
        sleep(Duration::from_secs(20)).await;
        world.organisation.lose(5);
        world.serial.forgets_once.store(true, Ordering::SeqCst);
        sleep(5 * HOUR).await;
        assert!(!world.serial.forgets_once.load(Ordering::SeqCst));
        let question = world.question().await.unwrap();
        assert_eq!((question.gone, question.unseen), (30, 30));
        assert_eq!(world.delivery_counts().await.reflected.resent, 5);
        world.calm().await;
    });
}
