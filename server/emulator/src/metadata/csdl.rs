//! `$metadata`: the organisation's tables in CSDL, as they are now.

use std::fmt::Write as _;

use crate::schema::{Kind, Schema, Table};

pub(super) fn write(schema: &Schema) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><edmx:Edmx Version=\"4.0\" \
         xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices><Schema \
         Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\
         <EntityType Name=\"crmbaseentity\" Abstract=\"true\" />",
    );
    for table in schema.tables() {
        entity_type(&mut out, schema, table);
    }
    out.push_str("<EntityContainer Name=\"System\">");
    for table in schema.tables() {
        let _ = write!(
            out,
            "<EntitySet Name=\"{}\" EntityType=\"Microsoft.Dynamics.CRM.{}\">",
            table.set, table.logical
        );
        for column in &table.columns {
            if let Kind::Lookup { target, navigation, .. } = &column.kind
                && let Some(target) = schema.table(target)
            {
                let _ = write!(
                    out,
                    "<NavigationPropertyBinding Path=\"{navigation}\" Target=\"{}\" />",
                    target.set
                );
            }
        }
        out.push_str("</EntitySet>");
    }
    out.push_str("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
    out
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
        if matches!(column.kind, Kind::Text { .. } | Kind::Memo { .. }) {
            out.push_str(" Unicode=\"false\"");
        }
        out.push_str(" />");
        if let Kind::Lookup { target, navigation, relationship, .. } = &column.kind {
            let _ = write!(
                out,
                "<NavigationProperty Name=\"{navigation}\" Type=\"mscrm.{target}\" Nullable=\"false\" \
                 Partner=\"{relationship}\"><ReferentialConstraint Property=\"{}\" \
                 ReferencedProperty=\"{target}id\" /></NavigationProperty>",
                column.property()
            );
        }
    }
    for (child, column) in schema.referencing(&table.logical) {
        if let Kind::Lookup { navigation, relationship, .. } = &column.kind {
            let _ = write!(
                out,
                "<NavigationProperty Name=\"{relationship}\" Type=\"Collection(mscrm.{})\" \
                 Partner=\"{navigation}\" />",
                child.logical
            );
        }
    }
    out.push_str("</EntityType>");
}
