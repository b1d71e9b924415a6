//! `$apply`: filter, groupby, aggregate.

use crate::address::Options;
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::schema::Table;
use crate::store::Reader;

use super::condition::Names;

pub(super) async fn answer(
    _names: Names<'_>,
    _reader: &mut Reader<'_>,
    _request: &Request,
    _table: &Table,
    _transformation: &str,
    _options: &Options,
) -> Result<Answer> {
    Err(Fault::unsupported("$apply"))
}
