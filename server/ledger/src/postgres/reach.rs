//! Takes a connection out of a pool, and says at once when nothing listens where the database should be.
//!
//! A pool goes on trying where it is refused, until its time is over, and then says no more than that.

use std::{
    io::ErrorKind,
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use sqlx::{Error, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    net::{TcpStream, UnixStream},
    sync::Mutex,
    time::{Instant, sleep},
};

/// How long a connection is waited for until it is looked whether anything listens, and again after as long.
const GRACE: Duration = Duration::from_millis(300);

/// What those who wait for a connection of one pool share.
#[derive(Default)]
pub(super) struct Reach {
    /// How many were handed out, ever.
    handed_out: AtomicU64,
    /// When one of them looked last whether anything listens, and what came of it where nothing did.
    knocked: Mutex<Option<(Instant, Option<LastRefusal>)>>,
}

type LastRefusal = (ErrorKind, String);

pub(super) async fn acquire(pool: &PgPool, reach: &Reach) -> Result<PoolConnection<Postgres>, Error> {
    let options = pool.connect_options();
    let taken = tokio::select! {
        taken = pool.acquire() => taken?,
        (kind, said) = reach.refusal(&options) => return Err(Error::Io(std::io::Error::new(kind, said))),
    };
    reach.handed_out.fetch_add(1, Relaxed);
    Ok(taken)
}

impl Reach {
    /// Ends once nothing listens there. A pool that goes on handing out connections is merely busy.
    async fn refusal(&self, options: &PgConnectOptions) -> LastRefusal {
        loop {
            let before = self.handed_out.load(Relaxed);
            sleep(GRACE).await;
            if self.handed_out.load(Relaxed) == before
                && let Some(refusal) = self.found(options).await
            {
                return refusal;
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
        let refused = |kind| matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::NotFound);
        let error = knock(options).await.err().filter(|error| refused(error.kind()));
        let found = error.map(|error| (error.kind(), error.to_string()));
        *knocked = Some((Instant::now(), found.clone()));
        found
    }
}

async fn knock(options: &PgConnectOptions) -> std::io::Result<()> {
    let (host, port) = (options.get_host(), options.get_port());
    let folder =
        options.get_socket().map(AsRef::as_ref).or_else(|| host.starts_with('/').then(|| Path::new(host)));
    match folder {
        Some(folder) => UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await.map(|_| ()),
        None => TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map(|_| ()),
    }
}
