//! Whole documents: axum renders them, and the browser brings one element of the panel's alive.

mod document;
mod fault;
mod panel;
mod pipeline;

pub use document::{Files, Frame, Theme};
pub use fault::fault_page;
pub use panel::panel_page;
pub use pipeline::{PipelineFacts, RUNS, Trouble, pipeline_page};
