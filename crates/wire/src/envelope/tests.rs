use super::*;
use crate::event::{CameraChange, CameraState};
use domain::CameraId;

fn event() -> Event {
    Event {
        id: EventId::derive(UtcTime::UNIX_EPOCH, &[0; 16], 1),
        at: UtcTime::UNIX_EPOCH,
        clock: ClockQuality::MEDIA,
        payload: Payload::CameraChanged(CameraChange {
            camera: CameraId::new("cam-1").expect("a slug"),
            state: CameraState::Down,
            reason: "mất kết nối".to_owned(),
        }),
    }
}

fn sealed(key: &NodeKey) -> Envelope {
    let (site, node) = (SiteId::new("s").expect("a slug"), NodeId::new("n").expect("a slug"));
    let place = Unsealed { site: &site, node: &node, seq: 1, prev: EventHash::GENESIS };
    Envelope::seal(key, &place, &event()).expect("it seals")
}

#[test]
fn a_sealed_event_reads_back_and_verifies() {
    let key = NodeKey::from_seed([1; 32]);
    let envelope = sealed(&key);
    let received = Received::parse(envelope.as_bytes()).expect("its own bytes");
    assert!(received.verify(&key.public()) && !received.verify(&NodeKey::from_seed([2; 32]).public()));
    assert_eq!((received.hash, received.payload), (envelope.hash(), Some(event().payload)));
}

#[test]
fn forged_ones_among_many_are_found_and_no_other_is_blamed() {
    let keys: Vec<_> = (1..=3).map(|seed| NodeKey::from_seed([seed; 32])).collect();
    let publics: Vec<_> = keys.iter().map(NodeKey::public).collect();
    for forged in [vec![], vec![0], vec![16], vec![3, 4, 11], (0..17).collect()] {
        let received = |at: usize| {
            // Signed with the key of another, where it is forged.
            let key = &keys[(at + usize::from(forged.contains(&at))) % keys.len()];
            Received::parse(sealed(key).as_bytes()).expect("its own bytes")
        };
        let events: Vec<_> = (0..17).map(received).collect();
        let events: Vec<_> = events.iter().enumerate().map(|(at, event)| (event, &publics[at % 3])).collect();
        let expected: Vec<_> = (0..17).map(|at| !forged.contains(&at)).collect();
        assert_eq!(verify_all(&events), expected, "{forged:?}");
    }
    assert_eq!(verify_all(&[]), Vec::<bool>::new());
}

#[test]
fn sealing_is_deterministic_and_spacing_does_not_matter() {
    let key = NodeKey::from_seed([1; 32]);
    assert_eq!(sealed(&key), sealed(&key));
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_slice::<Value>(sealed(&key).as_bytes()).expect("it is JSON"))
            .expect("JSON prints");
    assert!(Received::parse(pretty.as_bytes()).expect("an envelope").verify(&key.public()));
}

#[test]
fn the_short_way_and_the_long_one_read_the_same() {
    let sealed = sealed(&NodeKey::from_seed([1; 32]));
    let short = Received::parse_canonical(sealed.as_bytes()).expect("nodes send the canonical form");
    assert_eq!(short, Received::parse_any(sealed.as_bytes()).expect("an envelope"));
    // What the short way does not take is told, or taken, by the long one.
    let value: Value = serde_json::from_slice(sealed.as_bytes()).expect("it is JSON");
    let canonical = |value: &Value| serde_json_canonicalizer::to_vec(value).expect("a value");
    for (member, changed) in [
        ("kind", Value::from("weather_changed")),
        ("v", Value::from(2)),
        ("payload", Value::from(7)),
        ("more", serde_json::json!({ "deep": [1.5, 1e300, "\u{8}"] })),
        ("sig", Value::Null),
        ("seq", Value::from(-1)),
    ] {
        let mut value = value.clone();
        value[member] = changed;
        let bytes = canonical(&value);
        if let Some(short) = Received::parse_canonical(&bytes) {
            assert_eq!(Some(short), Received::parse_any(&bytes).ok(), "{member}");
        }
    }
    assert_eq!(Received::parse_canonical(value.to_string().replace(':', ": ").as_bytes()), None);
}

#[test]
fn a_text_that_ends_anywhere_is_refused() {
    let sealed = sealed(&NodeKey::from_seed([1; 32]));
    for end in 0..sealed.as_bytes().len() {
        assert!(Received::parse(&sealed.as_bytes()[..end]).is_err(), "{end} bytes");
    }
    for text in [r#"{"sig":0"#, r#"{"sig":"""#, r#"{"sig":{}"#, r#"{"a":1,"sig":[]"#] {
        assert!(Received::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_number_that_the_canonical_form_changes_is_refused() {
    let key = NodeKey::from_seed([1; 32]);
    let mut value: Value = serde_json::from_slice(sealed(&key).as_bytes()).expect("it is JSON");
    let whole = |number: u64, is_taken| (Value::from(number), is_taken);
    let double = |number: f64, is_taken| (Value::from(number), is_taken);
    for (number, is_taken) in [
        whole(WHOLE_MAX, true),
        whole(WHOLE_MAX + 1, false),
        whole(u64::MAX, false),
        // Written as 10000000000000000, which reads back as a whole number.
        double(1e16, false),
        double(-1e16, false),
        double(1e21, true),
        double(0.5, true),
        double(-0.0, true),
    ] {
        value["more"] = serde_json::json!([{ "deep": number }]);
        let read = Received::parse(value.to_string().as_bytes());
        assert_eq!(!matches!(read, Err(EnvelopeError::NumberTooLarge(_))), is_taken, "{number}");
    }
}

#[test]
fn any_changed_member_breaks_the_signature() {
    let key = NodeKey::from_seed([1; 32]);
    let value: Value = serde_json::from_slice(sealed(&key).as_bytes()).expect("it is JSON");
    for (member, forged) in [
        ("seq", Value::from(2)),
        ("at", Value::from("2026-11-20T00:00:00.000000Z")),
        ("node", Value::from("other")),
        ("extra", Value::from(true)),
    ] {
        let mut forged_value = value.clone();
        forged_value[member] = forged;
        let received = Received::parse(forged_value.to_string().as_bytes()).expect("well formed");
        assert!(!received.verify(&key.public()), "{member} was forged");
    }
}

#[test]
fn an_unknown_kind_is_kept_and_a_bad_payload_refused() {
    let key = NodeKey::from_seed([1; 32]);
    let mut value: Value = serde_json::from_slice(sealed(&key).as_bytes()).expect("it is JSON");
    value["kind"] = Value::from("weather_changed");
    let received = Received::parse(value.to_string().as_bytes()).expect("well formed");
    assert_eq!((received.payload, received.kind.as_str()), (None, "weather_changed"));
    value["kind"] = Value::from("passed");
    let error = Received::parse(value.to_string().as_bytes()).expect_err("not a passage");
    assert!(matches!(error, EnvelopeError::BadPayload { .. }), "{error}");
}

#[test]
fn rubbish_is_named_for_what_it_is() {
    for rubbish in ["", "\u{0}", "{\"v\":1}", "[[[[[["] {
        let error = Received::parse(rubbish.as_bytes()).expect_err("rubbish");
        assert!(matches!(error, EnvelopeError::NotAnEnvelope(_)), "{rubbish:?}: {error}");
    }
    for (other, said) in [
        ("{}", "missing"),
        ("[]", "missing"),
        ("null", "missing"),
        ("{\"v\":2}", "2"),
        ("{\"v\":0.0}", "0.0"),
        ("{\"v\":1.0}", "1.0"),
        ("{\"v\":-1}", "-1"),
        ("{\"v\":\"1\"}", "\"1\""),
        ("{\"v\":null}", "null"),
    ] {
        let error = Received::parse(other.as_bytes()).expect_err("another version");
        assert!(matches!(&error, EnvelopeError::UnknownVersion(it) if it == said), "{other}: {error}");
    }
    let long = vec![b' '; ENVELOPE_BYTES_MAX + 1];
    assert!(matches!(Received::parse(&long), Err(EnvelopeError::TooLong(_))));
    let deep = "[".repeat(ENVELOPE_BYTES_MAX);
    assert!(Received::parse(deep.as_bytes()).is_err());
}
