//! What a question is answered with.

use model::{record::Kinds, time::Timestamp};
use sqlx::SqlitePool;

use super::counted::Counted;
use crate::hours::Tallies;

#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) pool: &'a SqlitePool,
    pub(crate) kinds: Kinds,
    pub(crate) counted: &'a Counted,
    pub(crate) hours: &'a Tallies<i64>,
    pub(crate) now: Timestamp,
}
