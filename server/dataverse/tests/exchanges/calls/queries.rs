//! Queries, pages, counts and aggregates.

use dataverse::{Apply, Client, Expand, Filter, Query, formatted};
use jiff::Timestamp;

use super::{CallFn, fixed};
use crate::told;

fn ships() -> Query {
    Query::of("port_ships").select(["port_name"])
}

fn added_up(apply: Apply) -> Query {
    Query::of("port_ships").apply(apply)
}

async fn pages(client: &Client, query: Query, columns: &[&str]) -> String {
    told::pages(client.query(query), columns).await
}

/// How many rows come on the first page, and how many there are.
async fn first(client: &Client, query: Query) -> String {
    let mut pages = client.query(query);
    told::or_error(pages.next_page().await, |rows| {
        let (rows, all) = (rows.unwrap_or_default().len(), pages.count().unwrap_or_default());
        format!("{rows} rows on the first page of {all} in all")
    })
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("Rows with some of their columns", |client, _| {
        Box::pin(pages(client, ships().select(["port_crew"]).order_by("port_name"), &[]))
    }),
    ("Text is compared without case", |client, _| {
        Box::pin(pages(client, ships().filter(Filter::eq("port_name", "AURORA")), &[]))
    }),
    ("Quotes are doubled", |client, _| {
        Box::pin(pages(client, ships().filter(Filter::eq("port_name", "Celeste's Hope")), &[]))
    }),
    ("A wildcard in brackets is what it is", |client, _| {
        Box::pin(pages(client, ships().filter(Filter::contains("port_call", "100%")), &[]))
    }),
    ("Text at the beginning and at the end", |client, _| {
        let filter = Filter::starts_with("port_name", "bor").or(Filter::ends_with("port_name", "HOPE"));
        Box::pin(pages(client, ships().filter(filter).order_by_desc("port_name"), &[]))
    }),
    ("Not, and parentheses", |client, _| {
        let crew = Filter::gt("port_crew", 5).or(Filter::is_null("port_crew"));
        let filter = Filter::contains("port_name", "rea").not().and(crew);
        Box::pin(pages(client, ships().filter(filter).order_by("port_name"), &[]))
    }),
    ("Times and ids stand without quotes", |client, _| {
        let time: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let filter = Filter::ge("port_arrival", time).and(Filter::eq("_port_berthid_value", fixed(0xb1)));
        Box::pin(pages(client, ships().filter(filter), &[]))
    }),
    ("One of several values", |client, _| {
        Box::pin(pages(client, ships().filter(Filter::any_of("port_crew", [8, 9])), &[]))
    }),
    ("None of several values", |client, _| {
        Box::pin(pages(client, ships().filter(Filter::none_of("port_name", ["Aurora", "Borealis"])), &[]))
    }),
    ("What cannot be used any more is not there any more", |client, _| {
        Box::pin(pages(client, Query::of("port_tugs").top(1), &[]))
    }),
    ("A choice is ordered by its number", |client, _| {
        Box::pin(pages(client, ships().order_by("port_kind"), &[]))
    }),
    ("A lookup is ordered by the name of what it points at", |client, _| {
        let query =
            ships().filter(Filter::is_not_null("_port_berthid_value")).order_by("_port_berthid_value");
        Box::pin(pages(client, query, &[]))
    }),
    ("The first rows alone", |client, _| Box::pin(pages(client, ships().order_by("port_name").top(2), &[]))),
    ("All annotations at once", |client, _| {
        Box::pin(async move {
            let query =
                ships().select(["port_kind", "_ownerid_value"]).filter(Filter::eq("port_name", "Aurora"));
            told::or_error(client.query(query.formatted()).all().await, |rows| {
                let seen = formatted(&rows[0], "port_kind").unwrap_or_default();
                format!("{} rows in 1 page, port_kind seen as {seen}", rows.len())
            })
        })
    }),
    ("What a lookup points at comes along", |client, _| {
        let berth = Expand::of("port_BerthId").select(["port_name"]);
        Box::pin(pages(client, ships().filter(Filter::gt("port_crew", 20)).expand(berth), &[]))
    }),
    ("The rows that point here come along", |client, _| {
        Box::pin(async move {
            let berths =
                Query::of("port_berths").select(["port_name"]).filter(Filter::eq("port_name", "Old Pier"));
            let ships = Expand::of("port_berth_ships").select(["port_name"]).order_by("port_name");
            pages(client, berths.expand(ships), &[]).await
        })
    }),
    ("An order has no place where expands are nested", |client, _| {
        let berth = Expand::of("port_BerthId").select(["port_name"]);
        let ships = Expand::of("port_berth_ships").select(["port_name"]).order_by("port_name").expand(berth);
        Box::pin(pages(client, Query::of("port_berths").select(["port_name"]).expand(ships), &[]))
    }),
    ("A column that is not there", |client, _| {
        Box::pin(pages(client, Query::of("port_ships").select(["port_nme"]), &[]))
    }),
    ("Column names have a case", |client, _| {
        Box::pin(pages(client, Query::of("port_ships").filter(Filter::eq("Port_Name", "Aurora")), &[]))
    }),
    ("Whether a table knows an action can be asked", |client, _| {
        let filter = Filter::eq("sdkmessageid/name", "CreateMultiple")
            .and(Filter::eq("primaryobjecttypecode", "port_ship"));
        let query = Query::of("sdkmessagefilters").select(["sdkmessagefilterid"]).filter(filter);
        Box::pin(pages(client, query, &[]))
    }),
    ("The link is followed verbatim, with the same page size", |client, _| {
        Box::pin(pages(client, ships().order_by("port_name").page_size(2), &[]))
    }),
    ("A number by itself is plain text", |client, _| {
        Box::pin(async move {
            told::or_error(client.count(&Query::of("port_ships")).await, |count| count.to_string())
        })
    }),
    ("It may have a filter", |client, _| {
        Box::pin(async move {
            let query = Query::of("port_ships").filter(Filter::ge("port_crew", 5));
            told::or_error(client.count(&query).await, |count| count.to_string())
        })
    }),
    ("Rows come with their number, whatever the page size", |client, _| {
        Box::pin(first(client, ships().order_by("port_name").page_size(1).count()))
    }),
    ("Beyond 5,000 nobody counts on", |client, _| {
        let query = Query::of("port_ships").select(["port_shipid"]).page_size(1).count().formatted();
        Box::pin(first(client, query))
    }),
    ("A sum of money has nine digits after the point", |client, _| {
        Box::pin(pages(client, added_up(Apply::new().sum("port_dues", "total")), &["total"]))
    }),
    ("The mean of a group", |client, _| {
        let apply = Apply::new().group_by(["port_kind"]).average("port_dues", "mean");
        Box::pin(pages(client, added_up(apply), &["mean"]))
    }),
    ("Different values", |client, _| {
        Box::pin(pages(client, added_up(Apply::new().group_by(["port_crew"])), &[]))
    }),
    ("A column over a lookup is called by the table it is in", |client, _| {
        let apply = Apply::over(Filter::ge("port_crew", 20))
            .group_by(["port_BerthId/port_name"])
            .sum("port_dues", "total");
        Box::pin(pages(client, added_up(apply), &["port_berth_port_name"]))
    }),
    ("Sums of a stretch of time, and how many rows they are of", |client, _| {
        let day = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
        let within = Filter::ge("port_arrival", day("2026-03-02T00:00:00Z"))
            .and(Filter::lt("port_arrival", day("2026-03-04T00:00:00Z")));
        let apply = Apply::over(within).sum("port_crew", "crew").sum("port_dues", "dues").count("ships");
        Box::pin(pages(client, added_up(apply), &["crew", "dues", "ships"]))
    }),
    ("The last of the times", |client, _| {
        Box::pin(pages(client, added_up(Apply::new().max("port_arrival", "last")), &["last"]))
    }),
    ("Times cannot be grouped by", |client, _| {
        Box::pin(pages(client, added_up(Apply::new().group_by(["port_arrival"])), &[]))
    }),
    ("Beyond 50,000 rows nothing is added up", |client, _| {
        Box::pin(pages(client, Query::of("port_berths").apply(Apply::new().count("number")), &[]))
    }),
    ("A filter keeps it below", |client, _| {
        let apply = Apply::over(Filter::eq("port_name", "North Quay")).count("number");
        Box::pin(pages(client, Query::of("port_berths").apply(apply), &["number"]))
    }),
];
