//! The thread itself: what is due next, and carrying it out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Done, Happening, LaneMode, Order, OrderError, Run, Shared, Waiting};
use crate::actuator::{Actuator, Undisturbed, Wait, Woken};
use crate::relay::{Reading, Signal};
use crate::{ActuateError, ActuatorConfig, ButtonInLockdown, Command, FailMode, Pulsed};

/// How often fire and lock-down are renewed at the relay, which may have lost its power in between.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// First wait after a failure of what is tried on; doubled up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(100);
/// Longest wait after a failure of what is tried on.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Longest wait between two tries to put a fire or lock-down into effect.
const MODE_RETRY_MAX: Duration = Duration::from_secs(1);
/// How late the press of a button may be answered.
const BUTTON_MAX: Duration = Duration::from_secs(1);

type Tell = Box<dyn FnMut(Happening) + Send>;

pub(super) struct Lane {
    name: String,
    shared: Arc<Shared>,
    actuator: Actuator,
    config: ActuatorConfig,
    tell: Tell,
    mode: ModeInForce,
    polling: Repeated,
    settling: Repeated,
    reading: Option<Reading>,
    readable: Readable,
}

/// What the relay has of the mode.
struct ModeInForce {
    /// The demand that was last put into effect, or tried.
    demanded_at: Option<Instant>,
    told: Told,
    repeated: Repeated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Failure,
    Success,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readable {
    NotKnown,
    Yes,
    No,
}

/// Something done again and again: regularly while it works, ever more slowly while it does not.
struct Repeated {
    due: Instant,
    failures: u32,
}

impl Repeated {
    fn now() -> Self {
        Self { due: Instant::now(), failures: 0 }
    }

    fn worked(&mut self, next: Duration) {
        self.failures = 0;
        self.due = Instant::now() + next;
    }

    fn failed(&mut self, longest: Duration) {
        let wait = RETRY_MIN.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        self.due = Instant::now() + wait.min(longest);
    }
}

enum Step {
    Stop,
    Tell(Waiting, LaneMode),
    Enforce(LaneMode, Instant),
    Carry(Waiting),
    Settle,
    Poll,
}

/// Waits out a pulse unless the lane's mode says otherwise.
struct Interruptible<'a> {
    shared: &'a Shared,
    heeds: Heeds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heeds {
    FireAndLockdown,
    /// The manual button opens during a lock-down.
    OnlyFire,
}

impl Wait for Interruptible<'_> {
    fn until(&mut self, at: Instant) -> Woken {
        let mut state = self.shared.lock();
        loop {
            match (state.mode, state.run) {
                (LaneMode::Fire, _) => return Woken::StayOpen,
                (LaneMode::LockedDown, _) if self.heeds == Heeds::FireAndLockdown => return Woken::CloseNow,
                (LaneMode::Normal | LaneMode::LockedDown, Run::Stopping | Run::Ended) => return Woken::CloseNow,
                (LaneMode::Normal | LaneMode::LockedDown, Run::On) => {}
            }
            let Some(left) = at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return Woken::OnTime;
            };
            state = match self.shared.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

impl Lane {
    pub(super) fn new(name: &str, shared: Arc<Shared>, actuator: Actuator, config: ActuatorConfig, tell: Tell) -> Self {
        Self {
            name: name.to_owned(),
            shared,
            actuator,
            config,
            tell,
            mode: ModeInForce { demanded_at: None, told: Told::Nothing, repeated: Repeated::now() },
            polling: Repeated::now(),
            settling: Repeated::now(),
            reading: None,
            readable: Readable::NotKnown,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            let step = self.next_step();
            if let Step::Stop = step {
                break;
            }
            // A bug in one exchange must not end the lane: nobody could open it for a fire.
            if catch_unwind(AssertUnwindSafe(|| self.take(step))).is_err() {
                tracing::error!(lane = self.name, "a lane's step panicked; the lane goes on");
                self.shared.lock().health.counts.panicked += 1;
            }
        }
    }

    /// Waits for what is due next: modes, then the inputs, then orders, then the rest.
    fn next_step(&mut self) -> Step {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        loop {
            let now = Instant::now();
            let mut due = now + Duration::from_secs(60);
            if let Some(demanded_at) = state.demanded_at.filter(|_| state.run == Run::On) {
                let is_new = self.mode.demanded_at != Some(demanded_at);
                let lasts = state.mode != LaneMode::Normal || self.mode.told != Told::Success;
                if is_new || (lasts && self.mode.repeated.due <= now) {
                    return Step::Enforce(state.mode, demanded_at);
                }
                if lasts {
                    due = due.min(self.mode.repeated.due);
                }
            }
            if let Some((waiting, mode)) = state.overruled.pop_front() {
                return Step::Tell(waiting, mode);
            }
            if state.run != Run::On {
                return Step::Stop;
            }
            // Before the orders, or a queue that is never empty would hide a fire.
            if self.actuator.has_readings() {
                if self.polling.due <= now {
                    return Step::Poll;
                }
                due = due.min(self.polling.due);
            }
            if let Some(waiting) = state.queue.pop_front() {
                return Step::Carry(waiting);
            }
            // During a fire the open contact is meant to be on.
            if state.mode != LaneMode::Fire && self.actuator.off_owed().next().is_some() {
                if self.settling.due <= now {
                    return Step::Settle;
                }
                due = due.min(self.settling.due);
            }
            state = match shared.changed.wait_timeout(state, due.saturating_duration_since(now)) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Stop => {}
            Step::Tell(waiting, mode) => self.ended(waiting, Err(OrderError::Overruled(mode))),
            Step::Enforce(mode, demanded_at) => self.enforce(mode, demanded_at),
            Step::Carry(waiting) => self.carry(waiting),
            Step::Settle => self.settle(),
            Step::Poll => self.poll(),
        }
        self.shared.lock().health.off_owed = self.actuator.off_owed().collect();
    }

    fn enforce(&mut self, mode: LaneMode, demanded_at: Instant) {
        let is_new = self.mode.demanded_at != Some(demanded_at);
        if is_new {
            self.mode = ModeInForce { demanded_at: Some(demanded_at), told: Told::Nothing, repeated: Repeated::now() };
        }
        let deadline = Instant::now() + self.config.exchange_max;
        let result = match mode {
            LaneMode::Fire => self.actuator.hold_open(deadline),
            // Renewed without pulsing the close contact again.
            LaneMode::LockedDown if self.mode.told == Told::Success => self.actuator.open_off(deadline),
            LaneMode::LockedDown | LaneMode::Normal => {
                // The close contact's pulse is part of a lock-down, so only a fire ends it.
                let mut wait = Interruptible { shared: &self.shared, heeds: Heeds::OnlyFire };
                self.actuator.release(deadline, &mut wait)
            }
        };
        self.note(result.as_ref().err());
        let told = match &result {
            Ok(()) => {
                self.mode.repeated.worked(RENEW_EVERY);
                Told::Success
            }
            Err(_) => {
                self.mode.repeated.failed(MODE_RETRY_MAX);
                Told::Failure
            }
        };
        if told != self.mode.told {
            self.mode.told = told;
            (self.tell)(Happening::Mode { mode, result, took: demanded_at.elapsed() });
        }
    }

    fn carry(&mut self, waiting: Waiting) {
        let Order { command, deadline } = waiting.order;
        let result = catch_unwind(AssertUnwindSafe(|| self.perform(command, deadline, Heeds::FireAndLockdown)));
        let result = match result {
            Ok(result) => result,
            Err(_) => {
                tracing::error!(lane = self.name, "carrying out an order panicked; the lane goes on");
                Err(OrderError::Panicked)
            }
        };
        self.ended(waiting, result);
    }

    fn perform(&mut self, command: Command, deadline: Instant, heeds: Heeds) -> Result<Done, OrderError> {
        let mut wait = Interruptible { shared: &self.shared, heeds };
        let result = match command {
            Command::Pulse(length) => self.actuator.pulse(length, deadline, &mut wait).map(Done::Pulsed),
            Command::HoldOpen => self.actuator.hold_open(deadline).map(|()| Done::Held),
            Command::Release => self.actuator.release(deadline, &mut wait).map(|()| Done::Released),
        };
        match &result {
            // Nothing was asked of the relay.
            Err(ActuateError::TooLate { .. }) | Ok(Done::Pulsed(Pulsed::HeldOpen)) => {}
            Err(error) => self.note(Some(error)),
            Ok(_) => self.note(None),
        }
        if matches!(result, Err(ActuateError::StuckOn { .. })) {
            self.settling.failed(RETRY_MAX);
        }
        result.map_err(OrderError::from)
    }

    fn ended(&mut self, waiting: Waiting, result: Result<Done, OrderError>) {
        let Waiting { id, order, given_at } = waiting;
        let took = given_at.elapsed();
        {
            let mut state = self.shared.lock();
            let counts = &mut state.health.counts;
            match &result {
                Ok(_) => counts.done += 1,
                Err(OrderError::Overruled(_) | OrderError::QueueFull | OrderError::Ended) => counts.refused += 1,
                Err(OrderError::Panicked) => counts.panicked += 1,
                Err(OrderError::Failed(error)) => match error {
                    ActuateError::TooLate { .. } => counts.late += 1,
                    ActuateError::NotSent(_) | ActuateError::Refused(_) | ActuateError::Unsupported(_) => {
                        counts.not_done += 1;
                    }
                    ActuateError::Unknown(_) => counts.unknown += 1,
                    ActuateError::StuckOn { .. } => counts.stuck += 1,
                },
            }
            if let Ok(done) = &result {
                let own_wait = match (done, order.command) {
                    (Done::Pulsed(Pulsed::Whole), Command::Pulse(length)) if self.actuator.waits_out_pulses() => length,
                    (Done::Pulsed(_) | Done::Held | Done::Released, _) => Duration::ZERO,
                };
                state.health.latency.add(took.saturating_sub(own_wait));
            }
        }
        (self.tell)(Happening::Ended { id, order, result, took });
    }

    fn settle(&mut self) {
        let owed: Vec<_> = self.actuator.off_owed().collect();
        let result = self.actuator.settle();
        self.note(result.as_ref().err());
        match result {
            Ok(()) => {
                self.settling.worked(Duration::ZERO);
                (self.tell)(Happening::Settled(owed));
            }
            Err(_) => self.settling.failed(RETRY_MAX),
        }
    }

    fn poll(&mut self) {
        let result = self.actuator.read(Instant::now() + self.config.exchange_max);
        self.note(result.as_ref().err());
        let now = match result {
            Ok(now) => now,
            Err(error) => {
                self.polling.failed(RETRY_MAX.max(self.config.poll));
                self.reading = None;
                self.shared.lock().health.reading = None;
                if self.readable != Readable::No {
                    self.readable = Readable::No;
                    (self.tell)(Happening::Unreadable(error));
                }
                return;
            }
        };
        self.polling.worked(self.config.poll);
        self.readable = Readable::Yes;
        let before = self.reading.replace(now);
        self.shared.lock().health.reading = Some(now);
        if before == Some(now) {
            return;
        }
        (self.tell)(Happening::Read { before, now });
        if now.fire == Signal::Active && before.is_none_or(|before| before.fire != Signal::Active) {
            self.shared.lock().demand(LaneMode::Fire, Instant::now());
            (self.tell)(Happening::FireInput);
        }
        // A button that was down already when it was first seen is not a press: it may be stuck.
        if now.button == Signal::Active && before.is_some_and(|before| before.button == Signal::Idle) {
            self.press();
        }
    }

    fn press(&mut self) {
        let mode = self.shared.lock().mode;
        let result = match (mode, self.config.button_in_lockdown) {
            (LaneMode::LockedDown, ButtonInLockdown::Ignored) => Err(OrderError::Overruled(mode)),
            (LaneMode::LockedDown, ButtonInLockdown::Opens) | (LaneMode::Normal | LaneMode::Fire, _) => {
                let heeds = match mode {
                    LaneMode::LockedDown => Heeds::OnlyFire,
                    LaneMode::Normal | LaneMode::Fire => Heeds::FireAndLockdown,
                };
                self.perform(Command::Pulse(self.config.pulse), Instant::now() + BUTTON_MAX, heeds)
            }
        };
        (self.tell)(Happening::Button { result });
    }

    fn note(&self, error: Option<&ActuateError>) {
        let mut state = self.shared.lock();
        match error {
            None => state.health.succeeded(),
            Some(error) => state.health.failed(error),
        }
    }

    /// What nobody decides any more is decided by the fail mode.
    fn fail(&mut self) {
        let deadline = Instant::now() + self.config.exchange_max;
        let mode = self.shared.lock().mode;
        let result = match (mode, self.config.fail_mode) {
            (LaneMode::Fire, _) | (LaneMode::Normal, FailMode::Safe) => self.actuator.hold_open(deadline),
            // Where nothing is open, nothing is closed: somebody may stand below.
            (LaneMode::LockedDown, _) | (LaneMode::Normal, FailMode::Secure) if self.actuator.is_at_rest() => Ok(()),
            (LaneMode::LockedDown, _) | (LaneMode::Normal, FailMode::Secure) => {
                self.actuator.release(deadline, &mut Undisturbed)
            }
        };
        if let Err(error) = result {
            let (lane, error) = (&self.name, crate::with_sources(&error));
            tracing::warn!(lane, error, "the lane could not be left in its fail mode");
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let left: Vec<_> = {
            let mut state = self.shared.lock();
            state.run = Run::Ended;
            state.queue.drain(..).collect()
        };
        let last = catch_unwind(AssertUnwindSafe(|| {
            self.fail();
            for waiting in left {
                self.ended(waiting, Err(OrderError::Ended));
            }
        }));
        if last.is_err() {
            tracing::error!(lane = self.name, "leaving the lane in its fail mode panicked");
        }
    }
}
