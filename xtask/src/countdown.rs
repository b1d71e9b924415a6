//! Says of the long steps of a build which one is at work and how much is left. How many crates are left of a step, cargo says
//! itself where it writes to a terminal.

use anyhow::Result;

use crate::{shell, wasm::Flavour};

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

const RELEASE: &[BuildStep] = &[
    BuildStep { what: "compiling the browser's side", first: 150 },
    BuildStep { what: "packing page script, WebAssembly, styles and icons", first: 40 },
    BuildStep { what: "compiling the server", first: 540 },
];

const QUICK: &[BuildStep] = &[
    BuildStep { what: "compiling the browser's side", first: 60 },
    BuildStep { what: "packing page script, WebAssembly, styles and icons", first: 40 },
    BuildStep { what: "compiling the server", first: 240 },
];

impl Countdown {
    pub fn of(flavour: Flavour, goes_on: bool) -> Self {
        let steps = match flavour {
            Flavour::Release => RELEASE,
            Flavour::Quick => QUICK,
        };
        Self { steps, next: 0, goes_on }
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
        let mut countdown = Countdown::of(Flavour::Quick, false);
        let mut said = Vec::new();
        for _ in QUICK {
            said.push(countdown.say().1);
            countdown.step(|| Ok(())).unwrap();
        }
        let begins: Vec<&str> = said.iter().map(|words| &words[..6]).collect();
        assert_eq!(begins, ["1 of 3", "2 of 3", "3 of 3"]);
        assert!(said[2].ends_with("about 4 min, and 4 min until the end"), "{said:?}");
        assert!(Countdown::of(Flavour::Release, true).say().1.contains("seconds"));
    }
}
