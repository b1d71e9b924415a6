//! The emulator over real HTTP, asked as the documentation says that Dataverse is asked.

mod aggregates;
mod applications;
mod batches;
mod bulk_delete;
mod changes;
mod client;
mod connection;
mod definition_properties;
mod durability;
mod expands;
mod faults;
mod fetches;
mod https;
mod limits;
mod metadata;
mod organisation_functions;
mod queries;
mod random;
mod rows;
mod security;
mod system_relationships;
mod tokens;
mod warehouse;
