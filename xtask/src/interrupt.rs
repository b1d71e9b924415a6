//! Ctrl-C and SIGTERM: what a command has started, it ends.

use std::{
    io,
    process::{Child, Command, ExitCode, ExitStatus},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::shell::words;

/// The programs that run for us now.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// The signal that came, 0 when none did.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// From here on a signal ends the programs we started, and we end after them, in the ordinary way: through an error.
pub fn listen() -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).context("cannot listen for signals")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            SIGNAL.store(signal, Ordering::SeqCst);
            for id in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                _ = end(*id);
            }
        }
    });
    Ok(())
}

/// What a shell expects of a program that a signal ended.
pub fn exit_code() -> Option<ExitCode> {
    let signal = SIGNAL.load(Ordering::SeqCst);
    (signal != 0).then(|| ExitCode::from(128 + u8::try_from(signal).unwrap_or(0)))
}

/// The same, after a moment: Ctrl-C reaches the program that we wait for at the same time, and its end may be seen first.
pub fn came() -> Option<ExitCode> {
    thread::sleep(Duration::from_millis(100));
    exit_code()
}

/// Asks a program to end in order.
pub fn end(id: u32) -> io::Result<ExitStatus> {
    Command::new("kill").arg(id.to_string()).status()
}

/// A program that we started and that is ended with us.
pub struct Running(pub Child);

impl Running {
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if exit_code().is_some() {
            anyhow::bail!("interrupted");
        }
        let child = command.spawn().with_context(|| format!("cannot start {}", words(command)))?;
        running.push(child.id());
        Ok(Self(child))
    }

    pub fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.0.wait()?;
        self.forget();
        Ok(status)
    }

    /// Asks it to end, unless it has already, and waits for that.
    pub fn stop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            _ = end(self.0.id());
            _ = self.0.wait();
        }
        self.forget();
    }

    /// Ends it at once, without asking.
    pub fn kill(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
        self.forget();
    }

    fn forget(&self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != self.0.id());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
