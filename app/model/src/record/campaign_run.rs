//! The campaign run: one execution of a campaign phase by several agents, reported once with totals.

use super::{
    Api, CAMPAIGNS, Destination, Field, FieldFault, FieldType, Identity, Kind, NameMember, Need, Pointer,
    Policy, Record, Rules, Value, field::fields,
};
use crate::{
    breakdown::Dimension,
    decimal::{self, MONEY_SCALE, PERCENT_SCALE},
    figures::Added,
    history::RunFilter,
    rollup::{PairsOfText, Rollup, Series},
    time::Timestamp,
};

const COST: FieldType = FieldType::Decimal { scale: MONEY_SCALE, min: 0, max: 9_999_999_999 };
const PERCENT: FieldType = FieldType::Decimal { scale: PERCENT_SCALE, min: 0, max: 10_000 };

fields! { FIELDS:
    CAMPAIGN_ID = Field::text("campaignId", "campaign_id", "Campaign", 64).dataverse("apex_campaignid"),
    RUN_ID = Field::text("runId", "run_id", "Run", 64).dataverse("apex_runid"),
    PHASE = Field::text("phase", "phase", "Phase", 16).dataverse("apex_phase"),
    AGENTS_TOTAL = Field::count("agentsTotal", "agents_total", "Agents").dataverse("apex_agentstotal"),
    AGENTS_SUCCESSFUL = Field::count("agentsSuccessful", "agents_successful", "Agents that succeeded")
        .dataverse("apex_agentssuccessful"),
    ASSETS_GENERATED = Field::count("assetsGenerated", "assets_generated", "Assets")
        .need(Need::DefaultZero)
        .dataverse("apex_assetsgenerated"),
    TOKENS_IN = Field::count("tokensIn", "tokens_in", "Tokens in")
        .need(Need::DefaultZero)
        .dataverse("apex_tokensin"),
    TOKENS_OUT = Field::count("tokensOut", "tokens_out", "Tokens out")
        .need(Need::DefaultZero)
        .dataverse("apex_tokensout"),
    COST_USD = Field::new("costUSD", "cost_usd_e5", "Cost in US dollars", COST)
        .need(Need::DefaultZero)
        .dataverse("apex_costusd"),
    LATENCY_P95 = Field::count("latencyP95Ms", "latency_p95_ms", "P95 latency in ms")
        .need(Need::Optional)
        .dataverse("apex_latencyp95ms"),
    LATENCY_AVG = Field::count("latencyAvgMs", "latency_avg_ms", "Average latency in ms")
        .need(Need::Optional)
        .dataverse("apex_latencyavgms"),
    SUCCESS_RATE = Field::new("successRate", "success_rate_bp", "Success rate in percent", PERCENT)
        .need(Need::Derived)
        .dataverse("apex_successrate"),
    CREATED_AT = Field::new("createdAt", "created_at", "Created at", FieldType::Time)
        .need(Need::DefaultNow)
        .dataverse("apex_createdat"),
}

/// Position of the pointer to the campaign.
pub const CAMPAIGN: usize = 0;

/// One run of a campaign.
pub static CAMPAIGN_RUN: Kind = Kind {
    name: "campaign-run",
    noun: "campaign run",
    table: "campaign_metrics",
    fields: FIELDS,
    identity: Identity::Key(&[CAMPAIGN_ID, RUN_ID, PHASE]),
    time: CREATED_AT,
    pointers: &[Pointer {
        field: CAMPAIGN_ID,
        target: &CAMPAIGNS,
        name: Some(NameMember { json: "campaignName", max_chars: 100 }),
    }],
    rules: Rules { check, derive, warn },
    title,
    delivery: Some(Destination {
        logical_name: "apex_campaignmetrics",
        entity_set: "apex_campaignmetricses",
        primary_key: "apex_campaignmetricsid",
        display_name: "Campaign run",
        policy: Policy::Every,
    }),
    retention: None,
    api: Some(Api {
        path: "/api/metrics/campaign",
        plural: "runs",
        filters: &[("campaign", CAMPAIGN_ID), ("phase", PHASE)],
        schema: "Run",
        example: r#"{"campaignId": "autumn-launch", "campaignName": "Autumn launch", "runId": "run-1", "phase": "2-3",
            "agentsTotal": 5, "agentsSuccessful": 5, "assetsGenerated": 8, "tokensIn": 5300, "tokensOut": 2200,
            "costUSD": 0.12, "latencyP95Ms": 38400, "latencyAvgMs": 21700}"#,
    }),
    measures: &[
        AGENTS_TOTAL,
        AGENTS_SUCCESSFUL,
        ASSETS_GENERATED,
        TOKENS_IN,
        TOKENS_OUT,
        COST_USD,
        LATENCY_AVG,
    ],
    sketches: &[LATENCY_P95],
    dimensions: &[CAMPAIGN_ID, PHASE],
    pairs: &[[PHASE, CAMPAIGN_ID]],
};

fn title(record: &Record) -> String {
    record.natural_key().join(" · ")
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
    values[SUCCESS_RATE] = rate.map_or(Value::Nothing, Value::Integer);
}

fn warn(record: &Record) -> Vec<FieldFault> {
    let number = |at: usize| record.values()[at].number();
    match (number(LATENCY_AVG), number(LATENCY_P95)) {
        (Some(average), Some(p95)) if average > p95 => {
            let message = "is above latencyP95Ms, which is unusual; it was stored as sent";
            vec![FieldFault::new("latencyAvgMs", message)]
        }
        _ => Vec::new(),
    }
}

/// How runs are told apart by a dimension.
#[derive(Clone, Copy, Debug)]
pub struct RunDimension {
    /// The kind of the records.
    pub kind: &'static Kind,
    /// The column that holds it.
    pub column: &'static str,
    /// Its place among the kind's dimensions.
    pub place: usize,
}

/// Where a run's campaign or phase stands.
#[must_use]
pub fn dimension(dimension: Dimension) -> RunDimension {
    let field = match dimension {
        Dimension::Campaign => CAMPAIGN_ID,
        Dimension::Phase => PHASE,
    };
    let place = CAMPAIGN_RUN.dimensions.iter().position(|of| *of == field).unwrap_or_default();
    RunDimension { kind: &CAMPAIGN_RUN, column: CAMPAIGN_RUN.fields[field].column, place }
}

/// Where the runs that are asked for are added up; none where they are told apart by more than one dimension.
#[must_use]
pub fn series(filter: &RunFilter) -> Option<(&'static Kind, Series)> {
    let along =
        |of: Dimension, key: &str| Series { dimension: Some(dimension(of).place), key: key.to_owned() };
    let series = match (&filter.campaign, &filter.phase) {
        (None, None) => Series::ALL,
        (Some(campaign), None) => along(Dimension::Campaign, campaign),
        (None, Some(phase)) => along(Dimension::Phase, phase),
        (Some(_), Some(_)) => return None,
    };
    Some((&CAMPAIGN_RUN, series))
}

/// Where it is kept which campaigns ever had a run of this phase.
#[must_use]
pub fn campaigns_of_phase(phase: &str) -> (&'static Kind, PairsOfText) {
    let place = CAMPAIGN_RUN.pairs.iter().position(|pair| *pair == [PHASE, CAMPAIGN_ID]);
    (&CAMPAIGN_RUN, PairsOfText::of(&CAMPAIGN_RUN, place.unwrap_or_default(), phase))
}

/// What a rollup of campaign runs says, by name.
#[must_use]
pub fn added(mut rollup: Rollup) -> Added {
    let latencies = rollup.sketches.first_mut().map(std::mem::take).unwrap_or_default();
    let of = |field: usize| {
        let at = CAMPAIGN_RUN.measures.iter().position(|measure| *measure == field);
        at.and_then(|at| rollup.measures.get(at)).copied().unwrap_or_default()
    };
    Added {
        runs: rollup.records,
        agents: of(AGENTS_TOTAL).sum,
        successful: of(AGENTS_SUCCESSFUL).sum,
        assets: of(ASSETS_GENERATED).sum,
        tokens_in: of(TOKENS_IN).sum,
        tokens_out: of(TOKENS_OUT).sum,
        cost_e5: of(COST_USD).sum,
        latencies,
        latency_avg_sum: of(LATENCY_AVG).sum,
        latency_avg_runs: of(LATENCY_AVG).count,
    }
}

/// A record of this kind, read by name.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a>(&'a Record);

impl<'a> Run<'a> {
    /// None where it is a record of another kind.
    #[must_use]
    pub fn of(record: &'a Record) -> Option<Self> {
        (record.kind == &CAMPAIGN_RUN).then_some(Self(record))
    }

    /// The campaign's id.
    #[must_use]
    pub fn campaign_id(self) -> &'a str {
        self.0.values()[CAMPAIGN_ID].text()
    }
    /// The campaign's name, where it was told.
    #[must_use]
    pub fn campaign_name(self) -> Option<&'a str> {
        self.0.names()[CAMPAIGN].as_deref()
    }
    /// The run's id within its campaign.
    #[must_use]
    pub fn run_id(self) -> &'a str {
        self.0.values()[RUN_ID].text()
    }
    /// The phase of the campaign.
    #[must_use]
    pub fn phase(self) -> &'a str {
        self.0.values()[PHASE].text()
    }
    /// Agents that took part.
    #[must_use]
    pub fn agents_total(self) -> i64 {
        self.count(AGENTS_TOTAL)
    }
    /// Agents that succeeded.
    #[must_use]
    pub fn agents_successful(self) -> i64 {
        self.count(AGENTS_SUCCESSFUL)
    }
    /// Assets that were made.
    #[must_use]
    pub fn assets(self) -> i64 {
        self.count(ASSETS_GENERATED)
    }
    /// Tokens that went in.
    #[must_use]
    pub fn tokens_in(self) -> i64 {
        self.count(TOKENS_IN)
    }
    /// Tokens that came out.
    #[must_use]
    pub fn tokens_out(self) -> i64 {
        self.count(TOKENS_OUT)
    }
    /// In hundred-thousandths of a dollar.
    #[must_use]
    pub fn cost_e5(self) -> i64 {
        self.count(COST_USD)
    }
    /// The 95th percentile of latencies, in milliseconds.
    #[must_use]
    pub fn latency_p95_ms(self) -> Option<i64> {
        self.0.values()[LATENCY_P95].number()
    }
    /// The average latency, in milliseconds.
    #[must_use]
    pub fn latency_avg_ms(self) -> Option<i64> {
        self.0.values()[LATENCY_AVG].number()
    }
    /// In hundredths of a percent.
    #[must_use]
    pub fn success_rate_bp(self) -> Option<i64> {
        self.0.values()[SUCCESS_RATE].number()
    }
    /// When the run was made, as its sender says.
    #[must_use]
    pub fn created_at(self) -> Timestamp {
        Timestamp::from_micros(self.count(CREATED_AT))
    }

    fn count(self, at: usize) -> i64 {
        self.0.values()[at].number().unwrap_or(0)
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
    fn success_rate_is_derived_and_rounded() {
        let rate = |total, successful| {
            let json = format!(
                r#"{{"campaignId":"c","runId":"r","phase":"1","agentsTotal":{total},"agentsSuccessful":{successful}}}"#
            );
            Run::of(&run(&json).unwrap()).unwrap().success_rate_bp()
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
