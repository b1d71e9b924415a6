//! Every run of a stretch, oldest first, as a stream: a page of the ledger at a time, and the next one when its reader has
//! taken the one before. What cannot be sent whole ends as a broken connection, so that no part is taken for the whole.

use std::{io, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, Stream},
};
use ledger::{Ledger, LedgerError, ListAsk, ListOrder, RecordPage};
use model::{
    calendar::{Window, Zone},
    history::RunFilter,
    record::campaign_run::CAMPAIGN_RUN,
    tenant::TenantId,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{self, Instant},
};

use crate::{
    access::WorkPermit,
    app_state::AppState,
    problem::{Problem, ProblemType},
    record_text::RecordText,
    routes::csv_file::{self, FileName},
};

/// Runs that are read at a time.
const PAGE: usize = 1_000;
/// How long is waited until another export ends.
const PATIENCE: Duration = Duration::from_secs(2);
/// A reader that has not taken everything by then is cut off.
const LONGEST: Duration = Duration::from_secs(3_600);

/// An export under way.
struct RunStream {
    ledger: Ledger,
    tenant: TenantId,
    ask: ListAsk,
    text: RecordText,
    /// The page that is written next; none where all were.
    page: Option<RecordPage>,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn export(
    state: &AppState,
    permit: WorkPermit,
    tenant: TenantId,
    window: &Window,
    filter: RunFilter,
) -> Result<Response, Problem> {
    let place = time::timeout(PATIENCE, Arc::clone(&state.exports).acquire_owned()).await;
    let place = place.ok().and_then(Result::ok).ok_or_else(|| {
        let detail = "As many exports are under way as may be; ask again when one has ended.";
        Problem::new(ProblemType::TooMany, detail).retry_after(PATIENCE)
    })?;
    let ask = ask(window, &filter);
    let ledger = state.ledger.clone();
    // The first page before anything is promised: what cannot be read is said as everywhere.
    let first = {
        let (ledger, ask) = (ledger.clone(), ask.clone());
        permit.done(async move { ledger.list(tenant, &CAMPAIGN_RUN, &ask).await }).await?
    };
    let text = RecordText::download(&CAMPAIGN_RUN);
    let until = Instant::now() + LONGEST;
    let pages = RunStream { ledger, tenant, ask, text, page: Some(first), until, _place: place };
    let zone = Zone::of_name(&window.zone).unwrap_or_else(Zone::utc);
    let name = FileName { lines: "runs", span: window.span, zone: &zone, filter: &filter };
    Ok(csv_file::answer(&name, Body::from_stream(pages.text())))
}

impl RunStream {
    /// All of it, piece by piece.
    fn text(self) -> impl Stream<Item = io::Result<Bytes>> {
        let head = Bytes::from(self.text.head());
        let pages = stream::try_unfold(self, |mut pages| async move {
            let lines = pages.next().await.inspect_err(|error| {
                tracing::warn!(%error, "an export of runs was broken off; its reader sees that it is not whole");
            })?;
            Ok(lines.map(|lines| (lines, pages)))
        });
        stream::once(async { Ok(head) }).chain(pages)
    }

    /// The lines of the next page; none after the last one.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if Instant::now() >= self.until {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its reader took too long"));
            }
            let page = match self.page.take() {
                Some(page) => page,
                None if self.ask.cursor.is_some() => self.read().await.map_err(io::Error::other)?,
                None => return Ok(None),
            };
            self.ask.cursor = page.next;
            let mut lines = Vec::new();
            page.items.iter().for_each(|stored| self.text.push(&mut lines, stored));
            if !lines.is_empty() {
                return Ok(Some(Bytes::from(lines)));
            }
        }
    }

    async fn read(&self) -> Result<RecordPage, LedgerError> {
        self.ledger.list(self.tenant, &CAMPAIGN_RUN, &self.ask).await
    }
}

fn ask(window: &Window, filter: &RunFilter) -> ListAsk {
    let by_name = |name: &str| match name {
        "campaign" => filter.campaign.clone(),
        _ => filter.phase.clone().filter(|_| name == "phase"),
    };
    let filters = CAMPAIGN_RUN.api.iter().flat_map(|api| api.filters);
    ListAsk {
        limit: PAGE,
        filters: filters.filter_map(|(name, field)| Some((*field, by_name(name)?))).collect(),
        from: Some(window.span.from),
        to: Some(window.span.to),
        order: ListOrder::OldestFirst,
        ..ListAsk::default()
    }
}

#[cfg(test)]
mod tests {
    use ledger::StoreSettings;
    use model::{
        clock::ManualClock,
        record::{Draft, Given, KINDS, Record},
        rng::Seeded,
        time::Timestamp,
    };
    use tokio::sync::Semaphore;

    use super::*;

    fn run(number: i64) -> Record {
        let mut draft = Draft::new(&CAMPAIGN_RUN);
        for (name, text) in [("campaignId", "c"), ("runId", &number.to_string()), ("phase", "1")] {
            draft.give(name, Given::Text(text.to_owned().into()));
        }
        for name in ["agentsTotal", "agentsSuccessful"] {
            draft.give(name, Given::Whole(1));
        }
        draft.accept(Timestamp::EARLIEST).unwrap()
    }

    #[tokio::test]
    async fn unreadable_pages_break_the_file_off() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::EARLIEST));
        let settings = StoreSettings::Folder(folder.path().to_owned());
        let ledger = Ledger::open(KINDS, settings, clock, Seeded::new(1)).await.unwrap();
        ledger.store(TenantId::FIRST, (0..1_500).map(run).collect()).await.unwrap();
        let ask = ListAsk { limit: PAGE, order: ListOrder::OldestFirst, ..ListAsk::default() };
        let (place, tenant) = (Arc::new(Semaphore::new(1)), TenantId::FIRST);
        let pages = RunStream {
            ledger: ledger.clone(),
            tenant,
            page: Some(ledger.list(tenant, &CAMPAIGN_RUN, &ask).await.unwrap()),
            ask,
            text: RecordText::download(&CAMPAIGN_RUN),
            until: Instant::now() + LONGEST,
            _place: Arc::clone(&place).acquire_owned().await.unwrap(),
        };
        let mut text = Box::pin(pages.text());
        assert!(text.next().await.unwrap().unwrap().starts_with(b"campaignId,"));
        let lines = text.next().await.unwrap().unwrap();
        assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), PAGE);
        ledger.close().await;
        assert!(text.next().await.unwrap().is_err(), "half of it is not all");
        drop(text);
        assert_eq!(place.available_permits(), 1);
    }
}
