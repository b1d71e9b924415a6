//! The keys that requests are held against: the ledger's, as it was a moment ago at most.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use ledger::{KeyScope, KeyTable, KeyUse, Ledger, LedgerError, ServiceKey};
use model::{tenant::TenantId, time::Timestamp};
use tokio::{
    sync::Mutex as AsyncMutex,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use super::{MinuteAllowance, key_text::KeyText};

/// Older than this, keys are read again before a request is judged. A key that is revoked anywhere is good no longer than that.
pub const FRESH: Duration = Duration::from_millis(200);
/// What a ledger may take to tell them. Where it does not tell, nothing can have been revoked in it either.
const PATIENCE: Duration = Duration::from_millis(250);
const NOTED_EVERY: Duration = Duration::from_secs(5);

pub struct KeyRing {
    ledger: Ledger,
    known: ArcSwap<KnownKeys>,
    reading: AsyncMutex<()>,
    uses: Mutex<HashMap<(TenantId, Arc<str>), Timestamp>>,
    started: Instant,
}

#[derive(Clone)]
struct KnownKeys {
    secret: Option<String>,
    by_code: HashMap<String, Arc<KnownKey>>,
    read_at: Instant,
}

struct KnownKey {
    tenant: TenantId,
    name: Arc<str>,
    scope: KeyScope,
    expires_at: Option<Timestamp>,
    rate_per_minute: Option<u32>,
    allowance: Option<MinuteAllowance>,
}

/// The key that a request was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentKey {
    pub tenant: TenantId,
    pub name: Arc<str>,
    pub scope: KeyScope,
}

/// Why a key opens nothing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// It was never there, was revoked or has expired: which of these is told to none who has no key.
    Unknown,
    /// It is sent more often than it is good for.
    TooOften { retry_after: Duration },
}

impl KeyRing {
    /// # Errors
    /// When the ledger does not tell its keys.
    pub async fn of(ledger: Ledger) -> Result<Self, LedgerError> {
        let known = KnownKeys::of(ledger.key_table().await?, None);
        let (reading, uses) = Default::default();
        Ok(Self { ledger, known: ArcSwap::from_pointee(known), reading, uses, started: Instant::now() })
    }

    /// Whether there ever was a key. From then on what writes needs one, also when the last one was revoked.
    pub async fn is_in_use(&self) -> bool {
        self.known().await.secret.is_some()
    }

    /// Whose key it is. Each time counts against its rate.
    pub async fn admit(&self, sent: &KeyText, now: Timestamp) -> Result<SentKey, KeyRefusal> {
        let known = self.known().await;
        // Who does not know the secret cannot choose what is looked up here, so that its time tells nothing.
        let code = known.secret.as_deref().map(|secret| sent.code(secret));
        let key = code.and_then(|code| known.by_code.get(&code)).ok_or(KeyRefusal::Unknown)?;
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(KeyRefusal::Unknown);
        }
        let elapsed = self.started.elapsed();
        if key.allowance.as_ref().is_some_and(|allowance| !allowance.admits(elapsed, None)) {
            return Err(KeyRefusal::TooOften { retry_after: MinuteAllowance::next(elapsed) });
        }
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert((key.tenant, Arc::clone(&key.name)), now);
        Ok(SentKey { tenant: key.tenant, name: Arc::clone(&key.name), scope: key.scope })
    }

    /// Notes now and then when keys were sent.
    pub async fn note_uses(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(time::sleep(NOTED_EVERY)).await.is_some() {
            self.note().await;
        }
        self.note().await;
    }

    async fn note(&self) {
        let uses = mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        let uses: Vec<KeyUse> = uses
            .into_iter()
            .map(|((tenant, name), at)| KeyUse { tenant, name: name.as_ref().to_owned(), at })
            .collect();
        if uses.is_empty() {
            return;
        }
        if let Err(error) = self.ledger.note_key_uses(uses).await {
            tracing::debug!(%error, "when keys were sent last is not noted");
        }
    }

    async fn known(&self) -> Arc<KnownKeys> {
        if self.known.load().read_at.elapsed() >= FRESH && !self.read().await {
            tracing::debug!(
                "the ledger did not tell its keys in time; those known before are good meanwhile"
            );
        }
        self.known.load_full()
    }

    /// Of many requests one reads, and the others have what it read. Says whether the keys are fresh.
    async fn read(&self) -> bool {
        let _reading = self.reading.lock().await;
        if self.known.load().read_at.elapsed() < FRESH {
            return true;
        }
        let before = self.known.load_full();
        let table = time::timeout(PATIENCE, self.ledger.key_table()).await.ok().and_then(Result::ok);
        let is_fresh = table.is_some();
        let known = match table {
            Some(table) => KnownKeys::of(table, Some(&before)),
            // Asked again a moment later, and not by each request.
            None => KnownKeys { read_at: Instant::now(), ..KnownKeys::clone(&before) },
        };
        self.known.store(Arc::new(known));
        is_fresh
    }
}

impl KnownKeys {
    /// What was used of a key's rate stays used.
    fn of(table: KeyTable, before: Option<&Self>) -> Self {
        let known = |key: ServiceKey| {
            let same = before.and_then(|before| before.by_code.get(&key.code));
            let same = same.filter(|known| known.rate_per_minute == key.rate_per_minute);
            let known = match same {
                Some(known) => Arc::clone(known),
                None => Arc::new(KnownKey::of(&key)),
            };
            (key.code, known)
        };
        Self {
            secret: table.secret,
            by_code: table.keys.into_iter().map(known).collect(),
            read_at: Instant::now(),
        }
    }
}

impl KnownKey {
    fn of(key: &ServiceKey) -> Self {
        Self {
            tenant: key.tenant,
            name: key.name.as_str().into(),
            scope: key.scope,
            expires_at: key.expires_at,
            rate_per_minute: key.rate_per_minute,
            allowance: key.rate_per_minute.map(|rate| MinuteAllowance::of(rate, rate)),
        }
    }
}
