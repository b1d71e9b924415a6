//! Who is signed in: what browsers send, held against the ledger's sessions as they were a moment ago at most.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header};
use ledger::{Ledger, LedgerError, PersonRole, Session};
use model::{tenant::TenantId, time::Timestamp};
use tokio::time::{self, Instant};

use super::{key_text::hex, seal::SealUse};
use crate::random;

/// How long a sign-in is good for.
const LASTS: i64 = 12 * 3_600_000_000;
/// Older than this, a session is looked up again. An end takes as much to hold on every server, which a sign-out waits for.
pub const ENDS_WITHIN: Duration = Duration::from_millis(200);
/// What the ledger may take to tell one. Where it does not tell, those known before are good meanwhile.
const PATIENCE: Duration = Duration::from_secs(1);
/// Sessions that are known at one time.
const KNOWN: usize = 4_096;

pub struct Sessions {
    ledger: Ledger,
    known: Mutex<HashMap<String, Known>>,
    /// Whether browsers reach the server by TLS.
    is_secure: bool,
}

struct Known {
    session: Arc<Session>,
    looked_up: Instant,
}

/// Who signed in, and for what.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub name: String,
    pub roles: Vec<(TenantId, PersonRole)>,
    /// Whether a provider told them.
    pub is_told: bool,
}

impl Sessions {
    #[must_use]
    pub fn of(ledger: Ledger, is_secure: bool) -> Self {
        Self { ledger, known: Mutex::default(), is_secure }
    }

    /// What the browser sends from now on instead of `before`. None where there is no tenant for them.
    ///
    /// # Errors
    /// When the ledger does not keep it.
    pub async fn open(
        &self,
        secret: &str,
        SignedIn { name, roles, is_told }: SignedIn,
        before: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<HeaderValue>, LedgerError> {
        let Some((shown, _)) = roles.first().copied() else { return Ok(None) };
        let token = hex(&random::secret_bytes());
        let instead_of = before.map(|token| SealUse::Session.code(secret, token));
        if let Some(code) = &instead_of {
            self.forget(code);
        }
        let session = Session {
            code: SealUse::Session.code(secret, &token),
            name,
            shown,
            roles,
            is_told,
            made_at: now,
            ends_at: now.plus(LASTS),
        };
        self.ledger.open_session(session, instead_of, now).await?;
        Ok(self.cookie(&token, LASTS / 1_000_000))
    }

    /// The session of what a browser sent.
    ///
    /// # Errors
    /// When the ledger does not tell it, and it was not known before.
    pub async fn find(
        &self,
        secret: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Session>>, LedgerError> {
        let code = SealUse::Session.code(secret, token);
        let before = self.known(&code);
        if let Some((session, looked_up)) = &before
            && looked_up.elapsed() < ENDS_WITHIN
        {
            return Ok(current(Arc::clone(session), now));
        }
        let asked = Instant::now();
        let found = match time::timeout(PATIENCE, self.ledger.session(&code)).await {
            Ok(Ok(found)) => found.map(Arc::new),
            told => {
                if let Some((session, _)) = before {
                    tracing::warn!(
                        "the ledger does not tell who is signed in; those known before are, until it does"
                    );
                    return Ok(current(session, now));
                }
                let late =
                    || LedgerError::Unavailable("the ledger does not tell who is signed in".to_owned());
                return told.unwrap_or_else(|_| Err(late())).map(|_| None);
            }
        };
        match &found {
            Some(session) => self.keep(code, Arc::clone(session), asked),
            None => self.forget(&code),
        }
        Ok(found.and_then(|session| current(session, now)))
    }

    /// Ends it, on every server by the time this is done.
    ///
    /// # Errors
    /// When the ledger does not keep that.
    pub async fn end(&self, secret: &str, token: &str) -> Result<(), LedgerError> {
        let code = SealUse::Session.code(secret, token);
        self.ledger.end_session(code.clone()).await?;
        self.forget(&code);
        time::sleep(ENDS_WITHIN).await;
        Ok(())
    }

    /// What takes the cookie away.
    #[must_use]
    pub fn ended_cookie(&self) -> Option<HeaderValue> {
        self.cookie("", 0)
    }

    /// What the browser was given.
    #[must_use]
    pub fn token(&self, headers: &HeaderMap) -> Option<String> {
        let token = cookie(headers, self.cookie_name())?;
        let is_token = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_token.then_some(token)
    }

    /// A name that no other host can set, where there is TLS; which loopback has not.
    const fn cookie_name(&self) -> &'static str {
        if self.is_secure { "__Host-studio" } else { "studio_session" }
    }

    fn cookie(&self, value: &str, seconds: i64) -> Option<HeaderValue> {
        let (name, secure) = (self.cookie_name(), if self.is_secure { "; Secure" } else { "" });
        HeaderValue::from_str(&format!(
            "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        ))
        .ok()
    }

    fn known(&self, code: &str) -> Option<(Arc<Session>, Instant)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(code).map(|known| (Arc::clone(&known.session), known.looked_up))
    }

    fn keep(&self, code: String, session: Arc<Session>, looked_up: Instant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.retain(|_, known| known.looked_up.elapsed() < ENDS_WITHIN);
        }
        if known.len() < KNOWN {
            known.insert(code, Known { session, looked_up });
        }
    }

    fn forget(&self, code: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(code);
    }
}

/// It is good for something just now.
fn current(session: Arc<Session>, now: Timestamp) -> Option<Arc<Session>> {
    (session.ends_at > now && session.role().is_some()).then_some(session)
}

/// The value of a cookie; none where a browser sends several of the name.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
