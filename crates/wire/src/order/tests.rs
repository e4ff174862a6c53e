use serde_json::Value;

use super::*;
use crate::NodeKey;
use crate::policy::wanted::WantedPolicy;
use crate::samples::{key, node, site, trusted};

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_unix_micros((1_763_600_000 + seconds) * 1_000_000).expect("in range")
}

fn order() -> LaneOrder {
    LaneOrder {
        id: OrderId::from_random([7; 16]),
        site: site("s1"),
        node: node("n1"),
        lane: Some(LaneName::new("car-in").expect("a slug")),
        action: OrderAction::Open,
        answers: None,
        by: "Trần Thị B".to_owned(),
        reason: "xe cứu thương".to_owned(),
        issued_at: at(0),
        not_after: at(15),
    }
}

fn open(bytes: &[u8]) -> Result<LaneOrder, OrderError> {
    LaneOrder::open(bytes, &trusted(), &site("s1"), &node("n1"))
}

#[test]
fn an_order_reads_back_at_its_node_and_nowhere_else() {
    let bytes = order().seal(&key().into()).expect("it seals");
    assert_eq!(open(&bytes).expect("its own"), order());
    for (s, n) in [("s2", "n1"), ("s1", "n2")] {
        let elsewhere = LaneOrder::open(&bytes, &trusted(), &site(s), &node(n));
        assert!(matches!(elsewhere, Err(OrderError::NotForUs { .. })), "{elsewhere:?}");
    }
}

#[test]
fn nobody_without_the_key_gives_an_order_or_changes_one() {
    let bytes = order().seal(&key().into()).expect("it seals");
    let value: Value = serde_json::from_slice(&bytes).expect("JSON");
    for (member, forged) in [
        ("id", "0192f1c2-0000-4000-8000-000000000001"),
        ("node", "n2"),
        ("lane", "car-out"),
        ("action", "hold"),
        ("by", "Ai đó"),
        ("reason", "không"),
        ("not_after", "2030-01-01T00:00:00.000000Z"),
        ("extra", "1"),
    ] {
        let mut changed = value.clone();
        changed[member] = forged.into();
        let opened = open(changed.to_string().as_bytes());
        assert!(matches!(opened, Err(OrderError::NotBelieved(_))), "{member}: {opened:?}");
    }
    assert!(open(&order().seal(&OrderKey::from_seed([2; 32])).expect("it seals")).is_err());
    // What the same key signs for another purpose is no order, and an order is no policy.
    assert!(WantedPolicy::open(&bytes, &trusted(), &site("s1"), &node("n1")).is_err());
    for bytes in [&b""[..], b"{}", b"[]", b"\xff", &vec![b' '; ORDER_BYTES_MAX + 1]] {
        assert!(open(bytes).is_err());
    }
}

#[test]
fn what_is_missing_or_lives_too_long_is_not_sealed() {
    let order = order;
    for (bad, member) in [
        (LaneOrder { by: " ".to_owned(), ..order() }, "by"),
        (LaneOrder { reason: "x".repeat(501), ..order() }, "reason"),
        (LaneOrder { not_after: at(0), ..order() }, "not_after"),
        (LaneOrder { not_after: at(301), ..order() }, "not_after"),
        (LaneOrder { lane: None, ..order() }, "lane"),
        (LaneOrder { answers: Some("3.1".to_owned()), ..order() }, "answers"),
    ] {
        match bad.seal(&key().into()) {
            Err(OrderError::BadMember { member: named, .. }) => assert_eq!(named, member),
            other => panic!("{member}: {other:?}"),
        }
    }
    for action in OrderAction::ALL {
        let answers = (action.answers() == Answering::Must).then(|| "3.1".to_owned());
        let without = LaneOrder { action, ..order() }.seal(&key().into());
        assert_eq!(without.is_err(), answers.is_some(), "{action:?}");
        let sealed = LaneOrder { action, answers, lane: None, ..order() }.seal(&key().into());
        assert_eq!(sealed.is_ok(), action.fits_all_lanes(), "{action:?}");
    }
}

#[test]
fn an_order_is_good_until_its_end_and_not_from_the_future() {
    let order = order();
    assert_eq!(order.time_left(at(5)), Ok(Duration::from_secs(10)));
    assert_eq!(order.time_left(at(15)), Ok(Duration::ZERO));
    assert!(matches!(order.time_left(at(16)), Err(Untimely::Late { .. })));
    assert!(order.time_left(at(-30)).is_ok());
    assert!(matches!(order.time_left(at(-31)), Err(Untimely::Ahead { .. })));
}

#[test]
fn an_answer_is_believed_with_the_signature_of_its_node() {
    let key = NodeKey::from_seed([9; 32]);
    let answer = OrderAnswer {
        order: order().id,
        site: site("s1"),
        node: node("n1"),
        outcome: OrderOutcome::Refused,
        reason: "trễ".to_owned(),
        decision: None,
        at: at(1),
    };
    let bytes = answer.seal(&key);
    assert_eq!(OrderAnswer::open(&bytes, &key.public()).expect("its own"), answer);
    let other = NodeKey::from_seed([8; 32]).public();
    assert!(matches!(OrderAnswer::open(&bytes, &other), Err(AnswerError::NotBelieved)));
    let forged = String::from_utf8(bytes).expect("text").replace("refused", "given");
    assert!(matches!(OrderAnswer::open(forged.as_bytes(), &key.public()), Err(AnswerError::NotBelieved)));
}

#[test]
fn an_order_key_is_believed_in_orders_and_a_policy_key_in_both() {
    let own = OrderKey::from_seed([3; 32]);
    assert!(open(&order().seal(&own).expect("it seals")).is_err(), "the node does not know it");
    let both = trusted().and(&[own.public()]).expect("another key");
    for key in [own.clone(), key().into()] {
        let bytes = order().seal(&key).expect("it seals");
        let opened = LaneOrder::open(&bytes, &both, &site("s1"), &node("n1"));
        assert_eq!(opened.expect("one of its keys"), order());
    }
    assert!(format!("{own:?}").contains(&own.id().to_string()) && !format!("{own:?}").contains("[3"), "{own:?}");
}
