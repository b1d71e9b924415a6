//! A ledger, an organisation, two processes between them, and what people do to either side.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ledger::{ChangeOutcome, DeliveryCounts, Ledger, ListAsk, MassDeletion, MassDeletionAnswer, Verdict};
use model::{
    clock::Clock,
    record::{self, CAMPAIGNS, KINDS, Kind, Kinds},
    rng::Seeded,
    time::Timestamp,
};
use pipeline::{Handle, Mapping, RelayStatus, Settings, Tenant};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    clocks::JumpingClock,
    organisation::{Mishap, Simulated},
    reckoning::Reckoning,
    turns::{SimulationTurns, VirtualClock, standing_still},
};
use crate::{
    specimen,
    support::{KIND, T},
};

/// Eight runs in a row are of one campaign: new ones come for as long as runs do.
pub const fn campaign_of(run: usize) -> usize {
    run / 8
}

/// After this time in peace, everything must have come in order.
const PEACE: u32 = 90;

/// The campaign's row that others made, and what it is called.
pub const THEIRS: (Uuid, &str) = (Uuid::from_u128(0x7e1), "theirs");
static WITH_SPECIMENS: Kinds = Kinds::new(&[&specimen::KEYED, KIND]);

pub struct World {
    /// What is carried.
    pub kind: &'static Kind,
    pub serial: SimulationTurns,
    pub organisation: Simulated,
    pub clock: Arc<JumpingClock>,
    processes: [Option<Handle>; 2],
    settings: Settings,
    /// How many runs were sent: `r0`, `r1` and so on.
    pub runs: usize,
    /// How many of them the ledger took as new.
    pub taken: i64,
    /// Those that people withdrew here, deleted there, or gave up when they were asked.
    pub given_up: BTreeSet<String>,
    turns: [SimulationTurns; 2],
    seed: u64,
    _folder: TempDir,
}

impl World {
    pub async fn open(seed: u64) -> Self {
        Self::open_with(seed, |_| ()).await
    }

    pub async fn open_with(seed: u64, change: impl FnOnce(&mut Settings)) -> Self {
        let mut chance = StdRng::seed_from_u64(!seed);
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let at = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        let clock = Arc::new(JumpingClock::new(VirtualClock { begin: Instant::now(), at }));
        let told: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let place = ledger::StoreSettings::Folder(folder.path().to_owned());
        // Every fourth run is about a kind that has everything.
        let (kind, kinds) = if seed % 4 == 2 { (&specimen::KEYED, WITH_SPECIMENS) } else { (KIND, KINDS) };
        let opened = standing_still(open(kinds, place, Arc::clone(&told), seed)).await;
        let serial = SimulationTurns::new(opened);
        let skew = chance.random_range(-300_000_000..300_000_000);
        let organisation = Simulated::new(seed, kind.delivery.unwrap().entity_set, told, skew);
        let every = Duration::from_secs(chance.random_range(5..60));
        let mut settings = Settings {
            mapping: Arc::new(Mapping::standard(kinds)),
            tenants: vec![Tenant { id: T, name: "The studio".to_owned() }],
            batch: 10,
            batch_min: 2,
            batch_max: 40,
            linger: Duration::from_millis(50),
            unconfirmed_after: 2 * every + Duration::from_secs(30),
            ..Settings::new(every, Duration::from_secs(120))
        };
        change(&mut settings);
        let mut world = Self {
            kind,
            turns: [serial.clone(), serial.of_another()],
            serial,
            organisation,
            clock,
            processes: [None, None],
            settings,
            runs: 0,
            taken: 0,
            given_up: BTreeSet::new(),
            seed,
            _folder: folder,
        };
        world.start(0);
        world
    }

    /// Thirty rows were delivered by `processes`, and `lost` of them lost before they were read back; some looks
    /// later.
    pub async fn that_lost(count: usize, processes: usize) -> Self {
        let mut world =
            Self::open_with(1, |settings| settings.mirror_every = Duration::from_secs(3600)).await;
        (0..processes).for_each(|process| world.start(process));
        sleep(Duration::from_secs(60)).await;
        world.take_in(30, 1).await;
        sleep(Duration::from_secs(20)).await;
        world.organisation.lose(count);
        sleep(Duration::from_secs(3 * 3600)).await;
        world
    }

    pub fn start(&mut self, process: usize) {
        if self.processes[process].is_none() {
            let (ledger, organisation) = (self.turns[process].clone(), self.organisation.clone());
            let (settings, clock) = (self.settings.clone(), Arc::clone(&self.clock) as Arc<dyn Clock>);
            let chance = Seeded::new(self.seed + process as u64);
            let stop = CancellationToken::new();
            let handle = pipeline::start(ledger, organisation, settings, clock, chance, stop);
            self.processes[process] = Some(handle);
        }
    }

    pub fn status(&self) -> RelayStatus {
        self.processes[0].as_ref().unwrap().status()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub async fn delivery_counts(&self) -> DeliveryCounts {
        let ledger = self.serial.ledger.clone();
        self.serial.take(async move { ledger.delivery_counts(T).await }).await.unwrap()
    }

    /// Everything of the process ends where it stands.
    pub fn crash(&mut self, process: usize) {
        self.processes[process] = None;
    }

    pub async fn take_in(&mut self, count: usize, tokens: i64) {
        let records = (self.runs..self.runs + count).map(|run| self.run(run, tokens)).collect();
        self.runs += count;
        let ledger = self.serial.ledger.clone();
        let outcomes = self.serial.take(async move { ledger.store(T, records).await }).await.unwrap();
        let stored = outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Stored(_)));
        self.taken += i64::try_from(stored.count()).unwrap();
    }

    pub async fn correct(&self, run: usize, tokens: i64) {
        let ledger = self.serial.ledger.clone();
        let record = self.run(run, tokens);
        let id = record.own_id(T).unwrap();
        let corrected = async move { ledger.correct(T, id, record, None).await };
        assert!(!matches!(self.serial.take(corrected).await.unwrap(), ChangeOutcome::NotFound));
    }

    pub async fn withdraw(&mut self, run: usize) {
        self.given_up.insert(format!("r{run}"));
        let ledger = self.serial.ledger.clone();
        let (id, kind) = (self.run(run, 0).own_id(T).unwrap(), self.kind);
        self.serial.take(async move { ledger.withdraw(T, kind, id, None).await }).await.unwrap();
    }

    fn run(&self, run: usize, tokens: i64) -> record::Record {
        let own = if self.kind == KIND { "" } else { specimen::MORE };
        let json = format!(
            r#"{{{own}"campaignId":"c{}","campaignName":"Autumn","runId":"r{run}","phase":"1","agentsTotal":9,"agentsSuccessful":8,
                "tokensIn":{tokens},"costUSD":"0.{run:05}","createdAt":"2026-11-21T12:00:{:02}.5Z"}}"#,
            campaign_of(run),
            run % 60
        );
        record::parse(self.kind, &json, self.clock.right()).unwrap()
    }

    /// A row made by another program, which knows nothing of tenants.
    pub fn others_make(&self, id: Uuid, tokens: i64) {
        let mut row = json!({
            "apex_runid": id.to_string(), "apex_agentstotal": 4, "apex_agentssuccessful": 4, "apex_tokensin": tokens,
        });
        self.organisation.put_target(&CAMPAIGNS, THEIRS.0, THEIRS.1);
        self.fill_in(&mut row, THEIRS);
        self.organisation.put(id, &row);
    }

    /// A row that is the same run as one of ours, or as one that is still to come there.
    pub fn others_make_twin(&self, run: usize, id: Uuid) {
        let mut row = json!({
            "apex_runid": format!("r{run}"), "apex_agentstotal": 9, "apex_agentssuccessful": 9, "apex_tokensin": 5000,
            "apex_createdat": "2026-11-21T12:30:00Z",
        });
        let code = format!("c{}", campaign_of(run));
        let campaign = Uuid::from_u128(0xca0 + campaign_of(run) as u128);
        self.organisation.put_target(&CAMPAIGNS, campaign, &code);
        self.fill_in(&mut row, (campaign, &code));
        self.organisation.put(id, &row);
    }

    /// What the key of the kind has beside the run.
    fn fill_in(&self, row: &mut Json, (campaign, code): (Uuid, &str)) {
        let more = if self.kind == KIND {
            json!({ "apex_campaignid": code, "apex_phase": "1" })
        } else {
            json!({
                "_apex_campaign_value": campaign, "apex_phase": 100_000_000, "apex_slot": "2026-02-03T04:05:06Z",
                "apex_lane": "0a000000-0000-4000-8000-00000000000b", "apex_islive": true, "apex_payload": "{\"a\":1}",
            })
        };
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }

    pub fn others_edit(&self, at: usize, tokens: i64) {
        if let Some(id) = self.some_row(at) {
            self.organisation.put(id, &json!({ "apex_tokensin": tokens }));
        }
    }

    pub fn others_delete(&mut self, at: usize) {
        if let Some(id) = self.some_row(at) {
            self.delete(id);
        }
    }

    fn delete(&mut self, id: Uuid) {
        let run = self.row(id)["apex_runid"].as_str().unwrap().to_owned();
        self.given_up.insert(run);
        self.organisation.delete(id);
    }

    /// The process stands still for `lasts`, and then goes on with what it had in hand.
    pub fn stall(&self, process: usize, lasts: Duration) {
        self.turns[process].stand_still(lasts);
    }

    /// A row that is no record, until a person mends it.
    pub fn others_spoil(&self, at: usize) {
        if let Some(id) = self.some_row(at) {
            self.organisation.put(id, &json!({ "apex_agentstotal": 1 }));
        }
    }

    /// A row of ours says something else there.
    pub fn others_rewrite(&self, run: usize, tokens: i64) {
        let id = self.run(run, 0).own_id(T).unwrap();
        self.organisation.put(id, &json!({ "apex_tokensin": tokens }));
    }

    /// What Dataverse says of one of our runs.
    pub fn tokens_there(&self, run: usize) -> i64 {
        let id = self.run(run, 0).own_id(T).unwrap();
        self.row(id)["apex_tokensin"].as_i64().unwrap()
    }

    fn row(&self, id: Uuid) -> Json {
        let state = self.organisation.state();
        Json::Object(state.rows[&(state.set, id)].columns.clone())
    }

    fn some_row(&self, at: usize) -> Option<Uuid> {
        let state = self.organisation.state();
        let rows: Vec<Uuid> = state.records().map(|(id, _)| id).collect();
        (!rows.is_empty()).then(|| rows[at % rows.len()])
    }

    pub fn trouble(&self, trouble: Mishap, lasts: Duration) {
        self.organisation.state().trouble = Some((trouble, Instant::now() + lasts));
    }

    pub async fn listed(&self) -> usize {
        let ledger = self.serial.ledger.clone();
        let ask = ListAsk { limit: 1_000, ..ListAsk::default() };
        let kind = self.kind;
        self.serial.take(async move { ledger.list(T, kind, &ask).await }).await.unwrap().items.len()
    }

    pub async fn question(&self) -> Option<MassDeletion> {
        let ledger = self.serial.ledger.clone();
        let questions = self.serial.take(async move { ledger.questions().await }).await.unwrap();
        questions.first().map(|(_, question)| *question)
    }

    /// A person answers what the mirror asks, if it does.
    pub async fn answer(&mut self, send_again: bool) {
        self.answer_and(send_again, false).await;
    }

    /// The same, from now on.
    pub async fn answer_for_good(&mut self, send_again: bool) {
        self.answer_and(send_again, true).await;
    }

    /// A person wants to be asked again about what was answered for good.
    pub async fn ask_again(&self) {
        let ledger = self.serial.ledger.clone();
        let kind = self.kind;
        let again = async move { ledger.ask_again(kind, "a person").await };
        assert!(self.serial.take(again).await.unwrap());
    }

    /// The process that takes the cursor next reads the whole table.
    pub async fn have_read_whole(&self) {
        let ledger = self.serial.ledger.clone();
        let kind = self.kind;
        let kept = async move {
            let cursor = ledger.take_cursor(kind, Duration::from_secs(1)).await?.unwrap();
            ledger.keep_cursor(&cursor, None, Duration::ZERO).await?;
            ledger.free_cursor(&cursor).await
        };
        self.serial.take(kept).await.unwrap();
    }

    async fn answer_and(&mut self, send_again: bool, keep: bool) {
        let ledger = self.serial.ledger.clone();
        let questions = self.serial.take(async move { ledger.questions().await }).await.unwrap();
        for (kind, _) in questions {
            if !send_again {
                self.give_up_what_is_not_there();
            }
            let answer =
                if send_again { MassDeletionAnswer::SendAgain } else { MassDeletionAnswer::Withdraw };
            let ledger = self.serial.ledger.clone();
            self.serial
                .take(async move { ledger.answer(kind, answer, keep, "a person").await })
                .await
                .unwrap();
        }
    }

    fn give_up_what_is_not_there(&mut self) {
        let state = self.organisation.state();
        let there: BTreeSet<&str> =
            state.records().map(|(_, row)| row.columns["apex_runid"].as_str().unwrap()).collect();
        let missing = (0..self.runs).map(|run| format!("r{run}")).filter(|run| !there.contains(run.as_str()));
        self.given_up.extend(missing);
    }

    /// All troubles end and people see to what is open. Then everything must come in order; says what was asked of
    /// Dataverse on the way.
    pub async fn calm(mut self) -> Vec<String> {
        {
            let mut state = self.organisation.state();
            state.trouble = None;
            state.poison.clear();
            state.refused.clear();
            let spoilt: Vec<Uuid> = state
                .records()
                .filter(|(_, row)| row.columns["apex_agentstotal"] == 1)
                .map(|(id, _)| id)
                .collect();
            drop(state);
            for id in spoilt {
                self.organisation.put(id, &json!({ "apex_agentstotal": 9 }));
            }
        }
        self.start(0);
        self.start(1);
        let mut reckoning = Reckoning::of(&self).await;
        for minute in 0..PEACE {
            if reckoning.is_settled() {
                break;
            }
            assert!(minute + 1 < PEACE, "seed {}: never settled: {reckoning:#?}", self.seed);
            sleep(Duration::from_secs(60)).await;
            self.answer(minute % 2 == 0).await;
            self.send_again().await;
            self.delete_twins().await;
            reckoning = Reckoning::of(&self).await;
        }
        reckoning.check(self.seed);
        std::mem::take(&mut self.organisation.state().log)
    }

    /// As they are asked to, people delete one of two rows that are the same run.
    async fn delete_twins(&mut self) {
        let ledger = self.serial.ledger.clone();
        let rejects = self.serial.take(async move { ledger.rejects(T, None, 1000).await }).await.unwrap();
        for twin in rejects.iter().filter(|reject| reject.reason.contains("twice")) {
            if self.organisation.state().records().any(|(id, _)| id == twin.dataverse_id) {
                self.delete(twin.dataverse_id);
            }
        }
    }

    async fn send_again(&self) {
        let ledger = self.serial.ledger.clone();
        let letters = self.serial.take(async move { ledger.dead_letters(T, 1000).await }).await.unwrap();
        for letter in letters {
            let ledger = self.serial.ledger.clone();
            let sent = async move { ledger.resend(T, letter.kind, letter.id, "a person").await };
            assert!(self.serial.take(sent).await.unwrap());
        }
    }
}

/// With the tables of kinds that no product has.
async fn open(kinds: Kinds, place: ledger::StoreSettings, clock: Arc<dyn Clock>, seed: u64) -> Ledger {
    if let (Some(kind), ledger::StoreSettings::Folder(folder)) = (kinds.of_name(specimen::KEYED.name), &place)
    {
        let product = Ledger::open(KINDS, place.clone(), Arc::clone(&clock), Seeded::new(seed));
        product.await.unwrap().close().await;
        let tables = include_str!("../../../../ledger/tests/data/specimen/sqlite.sql");
        let tables = AssertSqlSafe(tables.replace("specimens", kind.table));
        let options = SqliteConnectOptions::new().filename(folder.join("ledger.sqlite"));
        let mut file = options.connect().await.unwrap();
        sqlx::raw_sql(tables).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
    }
    Ledger::open(kinds, place, clock, Seeded::new(seed)).await.unwrap()
}
