//! How far a long command is: one line that is drawn anew where a person looks at it, else a line every ten seconds.

use std::{
    io::{self, IsTerminal as _, Write},
    time::Duration,
};

use app::presenter::count;
use tokio::time::Instant;

const ON_TERMINAL: Duration = Duration::from_millis(100);
const IN_LOG: Duration = Duration::from_secs(10);

/// The line, on standard error unless a test reads it.
pub struct Progress<W: Write = io::Stderr> {
    to: W,
    is_terminal: bool,
    told_at: Instant,
    is_drawn: bool,
}

impl Progress {
    pub fn on_stderr() -> Self {
        Self::of(io::stderr(), io::stderr().is_terminal())
    }
}

impl<W: Write> Progress<W> {
    fn of(to: W, is_terminal: bool) -> Self {
        Self { to, is_terminal, told_at: Instant::now(), is_drawn: false }
    }

    /// Says the line, where it is time for one.
    pub fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.told_at.elapsed() < if self.is_terminal { ON_TERMINAL } else { IN_LOG } {
            return;
        }
        self.told_at = Instant::now();
        // That no reader is left is no reason to stop halfway.
        _ = if self.is_terminal {
            self.is_drawn = true;
            write!(self.to, "\r{}\x1b[K", line()).and_then(|()| self.to.flush())
        } else {
            writeln!(self.to, "{}", line())
        };
    }

    /// Makes room for other lines.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            _ = write!(self.to, "\r\x1b[K").and_then(|()| self.to.flush());
        }
    }
}

impl<W: Write> Drop for Progress<W> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// `3,000 of 10,000 rows`; of a total that is estimated, `3,000 of about 10,000 rows`.
pub fn rows_of(rows: i64, of: i64, is_estimate: bool) -> String {
    format!("{} of {}{} rows", count(rows), if is_estimate { "about " } else { "" }, count(of))
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn logs_get_a_line_each_ten_seconds() {
        let mut written = Vec::new();
        let mut progress = Progress::of(&mut written, false);
        for second in 0..25 {
            progress.tell(|| format!("second {second}"));
            advance(Duration::from_secs(1)).await;
        }
        drop(progress);
        assert_eq!(String::from_utf8(written).unwrap(), "second 10\nsecond 20\n");
    }

    #[tokio::test(start_paused = true)]
    async fn terminals_see_one_line_drawn_anew() {
        let mut written = Vec::new();
        let mut progress = Progress::of(&mut written, true);
        progress.tell(|| "too soon".to_owned());
        for part in ["one", "two"] {
            advance(ON_TERMINAL).await;
            progress.tell(|| part.to_owned());
        }
        progress.clear();
        drop(progress);
        assert_eq!(String::from_utf8(written).unwrap(), "\rone\x1b[K\rtwo\x1b[K\r\x1b[K");
    }

    #[test]
    fn totals_are_told_or_estimated() {
        assert_eq!(rows_of(500, 1_200, false), "500 of 1,200 rows");
        assert_eq!(rows_of(3_000, 10_000, true), "3,000 of about 10,000 rows");
    }
}
