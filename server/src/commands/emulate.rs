//! `studio emulate`: the emulator alone.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use emulator::{Emulator, Options};
use serde_json::json;

use super::{Failure, stop};

#[derive(Debug, Args)]
pub struct Emulate {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// The folder that keeps the organisation; without it, it is gone at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Emulate {
    pub async fn run(self) -> Result<(), Failure> {
        let wish = stop::wish().context("no signals can be received")?;
        let options = Options { listen: self.listen, data: self.data, admin: true, ..Options::default() };
        let emulator = Emulator::start(options).await.map_err(anyhow::Error::new)?;
        println!(
            "{}",
            json!({
                "url": emulator.url(),
                "tokenUrl": emulator.token_url(),
                "tenantId": emulator.tenant_id(),
                "clientId": emulator.client_id(),
                "clientSecret": emulator.client_secret(),
            })
        );
        wish.await;
        emulator.stop().await;
        Ok(())
    }
}
