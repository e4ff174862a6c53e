use serde_json::Value;

use super::*;
use crate::order::OrderKey;
use crate::samples::{key, node, site, trusted};
use crate::{BlobHash, LaneOrder, NodeKey};

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_unix_micros((1_763_600_000 + seconds) * 1_000_000).expect("in range")
}

fn camera(id: &str) -> CameraId {
    CameraId::new(id).expect("a slug")
}

fn request() -> ViewRequest {
    ViewRequest {
        asker: AskerId::from_random([7; 16]),
        site: site("s1"),
        node: node("n1"),
        camera: camera("cam-1"),
        fps_max: 5,
        width_px_max: 1280,
        url: None,
        issued_at: at(0),
        not_after: at(20),
    }
}

fn view_key() -> ViewKey {
    OrderKey::from(key()).into()
}

fn open(bytes: &[u8]) -> Result<ViewRequest, ViewRequestError> {
    ViewRequest::open(bytes, &trusted(), &site("s1"), &node("n1"))
}

#[test]
fn a_request_reads_back_at_its_node_and_nowhere_else() {
    let bytes = request().seal(&view_key()).expect("it seals");
    assert_eq!(open(&bytes).expect("its own"), request());
    for (s, n) in [("s2", "n1"), ("s1", "n2")] {
        let elsewhere = ViewRequest::open(&bytes, &trusted(), &site(s), &node(n));
        assert!(matches!(elsewhere, Err(ViewRequestError::NotForUs { .. })), "{elsewhere:?}");
    }
}

#[test]
fn nobody_without_the_key_asks_for_pictures_or_changes_where_they_go() {
    let bytes = request().seal(&view_key()).expect("it seals");
    let value: Value = serde_json::from_slice(&bytes).expect("JSON");
    for (member, forged) in [
        ("asker", "0192f1c2-0000-4000-8000-000000000001"),
        ("node", "n2"),
        ("camera", "cam-2"),
        ("url", "https://elsewhere.example"),
        ("not_after", "2030-01-01T00:00:00.000000Z"),
        ("extra", "1"),
    ] {
        let mut changed = value.clone();
        changed[member] = forged.into();
        let opened = open(changed.to_string().as_bytes());
        assert!(matches!(opened, Err(ViewRequestError::NotBelieved(_))), "{member}: {opened:?}");
    }
    assert!(open(&request().seal(&ViewKey::from_seed([2; 32])).expect("it seals")).is_err());
    // What the same key signs for another purpose is no request, and a request opens no barrier.
    assert!(LaneOrder::open(&bytes, &trusted(), &site("s1"), &node("n1")).is_err());
    for bytes in [&b""[..], b"{}", b"[]", b"\xff", &vec![b' '; VIEW_REQUEST_BYTES_MAX + 1]] {
        assert!(open(bytes).is_err());
    }
}

#[test]
fn what_is_out_of_its_range_is_not_sealed() {
    let with = |change: &dyn Fn(&mut ViewRequest)| {
        let mut changed = request();
        change(&mut changed);
        changed.seal(&view_key()).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(with(&|r| r.url = Some("https://hub-2.example.vn:8443".to_owned())), Ok(()));
    for (member, change) in [
        ("fps_max", &(|r: &mut ViewRequest| r.fps_max = 0) as &dyn Fn(&mut ViewRequest)),
        ("fps_max", &|r| r.fps_max = 11),
        ("width_px_max", &|r| r.width_px_max = 159),
        ("width_px_max", &|r| r.width_px_max = 1921),
        ("not_after", &|r| r.not_after = at(21)),
        ("not_after", &|r| r.not_after = at(0)),
        ("url", &|r| r.url = Some("ftp://hub".to_owned())),
        ("url", &|r| r.url = Some("https://".to_owned())),
        ("url", &|r| r.url = Some(format!("https://{}", "a".repeat(300)))),
    ] {
        let error = with(change).expect_err(member);
        assert!(error.contains(member), "{error}");
    }
}

#[test]
fn a_request_holds_from_its_beginning_to_its_end_and_never_longer() {
    let left = |seconds: i64| request().time_left(at(seconds)).map(|left| left.as_secs());
    assert_eq!([left(0), left(15), left(19)], [Some(20), Some(5), Some(1)]);
    assert_eq!([left(20), left(3_600)], [None, None], "over");
    // A node whose clock is behind a little gives no more than was asked for; one that is far behind gives nothing.
    assert_eq!([left(-10), left(-20), left(-21)], [Some(20), Some(20), None]);
}

#[test]
fn a_grant_holds_for_its_node_camera_and_picture_only() {
    let own = NodeKey::from_seed([7; 32]);
    let head = FrameHead { captured_at: at(1), age_ms: 40, sha256: BlobHash::of(b"a picture") };
    assert_eq!(FrameHead::from_header(&head.to_header()), Some(head.clone()));
    for bad in ["", "1;2;3", &format!("{};1", head.to_header())] {
        assert_eq!(FrameHead::from_header(bad), None, "{bad}");
    }
    let grant = FrameGrant::sign(&own, &node("n1"), at(1), &camera("cam-1"), &head);
    let read = FrameGrant::from_header(&grant.to_header()).expect("its own header");
    assert!(read == grant && read.is_valid(&own.public(), &camera("cam-1"), &head));
    assert!(!read.is_valid(&own.public(), &camera("cam-2"), &head));
    assert!(!read.is_valid(&NodeKey::from_seed([8; 32]).public(), &camera("cam-1"), &head));
    for other in [
        FrameHead { captured_at: at(2), ..head.clone() },
        FrameHead { age_ms: 0, ..head.clone() },
        FrameHead { sha256: BlobHash::of(b"another"), ..head.clone() },
    ] {
        assert!(!read.is_valid(&own.public(), &camera("cam-1"), &other), "{other:?}");
    }
}

#[test]
fn a_refusal_has_one_name_everywhere() {
    for refusal in ViewRefusal::ALL {
        let json = serde_json::to_value(ViewAnswer { refused: refusal }).expect("it is JSON");
        assert_eq!(json["refused"], refusal.as_str());
    }
}
