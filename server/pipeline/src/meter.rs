//! Counts what requests to Dataverse cost: each row that is written, each request that reads.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use dataverse::{Change, Error};
use model::record::Destination;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    Organisation,
    organisation::{ChangePages, Write, Written},
};

/// An organisation that counts what it is asked. An attempt counts, whatever becomes of it.
pub(crate) struct Meter {
    pub(crate) organisation: Arc<dyn Organisation>,
    pub(crate) count: Count,
}

/// What was spent and not booked yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicI64>);

struct MeteredPages {
    pages: Box<dyn ChangePages>,
    count: Count,
}

impl Count {
    pub(crate) fn add(&self, cost: i64) {
        self.0.fetch_add(cost, Ordering::SeqCst);
    }

    pub(crate) fn take(&self) -> i64 {
        self.0.swap(0, Ordering::SeqCst)
    }

    fn add_rows(&self, rows: usize) {
        self.add(i64::try_from(rows).unwrap_or(i64::MAX));
    }
}

#[async_trait]
impl Organisation for Meter {
    async fn upsert(
        &self,
        table: &'static Destination,
        rows: Vec<(Uuid, Json)>,
    ) -> Result<Vec<Written>, Error> {
        self.count.add_rows(rows.len());
        self.organisation.upsert(table, rows).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, Error> {
        self.count.add_rows(writes.len());
        self.organisation.write(writes).await
    }

    async fn make(&self, set: &str, id: Uuid, row: &Json) -> Written {
        self.count.add(1);
        self.organisation.make(set, id, row).await
    }

    async fn rows(
        &self,
        table: &'static Destination,
        columns: &[&'static str],
        ids: &[Uuid],
    ) -> Result<Vec<Json>, Error> {
        self.count.add(1);
        self.organisation.rows(table, columns, ids).await
    }

    async fn changes(
        &self,
        table: &'static Destination,
        columns: &[&'static str],
        since: Option<&str>,
    ) -> Result<Box<dyn ChangePages>, Error> {
        let pages = self.organisation.changes(table, columns, since).await?;
        Ok(Box::new(MeteredPages { pages, count: self.count.clone() }))
    }
}

#[async_trait]
impl ChangePages for MeteredPages {
    async fn next_page(&mut self) -> Result<Option<Vec<Change>>, Error> {
        let page = self.pages.next_page().await;
        // That there is no further page is known without a request.
        if !matches!(page, Ok(None)) {
            self.count.add(1);
        }
        page
    }

    fn link(&self) -> Option<String> {
        self.pages.link()
    }
}
