//! Definitions: made, read, changed.

use dataverse::{
    ChoiceDefinition, ChoiceOption, Client, ColumnDefinition, ColumnKind, KeyDefinition, LookupDefinition,
    Ownership, TableDefinition, TimeBehaviour,
};
use serde_json::json;

use super::CallFn;
use crate::told;

async fn column(client: &Client, name: &str, kind: ColumnKind) -> String {
    told::done(
        client.metadata().create_column("port_crane", &ColumnDefinition::new(name, &name[5..], kind)).await,
    )
}

fn crane() -> TableDefinition {
    let mut table = TableDefinition::new("port_Crane", "Crane", "Cranes", "port_Name");
    table.ownership = Ownership::User;
    table.primary_name.kind = ColumnKind::Text { max_length: 100 };
    table
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("A publisher", |client, _| {
        Box::pin(async move {
            let publisher = json!({
                "uniquename": "harbourmaster", "friendlyname": "Harbour master", "customizationprefix": "port",
                "customizationoptionvalueprefix": 72_700,
            });
            told::made(client.create("publishers", &publisher).await)
        })
    }),
    ("A solution", |client, values| {
        Box::pin(async move {
            let publisher = format!("publishers({})", values.get("publisher"));
            let solution = json!({
                "uniquename": "harbour", "friendlyname": "Harbour", "version": "1.0.0.0",
                "publisherid@odata.bind": publisher,
            });
            told::made(client.create("solutions", &solution).await)
        })
    }),
    ("A table is made with its name column", |client, _| {
        Box::pin(
            async move { told::done(client.metadata().in_solution("harbour").create_table(&crane()).await) },
        )
    }),
    ("A column of text is added", |client, _| {
        Box::pin(async move {
            let maker = ColumnDefinition::new("port_Maker", "Maker", ColumnKind::Text { max_length: 100 });
            told::done(client.metadata().in_solution("harbour").create_column("port_crane", &maker).await)
        })
    }),
    ("A column of exact numbers", |client, _| {
        Box::pin(column(client, "port_Reach", ColumnKind::Decimal { precision: 1, min: 0.0, max: 100.0 }))
    }),
    ("A column of days", |client, _| {
        Box::pin(column(client, "port_Checked", ColumnKind::DateTime(TimeBehaviour::DateOnly)))
    }),
    ("A column of choices of its own", |client, _| {
        let options = vec![ChoiceOption::new(727_000_000, "Works"), ChoiceOption::new(727_000_001, "Broken")];
        Box::pin(column(client, "port_State", ColumnKind::Choice(options)))
    }),
    ("An option is added, and its number comes back", |client, _| {
        Box::pin(async move {
            let option = ChoiceOption::new(727_000_005, "Sold");
            told::done(client.metadata().insert_column_option("port_crane", "port_state", &option).await)
        })
    }),
    ("A choice for several tables", |client, _| {
        Box::pin(async move {
            let choice = ChoiceDefinition {
                name: "port_colours".into(),
                display_name: "Colours".into(),
                options: vec![ChoiceOption::new(727_000_000, "Red")],
            };
            told::done(client.metadata().in_solution("harbour").create_global_choice(&choice).await)
        })
    }),
    ("It is read by its name", |client, _| {
        Box::pin(async move {
            told::or_error(client.metadata().global_choice("port_colours").await, |options| {
                let options = options.unwrap_or_default();
                options.iter().map(|option| format!("{} {}", option.value, option.label)).collect()
            })
        })
    }),
    ("A column uses it", |client, _| {
        Box::pin(column(client, "port_Colour", ColumnKind::GlobalChoice("port_colours".into())))
    }),
    ("A lookup is made with its relationship", |client, _| {
        Box::pin(async move {
            let lookup = LookupDefinition {
                schema_name: "port_berth_cranes".into(),
                referenced: "port_berth".into(),
                referencing: "port_crane".into(),
                lookup_schema_name: "port_BerthId".into(),
                display_name: "Berth".into(),
            };
            told::done(client.metadata().create_lookup(&lookup).await)
        })
    }),
    ("An alternate key is made", |client, _| {
        Box::pin(async move {
            let key = KeyDefinition {
                schema_name: "port_MakerKey".into(),
                display_name: "Maker".into(),
                columns: vec!["port_maker".into()],
            };
            told::done(client.metadata().create_key("port_crane", &key).await)
        })
    }),
    ("After a while it is active", |client, _| {
        Box::pin(async move {
            told::or_error(client.metadata().table("port_crane").await, |table| {
                let table = table.unwrap();
                format!(
                    "{}, key {} {:?}",
                    table.entity_set_name, table.keys[0].schema_name, table.keys[0].status
                )
            })
        })
    }),
    ("A table that is not there", |client, _| {
        Box::pin(async move {
            told::or_error(client.metadata().table("port_nothing").await, |table| match table {
                None => "none there".to_owned(),
                Some(table) => table.logical_name,
            })
        })
    }),
    ("Change tracking is switched on", |client, _| {
        Box::pin(async move { told::done(client.metadata().enable_change_tracking("port_crane").await) })
    }),
    ("Customizations are published", |client, _| {
        Box::pin(async move { told::done(client.metadata().publish("port_crane").await) })
    }),
    ("A name that is taken", |client, _| {
        Box::pin(async move { told::done(client.metadata().create_table(&crane()).await) })
    }),
    ("A column that is there already", |client, _| {
        Box::pin(column(client, "port_Maker", ColumnKind::Text { max_length: 100 }))
    }),
    ("A table that others point at is not deleted", |client, _| {
        Box::pin(async move { told::done(client.metadata().delete_table("port_berth").await) })
    }),
    ("A table is deleted", |client, _| {
        Box::pin(async move { told::done(client.metadata().delete_table("port_tug").await) })
    }),
];
