//! Plates as they are on the road: a table of what people write, what it is, and who issued it.

use proptest::prelude::*;
use vnplate::decode::{BLANK, Options, Position, decode};
use vnplate::{Colour, Date, Evidence, Glyph, Kind, Parsed, Plate, Rows, SoftEvidence, parse, parse_with, province};

/// One line of the table.
struct Form {
    text: String,
    evidence: Evidence,
    kind: &'static str,
    others: Vec<&'static str>,
    display: &'static str,
    issuers: [&'static str; 2],
}

fn forms() -> Vec<Form> {
    let lines = include_str!("forms.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [text, rows, colour, kind, others, display, before, since] = fields.as_slice() else {
                panic!("eight fields: {line}")
            };
            let rows = match *rows {
                "1" => Some(Rows::One),
                "2" => Some(Rows::Two),
                _ => None,
            };
            Form {
                text: text.replace("\\n", "\n"),
                evidence: Evidence { rows, colour: Colour::from_slug(colour), ..Evidence::default() },
                kind,
                others: others.split(',').filter(|other| *other != "-").collect(),
                display,
                issuers: [before, since],
            }
        })
        .collect()
}

fn parsed(form: &Form) -> Parsed {
    parse_with(&form.text, &form.evidence).unwrap_or_else(|error| panic!("{}: {error}", form.text))
}

fn day(year: i16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).expect("a day")
}

#[test]
fn the_table_is_large_and_shows_every_kind_every_code_and_every_sign_that_is_used() {
    let forms = forms();
    assert!(forms.len() >= 200, "{}", forms.len());
    for kind in Kind::ALL {
        assert!(forms.iter().any(|form| form.kind == kind.slug()), "{kind}");
    }
    for code in province::codes() {
        assert!(forms.iter().any(|form| parsed(form).best().plate.code() == Some(code)), "{code}");
    }
    let shown: String = forms.iter().map(|form| form.display).collect();
    let misshown: String = include_str!("misforms.tsv").lines().skip(1).collect();
    for glyph in Glyph::ALL {
        let never_used = ['I', 'J', 'O', 'W'].contains(&glyph.as_char());
        assert_eq!(shown.contains(glyph.as_char()), !never_used, "{glyph}");
        assert!(!never_used || misshown.contains(glyph.as_char()), "{glyph}");
    }
}

#[test]
fn each_form_is_what_the_table_says() {
    for form in forms() {
        let parsed = parsed(&form);
        let best = parsed.best().plate;
        assert_eq!(best.kind().slug(), form.kind, "{}: {parsed:?}", form.text);
        assert_eq!(best.display(), form.display, "{}", form.text);
        let mut others: Vec<_> = parsed.fits.iter().map(|fit| fit.plate.kind().slug()).collect();
        others.retain(|other| *other != form.kind);
        others.sort_unstable();
        others.dedup();
        assert_eq!(others, form.others, "{}", form.text);
        let issuers = [day(2024, 12, 31), day(2025, 7, 1)].map(|on| best.issuer(on).and_then(|issuer| issuer.name()));
        assert_eq!(issuers.map(|name| name.unwrap_or("-")), form.issuers, "{}", form.text);
    }
}

#[test]
fn each_form_seen_beyond_doubt_is_decoded_as_what_it_is() {
    for form in forms() {
        let expected = parsed(&form).best().plate;
        let mut evidence = SoftEvidence::from(form.evidence);
        // Separators are not seen: the top row says what they said.
        evidence.top_len = form.evidence.rows.filter(|rows| *rows == Rows::Two).map(|_| expected.top_len());
        let decoded = decode(&one_hot(&expected), &evidence, &Options::default());
        let best = decoded.best().unwrap_or_else(|| panic!("{}: {}", form.text, decoded.outcome));
        assert_eq!(best.key(), expected.key(), "{}", form.text);
        assert!(best.confidence > 0.97, "{}: {}", form.text, best.confidence);
        assert_eq!(best.corrected().count(), 0, "{}", form.text);
    }
}

#[test]
fn what_is_no_plate_says_which_position_and_what_is_accepted() {
    for line in include_str!("misforms.tsv").lines().skip(1) {
        let (text, expected) = line.split_once('\t').expect("two fields");
        let error = parse(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

fn one_hot(plate: &Plate) -> Vec<Position> {
    plate
        .glyphs()
        .map(|glyph| {
            let mut position = [0.0; BLANK + 1];
            position[glyph.index()] = 1.0;
            position
        })
        .collect()
}

/// A plate of any kind as people write it, with its kind.
fn written() -> impl Strategy<Value = (String, &'static str)> {
    let code = || prop::sample::select(province::codes().map(|code| code.to_string()).collect::<Vec<_>>());
    let kinds: Vec<(&'static str, &'static str)> = vec![
        ("car", "[ABCDEFGHKLMNPSTUVXYZ]-([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("state_car", "[ABCDEFGHKLM]-([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("motorbike_new", "-[ABCDEFGHKLMNPSTUVXYZ][ABCDEFGHKLMNPRSTUVXYZ] ([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("motorbike_old", "-[ABCDEFGHKLMNPSTUVXYZ][1-9] ([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("state_motorbike", "-[ABCDEFGHKLM][1-9] ([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("electric_motorbike", "-MĐ[1-9] [0-9]{3}\\.[0-9]{2}"),
        ("electric_motorbike", "-MĐ [0-9]{3}\\.[0-9]{2}"),
        ("special_ld", "LD-([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("special_da", "DA-[0-9]{3}\\.[0-9]{2}"),
        ("special_hc", "HC-[0-9]{3}\\.[0-9]{2}"),
        ("special_kt", "KT-[0-9]{3}\\.[0-9]{2}"),
        ("special_td", "TĐ-[0-9]{3}\\.[0-9]{2}"),
        ("special_mk", "MK-[0-9]{3}\\.[0-9]{2}"),
        ("special_cd", "CD-[0-9]{3}\\.[0-9]{2}"),
        ("trailer_r", "R-[0-9]{3}\\.[0-9]{2}"),
        ("trailer_rm", "RM-([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("zone_ct", "CT-[0-9]{3}\\.[0-9]{2}"),
        ("zone_lb", "LB-[0-9]{3}\\.[0-9]{2}"),
        ("temporary", "-([0-9]{3}\\.[0-9]{2}|[0-9]{4})"),
        ("diplomatic_ng_car", "-[0-9]{3}-NG-[0-9]{2}"),
        ("diplomatic_qt_car", "-QT [0-9]{3}-[0-9]{2}"),
        ("diplomatic_cv_motorbike", "-CV [0-9]{3}-[0-9]{3}"),
        ("diplomatic_nn_motorbike", "-[0-9]{3}-NN-[0-9]{3}"),
        ("diplomatic_nn_car", "-NN [0-9]{3}-[0-9]{2}"),
    ];
    let civil = prop::sample::select(kinds).prop_flat_map(move |(kind, rest)| {
        let before = if kind == "temporary" { "T" } else { "" };
        (code(), rest).prop_map(move |(code, rest)| (format!("{before}{code}{rest}"), kind))
    });
    let military = prop_oneof![
        "(AA|AV|BT|CM|HQ|KP|PX|QM|TN|VT)-[0-9]{2}-[0-9]{2}".prop_map(|text| (text, "military_vehicle")),
        "(AA|AV|BT|CM|HQ|KP|PX|QM|TN|VT)-[0-9]{3}".prop_map(|text| (text, "military_motorbike")),
        "(AA|AV|BT|CM|HQ|KP|PX|QM|TN|VT)-[0-9]{3}-(RM|BM)".prop_map(|text| (text, "military_trailer")),
    ];
    prop_oneof![6 => civil, 1 => military]
}

proptest! {
    #[test]
    fn what_is_written_of_a_parsed_plate_is_parsed_as_it_again((text, kind) in written()) {
        let kind = Kind::from_slug(kind).expect("a kind");
        let parsed = parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let fits = parsed.fits.iter().filter(|fit| fit.plate.display() == text).collect::<Vec<_>>();
        let fit = fits.iter().find(|fit| fit.plate.kind() == kind);
        prop_assert!(fit.is_some(), "{text}: {:?}", parsed.fits);
        let plate = fit.expect("just seen").plate;
        let same_key = Plate::new(plate.key(), plate.kind(), plate.top_len());
        prop_assert_eq!(same_key.as_ref(), Ok(&plate));

        // With the colour of its kind known, and its rows, it is the first of all.
        let evidence = Evidence { colour: Some(kind.colours()[0]), rows: Some(Rows::Two), ..Evidence::default() };
        let best = parse_with(&text, &evidence).expect("parsed before").best().plate;
        prop_assert_eq!((best.key(), best.display()), (plate.key(), text));

        let (top, bottom) = plate.rows_display();
        let in_rows = format!("{top}/{}", bottom.unwrap_or_default());
        let again = parse(&in_rows).map_err(|error| TestCaseError::fail(format!("{in_rows}: {error}")))?;
        prop_assert_eq!(again.key, plate.key());
        prop_assert!(again.as_kind(kind).is_some_and(|fit| fit.contradictions.is_empty()));
    }

    #[test]
    fn a_plate_seen_beyond_doubt_is_decoded_as_it_is((text, kind) in written()) {
        let kind = Kind::from_slug(kind).expect("a kind");
        let plate = parse(&text).expect("a plate").as_kind(kind).expect("fits").plate;
        let decoded = decode(&one_hot(&plate), &SoftEvidence::default(), &Options::default());
        let best = decoded.best();
        prop_assert_eq!(best.map(|best| best.key()), Some(plate.key()), "{}", decoded.outcome);
        prop_assert!(best.is_some_and(|best| best.confidence > 0.9));
    }

    #[test]
    fn no_text_upsets_it(text in "\\PC{0,14}") {
        let _ = parse(&text);
        prop_assert!(!vnplate::explain(&text).to_string().is_empty());
    }
}
