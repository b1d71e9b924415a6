//! `studio key`: keys that services send are made, listed and revoked, while the server runs or not.

use std::io::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use ledger::{AccessStore, KeyScope, ServiceKey};
use model::{calendar::Zone, rng::Seeded, tenant::TenantId, time::Timestamp};
use tokio::time;

use super::{Failure, help, say};
use crate::{
    access::{HOLDS_AFTER, KeyText, KeyWishes, secret},
    clock, random,
    settings::{Settings, Sources},
};

const EXAMPLES: &str = "\
Examples:
  studio key add --name campaigns                      may send records; its text is the last line
  studio key add --name reports --scope read --expires 90
  studio key add --name pilot --expires 2027-01-31 --rate 600
  studio key list
  studio key revoke campaigns                          good for nothing from now on, on every server

A key is sent as `Authorization: Bearer KEY`, or as `x-api-key: KEY`. From the first one on, what
writes needs one, also when the last one was revoked. docs/keys.md says more.

Settings: where the ledger is (STUDIO_DATA, or DATABASE_URL and STUDIO_SCHEMA).
`studio --help` describes them, and the exit codes.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct KeyCommand {
    #[command(subcommand)]
    what: KeyAction,
}

#[derive(Debug, Subcommand)]
enum KeyAction {
    /// Makes a key, and prints it: once, as the last line
    #[command(after_help = EXAMPLES)]
    Add(KeyOptions),
    /// Lists them, without their texts
    #[command(after_help = help::OF_LEDGER)]
    List,
    /// Revokes one; that holds when the command ends, on every server
    #[command(after_help = help::OF_LEDGER)]
    Revoke {
        /// What it is called
        name: String,
    },
}

#[derive(Debug, Args)]
struct KeyOptions {
    /// What it is called: who sends it
    #[arg(long)]
    name: String,
    /// What it is good for
    #[arg(long, value_enum, default_value = "write")]
    scope: ScopeWish,
    /// Good for these days from now, as in 90, or until a day is over, as in 2027-01-31
    #[arg(long, value_name = "DATE|DAYS")]
    expires: Option<String>,
    /// How many requests a minute each server takes with it
    #[arg(long, value_name = "PER_MINUTE")]
    rate: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeWish {
    /// To send, correct and withdraw records
    Write,
    /// To read figures and records
    Read,
    /// Both, and to decide for the tenant
    Admin,
}

impl From<ScopeWish> for KeyScope {
    fn from(wish: ScopeWish) -> Self {
        match wish {
            ScopeWish::Write => Self::Write,
            ScopeWish::Read => Self::Read,
            ScopeWish::Admin => Self::Admin,
        }
    }
}

impl KeyCommand {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let settings = Settings::read(sources)?;
        let (clock, place) = (clock::clock(settings.frozen), settings.ledger());
        let now = clock.now();
        // Before anything is opened: a slip of the pen makes no ledger.
        let wished = match &self.what {
            KeyAction::Add(wishes) => Some(wishes.key(now, &settings.zone)?),
            KeyAction::List | KeyAction::Revoke { .. } => None,
        };
        let store =
            AccessStore::open(place.clone(), wished.is_some(), clock, || Seeded::new(random::seed())).await;
        let mut store = store.map_err(anyhow::Error::new)?;
        let changes = !matches!(self.what, KeyAction::List);
        let done = match (self.what, wished) {
            (KeyAction::Add(_), Some(key)) => add(&mut store, &settings.ledger_place(), key).await,
            (KeyAction::Revoke { name }, _) => revoke(&mut store, &name).await,
            (KeyAction::List | KeyAction::Add(_), _) => list(&mut store, now, &settings.zone).await,
        };
        // Servers know what they read a moment ago.
        if changes && done.is_ok() && store.is_shared(&place) {
            time::sleep(HOLDS_AFTER).await;
        }
        store.close().await;
        done
    }
}

impl KeyOptions {
    /// All but its code.
    fn key(&self, now: Timestamp, zone: &Zone) -> Result<ServiceKey, Failure> {
        let wishes = KeyWishes {
            name: &self.name,
            scope: self.scope.into(),
            expires: self.expires.as_deref().unwrap_or_default(),
            rate: self.rate.as_deref().unwrap_or_default(),
        };
        let key = wishes.key(TenantId::FIRST, now, zone);
        key.map_err(|fault| Failure::Usage(format!("--{} {}", fault.field, fault.sentence)))
    }
}

async fn add(store: &mut AccessStore, place: &str, key: ServiceKey) -> Result<(), Failure> {
    let secret = store.keep_secret(secret(random::secret_bytes())).await.map_err(anyhow::Error::new)?;
    let text = KeyText::of(random::secret_bytes());
    let told = format!(
        "{} may {}, in the ledger {place}. Its text, which is told once:\n{}\n",
        key.name,
        rights(key.scope),
        text.tell()
    );
    let name = key.name.clone();
    let (tenant, key) = (key.tenant, ServiceKey { code: text.code(&secret), ..key });
    if !store.add_key(key).await.map_err(anyhow::Error::new)? {
        return Err(anyhow::anyhow!(
            "there is a key named {name} already; take another name, or call `studio key revoke {name}` first"
        )
        .into());
    }
    let mut out = std::io::stdout().lock();
    let lost = out.write_all(told.as_bytes()).and_then(|()| out.flush());
    drop(out);
    if let Err(error) = lost {
        store.revoke_key(tenant, &name).await.map_err(anyhow::Error::new)?;
        return Err(
            anyhow::anyhow!("the key could not be told ({error}), so that it is revoked again").into()
        );
    }
    Ok(())
}

const fn rights(scope: KeyScope) -> &'static str {
    match scope {
        KeyScope::Write => "send, correct and withdraw records",
        KeyScope::Read => "read figures and records",
        KeyScope::Admin => "read and write, and decide for the tenant",
    }
}

async fn revoke(store: &mut AccessStore, name: &str) -> Result<(), Failure> {
    if store.revoke_key(TenantId::FIRST, name).await.map_err(anyhow::Error::new)? {
        say(&format!("{name} is revoked: from now on it is good for nothing."));
        return Ok(());
    }
    Err(anyhow::anyhow!("there is no key named {name}; `studio key list` says which there are").into())
}

async fn list(store: &mut AccessStore, now: Timestamp, zone: &Zone) -> Result<(), Failure> {
    let table = store.key_table().await.map_err(anyhow::Error::new)?;
    if table.keys.is_empty() {
        say(match table.is_closed {
            false => "There is no key, and none is needed. `studio key add --name NAME` makes the first.",
            true => {
                "There is no key any more, and what writes needs one. `studio key add --name NAME` makes one."
            }
        });
        return Ok(());
    }
    let width = table.keys.iter().map(|key| key.name.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for key in &table.keys {
        // Writing to memory cannot fail.
        _ = writeln!(lines, "{:<width$}  {:<5}  {}", key.name, key.scope.word(), about(key, now, zone));
    }
    say(String::from_utf8_lossy(&lines).trim_end());
    Ok(())
}

/// "expires 2027-02-01 00:00, 600 a minute, last used 2026-12-01 10:00".
fn about(key: &ServiceKey, now: Timestamp, zone: &Zone) -> String {
    let at = |moment: Timestamp| zone.format(moment, "%Y-%m-%d %H:%M");
    let expires = match key.expires_at {
        None => "expires never".to_owned(),
        Some(end) if end <= now => format!("expired {}", at(end)),
        Some(end) => format!("expires {}", at(end)),
    };
    let rate = key.rate_per_minute.map_or(String::new(), |rate| format!(", {rate} a minute"));
    let used = key.used_at.map_or("never used".to_owned(), |used| format!("last used {}", at(used)));
    format!("{expires}{rate}, {used}")
}
