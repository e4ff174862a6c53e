use serde_json::Value;

use super::*;

fn key() -> PolicyKey {
    PolicyKey::from_seed([1; 32])
}

fn trusted() -> TrustedKeys {
    TrustedKeys::new(vec![key().public()]).expect("one key")
}

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_unix_micros(seconds * 1_000_000).expect("in range")
}

fn document(path: &str, text: &str) -> Document {
    Document::new(DocumentPath::new(path).expect("a path"), text).expect("text")
}

fn bundle() -> Bundle {
    Bundle {
        version: 7,
        site: SiteId::new("cao-nguyen").expect("a slug"),
        nodes: Addressees::All,
        issued_at: at(1_800_000_000),
        issued_by: "Trần Thị B".to_owned(),
        not_before: at(1_800_000_000),
        rollback_from: None,
        documents: vec![
            document("access.toml", "deny = [\"banned\"]\n"),
            document("holders.csv", "plate,name\n30A-123.45,\"Nguyễn \"\"Văn\"\" A\"\r\n"),
            document("lists/wanted.csv", ""),
        ],
    }
}

fn named(nodes: &[&str]) -> Addressees {
    Addressees::Named(nodes.iter().map(|node| NodeId::new(*node).expect("a slug")).collect())
}

#[test]
fn a_sealed_bundle_opens_as_it_was() {
    for bundle in [
        bundle(),
        Bundle { nodes: named(&["n2", "n1"]), rollback_from: Some(9), not_before: at(1_900_000_000), ..bundle() },
    ] {
        let sealed = SealedBundle::seal(&key(), &bundle).expect("it seals");
        assert_eq!(Bundle::open(sealed.as_bytes(), &trusted()).expect("its own bytes"), bundle);
        assert_eq!(sealed, SealedBundle::seal(&key(), &bundle).expect("it seals"), "the same each time");
        assert_eq!(sealed.hash(), BundleHash::of(sealed.as_bytes()));
    }
    assert_eq!(bundle().text("holders.csv").map(str::len), Some(45));
    assert_eq!(bundle().text("lists"), None);
    let lists: Vec<_> = bundle().folder("lists").map(|d| d.path().to_string()).collect();
    assert_eq!(lists, ["lists/wanted.csv"]);
}

#[test]
fn the_wire_form_stays_as_it_is() {
    let small = Bundle { documents: vec![document("a.toml", "x = 1\n")], ..bundle() };
    let sealed = SealedBundle::seal(&key(), &small).expect("it seals");
    let text = std::str::from_utf8(sealed.as_bytes()).expect("JSON");
    let (before, sig) = text.split_once("\"sig\":\"").expect("a signature");
    let (sig, after) = sig.split_once('"').expect("its end");
    assert_eq!(
        (before, sig.len(), after),
        (
            "{\"documents\":[{\"bytes\":6,\"path\":\"a.toml\",\"sha256\":\
             \"9e26bf369911c45c243c684147b23fc9e1dcfcf257d299a1c632016a6fcd33f4\",\"text\":\"x = 1\\n\"}],\
             \"issued_at\":\"2027-01-15T08:00:00.000000Z\",\"issued_by\":\"Trần Thị B\",\
             \"key\":\"a38dcb4105bfc6b1\",\"nodes\":null,\"not_before\":\"2027-01-15T08:00:00.000000Z\",",
            86,
            ",\"site\":\"cao-nguyen\",\"v\":1,\"version\":7}"
        )
    );
}

/// Every scalar in a JSON value, by its JSON pointer.
fn scalars(at: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| scalars(&format!("{at}/{key}"), value, found)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(index, value)| scalars(&format!("{at}/{index}"), value, found));
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => found.push(at.to_owned()),
    }
}

/// Another value of the same type, as somebody would forge it.
fn forged(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_u64().expect("whole numbers only") + 1),
        Value::String(text) if text.ends_with('Z') => Value::from("2020-01-01T00:00:00.000000Z"),
        Value::String(text) => Value::from(match text.strip_suffix('a') {
            Some(start) => format!("{start}b"),
            None => format!("{}a", text.chars().take(text.chars().count().saturating_sub(1)).collect::<String>()),
        }),
        Value::Null => serde_json::json!(["n1"]),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => panic!("no scalar: {value}"),
    }
}

#[test]
fn any_changed_removed_or_added_member_is_refused() {
    let marked = Bundle { nodes: named(&["n1"]), rollback_from: Some(9), ..bundle() };
    for bundle in [bundle(), marked] {
        let sealed = SealedBundle::seal(&key(), &bundle).expect("it seals");
        let value: Value = serde_json::from_slice(sealed.as_bytes()).expect("JSON");
        let mut places = Vec::new();
        scalars("", &value, &mut places);
        assert!(places.len() >= 20, "{places:?}");
        for place in &places {
            let mut changed = value.clone();
            let target = changed.pointer_mut(place).expect("it is there");
            *target = forged(target);
            assert!(Bundle::open(changed.to_string().as_bytes(), &trusted()).is_err(), "{place} was changed");
        }
        for member in value.as_object().expect("an object").keys() {
            let mut less = value.clone();
            less.as_object_mut().expect("an object").remove(member);
            assert!(Bundle::open(less.to_string().as_bytes(), &trusted()).is_err(), "{member} was removed");
        }
        for (place, extra) in [("", "rollback"), ("/documents/0", "mode")] {
            let mut more = value.clone();
            more.pointer_mut(place).expect("it is there")[extra] = Value::from(true);
            assert!(Bundle::open(more.to_string().as_bytes(), &trusted()).is_err(), "{extra} was added");
        }
        let mut swapped = value.clone();
        swapped["documents"].as_array_mut().expect("a list").swap(0, 1);
        assert!(Bundle::open(swapped.to_string().as_bytes(), &trusted()).is_err());
    }
}

#[test]
fn a_mark_that_the_key_did_not_sign_is_no_rollback() {
    let sealed = SealedBundle::seal(&key(), &bundle()).expect("it seals");
    let mut value: Value = serde_json::from_slice(sealed.as_bytes()).expect("JSON");
    value["rollback_from"] = Value::from(9);
    let error = Bundle::open(value.to_string().as_bytes(), &trusted()).expect_err("forged");
    assert!(matches!(error, BundleError::NotBelieved(SealError::BadSignature(_))), "{error:?}");
}

#[test]
fn a_stranger_s_key_is_named_and_a_second_key_is_trusted_while_keys_change() {
    let other = PolicyKey::from_seed([2; 32]);
    let sealed = SealedBundle::seal(&other, &bundle()).expect("it seals");
    let error = Bundle::open(sealed.as_bytes(), &trusted()).expect_err("a stranger");
    let BundleError::NotBelieved(why) = &error else { panic!("{error:?}") };
    assert!(why.to_string().contains(&other.id().to_string()) && why.to_string().contains(&key().id().to_string()));
    let both = TrustedKeys::new(vec![key().public(), other.public()]).expect("two keys");
    assert!(Bundle::open(sealed.as_bytes(), &both).is_ok());
    // Its own word alone makes nobody the owner of a key.
    let text = std::str::from_utf8(sealed.as_bytes()).expect("JSON");
    let claimed = text.replace(&other.id().to_string(), &key().id().to_string());
    let error = Bundle::open(claimed.as_bytes(), &trusted()).expect_err("a lie");
    assert!(matches!(error, BundleError::NotBelieved(SealError::BadSignature(_))), "{error:?}");
}

#[test]
fn what_is_no_bundle_is_not_sealed_and_the_field_is_named() {
    let too_many = (0..=DOCUMENTS_MAX).map(|n| document(&format!("d{n:03}.csv"), "")).collect();
    let heavy = (0..5).map(|n| document(&format!("d{n}.csv"), &"x".repeat(4 * 1024 * 1024))).collect();
    for (wrong, says) in [
        (Bundle { version: 0, ..bundle() }, "version"),
        (Bundle { version: VERSION_MAX + 1, ..bundle() }, "version"),
        (Bundle { nodes: named(&[]), ..bundle() }, "nodes"),
        (Bundle { issued_by: String::new(), ..bundle() }, "issued_by"),
        (Bundle { issued_by: "a\nb".to_owned(), ..bundle() }, "issued_by"),
        (Bundle { rollback_from: Some(6), ..bundle() }, "rollback_from"),
        (Bundle { documents: Vec::new(), ..bundle() }, "documents"),
        (Bundle { documents: too_many, ..bundle() }, "documents"),
        (Bundle { documents: heavy, ..bundle() }, "documents"),
        (Bundle { documents: vec![document("b.csv", ""), document("a.csv", "")], ..bundle() }, "\"a.csv\""),
        (Bundle { documents: vec![document("a.csv", ""), document("a.csv", "")], ..bundle() }, "twice"),
        (Bundle { documents: vec![document("a.csv", ""), document("a.csv/b.csv", "")], ..bundle() }, "folder"),
    ] {
        let error = SealedBundle::seal(&key(), &wrong).expect_err(says).to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn bytes_that_are_no_bundle_are_refused_and_never_panic() {
    let sealed = SealedBundle::seal(&key(), &bundle()).expect("it seals");
    for end in 0..sealed.as_bytes().len() {
        assert!(Bundle::open(&sealed.as_bytes()[..end], &trusted()).is_err());
    }
    for bytes in [&b""[..], b"null", b"[]", b"{}", b"{\"v\":1}", b"\xff", b"{\"v\":2,\"key\":\"\",\"sig\":\"\"}"] {
        assert!(Bundle::open(bytes, &trusted()).is_err());
    }
    assert!(matches!(
        Bundle::open(&vec![b' '; BUNDLE_BYTES_MAX + 1], &trusted()),
        Err(BundleError::TooLong(bytes)) if bytes == BUNDLE_BYTES_MAX + 1
    ));
    // A wanted policy and a bundle are signed apart: neither passes for the other.
    let wanted = super::super::WantedPolicy::of(&bundle(), &sealed, "/x").seal(&key()).expect("it seals");
    let error = Bundle::open(&wanted, &trusted()).expect_err("another message");
    assert!(matches!(error, BundleError::NotBelieved(SealError::BadSignature(_))), "{error:?}");
}

#[test]
fn the_largest_bundle_fits_its_own_limit() {
    let worst = "\"\\\n\t".repeat(DOCUMENT_TEXT / 4);
    let documents: Vec<_> = (0..DOCUMENTS_MAX).map(|n| document(&format!("d{n:03}.csv"), &worst)).collect();
    let sealed = SealedBundle::seal(&key(), &Bundle { documents, ..bundle() }).expect("it fits");
    assert!(sealed.as_bytes().len() > TEXT_BYTES_MAX);
}

const DOCUMENT_TEXT: usize = TEXT_BYTES_MAX / DOCUMENTS_MAX;
