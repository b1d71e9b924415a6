//! `studio export`: the records of a kind as CSV or JSON lines, oldest first, as `studio import` takes them.

mod output;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use ledger::{LedgerView, ListAsk, ListOrder};
use model::{record::Kind, rng::Seeded, tenant::TenantId, time::Timestamp};

use self::output::{ExportOutput, Written};
use super::{
    Failure, complain,
    import::{FileFormat, is_of_tabs},
    progress::Progress,
    record_kind::{self, counted},
    stop::StopRequest,
};
use crate::{
    clock, random,
    record_text::RecordText,
    settings::{Settings, Sources},
};

/// Records that are read at a time.
const PAGE: usize = 1_000;

const EXAMPLES: &str = "\
Examples:
  studio export runs.csv                            all campaign runs, oldest first
  studio export --format jsonl | gzip > runs.gz     the same as JSON lines, to standard output
  studio export tasks.jsonl --kind tasks --from 2026-11-01 --to 2026-12-01
  studio export table.csv --for-spreadsheets        to be looked at, and not to be taken in again

`studio import` takes in again what this writes: the same records, the same figures. Withdrawn
records are left out. The server may run meanwhile. What is corrected while an export runs may be in
it as it was or as it is, and a record whose own time is changed may be missing or twice: for an
exact copy export at rest, or from a backup. docs/bring-and-take.md says more.

Settings: where the ledger is (STUDIO_DATA, or DATABASE_URL and STUDIO_SCHEMA).

Exit codes: 0 all is written; 1 it could not be done; 2 wrong usage; 130 stopped by Ctrl-C.
";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// The new file, which ends in .csv, .tsv or .jsonl; standard output when left out or -
    #[arg(value_name = "FILE|-")]
    file: Option<PathBuf>,
    /// The kind of record, by its name or its address: runs (which it is when left out), tasks, /api/telemetry/agents
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// What the file is made of; its name says so, and standard output is CSV when this is left out
    #[arg(long)]
    format: Option<FileFormat>,
    /// Only records from this time on: 2026-11-01, which begins at midnight in UTC, or 2026-11-01T09:30:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Only records before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Timestamp>,
    /// CSV for people: with what is computed, a mark of UTF-8, and no cell that a spreadsheet would take for a formula
    #[arg(long)]
    for_spreadsheets: bool,
}

impl Export {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let kind = record_kind::chosen(self.kind.as_deref())?;
        if self.from.zip(self.to).is_some_and(|(from, to)| from > to) {
            return Err(Failure::Usage("--from is later than --to; no record lies between them".to_owned()));
        }
        let settings = Settings::read(sources)?;
        let (file, text) = (self.file(), self.text(kind)?);
        let output = ExportOutput::open(file)?;
        let stop = StopRequest::listen().context("signals cannot be listened for")?;
        let clock = clock::clock(None);
        let opening = LedgerView::open(settings.ledger(), clock, Seeded::new(random::seed()));
        let Some(view) = stop.bounds(opening).await else {
            return Err(Failure::Interrupted("stopped as asked; nothing was written".to_owned()));
        };
        let view = view.context("nothing was written")?;
        let ask = ListAsk {
            limit: PAGE,
            from: self.from,
            to: self.to,
            order: ListOrder::OldestFirst,
            ..ListAsk::default()
        };
        let writing = written(&view, (kind, &text), ask, output, &stop);
        let ended = stop.bounds(writing).await.unwrap_or(Ok(Written::Stopped { records: None }));
        view.close().await;
        match ended.context("not all records were written, and no file is left")? {
            Written::All { records } if file.is_some() => {
                let file = file.unwrap_or(Path::new("")).display();
                complain(&format!("{} in {file}", counted(records, kind)));
                Ok(())
            }
            // A reader that has enough closes the pipe.
            Written::All { .. } | Written::Unread => Ok(()),
            Written::Stopped { records } => {
                let after = records.map(|records| format!(" after {}", counted(records, kind)));
                Err(Failure::Interrupted(format!(
                    "stopped as asked{}; what was written is not all, and no file is left: call it again",
                    after.unwrap_or_default()
                )))
            }
        }
    }

    fn file(&self) -> Option<&Path> {
        self.file.as_deref().filter(|file| *file != Path::new("-"))
    }

    /// What an import of a file of this name expects.
    fn delimiter(&self) -> u8 {
        if self.file().is_some_and(is_of_tabs) { b'\t' } else { b',' }
    }

    fn text(&self, kind: &'static Kind) -> Result<RecordText, Failure> {
        let named = self.file().and_then(FileFormat::of_name);
        let format = match (self.format.or(named), self.file()) {
            (Some(format), _) => format,
            (None, None) => FileFormat::Csv,
            (None, Some(file)) => {
                let file = file.display();
                return Err(Failure::Usage(format!(
                    "{file} does not end in .csv or .jsonl, so that --format is needed"
                )));
            }
        };
        match (format, self.for_spreadsheets) {
            (FileFormat::Csv, false) => Ok(RecordText::csv(kind, self.delimiter())),
            (FileFormat::Csv, true) => Ok(RecordText::spreadsheet(kind, self.delimiter())),
            (FileFormat::Jsonl, false) => Ok(RecordText::json_lines(kind)),
            (FileFormat::Jsonl, true) => Err(Failure::Usage(
                "--for-spreadsheets is for CSV; say --format csv, or leave it out".to_owned(),
            )),
        }
    }
}

async fn written(
    view: &LedgerView,
    (kind, text): (&'static Kind, &RecordText),
    mut ask: ListAsk,
    mut output: ExportOutput,
    stop: &StopRequest,
) -> anyhow::Result<Written> {
    let mut progress = Progress::on_stderr();
    let mut records = 0;
    if !output.send(text.head()).await {
        return output.end().await;
    }
    loop {
        let page = view.list(TenantId::FIRST, kind, &ask).await?;
        records += i64::try_from(page.items.len()).unwrap_or(0);
        let mut lines = Vec::new();
        page.items.iter().for_each(|stored| text.push(&mut lines, stored));
        // A reader of standard output may be slow, or wait itself.
        let is_taken = tokio::select! {
            is_taken = output.send(lines) => is_taken,
            () = stop.asked() => return Ok(Written::Stopped { records: Some(records) }),
        };
        if !is_taken {
            return output.end().await;
        }
        progress.tell(|| format!("  {}", counted(records, kind)));
        match page.next {
            next @ Some(_) => ask.cursor = next,
            None => {
                let ended = output.end().await?;
                return Ok(ended.with(records));
            }
        }
    }
}

fn moment(word: &str) -> Result<Timestamp, String> {
    let parsed = Timestamp::parse(word).or_else(|| Timestamp::parse(&format!("{word}T00:00:00Z")));
    parsed.ok_or_else(|| "a time looks like 2026-11-01 or 2026-11-01T09:30:00Z".to_owned())
}
