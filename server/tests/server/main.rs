//! The server as others meet it: a real process, asked over real HTTP.

mod access;
mod answers;
mod backups;
mod corrections;
mod endings;
mod history;
mod intake;
mod lists;
mod organisations;
mod pages;
mod senders;
mod starts;
mod studio;
