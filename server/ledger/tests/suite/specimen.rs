//! A kind that no product has, with every type of field and every sort of pointer. Its fields are named and placed as the
//! campaign run's where both have them, so that the same tests are about either. The pipeline's simulation carries it too.

use model::record::{
    CAMPAIGNS, Destination, Field, FieldFault, FieldType, Identity, JsonRoot, Kind, NameMember, Need,
    PersonalData, Pointer, Policy, Record, Remote, Rules, USERS, Value,
};

const PHASE: usize = 2;
const TOTAL: usize = 3;
const SUCCESSFUL: usize = 4;
const TOKENS_IN: usize = 6;
const COST_USD: usize = 8;
const PAYLOAD: usize = 11;
const CREATED_AT: usize = 12;
const USER_ID: usize = 14;
const FAILED: usize = 16;

const PHASES: &[&str] = &["1", "2", "3", "2-3"];
const COST: FieldType = FieldType::Decimal { scale: 5, min: -9_999_999_999, max: 9_999_999_999 };
const STORY: FieldType = FieldType::LongText { max_chars: 4_000, personal_data: PersonalData::Allowed };
const BODY: FieldType =
    FieldType::Json { root: JsonRoot::Object, max_bytes: 65_536, personal_data: PersonalData::Refused };
const TAGS: FieldType =
    FieldType::Json { root: JsonRoot::Array, max_bytes: 1_024, personal_data: PersonalData::Refused };

static FIELDS: &[Field] = &[
    Field::text("campaignId", "campaign_id", "Campaign", 64).remote(Remote::Lookup("apex_campaign")),
    Field::text("runId", "run_id", "Run", 64).dataverse("apex_runid"),
    Field::new("phase", "phase", "Phase", FieldType::Choice(PHASES)).dataverse("apex_phase"),
    Field::new("agentsTotal", "agents_total", "Agents", FieldType::Whole { min: i64::MIN, max: i64::MAX })
        .dataverse("apex_agentstotal"),
    Field::count("agentsSuccessful", "agents_successful", "Agents that succeeded")
        .dataverse("apex_agentssuccessful"),
    Field::new("slot", "slot", "Slot", FieldType::Time).dataverse("apex_slot"),
    Field::count("tokensIn", "tokens_in", "Tokens in").need(Need::DefaultZero).dataverse("apex_tokensin"),
    Field::new("lane", "lane", "Lane", FieldType::Uuid).dataverse("apex_lane"),
    Field::new("costUSD", "cost_usd_e5", "Cost", COST).need(Need::DefaultZero).dataverse("apex_costusd"),
    Field::new("isLive", "is_live", "Live", FieldType::Flag).need(Need::DefaultZero).dataverse("apex_islive"),
    Field::new("story", "story", "Story", STORY).need(Need::Optional).dataverse("apex_story"),
    Field::new("payload", "payload", "Payload", BODY).dataverse("apex_payload"),
    Field::new("createdAt", "created_at", "Created at", FieldType::Time)
        .need(Need::DefaultNow)
        .dataverse("apex_createdat"),
    Field::new("tags", "tags", "Tags", TAGS).need(Need::Optional).dataverse("apex_tags"),
    Field::text("userId", "user_id", "User", 64).need(Need::Optional).remote(Remote::Lookup("apex_user")),
    Field::text("source", "source", "Source", 32).need(Need::Optional).remote(Remote::Inside(PAYLOAD)),
    Field::new("failed", "failed", "Failed", FieldType::Whole { min: i64::MIN, max: i64::MAX })
        .need(Need::Derived),
];

/// Keyed by fields of every type that can be told apart.
pub static KEYED: Kind = Kind {
    name: "specimen",
    noun: "specimen",
    table: "specimens",
    fields: FIELDS,
    identity: Identity::Key(&[0, 1, 2, 5, 7, 9]),
    time: CREATED_AT,
    pointers: &[
        Pointer {
            field: 0,
            target: &CAMPAIGNS,
            name: Some(NameMember { json: "campaignName", max_chars: 100 }),
        },
        Pointer { field: USER_ID, target: &USERS, name: None },
    ],
    rules: Rules { check, derive, ..Rules::NONE },
    title,
    delivery: Some(Destination {
        logical_name: "apex_specimen",
        entity_set: "apex_specimens",
        primary_key: "apex_specimenid",
        display_name: "Specimen",
        policy: Policy::Every,
    }),
    retention: None,
    api: None,
    measures: &[TOTAL, TOKENS_IN, COST_USD],
    sketches: &[TOKENS_IN],
    dimensions: &[0, PHASE],
    pairs: &[[PHASE, 0]],
};

/// Members that a campaign run has not, as JSON that goes in front of others.
pub const MORE: &str = r#""slot":"2026-02-03T04:05:06.000007Z","lane":"0A000000-0000-4000-8000-00000000000b","isLive":true,
    "story":" One line,\n\u200fand another: ann@example.com\t","payload":{"b":[1,2.50,null],"a":{"é":"𝄞"}},
    "tags":["x",{"y":false}],"userId":"u1","source":"suite","#;

fn title(record: &Record) -> String {
    record.values()[1].text().to_owned()
}

fn check(values: &[Value]) -> Vec<FieldFault> {
    match (values[TOTAL].number(), values[SUCCESSFUL].number()) {
        (Some(total), Some(successful)) if successful > total => {
            vec![FieldFault::new("agentsSuccessful", "must be at most agentsTotal")]
        }
        _ => Vec::new(),
    }
}

fn derive(values: &mut [Value]) {
    if let (Some(total), Some(successful)) = (values[TOTAL].number(), values[SUCCESSFUL].number()) {
        values[FAILED] = total.checked_sub(successful).map_or(Value::Nothing, Value::Integer);
    }
}
