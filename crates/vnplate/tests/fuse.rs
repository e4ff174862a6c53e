//! Several looks at one plate.

use proptest::prelude::*;
use vnplate::decode::{BLANK, Options, Position};
use vnplate::fuse::{InvalidLook, LOOKS_MAX};
use vnplate::{Fusion, Glyph, Look, Settled, SoftEvidence};

fn look(signs: &[(char, f32)], weight: f32) -> Look {
    let positions = signs
        .iter()
        .map(|(c, p)| {
            let mut position = [(1.0 - p) / (BLANK + 1) as f32; BLANK + 1];
            position[Glyph::from_char(*c).expect("a sign").index()] += p;
            position
        })
        .collect::<Vec<Position>>();
    Look { positions, evidence: SoftEvidence { two_rows: Some(0.05), ..SoftEvidence::default() }, weight }
}

fn text(text: &str, p: f32, weight: f32) -> Look {
    look(&text.chars().map(|c| (c, p)).collect::<Vec<_>>(), weight)
}

fn settle(looks: impl IntoIterator<Item = Look>) -> Settled {
    let mut fusion = Fusion::new();
    for look in looks {
        fusion.add(look).expect("a look");
    }
    fusion.settle(&Options::default()).expect("looks")
}

fn confidence(settled: &Settled) -> f32 {
    settled.decoded.best().map_or(0.0, |best| best.confidence)
}

fn key(settled: &Settled) -> String {
    settled.decoded.best().map_or_else(|| settled.decoded.outcome.to_string(), |best| best.key().to_string())
}

#[test]
fn looks_that_agree_make_a_reading_surer() {
    let one = settle([text("51F97022", 0.8, 1.0)]);
    let four = settle(vec![text("51F97022", 0.8, 1.0); 4]);
    assert_eq!((key(&one), key(&four)), ("51F97022".to_owned(), "51F97022".to_owned()));
    assert!(confidence(&four) > confidence(&one));
    assert_eq!(four.votes.len(), 1);
    assert_eq!(four.votes[0].looks, 4);
}

#[test]
fn the_heavier_look_wins_where_looks_disagree() {
    let settled = settle([text("51F97022", 0.9, 3.0), text("51F97027", 0.9, 1.0)]);
    assert_eq!(key(&settled), "51F97022");
    let other = settle([text("51F97022", 0.9, 1.0), text("51F97027", 0.9, 3.0)]);
    assert_eq!(key(&other), "51F97027");
    let agreeing = settle([text("51F97022", 0.9, 3.0), text("51F97022", 0.9, 1.0)]);
    assert!(confidence(&settled) < confidence(&agreeing));
}

#[test]
fn looks_of_another_length_are_a_vote_of_their_own_and_cost_confidence() {
    let settled = settle([text("51F97022", 0.95, 2.0), text("51F9702", 0.95, 1.0)]);
    assert_eq!(key(&settled), "51F97022");
    assert_eq!(settled.votes.iter().map(|vote| (vote.len, vote.looks)).collect::<Vec<_>>(), [(8, 1), (7, 1)]);
    assert!(confidence(&settled) < 0.85, "{}", confidence(&settled));
}

#[test]
fn a_plate_without_its_edge_gives_way_to_the_whole_one() {
    let cut = |whole: f32| settle([text("80A0036", 0.97, 1.0), text("80A00361", 0.97, whole)]);
    assert_eq!((key(&cut(0.5)), key(&cut(0.1))), ("80A00361".to_owned(), "80A0036".to_owned()));
    assert!(confidence(&cut(0.5)) < 0.6, "half of the looks saw less: {}", confidence(&cut(0.5)));
    let other = settle([text("80A0036", 0.97, 1.0), text("80A00461", 0.97, 0.5)]);
    assert_eq!(key(&other), "80A0036", "another plate is no whole of it");
}

#[test]
fn a_reading_goes_before_looks_that_read_nothing() {
    let settled = settle([text("F97022", 0.95, 2.0), text("51F97022", 0.95, 1.0)]);
    assert_eq!(key(&settled), "51F97022");
    assert_eq!(settled.votes[0].len, 6);
}

#[test]
fn one_look_is_taken_at_its_word_however_little_it_weighs() {
    let (light, heavy) = (settle([text("51F97022", 0.9, 0.05)]), settle([text("51F97022", 0.9, 5.0)]));
    assert!((confidence(&light) - confidence(&heavy)).abs() < 1e-4);
}

#[test]
fn a_look_that_cannot_count_is_refused() {
    let mut fusion = Fusion::new();
    assert_eq!(fusion.add(text("51F97022", 0.9, 0.0)), Err(InvalidLook::Weight { weight: 0.0 }));
    assert_eq!(fusion.add(text("51F9702251F97", 0.9, 1.0)), Err(InvalidLook::Places { len: 13 }));
    assert_eq!(fusion.settle(&Options::default()), None);
}

#[test]
fn of_too_many_looks_the_lightest_go() {
    let mut fusion = Fusion::new();
    for i in 0..LOOKS_MAX {
        fusion.add(text("51F97027", 0.9, 0.01 + i as f32 * 1e-5)).expect("a look");
    }
    fusion.add(text("51F97022", 0.9, 5.0)).expect("a look");
    assert_eq!(fusion.len(), LOOKS_MAX);
    assert_eq!(key(&fusion.settle(&Options::default()).expect("looks")), "51F97022");
}

proptest! {
    #[test]
    fn the_order_of_looks_makes_no_difference(
        looks in prop::collection::vec(("51F9702[0-9]{1,2}", 0.4_f32..0.99, 0.1_f32..3.0), 1..8),
        shift in 0..8_usize,
    ) {
        let looks: Vec<_> = looks.iter().map(|(t, p, w)| text(t, *p, *w)).collect();
        let mut turned = looks.clone();
        turned.rotate_left(shift % looks.len());
        turned.reverse();
        prop_assert_eq!(settle(looks), settle(turned));
    }
}
