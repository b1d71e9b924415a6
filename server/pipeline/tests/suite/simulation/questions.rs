//! Rows that are gone there, and what is asked about them, while something else goes wrong.

use tokio::time::sleep;

use super::{HOUR, in_virtual_time, world::World};

#[test]
fn an_answer_that_is_taken_back_holds_no_more() {
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
        assert_eq!((world.question().await, world.standing().await.reflected.withdrawn), (None, 40));
        world.ask_again().await;
        (0..20).for_each(|_| world.others_delete(0));
        sleep(HOUR).await;
        assert_eq!(world.question().await.map(|question| question.gone), Some(20));
        assert_eq!(world.standing().await.reflected.withdrawn, 40);
        world.calm().await;
    });
}
