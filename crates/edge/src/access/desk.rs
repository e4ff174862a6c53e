//! What the access thread does with each thing that comes in: decide, keep, and only then act.

mod orders;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::lane::{Input as LaneInput, Supply};
use access::policy::PassageSensor;
use access::{
    Access, AccessEvent, AccessPolicy, Change, Check, Credential, Decision, DecisionNumber, Finding, LaneId, Moment,
    Presented, ReferReason, Step, Subject, Verdict,
};
use actuate::Happening;
use domain::{Direction, GateId, MonoTime};
use wire::access::{LaneChange, LaneHappening};
use wire::event::WithEvidence;
use wire::{EvidenceRef, Payload};

use super::journal::Journal;
use super::rig::{Now, Rig, Sensed};
use super::tell::{Teller, decided};
use super::view::{LaneBoard, Tally};
use super::{Eyes, Shown};
use crate::config::lanes::CameraLoss;
use crate::watch::one_line;

/// What a guard decides soon after something was shown is about that.
const SHOWN_MAX: Duration = Duration::from_secs(120);
/// How long to wait before trying again to write the record of who is inside.
const JOURNAL_RETRY: Duration = Duration::from_secs(10);

/// One lane of the node.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) id: LaneId,
    pub(super) gate: Option<GateId>,
    /// What opens it.
    pub(super) rig: Option<Rig>,
    /// Whether its camera gives pictures. Taken for granted until something else is told.
    pub(super) eyes: Eyes,
    /// What the loss of the camera does, where the configuration says so.
    pub(super) camera_loss: Option<CameraLoss>,
    /// What was shown here last, and when.
    pub(super) shown: Option<(Shown, Instant)>,
    /// What was referred to the guard last, whom it is about, and when.
    pub(super) referred: Option<(DecisionNumber, Vec<Subject>, Instant)>,
    /// What was decided and ordered here.
    pub(super) tally: Tally,
}

/// Where the record of who is inside is kept.
#[derive(Debug)]
enum Record {
    Kept(Journal),
    /// It could not be written, and is tried again then.
    Failing(Journal, Instant),
    /// It is damaged and left alone.
    Damaged,
}

/// The decisions of the node and its lanes.
#[derive(Debug)]
pub(super) struct AccessDesk {
    access: Access,
    record: Record,
    posts: Vec<Post>,
    /// At which lane each permit of this run waits.
    permits: BTreeMap<DecisionNumber, LaneId>,
    told: Vec<Payload>,
}

impl AccessDesk {
    /// Begins; without a journal nothing is permitted.
    pub(super) fn new(mut access: Access, journal: Option<Journal>, posts: Vec<Post>, now: Now) -> Self {
        let record = match journal {
            Some(journal) => Record::Kept(journal),
            None => {
                access.distrust_state();
                Record::Damaged
            }
        };
        let mut desk = Self { access, record, posts, permits: BTreeMap::new(), told: Vec::new() };
        if let Record::Damaged = desk.record {
            desk.tell_of_state(LaneHappening::AlarmRaised, "the record of who is inside is damaged");
        }
        desk.settle(now);
        desk
    }

    fn post(&self, lane: &LaneId) -> Option<usize> {
        self.posts.iter().position(|post| post.id == *lane)
    }

    /// Somebody shows something.
    pub(super) fn present(&mut self, lane: LaneId, credential: Credential, shown: Shown, moment: Moment, now: Now) {
        self.note_shown(&lane, Some(shown), now);
        self.access.present(Presented { lane, credential, moment });
        self.settle(now);
    }

    /// Somebody shows something that cannot be read.
    pub(super) fn present_unread(
        &mut self,
        lane: &LaneId,
        why: String,
        shown: Option<Shown>,
        moment: Moment,
        now: Now,
    ) {
        self.note_shown(lane, shown, now);
        self.access.present_unread(lane, why, moment);
        self.settle(now);
    }

    fn note_shown(&mut self, lane: &LaneId, shown: Option<Shown>, now: Now) {
        if let (Some(post), Some(shown)) = (self.post(lane), shown) {
            self.posts[post].shown = Some((shown, now.instant));
        }
    }

    /// Something went through the lane with this number, in this direction where that can be told.
    pub(super) fn passed(&mut self, post: usize, direction: Option<Direction>, moment: Moment, now: Now) {
        let id = self.posts[post].id.clone();
        let Some(rules) = self.access.policy().lane(&id) else { return };
        let is_other_way = direction.is_some_and(|direction| direction != rules.direction);
        if rules.sensor == PassageSensor::Absent || is_other_way {
            return;
        }
        let permit_for = rules.permit_for;
        let waiting = || self.access.state().permits().filter(|permit| permit.lane == id);
        // Those of a run before are only believed as long as they would have waited.
        let of_before = || waiting().filter(|permit| moment.at.since(permit.at) <= permit_for).last();
        let permit = waiting().find(|permit| self.permits.contains_key(&permit.number)).or_else(of_before);
        let number = permit.map(|permit| permit.number);
        let is_permitted = number.is_some_and(|number| self.access.passed(number, moment).is_ok());
        self.settle(now);
        let post = &self.posts[post];
        let teller = Teller { lane: &post.id, gate: post.gate.as_ref(), guard: None };
        match (is_permitted, &self.record) {
            (true, _) => {
                let decision = number.map(|number| number.to_string());
                self.told.push(Payload::LaneChanged(LaneChange {
                    decision,
                    ..teller.change(LaneHappening::Passed, "permit")
                }));
            }
            (false, Record::Kept(_)) => {
                let is_held_open = post.rig.as_ref().is_some_and(Rig::is_held_open);
                let cause = if is_held_open { "held-open" } else { "" };
                self.told.push(Payload::LaneChanged(teller.change(LaneHappening::PassedUnpermitted, cause)));
            }
            // Nobody knows who was permitted.
            (false, Record::Failing(..) | Record::Damaged) => {}
        }
    }

    /// Something happened at the barrier of the lane with this number.
    pub(super) fn happened(&mut self, post: usize, happening: Happening, moment: Moment, now: Now) {
        let Some(rig) = self.posts[post].rig.as_mut() else { return };
        if rig.happened(happening, now) == Sensed::Passage {
            self.passed(post, None, moment, now);
        }
    }

    /// Puts another policy in force.
    pub(super) fn replace_policy(&mut self, policy: Arc<AccessPolicy>, moment: Moment, now: Now) {
        self.access.replace_policy(Arc::clone(&policy), moment);
        self.settle(now);
        for post in &mut self.posts {
            if let (Some(rig), Some(rules)) = (&mut post.rig, policy.lane(&post.id)) {
                rig.lane_mut().set_settings(rules.barrier, now.mono);
            }
        }
        (0..self.posts.len()).for_each(|post| self.look_after(post, now));
    }

    /// The camera of a lane was lost, or is back.
    pub(super) fn camera_changed(&mut self, lane: &LaneId, eyes: Eyes, now: Now) {
        if let Some(post) = self.post(lane) {
            self.posts[post].eyes = eyes;
            self.look_after(post, now);
        }
    }

    /// Has a lane without eyes do what it is to do then, as the policy in force has it.
    fn look_after(&mut self, post: usize, now: Now) {
        let post = &mut self.posts[post];
        let Some(rules) = self.access.policy().lane(&post.id) else { return };
        let loss = post.camera_loss.unwrap_or_else(|| CameraLoss::of(&rules.methods));
        let input = match (post.eyes, loss) {
            (Eyes::Lost, CameraLoss::Fail) => LaneInput::Lost(Supply::Camera),
            (Eyes::Lost, CameraLoss::GoOn) | (Eyes::Open, _) => LaneInput::Restored(Supply::Camera),
        };
        if let Some(rig) = &mut post.rig {
            rig.handle(&input, None, now);
        }
    }

    /// Forgets what is of no more use; once a day is enough.
    pub(super) fn forget_ended(&mut self, moment: Moment, now: Now) {
        self.access.forget_ended(moment);
        self.settle(now);
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Now) {
        self.access.handle_timeout(now.mono);
        self.settle(now);
        self.posts
            .iter_mut()
            .filter_map(|post| post.rig.as_mut())
            .for_each(|rig| rig.lane_mut().handle_timeout(now.mono));
        self.record = match std::mem::replace(&mut self.record, Record::Damaged) {
            Record::Failing(mut journal, retry_at) if retry_at <= now.instant => {
                match journal.snapshot(self.access.state()) {
                    Ok(()) => {
                        tracing::info!("the record of who is inside can be written again");
                        self.access.trust_state();
                        self.tell_of_state(LaneHappening::AlarmEnded, "");
                        Record::Kept(journal)
                    }
                    Err(_) => Record::Failing(journal, now.instant + JOURNAL_RETRY),
                }
            }
            other @ (Record::Kept(_) | Record::Failing(..) | Record::Damaged) => other,
        };
    }

    /// When [`AccessDesk::handle_timeout`] or [`AccessDesk::drive`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        let lanes = self.posts.iter().filter_map(|post| post.rig.as_ref()?.poll_timeout());
        lanes.chain(self.access.poll_timeout()).min()
    }

    /// Has the actuators carry out what the lanes command.
    pub(super) fn drive(&mut self, now: Now) {
        for rig in self.posts.iter_mut().filter_map(|post| post.rig.as_mut()) {
            rig.drive(now);
            self.told.extend(rig.take_told().into_iter().map(Payload::LaneChanged));
        }
    }

    /// What is to be told, in order. It must be on the disk before [`AccessDesk::drive`].
    pub(super) fn take_told(&mut self) -> Vec<Payload> {
        for rig in self.posts.iter_mut().filter_map(|post| post.rig.as_mut()) {
            self.told.extend(rig.take_told().into_iter().map(Payload::LaneChanged));
        }
        std::mem::take(&mut self.told)
    }

    /// Shows how the lanes are.
    pub(super) fn show(&self, board: &LaneBoard) {
        board.take(&self.posts, !matches!(self.record, Record::Kept(_)));
    }

    /// Takes what access has to say: keeps the changes, then acts on them.
    fn settle(&mut self, now: Now) {
        loop {
            let events: Vec<_> = std::iter::from_fn(|| self.access.poll_event()).collect();
            if events.is_empty() {
                break;
            }
            let is_kept = self.keep(&events, now);
            for event in events {
                self.act(event, is_kept, now);
            }
        }
        if let Record::Kept(journal) = &mut self.record
            && journal.is_long()
            && let Err(error) = journal.snapshot(self.access.state())
        {
            // The journal is whole all the same; it only grows on.
            tracing::warn!(error = one_line(&error), "the record of who is inside could not be written as a whole");
        }
    }

    /// Keeps the changes among `events`; whether they are safe.
    fn keep(&mut self, events: &[AccessEvent], now: Now) -> bool {
        let changes: Vec<&Change> = events
            .iter()
            .filter_map(|event| match event {
                AccessEvent::Changed(change) => Some(change),
                AccessEvent::Decided(_) | AccessEvent::Awaiting(_) | AccessEvent::Overrun { .. } => None,
            })
            .collect();
        if changes.is_empty() {
            return true;
        }
        let error = match &mut self.record {
            Record::Kept(journal) => match journal.append(&changes) {
                Ok(()) => return true,
                Err(error) => one_line(&error),
            },
            Record::Failing(..) | Record::Damaged => return false,
        };
        tracing::warn!(error, "nobody is permitted until the record of who is inside can be written");
        self.record = match std::mem::replace(&mut self.record, Record::Damaged) {
            Record::Kept(journal) => Record::Failing(journal, now.instant + JOURNAL_RETRY),
            other @ (Record::Failing(..) | Record::Damaged) => other,
        };
        self.access.distrust_state();
        self.tell_of_state(LaneHappening::AlarmRaised, "the record of who is inside cannot be written");
        false
    }

    fn tell_of_state(&mut self, change: LaneHappening, detail: &str) {
        for post in &self.posts {
            let teller = Teller { lane: &post.id, gate: post.gate.as_ref(), guard: None };
            let change = LaneChange { detail: detail.to_owned(), ..teller.change(change, "state-lost") };
            self.told.push(Payload::LaneChanged(change));
        }
    }

    fn act(&mut self, event: AccessEvent, is_kept: bool, now: Now) {
        match event {
            AccessEvent::Changed(Change::Permitted(permit)) => {
                self.permits.insert(permit.number, permit.lane);
            }
            AccessEvent::Changed(Change::PermitEnded { number, .. }) => {
                let lane = self.permits.remove(&number);
                let concerned = |post: &&mut Post| lane.as_ref().is_none_or(|lane| post.id == *lane);
                for rig in self.posts.iter_mut().filter(concerned).filter_map(|post| post.rig.as_mut()) {
                    rig.handle(&LaneInput::Ended(number), None, now);
                }
            }
            AccessEvent::Changed(Change::Passed { permit, .. }) => {
                self.permits.remove(&permit.number);
            }
            AccessEvent::Changed(Change::Started { .. } | Change::Relocated { .. } | Change::Forgotten { .. }) => {}
            AccessEvent::Decided(decision) => self.act_on(decision, is_kept, now),
            AccessEvent::Awaiting(awaiting) => {
                tracing::debug!(lane = %awaiting.lane, needs = ?awaiting.needs, "a lane waits for something more");
            }
            AccessEvent::Overrun { count } => {
                tracing::warn!(count, "credentials were not looked at: too many at a time");
            }
        }
    }

    fn act_on(&mut self, mut decision: Decision, is_kept: bool, now: Now) {
        match decision.verdict {
            // Nobody would know of it after a restart.
            Verdict::Permit(_) if !is_kept => {
                let finding = Finding::Referred(ReferReason::StateLost);
                decision.trail.push(Step { subject: None, check: Check::State, finding });
                decision.verdict = Verdict::Refer(ReferReason::StateLost);
            }
            Verdict::Permit(_) | Verdict::Deny(_) | Verdict::Refer(_) => {}
        }
        let mut post = self.posts.iter_mut().find(|post| post.id == decision.lane);
        if let (Some(post), Verdict::Refer(_)) = (&mut post, &decision.verdict) {
            post.referred = Some((decision.number, decision.subjects.clone(), now.instant));
        }
        let shown = post.as_ref().and_then(|post| post.shown.as_ref());
        let shown =
            shown.filter(|(_, at)| now.instant.saturating_duration_since(*at) <= SHOWN_MAX).map(|(shown, _)| shown);
        let gate = post.as_ref().and_then(|post| post.gate.as_ref());
        let evidence: Vec<EvidenceRef> = shown.map(|shown| shown.evidence.clone()).unwrap_or_default();
        let what = decided(&decision, gate, shown);
        let shown = shown.cloned();
        tracing::info!(lane = %decision.lane, number = %decision.number, verdict = decision.verdict.as_str(),
            reason = decision.verdict.reason(), "decided");
        self.told.push(Payload::AccessDecided(WithEvidence { what, evidence }));
        let Some(post) = post else { return };
        post.tally.decided(&decision, shown.as_ref());
        if let Some(rig) = &mut post.rig {
            rig.handle(&LaneInput::Decided(&decision), None, now);
        }
    }
}
