//! Who waits for whom where several hubs write to one database.
//!
//! In SQLite one transaction writes at a time. In PostgreSQL a hub that takes events in first locks the heads of its
//! nodes' chains, in the order of their names, writes what the events add up to, and last of all takes the only place at
//! the end of the log ([`log_end_take`](crate::signal::log_end_take)); whoever writes anything else waits for others that
//! do. Folding the log again waits until nobody takes events in, and lets nobody begin.

use crate::db::{Dialect, Query, Tx};
use crate::error::StoreError;
use crate::open::Store;

/// Held by whoever writes anything but events. The numbers are those of advisory locks and only have to differ.
const WRITE: i64 = 0x6761_7465_0001;

/// Shared by all who take events in, and held alone by whoever folds the log again.
const FOLD: i64 = 0x6761_7465_0002;

/// Held while events are added at the end of the log.
pub(crate) const LOG_END: i64 = 0x6761_7465_0003;

/// Held by the one hub that deletes what is too old.
const RETENTION: i64 = 0x6761_7465_0004;

impl Store {
    /// Begins a transaction that deletes what is too old; nothing where another hub does just that. Nobody folds the log
    /// again meanwhile.
    pub(crate) async fn retention_begin(&self) -> Result<Option<Tx>, StoreError> {
        let mut tx = self.ingest_begin().await?;
        if tx.dialect() == Dialect::Postgres {
            let held = Query::new("select pg_try_advisory_xact_lock($1)").bind(RETENTION).fetch_one(&mut tx).await?;
            if !held.first::<bool>()? {
                return Ok(None);
            }
        }
        Ok(Some(tx))
    }

    /// Begins a transaction that writes, while no other one of its kind does.
    pub(crate) async fn write_begin(&self) -> Result<Tx, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        if tx.dialect() == Dialect::Postgres {
            Query::new("select pg_advisory_xact_lock($1)").bind(WRITE).execute(&mut tx).await?;
        }
        Ok(tx)
    }

    /// Begins a transaction that takes events in; in PostgreSQL others may do the same beside it.
    pub(crate) async fn ingest_begin(&self) -> Result<Tx, StoreError> {
        let mut tx = self.inner.db.begin().await?;
        match tx.dialect() {
            // What the events add up to is written before they are.
            Dialect::Sqlite => Query::new("pragma defer_foreign_keys = on").execute(&mut tx).await?,
            Dialect::Postgres => {
                Query::new("select pg_advisory_xact_lock_shared($1)").bind(FOLD).execute(&mut tx).await?
            }
        };
        Ok(tx)
    }

    /// Begins a transaction that folds the log again.
    pub(crate) async fn fold_begin(&self) -> Result<Tx, StoreError> {
        let mut tx = self.write_begin().await?;
        if tx.dialect() == Dialect::Postgres {
            Query::new("select pg_advisory_xact_lock($1)").bind(FOLD).execute(&mut tx).await?;
        }
        Ok(tx)
    }
}
