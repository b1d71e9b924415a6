//! Starting and stopping.

use std::net::SocketAddr;
use std::path::PathBuf;

/// How an emulator is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder that keeps the organisation; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// Answer the admin routes under `/_emulator/v1/`.
    pub admin: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), data: None, admin: false }
    }
}

/// Why an emulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on {listen}: {source}")]
    Listen { listen: SocketAddr, source: std::io::Error },
}

/// A running organisation. Dropping it ends it without waiting for open requests.
#[derive(Debug)]
pub struct Emulator {
    url: String,
}

impl Emulator {
    #[expect(clippy::unused_async, reason = "signatures first")]
    pub async fn start(_options: Options) -> Result<Self, Error> {
        todo!("signatures first")
    }

    /// The organisation's address, without `/` at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token endpoint's whole address.
    pub fn token_url(&self) -> &str {
        todo!("signatures first")
    }

    pub fn tenant_id(&self) -> &str {
        todo!("signatures first")
    }

    pub fn client_id(&self) -> &str {
        todo!("signatures first")
    }

    pub fn client_secret(&self) -> &str {
        todo!("signatures first")
    }

    /// Takes no new request, finishes the open ones, closes the store.
    pub async fn stop(self) {}
}
