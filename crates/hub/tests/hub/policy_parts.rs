//! Policies made and published by the API: drafts, watch lists of two persons, visitors' passes.

use hub::accounts::{Grants, Role};
use hub::policy::{PassKeyFile, PolicyKeyFile};
use hub::{BrokerConfig, clock};
use serde_json::{Value, json};
use wire::pass::PassKeys;
use wire::policy::{Bundle, TrustedKeys};

use crate::access::{SignedIn, make, sign_in};
use crate::support::http::Answer;
use crate::support::node::Node;
use crate::support::{Hub, free_port};

const BASE: &str = "/api/v1/sites/cao-nguyen";

struct Site {
    hub: Hub,
    policy_key: wire::policy::PolicyKey,
    pass_key: wire::pass::PassKey,
}

impl Site {
    /// A hub that holds both keys, and a node of the site.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (policy, pass) = (folder.path().join("policy.key"), folder.path().join("pass.key"));
        let (policy_key, pass_key) = (PolicyKeyFile::create(&policy).unwrap(), PassKeyFile::create(&pass).unwrap());
        let hub = Hub::start_in(folder, BrokerConfig::new("127.0.0.1", free_port()), |config| {
            config.signing.policy_key = Some(policy);
            config.signing.pass_key = Some(pass);
        });
        hub.add(&Node::new("n1"));
        Self { hub, policy_key, pass_key }
    }

    fn person(&self, name: &str, role: Role) -> SignedIn {
        make(&self.hub, name, Grants::everywhere([role]));
        sign_in(&self.hub, name)
    }

    fn ask(&self, who: &SignedIn, method: &str, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [who.headers().as_slice(), &[("content-type", "application/json")], more].concat();
        self.hub.http.send(method, &format!("{BASE}{path}"), &headers, body.to_string().as_bytes())
    }

    /// The documents of the newest policy, by path.
    fn published(&self, version: u64) -> Vec<(String, String)> {
        let found =
            self.hub.runtime.block_on(self.hub.handle.store.policy_bundle(&"cao-nguyen".parse().unwrap(), version));
        let (_, bytes) = found.unwrap().unwrap();
        let opened = Bundle::open(&bytes, &TrustedKeys::new(vec![self.policy_key.public()]).unwrap()).unwrap();
        opened.documents.iter().map(|one| (one.path().to_string(), one.text().to_owned())).collect()
    }
}

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_plate_gets_to_nodes_after_two_persons_and_a_publication_and_goes_when_it_is_taken_out() {
    let site = Site::start();
    let (officer, approver, admin) = (
        site.person("an", Role::CaseOfficer),
        site.person("binh", Role::Approver),
        site.person("chi", Role::SystemAdmin),
    );
    let until = domain::UtcTime::from_unix_micros(clock::now().as_unix_micros() + 86_400_000_000).unwrap();
    let entry = json!({"list": "stolen", "plate": "30A-123.45", "note": "Xe mất cắp", "legal_basis": "Lệnh 12",
                       "authority": "Công an tỉnh", "expires_at": until.to_string()});
    let made = site.ask(&officer, "POST", "/watch-entries", &[], &entry);
    assert_eq!(made.status, 201, "{}", detail(&made));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let twin = site.ask(&officer, "POST", "/watch-entries", &[], &entry);
    assert!(twin.status == 409 && detail(&twin).contains(&id), "{}", detail(&twin));
    let mud = json!({"list": "stolen", "plate": "bùn", "note": "x", "legal_basis": "x", "authority": "x",
                     "expires_at": until.to_string()});
    assert!(detail(&site.ask(&officer, "POST", "/watch-entries", &[], &mud)).starts_with("plate: "));
    let odd = json!({"list": "../x", "plate": "30A12345", "note": "x", "legal_basis": "x", "authority": "x",
                     "expires_at": until.to_string()});
    assert!(detail(&site.ask(&officer, "POST", "/watch-entries", &[], &odd)).starts_with("list: "));

    let decision = format!("/watch-entries/{id}/decision");
    assert_eq!(site.ask(&officer, "POST", &decision, &[], &json!({"decision": "approved"})).status, 403);
    assert_eq!(
        site.ask(&admin, "GET", "/watch-entries", &[], &Value::Null).status,
        403,
        "who runs machines reads no plates"
    );
    assert_eq!(site.ask(&approver, "POST", &decision, &[], &json!({"decision": "approved"})).status, 204);
    assert_eq!(site.ask(&approver, "POST", &decision, &[], &json!({"decision": "refused"})).status, 409);
    let listed = site.ask(&approver, "GET", "/watch-entries", &[], &Value::Null).json();
    let listed = &listed["entries"][0];
    assert_eq!((&listed["state"], &listed["decided_by"]), (&json!("in_force"), &json!("binh")));

    let draft = site.ask(&admin, "GET", "/policy-draft", &[], &Value::Null).json();
    assert_eq!(
        (&draft["documents"][0]["path"], &draft["differs"]),
        (&json!("lists/stolen.csv"), &json!(true)),
        "{draft}"
    );
    let published = site.ask(&admin, "POST", "/policies", &[], &json!({}));
    assert_eq!(published.status, 201, "{}", detail(&published));
    let [(path, text)] = site.published(1).try_into().unwrap();
    assert!(path == "lists/stolen.csv" && text.contains("30A12345") && text.contains("Công an tỉnh"), "{path}: {text}");
    assert_eq!(site.ask(&admin, "GET", "/policy-draft", &[], &Value::Null).json()["differs"], json!(false));

    let gone = site.ask(&officer, "POST", &format!("/watch-entries/{id}/removal"), &[], &json!({"reason": "tìm thấy"}));
    assert_eq!(gone.status, 204);
    assert_eq!(site.ask(&admin, "POST", "/policies", &[], &json!({})).status, 201);
    assert!(!site.published(2)[0].1.contains("30A12345"));
    // Both publications and the second person's word are in the audit log.
    let auditor = site.person("dung", Role::Auditor);
    let log = site.hub.http.send("GET", "/api/v1/audit-log?limit=100", &auditor.headers(), b"").json().to_string();
    assert!(log.contains("/decision") && log.contains("/policies"), "{log}");
}

#[test]
fn a_program_neither_proposes_nor_decides_who_is_watched() {
    let site = Site::start();
    let key = site.hub.runtime.block_on(crate::support::key(&site.hub.handle.store, [Role::CaseOfficer]));
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let until = domain::UtcTime::from_unix_micros(clock::now().as_unix_micros() + 86_400_000_000).unwrap();
    let entry = json!({"list": "stolen", "plate": "30A12345", "note": "x", "legal_basis": "x", "authority": "x",
                       "expires_at": until.to_string()});
    let path = format!("{BASE}/watch-entries");
    let answer = site.hub.http.send("POST", &path, &headers, entry.to_string().as_bytes());
    assert!(answer.status == 403 && detail(&answer).contains("persons"), "{}", detail(&answer));
}

#[test]
fn a_draft_is_changed_by_whoever_has_seen_it_and_published_only_when_nodes_would_take_it() {
    let site = Site::start();
    let admin = site.person("chi", Role::SystemAdmin);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/access/industrial-park");
    let read = |name: &str| std::fs::read_to_string(format!("{shipped}{name}")).unwrap();
    let policy = read(".toml")
        .replace("industrial-park.holders.csv", "lists/holders.csv")
        .replace("industrial-park.denied.csv", "lists/denied.csv");
    let put = |path: &str, text: &str, mark: (&str, &str)| {
        let path = format!("/policy-draft/documents/{}", path.replace('/', "%2F"));
        site.ask(&admin, "PUT", &path, &[mark], &json!({ "text": text }))
    };
    let new = ("if-none-match", "*");
    assert_eq!(put("access.toml", &policy, ("x-nothing", "x")).status, 428);
    assert_eq!(put("access.toml", "= 1", new).status, 400);
    assert_eq!(put("access.toml", &policy, new).status, 204);
    assert_eq!(put("access.toml", &policy, new).status, 412, "it is there");
    assert_eq!(put("lists/holders.csv", &read(".holders.csv"), new).status, 204);
    let draft = site.ask(&admin, "GET", "/policy-draft", &[], &Value::Null).json();
    assert_eq!(draft["problems"][0]["document"], "access.toml", "a list is missing: {draft}");
    let refused = site.ask(&admin, "POST", "/policies", &[], &json!({}));
    assert!(refused.status == 409 && detail(&refused).contains("access.toml"), "{}", detail(&refused));
    assert_eq!(put("lists/denied.csv", &read(".denied.csv"), new).status, 204);
    let draft = site.ask(&admin, "GET", "/policy-draft", &[], &Value::Null).json();
    assert_eq!(draft["problems"], json!([]));
    assert_eq!(site.ask(&admin, "POST", "/policies", &[], &json!({})).status, 201);
    let path = "/policy-draft/documents/access.toml";
    let held = site.ask(&admin, "GET", path, &[], &Value::Null);
    assert_eq!(held.json()["text"], json!(policy));
    let tag = held.header("etag").to_owned();
    assert_eq!(put("access.toml", &format!("{policy}# more\n"), ("if-match", &tag)).status, 204);
    assert_eq!(put("access.toml", &policy, ("if-match", &tag)).status, 412, "somebody changed it");
    let changes = site.ask(&admin, "GET", "/policy-draft/changes?path=access.toml", &[], &Value::Null).json();
    assert_eq!((changes["changes"].as_array().unwrap().len(), &changes["changes"][0]["by"]), (2, &json!("chi")));
    assert_eq!(site.ask(&admin, "POST", "/policy-draft/reset", &[], &json!({"version": 1})).status, 204);
    assert_eq!(site.ask(&admin, "GET", path, &[], &Value::Null).json()["text"], json!(policy), "as it was published");
    assert_eq!(site.ask(&admin, "POST", "/policies", &[], &json!({"again": 7})).status, 404);
    assert_eq!(site.ask(&admin, "POST", "/policies", &[], &json!({"again": 1})).json()["version"], 2);
}

#[test]
fn a_pass_that_a_guard_issues_opens_lanes_until_it_is_revoked() {
    let site = Site::start();
    let (guard, admin) = (site.person("an", Role::GateOperator), site.person("chi", Role::SystemAdmin));
    let second = |ahead: i64| {
        domain::UtcTime::from_unix_micros((clock::now().as_unix_micros() / 1_000_000 + ahead) * 1_000_000).unwrap()
    };
    let wanted = |from: i64, to: i64| {
        json!({"category": "visitor", "lanes": ["vao"], "not_before": second(from).to_string(),
               "not_after": second(to).to_string(), "uses": "once", "visitor": "Lê Văn C"})
    };
    assert_eq!(site.ask(&admin, "POST", "/passes", &[], &wanted(0, 3_600)).status, 403);
    let over = site.ask(&guard, "POST", "/passes", &[], &wanted(-7_200, -3_600));
    assert!(over.status == 400 && detail(&over).starts_with("not_after"), "{}", detail(&over));
    let issued = site.ask(&guard, "POST", "/passes", &[], &wanted(-60, 3_600));
    assert_eq!(issued.status, 201, "{}", detail(&issued));
    let issued = issued.json();
    let keys = PassKeys::new(vec![site.pass_key.public()]).unwrap();
    let text = issued["text"].as_str().unwrap();
    let pass = wire::pass::verify(text, &keys, &"cao-nguyen".parse().unwrap(), clock::now()).unwrap();
    let id = issued["id"].as_str().unwrap();
    assert_eq!(pass.id.to_string(), id);
    let listed = site.ask(&guard, "GET", "/passes", &[], &Value::Null).json();
    assert_eq!((&listed["passes"][0]["state"], &listed["passes"][0]["visitor"]), (&json!("good"), &json!("Lê Văn C")));
    assert!(!listed.to_string().contains(text), "the code is shown once");

    let revocation = format!("/passes/{id}/revocation");
    assert_eq!(site.ask(&guard, "POST", &revocation, &[], &json!({"reason": "mất"})).status, 204);
    assert_eq!(site.ask(&guard, "POST", &revocation, &[], &json!({"reason": "mất"})).status, 409);
    let draft = site.ask(&admin, "GET", "/policy-draft", &[], &Value::Null).json();
    let paths: Vec<_> = draft["documents"].as_array().unwrap().iter().map(|one| one["path"].clone()).collect();
    assert_eq!(paths, ["lists/revoked-passes.csv"]);
    assert!(draft["problems"].to_string().contains("denied_lists"), "an access policy must name the list: {draft}");
}

#[test]
fn a_profile_is_drawn_and_keeps_what_no_drawing_shows() {
    let site = Site::start();
    let admin = site.person("chi", Role::SystemAdmin);
    let text = "# Cổng chính\nprofile = 1\nname = { vi = \"Cổng\", en = \"Gate\" }\nkind = \"tourist_site\"\n\
                [[line]]\nid = \"entrance\"\npoints = [[0.5, 0.0], [0.5, 1.0]]\nin = \"a_to_b\"\nonly = \"in\"\n";
    let document = "/policy-draft/documents/profiles%2Fmain.toml";
    let put = site.ask(&admin, "PUT", document, &[("if-none-match", "*")], &json!({ "text": text }));
    assert_eq!(put.status, 204, "{}", detail(&put));
    let shapes = "/policy-draft/shapes?path=profiles/main.toml";
    let read = site.ask(&admin, "GET", shapes, &[], &Value::Null);
    let tag = read.header("etag").to_owned();
    let mut drawn = read.json();
    assert_eq!(drawn["lines"][0]["groups"], json!(["person", "vehicle"]), "{drawn}");
    drawn["lines"][0]["id"] = json!("main");
    drawn["lines"][0]["inwards"] = json!("b_to_a");
    drawn["zones"] = json!([{"id": "hall", "points": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]], "groups": ["person"]}]);
    assert_eq!(site.ask(&admin, "PUT", shapes, &[], &drawn).status, 428);
    let changed = site.ask(&admin, "PUT", shapes, &[("if-match", &tag)], &drawn);
    assert_eq!(changed.status, 204, "{}", detail(&changed));
    let now = site.ask(&admin, "GET", document, &[], &Value::Null).json();
    let now = now["text"].as_str().unwrap();
    for kept in ["# Cổng chính", "id = \"main\"", "in = \"b_to_a\"", "only = \"in\"", "id = \"hall\""] {
        assert!(now.contains(kept), "\"{kept}\" is missing in:\n{now}");
    }
    // Drawn by somebody who saw the text before.
    assert_eq!(site.ask(&admin, "PUT", shapes, &[("if-match", &tag)], &drawn).status, 412);
    drawn["zones"][0]["points"] = json!([[0.1, 0.1], [0.4, 0.1]]);
    let wrong = site.ask(&admin, "PUT", shapes, &[("if-match", "*")], &drawn);
    assert_eq!((wrong.status, &wrong.json()["fields"][0]["field"]), (422, &json!("zones[0].points")));
    assert_eq!(site.ask(&admin, "GET", "/policy-draft/shapes?path=access.toml", &[], &Value::Null).status, 400);
    assert_eq!(site.ask(&admin, "GET", "/policy-draft/shapes?path=profiles/x.toml", &[], &Value::Null).status, 404);
}
