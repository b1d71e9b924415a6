//! What a question is answered with.

use model::{record::Kinds, time::Timestamp};
use sqlx::SqlitePool;

use super::{counted::Counted, hours};

#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(super) pool: &'a SqlitePool,
    pub(super) kinds: Kinds,
    pub(super) counted: &'a Counted,
    pub(super) hours: &'a hours::Counted,
    pub(super) now: Timestamp,
}
