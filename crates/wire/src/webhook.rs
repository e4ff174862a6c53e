//! What the hub posts to a webhook, and how the receiver knows that it came from the hub.
//!
//! The body is one JSON object ([`WebhookBody`]; its JSON Schema is served by the hub). The header
//! [`SIGNATURE_HEADER`] holds `t=SECONDS,v1=HEX`: the time of the attempt, and the HMAC-SHA-256 of `SECONDS.BODY` under the
//! hook's secret. A receiver compares it in constant time ([`verify`]), refuses what is older than five minutes, and takes
//! an `id` that it has seen for a repetition: a delivery whose answer was lost comes again.

use std::time::Duration;

use domain::{NodeId, SiteId, UtcTime};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "gatehouse-signature";

/// The header with the identity of what is delivered.
pub const ID_HEADER: &str = "gatehouse-id";

/// The header with the kind of what is delivered.
pub const KIND_HEADER: &str = "gatehouse-kind";

/// How far a receiver's clock may be from the time of the attempt.
pub const AGE_MAX: Duration = Duration::from_secs(300);

/// One delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookBody {
    /// Version of this form: 1.
    pub v: u32,
    /// Identity of the event: the same in every repetition.
    pub id: String,
    /// What happened, by its name in the log.
    pub kind: String,
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// The event's place in the hub's log: deliveries of a hook come in this order.
    pub pos: u64,
    /// When it happened, by the node's clock.
    pub at: UtcTime,
    /// Whether data that points at a person was left out, because the hook has no legal basis for it.
    pub redacted: bool,
    /// The event as its node told it, less what was left out; nothing where the hub does not know the kind.
    pub data: Option<Value>,
}

/// The value of [`SIGNATURE_HEADER`] for `body`, sent at `unix_seconds`.
pub fn sign(secret: &[u8], unix_seconds: i64, body: &[u8]) -> String {
    format!("t={unix_seconds},v1={}", hex::encode(mac(secret, unix_seconds, body).finalize().into_bytes()))
}

/// Whether `header` is the signature of `body` under `secret`, made at most [`AGE_MAX`] before or after `now`.
pub fn verify(secret: &[u8], header: &str, body: &[u8], now_unix_seconds: i64) -> bool {
    let part = |name: &str| header.split(',').find_map(|part| part.trim().strip_prefix(name));
    let Some(at) = part("t=").and_then(|at| at.parse::<i64>().ok()) else { return false };
    let Some(code) = part("v1=").and_then(|code| hex::decode(code).ok()) else { return false };
    let age = now_unix_seconds.abs_diff(at);
    age <= AGE_MAX.as_secs() && mac(secret, at, body).verify_slice(&code).is_ok()
}

fn mac(secret: &[u8], unix_seconds: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(unix_seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

/// What of an event points at a person, by its kind: taken out where a hook has no legal basis. The path of each member.
const PERSONAL: &[(&str, &[&[&str]])] = &[
    ("plate_read", &[&["readings"], &["raw"], &["votes"], &["matches"], &["evidence"]]),
    ("access_decided", &[&["subjects"], &["plate"], &["guard"], &["detail"], &["trail"], &["evidence"]]),
    ("lane_changed", &[&["guard"], &["detail"]]),
    ("passed", &[&["evidence"]]),
    ("stayed", &[&["evidence"]]),
    ("incident_seen", &[&["evidence"]]),
    ("evidence_added", &[&["clip"]]),
];

/// Takes out of the payload of an event of `kind` what points at a person. An event of a kind that is not known here is
/// told without its payload.
pub fn redact(kind: &str, payload: Option<Value>) -> Option<Value> {
    let known = crate::Payload::KINDS.contains(&kind);
    let mut payload = payload.filter(|_| known)?;
    for path in PERSONAL.iter().filter(|(name, _)| *name == kind).flat_map(|(_, paths)| paths.iter()) {
        let Some((last, before)) = path.split_last() else { continue };
        let parent = before.iter().try_fold(&mut payload, |value, name| value.get_mut(*name));
        if let Some(members) = parent.and_then(Value::as_object_mut) {
            members.remove(*last);
        }
    }
    Some(payload)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signature_holds_for_its_body_secret_and_time_only() {
        let header = sign(b"secret", 1_795_138_200, b"{}");
        assert!(verify(b"secret", &header, b"{}", 1_795_138_200 + 300));
        assert!(!verify(b"secret", &header, b"{}", 1_795_138_200 + 301));
        assert!(!verify(b"secret", &header, b"{ }", 1_795_138_200));
        assert!(!verify(b"other", &header, b"{}", 1_795_138_200));
        let moved = header.replace("t=1795138200", "t=1795138201");
        assert!(!verify(b"secret", &moved, b"{}", 1_795_138_200));
        for bad in ["", "t=1", "v1=00", "t=x,v1=00", "t=1795138200,v1=zz"] {
            assert!(!verify(b"secret", bad, b"{}", 1_795_138_200), "{bad}");
        }
    }

    /// A receiver in another language gets the same: `printf '1795138200.{}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn the_signature_is_plain_hmac() {
        let code = sign(b"secret", 1_795_138_200, b"{}");
        assert_eq!(code, "t=1795138200,v1=1a4247a72a141f1ca79b9ecbd7f7a8597b4272ae42f6937b69d2d68fb06671de");
    }

    #[test]
    fn without_a_legal_basis_no_plate_and_no_name_is_told() {
        let plate = json!({ "camera": "cam-1", "outcome": "read", "readings": [{ "key": "30A12345" }], "raw": "30A12345",
            "votes": [{ "raw": "30A12345" }], "matches": [{ "key": "30A12345", "list": "stolen" }], "colour": "white" });
        let told = redact("plate_read", Some(plate)).expect("the rest is told").to_string();
        assert!(!told.contains("30A") && told.contains("cam-1") && told.contains("white"), "{told}");
        let decided = json!({ "lane": "car-in", "verdict": "permit", "subjects": ["holder:1"], "guard": { "name": "Hùng" },
            "detail": "permit: Hùng decided", "trail": [{ "subject": "holder:1" }], "plate": { "key": "30A12345" } });
        let told = redact("access_decided", Some(decided)).expect("the rest is told");
        assert_eq!(told, json!({ "lane": "car-in", "verdict": "permit" }));
        assert_eq!(redact("faces_seen", Some(json!({ "name": "Hùng" }))), None);
    }

    /// Who adds a kind of event says here what of it points at a person, and that nothing does of these.
    #[test]
    fn every_kind_was_thought_of() {
        let harmless = ["occupancy_changed", "camera_changed", "node_started", "clock_jumped", "policy_changed"];
        for kind in crate::Payload::KINDS {
            let is_listed = PERSONAL.iter().any(|(name, _)| *name == kind);
            assert_ne!(is_listed, harmless.contains(&kind), "{kind}");
        }
    }
}
