//! Folding the whole log again.

use projections::{Changes, FOLD_VERSION};

use crate::db::{Query, Tx};
use crate::error::StoreError;
use crate::event::StoredEvent;
use crate::open::Store;
use crate::projection::{self, TABLES};
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
}

impl Store {
    /// Drops every projection and folds the log again, in one transaction: readers see the old state until it is done,
    /// and ingest waits.
    pub async fn rebuild(&self) -> Result<Rebuilt, StoreError> {
        let mut tx = self.write_begin().await?;
        for table in TABLES {
            Query::new(format!("delete from {table}")).execute(&mut tx).await?;
        }
        let mut rebuilt = Rebuilt { events: 0, unread: 0 };
        let mut last_pos = 0_i64;
        loop {
            let rows =
                Query::new("select pos, body, hash, received_at from event where pos > $1 order by pos limit $2")
                    .bind(last_pos)
                    .bind(PAGE_EVENTS)
                    .fetch_all(&mut tx)
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
            projection::write(&mut tx, &changes).await?;
        }
        fold_version_set(&mut tx).await?;
        tx.commit().await?;
        Ok(rebuilt)
    }

    /// Folds the log again where it was folded by another version of the fold.
    pub(crate) async fn rebuild_if_the_fold_changed(&self) -> Result<(), StoreError> {
        let row =
            Query::new("select value from meta where name = 'fold_version'").fetch_optional(&self.inner.db).await?;
        let folded: Option<String> = row.map(|row| row.try_get("value")).transpose()?;
        if folded.as_deref() == Some(FOLD_VERSION.to_string().as_str()) {
            return Ok(());
        }
        let events = Query::new("select count(*) from event").fetch_number(&self.inner.db).await?;
        if natural("a number of events", events)? > 0 {
            tracing::info!(events, from = folded, to = FOLD_VERSION, "the fold has changed: folding the log again");
        }
        self.rebuild().await.map(drop)
    }
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
