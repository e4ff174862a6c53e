//! Decoding as a recogniser meets it: sure and unsure signs, layout and colour, and things that are no plates.

use proptest::prelude::*;
use vnplate::decode::{BLANK, NotAPlate, Options, Position, RawSign, UnknownKind, Unreadable, decode};
use vnplate::{Decoded, Glyph, Kind, Outcome, SoftEvidence, parse};

/// A place that says each sign with its probability and spreads what is left over all.
fn place(signs: &[(char, f32)]) -> Position {
    let said: f32 = signs.iter().map(|(_, p)| p).sum();
    let mut position = [(1.0 - said).max(0.0) / (BLANK + 1) as f32; BLANK + 1];
    for (c, p) in signs {
        let index = if *c == '_' { BLANK } else { Glyph::from_char(*c).expect("a sign").index() };
        position[index] += p;
    }
    position
}

/// Every sign of a text with one probability; `_` is a blank.
fn seen(text: &str, probability: f32) -> Vec<Position> {
    text.chars().map(|c| place(&[(c, probability)])).collect()
}

fn read(positions: &[Position]) -> Decoded {
    decode(positions, &SoftEvidence::default(), &Options::default())
}

fn two_rows(top_len: u8) -> SoftEvidence {
    SoftEvidence { two_rows: Some(0.99), top_len: Some(top_len), ..SoftEvidence::default() }
}

fn key_of(decoded: &Decoded) -> String {
    decoded.best().map_or_else(|| decoded.outcome.to_string(), |best| best.key().to_string())
}

#[test]
fn a_well_seen_plate_is_read_with_confidence() {
    let decoded = read(&seen("51F97022____", 0.98));
    let best = decoded.best().expect("a reading");
    assert_eq!((best.key().as_str(), best.kind()), ("51F97022", Kind::Car));
    assert!(best.confidence > 0.85 && best.confidence < 1.0, "{}", best.confidence);
    assert_eq!(best.corrected().count(), 0);
    assert!(best.signs.iter().all(|sign| sign.confidence > 0.97));
}

#[test]
fn an_unsure_sign_follows_the_grammar_and_says_so() {
    let mut positions = seen("30A12345", 0.97);
    positions[2] = place(&[('4', 0.55), ('A', 0.4)]);
    positions[5] = place(&[('O', 0.7), ('0', 0.25)]);
    let decoded = read(&positions);
    let best = decoded.best().expect("a reading");
    assert_eq!(best.key().as_str(), "30A12045");
    assert_eq!(best.corrected().collect::<Vec<_>>(), [2, 5]);
    assert_eq!(best.signs[5].instead_of, Some(RawSign::Glyph(Glyph::from_char('O').expect("a sign"))));
    assert!(best.confidence < 0.99);
}

#[test]
fn a_clear_sign_is_never_overwritten() {
    let mut positions = seen("30A12045", 0.97);
    positions[5] = place(&[('O', 0.95), ('0', 0.05)]);
    let decoded = read(&positions);
    let Outcome::UnknownKind { reason: UnknownKind::Glyph { position: 6, found, accepted, .. } } = decoded.outcome
    else {
        panic!("{:?}", decoded.outcome)
    };
    assert_eq!((found.as_char(), accepted.to_string().as_str()), ('O', "0-9"));
    assert_eq!(decoded.raw.to_string(), "30A12O45");
}

#[test]
fn the_fourth_sign_is_a_digit_or_a_letter_as_it_was_seen() {
    for text in ["59S212345", "29AB15947", "29SA12345", "59F112345"] {
        assert_eq!(key_of(&decode(&seen(text, 0.95), &two_rows(4), &Options::default())), text);
    }
}

#[test]
fn the_layout_decides_between_car_and_old_motorbike() {
    let positions = seen("30A12345", 0.97);
    let kind = |evidence: &SoftEvidence| {
        let decoded = decode(&positions, evidence, &Options::default());
        (decoded.best().expect("a reading").kind(), decoded.ambiguous())
    };
    assert!(kind(&SoftEvidence::default()).1);
    assert_eq!(kind(&two_rows(3)), (Kind::Car, false));
    assert_eq!(kind(&two_rows(4)), (Kind::MotorbikeOld, false));
    let one_row = SoftEvidence { two_rows: Some(0.01), ..SoftEvidence::default() };
    assert_eq!(kind(&one_row), (Kind::Car, false));
    let blue = SoftEvidence { colours: Some([0.02, 0.01, 0.95, 0.01, 0.01]), ..one_row };
    assert_eq!(kind(&blue).0, Kind::StateCar);
}

#[test]
fn a_dash_over_the_d_tells_electric_motorbikes_and_is_d_in_the_key() {
    for text in ["29MĐ112345", "29MD112345"] {
        let decoded = decode(&seen(text, 0.95), &two_rows(5), &Options::default());
        let best = decoded.best().expect("a reading");
        assert_eq!((best.key().as_str(), best.kind()), ("29MD112345", Kind::ElectricMotorbike));
        assert_eq!(best.plate.display(), "29-MĐ1 123.45");
        assert_eq!(best.corrected().count(), 0);
    }
}

#[test]
fn a_red_plate_is_of_the_army() {
    let red = SoftEvidence { colours: Some([0.01, 0.01, 0.01, 0.96, 0.01]), ..SoftEvidence::default() };
    let decoded = decode(&seen("KC1234", 0.95), &red, &Options::default());
    assert_eq!(decoded.best().map(|best| best.plate.display()).as_deref(), Some("KC-12-34"));
}

#[test]
fn two_last_digits_that_fit_as_well_are_ambiguous_and_both_are_given() {
    let mut positions = seen("51F97022", 0.98);
    positions[7] = place(&[('2', 0.5), ('7', 0.48)]);
    let decoded = read(&positions);
    assert!(decoded.ambiguous());
    let Outcome::Read(readings) = &decoded.outcome else { panic!("{:?}", decoded.outcome) };
    let confidence = |key: &str| {
        readings.readings.iter().find(|reading| reading.key().as_str() == key).map_or(0.0, |reading| reading.confidence)
    };
    assert!(confidence("51F97022") > 0.4 && confidence("51F97027") > 0.35);
    assert!(confidence("51F97022") + confidence("51F97027") < 1.0);
}

#[test]
fn a_place_that_may_be_blank_is_tried_both_ways() {
    let mut positions = seen("51F97022", 0.97);
    positions.push(place(&[('_', 0.45), ('1', 0.5)]));
    let one_row = SoftEvidence { two_rows: Some(0.02), ..SoftEvidence::default() };
    let decoded = decode(&positions, &one_row, &Options::default());
    assert_eq!(key_of(&decoded), "51F97022");
    let two = decode(&positions, &two_rows(4), &Options::default());
    assert_eq!(key_of(&two), "51F970221");
}

#[test]
fn a_telephone_number_is_no_plate() {
    for text in ["0912345678", "09123456789", "84912345678", "18001234"] {
        let outcome = read(&seen(text, 0.97)).outcome;
        assert_eq!(outcome.slug(), "not_a_plate", "{text}: {outcome}");
    }
    let long = read(&seen("091234567890912", 0.97)).outcome;
    assert_eq!(long, Outcome::NotAPlate { reason: NotAPlate::TooLong { found: 15 } });
}

#[test]
fn a_shop_sign_is_no_plate() {
    assert_eq!(read(&seen("KARAOKE", 0.95)).outcome, Outcome::NotAPlate { reason: NotAPlate::Word });
    assert_eq!(read(&seen("NHAHANG", 0.7)).outcome, Outcome::NotAPlate { reason: NotAPlate::Word });
    assert_eq!(read(&seen("PHO24H", 0.95)).outcome.slug(), "unknown_kind");
    assert_eq!(
        read(&seen("BIDV", 0.95)).outcome,
        Outcome::Unreadable { reason: Unreadable::TooFewGlyphs { found: 4 } }
    );
}

#[test]
fn a_foreign_plate_is_not_made_a_vietnamese_one() {
    // Thailand without its letters; Laos without its letters; Cambodia; Germany; California; China without 京.
    let outcomes = [
        ("11234", "unknown_kind"),
        ("1234", "unreadable"),
        ("2A1234", "unreadable"),
        ("BMW1234", "unknown_kind"),
        ("7ABC123", "unknown_kind"),
        ("A12345", "unreadable"),
    ];
    for (text, slug) in outcomes {
        let outcome = read(&seen(text, 0.97)).outcome;
        assert_eq!(outcome.slug(), slug, "{text}: {outcome}");
    }
}

#[test]
fn a_plate_that_is_cut_off_is_unreadable() {
    for text in ["0A12345", "9MD112345", "H112345"] {
        assert_eq!(read(&seen(text, 0.97)).outcome, Outcome::Unreadable { reason: Unreadable::CutOff }, "{text}");
    }
    // Without its last sign it would be an older plate: only the picture can tell.
    let at_edge = SoftEvidence { cut_off: Some(0.9), ..SoftEvidence::default() };
    let outcome = decode(&seen("30A1234", 0.97), &at_edge, &Options::default()).outcome;
    assert_eq!(outcome, Outcome::Unreadable { reason: Unreadable::CutOff });
}

#[test]
fn mirrored_and_smeared_signs_are_unreadable() {
    let guesses = [('E', '3'), ('O', '0'), ('A', '4'), ('S', '2'), ('I', '1'), ('Z', '5'), ('6', '9'), ('H', '8')];
    let positions: Vec<_> = guesses.iter().map(|(a, b)| place(&[(*a, 0.3), (*b, 0.12)])).collect();
    let outcome = read(&positions).outcome;
    assert!(matches!(outcome, Outcome::Unreadable { reason: Unreadable::TooUnsure { .. } }), "{outcome}");
    let no_idea = vec![[1.0 / 38.0; BLANK + 1]; 8];
    assert_eq!(read(&no_idea).outcome.slug(), "unreadable");
}

#[test]
fn nothing_is_no_plate() {
    for text in ["", "____________", "7___________"] {
        let outcome = read(&seen(text, 0.99)).outcome;
        assert_eq!(outcome, Outcome::NotAPlate { reason: NotAPlate::NearlyBlank }, "{text:?}");
    }
}

#[test]
fn a_code_that_nobody_has_is_named() {
    let outcome = read(&seen("13A12345", 0.97)).outcome;
    assert_eq!(outcome, Outcome::UnknownKind { reason: UnknownKind::UnusedCode { code: 13 } });
}

#[test]
fn seven_digits_are_of_an_unknown_kind() {
    let outcome = read(&seen("8012345", 0.97)).outcome;
    assert_eq!(outcome, Outcome::UnknownKind { reason: UnknownKind::DigitsOnly });
}

proptest! {
    #[test]
    fn a_clear_sign_stays_whatever_the_others_are(
        text in "[0-9A-Z]{5,10}",
        unsure in prop::collection::vec(prop::sample::select(Glyph::ALL.to_vec()), 10),
        clear in prop::collection::vec(any::<bool>(), 10),
    ) {
        let positions: Vec<_> = text.chars().enumerate().map(|(i, c)| {
            if clear[i] { place(&[(c, 0.93)]) } else { place(&[(c, 0.5), (unsure[i].as_char(), 0.4)]) }
        }).collect();
        let decoded = read(&positions);
        if let Outcome::Read(readings) = decoded.outcome {
            for reading in &readings.readings {
                for sign in &reading.signs {
                    let at = usize::from(sign.place);
                    let seen = Glyph::from_char(text.as_bytes()[at] as char).expect("a sign");
                    prop_assert!(!clear[at] || sign.glyph == seen, "{text}: {reading:?}");
                }
                prop_assert!((0.0..=1.0).contains(&reading.confidence));
            }
            let total: f32 = {
                let mut keys: Vec<_> = readings.readings.iter().map(|r| (r.key(), r.confidence)).collect();
                keys.sort_by_key(|(key, _)| *key);
                keys.dedup_by_key(|(key, _)| *key);
                keys.iter().map(|(_, confidence)| confidence).sum()
            };
            prop_assert!(total <= 1.0 + 1e-3);
        }
    }

    #[test]
    fn signs_beyond_doubt_are_read_as_the_plate_that_they_are(text in "(30[A-H][0-9]{5}|29[A-H][1-9][0-9]{5}|29MĐ[1-9][0-9]{5}|T80[0-9]{5}|80NG[0-9]{5}|KA[0-9]{4})") {
        let decoded = read(&seen(&text, 1.0));
        let key = parse(&text).expect("a plate").key;
        let best = decoded.best().expect("a reading");
        prop_assert_eq!(best.key(), key);
        prop_assert!(best.confidence > 0.99);
    }

    #[test]
    fn no_numbers_upset_it(positions in prop::collection::vec(prop::array::uniform32(-1.0_f32..2.0), 0..14)) {
        let positions: Vec<Position> = positions.iter().map(|numbers| {
            let mut position = [f32::NAN; BLANK + 1];
            position[..32].copy_from_slice(numbers);
            position
        }).collect();
        if let Some(best) = read(&positions).best() {
            prop_assert!(best.confidence.is_finite());
        }
    }
}
