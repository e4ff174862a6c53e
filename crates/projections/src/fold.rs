//! From one event to what it changes.

use std::collections::BTreeSet;

use domain::{CameraId, ClockQuality, GateId, Incident, NodeId, Passage, SiteId, Stay, UtcTime};
use wire::event::{CameraChange, ClockJump, NodeStart, WithEvidence};
use wire::plate::{ListPurpose, PlateMatch, PlateOutcome, PlateReading};
use wire::{AccessDecided, EventId, Payload, PlateRead, Received};

use crate::alert;
use crate::delta::{
    CameraKey, CameraValue, ClipRow, ClockJumpValue, CountKey, DecisionRow, Delta, GateCameraKey, GateNodeKey,
    IncidentRow, NodeSeenValue, NodeStartValue, OccupancyKey, OccupancyValue, PLATE_TEXT_CHARS_MAX, PassageRow,
    PlateBest, PlateListed, PlateRow, StayRow,
};

/// A verified event, as far as the fold looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<'a> {
    /// The site of the node.
    pub site: &'a SiteId,
    /// The node.
    pub node: &'a NodeId,
    /// Its number in the node's chain.
    pub seq: u64,
    /// Its identity.
    pub id: EventId,
    /// When it happened.
    pub at: UtcTime,
    /// Trust in that time.
    pub clock: ClockQuality,
    /// What happened; nothing where the kind is not known to this version.
    pub payload: Option<&'a Payload>,
}

impl<'a> From<&'a Received> for Fact<'a> {
    fn from(event: &'a Received) -> Self {
        Self {
            site: &event.site,
            node: &event.node,
            seq: event.seq,
            id: event.id,
            at: event.at,
            clock: event.clock,
            payload: event.payload.as_ref(),
        }
    }
}

/// What `fact` changes. An event of an unknown kind only shows that its node is there.
pub fn fold(fact: &Fact<'_>) -> Vec<Delta> {
    let seen = NodeSeenValue { seq: fact.seq, at: fact.at, clock: fact.clock };
    let mut deltas = vec![Delta::NodeSeen(fact.node.clone(), seen)];
    match fact.payload {
        None => {}
        Some(Payload::Passed(passed)) => deltas.extend(passed_deltas(fact, passed)),
        Some(Payload::Stayed(stayed)) => deltas.extend(stayed_deltas(fact, stayed)),
        Some(Payload::OccupancyChanged(occupancy)) => {
            let key = OccupancyKey {
                site: fact.site.clone(),
                gate: occupancy.gate.clone(),
                zone: occupancy.zone.clone(),
                group: occupancy.group,
                node: fact.node.clone(),
            };
            let value = OccupancyValue { seq: fact.seq, count: occupancy.count, at: occupancy.at };
            deltas.push(Delta::Occupancy(key, value));
            deltas.push(gate_node(fact, &occupancy.gate, occupancy.at));
        }
        Some(Payload::PlateRead(read)) => deltas.extend(plate_deltas(fact, read)),
        Some(Payload::CameraChanged(CameraChange { camera, state, reason })) => {
            let key = CameraKey { site: fact.site.clone(), node: fact.node.clone(), camera: camera.clone() };
            let value = CameraValue { seq: fact.seq, state: *state, reason: reason.clone(), at: fact.at };
            deltas.push(Delta::Camera(key, value));
        }
        Some(Payload::NodeStarted(NodeStart { version, profile, models })) => {
            let value = NodeStartValue {
                seq: fact.seq,
                at: fact.at,
                version: version.clone(),
                profile: profile.clone(),
                models: models.clone(),
            };
            deltas.push(Delta::NodeStart(fact.node.clone(), value));
        }
        Some(Payload::ClockJumped(ClockJump { by_ms })) => {
            let value = ClockJumpValue { seq: fact.seq, at: fact.at, by_ms: *by_ms };
            deltas.push(Delta::ClockJump(fact.node.clone(), value));
        }
        Some(Payload::EvidenceAdded(added)) => {
            let added = added.clone();
            deltas.push(Delta::Clip(Box::new(ClipRow { node: fact.node.clone(), seq: fact.seq, added })));
        }
        // What a node works by is in its status; the log keeps the event as proof.
        Some(Payload::PolicyChanged(_)) => {}
        Some(Payload::AccessDecided(decided)) => {
            let gate = decided.what.gate.as_ref();
            deltas.extend(gate.map(|gate| gate_node(fact, gate, fact.at)));
            deltas.push(Delta::Decision(Box::new(DecisionRow {
                site: fact.site.clone(),
                node: fact.node.clone(),
                seq: fact.seq,
                id: fact.id,
                at: fact.at,
                decision: AccessDecided { trail: Vec::new(), ..decided.what.clone() },
                evidence: decided.evidence.clone(),
            })));
        }
        // What a barrier did is told at once and kept in the log.
        Some(Payload::LaneChanged(change)) => {
            deltas.extend(change.gate.as_ref().map(|gate| gate_node(fact, gate, fact.at)));
        }
        Some(Payload::IncidentSeen(seen)) => deltas.extend(incident_deltas(fact, seen)),
    }
    let listed = deltas.iter().find_map(|delta| if let Delta::Plate(row) = delta { row.listed.as_ref() } else { None });
    let signal = alert::signal(fact, listed);
    deltas.extend(signal.map(Box::new).map(Delta::Signal));
    deltas
}

fn incident_deltas(fact: &Fact<'_>, seen: &WithEvidence<Incident>) -> [Delta; 3] {
    let incident = &seen.what;
    let row = IncidentRow {
        site: fact.site.clone(),
        node: fact.node.clone(),
        seq: fact.seq,
        id: fact.id,
        incident: incident.clone(),
        evidence: seen.evidence.clone(),
    };
    [
        Delta::Incident(Box::new(row)),
        gate_node(fact, &incident.gate, incident.at),
        gate_camera(fact, &incident.gate, &incident.camera, incident.at),
    ]
}

fn passed_deltas(fact: &Fact<'_>, passed: &WithEvidence<Passage>) -> [Delta; 4] {
    let passage = &passed.what;
    let key = CountKey {
        site: fact.site.clone(),
        gate: passage.gate.clone(),
        line: passage.line.clone(),
        direction: passage.direction,
        class: passage.class,
        unix_minute: passage.at.as_unix_minutes(),
    };
    let row = PassageRow {
        site: fact.site.clone(),
        node: fact.node.clone(),
        seq: fact.seq,
        id: fact.id,
        passage: passage.clone(),
        evidence: passed.evidence.clone(),
    };
    [
        Delta::Count(key, 1),
        Delta::Passage(Box::new(row)),
        gate_node(fact, &passage.gate, passage.at),
        gate_camera(fact, &passage.gate, &passage.camera, passage.at),
    ]
}

fn stayed_deltas(fact: &Fact<'_>, stayed: &WithEvidence<Stay>) -> [Delta; 3] {
    let stay = &stayed.what;
    let row = StayRow {
        site: fact.site.clone(),
        node: fact.node.clone(),
        seq: fact.seq,
        id: fact.id,
        stay: stay.clone(),
        evidence: stayed.evidence.clone(),
    };
    [
        Delta::Stay(Box::new(row)),
        gate_node(fact, &stay.gate, stay.to),
        gate_camera(fact, &stay.gate, &stay.camera, stay.to),
    ]
}

fn plate_deltas(fact: &Fact<'_>, read: &WithEvidence<PlateRead>) -> Vec<Delta> {
    let WithEvidence { what: plate, evidence } = read;
    let gates: BTreeSet<GateId> = plate.gates.iter().cloned().collect();
    let mut deltas = Vec::with_capacity(1 + 2 * gates.len());
    for gate in &gates {
        deltas.push(gate_node(fact, gate, plate.to));
        deltas.push(gate_camera(fact, gate, &plate.camera, plate.to));
    }
    let is_read = match plate.outcome {
        PlateOutcome::Read => true,
        PlateOutcome::UnknownKind | PlateOutcome::Unreadable | PlateOutcome::NotAPlate => false,
    };
    let row = PlateRow {
        site: fact.site.clone(),
        node: fact.node.clone(),
        seq: fact.seq,
        id: fact.id,
        gates,
        camera: plate.camera.clone(),
        visit: plate.visit,
        vehicle: plate.vehicle,
        vehicle_class: plate.vehicle_class,
        from: plate.from,
        to: plate.to,
        outcome: plate.outcome,
        reason: cut(&plate.reason),
        best: plate.readings.first().filter(|_| is_read).map(best),
        colour: plate.colour,
        rows: plate.rows,
        listed: listed(&plate.matches),
        lists: plate.matches.iter().map(|found| cut(&found.list)).collect(),
        decided: None,
        evidence: evidence.clone(),
    };
    deltas.push(Delta::Plate(Box::new(row)));
    deltas
}

fn best(reading: &PlateReading) -> PlateBest {
    PlateBest {
        key: cut(&reading.key),
        display: cut(&reading.display),
        kind: cut(&reading.kind),
        issuer: reading.issuer.as_deref().map(cut),
        // A mean of probabilities may come out a rounding above 1.
        confidence: reading.confidence.clamp(0.0, 1.0),
        ambiguous: reading.ambiguous,
    }
}

fn listed(matches: &[PlateMatch]) -> Option<PlateListed> {
    let is_watched = |found: &&PlateMatch| match found.purpose {
        ListPurpose::Watch => true,
        ListPurpose::Allow => false,
    };
    let found = matches.iter().find(is_watched).or(matches.first())?;
    Some(PlateListed {
        list: cut(&found.list),
        purpose: found.purpose,
        key: cut(&found.key),
        score: found.score.clamp(0.0, 1.0),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(PLATE_TEXT_CHARS_MAX).collect()
}

fn gate_node(fact: &Fact<'_>, gate: &GateId, at: UtcTime) -> Delta {
    Delta::GateNode(GateNodeKey { site: fact.site.clone(), gate: gate.clone(), node: fact.node.clone() }, at)
}

fn gate_camera(fact: &Fact<'_>, gate: &GateId, camera: &CameraId, at: UtcTime) -> Delta {
    let key =
        GateCameraKey { site: fact.site.clone(), gate: gate.clone(), node: fact.node.clone(), camera: camera.clone() };
    Delta::GateCamera(key, at)
}
