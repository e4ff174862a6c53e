//! Folding the whole log again.

use projections::{Changes, FOLD_VERSION};

use crate::db::{On, Query, Tx};
use crate::error::StoreError;
use crate::event::StoredEvent;
use crate::open::Store;
use crate::projection::{self, ALERTS_OF_EVENTS, Prepared, TABLES};
use crate::retention::forget_again;
use crate::row::natural;

/// Events folded at a time: bounds the memory.
const PAGE_EVENTS: i64 = 2_000;

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events folded.
    pub events: u64,
    /// Of these, events whose kind or payload this version cannot read.
    pub unread: u64,
    /// Rows that they gave and that had been deleted before, by the deletion log: they are deleted again.
    pub forgotten: u64,
}

impl Store {
    /// Drops every projection and folds the log again, in one transaction: readers see the old state until it is done,
    /// and ingest waits. Refused where a part of the log was dropped.
    pub async fn rebuild(&self) -> Result<Rebuilt, StoreError> {
        let mut tx = self.fold_begin().await?;
        if let Some(months) = self.log_gaps(&mut tx).await? {
            return Err(StoreError::LogIsPartial { months });
        }
        let rebuilt = rebuild_in(&mut tx).await?;
        tx.commit().await?;
        Ok(rebuilt)
    }

    /// Folds the log again where it was folded by another version of the fold.
    pub(crate) async fn rebuild_if_the_fold_changed(&self) -> Result<(), StoreError> {
        if folded(&self.inner.db).await?.as_deref() == Some(FOLD_VERSION.to_string().as_str()) {
            return Ok(());
        }
        let mut tx = self.fold_begin().await?;
        // Another hub that started at the same time may have done it.
        let from = folded(&mut tx).await?;
        if from.as_deref() == Some(FOLD_VERSION.to_string().as_str()) {
            return Ok(());
        }
        if let Some(months) = self.log_gaps(&mut tx).await? {
            tracing::warn!(
                %months,
                from,
                to = FOLD_VERSION,
                "the fold has changed, but the log no longer holds all events: what was folded before stays as it was"
            );
            fold_version_set(&mut tx).await?;
            return tx.commit().await;
        }
        let events = Query::new("select count(*) from event").fetch_number(&mut tx).await?;
        if natural("a number of events", events)? > 0 {
            tracing::info!(events, from, to = FOLD_VERSION, "the fold has changed: folding the log again");
        }
        rebuild_in(&mut tx).await?;
        tx.commit().await
    }
}

/// The version of the fold that folded the log.
async fn folded<'a>(on: impl Into<On<'a>>) -> Result<Option<String>, StoreError> {
    let row = Query::new("select value from meta where name = 'fold_version'").fetch_optional(on).await?;
    row.map(|row| row.try_get("value")).transpose()
}

async fn rebuild_in(tx: &mut Tx) -> Result<Rebuilt, StoreError> {
    for table in TABLES {
        Query::new(format!("delete from {table}")).execute(&mut *tx).await?;
    }
    Query::new(ALERTS_OF_EVENTS).execute(&mut *tx).await?;
    let mut rebuilt = Rebuilt { events: 0, unread: 0, forgotten: 0 };
    let mut last_pos = 0_i64;
    loop {
        let rows = Query::new("select pos, body, hash, received_at from event where pos > $1 order by pos limit $2")
            .bind(last_pos)
            .bind(PAGE_EVENTS)
            .fetch_all(&mut *tx)
            .await?;
        let events = rows.iter().map(StoredEvent::from_row).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = events.last() else { break };
        last_pos = i64::try_from(last.pos).unwrap_or(i64::MAX);
        let mut changes = Changes::default();
        for event in &events {
            changes.add(&event.fact());
            rebuilt.events += 1;
            rebuilt.unread += u64::from(event.payload.is_none());
        }
        projection::write(tx, Prepared::of(changes)?).await?;
    }
    rebuilt.forgotten = forget_again(tx).await?;
    fold_version_set(tx).await?;
    Ok(rebuilt)
}

async fn fold_version_set(tx: &mut Tx) -> Result<(), StoreError> {
    Query::new(
        "insert into meta (name, value) values ('fold_version', $1) on conflict (name) do update set value = excluded.value",
    )
    .bind(FOLD_VERSION.to_string())
    .execute(tx)
    .await?;
    Ok(())
}
