//! Following objects from frame to frame.
//!
//! The association is that of ByteTrack (Zhang et al., 2022): sure detections are matched first, then what is left of
//! the tracks is matched with unsure detections, so that a half-hidden person keeps his identity. Boxes are grown
//! before their overlap is taken (C-BIoU, Yang et al., 2023), because at 10 frames a second a quick or small object
//! may leave its own outline between two frames.

mod assignment;
mod motion;

use std::time::Duration;

use domain::{BoundingBox, Detection, MediaTime, TrackId, TrackObservation};

use assignment::assign;
use motion::Motion;

/// Most tracks followed at once by one tracker; further detections start no track until one ends.
pub const TRACKS_MAX: usize = 512;

/// Longest time between two frames that motion is predicted over. After a longer pause (a camera that was away) every
/// track is over: nobody can say who is who.
pub const PREDICTION_MAX: Duration = Duration::from_secs(5);

/// How a tracker decides. All shares are between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackerConfig {
    /// Detections at least this sure are matched first.
    pub confidence_sure: f32,
    /// Detections at least this sure may prolong a track; anything below is ignored.
    pub confidence_unsure: f32,
    /// Detections at least this sure may start a track.
    pub confidence_new: f32,
    /// How much surer one must be that lies wholly in a surer one of its group, as a share of the way to certainty; with
    /// the part of it that lies there in between. A detector that sees parts of somebody near as somebody of his own, or
    /// him once more beside himself, is never as sure of those.
    pub doubt_in_another: f32,
    /// Least overlap of grown boxes for a sure detection.
    pub overlap_sure_min: f32,
    /// Least overlap of grown boxes for an unsure detection.
    pub overlap_unsure_min: f32,
    /// How much boxes are grown on each side before their overlap is taken, as a share of their size.
    pub growth: f32,
    /// How long a track that is not seen is kept.
    pub lost_max: Duration,
    /// A track with fewer sightings than this ends as soon as it is not seen.
    pub sightings_min: u32,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            confidence_sure: 0.5,
            confidence_unsure: 0.15,
            confidence_new: 0.55,
            doubt_in_another: 0.8,
            overlap_sure_min: 0.2,
            overlap_unsure_min: 0.4,
            growth: 0.25,
            lost_max: Duration::from_millis(2_000),
            sightings_min: 2,
        }
    }
}

/// Follows the objects of one camera.
#[derive(Debug)]
pub struct Tracker {
    config: TrackerConfig,
    tracks: Vec<Track>,
    next_id: u64,
    updated: Option<MediaTime>,
}

#[derive(Debug)]
struct Track {
    id: TrackId,
    motion: Motion,
    /// The last detection that it was seen as.
    seen: Detection,
    seen_at: MediaTime,
    sightings: u32,
}

impl Tracker {
    /// A tracker that follows nothing yet.
    pub fn new(config: TrackerConfig) -> Self {
        Self { config, tracks: Vec::new(), next_id: 1, updated: None }
    }

    /// Takes the detections of the next frame and says which track each of them belongs to. Returns the tracks that
    /// were seen in this frame, in the order of their ids. A frame that is not later than the one before is ignored.
    pub fn update(&mut self, detections: &[Detection], at: MediaTime) -> Vec<TrackObservation> {
        let elapsed = match self.updated {
            Some(before) if at <= before => return Vec::new(),
            Some(before) => at.since(before),
            None => Duration::ZERO,
        };
        self.updated = Some(at);
        if elapsed > PREDICTION_MAX {
            self.tracks.clear();
        }
        for track in &mut self.tracks {
            let unseen = at.since(track.seen_at);
            track.motion.predict(elapsed, unseen);
        }

        let (sure, unsure) = self.split(detections);
        let surest = sure.clone();
        let rest = self.associate(sure, at, self.config.overlap_sure_min, |_, _| true);
        // Only a track seen in the frame before may be prolonged by an unsure detection: a ghost near a place where
        // somebody vanished long ago is more likely than his return as one.
        let lately = elapsed + elapsed / 2;
        self.associate(unsure, at, self.config.overlap_unsure_min, |track, now| now.since(track.seen_at) <= lately);

        self.drop_lost(at);
        self.start_tracks(rest, &surest, at);
        self.drop_twins(at);
        self.tracks.iter().filter(|t| t.seen_at == at).map(Track::observation).collect()
    }

    fn split(&self, detections: &[Detection]) -> (Vec<Detection>, Vec<Detection>) {
        detections
            .iter()
            .filter(|d| d.confidence >= self.config.confidence_unsure)
            .partition(|d| d.confidence >= self.config.confidence_sure)
    }

    /// Matches tracks not yet seen in this frame with `detections`; returns the detections that found no track.
    fn associate(
        &mut self,
        detections: Vec<Detection>,
        at: MediaTime,
        overlap_min: f32,
        eligible: impl Fn(&Track, MediaTime) -> bool,
    ) -> Vec<Detection> {
        let open: Vec<usize> =
            (0..self.tracks.len()).filter(|&i| self.tracks[i].seen_at < at && eligible(&self.tracks[i], at)).collect();
        let growth = self.config.growth;
        let gain = |row: usize, column: usize| {
            let (track, detection) = (&self.tracks[open[row]], &detections[column]);
            let overlap = track.overlap(detection, at, growth);
            // A class that changes within its group (car, lorry) costs a little; across groups there is no match.
            (overlap >= overlap_min).then(|| {
                overlap * (0.7 + 0.3 * detection.confidence)
                    - if track.seen.class == detection.class { 0.0 } else { 0.05 }
            })
        };
        let pairs = assign(open.len(), detections.len(), gain);
        let mut taken = vec![false; detections.len()];
        for (row, column) in pairs {
            taken[column] = true;
            self.tracks[open[row]].see(detections[column], at);
        }
        detections.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(d, _)| d).collect()
    }

    fn drop_lost(&mut self, at: MediaTime) {
        let TrackerConfig { lost_max, sightings_min, .. } = self.config;
        self.tracks.retain(|t| t.seen_at == at || (t.sightings >= sightings_min && at.since(t.seen_at) <= lost_max));
    }

    /// Starts tracks of `detections`; `all` are the sure ones of the frame.
    fn start_tracks(&mut self, detections: Vec<Detection>, all: &[Detection], at: MediaTime) {
        for seen in detections {
            if seen.confidence < self.confidence_to_start(&seen, all) || self.tracks.len() >= TRACKS_MAX {
                continue;
            }
            let id = TrackId(self.next_id);
            self.next_id += 1;
            self.tracks.push(Track { id, motion: Motion::new(&seen.bbox), seen, seen_at: at, sightings: 1 });
        }
    }

    /// How sure a detection must be to start a track beside the others of its frame.
    fn confidence_to_start(&self, seen: &Detection, all: &[Detection]) -> f32 {
        let TrackerConfig { confidence_new, doubt_in_another, .. } = self.config;
        let surer = all.iter().filter(|other| {
            other.confidence > seen.confidence && other.class.group() == seen.class.group() && other.bbox != seen.bbox
        });
        let inside = surer.map(|other| other.bbox.intersection(&seen.bbox) / seen.bbox.area().max(1e-9));
        let inside = inside.fold(0.0, f32::max).min(1.0);
        confidence_new + (1.0 - confidence_new) * doubt_in_another * inside
    }

    /// Two tracks of one object: the younger one goes.
    fn drop_twins(&mut self, at: MediaTime) {
        let mut index = 0;
        while index < self.tracks.len() {
            let track = &self.tracks[index];
            let twin = self.tracks[..index].iter().any(|elder| {
                elder.seen_at == at
                    && elder.seen.class.group() == track.seen.class.group()
                    && elder.seen.bbox.iou(&track.seen.bbox) > TWIN_OVERLAP
                    && track.sightings <= 3
            });
            if twin {
                self.tracks.remove(index);
            } else {
                index += 1;
            }
        }
    }
}

/// Two sightings that overlap more than this are one object seen twice.
const TWIN_OVERLAP: f32 = 0.8;

impl Track {
    fn see(&mut self, detection: Detection, at: MediaTime) {
        self.motion.correct(&detection.bbox);
        self.seen = detection;
        self.seen_at = at;
        self.sightings = self.sightings.saturating_add(1);
    }

    fn overlap(&self, detection: &Detection, at: MediaTime, growth: f32) -> f32 {
        if self.seen.class.group() != detection.class.group() {
            return 0.0;
        }
        // The longer it was not seen, the less its predicted place means.
        let unseen_s = at.since(self.seen_at).as_secs_f32();
        let growth = (growth * (1.0 + unseen_s)).min(GROWTH_MAX);
        grown(&self.motion.bbox(), growth).iou(&grown(&detection.bbox, growth))
    }

    fn observation(&self) -> TrackObservation {
        TrackObservation {
            track: self.id,
            class: self.seen.class,
            confidence: self.seen.confidence,
            bbox: self.motion.bbox(),
        }
    }
}

const GROWTH_MAX: f32 = 0.75;

fn grown(bbox: &BoundingBox, growth: f32) -> BoundingBox {
    let by = 1.0 + 2.0 * growth;
    BoundingBox::around(bbox.centre(), bbox.width() * by, bbox.height() * by)
}

#[cfg(test)]
mod tests;
