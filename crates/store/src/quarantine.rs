//! Messages that could not be taken in: kept apart with the reason, so that one bad message never stops the rest.

use std::collections::{BTreeSet, HashMap};

use domain::{NodeId, UtcTime};
use sha2::{Digest, Sha256};

use crate::db::{Insert, Query, Tx};
use crate::error::StoreError;
use crate::ingest::{Message, Reason};

/// Most rows of one node (or of all topics that name none); beyond it the ones not seen for longest are forgotten.
pub const ROWS_PER_NODE_MAX: i64 = 1_000;

/// Most rows together; beyond it the ones not seen for longest are forgotten.
pub const ROWS_MAX: i64 = 20_000;

/// Most bytes kept of one message; the rest is cut off, its hash and length tell of it.
pub const PAYLOAD_BYTES_MAX: usize = 4 * 1024;

const TOPIC_CHARS_MAX: usize = 200;
const DETAIL_CHARS_MAX: usize = 500;

/// A message and why it was refused.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) message: &'a Message,
    pub(crate) node: Option<NodeId>,
    pub(crate) reason: Reason,
    pub(crate) detail: String,
}

/// All copies of a message in one batch.
struct Row<'a> {
    topic: String,
    hash: String,
    last: &'a Refused<'a>,
    first_at: UtcTime,
    count: i64,
}

/// Writes the refused messages and forgets what is too much.
pub(crate) async fn write(tx: &mut Tx, refused: &[Refused<'_>]) -> Result<(), StoreError> {
    // Copies in one batch are one row: PostgreSQL changes a row only once in a statement. The first of each says where it
    // stands among the others.
    let mut places: HashMap<(String, Reason, String), usize> = HashMap::new();
    let mut rows: Vec<Row<'_>> = Vec::new();
    for refused in refused {
        let Refused { message: Message { topic, payload, received_at }, reason, .. } = refused;
        let topic: String = topic.chars().take(TOPIC_CHARS_MAX).collect();
        let hash = hex::encode(Sha256::digest(payload));
        let place = *places.entry((topic.clone(), *reason, hash.clone())).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(row) => (row.last, row.count) = (refused, row.count + 1),
            None => rows.push(Row { topic, hash, last: refused, first_at: *received_at, count: 1 }),
        }
    }
    let mut insert = Insert::new(
        "insert into quarantine (node, reason, detail, topic, payload, payload_hash, payload_bytes, first_at, last_at, count)",
        " on conflict (topic, reason, payload_hash) do update set \
         detail = excluded.detail, last_at = excluded.last_at, count = quarantine.count + excluded.count",
    );
    for Row { topic, hash, last: Refused { message, node, reason, detail }, first_at, count } in rows {
        let payload = &message.payload;
        insert
            .row()
            .push_bind(node.as_ref().map(NodeId::as_str))
            .push_bind(reason.as_str())
            .push_bind(detail.chars().take(DETAIL_CHARS_MAX).collect::<String>())
            .push_bind(topic)
            .push_bind(&payload[..payload.len().min(PAYLOAD_BYTES_MAX)])
            .push_bind(hash)
            .push_bind(i64::try_from(payload.len()).unwrap_or(i64::MAX))
            .push_bind(first_at.as_unix_micros())
            .push_bind(message.received_at.as_unix_micros())
            .push_bind(count);
    }
    insert.execute(tx).await?;
    let nodes: BTreeSet<_> = refused.iter().map(|refused| refused.node.as_ref()).collect();
    for node in nodes {
        let name = node.map(NodeId::as_str);
        // A missing name is compared with a missing name too.
        Query::new(
            "delete from quarantine where node is not distinct from $1 and id not in \
             (select id from quarantine where node is not distinct from $1 order by last_at desc, id desc limit $2)",
        )
        .bind(name)
        .bind(ROWS_PER_NODE_MAX)
        .execute(&mut *tx)
        .await?;
    }
    if !refused.is_empty() {
        let rows = Query::new("select count(*) from quarantine").fetch_number(&mut *tx).await?;
        if rows > ROWS_MAX {
            Query::new("delete from quarantine where id in (select id from quarantine order by last_at, id limit $1)")
                .bind(rows - ROWS_MAX)
                .execute(&mut *tx)
                .await?;
        }
    }
    Ok(())
}

/// The moment that a batch is booked under: that of its newest message.
pub(crate) fn batch_moment(messages: &[Message]) -> UtcTime {
    messages.iter().map(|message| message.received_at).max().unwrap_or(UtcTime::UNIX_EPOCH)
}
