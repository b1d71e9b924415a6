//! `POST /pipeline/demo`: trouble for the emulator inside, its end, and runs to watch meanwhile.

use app::pages::{RUNS, Trouble};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::{IntoResponse as _, Redirect, Response},
};
use model::record::FieldFault;
use serde::Deserialize;

use crate::{
    access::Principal,
    app_state::SharedState,
    demo,
    problem::{Problem, ProblemType},
    random,
};

#[derive(Deserialize)]
pub struct DemoChoice {
    make: String,
}

pub async fn make(
    State(state): State<SharedState>,
    principal: Principal,
    form: Result<Form<DemoChoice>, FormRejection>,
) -> Result<Response, Problem> {
    let Some(demo) = &state.delivery_service.demo else {
        let detail =
            "There is no emulator inside this server, and trouble is made for nobody else's Dataverse.";
        return Err(Problem::new(ProblemType::NotFound, detail));
    };
    let make = form.map(|form| form.0.make).unwrap_or_default();
    match (Trouble::of_key(&make), make.as_str()) {
        (Some(trouble), _) => demo.make(Some(trouble)),
        (None, Trouble::NONE) => demo.make(None),
        (None, RUNS) => record(&state, principal).await?,
        _ => {
            let rule = "must be away, throttled, refusing, none or runs";
            return Err(Problem::fields(vec![FieldFault::new("make", rule)]));
        }
    }
    Ok(Redirect::to("/pipeline").into_response())
}

/// Takes ten runs in by the road that every record takes.
async fn record(state: &SharedState, principal: Principal) -> Result<(), Problem> {
    let settings = &state.settings;
    let Some(told) = settings.demo else {
        let detail =
            "This server was started without demo data, and makes none up now; send runs of your own.";
        return Err(Problem::new(ProblemType::NotFound, detail));
    };
    let runs = demo::burst(told.seed, &settings.data, state.now(), random::seed()).map_err(|error| {
        tracing::error!(%error, "no runs could be made up");
        Problem::new(ProblemType::Internal, error.to_string())
    })?;
    state.ledger.store(principal.tenant, runs).await?;
    Ok(())
}
