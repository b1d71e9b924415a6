//! Durable records, outbox, balance: one face over the stores.
