//! A ledger that was put back from a copy looks before it sends, however slowly Dataverse answers.

use std::time::Duration;

use tokio::time::sleep;

use super::{HOUR, in_virtual_time, organisation::Mishap, world::World};

#[test]
fn long_looks_are_not_taken_over() {
    in_virtual_time(async {
        let mut world = World::open_with(1, |settings| settings.mirror_every = Duration::from_secs(5)).await;
        world.take_in(1_000, 1).await;
        sleep(HOUR).await;
        world.crash(0);
        for run in 0..1_000 {
            world.correct(run, 2).await;
        }
        world.serial.put_back(world.now());
        world.trouble(Mishap::Slow, 2 * HOUR);
        world.start(0);
        world.start(1);
        sleep(HOUR / 4).await;
        assert!(!world.serial.is_put_back(), "{:?}", world.status());
        world.calm().await;
    });
}
