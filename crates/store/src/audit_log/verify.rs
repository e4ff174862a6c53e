//! Reading the whole chain of a log: the audit log, or the deletion log.

use crate::audit_log::{AuditLogRow, GENESIS, log_row, sql};
use crate::db::{Database, Query, Row};
use crate::error::StoreError;
use crate::open::Store;

/// Rows read at a time.
const PAGE: u32 = 2_000;

/// The end of a chain: written `NUMBER:HASH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// Place of the last row; 0 while there is none.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

impl std::fmt::Display for AuditHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

/// Whether the log is what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditVerdict {
    /// It is.
    Whole,
    /// It is not, from here on.
    Broken {
        /// Place of the first row that is not what it was.
        seq: u64,
        /// What is wrong there.
        what: String,
    },
}

/// What reading the chain gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerified {
    /// Rows that were read.
    pub rows: u64,
    /// The end of the chain as it stands in the database.
    pub head: AuditHead,
    /// The verdict.
    pub verdict: AuditVerdict,
}

impl Store {
    /// Reads the whole audit log and names the first row that was changed, removed or put in. `known` is a head that
    /// somebody wrote down earlier: who rewrote the chain since then is found out by it.
    pub async fn audit_log_verify(&self, known: Option<&AuditHead>) -> Result<AuditVerified, StoreError> {
        // The head first: rows that are added meanwhile lie behind it.
        let head = self.audit_log_head().await?;
        verify::<AuditLogRow>(&self.inner.db, head, known).await
    }
}

/// A row of a log whose rows each have a hash over the one before.
pub(crate) trait Link: Sized {
    /// Its rows after the place that is bound first, up to the one that is bound second, at most as many as the third.
    const PAGE_SQL: &str;

    fn read(row: &Row) -> Result<Self, StoreError>;

    /// Its place, the hash of the row before, and its own.
    fn place(&self) -> (u64, &str, &str);

    fn computed_hash(&self) -> String;
}

impl Link for AuditLogRow {
    const PAGE_SQL: &str = "select * from audit_log where seq > $1 and seq <= $2 order by seq limit $3";

    fn read(row: &Row) -> Result<Self, StoreError> {
        log_row(row)
    }

    fn place(&self) -> (u64, &str, &str) {
        (self.seq, &self.prev_hash, &self.hash)
    }

    fn computed_hash(&self) -> String {
        Self::computed_hash(self)
    }
}

/// Reads the whole chain up to `head`.
pub(crate) async fn verify<L: Link>(
    db: &Database,
    head: AuditHead,
    known: Option<&AuditHead>,
) -> Result<AuditVerified, StoreError> {
    let mut chain = Chain { seq: 0, hash: GENESIS.to_owned() };
    let broken = |rows, seq, what: &str| AuditVerified {
        rows,
        head: head.clone(),
        verdict: AuditVerdict::Broken { seq, what: what.to_owned() },
    };
    let mut rows = 0;
    while chain.seq < head.seq {
        let page = Query::new(L::PAGE_SQL).bind(sql(chain.seq)).bind(sql(head.seq)).bind(PAGE).fetch_all(db).await?;
        if page.is_empty() {
            return Ok(broken(rows, chain.seq + 1, "rows at the end are gone"));
        }
        for row in &page {
            let row = L::read(row)?;
            rows += 1;
            if let Some(what) = chain.take(&row) {
                return Ok(broken(rows, chain.seq, what));
            }
            let (seq, _, hash) = row.place();
            if known.is_some_and(|known| known.seq == seq && known.hash != hash) {
                let what = "the chain was rewritten: another hash was written down for this row";
                return Ok(broken(rows, seq, what));
            }
        }
    }
    if chain.hash != head.hash {
        return Ok(broken(rows, head.seq, "the last row is another than the one that the head names"));
    }
    if let Some(known) = known.filter(|known| known.seq > head.seq) {
        return Ok(broken(rows, head.seq + 1, &format!("rows up to {} were written down, and are gone", known.seq)));
    }
    Ok(AuditVerified { rows, head, verdict: AuditVerdict::Whole })
}

/// How far the chain is right.
struct Chain {
    seq: u64,
    hash: String,
}

impl Chain {
    /// Goes on to `row`; what is wrong with it, where something is.
    fn take(&mut self, row: &impl Link) -> Option<&'static str> {
        self.seq += 1;
        let (seq, prev_hash, hash) = row.place();
        let wrong = if seq != self.seq {
            Some("a row is missing")
        } else if prev_hash != self.hash {
            Some("the row does not follow the one before")
        } else if row.computed_hash() != hash {
            Some("the row was changed")
        } else {
            None
        };
        self.hash = hash.to_owned();
        wrong
    }
}
