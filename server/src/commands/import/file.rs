//! The records of a file, taken in: in groups, by the way that those of a request over HTTP go.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, anyhow};
use app::presenter::count;
use ledger::{Ledger, LedgerError, Outcome, Verdict};
use model::{
    record::{Kind, Record},
    tenant::TenantId,
};
use tokio::{sync::mpsc::Receiver, time};

use super::{
    FileOptions,
    groups::{self, RowGroup},
    json_members::SeenMembers,
    refused::RefusedRows,
    rows::{RawRow, ReadRow},
    say,
    source::{self, RowSource},
    target::{self, ImportTarget},
    words::{is_or_are, it_or_them, rows_were, were},
};
use crate::{
    clock,
    commands::{
        Failure,
        progress::{Progress, rows_of},
        record_kind::counted,
        stop::StopRequest,
    },
    settings::Sources,
};

/// Refused rows whose reasons are said; those of all stand in the file.
const SAID: i64 = 10;
/// How often a group is offered to a ledger that has too much to write.
const OFFERS: u32 = 60;

const UNTOUCHED: &str = "stopped as asked; nothing was written";

const AGAIN: &str = "call it again, and it goes on: nothing is taken in twice";

const UNFINISHED: &str = "the file of refused rows cannot be finished";

/// Why the rest is not taken in.
enum Halt {
    /// As asked.
    Stopped,
    Failed(anyhow::Error),
}

pub async fn run(
    path: &Path,
    kind: &'static Kind,
    options: &FileOptions,
    sources: &Sources,
) -> Result<(), Failure> {
    let settings = if options.dry_run { None } else { Some(target::settings(sources)?) };
    let source = source::open(path, kind, options)?;
    let stop = StopRequest::listen().context("signals cannot be listened for")?;
    let clock = clock::clock(None);
    let target = match &settings {
        Some(settings) => match stop.bounds(ImportTarget::open(settings, &clock)).await {
            Some(target) => Some(target?),
            None => return Err(Failure::Interrupted(UNTOUCHED.to_owned())),
        },
        None => None,
    };
    let RowSource { reader, name, bytes, refused, unread } = source;
    say(&match &settings {
        Some(settings) => format!("From {name} into {}", settings.ledger().place()),
        None => format!("From {name}, on trial: nothing is written"),
    });
    if !unread.is_empty() {
        say(&format!("  not read: {}", unread.join(", ")));
    }
    let groups = groups::read(reader, clock);
    let ledger = target.as_ref().map(|target| target.ledger.clone());
    let mut intake = FileIntake {
        kind,
        ledger,
        bytes,
        read: 0,
        refused,
        done: IntakeCounts::default(),
        seen: SeenMembers::default(),
        progress: Progress::on_stderr(),
    };
    let ended = stop.bounds(intake.all(groups, &stop)).await.unwrap_or(Err(Halt::Stopped));
    if let Some(target) = target {
        target.close().await;
    }
    intake.end(ended, &name)
}

/// Takes the groups in, or only looks at them.
struct FileIntake {
    kind: &'static Kind,
    /// None: on trial.
    ledger: Option<Ledger>,
    /// How long the file is, where that is known.
    bytes: Option<u64>,
    /// How much of it is in.
    read: u64,
    refused: RefusedRows,
    done: IntakeCounts,
    seen: SeenMembers,
    progress: Progress,
}

#[derive(Clone, Copy, Default)]
struct IntakeCounts {
    rows: i64,
    /// New, or on trial: fit to be taken in.
    stored: i64,
    known: i64,
    refused: i64,
    /// Those of them of which the file of refused rows has the line and the reason alone.
    unkept: i64,
}

impl FileIntake {
    async fn all(
        &mut self,
        mut groups: Receiver<std::io::Result<RowGroup>>,
        stop: &StopRequest,
    ) -> Result<(), Halt> {
        loop {
            let group = tokio::select! {
                group = groups.recv() => group,
                () = stop.asked() => None,
            };
            if stop.is_asked() {
                return Err(Halt::Stopped);
            }
            let Some(group) = group else { return Ok(()) };
            let group = group.context("the rest of the file cannot be read").map_err(Halt::Failed)?;
            let read = group.bytes;
            self.take(group.rows, stop).await?;
            (self.read, self.seen) = (read, group.seen);
            self.progress.tell(|| format!("  {}", far(self.done.rows, read, self.bytes)));
        }
    }

    async fn take(&mut self, rows: Vec<ReadRow>, stop: &StopRequest) -> Result<(), Halt> {
        let records: Vec<Record> = rows.iter().filter_map(|row| row.record.as_ref().ok()).cloned().collect();
        let fit = records.len();
        let outcomes = match &self.ledger {
            Some(ledger) => Some(offered(ledger, records, stop).await?),
            None => None,
        };
        if outcomes.as_ref().is_some_and(|outcomes| outcomes.len() != fit) {
            return Err(Halt::Failed(anyhow!("the ledger did not say what became of each row; report this")));
        }
        let mut outcomes = outcomes.into_iter().flatten();
        for row in &rows {
            self.done.rows += 1;
            let why = match &row.record {
                Err(why) => why.as_str(),
                Ok(_) => match outcomes.next().map(|outcome| outcome.verdict) {
                    Some(Verdict::Duplicate(_)) => {
                        self.done.known += 1;
                        continue;
                    }
                    Some(Verdict::Conflict { .. }) => {
                        "has the key of a record that is there already and says something else"
                    }
                    Some(Verdict::Withdrawn) => "was withdrawn here, and stays so",
                    Some(Verdict::Stored(_)) | None => {
                        self.done.stored += 1;
                        continue;
                    }
                },
            };
            self.refuse(row, why).map_err(Halt::Failed)?;
        }
        Ok(())
    }

    fn refuse(&mut self, row: &ReadRow, why: &str) -> anyhow::Result<()> {
        self.done.refused += 1;
        self.done.unkept += i64::from(matches!(row.raw, RawRow::Unkept));
        if self.done.refused <= SAID {
            self.progress.clear();
            say(&format!("  line {}: {why}", row.line));
        }
        if self.ledger.is_none() {
            return Ok(());
        }
        let added = self.refused.add(row, why);
        added.with_context(|| {
            let file = self.refused.target().display();
            format!("the refused rows cannot be written to {file}; name another file with --refused")
        })
    }

    /// What became of it all, in words.
    fn end(mut self, ended: Result<(), Halt>, name: &str) -> Result<(), Failure> {
        self.progress.clear();
        if let Err(halt) = ended {
            return Err(self.halted(halt, name));
        }
        let (is_trial, IntakeCounts { rows, refused, .. }) = (self.ledger.is_none(), self.done);
        if refused > SAID {
            say(&format!("  and {} more", count(refused - SAID)));
        }
        if rows == 0 {
            say("There are no rows in it.");
            return Ok(());
        }
        if let Some(unread) = self.seen.unread() {
            say(&format!("  not read: {unread}"));
        }
        say(&self.sum());
        let mut faults: Vec<String> = self.seen.faults().collect();
        let file = if is_trial { None } else { self.refused.finish().context(UNFINISHED)? };
        match file {
            Some(file) => faults.push(refused_rows(&self.done, &file, name)),
            None if refused > 0 => {
                faults.push(format!("{} refused, for what is said above", rows_would(refused)));
            }
            None => {}
        }
        if faults.is_empty() { Ok(()) } else { Err(anyhow!(faults.join("; ")).into()) }
    }

    fn halted(&self, halt: Halt, name: &str) -> Failure {
        let IntakeCounts { rows, refused, .. } = self.done;
        match halt {
            Halt::Stopped if self.ledger.is_none() => Failure::Interrupted(UNTOUCHED.to_owned()),
            Halt::Stopped => {
                let refused =
                    if refused > 0 { format!(", but {} refused", rows_were(refused)) } else { String::new() };
                let far = far(rows, self.read, self.bytes);
                Failure::Interrupted(format!("stopped as asked: {far} of {name} are in{refused}; {AGAIN}"))
            }
            Halt::Failed(error) => {
                let looked_at = rows_were(rows);
                error.context(format!("not everything was taken in: {looked_at} looked at; {AGAIN}")).into()
            }
        }
    }

    fn sum(&self) -> String {
        let (kind, IntakeCounts { stored, known, .. }) = (self.kind, self.done);
        let records = counted(stored, kind);
        if self.ledger.is_none() {
            let they_are = if stored == 1 { "it is" } else { "they are" };
            return format!(
                "{records} would be taken in, as far as {they_are} not in the ledger already. Nothing was written."
            );
        }
        let sent =
            if kind.delivery.is_some() && stored > 0 { " What is new waits for Dataverse." } else { "" };
        format!("{records} {} new, {} known already.{sent}", is_or_are(stored), were(known))
    }
}

fn refused_rows(done: &IntakeCounts, file: &Path, name: &str) -> String {
    let IntakeCounts { refused, unkept, .. } = *done;
    let (are, file) = (is_or_are(refused), file.display());
    let mend = |number| format!("mend {}", it_or_them(number));
    let refused = format!("{} refused, and {are} in {file} with the reason; ", rows_were(refused));
    let there = format!("{} there and import that file, the same way", mend(done.refused - unkept));
    let here = format!("{} in {name} itself, and import it again", mend(unkept));
    if unkept == 0 {
        format!("{refused}{there}")
    } else if unkept == done.refused {
        format!("{refused}nothing else of {} is kept: {here}", it_or_them(unkept))
    } else {
        format!("{refused}{there}; of {} of them nothing else is kept: {here}", count(unkept))
    }
}

fn rows_would(number: i64) -> String {
    format!("{} {} would be", count(number), if number == 1 { "row" } else { "rows" })
}

/// How far it is; where the file's length is known, with the number of rows that follows from it.
fn far(rows: i64, read: u64, bytes: Option<u64>) -> String {
    let whole = bytes.zip(u64::try_from(rows).ok()).and_then(|(bytes, rows)| {
        let whole = u128::from(rows) * u128::from(bytes) / u128::from(read.max(1));
        i64::try_from(whole).ok()
    });
    match whole {
        Some(whole) => rows_of(rows, rounded(whole).max(rows), true),
        None => format!("{} rows", count(rows)),
    }
}

/// An estimate in two digits that count.
fn rounded(number: i64) -> i64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}

/// The group is written, also by a ledger that has much to write meanwhile.
async fn offered(ledger: &Ledger, records: Vec<Record>, stop: &StopRequest) -> Result<Vec<Outcome>, Halt> {
    for _ in 0..OFFERS {
        match ledger.store(TenantId::FIRST, records.clone()).await {
            Err(LedgerError::Busy { retry_after }) => {
                tokio::select! {
                    () = time::sleep(retry_after.max(Duration::from_millis(100))) => {}
                    () = stop.asked() => return Err(Halt::Stopped),
                }
            }
            done => return done.map_err(|error| Halt::Failed(error.into())),
        }
    }
    Err(Halt::Failed(anyhow!("the ledger has had too much to write for a minute")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_estimates_the_whole() {
        assert_eq!(far(3_000, 30_000, Some(100_000)), "3,000 of about 10,000 rows");
        assert_eq!(far(3_000, 29_234, Some(6_746_970)), "3,000 of about 690,000 rows");
        assert_eq!(far(10, 100, Some(90)), "10 of about 10 rows");
        assert_eq!(far(3_000, 30_000, None), "3,000 rows");
    }
}
