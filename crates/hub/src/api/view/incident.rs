//! What gates noticed that their profiles do not allow or warn of.

use std::collections::HashSet;

use domain::IncidentKind;
use projections::IncidentRow;
use serde::Serialize;
use store::StoredEvent;
use utoipa::ToSchema;
use wire::{BlobHash, Payload};

use super::{Evidence, evidence};

/// Something that a gate's profile does not allow, or warns of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incident {
    /// Identity of the event.
    id: String,
    /// The site.
    site: String,
    /// The gate.
    gate: String,
    /// The node.
    node: String,
    /// Number of the event.
    seq: u64,
    /// The camera.
    camera: String,
    /// When.
    at: String,
    /// `wrong_direction`, `tailgating`, `crowding_began` or `crowding_ended`.
    incident: &'static str,
    /// The line that was gone over.
    line: Option<String>,
    /// `in` or `out`.
    direction: Option<&'static str>,
    /// What went over it.
    class: Option<&'static str>,
    /// How long after whoever went ahead, in milliseconds.
    gap_ms: Option<u64>,
    /// The zone that is crowded.
    zone: Option<String>,
    /// Who is counted in it.
    group: Option<&'static str>,
    /// How many there are.
    count: Option<u32>,
    /// The most that there were, when it ended.
    peak: Option<u32>,
    /// More than this are too many.
    above: Option<u32>,
    /// Since when there are, or were, too many.
    since: Option<String>,
    /// The media that show it.
    evidence: Vec<Evidence>,
}

impl Incident {
    pub(crate) fn new(row: &IncidentRow, stored: &HashSet<BlobHash>) -> Self {
        let incident = &row.incident;
        let mut view = Self {
            id: row.id.to_string(),
            site: row.site.to_string(),
            gate: incident.gate.to_string(),
            node: row.node.to_string(),
            seq: row.seq,
            camera: incident.camera.to_string(),
            at: incident.at.to_string(),
            incident: incident.what.as_str(),
            line: None,
            direction: None,
            class: None,
            gap_ms: None,
            zone: None,
            group: None,
            count: None,
            peak: None,
            above: None,
            since: None,
            evidence: evidence(row.id, &row.evidence, stored),
        };
        match &incident.what {
            IncidentKind::WrongDirection(wrong) => {
                view.line = Some(wrong.line.to_string());
                view.direction = Some(wrong.direction.as_str());
                view.class = Some(wrong.class.as_str());
            }
            IncidentKind::Tailgating(follower) => {
                view.line = Some(follower.line.to_string());
                view.direction = Some(follower.direction.as_str());
                view.class = Some(follower.class.as_str());
                view.gap_ms = Some(follower.gap_ms);
            }
            IncidentKind::CrowdingBegan(crowd) => {
                view.zone = Some(crowd.zone.to_string());
                view.group = Some(crowd.group.as_str());
                (view.count, view.above) = (Some(crowd.count), Some(crowd.above));
                view.since = Some(crowd.since.to_string());
            }
            IncidentKind::CrowdingEnded(crowd) => {
                view.zone = Some(crowd.zone.to_string());
                view.group = Some(crowd.group.as_str());
                (view.count, view.peak, view.above) = (Some(crowd.count), Some(crowd.peak), Some(crowd.above));
                view.since = Some(crowd.since.to_string());
            }
        }
        view
    }

    /// Of an event that is one. Its media are taken as still under way.
    pub(crate) fn from_event(event: &StoredEvent) -> Option<Self> {
        let Some(Payload::IncidentSeen(seen)) = &event.payload else { return None };
        let row = IncidentRow {
            site: event.site.clone(),
            node: event.node.clone(),
            seq: event.seq,
            id: event.id,
            incident: seen.what.clone(),
            evidence: seen.evidence.clone(),
        };
        Some(Self::new(&row, &HashSet::new()))
    }
}
