//! make, with which the server's allocator is compiled.

use anyhow::{Result, bail};

use super::apt::{self, Apt};
use crate::{house::House, shell::on_path};

/// Sees to it that there is one; installed if we may.
pub fn install(house: &House) -> Result<()> {
    if !on_path("make") && Apt::possible() && apt::is_root() {
        Apt::new(house)?.install_fresh(&["make"])?;
    }
    if !on_path("make") {
        bail!("there is no make on this machine; install it (Debian: build-essential)");
    }
    Ok(())
}
