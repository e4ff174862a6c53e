use super::*;

const FRAME_MS: u64 = 100;

fn bbox(x: f32, y: f32) -> BoundingBox {
    BoundingBox::new(x, y, x + 0.1, y + 0.1).expect("a box")
}

fn person(x: f32) -> Found {
    Found { subject: Subject::Person, area: bbox(x, 0.4), verdict: Verdict::Cover }
}

fn plate(x: f32, verdict: Verdict) -> Found {
    Found { subject: Subject::Plate, area: bbox(x, 0.4), verdict }
}

/// Frames a tenth of a second apart.
fn frames(found: impl IntoIterator<Item = Vec<Found>>) -> Vec<Seen> {
    let at = |index: usize| MediaTime::from_micros(index as u64 * FRAME_MS * 1_000);
    found.into_iter().enumerate().map(|(index, found)| Seen { media: at(index), found }).collect()
}

fn covered(frames: &[Seen]) -> Vec<Vec<Patch>> {
    patches(frames, &chains(frames))
}

fn holds(patches: &[Patch], area: &BoundingBox) -> bool {
    patches.iter().any(|patch| (patch.area.intersection(area) - area.area()).abs() < 1e-5)
}

#[test]
fn what_is_found_once_is_covered_half_a_second_before_and_after_and_grows() {
    let found = (0..20).map(|index| if index == 10 { vec![person(0.4)] } else { Vec::new() });
    let patches = covered(&frames(found));
    let is_covered: Vec<usize> = (0..20).filter(|index| !patches[*index].is_empty()).collect();
    assert_eq!(is_covered, (5..=15).collect::<Vec<_>>());
    for (index, patches) in patches.iter().enumerate().skip(5).take(11) {
        assert!(holds(patches, &bbox(0.4, 0.4)), "frame {index}");
        assert_eq!(patches[0].how, Cover::Coarse);
    }
    let widths: Vec<f32> = (10..=15).map(|index| patches[index][0].area.width()).collect();
    assert!(widths.windows(2).all(|two| two[1] > two[0]), "{widths:?}");
    assert!((widths[5] - 0.1 * (1.0 + 2.0 * GROWTH)).abs() < 1e-4, "{widths:?}");
}

#[test]
fn who_is_missed_for_a_while_is_covered_on_the_way() {
    // Seen at 0.1 and one and a half seconds later at 0.4.
    let found = (0..30).map(|index| match index {
        5 => vec![person(0.1)],
        20 => vec![person(0.4)],
        _ => Vec::new(),
    });
    let frames = frames(found);
    assert_eq!(chains(&frames).len(), 1);
    let patches = covered(&frames);
    for (index, patches) in patches.iter().enumerate().skip(5).take(16) {
        let x = 0.1 + 0.3 * (index - 5) as f32 / 15.0;
        assert!(holds(patches, &bbox(x, 0.4)), "frame {index}: {patches:?}");
    }
    assert!(patches[26].is_empty());
}

#[test]
fn who_moves_is_covered_where_he_is_in_every_frame() {
    let found = (0..20).map(|index| if index % 3 == 0 { vec![person(0.02 * index as f32)] } else { Vec::new() });
    let patches = covered(&frames(found));
    for (index, patches) in patches.iter().enumerate().take(19) {
        assert!(holds(patches, &bbox(0.02 * index as f32, 0.4)), "frame {index}");
    }
}

#[test]
fn two_things_stay_apart() {
    let found = (0..10).map(|_| vec![person(0.1), person(0.7), plate(0.4, Verdict::Cover)]);
    let frames = frames(found);
    let chains = chains(&frames);
    assert_eq!(chains.len(), 3);
    assert!(chains.iter().all(|chain| chain.verdicts().count() == 10));
    let patches = patches(&frames, &chains);
    assert!(patches.iter().all(|patches| patches.len() == 3));
    // Between them nothing is covered.
    assert!(!patches.iter().flatten().any(|patch| patch.area.intersection(&bbox(0.25, 0.4)) > 0.0));
    let hows: Vec<_> = patches[3].iter().map(|patch| patch.how).collect();
    assert_eq!(hows, [Cover::Coarse, Cover::Coarse, Cover::Flat]);
}

#[test]
fn a_kept_plate_is_not_covered_where_a_look_between_says_nothing() {
    let of = |index: usize| match index {
        4 | 6 | 9 => Verdict::Unknown,
        _ => Verdict::Keep(0),
    };
    let found = (0..12).map(|index| vec![plate(0.4, of(index))]);
    assert!(covered(&frames(found)).iter().all(Vec::is_empty));
}

#[test]
fn a_look_that_says_nothing_is_covered_before_the_first_and_after_the_last_that_says_keep() {
    let of = |index: usize| if (10..30).contains(&index) { Verdict::Keep(0) } else { Verdict::Unknown };
    let patches = covered(&frames((0..40).map(|index| vec![plate(0.4, of(index))])));
    let area = bbox(0.4, 0.4);
    assert!((0..10).chain(30..40).all(|index| holds(&patches[index], &area)));
    // Covering goes on for half a second, and then the plate is seen.
    let is_seen: Vec<usize> = (0..40).filter(|index| patches[*index].is_empty()).collect();
    assert_eq!(is_seen, (15..25).collect::<Vec<_>>());
}

#[test]
fn another_plate_in_the_same_place_is_covered_at_once() {
    // A cut: the kept plate is gone and another one stands in its place; the first looks at it are blurred.
    let of = |index: usize| match index {
        0..10 => Verdict::Keep(0),
        10..12 => Verdict::Unknown,
        _ => Verdict::Cover,
    };
    let frames = frames((0..20).map(|index| vec![plate(0.4, of(index))]));
    let patches = covered(&frames);
    assert!((10..20).all(|index| holds(&patches[index], &bbox(0.4, 0.4))));
    assert!((0..4).all(|index| patches[index].is_empty()));
}

#[test]
fn kept_looks_that_are_long_apart_keep_nothing_between() {
    let of = |index: usize| if index == 0 || index == 15 { Verdict::Keep(0) } else { Verdict::Unknown };
    let patches = covered(&frames((0..16).map(|index| vec![plate(0.4, of(index))])));
    assert!((1..15).all(|index| holds(&patches[index], &bbox(0.4, 0.4))));
}

#[test]
fn what_is_kept_for_another_reason_keeps_nothing_between() {
    let of = |index: usize| match index {
        0 => Verdict::Keep(0),
        5 => Verdict::Keep(1),
        _ => Verdict::Unknown,
    };
    let patches = covered(&frames((0..6).map(|index| vec![plate(0.4, of(index))])));
    assert!((1..5).all(|index| holds(&patches[index], &bbox(0.4, 0.4))));
}

#[test]
fn frames_without_anything_have_no_patches() {
    assert!(covered(&frames((0..5).map(|_| Vec::new()))).iter().all(Vec::is_empty));
    assert!(covered(&[]).is_empty());
}
