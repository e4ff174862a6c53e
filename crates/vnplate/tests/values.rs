//! Plates and readings as values for other programs.
#![cfg(feature = "serde")]

use vnplate::decode::{BLANK, Options, Position, decode};
use vnplate::{Evidence, Glyph, Key, Kind, Plate, SoftEvidence, parse};

#[test]
fn a_plate_comes_back_from_its_value() {
    for text in ["30A-123.45", "29-MĐ1 123.45", "29-MĐ 112.34", "80-441-NG-45", "80-NN 168-06", "AA-123-RM"] {
        let plate = parse(text).expect("a plate").best().plate;
        let value = serde_json::to_string(&plate).expect("a value");
        assert_eq!(serde_json::from_str::<Plate>(&value).expect("a plate"), plate, "{value}");
    }
    let value = serde_json::to_value(parse("29-MĐ1 123.45").expect("a plate").best().plate).expect("a value");
    assert_eq!(value, serde_json::json!({"key": "29MD112345", "kind": "electric_motorbike", "top_len": 5}));
}

#[test]
fn a_bad_value_says_what_is_accepted() {
    let error = |text| serde_json::from_str::<Plate>(text).expect_err("no plate").to_string();
    assert!(error(r#"{"key":"30A12345","kind":"lorry","top_len":3}"#).contains("accepted are car, state_car"));
    assert!(error(r#"{"key":"30A12345","kind":"car","top_len":4}"#).contains("30A12345 is no car with 4 signs"));
    assert!(serde_json::from_str::<Key>("\"30A#\"").is_err());
    assert_eq!(serde_json::from_str::<Key>("\"30a-123.45\"").expect("a key").as_str(), "30A12345");
    assert!(serde_json::from_str::<Evidence>(r#"{"row": "two"}"#).is_err());
    assert_eq!(serde_json::from_str::<Kind>("\"trailer_rm\"").expect("a kind").slug(), "trailer_rm");
}

#[test]
fn a_decoding_is_a_value_with_its_reasons() {
    let positions: Vec<Position> = "13A12345"
        .chars()
        .map(|c| {
            let mut position = [0.0; BLANK + 1];
            position[Glyph::from_char(c).expect("a sign").index()] = 1.0;
            position
        })
        .collect();
    let decoded = decode(&positions, &SoftEvidence::default(), &Options::default());
    let value = serde_json::to_value(&decoded).expect("a value");
    assert_eq!(value["outcome"]["unknown_kind"]["reason"], serde_json::json!({"unused_code": {"code": 13}}));
    assert_eq!(value["raw"]["glyphs"][2], "A");
}
