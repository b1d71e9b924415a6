//! What befalls the lane as a whole, and what one record alone: incidents, slow answers, clocks that jump.

use std::{sync::atomic::Ordering, time::Duration};

use model::{
    delivery::DeliveryState,
    record::CAMPAIGNS,
    time::{HOUR as HOUR_MICROS, MINUTE, SECOND},
};
use tokio::time::sleep;

use super::{HOUR, in_virtual_time, organisation::Mishap, world::World};

const A_MINUTE: Duration = Duration::from_secs(60);

/// Neither mirror nor read-back looks at what others do there.
async fn unwatched() -> World {
    let world = World::open_with(1, |settings| {
        settings.mirror_every = 100 * HOUR;
        settings.unconfirmed_after = 100 * HOUR;
    })
    .await;
    sleep(A_MINUTE).await;
    world
}

#[test]
fn an_incident_kills_no_record() {
    for one_in in [1, 2, 3] {
        in_virtual_time(async {
            let mut world = unwatched().await;
            world.take_in(200, 1).await;
            sleep(Duration::from_secs(2)).await;
            world.trouble(Mishap::Flaky(one_in), HOUR + 10 * A_MINUTE);
            for _ in 0..8 {
                world.take_in(20, 1).await;
                sleep(10 * A_MINUTE).await;
            }
            let counts = world.delivery_counts().await;
            assert_eq!((counts.dead, counts.pending), (0, 0), "one in {one_in}: {:?}", world.status());
            assert_eq!((world.status().sent, world.status().state), (360, DeliveryState::Ok));
        });
    }
}

#[test]
fn while_everything_fails_little_is_tried() {
    in_virtual_time(async {
        let mut world = unwatched().await;
        world.trouble(Mishap::Flaky(1), HOUR);
        world.take_in(200, 1).await;
        sleep(30 * A_MINUTE).await;
        let status = world.status();
        assert_eq!((status.state, status.batch, status.lanes), (DeliveryState::Stopped, 2, 1), "{status:?}");
        assert!(status.reason.unwrap().contains("by itself"));
        let asked = world.organisation.state().log.len();
        assert!(asked < 150, "{asked} requests in half an hour");
    });
}

#[test]
fn failing_records_die_after_an_hour() {
    in_virtual_time(async {
        let mut world = unwatched().await;
        world.organisation.state().refused.insert("r1".to_owned(), 500);
        world.take_in(3, 1).await;
        for minute in 0..65 {
            assert!(minute > 50 || world.delivery_counts().await.dead == 0, "dead after {minute} minutes");
            world.take_in(1, 1).await;
            sleep(A_MINUTE).await;
        }
        let status = world.status();
        assert_eq!((status.sent, status.dead, status.pauses), (67, 1, 0), "{status:?}");
    });
}

#[test]
fn lone_failures_count_as_the_lanes() {
    in_virtual_time(async {
        let mut world = unwatched().await;
        world.organisation.state().refused.insert("r0".to_owned(), 500);
        world.take_in(1, 1).await;
        sleep(2 * HOUR).await;
        assert_eq!((world.status().state, world.delivery_counts().await.dead), (DeliveryState::Stopped, 0));
        world.take_in(3, 1).await;
        sleep(2 * A_MINUTE).await;
        assert_eq!((world.status().sent, world.status().state), (3, DeliveryState::Ok));
        assert_eq!(world.delivery_counts().await.pending, 1);
    });
}

#[test]
fn bad_oldest_records_hold_up_no_others() {
    // More than the largest batch holds, too.
    for (status, count, minutes) in [(403, 12, 10), (500, 12, 10), (403, 100, 20), (500, 100, 20)] {
        in_virtual_time(async {
            let mut world = unwatched().await;
            let bad = (0..count).map(|run| (format!("r{run}"), status));
            world.organisation.state().refused.extend(bad);
            world.take_in(count, 1).await;
            sleep(10 * A_MINUTE).await;
            world.take_in(12, 1).await;
            sleep(minutes * A_MINUTE).await;
            assert_eq!(world.status().sent, 12, "{count} by {status}: {:?}", world.status());
        });
    }
}

#[test]
fn forbidden_to_all_kills_no_record() {
    in_virtual_time(async {
        let mut world = unwatched().await;
        world.organisation.state().refused.insert("r1".to_owned(), 403);
        world.take_in(5, 1).await;
        sleep(10 * A_MINUTE).await;
        let status = world.status();
        assert_eq!((status.sent, status.dead, status.state), (4, 1, DeliveryState::Ok), "{status:?}");
        let ledger = world.serial.ledger.clone();
        let letters = world.serial.take(async move { ledger.dead_letters(crate::support::T, 9).await }).await;
        assert!(letters.unwrap()[0].reason.contains("403"));
        let all = (5..10).map(|run| (format!("r{run}"), 403));
        world.organisation.state().refused.extend(all);
        world.take_in(5, 1).await;
        sleep(HOUR).await;
        let status = world.status();
        assert_eq!((status.dead, status.state), (1, DeliveryState::Stopped), "{status:?}");
        world.organisation.state().refused.clear();
        sleep(2 * A_MINUTE).await;
        assert_eq!(world.status().sent, 9);
    });
}

#[test]
fn unkept_letters_stop_none() {
    in_virtual_time(async {
        let mut world = unwatched().await;
        world.serial.keeps_no_letters.store(true, Ordering::SeqCst);
        world.organisation.state().poison.insert("r0".to_owned());
        world.take_in(3, 1).await;
        sleep(A_MINUTE).await;
        world.take_in(3, 1).await;
        sleep(A_MINUTE).await;
        assert_eq!((world.status().sent, world.delivery_counts().await.pending), (5, 1));
    });
}

#[test]
fn nothing_lands_after_its_lease() {
    in_virtual_time(async {
        let change = |settings: &mut pipeline::Settings| {
            settings.hold = Duration::from_secs(20);
            settings.mirror_every = 100 * HOUR;
            settings.unconfirmed_after = 100 * HOUR;
        };
        let mut world = World::open_with(1, change).await;
        world.crash(0);
        world.organisation.refuses_many = true;
        world.organisation.takes = Some(Duration::from_secs(9));
        world.take_in(1, 1).await;
        world.start(0);
        sleep(Duration::from_secs(10)).await;
        world.organisation.takes = None;
        world.start(1);
        world.correct(0, 2).await;
        sleep(5 * A_MINUTE).await;
        assert_eq!(world.delivery_counts().await.pending, 0);
        assert_eq!(world.tokens_there(0), 2, "{:#?}", world.organisation.state().log);
    });
}

#[test]
fn slow_answers_are_waited_for() {
    in_virtual_time(async {
        let change = |settings: &mut pipeline::Settings| settings.hold = Duration::from_secs(20);
        let mut world = World::open_with(1, change).await;
        world.crash(0);
        world.organisation.refuses_many = true;
        world.organisation.takes = Some(Duration::from_secs(9));
        world.take_in(10, 1).await;
        world.start(0);
        sleep(10 * A_MINUTE).await;
        assert_eq!(world.delivery_counts().await.pending, 0, "{:?}", world.status());
    });
}

#[test]
fn clock_changes_delay_at_most_a_minute() {
    for hours in [-50, -3, 3, 50] {
        in_virtual_time(async {
            let mut world = unwatched().await;
            world.trouble(Mishap::Away, 10 * HOUR);
            world.clock.set_off_by(hours * HOUR_MICROS);
            world.take_in(20, 1).await;
            sleep(20 * A_MINUTE).await;
            world.clock.set_off_by(0);
            sleep(A_MINUTE).await;
            world.take_in(20, 1).await;
            let oldest = world.delivery_counts().await.oldest_pending.unwrap();
            let lag = model::clock::Clock::now(&*world.clock).since(oldest);
            let truly = 20 * MINUTE..22 * MINUTE;
            assert!(hours < 0 || truly.contains(&lag), "off by {hours} h: {} s", lag / SECOND);
            world.organisation.state().trouble = None;
            sleep(A_MINUTE).await;
            let counts = world.delivery_counts().await;
            assert_eq!((counts.pending, world.status().state), (0, DeliveryState::Ok), "off by {hours} h");
        });
    }
}

#[test]
fn clock_jumps_send_nothing_twice() {
    for hours in [-50, 50] {
        in_virtual_time(async {
            let mut world = unwatched().await;
            world.take_in(1, 1).await;
            sleep(A_MINUTE).await;
            world.trouble(Mishap::Slow, A_MINUTE);
            world.take_in(1, 1).await;
            sleep(Duration::from_secs(10)).await;
            world.clock.set_off_by(hours * HOUR_MICROS);
            world.take_in(1, 1).await;
            sleep(5 * A_MINUTE).await;
            let rows = world.organisation.state().log.iter().filter(|line| line.contains("write 1")).count();
            assert_eq!((world.status().sent, rows), (3, 4), "a name and three rows: {hours} h");
            assert_eq!(world.delivery_counts().await.pending, 0);
        });
    }
}

#[test]
fn many_differences_keep_read_back_going() {
    in_virtual_time(async {
        let change = |settings: &mut pipeline::Settings| {
            (settings.batch, settings.batch_max) = (500, 500);
            settings.mirror_every = 100 * HOUR;
            settings.unconfirmed_after = HOUR;
        };
        let mut world = World::open_with(1, change).await;
        sleep(A_MINUTE).await;
        world.take_in(4_100, 1).await;
        sleep(10 * A_MINUTE).await;
        assert_eq!(world.delivery_counts().await.pending, 0);
        (0..4_050).for_each(|run| world.others_rewrite(run, 2));
        sleep(HOUR).await;
        assert_eq!((world.status().confirmed, world.status().differing), (50, 4_050));
    });
}

#[test]
fn steady_flows_are_read_back() {
    in_virtual_time(async {
        let change = |settings: &mut pipeline::Settings| {
            settings.mirror_every = 100 * HOUR;
            settings.unconfirmed_after = A_MINUTE;
        };
        let mut world = World::open_with(1, change).await;
        for _ in 0..600 {
            world.take_in(1, 1).await;
            sleep(Duration::from_secs(1)).await;
        }
        sleep(5 * A_MINUTE).await;
        let asked = world.organisation.state().log.iter().filter(|line| line.contains(" rows ")).count();
        assert!(asked <= 60, "{asked} questions in 15 minutes, where one is asked every 30 s");
        assert_eq!(world.delivery_counts().await.unconfirmed, 0);
    });
}

#[test]
fn failing_lookup_tables_delay_briefly() {
    in_virtual_time(async {
        let mut world = unwatched().await;
        world.organisation.state().failing_set = Some(CAMPAIGNS.entity_set);
        world.take_in(5, 1).await;
        sleep(10 * A_MINUTE).await;
        assert_eq!((world.status().sent, world.delivery_counts().await.pending), (0, 5));
        sleep(20 * A_MINUTE).await;
        assert_eq!((world.status().sent, world.delivery_counts().await.dead), (5, 0));
        // With the next record of it the campaign comes as well.
        world.organisation.state().failing_set = None;
        world.take_in(1, 1).await;
        sleep(10 * A_MINUTE).await;
        let state = world.organisation.state();
        assert!(state.rows.keys().any(|(set, _)| *set == CAMPAIGNS.entity_set));
    });
}
