//! From a request to its answer: who may ask, what is asked, and in which transaction it runs.

mod change;
mod condition;
mod link;
mod operation;
mod organisation;
mod read;
mod write;

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use uuid::Uuid;

use crate::answer::{Answer, Request};
use crate::batch;
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::query::Resolver;
use crate::schema::Schema;
use crate::security::Caller;
use crate::store::{StoreReader, Transaction};
use crate::{address, metadata};

use operation::{MetadataOperation, Operation};

/// Addresses longer than this are refused \[D:webapi/query/overview.md\].
const LONGEST_URL: usize = 32_768;

/// Answers a request to the Web API that stands on its own.
pub(crate) async fn respond(organisation: &Organisation, request: &mut Request) -> Answer {
    let client = match authorize(organisation, &request.headers) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    let limiter = &organisation.limiter;
    let admitted = match limiter.admit(client, organisation.surroundings.now_ms()) {
        Ok(admitted) => admitted,
        Err(fault) => return fault.into(),
    };
    let watch = crate::surroundings::Surroundings::stopwatch();
    let answer = enter(organisation, request, client).await.unwrap_or_else(Answer::from);
    let took = i64::try_from(watch.elapsed().as_millis()).unwrap_or(i64::MAX);
    limiter.ran(client, organisation.surroundings.now_ms(), took);
    drop(admitted);
    let left = limiter.left(client);
    answer
        .with("x-ms-ratelimit-burst-remaining-xrm-requests", left.requests.to_string())
        .with("x-ms-ratelimit-time-remaining-xrm-requests", left.seconds())
        .with("x-ms-dop-hint", "4")
}

/// Sees who it is and what they may do, as it stands at this moment.
async fn enter(organisation: &Organisation, request: &mut Request, client: Uuid) -> Result<Answer> {
    let mut reader = organisation.store.read().await?;
    request.caller = Arc::new(Caller::of(organisation, &mut reader, client, &request.headers).await?);
    drop(reader);
    run(organisation, request).await
}

/// Whose token it is, if it still holds; otherwise a 401, which in the cloud is often without a body.
pub(crate) fn authorize(
    organisation: &Organisation,
    headers: &HeaderMap,
) -> std::result::Result<Uuid, Answer> {
    let credentials = headers.get("authorization").and_then(|value| value.to_str().ok()?.split_once(' '));
    let token =
        credentials.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
    let now = organisation.surroundings.now_s();
    let client = token.and_then(|token| organisation.identity.verify(token.trim(), now).ok());
    client.ok_or_else(|| {
        let challenge = format!(
            "Bearer authorization_uri=https://login.microsoftonline.com/{}/oauth2/authorize, resource_id=emulated",
            organisation.identity.tenant
        );
        Answer::empty(StatusCode::UNAUTHORIZED).with("www-authenticate", challenge)
    })
}

async fn run(organisation: &Organisation, request: &Request) -> Result<Answer> {
    if request.target.len() > LONGEST_URL {
        let message = "The length of the URL exceeds the limit of 32768 characters.";
        return Err(Fault::new(StatusCode::URI_TOO_LONG, "0x80060888", message));
    }
    let (path, _) = address::path_and_query(&request.target);
    if path.trim_matches('/') == "$batch" {
        if request.method != Method::POST {
            return Err(Fault::no_route(&request.base, &request.target));
        }
        return batch::respond(organisation, request).await;
    }
    let schema = organisation.schema();
    match Operation::parse(&schema, request)? {
        Operation::Metadata(MetadataOperation::Read) => metadata::read(organisation, &schema, request),
        Operation::Metadata(MetadataOperation::Write) => metadata::write(organisation, request).await,
        Operation::Read(operation) => {
            organisation.limiter.meter(1);
            let mut reader = organisation.store.read().await?;
            read::read(
                Resolver::new(organisation, &schema, &request.caller),
                &mut reader,
                request,
                &operation,
            )
            .await
        }
        Operation::Write(_) => write(organisation, request).await,
    }
}

/// One write in a transaction of its own.
async fn write(organisation: &Organisation, request: &Request) -> Result<Answer> {
    let mut writer = organisation.store.write().await;
    // Read anew under the lock: metadata may have changed while we waited for it.
    let schema = organisation.schema();
    let Operation::Write(operation) = Operation::parse(&schema, request)? else {
        return Err(Fault::not_allowed(&request.method));
    };
    let mut transaction = Transaction::begin(&mut writer, organisation.surroundings.now_s()).await?;
    let resolver = Resolver::new(organisation, &schema, &request.caller);
    let outcome = write::write(resolver, &mut transaction, request, &operation).await;
    match outcome {
        Ok(mut answer) => {
            answer.changed = transaction.commit().await?;
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
    schema: &mut Arc<Schema>,
    transaction: &mut Transaction<'_>,
    request: &Request,
) -> Result<Answer> {
    match Operation::parse(schema, request)? {
        Operation::Metadata(MetadataOperation::Read) => metadata::read(organisation, schema, request),
        Operation::Metadata(MetadataOperation::Write) => {
            metadata::change(organisation, transaction, schema, request).await
        }
        Operation::Read(operation) => {
            let resolver = Resolver::new(organisation, schema, &request.caller);
            read::read(resolver, &mut StoreReader::Within(transaction.connection()), request, &operation)
                .await
        }
        Operation::Write(operation) => {
            let resolver = Resolver::new(organisation, schema, &request.caller);
            write::write(resolver, transaction, request, &operation).await
        }
    }
}
