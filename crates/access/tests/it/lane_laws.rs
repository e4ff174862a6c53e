//! Laws of a lane that no order of inputs breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use access::lane::{
    Action, BarrierSettings, Cause, CommandNumber, FailMode, Feedback, Input, Lane, Order, Position, Supply, Switch,
};
use access::{Access, Decision, DecisionNumber, Verdict};
use domain::MonoTime;
use proptest::prelude::*;

use crate::site::{after, card, decide, lane, policy};

#[derive(Debug, Clone)]
enum Deed {
    /// A permit made now that is handed to the lane after a while.
    Permit {
        late_ms: u64,
    },
    /// An older permit again.
    Again {
        back: usize,
    },
    End {
        back: usize,
    },
    /// A permit that ends before the lane has heard of it.
    EndFirst,
    Guard(Order),
    Button,
    Fire(Switch),
    LockDown(Switch),
    Feedback(Position),
    Answer {
        done: bool,
    },
    Lose(Supply),
    Restore(Supply),
    Wait {
        ms: u64,
    },
    /// The actuator does not ask for the next deeds, so that commands lie about.
    Deaf {
        deeds: usize,
    },
}

fn deed() -> impl Strategy<Value = Deed> {
    let switch = || prop::sample::select(vec![Switch::On, Switch::Off]);
    let supply = || prop::sample::select(vec![Supply::Power, Supply::Link, Supply::Camera]);
    prop_oneof![
        6 => (0..3_000_u64).prop_map(|late_ms| Deed::Permit { late_ms }),
        1 => (0..4_usize).prop_map(|back| Deed::Again { back }),
        1 => (0..2_usize).prop_map(|back| Deed::End { back }),
        1 => Just(Deed::EndFirst),
        2 => prop::sample::select(vec![Order::Open, Order::Hold, Order::Close, Order::Release]).prop_map(Deed::Guard),
        2 => Just(Deed::Button),
        1 => switch().prop_map(Deed::Fire),
        1 => switch().prop_map(Deed::LockDown),
        2 => prop::sample::select(vec![Position::Open, Position::Closed, Position::Unknown]).prop_map(Deed::Feedback),
        2 => any::<bool>().prop_map(|done| Deed::Answer { done }),
        1 => supply().prop_map(Deed::Lose),
        1 => supply().prop_map(Deed::Restore),
        2 => (0..5_000_u64).prop_map(|ms| Deed::Wait { ms }),
        2 => (1..6_usize).prop_map(|deeds| Deed::Deaf { deeds }),
    ]
}

/// What the test itself knows of the world.
#[derive(Debug, Default)]
struct World {
    fire: bool,
    locked: bool,
    lost: BTreeSet<Supply>,
    deadlines: BTreeMap<DecisionNumber, MonoTime>,
    ended: BTreeSet<DecisionNumber>,
    opened: BTreeSet<DecisionNumber>,
    given: Vec<CommandNumber>,
    /// The last command that is to hold.
    holding: Option<Action>,
}

impl World {
    /// Takes every command that the lane hands out now, and holds it against the laws.
    fn take_commands(&mut self, lane: &mut Lane, fail: FailMode, now: MonoTime) -> Result<(), TestCaseError> {
        while let Some(command) = lane.poll_command(now) {
            prop_assert!(now <= command.deadline, "handed out after its deadline: {command:?}");
            prop_assert!(self.given.last().is_none_or(|last| *last < command.number), "numbers rise");
            self.given.push(command.number);
            if command.action.opens() {
                prop_assert!(self.fire || !self.locked, "opened under lock-down: {command:?}");
            } else {
                prop_assert!(!self.fire, "closed in a fire: {command:?}");
            }
            if let Cause::Permit(number) = command.cause {
                prop_assert!(now <= self.deadlines[&number] && command.deadline <= self.deadlines[&number]);
                prop_assert!(!self.ended.contains(&number), "opened for a permit that had ended");
                prop_assert!(self.opened.insert(number), "opened twice for one permit");
                prop_assert!(self.lost.is_empty(), "opened for a permit while nobody supervised");
            }
            match command.action {
                Action::Pulse { .. } => {}
                Action::HoldOpen | Action::Release | Action::Close => self.holding = Some(command.action),
            }
        }
        // What is strongest holds.
        if self.fire {
            prop_assert_eq!(self.holding, Some(Action::HoldOpen));
        } else if self.locked {
            prop_assert_eq!(self.holding, Some(Action::Close));
        } else if !self.lost.is_empty() && fail == FailMode::Safe {
            prop_assert_eq!(self.holding, Some(Action::HoldOpen));
        }
        Ok(())
    }
}

fn permit(access: &mut Access, now: MonoTime) -> Decision {
    let moment = access::Moment { now, ..after(0) };
    // Nobody looks at anti-passback here, so one worker's permit replaces his last.
    let decision = decide(access, "out", card("CA01"), moment);
    assert!(matches!(decision.verdict, Verdict::Permit(_)), "{decision:?}");
    decision
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_opens_late_or_under_lock_down_and_fire_always_does(
        deeds in prop::collection::vec(deed(), 0..60),
        safe in any::<bool>(),
        wired in any::<bool>(),
    ) {
        let fail = if safe { FailMode::Safe } else { FailMode::Secure };
        let feedback = if wired { Feedback::Wired } else { Feedback::None };
        let settings = BarrierSettings {
            fail, feedback, pulse_ms: 500, report_within: Duration::from_secs(4), open_max: Duration::from_secs(60),
        };
        let lax = crate::site::POLICY.replace("\"hard\"", "\"off\"");
        let mut access = Access::new(crate::site::parse(&lax, crate::site::HOLDERS));
        let mut barrier = Lane::new(lane("out"), settings);
        let (mut world, mut permits, mut now) = (World::default(), Vec::<Decision>::new(), after(0).now);
        let mut deaf = 0;
        for deed in deeds {
            match deed {
                Deed::Permit { late_ms } => {
                    let permit = permit(&mut access, now);
                    world.deadlines.insert(permit.number, permit.deadline);
                    now = now + Duration::from_millis(late_ms);
                    barrier.handle(&Input::Decided(&permit), now);
                    permits.push(permit);
                }
                Deed::Again { back } => {
                    if let Some(permit) = permits.iter().rev().nth(back) {
                        barrier.handle(&Input::Decided(permit), now);
                    }
                }
                Deed::End { back } => {
                    if let Some(permit) = permits.iter().rev().nth(back) {
                        world.ended.insert(permit.number);
                        barrier.handle(&Input::Ended(permit.number), now);
                    }
                }
                Deed::EndFirst => {
                    let permit = permit(&mut access, now);
                    world.deadlines.insert(permit.number, permit.deadline);
                    world.ended.insert(permit.number);
                    barrier.handle(&Input::Ended(permit.number), now);
                    barrier.handle(&Input::Decided(&permit), now);
                }
                Deed::Guard(order) => barrier.handle(&Input::Guard { order, guard: "Hùng" }, now),
                Deed::Button => barrier.handle(&Input::Button, now),
                Deed::Fire(switch) => {
                    world.fire = switch == Switch::On;
                    barrier.handle(&Input::Fire(switch), now);
                }
                Deed::LockDown(switch) => {
                    world.locked = switch == Switch::On;
                    barrier.handle(&Input::LockDown(switch), now);
                }
                Deed::Feedback(position) => barrier.handle(&Input::Feedback(position), now),
                Deed::Answer { done } => {
                    if let Some(number) = world.given.last() {
                        let answer = if done { Input::Done(*number) } else { Input::Failed(*number) };
                        barrier.handle(&answer, now);
                    }
                }
                Deed::Lose(supply) => {
                    world.lost.insert(supply);
                    barrier.handle(&Input::Lost(supply), now);
                }
                Deed::Restore(supply) => {
                    world.lost.remove(&supply);
                    barrier.handle(&Input::Restored(supply), now);
                }
                Deed::Wait { ms } => {
                    now = now + Duration::from_millis(ms);
                    barrier.handle_timeout(now);
                }
                Deed::Deaf { deeds } => deaf = deeds,
            }
            if deaf > 0 {
                deaf -= 1;
                continue;
            }
            world.take_commands(&mut barrier, fail, now)?;
        }
    }

    #[test]
    fn every_permit_in_time_opens_a_lane_that_nothing_overrules(late_ms in 0..2_500_u64) {
        let mut access = Access::new(policy());
        let permit = decide(&mut access, "in", card("CA01"), after(0));
        let settings = access.policy().lane(&lane("in")).expect("a lane").barrier;
        let mut barrier = Lane::new(lane("in"), settings);
        let now = after(0).now + Duration::from_millis(late_ms);
        barrier.handle(&Input::Decided(&permit), now);
        prop_assert_eq!(barrier.poll_command(now).is_some(), late_ms <= 2_000);
    }
}
