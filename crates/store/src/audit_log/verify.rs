//! Reading the whole chain of the audit log.

use crate::audit_log::{AuditLogRow, GENESIS, log_row, sql};
use crate::db::Query;
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
        let mut chain = Chain { seq: 0, hash: GENESIS.to_owned() };
        let broken = |rows, seq, what: &str| AuditVerified {
            rows,
            head: head.clone(),
            verdict: AuditVerdict::Broken { seq, what: what.to_owned() },
        };
        let mut rows = 0;
        while chain.seq < head.seq {
            let page = Query::new("select * from audit_log where seq > $1 and seq <= $2 order by seq limit $3");
            let page = page.bind(sql(chain.seq)).bind(sql(head.seq)).bind(PAGE).fetch_all(&self.inner.db).await?;
            if page.is_empty() {
                return Ok(broken(rows, chain.seq + 1, "rows at the end are gone"));
            }
            for row in &page {
                let row = log_row(row)?;
                rows += 1;
                if let Some(what) = chain.take(&row) {
                    return Ok(broken(rows, chain.seq, what));
                }
                if known.is_some_and(|known| known.seq == row.seq && known.hash != row.hash) {
                    return Ok(broken(
                        rows,
                        row.seq,
                        "the chain was rewritten: another hash was written down for this row",
                    ));
                }
            }
        }
        if chain.hash != head.hash {
            return Ok(broken(rows, head.seq, "the last row is another than the one that the head names"));
        }
        if let Some(known) = known.filter(|known| known.seq > head.seq) {
            return Ok(broken(
                rows,
                head.seq + 1,
                &format!("rows up to {} were written down, and are gone", known.seq),
            ));
        }
        Ok(AuditVerified { rows, head, verdict: AuditVerdict::Whole })
    }
}

/// How far the chain is right.
struct Chain {
    seq: u64,
    hash: String,
}

impl Chain {
    /// Goes on to `row`; what is wrong with it, where something is.
    fn take(&mut self, row: &AuditLogRow) -> Option<&'static str> {
        self.seq += 1;
        let wrong = if row.seq != self.seq {
            Some("a row is missing")
        } else if row.prev_hash != self.hash {
            Some("the row does not follow the one before")
        } else if row.computed_hash() != row.hash {
            Some("the row was changed")
        } else {
            None
        };
        self.hash.clone_from(&row.hash);
        wrong
    }
}
