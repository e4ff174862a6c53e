//! Writing new events and moving the chain heads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{NodeId, SiteId, UtcTime};
use wire::{Ack, EventHash, Received};

use crate::alarm;
use crate::db::{Database, Insert, Query, Row, Tx};
use crate::error::StoreError;
use crate::ingest::{Message, NodeHead, received_at};
use crate::row::{natural, parsed, sql_seq, to_json};

/// Writes events and returns the place in the log of each.
pub(super) async fn events(
    tx: &mut Tx,
    fresh: &[(usize, Received)],
    batch: &[Message],
) -> Result<Vec<u64>, StoreError> {
    let mut places: HashMap<(String, i64), u64> = HashMap::with_capacity(fresh.len());
    let (into, conflict) = tx.dialect().log_insert();
    let mut insert = Insert::new(into, conflict);
    for (index, event) in fresh {
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
    for row in insert.fetch_all(tx).await? {
        let pos = natural("a place in the log", row.try_get("pos")?)?;
        places.insert((row.try_get("node")?, row.try_get("seq")?), pos);
    }
    Ok(fresh.iter().map(|(_, event)| places[&(event.node.to_string(), sql_seq(event.seq))]).collect())
}

fn ack(row: &Row) -> Result<Ack, StoreError> {
    Ok(Ack {
        committed_seq: natural("an event number", row.try_get("committed_seq")?)?,
        committed_hash: parsed("a hash", row.try_get("committed_hash")?)?,
        highest_seq: natural("an event number", row.try_get("highest_seq")?)?,
    })
}

const NOTHING: Ack = Ack { committed_seq: 0, committed_hash: EventHash::GENESIS, highest_seq: 0 };

/// Moves the heads of `nodes` over the `fresh` events, opens and closes their gap alarms, and returns all the heads.
pub(super) async fn heads(
    tx: &mut Tx,
    nodes: &BTreeSet<(SiteId, NodeId)>,
    fresh: impl Iterator<Item = &Received>,
    at: UtcTime,
) -> Result<Vec<NodeHead>, StoreError> {
    let mut fresh_of: BTreeMap<&NodeId, BTreeMap<u64, EventHash>> = BTreeMap::new();
    for event in fresh {
        fresh_of.entry(&event.node).or_default().insert(event.seq, event.hash);
    }
    let mut heads = Vec::with_capacity(nodes.len());
    for (site, node) in nodes {
        let row = Query::new("select committed_seq, committed_hash, highest_seq from chain_head where node = $1")
            .bind(node.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let before = row.as_ref().map(ack).transpose()?.unwrap_or(NOTHING);
        let ack = match fresh_of.get(node) {
            Some(fresh) => head_move(tx, node, before, fresh, at).await?,
            None => before,
        };
        heads.push(NodeHead { site: site.clone(), node: node.clone(), ack });
    }
    Ok(heads)
}

async fn head_move(
    tx: &mut Tx,
    node: &NodeId,
    before: Ack,
    fresh: &BTreeMap<u64, EventHash>,
    at: UtcTime,
) -> Result<Ack, StoreError> {
    let mut head = before.clone();
    if let Some((highest, _)) = fresh.last_key_value() {
        head.highest_seq = head.highest_seq.max(*highest);
    }
    while let Some(hash) = fresh.get(&(head.committed_seq + 1)) {
        head.committed_seq += 1;
        head.committed_hash = *hash;
    }
    // Beyond the batch: what came early and waited for it. Where event 1 is missing nothing can be complete.
    if head.committed_seq > before.committed_seq && head.committed_seq < head.highest_seq {
        let row = Query::new(
            "select seq, hash from event_link e where node = $1 and seq >= $2 and not exists \
             (select 1 from event_link after where after.node = e.node and after.seq = e.seq + 1) order by seq limit 1",
        )
        .bind(node.as_str())
        .bind(sql_seq(head.committed_seq))
        .fetch_one(&mut *tx)
        .await?;
        head.committed_seq = natural("an event number", row.try_get("seq")?)?;
        head.committed_hash = parsed("a hash", row.try_get("hash")?)?;
    }
    Query::new(
        "insert into chain_head (node, committed_seq, committed_hash, highest_seq) values ($1, $2, $3, $4) \
         on conflict (node) do update set committed_seq = excluded.committed_seq, \
         committed_hash = excluded.committed_hash, highest_seq = excluded.highest_seq",
    )
    .bind(node.as_str())
    .bind(sql_seq(head.committed_seq))
    .bind(head.committed_hash.to_string())
    .bind(sql_seq(head.highest_seq))
    .execute(&mut *tx)
    .await?;
    let had_gap = before.highest_seq > before.committed_seq;
    if head.highest_seq > head.committed_seq {
        let next = Query::new("select min(seq) from event_link where node = $1 and seq > $2")
            .bind(node.as_str())
            .bind(sql_seq(head.committed_seq))
            .fetch_number(&mut *tx)
            .await?;
        let (first, last) = (head.committed_seq + 1, natural("an event number", next)?.saturating_sub(1));
        let detail = if first == last {
            format!("event {first} is missing; the highest here is {}", head.highest_seq)
        } else {
            format!("events {first} to {last} are missing; the highest here is {}", head.highest_seq)
        };
        alarm::lasting_set(tx, node, alarm::AlarmKind::Gap, Some(detail), at).await?;
    } else if had_gap {
        alarm::lasting_set(tx, node, alarm::AlarmKind::Gap, None, at).await?;
    }
    Ok(head)
}

/// The head of every believed node.
pub(super) async fn all_heads(db: &Database) -> Result<Vec<NodeHead>, StoreError> {
    let rows = Query::new(
        "select node.site, node.node, chain_head.node as started, committed_seq, committed_hash, highest_seq \
         from node left join chain_head on chain_head.node = node.node order by node.site, node.node",
    )
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            let started: Option<&str> = row.try_get("started")?;
            Ok(NodeHead {
                site: parsed("a site id", row.try_get("site")?)?,
                node: parsed("a node id", row.try_get("node")?)?,
                ack: if started.is_some() { ack(row)? } else { NOTHING },
            })
        })
        .collect()
}
