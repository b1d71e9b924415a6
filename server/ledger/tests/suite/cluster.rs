//! A PostgreSQL of this test run's own: on a free port, in a temporary folder, flushing to disk, gone with the process.

use std::{
    env,
    ffi::OsString,
    fs,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Where `initdb` and `pg_ctl` are, and the file of the pooler: the project's set-up says so.
const PROGRAMS: &str = "STUDIO_POSTGRES";
const POOLER: &str = "STUDIO_PGBOUNCER";
const MISSING: &str = "these tests start a PostgreSQL (and a PgBouncer before it) of their own and were not told where the \
     programs are; run `cargo xtask test unit`, which sets them up, or set STUDIO_POSTGRES to the folder of initdb and \
     pg_ctl and STUDIO_PGBOUNCER to the program pgbouncer";

const USER: &str = "studio";
const PASSWORD: &str = "only on loopback";
const PASSWORD_IN_ADDRESS: &str = "only%20on%20loopback";

pub struct Cluster {
    pub port: u16,
    pooled_port: u16,
    authority: PathBuf,
    /// Holds the pipe whose end tells the guards to clear up, however this process ends.
    _guards: [Child; 2],
}

impl Cluster {
    /// The one of this process.
    pub fn here() -> &'static Self {
        static HERE: OnceLock<Cluster> = OnceLock::new();
        HERE.get_or_init(Self::start)
    }

    pub fn address(&self) -> String {
        self.address_at(self.port)
    }

    /// Through a pooler that lends a connection for one transaction at a time, and has few of them.
    pub fn pooled_address(&self) -> String {
        self.address_at(self.pooled_port)
    }

    /// Encrypted, by a name that the certificate bears, with the authority that signed it.
    pub fn encrypted_address(&self) -> String {
        let (port, authority) = (self.port, self.authority.display());
        format!(
            "postgres://{USER}:{PASSWORD_IN_ADDRESS}@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={authority}"
        )
    }

    pub fn address_at(&self, port: u16) -> String {
        format!("postgres://{USER}:{PASSWORD_IN_ADDRESS}@127.0.0.1:{port}/postgres?sslmode=disable")
    }

    fn start() -> Self {
        let programs = PathBuf::from(env::var_os(PROGRAMS).expect(MISSING));
        let pooler = PathBuf::from(env::var_os(POOLER).expect(MISSING));
        let folder = tempfile::Builder::new().prefix("studio-postgres-").tempdir().unwrap().keep();
        let servant = Servant::of(&folder);
        fs::write(folder.join("password"), PASSWORD).unwrap();
        let data = folder.join("data");
        let mut initdb = servant.command(&programs.join("initdb"));
        initdb.arg("-D").arg(&data).args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"]);
        initdb.arg("--pwfile").arg(folder.join("password"));
        // An order of letters that people use, so that the ledger's own order of bytes is put to the test.
        run(initdb.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]));
        let authority = certify(&folder, &servant);
        let port = free_port();
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=on \
             -c ssl=on -c ssl_cert_file={folder}/server.pem -c ssl_key_file={folder}/server.key -c max_connections=300 -c shared_buffers=64MB -c deadlock_timeout=200ms",
            folder = folder.display()
        );
        let pg_ctl = programs.join("pg_ctl");
        let mut start = servant.command(&pg_ctl);
        start.arg("-D").arg(&data).arg("-l").arg(folder.join("log")).args(["-w", "-o", &options, "start"]);
        run(&mut start);
        let stop = r#"read -r _; "$1" -D "$2/data" -m immediate stop >&2; rm -rf "$2""#;
        let server = servant.guard(stop, &[pg_ctl.as_os_str().into(), folder.as_os_str().into()]);
        let (pooler, pooled_port) = start_pooler(&servant, &pooler, &folder, port);
        Self { port, pooled_port, authority, _guards: [server, pooler] }
    }
}

/// PostgreSQL and PgBouncer refuse to run as root, so that root hands them to a user without rights.
struct Servant(Option<(u32, u32)>);

impl Servant {
    /// The owner of the folder from now on.
    fn of(folder: &Path) -> Self {
        let number = |what: &str, of: &[&str]| -> Option<u32> {
            let output = Command::new("id").arg(what).args(of).output().ok()?;
            String::from_utf8_lossy(&output.stdout).trim().parse().ok()
        };
        if number("-u", &[]) != Some(0) {
            return Self(None);
        }
        let user = number("-u", &["nobody"]).expect("root has a nobody to hand PostgreSQL to");
        let group = number("-g", &["nobody"]).expect("nobody has a group");
        chown(folder, Some(user), Some(group)).unwrap();
        Self(Some((user, group)))
    }

    fn command(&self, program: &Path) -> Command {
        let Some((user, group)) = self.0 else { return Command::new(program) };
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        command.arg(program).current_dir("/");
        command
    }

    /// A shell that waits until this process is gone, and clears up.
    fn guard(&self, script: &str, arguments: &[OsString]) -> Child {
        let mut shell = self.command(Path::new("/bin/sh"));
        shell.args(["-c", script, "sh"]).args(arguments);
        // A Ctrl-C is for the tests; what they started goes when they have gone.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        shell.spawn().unwrap()
    }
}

/// A certificate for this machine, signed by an authority that is known nowhere else. Says where the authority's own is.
fn certify(folder: &Path, servant: &Servant) -> PathBuf {
    let (root_key, server_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&server_key, &Issuer::new(root, root_key)).unwrap();
    let authority = folder.join("authority.pem");
    fs::write(&authority, root_pem).unwrap();
    fs::write(folder.join("server.pem"), server.pem()).unwrap();
    let key = folder.join("server.key");
    fs::write(&key, server_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    if let Some((user, group)) = servant.0 {
        chown(&key, Some(user), Some(group)).unwrap();
    }
    authority
}

fn start_pooler(servant: &Servant, program: &Path, folder: &Path, port: u16) -> (Child, u16) {
    let pooled = free_port();
    let users = folder.join("pooler.users");
    fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")).unwrap();
    let settings = format!(
        "[databases]\npostgres = host=127.0.0.1 port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {pooled}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\n\
         default_pool_size = 6\nmax_client_conn = 500\nlogfile = {}\n",
        users.display(),
        folder.join("pooler.log").display()
    );
    fs::write(folder.join("pooler.ini"), settings).unwrap();
    let script = r#""$1" -q "$2/pooler.ini" & read -r _; kill $!"#;
    (servant.guard(script, &[program.as_os_str().into(), folder.as_os_str().into()]), pooled)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a server that goes on running inherits must not be a pipe that is read to its end.
fn run(command: &mut Command) {
    let errors = tempfile::tempfile().unwrap();
    let status =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors.try_clone().unwrap()).status();
    let status = status.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    if !status.success() {
        use std::io::{Read, Seek};
        let (mut errors, mut said) = (errors, String::new());
        errors.rewind().and_then(|()| errors.read_to_string(&mut said)).unwrap();
        panic!("{command:?} ended with {status}: {said}");
    }
}
