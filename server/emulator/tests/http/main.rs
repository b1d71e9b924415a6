//! The emulator over real HTTP, asked as the documentation says that Dataverse is asked.

mod aggregates;
mod batches;
mod changes;
mod desk;
mod durability;
mod expands;
mod faults;
mod fetches;
mod limits;
mod metadata;
mod queries;
mod random;
mod rows;
mod tokens;
