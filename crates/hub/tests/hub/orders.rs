//! Guards' orders through the API: a real broker, and a node that hears, checks and answers as the real one does.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use domain::SiteId;
use hub::accounts::{By, Grant, Grants, NewAccount, Order, Role, account_make};
use hub::policy::OrderKeyFile;
use hub::{BrokerConfig, Secret, clock};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::{Value, json};
use store::{LogActor, LogEntry, NewOrder, OrderNoted, OrderRate};
use tokio::runtime::Runtime;
use wire::order::OrderOutcome;
use wire::policy::TrustedKeys;
use wire::{
    Channel, LaneChange, LaneHappening, LaneName, LaneOrder, OrderAction, OrderAnswer, OrderId, OrderKey, Payload,
};

use crate::access::{SignedIn, make, sign_in};
use crate::support::http::Answer;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};
use crate::support::{Hub, PATIENCE, eventually, free_port};

const PASSWORD: &str = "con bò vàng gặm cỏ";

/// What a node answers; nothing where it says nothing.
type Say = Box<dyn Fn(&LaneOrder) -> Option<(OrderOutcome, &'static str)> + Send>;

/// A node that hears orders, believes those of its key, and answers.
struct Lanes {
    heard: Arc<Mutex<Vec<LaneOrder>>>,
    _runtime: Runtime,
}

impl Lanes {
    fn start(broker: &Mosquitto, node: &Node, key: &OrderKey, say: Say) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut options = MqttOptions::new(format!("lanes-{}", free_port()), "127.0.0.1", broker.port);
        options.set_clean_start(true);
        let (client, mut events) = AsyncClient::new(options, 64);
        let heard = Arc::<Mutex<Vec<LaneOrder>>>::default();
        let (seen, ready) = (Arc::clone(&heard), channel());
        let (orders, answers) = (node.topic(Channel::Order), node.topic(Channel::Answer));
        let (site, name, own) = (node.site.clone(), node.node.clone(), node.key.clone());
        let trusted = TrustedKeys::new(vec![key.public()]).unwrap();
        runtime.spawn(async move {
            client.subscribe(orders, QoS::AtLeastOnce).await.unwrap();
            while let Ok(event) = events.poll().await {
                let Event::Incoming(packet) = event else { continue };
                if let Packet::SubAck(_) = &packet {
                    ready.0.send(()).unwrap();
                } else if let Packet::Publish(message) = packet {
                    let Ok(order) = LaneOrder::open(&message.payload, &trusted, &site, &name) else { continue };
                    assert!(order.time_left(clock::now()).is_ok(), "a node would refuse it");
                    seen.lock().unwrap().push(order.clone());
                    let said = tokio::task::block_in_place(|| say(&order));
                    let Some((outcome, reason)) = said else { continue };
                    let (site, node, reason) = (site.clone(), name.clone(), reason.to_owned());
                    let decision = order.answers.is_some().then(|| "1.8".to_owned());
                    let at = clock::now();
                    let answer = OrderAnswer { order: order.id, site, node, outcome, reason, decision, at };
                    client.publish(&answers, QoS::AtLeastOnce, false, answer.seal(&own)).await.unwrap();
                }
            }
        });
        ready.1.recv_timeout(PATIENCE).expect("the broker lets it hear");
        Self { heard, _runtime: runtime }
    }

    fn heard(&self) -> Vec<LaneOrder> {
        self.heard.lock().unwrap().clone()
    }
}

fn given() -> Say {
    Box::new(|_| Some((OrderOutcome::Given, "")))
}

/// A hub with an order key, a node of its site, and a guard there.
struct Desk {
    hub: Hub,
    broker: Mosquitto,
    key: OrderKey,
    node: Node,
    guard: SignedIn,
}

impl Desk {
    fn new() -> Self {
        let broker = Mosquitto::start();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("order.key");
        let key = OrderKeyFile::create(&path).unwrap();
        let hub = Hub::start_in(folder, broker.config(), |config| config.signing.order_key = Some(path));
        hub.wait_until_ready();
        let node = Node::new("n1");
        hub.add(&node);
        let new = NewAccount {
            name: "lan".to_owned(),
            display_name: "Trần Thị Lan".to_owned(),
            language: "vi".to_owned(),
            password: Some(Secret::new(PASSWORD)),
            must_change_password: false,
            external_id: None,
            grants: Grants::new([Grant { role: Role::GateOperator, sites: vec!["cao-nguyen".to_owned()] }]).unwrap(),
        };
        hub.runtime.block_on(account_make(&hub.handle.store, new, Order::Later, &By::program("tests"))).unwrap();
        let guard = sign_in(&hub, "lan");
        Self { hub, broker, key, node, guard }
    }

    fn lanes(&self, say: Say) -> Lanes {
        Lanes::start(&self.broker, &self.node, &self.key, say)
    }

    fn order(&self, key: &str, body: &Value) -> Answer {
        post(&self.hub, &self.guard, key, body)
    }

    fn listed(&self) -> Vec<Value> {
        let answer = self.hub.http.send("GET", "/api/v1/orders", &self.guard.headers(), b"");
        answer.json()["orders"].as_array().unwrap().clone()
    }

    /// The audit log of orders, the oldest first: what was done and how it ended.
    fn audited(&self) -> Vec<(String, String)> {
        let filter =
            store::AuditLogFilter { action: Some("order.".to_owned()), limit: 100, ..store::AuditLogFilter::default() };
        let rows = self.hub.runtime.block_on(self.hub.handle.store.audit_log(&filter)).unwrap();
        rows.into_iter().rev().map(|row| (row.action, row.outcome)).collect()
    }
}

fn post(hub: &Hub, who: &SignedIn, key: &str, body: &Value) -> Answer {
    let named = [("content-type", "application/json"), ("idempotency-key", key)];
    let named = if key.is_empty() { &named[..1] } else { &named[..] };
    hub.http.send("POST", "/api/v1/orders", &[&who.headers()[..], named].concat(), body.to_string().as_bytes())
}

fn open() -> Value {
    json!({"node": "n1", "lane": "car-in", "action": "open", "reason": "xe cứu thương"})
}

fn problem(answer: &Answer) -> (u16, String, String) {
    let said = answer.json();
    let kind = said["type"].as_str().unwrap_or("").rsplit(':').next().unwrap().to_owned();
    (answer.status, kind, said["detail"].as_str().unwrap_or_default().to_owned())
}

fn pair(action: &str, outcome: &str) -> (String, String) {
    (action.to_owned(), outcome.to_owned())
}

#[test]
fn an_order_is_written_down_before_it_is_sent_and_its_answer_is_told() {
    let desk = Desk::new();
    let (arrived, may_answer): (Sender<()>, Receiver<()>) = channel();
    let (came, comes) = channel();
    let may_answer = Mutex::new(may_answer);
    let lanes = desk.lanes(Box::new(move |order| {
        came.send(order.clone()).unwrap();
        may_answer.lock().unwrap().recv_timeout(PATIENCE).unwrap();
        Some((OrderOutcome::Given, ""))
    }));
    std::thread::scope(|threads| {
        let asked = threads.spawn(|| desk.order("k-1", &open()));
        let order = comes.recv_timeout(PATIENCE).expect("the node hears it");
        // It is at the barrier now, and stands in both logs already.
        assert_eq!(desk.audited(), [pair("order.open", "to_be_sent")]);
        assert_eq!(desk.listed()[0]["state"], "under_way");
        assert_eq!((order.by.as_str(), order.reason.as_str()), ("Trần Thị Lan (lan)", "xe cứu thương"));
        assert_eq!((order.action, order.not_after.since(order.issued_at).as_secs()), (OrderAction::Open, 10));
        arrived.send(()).unwrap();
        let answer = asked.join().unwrap();
        assert_eq!((answer.status, &answer.json()["state"]), (201, &json!("given")));
    });
    assert_eq!(desk.audited(), [pair("order.open", "to_be_sent"), pair("order.open", "given")]);
    let listed = desk.listed();
    let one = &listed[0];
    assert_eq!((&one["by"], &one["reason"]), (&json!("Trần Thị Lan (lan)"), &json!("xe cứu thương")));
    assert!(
        one["answered_at"].is_string()
            && one["site"] == "cao-nguyen"
            && one["account"] == desk.guard.session["account"]["id"]
    );
    assert_eq!((listed.len(), lanes.heard().len()), (1, 1));
}

#[test]
fn the_same_idempotency_key_sends_one_order_and_another_content_is_refused() {
    let desk = Desk::new();
    let lanes = desk.lanes(given());
    let statuses: Vec<u16> = std::thread::scope(|threads| {
        let asked: Vec<_> = (0..4).map(|_| threads.spawn(|| desk.order("k-1", &open()).status)).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3, "{statuses:?}");
    let again = desk.order("k-1", &open());
    assert_eq!(
        (again.status, again.header("idempotency-replayed"), &again.json()["state"]),
        (200, "true", &json!("given"))
    );
    let mut other = open();
    other["lane"] = json!("car-out");
    assert_eq!(problem(&desk.order("k-1", &other)).1, "idempotency_key_reused");
    assert_eq!(problem(&desk.order("", &open())).1, "idempotency_key_needed");
    assert_eq!(lanes.heard().len(), 1);
    assert_eq!(desk.order("k-2", &other).status, 201);
    assert_eq!(lanes.heard().len(), 2);
}

#[test]
fn what_a_node_refuses_does_not_answer_or_never_hears_is_told_as_it_is() {
    let desk = Desk::new();
    let away = desk.order("k-0", &open());
    assert_eq!((away.status, &away.json()["state"]), (201, &json!("not_given")));
    assert!(away.json()["detail"].as_str().unwrap().contains("does not listen"), "{}", away.json());
    let lanes = desk.lanes(Box::new(|order| match order.action {
        OrderAction::Open => Some((OrderOutcome::Refused, "this node has no lane \"car-in\"")),
        OrderAction::Permit | OrderAction::Refuse => Some((OrderOutcome::Given, "")),
        OrderAction::Hold | OrderAction::Close | OrderAction::LockDown | OrderAction::Release => None,
    }));
    let refused = desk.order("k-1", &open()).json();
    assert_eq!(
        (&refused["state"], &refused["detail"]),
        (&json!("refused"), &json!("this node has no lane \"car-in\""))
    );
    let permit = json!({"node": "n1", "lane": "car-in", "action": "permit", "answers": "1.7", "reason": "khách"});
    assert_eq!(desk.order("k-2", &permit).json()["decision"], "1.8");
    let refuse =
        json!({"node": "n1", "lane": "car-in", "action": "refuse", "answers": "1.9", "reason": "không có thẻ"});
    assert_eq!(desk.order("k-3", &refuse).json()["state"], "given");
    // All lanes of the node.
    let lock = json!({"node": "n1", "action": "lock_down", "reason": "báo động", "good_for_s": 1});
    let silent = desk.order("k-4", &lock).json();
    assert_eq!((&silent["state"], &silent["lane"]), (&json!("silent"), &Value::Null));
    assert!(silent["detail"].as_str().unwrap().contains("may have carried the order out"), "{silent}");
    assert_eq!(lanes.heard().len(), 4);
    let states: Vec<_> = desk.listed().iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["silent", "given", "given", "refused", "not_given"]);
    let page = |path: &str| desk.hub.http.send("GET", path, &desk.guard.headers(), b"").json();
    let first = page("/api/v1/orders?limit=3");
    let second = page(&format!("/api/v1/orders?limit=3&before={}", first["next"].as_str().unwrap()));
    assert_eq!((second["orders"].as_array().unwrap().len(), &second["next"]), (2, &Value::Null));
    assert_eq!(page("/api/v1/orders?lane=car-out")["orders"].as_array().unwrap().len(), 1, "an order for all lanes");

    // An order that the hub lost sight of: it says that it does not know.
    let past = domain::UtcTime::from_unix_micros(clock::now().as_unix_micros() - 120_000_000).unwrap();
    let lost = LaneOrder {
        id: OrderId::from_random([9; 16]),
        issued_at: past,
        not_after: past.saturating_add(std::time::Duration::from_secs(10)),
        ..lanes.heard()[0].clone()
    };
    let entry = LogEntry {
        at: past,
        actor: LogActor { kind: "account", id: "x".to_owned(), name: "x".to_owned() },
        address: String::new(),
        action: "order.open".to_owned(),
        site: None,
        subject: String::new(),
        purpose: None,
        outcome: "to_be_sent".to_owned(),
    };
    let new = NewOrder { order: lost, account: "x".to_owned(), request_key: "x".to_owned() };
    let rate = OrderRate { orders: 1, within: std::time::Duration::from_secs(1) };
    let noted = desk.hub.runtime.block_on(desk.hub.handle.store.order_begin(&new, rate, &entry)).unwrap();
    assert_eq!((noted, &desk.listed()[5]["state"]), (OrderNoted::New, &json!("unknown")));

    drop(lanes);
    let Desk { hub, broker, guard, .. } = desk;
    drop(broker);
    let unreachable = post(&hub, &guard, "k-5", &open());
    assert_eq!((unreachable.status, &unreachable.json()["state"]), (201, &json!("not_given")));
    let detail = unreachable.json()["detail"].to_string();
    assert!(detail.contains("cannot reach its broker") && !detail.contains("127.0.0.1"), "{detail}");
}

#[test]
fn what_is_wrong_with_an_order_is_named_and_nothing_is_sent() {
    let desk = Desk::new();
    let lanes = desk.lanes(given());
    for (change, starts) in [
        (json!({"reason": "  "}), "reason: "),
        (json!({"reason": "x".repeat(501)}), "reason: "),
        (json!({"reason": "a\nb"}), "reason: "),
        (json!({"lane": null}), "lane: "),
        (json!({"answers": "1.7"}), "answers: "),
        (json!({"action": "refuse"}), "answers: "),
        (json!({"action": "explode"}), "cannot read the content: "),
        (json!({"good_for_s": 0}), "good_for_s: "),
        (json!({"good_for_s": 61}), "good_for_s: "),
        (json!({"colour": "red"}), "cannot read the content: "),
    ] {
        let mut body = open();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, _, detail) = problem(&desk.order("k", &body));
        assert!(status == 400 && detail.starts_with(starts), "{change}: {status} {detail}");
    }
    assert_eq!(problem(&desk.order(&"k".repeat(101), &open())).0, 400);
    assert!(lanes.heard().is_empty() && desk.listed().is_empty() && desk.audited().is_empty());
}

#[test]
fn nobody_orders_at_a_foreign_site_with_a_key_at_a_revoked_node_or_too_often() {
    let desk = Desk::new();
    let lanes = desk.lanes(given());
    let foreign = Node { site: SiteId::new("foreign-site").unwrap(), ..Node::new("foreign-n") };
    desk.hub.add(&foreign);
    let abroad = Lanes::start(&desk.broker, &foreign, &desk.key, given());
    for node in ["foreign-n", "nobody"] {
        let mut body = open();
        body["node"] = json!(node);
        assert_eq!(problem(&desk.order("k-1", &body)).0, 404, "{node}");
    }
    make(
        &desk.hub,
        "an",
        Grants::new([Grant { role: Role::GateOperator, sites: vec!["foreign-site".to_owned()] }]).unwrap(),
    );
    let stranger = sign_in(&desk.hub, "an");
    assert_eq!(post(&desk.hub, &stranger, "k-1", &open()).status, 404);
    let json = [("content-type", "application/json"), ("idempotency-key", "k-1")];
    let by_key = desk.hub.http.send("POST", "/api/v1/orders", &json, open().to_string().as_bytes());
    assert!(by_key.status == 403 && problem(&by_key).2.contains("persons"), "{}", problem(&by_key).2);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::GateOperator) {
        make(&desk.hub, role.as_str(), Grants::everywhere([role]));
        let who = sign_in(&desk.hub, role.as_str());
        assert_eq!(post(&desk.hub, &who, "k-1", &open()).status, 403, "{role}");
    }
    assert!(lanes.heard().is_empty() && abroad.heard().is_empty());

    let statuses: Vec<u16> = (0..11).map(|number| desk.order(&format!("n-{number}"), &open()).status).collect();
    assert_eq!((statuses.iter().filter(|status| **status == 201).count(), statuses[10]), (10, 429), "{statuses:?}");
    let mut close = open();
    close["action"] = json!("close");
    assert_eq!(desk.order("c-1", &close).status, 201, "who opened too often still closes");
    let seen = desk.hub.http.send("GET", "/api/v1/orders", &stranger.headers(), b"").json();
    assert_eq!(seen["orders"], json!([]), "orders of another site");

    let gone = store::Revocation {
        node: "n1".parse().unwrap(),
        at: clock::now(),
        by: "test".to_owned(),
        reason: "bị tháo mất".to_owned(),
    };
    desk.hub.runtime.block_on(desk.hub.handle.store.node_revoke(&gone)).unwrap();
    assert_eq!(problem(&desk.order("r-1", &close)).1, "node_revoked");
    eventually("all that was sent was heard", || (lanes.heard().len() == 11).then_some(()));
}

#[test]
fn a_hub_without_an_order_key_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.key");
    hub::policy::PolicyKeyFile::create(&path).unwrap();
    let hub = Hub::start_in(folder, BrokerConfig::new("127.0.0.1", free_port()), |config| {
        config.signing.policy_key = Some(path);
    });
    hub.add(&Node::new("n1"));
    make(&hub, "lan", Grants::everywhere([Role::GateOperator]));
    let guard = sign_in(&hub, "lan");
    let (status, kind, detail) = problem(&post(&hub, &guard, "k-1", &open()));
    assert_eq!((status, kind.as_str()), (501, "no_order_key"), "who may publish policies does not open barriers by it");
    assert!(detail.contains("order-key keygen") && detail.contains("order_keys"), "{detail}");
}

fn happened(lane: &str, change: LaneHappening) -> Payload {
    Payload::LaneChanged(LaneChange {
        lane: LaneName::new(lane).unwrap(),
        gate: None,
        change,
        cause: String::new(),
        decision: None,
        guard: None,
        detail: String::new(),
    })
}

#[test]
fn lanes_stand_as_their_nodes_told_last_and_only_those_of_ones_sites_are_shown() {
    let mut desk = Desk::new();
    let publisher = Publisher::connect(desk.broker.port);
    let mut foreign = Node { site: SiteId::new("foreign-site").unwrap(), ..Node::new("foreign-n") };
    desk.hub.add(&foreign);
    let abroad = foreign.says(happened("foreign-lane", LaneHappening::LockedDown));
    publisher.publish(&foreign.topic(Channel::Event), [abroad]);
    publisher.wait_for_receipt(&foreign);
    let what = crate::decisions::decided("car-out", wire::AccessVerdict::Deny, "listed");
    let told = [
        Payload::AccessDecided(wire::event::WithEvidence { what, evidence: vec![] }),
        happened("car-in", LaneHappening::Held),
        happened("car-in", LaneHappening::LockedDown),
        happened("car-in", LaneHappening::Closed),
        happened("car-in", LaneHappening::SeenClosed),
        happened("door", LaneHappening::LockedDown),
        happened("door", LaneHappening::Fire),
        happened("door", LaneHappening::LockDownEnded),
    ];
    let told: Vec<_> = told.into_iter().map(|payload| desk.node.says(payload)).collect();
    publisher.publish(&desk.node.topic(Channel::Event), told);
    publisher.wait_for_receipt(&desk.node);
    let answer = desk.hub.http.send("GET", "/api/v1/lanes", &desk.guard.headers(), b"").json();
    assert_eq!(answer["takes_orders"], true);
    let lanes: Vec<_> = answer["lanes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lane| {
            let is = |field: &str| lane[field].as_bool().unwrap();
            (
                lane["lane"].as_str().unwrap().to_owned(),
                is("locked_down"),
                is("held"),
                is("fire"),
                lane["contact"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [
        ("car-in", true, false, false, "closed"),
        ("car-out", false, false, false, "unknown"),
        ("door", false, false, true, "unknown"),
    ];
    assert_eq!(
        lanes,
        expected.map(|(lane, locked, held, fire, contact)| (lane.to_owned(), locked, held, fire, contact.to_owned()))
    );
    assert_eq!(answer["lanes"][1]["gate"], "cong-chinh");
}

#[test]
fn a_guard_s_call_for_help_is_one_alert_until_somebody_takes_it_on() {
    let desk = Desk::new();
    let mut stream = desk.hub.http.stream("/api/v1/stream", None);
    stream.until(|sent| sent.name == "hello");
    let json = [&desk.guard.headers()[..], &[("content-type", "application/json")]].concat();
    let call = |node: &str, reason: &str| {
        let body = json!({"node": node, "lane": "car-in", "reason": reason}).to_string();
        desk.hub.http.send("POST", "/api/v1/alerts", &json, body.as_bytes())
    };
    // No node is connected, and none is needed.
    let first = call("n1", " có người gây rối ");
    assert_eq!(first.status, 201);
    let told = stream.until(|sent| sent.name == "alert").data;
    assert_eq!(
        (&told["kind"], &told["subject"], &told["detail"]),
        (&json!("help_wanted"), &json!("car-in"), &json!("có người gây rối"))
    );
    assert_eq!((&told["state"], &told["event"]), (&json!("open"), &Value::Null));
    assert_eq!(call("n1", "nhanh lên").json()["id"], first.json()["id"], "one at a time");
    let close = format!("/api/v1/alerts/{}/acknowledge", first.json()["id"].as_str().unwrap());
    assert_eq!(desk.hub.http.send("POST", &close, &json, b"{}").status, 200);
    assert_ne!(call("n1", "lại nữa").json()["id"], first.json()["id"]);
    for (node, reason, status) in [("n1", "", 400), ("n1", "a\nb", 400), ("nobody", "x", 404)] {
        assert_eq!(call(node, reason).status, status, "{node} {reason}");
    }
    let foreign = Node { site: SiteId::new("foreign-site").unwrap(), ..Node::new("foreign-n") };
    desk.hub.add(&foreign);
    assert_eq!(call("foreign-n", "x").status, 404);
    // A rebuild leaves what no event raised.
    desk.hub.runtime.block_on(desk.hub.handle.store.rebuild()).unwrap();
    let listed = desk.hub.http.get("/api/v1/alerts?kind=help_wanted")["alerts"].as_array().unwrap().len();
    assert_eq!(listed, 2);
}
