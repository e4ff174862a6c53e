//! The campaign of kills: `kill -9` of the edge, of the hub and of the broker at many seeded points while events are
//! made, and then the question whether the hub's log holds every event exactly once.
//!
//! The edge rehearses an observation log, so that everything behind the detector is real: gates, signing, outbox,
//! MQTT, Mosquitto, ingest. A killed program is started again at once. Some kills come 30 to 400 ms later, so that many
//! fall into the start of a program, into its reconnection, or between a commit and its acknowledgement; others fall on
//! an exact system call, or inside a flush of a file ([`crate::strace`]).

mod points;
mod report;

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use store::Store;
use wire::EventId;

use crate::edge::{self, NODE, Plan};
use crate::hub::{self, Hub};
use crate::process::Process;
use crate::rehearsal::{self, Pace};
use crate::site::Site;
use crate::strace::{self, Strace};
use crate::wait::{eventually, within};

pub use points::Victim;
use points::{Point, Way};
pub use report::{Kills, Report};

/// Two walkers a frame, one in each direction: 100 events a second.
const FRAME: Duration = Duration::from_millis(20);

/// Walkers in a round of the log; it is rehearsed over and over.
const WALKERS: usize = 1_000;

/// Longer than a campaign: how long the log without walkers rests.
const REST: Duration = Duration::from_secs(24 * 3600);

/// How long a program may take to get to the call at which it dies. Then it is killed where it is.
const CALL_WITHIN: Duration = Duration::from_secs(3);

/// How long to look for a moment inside a flush.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// The signal that nobody can catch.
const SIGKILL: i32 = 9;

/// Starts of the edge after the last kill, until its outbox is empty. One is enough unless the machine is very busy.
const SETTLING_STARTS_MAX: u32 = 6;

/// How long the edge may take to let go of what the hub has confirmed; doubles with each start.
const RECEIPT_AFTER: Duration = Duration::from_millis(250);

/// How often to kill, and where.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// Kills in all: half of them of the edge, three of ten of the hub, the rest of the broker.
    pub points: u32,
    /// What the points are drawn from.
    pub seed: u64,
}

/// The programs under fire.
struct Front {
    site: Site,
    hub: Hub,
    edge: Process,
    busy: PathBuf,
    quiet: PathBuf,
    edge_starts: u32,
    /// What is still to come.
    points: VecDeque<Point>,
    report: Report,
}

/// Runs a campaign; tells `progress` of each kill.
///
/// # Panics
/// Where a program cannot be started, or does not come back after the last kill.
pub fn campaign(campaign: Campaign, mut progress: impl FnMut(u32, Victim)) -> Report {
    let began = Instant::now();
    let mut front = Front::start(points::draw(campaign.points, campaign.seed, strace::works()));
    let mut restarted = Instant::now();
    let mut number = 0;
    while let Some((victim, way)) = front.points.pop_front() {
        number += 1;
        front.strike(victim, way, restarted);
        front.start_again(victim);
        restarted = Instant::now();
        progress(number, victim);
    }
    front.report.under_fire = began.elapsed();
    front.settle();
    front.judge()
}

impl Front {
    fn start(points: VecDeque<Point>) -> Self {
        let site = Site::new();
        let (walkers, nobody) = (site.path("walkers.jsonl"), site.path("nobody.jsonl"));
        let pace = Pace { frame: FRAME, every: 1, rest: Duration::ZERO };
        rehearsal::write(&walkers, &rehearsal::crowd(WALKERS), pace);
        rehearsal::write(&nobody, &[], Pace { rest: REST, ..pace });
        let busy = site.plan(&Plan::new(walkers, "rehearse", rehearsal::PROFILE), "busy");
        let quiet = site.plan(&Plan::new(nobody, "rehearse", rehearsal::PROFILE), "quiet");
        site.believe(&busy);
        let hub = site.hub_under(strace_of(&points, Victim::Hub).as_ref());
        let under = strace_of(&points, Victim::Edge);
        let edge = site.node_under(under.as_ref(), &busy, &site.path("events-0.jsonl"));
        Self { site, hub, edge, busy, quiet, edge_starts: 1, points, report: Report::default() }
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

    /// Kills `victim`, or sees it die, at its point.
    fn strike(&mut self, victim: Victim, way: Way, restarted: Instant) {
        self.note_the_dead(Some((victim, way)));
        let process = self.process(victim);
        let mut in_flush = false;
        match way {
            // tidy: sleep is what draws the moment of the kill; nothing is waited for
            Way::Moment(after) => std::thread::sleep(after.saturating_sub(restarted.elapsed())),
            // Where it does not come to that call, it is killed all the same.
            Way::Call(..) => drop(within(CALL_WITHIN, || process.ended())),
            Way::Flush(after) => {
                // tidy: sleep is what draws the moment of the kill; nothing is waited for
                std::thread::sleep(after.saturating_sub(restarted.elapsed()));
                let id = process.id();
                let until = Instant::now() + FLUSH_WITHIN;
                while !in_flush && Instant::now() < until && process.ended().is_none() {
                    in_flush = strace::is_flushing(id);
                }
            }
        }
        let at_call = process.ended().is_some_and(died_of_a_kill);
        let at_work = self.is_at_work(victim);
        let process = self.process(victim);
        if process.ended().is_none() {
            process.kill();
        }
        let kills = self.report.kills.entry(victim).or_default();
        kills.total += 1;
        kills.at_work += u32::from(at_work);
        kills.at_call += u32::from(at_call && matches!(way, Way::Call(..)));
        kills.in_flush += u32::from(in_flush);
    }

    /// Nobody but us ends a program: one that ended by itself has failed, unless it was to die at a call that it came
    /// to before its turn.
    fn note_the_dead(&mut self, now: Option<Point>) {
        for victim in Victim::ALL {
            let now = now.filter(|(struck, _)| *struck == victim).map(|(_, way)| way);
            let next = now.or_else(|| self.next_way(victim));
            let process = self.process(victim);
            let Some(status) = process.ended() else { continue };
            if matches!(next, Some(Way::Call(..))) && died_of_a_kill(status) {
                continue;
            }
            let finding = format!("{} ended by itself ({status}): {}", victim.as_str(), process.last_words());
            if !self.report.findings.contains(&finding) {
                self.report.findings.push(finding);
            }
            self.start_under(victim, next.and_then(Way::strace).as_ref());
        }
    }

    fn next_way(&self, victim: Victim) -> Option<Way> {
        self.points.iter().find(|(next, _)| *next == victim).map(|(_, way)| *way)
    }

    fn start_again(&mut self, victim: Victim) {
        let under = strace_of(&self.points, victim);
        self.start_under(victim, under.as_ref());
    }

    fn start_under(&mut self, victim: Victim, strace: Option<&Strace>) {
        match victim {
            Victim::Edge => {
                let events = self.events_file(self.edge_starts);
                self.edge_starts += 1;
                self.edge = self.site.node_under(strace, &self.busy, &events);
            }
            Victim::Hub => self.hub = self.site.hub_under(strace),
            Victim::Broker => self.site.broker.start(),
        }
    }

    /// Ends the edge in good order and starts it without walkers, until the hub has confirmed everything.
    fn settle(&mut self) {
        let began = Instant::now();
        self.note_the_dead(None);
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

/// What `victim` must be started under, for its next point.
fn strace_of(points: &VecDeque<Point>, victim: Victim) -> Option<Strace> {
    points.iter().find(|(next, _)| *next == victim).and_then(|(_, way)| way.strace())
}

fn died_of_a_kill(status: ExitStatus) -> bool {
    status.signal() == Some(SIGKILL)
}
