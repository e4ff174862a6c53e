//! Adding new events at the end of the log.

use std::collections::HashMap;

use wire::Received;

use crate::db::{Dialect, Insert, Query, Tx};
use crate::error::StoreError;
use crate::ingest::{Message, received_at};
use crate::row::{natural, sql_seq, to_json};
use crate::signal::log_end_take;

/// The rows of these events, each with its place in the batch.
pub(super) fn rows(
    dialect: Dialect,
    events: &[(usize, Box<Received>)],
    batch: &[Message],
) -> Result<Insert, StoreError> {
    let (into, conflict) = dialect.log_insert();
    let mut insert = Insert::new(into, conflict);
    for (index, event) in events {
        insert
            .row()
            .push_bind(event.node.as_str())
            .push_bind(sql_seq(event.seq))
            .push_bind(event.id.to_string())
            .push_bind(event.site.as_str())
            .push_bind(&event.kind)
            .push_bind(event.at.as_unix_micros())
            .push_bind(to_json("a clock", &event.clock)?)
            .push_bind(event.hash.to_string())
            .push_bind(event.prev.to_string())
            .push_bind(event.canonical())
            .push_bind(event.sig().to_string())
            .push_bind(received_at(batch, *index).as_unix_micros());
    }
    Ok(insert)
}

/// Writes the rows of `fresh` and returns the place in the log of each. Behind everything else in PostgreSQL, where the end of
/// the log is held from then on; before it in SQLite, which has one writer, and would look for what refers to an event at
/// each that comes behind it.
pub(super) async fn events(
    tx: &mut Tx,
    rows: Insert,
    fresh: &[(usize, Box<Received>)],
) -> Result<Vec<u64>, StoreError> {
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    log_end_take(tx).await?;
    if tx.dialect() == Dialect::Sqlite {
        // One writer, and rows get their places in their order.
        rows.execute(&mut *tx).await?;
        let last = natural("a place in the log", Query::new("select max(pos) from event").fetch_number(tx).await?)?;
        return Ok((last + 1 - fresh.len() as u64..=last).collect());
    }
    let rows = rows.fetch_all(tx).await?;
    let mut places: HashMap<(&str, i64), u64> = HashMap::with_capacity(fresh.len());
    for row in &rows {
        let pos = natural("a place in the log", row.try_get("pos")?)?;
        places.insert((row.try_get("node")?, row.try_get("seq")?), pos);
    }
    Ok(fresh.iter().map(|(_, event)| places[&(event.node.as_str(), sql_seq(event.seq))]).collect())
}
