//! How fresh the panel is, and in which words it says so.

use crate::panel::Tone;

/// From this many missed polls on the figures are called stale, then the panel offline.
const STALE_AFTER: u32 = 2;
const OFFLINE_AFTER: u32 = 3;

const POLL_MS: u32 = 10_000;
const LONGEST_MS: u32 = 80_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Polls in a row that brought nothing.
    pub missed: u32,
    /// Why the last of them did not.
    pub reason: String,
    /// Seconds since the last good answer.
    pub age_seconds: u32,
    pub paused: bool,
}

impl Health {
    pub(crate) fn answered(&mut self) {
        *self = Self { paused: self.paused, ..Self::default() };
    }

    pub(crate) fn missed(&mut self, reason: &str) {
        self.missed = self.missed.saturating_add(1);
        reason.clone_into(&mut self.reason);
    }

    pub(crate) fn tone(&self) -> Tone {
        match self.missed {
            _ if self.paused => Tone::Neutral,
            OFFLINE_AFTER.. => Tone::Bad,
            STALE_AFTER.. => Tone::Late,
            _ => Tone::Good,
        }
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.tone() == Tone::Bad
    }

    /// The state alone; it is spoken when it changes.
    pub(crate) fn state(&self) -> String {
        match self.missed {
            _ if self.paused => "Paused".to_owned(),
            OFFLINE_AFTER.. => format!("Offline: {}", self.reason),
            STALE_AFTER.. => "Stale: the last good figures are shown".to_owned(),
            _ => "Live".to_owned(),
        }
    }

    /// The state with its age: "Live · 4 s ago".
    pub(crate) fn words(&self) -> String {
        let state = match self.tone() {
            Tone::Neutral => "Paused",
            Tone::Bad => "Offline",
            Tone::Late => "Stale",
            Tone::Good => "Live",
        };
        format!("{state} · {}", age(self.age_seconds))
    }

    /// How long to wait for the next poll. `chance` is from 0 to 1; after a miss it spreads the browsers out.
    pub(crate) fn wait_ms(&self, chance: f64) -> u32 {
        if self.missed < STALE_AFTER {
            return POLL_MS;
        }
        let doubled = POLL_MS.saturating_mul(1 << (self.missed - STALE_AFTER + 1).min(3)).min(LONGEST_MS);
        let half = doubled / 2;
        half + scaled(half, chance)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32 is a u32")]
fn scaled(whole: u32, share: f64) -> u32 {
    (f64::from(whole) * share.clamp(0.0, 1.0)) as u32
}

/// "4 s ago", "3 min ago".
pub(crate) fn age(seconds: u32) -> String {
    match seconds {
        0..60 => format!("{seconds}\u{a0}s ago"),
        60..3_600 => format!("{}\u{a0}min ago", seconds / 60),
        3_600..86_400 => format!("{}\u{a0}h ago", seconds / 3_600),
        _ => format!("{}\u{a0}d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_missed_polls_are_stale() {
        let mut health = Health::default();
        let mut tones = Vec::new();
        for _ in 0..4 {
            tones.push(health.tone());
            health.missed("the server does not answer");
        }
        assert_eq!(tones, [Tone::Good, Tone::Good, Tone::Late, Tone::Bad]);
        assert_eq!(health.state(), "Offline: the server does not answer");
        health.answered();
        assert_eq!(health.words(), "Live · 0\u{a0}s ago");
    }

    #[test]
    fn a_paused_page_is_not_offline() {
        let health = |missed, paused| Health { missed, paused, ..Health::default() };
        assert!(health(3, false).is_offline());
        assert!(!health(2, false).is_offline() && !health(3, true).is_offline());
    }

    #[test]
    fn waits_grow_with_jitter_and_end() {
        let wait = |missed, chance| Health { missed, ..Health::default() }.wait_ms(chance);
        assert_eq!([wait(0, 0.9), wait(1, 0.1)], [10_000, 10_000]);
        assert_eq!([wait(2, 0.0), wait(2, 1.0)], [10_000, 20_000]);
        assert_eq!([wait(3, 0.0), wait(3, 1.0)], [20_000, 40_000]);
        assert_eq!([wait(9, 0.0), wait(4_000_000, 1.0)], [40_000, 80_000]);
    }
}
