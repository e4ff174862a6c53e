//! Guards' orders: carried out, or refused; told with who gave them and why, whatever becomes of them.

use access::lane::{Input as LaneInput, Order, Switch};
use access::{GuardError, Moment, Override, Subject};
use domain::UtcTime;
use wire::Payload;
use wire::access::{GuardWord, LaneChange, LaneHappening, short_text};

use super::{AccessDesk, Post, Record, SHOWN_MAX};
use crate::access::rig::{Now, Rig};
use crate::access::tell::Teller;
use crate::access::{GuardOrder, OrderDone, OrderKind, OrderRefused};

impl AccessDesk {
    /// A guard orders something.
    pub(in crate::access) fn order(
        &mut self,
        order: GuardOrder,
        moment: Moment,
        now: Now,
    ) -> Result<OrderDone, OrderRefused> {
        let done = self.carry_out(&order, moment, now);
        match &done {
            Err(why) => self.refuse(&order, why, moment.at),
            Ok(_) => self.note(&order, None, moment.at),
        }
        done
    }

    /// Notes an order at its lane, or at all of them.
    fn note(&mut self, order: &GuardOrder, why: Option<&OrderRefused>, at: UtcTime) {
        let Ok(word) = word(&order.by, &order.reason) else { return };
        let concerned = |post: &&mut Post| order.lane.as_ref().is_none_or(|lane| post.id == *lane);
        self.posts.iter_mut().filter(concerned).for_each(|post| post.tally.ordered(order, &word, why, at));
    }

    /// Tells of an order that is not carried out.
    pub(in crate::access) fn refuse(&mut self, order: &GuardOrder, why: &OrderRefused, at: UtcTime) {
        self.note(order, Some(why), at);
        // Nobody to name: whoever gave it here hears that, and it never was an order.
        let Ok(word) = word(&order.by, &order.reason) else { return };
        let posts: Vec<_> = match &order.lane {
            Some(lane) => vec![(lane.clone(), self.post(lane).and_then(|post| self.posts[post].gate.clone()))],
            None => self.posts.iter().map(|post| (post.id.clone(), post.gate.clone())).collect(),
        };
        tracing::warn!(order = order.kind.as_str(), why = why.as_str(), "a guard's order is not carried out");
        for (lane, gate) in posts {
            let teller = Teller { lane: &lane, gate: gate.as_ref(), guard: None };
            let detail = short_text(&format!("{}: {why}", order.kind.as_str()));
            let change = teller.change(LaneHappening::Ignored, why.as_str());
            self.told.push(Payload::LaneChanged(LaneChange { guard: Some(word.clone()), detail, ..change }));
        }
    }

    fn carry_out(&mut self, order: &GuardOrder, moment: Moment, now: Now) -> Result<OrderDone, OrderRefused> {
        let GuardOrder { lane, kind, by, reason, until } = order;
        if now.instant > *until {
            return Err(OrderRefused::Expired);
        }
        let word = word(by, reason)?;
        let posts: Vec<usize> = match lane {
            Some(lane) => vec![self.post(lane).ok_or_else(|| OrderRefused::UnknownLane(lane.clone()))?],
            None if matches!(kind, OrderKind::LockDown | OrderKind::Release) => (0..self.posts.len()).collect(),
            None => return Err(OrderRefused::WhichLane),
        };
        let order = match kind {
            OrderKind::Open => Order::Open,
            OrderKind::Hold => Order::Hold,
            OrderKind::Close => Order::Close,
            OrderKind::LockDown => return self.each(&posts, &[LaneInput::LockDown(Switch::On)], &word, now),
            OrderKind::Release => return self.release(&posts, &word, now),
            OrderKind::Override { subjects } => return self.permit(posts[0], subjects.clone(), word, moment, now),
            OrderKind::Answer { decision } => {
                let subjects = self.waiting(posts[0], decision, now)?;
                let done = self.permit(posts[0], subjects, word, moment, now)?;
                // One answer lets in once.
                self.posts[posts[0]].referred = None;
                return Ok(done);
            }
            OrderKind::Refuse { decision } => {
                self.waiting(posts[0], decision, now)?;
                let post = &mut self.posts[posts[0]];
                post.referred = None;
                let teller = Teller { lane: &post.id, gate: post.gate.as_ref(), guard: None };
                let change = teller.change(LaneHappening::Ordered, kind.as_str());
                let told = LaneChange { guard: Some(word), decision: Some(decision.clone()), ..change };
                self.told.push(Payload::LaneChanged(told));
                return Ok(OrderDone { decision: None });
            }
        };
        self.each(&posts, &[LaneInput::Guard { order, guard: by }], &word, now)
    }

    /// Whom the lane's last referral is about, where it is that decision and still fresh.
    fn waiting(&self, post: usize, decision: &str, now: Now) -> Result<Vec<Subject>, OrderRefused> {
        let fresh = self.posts[post].referred.as_ref().filter(|(number, _, at)| {
            number.to_string() == decision && now.instant.saturating_duration_since(*at) <= SHOWN_MAX
        });
        let subjects = fresh.map(|(_, subjects, _)| subjects.clone());
        subjects.ok_or_else(|| OrderRefused::NotWaiting(decision.to_owned()))
    }

    fn permit(
        &mut self,
        post: usize,
        subjects: Vec<Subject>,
        word: GuardWord,
        moment: Moment,
        now: Now,
    ) -> Result<OrderDone, OrderRefused> {
        let Record::Kept(_) = self.record else { return Err(OrderRefused::StateLost) };
        let lane = self.posts[post].id.clone();
        let GuardWord { name: guard, reason } = word;
        let number = self.access.override_by(Override { lane, guard, reason, subjects, moment })?;
        self.settle(now);
        Ok(OrderDone { decision: Some(number) })
    }

    fn release(&mut self, posts: &[usize], word: &GuardWord, now: Now) -> Result<OrderDone, OrderRefused> {
        let burning = posts.iter().find(|post| self.posts[**post].rig.as_ref().is_some_and(Rig::senses_fire));
        if let Some(post) = burning {
            return Err(OrderRefused::StillBurning(self.posts[*post].id.clone()));
        }
        let done = self.each(posts, &[LaneInput::Guard { order: Order::Release, guard: &word.name }], word, now)?;
        for post in posts {
            if let Some(rig) = &mut self.posts[*post].rig {
                rig.end_alarms(word, now);
            }
        }
        Ok(done)
    }

    /// Tells lanes the same; each must have something that opens it where one lane is meant.
    fn each(
        &mut self,
        posts: &[usize],
        inputs: &[LaneInput<'_>],
        word: &GuardWord,
        now: Now,
    ) -> Result<OrderDone, OrderRefused> {
        if posts.iter().all(|post| self.posts[*post].rig.is_none()) {
            return Err(OrderRefused::NothingOpens);
        }
        for post in posts {
            if let Some(rig) = &mut self.posts[*post].rig {
                inputs.iter().for_each(|input| rig.handle(input, Some(word.clone()), now));
            }
        }
        Ok(OrderDone { decision: None })
    }
}

fn word(by: &str, reason: &str) -> Result<GuardWord, GuardError> {
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= access::decide::TEXT_LEN_MAX;
    match (fits(by), fits(reason)) {
        (true, true) => Ok(GuardWord { name: by.trim().to_owned(), reason: reason.trim().to_owned() }),
        (false, _) => Err(GuardError::Name),
        (true, false) => Err(GuardError::Reason),
    }
}
