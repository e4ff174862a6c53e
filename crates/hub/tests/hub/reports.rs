//! Reports over HTTP and by the command, held against what is in the store.

use std::io::{Cursor, Write};
use std::process::{Command, Stdio};

use calamine::{Data, Reader, Xlsx};
use domain::{Direction, ObjectClass};
use serde_json::json;
use wire::Channel;

use crate::support::Hub;
use crate::support::child::run;
use crate::support::http::Answer;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed};

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
