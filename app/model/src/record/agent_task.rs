//! The agent task: one agent's piece of work, reported once it has ended.

use super::{
    Api, CAMPAIGNS, Days, Destination, Field, FieldFault, FieldType, Identity, Kind, Need, PersonalData,
    Pointer, Policy, Record, Remote, Rules, field::fields,
};
use crate::decimal::MONEY_SCALE;

const COST: FieldType = FieldType::Decimal { scale: MONEY_SCALE, min: 0, max: 9_999_999_999 };
const ERROR: FieldType = FieldType::LongText { max_chars: 4_000, personal_data: PersonalData::Refused };
const SUCCESS: &str = "success";
const STATUS_LABELS: &[&str] = &[SUCCESS, "error", "timeout"];

fields! { FIELDS:
    TASK_ID = Field::text("taskId", "task_id", "Task", 100).dataverse("apex_taskid"),
    CAMPAIGN_ID = Field::text("campaignId", "campaign_id", "Campaign", 64)
        .need(Need::Optional)
        .remote(Remote::Lookup("apex_campaignid")),
    AGENT_NAME = Field::text("agentName", "agent_name", "Agent", 100).dataverse("apex_agentname"),
    MODEL = Field::text("model", "model", "Model", 100).need(Need::Optional).dataverse("apex_model"),
    // What was not measured is unknown, and not 0.
    TOKENS_IN = Field::count("tokensIn", "tokens_in", "Tokens in")
        .need(Need::Optional)
        .dataverse("apex_tokensin"),
    TOKENS_OUT = Field::count("tokensOut", "tokens_out", "Tokens out")
        .need(Need::Optional)
        .dataverse("apex_tokensout"),
    LATENCY = Field::count("latencyMs", "latency_ms", "Latency in ms")
        .need(Need::Optional)
        .dataverse("apex_latencyms"),
    COST_USD = Field::new("costUSD", "cost_usd_e5", "Cost in US dollars", COST)
        .need(Need::Optional)
        .dataverse("apex_costusd"),
    TIMESTAMP = Field::new("timestamp", "timestamp", "Time", FieldType::Time).dataverse("apex_timestamp"),
    STATUS = Field::new("status", "status", "Status", FieldType::Choice(STATUS_LABELS))
        .dataverse("apex_status"),
    ERROR_MESSAGE = Field::new("errorMessage", "error_message", "Error", ERROR)
        .need(Need::Optional)
        .dataverse("apex_errormessage"),
}

/// What one agent did at one time.
pub static AGENT_TASK: Kind = Kind {
    name: "agent-task",
    noun: "agent task",
    table: "agent_metrics",
    fields: FIELDS,
    identity: Identity::Key(&[TASK_ID]),
    time: TIMESTAMP,
    pointers: &[Pointer { field: CAMPAIGN_ID, target: &CAMPAIGNS, name: None }],
    rules: Rules { warn, ..Rules::NONE },
    title,
    delivery: Some(Destination {
        logical_name: "apex_agentmetric",
        entity_set: "apex_agent_metrics",
        primary_key: "apex_agentmetricid",
        display_name: "Agent task",
        policy: Policy::Every,
    }),
    retention: Some(Days(365)),
    api: Some(Api {
        path: "/api/telemetry/agents",
        plural: "tasks",
        filters: &[("agent", AGENT_NAME), ("model", MODEL), ("campaign", CAMPAIGN_ID), ("status", STATUS)],
        schema: "Task",
        example: r#"{"taskId": "run-1-draft-3", "campaignId": "autumn-launch", "agentName": "Mia", "model": "atlas-3",
            "tokensIn": 1800, "tokensOut": 640, "latencyMs": 9200, "costUSD": 0.03,
            "timestamp": "2026-11-21T09:30:00Z", "status": "success"}"#,
    }),
    measures: &[TOKENS_IN, TOKENS_OUT, LATENCY, COST_USD],
    sketches: &[LATENCY],
    dimensions: &[CAMPAIGN_ID, AGENT_NAME, MODEL, STATUS],
    pairs: &[],
};

fn title(record: &Record) -> String {
    let values = record.values();
    format!("{} · {}", values[AGENT_NAME].text(), values[TASK_ID].text())
}

fn warn(record: &Record) -> Vec<FieldFault> {
    let values = record.values();
    if values[STATUS].text() != SUCCESS || values[ERROR_MESSAGE].text().is_empty() {
        return Vec::new();
    }
    let message = "came with the status success, which is unusual; it was stored as sent";
    vec![FieldFault::new("errorMessage", message)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        record::{Value, parse},
        time::Timestamp,
    };

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn task(more: &str) -> Result<Record, Vec<FieldFault>> {
        let json = format!(
            r#"{{"taskId":"t","agentName":"Mia","timestamp":"2026-11-18T10:00:00Z","status":"error"{more}}}"#
        );
        parse(&AGENT_TASK, &json, NOW)
    }

    #[test]
    fn what_was_not_measured_is_unknown() {
        let bare = task("").unwrap();
        for at in [CAMPAIGN_ID, MODEL, TOKENS_IN, TOKENS_OUT, LATENCY, COST_USD, ERROR_MESSAGE] {
            assert_eq!(bare.values()[at], Value::Nothing);
        }
        assert_eq!(task(r#","tokensIn":0"#).unwrap().values()[TOKENS_IN], Value::Integer(0));
    }

    #[test]
    fn errors_have_lines_without_personal_data() {
        let said = task(r#","errorMessage":"no answer\n\tat line 3""#).unwrap();
        assert_eq!(said.values()[ERROR_MESSAGE].text(), "no answer\n\tat line 3");
        let faults = task(r#","errorMessage":"ann@example.com did not answer""#).unwrap_err();
        assert_eq!(faults[0].field, "errorMessage");
    }

    #[test]
    fn an_error_of_a_success_is_odd() {
        assert_eq!(task(r#","errorMessage":"late""#).unwrap().warnings(), []);
        let json = r#"{"taskId":"t","agentName":"Mia","timestamp":"2026-11-18T10:00:00Z","status":"success",
            "errorMessage":"late"}"#;
        assert_eq!(parse(&AGENT_TASK, json, NOW).unwrap().warnings()[0].field, "errorMessage");
    }
}
