//! The thread that owns the decisions and the lanes.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use access::cccd::Salt;
use access::lane::Lane;
use access::{Access, AccessPolicy, ClockTrust, Moment};
use actuate::ActuatorThread;
use anyhow::{Context, Result};
use domain::SiteId;
use vnplate::Confusion;
use wire::{Event, EventId, PassKeys, Payload};

use super::desk::{AccessDesk, Post};
use super::journal::{Journal, Opened};
use super::mailbox::{Mailbox, Next};
use super::rig::{Now, Rig};
use super::view::{LaneBoard, Tally};
use super::{AccessHandle, Eyes, Input, LineRoute, Routes};
use crate::config::lanes::LaneConfig;
use crate::node_clock::NodeClock;
use crate::watch::{SinkError, one_line};

/// Most events that wait because the outbox refuses them; of more, the oldest are lost, and that is an error. What was
/// permitted stands in the journal all the same.
pub const EVENTS_WAITING_MAX: usize = 1_024;
/// How long to wait before events are offered to the outbox again.
const EVENTS_RETRY: Duration = Duration::from_secs(1);
/// Longest sleep of the thread.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// How often what is of no more use is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Where the thread's events go; they are safe when it returns.
pub(crate) type KeepEvents = Box<dyn FnMut(&[Event]) -> Result<(), SinkError> + Send>;

/// What the access thread is made of.
pub struct AccessParts<'a> {
    /// The site, for which passes must be.
    pub site: SiteId,
    /// Folder of the journal.
    pub folder: &'a Path,
    /// The policy in force.
    pub policy: Arc<AccessPolicy>,
    /// The lanes, which the policy knows.
    pub lanes: &'a [LaneConfig],
    /// Keys of passes.
    pub pass_keys: PassKeys,
    /// Under which citizens' numbers are matched; nothing where no cards are read.
    pub citizen_salt: Option<Salt>,
    /// Which glyphs the plate reader takes for which.
    pub confusion: Arc<Confusion>,
    /// The node's clocks.
    pub clock: Arc<NodeClock>,
    /// For the ids of events.
    pub nonce: [u8; 16],
    /// Where events go.
    pub keep: KeepEvents,
}

/// The running thread. Dropped, it ends and leaves each lane in its fail mode.
#[derive(Debug)]
pub struct AccessThread {
    handle: AccessHandle,
    thread: Option<JoinHandle<()>>,
}

struct Running {
    desk: AccessDesk,
    mailbox: Arc<Mailbox>,
    clock: Arc<NodeClock>,
    board: Arc<LaneBoard>,
    nonce: [u8; 16],
    numbered: u64,
    keep: KeepEvents,
    /// Events that the outbox has not taken yet.
    waiting: VecDeque<Event>,
    /// When the outbox last refused, until it takes events again.
    refused_at: Option<Instant>,
    forgot_at: Instant,
}

impl AccessThread {
    /// Opens the journal, starts the actuators and decides from now on. A damaged journal is told and nobody is
    /// permitted; one that cannot be opened at all is an error.
    pub fn start(parts: AccessParts<'_>) -> Result<Self> {
        let AccessParts { site, folder, policy, lanes, pass_keys, citizen_salt, confusion, clock, nonce, keep } = parts;
        let (journal, state) = match Journal::open(folder).context("the record of who is inside cannot be used")? {
            Opened::Whole(journal, state) => (Some(journal), state),
            Opened::Damaged { damage, before } => {
                tracing::warn!(%damage, "nobody is permitted at this node's lanes");
                (None, before)
            }
        };
        let mailbox = Arc::new(Mailbox::default());
        let posts = lanes.iter().enumerate().map(|(number, lane)| post(number, lane, &policy, &mailbox));
        let posts = posts.collect::<Result<Vec<_>>>()?;
        let routes = Routes {
            site,
            pass_keys,
            citizen_salt,
            cameras: lanes.iter().map(|lane| (lane.camera.clone(), lane.id.clone())).collect(),
            lines: lines(lanes),
        };
        let board = Arc::new(LaneBoard::new(lanes));
        let handle = AccessHandle {
            mailbox: Arc::clone(&mailbox),
            routes: Arc::new(routes),
            clock: Arc::clone(&clock),
            board: Arc::clone(&board),
        };
        let access = Access::restore(policy, state).with_confusion(confusion);
        let at = Instant::now();
        let now = Now { mono: clock.mono(at), instant: at };
        let desk = AccessDesk::new(access, journal, posts, now);
        let running = Running {
            desk,
            mailbox,
            clock,
            board,
            nonce,
            numbered: 0,
            keep,
            waiting: VecDeque::new(),
            refused_at: None,
            forgot_at: at,
        };
        let thread = std::thread::Builder::new().name("access".to_owned()).spawn(move || running.run());
        Ok(Self { handle, thread: Some(thread.context("cannot start the access thread")?) })
    }

    /// Where what comes in is handed in.
    pub fn handle(&self) -> &AccessHandle {
        &self.handle
    }
}

impl Drop for AccessThread {
    fn drop(&mut self) {
        self.handle.mailbox.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the access thread panicked");
        }
    }
}

fn post(number: usize, lane: &LaneConfig, policy: &AccessPolicy, mailbox: &Arc<Mailbox>) -> Result<Post> {
    let gate = lane.passage.as_ref().map(|passage| passage.gate.clone());
    let rules = policy.lane(&lane.id).with_context(|| format!("the access policy has no lane \"{}\"", lane.id))?;
    let rig = match &lane.actuator {
        None => None,
        Some(config) => {
            let told = Arc::clone(mailbox);
            let actuator =
                ActuatorThread::start(lane.id.as_str(), config, move |happening| told.tell(number, happening))?;
            Some(Rig::new(Lane::new(lane.id.clone(), rules.barrier), gate.clone(), actuator))
        }
    };
    Ok(Post {
        id: lane.id.clone(),
        gate,
        rig,
        eyes: Eyes::Open,
        camera_loss: lane.camera_loss,
        shown: None,
        referred: None,
        tally: Tally::default(),
    })
}

fn lines(lanes: &[LaneConfig]) -> BTreeMap<(domain::GateId, domain::LineId), Vec<LineRoute>> {
    let mut lines: BTreeMap<_, Vec<LineRoute>> = BTreeMap::new();
    for (number, lane) in lanes.iter().enumerate() {
        if let Some(passage) = &lane.passage {
            let route = LineRoute { lane: number, counted: lane.counted };
            lines.entry((passage.gate.clone(), passage.line.clone())).or_default().push(route);
        }
    }
    lines
}

impl Running {
    fn now(&self) -> Now {
        let instant = Instant::now();
        Now { mono: self.clock.mono(instant), instant }
    }

    /// The moment at which something was seen.
    fn moment(&self, seen: Instant) -> Moment {
        let clock = ClockTrust::from(self.clock.quality());
        Moment { at: self.clock.utc(), now: self.clock.mono(seen), clock }
    }

    fn run(mut self) {
        self.act();
        loop {
            match self.mailbox.next(self.due()) {
                Next::Closed => break,
                Next::Nothing => {}
                Next::Happened(lane, happening) => {
                    let (now, moment) = (self.now(), self.moment(Instant::now()));
                    self.desk.happened(lane, happening, moment, now);
                }
                Next::Came(input) => self.take(input),
            }
            self.time_out();
            self.act();
        }
        self.offer();
        if !self.waiting.is_empty() {
            tracing::error!(events = self.waiting.len(), "decisions could not be told before the end");
        }
    }

    fn take(&mut self, input: Input) {
        let now = self.now();
        match input {
            Input::Shown { lane, credential, shown, seen } => {
                let moment = self.moment(seen);
                self.desk.present(lane, credential, shown, moment, now);
            }
            Input::Unread { lane, shown, why, seen } => {
                let moment = self.moment(seen);
                self.desk.present_unread(&lane, why, shown, moment, now);
            }
            Input::Passed { lane, direction } => {
                let moment = self.moment(now.instant);
                self.desk.passed(lane, Some(direction), moment, now);
            }
            Input::Eyes { lane, eyes } => self.desk.camera_changed(&lane, eyes, now),
            Input::Order { order, answer } => {
                let moment = self.moment(now.instant);
                let done = self.desk.order(order, moment, now);
                self.act();
                // Whoever asked may have given up.
                let _ = answer.try_send(done);
            }
            Input::Refused { order, why } => self.desk.refuse(&order, &why, self.clock.utc()),
            Input::Policy { policy, answer } => {
                let moment = self.moment(now.instant);
                self.desk.replace_policy(policy, moment, now);
                self.act();
                let _ = answer.try_send(());
            }
        }
    }

    fn time_out(&mut self) {
        let now = self.now();
        self.desk.handle_timeout(now);
        if now.instant.saturating_duration_since(self.forgot_at) >= FORGET_EVERY {
            self.forgot_at = now.instant;
            let moment = self.moment(now.instant);
            self.desk.forget_ended(moment, now);
        }
    }

    /// Tells what was decided, and only then has the lanes move.
    fn act(&mut self) {
        let told = self.desk.take_told();
        self.tell(told);
        self.desk.drive(self.now());
        let told = self.desk.take_told();
        self.tell(told);
        self.desk.show(&self.board);
    }

    fn tell(&mut self, told: Vec<Payload>) {
        let (at, clock) = (self.clock.utc(), self.clock.quality());
        for payload in told {
            self.numbered += 1;
            let id = EventId::derive(at, &self.nonce, self.numbered);
            self.waiting.push_back(Event { id, at, clock, payload });
        }
        // After a refusal the outbox is left alone for a moment, however much happens at the lanes.
        let is_refused = self.refused_at.is_some_and(|at| at.elapsed() < EVENTS_RETRY);
        if !is_refused {
            self.offer();
        }
    }

    fn offer(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        match (self.keep)(self.waiting.make_contiguous()) {
            Ok(()) => {
                self.waiting.clear();
                self.refused_at = None;
            }
            Err(error) => {
                self.refused_at = Some(Instant::now());
                let lost = self.waiting.len().saturating_sub(EVENTS_WAITING_MAX);
                self.waiting.drain(..lost);
                let waiting = self.waiting.len();
                if lost > 0 {
                    tracing::error!(lost, error = one_line(&error), "events of lanes are lost");
                } else {
                    tracing::warn!(waiting, error = one_line(&error), "events of lanes wait");
                }
            }
        }
    }

    fn due(&self) -> Instant {
        let now = self.now();
        let of_desk = self.desk.poll_timeout().map(|due| now.instant + due.since(now.mono));
        let of_events = self.refused_at.map(|at| at + EVENTS_RETRY);
        of_desk.into_iter().chain(of_events).chain([now.instant + SLEEP_MAX]).min().unwrap_or(now.instant)
    }
}
