//! Who could pass at a lane at a moment, and why: asked of the very rules that nodes decide by, with a policy in the making or
//! a published one.
//!
//! What only the node knows is assumed and said: nobody waits, nobody else is inside, no pass was used, and whoever asks stands
//! where the lane begins, unless the question says otherwise.

use access::policy::{Demand, LanePolicy};
use access::{
    Access, AccessEvent, AccessPolicy, Awaiting, Change, ClockTrust, Credential, Decision, Finding, Grant, Holder,
    HolderId, HolderKind, LaneId, Method, Moment, Need, PassId, PassUses, Presented, State, Step, Subject, Verdict,
    VerifiedPass,
};
use domain::{MonoTime, UtcTime, ZoneId};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// When a trial begins on the clock that counts deadlines; any moment would do.
const BEGINS: MonoTime = MonoTime::from_micros(1_000_000_000);

/// Longer than any lane waits for a second person or an escort.
const LATER: Duration = Duration::from_secs(24 * 3_600);

/// A pass of a holder is taken to be valid so long around the moment: when he may pass at all, his own entry says.
const PASS_AROUND: Duration = Duration::from_secs(24 * 3_600);

/// Who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A vehicle with this plate, read surely.
    Plate(String),
    /// Somebody on the lists, who shows what the lane takes.
    Holder(String),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The lane.
    pub lane: String,
    /// Who comes.
    pub who: Who,
    /// What a holder shows; what the lane takes of what he has, where it is not said.
    pub method: Option<String>,
    /// When.
    pub at: UtcTime,
    /// Where whoever comes is: a zone, or `outside`; where the lane begins, where it is not said.
    pub inside: Option<String>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuestionError {
    /// The policy has no such lane.
    #[error("lane: the policy has no lane \"{lane}\": {known} are there")]
    Lane {
        /// The lane.
        lane: String,
        /// Those that it has.
        known: String,
    },
    /// The policy has no such holder.
    #[error("who: nobody on the lists is called \"{0}\"")]
    Holder(String),
    /// No plate.
    #[error("who: \"{text}\" is no plate of any kind: {reason}")]
    Plate {
        /// The text.
        text: String,
        /// Why not.
        reason: String,
    },
    /// A way that the holder does not have.
    #[error("method: \"{holder}\" has no {method}: {has}")]
    Method {
        /// The holder.
        holder: String,
        /// What was asked for.
        method: String,
        /// What he has.
        has: String,
    },
    /// The policy has no such zone.
    #[error("inside: the policy has no zone \"{zone}\": outside and {known} are accepted")]
    Zone {
        /// The zone.
        zone: String,
        /// Those that it has.
        known: String,
    },
}

/// A check and what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialStep {
    /// About whom.
    pub subject: Option<String>,
    /// What was looked at.
    pub check: &'static str,
    /// What was found.
    pub finding: &'static str,
    /// The name of the reason; empty where it held.
    pub reason: &'static str,
    /// The reason in words.
    pub detail: String,
}

/// What would be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `permit`, `deny` or `refer`.
    pub verdict: &'static str,
    /// The name of the reason.
    pub reason: &'static str,
    /// The rule that permits.
    pub rule: Option<String>,
    /// In words.
    pub detail: String,
    /// Whom it is about.
    pub subjects: Vec<String>,
    /// The name of whoever it is about, where the lists know him.
    pub name: Option<String>,
    /// What was shown.
    pub method: &'static str,
    /// Where he was taken to be.
    pub inside: Option<String>,
    /// What the lane waits for before it decides; the verdict is then that of nobody and nothing coming.
    pub awaits: Vec<&'static str>,
    /// Every check, in its order.
    pub trail: Vec<TrialStep>,
}

/// Answers a question by a policy.
pub fn ask(policy: AccessPolicy, question: &Question) -> Result<Answer, QuestionError> {
    let policy = Arc::new(policy);
    let lane = lane(&policy, &question.lane)?;
    let (credential, holder) = credential(&policy, lane, question)?;
    let inside = match question.inside.as_deref() {
        None => lane.from.clone(),
        Some("outside") => None,
        Some(name) => Some(zone(&policy, name)?),
    };
    let moment = Moment { at: question.at, now: BEGINS, clock: ClockTrust::Trusted };
    let mut access = Access::restore(Arc::clone(&policy), standing(holder, inside.as_ref(), question.at));
    let method = credential.method().as_str();
    access.present(Presented { lane: lane.id.clone(), credential, moment });
    let (mut decision, mut awaits) = (None, Vec::new());
    drain(&mut access, &mut decision, &mut awaits);
    if decision.is_none() {
        access.handle_timeout(moment.now + LATER);
        drain(&mut access, &mut decision, &mut awaits);
    }
    let decision = decision.expect("a lane that waits gives up, and all else is decided at once");
    let rule = match &decision.verdict {
        Verdict::Permit(Grant::Rule(rule)) => Some(rule.to_string()),
        Verdict::Permit(Grant::Override { .. }) | Verdict::Deny(_) | Verdict::Refer(_) => None,
    };
    Ok(Answer {
        verdict: decision.verdict.as_str(),
        reason: decision.verdict.reason(),
        rule,
        detail: decision.verdict.to_string(),
        subjects: decision.subjects.iter().map(Subject::to_string).collect(),
        name: holder.map(|holder| holder.name.clone()),
        method,
        inside: inside.as_ref().map(ToString::to_string),
        awaits: awaits.into_iter().map(need).collect(),
        trail: decision.trail.iter().map(step).collect(),
    })
}

fn lane<'a>(policy: &'a AccessPolicy, name: &str) -> Result<&'a LanePolicy, QuestionError> {
    let found = LaneId::new(name).ok().and_then(|id| policy.lane(&id));
    found.ok_or_else(|| QuestionError::Lane {
        lane: name.to_owned(),
        known: policy.lanes().map(|lane| lane.id.to_string()).collect::<Vec<_>>().join(", "),
    })
}

fn zone(policy: &AccessPolicy, name: &str) -> Result<ZoneId, QuestionError> {
    let found = policy.zones().map(|(id, _)| id).find(|id| id.as_str() == name).cloned();
    found.ok_or_else(|| QuestionError::Zone {
        zone: name.to_owned(),
        known: policy.zones().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", "),
    })
}

/// What is shown, and who it is that shows it, where the lists know him.
fn credential<'a>(
    policy: &'a AccessPolicy,
    lane: &LanePolicy,
    question: &Question,
) -> Result<(Credential, Option<&'a Holder>), QuestionError> {
    match &question.who {
        Who::Plate(text) => {
            let key = vnplate::parse(text)
                .map_err(|error| QuestionError::Plate { text: text.clone(), reason: error.to_string() })?
                .key;
            let holder = policy.holders().iter().find(|holder| holder.plates.contains(&key));
            Ok((Credential::Plate { key, confidence: 1.0 }, holder))
        }
        Who::Holder(name) => {
            let found = HolderId::new(name.as_str()).ok().and_then(|id| policy.holder(&id));
            let holder = found.ok_or_else(|| QuestionError::Holder(name.clone()))?;
            let has = credentials(holder, question.at);
            let wanted = |credential: &&Credential| match &question.method {
                Some(method) => credential.method().as_str() == method,
                None => lane.methods.contains(&credential.method()),
            };
            let shown = has.iter().find(wanted).or_else(|| has.first().filter(|_| question.method.is_none()));
            let shown = shown.cloned().ok_or_else(|| QuestionError::Method {
                holder: name.clone(),
                method: question.method.clone().unwrap_or_default(),
                has: has.iter().map(|one| one.method().as_str()).collect::<Vec<_>>().join(", "),
            })?;
            Ok((shown, Some(holder)))
        }
    }
}

/// One of each sort that a holder has, what opens by itself first.
fn credentials(holder: &Holder, at: UtcTime) -> Vec<Credential> {
    let pass = |id: &PassId| {
        let before = at.as_unix_micros().saturating_sub(i64::try_from(PASS_AROUND.as_micros()).unwrap_or(i64::MAX));
        Credential::Pass(VerifiedPass {
            id: id.clone(),
            uses: PassUses::Many,
            category: holder.category.clone(),
            valid_from: UtcTime::from_unix_micros(before).unwrap_or(at),
            valid_to: at.saturating_add(PASS_AROUND),
            zones: Vec::new(),
            lanes: Vec::new(),
            escort: Demand::None,
        })
    };
    let plate = holder.plates.first().map(|key| Credential::Plate { key: *key, confidence: 1.0 });
    let card = holder.cards.first().map(|card| Credential::Card(card.clone()));
    let citizen = holder.citizen_card.map(Credential::CitizenCard);
    [card, plate, holder.passes.first().map(pass), citizen].into_iter().flatten().collect()
}

/// Who is where when somebody comes: he alone, where he is taken to be.
fn standing(holder: Option<&Holder>, inside: Option<&ZoneId>, at: UtcTime) -> State {
    let mut state = State::default();
    let Some((holder, zone)) = holder.zip(inside) else { return state };
    let kind: HolderKind = holder.kind;
    state.apply(&Change::Relocated {
        subject: Subject::Holder(holder.id.clone()),
        kind,
        zone: Some(zone.clone()),
        at,
        guard: String::new(),
        reason: String::new(),
    });
    state
}

fn drain(access: &mut Access, decision: &mut Option<Decision>, awaits: &mut Vec<Need>) {
    while let Some(event) = access.poll_event() {
        match event {
            AccessEvent::Decided(made) => *decision = Some(made),
            AccessEvent::Awaiting(Awaiting { needs, .. }) => *awaits = needs,
            AccessEvent::Changed(_) | AccessEvent::Overrun { .. } => {}
        }
    }
}

fn need(need: Need) -> &'static str {
    match need {
        Need::SecondFactor => "second-factor",
        Need::SecondPerson => "two-person",
        Need::Escort => "escort",
    }
}

fn step(step: &Step) -> TrialStep {
    let (finding, reason, detail) = match &step.finding {
        Finding::Held => ("held", "", String::new()),
        Finding::NotAsked => ("not-asked", "", String::new()),
        Finding::Noted(reason) => ("noted", reason.as_str(), reason.to_string()),
        Finding::Resembles(plate) => ("resembles", "looks-like", plate.to_string()),
        Finding::Denied(reason) => ("denied", reason.as_str(), reason.to_string()),
        Finding::Referred(reason) => ("referred", reason.as_str(), reason.to_string()),
    };
    TrialStep {
        subject: step.subject.as_ref().map(Subject::to_string),
        check: step.check.as_str(),
        finding,
        reason,
        detail,
    }
}

/// The ways of showing something, as questions name them.
pub fn methods() -> [&'static str; 4] {
    [Method::Plate, Method::Pass, Method::Card, Method::CitizenCard].map(Method::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> AccessPolicy {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/access/");
        let read = |name: &str| std::fs::read_to_string(format!("{folder}{name}")).map_err(|error| error.to_string());
        AccessPolicy::parse(&read("industrial-park.toml").expect("it is there"), read).expect("it is right")
    }

    fn asked(lane: &str, who: Who, at: &str) -> Answer {
        let question =
            Question { lane: lane.to_owned(), who, method: None, at: at.parse().expect("a moment"), inside: None };
        ask(policy(), &question).expect("an answer")
    }

    fn holder(id: &str) -> Who {
        Who::Holder(id.to_owned())
    }

    #[test]
    fn a_worker_s_car_may_pass_at_any_time_and_a_contractor_s_by_its_hours() {
        let car = asked("vehicle-in", Who::Plate("22C-123.45".to_owned()), "2026-11-22T03:00:00+07:00");
        assert_eq!((car.verdict, car.rule.as_deref()), ("permit", Some("workers-and-residents")), "{car:#?}");
        assert_eq!(
            (car.subjects.as_slice(), car.name.as_deref()),
            (["holder:x-001".to_owned()].as_slice(), Some("Xe nâng hàng của xưởng A"))
        );
        assert!(car.trail.iter().any(|step| step.check == "deny-list" && step.finding == "held"), "{car:#?}");
        let by_day = asked("vehicle-in", holder("x-003"), "2026-11-23T10:00:00+07:00");
        assert_eq!((by_day.verdict, by_day.rule.as_deref()), ("permit", Some("contractors-by-day")));
        let sunday = asked("vehicle-in", holder("x-003"), "2026-11-22T10:00:00+07:00");
        assert_eq!((sunday.verdict, sunday.reason), ("deny", "outside-schedule"), "{sunday:#?}");
        let over = asked("vehicle-in", holder("x-003"), "2027-04-05T10:00:00+07:00");
        assert_eq!((over.verdict, over.reason), ("deny", "expired"), "{over:#?}");
        let denied = asked("vehicle-in", Who::Plate("29C-999.88".to_owned()), "2026-11-23T10:00:00+07:00");
        assert_eq!((denied.verdict, denied.reason), ("deny", "listed"));
        let stranger = asked("vehicle-in", Who::Plate("51G-777.77".to_owned()), "2026-11-23T10:00:00+07:00");
        assert_eq!((stranger.verdict, stranger.reason), ("refer", "unknown-credential"));
    }

    #[test]
    fn who_leaves_is_taken_to_be_inside_unless_the_question_says_otherwise() {
        let out = asked("footway-out", holder("w-001"), "2026-11-23T17:00:00+07:00");
        assert_eq!((out.verdict, out.inside.as_deref()), ("permit", Some("park")), "{out:#?}");
        let question = Question {
            lane: "footway-in".to_owned(),
            who: holder("w-001"),
            method: None,
            at: "2026-11-23T08:00:00+07:00".parse().expect("a moment"),
            inside: Some("park".to_owned()),
        };
        let again = ask(policy(), &question).expect("an answer");
        assert_eq!((again.verdict, again.reason), ("deny", "already-inside"), "{again:#?}");
    }

    #[test]
    fn what_a_lane_waits_for_is_said_with_what_is_decided_where_it_does_not_come() {
        let keeper = asked("store-in", holder("k-001"), "2026-11-23T10:00:00+07:00");
        assert_eq!((keeper.awaits.as_slice(), keeper.verdict), (["two-person"].as_slice(), "refer"), "{keeper:#?}");
        assert_eq!(keeper.reason, "second-person-missing");
        let visitor = asked("footway-in", holder("v-001"), "2026-11-20T10:00:00+07:00");
        assert_eq!((visitor.awaits.as_slice(), visitor.method), (["escort"].as_slice(), "pass"), "{visitor:#?}");
    }

    #[test]
    fn what_cannot_be_asked_is_said_with_what_can() {
        let question = |lane: &str, who: Who, method: Option<&str>, inside: Option<&str>| Question {
            lane: lane.to_owned(),
            who,
            method: method.map(str::to_owned),
            at: UtcTime::UNIX_EPOCH,
            inside: inside.map(str::to_owned),
        };
        let refused = |question: Question| ask(policy(), &question).expect_err("no question").to_string();
        assert!(refused(question("roof", holder("w-001"), None, None)).contains("vehicle-in"));
        assert!(refused(question("vehicle-in", holder("nobody"), None, None)).contains("nobody"));
        assert!(refused(question("vehicle-in", Who::Plate("bùn".to_owned()), None, None)).starts_with("who: "));
        assert!(refused(question("footway-in", holder("w-001"), Some("plate"), None)).contains("card"));
        assert!(refused(question("footway-in", holder("w-001"), None, Some("moon"))).contains("chemical-store"));
    }
}
