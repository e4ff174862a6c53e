//! Checking that the database still says what the nodes signed.

use std::collections::HashMap;

use domain::NodeId;
use wire::{EventHash, Received};

use crate::db::{Dialect, Query};
use crate::error::{StoreError, in_words};
use crate::open::Store;
use crate::row::natural;

const PAGE_EVENTS: i64 = 1_000;

/// Most findings listed; further ones are only counted.
pub const FINDINGS_MAX: usize = 100;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: a table, or a node and event.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// What a check of the whole database found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Events looked at.
    pub events: u64,
    /// How much is wrong.
    pub findings_total: u64,
    /// The first [`FINDINGS_MAX`] of it.
    pub findings: Vec<Finding>,
}

impl Verified {
    fn note(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { place: place.into(), what: what.into() });
        }
    }
}

impl Store {
    /// Reads the whole database: whether SQLite finds its file sound, every event has the hash and the signature that it
    /// should have, every chain holds together, and every head is where the log puts it.
    pub async fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        if self.inner.db.dialect() == Dialect::Sqlite {
            let verdicts = Query::new("pragma integrity_check(100)").fetch_texts(&self.inner.db).await?;
            for verdict in verdicts.iter().filter(|verdict| *verdict != "ok") {
                verified.note("database", verdict);
            }
        }
        self.events_verify(&mut verified).await?;
        Ok(verified)
    }

    async fn events_verify(&self, verified: &mut Verified) -> Result<(), StoreError> {
        let keys: HashMap<NodeId, _> = self.node_list().await?.into_iter().map(|node| (node.node, node.key)).collect();
        let mut tails: HashMap<NodeId, (u64, EventHash)> = HashMap::new();
        let mut complete: HashMap<NodeId, (u64, EventHash)> = HashMap::new();
        // Chains begin in the middle where old months were dropped.
        let is_partial = self.log_dropped().await?.iter().any(|month| month.events > 0);
        let mut last = (String::new(), 0_i64);
        loop {
            let rows = Query::new(self.inner.db.dialect().events_by_node())
                .bind(&last.0)
                .bind(last.1)
                .bind(PAGE_EVENTS)
                .fetch_all(&self.inner.db)
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                last = (row.try_get("node")?, row.try_get("seq")?);
                let place = format!("event {} of node \"{}\"", last.1, last.0);
                verified.events += 1;
                let event = match received(row.try_get("body")?, row.try_get("sig")?) {
                    Ok(event) => event,
                    Err(what) => {
                        verified.note(place, what);
                        continue;
                    }
                };
                if event.hash.to_string() != row.try_get::<&str>("hash")? {
                    verified.note(&place, "its body does not have its hash");
                }
                if (event.node.as_str(), event.seq) != (last.0.as_str(), natural("an event number", last.1)?) {
                    verified.note(&place, "its body names another node or number");
                }
                if !keys.get(&event.node).is_some_and(|key| event.verify(key)) {
                    verified.note(&place, "its signature is not the node's");
                }
                let before = match tails.get(&event.node) {
                    Some((seq, hash)) if seq + 1 == event.seq => Some(*hash),
                    None if event.seq == 1 => Some(EventHash::GENESIS),
                    Some(_) | None => None,
                };
                if before.is_some_and(|hash| hash != event.prev) {
                    verified.note(&place, "it does not name the hash of the event before it");
                }
                let next = complete.get(&event.node).map_or(if is_partial { event.seq } else { 1 }, |(seq, _)| seq + 1);
                if event.seq == next {
                    complete.insert(event.node.clone(), (event.seq, event.hash));
                }
                tails.insert(event.node.clone(), (event.seq, event.hash));
            }
        }
        for head in self.heads().await? {
            let (seq, hash) = complete.get(&head.node).copied().unwrap_or((0, EventHash::GENESIS));
            let highest = tails.get(&head.node).map_or(0, |(seq, _)| *seq);
            let ack = &head.ack;
            if is_partial && (highest == 0 || ack.committed_seq < seq || ack.highest_seq > highest) {
                continue;
            }
            if (ack.committed_seq, ack.committed_hash, ack.highest_seq) != (seq, hash, highest) {
                let what =
                    format!("it says {} of {}, the log says {seq} of {highest}", ack.committed_seq, ack.highest_seq);
                verified.note(format!("head of node \"{}\"", head.node), what);
            }
        }
        Ok(())
    }
}

/// The envelope as it came, from the body and the signature beside it.
fn received(body: &str, sig: &str) -> Result<Received, String> {
    let mut value: serde_json::Value =
        serde_json::from_str(body).map_err(|error| format!("its body is not JSON: {error}"))?;
    let Some(members) = value.as_object_mut() else { return Err("its body is not a JSON object".to_owned()) };
    members.insert("sig".to_owned(), sig.into());
    Received::parse(value.to_string().as_bytes()).map_err(|error| in_words(&error))
}
