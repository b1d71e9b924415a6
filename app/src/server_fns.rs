//! The questions that the browser asks the server.

pub mod panel;
mod poll_protocol;
