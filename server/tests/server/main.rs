//! The server as others meet it: a real process, asked over real HTTP.

mod access;
mod answers;
mod backups;
mod belonging;
// The ledger's suite starts a PostgreSQL as well.
mod checks;
#[path = "../../ledger/tests/suite/cluster.rs"]
mod cluster;
mod corrections;
mod crowds;
mod database;
mod description;
mod disks;
mod documents;
mod downloads;
mod endings;
mod exports;
mod files;
mod flows;
mod flushes;
mod forecasts;
mod history;
mod imports;
mod intake;
mod keys;
mod letters;
mod lists;
mod mirrors;
mod moves;
mod notes;
mod oracle;
mod organisations;
mod pages;
mod people;
mod reach;
mod recounts;
mod scaled;
mod senders;
mod shares;
mod starts;
mod studio;
mod targets;
mod tasks;
mod test_provider;
mod unread;
