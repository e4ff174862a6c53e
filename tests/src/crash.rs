//! The campaign of kills: `kill -9` of the edge, of the hub and of the broker, each at many seeded moments while events
//! are made, and then the question whether the hub's log holds every event exactly once.
//!
//! The edge rehearses an observation log, so that everything behind the detector is real: gates, signing, outbox,
//! MQTT, Mosquitto, ingest. A killed program is started again at once, and the next kill comes 30 to 400 ms later, so
//! that many kills fall into the start of a program, into its reconnection, or between a commit and its
//! acknowledgement.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use domain::NodeId;
use store::{CountBucket, CountRow, CountsFilter, Store, StoredEvent};
use wire::{EventHash, EventId, Payload};

use crate::edge::{self, NODE, Plan};
use crate::hub::{self, Hub};
use crate::process::Process;
use crate::rehearsal::{self, Pace};
use crate::site::Site;
use crate::wait::eventually;

/// Time between a restart and the next kill, in milliseconds.
const MOMENT_MS: std::ops::RangeInclusive<u64> = 30..=400;

/// Two walkers a frame, one in each direction: 100 events a second.
const FRAME: Duration = Duration::from_millis(20);

/// Walkers in a round of the log; it is rehearsed over and over.
const WALKERS: usize = 1_000;

/// Longer than a campaign: how long the log without walkers rests.
const REST: Duration = Duration::from_secs(24 * 3600);

/// Starts of the edge after the last kill, until its outbox is empty. One is enough unless the machine is very busy.
const SETTLING_STARTS_MAX: u32 = 6;

/// How long the edge may take to let go of what the hub has confirmed; doubles with each start.
const RECEIPT_AFTER: Duration = Duration::from_millis(250);

/// Events read from the hub's log at a time.
const PAGE: u32 = 1_000;

/// Most rows of a list that are read.
const ROWS_MAX: u32 = 500;

/// A program that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    /// `gatehouse-edge`.
    Edge,
    /// `gatehouse-hub`.
    Hub,
    /// Mosquitto.
    Broker,
}

impl Victim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Edge, Self::Hub, Self::Broker];

    /// Its name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "gatehouse-edge",
            Self::Hub => "gatehouse-hub",
            Self::Broker => "mosquitto",
        }
    }
}

/// How often to kill, and when.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// Kills of each program.
    pub kills: u32,
    /// What the order and the moments are drawn from.
    pub seed: u64,
}

/// Kills of one program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kills {
    /// All.
    pub total: u32,
    /// Of these, kills of a program that did its work already: an edge that had kept events, a hub that served, a
    /// broker that listened. The others fell into its start.
    pub at_work: u32,
}

/// What came of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Kills by program.
    pub kills: BTreeMap<Victim, Kills>,
    /// Events that the hub had committed when the last kill was over: what was delivered under fire.
    pub committed_under_fire: u64,
    /// Events that the edge told of, each after it was safe.
    pub told: usize,
    /// Events in the hub's log. More than were told: starts of the program, and what a kill kept from being told.
    pub stored: usize,
    /// Events that were told and are not in the hub's log.
    pub lost: Vec<EventId>,
    /// Events that are in the hub's log more than once.
    pub doubled: Vec<EventId>,
    /// Passages in the hub's log, and the sum of the hub's counts.
    pub passages: (u64, u64),
    /// Everything else that is not as it should be.
    pub findings: Vec<String>,
    /// Time from the first start to the last kill.
    pub under_fire: Duration,
    /// Time from there to the hub's last receipt.
    pub settling: Duration,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.doubled.is_empty()
            && self.findings.is_empty()
            && self.passages.0 == self.passages.1
            && self.told > 0
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:<44} {:>8} {:>8}", "", "kills", "at work")?;
        for (victim, kills) in &self.kills {
            writeln!(f, "{:<44} {:>8} {:>8}", victim.as_str(), kills.total, kills.at_work)?;
        }
        let passages = format!("{} / {}", self.passages.0, self.passages.1);
        for (name, value) in [
            ("events told by the edge", self.told.to_string()),
            ("events in the hub's log", self.stored.to_string()),
            ("  of these before the last kill", self.committed_under_fire.to_string()),
            ("lost", self.lost.len().to_string()),
            ("doubled", self.doubled.len().to_string()),
            ("passages in the log / in the counts", passages),
            (
                "chain, counts after a rebuild, alarms",
                if self.findings.is_empty() { "sound" } else { "NOT SOUND" }.into(),
            ),
            ("under fire, s", format!("{:.1}", self.under_fire.as_secs_f64())),
            ("settling, s", format!("{:.1}", self.settling.as_secs_f64())),
        ] {
            writeln!(f, "{name:<44} {value:>8}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}

/// Numbers that look random and are the same for the same seed (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; the slight preference of small numbers does not matter here.
    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn moment(&mut self) -> Duration {
        Duration::from_millis(MOMENT_MS.start() + self.below(MOMENT_MS.end() - MOMENT_MS.start() + 1))
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1);
            items.swap(last, usize::try_from(other).expect("below a length"));
        }
    }
}

/// The programs under fire.
struct Front {
    site: Site,
    hub: Hub,
    edge: Process,
    busy: PathBuf,
    quiet: PathBuf,
    edge_starts: u32,
    report: Report,
}

/// Runs a campaign; tells `progress` of each kill.
///
/// # Panics
/// Where a program cannot be started, or does not come back after the last kill.
pub fn campaign(campaign: Campaign, mut progress: impl FnMut(u32, Victim)) -> Report {
    let mut dice = Dice(campaign.seed);
    let mut victims: Vec<_> = Victim::ALL.into_iter().flat_map(|v| (0..campaign.kills).map(move |_| v)).collect();
    dice.shuffle(&mut victims);
    let began = Instant::now();
    let mut front = Front::start();
    let mut restarted = Instant::now();
    for (number, victim) in (1..).zip(victims) {
        // tidy: sleep is what draws the moment of the kill; nothing is waited for
        std::thread::sleep(dice.moment().saturating_sub(restarted.elapsed()));
        front.kill(victim);
        front.start_again(victim);
        restarted = Instant::now();
        progress(number, victim);
    }
    front.report.under_fire = began.elapsed();
    front.settle();
    front.judge()
}

impl Front {
    fn start() -> Self {
        let site = Site::new();
        let (walkers, nobody) = (site.path("walkers.jsonl"), site.path("nobody.jsonl"));
        let pace = Pace { frame: FRAME, every: 1, rest: Duration::ZERO };
        rehearsal::write(&walkers, &rehearsal::crowd(WALKERS), pace);
        rehearsal::write(&nobody, &[], Pace { rest: REST, ..pace });
        let busy = site.plan(&Plan::new(walkers, "rehearse", rehearsal::PROFILE), "busy");
        let quiet = site.plan(&Plan::new(nobody, "rehearse", rehearsal::PROFILE), "quiet");
        site.believe(&busy);
        let hub = site.hub();
        let edge = site.node(None, &busy, &site.path("events-0.jsonl"));
        Self { site, hub, edge, busy, quiet, edge_starts: 1, report: Report::default() }
    }

    fn events_file(&self, start: u32) -> PathBuf {
        self.site.path(&format!("events-{start}.jsonl"))
    }

    fn is_at_work(&mut self, victim: Victim) -> bool {
        match victim {
            Victim::Edge => {
                let events = std::fs::metadata(self.events_file(self.edge_starts - 1));
                events.is_ok_and(|file| file.len() > 0)
            }
            Victim::Hub => self.hub.listens(),
            Victim::Broker => self.site.broker.listens(),
        }
    }

    fn process(&mut self, victim: Victim) -> &mut Process {
        match victim {
            Victim::Edge => &mut self.edge,
            Victim::Hub => &mut self.hub.process,
            Victim::Broker => self.site.broker.process(),
        }
    }

    fn kill(&mut self, victim: Victim) {
        self.note_the_dead();
        let at_work = self.is_at_work(victim);
        let process = self.process(victim);
        if process.ended().is_none() {
            process.kill();
        }
        let kills = self.report.kills.entry(victim).or_default();
        kills.total += 1;
        kills.at_work += u32::from(at_work);
    }

    /// Nobody but us ends a program: one that ended by itself has failed.
    fn note_the_dead(&mut self) {
        for victim in Victim::ALL {
            let process = self.process(victim);
            if let Some(status) = process.ended() {
                let finding = format!("{} ended by itself ({status}): {}", victim.as_str(), process.last_words());
                if !self.report.findings.contains(&finding) {
                    self.report.findings.push(finding);
                }
                self.start_again(victim);
            }
        }
    }

    fn start_again(&mut self, victim: Victim) {
        match victim {
            Victim::Edge => {
                let events = self.events_file(self.edge_starts);
                self.edge_starts += 1;
                self.edge = self.site.node(None, &self.busy, &events);
            }
            Victim::Hub => self.hub = self.site.hub(),
            Victim::Broker => self.site.broker.start(),
        }
    }

    /// Ends the edge in good order and starts it without walkers, until the hub has confirmed everything.
    fn settle(&mut self) {
        let began = Instant::now();
        self.note_the_dead();
        self.site.broker.wait();
        let http = self.hub.ready();
        self.report.committed_under_fire = http.committed(NODE);
        // Before it has started it ends at a signal's word, without taking leave.
        eventually("the edge works", || self.is_at_work(Victim::Edge).then_some(()));
        self.end_edge();
        for start in 0..SETTLING_STARTS_MAX {
            // The start of the program is an event too.
            let head = self.site.backlog().head_seq + 1;
            self.edge = edge::run(None, &self.quiet, &[]);
            http.wait_committed(NODE, head);
            // tidy: sleep is for the last receipt; what a running edge does with it cannot be seen from outside
            std::thread::sleep(RECEIPT_AFTER * 2_u32.pow(start));
            self.end_edge();
            if self.site.backlog().rows == 0 {
                self.report.settling = began.elapsed();
                return;
            }
        }
        let rows = self.site.backlog().rows;
        self.report.findings.push(format!("{rows} events are committed, but their receipts do not arrive"));
    }

    fn end_edge(&mut self) {
        let status = self.edge.terminate();
        if !status.success() {
            self.report.findings.push(format!("the edge did not end well ({status}): {}", self.edge.last_words()));
        }
    }

    fn judge(mut self) -> Report {
        let status = self.hub.process.terminate();
        if !status.success() {
            self.report.findings.push(format!("the hub did not end well: {status}"));
        }
        let told: Vec<EventId> = (0..self.edge_starts)
            .flat_map(|start| edge::events(&self.events_file(start)))
            .map(|event| event.id)
            .collect();
        self.report.told = told.len();
        let head = self.site.backlog().head_seq;
        let folder = self.site.hub_folder();
        let runtime = tokio::runtime::Runtime::new().expect("a run time");
        runtime.block_on(async {
            let store = Store::open(&hub::database(&folder), &folder.join("blobs")).await.expect("the hub's store");
            let log = read_log(&store).await;
            self.report.held_against(&log, &told);
            self.report.findings.extend(chain_findings(&log, head));
            self.report.findings.extend(store_findings(&store, &log, &mut self.report.passages).await);
            store.close().await;
        });
        self.report
    }
}

impl Report {
    fn held_against(&mut self, log: &[StoredEvent], told: &[EventId]) {
        let mut held: BTreeMap<EventId, u32> = BTreeMap::new();
        for event in log {
            *held.entry(event.id).or_default() += 1;
        }
        self.stored = log.len();
        self.lost = told.iter().filter(|id| !held.contains_key(id)).copied().collect();
        self.doubled = held.into_iter().filter(|(_, times)| *times > 1).map(|(id, _)| id).collect();
        let twice = told.len() - told.iter().collect::<BTreeSet<_>>().len();
        if twice > 0 {
            self.findings.push(format!("the edge gave {twice} ids twice"));
        }
    }
}

async fn read_log(store: &Store) -> Vec<StoredEvent> {
    let mut log: Vec<StoredEvent> = Vec::new();
    loop {
        let after = log.last().map_or(0, |event| event.pos);
        let page = store.events_after(after, PAGE).await.expect("the log can be read");
        if page.is_empty() {
            return log;
        }
        log.extend(page);
    }
}

/// Whether the node's events are 1 to `head` without a gap, each naming the one before.
fn chain_findings(log: &[StoredEvent], head: u64) -> Vec<String> {
    let mut findings = Vec::new();
    let mut chain: Vec<&StoredEvent> = log.iter().collect();
    chain.sort_by_key(|event| event.seq);
    let (mut seq, mut hash) = (0, EventHash::GENESIS);
    for event in chain {
        if event.seq != seq + 1 || event.prev != hash {
            findings.push(format!("event {} does not follow event {seq}", event.seq));
        }
        (seq, hash) = (event.seq, event.hash);
    }
    if seq != head {
        findings.push(format!("the hub's log ends at event {seq}, the node's at {head}"));
    }
    findings
}

async fn store_findings(store: &Store, log: &[StoredEvent], passages: &mut (u64, u64)) -> Vec<String> {
    let mut findings = Vec::new();
    let verified = store.verify().await.expect("the database can be read");
    findings.extend(verified.findings.iter().map(|finding| format!("{}: {}", finding.place, finding.what)));
    let is_passage = |event: &&StoredEvent| matches!(event.payload, Some(Payload::Passed(_)));
    passages.0 = log.iter().filter(is_passage).count() as u64;
    let before = counts(store).await;
    passages.1 = before.iter().map(|row| row.count).sum();
    store.rebuild().await.expect("the log can be folded again");
    if counts(store).await != before {
        findings.push("the counts are others after a rebuild".to_owned());
    }
    let node = NodeId::new(NODE).expect("a slug");
    let alarms = store.alarms(Some(&node), ROWS_MAX).await.expect("the alarms can be read");
    let open = alarms.iter().filter(|alarm| alarm.closed_at.is_none());
    findings.extend(open.map(|alarm| format!("the alarm \"{}\" is open: {}", alarm.kind, alarm.detail)));
    let refused = store.quarantine(ROWS_MAX).await.expect("the quarantine can be read");
    findings.extend(refused.iter().map(|row| format!("a message is in quarantine: {}: {}", row.reason, row.detail)));
    findings
}

async fn counts(store: &Store) -> Vec<CountRow> {
    let to_minute = i64::from(i32::MAX);
    let always = CountsFilter { site: None, gate: None, from_minute: 0, to_minute, bucket: CountBucket::Minute };
    store.counts(&always).await.expect("the counts can be read")
}
