//! Whether one object crossed one line.

use std::time::Duration;

use domain::{BoundingBox, MediaTime, Side, UtcTime};

use crate::identity::Sighting;
use crate::profile::{Counting, CountingLine};

/// How far beyond the ends of a line a crossing still counts, as a share of its length: lines are drawn by hand.
const END_TOLERANCE: f32 = 0.02;
/// Beyond this distance (in object sizes across the line) a crossing counts without waiting.
const CLEAR_DISTANCE: f32 = 1.0;

/// Where one object stands towards one line.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineState {
    /// The side on which it was last settled.
    settled: Option<Side>,
    before: Option<Position>,
    /// Where it last went over the line itself, away from the side that it is settled on.
    crossing: Option<Crossing>,
    /// Since when it has been beyond the band on the side that it is not settled on.
    beyond_since: Option<MediaTime>,
}

#[derive(Debug, Clone, Copy)]
struct Position {
    distance: f32,
    along: f32,
    sighting: Sighting,
}

/// A crossing of the line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Crossing {
    /// The side it arrived on.
    pub(crate) to: Side,
    /// When, between the two frames around it.
    pub(crate) media: MediaTime,
    /// The same for people.
    pub(crate) at: UtcTime,
    /// The box in the frame after it.
    pub(crate) bbox: BoundingBox,
    within_ends: bool,
}

impl LineState {
    /// Takes the next sighting; returns a crossing that has settled.
    pub(crate) fn see(&mut self, line: &CountingLine, counting: &Counting, now: Sighting) -> Option<Crossing> {
        let position = locate(line, counting, now);
        let side = side_of(position.distance);
        if let Some(before) = self.before
            && side_of(before.distance) != side
            && self.settled.is_some_and(|settled| settled != side)
        {
            self.crossing = Some(interpolate(&before, &position, side));
        }
        self.before = Some(position);
        if position.distance.abs() < counting.band {
            return None;
        }
        match self.settled {
            None => {
                self.settled = Some(side);
                None
            }
            Some(settled) if settled == side => {
                self.beyond_since = None;
                None
            }
            Some(_) => {
                let since = *self.beyond_since.get_or_insert(now.media);
                let clear = position.distance.abs() >= CLEAR_DISTANCE;
                if clear || now.media.since(since) >= counting.settle { self.settle() } else { None }
            }
        }
    }

    /// The object is gone: a crossing that was only waiting to settle counts, unless it had turned back.
    pub(crate) fn end(&mut self) -> Option<Crossing> {
        self.beyond_since?;
        let side = side_of(self.before?.distance);
        if self.settled == Some(side) { None } else { self.settle() }
    }

    fn settle(&mut self) -> Option<Crossing> {
        self.beyond_since = None;
        let crossing = self.crossing.take()?;
        self.settled = Some(crossing.to);
        crossing.within_ends.then_some(crossing)
    }
}

fn side_of(distance: f32) -> Side {
    if distance < 0.0 { Side::A } else { Side::B }
}

/// The distance is in units of the object's own size across the line, so that one band fits near and far.
fn locate(line: &CountingLine, counting: &Counting, sighting: Sighting) -> Position {
    let anchor = counting.anchor.of(&sighting.bbox);
    let [from, to] = line.line.ends();
    let (dx, dy) = ((to.x - from.x).abs(), (to.y - from.y).abs());
    let across = (dy * sighting.bbox.width() + dx * sighting.bbox.height()) / dx.hypot(dy);
    Position {
        distance: line.line.signed_distance(anchor) / across.max(1e-3),
        along: line.line.position_along(anchor),
        sighting,
    }
}

fn interpolate(before: &Position, after: &Position, to: Side) -> Crossing {
    let (d0, d1) = (before.distance.abs(), after.distance.abs());
    let share = if d0 + d1 > 0.0 { d0 / (d0 + d1) } else { 0.0 };
    let along = before.along + (after.along - before.along) * share;
    let part = |whole: Duration| whole.mul_f32(share);
    Crossing {
        to,
        media: before.sighting.media + part(after.sighting.media.since(before.sighting.media)),
        at: before.sighting.at.saturating_add(part(after.sighting.at.since(before.sighting.at))),
        bbox: after.sighting.bbox,
        within_ends: (-END_TOLERANCE..=1.0 + END_TOLERANCE).contains(&along),
    }
}
