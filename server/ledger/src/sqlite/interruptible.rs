//! A connection whose work ends with the future that asked for it.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
};

use sqlx::{ConnectOptions, Connection, Error, SqliteConnection, sqlite::SqliteConnectOptions};

/// How many of SQLite's operations lie between two looks at whether the connection is dropped.
const OPERATIONS: i32 = 1_000;

/// When it is dropped, its statement is over and its thread has ended. A plain connection's thread would go on with the
/// statement, and make files anew that are removed by then. Its fields are dropped in this order.
pub(crate) struct InterruptibleConnection {
    _stop: StopOnDrop,
    connection: SqliteConnection,
    _thread: ThreadEnd,
}

impl InterruptibleConnection {
    pub(crate) async fn open(options: &SqliteConnectOptions) -> Result<Self, Error> {
        let mut connection = options.connect().await?;
        let dropped = Arc::new(AtomicBool::new(false));
        let (running, thread) = mpsc::channel::<()>();
        let stop = StopOnDrop(Arc::clone(&dropped));
        connection.lock_handle().await?.set_progress_handler(OPERATIONS, move || {
            let _ends_with_the_thread = &running;
            !dropped.load(Ordering::Relaxed)
        });
        Ok(Self { _stop: stop, connection, _thread: ThreadEnd(thread) })
    }

    pub(crate) async fn close(self) -> Result<(), Error> {
        let Self { connection, .. } = self;
        connection.close().await
    }
}

impl Deref for InterruptibleConnection {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for InterruptibleConnection {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Its other end belongs to the connection's thread. Nothing is ever sent.
struct ThreadEnd(Receiver<()>);

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        let _ = self.0.recv();
    }
}
