//! Which nodes are believed, and what they say of themselves.

use std::collections::HashMap;

use domain::{ClockSource, NodeId, SiteId, UtcTime};
use thiserror::Error;
use wire::policy::PolicyStatus;
use wire::policy::report::short_reason;
use wire::{NodeHealth, NodePublicKey, NodeState, Status};

use crate::AlarmKind;
use crate::alarm::lasting_set;
use crate::clock::{self, Told, Verdict};
use crate::db::{Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, parsed, to_json};

/// A node that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredNode {
    /// The site that it may speak for.
    pub site: SiteId,
    /// Its name.
    pub node: NodeId,
    /// The key by which its events are verified.
    pub key: NodePublicKey,
    /// When it was added.
    pub added_at: UtcTime,
    /// Who or what added it.
    pub added_by: String,
}

/// Why a node cannot be added.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The name is taken.
    #[error(
        "node \"{node}\" is there already, at site \"{site}\" with key {key}: a name stands for one site and one key for good; \
         give a new machine a new name"
    )]
    Taken {
        /// The name.
        node: NodeId,
        /// The site of the node that has it.
        site: SiteId,
        /// The key of the node that has it.
        key: NodePublicKey,
    },
    /// The database failed.
    #[error("cannot add node \"{node}\"")]
    Store {
        /// The name.
        node: NodeId,
        /// Why.
        #[source]
        source: StoreError,
    },
}

impl Store {
    /// Believes a node from now on; the same node again changes nothing. What the node sent before and was not
    /// believed is forgotten: it sends everything again that it has no receipt for.
    pub async fn node_insert(&self, new: &RegisteredNode) -> Result<(), NodeError> {
        let failed = |source| NodeError::Store { node: new.node.clone(), source };
        let held = self.node_insert_or_get(new).await.map_err(failed)?;
        if held.site != new.site || held.key != new.key {
            return Err(NodeError::Taken { node: held.node, site: held.site, key: held.key });
        }
        Ok(())
    }

    async fn node_insert_or_get(&self, new: &RegisteredNode) -> Result<RegisteredNode, StoreError> {
        let mut tx = self.write_begin().await?;
        insert(&mut tx, new).await?;
        let row = Query::new("select * from node where node = $1").bind(new.node.as_str()).fetch_one(&mut tx).await?;
        let held = registered(&row)?;
        if held == *new {
            forget_stranger(&mut tx, new).await?;
        }
        tx.commit().await?;
        Ok(held)
    }

    /// Every node that is believed, by site and name.
    pub async fn node_list(&self) -> Result<Vec<RegisteredNode>, StoreError> {
        let rows = Query::new("select * from node order by site, node").fetch_all(&self.inner.db).await?;
        rows.iter().map(registered).collect()
    }

    /// The node of that name, where it is believed.
    pub async fn node_get(&self, node: &NodeId) -> Result<Option<RegisteredNode>, StoreError> {
        Ok(self.nodes_known([node]).await?.remove(node))
    }

    /// Those of `wanted` that are believed.
    pub(crate) async fn nodes_known(
        &self,
        wanted: impl IntoIterator<Item = &NodeId>,
    ) -> Result<HashMap<NodeId, RegisteredNode>, StoreError> {
        let mut known = HashMap::new();
        let mut missing = Vec::new();
        {
            let held = self.inner.nodes.read().expect("no holder panics");
            for node in wanted {
                match held.get(node) {
                    Some(registered) => drop(known.insert(node.clone(), registered.clone())),
                    None => missing.push(node),
                }
            }
        }
        if !missing.is_empty() {
            let mut query = Query::new("select * from node where node");
            query.push_in(self.inner.db.dialect(), missing.iter().map(|node| node.as_str()).collect());
            let rows = query.once().fetch_all(&self.inner.db).await?;
            let found = rows.iter().map(registered).collect::<Result<Vec<_>, _>>()?;
            let mut held = self.inner.nodes.write().expect("no holder panics");
            for node in found {
                held.insert(node.node.clone(), node.clone());
                known.insert(node.node.clone(), node);
            }
        }
        Ok(known)
    }

    /// Keeps what a believed node says of itself, in place of what it said before. Says whether the node is believed
    /// at that site; of any other nothing is kept.
    pub async fn node_status_set(
        &self,
        site: &SiteId,
        node: &NodeId,
        status: &Status,
        received_at: UtcTime,
    ) -> Result<bool, StoreError> {
        match self.node_get(node).await? {
            Some(registered) if registered.site == *site => {}
            Some(_) | None => return Ok(false),
        }
        let state = match status.state {
            NodeState::Online => "online",
            NodeState::Offline => "offline",
        };
        let clock = status.clock.map(|clock| to_json("a clock", &clock)).transpose()?;
        let mut tx = self.write_begin().await?;
        if let Some(at) = status.at.filter(|_| status.clock.is_none_or(|clock| clock.source != ClockSource::Media)) {
            clock_held_against_ours(&mut tx, node, Told { at, received_at }).await?;
        }
        Query::new(
            "insert into node_status (node, state, version, at, backlog, clock, received_at) values ($1, $2, $3, $4, $5, $6, $7) \
             on conflict (node) do update set state = excluded.state, version = excluded.version, at = excluded.at, \
             backlog = excluded.backlog, clock = excluded.clock, received_at = excluded.received_at",
        )
        .bind(node.as_str())
        .bind(state)
        .bind(status.version.chars().take(STATUS_VERSION_CHARS_MAX).collect::<String>())
        .bind(status.at.map(UtcTime::as_unix_micros))
        .bind(status.backlog.map(|backlog| i64::try_from(backlog).unwrap_or(i64::MAX)))
        .bind(clock)
        .bind(received_at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        // A last will says nothing of it; what the node said before still holds.
        if let Some(policy) = &status.policy {
            policy_set(&mut tx, node, policy, received_at).await?;
        }
        if let Some(health) = &status.health {
            health_set(&mut tx, node, health, received_at).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// Opens or closes the alarm about the clock of a node that just said what time it is.
async fn clock_held_against_ours(tx: &mut Tx, node: &NodeId, now: Told) -> Result<(), StoreError> {
    let before = Query::new("select at, received_at from node_status where node = $1 and at is not null")
        .bind(node.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    let before = before.map(|row| {
        Ok::<_, StoreError>(Told { at: moment(row.try_get("at")?)?, received_at: moment(row.try_get("received_at")?)? })
    });
    let detail = match clock::verdict(before.transpose()?, now) {
        Verdict::Unknown => return Ok(()),
        Verdict::Right => None,
        Verdict::Off(detail) => Some(detail),
    };
    lasting_set(tx, node, AlarmKind::Clock, detail, now.received_at).await
}

/// Believes a node that nobody has the name of.
pub(crate) async fn write(tx: &mut Tx, new: &RegisteredNode) -> Result<(), StoreError> {
    insert(tx, new).await?;
    forget_stranger(tx, new).await
}

async fn insert(tx: &mut Tx, new: &RegisteredNode) -> Result<(), StoreError> {
    Query::new(
        "insert into node (node, site, public_key, added_at, added_by) values ($1, $2, $3, $4, $5) on conflict (node) do nothing",
    )
    .bind(new.node.as_str())
    .bind(new.site.as_str())
    .bind(new.key.to_string())
    .bind(new.added_at.as_unix_micros())
    .bind(&new.added_by)
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets what a node sent before it was believed.
async fn forget_stranger(tx: &mut Tx, new: &RegisteredNode) -> Result<(), StoreError> {
    Query::new("delete from quarantine where node = $1 and reason = $2")
        .bind(new.node.as_str())
        .bind(AlarmKind::UnknownNode.as_str())
        .execute(&mut *tx)
        .await?;
    Query::new("update alarm set closed_at = $1 where node = $2 and kind = $3 and closed_at is null")
        .bind(new.added_at.as_unix_micros())
        .bind(new.node.as_str())
        .bind(AlarmKind::UnknownNode.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

async fn policy_set(tx: &mut Tx, node: &NodeId, policy: &PolicyStatus, received_at: UtcTime) -> Result<(), StoreError> {
    let mut policy = policy.clone();
    if let Some(refused) = &mut policy.refused {
        refused.reason = short_reason(&refused.reason);
    }
    Query::new(
        "insert into node_policy (node, status, received_at) values ($1, $2, $3) on conflict (node) do update set \
         status = excluded.status, received_at = excluded.received_at",
    )
    .bind(node.as_str())
    .bind(to_json("a policy's state", &policy)?)
    .bind(received_at.as_unix_micros())
    .execute(&mut *tx)
    .await?;
    let detail = policy.refused.map(|refused| match refused.version {
        Some(version) => format!("version {version}: {}", refused.reason),
        None => refused.reason,
    });
    lasting_set(tx, node, AlarmKind::PolicyRefused, detail, received_at).await
}

async fn health_set(tx: &mut Tx, node: &NodeId, health: &NodeHealth, received_at: UtcTime) -> Result<(), StoreError> {
    Query::new(
        "insert into node_health (node, health, received_at) values ($1, $2, $3) on conflict (node) do update set \
         health = excluded.health, received_at = excluded.received_at",
    )
    .bind(node.as_str())
    .bind(to_json("a node's health", &health.clone().within_limits())?)
    .bind(received_at.as_unix_micros())
    .execute(tx)
    .await?;
    Ok(())
}

/// Longest version text kept of a status, in characters; the rest is cut off.
const STATUS_VERSION_CHARS_MAX: usize = 100;

pub(crate) fn registered(row: &Row) -> Result<RegisteredNode, StoreError> {
    Ok(RegisteredNode {
        site: parsed("a site id", row.try_get("site")?)?,
        node: parsed("a node id", row.try_get("node")?)?,
        key: parsed("a public key", row.try_get("public_key")?)?,
        added_at: moment(row.try_get("added_at")?)?,
        added_by: row.try_get("added_by")?,
    })
}
