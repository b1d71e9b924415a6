//! The delivered kinds that no sender can send yet: their tables stand from the first day, so that one
//! provisioning is enough. Once such a kind is described in `model`, its table comes from there, and goes from here.

use dataverse::{ColumnDefinition, ColumnKind, TableDefinition, TimeBehaviour};
use model::record::{CAMPAIGNS, TENANTS, Target, USERS};

use super::tables::{WantedTable, choice, lookup};
use crate::standard_names::{NAME, TENANT};

const WHOLE: ColumnKind = ColumnKind::Integer { min: 0, max: i32::MAX };
const TIME: ColumnKind = ColumnKind::DateTime(TimeBehaviour::UserLocal);

const EVENT_TYPES: &[&str] = &[
    "campaign_created",
    "campaign_updated",
    "agent_task_started",
    "agent_task_completed",
    "agent_task_error",
    "asset_created",
    "asset_published",
    "asset_publish_failed",
    "kpi_ping",
    "user_action",
    "system_event",
    "api_event",
    "business_event",
    "security_event",
    "error_event",
    "performance_event",
];
const SEVERITIES: &[&str] = &["debug", "info", "warn", "error", "critical"];
const COUNTERS: &[&str] = &[
    "campaigns_created",
    "agent_tasks_completed",
    "agent_tasks_errors",
    "assets_published",
    "assets_created",
];
const PERIODS: &[&str] = &["daily", "weekly", "monthly", "all_time"];

pub(super) fn tables() -> Vec<WantedTable> {
    const CAMPAIGN: (&Target, &str) = (&CAMPAIGNS, "apex_campaignid");
    const USER: (&Target, &str) = (&USERS, "apex_userid");
    vec![delivered(telemetry_event(), &[CAMPAIGN, USER]), delivered(kpi_counter(), &[])]
}

/// `points_at`: what its records point at beside their tenant, each with its column.
fn delivered(table: TableDefinition, points_at: &[(&Target, &str)]) -> WantedTable {
    let name = table.logical_name();
    let pointers = [(&TENANTS, TENANT)];
    let pointers =
        pointers.iter().map(|(target, column)| (*target, *column)).chain(points_at.iter().copied());
    let lookups = pointers.map(|(target, column)| lookup(target, column, &name)).collect();
    WantedTable { table, lookups, delivered: true }
}

fn telemetry_event() -> TableDefinition {
    table("apex_telemetryevent", "Telemetry event", "apex_telemetry_events")
        .column(required("apex_eventtype", "Type", choice(EVENT_TYPES)))
        .column(required("apex_severity", "Severity", choice(SEVERITIES)))
        .column(required("apex_timestamp", "Time", TIME))
        .column(optional("apex_assetid", "Asset", text(100)))
        .column(optional("apex_taskid", "Task", text(100)))
        .column(optional("apex_requestid", "Request", text(100)))
        .column(optional("apex_payload", "Payload", ColumnKind::Memo { max_length: 65_536 }))
}

fn kpi_counter() -> TableDefinition {
    table("apex_kpicounter", "KPI counter", "apex_kpi_counters")
        .column(required("apex_metric", "Metric", choice(COUNTERS)))
        .column(required("apex_value", "Value", WHOLE))
        .column(required("apex_period", "Period", choice(PERIODS)))
        .column(optional("apex_periodstart", "Start of the period", TIME))
        .column(required("apex_lastupdated", "Last updated", TIME))
}

fn table(logical_name: &str, display_name: &str, entity_set: &str) -> TableDefinition {
    TableDefinition::new(logical_name, display_name, format!("{display_name}s"), NAME)
        .entity_set(entity_set)
        .tracked()
}

fn required(name: &str, label: &str, kind: ColumnKind) -> ColumnDefinition {
    optional(name, label, kind).required()
}

fn optional(name: &str, label: &str, kind: ColumnKind) -> ColumnDefinition {
    ColumnDefinition::new(name, label, kind)
}

fn text(max_length: u32) -> ColumnKind {
    ColumnKind::Text { max_length }
}
