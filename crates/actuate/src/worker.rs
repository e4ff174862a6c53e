//! One thread for each lane: it carries out orders one after the other, reads the inputs, and keeps what a fire or a
//! lock-down demands.
//!
//! Fire and lock-down are not orders that wait in a queue but modes of the lane. A new mode takes effect before any
//! order that waits, takes those orders out of the queue, ends a pulse that is under way in its sense, is tried until
//! it works and is renewed as long as it lasts, so that a relay that comes back after a power cut obeys it too. Fire
//! beats lock-down, and only a person clears either. All that it ever waits for is the exchange under way, at most
//! `exchange_max`.
//!
//! Inputs are read between orders, not while we wait out a pulse: a fire that breaks out then is seen when the pulse
//! ends, and the lane is open until then anyway.

mod health;
mod lane;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::actuator::Actuator;
use crate::relay::{Contact, Reading, Relay};
use crate::{ActuateError, ActuatorConfig, OpenError, Pulsed};

pub use health::{Counts, Health, LATENCY_BOUNDS_MS, LatencyHistogram};

/// Most orders that wait for one lane. A full queue refuses the newcomer ([`OrderError::QueueFull`]): what waits was
/// promised first, and a lane that is so far behind opens for nobody in time.
pub const QUEUE_MAX: usize = 8;

/// What the lane is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Open for one passage, for so long.
    Pulse(Duration),
    /// Open until released.
    HoldOpen,
    /// End a hold, and close.
    Release,
}

/// A command and the moment after which it must not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub command: Command,
    /// After this moment it is refused with [`ActuateError::TooLate`].
    pub deadline: Instant,
}

/// The number of an order at its lane, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub u64);

/// What governs the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LaneMode {
    /// Orders do.
    #[default]
    Normal,
    /// It stays closed, whatever is ordered.
    LockedDown,
    /// It stays open, whatever is ordered.
    Fire,
}

impl std::fmt::Display for LaneMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Normal => "normal operation",
            Self::LockedDown => "the lock-down",
            Self::Fire => "the fire alarm",
        })
    }
}

/// How an order was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A pulse.
    Pulsed(Pulsed),
    /// It is held open.
    Held,
    /// It is released.
    Released,
}

/// Why an order was not carried out.
#[derive(Debug, Error)]
pub enum OrderError {
    /// The mode of the lane forbids it; it was not begun.
    #[error("overruled by {0}")]
    Overruled(LaneMode),
    /// [`QUEUE_MAX`] orders wait already.
    #[error("{QUEUE_MAX} orders wait for this lane already")]
    QueueFull,
    /// The lane has ended.
    #[error("the lane's thread has ended")]
    Ended,
    /// A bug: the outcome is unknown. What was on was switched off.
    #[error("carrying it out failed inside, its outcome is unknown")]
    Panicked,
    /// The operation failed.
    #[error(transparent)]
    Failed(#[from] ActuateError),
}

/// Why a lock-down or fire cannot be cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ClearError {
    /// The fire input is active.
    #[error("the fire input is still active")]
    FireInput,
}

/// What a lane tells. Told on the lane's thread: whoever listens must not wait there.
#[derive(Debug)]
pub enum Happening {
    /// An order has ended.
    Ended {
        /// Which.
        id: OrderId,
        /// What it said.
        order: Order,
        /// How it ended.
        result: Result<Done, OrderError>,
        /// From being given to its end.
        took: Duration,
    },
    /// The manual button was pressed.
    Button {
        /// What came of it.
        result: Result<Done, OrderError>,
    },
    /// The fire input became active; the lane goes into [`LaneMode::Fire`].
    FireInput,
    /// A mode took effect at the relay, or could not for the first time.
    Mode {
        /// The mode.
        mode: LaneMode,
        /// Whether the relay has it. Where not, it is tried on.
        result: Result<(), ActuateError>,
        /// Since the mode was demanded.
        took: Duration,
    },
    /// Feedback or inputs changed.
    Read {
        /// Before; absent for the first reading and after a failed one.
        before: Option<Reading>,
        /// Now.
        now: Reading,
    },
    /// Feedback and inputs cannot be read any more; they are tried on.
    Unreadable(ActuateError),
    /// A contact that was stuck on, or may have been left on by a process before, is off.
    Settled(Vec<Contact>),
}

/// Why a lane does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The relay cannot be set up.
    #[error("cannot set up the relay of lane \"{lane}\"")]
    Open {
        /// The lane.
        lane: String,
        /// Why.
        source: OpenError,
    },
    /// The system gives no thread.
    #[error("cannot start the thread of lane \"{lane}\"")]
    Thread {
        /// The lane.
        lane: String,
        /// Why.
        source: std::io::Error,
    },
}

/// A lane's running thread. Dropping it ends the thread in the lane's fail mode and waits for that.
#[derive(Debug)]
pub struct ActuatorThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Waiting>,
    /// Orders that a mode took out of the queue and that still have to be told.
    overruled: VecDeque<(Waiting, LaneMode)>,
    mode: LaneMode,
    /// When the mode was demanded; nothing while it is as at the start.
    demanded_at: Option<Instant>,
    next_id: u64,
    run: Run,
    health: Health,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: OrderId,
    order: Order,
    given_at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    On,
    Stopping,
    Ended,
}

impl Shared {
    /// A panic while it was held leaves the state whole: each change is a single assignment or push.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes on a mode and overrules what waits.
    fn demand(&mut self, mode: LaneMode, now: Instant) {
        self.mode = mode;
        self.demanded_at = Some(now);
        if mode != LaneMode::Normal {
            self.overruled.extend(self.queue.drain(..).map(|waiting| (waiting, mode)));
        }
    }
}

impl ActuatorThread {
    /// Starts the thread of `lane`, whose happenings go to `tell`.
    pub fn start(
        lane: &str,
        config: &ActuatorConfig,
        tell: impl FnMut(Happening) + Send + 'static,
    ) -> Result<Self, StartError> {
        let relay = config.relay.open().map_err(|source| StartError::Open { lane: lane.to_owned(), source })?;
        Self::start_with(lane, relay, config, tell)
    }

    /// The same with a relay from elsewhere; `config.relay` is not used.
    pub fn start_with(
        lane: &str,
        relay: Box<dyn Relay>,
        config: &ActuatorConfig,
        tell: impl FnMut(Happening) + Send + 'static,
    ) -> Result<Self, StartError> {
        let state = State {
            queue: VecDeque::with_capacity(QUEUE_MAX),
            overruled: VecDeque::new(),
            mode: LaneMode::Normal,
            demanded_at: None,
            next_id: 1,
            run: Run::On,
            health: Health::default(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let actuator = Actuator::new(relay, config.exchange_max, config.close_pulse);
        let lane_thread = lane::Lane::new(lane, Arc::clone(&shared), actuator, config.clone(), Box::new(tell));
        let thread = std::thread::Builder::new()
            .name(format!("lane {lane}"))
            .spawn(move || lane_thread.run())
            .map_err(|source| StartError::Thread { lane: lane.to_owned(), source })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Gives an order. Its end is told as [`Happening::Ended`]; what is refused here is not.
    pub fn order(&self, order: Order) -> Result<OrderId, OrderError> {
        let mut state = self.shared.lock();
        let refused = match (state.run, state.mode) {
            (Run::Stopping | Run::Ended, _) => Some(OrderError::Ended),
            (Run::On, mode @ (LaneMode::Fire | LaneMode::LockedDown)) => Some(OrderError::Overruled(mode)),
            (Run::On, LaneMode::Normal) if state.queue.len() == QUEUE_MAX => Some(OrderError::QueueFull),
            (Run::On, LaneMode::Normal) => None,
        };
        if let Some(refused) = refused {
            state.health.counts.refused += 1;
            return Err(refused);
        }
        let id = OrderId(state.next_id);
        state.next_id += 1;
        state.queue.push_back(Waiting { id, order, given_at: Instant::now() });
        drop(state);
        self.shared.changed.notify_all();
        Ok(id)
    }

    /// Opens the lane and keeps it open until [`ActuatorThread::clear`].
    pub fn fire(&self) {
        self.shared.lock().demand(LaneMode::Fire, Instant::now());
        self.shared.changed.notify_all();
    }

    /// Closes the lane and keeps it closed until [`ActuatorThread::clear`]; refused while there is a fire.
    pub fn lock_down(&self) -> Result<(), OrderError> {
        let mut state = self.shared.lock();
        if state.mode == LaneMode::Fire {
            return Err(OrderError::Overruled(LaneMode::Fire));
        }
        state.demand(LaneMode::LockedDown, Instant::now());
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Ends fire or lock-down: the lane is released and orders count again.
    pub fn clear(&self) -> Result<(), ClearError> {
        let mut state = self.shared.lock();
        if state.health.reading.is_some_and(|reading| reading.fire == crate::Signal::Active) {
            return Err(ClearError::FireInput);
        }
        if state.mode != LaneMode::Normal {
            state.demand(LaneMode::Normal, Instant::now());
        }
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// How the lane does.
    pub fn health(&self) -> Health {
        let state = self.shared.lock();
        let mut health = state.health.clone();
        health.mode = state.mode;
        health.waiting = state.queue.len();
        health.has_ended = state.run == Run::Ended;
        health
    }

    /// Ends the thread in the lane's fail mode; what waits is told as [`OrderError::Ended`].
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for ActuatorThread {
    fn drop(&mut self) {
        {
            let mut state = self.shared.lock();
            if state.run == Run::On {
                state.run = Run::Stopping;
            }
        }
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // Where it panicked it has said so and applied its fail mode.
            let _ = thread.join();
        }
    }
}
