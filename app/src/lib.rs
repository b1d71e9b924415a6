//! What people see: pages, components, charts, and the server functions' signatures.

pub mod address;
mod client;
mod components;
pub mod fault;
mod health;
pub mod panel;
pub mod server_fns;
mod signals;

#[cfg(feature = "ssr")]
mod blocks;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod presenter;
#[cfg(feature = "ssr")]
pub mod studio;

#[cfg(feature = "hydrate")]
pub use client::hydrate;
