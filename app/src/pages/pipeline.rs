//! `/pipeline`: the balance, and how delivery stands.

use leptos::prelude::*;
use model::{delivery::Delivery, time::Instant};

use super::document::{Frame, document};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct PipelineFacts {
    pub now: Instant,
    pub delivery: Delivery,
    /// Name and value of what is known of Dataverse: organisation, token, last delivery.
    pub dataverse: Vec<(String, String)>,
}

pub fn pipeline_page(frame: &Frame, facts: &PipelineFacts) -> impl IntoView + use<> {
    let unaccounted = facts.delivery.unaccounted();
    document(
        frame,
        "Pipeline · Studio Metrics".to_owned(),
        false,
        view! { <main><h1>{unaccounted}</h1></main> },
    )
}
