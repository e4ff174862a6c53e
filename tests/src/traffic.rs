//! What happens at a gate in so many hours.

use std::time::Duration;

use domain::passage::Shot;
use domain::{
    BoundingBox, CameraId, ClockQuality, ClockSource, CountGroup, Direction, GateId, LineId, MediaTime, ObjectClass,
    Occupancy, Passage, Point, TrackId, UtcTime, ZoneId,
};
use wire::event::{CameraChange, CameraState, EvidenceRef, EvidenceRole, WithEvidence};
use wire::{BlobHash, Event, EventId, Payload};

use crate::dice::Dice;
use crate::edge::{CAMERA, GATE};

/// How busy each hour of the day is in Vietnam, at a gate of a works: shifts come and go.
const BUSY: [u64; 24] = [1, 1, 1, 1, 2, 6, 14, 16, 8, 5, 4, 8, 8, 5, 4, 5, 9, 16, 12, 6, 4, 3, 6, 2];

/// Vietnam is so many hours ahead of UTC.
const AHEAD_H: u64 = 7;

/// Size of a picture in bytes, about that of a person's crop.
const PICTURE_BYTES: usize = 20_000;

/// The camera is away once in so many passages.
const AWAY_EVERY: usize = 500;

/// A picture that is made when it is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picture(u64);

impl Picture {
    /// Its bytes: no picture that anybody could look at, and no two are alike.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut dice = Dice::new(self.0);
        let mut bytes = vec![0xFF, 0xD8, 0xFF];
        while bytes.len() < PICTURE_BYTES {
            bytes.extend(dice.roll().to_le_bytes());
        }
        bytes
    }
}

/// An event and its picture.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) event: Event,
    pub(crate) picture: Option<Picture>,
}

/// What happens from `begin` on, in order.
pub(crate) fn happenings(begin: UtcTime, hours: Duration, passages_a_day: u32, seed: u64) -> Vec<Happening> {
    let mut dice = Dice::new(seed);
    let count = u64::from(passages_a_day) * hours.as_secs() / (24 * 3_600);
    let mut moments: Vec<Duration> = (0..count).map(|_| moment(&mut dice, begin, hours)).collect();
    moments.sort_unstable();
    let mut told = Told { begin, nonce: std::array::from_fn(|_| dice.roll().to_le_bytes()[0]), happenings: Vec::new() };
    let mut inside = 0_u32;
    for (number, since) in moments.into_iter().enumerate() {
        if number % AWAY_EVERY == AWAY_EVERY - 1 {
            told.camera(since, CameraState::Down, "it gives no frames");
            told.camera(since, CameraState::Up, "");
        }
        let direction = if inside > 0 && dice.below(2) == 0 { Direction::Out } else { Direction::In };
        inside = if direction == Direction::In { inside + 1 } else { inside - 1 };
        told.passage(since, number as u64 + 1, direction, Picture(dice.roll()));
        told.occupancy(since, inside);
    }
    told.happenings
}

/// A moment after `begin`, oftener in busy hours.
fn moment(dice: &mut Dice, begin: UtcTime, hours: Duration) -> Duration {
    let most = BUSY.iter().max().copied().unwrap_or(1);
    loop {
        let since = Duration::from_millis(dice.below(u64::try_from(hours.as_millis()).expect("few hours").max(1)));
        let minutes = u64::try_from(begin.saturating_add(since).as_unix_minutes()).expect("after 1970");
        let hour = usize::try_from((minutes / 60 + AHEAD_H) % 24).expect("below 24");
        if dice.below(most) < BUSY[hour] {
            return since;
        }
    }
}

/// What was told so far.
struct Told {
    begin: UtcTime,
    nonce: [u8; 16],
    happenings: Vec<Happening>,
}

impl Told {
    fn tell(&mut self, since: Duration, payload: Payload, picture: Option<Picture>) {
        let at = self.begin.saturating_add(since);
        let id = EventId::derive(at, &self.nonce, self.happenings.len() as u64);
        let clock = ClockQuality { source: ClockSource::Synchronised, offset_ms: 0, uncertainty_ms: None };
        self.happenings.push(Happening { event: Event { id, at, clock, payload }, picture });
    }

    fn camera(&mut self, since: Duration, state: CameraState, reason: &str) {
        let change = CameraChange { camera: camera(), state, reason: reason.to_owned() };
        self.tell(since, Payload::CameraChanged(change), None);
    }

    fn occupancy(&mut self, since: Duration, count: u32) {
        let zone = ZoneId::new("yard").expect("a slug");
        let at = self.begin.saturating_add(since);
        let occupancy = Occupancy { gate: gate(), zone, group: CountGroup::Person, count, at };
        self.tell(since, Payload::OccupancyChanged(occupancy), None);
    }

    fn passage(&mut self, since: Duration, track: u64, direction: Direction, picture: Picture) {
        let (media, bytes) = (MediaTime::default() + since, picture.bytes());
        let bbox = BoundingBox::around(Point { x: 0.5, y: 0.5 }, 0.06, 0.12);
        let what = Passage {
            gate: gate(),
            line: LineId::new("line").expect("a slug"),
            camera: camera(),
            direction,
            class: ObjectClass::Person,
            confidence: 0.875,
            track: TrackId(track),
            media,
            at: self.begin.saturating_add(since),
            bbox,
            shot: Shot { media, bbox },
        };
        let evidence = EvidenceRef {
            role: EvidenceRole::Crop,
            sha256: BlobHash::of(&bytes),
            media_type: "image/jpeg".to_owned(),
            bytes: bytes.len() as u64,
            media,
            later_by_ms: None,
        };
        self.tell(since, Payload::Passed(WithEvidence { what, evidence: vec![evidence] }), Some(picture));
    }
}

fn camera() -> CameraId {
    CameraId::new(CAMERA).expect("a slug")
}

fn gate() -> GateId {
    GateId::new(GATE).expect("a slug")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_passages_in_order_and_most_of_them_by_day() {
        let (begin, day) = (UtcTime::from_unix_micros(1_763_600_000_000_000).expect("in range"), 24);
        let told = happenings(begin, Duration::from_secs(day * 3_600), 2_000, 1);
        let passages = told.iter().filter(|one| one.picture.is_some()).count();
        assert_eq!((passages, told.len()), (2_000, 2 * 2_000 + 2 * 4));
        assert!(told.windows(2).all(|pair| pair[0].event.at <= pair[1].event.at));
        let by_night = told.iter().filter(|one| (one.event.at.as_unix_minutes() / 60 + 7) % 24 < 4).count();
        assert!((50..400).contains(&by_night), "{by_night}");
    }
}
