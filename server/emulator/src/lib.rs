//! A Dataverse organisation on this machine, over HTTP.

#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod address;
mod admin;
mod answer;
mod batch;
mod bulk_delete;
mod changes;
mod controls;
mod dispatch;
mod emulator;
mod fault;
mod fault_injection;
mod identity;
mod limits;
mod metadata;
mod options;
mod organisation;
mod query;
mod rows;
mod schema;
mod sdk_messages;
mod security;
mod store;
mod surroundings;
mod trace;
mod value;

pub use controls::Controls;
pub use emulator::{CertificateError, Emulator, Error};
pub use fault_injection::{Disturbance, FaultEffect};
pub use identity::{Registered, Registration, RegistrationError};
pub use limits::Limits;
pub use options::Options;
