//! Connections and what goes around every request: limits, an id, headers, a log line.

pub mod body;
mod gate;
pub mod headers;
pub mod json_body;
pub mod listen;
#[cfg(feature = "livereload")]
pub mod livereload;
pub mod middleware;
