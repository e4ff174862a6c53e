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
