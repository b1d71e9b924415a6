//! `studio emulate`: the emulator alone.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use emulator::{Emulator, Options};
use serde_json::{Value, json};

use super::{Failure, say, stop};

#[derive(Debug, Args)]
pub struct Emulate {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Serve https as well; without an address, a free port beside --listen
    #[arg(long, value_name = "ADDR", num_args = 0..=1)]
    https: Option<Option<SocketAddr>>,
    /// The folder that keeps the organisation; without it, it is gone at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Open the page at /_emulator/v1/: what came and went, faults, applications, snapshots
    #[arg(long)]
    admin: bool,
}

impl Emulate {
    pub async fn run(self) -> Result<(), Failure> {
        let wish = stop::shutdown_signal().context("no signals can be received")?;
        let https = self.https.map(|given| given.unwrap_or(SocketAddr::new(self.listen.ip(), 0)));
        let admin = self.admin;
        let options = Options { listen: self.listen, https, data: self.data, admin, ..Options::default() };
        let emulator = Emulator::start(options).await.map_err(anyhow::Error::new)?;
        say(&about(&emulator, admin).to_string());
        wish.await;
        emulator.stop().await;
        Ok(())
    }
}

/// What a client needs to know, in one line.
fn about(emulator: &Emulator, admin: bool) -> Value {
    let mut about = json!({
        "url": emulator.url(),
        "tokenUrl": emulator.token_url(),
        "tenantId": emulator.tenant_id(),
        "clientId": emulator.client_id(),
        "clientSecret": emulator.client_secret(),
    });
    if admin {
        about["adminUrl"] = format!("{}/_emulator/v1/", emulator.url()).into();
    }
    if let (Some(url), Some(file)) = (emulator.https_url(), emulator.ca_file()) {
        about["httpsUrl"] = url.into();
        about["caFile"] = file.to_string_lossy().into();
    }
    about
}
