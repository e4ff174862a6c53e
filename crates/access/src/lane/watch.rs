//! What the contact should say after what was commanded, and the alarms when it says something else.

use std::collections::BTreeSet;

use domain::MonoTime;

use super::{Action, Alarm, BarrierSettings, Command, Feedback, Lane, LaneEvent, Position};

/// What is expected of the contact, and what it said last.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    position: Option<Position>,
    /// Whether it may be open: until when it may begin to be, or as long as it is held.
    leave: Leave,
    /// By when it must say that it is open.
    open_by: Option<MonoTime>,
    /// By when it must say that it is closed.
    closed_by: Option<MonoTime>,
    /// Until when it may stay open.
    open_until: Option<MonoTime>,
    /// What is wrong now.
    raised: BTreeSet<Wrong>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Leave {
    #[default]
    None,
    /// A pulse lets it begin to be open until then.
    Until(MonoTime),
    /// It is held open.
    Held,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    NotOpened,
    NotClosed,
    OpenTooLong,
    ForcedOpen,
    ActuatorFailed,
}

impl Wrong {
    const fn alarm(self) -> Alarm {
        match self {
            Self::NotOpened => Alarm::NotOpened,
            Self::NotClosed => Alarm::NotClosed,
            Self::OpenTooLong => Alarm::OpenTooLong,
            Self::ForcedOpen => Alarm::ForcedOpen,
            Self::ActuatorFailed => Alarm::ActuatorFailed,
        }
    }
}

impl Watch {
    /// A command leaves for the actuator. It may be carried out as late as its deadline.
    pub(super) fn commanded(&mut self, command: &Command, settings: &BarrierSettings, now: MonoTime) {
        if settings.feedback == Feedback::None {
            return;
        }
        let by = command.deadline.max(now) + settings.report_within;
        let is_open = self.position == Some(Position::Open);
        match command.action {
            Action::Pulse { .. } => {
                self.leave = Leave::Until(by);
                self.open_by = (!is_open).then_some(by);
                self.closed_by = None;
                // Whoever comes while it is still open has as long as everybody.
                self.open_until = is_open.then_some(now + settings.open_max);
            }
            Action::HoldOpen => {
                // Repeating the command does not put the alarm off.
                if self.leave != Leave::Held {
                    self.open_by = (!is_open).then_some(by);
                }
                (self.leave, self.closed_by, self.open_until) = (Leave::Held, None, None);
            }
            Action::Release => {
                (self.leave, self.open_by, self.closed_by) = (Leave::Until(by), None, None);
                self.open_until = is_open.then_some(now + settings.open_max);
            }
            Action::Close => {
                if self.closed_by.is_none() && is_open {
                    self.closed_by = Some(by);
                }
                (self.leave, self.open_by, self.open_until) = (Leave::None, None, None);
            }
        }
    }

    pub(super) fn actuator_fails(&mut self) -> bool {
        self.raised.insert(Wrong::ActuatorFailed)
    }

    pub(super) fn actuator_works(&mut self) -> bool {
        self.raised.remove(&Wrong::ActuatorFailed)
    }

    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        [self.open_by, self.closed_by, self.open_until].into_iter().flatten().min()
    }
}

impl Lane {
    /// The contact says something.
    pub(super) fn seen(&mut self, position: Position, now: MonoTime) {
        if self.settings.feedback == Feedback::None || self.watch.position == Some(position) {
            return;
        }
        let first = self.watch.position.replace(position).is_none();
        // A lane that starts with a closed barrier has nothing to tell.
        if !(first && position == Position::Closed) {
            self.tell(LaneEvent::Moved(position));
        }
        match position {
            Position::Open => self.opened(now),
            Position::Closed => {
                self.watch.open_until = None;
                self.watch.closed_by = None;
                // One pulse opens once; while it is awaited it may still come.
                if self.watch.open_by.is_none() && self.watch.leave != Leave::Held {
                    self.watch.leave = Leave::None;
                }
                for wrong in [Wrong::OpenTooLong, Wrong::ForcedOpen, Wrong::NotClosed] {
                    self.end(wrong);
                }
            }
            Position::Unknown => {}
        }
    }

    fn opened(&mut self, now: MonoTime) {
        self.watch.open_by = None;
        self.end(Wrong::NotOpened);
        let may = match self.watch.leave {
            Leave::None => false,
            Leave::Until(until) => now <= until,
            Leave::Held => true,
        };
        if !may {
            self.raise(Wrong::ForcedOpen);
        }
        if self.watch.leave != Leave::Held {
            self.watch.open_until = Some(now + self.settings.open_max);
        }
    }

    /// Raises what has not happened in time.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        let passed = |by: &mut Option<MonoTime>| by.take_if(|by| *by <= now).is_some();
        let watch = &mut self.watch;
        let (opened, closed) = (passed(&mut watch.open_by), passed(&mut watch.closed_by));
        let too_long = passed(&mut watch.open_until);
        for (wrong, happened) in
            [(Wrong::NotOpened, opened), (Wrong::NotClosed, closed), (Wrong::OpenTooLong, too_long)]
        {
            if happened {
                self.raise(wrong);
            }
        }
    }

    fn raise(&mut self, wrong: Wrong) {
        if self.watch.raised.insert(wrong) {
            self.tell(LaneEvent::Alarm(wrong.alarm()));
        }
    }

    fn end(&mut self, wrong: Wrong) {
        if self.watch.raised.remove(&wrong) {
            self.tell(LaneEvent::AlarmEnded(wrong.alarm()));
        }
    }
}
