//! Who may ask: the right name on the request, and no page of a stranger's.

mod allowance;
mod credentials;
mod host;
mod key_ring;
mod key_text;
mod new_key;
mod origin;
mod principal;
mod right;
mod turns;
mod work_permit;

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use http::Method;

use self::credentials::Credentials;
pub use allowance::MinuteAllowance;
pub use host::OwnNames;
pub use key_ring::{HOLDS_AFTER, KeyRefusal, KeyRing, SentKey};
pub use key_text::{KeyText, secret};
pub use new_key::{KeyWishes, WishFault};
pub use principal::Principal;
pub use right::RequiredRight;
pub use turns::{Bounds, NoTurn, Turn, Turns};
pub use work_permit::{WorkPermit, WorkPermits};

use crate::{app_state::SharedState, problem::Problem};

/// What these answer under a strange name says no more than whether the server is alive and ready.
fn is_probe(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && matches!(request.uri().path(), "/healthz" | "/readyz")
}

/// Turns away what is not meant for this server, what a foreign page sent, and who may not do what they ask for.
pub async fn guard(State(state): State<SharedState>, mut request: Request, next: Next) -> Response {
    // Orchestrators probe under addresses of their own.
    let named = if is_probe(&request) { Ok(()) } else { host::check(&state.names, &request) };
    let checked = named.and_then(|()| origin::check(&state.names, &request));
    let asked = match checked {
        Ok(()) => credentials::of(&request).map(|sent| Asked {
            need: RequiredRight::of(request.method(), request.uri().path()),
            from: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip()),
            sent,
        }),
        Err(problem) => Err(problem),
    };
    let principal = match asked {
        Ok(asked) => principal(&state, asked).await,
        Err(problem) => Err(problem),
    };
    match principal {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// What a request says of its sender.
struct Asked {
    need: RequiredRight,
    from: Option<IpAddr>,
    sent: Credentials,
}

/// On whose behalf a request is made, if they may do what it needs.
async fn principal(state: &SharedState, Asked { need, from, sent }: Asked) -> Result<Principal, Problem> {
    // Probes must not depend on what may be at fault.
    if need == RequiredRight::Nothing {
        return Ok(Principal::person(from));
    }
    if !state.keys.is_in_use().await {
        return Ok(Principal::person(from));
    }
    let sent = match sent {
        Credentials::Key(sent) => sent,
        Credentials::Nothing if need.is_met_by_people() => return Ok(Principal::person(from)),
        Credentials::Nothing => return Err(credentials::missing()),
        Credentials::Unknown => return Err(credentials::refusal(KeyRefusal::Unknown)),
    };
    let key = state.keys.admit(&sent, state.now()).await.map_err(credentials::refusal)?;
    if need.is_met_by(key.scope) {
        Ok(Principal::service(&key, from))
    } else {
        Err(credentials::out_of_scope(need))
    }
}
