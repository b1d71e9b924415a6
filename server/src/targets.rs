//! What the product promises of its speed, and what was measured of that on this server.
//!
//! Each promise stands in [`TARGETS`] alone. It is measured by figures that are counted anyway: what libraries and routes tell
//! `metrics` goes to Prometheus, and here as well, into rolling windows.

mod log_buckets;
mod meters;
mod recorder;
mod rolling_counts;
mod table;

pub use meters::{TargetMeters, TargetReading};
pub use recorder::MeteringRecorder;
pub use table::{TARGETS, TargetLimit};
