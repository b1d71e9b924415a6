//! Connections and what goes around every request: limits, an id, headers, a log line.

pub mod body;
mod gate;
pub mod headers;
pub mod json_body;
pub mod listen;
pub mod middleware;
