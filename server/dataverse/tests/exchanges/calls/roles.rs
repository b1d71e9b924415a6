//! Roles and what they give.

use dataverse::{Query, RoleDefinition, RolePrivilege};
use serde_json::json;

use super::{CallFn, id};
use crate::told;

pub const CALLS: &[(&str, CallFn)] = &[
    ("Without a role it may do nothing", |client, _| {
        Box::pin(async move {
            told::pages(client.query(Query::of("port_ships").select(["port_name"])), &[]).await
        })
    }),
    ("They are given to the role", |client, _| {
        Box::pin(async move {
            let privileges = vec![RolePrivilege::over_all("Read", "port_Ship")];
            let role = RoleDefinition { name: "Lookout".to_owned(), privileges };
            told::or_error(client.metadata().create_role(&role).await, |id| id.to_string())
        })
    }),
    ("What it gives can be read", |client, _| {
        Box::pin(async move {
            told::or_error(client.metadata().role("Lookout").await, |role| {
                let role = role.unwrap();
                let privileges = role.privileges.iter();
                let given: Vec<String> =
                    privileges.map(|given| format!("{} {:?}", given.name, given.depth)).collect();
                format!("{}: {}", role.name, given.join(", "))
            })
        })
    }),
    ("Its roles are those that it was given", |client, values| {
        Box::pin(async move {
            let roles = client.metadata().roles_of(id(values, "newcomer")).await;
            told::or_error(roles, |roles| roles.join(", "))
        })
    }),
    ("But not write", |client, _| {
        Box::pin(
            async move { told::made(client.create("port_ships", &json!({ "port_name": "Aurora" })).await) },
        )
    }),
];
