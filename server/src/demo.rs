//! Demo data: a story that is told the same way every time, and the writer that tells it to the ledger.

mod burst;
mod campaigns;
mod days;
mod progress;
mod story;
mod writer;

pub use burst::burst;
pub use progress::is_told;
pub use story::Story;
pub use writer::{DemoError, DemoWriter};
