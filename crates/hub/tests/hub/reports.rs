//! Reports over HTTP and by the command, held against what is in the store.

use std::io::{Cursor, Write};
use std::process::{Command, Stdio};

use calamine::{Data, Reader, Xlsx};
use domain::{Direction, ObjectClass};
use hub::accounts::Role;
use hub::feeds::config::ReportRules;
use hub::reporting::gather;
use report::{Period, ReportKind};
use serde_json::{Value, json};
use wire::Channel;

use crate::access::key_at;
use crate::support::child::run;
use crate::support::http::Answer;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed};
use crate::support::{Hub, eventually};

/// A hub with 7 persons in, 2 out, and 3 cars in, now.
fn filled(broker: &Mosquitto) -> (Hub, Publisher) {
    let hub = Hub::ready_with(broker, |config| config.feeds.reports.province = "Lâm Đồng".to_owned());
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let now = hub::clock::now();
    let mut told = node.passes(7);
    told.extend((0..2).map(|_| node.says(passed(Direction::Out, ObjectClass::Person, now, vec![]))));
    told.extend((0..3).map(|_| node.says(passed(Direction::In, ObjectClass::Car, now, vec![]))));
    publisher.publish(&node.topic(Channel::Event), told);
    publisher.wait_for_receipt(&node);
    (hub, publisher)
}

fn has_font() -> bool {
    match report::Fonts::installed() {
        Ok(_) => true,
        Err(error) => {
            println!("skipped: {error}");
            false
        }
    }
}

fn text_of(pdf: &[u8]) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    match Command::new("pdftotext").arg("-layout").arg(file.path()).arg("-").stderr(Stdio::inherit()).output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) => {
            println!("skipped: cannot run pdftotext of poppler-utils: {error}");
            None
        }
    }
}

#[test]
fn a_report_says_what_the_store_adds_up_to() {
    if !has_font() {
        return;
    }
    let broker = Mosquitto::start();
    let (hub, _publisher) = filled(&broker);
    let now = hub::clock::now().to_string();
    for kind in ["day", "week", "month", "half_year", "year"] {
        let made = hub.http.post("/api/v1/reports", &json!({ "kind": kind, "at": now }));
        assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
        let made = made.json();
        let paths: Vec<_> = made["documents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["path"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(paths.len(), 4);
        let document = |end: &str| -> Answer {
            let answer = hub.http.ask(paths.iter().find(|path| path.ends_with(end)).unwrap(), &[]);
            assert_eq!(answer.status, 200);
            answer
        };
        let book = document("vi.xlsx");
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(book.body)).unwrap();
        let range = book.worksheet_range("Thời gian").unwrap();
        let sum = |column: usize| -> f64 {
            range.rows().skip(1).filter_map(|row| if let Data::Float(n) = row[column] { Some(n) } else { None }).sum()
        };
        assert_eq!([sum(2), sum(3), sum(4), sum(5)], [7.0, 2.0, 3.0, 0.0], "{kind}");
        let gates = book.worksheet_range("Cổng").unwrap();
        assert_eq!(gates.get((1, 2)), Some(&Data::Float(7.0)));
        let pdf = document("vi.pdf");
        assert_eq!(pdf.header("content-type"), "application/pdf");
        let Some(text) = text_of(&pdf.body) else { continue };
        for wanted in ["Tỉnh Lâm Đồng", "cao-nguyen", "cong-chinh", "Lượt người vào", "Ô tô con", "chưa kết thúc"]
        {
            assert!(text.contains(wanted), "{kind}: {wanted} is not in\n{text}");
        }
        assert!(text_of(&document("en.pdf").body).unwrap().contains("Persons in"));
    }
    let (at, rules) = (hub::clock::now(), ReportRules::default());
    let day = Period::containing(ReportKind::Day, rules.cut, at);
    let gathered = gather(&hub.handle.store, &rules, day, None, at);
    let (person, vehicle) = hub.runtime.block_on(gathered).unwrap().fullest;
    for (peak, count) in [(person, 5), (vehicle, 3)] {
        let peak = peak.unwrap();
        assert_eq!((peak.count, peak.at), (count, at), "the hour that runs is told as of now");
    }
    let listed = hub.http.get("/api/v1/reports?limit=2");
    assert_eq!(listed["reports"].as_array().unwrap().len(), 2);
    let id = listed["reports"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(hub.http.ask(&format!("/api/v1/reports/{id}/fr.pdf"), &[]).status, 404);
    assert_eq!(hub.http.delete(&format!("/api/v1/reports/{id}")).status, 204);
    assert_eq!(hub.http.ask(&format!("/api/v1/reports/{id}"), &[]).status, 404);
    let wrong = hub.http.post("/api/v1/reports", &json!({ "kind": "day", "site": "nowhere", "at": now }));
    assert!(wrong.status == 400 && wrong.json()["detail"].as_str().unwrap().contains("cao-nguyen is accepted"));
    let future = hub.http.post("/api/v1/reports", &json!({ "kind": "day", "at": "2999-01-01T00:00:00Z" }));
    assert!(future.status == 400 && future.json()["detail"].as_str().unwrap().contains("not begun"));

    let folder = hub.stop();
    let (db, out) = (folder.path().join("hub.db").display().to_string(), folder.path().display().to_string());
    let made = run(&["report", "day", "--at", &now, "--db", &db, "--out", &out, "--province", "Huế"]);
    let shown = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(shown.lines().count(), 4, "{shown}");
    for path in shown.lines() {
        assert!(std::fs::metadata(path).unwrap().len() > 1_000, "{path}");
    }
}

#[test]
fn reports_are_scheduled_listed_and_ended_and_the_configuration_keeps_its_own() {
    let broker = Mosquitto::start();
    let hub = Hub::ready_with(&broker, |config| config.feeds.reports.scheduled = vec![ReportKind::Day]);
    hub.add(&Node::new("n1"));
    let ids = |listed: &Value| -> Vec<String> {
        let rows = listed["schedules"].as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = || hub.http.get("/api/v1/report-schedules");
    assert_eq!(ids(&all()), ["day-all", "day-each"]);
    assert_eq!(all()["schedules"][0]["set_by"], Value::Null);

    let post = |body: Value| hub.http.post("/api/v1/report-schedules", &body);
    let week = json!({ "kind": "week", "scope": "site", "site": "cao-nguyen" });
    let set = post(week.clone());
    assert_eq!(set.status, 201, "{}", String::from_utf8_lossy(&set.body));
    let set = set.json();
    assert_eq!(set["id"], "week-site-cao-nguyen");
    let moment = |name: &str| set[name].as_str().unwrap().parse::<domain::UtcTime>().unwrap().as_unix_micros();
    let (from, to, now) = (moment("next_from"), moment("next_to"), hub::clock::now().as_unix_micros());
    assert_eq!(to - from, 7 * 86_400_000_000, "{set}");
    assert!(from <= now && now < moment("next_at") && moment("next_at") - to == 120_000_000, "{set}");
    assert_eq!(set["is_late"], false);
    let again = post(week);
    assert_eq!((again.status, &again.json()["set_at"]), (200, &set["set_at"]));
    assert_eq!(post(json!({ "kind": "day", "scope": "all" })).json()["set_by"], Value::Null);
    for (body, told) in [
        (json!({ "kind": "quarter", "scope": "all" }), "half_year or year is accepted"),
        (json!({ "kind": "day", "scope": "some" }), "all, each or site is accepted"),
        (json!({ "kind": "day", "scope": "site" }), "takes one"),
        (json!({ "kind": "day", "scope": "all", "site": "cao-nguyen" }), "only the scope"),
        (json!({ "kind": "day", "scope": "site", "site": "nowhere" }), "\"nowhere\" is not known"),
    ] {
        let answer = post(body.clone());
        assert!(answer.status == 400 && answer.json()["detail"].as_str().unwrap().contains(told), "{body}");
    }
    assert_eq!(ids(&all()), ["day-all", "day-each", "week-site-cao-nguyen"]);

    // Whoever is of one site sets what is about that one, and sees what is made for each.
    let foreign = key_at(&hub, "another-site", &[Role::SystemAdmin]);
    let own = key_at(&hub, "cao-nguyen", &[Role::SystemAdmin]);
    let ask = |key: &str, method: &str, path: &str, body: &[u8]| {
        let headers = [("authorization", key), ("content-type", "application/json")];
        hub.http.send(method, path, &headers, body)
    };
    let (list, path) = ("/api/v1/report-schedules", "/api/v1/report-schedules/week-site-cao-nguyen");
    assert_eq!(ids(&ask(&foreign, "GET", list, b"").json()), ["day-each"]);
    assert_eq!(ids(&ask(&own, "GET", list, b"").json()), ["day-each", "week-site-cao-nguyen"]);
    assert_eq!(ask(&own, "POST", list, br#"{"kind":"week","scope":"all"}"#).status, 403);
    assert_eq!(ask(&foreign, "POST", list, br#"{"kind":"year","scope":"site","site":"cao-nguyen"}"#).status, 403);
    assert_eq!(ask(&foreign, "DELETE", path, b"").status, 404);
    assert_eq!(ask(&own, "DELETE", path, b"").status, 204);
    assert_eq!(hub.http.delete(path).status, 404);
    let kept = hub.http.delete("/api/v1/report-schedules/day-all");
    assert!(kept.status == 409 && kept.json()["detail"].as_str().unwrap().contains("[reports] scheduled"));
}

#[test]
fn what_is_scheduled_is_made_by_itself_and_not_again_when_it_was_deleted() {
    if !has_font() {
        return;
    }
    let broker = Mosquitto::start();
    let hub = Hub::ready_with(&broker, |config| config.feeds.reports.scheduled = vec![ReportKind::Day]);
    let made = || hub.http.get("/api/v1/reports")["reports"].as_array().unwrap().clone();
    let report = eventually("the report of yesterday", || made().into_iter().next());
    assert_eq!(
        (report["kind"].as_str(), report["made_by"].as_str(), &report["site"]),
        (Some("day"), Some(""), &Value::Null)
    );
    let path = report["documents"][0]["path"].as_str().unwrap();
    let pdf = hub.http.ask(path, &[]);
    assert!(pdf.header("content-disposition").starts_with("inline; filename="), "a browser shows it");
    assert_eq!(hub.http.delete(&format!("/api/v1/reports/{}", report["id"].as_str().unwrap())).status, 204);
    let late = hub.http.get("/api/v1/report-schedules")["schedules"][0]["is_late"].clone();
    assert_eq!(late, false, "what somebody deleted is missed by nobody");
}
