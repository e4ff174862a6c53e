//! Nodes that are believed no more. What they sent before stays in the log; what comes after is kept apart.

use std::collections::BTreeSet;

use domain::{NodeId, UtcTime};
use thiserror::Error;

use crate::AlarmKind;
use crate::alarm::lasting_set;
use crate::db::{Query, Row, Tx};
use crate::enrolment::{CertificateRow, certificate};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, parsed};

/// Longest reason kept, in characters.
pub const REVOCATION_REASON_CHARS_MAX: usize = 300;

/// That a node is believed no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The node.
    pub node: NodeId,
    /// Since when.
    pub at: UtcTime,
    /// Who decided it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Why a node is not revoked.
#[derive(Debug, Error)]
pub enum RevokeError {
    /// There is none of that name.
    #[error("there is no node \"{0}\"")]
    Unknown(NodeId),
    /// It was revoked before.
    #[error("node \"{}\" was revoked at {} by {}", .0.node, .0.at, .0.by)]
    Already(Revocation),
    /// No word, or too many.
    #[error("reason: 1 to {REVOCATION_REASON_CHARS_MAX} characters are accepted")]
    Reason,
    /// The database failed.
    #[error("cannot revoke the node")]
    Store(#[from] StoreError),
}

impl Store {
    /// Believes a node no more, from the next transaction on, and raises an alarm that stays. Its open invitations are
    /// taken back.
    pub async fn node_revoke(&self, new: &Revocation) -> Result<(), RevokeError> {
        let letters = new.reason.trim().chars().count();
        if letters == 0 || letters > REVOCATION_REASON_CHARS_MAX {
            return Err(RevokeError::Reason);
        }
        let mut tx = self.write_begin().await?;
        let known = Query::new("select node from node where node = $1").bind(new.node.as_str());
        if known.fetch_optional(&mut tx).await?.is_none() {
            return Err(RevokeError::Unknown(new.node.clone()));
        }
        let at = new.at.as_unix_micros();
        let written = Query::new(
            "insert into node_revocation (node, revoked_at, revoked_by, reason) values ($1, $2, $3, $4) \
             on conflict (node) do nothing",
        );
        let written = written.bind(new.node.as_str()).bind(at).bind(&new.by).bind(new.reason.trim());
        if written.execute(&mut tx).await? == 0 {
            let held = Query::new("select * from node_revocation where node = $1").bind(new.node.as_str());
            return Err(RevokeError::Already(revocation(&held.fetch_one(&mut tx).await?)?));
        }
        Query::new(
            "update enrolment set withdrawn_at = $1, withdrawn_by = $2 \
             where node = $3 and claimed_at is null and withdrawn_at is null",
        )
        .bind(at)
        .bind(&new.by)
        .bind(new.node.as_str())
        .execute(&mut tx)
        .await?;
        Query::new("update node_status set state = 'offline' where node = $1")
            .bind(new.node.as_str())
            .execute(&mut tx)
            .await?;
        let detail = format!("revoked by {}: {}", new.by, new.reason.trim());
        lasting_set(&mut tx, &new.node, AlarmKind::Revoked, Some(detail), new.at).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Every node that is believed no more, by name.
    pub async fn revocations(&self) -> Result<Vec<Revocation>, StoreError> {
        let rows = Query::new("select * from node_revocation order by node").fetch_all(&self.inner.db).await?;
        rows.iter().map(revocation).collect()
    }

    /// Whether a node is believed no more.
    pub async fn revocation_of(&self, node: &NodeId) -> Result<Option<Revocation>, StoreError> {
        let found = Query::new("select * from node_revocation where node = $1").bind(node.as_str());
        found.fetch_optional(&self.inner.db).await?.as_ref().map(revocation).transpose()
    }

    /// The certificates of revoked nodes that are not over at `now`, each with when its node was revoked.
    pub async fn certificates_revoked(&self, now: UtcTime) -> Result<Vec<(CertificateRow, UtcTime)>, StoreError> {
        let rows = Query::new(
            "select c.*, r.revoked_at from node_certificate c join node_revocation r on r.node = c.node \
             where c.not_after > $1 order by c.serial",
        );
        let rows = rows.bind(now.as_unix_micros()).fetch_all(&self.inner.db).await?;
        rows.iter().map(|row| Ok((certificate(row)?, moment(row.try_get("revoked_at")?)?))).collect()
    }
}

/// Those of `nodes` that are believed no more, as of this transaction.
pub(crate) async fn revoked_among(tx: &mut Tx, nodes: BTreeSet<&NodeId>) -> Result<BTreeSet<NodeId>, StoreError> {
    if nodes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut query = Query::new("select node from node_revocation where node");
    query.push_in(tx.dialect(), nodes.into_iter().map(NodeId::as_str).collect());
    let rows = query.fetch_all(tx).await?;
    rows.iter().map(|row| parsed("a node id", row.try_get("node")?)).collect()
}

fn revocation(row: &Row) -> Result<Revocation, StoreError> {
    Ok(Revocation {
        node: parsed("a node id", row.try_get("node")?)?,
        at: moment(row.try_get("revoked_at")?)?,
        by: row.try_get("revoked_by")?,
        reason: row.try_get("reason")?,
    })
}
