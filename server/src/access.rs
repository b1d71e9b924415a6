//! Who may ask: the right name on the request, no page of a stranger's, and one who has the right.

mod allowance;
mod client_address;
mod credentials;
mod failures;
mod host;
mod id_token;
mod key_ring;
mod key_text;
mod new_key;
mod new_person;
mod origin;
pub mod passwords;
mod principal;
mod provider;
mod right;
mod seal;
mod sessions;
mod share_token;
mod turns;
mod work_permit;

use http::Method;
use ledger::{LedgerError, PersonRole};

use self::{client_address::RequestOrigin, credentials::Credentials};
pub use allowance::MinuteAllowance;
pub use client_address::ClientAddress;
pub use failures::FailedSignIns;
pub use host::OwnNames;
pub use key_ring::{HOLDS_AFTER, KeyRefusal, KeyRing, SentKey};
pub use key_text::{KeyText, secret};
pub use new_key::{KeyWishes, WishFault};
pub use new_person::NewPerson;
pub use passwords::PasswordChecks;
pub use principal::{Principal, Standing};
pub use provider::{BegunSignIn, Provider, ProviderFault};
pub use right::{RequiredRight, SHARED};
pub use seal::SealUse;
pub use sessions::{Sessions, SignedIn, cookie};
pub use share_token::{EmbeddedView, ShareToken};
pub use turns::{Bounds, NoTurn, Turn, Turns};
pub use work_permit::{WorkPermit, WorkPermits};

use crate::{app_state::AppState, problem::Problem};

/// A request without its body, which says nothing of who asks.
pub type RequestHead = http::Request<()>;

/// Why a request is not answered.
#[derive(Debug)]
pub enum AccessRefusal {
    /// Whatever it is: it came the wrong way, or with a key that is good for nothing here.
    Problem(Problem),
    /// People sign in first.
    SignIn,
    /// They are known, and this is for others. A sentence says for whom.
    NotAllowed(String),
    /// Who they are cannot be told just now.
    Unavailable(LedgerError),
}

impl From<Problem> for AccessRefusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What these answer under a strange name says no more than whether the server is alive and ready.
fn is_probe(request: &RequestHead) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && matches!(request.uri().path(), "/healthz" | "/readyz")
}

/// Notes with a request from where and on whose behalf it comes.
///
/// # Errors
/// When it is not meant for this server, a foreign page sent it, or it is for others.
pub async fn admit(state: &AppState, request: &mut RequestHead) -> Result<(), AccessRefusal> {
    let origin = client_address::of(request, &state.settings.sign_in.proxies);
    request.extensions_mut().insert(ClientAddress(origin.client));
    // Orchestrators probe under addresses of their own.
    if !is_probe(request) {
        host::check(&state.names, request)?;
    }
    origin::check(&state.names, request, !state.frame_origins.is_empty())?;
    let sent = credentials::of(request)?;
    let need = RequiredRight::of(request.method(), request.uri().path());
    let principal = principal(state, request, Asked { need, origin, sent }).await?;
    request.extensions_mut().insert(principal);
    Ok(())
}

/// What a request says of its sender.
struct Asked {
    need: RequiredRight,
    origin: RequestOrigin,
    sent: Credentials,
}

/// On whose behalf a request is made, if they may do what it needs.
async fn principal(
    state: &AppState,
    request: &RequestHead,
    Asked { need, origin, sent }: Asked,
) -> Result<Principal, AccessRefusal> {
    let from = origin.client;
    // Probes must not depend on what may be at fault.
    if need == RequiredRight::Nothing {
        return Ok(Principal::unknown(from));
    }
    let (has_keys, has_sign_in) = (state.keys.is_in_use().await, state.has_sign_in().await);
    match sent {
        // What lies about in a request is another program's business while nothing is set up.
        _ if !has_keys && !has_sign_in => return Ok(Principal::open(from)),
        Credentials::Key(sent) => {
            let key = state.keys.admit(&sent, state.now()).await.map_err(credentials::refusal)?;
            let is_met = need.is_met_by_key(key.scope);
            return is_met
                .then(|| Principal::service(&key, from))
                .ok_or_else(|| credentials::out_of_scope(need).into());
        }
        Credentials::Unknown => return Err(credentials::refusal(KeyRefusal::Unknown).into()),
        Credentials::Nothing if !has_sign_in && need.is_met_by_all() => return Ok(Principal::open(from)),
        Credentials::Nothing if !has_sign_in => return Err(credentials::missing().into()),
        Credentials::Nothing => {}
    }
    match person(state, request, origin).await? {
        Some((person, role)) if need.is_met_by_role(role) => Ok(person),
        Some(_) => Err(AccessRefusal::NotAllowed(
            "This is for administrators. Ask one of yours, or sign in as another person.".to_owned(),
        )),
        // Records are taken without a key until there is one, where none but this machine's programs can send any.
        None if need == RequiredRight::Write && !has_keys && state.is_local() => Ok(Principal::open(from)),
        None if need == RequiredRight::Write => Err(credentials::missing().into()),
        None => Err(AccessRefusal::SignIn),
    }
}

/// Who asks, if a proxy or a session says so.
async fn person(
    state: &AppState,
    request: &RequestHead,
    RequestOrigin { client, is_handed_on }: RequestOrigin,
) -> Result<Option<(Principal, PersonRole)>, AccessRefusal> {
    if let Some(header) = state.settings.sign_in.user_header.as_ref().filter(|_| is_handed_on) {
        let names: Vec<_> = request.headers().get_all(header).iter().collect();
        if let [name] = names[..]
            && let Some(name) = name.to_str().ok().map(str::trim).filter(|name| !name.is_empty())
        {
            let account = state.ledger.account(name).await.map_err(AccessRefusal::Unavailable)?;
            let Some((tenant, role)) = account.roles.first().copied() else {
                let sentence = format!(
                    "{name} is not among the people here. An administrator adds them: studio user add --name {name} --role reader."
                );
                return Err(AccessRefusal::NotAllowed(sentence));
            };
            return Ok(Some((Principal::person(name, tenant, role, client), role)));
        }
    }
    let Some(token) = state.sessions.token(request.headers()) else { return Ok(None) };
    let Some(secret) = state.keys.secret().await else { return Ok(None) };
    let found = state.sessions.find(&secret, &token, state.now()).await;
    let session = found.map_err(AccessRefusal::Unavailable)?;
    Ok(session.and_then(|session| {
        let role = session.role()?;
        Some((Principal::person(&session.name, session.shown, role, client), role))
    }))
}
