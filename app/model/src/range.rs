//! The stretches of time that people choose, in one table: key, label, URL value and single key.

use serde::{Deserialize, Serialize};

/// A range with a name. It stays relative: "30 days" means the 30 days before whenever it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Range {
    #[default]
    Live,
    Days30,
    Days60,
    Days90,
}

impl Range {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Live, Self::Days30, Self::Days60, Self::Days90];

    /// As in the URL.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Days30 => "30d",
            Self::Days60 => "60d",
            Self::Days90 => "90d",
        }
    }

    /// What the page calls it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Days30 => "30 days",
            Self::Days60 => "60 days",
            Self::Days90 => "90 days",
        }
    }

    /// The single key that chooses it.
    #[must_use]
    pub const fn shortcut(self) -> &'static str {
        match self {
            Self::Live => "l",
            Self::Days30 => "3",
            Self::Days60 => "6",
            Self::Days90 => "9",
        }
    }

    /// Whole days before today; none for the last 24 hours.
    #[must_use]
    pub const fn days(self) -> Option<i64> {
        match self {
            Self::Live => None,
            Self::Days30 => Some(30),
            Self::Days60 => Some(60),
            Self::Days90 => Some(90),
        }
    }

    /// The range that has this word.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.key() == key)
    }

    /// The range that this key on the keyboard chooses.
    #[must_use]
    pub fn of_shortcut(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.shortcut() == key)
    }
}
