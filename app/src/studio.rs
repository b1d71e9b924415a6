//! What the pages need from the server, as one trait: `app` sees no SQL, no HTTP client and no secret.

use std::sync::Arc;

use async_trait::async_trait;
use model::{
    breakdown::Breakdown,
    delivery::DeliveryView,
    forecast::{CostBudget, Forecast, NoForecast},
    history::History,
    note::DayNote,
    record::Stored,
    time::Timestamp,
};

use crate::{address::ViewQuery, fault::RequestError, panel::Panel};

/// Implemented by the server and handed over through Leptos context as [`SharedStudio`].
#[async_trait]
pub trait Studio: Send + Sync + 'static {
    /// The panel as this address asks for it, computed once for all who ask the same.
    async fn panel(&self, ask: ViewQuery) -> Result<Arc<Panel>, RequestError>;
}

pub type SharedStudio = Arc<dyn Studio>;

/// Everything that a panel is composed of.
#[derive(Clone, Debug)]
pub struct Facts {
    pub now: Timestamp,
    /// Whether they are older than they should be, since newer ones cannot be had just now.
    pub late: bool,
    pub ask: ViewQuery,
    pub history: History,
    /// The same by the dimension that is asked for.
    pub breakdown: Breakdown,
    /// The newest runs of the filter, newest first.
    pub newest: Vec<Stored>,
    /// The campaign that is meant: its id, and its name where it can be asked for by that.
    pub campaign: Option<(String, Option<String>)>,
    /// Those that may be meant, where it is not clear which.
    pub matches: Vec<(String, Option<String>)>,
    pub delivery: DeliveryView,
    /// Whether there is any run at all.
    pub any_runs: bool,
    /// What cost will come to, where the view ends now.
    pub forecast: Result<Forecast, NoForecast>,
    /// What a month of all runs may cost.
    pub budget: CostBudget,
    /// What people wrote at the days of the view, by day.
    pub notes: Vec<DayNote>,
    /// Where this server is reached, without a slash at its end.
    pub address: String,
}
