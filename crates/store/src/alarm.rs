//! What needs a person: one row per node and kind, raised again when it happens again.

use std::collections::BTreeMap;

use domain::{NodeId, UtcTime};

use crate::db::{Insert, Query, Tx};
use crate::error::StoreError;

/// Most alarms of nodes that are not believed; beyond it the ones not seen for longest are forgotten. Those of
/// believed nodes are bounded by their number.
pub const STRANGER_ALARMS_MAX: i64 = 10_000;

/// Longest detail kept, in characters; the rest is cut off.
const DETAIL_CHARS_MAX: usize = 500;

/// What is wrong with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmKind {
    /// Events are missing in between. Closes by itself when they come.
    Gap,
    /// Another event came under a number that is taken: somebody else has the node's key, or its memory was reset.
    Fork,
    /// The identity of an event came again under another number.
    IdReused,
    /// An event does not name the hash of the one before it.
    BrokenChain,
    /// The signature is not the node's.
    BadSignature,
    /// Nobody added this node. Closes by itself when somebody does.
    UnknownNode,
    /// The envelope names another site or node than the topic, or a site that the node does not belong to.
    Misplaced,
    /// Not an envelope, or one that this version cannot read.
    Unreadable,
    /// A number that no chain reaches.
    BadNumber,
    /// A good event that the database refuses: a fault of this program.
    Unstorable,
    /// The node does not work by the policy that is wanted. Closes by itself when it does.
    PolicyRefused,
    /// The node was revoked, and perhaps still sends.
    Revoked,
    /// The node's clock is minutes or more from the hub's. Closes by itself when it agrees again.
    Clock,
}

impl AlarmKind {
    /// The name used in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Fork => "fork",
            Self::IdReused => "id_reused",
            Self::BrokenChain => "broken_chain",
            Self::BadSignature => "bad_signature",
            Self::UnknownNode => "unknown_node",
            Self::Misplaced => "misplaced",
            Self::Unreadable => "unreadable",
            Self::BadNumber => "bad_number",
            Self::Unstorable => "unstorable",
            Self::PolicyRefused => "policy_refused",
            Self::Revoked => "revoked",
            Self::Clock => "clock",
        }
    }
}

/// Alarms gathered over a batch.
#[derive(Debug, Default)]
pub(crate) struct Alarms(BTreeMap<(NodeId, AlarmKind), Raised>);

#[derive(Debug)]
struct Raised {
    detail: String,
    count: i64,
}

impl Alarms {
    pub(crate) fn raise(&mut self, node: &NodeId, kind: AlarmKind, detail: String) {
        let raised = self.0.entry((node.clone(), kind)).or_insert(Raised { detail: String::new(), count: 0 });
        raised.detail = detail;
        raised.count += 1;
    }

    /// Writes them. One that was closed opens again.
    pub(crate) async fn write(self, tx: &mut Tx, at: UtcTime) -> Result<(), StoreError> {
        let at = at.as_unix_micros();
        let is_empty = self.0.is_empty();
        let mut insert = Insert::new(
            "insert into alarm (node, kind, detail, first_at, last_at, count)",
            " on conflict (node, kind) do update set detail = excluded.detail, last_at = excluded.last_at, \
             count = alarm.count + excluded.count, closed_at = null",
        );
        for ((node, kind), raised) in &self.0 {
            insert
                .row()
                .push_bind(node.as_str())
                .push_bind(kind.as_str())
                .push_bind(raised.detail.chars().take(DETAIL_CHARS_MAX).collect::<String>())
                .push_bind(at)
                .push_bind(at)
                .push_bind(raised.count);
        }
        insert.execute(tx).await?;
        if !is_empty {
            Query::new(
                "delete from alarm where node not in (select node from node) and (node, kind) not in \
                 (select node, kind from alarm where node not in (select node from node) order by last_at desc limit $1)",
            )
            .bind(STRANGER_ALARMS_MAX)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }
}

/// Opens, renews or closes an alarm about something that lasts. Counts how often it opened.
pub(crate) async fn lasting_set(
    tx: &mut Tx,
    node: &NodeId,
    kind: AlarmKind,
    detail: Option<String>,
    at: UtcTime,
) -> Result<(), StoreError> {
    let at = at.as_unix_micros();
    match detail {
        Some(detail) => {
            Query::new(
                "insert into alarm (node, kind, detail, first_at, last_at, count) values ($1, $2, $3, $4, $5, 1) \
                 on conflict (node, kind) do update set detail = excluded.detail, last_at = excluded.last_at, \
                 count = alarm.count + case when alarm.closed_at is null then 0 else 1 end, closed_at = null",
            )
            .bind(node.as_str())
            .bind(kind.as_str())
            .bind(detail.chars().take(DETAIL_CHARS_MAX).collect::<String>())
            .bind(at)
            .bind(at)
            .execute(tx)
            .await?;
        }
        None => {
            Query::new("update alarm set closed_at = $1 where node = $2 and kind = $3 and closed_at is null")
                .bind(at)
                .bind(node.as_str())
                .bind(kind.as_str())
                .execute(tx)
                .await?;
        }
    }
    Ok(())
}
