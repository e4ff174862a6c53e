//! Connecting to either database and bringing its schema up to date.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Pool, Postgres, Sqlite};

use super::Pools;
use super::location::{Location, Server};
use crate::error::OpenError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Connections that read at the same time; a query that finds none free waits its turn.
const READERS_MAX: u32 = 8;

/// Connections to a server that write at the same time: one takes events in, others enter what persons say.
const WRITERS_MAX: u32 = 4;

/// How long a statement waits for another process (a `node add` beside the running hub) to finish its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may take to let a connection in, and how long a statement waits for a free one.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Up to this size in bytes a database file is read through and checked whenever it is opened; a larger one only by
/// [`Store::verify`](crate::Store::verify), because the check takes as long as reading it.
const CHECK_AT_OPEN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The oldest server that is known to work, as it numbers itself.
const POSTGRES_MIN: i64 = 150_000;

/// Whether this process has the database for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    Ours,
    Others,
}

/// Opens a database file. Its schema is brought up to date where nobody else has it.
pub(crate) async fn sqlite(path: &Path, hold: Hold) -> Result<Pools<Sqlite>, OpenError> {
    let failed = |source| classify(path, source);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let pool =
        |connections| SqlitePoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None);
    // Only one writes, so that a transaction never has to be tried again. A file cannot hang up: nothing is asked before.
    let writers = pool(1).test_before_acquire(false).connect_with(options.clone()).await.map_err(failed)?;
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    if hold == Hold::Ours {
        if size <= CHECK_AT_OPEN_BYTES_MAX {
            let verdict: String =
                sqlx::query_scalar("pragma quick_check(1)").fetch_one(&writers).await.map_err(failed)?;
            if verdict != "ok" {
                return Err(OpenError::Damaged { db: path.into(), detail: verdict });
            }
        }
        SQLITE.run(&writers).await.map_err(|source| OpenError::Migrate { db: path.into(), source })?;
    }
    let readers = pool(READERS_MAX).connect_with(options).await.map_err(failed)?;
    Ok(Pools { writers, readers })
}

/// Connects to a server and brings the schema up to date; hubs that start together take turns.
pub(crate) async fn postgres(server: &Server) -> Result<Pools<Postgres>, OpenError> {
    let place = || Location::Server(server.clone());
    let failed = |source| OpenError::Database { db: place(), source };
    // A replica whose machine is gone must not keep its locks: the server notices within a minute.
    let options = server.options.as_ref().clone().options([
        ("tcp_keepalives_idle", "20"),
        ("tcp_keepalives_interval", "10"),
        ("tcp_keepalives_count", "3"),
        ("idle_in_transaction_session_timeout", "60s"),
        ("timezone", "UTC"),
    ]);
    let pool = |connections| PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT);
    // What pages ask goes over a day or over a year, which one plan for both does not suit.
    let of_readers = options.clone().options([("plan_cache_mode", "force_custom_plan")]);
    let readers = pool(READERS_MAX).connect_with(of_readers).await.map_err(failed)?;
    check_server(&readers, place).await?;
    POSTGRES.run(&readers).await.map_err(|source| OpenError::Migrate { db: place(), source })?;
    // Whoever writes tries again after a failure, so that looking before each transaction is not worth its time.
    let writers = pool(WRITERS_MAX).test_before_acquire(false).connect_with(options).await.map_err(failed)?;
    Ok(Pools { writers, readers })
}

async fn check_server(pool: &Pool<Postgres>, place: impl Fn() -> Location) -> Result<(), OpenError> {
    let failed = |source| OpenError::Database { db: place(), source };
    let unfit = |detail| OpenError::Unfit { db: place(), detail };
    let version: String =
        sqlx::query_scalar("select current_setting('server_version_num')").fetch_one(pool).await.map_err(failed)?;
    if version.parse::<i64>().map_or(true, |version| version < POSTGRES_MIN) {
        return Err(unfit(format!("the server is of version {version}, PostgreSQL 15 or later is needed")));
    }
    let encoding: String =
        sqlx::query_scalar("select current_setting('server_encoding')").fetch_one(pool).await.map_err(failed)?;
    if encoding != "UTF8" {
        return Err(unfit(format!("its encoding is {encoding}: make the database anew with encoding 'UTF8'")));
    }
    let is_standby: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(pool).await.map_err(failed)?;
    if is_standby {
        return Err(unfit("the server is a standby that cannot be written to: name the primary".to_owned()));
    }
    Ok(())
}

fn classify(path: &Path, source: sqlx::Error) -> OpenError {
    /// SQLITE_CORRUPT and SQLITE_NOTADB, <https://sqlite.org/rescode.html>; the low byte of the extended code.
    const DAMAGED: [i32; 2] = [11, 26];
    let code = source.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    match code {
        Some(code) if DAMAGED.contains(&(code & 0xff)) => {
            OpenError::Damaged { db: path.into(), detail: source.to_string() }
        }
        Some(_) | None => OpenError::Database { db: path.into(), source },
    }
}
