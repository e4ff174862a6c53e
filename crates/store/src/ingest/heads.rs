//! How far each node's chain is complete.

use std::collections::{BTreeMap, HashMap};

use domain::{NodeId, SiteId, UtcTime};
use wire::{Ack, EventHash, Received};

use crate::alarm::{self, AlarmKind};
use crate::db::{Column, Database, Dialect, Insert, Query, Row, Tx};
use crate::error::StoreError;
use crate::ingest::NodeHead;
use crate::row::{natural, parsed, sql_seq};

/// A receipt for nothing.
const NOTHING: Ack = Ack { committed_seq: 0, committed_hash: EventHash::GENESIS, highest_seq: 0 };

fn ack(row: &Row) -> Result<Ack, StoreError> {
    Ok(Ack {
        committed_seq: natural("an event number", row.try_get("committed_seq")?)?,
        committed_hash: parsed("a hash", row.try_get("committed_hash")?)?,
        highest_seq: natural("an event number", row.try_get("highest_seq")?)?,
    })
}

/// The heads of `nodes`, which are in the order of their names. Until the transaction ends nobody else moves them.
pub(super) async fn lock<'a>(
    tx: &mut Tx,
    nodes: impl ExactSizeIterator<Item = &'a NodeId> + Clone,
) -> Result<HashMap<NodeId, Ack>, StoreError> {
    let count = nodes.len();
    if count == 0 {
        return Ok(HashMap::new());
    }
    let mut heads = read(tx, nodes.clone()).await?;
    if heads.len() < count && tx.dialect() == Dialect::Postgres {
        // What is not there cannot be locked.
        let mut insert = Insert::new(
            "insert into chain_head (node, committed_seq, committed_hash, highest_seq)",
            " on conflict (node) do nothing",
        );
        for node in nodes.clone().filter(|node| !heads.contains_key(*node)) {
            insert
                .row()
                .push_bind(node.as_str())
                .push_bind(0_i64)
                .push_bind(EventHash::GENESIS.to_string())
                .push_bind(0_i64);
        }
        insert.execute(tx).await?;
        heads = read(tx, nodes).await?;
    }
    Ok(heads)
}

async fn read<'a>(tx: &mut Tx, nodes: impl Iterator<Item = &'a NodeId>) -> Result<HashMap<NodeId, Ack>, StoreError> {
    let dialect = tx.dialect();
    let mut query = Query::new("select node, committed_seq, committed_hash, highest_seq from chain_head where node");
    query.push_in(dialect, nodes.map(NodeId::as_str).collect::<Column>());
    query.push(" order by node").push(dialect.for_update());
    let rows = query.fetch_all(tx).await?;
    rows.iter().map(|row| Ok((parsed("a node id", row.try_get("node")?)?, ack(row)?))).collect()
}

/// Moves the heads of `nodes` from where they are over the `fresh` events, which need not be in the log yet, opens and
/// closes their gap alarms, and returns all the heads.
pub(super) async fn advance(
    tx: &mut Tx,
    nodes: BTreeMap<NodeId, SiteId>,
    mut before: HashMap<NodeId, Ack>,
    fresh: impl Iterator<Item = &Received>,
    at: UtcTime,
) -> Result<Vec<NodeHead>, StoreError> {
    let mut fresh_of: BTreeMap<&NodeId, BTreeMap<u64, EventHash>> = BTreeMap::new();
    for event in fresh {
        fresh_of.entry(&event.node).or_default().insert(event.seq, event.hash);
    }
    let mut insert = Insert::new(
        "insert into chain_head (node, committed_seq, committed_hash, highest_seq)",
        " on conflict (node) do update set committed_seq = excluded.committed_seq, \
         committed_hash = excluded.committed_hash, highest_seq = excluded.highest_seq",
    );
    let mut heads = Vec::with_capacity(nodes.len());
    for (node, site) in nodes {
        let before = before.remove(&node).unwrap_or(NOTHING);
        let ack = match fresh_of.get(&node) {
            Some(fresh) => {
                let head = advance_one(tx, &node, before, fresh, at).await?;
                insert
                    .row()
                    .push_bind(node.as_str())
                    .push_bind(sql_seq(head.committed_seq))
                    .push_bind(head.committed_hash.to_string())
                    .push_bind(sql_seq(head.highest_seq));
                head
            }
            None => before,
        };
        heads.push(NodeHead { site, node, ack });
    }
    insert.execute(tx).await?;
    heads.sort_by(|one, other| (&one.site, &one.node).cmp(&(&other.site, &other.node)));
    Ok(heads)
}

async fn advance_one(
    tx: &mut Tx,
    node: &NodeId,
    before: Ack,
    fresh: &BTreeMap<u64, EventHash>,
    at: UtcTime,
) -> Result<Ack, StoreError> {
    let had_gap = before.highest_seq > before.committed_seq;
    let in_log = before.highest_seq;
    let mut head = before;
    if let Some((highest, _)) = fresh.last_key_value() {
        head.highest_seq = head.highest_seq.max(*highest);
    }
    loop {
        while let Some(hash) = fresh.get(&(head.committed_seq + 1)) {
            head.committed_seq += 1;
            head.committed_hash = *hash;
        }
        // Beyond the batch: what came early and waited for it. Where event 1 is missing nothing can be complete.
        if head.committed_seq >= in_log {
            break;
        }
        let Some((seq, hash)) = run_end(tx, node, head.committed_seq).await? else { break };
        (head.committed_seq, head.committed_hash) = (seq, hash);
    }
    if head.highest_seq > head.committed_seq {
        let later = fresh.range(head.committed_seq + 1..).next().map(|(seq, _)| *seq);
        let stored = next_stored(tx, node, head.committed_seq).await?;
        let next = later.into_iter().chain(stored).min().unwrap_or(head.highest_seq);
        let (first, last) = (head.committed_seq + 1, next.saturating_sub(1));
        let detail = if first == last {
            format!("event {first} is missing; the highest here is {}", head.highest_seq)
        } else {
            format!("events {first} to {last} are missing; the highest here is {}", head.highest_seq)
        };
        alarm::lasting_set(tx, node, AlarmKind::Gap, Some(detail), at).await?;
    } else if had_gap {
        alarm::lasting_set(tx, node, AlarmKind::Gap, None, at).await?;
    }
    Ok(head)
}

/// The last event of those that follow event `seq` in the log without a gap; nothing where the next one is missing.
async fn run_end(tx: &mut Tx, node: &NodeId, seq: u64) -> Result<Option<(u64, EventHash)>, StoreError> {
    let row = Query::new(
        "select e.seq, e.hash from event_link e where e.node = $1 and e.seq > $2 \
         and exists (select 1 from event_link next where next.node = $1 and next.seq = $2 + 1) and not exists \
         (select 1 from event_link after where after.node = e.node and after.seq = e.seq + 1) order by e.seq limit 1",
    )
    .bind(node.as_str())
    .bind(sql_seq(seq))
    .fetch_optional(tx)
    .await?;
    row.map(|row| Ok((natural("an event number", row.try_get("seq")?)?, parsed("a hash", row.try_get("hash")?)?)))
        .transpose()
}

async fn next_stored(tx: &mut Tx, node: &NodeId, seq: u64) -> Result<Option<u64>, StoreError> {
    let row = Query::new("select min(seq) as seq from event_link where node = $1 and seq > $2")
        .bind(node.as_str())
        .bind(sql_seq(seq))
        .fetch_one(tx)
        .await?;
    let seq: Option<i64> = row.try_get("seq")?;
    seq.map(|seq| natural("an event number", seq)).transpose()
}

/// The head of every believed node.
pub(super) async fn all(db: &Database) -> Result<Vec<NodeHead>, StoreError> {
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
