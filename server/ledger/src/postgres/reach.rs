//! Takes a connection out of a pool, and says soon when nothing answers where the database should be.
//!
//! A pool goes on trying where it is refused, until its time is over, and then says no more than that. A statement waits as
//! long as it may take, also of a database that hangs.

use std::{
    io::ErrorKind,
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use sqlx::{Error, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

/// How long an answer is waited for until it is looked whether anything answers there at all.
const GRACE: Duration = Duration::from_millis(300);
/// When it is looked again.
const PAUSE: Duration = Duration::from_secs(1);
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
    /// Ends once nothing answers there, for those who wait for the answer to a statement.
    pub(super) async fn silence(&self, pool: &PgPool) -> Error {
        let options = pool.connect_options();
        sleep(GRACE).await;
        loop {
            if let Some(refusal) = self.found(&options).await {
                return error(refusal);
            }
            sleep(PAUSE).await;
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
        let silent = Err(std::io::Error::new(ErrorKind::TimedOut, "it hangs, or the way to it is cut"));
        let answered = timeout(SILENCE, knock(options)).await.unwrap_or(silent);
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

async fn knock(options: &PgConnectOptions) -> std::io::Result<()> {
    let (host, port) = (options.get_host(), options.get_port());
    let folder =
        options.get_socket().map(AsRef::as_ref).or_else(|| host.starts_with('/').then(|| Path::new(host)));
    match folder {
        Some(folder) => greet(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?).await,
        None => greet(TcpStream::connect((host.trim_matches(['[', ']']), port)).await?).await,
    }
}

/// Whatever the answer is, something is there that answers; so is what hangs up.
async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    stream.write_all(&KNOCK).await?;
    let mut answer = [0];
    stream.read(&mut answer).await.map(drop)
}
