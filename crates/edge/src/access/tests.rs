use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use ::access::GuardError;
use domain::UtcTime;
use tempfile::TempDir;
use wire::access::{AccessDecided, AccessVerdict, LaneChange, LaneHappening};
use wire::pass::{Escort, PassName, Uses};
use wire::{EventId, PassKey};

use super::*;
use crate::codes::Codes;
use crate::codes::tests::Picture;
use crate::config::lanes::{CameraLoss, LaneConfig, PassageLine};
use crate::watch::SinkError;

const PATIENCE: Duration = Duration::from_secs(30);

const POLICY: &str = r#"
    policy = 1
    holders = ["holders.csv"]
    zone = [{ id = "park", anti_passback = "hard" }]
    category = [{ id = "worker", zones = ["park"] }, { id = "visitor", zones = ["park"] }]
    [[lane]]
    id = "car-in"
    direction = "in"
    from = "outside"
    to = "park"
    methods = ["plate", "pass", "card"]
    allow = [{ rule = "all", categories = ["worker", "visitor"], schedule = "always" }]
    passage_sensor = "present"
    permit_for_s = 60
    deadline_ms = 10000
    barrier = { fail = "secure", feedback = "none", pulse_ms = 100 }
"#;

fn policy(holders: &str) -> Arc<AccessPolicy> {
    let head = "holder,name,kind,category,plates,cards\n";
    Arc::new(AccessPolicy::parse(POLICY, |_| Ok(format!("{head}{holders}"))).unwrap_or_else(|error| panic!("{error}")))
}

const CAR: &str = "car-1,Xe,vehicle,worker,30A-123.45,AB12\n";

/// A lane with a barrier that answers every request, and everything that was told.
struct Gate {
    folder: TempDir,
    requests: Arc<Mutex<Vec<String>>>,
    told: Arc<Mutex<Vec<Event>>>,
    is_full: Arc<AtomicBool>,
    access: Option<AccessThread>,
    clock: Arc<NodeClock>,
    lane: LaneConfig,
}

fn answer_everything(requests: Arc<Mutex<Vec<String>>>) -> std::net::SocketAddr {
    use std::io::{BufRead, BufReader, Write};
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            requests.lock().expect("no panic").push(path);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

impl Gate {
    fn new(holders: &str) -> Self {
        Self::with_clock(holders, NodeClock::start())
    }

    fn with_clock(holders: &str, clock: NodeClock) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let address = answer_everything(Arc::clone(&requests));
        let actuator = format!(
            "[actuator]\nkind = \"http\"\nopen = {{ url = \"http://{address}/open?timer={{s}}\" }}\n\
             hold = {{ url = \"http://{address}/hold\" }}\nclose = {{ url = \"http://{address}/close\" }}\n"
        );
        let actuator = actuate::ActuatorConfig::parse(&actuator).unwrap_or_else(|error| panic!("{error}"));
        let lane = LaneConfig {
            id: LaneId::new("car-in").expect("a lane"),
            camera: CameraId::new("cam-1").expect("a camera"),
            passage: Some(PassageLine {
                gate: GateId::new("main").expect("a gate"),
                line: LineId::new("line").expect("a line"),
            }),
            counted: Counted::Vehicle,
            camera_loss: None,
            actuator: Some(actuator),
        };
        let mut gate = Self {
            folder: tempfile::tempdir().expect("a folder"),
            requests,
            told: Arc::default(),
            is_full: Arc::default(),
            access: None,
            clock: Arc::new(clock),
            lane,
        };
        gate.start(holders);
        gate
    }

    fn start(&mut self, holders: &str) {
        let (told, is_full) = (Arc::clone(&self.told), Arc::clone(&self.is_full));
        let keep = move |events: &[Event]| {
            if is_full.load(Ordering::SeqCst) {
                return Err(SinkError { what: "the outbox is full".to_owned(), source: "full".into() });
            }
            told.lock().expect("no panic").extend_from_slice(events);
            Ok(())
        };
        let parts = AccessParts {
            site: SiteId::new("site").expect("a site"),
            folder: &self.folder.path().join("access"),
            policy: policy(holders),
            lanes: std::slice::from_ref(&self.lane),
            pass_keys: PassKeys::new(vec![PassKey::from_seed([3; 32]).public()]).expect("one key"),
            citizen_salt: Some(Salt::new([6; 32]).expect("long enough")),
            confusion: Arc::default(),
            clock: Arc::clone(&self.clock),
            nonce: [7; 16],
            keep: Box::new(keep),
        };
        self.access = Some(AccessThread::start(parts).expect("it starts"));
    }

    fn handle(&self) -> &AccessHandle {
        self.access.as_ref().expect("it runs").handle()
    }

    fn card(&self) {
        self.handle().show_card(self.lane.id.clone(), "AB:12", Instant::now());
    }

    /// A visitor's pass that is good from and to so many seconds from now.
    fn pass(&self, site: &str, from: i64, to: i64) -> Pass {
        let micros = self.clock.utc().as_unix_micros() / 1_000_000 * 1_000_000;
        let at = |seconds: i64| UtcTime::from_unix_micros(micros + seconds * 1_000_000).expect("a moment");
        Pass {
            id: wire::pass::PassId::new(at(0), [5; 10]),
            site: SiteId::new(site).expect("a site"),
            scope: Scope::OfCategory,
            not_before: at(from),
            not_after: at(to),
            uses: Uses::Many,
            escort: Escort::NotNeeded,
            category: PassName::new("visitor").expect("a name"),
        }
    }

    /// Holds codes before the lane's camera, one after the other.
    fn hold_up(&self, texts: &[&str]) {
        let (handle, lane) = (self.handle().clone(), self.lane.id.clone());
        let show = move |text: &str, seen| {
            handle.see_code(lane.clone(), text, seen);
        };
        let mut codes = Codes::start(self.lane.camera.clone(), show).expect("it starts");
        for (number, text) in (0..).zip(texts) {
            let now = domain::MonoTime::from_micros(number * 1_000_000);
            codes.offer_all(&Picture::of(text).view(), now, Instant::now());
        }
    }

    fn order(&self, kind: OrderKind) -> Result<OrderDone, OrderRefused> {
        let until = Instant::now() + PATIENCE;
        let (by, reason) = ("Hùng".to_owned(), "xe cứu thương".to_owned());
        self.handle().order(GuardOrder { lane: Some(self.lane.id.clone()), kind, by, reason, until })
    }

    fn decisions(&self) -> Vec<AccessDecided> {
        let told = self.told.lock().expect("no panic").clone();
        let decided =
            |event| if let Event { payload: Payload::AccessDecided(one), .. } = event { Some(one.what) } else { None };
        told.into_iter().filter_map(decided).collect()
    }

    fn changes(&self) -> Vec<LaneChange> {
        let told = self.told.lock().expect("no panic").clone();
        let change =
            |event| if let Event { payload: Payload::LaneChanged(one), .. } = event { Some(one) } else { None };
        told.into_iter().filter_map(change).collect()
    }

    fn until<T>(&self, what: &str, ask: impl Fn(&Self) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask(self) {
                return answer;
            }
            assert!(Instant::now() < end, "{what}: {:?} {:?}", self.decisions(), self.changes());
            std::thread::yield_now();
        }
    }

    fn decided(&self, count: usize) -> AccessDecided {
        self.until("a decision", |gate| gate.decisions().get(count - 1).cloned())
    }

    fn did(&self, change: LaneHappening) -> LaneChange {
        self.until(change.as_str(), |gate| gate.changes().into_iter().find(|one| one.change == change))
    }

    fn passage(&self) {
        let text = r#"{"id":"019a9b3e-7c00-7000-8000-000000000001","at":"2026-11-20T00:00:00Z",
            "clock":{"source":"media","offset_ms":0},"kind":"passed","payload":{"gate":"main","line":"line","camera":"cam-1",
            "direction":"in","class":"car","track":1,"confidence":0.9,"at":"2026-11-20T00:00:00Z","media":0,"bbox":[0.1,0.1,0.2,0.2],
            "shot":{"media":0,"bbox":[0.1,0.1,0.2,0.2]},"evidence":[]}}"#;
        let event: Event = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        self.handle().kept(&[event]);
    }

    fn camera(&self, state: &str) {
        let text = format!(
            r#"{{"id":"019a9b3e-7c00-7000-8000-000000000002","at":"2026-11-20T00:00:00Z",
            "clock":{{"source":"media","offset_ms":0}},"kind":"camera_changed",
            "payload":{{"camera":"cam-1","state":"{state}","reason":"no frame for 10 s"}}}}"#
        );
        let event: Event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
        self.handle().kept(&[event]);
    }

    fn opened(&self) -> usize {
        self.requests.lock().expect("no panic").iter().filter(|path| path.starts_with("/open")).count()
    }
}

#[test]
fn a_guard_lets_somebody_in_and_answers_for_it() {
    let gate = Gate::new("");
    gate.card();
    assert_eq!(gate.decided(1).reason, "unknown-credential");
    let done = gate.order(OrderKind::Override { subjects: Vec::new() }).expect("it is given");
    let decided = gate.decided(2);
    assert_eq!(done.decision.map(|number| number.to_string()), Some(decided.number.clone()));
    assert_eq!((decided.verdict, decided.reason.as_str()), (AccessVerdict::Permit, "override"));
    let word = decided.guard.expect("a guard");
    assert_eq!((word.name.as_str(), word.reason.as_str()), ("Hùng", "xe cứu thương"));
    assert_eq!(decided.method.as_deref(), Some("card"), "it was about what was shown just before");
    assert_eq!(gate.did(LaneHappening::Opened).decision, Some(decided.number));
    let nameless = GuardOrder {
        lane: Some(gate.lane.id.clone()),
        kind: OrderKind::Open,
        by: " ".to_owned(),
        reason: "x".to_owned(),
        until: Instant::now() + PATIENCE,
    };
    let late = GuardOrder { by: "Hùng".to_owned(), until: Instant::now(), ..nameless.clone() };
    let nowhere = GuardOrder { by: "Hùng".to_owned(), lane: None, ..nameless.clone() };
    assert_eq!(gate.handle().order(nameless), Err(OrderRefused::Guard(GuardError::Name)));
    assert_eq!(gate.handle().order(late), Err(OrderRefused::Expired));
    assert_eq!(gate.handle().order(nowhere), Err(OrderRefused::WhichLane));
    let ignored = gate.did(LaneHappening::Ignored);
    assert_eq!((ignored.cause.as_str(), ignored.guard.map(|word| word.name)), ("late", Some("Hùng".to_owned())));
    assert!(ignored.detail.starts_with("open: "), "{}", ignored.detail);
    assert_eq!(gate.opened(), 1);
}

#[test]
fn a_guard_answers_the_last_referral_of_a_lane_once() {
    let gate = Gate::new("");
    gate.card();
    let referred = gate.decided(1).number;
    let answer = |decision: &str| gate.order(OrderKind::Answer { decision: decision.to_owned() });
    assert_eq!(answer("9.9"), Err(OrderRefused::NotWaiting("9.9".to_owned())));
    let done = answer(&referred).expect("it waits");
    let decided = gate.decided(2);
    assert_eq!(done.decision.map(|number| number.to_string()), Some(decided.number));
    assert_eq!((decided.verdict, decided.method.as_deref()), (AccessVerdict::Permit, Some("card")));
    assert_eq!(answer(&referred), Err(OrderRefused::NotWaiting(referred)));
    gate.did(LaneHappening::Opened);
    assert_eq!(gate.opened(), 1);
}

#[test]
fn a_guard_refuses_whom_a_lane_referred_and_nobody_lets_him_in_after() {
    let gate = Gate::new("");
    gate.card();
    let referred = gate.decided(1).number;
    let refuse = |decision: &str| gate.order(OrderKind::Refuse { decision: decision.to_owned() });
    assert_eq!(refuse("9.9"), Err(OrderRefused::NotWaiting("9.9".to_owned())));
    assert_eq!(refuse(&referred).expect("it waits").decision, None, "it is no decision of its own");
    let told = gate.did(LaneHappening::Ordered);
    assert_eq!((told.cause.as_str(), told.decision.as_deref()), ("refuse", Some(referred.as_str())));
    assert_eq!(told.guard.map(|word| word.name), Some("Hùng".to_owned()));
    let late = gate.order(OrderKind::Answer { decision: referred.clone() });
    assert_eq!(late, Err(OrderRefused::NotWaiting(referred)));
    assert_eq!(gate.opened(), 0);
}

#[test]
fn a_lock_down_closes_for_everybody_until_a_guard_ends_it() {
    let gate = Gate::new(CAR);
    gate.order(OrderKind::LockDown).expect("it is given");
    let locked = gate.did(LaneHappening::LockedDown);
    assert_eq!(locked.guard.map(|word| word.reason), Some("xe cứu thương".to_owned()));
    gate.did(LaneHappening::Closed);
    let shown = gate.until("it is shown", |gate| {
        let lane = gate.handle().lanes().remove(0);
        (lane.state == LaneState::LockedDown).then_some(lane)
    });
    let order = shown.last_order.expect("an order");
    assert_eq!((order.order, order.by.as_str(), order.refused), ("lock-down", "Hùng", None));
    assert_eq!((shown.orders, shown.last_decision), (vec![("given", 1), ("refused", 0)], None));
    gate.card();
    assert_eq!(gate.decided(1).verdict, AccessVerdict::Permit);
    assert_eq!(gate.did(LaneHappening::Ignored).cause, "locked-down");
    let decided = gate.until("the decision is shown", |gate| gate.handle().lanes().remove(0).last_decision);
    assert_eq!(
        (decided.verdict, decided.method, decided.subjects),
        ("permit", Some("card"), vec!["holder:car-1".into()])
    );
    gate.order(OrderKind::Release).expect("it is given");
    gate.did(LaneHappening::LockDownEnded);
    gate.did(LaneHappening::Released);
    assert_eq!(gate.opened(), 0);
    gate.order(OrderKind::Open).expect("it is given");
    gate.did(LaneHappening::Opened);
    gate.order(OrderKind::Hold).expect("it is given");
    gate.did(LaneHappening::Held);
    gate.passage();
    // The permit of the car that stood there during the lock-down still waits for its passage.
    gate.did(LaneHappening::Passed);
    gate.passage();
    assert_eq!(gate.did(LaneHappening::PassedUnpermitted).cause, "held-open");
}

#[test]
fn what_the_outbox_refuses_is_told_when_it_takes_events_again() {
    let gate = Gate::new(CAR);
    gate.is_full.store(true, Ordering::SeqCst);
    gate.card();
    gate.until("the barrier opens all the same: the permit is in the journal", |gate| {
        (gate.opened() == 1).then_some(())
    });
    assert!(gate.decisions().is_empty());
    gate.is_full.store(false, Ordering::SeqCst);
    assert_eq!(gate.decided(1).verdict, AccessVerdict::Permit);
    gate.did(LaneHappening::Opened);
}

#[test]
fn a_pass_is_checked_and_explained_and_any_other_code_is_the_guards() {
    let gate = Gate::new("");
    let pass = |site: &str, from: i64, to: i64| gate.pass(site, from, to);
    let show = |text: &str| gate.handle().show_code(gate.lane.id.clone(), text, Instant::now());
    let key = PassKey::from_seed([3; 32]);
    show(&pass("site", -3_600, -60).issue(&key).expect("a pass"));
    // A clock that nobody vouches for cannot tell.
    let reason = gate.decided(1).reason;
    assert!(["expired", "clock-untrusted"].contains(&reason.as_str()), "{reason}");
    show(&pass("elsewhere", -60, 3_600).issue(&key).expect("a pass"));
    show(&pass("site", -60, 3_600).issue(&PassKey::from_seed([4; 32])).expect("a pass"));
    show("https://example.vn");
    for count in 2..=4 {
        let decided = gate.decided(count);
        assert_eq!((decided.verdict, decided.reason.as_str()), (AccessVerdict::Refer, "unread"), "{decided:?}");
    }
    assert_eq!(gate.opened(), 0);
}

/// A made-up person.
const CITIZEN: &str = "008190001234||Nguyễn Thị Bưởi|05021990|Nữ|Thôn Đoài, Xã Ví Dụ, Tỉnh Tuyên Quang|25122021";

#[test]
fn a_pass_that_is_held_before_the_camera_opens_the_lane_once_and_other_codes_do_nothing() {
    let gate = Gate::with_clock("", NodeClock::believed());
    let text = gate.pass("site", -60, 3_600).issue(&PassKey::from_seed([3; 32])).expect("a pass");
    gate.hold_up(&["https://example.vn/khuyen-mai", &text, "AB12", &text]);
    let decided = gate.decided(1);
    assert_eq!((decided.verdict, decided.method.as_deref()), (AccessVerdict::Permit, Some("pass")), "{decided:?}");
    gate.did(LaneHappening::Opened);
    gate.hold_up(&[&gate.pass("site", -60, 3_600).issue(&PassKey::from_seed([4; 32])).expect("a pass")]);
    assert_eq!(gate.decided(2).reason, "unread", "the forged one comes right after the good one");
    assert_eq!((gate.decisions().len(), gate.opened()), (2, 1));
}

#[test]
fn a_citizen_card_names_its_holder_to_the_guard_and_its_number_stands_nowhere() {
    let salt = Salt::new([6; 32]).expect("long enough");
    let digest = CitizenCard::parse(CITIZEN).expect("a card").number.digest(&salt);
    let gate = Gate::with_clock("", NodeClock::believed());
    let text = POLICY.replace("\"card\"]", "\"card\", \"citizen-card\"]");
    let list = format!("holder,name,kind,category,citizen_card\nb-1,B,person,worker,{digest}\n");
    let policy = AccessPolicy::parse(&text, |_| Ok(list.clone())).unwrap_or_else(|error| panic!("{error}"));
    gate.handle().replace_policy(Arc::new(policy)).expect("it answers");
    gate.hold_up(&[CITIZEN, &CITIZEN.replace("Nữ", "Nam")]);
    let (decided, odd) = (gate.decided(1), gate.decided(2));
    assert_eq!(
        (decided.verdict, decided.reason.as_str()),
        (AccessVerdict::Refer, "identification-only"),
        "{decided:?}"
    );
    assert_eq!(decided.subjects, ["holder:b-1"]);
    assert_eq!((odd.verdict, odd.reason.as_str()), (AccessVerdict::Refer, "unread"));
    let told = serde_json::to_string(&*gate.told.lock().expect("no panic")).expect("JSON");
    for secret in ["008190001234", "Bưởi", "05021990", "Đoài", &digest.to_string()] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    let kept = std::fs::read_dir(gate.folder.path().join("access")).expect("a folder").flatten();
    for file in kept {
        let text = std::fs::read(file.path()).expect("a file");
        assert!(!String::from_utf8_lossy(&text).contains("008190001234"));
    }
    assert_eq!(gate.opened(), 0);
}

#[test]
fn another_policy_counts_from_the_moment_at_which_it_is_put_in_force() {
    let gate = Gate::new(CAR);
    gate.handle().replace_policy(policy("")).expect("it answers");
    gate.card();
    assert_eq!(gate.decided(1).reason, "unknown-credential");
    gate.handle().replace_policy(policy(CAR)).expect("it answers");
    gate.card();
    assert_eq!(gate.decided(2).verdict, AccessVerdict::Permit);
}

/// How often the lane told of this change for this cause.
fn told(gate: &Gate, change: LaneHappening, cause: &str) -> Option<usize> {
    let count = gate.changes().iter().filter(|one| one.change == change && one.cause == cause).count();
    (count > 0).then_some(count)
}

#[test]
fn a_lane_that_only_reads_plates_goes_to_its_fail_mode_while_its_camera_is_lost() {
    let gate = Gate::new(CAR);
    let plates_only = POLICY.replace("\"plate\", \"pass\", \"card\"", "\"plate\"");
    let with_fail = |fail| plates_only.replace("\"secure\"", fail);
    let head = "holder,name,kind,category,plates,cards\n";
    let read =
        |text: &str| AccessPolicy::parse(text, |_| Ok(head.to_owned())).unwrap_or_else(|error| panic!("{error}"));
    gate.handle().replace_policy(Arc::new(read(&with_fail("\"safe\"")))).expect("it answers");
    for (count, state) in (1..).zip(["down", "failed", "ended"]) {
        gate.camera(state);
        gate.until("it stands open", |gate| told(gate, LaneHappening::Held, "fail-mode").filter(|held| *held == count));
        gate.until("the alarm", |gate| told(gate, LaneHappening::AlarmRaised, "camera-lost").filter(|n| *n == count));
        gate.camera("up");
        gate.until("it is let go", |gate| told(gate, LaneHappening::Released, "fail-mode").filter(|n| *n == count));
        gate.until("no alarm", |gate| told(gate, LaneHappening::AlarmEnded, "camera-lost").filter(|n| *n == count));
    }
    gate.handle().replace_policy(Arc::new(read(&with_fail("\"secure\"")))).expect("it answers");
    gate.camera("down");
    gate.until("it is closed", |gate| told(gate, LaneHappening::Closed, "fail-mode"));
    gate.order(OrderKind::Open).expect("a guard opens all the same");
    gate.until("it opens", |gate| told(gate, LaneHappening::Opened, "guard"));
}

#[test]
fn a_lane_where_cards_open_goes_on_without_its_camera_unless_the_configuration_says_otherwise() {
    let gate = Gate::new(CAR);
    gate.camera("down");
    gate.card();
    gate.did(LaneHappening::Opened);
    assert_eq!(told(&gate, LaneHappening::AlarmRaised, "camera-lost"), None);
    let mut gate = Gate::new(CAR);
    gate.access = None;
    gate.lane.camera_loss = Some(CameraLoss::Fail);
    gate.start(CAR);
    gate.camera("down");
    gate.until("the alarm", |gate| told(gate, LaneHappening::AlarmRaised, "camera-lost"));
    gate.card();
    gate.until("no permit opens it", |gate| told(gate, LaneHappening::Ignored, "unsupervised"));
    assert_eq!(gate.opened(), 0);
}

#[test]
fn events_have_ids_of_their_own() {
    let gate = Gate::new(CAR);
    (0..3).for_each(|_| gate.card());
    gate.decided(3);
    let ids: BTreeMap<EventId, usize> = gate.told.lock().expect("no panic").iter().map(|event| (event.id, 1)).collect();
    assert_eq!(ids.len(), gate.told.lock().expect("no panic").len());
}
