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
mod metadata;
mod odata;
mod pages;
mod query;
mod request_size;
mod runtime;
mod settings;
mod throttle;
mod token;
mod transport;

pub use batch::{BatchOperation, BatchOptions, OperationOutcome, OperationResult};
pub use changes::{Changes, DeltaLink, RowChange};
pub use client::{Client, EntityId, Freshness, WhoAmI, http_client};
pub use credential::{Certificate, Credential};
pub use error::{CredentialFault, Error, ForbiddenFault, Refusal};
pub use key::RowKey;
pub use limit::Limit;
pub use metadata::{
    ChoiceDefinition, ChoiceOption, ColumnDefinition, ColumnKind, ColumnMetadata, IndexStatus, KeyDefinition,
    LookupDefinition, Metadata, Ownership, PrivilegeDepth, Role, RoleDefinition, RolePrivilege,
    TableDefinition, TableDifference, TableKey, TableMetadata, TimeBehaviour,
};
pub use odata::Literal;
pub use pages::Pages;
pub use query::{Apply, Expand, Filter, Query, formatted};
pub use runtime::{Runtime, System};
pub use settings::Settings;
pub use token::{InHand, TokenStats};
