//! From somebody who would be let pass to a permit: waiting for what else is needed, and looking once more at
//! everything when it is there.

use std::sync::Arc;

use domain::{Direction, MonoTime, UtcTime};

use super::examine::{Examination, Scope};
use super::gathering::{Escorted, Gathering, Member, Need, is_escort_needed};
use super::{Access, AccessEvent, Awaiting, Live};
use crate::credential::{Credential, Moment, PassUses};
use crate::decision::{Check, DecisionNumber, Finding, Grant, ReferReason, Step, Verdict, verdict};
use crate::id::{LaneId, PassId, RuleId, Subject};
use crate::policy::{AccessPolicy, Demand, HolderKind, LanePolicy, PassageSensor};
use crate::state::{Change, Permit, PermitEnd};

impl Access {
    pub(super) fn gather(&mut self, lane: &LanePolicy, newcomer: Member, mut trail: Vec<Step>, moment: Moment) {
        let alone =
            |newcomer| Gathering { members: vec![newcomer], trail: Vec::new(), opened: moment, until: moment.now };
        let mut gathering = match self.waiting.remove(&lane.id) {
            None => alone(newcomer),
            Some(waiting) if waiting.has_seen(&newcomer) => return self.wait(lane, waiting, moment.now),
            Some(mut waiting) => {
                let needed = self.needs(lane, &waiting.members, moment.now);
                match waiting.join(lane, &needed, newcomer) {
                    Ok(()) => waiting,
                    Err(newcomer) => {
                        self.waiting.insert(lane.id.clone(), waiting);
                        if !self.needs(lane, std::slice::from_ref(&newcomer), moment.now).is_empty() {
                            return self.turn_away(lane, newcomer.claim.subject, trail, moment);
                        }
                        // He needs nobody, so he does not wait for those who do.
                        alone(*newcomer)
                    }
                }
            }
        };
        gathering.trail.append(&mut trail);
        if self.needs(lane, &gathering.members, moment.now).is_empty() {
            self.complete(lane, gathering, moment);
        } else {
            self.wait(lane, gathering, moment.now);
        }
    }

    fn turn_away(&mut self, lane: &LanePolicy, subject: Subject, mut trail: Vec<Step>, moment: Moment) {
        let finding = Finding::Referred(ReferReason::AwaitsAnother);
        trail.push(Step { subject: Some(subject.clone()), check: Check::SecondFactor, finding });
        self.decide(&lane.id, moment.now + lane.deadline, moment, vec![subject], trail, None);
    }

    fn wait(&mut self, lane: &LanePolicy, mut gathering: Gathering, now: MonoTime) {
        let needs = self.needs(lane, &gathering.members, now);
        gathering.until = gathering.opened.now + Gathering::patience(lane, &needs);
        let awaiting =
            Awaiting { lane: lane.id.clone(), subjects: gathering.subjects(), needs, until: gathering.until };
        self.events.push_back(AccessEvent::Awaiting(awaiting));
        self.waiting.insert(lane.id.clone(), gathering);
    }

    /// What was needed did not come.
    pub(super) fn give_up(&mut self, lane: &LaneId, gathering: Gathering, now: MonoTime) {
        let policy = Arc::clone(&self.policy);
        let moment = gathering.opened.advanced_to(now);
        let subjects = gathering.subjects();
        let mut trail = gathering.trail;
        let missing = match policy.lane(lane) {
            Some(lane) => self.needs(lane, &gathering.members, now),
            None => Vec::new(),
        };
        trail.extend(missing.iter().map(|need| {
            let finding = Finding::Referred(need.missing());
            Step { subject: None, check: check_of(*need), finding }
        }));
        if missing.is_empty() {
            let finding = Finding::Referred(ReferReason::UnknownLane);
            trail.push(Step { subject: None, check: Check::Lane, finding });
        }
        self.decide(lane, now, moment, subjects, trail, None);
    }

    /// Everything needed is there; things may have changed while it came.
    fn complete(&mut self, lane: &LanePolicy, gathering: Gathering, moment: Moment) {
        let mut rule: Option<RuleId> = None;
        let mut trail = Vec::new();
        let mut before: Vec<HolderKind> = Vec::new();
        for member in &gathering.members {
            for credential in &member.credentials {
                let examined = Examination::new(self, lane, moment, Scope::Whole(&before)).of(credential);
                trail.extend(examined.trail);
                rule = rule.or(examined.rule);
            }
            if self.state.place(&member.claim.subject).map(|presence| &presence.zone) != lane.to.as_ref() {
                before.push(member.claim.kind);
            }
        }
        trail.extend(met(lane, &gathering.members));
        let subjects = gathering.subjects();
        let deadline = moment.now + lane.deadline;
        match verdict(&trail, rule.map(Grant::Rule)) {
            Verdict::Permit(grant) => {
                let number = self.issue(lane, &gathering.members, moment);
                self.decide(&lane.id, deadline, moment, subjects, trail, Some((number, grant)));
            }
            Verdict::Deny(_) | Verdict::Refer(_) => {
                self.decide(&lane.id, deadline, moment, subjects, trail, None);
            }
        }
    }

    fn issue(&mut self, lane: &LanePolicy, members: &[Member], moment: Moment) -> DecisionNumber {
        let subjects = members.iter().map(|member| (member.claim.subject.clone(), member.claim.kind)).collect();
        let entering = lane.direction == Direction::In;
        let uses = members.iter().flat_map(|member| &member.credentials).filter_map(|credential| match credential {
            Credential::Pass(pass) if pass.uses == PassUses::Once && entering => Some((pass.id.clone(), pass.valid_to)),
            Credential::Pass(_) | Credential::Plate { .. } | Credential::Card(_) | Credential::CitizenCard(_) => None,
        });
        if let Some(escort) = &lane.escort
            && let Some(member) = members.iter().find(|member| escort.by.contains(&member.claim.category))
        {
            let escorted = Escorted { category: member.claim.category.clone(), at: moment.now };
            self.escorts.insert(lane.id.clone(), escorted);
        }
        let uses = uses.collect();
        let live = Live { expires: moment.now + lane.permit_for, members: members.to_vec(), granted: moment.now };
        self.record(lane, subjects, uses, live, moment)
    }

    /// Numbers a permit and keeps it, or at once its passage where nothing would report that.
    pub(super) fn record(
        &mut self,
        lane: &LanePolicy,
        subjects: Vec<(Subject, HolderKind)>,
        uses: Vec<(PassId, UtcTime)>,
        live: Live,
        moment: Moment,
    ) -> DecisionNumber {
        let of_same = |permit: &&Permit| subjects.iter().any(|(subject, _)| permit.is_for(subject));
        let replaced: Vec<_> = self.state.permits.values().filter(of_same).map(|permit| permit.number).collect();
        for number in replaced {
            self.end_permit(number, PermitEnd::Superseded);
        }
        let number = self.next_number();
        let (from, to) = (lane.from.clone(), lane.to.clone());
        let permit = Permit { number, lane: lane.id.clone(), subjects, from, to, uses, at: moment.at };
        match lane.sensor {
            PassageSensor::Present => {
                self.live.insert(number, live);
                self.change(Change::Permitted(permit));
            }
            PassageSensor::Absent => self.change(Change::Passed { permit, at: moment.at }),
        }
        number
    }

    /// Puts another policy in force. What waits or was permitted and not carried out is looked at again: a permit that
    /// the new policy would not give ends at once.
    pub fn replace_policy(&mut self, policy: Arc<AccessPolicy>, moment: Moment) {
        self.handle_timeout(moment.now);
        self.policy = Arc::clone(&policy);
        let fallen = self.live.iter().filter(|(number, live)| !self.stands(**number, live, moment));
        let revoked: Vec<_> = fallen.map(|(number, _)| *number).collect();
        for number in revoked {
            self.end_permit(number, PermitEnd::Revoked);
        }
        for (id, gathering) in std::mem::take(&mut self.waiting) {
            let Some(lane) = policy.lane(&id) else {
                self.give_up(&id, gathering, moment.now);
                continue;
            };
            let failing = gathering.members.iter().flat_map(|member| &member.credentials).find_map(|credential| {
                let examined = Examination::new(self, lane, moment, Scope::Standing).of(credential);
                let good = permits(&examined.trail, examined.rule);
                (!good).then_some(examined.trail)
            });
            match failing {
                Some(trail) => {
                    self.decide(&id, moment.now + lane.deadline, moment, gathering.subjects(), trail, None);
                }
                None => {
                    self.waiting.insert(id, gathering);
                }
            }
        }
    }

    /// Whether the policy in force would still give a permit.
    fn stands(&self, number: DecisionNumber, live: &Live, moment: Moment) -> bool {
        let lane = self.state.permits.get(&number).and_then(|permit| self.policy.lane(&permit.lane));
        let Some(lane) = lane else { return false };
        // What a guard gave has no members: he has seen more than the policy.
        let mut credentials = live.members.iter().flat_map(|member| &member.credentials);
        (live.members.is_empty() || self.needs(lane, &live.members, live.granted).is_empty())
            && credentials.all(|credential| {
                let examined = Examination::new(self, lane, moment, Scope::Standing).of(credential);
                permits(&examined.trail, examined.rule)
            })
    }
}

fn permits(trail: &[Step], rule: Option<RuleId>) -> bool {
    match verdict(trail, rule.map(Grant::Rule)) {
        Verdict::Permit(_) => true,
        Verdict::Deny(_) | Verdict::Refer(_) => false,
    }
}

const fn check_of(need: Need) -> Check {
    match need {
        Need::SecondFactor => Check::SecondFactor,
        Need::SecondPerson => Check::TwoPerson,
        Need::Escort => Check::Escort,
    }
}

/// The steps of what a lane asks for beyond one credential, when it is all there.
fn met(lane: &LanePolicy, members: &[Member]) -> [Step; 3] {
    let finding = |asked| if asked { Finding::Held } else { Finding::NotAsked };
    let step = |check, asked| Step { subject: None, check, finding: finding(asked) };
    [
        step(Check::SecondFactor, lane.second_factor == Demand::Required),
        step(Check::TwoPerson, lane.two_person == Demand::Required),
        step(Check::Escort, lane.escort.is_some() || is_escort_needed(lane, members)),
    ]
}
