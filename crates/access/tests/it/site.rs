//! A small site to try things on, and short ways to do them.

use std::sync::Arc;

use access::{
    Access, AccessEvent, AccessPolicy, Awaiting, CardKey, Change, ClockTrust, Credential, Decision, DecisionNumber,
    LaneId, Moment, PassId, PassUses, Presented, Subject, Verdict, VerifiedPass,
};
use domain::{MonoTime, UtcTime, ZoneId};

pub(crate) const HOLDERS: &str = "\
holder,name,kind,category,plates,passes,cards,valid_from,valid_to,zones,drivers
an,Nguyễn Văn An,person,worker,,,CA01,,,,
binh,Trần Thị Bình,person,worker,,,CA02,,,,
chi,Lê Chi,person,contractor,,,CA03,2026-11-01,2026-11-30,,
dung,Phạm Dũng,person,visitor,,pass-dung,CA04,2026-11-20,2026-11-20,,
lorry,Xe tải 1,vehicle,worker,29H-123.45,,CA10,,,,an
car,Xe con,vehicle,worker,30A-678.90,,,,,,binh
guest-car,Xe khách,vehicle,visitor,30K-555.12,,,2026-11-20,2026-11-20,,
";

pub(crate) const POLICY: &str = r#"
policy = 1
holders = ["holders.csv"]

[[zone]]
id = "park"
anti_passback = "hard"
occupancy_max = 5

[[zone]]
id = "store"
anti_passback = "soft"

[[category]]
id = "worker"
zones = ["park", "store"]
[[category]]
id = "contractor"
zones = ["park"]
[[category]]
id = "visitor"
zones = ["park"]
validity = "required"

[[holidays]]
id = "vn"
dates = ["2026-11-24"]
[[schedule]]
id = "day"
holidays = ["vn"]
[[schedule.week]]
days = ["mon", "tue", "wed", "thu", "fri"]
hours = ["06:00-18:00"]

[[lane]]
id = "in"
direction = "in"
from = "outside"
to = "park"
methods = ["plate", "card", "pass", "citizen-card"]
passage_sensor = "present"
permit_for_s = 30
deadline_ms = 2000
[[lane.allow]]
rule = "workers"
categories = ["worker"]
schedule = "always"
[[lane.allow]]
rule = "others"
categories = ["contractor", "visitor"]
schedule = "day"
[lane.barrier]
fail = "secure"
feedback = "wired"

[[lane]]
id = "in-2"
direction = "in"
from = "outside"
to = "park"
methods = ["plate", "card", "pass"]
passage_sensor = "present"
[[lane.allow]]
rule = "workers"
categories = ["worker", "visitor"]
schedule = "always"
[lane.barrier]
fail = "secure"
feedback = "wired"

[[lane]]
id = "out"
direction = "out"
from = "park"
to = "outside"
methods = ["plate", "card", "pass"]
passage_sensor = "present"
[[lane.allow]]
rule = "everybody"
categories = ["worker", "contractor", "visitor"]
schedule = "always"
[lane.barrier]
fail = "safe"
feedback = "wired"

[[lane]]
id = "store-in"
direction = "in"
from = "park"
to = "store"
methods = ["card"]
passage_sensor = "absent"
[[lane.allow]]
rule = "store"
categories = ["worker"]
schedule = "always"
[lane.barrier]
fail = "secure"
feedback = "none"
"#;

pub(crate) fn parse(policy: &str, holders: &str) -> Arc<AccessPolicy> {
    let policy = AccessPolicy::parse(policy, |name| match name {
        "holders.csv" => Ok(holders.to_owned()),
        other => Err(format!("no list {other}")),
    });
    Arc::new(policy.unwrap_or_else(|problems| panic!("{problems}")))
}

pub(crate) fn policy() -> Arc<AccessPolicy> {
    parse(POLICY, HOLDERS)
}

pub(crate) fn utc(text: &str) -> UtcTime {
    text.parse().expect("a moment")
}

/// So many seconds after Friday, 20 November 2026, 8:00 in Vietnam.
pub(crate) fn after(seconds: u64) -> Moment {
    let start = utc("2026-11-20T08:00:00+07:00");
    let by = std::time::Duration::from_secs(seconds);
    Moment { at: start.saturating_add(by), now: MonoTime::from_micros(1_000_000) + by, clock: ClockTrust::Trusted }
}

pub(crate) fn lane(id: &str) -> LaneId {
    LaneId::new(id).expect("a lane")
}

pub(crate) fn zone(id: &str) -> ZoneId {
    ZoneId::new(id).expect("a zone")
}

pub(crate) fn holder(id: &str) -> Subject {
    Subject::try_from(format!("holder:{id}")).expect("a holder")
}

/// A reader that takes 3 for 8, 6 for 8 and 6 for 9, each also the other way round.
pub(crate) fn confusion() -> Arc<vnplate::Confusion> {
    let pairs = [('3', '8'), ('6', '8'), ('6', '9')].map(|(a, b)| format!("{a},{b},300\n{b},{a},300\n"));
    let right = ['3', '6', '8', '9'].map(|sign| format!("{sign},{sign},1000\n"));
    let counts = pairs.concat() + &right.concat();
    Arc::new(vnplate::Confusion::from_csv(&counts).expect("a table"))
}

pub(crate) fn plate(text: &str) -> Credential {
    Credential::Plate { key: text.parse().expect("a plate"), confidence: 0.99 }
}

pub(crate) fn card(text: &str) -> Credential {
    Credential::Card(CardKey::new(text).expect("a card"))
}

pub(crate) fn visitor_pass(id: &str, uses: PassUses) -> Credential {
    Credential::Pass(VerifiedPass {
        id: PassId::new(id).expect("a pass"),
        uses,
        category: access::CategoryId::new("visitor").expect("a category"),
        valid_from: utc("2026-11-20T00:00:00+07:00"),
        valid_to: utc("2026-11-21T00:00:00+07:00"),
        zones: Vec::new(),
        lanes: Vec::new(),
        escort: access::policy::Demand::None,
    })
}

/// Everything that a call has led to.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) changes: Vec<Change>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) awaiting: Vec<Awaiting>,
}

pub(crate) fn told(access: &mut Access) -> Told {
    let mut told = Told::default();
    while let Some(event) = access.poll_event() {
        match event {
            AccessEvent::Changed(change) => told.changes.push(change),
            AccessEvent::Decided(decision) => told.decisions.push(decision),
            AccessEvent::Awaiting(awaiting) => told.awaiting.push(awaiting),
            AccessEvent::Overrun { count } => panic!("{count} were not looked at"),
        }
    }
    told
}

pub(crate) fn present(access: &mut Access, at: &str, credential: Credential, moment: Moment) -> Told {
    told(access);
    access.present(Presented { lane: lane(at), credential, moment });
    told(access)
}

/// The one decision that showing something leads to.
pub(crate) fn decide(access: &mut Access, at: &str, credential: Credential, moment: Moment) -> Decision {
    let mut told = present(access, at, credential, moment);
    assert_eq!(told.decisions.len(), 1, "{told:?}");
    told.decisions.remove(0)
}

/// The verdict and its reason, such as `deny expired`.
pub(crate) fn says(decision: &Decision) -> String {
    format!("{} {}", decision.verdict.as_str(), decision.verdict.reason())
}

pub(crate) fn verdict(access: &mut Access, at: &str, credential: Credential, moment: Moment) -> String {
    says(&decide(access, at, credential, moment))
}

/// Shows something that must be permitted, and goes through.
pub(crate) fn go(access: &mut Access, at: &str, credential: Credential, moment: Moment) -> DecisionNumber {
    let decision = decide(access, at, credential, moment);
    assert!(matches!(decision.verdict, Verdict::Permit(_)), "{decision:?}");
    access.passed(decision.number, moment).expect("the permit waits");
    told(access);
    decision.number
}
