//! What people have confirmed of the commissioning of nodes. What the steps are, whoever calls knows.

use domain::{NodeId, UtcTime};

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, named, parsed};

/// What a person says of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommissioningOutcome {
    /// It was done, and is well.
    Confirmed,
    /// There is nothing to it at this node.
    NotApplicable,
}

impl CommissioningOutcome {
    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// A step that somebody confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissioningMark {
    /// The node.
    pub node: NodeId,
    /// The step.
    pub step: String,
    /// What was said of it.
    pub outcome: CommissioningOutcome,
    /// In words; empty where none were given.
    pub note: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: UtcTime,
}

impl Store {
    /// What was confirmed, by node and step.
    pub(crate) async fn commissioning_marks(&self) -> Result<Vec<CommissioningMark>, StoreError> {
        let query = Query::new("select * from node_commissioning order by node, step");
        query.fetch_all(&self.inner.db).await?.iter().map(mark).collect()
    }

    /// Keeps what somebody says of a step, in place of what was said before.
    pub async fn commissioning_mark_set(&self, mark: &CommissioningMark) -> Result<(), StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new(
            "insert into node_commissioning (node, step, outcome, note, marked_by, marked_at) values ($1, $2, $3, $4, $5, $6) \
             on conflict (node, step) do update set outcome = excluded.outcome, note = excluded.note, \
             marked_by = excluded.marked_by, marked_at = excluded.marked_at",
        )
        .bind(mark.node.as_str())
        .bind(&mark.step)
        .bind(mark.outcome.as_str())
        .bind(&mark.note)
        .bind(&mark.by)
        .bind(mark.at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Takes back what was said of these steps. Says whether anything was.
    pub async fn commissioning_marks_delete(&self, node: &NodeId, steps: &[&str]) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        let mut deleted = 0;
        for step in steps {
            let query = Query::new("delete from node_commissioning where node = $1 and step = $2");
            deleted += query.bind(node.as_str()).bind(*step).execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

fn mark(row: &Row) -> Result<CommissioningMark, StoreError> {
    Ok(CommissioningMark {
        node: parsed("a node", row.try_get("node")?)?,
        step: row.try_get("step")?,
        outcome: named("what was said of a step", row.try_get("outcome")?)?,
        note: row.try_get("note")?,
        by: row.try_get("marked_by")?,
        at: moment(row.try_get("marked_at")?)?,
    })
}
