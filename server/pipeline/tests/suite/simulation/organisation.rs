//! A Dataverse organisation in this process's memory, with virtual latency and every trouble that a relay must survive.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use dataverse::{Error, Limit, Refusal, RowChange};
use model::{
    clock::Clock,
    record::{KINDS, TARGETS, Target},
    time::{SECOND, Timestamp},
};
use pipeline::{ChangePages, RemoteOrganisation, RowWrite, RowWritten, TableMapping, Which};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value as Json, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::specimen::KEYED;

const BIND: &str = "@odata.bind";
/// Small, so that pages are turned.
const PAGE: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    Away,
    Throttled(u64),
    Unavailable,
    /// What is asked for is done, and every second answer is lost.
    LostAnswers,
    Slow,
    /// One row in this many is refused for a reason that passes.
    Flaky(u32),
    /// The application may write and not read.
    Unreadable,
}

#[derive(Clone)]
pub struct StoredRow {
    pub columns: Map<String, Json>,
    version: u64,
}

pub struct OrganisationState {
    /// What the records' table is called.
    pub set: &'static str,
    pub rows: BTreeMap<(&'static str, Uuid), StoredRow>,
    tombstones: BTreeMap<u64, (&'static str, Uuid)>,
    version: u64,
    /// Links from before this version have expired.
    pub expired_before: u64,
    /// What a restore brings back.
    backup: BTreeMap<(&'static str, Uuid), StoredRow>,
    pub trouble: Option<(Mishap, Instant)>,
    /// Runs that are refused for good.
    pub poison: BTreeSet<String>,
    /// Runs that are refused with this status whenever they come.
    pub refused: BTreeMap<String, u16>,
    /// Nothing is written to this table, for a reason that may pass.
    pub failing_set: Option<&'static str>,
    /// What was asked, ever.
    cost: u64,
    /// Every request, when and with what result: two runs of a seed are the same.
    pub log: Vec<String>,
    chance: StdRng,
}

#[derive(Clone)]
pub struct Simulated {
    state: Arc<Mutex<OrganisationState>>,
    clock: Arc<dyn Clock>,
    /// How far Dataverse's clock is from ours, in microseconds.
    skew: i64,
    /// How long each request of this clone takes, where that is fixed.
    pub takes: Option<Duration>,
    /// Whether rows come one by one only.
    pub refuses_many: bool,
}

struct SimulatedPages {
    organisation: Simulated,
    set: &'static str,
    key: String,
    next: Option<PageStart>,
    link: Option<String>,
}

/// Changes, where the next page begins, and after the last one the link.
type SimulatedPage = (Vec<RowChange>, Option<PageStart>, Option<String>);

/// Where a page begins.
#[derive(Clone, Copy)]
enum PageStart {
    Start(Option<u64>),
    Rows { since: Option<u64>, after: u64, up_to: u64 },
    Deletions { after: u64, up_to: u64 },
}

impl Simulated {
    pub fn new(seed: u64, set: &'static str, clock: Arc<dyn Clock>, skew: i64) -> Self {
        let state = OrganisationState {
            set,
            rows: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            version: 0,
            expired_before: 0,
            backup: BTreeMap::new(),
            trouble: None,
            poison: BTreeSet::new(),
            refused: BTreeMap::new(),
            failing_set: None,
            cost: 0,
            log: Vec::new(),
            chance: StdRng::seed_from_u64(seed),
        };
        Self { state: Arc::new(Mutex::new(state)), clock, skew, takes: None, refuses_many: false }
    }

    pub fn state(&self) -> MutexGuard<'_, OrganisationState> {
        self.state.lock().unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now().plus(self.skew)
    }

    /// What another program does there, at once.
    pub fn put(&self, id: Uuid, row: &Json) {
        let now = self.now();
        let mut state = self.state();
        let set = state.set;
        state.put(set, id, row, now).unwrap();
    }

    /// A row that others made of what records point at, with the code that these hold.
    pub fn put_target(&self, target: &'static Target, id: Uuid, code: &str) {
        let now = self.now();
        let row = json!({ target.code.unwrap(): code, "apex_name": code });
        self.state().put(target.entity_set, id, &row, now).unwrap();
    }

    pub fn delete(&self, id: Uuid) {
        let mut state = self.state();
        let set = state.set;
        state.delete(set, id).unwrap();
    }

    /// Rows are gone and no change tells of it, as after a failover with loss.
    pub fn lose(&self, count: usize) {
        let mut state = self.state();
        let runs = state.rows.keys().filter(|(set, _)| *set == state.set).take(count);
        let lost: Vec<(&'static str, Uuid)> = runs.copied().collect();
        assert_eq!(lost.len(), count);
        for row in lost {
            state.rows.remove(&row);
        }
    }

    /// The same, and no link is of use any more.
    pub fn lose_up_to(&self, count: usize) {
        let runs = self.state().records().count();
        self.lose(count.min(runs));
        self.state().expire_links();
    }

    async fn request<T>(
        &self,
        what: String,
        cost: usize,
        limit: Option<Limit>,
        act: impl FnOnce(&mut OrganisationState, Timestamp) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if limit.is_some_and(|limit| limit.is_over(Instant::now())) {
            return Err(Error::OutOfTime);
        }
        self.state().cost += cost as u64;
        let latency = Duration::from_millis(self.state().chance.random_range(5..150));
        let latency = self.takes.map_or(latency, |takes| takes / 2);
        sleep(latency).await;
        let trouble = self.state().trouble.filter(|(_, until)| *until > Instant::now());
        let trouble = trouble.map(|(trouble, _)| trouble);
        let reads = ["rows", "changes", "pointed at"].iter().any(|read| what.starts_with(read));
        let unreadable = trouble == Some(Mishap::Unreadable) && reads;
        let forbidden = unreadable.then(|| Error::Forbidden(answered(403, "0x80040220")));
        if let Some(error) = forbidden.or_else(|| trouble.and_then(refusal)) {
            sleep(latency).await;
            self.note(&what, "refused");
            return Err(error);
        }
        if trouble == Some(Mishap::Slow) {
            sleep(Duration::from_secs(20)).await;
        }
        let now = self.now();
        let answer = act(&mut self.state(), now);
        sleep(latency).await;
        if trouble == Some(Mishap::LostAnswers) && self.state().chance.random_bool(0.5) {
            self.note(&what, "lost");
            return Err(Error::TimedOut { after: Duration::from_secs(60) });
        }
        self.note(&what, if answer.is_ok() { "done" } else { "failed" });
        answer
    }

    fn note(&self, what: &str, how: &str) {
        let line = format!("{} {what} {how}", self.clock.now());
        self.state().log.push(line);
    }
}

#[async_trait]
impl RemoteOrganisation for Simulated {
    fn cost(&self) -> u64 {
        self.state().cost
    }

    async fn upsert(
        &self,
        table: &TableMapping,
        rows: Vec<(Uuid, Json)>,
        limit: Limit,
    ) -> Result<Vec<RowWritten>, Error> {
        if self.refuses_many {
            let refused = |_: &mut OrganisationState, _| Err(Error::Rejected(answered(400, "0x80060888")));
            return self.request(format!("upsert {}", rows.len()), rows.len(), Some(limit), refused).await;
        }
        let set = &table.entity_set;
        let writes = rows.into_iter().map(|(id, row)| RowWrite::Upsert { set: set.clone(), id, row });
        self.write(writes.collect(), limit).await
    }

    async fn write(&self, writes: Vec<RowWrite>, limit: Limit) -> Result<Vec<RowWritten>, Error> {
        self.request(format!("write {}", writes.len()), writes.len(), Some(limit), |state, now| {
            Ok(writes.iter().map(|write| state.write(write, now)).collect())
        })
        .await
    }

    async fn make(&self, set: &str, id: Uuid, row: &Json, limit: Limit) -> RowWritten {
        assert_eq!(set, "apex_tenants");
        self.request("make".to_owned(), 1, Some(limit), |state, now| {
            if state.rows.contains_key(&("apex_tenants", id)) {
                return Err(Error::Precondition(answered(412, "0x80040237")));
            }
            state.put("apex_tenants", id, row, now)
        })
        .await
    }

    async fn rows(&self, table: &TableMapping, _: &[&str], ids: &[Uuid]) -> Result<Vec<Json>, Error> {
        self.request(format!("rows {}", ids.len()), 1, None, |state, _| {
            let found = ids.iter().filter_map(|id| {
                let row = state.rows.get(&(set_of(&table.entity_set), *id))?;
                Some(row.shown(&table.primary_key, *id))
            });
            Ok(found.collect())
        })
        .await
    }

    async fn pointed_at(&self, target: &'static Target, which: Which<'_>) -> Result<Vec<Json>, Error> {
        self.request("pointed at".to_owned(), 1, None, |state, _| {
            let is_meant = |id: &Uuid, row: &StoredRow| match which {
                Which::OfIds(ids) => ids.contains(id),
                Which::OfCodes(codes) => target.code.is_some_and(|column| {
                    let code = row.columns.get(column).and_then(Json::as_str);
                    code.is_some_and(|code| codes.contains(&code))
                }),
            };
            let rows = state.rows.iter().filter(|((set, _), _)| *set == target.entity_set);
            let meant = rows.filter(|((_, id), row)| is_meant(id, row));
            Ok(meant.map(|((_, id), row)| row.shown(target.primary_key, *id)).collect())
        })
        .await
    }

    async fn changes(
        &self,
        table: &TableMapping,
        _: &[&str],
        since: Option<&str>,
    ) -> Result<Box<dyn ChangePages>, Error> {
        let since = since.map(|link| link.parse().unwrap());
        Ok(Box::new(SimulatedPages {
            organisation: self.clone(),
            set: set_of(&table.entity_set),
            key: table.primary_key.clone(),
            next: Some(PageStart::Start(since)),
            link: None,
        }))
    }
}

#[async_trait]
impl ChangePages for SimulatedPages {
    async fn next_page(&mut self) -> Result<Option<Vec<RowChange>>, Error> {
        let Some(place) = self.next.take() else { return Ok(None) };
        let (set, key) = (self.set, &self.key);
        let turned = |state: &mut OrganisationState, _| state.page(set, key, place);
        let (page, next, link) = self.organisation.request("changes".to_owned(), 1, None, turned).await?;
        self.next = next;
        self.link = link;
        Ok(Some(page))
    }

    fn link(&self) -> Option<String> {
        self.link.clone()
    }
}

/// The same name for as long as the test runs.
fn set_of(name: &str) -> &'static str {
    let kinds = KINDS.delivered().map(|(_, delivery)| delivery.entity_set);
    let kinds = kinds.chain(KEYED.delivery.map(|delivery| delivery.entity_set));
    kinds.chain(TARGETS.iter().map(|target| target.entity_set)).find(|set| *set == name).unwrap()
}

impl OrganisationState {
    pub fn records(&self) -> impl Iterator<Item = (Uuid, &StoredRow)> {
        self.rows.iter().filter(|((set, _), _)| *set == self.set).map(|((_, id), row)| (*id, row))
    }

    /// What records call a row that they point at.
    pub fn code(&self, target: &Target, id: Uuid) -> Option<&str> {
        self.rows.get(&(target.entity_set, id))?.columns.get(target.code?)?.as_str()
    }

    fn write(&mut self, write: &RowWrite, now: Timestamp) -> RowWritten {
        let (RowWrite::Upsert { set, .. } | RowWrite::Make { set, .. } | RowWrite::Delete { set, .. }) =
            write;
        if self.failing_set == Some(set_of(set)) {
            return Err(Error::Rejected(answered(500, "0x80044150")));
        }
        match write {
            RowWrite::Delete { set, id } => self.delete(set_of(set), *id),
            RowWrite::Make { set, id, .. } if self.rows.contains_key(&(set_of(set), *id)) => {
                Err(Error::Precondition(answered(412, "0x80040237")))
            }
            RowWrite::Upsert { set, id, row } | RowWrite::Make { set, id, row } => {
                if row["apex_runid"].as_str().is_some_and(|run| self.poison.contains(run)) {
                    return Err(Error::Rejected(answered(400, "0x80044331")));
                }
                match row["apex_runid"].as_str().and_then(|run| self.refused.get(run)) {
                    Some(403) => return Err(Error::Forbidden(answered(403, "0x80040220"))),
                    Some(status) => return Err(Error::Rejected(answered(*status, "0x80044150"))),
                    None => {}
                }
                if let Some((Mishap::Flaky(one_in), until)) = self.trouble
                    && until > Instant::now()
                    && self.chance.random_ratio(1, one_in)
                {
                    return Err(Error::Rejected(answered(500, "0x80044150")));
                }
                self.put(set_of(set), *id, row, now)
            }
        }
    }

    /// Columns that are not named stay as they are. Times are kept in whole seconds.
    fn put(&mut self, set: &'static str, id: Uuid, row: &Json, now: Timestamp) -> RowWritten {
        let mut row = row.as_object().unwrap().clone();
        let bound: Vec<String> = row.keys().filter(|name| name.ends_with(BIND)).cloned().collect();
        for name in bound {
            let Some(Json::String(address)) = row.remove(&name) else { continue };
            let (to, id) = address.trim_matches(['/', ')']).split_once('(').unwrap();
            if !self.rows.contains_key(&(set_of(to), id.parse().unwrap())) {
                return Err(Error::NotFound(answered(404, "0x80040217")));
            }
            row.insert(format!("_{}_value", name.trim_end_matches(BIND)), id.into());
        }
        for at in row.values_mut() {
            let time = at.as_str().filter(|text| text.ends_with('Z')).and_then(Timestamp::parse);
            if let Some(time) = time {
                *at = whole_second(time).to_string().into();
            }
        }
        self.version += 1;
        self.tombstones.retain(|_, of| *of != (set, id));
        let made = || Map::from_iter([("createdon".to_owned(), whole_second(now).to_string().into())]);
        let held = self.rows.entry((set, id)).or_insert_with(|| StoredRow { columns: made(), version: 0 });
        held.columns.extend(row);
        held.columns.insert("modifiedon".to_owned(), whole_second(now).to_string().into());
        held.version = self.version;
        Ok(())
    }

    fn delete(&mut self, set: &'static str, id: Uuid) -> RowWritten {
        if self.rows.remove(&(set, id)).is_none() {
            return Err(Error::NotFound(answered(404, "0x80040217")));
        }
        self.version += 1;
        self.tombstones.insert(self.version, (set, id));
        Ok(())
    }

    /// A reading covers what changed up to its first page; what changes later comes with the next reading.
    fn page(&mut self, set: &'static str, key: &str, place: PageStart) -> Result<SimulatedPage, Error> {
        match place {
            PageStart::Start(since) if since.is_some_and(|since| since < self.expired_before) => {
                Err(Error::DeltaExpired(answered(400, "0x80044352")))
            }
            PageStart::Start(since) => {
                let rows = PageStart::Rows { since, after: since.unwrap_or(0), up_to: self.version };
                self.page(set, key, rows)
            }
            PageStart::Rows { since, after, up_to } => {
                let mut changed: Vec<(u64, Uuid)> = self
                    .rows
                    .iter()
                    .filter(|((of, _), row)| *of == set && row.version > after && row.version <= up_to)
                    .map(|((_, id), row)| (row.version, *id))
                    .collect();
                changed.sort_unstable();
                let more = changed.len() > PAGE;
                changed.truncate(PAGE);
                let shown = |id: Uuid| RowChange::Upserted(self.rows[&(set, id)].shown(key, id));
                let page: Vec<RowChange> = changed.iter().map(|(_, id)| shown(*id)).collect();
                match (more, changed.last(), since) {
                    (true, Some((after, _)), _) => {
                        Ok((page, Some(PageStart::Rows { since, after: *after, up_to }), None))
                    }
                    (_, _, Some(since)) => {
                        Ok((page, Some(PageStart::Deletions { after: since, up_to }), None))
                    }
                    (_, _, None) => Ok((page, None, Some(up_to.to_string()))),
                }
            }
            PageStart::Deletions { after, up_to } => {
                let gone =
                    self.tombstones.range(after..=up_to).filter(|(at, (of, _))| **at > after && *of == set);
                let page = gone.map(|(_, (_, id))| RowChange::Deleted(*id)).collect();
                Ok((page, None, Some(up_to.to_string())))
            }
        }
    }

    /// What is there now is what a restore brings back.
    pub fn back_up(&mut self) {
        self.backup = self.rows.clone();
    }

    /// The organisation is put back to what it was. Nothing tells what that undid.
    pub fn restore(&mut self) {
        self.rows = self.backup.clone();
        self.tombstones.clear();
        self.expire_links();
    }

    /// No link that was given out so far is of use any more.
    pub fn expire_links(&mut self) {
        self.version += 1;
        self.expired_before = self.version;
    }
}

impl StoredRow {
    fn shown(&self, key: &str, id: Uuid) -> Json {
        let mut row = self.columns.clone();
        row.insert(key.to_owned(), id.to_string().into());
        Json::Object(row)
    }
}

fn refusal(trouble: Mishap) -> Option<Error> {
    match trouble {
        Mishap::Away => Some(Error::Transport { host: "simulated".to_owned(), reason: "refused".to_owned() }),
        Mishap::Throttled(seconds) => Some(Error::Throttled {
            retry_after: Duration::from_secs(seconds),
            refusal: answered(429, "0x80072322"),
        }),
        Mishap::Unavailable => Some(Error::Rejected(answered(503, ""))),
        Mishap::LostAnswers | Mishap::Slow | Mishap::Flaky(_) | Mishap::Unreadable => None,
    }
}

fn answered(status: u16, code: &str) -> Refusal {
    Refusal { status, code: code.to_owned(), message: "simulated".to_owned(), request_id: None }
}

pub fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().div_euclid(SECOND) * SECOND)
}
