//! Takes a connection out of a pool, and says soon when nothing answers where the database should be.
//!
//! A pool goes on trying where it is refused, until its time is over, and then says no more than that. A statement waits as
//! long as it may take, also of a database that hangs.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use sqlx::{Error, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream, lookup_host},
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

/// How long an answer is waited for until it is looked whether anything answers there at all.
const GRACE: Duration = Duration::from_millis(300);
/// When it is looked again where something answered; after longer each time.
const PAUSE_LEAST: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(4);
/// A database that wakes up, or starts, is slow to let in; to a knock even it says something at once.
const SILENCE: Duration = Duration::from_millis(1_500);
/// PostgreSQL's SSLRequest: of all messages the one that is answered before it is known who asks.
const KNOCK: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What those who wait for answers of one database share.
#[derive(Default)]
pub(super) struct Reach {
    /// How many connections were handed out, ever.
    handed_out: AtomicU64,
    /// When one of them looked last whether anything answers, and what came of it where nothing did.
    knocked: Mutex<Option<(Instant, Option<LastRefusal>)>>,
}

type LastRefusal = (ErrorKind, String);

pub(super) async fn acquire(pool: &PgPool, reach: &Reach) -> Result<PoolConnection<Postgres>, Error> {
    let options = pool.connect_options();
    let taken = tokio::select! {
        taken = pool.acquire() => taken?,
        error = reach.refusal(&options) => return Err(error),
    };
    reach.handed_out.fetch_add(1, Relaxed);
    Ok(taken)
}

impl Reach {
    /// Ends once that number of `knocks` in a row was not answered, for those who wait for the answer to a statement. That new
    /// connections are refused says nothing of one that is there.
    pub(super) async fn silence(&self, pool: &PgPool, knocks: u32) -> Error {
        let options = pool.connect_options();
        let (mut unanswered, mut pause) = (0, PAUSE_LEAST);
        sleep(GRACE).await;
        loop {
            let found = self.found(&options).await.filter(|(kind, _)| *kind == ErrorKind::TimedOut);
            let Some(refusal) = found else {
                unanswered = 0;
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MOST);
                continue;
            };
            unanswered += 1;
            if unanswered >= knocks {
                return error(refusal);
            }
            sleep(GRACE).await;
        }
    }

    /// The same for those who wait for a connection. A pool that goes on handing them out is merely busy.
    async fn refusal(&self, options: &PgConnectOptions) -> Error {
        loop {
            let before = self.handed_out.load(Relaxed);
            sleep(GRACE).await;
            if self.handed_out.load(Relaxed) == before
                && let Some(refusal) = self.found(options).await
            {
                return error(refusal);
            }
        }
    }

    /// Of all who wait, one looks for the others too.
    async fn found(&self, options: &PgConnectOptions) -> Option<LastRefusal> {
        let mut knocked = self.knocked.lock().await;
        if let Some((at, found)) = &*knocked
            && at.elapsed() < GRACE
        {
            return found.clone();
        }
        // A name that cannot be looked up says nothing of the database.
        let door = Door::of(options).await?;
        let silent = Err(std::io::Error::new(ErrorKind::TimedOut, "it hangs, or the way to it is cut"));
        let answered = timeout(SILENCE, door.knock()).await.unwrap_or(silent);
        let away =
            |kind| matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::NotFound | ErrorKind::TimedOut);
        let error = answered.err().filter(|error| away(error.kind()));
        let found = error.map(|error| (error.kind(), error.to_string()));
        *knocked = Some((Instant::now(), found.clone()));
        found
    }
}

fn error((kind, said): LastRefusal) -> Error {
    Error::Io(std::io::Error::new(kind, said))
}

/// Where the database lets in.
enum Door {
    Socket(PathBuf),
    Addresses(Vec<SocketAddr>),
}

impl Door {
    async fn of(options: &PgConnectOptions) -> Option<Self> {
        let (host, port) = (options.get_host(), options.get_port());
        let folder = options
            .get_socket()
            .map(AsRef::as_ref)
            .or_else(|| host.starts_with('/').then(|| Path::new(host)));
        if let Some(folder) = folder {
            return Some(Self::Socket(folder.join(format!(".s.PGSQL.{port}"))));
        }
        let looked_up = timeout(SILENCE, lookup_host((host.trim_matches(['[', ']']), port)));
        Some(Self::Addresses(looked_up.await.ok()?.ok()?.collect()))
    }

    async fn knock(&self) -> std::io::Result<()> {
        match self {
            Self::Socket(file) => greet(UnixStream::connect(file).await?).await,
            Self::Addresses(addresses) => greet(TcpStream::connect(&addresses[..]).await?).await,
        }
    }
}

/// Whatever the answer is, something is there that answers; so is what hangs up.
async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    stream.write_all(&KNOCK).await?;
    let mut answer = [0];
    stream.read(&mut answer).await.map(drop)
}
