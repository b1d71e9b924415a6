//! Who computes, who waits, what is kept and what goes.

use futures::future::join_all;

use super::*;

/// Each value counts for so much.
const BYTES: usize = 1_000;

struct CountedSource {
    flights: Flights<String, u64, &'static str>,
    computed: Arc<AtomicU64>,
    takes: Duration,
    fails: Arc<AtomicBool>,
}

impl CountedSource {
    fn new(most: usize) -> Self {
        let bounds =
            CacheBounds { bytes: most * (BYTES + PLACE_BYTES), weigh: |_| BYTES, broken: || "it broke off" };
        Self {
            flights: Flights::new(bounds),
            computed: Arc::default(),
            takes: Duration::from_millis(20),
            fails: Arc::default(),
        }
    }

    async fn served(&self, key: &str, moved: u64, keep: bool) -> Result<(u64, bool), &'static str> {
        self.served_in(self.takes, key, moved, keep).await
    }

    async fn served_in(
        &self,
        takes: Duration,
        key: &str,
        moved: u64,
        keep: bool,
    ) -> Result<(u64, bool), &'static str> {
        let compute = |_| {
            let (computed, fails) = (Arc::clone(&self.computed), Arc::clone(&self.fails));
            async move {
                time::sleep(takes).await;
                let value = computed.fetch_add(1, Ordering::SeqCst);
                if fails.load(Ordering::SeqCst) {
                    return Err("no");
                }
                Ok(Brought { value, moved: LedgerVersion(moved), keep })
            }
        };
        let served =
            self.flights.get(key.to_owned(), |kept| kept.is_fresh(LedgerVersion(moved)), compute).await?;
        Ok((*served.value, served.late.is_some()))
    }

    async fn ask(&self, key: &str, moved: u64) -> u64 {
        self.served(key, moved, true).await.unwrap().0
    }

    fn computed(&self) -> u64 {
        self.computed.load(Ordering::SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_viewers_cost_one_computation() {
    let counted = CountedSource::new(8);
    for moved in [1, 2] {
        let answers = join_all((0..1_000).map(|_| counted.ask("a", moved))).await;
        assert!(answers.iter().all(|answer| *answer == moved - 1), "{answers:?}");
        time::advance(PAUSE_MOST).await;
    }
}

#[tokio::test(start_paused = true)]
async fn changes_after_a_calm_are_seen_at_once() {
    for takes in [2, 20, 400, 1_900] {
        let mut counted = CountedSource::new(8);
        counted.takes = Duration::from_millis(takes);
        assert_eq!(counted.ask("a", 1).await, 0);
        assert_eq!(counted.ask("a", 2).await, 1, "one that takes {takes} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn steady_writes_take_a_fifth_of_a_core() {
    let mut counted = CountedSource::new(8);
    counted.takes = Duration::from_millis(100);
    let began = Instant::now();
    let mut moved = 0;
    while began.elapsed() < Duration::from_secs(60) {
        moved += 1;
        counted.ask("a", moved).await;
        time::sleep(Duration::from_millis(1)).await;
    }
    let (least, most) = (60 * 2 - 2, 60 * 2 + 4);
    assert!((least..=most).contains(&counted.computed()), "{} computations", counted.computed());
    time::advance(PAUSE_MOST).await;
    assert_eq!(counted.ask("a", moved + 1).await, counted.computed() - 1, "the last change is seen");
}

#[tokio::test(start_paused = true)]
async fn a_computation_from_before_is_not_enough() {
    let counted = CountedSource::new(8);
    let written_meanwhile = async {
        time::sleep(Duration::from_millis(10)).await;
        counted.ask("a", 2).await
    };
    // Whichever of them goes on first when the computation ends.
    assert_eq!(tokio::join!(written_meanwhile, counted.ask("a", 1)), (1, 0));
    assert_eq!(counted.computed(), 2);
    let written_meanwhile = async {
        time::sleep(Duration::from_millis(10)).await;
        counted.ask("b", 2).await
    };
    assert_eq!(tokio::join!(counted.ask("b", 1), written_meanwhile), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn the_newest_of_slow_values_is_served() {
    let mut counted = CountedSource::new(8);
    assert_eq!(counted.ask("a", 1).await, 0);
    time::advance(Duration::from_secs(30)).await;
    counted.takes = Duration::from_millis(1_200);
    let written_meanwhile = async {
        time::sleep(Duration::from_millis(100)).await;
        counted.served("a", 3, true).await
    };
    let (first, second) = tokio::join!(counted.served("a", 2, true), written_meanwhile);
    assert_eq!(
        (first, second),
        (Ok((1, false)), Ok((1, false))),
        "what ended meanwhile, and not what is 30 s old"
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_second_is_waited_for_in_measure() {
    let counted = CountedSource::new(8);
    let written_meanwhile = async {
        time::sleep(Duration::from_millis(10)).await;
        counted.served_in(Duration::from_secs(60), "a", 2, true).await
    };
    let began = Instant::now();
    let (first, second) = tokio::join!(counted.served("a", 1, true), written_meanwhile);
    assert_eq!((first, second), (Ok((0, false)), Ok((0, false))));
    assert!(began.elapsed() < Duration::from_secs(3), "it has a good value in hand");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_over_ten_seconds() {
    let counted = CountedSource::new(8);
    assert_eq!(counted.ask("a", 1).await, 0);
    time::advance(Duration::from_secs(9)).await;
    assert_eq!(counted.ask("a", 1).await, 0);
    time::advance(Duration::from_secs(2)).await;
    assert_eq!(counted.ask("a", 1).await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_least_recent_goes_first() {
    let counted = CountedSource::new(2);
    for key in ["a", "b", "a", "c", "a"] {
        counted.ask(key, 1).await;
        time::advance(Duration::from_millis(2)).await;
    }
    assert_eq!(counted.computed(), 3, "a stayed");
    counted.ask("b", 1).await;
    assert_eq!(counted.computed(), 4, "b had gone");
}

#[tokio::test(start_paused = true)]
async fn kept_values_stay_within_bounds() {
    let counted = CountedSource::new(5);
    for n in 0..300 {
        counted.ask(&n.to_string(), 1).await;
        assert!(counted.flights.bytes() <= 5 * (BYTES + PLACE_BYTES));
    }
}

#[tokio::test(start_paused = true)]
async fn unused_values_go_after_a_minute() {
    let counted = CountedSource::new(5);
    counted.ask("a", 1).await;
    counted.ask("b", 1).await;
    time::advance(Duration::from_secs(40)).await;
    counted.ask("b", 1).await;
    time::advance(Duration::from_secs(30)).await;
    counted.flights.sweep();
    assert_eq!(counted.flights.bytes(), BYTES + PLACE_BYTES, "b was asked for");
    time::advance(Duration::from_secs(61)).await;
    counted.flights.sweep();
    assert_eq!(counted.flights.bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn worthless_values_leave_no_trace() {
    let counted = CountedSource::new(5);
    assert_eq!(counted.served("a", 1, false).await, Ok((0, false)));
    assert_eq!(counted.flights.bytes(), 0);
    assert_eq!(counted.served("a", 1, false).await, Ok((1, false)));
}

#[tokio::test(start_paused = true)]
async fn the_last_good_value_is_served() {
    let mut counted = CountedSource::new(5);
    assert_eq!(counted.served("a", 1, true).await, Ok((0, false)));
    counted.fails.store(true, Ordering::SeqCst);
    time::advance(Duration::from_secs(5)).await;
    assert_eq!(counted.served("a", 2, true).await, Ok((0, false)), "not too old yet");
    time::advance(Duration::from_secs(6)).await;
    assert_eq!(counted.served("a", 2, true).await, Ok((0, true)), "and it says so");
    assert_eq!(counted.served("b", 2, true).await, Err("no"), "there is none");

    counted.fails.store(false, Ordering::SeqCst);
    counted.takes = Duration::from_secs(5);
    assert_eq!(counted.served("a", 2, true).await, Ok((0, true)), "it takes too long");
    let before = counted.computed();
    time::sleep(Duration::from_secs(4)).await;
    assert_eq!(counted.computed(), before + 1, "it went on all the same");
    assert_eq!(counted.served("a", 2, true).await, Ok((before, false)));
}

#[tokio::test(start_paused = true)]
async fn after_an_hour_the_reason_is_told() {
    let counted = CountedSource::new(5);
    counted.ask("a", 1).await;
    counted.fails.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        time::advance(Duration::from_secs(660)).await;
        assert_eq!(counted.served("a", 2, true).await, Ok((0, true)));
    }
    time::advance(Duration::from_secs(660)).await;
    assert_eq!(counted.served("a", 2, true).await, Err("no"), "people keep asking, and it is still old");
    counted.fails.store(false, Ordering::SeqCst);
    assert!(counted.served("a", 2, true).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn first_computations_end_with_their_waiters() {
    let counted = CountedSource::new(5);
    assert!(time::timeout(Duration::from_millis(5), counted.ask("a", 1)).await.is_err());
    time::advance(Duration::from_secs(1)).await;
    assert_eq!(counted.computed(), 0);
    assert_eq!(counted.ask("a", 1).await, 0, "and the next one begins anew");
}
