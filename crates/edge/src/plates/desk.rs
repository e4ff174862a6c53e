//! The plates of one camera at its desk: followed, read, settled, held against the lists, and told.

use domain::{CameraId, FrameStamp, GateId, Point, TrackObservation, UtcTime};
use perception::plate::FoundPlate;
use perception::plate_visit::{PlateLook, PlateVisit, PlateVisits, VisitConfig, Wanted};
use serde::{Deserialize, Serialize};
use vnplate::decode::{Options, Outcome, Reading};
use vnplate::{Calibration, Date};
use wire::plate::{PlateColour, PlateOutcome, PlateRead, PlateReading, PlateShot, PlateVote, READINGS_MAX, VOTES_MAX};

use super::list::{ListHeader, PlateList, matches};

/// What is needed to read plates at a desk.
#[derive(Debug, Clone)]
pub struct PlatePlan {
    /// Slope and intercept of the confidence.
    pub calibration: [f32; 2],
    /// The lists.
    pub lists: Vec<PlateList>,
}

/// The plan as it stands in an observation log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlateHeader {
    /// Slope and intercept of the confidence.
    pub calibration: [f32; 2],
    /// The lists.
    pub lists: Vec<ListHeader>,
}

impl PlatePlan {
    /// The plan for an observation log.
    pub fn header(&self) -> PlateHeader {
        PlateHeader { calibration: self.calibration, lists: self.lists.iter().map(PlateList::header).collect() }
    }

    /// The plan of an observation log; nothing where a list of it cannot be read.
    pub fn from_header(header: PlateHeader) -> Option<Self> {
        let lists = header.lists.into_iter().map(PlateList::from_header).collect::<Option<_>>()?;
        Some(Self { calibration: header.calibration, lists })
    }
}

/// Turns found and read plates into what is told of them.
#[derive(Debug)]
pub struct PlateDesk {
    camera: CameraId,
    gates: Vec<GateId>,
    options: Options,
    lists: Vec<PlateList>,
    visits: PlateVisits,
}

impl PlateDesk {
    /// A desk that has seen nothing.
    pub fn new(plan: PlatePlan, camera: CameraId, gates: Vec<GateId>) -> Self {
        let [a, b] = plan.calibration;
        let options = Options { calibration: Calibration { a, b }, ..Options::default() };
        let visits = PlateVisits::new(VisitConfig::default(), options.clone());
        Self { camera, gates, options, lists: plan.lists, visits }
    }

    /// Whether plates are held against just these lists.
    pub fn has_lists(&self, lists: &[PlateList]) -> bool {
        self.lists == lists
    }

    /// Holds plates against other lists.
    pub fn set_lists(&mut self, lists: Vec<PlateList>) {
        self.lists = lists;
    }

    /// The lists.
    pub fn lists(&self) -> &[PlateList] {
        &self.lists
    }

    /// Takes what was found in the next frame; says what should be read.
    pub fn follow(&mut self, found: &[FoundPlate], vehicles: &[TrackObservation], stamp: FrameStamp) -> Vec<Wanted> {
        self.visits.follow(found, vehicles, stamp)
    }

    /// Takes what was read; gives the visits whose picture should be kept from this frame.
    pub fn hear(&mut self, looks: &[PlateLook], stamp: FrameStamp) -> Vec<(u64, [Point; 4])> {
        self.visits.hear(looks, stamp.media)
    }

    /// The source is over.
    pub fn end(&mut self) {
        self.visits.end();
    }

    /// Visits that are not settled: their pictures must be kept.
    pub fn present(&self) -> impl Iterator<Item = u64> + '_ {
        self.visits.present()
    }

    /// The next plate to tell of.
    pub fn poll(&mut self) -> Option<PlateRead> {
        self.visits.poll().map(|visit| self.told(visit))
    }

    fn told(&self, visit: PlateVisit) -> PlateRead {
        let decoded = &visit.settled.decoded;
        let (outcome, reason, readings, ambiguous) = match &decoded.outcome {
            Outcome::Read(read) => (PlateOutcome::Read, String::new(), read.readings.as_slice(), read.ambiguous),
            Outcome::UnknownKind { reason } => (PlateOutcome::UnknownKind, reason.to_string(), [].as_slice(), false),
            Outcome::Unreadable { reason } => (PlateOutcome::Unreadable, reason.to_string(), [].as_slice(), false),
            Outcome::NotAPlate { reason } => (PlateOutcome::NotAPlate, reason.to_string(), [].as_slice(), false),
        };
        let (media, corners) = visit.shot;
        let vote = |vote: &perception::plate_visit::Vote| PlateVote {
            media: vote.media,
            raw: vote.raw.clone(),
            confidence: vote.confidence,
            weight: vote.weight,
        };
        let on = date_of(visit.last.utc);
        PlateRead {
            gates: self.gates.clone(),
            camera: self.camera.clone(),
            visit: visit.number,
            vehicle: visit.vehicle.map(|carrier| carrier.track),
            vehicle_class: visit.vehicle.map(|carrier| carrier.class),
            from: visit.first.utc,
            to: visit.last.utc,
            outcome,
            reason,
            readings: readings.iter().take(READINGS_MAX).map(|one| shown(one, ambiguous, on)).collect(),
            raw: decoded.raw.to_string(),
            colour: colour_of(&visit.colours),
            rows: if visit.two_rows > 0.5 { 2 } else { 1 },
            votes: visit.votes.iter().take(VOTES_MAX).map(vote).collect(),
            shot: PlateShot { media, corners },
            matches: matches(&self.lists, readings, &self.options.confusion),
        }
    }
}

fn shown(reading: &Reading, ambiguous: bool, on: Date) -> PlateReading {
    PlateReading {
        key: reading.key().as_str().to_owned(),
        display: reading.plate.display(),
        kind: reading.kind().slug().to_owned(),
        issuer: reading.plate.issuer(on).and_then(|issuer| issuer.name()).map(str::to_owned),
        confidence: reading.confidence,
        glyph_confidence: reading.signs.iter().map(|sign| sign.confidence).collect(),
        corrected: reading.corrected().map(|at| u8::try_from(at).unwrap_or(u8::MAX)).collect(),
        ambiguous,
    }
}

fn colour_of(colours: &[f32; 5]) -> PlateColour {
    let names = [PlateColour::White, PlateColour::Yellow, PlateColour::Blue, PlateColour::Red, PlateColour::Unknown];
    let best = colours.iter().zip(names).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map_or(PlateColour::Unknown, |(_, name)| name)
}

/// The day in Vietnam, by which the issuer is called; a day that no calendar of plates knows counts as that of the
/// merger of provinces.
fn date_of(at: UtcTime) -> Date {
    let (year, month, day) = at.day_in_vietnam();
    let day = i16::try_from(year).ok().zip(u8::try_from(month).ok()).zip(u8::try_from(day).ok());
    day.and_then(|((year, month), day)| Date::new(year, month, day)).unwrap_or(vnplate::province::MERGED_ON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_that_of_vietnam() {
        let at = |text: &str| text.parse::<UtcTime>().map(date_of).expect("a time");
        assert_eq!(Some(at("2025-06-30T16:59:59Z")), Date::new(2025, 6, 30));
        assert_eq!(Some(at("2025-06-30T17:00:00Z")), Date::new(2025, 7, 1));
        assert_eq!(Some(at("2024-02-28T18:00:00Z")), Date::new(2024, 2, 29));
    }

    #[test]
    fn the_likeliest_colour_is_told() {
        assert_eq!(colour_of(&[0.1, 0.6, 0.1, 0.1, 0.1]), PlateColour::Yellow);
        assert_eq!(colour_of(&[0.1, 0.1, 0.1, 0.1, 0.6]), PlateColour::Unknown);
    }
}
