use proptest::prelude::*;
use qrcode::{EcLevel, QrCode, Version};

use super::*;

fn at(text: &str) -> UtcTime {
    text.parse().expect("a moment")
}

fn names(texts: &[&str]) -> Vec<PassName> {
    texts.iter().map(|text| PassName::new(*text).expect("a name")).collect()
}

fn hub() -> PassKey {
    PassKey::from_seed([7; 32])
}

fn keys() -> PassKeys {
    PassKeys::new(vec![PassKey::from_seed([1; 32]).public(), hub().public()]).expect("two keys")
}

fn site() -> SiteId {
    SiteId::new("kcn-song-than").expect("a name")
}

fn pass() -> Pass {
    Pass {
        id: PassId::new(at("2026-11-20T01:00:00Z"), [9; 10]),
        site: site(),
        scope: Scope::Lanes(names(&["cong-chinh-vao", "cong-chinh-ra"])),
        not_before: at("2026-11-21T00:00:00Z"),
        not_after: at("2026-11-22T00:00:00Z"),
        uses: Uses::Many,
        escort: Escort::Needed,
        category: PassName::new("contractor").expect("a name"),
    }
}

const NOON: &str = "2026-11-21T12:00:00Z";

fn verified(text: &str) -> Result<Pass, PassError> {
    verify(text, &keys(), &site(), at(NOON))
}

#[test]
fn a_pass_as_it_was_first_written_is_still_read() {
    const FIRST: &str = include_str!("../../tests/golden/pass-v1.txt");
    assert_eq!(pass().issue(&hub()).as_deref(), Ok(FIRST.trim_end()));
    assert_eq!(verified(FIRST.trim_end()), Ok(pass()));
}

#[test]
fn the_longest_pass_fits_a_code_of_version_10_at_level_m() {
    let mut pass = pass();
    let text = loop {
        let mut longer = pass.clone();
        let Scope::Lanes(lanes) = &mut longer.scope else { unreachable!("it is for lanes") };
        let last = lanes.last_mut().expect("there are lanes");
        if last.as_str().len() < SLUG_LEN_MAX {
            *last = PassName::new(format!("{}x", last.as_str())).expect("a name");
        } else {
            lanes.extend(names(&["x"]));
        }
        match longer.issue(&hub()) {
            Ok(_) => pass = longer,
            Err(IssueError::TooLong { bytes }) => {
                assert_eq!(bytes, BODY_BYTES_MAX + 1);
                break pass.issue(&hub()).expect("it was issued before");
            }
            Err(error) => panic!("{error}"),
        }
    };
    assert!(text.len() <= TEXT_LEN_MAX && text.len() > TEXT_LEN_MAX - 3, "{}", text.len());
    assert_eq!(verified(&text), Ok(pass));
    QrCode::with_version(text.as_bytes(), Version::Normal(10), EcLevel::M).expect("it fits");
    // What is said of the limit is true: one group more would not fit.
    let more = format!("{text}000");
    assert!(QrCode::with_version(more.as_bytes(), Version::Normal(10), EcLevel::M).is_err());
}

#[test]
fn every_flipped_bit_is_refused() {
    let text = pass().issue(&hub()).expect("it fits");
    let bytes = base45::decode(&text[PREFIX.len()..]).expect("it is Base45");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let result = verified(&format!("{PREFIX}{}", base45::encode(&flipped)));
        assert!(result.is_err(), "bit {bit}: {result:?}");
    }
    for bit in 0..text.len() * 8 {
        let mut flipped = text.clone().into_bytes();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(flipped) = String::from_utf8(flipped) {
            let result = verified(&flipped);
            assert!(result.is_err(), "bit {bit} of the text: {result:?}");
        }
    }
}

#[test]
fn each_way_of_not_being_good_has_its_name() {
    let text = pass().issue(&hub()).expect("it fits");
    let other = SiteId::new("other").expect("a name");
    assert_eq!(verify(&text, &keys(), &other, at(NOON)), Err(PassError::OtherSite(site())));
    let early = at("2026-11-20T23:59:59.999999Z");
    assert_eq!(verify(&text, &keys(), &site(), early), Err(PassError::NotYet(pass().not_before)));
    assert_eq!(verify(&text, &keys(), &site(), pass().not_before), Ok(pass()));
    assert_eq!(verify(&text, &keys(), &site(), pass().not_after), Err(PassError::Expired(pass().not_after)));
    let rotated = PassKeys::new(vec![PassKey::from_seed([1; 32]).public()]).expect("one key");
    assert_eq!(verify(&text, &rotated, &site(), at(NOON)), Err(PassError::UnknownKey(hub().id())));
    assert_eq!(
        verified(&format!("{text}{}", "0".repeat(TEXT_LEN_MAX))),
        Err(PassError::TooLong(text.len() + TEXT_LEN_MAX))
    );
    assert_eq!(verified(&text.replace("GP1:", "GP2:")), Err(PassError::UnknownVersion));
    for foreign in ["", "https://example.vn", "001099012345|123456789|", "GP:", "gp1:", "GPS:1,2"] {
        assert_eq!(verified(foreign), Err(PassError::NotAPass), "{foreign}");
    }
    for damaged in ["GP1:", "GP1:A", "GP1:BB8", "GP1:mật khẩu"] {
        assert!(matches!(verified(damaged), Err(PassError::Malformed(_))), "{damaged}");
    }
}

#[test]
fn a_pass_that_a_stranger_signed_in_the_hubs_name_is_refused() {
    let body = layout::encode(&pass(), hub().id(), 0, u32::MAX);
    for forged in [
        // Another key under the hub's id, and the hub's key over something that is not a pass.
        PassKey::from_seed([8; 32]).sign(&signed_bytes(&body)),
        hub().sign(&body),
        Signature::from_bytes([0; 64]),
    ] {
        let bytes = [body.as_slice(), &forged.to_bytes()].concat();
        assert_eq!(verified(&format!("{PREFIX}{}", base45::encode(&bytes))), Err(PassError::BadSignature));
    }
}

#[test]
fn what_cannot_be_good_is_not_issued() {
    let issue = |change: &dyn Fn(&mut Pass)| {
        let mut pass = pass();
        change(&mut pass);
        pass.issue(&hub()).expect_err("it cannot be good")
    };
    assert!(matches!(issue(&|pass| pass.not_after = pass.not_before), IssueError::NeverGood { .. }));
    let fraction = at("2026-11-21T12:00:00.5Z");
    assert_eq!(issue(&|pass| pass.not_before = fraction), IssueError::BadTime(fraction));
    let far = at("2107-01-01T00:00:00Z");
    assert_eq!(issue(&|pass| pass.not_after = far), IssueError::BadTime(far));
    assert_eq!(issue(&|pass| pass.scope = Scope::Zones(Vec::new())), IssueError::Nowhere);
    let many = names(&["a-lane-with-a-long-name"; 300]);
    assert!(matches!(issue(&|pass| pass.scope = Scope::Lanes(many.clone())), IssueError::TooLong { .. }));
}

fn any_name() -> impl Strategy<Value = PassName> {
    "[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?".prop_map(|text| PassName::new(text).expect("a name"))
}

fn any_pass() -> impl Strategy<Value = Pass> {
    let zone = any_name().prop_map(|name| ZoneId::new(name.as_str()).expect("a name"));
    let scope = prop_oneof![
        Just(Scope::OfCategory),
        prop::collection::vec(any_name(), 1..6).prop_map(Scope::Lanes),
        prop::collection::vec(zone, 1..6).prop_map(Scope::Zones),
    ];
    let moment = |seconds: u32| UtcTime::from_unix_micros(i64::from(seconds) * 1_000_000).expect("a moment");
    let ways = (any::<bool>(), any::<bool>());
    (any::<[u8; 10]>(), scope, 0..u32::MAX, 1..100_000_u32, ways, any_name()).prop_map(
        move |(random, scope, from, length, (once, escort), category)| Pass {
            id: PassId::new(at("2026-11-20T01:00:00Z"), random),
            site: site(),
            scope,
            not_before: moment(from),
            not_after: moment(from.saturating_add(length)),
            uses: if once { Uses::Once } else { Uses::Many },
            escort: if escort { Escort::Needed } else { Escort::NotNeeded },
            category,
        },
    )
}

proptest! {
    #[test]
    fn what_is_issued_is_read_back_as_it_was(pass in any_pass()) {
        let text = pass.issue(&hub()).expect("it fits");
        prop_assert!(text.len() <= TEXT_LEN_MAX);
        prop_assert_eq!(verify(&text, &keys(), &site(), pass.not_before), Ok(pass));
    }

    #[test]
    fn bytes_survive_as_text(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = base45::encode(&bytes);
        prop_assert_eq!(base45::decode(&text), Some(bytes));
    }

    #[test]
    fn no_text_stands_for_bytes_that_have_another(text in "[0-9A-Z $%*+./:-]{0,60}") {
        if let Some(bytes) = base45::decode(&text) {
            prop_assert_eq!(base45::encode(&bytes), text);
        }
    }

    #[test]
    fn any_text_is_refused_without_harm(text in any::<String>()) {
        prop_assert!(verified(&text).is_err());
        let ours = format!("{PREFIX}{text}");
        prop_assert!(verified(&ours).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..204), ours in any::<bool>()) {
        let mut bytes = bytes;
        // Half of them get as far as the signature's check, where their layout allows.
        if ours && bytes.len() >= 20 {
            bytes[..4].copy_from_slice(hub().id().as_bytes());
            bytes[10] = 0x70 | (bytes[10] & 0x0f);
            bytes[12] = 0x80 | (bytes[12] & 0x3f);
        }
        let text = format!("{PREFIX}{}", base45::encode(&bytes));
        prop_assert!(verified(&text).is_err());
    }

    #[test]
    fn a_pass_cut_short_or_gone_on_with_is_refused(cut in 0_usize..200, more in "[0-9A-Z]{1,9}") {
        let text = pass().issue(&hub()).expect("it fits");
        let cut = cut.min(text.len() - 1);
        prop_assert!(verified(&text[..cut]).is_err());
        let longer = format!("{text}{more}");
        prop_assert!(verified(&longer).is_err());
    }
}
