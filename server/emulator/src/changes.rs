//! Change tracking: delta links, tombstones, expiry [D:use-change-tracking-synchronize-data-external-systems.md].

use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::query::Names;
use crate::schema::Table;
use crate::store::Reader;

pub(crate) async fn respond(
    _names: Names<'_>,
    _reader: &mut Reader<'_>,
    _request: &Request,
    _table: &Table,
) -> Result<Answer> {
    Err(Fault::unsupported("change tracking"))
}
