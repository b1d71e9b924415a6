//! What is asked about the past, and the answer, before anybody makes words of it.

use crate::{
    calendar::Window,
    figures::{Figures, Sums},
};

/// Which runs count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    pub campaign: Option<String>,
    pub phase: Option<String>,
}

/// One answer: a figure for each bucket and for the whole, of the window and of the stretch before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    pub window: Window,
    pub buckets: Vec<Sums>,
    pub figures: Figures,
    pub previous_buckets: Vec<Sums>,
    pub previous: Figures,
}
