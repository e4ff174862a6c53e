//! Messages that could not be taken in: kept apart with the reason, so that one bad message never stops the rest.

use std::collections::BTreeSet;

use domain::{NodeId, UtcTime};
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, SqliteConnection};

use crate::Db;
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
const ROWS_PER_STATEMENT: usize = 100;

/// A message and why it was refused.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) message: &'a Message,
    pub(crate) node: Option<NodeId>,
    pub(crate) reason: Reason,
    pub(crate) detail: String,
}

/// Writes the refused messages and forgets what is too much.
pub(crate) async fn write(tx: &mut SqliteConnection, refused: &[Refused<'_>]) -> Result<(), StoreError> {
    for chunk in refused.chunks(ROWS_PER_STATEMENT) {
        let mut query = QueryBuilder::<Db>::new(
            "insert into quarantine (node, reason, detail, topic, payload, payload_hash, payload_bytes, first_at, last_at, count) ",
        );
        query.push_values(chunk, |mut row, refused| {
            let Refused { message: Message { topic, payload, received_at }, node, reason, detail } = refused;
            let at = received_at.as_unix_micros();
            row.push_bind(node.as_ref().map(|node| node.as_str().to_owned()))
                .push_bind(reason.as_str())
                .push_bind(detail.chars().take(DETAIL_CHARS_MAX).collect::<String>())
                .push_bind(topic.chars().take(TOPIC_CHARS_MAX).collect::<String>())
                .push_bind(payload[..payload.len().min(PAYLOAD_BYTES_MAX)].to_vec())
                .push_bind(hex::encode(Sha256::digest(payload)))
                .push_bind(i64::try_from(payload.len()).unwrap_or(i64::MAX))
                .push_bind(at)
                .push_bind(at)
                .push_bind(1_i64);
        });
        query.push(
            " on conflict (topic, reason, payload_hash) do update set \
             detail = excluded.detail, last_at = excluded.last_at, count = quarantine.count + 1",
        );
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    let nodes: BTreeSet<_> = refused.iter().map(|refused| refused.node.as_ref()).collect();
    for node in nodes {
        let name = node.map(NodeId::as_str);
        // `is` compares a missing name with a missing name too; PostgreSQL writes it `is not distinct from`.
        sqlx::query(
            "delete from quarantine where node is ? and id not in \
             (select id from quarantine where node is ? order by last_at desc, id desc limit ?)",
        )
        .bind(name)
        .bind(name)
        .bind(ROWS_PER_NODE_MAX)
        .execute(&mut *tx)
        .await?;
    }
    if !refused.is_empty() {
        let rows: i64 = sqlx::query_scalar("select count(*) from quarantine").fetch_one(&mut *tx).await?;
        if rows > ROWS_MAX {
            sqlx::query("delete from quarantine where id in (select id from quarantine order by last_at, id limit ?)")
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
