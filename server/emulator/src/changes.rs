//! Change tracking: a first read of a whole table, then only what changed since, tombstones among it
//! \[D:use-change-tracking-synchronize-data-external-systems.md\].
//!
//! Every row carries the version that its last change gave it, from one counter for the whole organisation. A reading
//! covers the versions from one mark up to another, the counter as it stood when the reading began. A row that changes
//! while the pages are being read goes beyond that mark and comes with the next reading: nothing is lost between two.

mod token;

use sqlx::Row as _;

use crate::address::{QueryOptions, path_and_query};
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::query::{
    AnswerStyle, MOST_ROWS, Resolver, RowSelection, SelectList, Shape, link, page_size, write_row,
};
use crate::schema::Table;
use crate::store::{StoreReader, sql};
use crate::value::{Cell, write_text};

use token::{ReadPosition, Stamp};

/// Options that a reading with change tracking does not take.
const REFUSED: &[&str] = &["$filter", "$orderby", "$expand", "$top"];

/// Answers a reading with `Prefer: odata.track-changes` or a `$deltatoken`.
pub(crate) async fn respond(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &Table,
) -> Result<Answer> {
    let (path, query) = path_and_query(&request.target);
    let options = QueryOptions::parse(query);
    check(table, &options)?;
    let place = start(resolver, reader, &options).await?;
    if path.trim_end_matches('/').ends_with("/$count") {
        return count(reader, table, &place).await;
    }
    let rows = page_size(request)?.unwrap_or(MOST_ROWS) as usize;
    page(resolver, reader, request, table, &options, place, rows).await
}

fn check(table: &Table, options: &QueryOptions) -> Result<()> {
    if let Some(name) = options.names().find(|name| REFUSED.contains(name)) {
        let name = name.trim_start_matches('$');
        let message =
            format!("The \"${{{name}}}\" query parameter isn't supported when Change Tracking is enabled.");
        return Err(Fault::bad("0x80060888", message));
    }
    if let Some(name) = ["$apply", "fetchXml"].iter().find(|name| options.get(name).is_some()) {
        return Err(Fault::unsupported(format!("{name} with change tracking")));
    }
    if table.change_tracking {
        return Ok(());
    }
    let message = format!("Entity: {} isn't enabled for change tracking.", table.logical);
    Err(Fault::bad("0x80040216", message))
}

/// Where this page begins: in the middle of a reading, at what a delta link says, or at the very start.
async fn start(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    options: &QueryOptions,
) -> Result<ReadPosition> {
    if let Some(token) = options.get("$skiptoken") {
        return ReadPosition::from_token(token);
    }
    let row = sql("SELECT value FROM facts WHERE name = 'version'".to_owned(), Vec::new());
    let version: i64 = row.fetch_one(reader.connection()).await?.try_get(0)?;
    let Some(text) = options.get("$deltatoken") else {
        return Ok(ReadPosition::at(None, version));
    };
    let since = Stamp::parse(text)?;
    let age = resolver.organisation.surroundings.now_s() - since.issued;
    let keeps = i64::from(resolver.organisation.options.tracking_days) * 86_400;
    // A mark beyond the counter is another organisation's, or one from before a restore.
    if age > keeps || since.version > version {
        return Err(token::expired());
    }
    Ok(ReadPosition::at(Some(since.version), version))
}

/// Rows changed, then rows deleted, each in the order of their versions.
async fn page(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &Table,
    options: &QueryOptions,
    mut place: ReadPosition,
    rows: usize,
) -> Result<Answer> {
    let style = AnswerStyle::of(request, &[])?;
    let mut select_list = SelectList::default();
    let selection = RowSelection { select: options.get("$select"), ..RowSelection::default() };
    let shape =
        Shape::new(resolver, &mut select_list, resolver.table(&table.logical)?, "t", &selection, style)?;
    let delta = if place.since.is_some() { "/$delta" } else { "" };
    let mut body = format!(
        "{{\"@odata.context\":\"{}$metadata#{}{}{delta}\",\"value\":[",
        request.base,
        table.set,
        shape.context()
    );
    let mut written = 0;
    if !place.deletes {
        let text = format!(
            "SELECT {} FROM {} t{} WHERE t.versionnumber > ? AND t.versionnumber <= ? ORDER BY t.versionnumber LIMIT {}",
            select_list.items.join(", "),
            table.rows(),
            select_list.joins.text,
            rows + 1
        );
        let bounds = vec![Cell::Integer(place.after), Cell::Integer(place.up_to)];
        let found = sql(text, bounds).fetch_all(reader.connection()).await?;
        for row in found.iter().take(rows) {
            separate(&mut body, written);
            write_row(&mut body, resolver, &shape, row, style, None)?;
            place.after = shape.version(row)?;
            written += 1;
        }
        if found.len() > rows {
            return Ok(finish(body, &link(request, "$skiptoken", &place.to_token()), "nextLink"));
        }
        place.go_on_to_deletes();
    }
    // A first reading has no deletes: the client has not seen those rows.
    if place.since.is_some() {
        let found = tombstones(reader, table, &place, rows - written + 1).await?;
        let more = found.len() > rows - written;
        for (version, id) in found.into_iter().take(rows - written) {
            separate(&mut body, written);
            let context = format!("{}$metadata#{}/$deletedEntity", request.base, table.set);
            body.push_str(&format!(
                "{{\"@odata.context\":\"{context}\",\"id\":\"{id}\",\"reason\":\"deleted\"}}"
            ));
            place.after = version;
            written += 1;
        }
        if more {
            return Ok(finish(body, &link(request, "$skiptoken", &place.to_token()), "nextLink"));
        }
    }
    let stamp = Stamp { version: place.up_to, issued: resolver.organisation.surroundings.now_s() };
    Ok(finish(body, &link(request, "$deltatoken", &stamp.print()), "deltaLink"))
}

fn separate(body: &mut String, written: usize) {
    if written > 0 {
        body.push(',');
    }
}

fn finish(mut body: String, link: &str, name: &str) -> Answer {
    body.push_str(&format!("],\"@odata.{name}\":"));
    write_text(&mut body, link);
    body.push('}');
    Answer::json(body).with("preference-applied", "odata.track-changes")
}

/// Versions and ids of rows deleted in this reading's stretch and not made again since.
async fn tombstones(
    reader: &mut StoreReader<'_>,
    table: &Table,
    place: &ReadPosition,
    most: usize,
) -> Result<Vec<(i64, uuid::Uuid)>> {
    let text = format!(
        "SELECT version, id FROM tombstones WHERE table_number = ? AND version > ? AND version <= ? AND NOT EXISTS \
         (SELECT 1 FROM {} t WHERE t.\"{}\" = tombstones.id) ORDER BY version LIMIT {most}",
        table.rows(),
        table.primary_id()
    );
    let bounds = vec![Cell::Integer(table.number), Cell::Integer(place.after), Cell::Integer(place.up_to)];
    let rows = sql(text, bounds).fetch_all(reader.connection()).await?;
    rows.iter()
        .map(|row| {
            let bytes: Vec<u8> = row.try_get(1)?;
            Ok((row.try_get(0)?, uuid::Uuid::from_slice(&bytes).unwrap_or_default()))
        })
        .collect()
}

/// `set/$count?$deltatoken=…`: how many entries the reading would have.
async fn count(reader: &mut StoreReader<'_>, table: &Table, place: &ReadPosition) -> Result<Answer> {
    let text =
        format!("SELECT count(*) FROM {} WHERE versionnumber > ? AND versionnumber <= ?", table.rows());
    let bounds = vec![Cell::Integer(place.after), Cell::Integer(place.up_to)];
    let changed: i64 = sql(text, bounds).fetch_one(reader.connection()).await?.try_get(0)?;
    let deleted = match place.since {
        Some(_) => tombstones(reader, table, place, usize::try_from(i32::MAX).unwrap_or(0)).await?.len(),
        None => 0,
    };
    let total = changed.unsigned_abs() + deleted as u64;
    Ok(Answer::of_kind("text/plain", total.to_string()))
}
