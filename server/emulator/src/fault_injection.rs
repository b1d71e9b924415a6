//! Faults on order: what the network and the cloud do to their clients now and then, at a moment of one's choice.

mod answer;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::schema::Column;
use crate::value::Cell;

/// A fault, and which requests it befalls. Left-out limits do not limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Disturbance {
    /// What happens.
    pub effect: FaultEffect,
    /// The status that [`FaultEffect::Answer`] gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `Retry-After` in seconds, beside a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// How long [`FaultEffect::Delay`] holds a request up, and [`FaultEffect::Lock`] the lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    /// The number of requests that it befalls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The seconds for which it is in force, by the organisation's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Only every n-th request that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Only requests whose address contains this; without it, every request to the Web API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only requests of this method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What [`FaultEffect::Refuse`] refuses: rows in one of whose texts this occurs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a disturbance does to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultEffect {
    /// Answers with a status, and does nothing else.
    #[default]
    Answer,
    /// Answers late.
    Delay,
    /// Cuts the connection; the request has had no effect.
    CutBefore,
    /// Cuts the connection; the request has had its effect.
    CutAfter,
    /// Never answers; the request has had no effect.
    Hang,
    /// Changes of definitions take this long, and another one in the meantime is refused: the cloud's customization
    /// lock. Nothing else is touched.
    Lock,
    /// Rows that hold the text are refused when they are written, as a plug-in of the customer's would do it.
    Refuse,
}

/// The disturbances in force.
#[derive(Default)]
pub(crate) struct Disturbances {
    state: Mutex<VecDeque<Active>>,
}

struct Active {
    disturbance: Disturbance,
    until_ms: Option<i64>,
    left: Option<u64>,
    seen: u64,
}

impl Disturbances {
    pub(crate) fn add(&self, disturbance: Disturbance, now_ms: i64) {
        let seconds = disturbance.seconds.and_then(|seconds| i64::try_from(seconds).ok());
        let active = Active {
            until_ms: seconds.map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1000))),
            left: disturbance.times,
            seen: 0,
            disturbance,
        };
        self.lock().push_back(active);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn all(&self, now_ms: i64) -> Vec<Disturbance> {
        let mut active = self.lock();
        active.retain(|active| active.lasts(now_ms));
        active.iter().map(|active| active.disturbance.clone()).collect()
    }

    /// What befalls this request: the first disturbance that fits, if it is its turn.
    pub(crate) fn strike(&self, method: &Method, path: &str, now_ms: i64) -> Option<Disturbance> {
        let mut all = self.lock();
        all.retain(|active| active.lasts(now_ms));
        let active = all.iter_mut().find(|active| active.fits(method, path))?;
        active.seen += 1;
        if active.disturbance.every.is_some_and(|every| every > 0 && active.seen % every != 0) {
            return None;
        }
        if let Some(left) = &mut active.left {
            *left -= 1;
        }
        Some(active.disturbance.clone())
    }

    /// Why a row may not be written, if a plug-in is played that minds it.
    pub(crate) fn refusal(&self, cells: &[(&Column, Cell)], now_ms: i64) -> Option<Fault> {
        let mut all = self.lock();
        let active = all.iter_mut().find(|active| active.lasts(now_ms) && active.minds(cells))?;
        if let Some(left) = &mut active.left {
            *left -= 1;
        }
        // What a plug-in throws reaches the caller with this code [D:org-service/handle-exceptions].
        let text = active.disturbance.text.as_deref().unwrap_or_default();
        let message = format!("A plug-in of this organisation does not take rows with \"{text}\" in them.");
        Some(Fault::new(StatusCode::BAD_REQUEST, "0x80040265", message))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Active>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    fn lasts(&self, now_ms: i64) -> bool {
        self.left != Some(0) && self.until_ms.is_none_or(|until| now_ms < until)
    }

    fn minds(&self, cells: &[(&Column, Cell)]) -> bool {
        let text =
            self.disturbance.text.as_deref().filter(|_| self.disturbance.effect == FaultEffect::Refuse);
        let holds = |part: &str| {
            cells.iter().any(|(_, cell)| matches!(cell, Cell::Text(text) if text.contains(part)))
        };
        text.is_some_and(holds)
    }

    fn fits(&self, method: &Method, path: &str) -> bool {
        if self.disturbance.effect == FaultEffect::Refuse {
            return false;
        }
        let path_fits = match &self.disturbance.path {
            Some(part) => path.contains(part.as_str()),
            None => path.starts_with("/api/data/"),
        };
        let wanted = self.disturbance.method.as_deref();
        let lock_fits = self.disturbance.effect != FaultEffect::Lock || changes_definitions(method, path);
        path_fits && lock_fits && wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
    }
}

/// Whether a request would take the customization lock.
fn changes_definitions(method: &Method, path: &str) -> bool {
    let named =
        ["Definitions", "CreateEntities", "OptionValue", "OrderOption", "Publish", "ReactivateEntityKey"];
    *method != Method::GET && named.iter().any(|name| path.contains(name))
}

/// Another change of definitions holds the customization lock. As seen on the wire in 2026.
pub(crate) fn locked(organization: uuid::Uuid) -> Fault {
    let message = format!(
        "Could not acquire Write lock in time 30000 milliseconds. Lock mode: Write. Lock name: \
         SystemLabelDictionaryCache:{organization}"
    );
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, "0x80048d3d", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(disturbance: Disturbance, requests: &[(&str, i64)]) -> Vec<bool> {
        let all = Disturbances::default();
        all.add(disturbance, 0);
        requests.iter().map(|(path, at)| all.strike(&Method::GET, path, *at).is_some()).collect()
    }

    const API: &str = "/api/data/v9.2/sets";

    #[test]
    fn limits_are_kept() {
        let times = Disturbance { times: Some(2), ..Disturbance::default() };
        assert_eq!(
            strikes(times, &[(API, 0), ("/tenant/oauth2", 0), (API, 0), (API, 0)]),
            [true, false, true, false]
        );
        let seconds = Disturbance { seconds: Some(1), ..Disturbance::default() };
        assert_eq!(strikes(seconds, &[(API, 999), (API, 1000)]), [true, false]);
        let every = Disturbance { every: Some(2), ..Disturbance::default() };
        assert_eq!(strikes(every, &[(API, 0), (API, 0), (API, 0), (API, 0)]), [false, true, false, true]);
        let path = Disturbance { path: Some("oauth2".to_owned()), ..Disturbance::default() };
        assert_eq!(strikes(path, &[(API, 0), ("/tenant/oauth2", 0)]), [false, true]);
    }
}
