use super::*;
use domain::{ObjectClass, Point};
use proptest::prelude::*;

fn seen(x: f32, y: f32, confidence: f32) -> Detection {
    let bbox = BoundingBox::around(Point { x, y }, 0.05, 0.15);
    Detection { class: ObjectClass::Person, confidence, bbox }
}

fn frame(number: u64) -> MediaTime {
    MediaTime::from_micros(number * 100_000)
}

fn ids(observations: &[TrackObservation]) -> Vec<u64> {
    observations.iter().map(|o| o.track.0).collect()
}

#[test]
fn a_walker_hidden_for_a_second_keeps_his_identity() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let x = |n: u64| 0.1 + 0.01 * n as f32;
    for n in 0..20 {
        assert_eq!(ids(&tracker.update(&[seen(x(n), 0.5, 0.9)], frame(n))), [1]);
    }
    for n in 20..30 {
        assert_eq!(tracker.update(&[], frame(n)), []);
    }
    assert_eq!(ids(&tracker.update(&[seen(x(30), 0.5, 0.9)], frame(30))), [1]);
}

#[test]
fn a_flickering_detection_is_one_track() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    for n in 0..40 {
        let confidence = if n % 3 == 2 { 0.2 } else { 0.8 };
        let missing = n > 2 && n % 5 == 4;
        let detections = if missing { vec![] } else { vec![seen(0.3 + 0.004 * n as f32, 0.5, confidence)] };
        assert!(ids(&tracker.update(&detections, frame(n))).iter().all(|id| *id == 1), "frame {n}");
    }
}

#[test]
fn two_who_pass_each_other_keep_their_identities() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let (left, right) = (|n: u64| 0.2 + 0.015 * n as f32, |n: u64| 0.8 - 0.015 * n as f32);
    for n in 0..40 {
        let mut detections = vec![seen(left(n), 0.50, 0.9), seen(right(n), 0.53, 0.9)];
        if (left(n) - right(n)).abs() < 0.02 {
            detections.pop();
        }
        tracker.update(&detections, frame(n));
    }
    let last = tracker.update(&[seen(left(40), 0.50, 0.9), seen(right(40), 0.53, 0.9)], frame(40));
    let of = |x: f32| last.iter().find(|o| (o.bbox.centre().x - x).abs() < 0.02).map(|o| o.track.0);
    assert_eq!((of(left(40)), of(right(40))), (Some(1), Some(2)));
}

#[test]
fn unsure_detections_alone_start_no_track() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    assert!((0..20).all(|n| tracker.update(&[seen(0.5, 0.5, 0.4)], frame(n)).is_empty()));
}

#[test]
fn what_lies_in_a_surer_one_starts_a_track_only_when_it_is_sure_itself() {
    let part = |confidence| Detection {
        bbox: BoundingBox::around(Point { x: 0.51, y: 0.46 }, 0.02, 0.06),
        ..seen(0.5, 0.5, confidence)
    };
    let mut tracker = Tracker::new(TrackerConfig::default());
    for n in 0..20 {
        assert_eq!(ids(&tracker.update(&[seen(0.5, 0.5, 0.98), part(0.85)], frame(n))), [1], "a part of him");
    }
    assert_eq!(ids(&tracker.update(&[seen(0.5, 0.5, 0.98), part(0.95)], frame(20))), [1, 2], "a child before him");
    // Half of somebody hides behind somebody else.
    let mut tracker = Tracker::new(TrackerConfig::default());
    assert_eq!(ids(&tracker.update(&[seen(0.5, 0.5, 0.9), seen(0.525, 0.5, 0.8)], frame(0))), [1, 2]);
    // A vehicle says nothing about a person before it.
    let car = Detection { class: ObjectClass::Car, ..seen(0.5, 0.5, 0.98) };
    assert_eq!(ids(&Tracker::new(TrackerConfig::default()).update(&[car, part(0.6)], frame(0))), [1, 2]);
}

#[test]
fn a_frame_from_the_past_changes_nothing() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    tracker.update(&[seen(0.5, 0.5, 0.9)], frame(5));
    assert_eq!(tracker.update(&[seen(0.1, 0.1, 0.9)], frame(5)), []);
    assert_eq!(ids(&tracker.update(&[seen(0.5, 0.5, 0.9)], frame(6))), [1]);
}

#[test]
fn after_a_long_pause_nobody_is_known_again() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    tracker.update(&[seen(0.5, 0.5, 0.9)], frame(0));
    tracker.update(&[seen(0.5, 0.5, 0.9)], frame(1));
    assert_eq!(ids(&tracker.update(&[seen(0.5, 0.5, 0.9)], frame(100))), [2]);
}

#[test]
fn a_car_never_continues_a_person() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    tracker.update(&[seen(0.5, 0.5, 0.9)], frame(0));
    let car = Detection { class: ObjectClass::Car, ..seen(0.5, 0.5, 0.9) };
    assert_eq!(ids(&tracker.update(&[car], frame(1))), [2]);
}

proptest! {
    #[test]
    fn whatever_is_seen_every_track_is_reported_once_and_the_number_stays_bounded(
        frames in prop::collection::vec(
            prop::collection::vec((0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0), 0..40), 1..30)
    ) {
        let mut tracker = Tracker::new(TrackerConfig::default());
        for (number, detections) in frames.iter().enumerate() {
            let detections: Vec<_> = detections.iter().map(|&(x, y, c)| seen(x, y, c)).collect();
            let found = ids(&tracker.update(&detections, frame(number as u64)));
            let mut unique = found.clone();
            unique.dedup();
            prop_assert_eq!(&found, &unique);
            prop_assert!(found.is_sorted() && found.len() <= detections.len().min(TRACKS_MAX));
        }
    }
}
