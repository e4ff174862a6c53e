//! Messages of nodes: bytes that were changed on the way, contents that were changed and signed anew by a node that turned.
//!
//! What must hold: reading never panics; taking a batch in never fails; what is in the log of an honest node is exactly what
//! it said, once; whatever a node that turned said and got in leaves the log sound but for its own chain, which is told of, and
//! the log can be folded again.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{NodeId, SiteId, UtcTime};
use serde_json::Value;
use store::{Finding, Message, Outcome, RegisteredNode, Store, StoredEvent};
use tokio::runtime::Runtime;
use wire::{Channel, Envelope, Event, EventHash, NodeKey, NodeTopic, Received, Unsealed};

use super::{Report, Until, mutate};
use crate::dice::Dice;
use crate::traffic::happenings;
use crate::wait::now;

/// What a signature is over: this, then the canonical JSON without `sig`.
const SIGNED_PREFIX: &[u8] = b"gatehouse-event-v1\n";

/// Messages of a batch.
const BATCH: u64 = 32;

/// Rows read at a time.
const PAGE_ROWS: u32 = 1_000;

/// A node and what it says.
struct Speaker {
    site: SiteId,
    node: NodeId,
    key: NodeKey,
    said: Vec<Vec<u8>>,
}

impl Speaker {
    fn new(name: &str, seed: u8, events: &[Event]) -> Self {
        let (site, node) = (SiteId::new("fuzz").expect("a slug"), NodeId::new(name).expect("a slug"));
        let key = NodeKey::from_seed([seed; 32]);
        let (mut said, mut prev) = (Vec::new(), EventHash::GENESIS);
        for (event, seq) in events.iter().zip(1..) {
            let place = Unsealed { site: &site, node: &node, seq, prev };
            let sealed = Envelope::seal(&key, &place, event).expect("it seals");
            prev = sealed.hash();
            said.push(sealed.as_bytes().to_vec());
        }
        Self { site, node, key, said }
    }

    fn topic(&self) -> String {
        let Self { site, node, .. } = self;
        NodeTopic { site: site.clone(), node: node.clone(), channel: Channel::Event }.to_string()
    }

    fn registration(&self) -> RegisteredNode {
        let (site, node, key) = (self.site.clone(), self.node.clone(), self.key.public());
        RegisteredNode { site, node, key, added_at: now(), added_by: "fuzz".to_owned() }
    }

    /// One of its messages, changed and signed anew.
    fn turned(&self, dice: &mut Dice) -> Vec<u8> {
        let said = &self.said[dice.index(self.said.len())];
        let mut value: Value = serde_json::from_slice(said).expect("it is JSON");
        for _ in 0..=dice.below(3) {
            mutate::json(dice, &mut value);
        }
        let Some(members) = value.as_object_mut() else { return value.to_string().into_bytes() };
        members.remove("sig");
        let mut signed = SIGNED_PREFIX.to_vec();
        if serde_json_canonicalizer::to_writer(&members, &mut signed).is_ok() {
            let sig = serde_json::to_value(self.key.sign(&signed)).expect("a text");
            members.insert("sig".to_owned(), sig);
        }
        value.to_string().into_bytes()
    }
}

/// Runs it.
///
/// # Panics
/// Where there is no disk to work on.
pub fn envelopes(seed: u64, until: Until) -> Report {
    let began = Instant::now();
    let mut dice = Dice::new(seed);
    // Of two days, so that no identity is another node's: those are drawn by each node and told to nobody before.
    let honest = Speaker::new("honest", 1, &a_day(seed));
    let turned = Speaker::new("turned", 2, &a_day(seed.wrapping_add(1)));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = Runtime::new().expect("a run time");
    let mut report = Report::default();
    runtime.block_on(async {
        let store =
            Store::open(folder.path().join("hub.db").as_path(), &folder.path().join("blobs")).await.expect("a store");
        for node in [&honest, &turned] {
            store.node_insert(&node.registration()).await.expect("a new node");
        }
        let mut next = 0;
        while !until.is_over(began, report.tries) {
            let mut batch = Vec::new();
            for _ in 0..BATCH {
                let message = message(&mut dice, &honest, &turned, &mut next);
                batch.push(message);
            }
            take(&store, batch.into(), &mut report).await;
        }
        // What was not said yet, and everything once more.
        for said in [&honest.said[next.min(honest.said.len())..], &honest.said[..]] {
            for part in said.chunks(PAGE_ROWS as usize) {
                let message =
                    |said: &Vec<u8>| Message { topic: honest.topic(), payload: said.clone(), received_at: now() };
                take(&store, part.iter().map(message).collect(), &mut report).await;
            }
        }
        judge(&store, &honest, &mut report).await;
        store.close().await;
    });
    report
}

/// Gives a hub that does not run yet a node with a day of events.
///
/// # Panics
/// Where there is no disk to work on.
pub(super) fn fill(db: &Path, blobs: &Path, seed: u64) {
    let node = Speaker::new("honest", 1, &a_day(seed));
    let runtime = Runtime::new().expect("a run time");
    runtime.block_on(async {
        let store = Store::open(db, blobs).await.expect("a store");
        store.node_insert(&node.registration()).await.expect("a new node");
        let message = |said: &Vec<u8>| Message { topic: node.topic(), payload: said.clone(), received_at: now() };
        store.ingest(node.said.iter().map(message).collect()).await.expect("it is taken in");
        store.close().await;
    });
}

/// What happened at a gate in the last day.
fn a_day(seed: u64) -> Vec<Event> {
    let day = Duration::from_secs(24 * 3_600);
    let begin = now().as_unix_micros() - i64::try_from(day.as_micros()).expect("a day");
    let begin = UtcTime::from_unix_micros(begin).expect("this century");
    happenings(begin, day, 200, seed).into_iter().map(|one| one.event).collect()
}

fn message(dice: &mut Dice, honest: &Speaker, turned: &Speaker, next: &mut usize) -> Message {
    let changed = |dice: &mut Dice| {
        let mut bytes = honest.said[dice.index(honest.said.len())].clone();
        mutate::bytes(dice, &mut bytes, &turned.said[0]);
        bytes
    };
    let (topic, payload) = match dice.below(8) {
        0 if *next < honest.said.len() => {
            *next += 1;
            (honest.topic(), honest.said[*next - 1].clone())
        }
        0..=2 => (honest.topic(), changed(dice)),
        3 => (turned.topic(), honest.said[dice.index(honest.said.len())].clone()),
        4 => (mutate::odd_text(dice), changed(dice)),
        _ => (turned.topic(), turned.turned(dice)),
    };
    Message { topic, payload, received_at: now() }
}

async fn take(store: &Store, batch: Arc<[Message]>, report: &mut Report) {
    for message in batch.iter() {
        report.tries += 1;
        let text = || String::from_utf8_lossy(&message.payload).into_owned();
        if catch_unwind(AssertUnwindSafe(|| Received::parse(&message.payload).map(drop))).is_err() {
            report.failed("reading it panicked", &text());
        }
    }
    match store.ingest(Arc::clone(&batch)).await {
        Ok(outcome) => {
            for one in &outcome.outcomes {
                report.fate(match one {
                    Outcome::Stored => "stored".to_owned(),
                    Outcome::Duplicate => "held already".to_owned(),
                    Outcome::Quarantined(reason) => format!("refused: {}", reason.as_str()),
                });
            }
        }
        Err(error) => {
            let all: Vec<_> = batch.iter().map(|message| String::from_utf8_lossy(&message.payload)).collect();
            report.failed(&format!("the batch failed: {error}"), &all.join("\n"));
        }
    }
}

async fn judge(store: &Store, honest: &Speaker, report: &mut Report) {
    let log = whole_log(store).await;
    let mine: Vec<_> = log.iter().filter(|event| event.node == honest.node).collect();
    let said: BTreeSet<_> = honest.said.iter().map(|said| Received::parse(said).expect("its own").hash).collect();
    let held: BTreeSet<_> = mine.iter().map(|event| event.hash).collect();
    if mine.len() != said.len() || held != said {
        let what = format!("{} events of the honest node are in the log, it said {}", mine.len(), said.len());
        report.failed(&what, "");
    }
    let verified = store.verify().await.expect("the log is read");
    // Who signs what names no event before it has broken his own chain, and nobody else's.
    let is_its_own = |one: &&Finding| {
        one.place.contains("\"turned\"") && one.what.contains("does not name the hash of the event before")
    };
    for finding in verified.findings.iter().filter(|one| !is_its_own(one)) {
        report.failed(&format!("the log is not sound: {}: {}", finding.place, finding.what), "");
    }
    if let Err(error) = store.rebuild().await {
        report.failed(&format!("the log cannot be folded again: {error}"), "");
    }
}

async fn whole_log(store: &Store) -> Vec<StoredEvent> {
    let mut log: Vec<StoredEvent> = Vec::new();
    loop {
        let after = log.last().map_or(0, |event| event.pos);
        let page = store.events_after(after, PAGE_ROWS).await.expect("the log is read");
        if page.is_empty() {
            return log;
        }
        log.extend(page);
    }
}
