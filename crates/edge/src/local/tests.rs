use super::*;

fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a header"))).collect()
}

#[test]
fn a_password_comes_as_basic_or_bearer() {
    let basic = format!("Basic {}", STANDARD.encode("anybody:cổng:số 1"));
    assert_eq!(given(&headers(&[(header::AUTHORIZATION, &basic)])), Some("cổng:số 1".as_bytes().to_vec()));
    assert_eq!(given(&headers(&[(header::AUTHORIZATION, "bearer abc")])), Some(b"abc".to_vec()));
    for wrong in ["Basic !", "Basic", "Digest abc", "Basic YWJj"] {
        assert_eq!(given(&headers(&[(header::AUTHORIZATION, wrong)])), None, "{wrong}");
    }
}

#[test]
fn without_a_password_only_a_name_of_this_machine_is_answered() {
    for own in ["localhost", "LOCALHOST:8090", "127.0.0.1:8090", "[::1]:8090", "192.168.1.7"] {
        assert!(is_own_name(&headers(&[(header::HOST, own)])), "{own}");
    }
    for other in ["evil.example", "evil.example:8090", "localhost.evil.example", ""] {
        assert!(!is_own_name(&headers(&[(header::HOST, other)])), "{other}");
    }
    assert!(!is_own_name(&HeaderMap::new()));
}

#[test]
fn metrics_say_what_each_lane_is_doing_and_has_done() {
    use crate::access::{LaneState, LaneStatus};
    let lane = LaneStatus {
        lane: "car-in".to_owned(),
        gate: None,
        camera: "cam-1".parse().expect("a camera"),
        state: LaneState::Held,
        relay_error: Some("no route".to_owned()),
        state_lost: false,
        last_decision: None,
        last_order: None,
        decisions: vec![("permit", 3), ("deny", 0), ("refer", 1)],
        orders: vec![("given", 2), ("refused", 1)],
    };
    let mut text = String::new();
    metrics::lanes(&[lane], &mut text);
    for line in [
        "gatehouse_lane_state{lane=\"car-in\",state=\"held\"} 1",
        "gatehouse_lane_state{lane=\"car-in\",state=\"fire\"} 0",
        "gatehouse_lane_relay_up{lane=\"car-in\"} 0",
        "gatehouse_lane_decisions_total{lane=\"car-in\",verdict=\"permit\"} 3",
        "gatehouse_lane_orders_total{lane=\"car-in\",outcome=\"refused\"} 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    let mut nothing = String::new();
    metrics::lanes(&[], &mut nothing);
    assert!(nothing.is_empty());
}
