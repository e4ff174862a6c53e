//! Who did and read what: rows that are only ever added, each with a hash over the one before.
//!
//! The database itself refuses to change or delete a row (triggers). Whoever owns the database can still do both; then the
//! chain breaks and [`Store::audit_log_verify`] names the first row that is not what it was. Who rewrites the chain from
//! there to its end is found out by any copy of an older head: the hub writes the head into its own log at every start
//! and every stop, and `verify` takes one to compare.

mod verify;

use domain::{SiteId, UtcTime};
use sha2::{Digest, Sha256};

use crate::db::{Insert, Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, natural};

pub use verify::{AuditHead, AuditVerdict, AuditVerified};
pub(crate) use verify::{Link, verify};

/// Characters kept of each text of a row; the rest is cut off.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// The hash before the first row.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Something that was done or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// When.
    pub at: UtcTime,
    /// Who.
    pub actor: LogActor,
    /// From which address.
    pub address: String,
    /// What was done.
    pub action: String,
    /// At which site, where it was about one.
    pub site: Option<SiteId>,
    /// To whom or what.
    pub subject: String,
    /// For what, by the actor's word.
    pub purpose: Option<String>,
    /// How it ended.
    pub outcome: String,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogActor {
    /// `account`, `api_key`, `program` or `nobody`.
    pub kind: &'static str,
    /// The id; empty where there is none.
    pub id: String,
    /// The name at that time.
    pub name: String,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLogRow {
    /// Place in the chain, from 1.
    pub seq: u64,
    /// When.
    pub at: UtcTime,
    /// What kind of actor.
    pub actor_kind: String,
    /// Its id.
    pub actor_id: String,
    /// Its name at that time.
    pub actor: String,
    /// From which address.
    pub address: String,
    /// What was done.
    pub action: String,
    /// At which site.
    pub site: Option<String>,
    /// To whom or what.
    pub subject: String,
    /// For what.
    pub purpose: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// Hash of the row before.
    pub prev_hash: String,
    /// Its own hash.
    pub hash: String,
}

impl AuditLogRow {
    fn new(seq: u64, prev_hash: String, entry: &LogEntry) -> Self {
        let mut row = Self {
            seq,
            at: entry.at,
            actor_kind: entry.actor.kind.to_owned(),
            actor_id: short(&entry.actor.id),
            actor: short(&entry.actor.name),
            address: short(&entry.address),
            action: short(&entry.action),
            site: entry.site.as_ref().map(ToString::to_string),
            subject: short(&entry.subject),
            purpose: entry.purpose.as_deref().map(short),
            outcome: short(&entry.outcome),
            prev_hash,
            hash: String::new(),
        };
        row.hash = row.computed_hash();
        row
    }

    /// SHA-256 over the hash before and the row's values, as a JSON list without spaces: its order is that of the columns.
    pub(crate) fn computed_hash(&self) -> String {
        let content = serde_json::json!([
            self.seq,
            self.at.as_unix_micros(),
            self.actor_kind,
            self.actor_id,
            self.actor,
            self.address,
            self.action,
            self.site,
            self.subject,
            self.purpose,
            self.outcome,
        ]);
        hex::encode(Sha256::new().chain_update(&self.prev_hash).chain_update(content.to_string()).finalize())
    }
}

/// What PostgreSQL's text cannot hold is replaced before the hash is made over it.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

/// Which rows to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditLogFilter {
    /// Only by the actor with this id.
    pub actor_id: Option<String>,
    /// Only actions that begin with this.
    pub action: Option<String>,
    /// Only about this site.
    pub site: Option<SiteId>,
    /// Only whose subject holds this text.
    pub subject: Option<String>,
    /// Only at this moment or later.
    pub from: Option<UtcTime>,
    /// Only before this moment.
    pub to: Option<UtcTime>,
    /// Only rows before this place.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// Holds the end of the chain until the transaction ends: of two hubs one adds after the other.
pub(crate) async fn hold(tx: &mut Tx) -> Result<(), StoreError> {
    Query::new("update audit_log_head set seq = seq where id = 1").execute(tx).await?;
    Ok(())
}

/// Adds rows to the end of the chain.
pub(crate) async fn append(tx: &mut Tx, entries: &[LogEntry]) -> Result<(), StoreError> {
    hold(tx).await?;
    let head = head(Query::new(SELECT_HEAD).fetch_one(&mut *tx).await?)?;
    let (mut seq, mut hash) = (head.seq, head.hash);
    let mut rows = Insert::new(
        "insert into audit_log (seq, at, actor_kind, actor_id, actor, address, action, site, subject, purpose, outcome, \
         prev_hash, hash)",
        "",
    );
    for entry in entries {
        seq += 1;
        let row = AuditLogRow::new(seq, hash, entry);
        rows.row()
            .push_bind(sql(row.seq))
            .push_bind(row.at.as_unix_micros())
            .push_bind(row.actor_kind)
            .push_bind(row.actor_id)
            .push_bind(row.actor)
            .push_bind(row.address)
            .push_bind(row.action)
            .push_bind(row.site)
            .push_bind(row.subject)
            .push_bind(row.purpose)
            .push_bind(row.outcome)
            .push_bind(row.prev_hash)
            .push_bind(row.hash.as_str());
        hash = row.hash;
    }
    rows.execute(&mut *tx).await?;
    Query::new("update audit_log_head set seq = $1, hash = $2 where id = 1")
        .bind(sql(seq))
        .bind(hash)
        .execute(tx)
        .await?;
    Ok(())
}

const SELECT_HEAD: &str = "select seq, hash from audit_log_head where id = 1";

pub(crate) fn sql(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub(crate) fn head(row: Row) -> Result<AuditHead, StoreError> {
    Ok(AuditHead { seq: natural("a place in a log", row.try_get("seq")?)?, hash: row.try_get("hash")? })
}

fn log_row(row: &Row) -> Result<AuditLogRow, StoreError> {
    Ok(AuditLogRow {
        seq: natural("a place in the audit log", row.try_get("seq")?)?,
        at: moment(row.try_get("at")?)?,
        actor_kind: row.try_get("actor_kind")?,
        actor_id: row.try_get("actor_id")?,
        actor: row.try_get("actor")?,
        address: row.try_get("address")?,
        action: row.try_get("action")?,
        site: row.try_get("site")?,
        subject: row.try_get("subject")?,
        purpose: row.try_get("purpose")?,
        outcome: row.try_get("outcome")?,
        prev_hash: row.try_get("prev_hash")?,
        hash: row.try_get("hash")?,
    })
}

impl Store {
    /// Adds rows to the audit log, all or none.
    pub async fn audit_log_append(&self, entries: &[LogEntry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut tx = self.inner.db.begin().await?;
        append(&mut tx, entries).await?;
        tx.commit().await
    }

    /// The end of the chain.
    pub async fn audit_log_head(&self) -> Result<AuditHead, StoreError> {
        head(Query::new(SELECT_HEAD).fetch_one(&self.inner.db).await?)
    }

    /// Rows, the newest first.
    pub async fn audit_log(&self, filter: &AuditLogFilter) -> Result<Vec<AuditLogRow>, StoreError> {
        let mut query = Query::new("select * from audit_log where seq < ");
        query.push_bind(filter.before.map_or(i64::MAX, sql));
        if let Some(actor) = &filter.actor_id {
            query.push(" and actor_id = ").push_bind(actor);
        }
        if let Some(action) = &filter.action {
            query.push(" and substr(action, 1, length(").push_bind(action);
            query.push(")) = ").push_bind(action);
        }
        if let Some(site) = &filter.site {
            query.push(" and site = ").push_bind(site.as_str());
        }
        if let Some(subject) = &filter.subject {
            // Without wildcards: what was searched for may hold a % of its own.
            query.push(" and replace(subject, ").push_bind(subject).push(", '') <> subject");
        }
        if let Some(from) = filter.from {
            query.push(" and at >= ").push_bind(from.as_unix_micros());
        }
        if let Some(to) = filter.to {
            query.push(" and at < ").push_bind(to.as_unix_micros());
        }
        query.push(" order by seq desc limit ").push_bind(filter.limit);
        query.fetch_all(&self.inner.db).await?.iter().map(log_row).collect()
    }
}

impl std::str::FromStr for AuditHead {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        let (seq, hash) = text.split_once(':').ok_or(InvalidHead)?;
        let is_hash = hash.len() == GENESIS.len() && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let seq = seq.parse().map_err(|_| InvalidHead)?;
        if is_hash { Ok(Self { seq, hash: hash.to_ascii_lowercase() }) } else { Err(InvalidHead) }
    }
}

/// Why text is no head of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a head of the audit log: NUMBER:HASH is accepted, as the hub writes it into its log")]
pub struct InvalidHead;
