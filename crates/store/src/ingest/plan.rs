//! Where a verified event stands towards the log: new, held already, or in the place of another.

use std::collections::{BTreeSet, HashMap};

use domain::NodeId;
use wire::{Ack, EventHash, EventId, Received};

use crate::db::{KEYS_PER_STATEMENT, Query, Row, Tx};
use crate::error::StoreError;
use crate::ingest::Reason;
use crate::row::{named, natural, parsed, sql_seq};

/// Where an event stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Its number is free.
    New,
    /// It is in the log.
    Held,
    /// Its number or its identity belongs to another.
    Refused(Reason, String),
}

/// How it is found out whether an event bears the identity of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identities {
    /// Within the batch by looking, and among all others by the log's index, which refuses the whole batch: nearly none
    /// does, and looking costs as much as much of the rest.
    LeftToTheIndex,
    /// By looking, so that it is known which event it is.
    LookedUp,
}

#[derive(Debug, Clone, Copy)]
struct Link {
    hash: EventHash,
    prev: EventHash,
}

/// The part of the log around a batch: the events with its numbers, those next to them, and those with its identities.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    links: HashMap<NodeId, HashMap<u64, Link>>,
    ids: HashMap<EventId, (NodeId, u64)>,
    heads: HashMap<NodeId, (u64, EventHash)>,
}

/// The numbers of events in the log that have to be looked at before `event` is placed. Beyond the highest of its node there
/// is none, which is where nearly all events belong; and of the last of a complete chain the head tells the hash.
fn numbers_around(event: &Received, head: Option<&Ack>) -> impl Iterator<Item = u64> {
    let (highest, committed) = head.map_or((0, 0), |head| (head.highest_seq, head.committed_seq));
    let before = event.seq.checked_sub(1).filter(move |before| *before != committed);
    [before, Some(event.seq), event.seq.checked_add(1)].into_iter().flatten().filter(move |seq| *seq <= highest)
}

/// Reads the part of the log around `events`, whose nodes' chains stand at `heads`, which nobody else moves meanwhile.
pub(super) async fn neighbours<'a>(
    tx: &mut Tx,
    events: impl Iterator<Item = &'a Received> + Clone,
    heads: &HashMap<NodeId, Ack>,
    identities: Identities,
) -> Result<Neighbours, StoreError> {
    let keys: BTreeSet<(&str, i64)> = events
        .clone()
        .flat_map(|event| numbers_around(event, heads.get(&event.node)).map(|seq| (event.node.as_str(), sql_seq(seq))))
        .collect();
    let heads = heads.iter().map(|(node, head)| (node.clone(), (head.committed_seq, head.committed_hash))).collect();
    let mut log = Neighbours { heads, ..Neighbours::default() };
    let dialect = tx.dialect();
    for chunk in Vec::from_iter(keys).chunks(KEYS_PER_STATEMENT) {
        let mut query = Query::new("select node, seq, id, hash, prev from event_link where (node, seq)");
        let columns = vec![chunk.iter().map(|key| key.0).collect(), chunk.iter().map(|key| key.1).collect()];
        query.push_in_rows(dialect, columns);
        for row in query.fetch_all(&mut *tx).await? {
            log.read(&row)?;
        }
    }
    let ids: Vec<String> = match identities {
        Identities::LeftToTheIndex => Vec::new(),
        Identities::LookedUp => events.map(|event| event.id.to_string()).collect(),
    };
    for chunk in ids.chunks(KEYS_PER_STATEMENT) {
        for row in dialect.links_by_id(chunk.iter().collect()).fetch_all(&mut *tx).await? {
            log.read(&row)?;
        }
    }
    Ok(log)
}

impl Neighbours {
    fn read(&mut self, row: &Row) -> Result<(), StoreError> {
        let key: (NodeId, u64) =
            (parsed("a node id", row.try_get("node")?)?, natural("an event number", row.try_get("seq")?)?);
        let link =
            Link { hash: parsed("a hash", row.try_get("hash")?)?, prev: parsed("a hash", row.try_get("prev")?)? };
        self.ids.insert(named("an identity", row.try_get("id")?)?, key.clone());
        self.links.entry(key.0).or_default().insert(key.1, link);
        Ok(())
    }

    fn link(&self, node: &NodeId, seq: u64) -> Option<&Link> {
        self.links.get(node)?.get(&seq)
    }

    fn head(&self, node: &NodeId) -> Option<(u64, EventHash)> {
        self.heads.get(node).copied()
    }

    /// The hash of an event, also of the last one of a complete chain whose part of the log was dropped.
    fn hash(&self, node: &NodeId, seq: u64) -> Option<EventHash> {
        let of_head = || self.head(node).filter(|(committed, _)| *committed == seq).map(|(_, hash)| hash);
        self.link(node, seq).map(|link| link.hash).or_else(of_head)
    }

    /// Where `event` stands.
    pub(super) fn place(&self, event: &Received) -> Place {
        let Received { id, node, seq, hash, .. } = event;
        match self.link(node, *seq) {
            Some(link) if link.hash == *hash => return Place::Held,
            Some(link) => {
                let detail = format!("event {seq} is here with hash {}, now it came with hash {hash}", link.hash);
                return Place::Refused(Reason::Fork, detail);
            }
            // Its part of the log was dropped.
            None if self.head(node).is_some_and(|(committed, _)| committed >= *seq) => return Place::Held,
            None => {}
        }
        match self.ids.get(id) {
            Some((holder, at)) => {
                let detail = format!("event {seq} has the id {id} of event {at} of node \"{holder}\"");
                Place::Refused(Reason::IdReused, detail)
            }
            None => Place::New,
        }
    }

    /// Takes in a new event of the batch, so that the rest of the batch sees it.
    pub(super) fn add(&mut self, event: &Received) {
        let link = Link { hash: event.hash, prev: event.prev };
        self.ids.insert(event.id, (event.node.clone(), event.seq));
        match self.links.get_mut(&event.node) {
            Some(links) => drop(links.insert(event.seq, link)),
            None => drop(self.links.insert(event.node.clone(), HashMap::from([(event.seq, link)]))),
        }
    }

    /// What is wrong between a new event and those next to it, once the whole batch was added.
    pub(super) fn broken_link(&self, event: &Received) -> Option<String> {
        let Received { node, seq, hash, prev, .. } = event;
        if *seq == 1 {
            if *prev != EventHash::GENESIS {
                return Some(format!("event 1 names {prev} as the one before it; the first has none"));
            }
        } else if let Some(before) = self.hash(node, seq - 1)
            && before != *prev
        {
            return Some(format!("event {seq} names {prev} as the one before it, which is {before}"));
        }
        match self.link(node, seq + 1) {
            Some(after) if after.prev != *hash => {
                Some(format!("event {} names {} as the one before it, which is {hash}", seq + 1, after.prev))
            }
            Some(_) | None => None,
        }
    }
}
