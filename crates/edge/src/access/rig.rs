//! One lane with its actuator: the lane's commands are carried out, and what becomes of them is told to the lane.
//!
//! The lane leads: fire and lock-down are modes of the actuator that follow it, besides what the actuator's own fire
//! input does by itself. A mode lasts until the lane gives a command of another cause; then it is cleared first.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use access::LaneId;
use access::lane::{Action, Cause, Command, CommandNumber, Input, Lane, LaneEvent, Position, Standing, Supply, Switch};
use actuate::{ActuatorThread, Happening, LaneMode, Order, OrderId, Signal};
use domain::{GateId, MonoTime};
use wire::access::{GuardWord, LaneChange, LaneHappening};

use super::tell::Teller;

/// Most commands that wait for an answer; of more, the oldest are forgotten: the lane has given them again since.
const GIVEN_MAX: usize = 64;

/// A lane and what opens it.
#[derive(Debug)]
pub(super) struct Rig {
    lane: Lane,
    gate: Option<GateId>,
    actuator: ActuatorThread,
    orders: BTreeMap<OrderId, CommandNumber>,
    given: BTreeMap<CommandNumber, (Command, Option<GuardWord>)>,
    /// The mode that the actuator was told, or took by itself.
    mode: LaneMode,
    mode_works: bool,
    /// The command that the mode carries out.
    mode_command: Option<CommandNumber>,
    /// What came of the press of the button that the lane is just told of: the actuator has opened already.
    pressed: Option<Result<(), String>>,
    /// The guard whose order the lane is just told of.
    guard: Option<GuardWord>,
    is_held_open: bool,
    told: Vec<LaneChange>,
}

/// The moment on both of this machine's clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) mono: MonoTime,
    pub(super) instant: Instant,
}

/// What came of a happening, besides what the lane makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sensed {
    Nothing,
    /// The loop under the barrier is free again: somebody went through.
    Passage,
}

impl Rig {
    pub(super) fn new(lane: Lane, gate: Option<GateId>, actuator: ActuatorThread) -> Self {
        Self {
            lane,
            gate,
            actuator,
            orders: BTreeMap::new(),
            given: BTreeMap::new(),
            mode: LaneMode::Normal,
            mode_works: false,
            mode_command: None,
            pressed: None,
            guard: None,
            is_held_open: false,
            told: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> &LaneId {
        self.lane.id()
    }

    pub(super) fn lane_mut(&mut self) -> &mut Lane {
        &mut self.lane
    }

    pub(super) fn is_held_open(&self) -> bool {
        self.is_held_open
    }

    /// What holds at the lane.
    pub(super) fn standing(&self) -> Standing {
        self.lane.standing()
    }

    /// How the relay does.
    pub(super) fn health(&self) -> actuate::Health {
        self.actuator.health()
    }

    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        self.lane.poll_timeout()
    }

    /// Whether the actuator's fire input says that there is a fire.
    pub(super) fn senses_fire(&self) -> bool {
        self.actuator.health().reading.is_some_and(|reading| reading.fire == Signal::Active)
    }

    /// Tells the lane something; a guard's word goes with everything that follows from it.
    pub(super) fn handle(&mut self, input: &Input<'_>, guard: Option<GuardWord>, now: Now) {
        self.guard = guard;
        self.lane.handle(input, now.mono);
        self.listen();
    }

    /// Ends a lock-down, and a fire that is over.
    pub(super) fn end_alarms(&mut self, word: &GuardWord, now: Now) {
        if self.lane.standing() == Standing::Fire {
            self.handle(&Input::Fire(Switch::Off), Some(word.clone()), now);
        }
        if self.lane.lock_down() == Switch::On {
            self.handle(&Input::LockDown(Switch::Off), Some(word.clone()), now);
        }
    }

    /// Takes what happened at the actuator.
    pub(super) fn happened(&mut self, happening: Happening, now: Now) -> Sensed {
        self.guard = None;
        let mut sensed = Sensed::Nothing;
        match happening {
            Happening::Ended { id, result, .. } => {
                if let Some(number) = self.orders.remove(&id) {
                    let result = result.map(drop).map_err(|error| actuate::with_sources(&error));
                    self.answer(number, result, now.mono);
                }
            }
            Happening::Button { result } => {
                self.pressed = Some(result.map(drop).map_err(|error| actuate::with_sources(&error)));
                self.lane.handle(&Input::Button, now.mono);
            }
            Happening::FireInput => {
                (self.mode, self.mode_works, self.mode_command) = (LaneMode::Fire, false, None);
                self.lane.handle(&Input::Fire(Switch::On), now.mono);
            }
            Happening::Mode { mode, result, .. } => {
                if mode == self.mode {
                    self.mode_works = result.is_ok();
                    if let Some(number) = self.mode_command {
                        let result = result.map_err(|error| actuate::with_sources(&error));
                        self.answer(number, result, now.mono);
                    }
                }
            }
            Happening::Read { before, now: reading } => {
                self.lane.handle(&Input::Restored(Supply::Link), now.mono);
                let position = match reading.position {
                    actuate::Position::Open => Some(Position::Open),
                    actuate::Position::Closed => Some(Position::Closed),
                    actuate::Position::Unknown => Some(Position::Unknown),
                    // On its way: neither what it was nor what it will be.
                    actuate::Position::Moving => None,
                };
                if let Some(position) = position {
                    self.lane.handle(&Input::Feedback(position), now.mono);
                }
                let was_there = before.is_some_and(|before| before.vehicle == Signal::Active);
                if was_there && reading.vehicle == Signal::Idle {
                    sensed = Sensed::Passage;
                }
            }
            Happening::Unreadable(error) => {
                tracing::warn!(lane = %self.id(), error = actuate::with_sources(&error), "the barrier cannot be read");
                self.lane.handle(&Input::Lost(Supply::Link), now.mono);
            }
            Happening::Settled(contacts) => {
                let contacts = contacts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                tracing::info!(lane = %self.id(), contacts, "contacts that may have been left on are off");
            }
        }
        self.listen();
        sensed
    }

    /// Carries out what the lane commands now.
    pub(super) fn drive(&mut self, now: Now) {
        while let Some(command) = self.lane.poll_command(now.mono) {
            self.given.insert(command.number, (command, self.guard.clone()));
            while self.given.len() > GIVEN_MAX {
                self.given.pop_first();
            }
            if let Some(result) = self.carry(&command, now) {
                self.answer(command.number, result, now.mono);
            }
            self.listen();
        }
        self.listen();
        (self.pressed, self.guard) = (None, None);
    }

    /// What is to be told, in order.
    pub(super) fn take_told(&mut self) -> Vec<LaneChange> {
        std::mem::take(&mut self.told)
    }

    /// Hands a command on. Gives its outcome where that is known at once.
    fn carry(&mut self, command: &Command, now: Now) -> Option<Result<(), String>> {
        match (command.action, command.cause) {
            (Action::Pulse { .. }, Cause::Button) if self.pressed.is_some() => self.pressed.take(),
            (Action::HoldOpen, Cause::Fire) => self.demand(LaneMode::Fire, command.number),
            (Action::Close, Cause::LockDown) => self.demand(LaneMode::LockedDown, command.number),
            (Action::Pulse { ms }, _) => {
                let length = Duration::from_millis(u64::from(ms));
                self.order(actuate::Command::Pulse(length), command, now)
            }
            (Action::HoldOpen, _) => self.order(actuate::Command::HoldOpen, command, now),
            (Action::Release | Action::Close, _) => self.order(actuate::Command::Release, command, now),
        }
    }

    fn demand(&mut self, mode: LaneMode, number: CommandNumber) -> Option<Result<(), String>> {
        self.mode_command = Some(number);
        if self.mode == mode {
            return self.mode_works.then_some(Ok(()));
        }
        if mode == LaneMode::LockedDown {
            if self.mode == LaneMode::Fire
                && let Err(error) = self.actuator.clear()
            {
                return Some(Err(error.to_string()));
            }
            if let Err(error) = self.actuator.lock_down() {
                return Some(Err(actuate::with_sources(&error)));
            }
        } else {
            self.actuator.fire();
        }
        (self.mode, self.mode_works) = (mode, false);
        None
    }

    fn order(&mut self, what: actuate::Command, command: &Command, now: Now) -> Option<Result<(), String>> {
        if self.mode != LaneMode::Normal {
            if let Err(error) = self.actuator.clear() {
                return Some(Err(error.to_string()));
            }
            (self.mode, self.mode_works, self.mode_command) = (LaneMode::Normal, false, None);
            if what == actuate::Command::Release {
                // Going back to normal operation releases.
                self.mode_command = Some(command.number);
                return None;
            }
        }
        let deadline = now.instant + command.deadline.since(now.mono);
        match self.actuator.order(Order { command: what, deadline }) {
            Ok(id) => {
                self.orders.insert(id, command.number);
                None
            }
            Err(error) => Some(Err(actuate::with_sources(&error))),
        }
    }

    fn answer(&mut self, number: CommandNumber, result: Result<(), String>, now: MonoTime) {
        if let Err(error) = &result {
            tracing::warn!(lane = %self.id(), command = %number, error, "a command was not carried out");
            // What must hold is given again until it works; the lane's alarm tells of that once.
            if let Some((command, guard)) = self.given.remove(&number)
                && let Action::Pulse { .. } = command.action
            {
                let teller = Teller { lane: self.lane.id(), gate: self.gate.as_ref(), guard: guard.as_ref() };
                self.told.push(teller.carried(&command, LaneHappening::Failed, error.clone()));
            }
        }
        let input = if result.is_ok() { Input::Done(number) } else { Input::Failed(number) };
        self.lane.handle(&input, now);
    }

    /// Tells what the lane has to say.
    fn listen(&mut self) {
        while let Some(event) = self.lane.poll_event() {
            if let LaneEvent::CarriedOut(number) = event {
                self.carried_out(number);
                continue;
            }
            let teller = Teller { lane: self.lane.id(), gate: self.gate.as_ref(), guard: self.guard.as_ref() };
            self.told.extend(teller.event(&event));
        }
    }

    fn carried_out(&mut self, number: CommandNumber) {
        let Some((command, guard)) = self.given.remove(&number) else { return };
        let change = match command.action {
            Action::Pulse { .. } => LaneHappening::Opened,
            Action::HoldOpen => LaneHappening::Held,
            Action::Release => LaneHappening::Released,
            Action::Close => LaneHappening::Closed,
        };
        self.is_held_open = match command.action {
            Action::HoldOpen => true,
            Action::Release | Action::Close => false,
            Action::Pulse { .. } => self.is_held_open,
        };
        let teller = Teller { lane: self.lane.id(), gate: self.gate.as_ref(), guard: guard.as_ref() };
        self.told.push(teller.carried(&command, change, String::new()));
    }
}
