//! Admin routes for applications: registering them, and rotating what they prove themselves with.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::fault::{Fault, Result};
use crate::identity::application::{Application, ClientProof};
use crate::identity::{
    NewCredential, Registered, Registration, RegistrationError, add_credential, register, remove_credential,
    unregister,
};
use crate::organisation::Organisation;

use super::{parse, plain, unknown};

/// Answers what follows `/_emulator/v1/applications`.
pub(super) async fn respond(
    organisation: &Organisation,
    method: &Method,
    path: &[&str],
    body: &[u8],
) -> Result<Answer> {
    match (method, path) {
        (&Method::GET, []) => {
            let all: Vec<Value> = organisation.identity.applications().iter().map(shown).collect();
            Ok(plain(&json!({ "applications": all })))
        }
        (&Method::POST, []) => {
            let registration: Registration = parse(body)?;
            created(register(organisation, registration).await)
        }
        (&Method::DELETE, [client]) => done(unregister(organisation, client).await),
        (&Method::POST, [client, "credentials"]) => {
            let given: NewCredential = parse(body)?;
            created(add_credential(organisation, client, given).await)
        }
        (&Method::DELETE, [client, "credentials", id]) => {
            done(remove_credential(organisation, client, id).await)
        }
        _ => Err(unknown(method, "applications")),
    }
}

/// An application without its secrets.
fn shown(application: &Application) -> Value {
    let credentials = application.credentials.iter().map(|credential| {
        let expires = credential.expires.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        let mut shown = json!({ "id": credential.id, "expiresAt": expires.map(|moment| moment.to_string()) });
        match &credential.proof {
            ClientProof::Secret { hint, .. } => shown["secretHint"] = hint.as_str().into(),
            ClientProof::Certificate(certificate) => {
                shown["x5t"] = certificate.x5t().into();
                shown["x5t#S256"] = certificate.x5t_s256().into();
            }
        }
        shown
    });
    json!({
        "clientId": application.client, "objectId": application.object, "name": application.name,
        "credentials": credentials.collect::<Vec<_>>(),
    })
}

fn created(outcome: std::result::Result<Registered, RegistrationError>) -> Result<Answer> {
    let registered = outcome.map_err(|error| refused(&error))?;
    let body = serde_json::to_value(&registered).unwrap_or_default();
    Ok(plain(&body).status(StatusCode::CREATED))
}

fn done(outcome: std::result::Result<(), RegistrationError>) -> Result<Answer> {
    outcome.map(|()| Answer::no_content()).map_err(|error| refused(&error))
}

fn refused(error: &RegistrationError) -> Fault {
    let status = match error {
        RegistrationError::Application(_) => StatusCode::NOT_FOUND,
        RegistrationError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    Fault::new(status, "", error.to_string())
}
