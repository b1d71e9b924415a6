//! How many rows one request may carry: as many as the server accepts, which shows when it does not.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::error::Error;

/// The server's own limit on one batch, and where Microsoft advises to begin with bulk actions.
pub(crate) const MOST: usize = 1000;

/// Shared by all clones of a client: what broke under one need not break under the next.
pub(crate) struct RequestSize(AtomicUsize);

impl Default for RequestSize {
    fn default() -> Self {
        Self(AtomicUsize::new(MOST))
    }
}

impl RequestSize {
    /// Rows that the next request may carry.
    pub(crate) fn rows(&self) -> usize {
        self.0.load(Relaxed)
    }

    /// The server took a request of `rows`: a few more the next time, if that was all that was allowed.
    pub(crate) fn accepted(&self, rows: usize) {
        let now = self.rows();
        if rows >= now {
            self.0.store((now + now / 10 + 1).min(MOST), Relaxed);
        }
    }

    /// A request of `rows` was more than the server could take: half of them from now on.
    pub(crate) fn too_large(&self, rows: usize) {
        let half = (rows / 2).max(1);
        self.0.fetch_min(half, Relaxed);
        tracing::debug!(rows, half, "too much for one request; going on with half");
    }
}

/// Fewer rows at once would have gone well: the body was too large, or the work took the server too long
/// \[D:bulk-operations.md\]. None of it had effect.
pub(crate) fn is_too_much(error: &Error) -> bool {
    matches!(error, Error::Rejected(refusal) if refusal.status == 413 || refusal.code == "0x80044151")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_after_failure_and_grows_again() {
        let request_size = RequestSize::default();
        assert_eq!(request_size.rows(), 1000);
        request_size.too_large(1000);
        request_size.too_large(1000);
        assert_eq!(request_size.rows(), 500, "two refused at once are one lesson");
        request_size.accepted(20);
        assert_eq!(request_size.rows(), 500, "a small one shows nothing");
        request_size.accepted(500);
        assert_eq!(request_size.rows(), 551);
        request_size.too_large(1);
        assert_eq!(request_size.rows(), 1);
        (0..100).for_each(|_| request_size.accepted(request_size.rows()));
        assert_eq!(request_size.rows(), 1000);
    }
}
