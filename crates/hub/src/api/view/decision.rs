//! Decisions at lanes and what happened at their barriers.

use std::collections::HashSet;

use projections::{DecisionRow, Delta};
use serde::Serialize;
use store::{DecisionCountRow, StoredEvent};
use utoipa::ToSchema;
use wire::access::{AccessStep, GuardWord};
use wire::{BlobHash, Payload};

use super::{Evidence, evidence};

/// A decision at a lane.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// Identity of the event.
    id: String,
    /// The site.
    site: String,
    /// The node that decided.
    node: String,
    /// Number of the event.
    seq: u64,
    /// When.
    at: String,
    /// The lane.
    lane: String,
    /// The gate that the lane belongs to.
    gate: Option<String>,
    /// The decision's number at its node.
    number: String,
    /// `permit`, `deny` or `refer`.
    verdict: &'static str,
    /// Name of the reason; of a permit, of what granted it: `rule` or `override`.
    reason: String,
    /// The reason in words.
    detail: String,
    /// The rule that granted it.
    rule: Option<String>,
    /// The guard who granted it.
    guard: Option<Guard>,
    /// Whom it is about as far as known: `holder:…` or `pass:…`.
    subjects: Vec<String>,
    /// What was shown: `plate`, `pass`, `card` or `citizen-card`.
    method: Option<String>,
    /// The plate that was shown.
    plate: Option<ShownPlate>,
    /// The media that show what led to it.
    evidence: Vec<Evidence>,
}

/// Who answers for something, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Guard {
    /// Who.
    name: String,
    /// Why.
    reason: String,
}

/// The plate that led to a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownPlate {
    /// Identity of the event that read it.
    event: String,
    /// The camera.
    camera: String,
    /// Number of the visit.
    visit: u64,
    /// The key as it was read.
    key: String,
}

impl From<&GuardWord> for Guard {
    fn from(word: &GuardWord) -> Self {
        Self { name: word.name.clone(), reason: word.reason.clone() }
    }
}

impl Decision {
    pub(crate) fn new(row: &DecisionRow, stored: &HashSet<BlobHash>) -> Self {
        let decision = &row.decision;
        Self {
            id: row.id.to_string(),
            site: row.site.to_string(),
            node: row.node.to_string(),
            seq: row.seq,
            at: row.at.to_string(),
            lane: decision.lane.to_string(),
            gate: decision.gate.as_ref().map(ToString::to_string),
            number: decision.number.clone(),
            verdict: decision.verdict.as_str(),
            reason: decision.reason.clone(),
            detail: decision.detail.clone(),
            rule: decision.rule.clone(),
            guard: decision.guard.as_ref().map(Guard::from),
            subjects: decision.subjects.clone(),
            method: decision.method.clone(),
            plate: decision.plate.as_ref().map(|plate| ShownPlate {
                event: plate.event.to_string(),
                camera: plate.camera.to_string(),
                visit: plate.visit,
                key: plate.key.clone(),
            }),
            evidence: evidence(row.id, &row.evidence, stored),
        }
    }

    /// Of an event that is one. Its media are taken as still under way.
    pub(crate) fn from_event(event: &StoredEvent) -> Option<Self> {
        Some(Self::new(&row_of(event)?, &HashSet::new()))
    }
}

/// The row that the fold makes of an event, so that a live decision is the same as a listed one.
fn row_of(event: &StoredEvent) -> Option<DecisionRow> {
    let Some(Payload::AccessDecided(_)) = &event.payload else { return None };
    projections::fold(&event.fact())
        .into_iter()
        .find_map(|delta| if let Delta::Decision(row) = delta { Some(*row) } else { None })
}

/// A decision with every check that led to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionDetail {
    /// The decision.
    #[serde(flatten)]
    decision: Decision,
    /// Every check in its order.
    trail: Vec<DecisionStep>,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionStep {
    /// About whom.
    subject: Option<String>,
    /// What was looked at, such as `anti-passback`.
    check: String,
    /// What was found: `held`, `not-asked`, `noted`, `resembles`, `denied` or `referred`.
    finding: String,
    /// Why, in words.
    detail: String,
}

impl DecisionDetail {
    pub(crate) fn from_event(event: &StoredEvent, stored: &HashSet<BlobHash>) -> Option<Self> {
        let Some(Payload::AccessDecided(decided)) = &event.payload else { return None };
        let step = |step: &AccessStep| DecisionStep {
            subject: step.subject.clone(),
            check: step.check.clone(),
            finding: step.finding.clone(),
            detail: step.detail.clone(),
        };
        let trail = decided.what.trail.iter().map(step).collect();
        Some(Self { decision: Decision::new(&row_of(event)?, stored), trail })
    }
}

/// How many decisions of a lane had a verdict on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionCount {
    /// When the day began, at midnight in Asia/Ho_Chi_Minh.
    day: String,
    /// The lane.
    lane: String,
    /// `permit`, `deny` or `refer`.
    verdict: &'static str,
    /// How many.
    count: u64,
}

impl From<&DecisionCountRow> for DecisionCount {
    fn from(row: &DecisionCountRow) -> Self {
        Self { day: row.day.to_string(), lane: row.lane.to_string(), verdict: row.verdict.as_str(), count: row.count }
    }
}

/// Something happened at a lane's barrier or door.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LaneChanged {
    /// Identity of the event.
    id: String,
    /// The site.
    site: String,
    /// The node.
    node: String,
    /// Number of the event.
    seq: u64,
    /// When.
    at: String,
    /// The lane.
    lane: String,
    /// The gate that it belongs to.
    gate: Option<String>,
    /// What happened, such as `opened`, `alarm_raised` or `passed_unpermitted`.
    change: &'static str,
    /// What for, or the name of the alarm.
    cause: String,
    /// The decision that it carries out, by its number.
    decision: Option<String>,
    /// The guard who ordered it.
    guard: Option<Guard>,
    /// More, in words.
    detail: String,
}

impl LaneChanged {
    pub(crate) fn from_event(event: &StoredEvent) -> Option<Self> {
        let Some(Payload::LaneChanged(change)) = &event.payload else { return None };
        Some(Self {
            id: event.id.to_string(),
            site: event.site.to_string(),
            node: event.node.to_string(),
            seq: event.seq,
            at: event.at.to_string(),
            lane: change.lane.to_string(),
            gate: change.gate.as_ref().map(ToString::to_string),
            change: change.change.as_str(),
            cause: change.cause.clone(),
            decision: change.decision.clone(),
            guard: change.guard.as_ref().map(Guard::from),
            detail: change.detail.clone(),
        })
    }
}
