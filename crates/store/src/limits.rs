//! What a plate's event may hold. A passage is small by its form; a plate carries lists, and numbers that are kept
//! beside its text.

use wire::Payload;
use wire::access::{AccessDecided, STEPS_MAX, SUBJECTS_MAX};
use wire::plate::{PlateOutcome, PlateRead, READINGS_MAX, VOTES_MAX};

use crate::ingest::SEQ_MAX;

/// Most gates of one camera: each is a row of its own.
const GATES_MAX: usize = 32;

/// Most entries of lists that a plate may resemble.
const MATCHES_MAX: usize = 32;

/// Most media of one event.
const EVIDENCE_MAX: usize = 16;

/// What is too much or cannot be in `payload`, in words; nothing where it is fine.
pub(crate) fn fault(payload: &Payload) -> Option<String> {
    match payload {
        Payload::PlateRead(read) => plate_fault(&read.what, read.evidence.len()),
        Payload::AccessDecided(decided) => decision_fault(&decided.what, decided.evidence.len()),
        Payload::Passed(_)
        | Payload::Stayed(_)
        | Payload::OccupancyChanged(_)
        | Payload::CameraChanged(_)
        | Payload::NodeStarted(_)
        | Payload::ClockJumped(_)
        | Payload::PolicyChanged(_)
        | Payload::EvidenceAdded(_)
        | Payload::LaneChanged(_) => None,
        Payload::IncidentSeen(seen) => (seen.evidence.len() > EVIDENCE_MAX).then(|| {
            let count = seen.evidence.len();
            format!("incident_seen: evidence: {count} are too many, at most {EVIDENCE_MAX} are accepted")
        }),
    }
}

fn decision_fault(decided: &AccessDecided, evidence: usize) -> Option<String> {
    [
        ("subjects", decided.subjects.len(), SUBJECTS_MAX),
        ("trail", decided.trail.len(), STEPS_MAX),
        ("evidence", evidence, EVIDENCE_MAX),
    ]
    .into_iter()
    .find(|(_, count, most)| count > most)
    .map(|(what, count, most)| format!("access_decided: {what}: {count} are too many, at most {most} are accepted"))
}

fn plate_fault(plate: &PlateRead, evidence: usize) -> Option<String> {
    for (what, count, most) in [
        ("gates", plate.gates.len(), GATES_MAX),
        ("readings", plate.readings.len(), READINGS_MAX),
        ("votes", plate.votes.len(), VOTES_MAX),
        ("matches", plate.matches.len(), MATCHES_MAX),
        ("evidence", evidence, EVIDENCE_MAX),
    ] {
        if count > most {
            return Some(format!("plate_read: {what}: {count} are too many, at most {most} are accepted"));
        }
    }
    for (what, number) in [("visit", Some(plate.visit)), ("vehicle", plate.vehicle.map(|track| track.0))] {
        if let Some(number) = number.filter(|number| *number > SEQ_MAX) {
            return Some(format!("plate_read: {what}: {number} is out of range: 0 to {SEQ_MAX} is accepted"));
        }
    }
    if !matches!(plate.rows, 1 | 2) {
        return Some(format!("plate_read: rows: a plate has 1 or 2, not {}", plate.rows));
    }
    if !are_finite(plate) {
        return Some("plate_read: a probability, weight, score or corner is no finite number".to_owned());
    }
    match plate.outcome {
        PlateOutcome::Read => match plate.readings.first() {
            None => Some("plate_read: readings: the outcome is \"read\", but there is none".to_owned()),
            Some(reading) if reading.key.is_empty() => {
                Some("plate_read: readings: the key of the first is empty".to_owned())
            }
            Some(_) => None,
        },
        PlateOutcome::UnknownKind | PlateOutcome::Unreadable | PlateOutcome::NotAPlate => None,
    }
}

/// JSON knows no infinity, but a number that is too large for 32 bits becomes one.
fn are_finite(plate: &PlateRead) -> bool {
    let readings =
        plate.readings.iter().flat_map(|reading| reading.glyph_confidence.iter().chain([&reading.confidence]));
    let votes = plate.votes.iter().flat_map(|vote| [&vote.confidence, &vote.weight]);
    let corners = plate.shot.corners.iter().flat_map(|corner| [&corner.x, &corner.y]);
    readings.chain(votes).chain(corners).chain(plate.matches.iter().map(|found| &found.score)).all(|n| n.is_finite())
}
