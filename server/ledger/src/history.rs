//! What the stores' sums come to: the same arithmetic over the same buckets, whoever added them up.

use model::{
    calendar::{Bucket, Span, Window},
    figures::{Figures, Sums},
    history::History,
};

/// The spans that a store adds up: the window's buckets, then those of the stretch before it.
pub(crate) fn spans(window: &Window) -> Vec<Span> {
    window.buckets.iter().chain(&window.previous_buckets).map(|bucket: &Bucket| bucket.span).collect()
}

/// `buckets` stand in the order of `spans`; distinct campaigns do not add up, so they are counted for each stretch.
pub(crate) fn assemble(
    window: &Window,
    mut buckets: Vec<Sums>,
    campaigns: i64,
    previous_campaigns: i64,
) -> History {
    let previous_buckets = buckets.split_off(window.buckets.len());
    History {
        window: window.clone(),
        figures: Figures { sums: Sums::total(&buckets), campaigns },
        previous: Figures { sums: Sums::total(&previous_buckets), campaigns: previous_campaigns },
        buckets,
        previous_buckets,
    }
}
