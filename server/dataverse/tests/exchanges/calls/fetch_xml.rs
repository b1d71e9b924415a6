//! FetchXML, passed through and paged.

use dataverse::{Client, Query};

use super::CallFn;
use crate::told;

async fn fetched(client: &Client, xml: String, columns: &[&str]) -> String {
    told::pages(client.query(Query::of("port_ships").fetch_xml(xml)), columns).await
}

/// A query of ships: what `fetch` has, and what is asked of them.
fn of_ships(attributes: &str, asked: &str) -> String {
    format!("<fetch{attributes}><entity name='port_ship'>{asked}</entity></fetch>")
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("Rows by FetchXML", |client, _| {
        let xml = of_ships(
            " top='5'",
            "<attribute name='port_name'/><attribute name='port_crew'/><order attribute='port_name'/>",
        );
        Box::pin(fetched(client, xml, &[]))
    }),
    ("The cookie goes into the next query", |client, _| {
        let xml = "<fetch count=\"2\"><entity name=\"port_ship\"><attribute name=\"port_name\"/>\
                   <order attribute=\"port_name\"/></entity></fetch>";
        Box::pin(fetched(client, xml.to_owned(), &[]))
    }),
    ("A choice is ordered by its label here", |client, _| {
        let xml = of_ships("", "<attribute name='port_kind'/><order attribute='port_kind'/>");
        Box::pin(fetched(client, xml, &["port_kind"]))
    }),
    ("A column of another table under a name of one's own", |client, _| {
        let xml = of_ships(
            "",
            "<attribute name='port_name'/><link-entity name='port_berth' from='port_berthid' to='port_berthid' link-type='inner'><attribute name='port_name' alias='berth'/></link-entity>",
        );
        Box::pin(fetched(client, xml, &["berth"]))
    }),
    ("All that can be added up", |client, _| {
        let xml = of_ships(
            " aggregate='true'",
            "<attribute name='port_crew' alias='mean' aggregate='avg'/><attribute name='port_crew' alias='rows' aggregate='count'/><attribute name='port_crew' alias='filled' aggregate='countcolumn'/><attribute name='port_crew' alias='most' aggregate='max'/><attribute name='port_crew' alias='least' aggregate='min'/><attribute name='port_crew' alias='total' aggregate='sum'/>",
        );
        Box::pin(fetched(client, xml, &["total"]))
    }),
    ("Different values are counted", |client, _| {
        let xml = of_ships(
            " aggregate='true'",
            "<attribute name='statecode' alias='states' aggregate='countcolumn' distinct='true'/>",
        );
        Box::pin(fetched(client, xml, &["states"]))
    }),
    ("Grouped by parts of a date", |client, _| {
        let xml = of_ships(
            " aggregate='true'",
            "<attribute name='port_crew' alias='total' aggregate='sum'/><attribute name='port_arrival' alias='day' groupby='true' dategrouping='day'/><attribute name='port_arrival' alias='month' groupby='true' dategrouping='month'/><attribute name='port_arrival' alias='year' groupby='true' dategrouping='year'/><order alias='month'/>",
        );
        Box::pin(fetched(client, xml, &["total", "day", "month"]))
    }),
    ("A limit of one's own", |client, _| {
        let xml = of_ships(
            " aggregate='true' aggregatelimit='2'",
            "<attribute name='port_name' alias='rows' aggregate='count'/>",
        );
        Box::pin(fetched(client, xml, &[]))
    }),
];
