//! The log in months of arrival: made ahead and when they are needed, dropped as a whole when they are old.
//!
//! Only a database on a server is kept so; in a file the log is one table, and grows until the disk is full.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use domain::UtcTime;
use thiserror::Error;

use crate::db::{Database, Dialect, Query, Row, Tx};
use crate::error::StoreError;
use crate::month::Month;
use crate::open::Store;
use crate::row::{moment, natural};

/// Months that are never dropped: the running one and those before it.
pub const MONTHS_KEPT_MIN: i64 = 2;

/// Longest name or reason, in characters.
const BY_CHARS_MAX: usize = 200;

/// How long dropping a month waits for those who read the log; then it is to be tried again.
const LOCK_TIMEOUT: &str = "10s";

/// A month of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMonth {
    /// The month of arrival.
    pub month: Month,
    /// How many events it holds.
    pub events: u64,
}

/// A month of the log that was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedMonth {
    /// The month of arrival.
    pub month: Month,
    /// How many events it held.
    pub events: u64,
    /// The first and the last place in the log that it held; nothing where it was empty.
    pub places: Option<(u64, u64)>,
    /// How many of its events are only known any more by the number up to which their node's chain is complete.
    pub keys_removed: u64,
    /// Who or what dropped it.
    pub by: String,
    /// When it was dropped.
    pub dropped_at: UtcTime,
}

/// Why months are not dropped.
#[derive(Debug, Error)]
pub enum DropError {
    /// The log has no months.
    #[error("the log of a database file has no months that could be dropped: only a PostgreSQL server keeps it so")]
    OneTable,
    /// It is too new.
    #[error("the month {month} is too new: only months before {before} can be dropped")]
    TooNew {
        /// The month.
        month: Month,
        /// The first month that must stay.
        before: Month,
    },
    /// A text is missing or too long.
    #[error("by: give 1 to {BY_CHARS_MAX} characters in one line")]
    By,
    /// The database failed.
    #[error("cannot drop old months of the log")]
    Store(#[from] StoreError),
}

/// The table of a month. Its name is made of digits only.
fn table(month: Month) -> String {
    format!("event_{}", month.to_string().replace('-', ""))
}

fn month_of_table(name: &str) -> Option<Month> {
    let digits = name.strip_prefix("event_").filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    format!("{}-{}", &digits[..4], &digits[4..]).parse().ok()
}

impl Store {
    /// Sees to it that events of these months can be written, and of the month after them.
    pub(crate) async fn months_ready(&self, months: BTreeSet<Month>) -> Result<(), StoreError> {
        if self.inner.db.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let ahead = months.last().map(|month| month.plus(1));
        let missing: Vec<Month> = {
            let ready = self.inner.months.read().unwrap_or_else(PoisonError::into_inner);
            months.into_iter().chain(ahead).filter(|month| !ready.contains(month)).collect()
        };
        for month in missing {
            self.month_make(month).await?;
            self.inner.months.write().unwrap_or_else(PoisonError::into_inner).insert(month);
        }
        Ok(())
    }

    /// Forgets which months are there: after a failure another hub may have dropped one.
    pub(crate) fn months_forget(&self) {
        self.inner.months.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn month_make(&self, month: Month) -> Result<(), StoreError> {
        let table = table(month);
        let mut tx = self.write_begin().await?;
        let there = Query::new("select count(*) from pg_class where oid = to_regclass($1)").bind(&table);
        if there.fetch_number(&mut tx).await? == 0 {
            let (from, to) = (month.start().as_unix_micros(), month.plus(1).start().as_unix_micros());
            // Made aside and then attached, which stops neither readers nor writers of the other months.
            Query::new(format!("create table {table} (like event including defaults including constraints)"))
                .once()
                .execute(&mut tx)
                .await?;
            Query::new(format!("alter table event attach partition {table} for values from ({from}) to ({to})"))
                .once()
                .execute(&mut tx)
                .await?;
            tracing::info!(%month, "a month of the log was made");
        }
        tx.commit().await
    }

    /// The months that the log holds, the oldest first. Counts their events, which takes as long as reading an index.
    pub async fn log_months(&self) -> Result<Vec<LogMonth>, StoreError> {
        if self.inner.db.dialect() == Dialect::Sqlite {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for month in months_there(&self.inner.db).await? {
            let count = Query::new(format!("select count(*) from {}", table(month))).once();
            let events = natural("a number of events", count.fetch_number(&self.inner.db).await?)?;
            found.push(LogMonth { month, events });
        }
        Ok(found)
    }

    /// The months that were dropped, in the order in which that happened.
    pub async fn log_dropped(&self) -> Result<Vec<DroppedMonth>, StoreError> {
        match &self.inner.db {
            Database::Sqlite(_) => Ok(Vec::new()),
            db @ Database::Postgres(_) => dropped(db).await,
        }
    }

    /// Drops every month before `before` and writes down what was dropped. What their events added up to stays, and so
    /// does the knowledge that they were taken in: one that comes again changes nothing.
    pub async fn log_drop_before(&self, before: Month, by: &str, now: UtcTime) -> Result<Vec<DroppedMonth>, DropError> {
        let Database::Postgres(_) = &self.inner.db else { return Err(DropError::OneTable) };
        let first_kept = Month::of(now).plus(1 - MONTHS_KEPT_MIN);
        if before > first_kept {
            return Err(DropError::TooNew { month: before.plus(-1), before: first_kept });
        }
        let by = by.trim();
        if by.is_empty() || by.chars().count() > BY_CHARS_MAX || by.chars().any(char::is_control) {
            return Err(DropError::By);
        }
        let mut done = Vec::new();
        for month in months_there(&self.inner.db).await?.into_iter().filter(|month| *month < before) {
            let mut tx = self.write_begin().await?;
            // Another hub may have dropped it in the meantime.
            if months_there(&mut tx).await?.contains(&month) {
                done.push(month_drop(&mut tx, month, by, now).await?);
                tx.commit().await?;
            }
            self.months_forget();
        }
        Ok(done)
    }

    /// The months whose events are not there any more, as words; nothing where the log is whole.
    pub(crate) async fn log_gaps(&self, tx: &mut Tx) -> Result<Option<String>, StoreError> {
        match tx.dialect() {
            Dialect::Sqlite => Ok(None),
            Dialect::Postgres => {
                let dropped = dropped(tx).await?;
                let months: BTreeSet<_> =
                    dropped.iter().filter(|month| month.events > 0).map(|month| month.month).collect();
                let names: Vec<_> = months.iter().map(Month::to_string).collect();
                Ok(Some(names.join(", ")).filter(|names| !names.is_empty()))
            }
        }
    }
}

async fn months_there<'a>(on: impl Into<crate::db::On<'a>>) -> Result<BTreeSet<Month>, StoreError> {
    let names = Query::new(
        "select child.relname::text from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid \
         where pg_inherits.inhparent = 'event'::regclass",
    )
    .fetch_texts(on)
    .await?;
    Ok(names.iter().filter_map(|name| month_of_table(name)).collect())
}

async fn dropped<'a>(on: impl Into<crate::db::On<'a>>) -> Result<Vec<DroppedMonth>, StoreError> {
    let rows = Query::new(
        "select month, events, first_pos, last_pos, keys_removed, by_whom, dropped_at from event_month_dropped order by id",
    )
    .fetch_all(on)
    .await?;
    rows.iter().map(dropped_month).collect()
}

async fn month_drop(tx: &mut Tx, month: Month, by: &str, now: UtcTime) -> Result<DroppedMonth, StoreError> {
    let table = table(month);
    Query::new(format!("set local lock_timeout = '{LOCK_TIMEOUT}'")).execute(&mut *tx).await?;
    // First of all, so that nobody writes into it any more and nobody holds it while its keys are removed.
    Query::new(format!("alter table event detach partition {table}")).once().execute(&mut *tx).await?;
    let row =
        Query::new(format!("select count(*) as events, min(pos) as first_pos, max(pos) as last_pos from {table}"))
            .once()
            .fetch_one(&mut *tx)
            .await?;
    let (events, first, last): (i64, Option<i64>, Option<i64>) =
        (row.try_get("events")?, row.try_get("first_pos")?, row.try_get("last_pos")?);
    Query::new(format!(
        "insert into event_start_dropped (node, seq) select node, seq from {table} where kind = 'node_started'"
    ))
    .once()
    .execute(&mut *tx)
    .await?;
    let removed = Query::new(format!(
        "delete from event_key using {table} gone, chain_head head where event_key.node = gone.node \
         and event_key.seq = gone.seq and head.node = event_key.node and event_key.seq <= head.committed_seq"
    ))
    .once()
    .execute(&mut *tx)
    .await?;
    Query::new(format!("drop table {table}")).once().execute(&mut *tx).await?;
    let row = Query::new(
        "insert into event_month_dropped (month, events, first_pos, last_pos, keys_removed, by_whom, dropped_at) \
         values ($1, $2, $3, $4, $5, $6, $7) \
         returning month, events, first_pos, last_pos, keys_removed, by_whom, dropped_at",
    )
    .bind(month.number())
    .bind(events)
    .bind(first)
    .bind(last)
    .bind(i64::try_from(removed).unwrap_or(i64::MAX))
    .bind(by)
    .bind(now.as_unix_micros())
    .fetch_one(&mut *tx)
    .await?;
    dropped_month(&row)
}

fn dropped_month(row: &Row) -> Result<DroppedMonth, StoreError> {
    let place = |column| -> Result<Option<u64>, StoreError> {
        let place: Option<i64> = row.try_get(column)?;
        place.map(|place| natural("a place in the log", place)).transpose()
    };
    Ok(DroppedMonth {
        month: Month::from_number(row.try_get("month")?),
        events: natural("a number of events", row.try_get("events")?)?,
        places: place("first_pos")?.zip(place("last_pos")?),
        keys_removed: natural("a number of events", row.try_get("keys_removed")?)?,
        by: row.try_get("by_whom")?,
        dropped_at: moment(row.try_get("dropped_at")?)?,
    })
}
