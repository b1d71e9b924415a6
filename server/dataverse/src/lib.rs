//! A client of the Dataverse Web API: OData and OAuth2, nothing of any one product.

#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod batch;
mod bulk;
mod call;
mod changes;
mod client;
mod credential;
mod error;
mod key;
mod limit;
mod load;
mod metadata;
mod odata;
mod pace;
mod pages;
mod query;
mod settings;
mod surroundings;
mod token;
mod transport;

pub use batch::{Answer, BatchOptions, Operation, Outcome};
pub use changes::{Change, Changes, DeltaLink};
pub use client::{Client, EntityId, Freshness, WhoAmI};
pub use credential::{Certificate, Credential};
pub use error::{CredentialFault, Error, ForbiddenFault, Refusal};
pub use key::Key;
pub use limit::Limit;
pub use metadata::{
    Behaviour, Choice, ChoiceDefinition, Column, ColumnDefinition, ColumnKind, Depth, Difference,
    IndexStatus, KeyDefinition, LookupDefinition, Metadata, Ownership, Privilege, Role, RoleDefinition,
    Table, TableDefinition, TableKey,
};
pub use odata::Literal;
pub use pages::Pages;
pub use query::{Apply, Expand, Filter, Query, formatted};
pub use settings::Settings;
pub use surroundings::{Surroundings, System};
pub use token::{InHand, TokenStats};
