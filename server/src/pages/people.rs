//! `/settings/people`: who may sign in, added and removed by administrators.

use app::pages::{PeopleFacts, PersonForm, PersonLine, people_page};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Request, State},
    response::Response,
};
use http::StatusCode;
use ledger::{Person, PersonRole};
use model::calendar::Zone;
use serde::Deserialize;
use tokio::time;

use super::{Visitor, document, fault, frame};
use crate::{
    access::{HOLDS_AFTER, NewPerson, Principal},
    app_state::SharedState,
    problem::Problem,
};

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentPerson {
    name: String,
    role: String,
    password: String,
    /// Who is to go.
    remove: Option<String>,
}

pub async fn show(State(state): State<SharedState>, principal: Principal, request: Request) -> Response {
    page(&state, &principal, request, StatusCode::OK, None, PersonForm::default()).await
}

pub async fn act(
    State(state): State<SharedState>,
    principal: Principal,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sent = Form::<SentPerson>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let sent = sent.map(|form| form.0).unwrap_or_default();
    let request = Request::from_parts(parts, Body::empty());
    if let Some(name) = sent.remove {
        let is_self = *principal.name == *name;
        let was_there = !is_self && state.ledger.remove_person(principal.tenant, name.clone()).await?;
        let told = match (is_self, was_there) {
            (true, _) => "You cannot remove yourself; another administrator can.".to_owned(),
            (_, true) => format!("{name} is removed, and signed out."),
            (_, false) => format!("There was no {name} any more."),
        };
        return Ok(page(&state, &principal, request, StatusCode::OK, Some(told), PersonForm::default()).await);
    }
    let wish = NewPerson {
        name: &sent.name,
        role: PersonRole::of_word(&sent.role).unwrap_or(PersonRole::Reader),
        password: Some(&sent.password),
    };
    let added = match wish.person(principal.tenant, state.now()) {
        Ok((person, code)) => added(&state, &principal, person, code).await?,
        Err(fault) => Err(fault),
    };
    let (status, told, form) = match added {
        Ok(told) => (StatusCode::OK, Some(told), PersonForm::default()),
        Err((field, sentence)) => {
            let form = PersonForm { name: sent.name, role: sent.role, fault: Some((field, sentence)) };
            (StatusCode::UNPROCESSABLE_ENTITY, None, form)
        }
    };
    Ok(page(&state, &principal, request, status, told, form).await)
}

type FieldSentence = (&'static str, String);

async fn added(
    state: &SharedState,
    principal: &Principal,
    person: Person,
    code: Option<String>,
) -> Result<Result<String, FieldSentence>, Problem> {
    let name = person.name.clone();
    let is_first = !state.keys.is_peopled().await;
    if is_first && person.role != PersonRole::Admin {
        let sentence = "is to be an administrator's: none else could add others".to_owned();
        return Ok(Err(("name", sentence)));
    }
    let account = state.ledger.account(&name).await?;
    if account.roles.iter().any(|(tenant, _)| *tenant == principal.tenant) {
        return Ok(Err(("name", "is that of another person here; remove them first".to_owned())));
    }
    // One who is known elsewhere keeps the password that they have: it is not for this tenant to change.
    let (code, is_known) = if account.roles.is_empty() { (code, false) } else { (None, true) };
    state.keys.kept_secret().await?;
    state.ledger.keep_person(person, code).await?;
    if is_first {
        time::sleep(HOLDS_AFTER).await;
    }
    Ok(Ok(if is_known {
        format!("{name} is added, and signs in with the password they have.")
    } else {
        format!("{name} is added.")
    }))
}

async fn page(
    state: &SharedState,
    principal: &Principal,
    request: Request,
    status: StatusCode,
    told: Option<String>,
    form: PersonForm,
) -> Response {
    let visitor = Visitor::of(request.headers());
    let zone = visitor.zone.clone().unwrap_or_else(|| state.settings.zone.clone());
    let people = match state.ledger.people().await {
        Ok(people) => people,
        Err(error) => return fault::unavailable(state, request, &error).await,
    };
    let people = people.into_iter().filter(|person| person.tenant == principal.tenant);
    let facts = PeopleFacts {
        people: people.map(|person| line(person, &zone, principal)).collect(),
        has_provider: state.provider.is_some(),
        form,
        told,
    };
    let frame = frame(state, &request);
    document(request, status, || {}, move || people_page(&frame, &facts)).await
}

fn line(person: Person, zone: &Zone, principal: &Principal) -> PersonLine {
    PersonLine {
        role: person.role.word(),
        since: zone.format(person.made_at, "%-d %b %Y"),
        signs_in: if person.has_password { "with a password" } else { "through the proxy" },
        is_self: *principal.name == *person.name,
        name: person.name,
    }
}
