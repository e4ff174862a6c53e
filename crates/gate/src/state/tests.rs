mod allowed;

use super::*;
use domain::{BoundingBox, FrameStamp, ObjectClass, Point, TrackId};
use proptest::prelude::*;

const FRAME_US: u64 = 100_000;

fn profile(shapes: &str) -> GateProfile {
    let head = "profile = 1\nname = { vi = \"Cổng\", en = \"Gate\" }\nkind = \"tourist_site\"\n";
    GateProfile::parse(&format!("{head}{shapes}")).expect("a good profile")
}

/// A line down the middle; inside is to its left.
const LINE: &str = "[[line]]\nid = \"l\"\npoints = [[0.5, 0.0], [0.5, 1.0]]\nin = \"a_to_b\"\n";
const ZONE: &str = "[[zone]]\nid = \"z\"\npoints = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]\n";

/// What happened, in short.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Told {
    Passed(Direction, ObjectClass),
    Stayed(ObjectClass, u64),
    Inside(u32),
    Wrong(Direction),
    Tailgating(u64, u64),
    CrowdBegan(u32),
    CrowdEnded(u32),
}

struct Scene {
    gate: Gate,
    frame: u64,
    told: Vec<Told>,
}

impl Scene {
    fn new(shapes: &str) -> Self {
        let id = |text: &str| text.to_owned();
        let gate =
            Gate::new(GateId::new(id("g")).expect("a slug"), CameraId::new(id("c")).expect("a slug"), profile(shapes));
        Self { gate, frame: 0, told: Vec::new() }
    }

    fn show(&mut self, tracks: &[(u64, ObjectClass, BoundingBox)]) {
        self.frame += 1;
        let micros = self.frame * FRAME_US;
        let tracks = tracks
            .iter()
            .map(|&(track, class, bbox)| TrackObservation { track: TrackId(track), class, confidence: 0.9, bbox })
            .collect();
        let stamp = FrameStamp {
            media: MediaTime::from_micros(micros),
            arrived: MonoTime::from_micros(micros),
            utc: UtcTime::from_unix_micros(i64::try_from(micros).expect("small")).expect("in range"),
        };
        self.gate.handle_observations(&Observations { camera: self.gate.camera().clone(), stamp, tracks });
        self.take();
    }

    fn person(&mut self, track: u64, x: f32) {
        self.show(&[(track, ObjectClass::Person, standing(x, 0.5))]);
    }

    fn walk(&mut self, track: u64, from: f32, to: f32, frames: u32) {
        for n in 0..frames {
            self.person(track, from + (to - from) * n as f32 / (frames - 1) as f32);
        }
    }

    fn nobody(&mut self, frames: u32) {
        (0..frames).for_each(|_| self.show(&[]));
    }

    fn take(&mut self) {
        while let Some(event) = self.gate.poll_event() {
            self.told.push(match event {
                GateEvent::Passed(p) => Told::Passed(p.direction, p.class),
                GateEvent::Stayed(s) => Told::Stayed(s.class, s.to.since(s.from).as_millis() as u64 / 100),
                GateEvent::OccupancyChanged(o) => Told::Inside(o.count),
                GateEvent::Incident(incident) => match incident.what {
                    IncidentKind::WrongDirection(wrong) => Told::Wrong(wrong.direction),
                    IncidentKind::Tailgating(follower) => Told::Tailgating(follower.track.0, follower.ahead.0),
                    IncidentKind::CrowdingBegan(crowd) => Told::CrowdBegan(crowd.count),
                    IncidentKind::CrowdingEnded(crowd) => Told::CrowdEnded(crowd.peak),
                },
            });
        }
    }

    fn end(mut self) -> Vec<Told> {
        let micros = (self.frame + 1) * FRAME_US;
        self.gate.handle_end(MediaTime::from_micros(micros), UtcTime::UNIX_EPOCH);
        self.take();
        self.told
    }
}

fn standing(x: f32, y: f32) -> BoundingBox {
    BoundingBox::around(Point { x, y }, 0.06, 0.2)
}

const IN: Told = Told::Passed(Direction::In, ObjectClass::Person);
const OUT: Told = Told::Passed(Direction::Out, ObjectClass::Person);

#[test]
fn a_walk_over_the_line_is_one_passage() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.8, 0.2, 30);
    assert_eq!(scene.end(), [IN]);
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.2, 0.8, 30);
    assert_eq!(scene.end(), [OUT]);
}

#[test]
fn dithering_on_the_line_counts_once() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.7, 0.505, 10);
    for n in 0..50 {
        scene.person(1, 0.5 + 0.008 * if n % 2 == 0 { 1.0 } else { -1.0 });
    }
    scene.walk(1, 0.495, 0.3, 10);
    assert_eq!(scene.end(), [IN]);
}

#[test]
fn recrossing_before_settle_is_no_passage() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.7, 0.51, 10);
    scene.person(1, 0.485);
    scene.person(1, 0.485);
    scene.walk(1, 0.51, 0.7, 10);
    assert_eq!(scene.end(), []);
}

#[test]
fn going_in_and_later_out_are_two_passages() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.7, 0.3, 20);
    scene.walk(1, 0.3, 0.7, 20);
    assert_eq!(scene.end(), [IN, OUT]);
}

#[test]
fn a_track_lost_before_the_line_and_found_behind_it_is_one_passage() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.7, 0.53, 18);
    scene.nobody(6);
    scene.walk(2, 0.47, 0.3, 18);
    assert_eq!(scene.end(), [IN]);
}

#[test]
fn whoever_appears_far_away_is_somebody_else() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.9, 0.8, 10);
    scene.walk(2, 0.2, 0.1, 10);
    assert_eq!(scene.end(), []);
}

#[test]
fn a_crossing_counts_although_the_track_ends_behind_the_line() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.7, 0.47, 14);
    assert_eq!(scene.end(), [IN]);
}

#[test]
fn a_flash_of_two_frames_is_nobody() {
    let mut scene = Scene::new(LINE);
    scene.person(1, 0.55);
    scene.person(1, 0.45);
    assert_eq!(scene.end(), []);
}

#[test]
fn who_walks_round_the_end_of_the_line_has_not_crossed_it() {
    let mut scene = Scene::new(&LINE.replace("[0.5, 1.0]", "[0.5, 0.3]"));
    scene.walk(1, 0.8, 0.2, 30);
    assert_eq!(scene.end(), []);
}

#[test]
fn a_rider_and_his_motorbike_are_one_vehicle() {
    let mut scene = Scene::new(LINE);
    for n in 0..40 {
        let x = 0.8 - 0.015 * n as f32;
        let bike = BoundingBox::around(Point { x, y: 0.55 }, 0.12, 0.15);
        let rider = BoundingBox::around(Point { x, y: 0.48 }, 0.06, 0.18);
        scene.show(&[(1, ObjectClass::Motorbike, bike), (2, ObjectClass::Person, rider)]);
    }
    assert_eq!(scene.end(), [Told::Passed(Direction::In, ObjectClass::Motorbike)]);
}

#[test]
fn who_walks_past_a_parked_motorbike_is_still_a_person() {
    let mut scene = Scene::new(LINE);
    let bike = BoundingBox::around(Point { x: 0.55, y: 0.55 }, 0.12, 0.15);
    for n in 0..40 {
        let walker = standing(0.8 - 0.015 * n as f32, 0.5);
        scene.show(&[(1, ObjectClass::Motorbike, bike), (2, ObjectClass::Person, walker)]);
    }
    assert_eq!(scene.end(), [IN]);
}

#[test]
fn groups_that_a_line_does_not_count_are_not_told() {
    let mut scene = Scene::new(&LINE.replace("in =", "groups = [\"vehicle\"]\nin ="));
    scene.walk(1, 0.8, 0.2, 30);
    assert_eq!(scene.end(), []);
}

#[test]
fn a_stay_is_told_once_and_occupancy_follows() {
    let mut scene = Scene::new(ZONE);
    scene.walk(1, 0.1, 0.9, 41);
    scene.nobody(60);
    let told = scene.end();
    let inside: Vec<_> = told.iter().filter(|t| matches!(t, Told::Inside(_))).cloned().collect();
    assert_eq!(inside, [Told::Inside(1), Told::Inside(0)]);
    assert_eq!(told.iter().filter(|t| matches!(t, Told::Stayed(ObjectClass::Person, 29..=31))).count(), 1, "{told:?}");
}

#[test]
fn a_flicker_in_a_zone_is_one_stay() {
    let mut scene = Scene::new(ZONE);
    for track in 1..6 {
        scene.walk(track, 0.5, 0.5, 10);
        scene.nobody(8);
    }
    let stays = scene.end().into_iter().filter(|t| matches!(t, Told::Stayed(..))).count();
    assert_eq!(stays, 1);
}

#[test]
fn a_timeout_ends_a_stay_without_another_frame() {
    let mut scene = Scene::new(ZONE);
    scene.walk(1, 0.5, 0.5, 20);
    let due = scene.gate.poll_timeout().expect("somebody is there");
    scene.gate.handle_timeout(due);
    scene.take();
    assert!(scene.told.contains(&Told::Stayed(ObjectClass::Person, 19)), "{:?}", scene.told);
    assert_eq!(scene.gate.poll_timeout(), None);
}

#[test]
fn only_groups_that_the_profile_pictures_are_looked_at() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.8, 0.7, 5);
    assert_eq!(scene.gate.looks().count(), 0);
    let mut scene = Scene::new(&format!("pictures = [\"person\"]\n{LINE}"));
    scene.walk(1, 0.8, 0.7, 5);
    let looks: Vec<_> = scene.gate.looks().map(|look| look.group).collect();
    assert_eq!(looks, [CountGroup::Person]);
}

#[test]
fn another_cameras_observations_are_ignored() {
    let mut scene = Scene::new(LINE);
    scene.gate = Gate::new(scene.gate.id().clone(), CameraId::new("other").expect("a slug"), profile(LINE));
    let seen = Observations {
        camera: CameraId::new("c").expect("a slug"),
        stamp: FrameStamp { media: MediaTime::default(), arrived: MonoTime::default(), utc: UtcTime::UNIX_EPOCH },
        tracks: vec![],
    };
    scene.gate.handle_observations(&seen);
    assert_eq!(scene.gate.poll_timeout(), None);
}

proptest! {
    /// Whatever a walker does, he is never inside more often than he came in.
    #[test]
    fn one_walker_alternates_between_in_and_out(steps in prop::collection::vec(-0.04f32..0.04, 10..200)) {
        let mut scene = Scene::new(LINE);
        let mut x: f32 = 0.6;
        for step in steps {
            x = (x + step).clamp(0.1, 0.9);
            scene.person(1, x);
        }
        let told = scene.end();
        prop_assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "{told:?}");
        prop_assert!(told.first().is_none_or(|first| *first == IN), "{told:?}");
    }

    /// Any observations at all: no panic, and memory stays bounded.
    #[test]
    fn any_observations_are_survived(
        frames in prop::collection::vec(
            prop::collection::vec((0u64..60, 0.0f32..1.0, 0.0f32..1.0, 0usize..8), 0..20), 1..60)
    ) {
        let rules = ["only = \"in\"\ngap_ms = 60000\n", "crowd = { above = 1, for_ms = 0 }\n"];
        let mut scene = Scene::new(&format!("{LINE}{}{ZONE}{}", rules[0], rules[1]));
        for frame in frames {
            let mut tracks: Vec<_> =
                frame.iter().map(|&(t, x, y, c)| (t, ObjectClass::ALL[c], standing(x, y))).collect();
            tracks.sort_by_key(|t| t.0);
            tracks.dedup_by_key(|t| t.0);
            scene.show(&tracks);
            prop_assert!(scene.gate.identities.len() <= IDENTITIES_MAX);
        }
        let told = scene.end();
        let many = |is: fn(&&Told) -> bool| told.iter().filter(is).count();
        prop_assert_eq!(many(|t| matches!(t, Told::Wrong(_))), many(|t| matches!(t, Told::Passed(Direction::Out, _))));
        prop_assert_eq!(many(|t| matches!(t, Told::CrowdBegan(_))), many(|t| matches!(t, Told::CrowdEnded(_))));
        prop_assert!(many(|t| matches!(t, Told::Tailgating(..))) <= many(|t| matches!(t, Told::Passed(..))));
    }
}
