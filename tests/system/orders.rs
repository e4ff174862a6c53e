//! A guard's orders from the command line of the real hub, through a real Mosquitto, to a barrier; and what stands in the
//! log of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatehouse_tests::edge::{self, CAMERA, GATE, NODE, Plan};
use gatehouse_tests::hub::{self, Http, Hub};
use gatehouse_tests::process::{Outcome, Process};
use gatehouse_tests::rehearsal::{self, Car, CarPassage};
use gatehouse_tests::relay::Relay;
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use wire::access::{AccessDecided, AccessVerdict, GuardWord, LaneChange, LaneHappening};
use wire::{Event, Payload};

/// The lane knows nobody, so that whoever comes is referred to the guard.
const POLICY: &str = "policy = 1\nholders = [\"holders.csv\"]\nzone = [{ id = \"park\" }]\n\
    category = [{ id = \"worker\", zones = [\"park\"] }]\n\
    [[lane]]\nid = \"car-in\"\ndirection = \"in\"\nfrom = \"outside\"\nto = \"park\"\nmethods = [\"plate\"]\n\
    allow = [{ rule = \"workers\", categories = [\"worker\"], schedule = \"always\" }]\n\
    confidence_min = 0.5\npassage_sensor = \"absent\"\n\
    barrier = { fail = \"secure\", feedback = \"none\", pulse_ms = 300 }\n";
const HOLDERS: &str = "holder,name,kind,category,plates\ncar-2,Xe hai,vehicle,worker,51G-678.90\n";

/// A hub and a node with one lane, whose guard sits at the hub.
struct Post {
    site: Site,
    hub: Hub,
    http: Http,
    relay: Relay,
    node: Process,
    events: PathBuf,
}

impl Post {
    fn new() -> Self {
        let site = Site::new();
        let mut hub = site.hub();
        let http = hub.ready();
        let relay = Relay::start();
        let key = site.path("hub/policy.key").display().to_string();
        let made = hub::command(&site.hub_folder(), &["policy", "keygen", "--key", &key]);
        let trusted = made.stdout.lines().last().unwrap().to_owned();
        let log = site.path("edge/cars.jsonl");
        let stranger = Car { at: Duration::from_millis(500), plate: "75A33333", place: 0, passage: CarPassage::None };
        rehearsal::write_cars(&log, &[stranger], Duration::from_secs(3_600));
        let lane = format!(
            "[local]\nlisten = \"127.0.0.1:0\"\n[access]\npolicy = \"access.toml\"\n[policy]\nkeys = [\"{trusted}\"]\n[[lane]]\nid = \"car-in\"\n\
             camera = \"{CAMERA}\"\ngate = \"{GATE}\"\nline = \"line\"\n{}",
            relay.actuator()
        );
        let plan = Plan::new(&log, "rehearse", rehearsal::PROFILE).with_lanes(lane).with_hub(http.0);
        let config = site.plan(&plan, "node");
        std::fs::write(site.path("edge/access.toml"), POLICY).unwrap();
        std::fs::write(site.path("edge/holders.csv"), HOLDERS).unwrap();
        site.believe(&config);
        let events = site.path("edge/events.jsonl");
        let node = site.node(None, &config, &events);
        Self { site, hub, http, relay, node, events }
    }

    fn order(&self, action: &str, more: &[&str]) -> Outcome {
        let broker = format!("127.0.0.1:{}", self.site.broker.port);
        let key = self.site.path("hub/policy.key").display().to_string();
        let named = ["order", action, "--node", NODE, "--by", "Trần Thị B", "--broker", &broker, "--key", &key];
        hub::command(&self.site.hub_folder(), &[&named[..], more].concat())
    }

    fn must(&self, action: &str, more: &[&str]) -> String {
        let done = self.order(action, more);
        assert!(done.status.success(), "{action}: {}", done.stderr);
        done.stdout
    }

    /// The node's own page.
    fn page(&self) -> Http {
        let address = eventually("the node says where its page is", || {
            let text = self.node.stderr();
            let line = text.lines().find(|line| line.contains("the node's own page"))?;
            line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
        });
        Http(address, None)
    }

    fn changes(&self) -> Vec<LaneChange> {
        changes(&self.events)
    }

    /// Waits until the log tells of this, and gives who ordered it and why.
    fn told(&self, change: LaneHappening, cause: &str) -> GuardWord {
        let found = eventually(change.as_str(), || {
            self.changes().into_iter().find(|one| one.change == change && one.cause == cause)
        });
        found.guard.unwrap_or_else(|| panic!("{} {cause} names nobody", change.as_str()))
    }
}

fn changes(events: &Path) -> Vec<LaneChange> {
    let change = |event: Event| if let Payload::LaneChanged(change) = event.payload { Some(change) } else { None };
    edge::events(events).into_iter().filter_map(change).collect()
}

fn decisions(events: &Path) -> Vec<AccessDecided> {
    let decided =
        |event: Event| if let Payload::AccessDecided(decided) = event.payload { Some(decided.what) } else { None };
    edge::events(events).into_iter().filter_map(decided).collect()
}

#[test]
fn a_guard_at_the_hub_answers_a_referral_opens_holds_and_locks_down_and_stands_in_the_log() {
    let mut post = Post::new();
    let lane = ["--lane", "car-in", "--reason", "xe cứu thương"];
    let referred = eventually("the stranger is referred", || decisions(&post.events).first().cloned());
    assert_eq!(referred.verdict, AccessVerdict::Refer);
    // The node may still be on its way to the broker, and then says nothing.
    let answered = eventually("the node takes orders", || {
        let done = post.order("permit", &[&lane[..], &["--decision", &referred.number]].concat());
        done.status.success().then_some(done.stdout)
    });
    eventually("the barrier opens", || (post.relay.opened().len() == 1).then_some(()));
    let decided = eventually("the guard's decision", || decisions(&post.events).get(1).cloned());
    assert!(answered.contains(&format!("decision {}", decided.number)), "{answered}");
    assert_eq!((decided.verdict, decided.reason.as_str()), (AccessVerdict::Permit, "override"));
    assert_eq!(decided.guard.map(|word| (word.name, word.reason)), Some(("Trần Thị B".into(), "xe cứu thương".into())));
    assert_eq!(decided.plate.map(|plate| plate.key).as_deref(), Some("75A33333"), "it was about the car that waits");

    let twice = post.order("permit", &[&lane[..], &["--decision", &referred.number]].concat());
    assert!(!twice.status.success() && twice.stderr.contains("does not wait"), "{}", twice.stderr);
    assert_eq!(post.told(LaneHappening::Ignored, "not-waiting").name, "Trần Thị B");

    post.must("open", &lane);
    assert_eq!(post.told(LaneHappening::Ordered, "open").reason, "xe cứu thương");
    eventually("the barrier opens again", || (post.relay.opened().len() == 2).then_some(()));
    post.must("lock-down", &["--reason", "báo động"]);
    assert_eq!(post.told(LaneHappening::LockedDown, "lock-down").reason, "báo động");
    let page = post.page();
    let shown = page.get("/api/v1/status")["lanes"][0].clone();
    assert_eq!((&shown["lane"], &shown["state"]), (&"car-in".into(), &"locked_down".into()), "{shown}");
    assert_eq!(
        (&shown["last_order"]["order"], &shown["last_order"]["by"]),
        (&"lock-down".into(), &"Trần Thị B".into())
    );
    assert_eq!(shown["last_decision"]["verdict"], "permit");
    let metrics = String::from_utf8(page.ask("/metrics").unwrap().1).unwrap();
    assert!(metrics.contains("gatehouse_lane_state{lane=\"car-in\",state=\"locked_down\"} 1"), "{metrics}");
    assert!(metrics.contains("gatehouse_lane_orders_total{lane=\"car-in\",outcome=\"refused\"} 1"), "{metrics}");
    post.must("open", &lane);
    eventually("nothing opens now", || {
        post.changes()
            .iter()
            .any(|one| one.change == LaneHappening::Ignored && one.cause == "locked-down")
            .then_some(())
    });
    post.must("release", &["--reason", "hết báo động"]);
    assert_eq!(post.told(LaneHappening::LockDownEnded, "lock-down").reason, "hết báo động");
    post.must("hold", &lane);
    assert_eq!(post.told(LaneHappening::Held, "guard").name, "Trần Thị B");
    assert_eq!(post.relay.opened().len(), 2);

    let nowhere = post.order("open", &["--lane", "car-out", "--reason", "x"]);
    assert!(nowhere.stderr.contains("has no lane \"car-out\""), "{}", nowhere.stderr);
    post.told(LaneHappening::Ignored, "unknown-lane");
    let all = edge::events(&post.events).len();
    post.http.wait_committed(NODE, u64::try_from(all).unwrap());
    let listed = post.http.list("/api/v1/decisions?lane=car-in", "decisions");
    assert!(listed.iter().any(|one| one["reason"] == "override"), "{listed:?}");
    post.node.terminate();
    post.hub.process.terminate();
}

#[test]
fn who_gives_an_order_that_nobody_takes_is_told_so() {
    let mut post = Post::new();
    eventually("the node takes orders", || {
        post.order("close", &["--lane", "car-in", "--reason", "thử"]).status.success().then_some(())
    });
    // A key that this node does not know.
    let other = post.site.path("hub/other.key").display().to_string();
    hub::command(&post.site.hub_folder(), &["policy", "keygen", "--key", &other]);
    let broker = format!("127.0.0.1:{}", post.site.broker.port);
    let named = ["order", "open", "--node", NODE, "--lane", "car-in", "--by", "Ai đó", "--reason", "x"];
    let more = ["--broker", broker.as_str(), "--key", &other, "--good-for", "1"];
    let stranger = hub::command(&post.site.hub_folder(), &[&named[..], &more].concat());
    assert!(!stranger.status.success() && stranger.stderr.contains("has not answered"), "{}", stranger.stderr);
    let unknown = post.order("open", &["--lane", "car-in"]);
    assert!(unknown.stderr.contains("--reason"), "{}", unknown.stderr);
    let everywhere = post.order("open", &["--reason", "x"]);
    assert!(everywhere.stderr.contains("no usable lane"), "{}", everywhere.stderr);
    post.node.terminate();
    let away = post.order("open", &["--lane", "car-in", "--reason", "x"]);
    assert!(!away.status.success() && away.stderr.contains("does not listen"), "{}", away.stderr);
    assert!(post.relay.opened().is_empty());
}
