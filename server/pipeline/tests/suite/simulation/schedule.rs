//! What happens in a run, and when: people here, people there, troubles and crashes, drawn from a seed.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::time::sleep;
use uuid::Uuid;

use super::{organisation::Mishap, world::World};

pub struct Schedule {
    chance: StdRng,
    steps: usize,
}

impl Schedule {
    pub fn of(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let steps = chance.random_range(20..90);
        Self { chance, steps }
    }

    pub async fn play(mut self, world: &mut World) {
        for _ in 0..self.steps {
            self.step(world).await;
            let pause = match self.chance.random_range(0..10) {
                0..6 => self.chance.random_range(0..2_000),
                6..9 => self.chance.random_range(2_000..40_000),
                _ => self.chance.random_range(40_000..400_000),
            };
            sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn step(&mut self, world: &mut World) {
        match self.chance.random_range(0..100) {
            0..30 => self.take_in(world).await,
            30..40 => {
                if let Some(run) = self.some_run(world) {
                    world.correct(run, self.tokens()).await;
                }
            }
            40..46 => {
                if let Some(run) = self.some_run(world) {
                    world.withdraw(run).await;
                }
            }
            46..56 => {
                let (id, tokens) = (Uuid::from_u128(self.chance.random()), self.tokens());
                world.others_make(id, tokens);
            }
            56..64 => {
                let (at, tokens) = (self.chance.random_range(0..1_000_000), self.tokens());
                world.others_edit(at, tokens);
            }
            64..70 => world.others_delete(self.chance.random_range(0..1_000_000)),
            70..71 => {
                for _ in 0..self.chance.random_range(5..15) {
                    world.others_delete(self.chance.random_range(0..1_000_000));
                }
            }
            71..73 => world.others_spoil(self.chance.random_range(0..1_000_000)),
            73..80 => world.crash(self.chance.random_range(0..2)),
            80..88 => world.start(self.chance.random_range(0..2)),
            88..89 => world.organisation.state().expire_links(),
            89..92 => self.poison(world),
            92 => world.serial.fail(Duration::from_secs(self.chance.random_range(1..300))),
            93 => {
                if let Some(run) = self.some_run(world) {
                    world.others_make_twin(run, Uuid::from_u128(self.chance.random()));
                }
            }
            94..96 => world.answer(self.chance.random()).await,
            96 => self.undo(world),
            97 => world
                .stall(self.chance.random_range(0..2), Duration::from_secs(self.chance.random_range(1..600))),
            _ => self.trouble(world),
        }
    }

    async fn take_in(&mut self, world: &mut World) {
        let count = self.chance.random_range(1..25);
        let tokens = self.tokens();
        world.take_in(count, tokens).await;
    }

    /// Often few different ones, so that a row is put back to what it was before.
    fn tokens(&mut self) -> i64 {
        let most = if self.chance.random() { 3 } else { 1_000 };
        self.chance.random_range(0..most)
    }

    /// The organisation forgets: some rows, or everything since it was backed up.
    fn undo(&mut self, world: &World) {
        let mut state = world.organisation.state();
        match self.chance.random_range(0..3) {
            0 => state.back_up(),
            1 => state.restore(),
            _ => {
                drop(state);
                world.organisation.lose_up_to(self.chance.random_range(1..8));
            }
        }
    }

    fn some_run(&mut self, world: &World) -> Option<usize> {
        (world.runs > 0).then(|| self.chance.random_range(0..world.runs))
    }

    fn poison(&mut self, world: &World) {
        if let Some(run) = self.some_run(world) {
            world.organisation.state().poison.insert(format!("r{run}"));
        }
    }

    fn trouble(&mut self, world: &World) {
        let (trouble, seconds) = match self.chance.random_range(0..6) {
            0 => (Mishap::Away, self.chance.random_range(1..3600)),
            1 => (Mishap::Throttled(self.chance.random_range(1..120)), self.chance.random_range(1..300)),
            2 => (Mishap::Unavailable, self.chance.random_range(1..120)),
            3 => (Mishap::LostAnswers, self.chance.random_range(1..120)),
            4 => (Mishap::Slow, self.chance.random_range(1..200)),
            _ => (Mishap::Flaky(self.chance.random_range(1..4)), self.chance.random_range(1..7200)),
        };
        world.trouble(trouble, Duration::from_secs(seconds));
    }
}
