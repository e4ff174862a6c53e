//! A thin layer over the two databases, so that the rest of the crate is written once.
//!
//! A statement is one text for both: the common subset of SQLite and PostgreSQL with `$1` placeholders, lower-case names,
//! `bigint`, `text`, `boolean`, `double precision` and bytes, moments as microseconds, `on conflict … do update`. Where
//! the two cannot say the same in the same words, [`Dialect`] has a small function with a name for it.
//!
//! Start reading at [`Database`], then [`Query`] and [`Insert`].

mod dialect;
mod insert;
pub(crate) mod location;
mod open;
mod query;
mod row;
mod value;

use sqlx::{Pool, Postgres, Sqlite, Transaction};

use crate::error::StoreError;

pub(crate) use dialect::Dialect;
pub(crate) use insert::Insert;
pub(crate) use open::{Hold, postgres, sqlite};
pub(crate) use query::{On, Query};
pub(crate) use row::Row;
pub(crate) use value::{Column, IntoValue};

/// Keys that one statement names: far below SQLite's limit of 32,766 values.
pub(crate) const KEYS_PER_STATEMENT: usize = 1_000;

/// The database behind the store. Reading never waits for writing.
#[derive(Debug)]
pub(crate) enum Database {
    /// A file of this machine; one connection writes.
    Sqlite(Pools<Sqlite>),
    /// A server, which other hubs may use at the same time.
    Postgres(Pools<Postgres>),
}

#[derive(Debug)]
pub(crate) struct Pools<D: sqlx::Database> {
    pub(crate) writers: Pool<D>,
    pub(crate) readers: Pool<D>,
}

/// A transaction that writes. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Database {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Begins a transaction that writes. In SQLite it is the only one; in PostgreSQL others may write beside it unless
    /// they lock each other out.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite(pools) => {
                let begin = || pools.writers.begin_with("begin immediate");
                match begin().await {
                    // After a failed write, such as on a full disk, SQLite ends the transaction by itself
                    // (https://sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"). sqlx does
                    // not see that, fails to roll back, and takes the connection for one with an open transaction ever
                    // after.
                    Err(sqlx::Error::InvalidSavePointStatement) => {
                        pools.writers.acquire().await?.close().await?;
                        Ok(Tx::Sqlite(begin().await?))
                    }
                    begun => Ok(Tx::Sqlite(begun?)),
                }
            }
            Self::Postgres(pools) => Ok(Tx::Postgres(pools.writers.begin().await?)),
        }
    }

    /// Waits for running statements and closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(Pools { writers, readers }) => {
                readers.close().await;
                writers.close().await;
            }
            Self::Postgres(Pools { writers, readers }) => {
                readers.close().await;
                writers.close().await;
            }
        }
    }
}

impl Tx {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Keeps everything that was written.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
