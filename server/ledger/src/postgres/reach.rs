//! Takes a connection out of a pool, and says at once when nothing listens where the database should be.
//!
//! A pool goes on trying where it is refused, until its time is over, and then says no more than that.

use std::{io::ErrorKind, path::Path, time::Duration};

use sqlx::{Error, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    net::{TcpStream, UnixStream},
    time::sleep,
};

/// How long a connection is waited for until it is looked whether anything listens, and again after as long.
const GRACE: Duration = Duration::from_millis(300);

pub(super) async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, Error> {
    let options = pool.connect_options();
    tokio::select! {
        taken = pool.acquire() => taken,
        refused = refusal(&options) => Err(Error::Io(refused)),
    }
}

/// Ends once nothing listens there.
async fn refusal(options: &PgConnectOptions) -> std::io::Error {
    loop {
        sleep(GRACE).await;
        match knock(options).await {
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => {
                return error;
            }
            _ => {}
        }
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
