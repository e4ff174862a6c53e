//! Which event to send next, and when to send one again: decided without a socket, a clock or a disk.
//!
//! Events go out in the order of their numbers, at most a window of them ahead of the hub's receipts, so that what a
//! node can have waiting in the broker is bounded. A broker's acknowledgement moves nothing; only receipts do.
//!
//! Where receipts stay away, the newest event that was sent goes once more, ever more rarely, to ask. It queues behind
//! everything else that was sent, and a hub answers every event with a receipt: when the answer comes, the hub has
//! seen whatever was not lost, and the hole in its receipt names what was. So a hub that is merely slow is not buried
//! in repetitions, and a loss costs the lost events once.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::MonoTime;

/// How patient to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Most events that are sent and not confirmed.
    pub(super) window: u64,
    /// How long to wait for a receipt before asking.
    pub(super) resend_after: Duration,
    /// Longest such wait, after it doubled.
    pub(super) resend_after_max: Duration,
    /// How long a hole in the receipts may last before what is missing is sent again. Not zero, because replicas of
    /// a hub may commit out of order.
    pub(super) hole_after: Duration,
}

/// What a broker said about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has it.
    Accepted,
    /// It threw it away, because nobody subscribes.
    NobodyListens,
    /// It refused it.
    Refused,
}

/// How a receipt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The hub sent it now.
    Live,
    /// The broker had kept it: that says nothing about the hub of today.
    Retained,
}

impl Heard {
    /// How the later of two receipts came, with the earlier one counted.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Retained, Self::Retained) => Self::Retained,
            (Self::Live, _) | (_, Self::Live) => Self::Live,
        }
    }
}

/// What [`Delivery::handle_timeout`] found due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// The hub has been silent: one event is sent again, to ask.
    Silence,
    /// The hub misses events: they are sent again.
    Hole,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stance {
    /// Receipts come, or have not been missed yet.
    Flowing,
    /// Receipts are overdue. New events still go, inside the window.
    Asking,
    /// The broker throws events away. Only the oldest goes, to ask.
    NobodyListens,
    /// The broker refuses events. Only the oldest goes, to ask.
    Refused,
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    /// The hub has this number, and not all before it.
    upto: u64,
    since: MonoTime,
    wait: Duration,
}

/// What one connection has sent of an outbox.
#[derive(Debug)]
pub(super) struct Delivery {
    pace: Pace,
    head: u64,
    confirmed: u64,
    /// Everything after `confirmed` up to this number was sent on this connection.
    sent: u64,
    /// What to send once more before anything new.
    again: Option<(u64, u64)>,
    stance: Stance,
    /// Since when a receipt is awaited; nothing where nothing sent is unconfirmed.
    awaited_since: Option<MonoTime>,
    wait: Duration,
    hole: Option<Hole>,
}

impl Delivery {
    /// A new connection, which has sent nothing.
    pub(super) fn new(pace: Pace, head: u64, confirmed: u64) -> Self {
        Self {
            pace,
            head,
            confirmed,
            sent: confirmed,
            again: None,
            stance: Stance::Flowing,
            awaited_since: None,
            wait: pace.resend_after,
            hole: None,
        }
    }

    /// The outbox holds the events after `confirmed` up to `head` now. What left it may have been confirmed by a
    /// receipt of an earlier connection.
    pub(super) fn handle_outbox(&mut self, head: u64, confirmed: u64, now: MonoTime) {
        self.head = self.head.max(head);
        self.advance(confirmed, now);
    }

    /// The broker answered an event.
    pub(super) fn handle_answer(&mut self, answer: Answer, now: MonoTime) {
        match (answer, self.stance) {
            (Answer::Accepted, Stance::NobodyListens | Stance::Refused) => self.start_over(),
            (Answer::Accepted, Stance::Flowing | Stance::Asking)
            | (Answer::NobodyListens, Stance::NobodyListens)
            | (Answer::Refused, Stance::Refused) => {}
            (Answer::NobodyListens, Stance::Flowing | Stance::Asking | Stance::Refused) => {
                self.hold(Stance::NobodyListens, now);
            }
            (Answer::Refused, Stance::Flowing | Stance::Asking | Stance::NobodyListens) => {
                self.hold(Stance::Refused, now);
            }
        }
    }

    /// The outbox let go of everything up to `confirmed` after a receipt, or of nothing; the hub has `highest`.
    pub(super) fn handle_receipt(&mut self, confirmed: u64, highest: u64, heard: Heard, now: MonoTime) {
        self.advance(confirmed, now);
        match (heard, self.stance) {
            (Heard::Live, Stance::Asking) => self.stance = Stance::Flowing,
            // A hub subscribes before it speaks: worth asking the broker now and not at the next turn. What it threw
            // away it will have to take first.
            (Heard::Live, Stance::NobodyListens) if self.in_flight() > 0 => {
                self.again = Some((self.confirmed + 1, self.confirmed + 1));
            }
            (Heard::Live, Stance::Flowing | Stance::NobodyListens | Stance::Refused) | (Heard::Retained, _) => {}
        }
        let upto = highest.min(self.sent);
        if upto <= self.confirmed {
            self.hole = None;
        } else if let Some(hole) = &mut self.hole {
            hole.upto = hole.upto.max(upto);
        } else {
            self.hole = Some(Hole { upto, since: now, wait: self.pace.hole_after });
        }
    }

    /// The time has come to `now`.
    pub(super) fn handle_timeout(&mut self, now: MonoTime) -> Due {
        if self.silence_at().is_some_and(|at| at <= now) {
            let (oldest, newest) = (self.confirmed + 1, self.sent);
            self.awaited_since = Some(now);
            self.again = match self.stance {
                Stance::Flowing | Stance::Asking => {
                    self.stance = Stance::Asking;
                    self.double_wait();
                    Some((newest, newest))
                }
                Stance::Refused => {
                    self.double_wait();
                    Some((oldest, oldest))
                }
                // One small message that goes nowhere: no reason to be slower in noticing a hub that comes.
                Stance::NobodyListens => Some((oldest, oldest)),
            };
            return Due::Silence;
        }
        if let Some(hole) = &mut self.hole
            && hole.since + hole.wait <= now
        {
            let missing = (self.confirmed + 1, hole.upto - 1);
            hole.since = now;
            hole.wait = (hole.wait * 2).min(self.pace.resend_after_max);
            // Nothing is missing here where the hub lacks what it had confirmed: that no sending mends.
            if missing.0 <= missing.1 {
                self.again = Some(missing);
                return Due::Hole;
            }
        }
        Due::Nothing
    }

    /// When to call [`Delivery::handle_timeout`] next.
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        let hole_at = self.hole.map(|hole| hole.since + hole.wait);
        [self.silence_at(), hole_at].into_iter().flatten().min()
    }

    /// The next events to hand over, at most `most`; they count as sent.
    #[must_use]
    pub(super) fn poll_send(&mut self, most: u64, now: MonoTime) -> Option<RangeInclusive<u64>> {
        if most == 0 {
            return None;
        }
        if let Some((from, to)) = self.again {
            let last = to.min(from - 1 + most);
            self.again = (last < to).then_some((last + 1, to));
            return Some(from..=last);
        }
        match self.stance {
            Stance::Flowing | Stance::Asking => {}
            Stance::NobodyListens | Stance::Refused => return None,
        }
        let last = self.head.min(self.confirmed + self.pace.window).min(self.sent + most);
        if last <= self.sent {
            return None;
        }
        let first = self.sent + 1;
        self.sent = last;
        self.awaited_since.get_or_insert(now);
        Some(first..=last)
    }

    /// How many events were sent and are not confirmed; never above the window.
    pub(super) fn in_flight(&self) -> u64 {
        self.sent - self.confirmed
    }

    /// Whether the broker takes events and no receipt came in time.
    pub(super) fn is_overdue(&self) -> bool {
        self.stance == Stance::Asking
    }

    fn silence_at(&self) -> Option<MonoTime> {
        self.awaited_since.map(|since| since + self.wait)
    }

    /// Lets go of everything up to `confirmed`.
    fn advance(&mut self, confirmed: u64, now: MonoTime) {
        if confirmed <= self.confirmed {
            return;
        }
        self.confirmed = confirmed;
        self.sent = self.sent.max(confirmed);
        self.again = self.again.and_then(|(from, to)| (to > confirmed).then_some((from.max(confirmed + 1), to)));
        self.awaited_since = (self.sent > confirmed).then_some(now);
        self.wait = self.pace.resend_after;
        // What is missing may be on its way: the wait for it starts over, no shorter than it was.
        self.hole = self.hole.filter(|hole| hole.upto > confirmed).map(|hole| Hole { since: now, ..hole });
        if self.stance == Stance::Asking {
            self.stance = Stance::Flowing;
        }
    }

    fn double_wait(&mut self) {
        self.wait = (self.wait * 2).min(self.pace.resend_after_max);
    }

    /// Somebody listens (again): sends everything unconfirmed from the oldest on.
    fn start_over(&mut self) {
        self.stance = Stance::Flowing;
        self.sent = self.confirmed;
        self.again = None;
        self.awaited_since = None;
        self.wait = self.pace.resend_after;
        self.hole = None;
    }

    /// What was sent is lost: asks with the oldest event from time to time.
    fn hold(&mut self, stance: Stance, now: MonoTime) {
        self.stance = stance;
        self.again = None;
        self.awaited_since = (self.sent > self.confirmed).then_some(now);
        self.wait = self.pace.resend_after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        window: 10,
        resend_after: Duration::from_secs(30),
        resend_after_max: Duration::from_secs(600),
        hole_after: Duration::from_secs(2),
    };

    fn at(seconds: u64) -> MonoTime {
        MonoTime::from_micros(seconds * 1_000_000)
    }

    /// Everything that goes out at `now`.
    fn sent(delivery: &mut Delivery, now: MonoTime) -> Vec<u64> {
        std::iter::from_fn(|| delivery.poll_send(3, now)).flatten().collect()
    }

    #[test]
    fn events_go_in_order_and_no_further_than_the_window() {
        let mut delivery = Delivery::new(PACE, 25, 5);
        assert_eq!(sent(&mut delivery, at(0)), (6..=15).collect::<Vec<_>>());
        assert_eq!((sent(&mut delivery, at(1)), delivery.in_flight()), (vec![], 10));
        delivery.handle_receipt(8, 8, Heard::Live, at(2));
        assert_eq!(sent(&mut delivery, at(2)), [16, 17, 18]);
        delivery.handle_receipt(18, 18, Heard::Live, at(3));
        delivery.handle_outbox(26, 18, at(3));
        assert_eq!(sent(&mut delivery, at(3)), (19..=26).collect::<Vec<_>>());
    }

    #[test]
    fn an_acknowledgement_of_the_broker_moves_nothing() {
        let mut delivery = Delivery::new(PACE, 25, 0);
        assert_eq!(sent(&mut delivery, at(0)).len(), 10);
        for _ in 0..10 {
            delivery.handle_answer(Answer::Accepted, at(1));
        }
        assert_eq!((sent(&mut delivery, at(1)), delivery.in_flight()), (vec![], 10));
    }

    #[test]
    fn a_silent_hub_is_asked_ever_more_slowly_and_gets_what_it_lacks_when_it_speaks() {
        let mut delivery = Delivery::new(PACE, 5, 0);
        assert_eq!(sent(&mut delivery, at(0)).len(), 5);
        let mut asked = Vec::new();
        while asked.len() < 8 {
            let due = delivery.poll_timeout().expect("a receipt is awaited");
            assert_eq!(delivery.handle_timeout(due), Due::Silence);
            assert_eq!(sent(&mut delivery, due), [5]);
            assert!(delivery.is_overdue());
            asked.push(due.as_secs_f64() as u64);
        }
        assert_eq!(asked, [30, 90, 210, 450, 930, 1530, 2130, 2730]);
        delivery.handle_receipt(1, 5, Heard::Live, at(2731));
        assert!(!delivery.is_overdue());
        assert!(sent(&mut delivery, at(2731)).is_empty());
        assert_eq!((delivery.handle_timeout(at(2733)), sent(&mut delivery, at(2733))), (Due::Hole, vec![2, 3, 4]));
        assert_eq!(delivery.poll_timeout(), Some(at(2737)));
    }

    #[test]
    fn a_slow_hub_is_not_buried_in_repetitions() {
        let mut delivery = Delivery::new(PACE, 10, 0);
        assert_eq!(sent(&mut delivery, at(0)).len(), 10);
        let mut repeated = Vec::new();
        // One event in 50 s, and patience ends after 30.
        for step in 1..=100 {
            let now = at(step * 5);
            if step % 10 == 0 {
                delivery.handle_receipt(step / 10, step / 10, Heard::Live, now);
            }
            if delivery.handle_timeout(now) != Due::Nothing {
                repeated.extend(sent(&mut delivery, now));
            }
        }
        assert_eq!(repeated, [10; 10], "one question for each time that patience ended");
    }

    #[test]
    fn new_events_still_go_while_receipts_are_overdue() {
        let mut delivery = Delivery::new(PACE, 1, 0);
        assert_eq!(sent(&mut delivery, at(0)), [1]);
        assert_eq!(delivery.handle_timeout(at(30)), Due::Silence);
        delivery.handle_outbox(2, 0, at(30));
        assert_eq!(sent(&mut delivery, at(30)), [1, 2]);
    }

    #[test]
    fn while_nobody_listens_only_the_oldest_event_asks_at_a_steady_pace() {
        let mut delivery = Delivery::new(PACE, 25, 0);
        assert_eq!(sent(&mut delivery, at(0)).len(), 10);
        delivery.handle_answer(Answer::NobodyListens, at(0));
        for step in 1..50 {
            assert!(sent(&mut delivery, at(30 * step - 1)).is_empty());
            assert_eq!(delivery.handle_timeout(at(30 * step)), Due::Silence);
            assert_eq!(sent(&mut delivery, at(30 * step)), [1]);
            delivery.handle_answer(Answer::NobodyListens, at(30 * step));
        }
        delivery.handle_receipt(0, 0, Heard::Retained, at(1475));
        assert!(sent(&mut delivery, at(1475)).is_empty(), "what the broker kept is no sign of life");
        delivery.handle_receipt(0, 0, Heard::Live, at(1476));
        assert_eq!(sent(&mut delivery, at(1476)), [1], "a hub that speaks is asked at once");
        delivery.handle_answer(Answer::NobodyListens, at(1476));
        assert!(sent(&mut delivery, at(1476)).is_empty(), "and only once");
        delivery.handle_answer(Answer::Accepted, at(1476));
        assert_eq!(sent(&mut delivery, at(1476)), (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn a_refusal_is_tried_again_ever_more_slowly() {
        let mut delivery = Delivery::new(PACE, 25, 0);
        assert_eq!(sent(&mut delivery, at(0)).len(), 10);
        delivery.handle_answer(Answer::Refused, at(0));
        delivery.handle_outbox(30, 0, at(0));
        let mut asked = Vec::new();
        for _ in 0..4 {
            let due = delivery.poll_timeout().expect("it is tried again");
            assert_eq!(delivery.handle_timeout(due), Due::Silence);
            assert_eq!(sent(&mut delivery, due), [1]);
            delivery.handle_answer(Answer::Refused, due);
            asked.push(due.as_secs_f64() as u64);
        }
        assert_eq!(asked, [30, 90, 210, 450]);
    }

    #[test]
    fn a_hole_that_stays_is_sent_again_and_one_that_closes_is_not() {
        let mut delivery = Delivery::new(PACE, 10, 0);
        assert_eq!(sent(&mut delivery, at(0)).len(), 10);
        delivery.handle_receipt(2, 7, Heard::Live, at(1));
        assert_eq!(delivery.handle_timeout(at(2)), Due::Nothing);
        delivery.handle_receipt(7, 7, Heard::Live, at(2));
        assert_eq!(delivery.handle_timeout(at(5)), Due::Nothing);
        delivery.handle_receipt(7, 10, Heard::Live, at(6));
        assert_eq!((delivery.handle_timeout(at(8)), sent(&mut delivery, at(8))), (Due::Hole, vec![8, 9]));
        assert_eq!(delivery.handle_timeout(at(9)), Due::Nothing, "not more often than it can help");
        assert_eq!(delivery.handle_timeout(at(12)), Due::Hole);
        delivery.handle_receipt(10, 10, Heard::Live, at(13));
        assert_eq!((sent(&mut delivery, at(13)), delivery.poll_timeout()), (vec![], None));
    }

    #[test]
    fn what_an_earlier_connection_had_confirmed_is_not_asked_for() {
        let mut delivery = Delivery::new(PACE, 3, 0);
        assert_eq!(sent(&mut delivery, at(0)), [1, 2, 3]);
        delivery.handle_answer(Answer::NobodyListens, at(0));
        delivery.handle_outbox(3, 1, at(1));
        assert_eq!((delivery.handle_timeout(at(31)), sent(&mut delivery, at(31))), (Due::Silence, vec![2]));
    }

    #[test]
    fn a_hub_that_forgot_what_it_had_confirmed_is_not_sent_the_rest_for_ever() {
        let mut delivery = Delivery::new(PACE, 11, 10);
        assert_eq!(sent(&mut delivery, at(0)), [11]);
        delivery.handle_receipt(10, 11, Heard::Live, at(1));
        assert_eq!((delivery.handle_timeout(at(3)), sent(&mut delivery, at(3))), (Due::Nothing, vec![]));
        assert_eq!(delivery.handle_timeout(at(30)), Due::Silence);
    }

    #[test]
    fn a_receipt_for_more_than_this_connection_sent_skips_ahead() {
        let mut delivery = Delivery::new(PACE, 20, 0);
        assert_eq!(delivery.poll_send(3, at(0)), Some(1..=3));
        delivery.handle_receipt(12, 12, Heard::Retained, at(0));
        assert_eq!(sent(&mut delivery, at(0)), (13..=20).collect::<Vec<_>>());
        delivery.handle_receipt(5, 5, Heard::Live, at(1));
        assert_eq!(delivery.in_flight(), 8, "an overtaken receipt changes nothing");
    }

    proptest::proptest! {
        #[test]
        fn whatever_happens_the_window_holds_and_order_is_kept(
            steps in proptest::collection::vec((0_u8..6, 0_u64..20), 1..200),
        ) {
            let mut delivery = Delivery::new(PACE, 0, 0);
            let (mut head, mut confirmed, mut now) = (0, 0, at(0));
            for (kind, amount) in steps {
                now = now + Duration::from_secs(amount);
                match kind {
                    0 => { head += amount; delivery.handle_outbox(head, confirmed, now); }
                    1 => delivery.handle_answer(Answer::Accepted, now),
                    2 => delivery.handle_answer(Answer::NobodyListens, now),
                    3 => {
                        confirmed = head.min(confirmed + amount);
                        delivery.handle_receipt(confirmed, head.min(confirmed + 3), Heard::Live, now);
                    }
                    4 => { let _ = delivery.handle_timeout(now); }
                    _ => {
                        if let Some(range) = delivery.poll_send(amount, now) {
                            proptest::prop_assert!(!range.is_empty() && *range.start() > confirmed);
                            proptest::prop_assert!(*range.end() <= head.min(confirmed + PACE.window));
                        }
                    }
                }
                proptest::prop_assert!(delivery.in_flight() <= PACE.window);
            }
        }
    }
}
