//! Tells the story to the ledger, on the same road as real records: first all that has happened, then as it happens.

use std::{io, iter, path::PathBuf, sync::Arc, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use ledger::{Ledger, LedgerError};
use model::{
    clock::Clock,
    record::{FieldFault, Record},
    tenant::TenantId,
    time::Timestamp,
};
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{
    Story,
    progress::DemoProgress,
    story::{RunReport, date_of},
};
use crate::settings::DemoSettings;

/// As many records as a request may carry.
const ARRAY: usize = 1_000;
/// How many requests are on their way at once: while the ledger writes, the story goes on.
const AHEAD: usize = 4;
/// A clock may be set while we sleep; nothing is missed for longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the demo data cannot be stored: {0}")]
    Ledger(#[from] LedgerError),
    #[error(
        "the demo data's place in the data folder cannot be kept ({0}); STUDIO_DEMO=off starts without demo data"
    )]
    Folder(#[from] io::Error),
    #[error(
        "a record of the demo data is not valid ({0:?}); report this, STUDIO_DEMO=off starts without demo data"
    )]
    Invalid(Vec<FieldFault>),
}

pub struct DemoWriter {
    story: Story,
    progress: DemoProgress,
    folder: PathBuf,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
}

impl DemoWriter {
    /// # Errors
    /// When the folder's story cannot be read.
    pub fn open(
        demo: DemoSettings,
        folder: PathBuf,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DemoError> {
        let first_day = date_of(clock.now());
        let begin = Story::new(demo.seed, first_day).begin().plus(-1);
        let fresh = DemoProgress { seed: demo.seed, first_day, told_micros: begin.micros() };
        let progress = match DemoProgress::read(&folder)? {
            Some(progress) => progress,
            None => {
                // Whatever comes to an end halfway goes on with the same story.
                fresh.write(&folder)?;
                fresh
            }
        };
        if progress.seed != demo.seed {
            tracing::warn!(
                demo.seed = progress.seed,
                "this folder's demo data grew from another seed, and go on from that one"
            );
        }
        let story = Story::new(progress.seed, progress.first_day);
        Ok(Self { story, progress, folder, ledger, clock })
    }

    /// Tells everything that has happened by now; answers how many runs that were.
    ///
    /// # Errors
    /// When the ledger does not take them, or the folder cannot be written.
    pub async fn catch_up(&mut self) -> Result<usize, DemoError> {
        let now = self.clock.now();
        let mut reports = self.story.reports(self.progress.told(), now);
        let arrays = iter::from_fn(|| {
            let array: Vec<RunReport> = reports.by_ref().take(ARRAY).collect();
            (!array.is_empty()).then_some(array)
        });
        let (ledger, tasks_begin) = (&self.ledger, self.story.tasks_begin());
        let mut stored = stream::iter(arrays)
            .map(|array| async move {
                for tasks in tasks(&array, tasks_begin, now)?.chunks(ARRAY) {
                    ledger.store(TenantId::FIRST, tasks.to_vec()).await?;
                }
                let runs = array.iter().map(|report| parsed(report, now)).collect::<Result<Vec<_>, _>>()?;
                ledger.store(TenantId::FIRST, runs).await?;
                Ok::<_, DemoError>(array)
            })
            .buffered(AHEAD);
        let mut told = 0;
        while let Some(array) = stored.try_next().await? {
            told += array.len();
            self.progress.told_micros = array.last().map_or(now, |report| report.at).micros();
        }
        if told > 0 {
            self.progress.write(&self.folder)?;
        }
        Ok(told)
    }

    /// Goes on as it happens, until `stop`.
    pub async fn live(&self, stop: CancellationToken) {
        let mut teller = match self.again() {
            Ok(teller) => teller,
            Err(error) => return tracing::error!(error = %error, "the live demo data cannot go on"),
        };
        loop {
            let wait = teller.until_next();
            tokio::select! {
                () = stop.cancelled() => return,
                () = time::sleep(wait) => {}
            }
            if let Err(error) = teller.catch_up().await {
                tracing::warn!(error = %error, "the live demo data pause");
            }
        }
    }

    /// The same, from where it is written that it got to.
    fn again(&self) -> Result<Self, DemoError> {
        let progress = DemoProgress::read(&self.folder)?.unwrap_or(self.progress);
        let (ledger, clock) = (self.ledger.clone(), Arc::clone(&self.clock));
        let story = Story::new(progress.seed, progress.first_day);
        Ok(Self { story, progress, folder: self.folder.clone(), ledger, clock })
    }

    fn until_next(&self) -> Duration {
        let now = self.clock.now();
        let micros = self.story.next(self.progress.told()).map_or(i64::MAX, |next| next.at.since(now));
        let wait = u64::try_from(micros).map_or(Duration::ZERO, Duration::from_micros);
        // Never quite nothing: a ledger that refuses is not asked without a pause.
        wait.clamp(Duration::from_millis(200), LONGEST_SLEEP)
    }
}

/// The tasks of the runs since agents report them.
fn tasks(reports: &[RunReport], begin: Timestamp, now: Timestamp) -> Result<Vec<Record>, DemoError> {
    let reports = reports.iter().filter(|report| report.at >= begin);
    reports
        .flat_map(RunReport::tasks)
        .map(|task| task.draft().accept(now).map_err(DemoError::Invalid))
        .collect()
}

pub(super) fn parsed(report: &RunReport, now: Timestamp) -> Result<Record, DemoError> {
    report.draft().accept(now).map_err(DemoError::Invalid)
}
