//! Reading a visit, not a frame: follows each plate over the frames, says which looks are worth reading, puts their
//! probabilities together, and settles each visit once.
//!
//! A look is read when it is new enough or larger than those before; a visit is settled as soon as its looks agree
//! with confidence, or when its looks are used up, or when the plate is gone. After that it is followed but not read:
//! a parked car costs nothing. A plate that comes back to the same place with the same key within
//! [`VisitConfig::remembered_max`] is the same visit, seen again.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::{BoundingBox, FrameStamp, MediaTime, ObjectClass, Point, TrackId, TrackObservation};
use serde::{Deserialize, Serialize};
use vnplate::decode::{BLANK, Options, Outcome, Position};
use vnplate::fuse::{Fusion, Look, Settled};
use vnplate::{Key, SoftEvidence};

use crate::plate::FoundPlate;

/// Most plates that are followed at a time; a further one waits until one of them is gone.
pub const VISITS_MAX: usize = 16;
/// Most looks of one visit; then it is settled, whatever it came to.
pub const LOOKS_MAX: usize = 24;
/// A plate has come nearer when it is so many times as wide as at its widest so far.
const NEARER: f32 = 1.08;
/// Most settled visits that are remembered; with more, the oldest are forgotten.
const REMEMBERED_MAX: usize = 64;

/// When a look is read and when a visit is settled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VisitConfig {
    /// Looks that are read in a visit of a plate that does not come nearer; one that does may have up to
    /// [`LOOKS_MAX`].
    pub looks_max: usize,
    /// Looks that must have been read before confidence alone settles a visit.
    pub looks_min: usize,
    /// Confidence of the looks together that settles a visit.
    pub settle_confidence: f32,
    /// Confidence that settles a visit whose looks are used up; below it the end of the visit is waited for.
    pub settle_confidence_late: f32,
    /// Shortest time between two looks of a plate that has not come nearer.
    pub gap_min: Duration,
    /// A plate is gone when it was not found for so long.
    pub lost_max: Duration,
    /// Looks that a visit without a reading needs to be told at all: a detector's slip in one frame is nobody's plate.
    pub told_min: usize,
    /// A visit without a reading is told only where its best look was at least this wide, as a share of the frame:
    /// what is too far to be read is no news.
    pub told_width_min: f32,
    /// How long a settled plate is known again at its place: somebody walks past a parked car. A car that leaves and
    /// comes back later is another visit.
    pub remembered_max: Duration,
}

impl Default for VisitConfig {
    fn default() -> Self {
        Self {
            looks_max: 16,
            looks_min: 3,
            settle_confidence: 0.995,
            settle_confidence_late: 0.9,
            gap_min: Duration::from_millis(90),
            lost_max: Duration::from_millis(1_500),
            told_min: 4,
            told_width_min: 0.05,
            remembered_max: Duration::from_secs(20),
        }
    }
}

/// What a reader saw in one look, and how good the look was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlateLook {
    /// Number of the visit that the look belongs to, as [`PlateVisits::follow`] gave it.
    pub visit: u64,
    /// The corners that were read, in shares of the frame.
    pub corners: [Point; 4],
    /// For each position the probabilities of the glyphs and, last, of none.
    pub glyphs: Vec<Vec<f32>>,
    /// What is known besides the glyphs.
    pub evidence: SoftEvidence,
    /// Probability that it is no plate at all.
    pub not_a_plate: f32,
    /// How much the look counts, above 0.
    pub weight: f32,
}

/// A look that should be read now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Number of the visit.
    pub visit: u64,
    /// Which of the found plates.
    pub found: usize,
}

/// One look that went into a visit's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// The frame.
    pub media: MediaTime,
    /// The likeliest glyphs.
    pub raw: String,
    /// Mean probability of its glyphs.
    pub confidence: f32,
    /// How much it counts.
    pub weight: f32,
}

/// The vehicle that a plate is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    /// Its track.
    pub track: TrackId,
    /// What it was last taken for while it carried the plate.
    pub class: ObjectClass,
}

/// A visit that was settled.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateVisit {
    /// Its number in this run, from 1.
    pub number: u64,
    /// When the plate was first found.
    pub first: FrameStamp,
    /// When it was last found before it was settled.
    pub last: FrameStamp,
    /// The vehicle that it was on most often.
    pub vehicle: Option<Carrier>,
    /// What the looks come to.
    pub settled: Settled,
    /// Mean probability of two rows.
    pub two_rows: f32,
    /// Mean probabilities of a white, yellow, blue, red and any other ground.
    pub colours: [f32; 5],
    /// Mean probability that it is no plate.
    pub not_a_plate: f32,
    /// The looks, in the order of time.
    pub votes: Vec<Vote>,
    /// The best look: frame and corners.
    pub shot: (MediaTime, [Point; 4]),
}

/// The plates in front of one camera.
#[derive(Debug, Clone)]
pub struct PlateVisits {
    config: VisitConfig,
    options: Options,
    visits: Vec<Visit>,
    remembered: VecDeque<Remembered>,
    next_number: u64,
    settled: VecDeque<PlateVisit>,
}

#[derive(Debug, Clone)]
struct Visit {
    number: u64,
    first: FrameStamp,
    last: FrameStamp,
    bbox: BoundingBox,
    read_at: Option<MediaTime>,
    largest: f32,
    fusion: Fusion,
    votes: Vec<Vote>,
    best: Option<(f32, MediaTime, [Point; 4])>,
    two_rows: f32,
    colours: [f32; 5],
    not_a_plate: f32,
    /// What may carry it: in how many frames it did, and its class.
    vehicles: BTreeMap<TrackId, (u32, ObjectClass)>,
    is_settled: bool,
}

#[derive(Debug, Clone)]
struct Remembered {
    key: Key,
    bbox: BoundingBox,
    until: MediaTime,
}

impl PlateVisits {
    /// No plate yet.
    pub fn new(config: VisitConfig, options: Options) -> Self {
        Self {
            config,
            options,
            visits: Vec::new(),
            remembered: VecDeque::new(),
            next_number: 1,
            settled: VecDeque::new(),
        }
    }

    /// Takes the plates found in the next frame (corners in shares of it) and the vehicles followed in it. Says which
    /// of the plates should be read now.
    pub fn follow(&mut self, found: &[FoundPlate], vehicles: &[TrackObservation], stamp: FrameStamp) -> Vec<Wanted> {
        self.forget(stamp.media);
        let mut taken = vec![false; self.visits.len()];
        let mut wanted = Vec::new();
        for (index, plate) in found.iter().enumerate() {
            let Some(bbox) = plate.bbox() else { continue };
            let known = self.nearest(&bbox, &taken);
            let at = match known {
                Some(at) => at,
                None if self.visits.len() < VISITS_MAX => {
                    self.visits.push(Visit::new(self.next_number, bbox, stamp));
                    self.next_number += 1;
                    taken.push(false);
                    self.visits.len() - 1
                }
                None => continue,
            };
            taken[at] = true;
            let visit = &mut self.visits[at];
            visit.see(bbox, vehicles, stamp);
            if visit.wants_look(&self.config, stamp.media) {
                visit.read_at = Some(stamp.media);
                visit.largest = visit.largest.max(bbox.width());
                wanted.push(Wanted { visit: visit.number, found: index });
            }
        }
        wanted
    }

    /// Takes what was read. Gives the visits whose best look this now is: their picture should be kept.
    pub fn hear(&mut self, looks: &[PlateLook], media: MediaTime) -> Vec<(u64, [Point; 4])> {
        let mut best = Vec::new();
        for look in looks {
            let Some(visit) = self.visits.iter_mut().find(|visit| visit.number == look.visit) else { continue };
            if visit.hear(look, media) {
                best.push((visit.number, look.corners));
            }
        }
        for at in 0..self.visits.len() {
            // Without a new look nothing can have been decided.
            let heard = looks.iter().any(|look| look.visit == self.visits[at].number);
            if heard && self.visits[at].is_done(&self.config, &self.options) {
                self.settle(at);
            }
        }
        best
    }

    /// The source is over: whoever was not settled is.
    pub fn end(&mut self) {
        for at in 0..self.visits.len() {
            self.settle(at);
        }
        self.visits.clear();
    }

    /// The next visit that was settled.
    #[must_use]
    pub fn poll(&mut self) -> Option<PlateVisit> {
        self.settled.pop_front()
    }

    /// Numbers of the plates in front of the camera: pictures of others need not be kept.
    pub fn present(&self) -> impl Iterator<Item = u64> + '_ {
        self.visits.iter().filter(|visit| !visit.is_settled).map(|visit| visit.number)
    }

    /// The visit whose last place is nearest: overlapping, or within its own width.
    fn nearest(&self, bbox: &BoundingBox, taken: &[bool]) -> Option<usize> {
        let distance = |visit: &Visit| {
            let (a, b) = (visit.bbox.centre(), bbox.centre());
            let (w, h) = (visit.bbox.width().max(bbox.width()), visit.bbox.height().max(bbox.height()));
            ((a.x - b.x) / w.max(1e-6)).hypot((a.y - b.y) / h.max(1e-6))
        };
        let alike = |visit: &Visit| {
            let ratio = bbox.width() / visit.bbox.width().max(1e-6);
            (0.5..=2.0).contains(&ratio) && distance(visit) < 1.2
        };
        let candidates = self.visits.iter().enumerate().filter(|(at, visit)| !taken[*at] && alike(visit));
        candidates.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b))).map(|(at, _)| at)
    }

    /// Settles whoever is gone, and forgets them and what is past remembering.
    fn forget(&mut self, now: MediaTime) {
        let lost_max = self.config.lost_max;
        for at in 0..self.visits.len() {
            if now.since(self.visits[at].last.media) > lost_max {
                self.settle(at);
            }
        }
        self.visits.retain(|visit| now.since(visit.last.media) <= lost_max);
        self.remembered.retain(|one| one.until >= now);
    }

    fn settle(&mut self, at: usize) {
        let visit = &mut self.visits[at];
        if std::mem::replace(&mut visit.is_settled, true) {
            return;
        }
        let Some(settled) = visit.fusion.settle(&self.options) else { return };
        let Some((_, media, corners)) = visit.best else { return };
        let count = visit.votes.len() as f32;
        let told = match &settled.decoded.outcome {
            Outcome::Read(readings) => {
                let key = readings.readings[0].key();
                let until = visit.last.media + self.config.remembered_max;
                let here = visit.bbox;
                let known = self.remembered.iter_mut().find(|one| one.key == key && one.bbox.iou(&here) > 0.2);
                match known {
                    Some(known) => {
                        known.until = until;
                        false
                    }
                    None => {
                        self.remembered.push_back(Remembered { key, bbox: here, until });
                        if self.remembered.len() > REMEMBERED_MAX {
                            self.remembered.pop_front();
                        }
                        true
                    }
                }
            }
            Outcome::UnknownKind { .. } | Outcome::Unreadable { .. } => {
                let best = FoundPlate { corners, score: 1.0 };
                let is_near = best.bbox().is_some_and(|bbox| bbox.width() >= self.config.told_width_min);
                is_near && visit.votes.len() >= self.config.told_min
            }
            // A shop sign is no news, however often it is looked at.
            Outcome::NotAPlate { .. } => false,
        };
        if told {
            self.settled.push_back(PlateVisit {
                number: visit.number,
                first: visit.first,
                last: visit.last,
                vehicle: visit.carrier(),
                settled,
                two_rows: visit.two_rows / count,
                colours: visit.colours.map(|sum| sum / count),
                not_a_plate: visit.not_a_plate / count,
                votes: std::mem::take(&mut visit.votes),
                shot: (media, corners),
            });
        }
    }
}

impl Visit {
    fn new(number: u64, bbox: BoundingBox, stamp: FrameStamp) -> Self {
        Self {
            number,
            first: stamp,
            last: stamp,
            bbox,
            read_at: None,
            largest: 0.0,
            fusion: Fusion::new(),
            votes: Vec::new(),
            best: None,
            two_rows: 0.0,
            colours: [0.0; 5],
            not_a_plate: 0.0,
            vehicles: BTreeMap::new(),
            is_settled: false,
        }
    }

    fn see(&mut self, bbox: BoundingBox, vehicles: &[TrackObservation], stamp: FrameStamp) {
        self.bbox = bbox;
        self.last = stamp;
        let middle = bbox.centre();
        let holds = |b: &BoundingBox| (b.x0()..=b.x1()).contains(&middle.x) && (b.y0()..=b.y1()).contains(&middle.y);
        // Of several boxes around a plate the smallest is the vehicle, the others stand behind it.
        let vehicles = vehicles.iter().filter(|one| one.class.group() == domain::CountGroup::Vehicle);
        let carrier = vehicles.filter(|one| holds(&one.bbox)).min_by(|a, b| a.bbox.area().total_cmp(&b.bbox.area()));
        if let Some(carrier) = carrier {
            let (frames, class) = self.vehicles.entry(carrier.track).or_insert((0, carrier.class));
            *frames += 1;
            *class = carrier.class;
        }
    }

    /// The vehicle that it was on most often.
    fn carrier(&self) -> Option<Carrier> {
        let most = self.vehicles.iter().max_by_key(|(_, (frames, _))| *frames);
        most.map(|(track, (_, class))| Carrier { track: *track, class: *class })
    }

    fn wants_look(&self, config: &VisitConfig, now: MediaTime) -> bool {
        if self.is_settled || self.votes.len() >= LOOKS_MAX {
            return false;
        }
        // A plate that comes nearer is always worth a look; one that stands still is looked at less and less often,
        // and not at all after its share: the far looks must not use up what the near ones need.
        let nearer = self.bbox.width() > self.largest * NEARER;
        let looks = self.votes.len();
        let gap = config.gap_min * u32::try_from(1 + looks / 4).unwrap_or(u32::MAX);
        let again = looks < config.looks_max && self.read_at.is_none_or(|read| now.since(read) >= gap);
        nearer || again
    }

    /// Adds a look; whether it is the best so far.
    fn hear(&mut self, look: &PlateLook, media: MediaTime) -> bool {
        let positions: Vec<Position> = look.glyphs.iter().filter_map(|p| p.as_slice().try_into().ok()).collect();
        if self.is_settled || positions.len() != look.glyphs.len() {
            return false;
        }
        let (raw, confidence) = likeliest(&positions);
        let added = Look { positions, evidence: look.evidence, weight: look.weight };
        if self.fusion.add(added).is_err() {
            return false;
        }
        self.two_rows += look.evidence.two_rows.unwrap_or(0.5);
        let colours = look.evidence.colours.unwrap_or([0.2; 5]);
        self.colours.iter_mut().zip(colours).for_each(|(sum, one)| *sum += one);
        self.not_a_plate += look.not_a_plate;
        self.votes.push(Vote { media, raw, confidence, weight: look.weight });
        let score = look.weight * confidence;
        let best = self.best.is_none_or(|(best, ..)| score > best);
        if best {
            self.best = Some((score, media, look.corners));
        }
        best
    }

    fn is_done(&self, config: &VisitConfig, options: &Options) -> bool {
        if self.is_settled || self.votes.len() < config.looks_min {
            return false;
        }
        if self.votes.len() >= LOOKS_MAX {
            return true;
        }
        // Before its share is used up a visit is settled by high confidence only, after that by a fair one.
        let used_up = self.votes.len() >= config.looks_max;
        let enough = if used_up { config.settle_confidence_late } else { config.settle_confidence };
        self.fusion.settle(options).is_some_and(|one| {
            one.decoded.best().is_some_and(|best| best.confidence >= enough) && !one.decoded.ambiguous()
        })
    }
}

/// The likeliest glyphs of a look, and their mean probability.
fn likeliest(positions: &[Position]) -> (String, f32) {
    let mut raw = String::new();
    let mut sum = 0.0;
    for position in positions {
        let best = (0..=BLANK).max_by(|a, b| position[*a].total_cmp(&position[*b])).unwrap_or(BLANK);
        if let Some(glyph) = vnplate::Glyph::from_index(best) {
            raw.push(glyph.as_char());
            sum += position[best];
        }
    }
    let count = raw.chars().count();
    (raw, if count == 0 { 0.0 } else { sum / count as f32 })
}

#[cfg(test)]
mod tests;
