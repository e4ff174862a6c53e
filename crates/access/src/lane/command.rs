//! Commands for the actuator: when they are given, repeated and dropped.

use std::fmt;

use domain::MonoTime;
use serde::{Deserialize, Serialize};

use super::{Alarm, COMMAND_LIFE, Ignored, Lane, LaneEvent};
use crate::decision::DecisionNumber;

/// Names a command of one lane; it rises. An actuator never carries out a lower one after a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandNumber(pub u64);

impl fmt::Display for CommandNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What the actuator is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Open once.
    Pulse {
        /// How long the relay is on.
        ms: u32,
    },
    /// Open and stay so.
    HoldOpen,
    /// No longer hold: the barrier closes by itself, a door can be opened by permits again.
    Release,
    /// Close now.
    Close,
}

impl Action {
    /// Whether it opens.
    #[must_use]
    pub const fn opens(self) -> bool {
        match self {
            Self::Pulse { .. } | Self::HoldOpen => true,
            Self::Release | Self::Close => false,
        }
    }
}

/// What a command is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A permit.
    Permit(DecisionNumber),
    /// A guard.
    Guard,
    /// The manual button.
    Button,
    /// The fire alarm.
    Fire,
    /// Lock-down.
    LockDown,
    /// Nobody supervises the lane.
    FailMode,
}

/// A command for the actuator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Command {
    /// Its number.
    pub number: CommandNumber,
    /// What to do.
    pub action: Action,
    /// What for.
    pub cause: Cause,
    /// After this moment it must not be carried out.
    pub deadline: MonoTime,
}

/// What must hold until something else must.
#[derive(Debug, Clone)]
pub(super) struct Sustained {
    pub(super) action: Action,
    pub(super) cause: Cause,
    /// The command under way, and until when the actuator may take.
    given: Option<(CommandNumber, MonoTime)>,
    /// When it is to be given, again or for the first time; never where the actuator is done.
    due: Option<MonoTime>,
}

impl Lane {
    pub(super) fn open_once(&mut self, cause: Cause, deadline: MonoTime, of: Option<DecisionNumber>) {
        // A guard's close that is not done yet must not be repeated into the opening; only what holds must end.
        if let Some(sustained) = self.sustained.as_mut()
            && (sustained.action, sustained.cause) == (Action::Close, Cause::Guard)
        {
            sustained.action = Action::Release;
        }
        let action = Action::Pulse { ms: self.settings.pulse_ms };
        let number = self.next_number();
        if let Some((_, Some(number))) = self.pulse.replace((Command { number, action, cause, deadline }, of)) {
            self.tell(LaneEvent::Ignored { number: Some(number), why: Ignored::Overruled });
        }
    }

    pub(super) fn sustain(&mut self, action: Action, cause: Cause, now: MonoTime) {
        self.sustained = Some(Sustained { action, cause, given: None, due: Some(now) });
    }

    fn next_number(&mut self) -> CommandNumber {
        self.numbered += 1;
        CommandNumber(self.numbered)
    }

    /// The next command for the actuator, if there is one that may be carried out now. Poll after every call and when
    /// [`Lane::poll_timeout`] says so.
    #[must_use]
    pub fn poll_command(&mut self, now: MonoTime) -> Option<Command> {
        let command = self.due(now).or_else(|| self.opening(now))?;
        self.watch.commanded(&command, &self.settings, now);
        self.tell(LaneEvent::Commanded(command));
        Some(command)
    }

    fn due(&mut self, now: MonoTime) -> Option<Command> {
        let sustained = self.sustained.as_ref()?;
        sustained.due.filter(|due| *due <= now)?;
        let number = self.next_number();
        let deadline = now + COMMAND_LIFE;
        let sustained = self.sustained.as_mut()?;
        sustained.due = Some(deadline);
        sustained.given = Some((number, deadline));
        Some(Command { number, action: sustained.action, cause: sustained.cause, deadline })
    }

    fn opening(&mut self, now: MonoTime) -> Option<Command> {
        let (command, of) = self.pulse.take()?;
        if now > command.deadline {
            self.tell(LaneEvent::Ignored { number: of, why: Ignored::Late });
            return None;
        }
        // Numbered when it leaves, after whatever had to be done before it.
        Some(Command { number: self.next_number(), ..command })
    }

    pub(super) fn done(&mut self, number: CommandNumber) {
        self.tell(LaneEvent::CarriedOut(number));
        if self.watch.actuator_works() {
            self.tell(LaneEvent::AlarmEnded(Alarm::ActuatorFailed));
        }
        let Some(sustained) = self.sustained.as_mut() else { return };
        if sustained.given.is_some_and(|(given, _)| given == number) {
            sustained.due = None;
            // Nothing is left to hold after these: the lane is as it is without anybody's order.
            let over = match (sustained.action, sustained.cause) {
                (Action::Release, _) | (Action::Close, Cause::Guard) => true,
                (Action::Pulse { .. } | Action::HoldOpen | Action::Close, _) => false,
            };
            if over {
                self.sustained = None;
            }
        }
    }

    pub(super) fn failed(&mut self, number: CommandNumber, now: MonoTime) {
        if self.watch.actuator_fails() {
            self.tell(LaneEvent::Alarm(Alarm::ActuatorFailed));
        }
        if let Some(sustained) = self.sustained.as_mut()
            && let Some((given, until)) = sustained.given
            && given == number
        {
            // Not at once: an actuator that refuses would be asked without pause.
            sustained.due = Some(until.max(now));
        }
    }

    /// When [`Lane::handle_timeout`] or [`Lane::poll_command`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        let due = self.sustained.as_ref().and_then(|sustained| sustained.due);
        let late = self.pulse.as_ref().map(|(command, _)| command.deadline);
        due.into_iter().chain(late).chain(self.watch.poll_timeout()).min()
    }
}
