//! How the lanes are, for the node's page, its interface and its metrics.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use access::lane::Standing;
use access::{Decision, Verdict};
use actuate::Position;
use domain::{CameraId, GateId, UtcTime};
use serde::Serialize;
use wire::access::{AccessVerdict, GuardWord};

use super::desk::Post;
use super::{GuardOrder, OrderRefused, Shown};
use crate::config::lanes::LaneConfig;

/// What a lane is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneState {
    /// Its contact says that it is closed.
    Closed,
    /// Its contact says that it is open.
    Open,
    /// It is on its way.
    Moving,
    /// It works, and nothing tells whether it is open.
    Ready,
    /// A guard holds it open.
    Held,
    /// It is locked down.
    LockedDown,
    /// The fire alarm holds it open.
    Fire,
    /// Nobody supervises it: it does what its fail mode says.
    Unsupervised,
    /// It decides and opens nothing.
    WithoutBarrier,
}

impl LaneState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Closed,
        Self::Open,
        Self::Moving,
        Self::Ready,
        Self::Held,
        Self::LockedDown,
        Self::Fire,
        Self::Unsupervised,
        Self::WithoutBarrier,
    ];

    /// Its name in metrics and the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Moving => "moving",
            Self::Ready => "ready",
            Self::Held => "held",
            Self::LockedDown => "locked_down",
            Self::Fire => "fire",
            Self::Unsupervised => "unsupervised",
            Self::WithoutBarrier => "without_barrier",
        }
    }
}

/// A lane as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LaneStatus {
    /// Its name.
    pub lane: String,
    /// The gate that it belongs to.
    pub gate: Option<GateId>,
    /// The camera whose plates and codes are shown there.
    pub camera: CameraId,
    /// What it is doing.
    pub state: LaneState,
    /// Why its relay does not do what it is told, while it does not.
    pub relay_error: Option<String>,
    /// Whether nobody is permitted, because nobody knows who is inside.
    pub state_lost: bool,
    /// What was decided last since the node started.
    pub last_decision: Option<LastDecision>,
    /// What a guard ordered last since the node started.
    pub last_order: Option<LastOrder>,
    /// Decisions since the node started, by verdict.
    pub decisions: Vec<(&'static str, u64)>,
    /// Orders since the node started: given to the lane, and refused.
    pub orders: Vec<(&'static str, u64)>,
}

/// What was decided last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastDecision {
    /// Its number.
    pub number: String,
    /// When.
    pub at: UtcTime,
    /// `permit`, `deny` or `refer`.
    pub verdict: &'static str,
    /// Name of the reason.
    pub reason: String,
    /// Whom it is about, by their ids.
    pub subjects: Vec<String>,
    /// What was shown.
    pub method: Option<&'static str>,
    /// The plate, where one was.
    pub plate: Option<String>,
}

/// What a guard ordered last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastOrder {
    /// When it came.
    pub at: UtcTime,
    /// What.
    pub order: &'static str,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Why it was refused, where it was.
    pub refused: Option<String>,
}

/// What a lane has to tell of itself besides what its barrier does.
#[derive(Debug, Default)]
pub(super) struct Tally {
    last_decision: Option<LastDecision>,
    last_order: Option<LastOrder>,
    verdicts: [u64; AccessVerdict::ALL.len()],
    given: u64,
    refused: u64,
}

impl Tally {
    pub(super) fn decided(&mut self, decision: &Decision, shown: Option<&Shown>) {
        let verdict = match decision.verdict {
            Verdict::Permit(_) => AccessVerdict::Permit,
            Verdict::Deny(_) => AccessVerdict::Deny,
            Verdict::Refer(_) => AccessVerdict::Refer,
        };
        self.verdicts[verdict as usize] += 1;
        self.last_decision = Some(LastDecision {
            number: decision.number.to_string(),
            at: decision.at,
            verdict: verdict.as_str(),
            reason: decision.verdict.reason().to_owned(),
            subjects: decision.subjects.iter().map(ToString::to_string).collect(),
            method: shown.map(|shown| shown.method.as_str()),
            plate: shown.and_then(|shown| shown.plate.as_ref()).map(|plate| plate.key.clone()),
        });
    }

    pub(super) fn ordered(&mut self, order: &GuardOrder, word: &GuardWord, why: Option<&OrderRefused>, at: UtcTime) {
        match why {
            None => self.given += 1,
            Some(_) => self.refused += 1,
        }
        self.last_order = Some(LastOrder {
            at,
            order: order.kind.as_str(),
            by: word.name.clone(),
            reason: word.reason.clone(),
            refused: why.map(ToString::to_string),
        });
    }
}

/// The lanes as the access thread saw them last.
#[derive(Debug)]
pub(super) struct LaneBoard(Mutex<Vec<LaneStatus>>);

impl LaneBoard {
    /// Lanes of which nothing is known yet.
    pub(super) fn new(lanes: &[LaneConfig]) -> Self {
        let status = |lane: &LaneConfig| LaneStatus {
            lane: lane.id.to_string(),
            gate: lane.passage.as_ref().map(|passage| passage.gate.clone()),
            camera: lane.camera.clone(),
            state: if lane.actuator.is_some() { LaneState::Ready } else { LaneState::WithoutBarrier },
            relay_error: None,
            state_lost: false,
            last_decision: None,
            last_order: None,
            decisions: AccessVerdict::ALL.map(|verdict| (verdict.as_str(), 0)).to_vec(),
            orders: vec![("given", 0), ("refused", 0)],
        };
        Self(Mutex::new(lanes.iter().map(status).collect()))
    }

    /// How they are.
    pub(super) fn now(&self) -> Vec<LaneStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes how they are now, in the order of the configuration.
    pub(super) fn take(&self, posts: &[Post], is_state_lost: bool) {
        let seen: Vec<_> =
            posts.iter().map(|post| post.rig.as_ref().map(|rig| (rig.standing(), rig.health()))).collect();
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((status, post), seen) in lanes.iter_mut().zip(posts).zip(seen) {
            (status.state, status.relay_error) = match &seen {
                None => (LaneState::WithoutBarrier, None),
                Some((standing, health)) => (state_of(*standing, health), relay_error(health)),
            };
            status.state_lost = is_state_lost;
            let Tally { last_decision, last_order, verdicts, given, refused } = &post.tally;
            status.last_decision.clone_from(last_decision);
            status.last_order.clone_from(last_order);
            status.decisions =
                AccessVerdict::ALL.map(|verdict| (verdict.as_str(), verdicts[verdict as usize])).to_vec();
            status.orders = vec![("given", *given), ("refused", *refused)];
        }
    }
}

fn state_of(standing: Standing, health: &actuate::Health) -> LaneState {
    match standing {
        Standing::Fire => LaneState::Fire,
        Standing::LockedDown => LaneState::LockedDown,
        Standing::HeldOpen => LaneState::Held,
        Standing::Unsupervised => LaneState::Unsupervised,
        Standing::Normal => match health.reading.map(|reading| reading.position) {
            Some(Position::Open) => LaneState::Open,
            Some(Position::Closed) => LaneState::Closed,
            Some(Position::Moving) => LaneState::Moving,
            Some(Position::Unknown) | None => LaneState::Ready,
        },
    }
}

fn relay_error(health: &actuate::Health) -> Option<String> {
    if health.has_ended {
        return Some("the thread of this lane's relay has ended".to_owned());
    }
    if !health.off_owed.is_empty() {
        let contacts = health.off_owed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Some(format!("contacts may be on that should be off: {contacts}"));
    }
    let (at, error) = health.last_error.as_ref().filter(|_| health.failures_in_a_row > 0)?;
    let ago = Instant::now().saturating_duration_since(*at).as_secs();
    Some(format!("{error} ({} failures in a row, the last {ago} s ago)", health.failures_in_a_row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_fails_from_its_first_failure_until_something_goes_well() {
        let mut health = actuate::Health::default();
        assert_eq!(relay_error(&health), None);
        health.last_error = Some((Instant::now(), "no route".to_owned()));
        assert_eq!(relay_error(&health), None, "what went wrong before the last success is over");
        health.failures_in_a_row = 2;
        let said = relay_error(&health).expect("it fails");
        assert!(said.starts_with("no route (2 failures in a row"), "{said}");
        health.has_ended = true;
        assert!(relay_error(&health).is_some_and(|said| said.contains("ended")));
    }

    #[test]
    fn what_is_stronger_hides_where_the_barrier_is() {
        let health = actuate::Health::default();
        for (standing, state) in [
            (Standing::Fire, LaneState::Fire),
            (Standing::LockedDown, LaneState::LockedDown),
            (Standing::HeldOpen, LaneState::Held),
            (Standing::Unsupervised, LaneState::Unsupervised),
            (Standing::Normal, LaneState::Ready),
        ] {
            assert_eq!(state_of(standing, &health), state);
        }
    }
}
