//! A draft's lists as tables, imports from files, schedules by a form, and questions who could pass.

use hub::BrokerConfig;
use hub::accounts::{Grants, Role};
use report::table::{Cell, TableWriter};
use serde_json::{Value, json};

use crate::access::{SignedIn, make, sign_in};
use crate::support::http::Answer;
use crate::support::node::Node;
use crate::support::{Hub, free_port};

const BASE: &str = "/api/v1/sites/cao-nguyen";
const LIST: &str = "lists/holders.csv";

struct Site {
    hub: Hub,
    admin: SignedIn,
}

impl Site {
    /// A hub with the shipped access policy in its draft.
    fn start() -> Self {
        let hub = Hub::start(BrokerConfig::new("127.0.0.1", free_port()));
        hub.add(&Node::new("n1"));
        make(&hub, "chi", Grants::everywhere([Role::SystemAdmin]));
        let admin = sign_in(&hub, "chi");
        let site = Self { hub, admin };
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/access/");
        let read = |name: &str| std::fs::read_to_string(format!("{shipped}{name}")).unwrap();
        let access = read("industrial-park.toml")
            .replace("industrial-park.holders.csv", LIST)
            .replace("industrial-park.denied.csv", "lists/denied.csv");
        for (path, text) in [
            (LIST, read("industrial-park.holders.csv")),
            ("lists/denied.csv", read("industrial-park.denied.csv")),
            ("access.toml", access),
        ] {
            let path = format!("/policy-draft/documents/{}", path.replace('/', "%2F"));
            let put = site.ask("PUT", &path, &[("if-none-match", "*")], &json!({ "text": text }));
            assert_eq!(put.status, 204, "{}", detail(&put));
        }
        site
    }

    fn ask(&self, method: &str, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [self.admin.headers().as_slice(), &[("content-type", "application/json")], more].concat();
        self.hub.http.send(method, &format!("{BASE}{path}"), &headers, body.to_string().as_bytes())
    }

    fn rows(&self, query: &str) -> Value {
        let answer = self.ask("GET", &format!("/policy-draft/rows?list={LIST}{query}"), &[], &Value::Null);
        assert_eq!(answer.status, 200, "{}", detail(&answer));
        answer.json()
    }

    fn change(&self, etag: &str, put: &Value, remove: &Value) -> Answer {
        let body = json!({ "list": LIST, "put": put, "remove": remove });
        self.ask("PATCH", "/policy-draft/rows", &[("if-match", etag)], &body)
    }

    fn import(&self, bytes: &[u8]) -> Answer {
        let headers = [self.admin.headers().as_slice(), &[("content-type", "application/octet-stream")]].concat();
        let path = format!("{BASE}/policy-draft/imports?list={LIST}");
        self.hub.http.send("POST", &path, &headers, bytes)
    }

    fn trial(&self, query: &str) -> Answer {
        self.ask("GET", &format!("/policy-trial?{query}"), &[], &Value::Null)
    }
}

fn detail(answer: &Answer) -> String {
    serde_json::from_slice::<Value>(&answer.body).map_or_else(|_| String::new(), |body| body["detail"].to_string())
}

fn tag(rows: &Value) -> String {
    format!("\"{}\"", rows["sha256"].as_str().unwrap())
}

#[test]
fn rows_are_found_changed_and_taken_out_and_what_a_node_would_refuse_is_refused() {
    let site = Site::start();
    let all = site.rows("");
    assert_eq!((&all["kind"], &all["found"], &all["wrong"]), (&json!("holders"), &json!(10), &json!(0)));
    for (query, keys) in [
        ("&search=22c12345", json!(["x-001"])),
        ("&search=M%E1%BA%AAU", json!(["w-002", "x-002"])),
        ("&kind=vehicle&limit=1&offset=1", json!(["x-002"])),
        ("&wrong=true", json!([])),
    ] {
        let rows = site.rows(query);
        let found: Vec<_> = rows["rows"].as_array().unwrap().iter().map(|row| row["key"].clone()).collect();
        assert_eq!(json!(found), keys, "{query}");
    }

    let worker = json!({"holder": "w-900", "name": "Ngô Thị Mới", "kind": "person", "category": "worker",
                        "cards": "04:E1:00:09", "valid_to": "2027-01-31"});
    let made = site.change(&tag(&all), &json!([worker]), &json!([]));
    assert_eq!(made.status, 200, "{}", detail(&made));
    let stale = site.change(&tag(&all), &json!([worker]), &json!([]));
    assert_eq!(stale.status, 412, "somebody changed it meanwhile");
    let now = site.rows("&search=w-900");
    assert_eq!(now["rows"][0]["cells"], worker);
    let etag = tag(&now);
    let twin = json!({"holder": "w-901", "name": "Trùng", "kind": "person", "category": "ghost", "cards": "04E10009"});
    let refused = site.change(&etag, &json!([twin]), &json!([]));
    assert_eq!(refused.status, 400);
    for wanted in ["w-901", "ghost", "is also at"] {
        assert!(detail(&refused).contains(wanted), "{wanted} is not in {}", detail(&refused));
    }
    let odd = json!([{"holder": "w-902", "colour": "red"}]);
    assert!(detail(&site.change(&etag, &odd, &json!([]))).contains("colour"));
    assert_eq!(site.change(&etag, &json!([]), &json!(["nobody"])).status, 404);
    // A driver who goes leaves a vehicle behind that names him: told by the draft, as somebody may want both changes.
    let gone = site.change(&etag, &json!([]), &json!(["w-900", "w-001"]));
    assert_eq!((gone.status, &gone.json()["rows"]), (200, &json!(9)), "{}", detail(&gone));
    let wrong = site.rows("&wrong=true");
    assert!(wrong["rows"][0]["problems"][0].as_str().unwrap().contains("w-001"), "{wrong}");
    let draft = site.ask("GET", "/policy-draft", &[], &Value::Null).json();
    assert_eq!((&draft["signs"], draft["problems"].as_array().unwrap().len()), (&json!(false), 1), "{draft}");
    let changes = site.ask("GET", &format!("/policy-draft/changes?path={LIST}"), &[], &Value::Null).json();
    assert_eq!((changes["changes"].as_array().unwrap().len(), &changes["changes"][0]["by"]), (3, &json!("chi")));
    assert!(changes["changes"][0]["after"].as_str().unwrap().starts_with("# Invented people"), "comments stay");
}

#[test]
fn a_workbook_is_looked_at_row_by_row_before_anything_is_taken() {
    let site = Site::start();
    let headings = ["Mã nhân viên", "Họ và tên", "Loại", "Nhóm", "Thẻ", "Đến ngày", "Lương"];
    let mut writer = TableWriter::new("Nhân viên", &headings).unwrap();
    let last_day = Cell::Moment("2026-12-31T00:00:00+07:00".parse().unwrap());
    let text = |text: &str| Cell::text(Some(text));
    for (who, name, kind, card, until) in [
        ("NV 1", "Lý Văn Một", "Người", "04AA0001", last_day),
        ("nv-2", "Mạc Thị Hai", "người", "04A10001", Cell::Empty),
        ("w-002", "Trần Thị Mẫu", "person", "", Cell::Empty),
    ] {
        writer.row(&[text(who), text(name), text(kind), text("worker"), text(card), until, Cell::count(12)]).unwrap();
    }
    let file = writer.finish().unwrap();
    let before = site.rows("");
    let answer = site.import(&file);
    assert_eq!(answer.status, 200, "{}", detail(&answer));
    let preview = answer.json();
    assert_eq!(preview["headings"][6], json!({"heading": "Lương", "column": null}));
    let fates: Vec<_> = preview["rows"].as_array().unwrap().iter().map(|row| row["fate"].clone()).collect();
    assert_eq!(json!(fates), json!(["new", "refused", "same"]), "{preview}");
    assert!(preview["rows"][1]["problems"][0].as_str().unwrap().contains("is also at"), "{preview}");
    assert_eq!(tag(&site.rows("")), tag(&before), "nothing was taken");
    let etag = format!("\"{}\"", preview["sha256"].as_str().unwrap());
    let made = site.change(&etag, &json!([preview["rows"][0]["cells"]]), &json!([]));
    assert_eq!(made.status, 200, "{}", detail(&made));
    assert_eq!(site.rows("&search=nv-1")["rows"][0]["cells"]["valid_to"], "2026-12-31");
    assert_eq!(site.import(b"\xff\xfe").status, 400);
    assert!(detail(&site.import(b"Ten\nx\n")).contains("holder"));
    assert_eq!(site.import(&vec![b'a'; 9 * 1024 * 1024]).status, 413);
}

#[test]
fn schedules_are_changed_in_place_and_a_question_is_answered_as_a_node_would_decide() {
    let site = Site::start();
    let ask = |at: &str| {
        let query = format!("policy=draft&lane=vehicle-in&who=holder:x-003&at={at}&purpose=kiem+tra+lich");
        let answer = site.trial(&query);
        assert_eq!(answer.status, 200, "{}", detail(&answer));
        answer.json()
    };
    let saturday = "2026-11-28T14:00:00%2B07:00";
    let before = ask(saturday);
    assert_eq!((&before["verdict"], &before["reason"]), (&json!("deny"), &json!("outside-schedule")), "{before}");
    let outline = site.ask("GET", "/policy-draft/access", &[], &Value::Null).json();
    assert_eq!((&outline["lists"][0]["rows"], &outline["lanes"][0]["id"]), (&json!(10), &json!("vehicle-in")));
    let mut times = outline["times"].clone();
    times["schedules"][0]["week"][1]["hours"] = json!(["05:30-16:00"]);
    let etag = format!("\"{}\"", outline["sha256"].as_str().unwrap());
    let none = site.ask("PUT", "/policy-draft/times", &[], &times);
    assert_eq!(none.status, 428);
    let put = site.ask("PUT", "/policy-draft/times", &[("if-match", &etag)], &times);
    assert_eq!(put.status, 204, "{}", detail(&put));
    let after = ask(saturday);
    assert_eq!((&after["verdict"], &after["rule"]), (&json!("permit"), &json!("contractors-by-day")), "{after}");
    assert!(after["trail"].as_array().unwrap().len() > 5, "every check: {after}");
    let outline = site.ask("GET", "/policy-draft/access", &[], &Value::Null).json();
    let etag = format!("\"{}\"", outline["sha256"].as_str().unwrap());
    times["schedules"][0]["week"][1]["hours"] = json!(["25:00-26:00"]);
    let wrong = site.ask("PUT", "/policy-draft/times", &[("if-match", &etag)], &times);
    assert!(wrong.status == 400 && detail(&wrong).contains("25:00-26:00"), "{}", detail(&wrong));
    times["schedules"] = json!([]);
    let used = site.ask("PUT", "/policy-draft/times", &[("if-match", &etag)], &times);
    assert!(used.status == 400 && detail(&used).contains("working-hours"), "{}", detail(&used));

    // Nobody asks without saying what for, and the auditor reads it.
    assert_eq!(site.trial("policy=draft&lane=vehicle-in&who=plate:22C12345").status, 400);
    for (query, wanted) in [
        ("policy=draft&lane=roof&who=plate:22C12345&purpose=thu+lan", "vehicle-in"),
        ("policy=draft&lane=vehicle-in&who=22C12345&purpose=thu+lan", "plate:"),
        ("policy=draft&lane=vehicle-in&who=plate:22C12345&method=smile&purpose=thu+lan", "citizen-card"),
        ("policy=7&lane=vehicle-in&who=plate:22C12345&purpose=thu+lan", "no policy 7"),
    ] {
        assert!(detail(&site.trial(query)).contains(wanted), "{query}: {}", detail(&site.trial(query)));
    }
    make(&site.hub, "duc", Grants::everywhere([Role::Auditor]));
    let auditor = sign_in(&site.hub, "duc");
    let log = site.hub.http.send("GET", "/api/v1/audit-log?limit=500", &auditor.headers(), b"").json().to_string();
    assert!(log.contains("who=holder:x-003") && log.contains("kiem tra lich"), "{log}");
}

#[test]
fn sites_gates_and_plans_are_put_on_the_map_within_their_bounds() {
    let site = Site::start();
    assert_eq!(site.hub.http.get("/api/v1/places"), json!({ "sites": [] }));
    let at = json!({"at": {"latitude": 21.3227, "longitude": 105.4019}});
    assert_eq!(site.ask("PUT", "/place", &[], &at).status, 204);
    let off = site.ask("PUT", "/place", &[], &json!({"at": {"latitude": 105.4, "longitude": 21.3}}));
    assert!(off.status == 400 && detail(&off).contains("latitude"), "{}", detail(&off));

    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([640_u32.to_be_bytes(), 480_u32.to_be_bytes()].concat());
    png.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    let headers = [site.admin.headers().as_slice(), &[("content-type", "image/svg+xml")]].concat();
    let send = |method: &str, bytes: &[u8]| site.hub.http.send(method, &format!("{BASE}/plan"), &headers, bytes);
    let script = send("PUT", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    assert!(script.status == 400 && detail(&script).contains("PNG, JPEG and WebP"), "{}", detail(&script));
    assert_eq!(send("PUT", &vec![0; 5 * 1024 * 1024]).status, 413);
    assert_eq!(send("PUT", &png).status, 204);
    let plan = send("GET", b"");
    assert_eq!((plan.status, &plan.body, plan.header("content-type")), (200, &png, "image/png"));
    assert_eq!(plan.header("x-content-type-options"), "nosniff");
    assert!(plan.header("content-security-policy").contains("sandbox"));
    let held = site.hub.http.ask(&format!("{BASE}/plan"), &[("if-none-match", plan.header("etag"))]);
    assert_eq!(held.status, 304);

    let gates = json!({"gates": [{"gate": "main", "x": 0.25, "y": 0.75, "person_max": 300},
                                 {"gate": "side", "vehicle_max": 12}]});
    assert_eq!(site.ask("PUT", "/plan/gates", &[], &gates).status, 204);
    for (gate, wanted) in [
        (json!({"gate": "main", "x": 1.5, "y": 0}), "gates[0].x"),
        (json!({"gate": "main", "x": 0.5}), "both"),
        (json!({"gate": "main", "person_max": 0}), "person_max"),
        (json!({"gate": "Main Gate"}), "gate"),
    ] {
        let refused = site.ask("PUT", "/plan/gates", &[], &json!({ "gates": [gate] }));
        assert!(refused.status == 400 && detail(&refused).contains(wanted), "{gate}: {}", detail(&refused));
    }
    let places = site.hub.http.get("/api/v1/places");
    let placed = &places["sites"][0];
    assert_eq!((&placed["at"]["latitude"], &placed["plan"]["width_px"]), (&json!(21.3227), &json!(640)), "{places}");
    assert_eq!((&placed["gates"][0]["x"], &placed["gates"][1]["vehicle_max"]), (&json!(0.25), &json!(12)), "{places}");
    assert_eq!([send("DELETE", b"").status, send("DELETE", b"").status, send("GET", b"").status], [204, 404, 404]);
    let places = site.hub.http.get("/api/v1/places");
    assert!(places["sites"][0]["gates"][0]["x"].is_null() && places["sites"][0]["plan"].is_null(), "{places}");

    // A viewer of another site sees none of it.
    make(
        &site.hub,
        "em",
        Grants::new([hub::accounts::Grant { role: Role::Viewer, sites: vec!["other".to_owned()] }]).unwrap(),
    );
    let other = sign_in(&site.hub, "em");
    let seen = site.hub.http.send("GET", "/api/v1/places", &other.headers(), b"");
    assert_eq!(seen.json(), json!({ "sites": [] }));
    assert_eq!(site.hub.http.send("GET", &format!("{BASE}/plan"), &other.headers(), b"").status, 404);
}
