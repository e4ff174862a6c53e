//! What is covered and drawn in a picture that leaves the node.

use std::time::{Duration, Instant};

use domain::{BoundingBox, CountGroup, Detection, GateId, Line, Point, TrackObservation};
use inference::view::{Closing, Scene, Shape};

use super::Sight;
use crate::rules::GateRules;

/// How long somebody who is not found any more is still covered where he was: a detector misses one frame now and then.
const REMEMBERED: Duration = Duration::from_millis(500);

/// From this overlap on, somebody found now is who was remembered.
const SAME_OVERLAP: f32 = 0.3;

/// Most that are remembered; beyond it the oldest go, of which hundreds are covered already.
const REMEMBERED_MAX: usize = 2_000;

/// Blue, green, red.
const LINE_COLOUR: [u8; 3] = [0, 200, 255];
const ZONE_COLOUR: [u8; 3] = [255, 200, 80];

/// Somebody or something in a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    group: CountGroup,
    bbox: BoundingBox,
    at: Instant,
}

/// Who was in the frames of the last moments.
#[derive(Debug, Default)]
pub(super) struct Memory {
    found: Vec<Found>,
    /// The frame that was taken last.
    newest: Option<Instant>,
}

impl Memory {
    /// Takes what was found in the frame that came at `at`: whatever the detector thought of, also what the tracker did
    /// not believe, because who is covered for nothing loses nothing.
    pub(super) fn see(&mut self, detections: &[Detection], tracks: &[TrackObservation], at: Instant) {
        self.newest = Some(at);
        self.found.retain(|found| at.saturating_duration_since(found.at) <= REMEMBERED);
        let detected = detections.iter().map(|one| (one.class.group(), one.bbox));
        let tracked = tracks.iter().map(|one| (one.class.group(), one.bbox));
        self.found.extend(detected.chain(tracked).map(|(group, bbox)| Found { group, bbox, at }));
        let surplus = self.found.len().saturating_sub(REMEMBERED_MAX);
        self.found.drain(..surplus);
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Who is to be covered in the frame that came at `at`; nothing where that is not known, and the frame is not to be
    /// shown.
    pub(super) fn of(&self, at: Instant) -> Option<&[Found]> {
        (self.newest == Some(at)).then_some(&self.found)
    }
}

/// Those to be covered: all of the newest frame, and who was there before and is not found in it any more.
fn to_cover(found: &[Found], newest: Instant) -> impl Iterator<Item = &Found> {
    let is_now = move |one: &&Found| one.at == newest;
    found.iter().filter(move |one| {
        let same = |other: &Found| other.group == one.group && other.bbox.iou(&one.bbox) >= SAME_OVERLAP;
        one.at == newest || !found.iter().filter(is_now).any(same)
    })
}

/// Whether every gate at the camera pictures this group. Where there is no gate nobody has said so.
fn is_pictured(gates: &[&GateRules], group: CountGroup) -> bool {
    !gates.is_empty() && gates.iter().all(|gate| gate.profile.pictures.contains(&group))
}

/// How the frame is shown, by the rules that are in force at the camera's gates.
pub(super) fn scene(sight: &Sight, own: &[GateId]) -> Scene {
    let gates: Vec<_> = sight.rules.gates.iter().filter(|rules| own.contains(&rules.gate)).collect();
    let mut scene = Scene { marks: sight.marks.clone(), ..Scene::default() };
    for found in to_cover(&sight.found, sight.captured) {
        match (found.group, is_pictured(&gates, found.group)) {
            (_, false) => scene.whole.push(found.bbox),
            (CountGroup::Person, true) => scene.heads.push(found.bbox),
            (CountGroup::Vehicle, true) => {}
        }
    }
    for gate in gates {
        let lines = gate.profile.lines.iter();
        scene.shapes.extend(lines.map(|line| shape(ends(&line.line), Closing::Open, line.id.as_str(), LINE_COLOUR)));
        let zones = gate.profile.zones.iter();
        let area = |corners: &[Point]| corners.to_vec();
        scene
            .shapes
            .extend(zones.map(|zone| shape(area(zone.area.corners()), Closing::Closed, zone.id.as_str(), ZONE_COLOUR)));
    }
    scene
}

fn ends(line: &Line) -> Vec<Point> {
    line.ends().to_vec()
}

fn shape(points: Vec<Point>, closing: Closing, name: &str, colour: [u8; 3]) -> Shape {
    Shape { points, closing, text: name.to_owned(), colour }
}
