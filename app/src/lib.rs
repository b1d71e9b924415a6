//! What people see: pages, components, charts, and the server functions' signatures.

pub mod address;
mod components;
pub mod fault;
mod live;
pub mod panel;
pub mod server_fns;

#[cfg(feature = "ssr")]
pub mod compose;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod studio;

#[cfg(feature = "hydrate")]
pub use live::bring_alive;
