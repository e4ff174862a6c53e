//! The state machine of one barrier or door: decisions, guards, buttons and alarms in; commands for the actuator and
//! what happened out.
//!
//! Who is obeyed when several speak: the fire alarm before all, then lock-down, then a guard who holds the lane open,
//! then the fail mode while the lane is not supervised, then permits, the guard and the button. What a relay does
//! without current is wired, not decided here: wire it as the fail mode says.
//!
//! A command that must hold (hold open, close, release) is repeated until the actuator says that it is done. A pulse is
//! given once. No opening command leaves after its deadline, or under lock-down without fire.

mod command;
mod event;
mod watch;

use std::collections::VecDeque;
use std::time::Duration;

use domain::MonoTime;
use serde::{Deserialize, Serialize};

use crate::decision::{Decision, DecisionNumber, Verdict};
use crate::id::LaneId;

pub use command::{Action, Cause, Command, CommandNumber};
pub use event::{Alarm, Ignored, LaneEvent};

use command::Sustained;
use watch::Watch;

/// How long a command of a guard, a button or an alarm may wait for the actuator.
pub const COMMAND_LIFE: Duration = Duration::from_millis(2_000);
/// Most events that wait to be polled; with more, the oldest are dropped and counted.
pub const EVENTS_MAX: usize = 1_024;

/// How a lane behaves when nobody supervises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailMode {
    /// It stays closed.
    Secure,
    /// It opens, so that nobody is locked in.
    Safe,
}

/// Whether something tells that the barrier is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feedback {
    /// A contact is wired.
    Wired,
    /// Nothing: there are no alarms about it either.
    None,
}

/// How a barrier or door is driven and watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarrierSettings {
    /// What it does when it is not supervised.
    pub fail: FailMode,
    /// Whether something tells that it is open.
    pub feedback: Feedback,
    /// How long the relay is on to open it.
    pub pulse_ms: u32,
    /// How soon after a command the contact must say so.
    pub report_within: Duration,
    /// How long it may stay open without being held.
    pub open_max: Duration,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// What the contact says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// The contact cannot be read, or contradicts itself.
    Unknown,
}

/// What a guard orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Open once.
    Open,
    /// Open and stay so.
    Hold,
    /// End a hold and close.
    Close,
    /// End a hold: the barrier closes by itself, a door can be opened by permits again.
    Release,
}

/// What the lane's supervision may lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Supply {
    /// The mains of the barrier.
    Power,
    /// The link to the actuator or to what decides.
    Link,
    /// The camera that reads for it.
    Camera,
}

/// What holds at a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing: permits, guards and the button open it.
    Normal,
    /// A guard holds it open.
    HeldOpen,
    /// It is locked down.
    LockedDown,
    /// The fire alarm holds it open.
    Fire,
    /// Nobody supervises it: it does what its fail mode says.
    Unsupervised,
}

/// What comes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A decision of this lane; only a permit opens.
    Decided(&'a Decision),
    /// A permit ended and must not open any more.
    Ended(DecisionNumber),
    /// A guard's order. He is named in the event; for letting one person or vehicle pass there is
    /// [`Access::override_by`](crate::Access::override_by), which also asks why.
    Guard {
        /// What he orders.
        order: Order,
        /// Who he is.
        guard: &'a str,
    },
    /// The manual button.
    Button,
    /// The fire alarm.
    Fire(Switch),
    /// Lock-down.
    LockDown(Switch),
    /// The contact.
    Feedback(Position),
    /// The actuator carried a command out.
    Done(CommandNumber),
    /// The actuator could not.
    Failed(CommandNumber),
    /// Something that supervises or feeds the lane is gone.
    Lost(Supply),
    /// It is back.
    Restored(Supply),
}

/// One barrier or door.
#[derive(Debug, Clone)]
pub struct Lane {
    id: LaneId,
    settings: BarrierSettings,
    fire: Switch,
    lock_down: Switch,
    hold: Switch,
    lost: Vec<Supply>,
    /// What must hold now.
    sustained: Option<Sustained>,
    /// The opening pulse that the actuator has not taken yet, and whose permit it is.
    pulse: Option<(Command, Option<DecisionNumber>)>,
    /// The newest decision that has opened or was refused: none opens twice.
    latest: Option<DecisionNumber>,
    watch: Watch,
    numbered: u64,
    events: VecDeque<LaneEvent>,
    dropped: u32,
}

impl Lane {
    /// A lane that is taken to be closed and supervised.
    #[must_use]
    pub fn new(id: LaneId, settings: BarrierSettings) -> Self {
        Self {
            id,
            settings,
            fire: Switch::Off,
            lock_down: Switch::Off,
            hold: Switch::Off,
            lost: Vec::new(),
            sustained: None,
            pulse: None,
            latest: None,
            watch: Watch::default(),
            numbered: 0,
            events: VecDeque::new(),
            dropped: 0,
        }
    }

    /// The lane's name.
    #[must_use]
    pub fn id(&self) -> &LaneId {
        &self.id
    }

    /// What holds now: whatever is stronger hides the rest.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.wanted() {
            None | Some((_, Cause::Permit(_) | Cause::Button)) => Standing::Normal,
            Some((_, Cause::Fire)) => Standing::Fire,
            Some((_, Cause::LockDown)) => Standing::LockedDown,
            Some((_, Cause::Guard)) => Standing::HeldOpen,
            Some((_, Cause::FailMode)) => Standing::Unsupervised,
        }
    }

    /// Whether it is locked down, also where a fire holds it open all the same.
    #[must_use]
    pub const fn lock_down(&self) -> Switch {
        self.lock_down
    }

    /// Takes other settings; what holds now is looked at again.
    pub fn set_settings(&mut self, settings: BarrierSettings, now: MonoTime) {
        self.settings = settings;
        self.settle(now);
    }

    /// Takes what came in.
    pub fn handle(&mut self, input: &Input<'_>, now: MonoTime) {
        self.handle_timeout(now);
        match input {
            Input::Decided(decision) => self.decided(decision, now),
            Input::Ended(number) => self.ended(*number),
            Input::Guard { order, guard } => self.ordered(*order, guard, now),
            Input::Button => self.button(now),
            Input::Fire(switch) => {
                self.fire = *switch;
                self.tell(LaneEvent::Fire(*switch));
            }
            Input::LockDown(switch) => {
                self.lock_down = *switch;
                self.tell(LaneEvent::LockDown(*switch));
            }
            Input::Feedback(position) => self.seen(*position, now),
            Input::Done(number) => self.done(*number),
            Input::Failed(number) => self.failed(*number, now),
            Input::Lost(supply) => {
                if !self.lost.contains(supply) {
                    self.lost.push(*supply);
                    self.tell(LaneEvent::Alarm(Alarm::Lost(*supply)));
                }
            }
            Input::Restored(supply) => {
                if self.lost.contains(supply) {
                    self.lost.retain(|one| one != supply);
                    self.tell(LaneEvent::AlarmEnded(Alarm::Lost(*supply)));
                }
            }
        }
        self.settle(now);
    }

    fn decided(&mut self, decision: &Decision, now: MonoTime) {
        match &decision.verdict {
            Verdict::Permit(_) => {}
            Verdict::Deny(_) | Verdict::Refer(_) => return,
        }
        let number = decision.number;
        let ignored = if decision.lane != self.id {
            Some(Ignored::OtherLane)
        } else if self.latest.is_some_and(|latest| number <= latest) {
            Some(Ignored::NotNew)
        } else if now > decision.deadline {
            Some(Ignored::Late)
        } else {
            self.refuses_to_open()
        };
        if decision.lane == self.id {
            self.latest = self.latest.max(Some(number));
        }
        match ignored {
            Some(why) => self.tell(LaneEvent::Ignored { number: Some(number), why }),
            None => self.open_once(Cause::Permit(number), decision.deadline, Some(number)),
        }
    }

    fn ended(&mut self, number: DecisionNumber) {
        // One that comes late, after its end, must not open either.
        self.latest = self.latest.max(Some(number));
        if self.pulse.as_ref().is_some_and(|(_, of)| *of == Some(number)) {
            self.pulse = None;
            self.tell(LaneEvent::Ignored { number: Some(number), why: Ignored::Ended });
        }
    }

    fn ordered(&mut self, order: Order, guard: &str, now: MonoTime) {
        self.tell(LaneEvent::Ordered { order, guard: guard.to_owned() });
        match order {
            Order::Open => self.open_by_hand(Cause::Guard, now),
            Order::Hold if self.is_locked() => self.tell(LaneEvent::Ignored { number: None, why: Ignored::LockedDown }),
            Order::Hold => self.hold = Switch::On,
            Order::Release => self.hold = Switch::Off,
            Order::Close => {
                self.hold = Switch::Off;
                self.drop_pulse();
                match self.wanted() {
                    None => self.sustain(Action::Close, Cause::Guard, now),
                    Some((Action::HoldOpen, _)) => {
                        self.tell(LaneEvent::Ignored { number: None, why: Ignored::Overruled });
                    }
                    // It is closed already, by something stronger.
                    Some(_) => {}
                }
            }
        }
    }

    fn button(&mut self, now: MonoTime) {
        self.tell(LaneEvent::ButtonPressed);
        self.open_by_hand(Cause::Button, now);
    }

    fn open_by_hand(&mut self, cause: Cause, now: MonoTime) {
        let why = if self.is_locked() { Some(Ignored::LockedDown) } else { self.is_held_open() };
        match why {
            Some(why) => self.tell(LaneEvent::Ignored { number: None, why }),
            None => self.open_once(cause, now + COMMAND_LIFE, None),
        }
    }

    const fn is_locked(&self) -> bool {
        matches!((self.fire, self.lock_down), (Switch::Off, Switch::On))
    }

    fn is_held_open(&self) -> Option<Ignored> {
        let (action, _) = self.wanted()?;
        (action == Action::HoldOpen).then_some(Ignored::HeldOpen)
    }

    /// Why a permit opens nothing now.
    fn refuses_to_open(&self) -> Option<Ignored> {
        match self.wanted() {
            None => None,
            Some((Action::HoldOpen, _)) => Some(Ignored::HeldOpen),
            Some((_, Cause::LockDown)) => Some(Ignored::LockedDown),
            Some(_) => Some(Ignored::Unsupervised),
        }
    }

    /// What must hold now, by whom.
    fn wanted(&self) -> Option<(Action, Cause)> {
        if self.fire == Switch::On {
            Some((Action::HoldOpen, Cause::Fire))
        } else if self.lock_down == Switch::On {
            Some((Action::Close, Cause::LockDown))
        } else if self.hold == Switch::On {
            Some((Action::HoldOpen, Cause::Guard))
        } else if self.lost.is_empty() {
            None
        } else {
            match self.settings.fail {
                FailMode::Safe => Some((Action::HoldOpen, Cause::FailMode)),
                FailMode::Secure => Some((Action::Close, Cause::FailMode)),
            }
        }
    }

    /// Goes over to what must hold now.
    fn settle(&mut self, now: MonoTime) {
        let wanted = self.wanted();
        if self.is_locked() {
            self.hold = Switch::Off;
        }
        let holding = self.sustained.as_ref().map(|sustained| (sustained.action, sustained.cause));
        match (wanted, holding) {
            (Some(wanted), holding) if holding != Some(wanted) => {
                self.drop_pulse();
                self.sustain(wanted.0, wanted.1, now);
            }
            // What a guard closed and what was released ends by itself, when it is done.
            (None, Some((Action::HoldOpen, cause))) => self.sustain(Action::Release, cause, now),
            (None, Some((Action::Close, cause @ (Cause::LockDown | Cause::FailMode)))) => {
                self.sustain(Action::Release, cause, now);
            }
            (Some(_) | None, _) => {}
        }
    }

    fn drop_pulse(&mut self) {
        if let Some((_, number)) = self.pulse.take() {
            let why = if self.is_locked() { Ignored::LockedDown } else { Ignored::Overruled };
            self.tell(LaneEvent::Ignored { number, why });
        }
    }

    fn tell(&mut self, event: LaneEvent) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.events.push_back(event);
    }

    /// What happened, in order. Poll until there is nothing more after every call.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<LaneEvent> {
        let count = std::mem::take(&mut self.dropped);
        if count > 0 { Some(LaneEvent::Dropped { count }) } else { self.events.pop_front() }
    }
}
