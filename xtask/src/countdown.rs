//! Says of the long steps of a build which one is at work and how much is left. How many crates are left of a step, cargo says
//! itself where it writes to a terminal.

use anyhow::Result;

use crate::shell;

/// One of a build's steps.
#[derive(Clone, Copy)]
struct BuildStep {
    what: &'static str,
    /// How long it takes two cores that have nothing else to do when nothing was built yet, in seconds.
    first: u32,
}

/// The steps of a build that are left.
pub struct Countdown {
    steps: &'static [BuildStep],
    next: usize,
    /// Whether an earlier build left something to go on from.
    goes_on: bool,
}

/// What is built, and in which order.
#[derive(Clone, Copy)]
pub enum BuildPlan {
    /// `build`.
    Release,
    /// `dev`.
    Dev,
    /// `run` where the browser's part was made before.
    Run,
    /// `run` for the first time: the server starts before the browser's part is there.
    FirstRun,
}

const BROWSER: &str = "compiling the browser's side";
const PACKING: &str = "packing page script, WebAssembly, styles and icons";
const SERVER: &str = "compiling the server";

impl BuildPlan {
    const fn steps(self) -> &'static [BuildStep] {
        match self {
            Self::Release => &[
                BuildStep { what: BROWSER, first: 150 },
                BuildStep { what: PACKING, first: 75 },
                BuildStep { what: SERVER, first: 480 },
            ],
            Self::Dev => &[
                BuildStep { what: BROWSER, first: 110 },
                BuildStep { what: PACKING, first: 45 },
                BuildStep { what: SERVER, first: 240 },
            ],
            Self::Run => &[
                BuildStep { what: BROWSER, first: 110 },
                BuildStep { what: PACKING, first: 45 },
                BuildStep { what: SERVER, first: 200 },
            ],
            Self::FirstRun => &[
                BuildStep { what: "packing styles and icons", first: 6 },
                BuildStep { what: SERVER, first: 215 },
                BuildStep { what: BROWSER, first: 65 },
                BuildStep { what: PACKING, first: 30 },
            ],
        }
    }
}

impl Countdown {
    pub const fn of(plan: BuildPlan, goes_on: bool) -> Self {
        Self { steps: plan.steps(), next: 0, goes_on }
    }

    /// The next one of them.
    pub fn step<T>(&mut self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let (what, left) = self.say();
        self.next += 1;
        shell::step(what, &left, work)
    }

    fn say(&self) -> (&'static str, String) {
        let left = self.steps.get(self.next..).unwrap_or_default();
        let what = left.first().map_or("compiling", |step| step.what);
        let place = format!("{} of {}", self.next + 1, self.steps.len());
        if self.goes_on {
            return (what, format!("{place}; seconds, or a minute where much has changed"));
        }
        let seconds = |steps: &[BuildStep]| steps.iter().map(|step| step.first).sum();
        let now = words(seconds(left.get(..1).unwrap_or_default()));
        (what, format!("{place}; about {now}, and {} until the end", words(seconds(left))))
    }
}

fn words(seconds: u32) -> String {
    if seconds < 90 { format!("{seconds} s") } else { format!("{} min", (seconds + 30) / 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_counted_down() {
        let mut countdown = Countdown::of(BuildPlan::FirstRun, false);
        let mut said = Vec::new();
        for _ in BuildPlan::FirstRun.steps() {
            said.push(countdown.say().1);
            countdown.step(|| Ok(())).unwrap();
        }
        let begins: Vec<&str> = said.iter().map(|words| &words[..6]).collect();
        assert_eq!(begins, ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]);
        assert!(said[1].ends_with("about 4 min, and 5 min until the end"), "{said:?}");
        assert!(Countdown::of(BuildPlan::Release, true).say().1.contains("seconds"));
    }
}
