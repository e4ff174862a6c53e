//! Machines that become nodes, and those that do not.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use domain::UtcTime;
use hub::authority::{AuthorityError, NodeAuthority, certificate_facts, init};
use hub::clock;
use hub::enrolment::{AuthorityConfig, EnrolError, Enrolment, InvitationError, invite};
use serde_json::json;
use store::{ClaimError, InviteError, Store};
use wire::UploadGrant;
use wire::enrolment::{AuthorityPrint, BrokerPlace, CODE_SECRET_BYTES, EnrolmentCode};

use crate::support::secured::{Machine, Secured, names};

/// A store and an authority without a hub, so that the clock can be anything.
struct Bare {
    _folder: tempfile::TempDir,
    store: Store,
    enrolment: Enrolment,
    now: UtcTime,
}

const FROM: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

impl Bare {
    async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = clock::now();
        let files = init(&folder.path().join("authority"), &names(), now).unwrap();
        let store = Store::open(&folder.path().join("hub.db"), &folder.path().join("blobs")).await.unwrap();
        let enrolment = Enrolment::open(AuthorityConfig {
            files,
            hub_url: "https://127.0.0.1".to_owned(),
            broker: BrokerPlace { host: "127.0.0.1".to_owned(), port: 8883 },
            crl_copies: vec![],
        });
        Self { _folder: folder, store, enrolment: enrolment.unwrap(), now }
    }

    async fn invite(&self, site: &str, node: &str) -> Result<EnrolmentCode, InvitationError> {
        let (print, hour) = (self.enrolment.authority().print(), Duration::from_secs(3600));
        let names = (site.parse().unwrap(), node.parse().unwrap());
        invite(&self.store, print, names, "an", hour, self.now).await.map(|invited| invited.code)
    }

    async fn claim(&self, machine: &Machine, code: &EnrolmentCode, now: UtcTime) -> Result<String, EnrolError> {
        let request = machine.signed(code, now);
        self.enrolment.claim(&self.store, &request, FROM, now).await.map(|answer| answer.certificate)
    }

    fn after(&self, seconds: u64) -> UtcTime {
        self.now.saturating_add(Duration::from_secs(seconds))
    }
}

#[tokio::test]
async fn a_code_is_good_for_one_machine_again_and_again_until_it_expires() {
    let bare = Bare::make().await;
    let code = bare.invite("s", "n1").await.unwrap();
    let (first, second) = (Machine::new(1), Machine::new(2));
    let certificate = bare.claim(&first, &code, bare.after(10)).await.unwrap();
    assert!(certificate.contains("BEGIN CERTIFICATE"));
    bare.claim(&first, &code, bare.after(20)).await.expect("its answer may have been lost");
    let error = bare.claim(&second, &code, bare.after(30)).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::Used { .. })), "{error}");
    let error = bare.claim(&first, &code, bare.after(3600)).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::Expired(_))), "{error}");
    let node = bare.store.node_list().await.unwrap().remove(0);
    assert_eq!((node.added_by.as_str(), node.key), ("an", first.key.public()));
    assert_eq!(bare.store.certificates_newest().await.unwrap().len(), 1);
}

#[tokio::test]
async fn codes_that_are_expired_withdrawn_replaced_unknown_or_of_another_hub_are_refused_by_name() {
    let bare = Bare::make().await;
    let machine = Machine::new(1);
    let code = bare.invite("s", "n1").await.unwrap();
    let error = bare.claim(&machine, &code, bare.after(3600)).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::Expired(_))), "{error}");
    let newer = bare.invite("s", "n1").await.unwrap();
    let error = bare.claim(&machine, &code, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::Withdrawn)), "{error}");
    let site = "s".parse().unwrap();
    let open =
        bare.store.invitations(&site, 10).await.unwrap().into_iter().find(|row| row.withdrawn.is_none()).unwrap();
    assert!(bare.store.invitation_withdraw(&site, &open.id, "an", bare.now).await.unwrap());
    let error = bare.claim(&machine, &newer, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::Withdrawn)), "{error}");
    let unknown = EnrolmentCode::new([9; CODE_SECRET_BYTES], bare.enrolment.authority().print());
    let error = bare.claim(&machine, &unknown, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::Unknown)), "{error}");
    let elsewhere = EnrolmentCode::new([9; CODE_SECRET_BYTES], AuthorityPrint::of(b"another"));
    let error = bare.claim(&machine, &elsewhere, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::OtherHub { .. }), "{error}");
    assert!(bare.store.node_list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_proof_a_wrong_clock_and_a_wrong_request_are_refused_and_the_code_stays_good() {
    let bare = Bare::make().await;
    let (machine, other) = (Machine::new(1), Machine::new(2));
    let code = bare.invite("s", "n1").await.unwrap();
    let mut stolen = machine.signed(&code, bare.now);
    stolen.key = other.key.public();
    let error = bare.enrolment.claim(&bare.store, &stolen, FROM, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Proof), "{error}");
    for (machine_at, hub_at) in [(bare.now, bare.after(601)), (bare.after(601), bare.now)] {
        let request = machine.signed(&code, machine_at);
        let error = bare.enrolment.claim(&bare.store, &request, FROM, hub_at).await.unwrap_err();
        assert!(matches!(&error, EnrolError::Clock { .. }), "{error}");
    }
    let damaged = machine.csr().replacen("MI", "MJ", 1);
    let other_key = {
        let csr = machine.csr();
        let body: String = csr.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = base64_decode(&body);
        let last = der.len() - 1;
        der[last] ^= 1;
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", base64_encode(&der))
    };
    for csr in [String::new(), "no PEM".to_owned(), damaged, other_key, "x".repeat(5_000)] {
        let request = wire::enrolment::EnrolmentRequest::sign(&code, &machine.key, csr.clone(), bare.now);
        let error = bare.enrolment.claim(&bare.store, &request, FROM, bare.now).await.unwrap_err();
        assert!(matches!(&error, EnrolError::Request(AuthorityError::Request { .. })), "{error} for {csr}");
    }
    bare.claim(&machine, &code, bare.now).await.expect("the code is still good");
}

fn base64_decode(text: &str) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject;
    let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n");
    rustls::pki_types::CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

fn base64_encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = char::from(ALPHABET[(group >> (18 - 6 * place) & 63) as usize]);
            text.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

#[tokio::test]
async fn a_name_stands_for_one_site_and_one_key() {
    let bare = Bare::make().await;
    let (first, second) = (Machine::new(1), Machine::new(2));
    let code = bare.invite("s", "n1").await.unwrap();
    bare.claim(&first, &code, bare.now).await.unwrap();
    let error = bare.invite("other", "n1").await.unwrap_err();
    assert!(matches!(&error, InvitationError::Invite(InviteError::OtherSite { .. })), "{error}");
    let again = bare.invite("s", "n1").await.unwrap();
    let error = bare.claim(&second, &again, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::OtherKey { .. })), "{error}");
    bare.claim(&first, &again, bare.now).await.expect("the same machine gets a new certificate");
    hub::enrolment::revoke(&bare.store, "n1".parse().unwrap(), "an", "stolen", bare.now).await.unwrap();
    let error = bare.invite("s", "n1").await.unwrap_err();
    assert!(matches!(&error, InvitationError::Invite(InviteError::Revoked(_))), "{error}");
    let error = bare.claim(&first, &again, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::Claim(ClaimError::Revoked(_))), "{error}");
}

#[tokio::test]
async fn whoever_guesses_codes_has_to_wait() {
    let bare = Bare::make().await;
    let machine = Machine::new(1);
    let good = bare.invite("s", "n1").await.unwrap();
    for guess in 0..5 {
        let code = EnrolmentCode::new([guess; CODE_SECRET_BYTES], bare.enrolment.authority().print());
        let error = bare.claim(&machine, &code, bare.now).await.unwrap_err();
        assert!(matches!(&error, EnrolError::Claim(ClaimError::Unknown)), "{error}");
    }
    let error = bare.claim(&machine, &good, bare.now).await.unwrap_err();
    assert!(matches!(&error, EnrolError::TooOften), "{error}");
    bare.claim(&machine, &good, bare.after(61)).await.expect("a minute later");
}

#[test]
fn an_authority_is_made_once_kept_from_others_and_its_server_certificates_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("authority");
    let now = clock::now();
    let files = init(&place, &names(), now).unwrap();
    for key in [files.servers_key(), files.nodes_key(), files.hub_key(), files.broker_key(), files.client_key()] {
        let mode = std::fs::metadata(&key).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", key.display());
    }
    let error = init(&place, &names(), now).unwrap_err();
    assert!(matches!(&error, AuthorityError::Exists { .. }), "{error}");
    let bad = hub::authority::ServerNames { hub: vec!["not a name".to_owned()], ..names() };
    let error = init(&folder.path().join("bad"), &bad, now).unwrap_err();
    assert!(matches!(&error, AuthorityError::Name { name } if name == "not a name"), "{error}");
    assert!(!folder.path().join("bad").exists());
    let before = certificate_facts(&files.hub()).unwrap();
    assert_eq!((before.names.as_slice(), before.name.as_str()), (&["127.0.0.1".to_owned()][..], "127.0.0.1"));
    let print = certificate_facts(&files.servers()).unwrap().print;
    let more = hub::authority::ServerNames { hub: vec!["hub.example.vn".to_owned()], ..names() };
    hub::authority::renew(&files, &more, now.saturating_add(Duration::from_secs(86_400))).unwrap();
    let after = certificate_facts(&files.hub()).unwrap();
    assert!(after.not_after > before.not_after && after.names == ["hub.example.vn"], "{after:?}");
    assert_eq!(certificate_facts(&files.servers()).unwrap().print, print, "nodes know it as before");
    std::fs::set_permissions(files.nodes_key(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = NodeAuthority::open(&files).unwrap_err().to_string();
    assert!(error.contains("chmod 600") && error.contains("0640"), "{error}");
    std::fs::set_permissions(files.nodes_key(), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(files.nodes_key(), "no key").unwrap();
    assert!(matches!(NodeAuthority::open(&files), Err(AuthorityError::Damaged { .. })));
}

#[test]
fn a_node_renews_its_certificate_and_uploads_with_it_and_nobody_without() {
    let secured = Secured::start();
    let (machine, shown) = secured.enrolled("s", "n1", 1);
    let (_, other) = secured.enrolled("s", "n2", 2);
    let renewal = json!({"csr": Machine::new(9).csr()});
    assert_eq!(secured.post("/api/v1/node/certificate", None, &renewal).status, 403);
    let fresh = Machine::new(9);
    let answer = secured.post("/api/v1/node/certificate", Some(&shown), &json!({"csr": fresh.csr()}));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let renewed = fresh.shown(answer.json()["certificate"].as_str().unwrap());
    secured.connect(secured.node_port, Some(&renewed), "n1").expect("the broker takes the new certificate");

    let bytes = b"\xff\xd8\xff picture";
    let hash = wire::BlobHash::of(bytes);
    let node = "n1".parse().unwrap();
    let grant = UploadGrant::sign(&machine.key, &node, clock::now(), &hash).to_header();
    let headers = [("x-gatehouse-node", grant.as_str()), ("content-type", "image/jpeg")];
    let path = format!("/api/v1/blobs/{hash}");
    for (shown, status) in [(None, 403), (Some(&other), 403), (Some(&renewed), 201), (Some(&shown), 200)] {
        let answer = secured.put(&path, shown, &headers, bytes);
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    }
}

#[test]
fn invitations_are_listed_without_codes_and_can_be_taken_back() {
    let secured = Secured::start();
    let code = secured.invite("s", "n1").to_string();
    let listed = secured.get("/api/v1/sites/s/enrolments");
    let invited = &listed["enrolments"][0];
    assert_eq!((&invited["node"], &invited["state"]), (&json!("n1"), &json!("open")));
    assert!(!listed.to_string().contains(&code));
    let path = format!("/api/v1/sites/s/enrolments/{}", invited["id"].as_str().unwrap());
    assert_eq!(secured.delete(&path).status, 204);
    assert_eq!(secured.delete(&path).status, 404);
    assert_eq!(secured.get("/api/v1/sites/s/enrolments")["enrolments"][0]["state"], "withdrawn");
    for (body, status) in [
        (json!({"node": "N 1"}), 400),
        (json!({"node": "n1", "valid_minutes": 4}), 400),
        (json!({"node": "n1", "valid_minutes": 43_201}), 400),
        (json!({"node": "n1", "colour": "red"}), 400),
        (json!([]), 400),
    ] {
        let answer = secured.post("/api/v1/sites/s/enrolments", None, &body);
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
}
