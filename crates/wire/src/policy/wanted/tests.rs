use serde_json::Value;

use super::*;
use crate::policy::{Document, DocumentPath};
use crate::samples::{key, node, site, trusted};

fn wanted(nodes: Addressees) -> WantedPolicy {
    let document = Document::new(DocumentPath::new("a.csv").expect("a path"), "x").expect("text");
    let bundle = Bundle {
        version: 7,
        site: site("s1"),
        nodes,
        issued_at: UtcTime::UNIX_EPOCH,
        issued_by: "test".to_owned(),
        not_before: UtcTime::UNIX_EPOCH,
        rollback_from: None,
        documents: vec![document],
    };
    let sealed = SealedBundle::seal(&key(), &bundle).expect("it seals");
    WantedPolicy::of(&bundle, &sealed, WantedPolicy::path(&bundle.site, 7))
}

#[test]
fn what_is_wanted_reads_back_for_whom_it_is_meant() {
    for nodes in [Addressees::All, Addressees::Named([node("n1"), node("n2")].into())] {
        let wanted = wanted(nodes);
        let bytes = wanted.seal(&key()).expect("it seals");
        assert_eq!(WantedPolicy::open(&bytes, &trusted(), &site("s1"), &node("n1")).expect("its own"), wanted);
        let elsewhere = WantedPolicy::open(&bytes, &trusted(), &site("s2"), &node("n1")).expect_err("another site");
        assert!(elsewhere.to_string().contains("site \"s1\""), "{elsewhere}");
    }
    let named = wanted(Addressees::Named([node("n1")].into())).seal(&key()).expect("it seals");
    let error = WantedPolicy::open(&named, &trusted(), &site("s1"), &node("n3")).expect_err("another node");
    assert!(matches!(error, WantedError::NotForUs { .. }), "{error}");
}

#[test]
fn nobody_without_the_key_points_a_node_elsewhere_or_back() {
    let bytes = wanted(Addressees::All).seal(&key()).expect("it seals");
    let value: Value = serde_json::from_slice(&bytes).expect("JSON");
    for (member, forged) in [
        ("site", Value::from("s2")),
        ("nodes", serde_json::json!(["n1"])),
        ("version", Value::from(6)),
        ("sha256", Value::from("0".repeat(64))),
        ("bytes", Value::from(1)),
        ("rollback_from", Value::from(9)),
        ("url", Value::from("http://evil.example/policy")),
        ("issued_at", Value::from("2030-01-01T00:00:00.000000Z")),
        ("v", Value::from(2)),
        ("extra", Value::from(1)),
    ] {
        let mut changed = value.clone();
        changed[member] = forged;
        for site in ["s1", "s2"].map(site) {
            let opened = WantedPolicy::open(changed.to_string().as_bytes(), &trusted(), &site, &node("n1"));
            assert!(matches!(opened, Err(WantedError::NotBelieved(_))), "{member}: {opened:?}");
        }
    }
    let other = wanted(Addressees::All).seal(&PolicyKey::from_seed([2; 32])).expect("it seals");
    assert!(WantedPolicy::open(&other, &trusted(), &site("s1"), &node("n1")).is_err());
}

#[test]
fn an_address_is_a_path_or_a_web_address() {
    for bad in [
        "",
        "policy",
        "//evil.example/x",
        "ftp://x",
        "file:///etc/passwd",
        "/a b",
        "/ä",
        &format!("/{}", "a".repeat(500)),
    ] {
        let error = WantedPolicy { url: bad.to_owned(), ..wanted(Addressees::All) }.seal(&key()).expect_err(bad);
        assert!(matches!(error, WantedError::BadMember { member: "url", .. }), "{bad}: {error}");
    }
}

#[test]
fn the_longest_list_of_nodes_fits() {
    let nodes = (0..crate::policy::NODES_MAX).map(|n| node(&format!("{}{n:04}", "n".repeat(59)))).collect();
    assert!(wanted(Addressees::Named(nodes)).seal(&key()).is_ok());
}
