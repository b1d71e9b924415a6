//! The server as others meet it: a real process, asked over real HTTP.

mod access;
mod answers;
mod backups;
mod corrections;
mod description;
mod endings;
mod flushes;
mod history;
mod intake;
mod lists;
mod oracle;
mod organisations;
mod pages;
mod reach;
mod senders;
mod starts;
mod studio;
