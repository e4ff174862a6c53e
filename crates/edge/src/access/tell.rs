//! Decisions and what happened at barriers, as events.

use access::lane::{Cause, Command, LaneEvent, Order, Position, Switch};
use access::{Decision, Finding, Grant, Step, Subject, Verdict};
use domain::GateId;
use wire::access::{
    AccessDecided, AccessStep, AccessVerdict, GuardWord, LaneChange, LaneHappening, LaneName, STEPS_MAX, SUBJECTS_MAX,
    short_text,
};

use super::Shown;

/// A lane's name on the wire. Both are the same kind of slug.
pub(super) fn lane_name(lane: &access::LaneId) -> LaneName {
    LaneName::new(lane.as_str()).expect("a lane's id is a slug as in the events")
}

/// A decision as an event, with what was shown.
pub(super) fn decided(decision: &Decision, gate: Option<&GateId>, shown: Option<&Shown>) -> AccessDecided {
    let (verdict, rule, guard) = match &decision.verdict {
        Verdict::Permit(Grant::Rule(rule)) => (AccessVerdict::Permit, Some(rule.to_string()), None),
        Verdict::Permit(Grant::Override { guard, reason }) => {
            (AccessVerdict::Permit, None, Some(GuardWord { name: guard.clone(), reason: reason.clone() }))
        }
        Verdict::Deny(_) => (AccessVerdict::Deny, None, None),
        Verdict::Refer(_) => (AccessVerdict::Refer, None, None),
    };
    AccessDecided {
        lane: lane_name(&decision.lane),
        gate: gate.cloned(),
        number: decision.number.to_string(),
        verdict,
        reason: decision.verdict.reason().to_owned(),
        detail: short_text(&decision.verdict.to_string()),
        rule,
        guard,
        subjects: decision.subjects.iter().take(SUBJECTS_MAX).map(Subject::to_string).collect(),
        method: shown.map(|shown| shown.method.as_str().to_owned()),
        plate: shown.and_then(|shown| shown.plate.clone()),
        trail: decision.trail.iter().take(STEPS_MAX).map(step).collect(),
    }
}

fn step(step: &Step) -> AccessStep {
    let (finding, detail) = match &step.finding {
        Finding::Held => ("held", String::new()),
        Finding::NotAsked => ("not-asked", String::new()),
        Finding::Noted(reason) => ("noted", reason.to_string()),
        Finding::Resembles(plate) => ("resembles", plate.to_string()),
        Finding::Denied(reason) => ("denied", reason.to_string()),
        Finding::Referred(reason) => ("referred", reason.to_string()),
    };
    AccessStep {
        subject: step.subject.as_ref().map(Subject::to_string),
        check: step.check.as_str().to_owned(),
        finding: finding.to_owned(),
        detail: short_text(&detail),
    }
}

/// What a command is given for.
pub(super) fn cause_of(cause: Cause) -> (&'static str, Option<String>) {
    match cause {
        Cause::Permit(number) => ("permit", Some(number.to_string())),
        Cause::Guard => ("guard", None),
        Cause::Button => ("button", None),
        Cause::Fire => ("fire", None),
        Cause::LockDown => ("lock-down", None),
        Cause::FailMode => ("fail-mode", None),
    }
}

fn order_name(order: Order) -> &'static str {
    match order {
        Order::Open => "open",
        Order::Hold => "hold",
        Order::Close => "close",
        Order::Release => "release",
    }
}

fn switched(switch: Switch, on: LaneHappening, off: LaneHappening) -> LaneHappening {
    match switch {
        Switch::On => on,
        Switch::Off => off,
    }
}

/// Who tells, about what.
pub(super) struct Teller<'a> {
    pub(super) lane: &'a access::LaneId,
    pub(super) gate: Option<&'a GateId>,
    /// The guard whose order is being carried out.
    pub(super) guard: Option<&'a GuardWord>,
}

impl Teller<'_> {
    /// A change with everything that is not said left empty.
    pub(super) fn change(&self, change: LaneHappening, cause: &str) -> LaneChange {
        LaneChange {
            lane: lane_name(self.lane),
            gate: self.gate.cloned(),
            change,
            cause: cause.to_owned(),
            decision: None,
            guard: None,
            detail: String::new(),
        }
    }

    /// A command that the actuator has carried out, or could not.
    pub(super) fn carried(&self, command: &Command, change: LaneHappening, detail: String) -> LaneChange {
        let (cause, decision) = cause_of(command.cause);
        let guard = self.guard.filter(|_| command.cause == Cause::Guard).cloned();
        LaneChange { decision, guard, detail: short_text(&detail), ..self.change(change, cause) }
    }

    /// What is told of an event of the lane; nothing where it is no news by itself.
    pub(super) fn event(&self, event: &LaneEvent) -> Option<LaneChange> {
        let guarded = |change| LaneChange { guard: self.guard.cloned(), ..change };
        Some(match event {
            // Told when the actuator has answered.
            LaneEvent::Commanded(_) | LaneEvent::CarriedOut(_) => return None,
            LaneEvent::Ignored { number, why } => {
                let decision = number.map(|number| number.to_string());
                guarded(LaneChange { decision, ..self.change(LaneHappening::Ignored, why.as_str()) })
            }
            LaneEvent::Ordered { order, .. } => guarded(self.change(LaneHappening::Ordered, order_name(*order))),
            LaneEvent::ButtonPressed => self.change(LaneHappening::ButtonPressed, "button"),
            LaneEvent::Fire(switch) => {
                guarded(self.change(switched(*switch, LaneHappening::Fire, LaneHappening::FireEnded), "fire"))
            }
            LaneEvent::LockDown(switch) => {
                let change = switched(*switch, LaneHappening::LockedDown, LaneHappening::LockDownEnded);
                guarded(self.change(change, "lock-down"))
            }
            LaneEvent::Moved(Position::Open) => self.change(LaneHappening::SeenOpen, ""),
            LaneEvent::Moved(Position::Closed) => self.change(LaneHappening::SeenClosed, ""),
            LaneEvent::Moved(Position::Unknown) => self.change(LaneHappening::Unseen, ""),
            LaneEvent::Alarm(alarm) => self.change(LaneHappening::AlarmRaised, alarm.as_str()),
            LaneEvent::AlarmEnded(alarm) => self.change(LaneHappening::AlarmEnded, alarm.as_str()),
            LaneEvent::Dropped { count } => LaneChange {
                detail: format!("{count} earlier happenings of this lane were not told"),
                ..self.change(LaneHappening::AlarmRaised, "overrun")
            },
        })
    }
}
