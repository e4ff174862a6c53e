//! What a profile does not allow, and that whoever flickers, is hidden or walks in a group counts right.

use super::*;

/// Frames of one who walks over the line at an everyday pace: a person's width and a half in a second.
const WALK_FRAMES: usize = 60;

fn at_frame(frame: usize) -> f32 {
    0.8 - 0.01 * frame as f32
}

fn passages(told: &[Told]) -> Vec<Told> {
    told.iter().filter(|one| matches!(one, Told::Passed(..))).cloned().collect()
}

fn incidents(told: Vec<Told>) -> Vec<Told> {
    let is_incident = |one: &Told| match one {
        Told::Passed(..) | Told::Stayed(..) | Told::Inside(_) => false,
        Told::Wrong(_) | Told::Tailgating(..) | Told::CrowdBegan(_) | Told::CrowdEnded(_) => true,
    };
    told.into_iter().filter(is_incident).collect()
}

#[test]
fn the_wrong_direction_is_told_and_counts_all_the_same() {
    let mut scene = Scene::new(&format!("{LINE}only = \"in\"\n"));
    scene.walk(1, 0.7, 0.3, 40);
    scene.walk(1, 0.3, 0.7, 40);
    assert_eq!(scene.end(), [IN, OUT, Told::Wrong(Direction::Out)]);
}

#[test]
fn a_line_without_a_rule_tells_of_no_incident() {
    let mut scene = Scene::new(LINE);
    scene.walk(1, 0.7, 0.3, 40);
    scene.walk(1, 0.3, 0.7, 40);
    assert_eq!(incidents(scene.end()), []);
}

#[test]
fn a_rider_does_not_tailgate_his_own_motorbike() {
    let mut scene = Scene::new(&format!("{LINE}gap_ms = 5000\n"));
    for n in 0..40 {
        let x = 0.8 - 0.015 * n as f32;
        let bike = BoundingBox::around(Point { x, y: 0.55 }, 0.12, 0.15);
        let rider = BoundingBox::around(Point { x, y: 0.48 }, 0.06, 0.18);
        scene.show(&[(1, ObjectClass::Motorbike, bike), (2, ObjectClass::Person, rider)]);
    }
    assert_eq!(incidents(scene.end()), []);
}

#[test]
fn a_person_who_slips_in_behind_a_car_is_told() {
    let mut scene = Scene::new(&format!("{LINE}gap_ms = 3000\n"));
    for n in 0..80 {
        let car = BoundingBox::around(Point { x: 0.8 - 0.01 * n as f32, y: 0.5 }, 0.2, 0.2);
        let person = standing(0.98 - 0.01 * n as f32, 0.75);
        scene.show(&[(1, ObjectClass::Car, car), (2, ObjectClass::Person, person)]);
    }
    assert_eq!(incidents(scene.end()), [Told::Tailgating(2, 1)]);
}

#[test]
fn a_crowd_begins_and_ends_once_although_everybody_flickers() {
    let mut scene = Scene::new(&format!("{ZONE}crowd = {{ above = 3, until = 2, for_ms = 2000 }}\n"));
    let crowd = |scene: &mut Scene, persons: u64, frames: u64| {
        for frame in 0..frames {
            let seen: Vec<_> = (1..=persons)
                .filter(|person| (frame + person) % 4 != 0)
                .map(|person| (person, ObjectClass::Person, standing(0.25 + 0.1 * person as f32, 0.5)))
                .collect();
            scene.show(&seen);
        }
    };
    crowd(&mut scene, 3, 60);
    crowd(&mut scene, 5, 60);
    crowd(&mut scene, 3, 60);
    crowd(&mut scene, 2, 100);
    assert_eq!(incidents(scene.end()), [Told::CrowdBegan(5), Told::CrowdEnded(5)]);
}

#[test]
fn a_crowd_ends_when_the_source_ends() {
    let mut scene = Scene::new(&format!("{ZONE}crowd = {{ above = 1, for_ms = 0 }}\n"));
    for _ in 0..20 {
        scene.show(&[1, 2].map(|n| (n, ObjectClass::Person, standing(0.2 + 0.2 * n as f32, 0.5))));
    }
    assert_eq!(incidents(scene.end()), [Told::CrowdBegan(2), Told::CrowdEnded(2)]);
}

proptest! {
    /// Each frame shows a walker or not, and now and then he is hidden for up to half a second and comes back under
    /// another track: he is one passage, never two, and breaks each rule once.
    #[test]
    fn a_walker_who_flickers_and_is_hidden_counts_once(
        flicker in prop::collection::vec(0u8..4, WALK_FRAMES),
        hidden in prop::collection::vec((12usize..WALK_FRAMES - 8, 1usize..5), 0..3),
    ) {
        let mut scene = Scene::new(&format!("{LINE}only = \"out\"\ngap_ms = 5000\n"));
        let mut track = 1;
        let mut was_hidden = false;
        for (frame, flicker) in flicker.iter().enumerate() {
            let is_hidden = hidden.iter().any(|(from, frames)| (*from..from + frames).contains(&frame));
            if is_hidden || *flicker == 0 {
                scene.nobody(1);
            } else {
                track += u64::from(was_hidden);
                scene.person(track, at_frame(frame));
            }
            was_hidden = is_hidden || was_hidden && *flicker == 0;
        }
        let told = scene.end();
        prop_assert_eq!(passages(&told), [IN]);
        prop_assert_eq!(incidents(told), [Told::Wrong(Direction::In)]);
    }

    /// A group that walks abreast, each a little ahead or behind, is as many passages as persons; all but the first
    /// follow somebody.
    #[test]
    fn a_group_counts_as_its_persons(
        ahead in prop::collection::vec(0usize..10, 1..5),
        flicker in prop::collection::vec(prop::collection::vec(0u8..8, 4), WALK_FRAMES + 10),
    ) {
        let mut scene = Scene::new(&format!("{LINE}gap_ms = 2000\n"));
        for (frame, flicker) in flicker.iter().enumerate() {
            let seen: Vec<_> = ahead
                .iter()
                .enumerate()
                .filter(|(person, ahead)| flicker[*person] != 0 && frame >= **ahead && frame - **ahead < WALK_FRAMES)
                .map(|(person, ahead)| {
                    let bbox = standing(at_frame(frame - ahead), 0.15 + 0.22 * person as f32);
                    (person as u64 + 1, ObjectClass::Person, bbox)
                })
                .collect();
            scene.show(&seen);
        }
        let told = scene.end();
        prop_assert_eq!(passages(&told).len(), ahead.len());
        let mut followers: Vec<_> = incidents(told)
            .into_iter()
            .filter_map(|one| if let Told::Tailgating(who, _) = one { Some(who) } else { None })
            .collect();
        followers.sort_unstable();
        followers.dedup();
        prop_assert_eq!(followers.len(), ahead.len() - 1);
    }
}
