//! How many are inside, corrections beside a running hub, audited hours and incidents: from the event or the command line
//! to the figures.

use std::path::Path;
use std::process::Output;

use domain::incident::{CrowdingBegan, Tailgating};
use domain::passage::Shot;
use domain::{
    BoundingBox, CameraId, CountGroup, Direction, GateId, Incident, IncidentKind, LineId, MediaTime, ObjectClass,
    TrackId, UtcTime, ZoneId,
};
use serde_json::{Value, json};
use wire::event::WithEvidence;
use wire::{Channel, Payload};

use crate::support::Hub;
use crate::support::child::run;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A command beside the running hub, as an administrator types it.
fn command(folder: &Path, words: &str, more: &[&str]) -> Output {
    let db = folder.join("hub.db").display().to_string();
    let words: Vec<&str> = words.split(' ').chain(more.iter().copied()).chain(["--db", &db]).collect();
    run(&words)
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn incident(what: IncidentKind) -> Payload {
    let what = Incident {
        gate: GateId::new("cong-chinh").unwrap(),
        camera: CameraId::new("cam-1").unwrap(),
        at: hub::clock::now(),
        media: MediaTime::from_micros(1),
        what,
    };
    Payload::IncidentSeen(WithEvidence { what, evidence: vec![] })
}

#[test]
fn a_correction_beside_the_running_hub_shows_at_once_with_who_and_why() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let leaves = |node: &mut Node| node.says(passed(Direction::Out, ObjectClass::Person, hub::clock::now(), vec![]));
    let mut events = vec![leaves(&mut node), leaves(&mut node)];
    events.extend(node.passes(1));
    // In one minute who comes is taken to come first, whatever the order; so two minutes are two answers.
    publisher.publish(&node.topic(Channel::Event), events);
    publisher.wait_for_receipt(&node);
    let gate = hub.http.get("/api/v1/gates")["gates"][0].clone();
    let persons = &gate["occupancy"]["person"];
    let (count, unexplained) = (persons["count"].as_u64().unwrap(), persons["unexplained"].as_u64().unwrap());
    assert_eq!(1 + unexplained, 2 + count, "{persons}");
    assert_eq!((&persons["base"], &gate["occupancy"]["reset"]), (&json!("reset"), &json!("00:00")));

    let mut stream = hub.http.stream("/api/v1/stream", None);
    stream.until(|sent| sent.name == "node");
    let who = ["--by", "Trần Thị B", "--reason", "đếm lại ở bãi"];
    let place = "occupancy correct --site cao-nguyen --gate cong-chinh --to 12";
    let told = good(&command(hub.folder.path(), place, &who));
    assert!(told.contains("to 12\tby Trần Thị B\tđếm lại ở bãi"), "{told}");
    let gate = stream.until(|sent| sent.name == "gate" && sent.data["today"]["person"]["inside"] == 12);
    let correction = &gate.data["occupancy"]["person"]["correction"];
    assert_eq!((&correction["by"], &correction["before"]), (&json!("Trần Thị B"), &json!(count)));
    let list = hub.http.get("/api/v1/occupancy/corrections?site=cao-nguyen");
    assert_eq!(list["corrections"][0], *correction);
    // The site was not corrected.
    let areas = hub.http.get("/api/v1/occupancy");
    let named: Vec<_> = areas["areas"].as_array().unwrap().iter().map(|area| area["gate"].clone()).collect();
    assert_eq!(named, [Value::Null, json!("cong-chinh")]);
    assert_eq!(areas["areas"][0]["occupancy"]["person"]["base"], "reset");
    assert_eq!(areas["areas"][1]["before_reset"]["person"]["count"], 0);

    for (words, more, says) in [
        ("occupancy correct --site cao-nguyen --gate cong-phu --to 1", &who[..], "cong-chinh is accepted"),
        ("occupancy correct --site cao-nguyen --to -1", &who[..], "--to"),
        ("occupancy correct --site cao-nguyen --to 1 --by B", &[][..], "--reason"),
        ("occupancy reset --site cao-nguyen --time 25:00", &who[..], "00:00 to 23:59"),
    ] {
        let output = command(hub.folder.path(), words, more);
        let stderr = text(&output.stderr);
        assert!(!output.status.success() && stderr.contains(says), "{words}: {stderr}");
    }
    good(&command(hub.folder.path(), "occupancy reset --site cao-nguyen --time 04:00", &who));
    stream.until(|sent| sent.name == "site" && sent.data["occupancy"]["reset"] == "04:00");
    let history = good(&command(hub.folder.path(), "occupancy history", &[]));
    assert!(history.contains("to 12") && history.contains("begins anew at 04:00"), "{history}");
    let shown = good(&command(hub.folder.path(), "occupancy show --site cao-nguyen --gate cong-chinh", &[]));
    assert!(shown.contains("corrected to 12 by Trần Thị B") || shown.contains("reset of 04:00"), "{shown}");
}

/// The beginning of an hour that is over, so many hours ago.
fn hours_ago(hours: i64) -> UtcTime {
    let hour = (hub::clock::now().as_unix_minutes() / 60 - hours) * 60;
    UtcTime::from_unix_micros(hour * 60_000_000).unwrap()
}

#[test]
fn audited_hours_say_how_far_a_count_can_be_trusted() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut events = Vec::new();
    for hour in 1..=5 {
        for _ in 0..19 {
            events.push(node.says(passed(Direction::In, ObjectClass::Person, hours_ago(hour), vec![])));
        }
    }
    publisher.publish(&node.topic(Channel::Event), events);
    publisher.wait_for_receipt(&node);

    let line = "--site cao-nguyen --gate cong-chinh --line vach-1 --direction in";
    let hour = hours_ago(1).to_string();
    let add = format!("audit add {line} --hour {hour} --counted 20 --by D");
    let told = good(&command(hub.folder.path(), &add, &[]));
    assert!(told.contains("20 by hand, 19 by the machine"), "{told}");
    let of = |answer: &Value| {
        answer["counts"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(&hub.http.get("/api/v1/accuracy")), ["too_few", "too_few"]);

    let mut sheet = "site,gate,line,direction,group,hour,counted,by,note\n".to_owned();
    for hour in 2..=5 {
        let hour = hours_ago(hour);
        sheet.push_str(&format!("cao-nguyen,cong-chinh,vach-1,in,person,{hour},20,D,\n"));
    }
    let file = hub.folder.path().join("audit.csv");
    std::fs::write(&file, &sheet).unwrap();
    let file = file.display().to_string();
    assert_eq!(good(&command(hub.folder.path(), "audit import", &[&file])), "4 hours are entered\n");
    let accuracy = hub.http.get("/api/v1/accuracy?gate=cong-chinh");
    let gate = &accuracy["counts"][0];
    assert_eq!((&gate["line"], &gate["state"], &gate["hours"]), (&Value::Null, &json!("known"), &json!(5)));
    // Every hour missed one of twenty alike, so that only the limit of a hundred passages speaks: 3.69 of 100.
    assert_eq!((&gate["bias"], &gate["low"], &gate["high"]), (&json!(-0.05), &json!(-0.0869), &json!(-0.0131)));
    assert_eq!(accuracy["counts"][1]["line"], "vach-1");
    let hours = hub.http.get("/api/v1/audits");
    assert_eq!((hours["hours"].as_array().unwrap().len(), &hours["hours"][0]["by_machine"]), (5, &json!(19)));
    let list = good(&command(hub.folder.path(), "audit list", &[]));
    assert!(list.contains("error -5.0 % (95 %: -8.7 to -1.3 %) over 5 hours"), "{list}");

    std::fs::write(&file, sheet.replace("vach-1", "vach-9")).unwrap();
    let refused = command(hub.folder.path(), "audit import", &[&file]);
    let stderr = text(&refused.stderr);
    assert!(stderr.contains("4 mistakes") && stderr.contains("line 5: line: \"vach-9\""), "{stderr}");
    let future = hours_ago(-3).to_string();
    let refused = command(hub.folder.path(), &format!("audit add {line} --hour {future} --counted 2 --by D"), &[]);
    assert!(text(&refused.stderr).contains("is not over yet"), "{}", text(&refused.stderr));
}

#[test]
fn incidents_are_listed_and_streamed() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut stream = hub.http.stream("/api/v1/stream", None);
    stream.until(|sent| sent.name == "hello");
    let bbox = BoundingBox::new(0.25, 0.25, 0.5, 0.75).unwrap();
    let follower = Tailgating {
        line: LineId::new("vach-1").unwrap(),
        direction: Direction::In,
        class: ObjectClass::Motorbike,
        track: TrackId(2),
        ahead: TrackId(1),
        gap_ms: 400,
        shot: Shot { media: MediaTime::from_micros(1), bbox },
    };
    let zone = ZoneId::new("san").unwrap();
    let crowd = CrowdingBegan { zone, group: CountGroup::Person, count: 31, above: 30, since: hub::clock::now() };
    let events = [
        node.says(incident(IncidentKind::Tailgating(follower))),
        node.says(incident(IncidentKind::CrowdingBegan(crowd))),
    ];
    publisher.publish(&node.topic(Channel::Event), events);
    publisher.wait_for_receipt(&node);
    let live = stream.until(|sent| sent.name == "incident");
    assert_eq!((&live.data["incident"], &live.data["gap_ms"], live.id), (&json!("tailgating"), &json!(400), Some(1)));
    let list = hub.http.get("/api/v1/incidents?site=cao-nguyen");
    let kinds: Vec<_> = list["incidents"].as_array().unwrap().iter().map(|one| one["incident"].clone()).collect();
    assert_eq!(kinds, ["crowding_began", "tailgating"]);
    assert_eq!((&list["incidents"][1], &list["incidents"][0]["count"]), (&live.data, &json!(31)));
    let crowds = hub.http.get("/api/v1/incidents?kind=crowding_began");
    assert_eq!(crowds["incidents"].as_array().unwrap().len(), 1, "{crowds}");
    let mistake = hub.http.ask("/api/v1/incidents?kind=fire", &[]);
    assert_eq!(mistake.status, 400);
    assert!(mistake.json()["detail"].as_str().unwrap().contains("wrong_direction, tailgating"), "{}", mistake.json());
}
