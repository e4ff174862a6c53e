//! Decisions at a lane with the real node: plates come from a rehearsal, the barrier is a relay over HTTP.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gatehouse_tests::edge::{self, CAMERA, GATE, NODE, Plan, SITE};
use gatehouse_tests::hub;
use gatehouse_tests::process::Process;
use gatehouse_tests::rehearsal::{self, Car, CarPassage, PLACES};
use gatehouse_tests::relay::Relay;
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use tempfile::TempDir;
use wire::access::{AccessDecided, AccessVerdict, LaneChange, LaneHappening};
use wire::{Event, Payload};

/// A car that may pass, another one, one whose time is over, one that must not, and one that nobody knows.
const LISTED: &str = "30A12345";
const SECOND: &str = "51G67890";
const EXPIRED: &str = "29A11111";
const DENIED: &str = "43A22222";
const STRANGER: &str = "75A33333";

/// How long after a plate was seen a barrier may still open.
const DEADLINE: Duration = Duration::from_millis(3_000);

/// After so long a revoked plate must not open anything any more, on a node that is connected.
const REVOKED_MAX: Duration = Duration::from_secs(5);

const HOLDERS: &str = "holder,name,kind,category,plates,valid_from,valid_to\n\
    car-1,Xe một,vehicle,worker,30A-123.45,,\n\
    car-2,Xe hai,vehicle,worker,51G-678.90,,\n\
    car-3,Xe ba,vehicle,worker,29A-111.11,2020-01-01,2020-12-31\n";

fn policy(anti_passback: &str, sensor: &str, holders: &str) -> String {
    format!(
        "policy = 1\nholders = [\"{holders}\"]\n\
         deny = [{{ plate = \"43A-222.22\", reason = \"mất cắp\" }}]\n\
         zone = [{{ id = \"park\", anti_passback = \"{anti_passback}\" }}]\n\
         category = [{{ id = \"worker\", zones = [\"park\"] }}]\n\
         [[lane]]\nid = \"car-in\"\ndirection = \"in\"\nfrom = \"outside\"\nto = \"park\"\nmethods = [\"plate\"]\n\
         allow = [{{ rule = \"workers\", categories = [\"worker\"], schedule = \"always\" }}]\n\
         confidence_min = 0.5\npassage_sensor = \"{sensor}\"\ndeadline_ms = {}\npermit_for_s = 60\n\
         barrier = {{ fail = \"secure\", feedback = \"none\", pulse_ms = 300 }}\n",
        DEADLINE.as_millis()
    )
}

/// The lane of a node's configuration.
fn lane(relay: &Relay, more: &str) -> String {
    format!(
        "[access]\npolicy = \"access.toml\"\n[[lane]]\nid = \"car-in\"\ncamera = \"{CAMERA}\"\ngate = \"{GATE}\"\n\
         line = \"line\"\n{}{more}",
        relay.actuator()
    )
}

fn car(at_ms: u64, plate: &'static str, place: usize, passage: CarPassage) -> Car {
    Car { at: Duration::from_millis(at_ms), plate, place, passage }
}

/// A node at a lane, without a hub.
struct Gate {
    folder: TempDir,
    relay: Relay,
    starts: usize,
}

impl Gate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("access.toml"), policy("hard", "present", "holders.csv")).unwrap();
        std::fs::write(folder.path().join("holders.csv"), HOLDERS).unwrap();
        Self { folder, relay: Relay::start(), starts: 0 }
    }

    /// Starts the node before these cars, with a memory that it has from before.
    fn start(&mut self, cars: &[Car]) -> (Process, PathBuf) {
        self.starts += 1;
        let log = self.folder.path().join(format!("cars-{}.jsonl", self.starts));
        rehearsal::write_cars(&log, cars, Duration::from_secs(3_600));
        let plan = Plan::new(&log, "rehearse", rehearsal::PROFILE).with_lanes(lane(&self.relay, ""));
        let config = plan.write(self.folder.path(), "node");
        let events = self.folder.path().join(format!("events-{}.jsonl", self.starts));
        (edge::run(None, &config, &[("--events", &events)]), events)
    }
}

fn decisions(events: &Path) -> Vec<(Event, AccessDecided)> {
    let decided = |event: Event| {
        let Payload::AccessDecided(decided) = event.payload.clone() else { return None };
        Some((event, decided.what))
    };
    edge::events(events).into_iter().filter_map(decided).collect()
}

fn changes(events: &Path) -> Vec<LaneChange> {
    let change = |event: Event| if let Payload::LaneChanged(change) = event.payload { Some(change) } else { None };
    edge::events(events).into_iter().filter_map(change).collect()
}

fn reasons(events: &Path) -> Vec<String> {
    decisions(events).iter().map(|(_, one)| format!("{} {}", one.verdict.as_str(), one.reason)).collect()
}

fn wait_for_decisions(events: &Path, count: usize) -> Vec<String> {
    eventually("the lane decides", || Some(reasons(events)).filter(|reasons| reasons.len() >= count))
}

#[test]
fn who_is_listed_is_let_in_once_and_nobody_else_and_every_decision_says_why() {
    let mut gate = Gate::new();
    let cars = [
        car(500, LISTED, 0, CarPassage::In),
        car(4_000, STRANGER, 1, CarPassage::None),
        car(5_000, EXPIRED, 2, CarPassage::None),
        car(6_000, DENIED, 3, CarPassage::None),
        // It is inside by now.
        car(7_000, LISTED, 4, CarPassage::None),
    ];
    let (mut node, events) = gate.start(&cars);
    let reasons = wait_for_decisions(&events, cars.len());
    assert_eq!((&reasons[0], &reasons[1]), (&"permit rule".to_owned(), &"refer unknown-credential".to_owned()));
    // Nobody vouches for the clock of every machine that runs this.
    assert!(["deny expired", "refer clock-untrusted"].contains(&reasons[2].as_str()), "{reasons:?}");
    assert_eq!((&reasons[3], &reasons[4]), (&"deny listed".to_owned(), &"deny already-inside".to_owned()));
    assert_eq!(gate.relay.opened().len(), 1, "{reasons:?}");
    node.terminate();

    let all = edge::events(&events);
    let (decided, what) = &decisions(&events)[0];
    let plate = what.plate.clone().expect("a plate led to it");
    let read = all.iter().find(|event| event.id == plate.event).expect("its event was told before");
    let Payload::PlateRead(read) = &read.payload else { panic!("{read:?}") };
    assert_eq!((plate.visit, plate.key.as_str()), (read.what.visit, LISTED));
    let took = decided.at.since(read.what.to);
    assert!(took < DEADLINE, "decided {took:?} after it was seen last");
    assert_eq!((what.subjects.clone(), what.rule.as_deref()), (vec!["holder:car-1".to_owned()], Some("workers")));
    assert!(what.trail.iter().any(|step| step.check == "anti-passback" && step.finding == "held"), "{what:?}");
    assert!(!serde_json::to_string(&what).unwrap().contains("Xe một"), "no names");
    let told: Vec<_> = changes(&events).iter().map(|change| (change.change, change.decision.clone())).collect();
    let number = Some(what.number.clone());
    assert_eq!(told, [(LaneHappening::Opened, number.clone()), (LaneHappening::Passed, number)]);
}

#[test]
fn a_power_cut_between_decision_and_passage_does_not_let_a_second_car_in_on_the_same_plate() {
    let mut gate = Gate::new();
    let (mut node, events) = gate.start(&[car(500, LISTED, 0, CarPassage::None)]);
    eventually("the barrier opens", || (gate.relay.opened().len() == 1).then_some(()));
    node.kill();
    assert_eq!(reasons(&events).first().map(String::as_str), Some("permit rule"), "told before the barrier moved");

    let cars = [car(500, LISTED, 0, CarPassage::None), car(2_000, SECOND, 1, CarPassage::In)];
    let (mut node, events) = gate.start(&cars);
    assert_eq!(wait_for_decisions(&events, 2), ["refer passage-unsettled", "permit rule"]);
    eventually("it goes in", || changes(&events).iter().any(|one| one.change == LaneHappening::Passed).then_some(()));
    node.kill();

    let (mut node, events) = gate.start(&[car(500, SECOND, 0, CarPassage::None)]);
    assert_eq!(wait_for_decisions(&events, 1), ["deny already-inside"]);
    assert_eq!(gate.relay.opened().len(), 2);
    let numbers: Vec<_> = decisions(&events).iter().map(|(_, one)| one.number.clone()).collect();
    assert_eq!(numbers, ["3.1"], "numbers of earlier runs are not used again");
    node.terminate();
}

#[test]
fn a_damaged_record_of_who_is_inside_permits_nobody_and_is_left_for_whoever_looks_into_it() {
    let mut gate = Gate::new();
    let (mut node, events) = gate.start(&[car(500, LISTED, 0, CarPassage::In)]);
    eventually("it goes in", || changes(&events).iter().any(|one| one.change == LaneHappening::Passed).then_some(()));
    node.kill();
    let journal = gate.folder.path().join("data/access/journal");
    let text = std::fs::read_to_string(&journal).unwrap();
    let damaged = text.replacen("car-1", "car-9", 1);
    assert_ne!(text, damaged);
    std::fs::write(&journal, &damaged).unwrap();
    let (mut node, events) = gate.start(&[car(500, SECOND, 0, CarPassage::None)]);
    assert_eq!(wait_for_decisions(&events, 1), ["refer state-lost"]);
    assert!(changes(&events).iter().any(|one| one.change == LaneHappening::AlarmRaised && one.cause == "state-lost"));
    assert_eq!((gate.relay.opened().len(), std::fs::read_to_string(&journal).unwrap()), (1, damaged));
    assert!(
        node.stderr().contains("access/journal\\\"") || node.stderr().contains("access/journal\""),
        "{}",
        node.stderr()
    );
    node.terminate();
}

#[test]
fn what_comes_too_late_to_the_barrier_opens_nothing() {
    let mut gate = Gate::new();
    gate.relay.fall_silent();
    // Both at once: the second waits behind the first, whose relay does not answer.
    let (mut node, events) =
        gate.start(&[car(500, LISTED, 0, CarPassage::None), car(500, SECOND, 1, CarPassage::None)]);
    assert_eq!(wait_for_decisions(&events, 2), ["permit rule", "permit rule"]);
    let failed = eventually("both are given up", || {
        let failed = |one: &LaneChange| one.change == LaneHappening::Failed;
        Some(changes(&events).into_iter().filter(failed).collect::<Vec<_>>()).filter(|failed| failed.len() == 2)
    });
    assert!(failed[1].detail.contains("too late"), "{failed:?}");
    assert_eq!(gate.relay.opened().len(), 1, "the second was never sent");
    node.terminate();
}

#[test]
fn a_holder_who_is_revoked_at_the_hub_is_refused_at_the_lane_within_five_seconds() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let relay = Relay::start();
    let key = site.path("hub/policy.key");
    let made = hub::command(&site.hub_folder(), &["policy", "keygen", "--key", key.to_str().unwrap()]);
    let trusted = made.stdout.lines().last().unwrap().to_owned();
    // The same car comes again and again.
    let cars: Vec<_> = (0..PLACES).map(|index| car(600 * index as u64, LISTED, index, CarPassage::None)).collect();
    let log = site.path("edge/cars.jsonl");
    rehearsal::write_cars(&log, &cars, Duration::from_millis(600));
    let lane = lane(&relay, &format!("[policy]\nkeys = [\"{trusted}\"]\n"));
    let plan = Plan::new(&log, "rehearse", rehearsal::PROFILE).with_lanes(lane).with_hub(http.0);
    let config = site.plan(&plan, "node");
    let own = "holder,name,kind,category,plates\ncar-2,Xe hai,vehicle,worker,51G-678.90\n";
    std::fs::write(site.path("edge/access.toml"), policy("off", "absent", "holders.csv")).unwrap();
    std::fs::write(site.path("edge/holders.csv"), own).unwrap();
    site.believe(&config);
    let events = site.path("edge/events.jsonl");
    let mut node = site.node(None, &config, &events);
    let publish = |holders: &str| {
        let folder = site.path("policy");
        std::fs::create_dir_all(folder.join("lists")).unwrap();
        std::fs::write(folder.join("access.toml"), policy("off", "absent", "lists/holders.csv")).unwrap();
        std::fs::write(folder.join("lists/holders.csv"), holders).unwrap();
        let (folder, key) = (folder.display().to_string(), key.display().to_string());
        let arguments = ["policy", "publish", "--site", SITE, "--folder", &folder, "--by", "Trần Thị B", "--key", &key];
        let began = Instant::now();
        let done = hub::command(&site.hub_folder(), &arguments);
        assert!(done.status.success(), "{}", done.stderr);
        began
    };
    let last = || decisions(&events).last().map(|(_, one)| (one.verdict, one.reason.clone()));
    let is = |verdict: AccessVerdict| last().is_some_and(|(last, _)| last == verdict).then_some(());
    eventually("nobody knows it", || is(AccessVerdict::Refer));
    let mut took = Vec::new();
    for _ in 0..3 {
        publish(HOLDERS);
        eventually("it is permitted", || is(AccessVerdict::Permit));
        let began = publish(own);
        eventually("it is refused", || is(AccessVerdict::Refer));
        took.push(began.elapsed());
    }
    eprintln!("refused at the lane after {took:?}, a car every 600 ms");
    assert!(took.iter().all(|took| *took < REVOKED_MAX), "it took {took:?}");

    // From the moment at which the node says that it works by the new policy, nobody is permitted by the old one.
    let all = edge::events(&events);
    let applied = all.iter().rposition(|event| matches!(event.payload, Payload::PolicyChanged(_)));
    let permits = |event: &Event| matches!(&event.payload, Payload::AccessDecided(one) if one.what.verdict == AccessVerdict::Permit);
    assert!(!all[applied.expect("a change is told")..].iter().any(permits), "the old policy lets nobody in any more");
    let opened = relay.opened().len();
    eventually("the hub has the decisions", || {
        let refused = http.list("/api/v1/decisions?verdict=refer&lane=car-in", "decisions");
        refused.iter().any(|one| one["reason"] == "unknown-credential" && one["node"] == NODE).then_some(())
    });
    let nodes = http.list("/api/v1/nodes", "nodes");
    assert_eq!(nodes[0]["policy"]["version"], 6, "{nodes:?}");
    let counts = http.list("/api/v1/decisions/counts", "rows");
    assert!(counts.iter().any(|row| row["verdict"] == "permit" && row["lane"] == "car-in"), "{counts:?}");
    // What does not fit this node's lane is refused as a whole, and what is in force stays.
    std::fs::write(
        site.path("policy/access.toml"),
        policy("off", "absent", "lists/holders.csv").replace("car-in", "other"),
    )
    .unwrap();
    let (folder, key) = (site.path("policy").display().to_string(), key.display().to_string());
    let arguments = ["policy", "publish", "--site", SITE, "--folder", &folder, "--by", "B", "--key", &key];
    assert!(hub::command(&site.hub_folder(), &arguments).status.success());
    eventually("the refusal is told", || (http.open_alarms(NODE) == ["policy_refused"]).then_some(()));
    assert_eq!((relay.opened().len(), last().map(|(verdict, _)| verdict)), (opened, Some(AccessVerdict::Refer)));
    node.terminate();
}
