//! What people see: pages, components, charts, and the server functions' signatures.

pub mod address;
pub mod fault;
pub mod panel;
pub mod server_fns;

#[cfg(feature = "ssr")]
pub mod compose;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod studio;
