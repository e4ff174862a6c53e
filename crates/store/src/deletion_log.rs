//! What was deleted by which rule: rows that are only ever added, each with a hash over the one before, as in the
//! [audit log](crate::audit_log). A row is written in the transaction of the deletion itself.

use domain::UtcTime;
use sha2::{Digest, Sha256};
use wire::BlobHash;

use crate::audit_log::{AuditHead, AuditVerified, Link, head, short, sql, verify};
use crate::db::{Insert, Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{from_json, moment, natural, parsed, to_json};

/// A deletion: of rows of one table, or of media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: UtcTime,
    /// What was too old, by the name of its class.
    pub class: String,
    /// The table of the rows, or `blob`.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// Which media; empty for rows.
    pub media: Vec<BlobHash>,
    /// What was over before this moment was due.
    pub cutoff: UtcTime,
    /// The rule, in words.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// Who or what deleted.
    pub by: String,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionLogRow {
    /// Place in the chain, from 1.
    pub seq: u64,
    /// What was deleted.
    pub what: Deletion,
    /// Hash of the row before.
    pub prev_hash: String,
    /// Its own hash.
    pub hash: String,
}

/// Which rows to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletionLogFilter {
    /// Only of this class.
    pub class: Option<String>,
    /// Only those that deleted this medium.
    pub medium: Option<BlobHash>,
    /// Only at this moment or later.
    pub from: Option<UtcTime>,
    /// Only before this moment.
    pub to: Option<UtcTime>,
    /// Only rows before this place.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Link for DeletionLogRow {
    const PAGE_SQL: &str = "select * from deletion_log where seq > $1 and seq <= $2 order by seq limit $3";

    fn read(row: &Row) -> Result<Self, StoreError> {
        let subjects: Vec<String> = from_json("media that were deleted", row.try_get("subjects")?)?;
        let what = Deletion {
            at: moment(row.try_get("at")?)?,
            class: row.try_get("class")?,
            kind: row.try_get("kind")?,
            count: natural("a number of rows", row.try_get("count")?)?,
            media: subjects.iter().map(|hash| parsed("a hash", hash)).collect::<Result<_, _>>()?,
            cutoff: moment(row.try_get("cutoff")?)?,
            rule: row.try_get("rule")?,
            reason: row.try_get("reason")?,
            by: row.try_get("by_whom")?,
        };
        Ok(Self {
            seq: natural("a place in the deletion log", row.try_get("seq")?)?,
            what,
            prev_hash: row.try_get("prev_hash")?,
            hash: row.try_get("hash")?,
        })
    }

    fn place(&self) -> (u64, &str, &str) {
        (self.seq, &self.prev_hash, &self.hash)
    }

    /// SHA-256 over the hash before and the row's values, as a JSON list without spaces: its order is that of the columns.
    fn computed_hash(&self) -> String {
        let Deletion { at, class, kind, count, media, cutoff, rule, reason, by } = &self.what;
        let media: Vec<_> = media.iter().map(ToString::to_string).collect();
        let (at, cutoff) = (at.as_unix_micros(), cutoff.as_unix_micros());
        let content = serde_json::json!([self.seq, at, class, kind, count, media, cutoff, rule, reason, by]);
        hex::encode(Sha256::new().chain_update(&self.prev_hash).chain_update(content.to_string()).finalize())
    }
}

const SELECT_HEAD: &str = "select seq, hash from deletion_log_head where id = 1";

/// Adds rows to the end of the chain, which is held until the transaction ends. Gives the place of the last.
pub(crate) async fn append(tx: &mut Tx, deletions: Vec<Deletion>) -> Result<u64, StoreError> {
    Query::new("update deletion_log_head set seq = seq where id = 1").execute(&mut *tx).await?;
    let AuditHead { mut seq, mut hash } = head(Query::new(SELECT_HEAD).fetch_one(&mut *tx).await?)?;
    let mut rows = Insert::new(
        "insert into deletion_log (seq, at, class, kind, count, subjects, cutoff, rule, reason, by_whom, prev_hash, hash)",
        "",
    );
    for mut what in deletions {
        for text in [&mut what.rule, &mut what.reason, &mut what.by] {
            *text = short(text);
        }
        seq += 1;
        let mut row = DeletionLogRow { seq, what, prev_hash: hash, hash: String::new() };
        row.hash = row.computed_hash();
        let subjects: Vec<_> = row.what.media.iter().map(ToString::to_string).collect();
        rows.row()
            .push_bind(sql(row.seq))
            .push_bind(row.what.at.as_unix_micros())
            .push_bind(row.what.class)
            .push_bind(row.what.kind)
            .push_bind(sql(row.what.count))
            .push_bind(to_json("media that were deleted", &subjects)?)
            .push_bind(row.what.cutoff.as_unix_micros())
            .push_bind(row.what.rule)
            .push_bind(row.what.reason)
            .push_bind(row.what.by)
            .push_bind(row.prev_hash)
            .push_bind(row.hash.as_str());
        hash = row.hash;
    }
    rows.execute(&mut *tx).await?;
    let update = Query::new("update deletion_log_head set seq = $1, hash = $2 where id = 1");
    update.bind(sql(seq)).bind(hash).execute(tx).await?;
    Ok(seq)
}

impl Store {
    /// The end of the chain.
    pub async fn deletion_log_head(&self) -> Result<AuditHead, StoreError> {
        head(Query::new(SELECT_HEAD).fetch_one(&self.inner.db).await?)
    }

    /// Reads the whole deletion log and names the first row that was changed, removed or put in. `known` is a head that
    /// somebody wrote down earlier.
    pub async fn deletion_log_verify(&self, known: Option<&AuditHead>) -> Result<AuditVerified, StoreError> {
        let head = self.deletion_log_head().await?;
        verify::<DeletionLogRow>(&self.inner.db, head, known).await
    }

    /// Rows, the newest first. To look for one medium reads the whole log.
    pub async fn deletion_log(&self, filter: &DeletionLogFilter) -> Result<Vec<DeletionLogRow>, StoreError> {
        let mut query = Query::new("select * from deletion_log where seq < ");
        query.push_bind(filter.before.map_or(i64::MAX, sql));
        if let Some(class) = &filter.class {
            query.push(" and class = ").push_bind(class);
        }
        if let Some(medium) = &filter.medium {
            query.push(" and replace(subjects, ").push_bind(medium.to_string()).push(", '') <> subjects");
        }
        if let Some(from) = filter.from {
            query.push(" and at >= ").push_bind(from.as_unix_micros());
        }
        if let Some(to) = filter.to {
            query.push(" and at < ").push_bind(to.as_unix_micros());
        }
        query.push(" order by seq desc limit ").push_bind(filter.limit);
        query.fetch_all(&self.inner.db).await?.iter().map(DeletionLogRow::read).collect()
    }
}
