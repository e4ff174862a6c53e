//! What a barrier does with what comes in, rule by rule.

use std::time::Duration;

use access::lane::{
    Action, Alarm, BarrierSettings, Cause, Command, FailMode, Feedback, Ignored, Input, Lane, LaneEvent, Order,
    Position, Supply, Switch,
};
use access::{Access, Decision};
use domain::MonoTime;

use crate::site::{after, card, decide, lane, policy};

const SETTINGS: BarrierSettings = BarrierSettings {
    fail: FailMode::Secure,
    feedback: Feedback::Wired,
    pulse_ms: 800,
    report_within: Duration::from_secs(4),
    open_max: Duration::from_secs(60),
};

fn barrier() -> Lane {
    Lane::new(lane("in"), SETTINGS)
}

fn ms(ms: u64) -> MonoTime {
    after(0).now + Duration::from_millis(ms)
}

/// Decided at 0 ms, to be carried out by 2000 ms.
fn permit() -> Decision {
    decide(&mut Access::new(policy()), "in", card("CA01"), after(0))
}

fn commands(lane: &mut Lane, now: MonoTime) -> Vec<Command> {
    std::iter::from_fn(|| lane.poll_command(now)).collect()
}

fn actions(lane: &mut Lane, now: MonoTime) -> Vec<Action> {
    commands(lane, now).into_iter().map(|command| command.action).collect()
}

fn events(lane: &mut Lane) -> Vec<LaneEvent> {
    let commanded = |event: &LaneEvent| matches!(event, LaneEvent::Commanded(_) | LaneEvent::CarriedOut(_));
    std::iter::from_fn(|| lane.poll_event()).filter(|event| !commanded(event)).collect()
}

fn alarms(lane: &mut Lane) -> Vec<Alarm> {
    let alarm = |event| if let LaneEvent::Alarm(alarm) = event { Some(alarm) } else { None };
    events(lane).into_iter().filter_map(alarm).collect()
}

#[test]
fn a_permit_opens_once_and_by_its_deadline() {
    let mut lane = barrier();
    let permit = permit();
    lane.handle(&Input::Decided(&permit), ms(100));
    let command = lane.poll_command(ms(100)).expect("a command");
    assert_eq!((command.action, command.cause), (Action::Pulse { ms: 800 }, Cause::Permit(permit.number)));
    assert_eq!(command.deadline, ms(2_000));
    lane.handle(&Input::Decided(&permit), ms(200));
    assert_eq!(actions(&mut lane, ms(200)), []);
    let why = Ignored::NotNew;
    assert_eq!(events(&mut lane), [LaneEvent::Ignored { number: Some(permit.number), why }]);
}

#[test]
fn a_late_permit_opens_nothing_whether_it_comes_late_or_is_taken_late() {
    let permit = permit();
    let late = [LaneEvent::Ignored { number: Some(permit.number), why: Ignored::Late }];
    let mut lane = barrier();
    lane.handle(&Input::Decided(&permit), ms(2_001));
    assert_eq!((actions(&mut lane, ms(2_001)).len(), events(&mut lane)), (0, late.to_vec()));
    let mut lane = barrier();
    lane.handle(&Input::Decided(&permit), ms(1_999));
    assert_eq!((actions(&mut lane, ms(2_001)).len(), events(&mut lane)), (0, late.to_vec()));
}

#[test]
fn a_denial_and_another_lanes_permit_open_nothing() {
    let denied = decide(&mut Access::new(policy()), "store-in", card("CA03"), after(0));
    let mut lane = barrier();
    lane.handle(&Input::Decided(&denied), ms(0));
    let elsewhere = decide(&mut Access::new(policy()), "in-2", card("CA01"), after(0));
    lane.handle(&Input::Decided(&elsewhere), ms(0));
    assert_eq!(actions(&mut lane, ms(0)), []);
}

#[test]
fn fire_opens_and_beats_lock_down_which_comes_back_after_it() {
    let mut lane = barrier();
    lane.handle(&Input::LockDown(Switch::On), ms(0));
    assert_eq!(actions(&mut lane, ms(0)), [Action::Close]);
    lane.handle(&Input::Fire(Switch::On), ms(10));
    assert_eq!(actions(&mut lane, ms(10)), [Action::HoldOpen]);
    lane.handle(&Input::Guard { order: Order::Close, guard: "Hùng" }, ms(20));
    assert_eq!(actions(&mut lane, ms(20)), []);
    lane.handle(&Input::Fire(Switch::Off), ms(30));
    assert_eq!(actions(&mut lane, ms(30)), [Action::Close]);
    lane.handle(&Input::LockDown(Switch::Off), ms(40));
    assert_eq!(actions(&mut lane, ms(40)), [Action::Release]);
}

#[test]
fn lock_down_takes_back_a_permit_that_the_actuator_has_not_taken_yet() {
    let mut lane = barrier();
    let permit = permit();
    lane.handle(&Input::Decided(&permit), ms(0));
    lane.handle(&Input::LockDown(Switch::On), ms(1));
    assert_eq!(actions(&mut lane, ms(1)), [Action::Close]);
    for input in [
        Input::Button,
        Input::Guard { order: Order::Open, guard: "Hùng" },
        Input::Guard { order: Order::Hold, guard: "Hùng" },
    ] {
        lane.handle(&input, ms(2));
    }
    assert_eq!(actions(&mut lane, ms(2)), []);
    let locked = events(&mut lane).into_iter();
    assert_eq!(locked.filter(|event| matches!(event, LaneEvent::Ignored { why: Ignored::LockedDown, .. })).count(), 4);
}

#[test]
fn the_button_is_honoured_and_told() {
    let mut lane = barrier();
    lane.handle(&Input::Button, ms(0));
    assert_eq!(commands(&mut lane, ms(0))[0].cause, Cause::Button);
    assert_eq!(events(&mut lane), [LaneEvent::ButtonPressed]);
}

#[test]
fn a_guard_holds_the_lane_open_until_he_closes_it() {
    let mut lane = barrier();
    lane.handle(&Input::Guard { order: Order::Hold, guard: "Hùng" }, ms(0));
    assert_eq!(actions(&mut lane, ms(0)), [Action::HoldOpen]);
    lane.handle(&Input::Decided(&permit()), ms(10));
    assert_eq!(actions(&mut lane, ms(10)), []);
    lane.handle(&Input::Guard { order: Order::Close, guard: "Hùng" }, ms(20));
    assert_eq!(actions(&mut lane, ms(20)), [Action::Close]);
}

#[test]
fn a_close_that_is_not_done_is_not_repeated_into_the_next_opening() {
    let mut lane = barrier();
    lane.handle(&Input::Guard { order: Order::Close, guard: "Hùng" }, ms(0));
    assert_eq!(actions(&mut lane, ms(0)), [Action::Close]);
    lane.handle(&Input::Decided(&permit()), ms(100));
    assert_eq!(actions(&mut lane, ms(100)), [Action::Pulse { ms: 800 }]);
    assert_eq!(actions(&mut lane, ms(2_500)), [Action::Release]);
}

#[test]
fn a_lane_that_is_not_supervised_goes_to_its_fail_mode_and_back() {
    for (fail, gone) in [(FailMode::Safe, Action::HoldOpen), (FailMode::Secure, Action::Close)] {
        for supply in [Supply::Power, Supply::Link, Supply::Camera] {
            let mut lane = Lane::new(crate::site::lane("in"), BarrierSettings { fail, ..SETTINGS });
            lane.handle(&Input::Lost(supply), ms(0));
            assert_eq!(actions(&mut lane, ms(0)), [gone]);
            lane.handle(&Input::Decided(&permit()), ms(10));
            assert_eq!(actions(&mut lane, ms(10)), []);
            lane.handle(&Input::Restored(supply), ms(20));
            assert_eq!(actions(&mut lane, ms(20)), [Action::Release]);
            let told = events(&mut lane);
            assert!(told.contains(&LaneEvent::Alarm(Alarm::Lost(supply))));
            assert!(told.contains(&LaneEvent::AlarmEnded(Alarm::Lost(supply))));
        }
    }
}

#[test]
fn what_must_hold_is_repeated_until_it_is_done() {
    let mut lane = barrier();
    lane.handle(&Input::Fire(Switch::On), ms(0));
    let first = commands(&mut lane, ms(0))[0];
    assert_eq!(lane.poll_timeout(), Some(ms(2_000)), "the contact has longer");
    lane.handle(&Input::Failed(first.number), ms(100));
    assert_eq!(actions(&mut lane, ms(1_999)), []);
    let second = commands(&mut lane, ms(2_000))[0];
    assert!(second.number > first.number && second.deadline == ms(4_000));
    lane.handle(&Input::Done(second.number), ms(2_100));
    assert_eq!(actions(&mut lane, ms(60_000)), []);
    let told = events(&mut lane);
    let at = |event| told.iter().position(|one| *one == event).expect("it was told");
    assert!(at(LaneEvent::Alarm(Alarm::ActuatorFailed)) < at(LaneEvent::AlarmEnded(Alarm::ActuatorFailed)));
}

#[test]
fn a_barrier_that_does_not_say_that_it_opened_raises_an_alarm() {
    for said in [None, Some(Position::Closed), Some(Position::Unknown)] {
        let mut lane = barrier();
        lane.handle(&Input::Decided(&permit()), ms(0));
        commands(&mut lane, ms(0));
        if let Some(position) = said {
            lane.handle(&Input::Feedback(position), ms(500));
        }
        assert_eq!(lane.poll_timeout(), Some(ms(6_000)));
        lane.handle_timeout(ms(5_999));
        assert_eq!(alarms(&mut lane), []);
        lane.handle_timeout(ms(6_000));
        assert_eq!(alarms(&mut lane), [Alarm::NotOpened]);
    }
}

#[test]
fn a_normal_passage_raises_no_alarm_and_a_propped_barrier_does() {
    let mut lane = barrier();
    lane.handle(&Input::Feedback(Position::Closed), ms(0));
    lane.handle(&Input::Decided(&permit()), ms(0));
    commands(&mut lane, ms(0));
    lane.handle(&Input::Feedback(Position::Open), ms(1_500));
    lane.handle(&Input::Feedback(Position::Closed), ms(9_000));
    lane.handle_timeout(ms(900_000));
    assert_eq!(alarms(&mut lane), []);
    lane.handle(&Input::Button, ms(1_000_000));
    commands(&mut lane, ms(1_000_000));
    lane.handle(&Input::Feedback(Position::Open), ms(1_001_000));
    lane.handle_timeout(ms(1_061_000));
    assert_eq!(alarms(&mut lane), [Alarm::OpenTooLong]);
    lane.handle(&Input::Feedback(Position::Closed), ms(1_070_000));
    assert_eq!(events(&mut lane), [LaneEvent::Moved(Position::Closed), LaneEvent::AlarmEnded(Alarm::OpenTooLong)]);
}

#[test]
fn a_barrier_that_opens_without_a_command_was_forced() {
    let mut lane = barrier();
    lane.handle(&Input::Feedback(Position::Open), ms(0));
    assert_eq!(alarms(&mut lane), [Alarm::ForcedOpen]);
    lane.handle(&Input::Feedback(Position::Closed), ms(10));
    lane.handle(&Input::Decided(&permit()), ms(20));
    commands(&mut lane, ms(20));
    lane.handle(&Input::Feedback(Position::Open), ms(900));
    lane.handle(&Input::Feedback(Position::Closed), ms(5_000));
    assert_eq!(alarms(&mut lane), []);
    lane.handle(&Input::Feedback(Position::Open), ms(5_500));
    assert_eq!(alarms(&mut lane), [Alarm::ForcedOpen], "one pulse opens once");
}

#[test]
fn a_barrier_that_stays_open_under_lock_down_raises_an_alarm() {
    let mut lane = barrier();
    lane.handle(&Input::Button, ms(0));
    commands(&mut lane, ms(0));
    lane.handle(&Input::Feedback(Position::Open), ms(1_000));
    lane.handle(&Input::LockDown(Switch::On), ms(2_000));
    let close = commands(&mut lane, ms(2_000))[0];
    lane.handle(&Input::Done(close.number), ms(2_100));
    lane.handle_timeout(ms(8_000));
    assert_eq!(alarms(&mut lane), [Alarm::NotClosed]);
}

#[test]
fn a_barrier_held_open_by_order_is_not_open_too_long() {
    let mut lane = barrier();
    lane.handle(&Input::Guard { order: Order::Hold, guard: "Hùng" }, ms(0));
    let hold = commands(&mut lane, ms(0))[0];
    lane.handle(&Input::Done(hold.number), ms(100));
    lane.handle(&Input::Feedback(Position::Open), ms(1_500));
    lane.handle_timeout(ms(3_600_000));
    assert_eq!(alarms(&mut lane), []);
}

#[test]
fn a_lane_without_a_contact_has_no_alarms_about_it() {
    let mut lane = Lane::new(crate::site::lane("in"), BarrierSettings { feedback: Feedback::None, ..SETTINGS });
    lane.handle(&Input::Decided(&permit()), ms(0));
    commands(&mut lane, ms(0));
    lane.handle(&Input::Feedback(Position::Open), ms(100));
    lane.handle_timeout(ms(3_600_000));
    assert_eq!(alarms(&mut lane), []);
}

#[test]
fn a_guard_ends_a_hold_without_closing_on_whoever_stands_below() {
    let mut lane = barrier();
    lane.handle(&Input::Guard { order: Order::Hold, guard: "Hùng" }, ms(0));
    assert_eq!(actions(&mut lane, ms(0)), [Action::HoldOpen]);
    lane.handle(&Input::Guard { order: Order::Release, guard: "Hùng" }, ms(2));
    assert_eq!(actions(&mut lane, ms(2)), [Action::Release]);
}
