//! PostgreSQL and PgBouncer, for tests: the system's, else Debian's, unpacked into our own folder.
//!
//! They are never installed: Debian's packages would start a server on this machine at once, and tests start their own.
//! PostgreSQL refuses to run as root. Root's tests therefore hand it to the user `nobody`, through `setpriv`, who has to
//! be able to reach the programs; a folder of tools under `/root` is not for others, so that these go elsewhere then.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{
    Tool,
    apt::{self, Apt},
};
use crate::{
    shell::{read, run, which},
    workspace::Workspace,
};

pub struct PostgresTools {
    /// The folder of `initdb` and `pg_ctl`.
    pub programs: PathBuf,
    pub pooler: PathBuf,
}

/// The first that can be told at `initdb` to sort as people do.
const VERSION_MIN: u32 = 15;

/// Where Debian puts what is not for everybody's PATH.
const DEBIAN: &str = "/usr/lib/postgresql";
const POOLER: &str = "/usr/sbin/pgbouncer";

/// Root's tools that another user runs.
const ROOTS_TOOLS: &str = "/var/cache/studio-metrics/tools";

const TOOL: Tool<'_> =
    Tool { name: "postgres", version: "recipe 1", about: "unpacked, not installed: up to 50 MB, about 10 s" };

pub fn install(workspace: &Workspace) -> Result<PostgresTools> {
    let found = match on_system() {
        Some(found) => found,
        None => unpacked(workspace)?,
    };
    refuse_if_out_of_reach(&found)?;
    Ok(found)
}

fn on_system() -> Option<PostgresTools> {
    let on_path = which("initdb").and_then(|initdb| fs::canonicalize(initdb).ok());
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let candidates = on_path
        .and_then(|initdb| initdb.parent().map(Path::to_owned))
        .into_iter()
        .chain(folders.into_iter().rev());
    let programs = candidates.into_iter().find(|folder| is_new_enough(folder))?;
    let pooler = which("pgbouncer").or_else(|| Some(PathBuf::from(POOLER)).filter(|file| file.is_file()))?;
    Some(PostgresTools { programs, pooler })
}

/// `initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
fn is_new_enough(programs: &Path) -> bool {
    let said = read(Command::new(programs.join("initdb")).arg("--version")).unwrap_or_default();
    let version = said.split_whitespace().nth(2).unwrap_or_default();
    programs.join("pg_ctl").is_file() && super::number(version).0 >= VERSION_MIN
}

fn unpacked(workspace: &Workspace) -> Result<PostgresTools> {
    if !Apt::possible() {
        bail!(
            "the ledger's tests need PostgreSQL ({VERSION_MIN} or newer: `initdb`, `pg_ctl`) and `pgbouncer` on the PATH; install both, then call this again"
        );
    }
    let elsewhere =
        Workspace { tools: tools(workspace), root: workspace.root.clone(), target: workspace.target.clone() };
    fs::create_dir_all(&elsewhere.tools)?;
    let place = TOOL.once(&elsewhere, |place| unpack(&elsewhere, place))?;
    Ok(PostgresTools { programs: place.join("bin"), pooler: place.join("bin/pgbouncer") })
}

/// Our own folder, unless these have to be run by another user, who may not enter it.
fn tools(workspace: &Workspace) -> PathBuf {
    if apt::is_root() && !is_open_to_others(&workspace.tools) {
        ROOTS_TOOLS.into()
    } else {
        workspace.tools.clone()
    }
}

fn is_open_to_others(folder: &Path) -> bool {
    let may_enter =
        |folder: &Path| fs::metadata(folder).is_ok_and(|about| about.permissions().mode() & 1 == 1);
    folder.ancestors().all(may_enter)
}

/// The two, and the libraries that they need and this machine has not. What else the packages ask for is for servers that run
/// for good.
fn unpack(workspace: &Workspace, place: &Path) -> Result<()> {
    let apt = Apt::new(workspace)?;
    if apt.version("pgbouncer").is_none() || apt.version("postgresql").is_none() {
        apt.update()?;
    }
    let server = apt.dependency("postgresql", "postgresql-")?;
    let missing = match apt.missing(&[&server, "pgbouncer"]) {
        Ok(missing) => missing,
        Err(_) => {
            apt.update()?;
            apt.missing(&[&server, "pgbouncer"])?
        }
    };
    let mut packages = vec![server.as_str(), "pgbouncer"];
    packages.extend(missing.iter().map(String::as_str).filter(|name| name.starts_with("lib")));
    let debs = workspace.tools.join("postgres.debs");
    for deb in apt.download(&packages, &debs)? {
        run(Command::new("dpkg").arg("-x").arg(&deb).arg(place))?;
    }
    fs::remove_dir_all(&debs)?;
    let version = server.trim_start_matches("postgresql-");
    for program in ["initdb", "pg_ctl"] {
        wrap(place, program, &format!("usr/lib/postgresql/{version}/bin/{program}"))?;
    }
    wrap(place, "pgbouncer", "usr/sbin/pgbouncer")?;
    // The user who runs them is not always the one who unpacked them.
    Ok(fs::set_permissions(place, fs::Permissions::from_mode(0o755))?)
}

/// Finds its libraries beside itself, wherever the folder is.
fn wrap(place: &Path, name: &str, program: &str) -> Result<()> {
    let folder = apt::library_folder();
    let script = format!(
        "#!/bin/sh\nhere=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")\n\
         LD_LIBRARY_PATH=$here/usr/lib/{folder}:$here/lib/{folder}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}} \
         exec \"$here/{program}\" \"$@\"\n"
    );
    let file = place.join("bin").join(name);
    fs::create_dir_all(place.join("bin"))?;
    fs::write(&file, script)?;
    Ok(fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?)
}

fn refuse_if_out_of_reach(found: &PostgresTools) -> Result<()> {
    if !apt::is_root() {
        return Ok(());
    }
    let mut ask = Command::new("setpriv");
    ask.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    read(ask.arg(found.programs.join("initdb")).arg("--version")).map(drop).with_context(|| {
        format!(
            "PostgreSQL does not run as root, and the user nobody cannot reach it in {}; set XTASK_TOOLS to a folder that others may enter, or run this as another user",
            found.programs.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_open_if_parents_are() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let open = |mode: u32| {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            is_open_to_others(&inner)
        };
        assert_eq!([open(0o711), open(0o700)], [true, false]);
    }
}
