//! The balance: as one equation, by table, and by hour.

use leptos::prelude::*;
use model::{
    calendar::Zone,
    delivery::{Balance, DeliveryView},
    time::Timestamp,
};

use crate::presenter::count;

/// The records of one hour.
#[derive(Clone, Debug, Default)]
pub struct Hour {
    /// When it began.
    pub at: Timestamp,
    /// The tables in which anything happened.
    pub tables: Vec<&'static str>,
    pub received: i64,
    pub mirrored: i64,
    pub durable: i64,
    pub delivered: i64,
    pub confirmed: i64,
    pub pending: i64,
    pub dead: i64,
    pub unaccounted: i64,
}

pub(super) fn equation(delivery: &DeliveryView) -> impl IntoView + use<> {
    let sum = |figure: fn(&Balance) -> i64| delivery.balance.iter().map(figure).sum::<i64>();
    let unaccounted = delivery.unaccounted();
    let mirrored = sum(|b| b.mirrored);
    let read_back = match delivery.unconfirmed() {
        0 => "out of Dataverse again".to_owned(),
        missing => format!("{} not yet", count(missing)),
    };
    let mut steps = vec![(sum(|b| b.received), "received", "one receipt a request")];
    if mirrored > 0 {
        steps.push((mirrored, "from others", "written straight into Dataverse"));
    }
    steps.push((sum(|b| b.durable), "on disk", "flushed before each answer"));
    let archived = sum(|b| b.archived);
    if archived > 0 {
        steps.push((archived, "archived", "older than this server keeps them"));
    }
    steps.extend([
        (sum(|b| b.delivered) + mirrored, "in Dataverse", "acknowledged"),
        (sum(|b| b.confirmed), "read back", read_back.as_str()),
        (unaccounted, "unaccounted", "what nothing explains"),
    ]);
    let steps = steps.into_iter().map(|(number, what, how)| {
        let class = match (what, unaccounted) {
            ("unaccounted", 0) => "good",
            ("unaccounted", _) => "bad",
            _ => "",
        };
        view! {
            <p>
                <data class=class value=number.to_string()>{count(number)}</data>
                {what}
                <small>{how.to_owned()}</small>
            </p>
        }
    });
    view! { <section class="card equation" aria-label="Balance" id="equation" data-again="">{steps.collect_view()}</section> }
}

pub(super) fn tables(balance: &[Balance]) -> impl IntoView + use<> {
    let rows = balance.iter().map(|b| {
        let figures = [
            b.received,
            b.mirrored,
            b.durable,
            b.archived,
            b.delivered + b.mirrored,
            b.confirmed,
            b.pending,
            b.dead,
            b.dropped,
            b.deleted,
            b.unaccounted(),
        ];
        view! { <tr><th scope="row">{b.table}</th>{cells(&figures)}</tr> }
    });
    let heads = [
        "Received",
        "From others",
        "On disk",
        "Archived",
        "In Dataverse",
        "Read back",
        "On the way",
        "Refused",
        "Dropped",
        "Withdrawn",
        "Unaccounted",
    ];
    view! {
        <section class="card" aria-labelledby="tables">
            <h2 id="tables">"By table"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Every table's figures">
                <table>
                    <thead><tr><th scope="col">"Table"</th>{heading(&heads)}</tr></thead>
                    <tbody id="balance" data-again="">{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

/// Newest first. What was received and what is on disk belong to the hour of their arrival, deliveries to the hour in
/// which they happened.
pub(super) fn hours(hours: &[Hour]) -> impl IntoView + use<> {
    let rows = hours.iter().rev().filter(|hour| !hour.tables.is_empty()).map(|hour| {
        let figures = [
            hour.received,
            hour.mirrored,
            hour.durable,
            hour.delivered,
            hour.confirmed,
            hour.pending,
            hour.dead,
            hour.unaccounted,
        ];
        let from = Zone::utc().format(hour.at, "%m-%d %H:%M");
        let tables = match hour.tables[..] {
            [table] => table.to_owned(),
            _ => format!("{} tables", hour.tables.len()),
        };
        view! { <tr><th scope="row">{from}</th><td title=hour.tables.join(", ")>{tables}</td>{cells(&figures)}</tr> }
    });
    let heads = [
        "Received",
        "From others",
        "On disk",
        "Delivered",
        "Read back",
        "On the way",
        "Refused",
        "Unaccounted",
    ];
    view! {
        <details class="card" id="by-hour">
            <summary><h2>"By hour"</h2></summary>
            <p class="quiet">
                "The last 24 hours, UTC, those in which nothing happened left out, all tables together. Received, on disk and waiting count by the hour of arrival; delivered and read back by the \
                 hour in which it happened."
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Every hour's figures">
                <table>
                    <thead><tr><th scope="col">"From"</th><th scope="col">"Table"</th>{heading(&heads)}</tr></thead>
                    <tbody id="hours" data-again="">{rows.collect_view()}</tbody>
                </table>
            </div>
        </details>
    }
}

fn heading(heads: &[&'static str]) -> impl IntoView + use<> {
    heads.iter().map(|head| view! { <th scope="col" class="number">{*head}</th> }).collect_view()
}

fn cells(figures: &[i64]) -> impl IntoView + use<> {
    figures.iter().map(|figure| view! { <td class="number">{count(*figure)}</td> }).collect_view()
}
