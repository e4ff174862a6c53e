//! Opening, creating and checking the outbox's file.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use domain::UtcTime;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Row};
use wire::EventHash;

use super::{Identity, OutboxError, StorageError};
use crate::durable::{Lock, beside, sync_parent};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// "GHob": marks a SQLite file as an outbox.
const APPLICATION_ID: i64 = 0x4748_6f62;

/// Only the reader and the writer of one process meet, and never for long.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// An outbox that was found in order.
pub(super) struct Opened {
    pub(super) writer: SqliteConnection,
    pub(super) reader: SqliteConnection,
    pub(super) chain: Chain,
    /// Keeps other processes out for as long as it lives.
    pub(super) lock: Lock,
}

/// A place in the node's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) hash: EventHash,
}

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) head: Link,
    pub(super) confirmed: Link,
    pub(super) bytes: u64,
    pub(super) oldest_at: Option<UtcTime>,
}

/// A number as SQLite keeps it. Numbers beyond 2^63 do not occur: at a million events a second that is 290,000 years.
pub(super) fn to_sql(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// The number that a column holds, which its check keeps from being negative.
pub(super) fn seq_from_sql(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}

pub(super) async fn open(path: &Path, identity: &Identity) -> Result<Opened, OutboxError> {
    let lock = lock(path)?;
    if !path.exists() {
        let log = beside(path, "-wal");
        if log.exists() {
            return Err(OutboxError::LogWithoutFile { path: path.to_owned(), log });
        }
        create(path, identity).await?;
    }
    // SQLite would take an empty file for a new database, and the node's chain would silently start over.
    let length = fs::metadata(path).map_err(|source| OutboxError::Io { path: path.to_owned(), source })?.len();
    if length == 0 {
        return Err(OutboxError::Damaged { path: path.to_owned(), what: "the file is empty".to_owned() });
    }
    let mut writer = connect(path, path, SqliteJournalMode::Wal).await?;
    check_kind(path, &mut writer).await?;
    migrate(path, &mut writer).await?;
    check_pages(path, &mut writer).await?;
    let confirmed = check_owner(path, &mut writer, identity).await?;
    let chain = check_chain(path, &mut writer, confirmed).await?;
    let reader = SqliteConnection::connect_with(&options(path).read_only(true)).await.map_err(failed(path))?;
    Ok(Opened { writer, reader, chain, lock })
}

/// The writing connection to an outbox that this process has open, and where the chain stands, after a write failed.
pub(super) async fn open_again(path: &Path, identity: &Identity) -> Result<(SqliteConnection, Chain), OutboxError> {
    let mut writer = connect(path, path, SqliteJournalMode::Wal).await?;
    let confirmed = check_owner(path, &mut writer, identity).await?;
    let chain = read_chain(path, &mut writer, confirmed).await?;
    Ok((writer, chain))
}

fn lock(path: &Path) -> Result<Lock, OutboxError> {
    let lock = beside(path, ".lock");
    match Lock::take(&lock) {
        Ok(held) => Ok(held),
        Err(TryLockError::WouldBlock) => Err(OutboxError::InUse { path: path.to_owned(), lock }),
        Err(TryLockError::Error(source)) => Err(OutboxError::Io { path: lock, source }),
    }
}

fn failed(path: &Path) -> impl Fn(sqlx::Error) -> OutboxError {
    let path = path.to_owned();
    move |source| OutboxError::Storage(StorageError::of(&path, source))
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).busy_timeout(BUSY_MAX)
}

async fn connect(path: &Path, file: &Path, journal: SqliteJournalMode) -> Result<SqliteConnection, OutboxError> {
    let options = options(file)
        .create_if_missing(path != file)
        .journal_mode(journal)
        // Anything less loses the last commits when the power goes.
        .synchronous(SqliteSynchronous::Full);
    SqliteConnection::connect_with(&options).await.map_err(failed(path))
}

/// Builds a new outbox under another name, so that whatever stands at `path` is complete.
async fn create(path: &Path, identity: &Identity) -> Result<(), OutboxError> {
    let new = beside(path, ".new");
    for leftover in [new.clone(), beside(&new, "-journal")] {
        match fs::remove_file(&leftover) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(OutboxError::Io { path: leftover, source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    let mut connection = connect(path, &new, SqliteJournalMode::Delete).await?;
    // A pragma takes no parameter; this is APPLICATION_ID, as `check_kind` sees at once.
    sqlx::query("pragma application_id = 0x47486f62").execute(&mut connection).await.map_err(failed(path))?;
    migrate(path, &mut connection).await?;
    sqlx::query(
        "insert into outbox_node (one, site, node, public_key, confirmed_seq, confirmed_hash) values (1, ?, ?, ?, 0, ?)",
    )
    .bind(identity.site.as_str())
    .bind(identity.node.as_str())
    .bind(identity.key.public().to_string())
    .bind(EventHash::GENESIS.as_bytes().as_slice())
    .execute(&mut connection)
    .await
    .map_err(failed(path))?;
    connection.close().await.map_err(failed(path))?;
    let put = || {
        File::open(&new)?.sync_all()?;
        fs::rename(&new, path)?;
        sync_parent(path)
    };
    put().map_err(|source| OutboxError::Io { path: path.to_owned(), source })
}

async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), OutboxError> {
    match MIGRATIONS.run(connection).await {
        Ok(()) => Ok(()),
        Err(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) => Err(failed(path)(source)),
        Err(source) => Err(OutboxError::Schema { path: path.to_owned(), source }),
    }
}

async fn check_kind(path: &Path, connection: &mut SqliteConnection) -> Result<(), OutboxError> {
    let found: i64 = sqlx::query_scalar("pragma application_id").fetch_one(connection).await.map_err(failed(path))?;
    if found == APPLICATION_ID {
        Ok(())
    } else {
        Err(OutboxError::NotAnOutbox { path: path.to_owned(), found, expected: APPLICATION_ID })
    }
}

async fn check_pages(path: &Path, connection: &mut SqliteConnection) -> Result<(), OutboxError> {
    let what: String = sqlx::query_scalar("pragma quick_check(1)").fetch_one(connection).await.map_err(failed(path))?;
    if what == "ok" { Ok(()) } else { Err(OutboxError::Damaged { path: path.to_owned(), what }) }
}

/// The last confirmed event, if the file is `identity`'s.
async fn check_owner(path: &Path, connection: &mut SqliteConnection, identity: &Identity) -> Result<Link, OutboxError> {
    let row = sqlx::query("select site, node, public_key, confirmed_seq, confirmed_hash from outbox_node")
        .fetch_optional(connection)
        .await
        .map_err(failed(path))?
        .ok_or_else(|| OutboxError::Damaged { path: path.to_owned(), what: "it names no owner".to_owned() })?;
    let text = |column| row.try_get::<String, _>(column).map_err(failed(path));
    let (owner_site, owner_node, owner_key) = (text("site")?, text("node")?, text("public_key")?);
    if (owner_site.as_str(), owner_node.as_str()) != (identity.site.as_str(), identity.node.as_str()) {
        return Err(OutboxError::OtherNode {
            path: path.to_owned(),
            owner_site,
            owner_node,
            site: identity.site.to_string(),
            node: identity.node.to_string(),
        });
    }
    let ours = identity.key.public().to_string();
    if owner_key != ours {
        return Err(OutboxError::OtherKey { path: path.to_owned(), owner: owner_key, ours });
    }
    let seq = seq_from_sql(row.try_get("confirmed_seq").map_err(failed(path))?);
    let hash: Vec<u8> = row.try_get("confirmed_hash").map_err(failed(path))?;
    Ok(Link { seq, hash: hash_from_sql(path, &hash)? })
}

fn hash_from_sql(path: &Path, bytes: &[u8]) -> Result<EventHash, OutboxError> {
    match bytes.try_into() {
        Ok(bytes) => Ok(EventHash::from_bytes(bytes)),
        Err(_) => Err(OutboxError::Damaged {
            path: path.to_owned(),
            what: format!("a hash has {} bytes instead of 32", bytes.len()),
        }),
    }
}

/// Where the chain stands, if every event continues the one before.
async fn check_chain(path: &Path, connection: &mut SqliteConnection, confirmed: Link) -> Result<Chain, OutboxError> {
    let broken: Option<i64> = sqlx::query_scalar(
        "select seq from (
             select seq, prev, lag(seq, 1, ?1) over (order by seq) as seq_before,
                    lag(hash, 1, ?2) over (order by seq) as hash_before
             from outbox_event)
         where seq <> seq_before + 1 or prev <> hash_before
         order by seq limit 1",
    )
    .bind(to_sql(confirmed.seq))
    .bind(confirmed.hash.as_bytes().as_slice())
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed(path))?;
    if let Some(seq) = broken {
        let what = format!("event {seq} does not continue the event before it");
        return Err(OutboxError::Damaged { path: path.to_owned(), what });
    }
    read_chain(path, connection, confirmed).await
}

/// Where the chain of an outbox stands whose last confirmed event is `confirmed`.
async fn read_chain(path: &Path, connection: &mut SqliteConnection, confirmed: Link) -> Result<Chain, OutboxError> {
    let row = sqlx::query("select seq, hash from outbox_event order by seq desc limit 1")
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed(path))?;
    let head = match row {
        None => confirmed,
        Some(row) => {
            let hash: Vec<u8> = row.try_get("hash").map_err(failed(path))?;
            Link { seq: seq_from_sql(row.try_get("seq").map_err(failed(path))?), hash: hash_from_sql(path, &hash)? }
        }
    };
    let bytes: i64 = sqlx::query_scalar("select coalesce(sum(length(envelope)), 0) from outbox_event")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed(path))?;
    let oldest_at = oldest_at(connection).await.map_err(failed(path))?;
    Ok(Chain { head, confirmed, bytes: seq_from_sql(bytes), oldest_at })
}

/// When the oldest event that is still here happened.
pub(super) async fn oldest_at(connection: &mut SqliteConnection) -> Result<Option<UtcTime>, sqlx::Error> {
    let micros: Option<i64> =
        sqlx::query_scalar("select at_us from outbox_event order by seq limit 1").fetch_optional(connection).await?;
    Ok(micros.and_then(|micros| UtcTime::from_unix_micros(micros).ok()))
}
