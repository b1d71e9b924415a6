//! From a request to its answer: who may ask, what is asked, and in which transaction it runs.

mod condition;
mod operation;
mod single;

use http::{HeaderMap, Method, StatusCode};

use crate::answer::{Answer, Request};
use crate::batch;
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::store::{Reader, Transaction};
use crate::{address, changes, metadata};

pub(crate) use operation::Operation;

/// Addresses longer than this are refused \[D:webapi/query/overview.md\].
const LONGEST_URL: usize = 32_768;

/// Answers a request to the Web API that stands on its own.
pub(crate) async fn respond(organisation: &Organisation, request: &Request) -> Answer {
    if let Err(refused) = authorize(organisation, &request.headers) {
        return refused;
    }
    let admitted = match organisation.limiter.admit(organisation.surroundings.now_ms()) {
        Ok(admitted) => admitted,
        Err(fault) => return fault.into(),
    };
    let watch = crate::surroundings::Surroundings::stopwatch();
    let answer = run(organisation, request).await.unwrap_or_else(Answer::from);
    let took = i64::try_from(watch.elapsed().as_millis()).unwrap_or(i64::MAX);
    organisation.limiter.ran(organisation.surroundings.now_ms(), took);
    drop(admitted);
    answer
        .with("x-ms-ratelimit-burst-remaining-xrm-requests", organisation.limiter.left().to_string())
        .with("x-ms-dop-hint", "4")
}

/// A token of ours that still holds; otherwise a 401, which in the cloud is often without a body.
fn authorize(organisation: &Organisation, headers: &HeaderMap) -> std::result::Result<(), Answer> {
    let token =
        headers.get("authorization").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    let now = organisation.surroundings.now_s();
    if token.is_some_and(|token| organisation.identity.verify(token.trim(), now).is_ok()) {
        return Ok(());
    }
    let challenge = format!(
        "Bearer authorization_uri=https://login.microsoftonline.com/{}/oauth2/authorize, resource_id=emulated",
        organisation.identity.tenant
    );
    Err(Answer::empty(StatusCode::UNAUTHORIZED).with("www-authenticate", challenge))
}

async fn run(organisation: &Organisation, request: &Request) -> Result<Answer> {
    if request.target.len() > LONGEST_URL {
        let message = "The length of the URL exceeds the limit of 32768 characters.";
        return Err(Fault::new(StatusCode::URI_TOO_LONG, "0x80060888", message));
    }
    let (path, _) = address::path_and_query(&request.target);
    if path.trim_matches('/') == "$batch" {
        if request.method != Method::POST {
            return Err(no_route(request));
        }
        return batch::respond(organisation, request).await;
    }
    let schema = organisation.schema();
    match Operation::parse(&schema, request)? {
        Operation::Metadata => metadata::respond(organisation, request).await,
        Operation::Changes { table } => {
            organisation.limiter.meter(1);
            let table = organisation.names(&schema).table(&table)?;
            let mut reader = organisation.store.read().await?;
            changes::respond(organisation.names(&schema), &mut reader, request, table).await
        }
        operation if operation.is_read() => {
            organisation.limiter.meter(1);
            let mut reader = organisation.store.read().await?;
            single::read(organisation.names(&schema), &mut reader, request, &operation).await
        }
        _ => write(organisation, request).await,
    }
}

/// One write in a transaction of its own.
async fn write(organisation: &Organisation, request: &Request) -> Result<Answer> {
    let mut writer = organisation.store.write().await;
    // Read anew under the lock: metadata may have changed while we waited for it.
    let schema = organisation.schema();
    let operation = Operation::parse(&schema, request)?;
    let mut transaction = Transaction::begin(&mut writer, organisation.surroundings.now_s()).await?;
    let outcome = single::write(organisation.names(&schema), &mut transaction, request, &operation).await;
    match outcome {
        Ok(answer) => {
            transaction.commit().await?;
            Ok(answer)
        }
        Err(fault) => {
            transaction.roll_back().await?;
            Err(fault)
        }
    }
}

/// One operation of a batch, within the batch's transaction.
pub(crate) async fn within(
    organisation: &Organisation,
    schema: &crate::schema::Schema,
    transaction: &mut Transaction<'_>,
    request: &Request,
) -> Result<Answer> {
    let names = organisation.names(schema);
    match Operation::parse(schema, request)? {
        Operation::Metadata if request.method == Method::GET => {
            metadata::respond(organisation, request).await
        }
        Operation::Metadata => Err(Fault::unsupported("metadata changes inside $batch")),
        Operation::Changes { table } => {
            let mut reader = Reader::Within(transaction.connection());
            changes::respond(names, &mut reader, request, names.table(&table)?).await
        }
        operation if operation.is_read() => {
            let mut reader = Reader::Within(transaction.connection());
            single::read(names, &mut reader, request, &operation).await
        }
        operation => single::write(names, transaction, request, &operation).await,
    }
}

pub(crate) fn no_route(request: &Request) -> Fault {
    let message = format!(
        "No HTTP resource was found that matches the request URI '{}{}'.",
        request.base, request.target
    );
    Fault::new(StatusCode::NOT_FOUND, "", message)
}

pub(crate) fn not_allowed(method: &Method) -> Fault {
    let message = format!("The requested resource does not support http method '{method}'.");
    Fault::new(StatusCode::METHOD_NOT_ALLOWED, "0x80060888", message)
}
