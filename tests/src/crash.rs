//! The campaign of kills: `kill -9` of the edge, of the hub and of the broker, each at many seeded moments while events
//! are made, and then the question whether the hub's log holds every event exactly once.
//!
//! The edge rehearses an observation log, so that everything behind the detector is real: gates, signing, outbox,
//! MQTT, Mosquitto, ingest. A killed program is started again at once, and the next kill comes 30 to 400 ms later, so
//! that many kills fall into the start of a program, into its reconnection, or between a commit and its
//! acknowledgement.

mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use store::Store;
use wire::EventId;

use crate::edge::{self, NODE, Plan};
use crate::hub::{self, Hub};
use crate::process::Process;
use crate::rehearsal::{self, Pace};
use crate::site::Site;
use crate::wait::eventually;

pub use report::{Kills, Report};

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
            self.report.judge(&store, &told, head).await;
            store.close().await;
        });
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_moments_within_the_limits() {
        let moments = |seed| {
            let mut dice = Dice(seed);
            (0..1_000).map(|_| dice.moment()).collect::<Vec<_>>()
        };
        assert!(moments(1) == moments(1) && moments(1) != moments(2));
        let (first, last) = (MOMENT_MS.start(), MOMENT_MS.end());
        assert_eq!(moments(1).iter().min().map(Duration::as_millis), Some(u128::from(*first)));
        assert_eq!(moments(1).iter().max().map(Duration::as_millis), Some(u128::from(*last)));
    }
}
