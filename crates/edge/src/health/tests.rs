use std::path::Path;

use domain::{Plane, UtcTime};
use wire::plate::PlateOutcome;

use super::reads::{ReadRate, sum};
use super::*;

/// A picture of stripes: how bright, how strong, whether the camera was turned, and a mark that makes it differ from others.
fn picture(level: u8, strength: u8, turned: bool, mark: u8) -> Vec<u8> {
    let (width, height) = (320, 192);
    let mut pixels = vec![level; width * height];
    for y in 0..height {
        for x in 0..width {
            // One that was turned shows its stripes lying.
            let across = if turned { y } else { x };
            let on = across / 9 % 2 == 0 && y > 40 && x < 280;
            pixels[y * width + x] = level + if on { strength } else { 0 };
        }
    }
    pixels[0] = mark;
    pixels
}

fn see(watch: &mut HealthWatch, pixels: &[u8], seconds: u64) -> Option<PictureHealth> {
    let chroma = vec![128; 160 * 96];
    let plane = |data, stride| Plane { stride, data };
    let view = I420View::new(320, 192, plane(pixels, 320), plane(&chroma, 160), plane(&chroma, 160)).expect("planes");
    watch.see(&view, MonoTime::from_micros(seconds * 1_000_000), UtcTime::UNIX_EPOCH)
}

/// A watch that has a reference of a good day, and the second after it.
fn with_reference(folder: &Path) -> HealthWatch {
    let mut watch = HealthWatch::new(folder.join("health/cam.json"));
    for n in 0..4_u64 {
        see(&mut watch, &picture(90, 60, false, n as u8), n * 5);
    }
    watch
}

#[test]
fn a_reference_is_taken_of_clear_pictures_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut watch = HealthWatch::new(folder.path().join("health/cam.json"));
    for n in 0..5_u64 {
        let dark = see(&mut watch, &picture(5, 9, false, n as u8), n * 5).expect("it is time");
        assert_eq!(dark.reference_at, None, "not of a dark picture");
    }
    let mut watch = with_reference(folder.path());
    let health = see(&mut watch, &picture(90, 60, false, 99), 30).expect("it is time");
    assert_eq!(see(&mut watch, &picture(90, 60, false, 99), 31), None, "not so soon again");
    assert!(health.reference_at.is_some() && health.moved.is_some_and(|moved| moved < 0.01), "{health:?}");
    let kept = Reference::load(&folder.path().join("health/cam.json")).expect("it is sound").expect("it is there");
    assert_eq!(Some(kept.sharpness), health.sharpness_reference);
}

#[test]
fn dark_blurred_and_moved_pictures_are_told_after_a_while_and_well_again_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = |health: &PictureHealth| (health.is_dark, health.is_blurred, health.is_moved);
    for (bad, after, told) in [
        (picture(10, 4, false, 1), 3, (true, false, false)),
        (picture(90, 7, false, 1), 3, (false, true, false)),
        (picture(90, 60, true, 1), 12, (false, false, true)),
    ] {
        let mut watch = with_reference(folder.path());
        let mut seconds = 100;
        for n in 1..=after {
            let mut bad = bad.clone();
            bad[0] = n;
            let health = see(&mut watch, &bad, seconds).expect("it is time");
            assert_eq!(flags(&health), if n < after { (false, false, false) } else { told }, "{n}: {health:?}");
            seconds += 5;
        }
        let well = see(&mut watch, &picture(90, 60, false, 77), seconds).expect("it is time");
        assert_eq!(flags(&well), (false, false, false), "{well:?}");
    }
}

#[test]
fn the_same_picture_again_and_again_is_frozen_until_it_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut watch = HealthWatch::new(folder.path().join("cam.json"));
    let frozen: Vec<_> =
        (0..7).map(|n| see(&mut watch, &picture(90, 60, false, 1), n * 5).and_then(|own| own.frozen_s)).collect();
    assert_eq!(frozen, [None, None, None, None, None, Some(25), Some(30)]);
    assert_eq!(see(&mut watch, &picture(90, 60, false, 2), 35).and_then(|own| own.frozen_s), None);
}

#[test]
fn a_reference_that_a_person_takes_anew_counts_at_once_and_a_damaged_one_never() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut watch = with_reference(folder.path());
    let file = folder.path().join("health/cam.json");
    std::fs::write(&file, "{}").expect("it can be written");
    let health = see(&mut watch, &picture(90, 60, false, 1), 200).expect("it is time");
    assert_eq!((health.reference_at, health.moved), (None, None));
    assert!(Reference::load(&file).expect_err("damaged").to_string().contains("cam.json"));
}

#[test]
fn reads_are_kept_by_the_hour_over_a_restart_and_forgotten_after_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("health/cam.reads.json");
    let at = |hour: u64| UtcTime::UNIX_EPOCH.saturating_add(Duration::from_secs(hour * 3600 + 60));
    let mut rate = ReadRate::load(&file);
    for hour in 0..30 {
        rate.add(PlateOutcome::Read, at(hour));
        rate.add(PlateOutcome::Unreadable, at(hour));
        rate.add(PlateOutcome::NotAPlate, at(hour));
    }
    rate.save(&file).expect("it can be written");
    let again = ReadRate::load(&file);
    assert_eq!(again, rate);
    let day = again.last_day(at(29));
    assert_eq!((day.len(), sum(&day)), (24, (48, 24)));
    assert_eq!(sum(&again.last_day(at(40))), (26, 13));
    std::fs::write(&file, "not JSON").expect("it can be written");
    assert_eq!(ReadRate::load(&file), ReadRate::default());
}
