//! Sending one call from start to end: token, deadline, tries, waits; and what may be tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tracing::Instrument;

use crate::batch::multipart;
use crate::call::{Call, CallResponse, Expected, ResponseBody};
use crate::error::{Error, Refusal, from_response, from_transport};
use crate::limit::Limit;
use crate::request_size::{RequestSize, is_too_much};
use crate::runtime::Runtime;
use crate::settings::Settings;
use crate::throttle::{Throttle, after_a_pause, backoff};
use crate::token::Tokens;

/// What all clones of a client share: the connections, the token, and the restraint that the server asked for.
pub(crate) struct Transport {
    pub(crate) settings: Settings,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) throttle: Throttle,
    pub(crate) request_size: RequestSize,
    pub(crate) cost: AtomicU64,
    pub(crate) runtime: Arc<dyn Runtime>,
}

impl Transport {
    /// A call within `limit`, if the work that it is a part of has one.
    pub(crate) fn call(
        &self,
        limit: Option<Limit>,
        operation: &'static str,
        method: Method,
        path: String,
    ) -> Call {
        let usual = self.settings.deadline;
        let deadline = limit.map_or(usual, |limit| usual.min(limit.each));
        Call { limit, ..Call::new(operation, method, path, deadline) }
    }

    /// Sends until there is an answer, or no sense in trying further.
    pub(crate) async fn send(&self, call: Call) -> Result<CallResponse, Error> {
        self.send_counting(call).await.map_err(|(error, _)| error)
    }

    /// As [`Transport::send`]; a failure comes with the number of tries it took.
    pub(crate) async fn send_counting(&self, call: Call) -> Result<CallResponse, (Error, u32)> {
        let span = tracing::info_span!(
            "dataverse.call",
            dataverse.operation = call.operation,
            dataverse.table = call.table(),
            dataverse.rows = call.rows,
            dataverse.tries = tracing::field::Empty,
            http.method = %call.method,
            http.status = tracing::field::Empty,
            dataverse.seconds = tracing::field::Empty,
        );
        let recorded = span.clone();
        async {
            let from = self.runtime.instant();
            let (outcome, tries) = self.try_until_answered(&call).await;
            let seconds = self.runtime.instant().duration_since(from).as_secs_f64();
            recorded.record("dataverse.tries", tries).record("dataverse.seconds", seconds);
            let status = match &outcome {
                Ok(reply) => Some(reply.status.as_u16()),
                Err(error) => error.refusal().map(|r| r.status),
            };
            recorded.record("http.status", status);
            count(&call, outcome.as_ref().err(), seconds);
            outcome.map_err(|error| (error, tries))
        }
        .instrument(span)
        .await
    }

    async fn try_until_answered(&self, call: &Call) -> (Result<CallResponse, Error>, u32) {
        let mut patience = self.patience(call);
        let mut renewed = false;
        let mut tries = 0;
        let mut before = None;
        self.throttle.deposit();
        loop {
            if let Err(error) = self.wait_for_opening(&mut patience).await {
                return (Err(error), tries);
            }
            tries += 1;
            let (error, effect) = match self.attempt(call).await {
                Ok(reply) => return (Ok(reply), tries),
                // What took the time says more.
                Err((Error::OutOfTime, _)) => return (Err(before.unwrap_or(Error::OutOfTime)), tries),
                Err(failed) => failed,
            };
            before = Some(error.clone());
            // A 401 says nothing about the call: a fresh token is tried once, and does not count.
            if matches!(error, Error::Unauthorized(_)) && !renewed {
                renewed = true;
                continue;
            }
            if tries >= self.settings.tries || !self.may_repeat(call, &error, effect) {
                return (Err(error), tries);
            }
            if let Error::Throttled { retry_after, .. } = error {
                let wait = after_a_pause(self.runtime.as_ref(), tries + 1, retry_after);
                if wait > patience {
                    return (Err(error), tries);
                }
                patience -= wait;
                tokio::time::sleep(wait).await;
                continue;
            }
            let wait = backoff(self.runtime.as_ref(), tries + 1);
            if wait > patience || !self.throttle.withdraw() {
                return (Err(error), tries);
            }
            patience -= wait;
            tracing::debug!(%error, ?wait, tries, "trying again");
            metrics::counter!("dataverse_retries_total", "operation" => call.operation).increment(1);
            tokio::time::sleep(wait).await;
        }
    }

    /// How long the call may wait in all.
    fn patience(&self, call: &Call) -> Duration {
        let left = |limit: Limit| limit.until.saturating_duration_since(self.runtime.instant());
        call.limit.map_or(self.settings.patience, |limit| self.settings.patience.min(left(limit)))
    }

    /// While the server has asked for a pause no call is sent; one that would have to wait too long fails at once.
    async fn wait_for_opening(&self, patience: &mut Duration) -> Result<(), Error> {
        while let Some(left) = self.throttle.closed_for(self.runtime.instant()) {
            if left > *patience {
                let message = "held back: an earlier answer asked everybody to wait".to_owned();
                let refusal = Refusal { status: 429, message, ..Default::default() };
                return Err(Error::Throttled { retry_after: left, refusal });
            }
            *patience -= left;
            tokio::time::sleep(left).await;
        }
        Ok(())
    }

    async fn attempt(&self, call: &Call) -> Result<CallResponse, (Error, Effect)> {
        let token = self.tokens.get().await.map_err(|error| (error, Effect::None))?;
        // A token may have taken its time.
        if call.is_late(self.runtime.instant()) {
            return Err((Error::OutOfTime, Effect::None));
        }
        let exchange = self.exchange(call, token.header.clone());
        let reply = match tokio::time::timeout(call.deadline, exchange).await {
            Ok(outcome) => outcome?,
            Err(_) => {
                if call.divisible {
                    self.request_size.too_large(call.rows);
                }
                return Err((Error::TimedOut { after: call.deadline }, Effect::Unknown));
            }
        };
        if reply.status.is_success()
            || reply.status == StatusCode::NOT_MODIFIED
            || matches!(reply.body, ResponseBody::Parts(_))
        {
            return Ok(reply);
        }
        let error = from_response(reply.status, &reply.headers, reply.bytes(), self.runtime.wall());
        match &error {
            Error::Unauthorized(_) => self.tokens.drop_refused(&token),
            Error::Throttled { retry_after, refusal } => {
                self.throttle.close_until(self.runtime.instant() + *retry_after);
                tracing::warn!(
                    dataverse.code = refusal.code,
                    pause.seconds = retry_after.as_secs(),
                    "throttled; everybody waits"
                );
                metrics::counter!("dataverse_throttled_total").increment(1);
            }
            _ => {}
        }
        let effect = if reply.status.is_server_error() { Effect::Unknown } else { Effect::None };
        Err((error, effect))
    }

    async fn exchange(&self, call: &Call, bearer: HeaderValue) -> Result<CallResponse, (Error, Effect)> {
        let url = format!("{}{}", self.base, call.path);
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .header(http::header::AUTHORIZATION, bearer)
            .header(http::header::ACCEPT, "application/json")
            .header("odata-maxversion", "4.0")
            .header("odata-version", "4.0");
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some((kind, bytes)) = &call.body {
            request = request.header(http::header::CONTENT_TYPE, kind).body(bytes.clone());
        }
        let fault = |error: reqwest::Error| {
            // A connection that was never made carried nothing.
            let effect = if error.is_connect() { Effect::None } else { Effect::Unknown };
            (from_transport(&error), effect)
        };
        self.cost.fetch_add(call.rows as u64, Relaxed);
        let response = request.send().await.map_err(fault)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = match parts_reader(call, &headers) {
            Some(reader) => read_parts(reader, response).await?,
            None => ResponseBody::Whole(response.bytes().await.map_err(fault)?),
        };
        Ok(CallResponse { status, headers, body })
    }

    /// Nothing that could have effect twice is sent again.
    fn may_repeat(&self, call: &Call, error: &Error, effect: Effect) -> bool {
        let better_in_halves = is_too_much(error) || matches!(error, Error::TimedOut { .. });
        let worth_it = error.is_transient() && !(call.divisible && better_in_halves);
        worth_it && (call.repeatable || effect == Effect::None)
    }
}

/// Whether a call that failed can have changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    None,
    Unknown,
}

/// Answers to batches are read as they come in. What is not multipart is a refusal of the whole.
fn parts_reader(call: &Call, headers: &HeaderMap) -> Option<Result<multipart::MultipartReader, Error>> {
    let kind = headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
    let is_parts = call.answer == Expected::Parts && kind.starts_with("multipart/mixed");
    is_parts.then(|| multipart::MultipartReader::new(kind))
}

async fn read_parts(
    reader: Result<multipart::MultipartReader, Error>,
    mut response: reqwest::Response,
) -> Result<ResponseBody, (Error, Effect)> {
    let unknown = |error: Error| (error, Effect::Unknown);
    let mut reader = reader.map_err(unknown)?;
    while let Some(bytes) = response.chunk().await.map_err(|error| unknown(from_transport(&error)))? {
        reader.feed(&bytes).map_err(unknown)?;
    }
    reader.finish().map(ResponseBody::Parts).map_err(unknown)
}

fn count(call: &Call, error: Option<&Error>, seconds: f64) {
    let outcome = match error {
        None => "ok",
        Some(Error::Throttled { .. }) => "throttled",
        Some(error) if error.is_transient() => "transient",
        Some(_) => "refused",
    };
    metrics::counter!("dataverse_calls_total", "operation" => call.operation, "outcome" => outcome)
        .increment(1);
    metrics::counter!("dataverse_rows_total", "operation" => call.operation, "outcome" => outcome)
        .increment(call.rows as u64);
    metrics::histogram!("dataverse_call_seconds", "operation" => call.operation).record(seconds);
    if call.is_query && error.is_none_or(Error::took_its_time) {
        metrics::histogram!("dataverse_query_seconds").record(seconds);
    }
}
