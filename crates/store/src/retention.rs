//! Deleting what is too old: media by what they show, and rows that name vehicles and persons.
//!
//! A deletion is written into the [deletion log](crate::deletion_log) in the transaction that deletes the rows. The bytes
//! of media go after that transaction, so that what is gone is always written down; where the program dies in between,
//! `blob_removal` still names them and the next run removes them. What is under a [hold](crate::hold) stays.
//!
//! Age is that of what is shown, by the node's clock. Signed events stay in the log until their month is dropped; folding
//! them again does not bring back what was deleted ([`forget_again`]).

use std::collections::BTreeSet;

use domain::UtcTime;
use futures_util::future::try_join_all;
use wire::{BlobHash, Payload};

use crate::blob::BlobError;
use crate::db::{Column, Query, Row, Tx};
use crate::deletion_log::{self, Deletion};
use crate::error::StoreError;
use crate::event::StoredEvent;
use crate::open::Store;
use crate::projection::verdicts_take_back;
use crate::row::{natural, parsed, sql_seq};

/// Most rows that one transaction deletes.
const ROWS_PER_BATCH: u32 = 500;

/// Most media that one transaction deletes and one row of the log names.
const MEDIA_PER_BATCH: u32 = 100;

/// Media whose bytes are removed at the same time: a bucket takes its time for each.
const REMOVED_AT_ONCE: usize = 20;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What is kept equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RetentionClass {
    /// Pictures of passages and stays.
    PassagePictures,
    /// Pictures of plates that are on no watch list.
    PlatePictures,
    /// What led to decisions at lanes.
    DecisionEvidence,
    /// Pictures of what raised an alert: incidents, and plates on a watch list.
    AlertEvidence,
    /// Clips.
    Clips,
    /// Media that no event names, by when they were stored.
    UnclaimedMedia,
    /// Rows of plates that were read and are on no watch list.
    PlateReads,
    /// Rows of plates that are on a watch list.
    WatchReads,
    /// Rows of decisions at lanes.
    Decisions,
}

impl RetentionClass {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::PassagePictures,
        Self::PlatePictures,
        Self::DecisionEvidence,
        Self::AlertEvidence,
        Self::Clips,
        Self::UnclaimedMedia,
        Self::PlateReads,
        Self::WatchReads,
        Self::Decisions,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PassagePictures => "passage_pictures",
            Self::PlatePictures => "plate_pictures",
            Self::DecisionEvidence => "decision_evidence",
            Self::AlertEvidence => "alert_evidence",
            Self::Clips => "clips",
            Self::UnclaimedMedia => "unclaimed_media",
            Self::PlateReads => "plate_reads",
            Self::WatchReads => "watch_reads",
            Self::Decisions => "decisions",
        }
    }

    const fn kept_in(self) -> KeptIn {
        match self {
            Self::PassagePictures
            | Self::PlatePictures
            | Self::DecisionEvidence
            | Self::AlertEvidence
            | Self::Clips => KeptIn::Media,
            Self::UnclaimedMedia => KeptIn::Unclaimed,
            Self::PlateReads => KeptIn::Rows(&PLATE_READS),
            Self::WatchReads => KeptIn::Rows(&WATCH_READS),
            Self::Decisions => KeptIn::Rows(&DECISIONS),
        }
    }
}

/// Where a class is kept.
enum KeptIn {
    Media,
    Unclaimed,
    Rows(&'static Rows),
}

/// A table of rows about events.
struct Rows {
    name: &'static str,
    /// The column of the moment at which what a row tells of was over.
    at: &'static str,
    /// Which of its rows.
    only: &'static str,
    /// Tables whose rows belong to its rows.
    parts: &'static [&'static str],
    /// Whether plates say what its rows tell.
    is_said_of_plates: bool,
}

const PLATE_READS: Rows = Rows {
    name: "plate_read",
    at: "at_to",
    only: "(list_purpose is null or list_purpose <> 'watch')",
    parts: &["plate_read_gate", "plate_read_list"],
    is_said_of_plates: false,
};

const WATCH_READS: Rows = Rows { only: "list_purpose = 'watch'", ..PLATE_READS };

const DECISIONS: Rows = Rows { name: "access_decision", at: "at", only: "true", parts: &[], is_said_of_plates: true };

/// What one transaction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionBatch {
    /// Another hub deletes just now.
    Busy,
    /// So many were deleted.
    Done {
        /// Rows, or media.
        deleted: u64,
        /// Whether there may be more that is too old.
        is_more: bool,
    },
}

/// How much of a class there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionState {
    /// The class.
    pub class: RetentionClass,
    /// The moment of the oldest; nothing where there is none.
    pub oldest: Option<UtcTime>,
}

/// What was over before this is due after so many days.
pub fn cutoff(days: u32, now: UtcTime) -> UtcTime {
    let micros = now.as_unix_micros().saturating_sub(i64::from(days).saturating_mul(MICROS_PER_DAY));
    UtcTime::from_unix_micros(micros).unwrap_or(UtcTime::UNIX_EPOCH)
}

/// Leaves out events that are under a hold, or were at `since`.
fn push_unless_held(query: &mut Query, event: &str, since: i64) {
    query.push(
        " and not exists (select 1 from hold_event join hold on hold.id = hold_event.hold where hold_event.event = ",
    );
    query
        .push(event)
        .push(" and coalesce(hold.released_at, ")
        .push_bind(i64::MAX)
        .push(") > ")
        .push_bind(since)
        .push(")");
}

/// Deletes a batch of rows, and says how many.
async fn rows_delete(tx: &mut Tx, rows: &Rows, cutoff: i64, held_since: i64) -> Result<u64, StoreError> {
    let Rows { name, at, only, parts, is_said_of_plates } = rows;
    let mut query = Query::new(format!("select node, seq from {name} where {only} and {at} < "));
    query.push_bind(cutoff);
    push_unless_held(&mut query, &format!("{name}.id"), held_since);
    query.push(format_args!(" order by {at} limit ")).push_bind(ROWS_PER_BATCH);
    let due = query.fetch_all(&mut *tx).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let nodes = due.iter().map(|row| row.try_get::<String>("node")).collect::<Result<Column, _>>()?;
    let seqs = due.iter().map(|row| row.try_get::<i64>("seq")).collect::<Result<Column, _>>()?;
    if *is_said_of_plates {
        verdicts_take_back(tx, &nodes, &seqs).await?;
    }
    for table in parts.iter().chain([name]) {
        let mut query = Query::new(format!("delete from {table} where (node, seq)"));
        query.push_in_rows(tx.dialect(), vec![nodes.clone(), seqs.clone()]);
        query.once().execute(&mut *tx).await?;
    }
    Ok(due.len() as u64)
}

/// Forgets a batch of what media of a class show, and gives these media.
async fn uses_delete(
    tx: &mut Tx,
    class: RetentionClass,
    cutoff: i64,
    held_since: i64,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::new("select sha256, event from medium where class = ");
    query.push_bind(class.as_str()).push(" and at < ").push_bind(cutoff);
    push_unless_held(&mut query, "medium.event", held_since);
    query.push(" order by at limit ").push_bind(MEDIA_PER_BATCH);
    let due = query.fetch_all(&mut *tx).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let media = due.iter().map(|row| row.try_get("sha256")).collect::<Result<Vec<String>, _>>()?;
    let events = due.iter().map(|row| row.try_get::<String>("event")).collect::<Result<Column, _>>()?;
    let mut query = Query::new("delete from medium where class = ");
    query.push_bind(class.as_str()).push(" and (sha256, event)");
    query.push_in_rows(tx.dialect(), vec![media.iter().collect(), events]);
    query.once().execute(&mut *tx).await?;
    Ok(media)
}

/// Deletes the rows of media that show nothing any more, and notes that their bytes are to be removed.
async fn blobs_delete(tx: &mut Tx, media: BTreeSet<String>, deletion: Deletion) -> Result<u64, StoreError> {
    let mut query = Query::new("select sha256 from blob where sha256");
    query.push_in(tx.dialect(), media.into_iter().collect());
    query.push(" and not exists (select 1 from medium where medium.sha256 = blob.sha256) order by sha256");
    let gone = query.once().fetch_texts(&mut *tx).await?;
    if gone.is_empty() {
        return Ok(0);
    }
    let media: Vec<BlobHash> = gone.iter().map(|hash| parsed("a hash", hash)).collect::<Result<_, _>>()?;
    let count = gone.len() as u64;
    let seq = deletion_log::append(tx, vec![Deletion { count, media, ..deletion }]).await?;
    for sha256 in &gone {
        let note = "insert into blob_removal (sha256, seq) values ($1, $2) on conflict (sha256) do nothing";
        Query::new(note).bind(sha256).bind(i64::try_from(seq).unwrap_or(i64::MAX)).execute(&mut *tx).await?;
    }
    let mut query = Query::new("delete from blob where sha256");
    query.push_in(tx.dialect(), gone.into_iter().collect());
    query.once().execute(tx).await?;
    Ok(count)
}

/// Deletes again what the log's events brought back when they were folded again, up to where each class was deleted
/// already. What came since and is as old goes with it: it was due.
pub(crate) async fn forget_again(tx: &mut Tx) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    let done = Query::new("select class, max(cutoff) as cutoff, max(at) as at from deletion_log group by class");
    for row in done.fetch_all(&mut *tx).await? {
        let (name, cutoff): (String, i64) = (row.try_get("class")?, row.try_get("cutoff")?);
        // Whoever was released later than that was not deleted yet.
        let held_since: i64 = row.try_get("at")?;
        let Some(class) = RetentionClass::ALL.into_iter().find(|class| class.as_str() == name) else { continue };
        loop {
            let batch = match class.kept_in() {
                KeptIn::Rows(rows) => rows_delete(tx, rows, cutoff, held_since).await?,
                KeptIn::Media => uses_delete(tx, class, cutoff, held_since).await?.len() as u64,
                // The fold makes none.
                KeptIn::Unclaimed => 0,
            };
            forgotten += batch;
            if batch == 0 {
                break;
            }
        }
    }
    Ok(forgotten)
}

impl Store {
    /// Deletes a batch of what is older than so many days, in one transaction with the row of the deletion log that says
    /// so. The bytes of media are removed by [`Store::blobs_remove`].
    pub async fn retention_batch(
        &self,
        class: RetentionClass,
        days: u32,
        by: &str,
        now: UtcTime,
    ) -> Result<RetentionBatch, StoreError> {
        let Some(mut tx) = self.retention_begin().await? else { return Ok(RetentionBatch::Busy) };
        let cutoff = cutoff(days, now);
        let (due, held_since) = (cutoff.as_unix_micros(), now.as_unix_micros());
        let deletion = |kind: &str, reason: &str| Deletion {
            at: now,
            class: class.as_str().to_owned(),
            kind: kind.to_owned(),
            count: 0,
            media: Vec::new(),
            cutoff,
            rule: format!("{} = {days} days", class.as_str()),
            reason: reason.to_owned(),
            by: by.to_owned(),
        };
        let (deleted, is_more) = match class.kept_in() {
            KeptIn::Rows(rows) => {
                let count = rows_delete(&mut tx, rows, due, held_since).await?;
                if count > 0 {
                    let deletion = Deletion { count, ..deletion(rows.name, "older than it is kept") };
                    deletion_log::append(&mut tx, vec![deletion]).await?;
                }
                (count, count == u64::from(ROWS_PER_BATCH))
            }
            KeptIn::Media => {
                let media = uses_delete(&mut tx, class, due, held_since).await?;
                let is_more = media.len() as u64 == u64::from(MEDIA_PER_BATCH);
                let deletion = deletion("blob", "what it shows is older than it is kept");
                (blobs_delete(&mut tx, media.into_iter().collect(), deletion).await?, is_more)
            }
            KeptIn::Unclaimed => {
                let sql = "select sha256 from blob where stored_at < $1 and not exists \
                           (select 1 from medium where medium.sha256 = blob.sha256) order by stored_at limit $2";
                let media = Query::new(sql).bind(due).bind(MEDIA_PER_BATCH).fetch_texts(&mut tx).await?;
                let is_more = media.len() as u64 == u64::from(MEDIA_PER_BATCH);
                let deletion = deletion("blob", "no event names it, and it is older than such are kept");
                (blobs_delete(&mut tx, media.into_iter().collect(), deletion).await?, is_more)
            }
        };
        tx.commit().await?;
        Ok(RetentionBatch::Done { deleted, is_more })
    }

    /// Removes the bytes of a batch of media whose deletion is written down, and says how many; 0 where there are no more.
    pub async fn blobs_remove(&self) -> Result<u64, BlobError> {
        let sql = "select sha256 from blob_removal order by seq, sha256 limit $1";
        let due = Query::new(sql).bind(MEDIA_PER_BATCH).fetch_texts(&self.inner.db).await?;
        if due.is_empty() {
            return Ok(0);
        }
        for some in due.chunks(REMOVED_AT_ONCE) {
            let hashes: Vec<BlobHash> = some.iter().map(|hash| parsed("a hash", hash)).collect::<Result<_, _>>()?;
            try_join_all(hashes.iter().map(|hash| self.inner.place.remove(hash))).await?;
        }
        let mut tx = self.write_begin().await?;
        let mut query = Query::new("delete from blob_removal where sha256");
        query.push_in(tx.dialect(), due.iter().cloned().collect());
        query.once().execute(&mut tx).await?;
        tx.commit().await?;
        Ok(due.len() as u64)
    }

    /// Whether what an event tells of is still to be known: the row that it made is there. An event that makes no row
    /// with a time of its own is.
    pub async fn event_is_kept(&self, event: &StoredEvent) -> Result<bool, StoreError> {
        let sql = if let Some(Payload::PlateRead(_)) = &event.payload {
            "select 1 from plate_read where node = $1 and seq = $2"
        } else if let Some(Payload::AccessDecided(_)) = &event.payload {
            "select 1 from access_decision where node = $1 and seq = $2"
        } else {
            return Ok(true);
        };
        let row = Query::new(sql).bind(event.node.as_str()).bind(sql_seq(event.seq)).fetch_optional(&self.inner.db);
        Ok(row.await?.is_some())
    }

    /// How many media are written down as deleted and still have their bytes.
    pub async fn blobs_to_remove(&self) -> Result<u64, StoreError> {
        let count = Query::new("select count(*) from blob_removal").fetch_number(&self.inner.db).await?;
        natural("a number of media", count)
    }

    /// The oldest of each class.
    pub async fn retention_states(&self) -> Result<Vec<RetentionState>, StoreError> {
        let mut states = Vec::with_capacity(RetentionClass::ALL.len());
        for class in RetentionClass::ALL {
            let mut query = match class.kept_in() {
                KeptIn::Rows(Rows { name, at, only, .. }) => {
                    Query::new(format!("select min({at}) as oldest from {name} where {only}"))
                }
                KeptIn::Unclaimed => Query::new(
                    "select min(stored_at) as oldest from blob \
                     where not exists (select 1 from medium where medium.sha256 = blob.sha256)",
                ),
                KeptIn::Media => Query::new("select min(at) as oldest from medium where class = "),
            };
            if let KeptIn::Media = class.kept_in() {
                query.push_bind(class.as_str());
            }
            let row: Row = query.fetch_one(&self.inner.db).await?;
            let oldest = row.try_get::<Option<i64>>("oldest")?.map(crate::row::moment).transpose()?;
            states.push(RetentionState { class, oldest });
        }
        Ok(states)
    }
}
