//! A PostgreSQL of a measurement's own: on a free port, in a temporary folder, flushing to disk, stopped with it.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    setup,
    shell::{read, run},
    workspace::Workspace,
};

pub struct PostgresServer {
    /// As `DATABASE_URL` takes it.
    pub address: String,
    folder: PathBuf,
    pg_ctl: PathBuf,
    servant: Option<(u32, u32)>,
}

impl PostgresServer {
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let programs = setup::postgres(workspace)?.programs;
        let folder = env::temp_dir().join(format!("studio-bench-postgres-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let servant = servant()?;
        if let Some((user, group)) = servant {
            chown(&folder, Some(user), Some(group))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("postgres://studio@127.0.0.1:{port}/postgres?sslmode=disable");
        let server = Self { address, folder, pg_ctl: programs.join("pg_ctl"), servant };
        let mut initdb = server.command(&programs.join("initdb"));
        run(initdb
            .args(["-U", "studio", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
            .arg(server.data()))?;
        // Otherwise as it comes.
        let options = format!("-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories=");
        let mut start = server.command(&server.pg_ctl);
        start.arg("-D").arg(server.data()).arg("-l").arg(server.folder.join("log"));
        run(start.args(["-w", "-o", &options, "start"]))?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// PostgreSQL refuses to run as root, so that root hands it to a user without rights.
    fn command(&self, program: &Path) -> Command {
        let Some((user, group)) = self.servant else { return Command::new(program) };
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        command.arg(program).current_dir("/");
        command
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let mut stop = self.command(&self.pg_ctl);
        stop.arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]);
        if let Err(error) = run(&mut stop) {
            eprintln!("PostgreSQL in {} goes on: {error:#}", self.folder.display());
            return;
        }
        _ = fs::remove_dir_all(&self.folder);
    }
}

/// Where this is root: user and group to hand PostgreSQL to.
fn servant() -> Result<Option<(u32, u32)>> {
    let number = |arguments: &[&str]| -> Result<u32> {
        read(Command::new("id").args(arguments))?.trim().parse().context("`id` says no number")
    };
    if number(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((number(&["-u", "nobody"])?, number(&["-g", "nobody"])?)))
}
