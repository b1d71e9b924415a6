//! How an emulator is to run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::limits::Limits;

/// How an emulator is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where to listen for https as well, under a certificate of the organisation's own authority.
    pub https: Option<SocketAddr>,
    /// What the organisation is called.
    pub name: String,
    /// The folder that keeps the organisation, made if it is not there; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// Answer the admin routes under `/_emulator/v1/`.
    pub admin: bool,
    /// How much the application may ask for.
    pub limits: Limits,
    /// How long a token holds, in seconds.
    pub token_seconds: i64,
    /// How long the index of a new alternate key takes to become active.
    pub key_delay: Duration,
    /// How many days a delta link holds, and a deleted row is remembered.
    pub tracking_days: u32,
    /// Answer only what names this machine as its host: for an organisation inside of a server with pages of its own.
    pub only_here: bool,
    /// Connections at one time; more wait until one is closed.
    pub connections: usize,
    /// Makes ids and credentials the same each time, for tests; `None` takes them from the machine's chance.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            https: None,
            name: "Emulated organisation".to_owned(),
            data: None,
            admin: false,
            limits: Limits::default(),
            token_seconds: 3599,
            key_delay: Duration::ZERO,
            tracking_days: 7,
            only_here: false,
            connections: 256,
            seed: None,
        }
    }
}
