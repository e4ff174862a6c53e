use domain::{MonoTime, ObjectClass, UtcTime};

use super::*;

const FRAME: u64 = 100_000;

fn stamp(frame: u64) -> FrameStamp {
    let time = frame * FRAME;
    FrameStamp { media: MediaTime::from_micros(time), arrived: MonoTime::from_micros(time), utc: UtcTime::UNIX_EPOCH }
}

fn found(x: f32) -> FoundPlate {
    let corner = |x, y| Point { x, y };
    FoundPlate { corners: [corner(x, 0.5), corner(x + 0.1, 0.5), corner(x + 0.1, 0.55), corner(x, 0.55)], score: 0.9 }
}

/// A look at `text` in which each glyph has the probability `sure` and the rest goes to a neighbour in the alphabet.
fn look(visit: u64, text: &str, sure: f32) -> PlateLook {
    let mut glyphs = vec![vec![0.0; BLANK + 1]; 12];
    for (at, position) in glyphs.iter_mut().enumerate() {
        match text.chars().nth(at).and_then(vnplate::Glyph::from_char) {
            Some(glyph) => {
                position[glyph.index()] = sure;
                position[(glyph.index() + 1) % BLANK] = 1.0 - sure;
            }
            None => position[BLANK] = 1.0,
        }
    }
    let evidence =
        SoftEvidence { two_rows: Some(0.01), colours: Some([0.96, 0.01, 0.01, 0.01, 0.01]), ..SoftEvidence::default() };
    PlateLook { visit, corners: found(0.4).corners, glyphs, evidence, not_a_plate: 0.0, weight: 1.0 }
}

struct Scene {
    visits: PlateVisits,
    frame: u64,
    read: usize,
}

impl Scene {
    fn new() -> Self {
        Self { visits: PlateVisits::new(VisitConfig::default(), Options::default()), frame: 0, read: 0 }
    }

    /// `frames` frames in which a plate at `x` says `text`.
    fn show(&mut self, frames: u64, x: f32, text: &str, sure: f32) -> Vec<PlateVisit> {
        for _ in 0..frames {
            self.frame += 1;
            let wanted = self.visits.follow(&[found(x)], &[], stamp(self.frame));
            self.read += wanted.len();
            let looks: Vec<_> = wanted.iter().map(|wanted| look(wanted.visit, text, sure)).collect();
            self.visits.hear(&looks, stamp(self.frame).media);
        }
        self.told()
    }

    fn hide(&mut self, frames: u64) -> Vec<PlateVisit> {
        for _ in 0..frames {
            self.frame += 1;
            assert!(self.visits.follow(&[], &[], stamp(self.frame)).is_empty());
        }
        self.told()
    }

    fn told(&mut self) -> Vec<PlateVisit> {
        std::iter::from_fn(|| self.visits.poll()).collect()
    }
}

fn key(visit: &PlateVisit) -> String {
    visit.settled.decoded.best().map(|best| best.key().as_str().to_owned()).unwrap_or_default()
}

#[test]
fn a_clear_plate_is_settled_once_after_few_looks_and_a_parked_car_is_not_read_again() {
    let mut scene = Scene::new();
    let told = scene.show(100, 0.4, "30A12345", 0.99);
    assert_eq!(told.iter().map(key).collect::<Vec<_>>(), ["30A12345"]);
    assert!(scene.read < 6, "{} looks were read", scene.read);
    assert_eq!(told[0].votes.len(), scene.read, "every look is kept as a vote");
    assert!(told[0].votes.iter().any(|vote| vote.media == told[0].shot.0), "the picture is a look that was read");
    assert!(scene.hide(30).is_empty());
}

#[test]
fn a_parked_car_that_was_hidden_for_a_while_is_no_second_visit() {
    let mut scene = Scene::new();
    assert_eq!(scene.show(10, 0.4, "30A12345", 0.99).len(), 1);
    assert!(scene.hide(40).is_empty());
    assert!(scene.show(10, 0.41, "30A12345", 0.99).is_empty());
    assert_eq!(scene.show(10, 0.7, "30A12345", 0.99).len(), 1, "elsewhere it is one");
}

#[test]
fn unsure_looks_are_added_up_until_the_plate_is_gone() {
    let mut scene = Scene::new();
    assert!(scene.show(3, 0.4, "30A12345", 0.8).is_empty());
    let told = scene.hide(20);
    assert_eq!(told.iter().map(key).collect::<Vec<_>>(), ["30A12345"]);
}

#[test]
fn a_visit_never_reads_more_than_its_share() {
    let mut scene = Scene::new();
    let told = scene.show(200, 0.4, "30A12345", 0.45);
    assert_eq!(scene.read, VisitConfig::default().looks_max);
    assert!(told.len() <= 1);
}

#[test]
fn signs_are_not_told_and_a_slip_in_one_frame_is_not_either() {
    let mut scene = Scene::new();
    assert!(scene.show(40, 0.4, "PHOBO", 0.99).is_empty());
    assert!(scene.show(1, 0.8, "XQ1", 0.99).is_empty());
    assert!(scene.hide(40).is_empty());
}

#[test]
fn two_plates_side_by_side_are_two_visits_and_the_vehicle_around_each_is_named() {
    let mut visits = PlateVisits::new(VisitConfig::default(), Options::default());
    let vehicle = |track, x0: f32, class| TrackObservation {
        track: TrackId(track),
        class,
        confidence: 0.9,
        bbox: BoundingBox::new(x0, 0.2, x0 + 0.3, 0.8).expect("a box"),
    };
    for frame in 0..8 {
        // At a distance a lorry looks like a car.
        let lorry = if frame < 2 { ObjectClass::Car } else { ObjectClass::Truck };
        let vehicles = [vehicle(7, 0.0, ObjectClass::Car), vehicle(9, 0.5, lorry)];
        let wanted = visits.follow(&[found(0.1), found(0.6)], &vehicles, stamp(frame));
        let texts = ["30A12345", "51F67890"];
        let looks: Vec<_> = wanted.iter().map(|wanted| look(wanted.visit, texts[wanted.found], 0.99)).collect();
        visits.hear(&looks, stamp(frame).media);
    }
    visits.end();
    let told: Vec<_> = std::iter::from_fn(|| visits.poll()).map(|visit| (key(&visit), visit.vehicle)).collect();
    let carrier = |track, class| Some(Carrier { track: TrackId(track), class });
    let expected = [("30A12345", carrier(7, ObjectClass::Car)), ("51F67890", carrier(9, ObjectClass::Truck))];
    assert_eq!(told, expected.map(|(key, vehicle)| (key.to_owned(), vehicle)));
}

#[test]
fn a_hostile_look_with_too_few_numbers_is_passed_over() {
    let mut visits = PlateVisits::new(VisitConfig::default(), Options::default());
    let wanted = visits.follow(&[found(0.4)], &[], stamp(0));
    let mut bad = look(wanted[0].visit, "30A12345", 0.99);
    bad.glyphs[3].pop();
    assert!(visits.hear(&[bad], stamp(0).media).is_empty());
    visits.end();
    assert_eq!(visits.poll(), None);
}
