//! What requests are held against: the ledger's keys, and whether people sign in, as it was a moment ago at most.

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

use super::{
    MinuteAllowance,
    key_text::{KeyText, secret},
};
use crate::random;

/// Older than this, keys are read again before a request is judged.
const FRESH: Duration = Duration::from_millis(200);
/// What a ledger may take to tell them. Where it does not tell, those known before are good meanwhile: what writes fails there
/// by itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same once it did not tell them.
const PATIENCE_AGAIN: Duration = Duration::from_millis(250);
/// When a change to the keys holds on every server whose ledger answers.
pub const HOLDS_AFTER: Duration = FRESH.saturating_add(PATIENCE);
const NOTED_EVERY: Duration = Duration::from_secs(5);

pub struct KeyRing {
    ledger: Ledger,
    known: ArcSwap<KnownKeys>,
    reading: AsyncMutex<()>,
    uses: Mutex<HashMap<(TenantId, String), Timestamp>>,
    started: Instant,
}

#[derive(Clone)]
struct KnownKeys {
    secret: Option<String>,
    is_closed: bool,
    is_peopled: bool,
    by_code: HashMap<String, Arc<KnownKey>>,
    /// When they were asked for.
    read_at: Instant,
    /// Whether the ledger told them then.
    is_told: bool,
}

struct KnownKey {
    tenant: TenantId,
    name: Arc<str>,
    scope: KeyScope,
    expires_at: Option<Timestamp>,
    rate_per_minute: Option<u32>,
    allowance: Option<Arc<MinuteAllowance>>,
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
        let asked = Instant::now();
        let known = KnownKeys::of(ledger.key_table().await?, None, asked);
        let (reading, uses) = Default::default();
        Ok(Self { ledger, known: ArcSwap::from_pointee(known), reading, uses, started: Instant::now() })
    }

    /// Whether there ever was a key. From then on what writes needs one, also when the last one was revoked.
    pub async fn is_in_use(&self) -> bool {
        self.known().await.is_closed
    }

    /// Whether there ever were people. From then on what is read needs a sign-in, also when the last one was removed.
    pub async fn is_peopled(&self) -> bool {
        self.known().await.is_peopled
    }

    /// What codes are made with; none before there is anything to be known by.
    pub async fn secret(&self) -> Option<String> {
        self.known().await.secret.clone()
    }

    /// The same, kept now where there is none yet.
    ///
    /// # Errors
    /// When the ledger does not keep it.
    pub async fn kept_secret(&self) -> Result<String, LedgerError> {
        if let Some(secret) = self.secret().await {
            return Ok(secret);
        }
        let secret = self.ledger.keep_secret(secret(random::secret_bytes())).await?;
        let known = KnownKeys::clone(&self.known.load());
        self.known.store(Arc::new(KnownKeys { secret: Some(secret.clone()), ..known }));
        Ok(secret)
    }

    /// Whose key it is. Each time counts against its rate.
    pub async fn admit(&self, sent: &KeyText, now: Timestamp) -> Result<SentKey, KeyRefusal> {
        let known = self.known().await;
        // Who does not know the secret cannot choose what is looked up here, so that its time tells nothing.
        let code = known.secret.as_deref().map(|secret| sent.code(secret)).ok_or(KeyRefusal::Unknown)?;
        let key = known.by_code.get(&code).ok_or(KeyRefusal::Unknown)?;
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(KeyRefusal::Unknown);
        }
        let elapsed = self.started.elapsed();
        if key.allowance.as_ref().is_some_and(|allowance| !allowance.admits(elapsed, None)) {
            return Err(KeyRefusal::TooOften { retry_after: MinuteAllowance::next(elapsed) });
        }
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert((key.tenant, code), now);
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
        let uses = || self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = mem::take(&mut *uses());
        let told =
            taken.iter().map(|((tenant, code), at)| KeyUse { tenant: *tenant, code: code.clone(), at: *at });
        let told: Vec<KeyUse> = told.collect();
        if told.is_empty() {
            return;
        }
        if let Err(error) = self.ledger.note_key_uses(told).await {
            tracing::debug!(%error, "when keys were sent last is noted later");
            let mut uses = uses();
            for (key, at) in taken {
                uses.entry(key).or_insert(at);
            }
        }
    }

    async fn known(&self) -> Arc<KnownKeys> {
        if self.known.load().read_at.elapsed() >= FRESH {
            self.read().await;
        }
        self.known.load_full()
    }

    /// Of many requests one reads, and the others have what it read.
    async fn read(&self) {
        let _reading = self.reading.lock().await;
        let before = self.known.load_full();
        if before.read_at.elapsed() < FRESH {
            return;
        }
        let asked = Instant::now();
        let patience = if before.is_told { PATIENCE } else { PATIENCE_AGAIN };
        let known = match time::timeout(patience, self.ledger.key_table()).await {
            Ok(Ok(table)) => KnownKeys::of(table, Some(&before), asked),
            Ok(Err(_)) | Err(_) => {
                if before.is_told {
                    tracing::warn!(
                        "the ledger does not tell its keys; those known before are good until it does"
                    );
                }
                // Asked again a moment later, and not by each request.
                KnownKeys { read_at: Instant::now(), is_told: false, ..KnownKeys::clone(&before) }
            }
        };
        self.known.store(Arc::new(known));
    }
}

impl KnownKeys {
    /// What was used of a key's rate stays used.
    fn of(table: KeyTable, before: Option<&Self>, asked: Instant) -> Self {
        let known = |key: ServiceKey| {
            let same = before.and_then(|before| before.by_code.get(&key.code));
            let same = same.filter(|known| known.rate_per_minute == key.rate_per_minute);
            let used = same.and_then(|known| known.allowance.clone());
            let known = KnownKey::of(&key, used);
            (key.code, Arc::new(known))
        };
        Self {
            secret: table.secret,
            is_closed: table.is_closed,
            is_peopled: table.is_peopled,
            by_code: table.keys.into_iter().map(known).collect(),
            read_at: asked,
            is_told: true,
        }
    }
}

impl KnownKey {
    /// `used`: what of its rate was used before.
    fn of(key: &ServiceKey, used: Option<Arc<MinuteAllowance>>) -> Self {
        let fresh = || key.rate_per_minute.map(|rate| Arc::new(MinuteAllowance::of(rate, rate)));
        Self {
            tenant: key.tenant,
            name: key.name.as_str().into(),
            scope: key.scope,
            expires_at: key.expires_at,
            rate_per_minute: key.rate_per_minute,
            allowance: used.or_else(fresh),
        }
    }
}
