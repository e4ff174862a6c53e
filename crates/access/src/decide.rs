//! The machine that decides: credentials and time in, decisions and changes of the state out.

mod complete;
mod examine;
mod gathering;
mod guard;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use domain::MonoTime;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use vnplate::Confusion;

use crate::credential::{ClockTrust, Moment, Presented};
use crate::decision::{Check, Decision, DecisionNumber, Finding, Grant, ReferReason, Step, Verdict, verdict};
use crate::id::{CategoryId, HolderId, LaneId, Subject};
use crate::policy::{AccessPolicy, HolderKind, LanePolicy};
use crate::state::{Change, PermitEnd, State};

use examine::{Examination, Scope};
use gathering::{Escorted, Gathering, Member, needs};

pub use gathering::Need;
pub use guard::{GuardError, Override, Relocation, TEXT_LEN_MAX};

/// Most events that wait to be polled before credentials are no longer looked at; those are counted instead.
pub const EVENTS_MAX: usize = 4_096;
/// How long the machine remembers when somebody came in: the longest period of timed anti-passback.
const REMEMBERED_US: i64 = 24 * 3_600 * 1_000_000;

/// What the machine tells, in order. A [`AccessEvent::Changed`] must be kept before what follows it is acted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessEvent {
    /// The state changed. A permit that ended must not open any more.
    Changed(Change),
    /// A decision was made.
    Decided(Decision),
    /// Something more is needed before anything is decided.
    Awaiting(Awaiting),
    /// So many credentials were not looked at because the events before were not polled.
    Overrun {
        /// How many.
        count: u32,
    },
}

/// What a lane waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaiting {
    /// The lane.
    pub lane: LaneId,
    /// Who waits.
    pub subjects: Vec<Subject>,
    /// What is needed.
    pub needs: Vec<Need>,
    /// Until when it may come; then the guard decides.
    pub until: MonoTime,
}

/// A passage was reported under a number under which nobody may pass: somebody slipped through, or too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no permit {0} waits for a passage")]
pub struct NoPermit(pub DecisionNumber);

/// Who somebody is by the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claim {
    subject: Subject,
    kind: HolderKind,
    category: CategoryId,
    drivers: Vec<HolderId>,
}

/// What is known of a permit of this run beyond the state.
#[derive(Debug, Clone)]
struct Live {
    expires: MonoTime,
    /// Whom it lets through and what they have shown; nobody where a guard gave it.
    members: Vec<Member>,
    granted: MonoTime,
}

/// Whether the state tells who is where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StateTrust {
    Whole,
    /// Changes of it were lost.
    Lost,
}

/// The access decisions of one node.
#[derive(Debug, Clone)]
pub struct Access {
    policy: Arc<AccessPolicy>,
    /// Which signs the plate reader takes for which.
    confusion: Arc<Confusion>,
    state: State,
    trust: StateTrust,
    /// Decisions of this run.
    count: u32,
    waiting: BTreeMap<LaneId, Gathering>,
    live: BTreeMap<DecisionNumber, Live>,
    /// Who escorted last through each lane.
    escorts: BTreeMap<LaneId, Escorted>,
    events: VecDeque<AccessEvent>,
}

impl Access {
    /// Starts with nobody inside.
    #[must_use]
    pub fn new(policy: Arc<AccessPolicy>) -> Self {
        Self::restore(policy, State::default())
    }

    /// Starts from a kept state. What waited at a lane is forgotten: it must be shown again. Of a permit that waited for
    /// its passage nobody knows whether it was used, so its subject goes to the guard where that matters.
    #[must_use]
    pub fn restore(policy: Arc<AccessPolicy>, state: State) -> Self {
        let mut access = Self {
            policy,
            confusion: Arc::default(),
            state,
            trust: StateTrust::Whole,
            count: 0,
            waiting: BTreeMap::new(),
            live: BTreeMap::new(),
            escorts: BTreeMap::new(),
            events: VecDeque::new(),
        };
        access.change(Change::Started { run: access.state.run.saturating_add(1) });
        // A guard's permit for somebody unnamed changes nobody's place.
        let unnamed = access.state.permits.values().filter(|permit| permit.subjects.is_empty());
        let unnamed: Vec<_> = unnamed.map(|permit| permit.number).collect();
        for number in unnamed {
            access.end_permit(number, PermitEnd::Expired);
        }
        access
    }

    /// The same, with the confusions that were measured of the plate reader in place of the guessed ones: they decide
    /// which plates resemble each other.
    #[must_use]
    pub fn with_confusion(self, confusion: Arc<Confusion>) -> Self {
        Self { confusion, ..self }
    }

    /// From now on nothing is permitted: changes of the state were lost, so nobody knows who is inside. Whatever the
    /// policy alone denies is denied, everything else goes to the guard. Permits that wait end.
    pub fn distrust_state(&mut self) {
        self.trust = StateTrust::Lost;
        let live: Vec<_> = self.live.keys().copied().collect();
        for number in live {
            self.end_permit(number, PermitEnd::Revoked);
        }
        self.waiting.clear();
    }

    /// The state is whole again: everything that it lacked was kept after all.
    pub fn trust_state(&mut self) {
        self.trust = StateTrust::Whole;
    }

    /// What must survive a restart, as of now.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Arc<AccessPolicy> {
        &self.policy
    }

    /// Somebody shows something. The answer is an event: a decision, or what else is needed.
    pub fn present(&mut self, presented: Presented) {
        if self.is_overrun() {
            return;
        }
        let Presented { lane, credential, moment } = presented;
        self.handle_timeout(moment.now);
        let policy = Arc::clone(&self.policy);
        let Some(lane) = policy.lane(&lane) else {
            let step = Step { subject: None, check: Check::Lane, finding: Finding::Referred(ReferReason::UnknownLane) };
            return self.decide(&lane, moment.now, moment, Vec::new(), vec![step], None);
        };
        let scope = match self.trust {
            StateTrust::Whole => Scope::Whole(&[]),
            StateTrust::Lost => Scope::Standing,
        };
        let mut examined = Examination::new(self, lane, moment, scope).of(&credential);
        if self.trust == StateTrust::Lost {
            let finding = Finding::Referred(ReferReason::StateLost);
            examined.trail.push(Step { subject: None, check: Check::State, finding });
        }
        let grant = examined.rule.clone().map(Grant::Rule);
        let deadline = moment.now + lane.deadline;
        match (verdict(&examined.trail, grant), examined.claim) {
            (Verdict::Permit(_), Some(claim)) => {
                self.gather(lane, Member { claim, credentials: vec![credential] }, examined.trail, moment);
            }
            (Verdict::Permit(_) | Verdict::Deny(_) | Verdict::Refer(_), claim) => {
                let subjects = claim.into_iter().map(|claim| claim.subject).collect();
                self.decide(&lane.id, deadline, moment, subjects, examined.trail, None);
            }
        }
    }

    /// Somebody shows something that cannot be read, or that proved false: the guard decides. `why` is for him.
    pub fn present_unread(&mut self, lane: &LaneId, why: impl Into<String>, moment: Moment) {
        if self.is_overrun() {
            return;
        }
        let finding = Finding::Referred(ReferReason::Unread { why: why.into() });
        let step = Step { subject: None, check: Check::Credential, finding };
        self.decide(lane, moment.now, moment, Vec::new(), vec![step], None);
    }

    fn is_overrun(&mut self) -> bool {
        if self.events.len() < EVENTS_MAX {
            return false;
        }
        match self.events.back_mut() {
            Some(AccessEvent::Overrun { count }) => *count = count.saturating_add(1),
            Some(AccessEvent::Changed(_) | AccessEvent::Decided(_) | AccessEvent::Awaiting(_)) | None => {
                self.events.push_back(AccessEvent::Overrun { count: 1 });
            }
        }
        true
    }

    /// The vehicle or person really went through under a permit.
    ///
    /// # Errors
    /// When no such permit waits any more.
    pub fn passed(&mut self, number: DecisionNumber, moment: Moment) -> Result<(), NoPermit> {
        self.handle_timeout(moment.now);
        let permit = self.state.permits.get(&number).cloned().ok_or(NoPermit(number))?;
        self.live.remove(&number);
        self.change(Change::Passed { permit, at: moment.at });
        Ok(())
    }

    /// Forgets used passes that ended more than a day ago, and entries and unsettled permits of more than a day ago.
    /// Once a day is enough.
    /// With a clock that cannot be trusted nothing is forgotten: a used pass would be good again.
    pub fn forget_ended(&mut self, moment: Moment) {
        let before = domain::UtcTime::from_unix_micros(moment.at.as_unix_micros() - REMEMBERED_US);
        if let (ClockTrust::Trusted, Ok(before)) = (moment.clock, before) {
            self.change(Change::Forgotten { before });
        }
    }

    /// Ends what has waited long enough.
    pub fn handle_timeout(&mut self, now: MonoTime) {
        let due: Vec<_> = self.live.iter().filter(|(_, live)| live.expires <= now).map(|(number, _)| *number).collect();
        for number in due {
            self.end_permit(number, PermitEnd::Expired);
        }
        let due = self.waiting.iter().filter(|(_, gathering)| gathering.until <= now);
        let due: Vec<_> = due.map(|(lane, _)| lane.clone()).collect();
        for lane in due {
            let Some(gathering) = self.waiting.remove(&lane) else { continue };
            self.give_up(&lane, gathering, now);
        }
    }

    /// When [`Access::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        let permits = self.live.values().map(|live| live.expires);
        permits.chain(self.waiting.values().map(|gathering| gathering.until)).min()
    }

    /// What happened, in order. Poll until there is nothing more after every call.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<AccessEvent> {
        self.events.pop_front()
    }

    fn change(&mut self, change: Change) {
        self.state.apply(&change);
        self.events.push_back(AccessEvent::Changed(change));
    }

    fn end_permit(&mut self, number: DecisionNumber, why: PermitEnd) {
        self.live.remove(&number);
        if self.state.permits.contains_key(&number) {
            self.change(Change::PermitEnded { number, why });
        }
    }

    fn next_number(&mut self) -> DecisionNumber {
        match self.count.checked_add(1) {
            Some(count) => self.count = count,
            None => {
                self.change(Change::Started { run: self.state.run.saturating_add(1) });
                self.count = 1;
            }
        }
        DecisionNumber::new(self.state.run, self.count)
    }

    /// Makes a decision that opens nothing, or a permit whose consequences the caller has recorded.
    fn decide(
        &mut self,
        lane: &LaneId,
        deadline: MonoTime,
        moment: Moment,
        subjects: Vec<Subject>,
        trail: Vec<Step>,
        permit: Option<(DecisionNumber, Grant)>,
    ) {
        let (number, verdict) = match permit {
            Some((number, grant)) => (number, Verdict::Permit(grant)),
            None => (self.next_number(), verdict(&trail, None)),
        };
        let lane = lane.clone();
        let decision = Decision { number, lane, verdict, subjects, at: moment.at, deadline, trail };
        self.events.push_back(AccessEvent::Decided(decision));
    }

    fn needs(&self, lane: &LanePolicy, members: &[Member], now: MonoTime) -> Vec<Need> {
        needs(lane, members, self.escorts.get(&lane.id), now)
    }
}
