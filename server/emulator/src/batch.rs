//! `$batch`: many operations in one request, in order, in one transaction of the file; change sets whole or not at all.

mod multipart;
mod run;
mod write;

pub(crate) use run::respond;
