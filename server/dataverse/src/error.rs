//! Everything that can go wrong, typed by what a caller would do about it.

mod body;
mod cause;
mod refusal;
mod transport;

use std::time::Duration;

pub(crate) use body::from_response;
pub use cause::{CredentialFault, ForbiddenFault};
pub use refusal::Refusal;
pub(crate) use transport::from_transport;

/// Why a call did not do what it was asked. No variant ever holds a secret or a token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The token endpoint refused the credentials. `code` is OAuth's (`invalid_client`), `sentence` says what to do.
    #[error("the identity provider refused the credentials ({code}): {sentence}")]
    Credentials {
        /// What is wrong with them.
        fault: CredentialFault,
        /// OAuth's own code.
        code: String,
        /// Entra's number, for those who look it up.
        aadsts: Option<u32>,
        /// What an administrator does about it.
        sentence: String,
    },
    /// A token that was just issued was not accepted.
    #[error("dataverse did not accept the token; check the organisation's address and the tenant: {0}")]
    Unauthorized(Refusal),
    /// The application may not do this: no application user, a missing role or privilege.
    #[error("dataverse forbids this to the application; {advice}: {0}", advice = ForbiddenFault::of(.0).advice())]
    Forbidden(Refusal),
    /// There is no such row, table or address.
    #[error("not found: {0}")]
    NotFound(Refusal),
    /// 412: a stale ETag, a row that exists already, or a key that is taken; the code tells them apart.
    #[error("a precondition failed: {0}")]
    Precondition(Refusal),
    /// 429, or a 503 that says when to come back. All clients that share the identity are held back as long.
    #[error("throttled by dataverse, come back in {retry_after:?}: {refusal}")]
    Throttled {
        /// How long to leave the server alone.
        retry_after: Duration,
        /// What the server said.
        refusal: Refusal,
    },
    /// Any other refusal.
    #[error("dataverse refused: {0}")]
    Rejected(Refusal),
    /// The connection could not be made, or broke. Whether the call had its effect is not known.
    #[error("no answer from {host}: {reason}")]
    Transport {
        /// Who did not answer.
        host: String,
        /// What happened on the way.
        reason: String,
    },
    /// Nothing came back in time. Whether the call had its effect is not known.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// It was not sent: what went before took the time that there was.
    #[error("not sent: what went before took the time that there was")]
    OutOfTime,
    /// What came back is not what the protocol promises.
    #[error("an answer that cannot be read: {0}")]
    Malformed(String),
    /// The request could not be built: the caller's mistake, found before anything was sent.
    #[error("a request that cannot be sent: {0}")]
    Misuse(String),
    /// A delta link has expired or is not known: read the whole table again.
    #[error("the delta link has expired; start over with a full read: {0}")]
    DeltaExpired(Refusal),
    /// This operation of a batch was never run, since one before it failed.
    #[error("not attempted: an operation before it in the batch failed")]
    NotAttempted,
    /// This operation was undone, since another one of its change set failed.
    #[error("undone with its change set: {0}")]
    RolledBack(Box<Error>),
}

impl Error {
    /// Worth sending again, later, unchanged.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Transport { .. }
            | Self::TimedOut { .. }
            | Self::OutOfTime
            | Self::NotAttempted => true,
            Self::Rejected(refusal) => {
                matches!(refusal.status, 408 | 500 | 502 | 503 | 504) || is_transient_code(&refusal.code)
            }
            Self::RolledBack(cause) => cause.is_transient(),
            _ => false,
        }
    }

    /// The fault lies in the way there (network, credentials, throttling, a server that is down), not in what was sent:
    /// every other call would fare the same.
    pub fn is_lane_fault(&self) -> bool {
        match self {
            Self::Credentials { .. }
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::Throttled { .. }
            | Self::Transport { .. }
            | Self::TimedOut { .. }
            | Self::OutOfTime => true,
            Self::Rejected(refusal) => {
                matches!(refusal.status, 502..=504) || is_customization_lock(&refusal.code)
            }
            Self::RolledBack(cause) => cause.is_lane_fault(),
            _ => false,
        }
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => Some(*retry_after),
            Self::RolledBack(cause) => cause.retry_after(),
            _ => None,
        }
    }

    /// Dataverse's own code (`0x80040217`), or OAuth's (`invalid_client`).
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Credentials { code, .. } => Some(code),
            Self::RolledBack(cause) => cause.code(),
            _ => self.refusal().map(|r| r.code.as_str()).filter(|code| !code.is_empty()),
        }
    }

    /// What the server said, where a server said it.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Unauthorized(r)
            | Self::Forbidden(r)
            | Self::NotFound(r)
            | Self::Precondition(r)
            | Self::Rejected(r)
            | Self::DeltaExpired(r)
            | Self::Throttled { refusal: r, .. } => Some(r),
            Self::RolledBack(cause) => cause.refusal(),
            _ => None,
        }
    }

    /// Why Dataverse forbids it, where it does.
    pub fn forbidden(&self) -> Option<ForbiddenFault> {
        match self {
            Self::Forbidden(refusal) => Some(ForbiddenFault::of(refusal)),
            Self::RolledBack(cause) => cause.forbidden(),
            _ => None,
        }
    }

    /// The time until it came says how fast the server answers. A connection that could not be made, a pause that was asked
    /// for and a request that was never sent say nothing about that.
    pub(crate) const fn took_its_time(&self) -> bool {
        !matches!(
            self,
            Self::Transport { .. }
                | Self::Throttled { .. }
                | Self::OutOfTime
                | Self::Misuse(_)
                | Self::NotAttempted
                | Self::Credentials { .. }
        )
    }

    /// The row was already there (by its id or by an alternate key).
    pub fn is_duplicate(&self) -> bool {
        matches!(self.code(), Some("0x80040237" | "0x80060892"))
    }

    /// The ETag sent with If-Match is no longer the row's.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Precondition(_)) && !self.is_duplicate()
    }
}

/// Deadlock, SQL time-out, lock waits: they pass by themselves, as `server/exchanges/errors.http` records.
fn is_transient_code(code: &str) -> bool {
    matches!(code, "0x80044150" | "0x80044151") || is_customization_lock(code)
}

fn is_customization_lock(code: &str) -> bool {
    matches!(code, "0x80090412" | "0x80048d3d" | "0x80071151")
}
