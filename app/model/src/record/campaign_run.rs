//! The campaign run: one execution of a campaign phase by several agents, reported once with totals.

use super::{Destination, Field, FieldFault, Kind, Naming, Need, Policy, Record, Shape, Value};
use crate::{
    decimal::{self, MONEY_SCALE, PERCENT_SCALE},
    time::Timestamp,
};

/// Dataverse's whole number ends here.
const WHOLE_MAX: i64 = 2_147_483_647;
const COST_MAX: i64 = 9_999_999_999;

const CAMPAIGN_ID: usize = 0;
const RUN_ID: usize = 1;
const PHASE: usize = 2;
const AGENTS_TOTAL: usize = 3;
const AGENTS_SUCCESSFUL: usize = 4;
const ASSETS_GENERATED: usize = 5;
const TOKENS_IN: usize = 6;
const TOKENS_OUT: usize = 7;
const COST_USD: usize = 8;
const LATENCY_P95: usize = 9;
const LATENCY_AVG: usize = 10;
const SUCCESS_RATE: usize = 11;
const CREATED_AT: usize = 12;

pub static CAMPAIGN_RUN: Kind = Kind {
    name: "campaign-run",
    noun: "campaign run",
    table: "campaign_metrics",
    fields: &[
        text("campaignId", "campaign_id", "apex_campaignid", "Campaign", 64),
        text("runId", "run_id", "apex_runid", "Run", 64),
        text("phase", "phase", "apex_phase", "Phase", 16),
        whole("agentsTotal", "agents_total", "apex_agentstotal", "Agents", Need::Required),
        whole(
            "agentsSuccessful",
            "agents_successful",
            "apex_agentssuccessful",
            "Agents that succeeded",
            Need::Required,
        ),
        whole("assetsGenerated", "assets_generated", "apex_assetsgenerated", "Assets", Need::Nought),
        whole("tokensIn", "tokens_in", "apex_tokensin", "Tokens in", Need::Nought),
        whole("tokensOut", "tokens_out", "apex_tokensout", "Tokens out", Need::Nought),
        Field {
            json: "costUSD",
            column: "cost_usd_e5",
            dataverse: "apex_costusd",
            label: "Cost in US dollars",
            shape: Shape::Decimal { scale: MONEY_SCALE, max: COST_MAX },
            need: Need::Nought,
        },
        whole("latencyP95Ms", "latency_p95_ms", "apex_latencyp95ms", "P95 latency in ms", Need::Optional),
        whole("latencyAvgMs", "latency_avg_ms", "apex_latencyavgms", "Average latency in ms", Need::Optional),
        Field {
            json: "successRate",
            column: "success_rate_bp",
            dataverse: "apex_successrate",
            label: "Success rate in percent",
            shape: Shape::Decimal { scale: PERCENT_SCALE, max: 10_000 },
            need: Need::Derived,
        },
        Field {
            json: "createdAt",
            column: "created_at",
            dataverse: "apex_createdat",
            label: "Created at",
            shape: Shape::Time,
            need: Need::Arrival,
        },
    ],
    natural_key: &[CAMPAIGN_ID, RUN_ID, PHASE],
    naming: Some(Naming { json: "campaignName", max_chars: 100, of: CAMPAIGN_ID, table: "campaigns" }),
    destination: Destination {
        logical_name: "apex_campaignmetrics",
        entity_set: "apex_campaignmetricses",
        primary_key: "apex_campaignmetricsid",
        display_name: "Campaign run",
        policy: Policy::Every,
        title,
    },
    check,
    derive,
};

const fn text(
    json: &'static str,
    column: &'static str,
    dataverse: &'static str,
    label: &'static str,
    max_chars: usize,
) -> Field {
    Field { json, column, dataverse, label, shape: Shape::Text { max_chars }, need: Need::Required }
}

const fn whole(
    json: &'static str,
    column: &'static str,
    dataverse: &'static str,
    label: &'static str,
    need: Need,
) -> Field {
    Field { json, column, dataverse, label, shape: Shape::Whole { max: WHOLE_MAX }, need }
}

fn title(record: &Record) -> String {
    let run = Run(record);
    format!("{} · {} · {}", run.campaign_id(), run.run_id(), run.phase())
}

fn check(values: &[Value]) -> Vec<FieldFault> {
    match (values[AGENTS_TOTAL].number(), values[AGENTS_SUCCESSFUL].number()) {
        (Some(total), Some(successful)) if successful > total => vec![FieldFault::new(
            "agentsSuccessful",
            format!("must be at most agentsTotal ({total}), and {successful} is more"),
        )],
        _ => Vec::new(),
    }
}

fn derive(values: &mut [Value]) {
    let (Some(total), Some(successful)) = (values[AGENTS_TOTAL].number(), values[AGENTS_SUCCESSFUL].number())
    else {
        return;
    };
    // No agents: no rate. It is neither 0 nor 100.
    let rate = decimal::divide(i128::from(successful) * 100, i128::from(total), PERCENT_SCALE);
    values[SUCCESS_RATE] = rate.map_or(Value::Nothing, Value::Decimal);
}

/// A record of this kind, read by name.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a>(pub &'a Record);

impl<'a> Run<'a> {
    #[must_use]
    pub fn campaign_id(self) -> &'a str {
        self.0.values[CAMPAIGN_ID].text()
    }
    #[must_use]
    pub fn run_id(self) -> &'a str {
        self.0.values[RUN_ID].text()
    }
    #[must_use]
    pub fn phase(self) -> &'a str {
        self.0.values[PHASE].text()
    }
    #[must_use]
    pub fn agents_total(self) -> i64 {
        self.count(AGENTS_TOTAL)
    }
    #[must_use]
    pub fn agents_successful(self) -> i64 {
        self.count(AGENTS_SUCCESSFUL)
    }
    #[must_use]
    pub fn assets(self) -> i64 {
        self.count(ASSETS_GENERATED)
    }
    #[must_use]
    pub fn tokens_in(self) -> i64 {
        self.count(TOKENS_IN)
    }
    #[must_use]
    pub fn tokens_out(self) -> i64 {
        self.count(TOKENS_OUT)
    }
    /// In hundred-thousandths of a dollar.
    #[must_use]
    pub fn cost_e5(self) -> i64 {
        self.count(COST_USD)
    }
    #[must_use]
    pub fn latency_p95_ms(self) -> Option<i64> {
        self.0.values[LATENCY_P95].number()
    }
    #[must_use]
    pub fn latency_avg_ms(self) -> Option<i64> {
        self.0.values[LATENCY_AVG].number()
    }
    /// In hundredths of a percent.
    #[must_use]
    pub fn success_rate_bp(self) -> Option<i64> {
        self.0.values[SUCCESS_RATE].number()
    }
    #[must_use]
    pub fn created_at(self) -> Timestamp {
        Timestamp::from_micros(self.count(CREATED_AT))
    }

    fn count(self, at: usize) -> i64 {
        self.0.values[at].number().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::parse;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn run(json: &str) -> Result<Record, Vec<FieldFault>> {
        parse(&CAMPAIGN_RUN, json, NOW)
    }

    #[test]
    fn success_rate_is_derived_and_rounded_half_to_even() {
        let rate = |total, successful| {
            let json = format!(
                r#"{{"campaignId":"c","runId":"r","phase":"1","agentsTotal":{total},"agentsSuccessful":{successful}}}"#
            );
            Run(&run(&json).unwrap()).success_rate_bp()
        };
        assert_eq!(rate(195, 190), Some(9_744));
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(800, 1), Some(12));
        assert_eq!(rate(3, 3), Some(10_000));
    }

    #[test]
    fn more_successes_than_agents_are_refused() {
        let faults =
            run(r#"{"campaignId":"c","runId":"r","phase":"1","agentsTotal":3,"agentsSuccessful":4}"#)
                .unwrap_err();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].field, "agentsSuccessful");
    }
}
