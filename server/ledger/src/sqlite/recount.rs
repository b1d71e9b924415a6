//! The figures of campaign runs out of rollups and out of the rows themselves, both of one moment.

use model::{calendar::Window, history::RunFilter, tenant::TenantId};
use sqlx::Error;
use tokio::time::Instant;

use super::{Reader, history, wanted::AnswerWanted};
use crate::{
    RecountedFigures,
    recount::{self, CountedSources},
};

pub(crate) async fn recount(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    window: &Window,
) -> Result<RecountedFigures, Error> {
    let mut transaction = pool.begin().await?;
    let _wanted = AnswerWanted::on(&mut transaction).await?;
    let all = RunFilter::default();
    let began = Instant::now();
    let rollups = history::rolled_up(&mut transaction, tenant, &recount::of_rollups(window), &all).await?;
    let read = Instant::now();
    let rows = history::counted(&mut transaction, tenant, &recount::of_rows(window), &all).await?;
    let took = (read - began, read.elapsed());
    let campaigns = history::campaigns(&mut transaction, tenant, window.span, &all).await?;
    transaction.commit().await?;
    recount::compare(window, CountedSources { rollups, rows, campaigns, took }).await
}
