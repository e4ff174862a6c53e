//! Who is who at the gate: one identity may be carried by several tracks, where an object was lost and found again.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::passage::Shot;
use domain::{BoundingBox, CountGroup, MediaTime, MonoTime, ObjectClass, Point, TrackId, TrackObservation, UtcTime};

use crate::line::LineState;
use crate::profile::GateProfile;
use crate::ride::Ride;
use crate::zone::ZoneState;

/// A box this close to the picture's edge (share of its side) is cut off by it.
const EDGE: f32 = 0.01;
/// How much better a look must be before it replaces the picture: keeps a slow approach from changing it every frame.
const SHOT_GAIN_MIN: f32 = 1.2;
/// Share of a new measurement in the smoothed velocity.
const VELOCITY_SHARE: f32 = 0.3;
/// Longest distance between where something was expected and where it is found again, in its own widths and heights,
/// when it was away for no time, and how much that grows in a second.
const FOUND_DISTANCE: f32 = 0.6;
const FOUND_DISTANCE_PER_S: f32 = 0.5;
/// Largest ratio between the areas of what was lost and what is found.
const FOUND_AREA_RATIO_MAX: f32 = 2.5;

/// Where and when something was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sighting {
    pub(crate) media: MediaTime,
    pub(crate) arrived: MonoTime,
    pub(crate) at: UtcTime,
    pub(crate) bbox: BoundingBox,
}

/// One person or vehicle at the gate.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) track: TrackId,
    pub(crate) last: Sighting,
    pub(crate) sightings: u32,
    /// Box widths and heights of the picture per second.
    pub(crate) velocity: Point,
    pub(crate) ride: Ride,
    pub(crate) lines: Vec<LineState>,
    pub(crate) zones: Vec<ZoneState>,
    pub(crate) shot: Shot,
    shot_score: f32,
    votes: BTreeMap<ObjectClass, Vote>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Vote {
    confidence_sum: f32,
    frames: u32,
}

impl Identity {
    pub(crate) fn new(profile: &GateProfile, observation: &TrackObservation, sighting: Sighting) -> Self {
        let mut identity = Self {
            track: observation.track,
            last: sighting,
            sightings: 0,
            velocity: Point { x: 0.0, y: 0.0 },
            ride: Ride::default(),
            lines: vec![LineState::default(); profile.lines.len()],
            zones: vec![ZoneState::default(); profile.zones.len()],
            shot: Shot { media: sighting.media, bbox: sighting.bbox.clipped() },
            shot_score: 0.0,
            votes: BTreeMap::new(),
        };
        identity.see(observation, sighting);
        identity
    }

    pub(crate) fn see(&mut self, observation: &TrackObservation, now: Sighting) {
        let elapsed_s = now.media.since(self.last.media).as_secs_f32();
        if elapsed_s > 0.0 {
            let (c0, c1) = (self.last.bbox.centre(), now.bbox.centre());
            let blend = |old: f32, moved: f32| old + VELOCITY_SHARE * (moved / elapsed_s - old);
            self.velocity = Point { x: blend(self.velocity.x, c1.x - c0.x), y: blend(self.velocity.y, c1.y - c0.y) };
        }
        self.track = observation.track;
        self.last = now;
        self.sightings = self.sightings.saturating_add(1);
        let vote = self.votes.entry(observation.class).or_default();
        vote.confidence_sum += observation.confidence;
        vote.frames = vote.frames.saturating_add(1);
        let score = shot_score(observation);
        if score > self.shot_score * SHOT_GAIN_MIN {
            self.shot_score = score;
            self.shot = Shot { media: now.media, bbox: now.bbox.clipped() };
        }
    }

    /// The class with most votes, weighted by confidence, and its mean confidence.
    pub(crate) fn class(&self) -> (ObjectClass, f32) {
        let mut best = (ObjectClass::Person, Vote::default());
        for (class, vote) in &self.votes {
            if vote.confidence_sum > best.1.confidence_sum {
                best = (*class, *vote);
            }
        }
        // Four decimals, so that the number in the event is the number in the text.
        (best.0, (best.1.confidence_sum / best.1.frames.max(1) as f32 * 1e4).round() / 1e4)
    }

    pub(crate) fn group(&self) -> CountGroup {
        self.class().0.group()
    }

    /// How unlike `found` is to what this identity would be by now: below 1 it may be the same, smaller is likelier.
    /// Nothing where it cannot be.
    pub(crate) fn unlikeness(&self, found: &TrackObservation, now: &Sighting, lost_max: Duration) -> Option<f32> {
        let away = now.media.since(self.last.media);
        let same_group = self.group() == found.class.group();
        if away.is_zero() || away > lost_max || !same_group || leaves_picture(&self.last.bbox, self.velocity) {
            return None;
        }
        let away_s = away.as_secs_f32();
        let (was, is) = (&self.last.bbox, &found.bbox);
        // Who is hidden slows down as often as not: half the distance is the best guess.
        let expected = Point {
            x: was.centre().x + self.velocity.x * away_s * 0.5,
            y: was.centre().y + self.velocity.y * away_s * 0.5,
        };
        let (width, height) = (was.width().max(is.width()), was.height().max(is.height()));
        let dx = (is.centre().x - expected.x) / width.max(1e-3);
        let dy = (is.centre().y - expected.y) / height.max(1e-3);
        let ratio = was.area().max(1e-6) / is.area().max(1e-6);
        let unlike = dx.hypot(dy) / (FOUND_DISTANCE + FOUND_DISTANCE_PER_S * away_s);
        (unlike < 1.0 && ratio.max(1.0 / ratio) <= FOUND_AREA_RATIO_MAX).then_some(unlike)
    }
}

fn shot_score(observation: &TrackObservation) -> f32 {
    let visible = observation.bbox.clipped().area() / observation.bbox.area().max(1e-9);
    let cut = if touches_edge(&observation.bbox) { 0.5 } else { 1.0 };
    observation.confidence * observation.bbox.area().sqrt() * visible * cut
}

fn touches_edge(bbox: &BoundingBox) -> bool {
    bbox.x0() < EDGE || bbox.y0() < EDGE || bbox.x1() > 1.0 - EDGE || bbox.y1() > 1.0 - EDGE
}

/// Whether something at the picture's edge was on its way out: it is not lost but gone.
fn leaves_picture(bbox: &BoundingBox, velocity: Point) -> bool {
    (bbox.x0() < EDGE && velocity.x < 0.0)
        || (bbox.x1() > 1.0 - EDGE && velocity.x > 0.0)
        || (bbox.y0() < EDGE && velocity.y < 0.0)
        || (bbox.y1() > 1.0 - EDGE && velocity.y > 0.0)
}
