//! `$metadata`: the organisation in CSDL, as it is now. Choices are whole numbers there, as in the cloud: only their
//! definitions know the labels.

mod conditions;
mod operations;

use std::fmt::Write as _;

use crate::schema::{CellKind, Column, Schema, Table, system_relationships};

const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><edmx:Edmx Version=\"4.0\" \
                     xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices><Schema \
                     Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" \
                     xmlns=\"http://docs.oasis-open.org/odata/ns/edm\"><EntityType Name=\"crmbaseentity\" \
                     Abstract=\"true\" />";
/// The one relationship of many to many.
const ROLES: &str = "systemuserroles_association";

pub(super) fn write(schema: &Schema) -> String {
    let mut out = String::from(BEGIN);
    for table in schema.tables() {
        entity_type(&mut out, schema, table);
    }
    operations::types(&mut out);
    operations::bound(&mut out, schema);
    operations::unbound(&mut out);
    conditions::write(&mut out);
    out.push_str("<EntityContainer Name=\"System\">");
    for table in schema.tables() {
        entity_set(&mut out, schema, table);
    }
    operations::imports(&mut out);
    out.push_str("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
    out
}

/// Where a lookup leads, and what it is called: those of the system's own are lookups like any other.
fn lookup<'a>(schema: &'a Schema, column: &'a Column) -> Option<(&'a str, &'a Table)> {
    Some((column.navigation()?, schema.table(column.target()?)?))
}

/// The other end of the roles that users have.
fn of_roles(table: &Table) -> Option<(&'static str, &'static str)> {
    match table.logical.as_str() {
        "systemuser" => Some(("role", "roles")),
        "role" => Some(("systemuser", "systemusers")),
        _ => None,
    }
}

fn entity_type(out: &mut String, schema: &Schema, table: &Table) {
    let _ = write!(
        out,
        "<EntityType Name=\"{}\" BaseType=\"mscrm.crmbaseentity\"><Key><PropertyRef Name=\"{}\" /></Key>",
        table.logical,
        table.primary_id()
    );
    for column in &table.columns {
        let _ = write!(out, "<Property Name=\"{}\" Type=\"{}\"", column.property(), column.kind.edm());
        if let Some((scale, _, _)) = column.kind.decimal() {
            let _ = write!(out, " Scale=\"{scale}\"");
        }
        if matches!(column.kind, CellKind::Text { .. } | CellKind::Memo { .. }) {
            out.push_str(" Unicode=\"false\"");
        }
        out.push_str(" />");
    }
    for column in &table.columns {
        let Some((navigation, target)) = lookup(schema, column) else { continue };
        let _ = write!(out, "<NavigationProperty Name=\"{navigation}\" Type=\"mscrm.{}\"", target.logical);
        out.push_str(" Nullable=\"false\"");
        if let Some(relationship) = system_relationships::partner(table, column) {
            let _ = write!(out, " Partner=\"{relationship}\"");
        }
        let _ = write!(
            out,
            "><ReferentialConstraint Property=\"{}\" ReferencedProperty=\"{}\" /></NavigationProperty>",
            column.property(),
            target.primary_id()
        );
    }
    for (child, column) in schema.referencing(&table.logical) {
        let relationship = system_relationships::partner(child, column);
        let (Some(relationship), Some(navigation)) = (relationship, column.navigation()) else { continue };
        let _ = write!(
            out,
            "<NavigationProperty Name=\"{relationship}\" Type=\"Collection(mscrm.{})\" Partner=\"{navigation}\" />",
            child.logical
        );
    }
    if let Some((other, _)) = of_roles(table) {
        let _ = write!(
            out,
            "<NavigationProperty Name=\"{ROLES}\" Type=\"Collection(mscrm.{other})\" Partner=\"{ROLES}\" />"
        );
    }
    out.push_str("</EntityType>");
}

fn entity_set(out: &mut String, schema: &Schema, table: &Table) {
    let _ = write!(
        out,
        "<EntitySet Name=\"{}\" EntityType=\"Microsoft.Dynamics.CRM.{}\">",
        table.set, table.logical
    );
    let mut bind = |path: &str, target: &str| {
        let _ = write!(out, "<NavigationPropertyBinding Path=\"{path}\" Target=\"{target}\" />");
    };
    for column in &table.columns {
        if let Some((navigation, target)) = lookup(schema, column) {
            bind(navigation, &target.set);
        }
    }
    for (child, column) in schema.referencing(&table.logical) {
        if let Some(relationship) = system_relationships::partner(child, column) {
            bind(&relationship, &child.set);
        }
    }
    if let Some((_, set)) = of_roles(table) {
        bind(ROLES, set);
    }
    out.push_str("</EntitySet>");
}
