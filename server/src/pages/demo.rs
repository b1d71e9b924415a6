//! `POST /pipeline/demo`: trouble for the emulator inside, and its end.

use app::pages::Trouble;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::{IntoResponse as _, Redirect, Response},
};
use model::record::FieldFault;
use serde::Deserialize;

use crate::{
    access::Asker,
    house::SharedHouse,
    problem::{Kind, Problem},
};

#[derive(Deserialize)]
pub struct Choice {
    make: String,
}

pub async fn make(
    State(house): State<SharedHouse>,
    _asker: Asker,
    form: Result<Form<Choice>, FormRejection>,
) -> Result<Response, Problem> {
    let Some(demo) = &house.carrier.demo else {
        let detail =
            "There is no emulator inside this server, and trouble is made for nobody else's Dataverse.";
        return Err(Problem::new(Kind::NotFound, detail));
    };
    let make = form.map(|form| form.0.make).unwrap_or_default();
    let trouble = Trouble::of_key(&make);
    if trouble.is_none() && make != Trouble::NONE {
        return Err(Problem::fields(vec![FieldFault::new("make", "must be away, throttled or none")]));
    }
    demo.make(trouble);
    Ok(Redirect::to("/pipeline").into_response())
}
