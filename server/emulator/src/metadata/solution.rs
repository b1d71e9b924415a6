//! Solutions: what is made can be put into one, which then has to be there.

use crate::address::{QueryOptions, path_and_query};
use crate::answer::Request;
use crate::fault::{Fault, Result};
use crate::schema::Schema;
use crate::store::sql;
use crate::value::Cell;
use sqlx::sqlite::SqliteConnection;

/// The solution that a request names, in its header or, as Microsoft's Python client does, among its options.
fn named(request: &Request) -> Option<String> {
    let (_, query) = path_and_query(&request.target);
    let option = QueryOptions::parse(query).get("SolutionUniqueName").map(str::to_owned);
    request.header("mscrm.solutionuniquename").map(str::to_owned).or(option).filter(|name| !name.is_empty())
}

/// Refuses a request that names a solution which is not there. Its code and words are not documented.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    schema: &Schema,
    request: &Request,
) -> Result<()> {
    let (Some(name), Some(table)) = (named(request), schema.table("solution")) else { return Ok(()) };
    let text = format!("SELECT 1 FROM {} WHERE uniquename = ?", table.rows());
    let found = sql(text, vec![Cell::Text(name.clone())]).fetch_optional(connection).await?;
    match found {
        Some(_) => Ok(()),
        None => Err(Fault::argument(format!(
            "The solution '{name}' does not exist. Make it first, or name one of `GET solutions?$select=uniquename`."
        ))),
    }
}
