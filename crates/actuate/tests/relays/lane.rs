//! The lane's thread over a Modbus device on loopback: order, fire, lock-down, inputs, restarts.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use actuate::{
    ActuateError, ActuatorConfig, ActuatorThread, Command, Contact, Done, Happening, LaneMode, Level, Order,
    OrderError, OrderId, Position, Pulsed, QUEUE_MAX, Reading, Relay, Signal, relay::PulseBy,
};

use crate::device::{Device, Write};

const PATIENCE: Duration = Duration::from_secs(20);

struct LaneUnderTest {
    thread: ActuatorThread,
    happenings: Receiver<Happening>,
}

fn config(address: SocketAddr, more: &str) -> ActuatorConfig {
    let text =
        format!("[actuator]\nkind = \"modbus\"\naddress = \"{address}\"\nopen = {{ coil = 0 }}\npoll_ms = 20\n{more}");
    ActuatorConfig::parse(&text).expect("it is right")
}

fn lane(address: SocketAddr, more: &str) -> LaneUnderTest {
    let (tell, happenings) = channel();
    let thread = ActuatorThread::start("in", &config(address, more), move |happening| {
        let _ = tell.send(happening);
    });
    LaneUnderTest { thread: thread.expect("it starts"), happenings }
}

fn pulse(length_ms: u64) -> Order {
    let command = Command::Pulse(Duration::from_millis(length_ms));
    Order { command, deadline: Instant::now() + Duration::from_secs(10) }
}

impl LaneUnderTest {
    /// The next happening that `wanted` takes; others are passed over.
    fn wait<T>(&self, mut wanted: impl FnMut(Happening) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let happening = self.happenings.recv_timeout(left).expect("it happens in time");
            if let Some(found) = wanted(happening) {
                return found;
            }
        }
    }

    fn end_of(&self, wanted: OrderId) -> Result<Done, OrderError> {
        self.wait(|happening| match happening {
            Happening::Ended { id, result, .. } if id == wanted => Some(result),
            _ => None,
        })
    }

    fn mode_at_the_relay(&self, wanted: LaneMode) -> Duration {
        self.wait(|happening| match happening {
            Happening::Mode { mode, result: Ok(()), took } if mode == wanted => Some(took),
            _ => None,
        })
    }
}

#[test]
fn at_the_start_it_is_switched_off_what_a_killed_process_left_on() {
    let device = Device::start();
    device.set(|bank| bank.coils[0] = true);
    let lane = lane(device.address(), "");
    let settled = lane.wait(|happening| match happening {
        Happening::Settled(contacts) => Some(contacts),
        _ => None,
    });
    assert_eq!((settled, device.coil(0)), (vec![Contact::Open], false));
}

#[test]
fn a_relay_with_a_timer_is_left_alone_at_the_start_and_at_the_end() {
    let device = Device::start();
    let lane = lane(device.address(), "pulse = { register = 7 }\n");
    let id = lane.thread.order(pulse(700)).expect("it is taken");
    assert!(matches!(lane.end_of(id), Ok(Done::Pulsed(Pulsed::Whole))));
    lane.thread.stop();
    assert_eq!(device.writes(), [Write::Register(7, 7)]);
}

#[test]
fn orders_are_carried_out_in_turn_and_counted() {
    let device = Device::start();
    let lane = lane(device.address(), "pulse = { register = 7 }\n");
    let ids = [300, 400, 500].map(|length| lane.thread.order(pulse(length)).expect("it is taken"));
    for id in ids {
        assert!(matches!(lane.end_of(id), Ok(Done::Pulsed(Pulsed::Whole))));
    }
    assert_eq!(device.writes(), [3, 4, 5].map(|units| Write::Register(7, units)));
    let health = lane.thread.health();
    assert_eq!((health.counts.done, health.latency.count(), health.failures_in_a_row), (3, 3, 0));
    assert!(health.last_success.is_some() && health.last_error.is_none());
}

#[test]
fn an_order_that_waited_beyond_its_deadline_never_reaches_the_device() {
    let device = Device::start();
    let lane = lane(device.address(), "");
    let first = lane.thread.order(pulse(300)).expect("it is taken");
    let soon = Instant::now() + Duration::from_millis(100);
    let late = lane.thread.order(Order { command: Command::HoldOpen, deadline: soon }).expect("it is taken");
    assert!(lane.end_of(first).is_ok());
    let error = lane.end_of(late).expect_err("the pulse before it took longer");
    assert!(matches!(error, OrderError::Failed(ActuateError::TooLate { .. })), "{error:?}");
    let ons = device.writes().into_iter().filter(|write| *write == Write::Coil(0, true)).count();
    assert_eq!((ons, lane.thread.health().counts.late), (1, 1));
}

#[test]
fn a_full_queue_refuses_the_newcomer() {
    let device = Device::start();
    let lane = lane(device.address(), "");
    let running = lane.thread.order(pulse(30_000)).expect("it is taken");
    device.wait_until(|bank| bank.coils[0]);
    let waiting: Vec<_> = (0..QUEUE_MAX).map(|_| lane.thread.order(pulse(50)).expect("it is taken")).collect();
    assert!(matches!(lane.thread.order(pulse(50)), Err(OrderError::QueueFull)));
    assert_eq!(lane.thread.health().waiting, QUEUE_MAX);
    lane.thread.lock_down().expect("there is no fire");
    assert!(matches!(lane.end_of(running), Ok(Done::Pulsed(Pulsed::CutShort))));
    for id in waiting {
        let error = lane.end_of(id).expect_err("overruled");
        assert!(matches!(error, OrderError::Overruled(LaneMode::LockedDown)), "{error:?}");
    }
}

#[test]
fn fire_overtakes_what_waits_and_leaves_a_running_pulse_open() {
    let device = Device::start();
    let lane = lane(device.address(), "");
    let running = lane.thread.order(pulse(30_000)).expect("it is taken");
    device.wait_until(|bank| bank.coils[0]);
    let waiting = lane.thread.order(pulse(50)).expect("it is taken");
    let begun = Instant::now();
    lane.thread.fire();
    assert!(matches!(lane.end_of(running), Ok(Done::Pulsed(Pulsed::LeftOn))));
    // In this order: the relay first, the telling after.
    lane.mode_at_the_relay(LaneMode::Fire);
    assert!(matches!(lane.end_of(waiting), Err(OrderError::Overruled(LaneMode::Fire))));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(device.coil(0));
    let after_on = device.writes().into_iter().skip_while(|write| *write != Write::Coil(0, true));
    assert!(!after_on.into_iter().any(|write| write == Write::Coil(0, false)), "it was never closed");
    assert!(matches!(lane.thread.order(pulse(50)), Err(OrderError::Overruled(LaneMode::Fire))));
    assert!(matches!(lane.thread.lock_down(), Err(OrderError::Overruled(LaneMode::Fire))));
    lane.thread.clear().expect("the input is not active");
    lane.mode_at_the_relay(LaneMode::Normal);
    assert!(!device.coil(0));
}

#[test]
fn lock_down_ends_a_hold_and_is_renewed_at_a_device_that_restarted() {
    let device = Device::start();
    let address = device.address();
    let lane = lane(address, "");
    let command = Command::HoldOpen;
    let held = lane.thread.order(Order { command, deadline: Instant::now() + PATIENCE }).expect("it is taken");
    assert!(matches!(lane.end_of(held), Ok(Done::Held)));
    lane.thread.lock_down().expect("there is no fire");
    lane.mode_at_the_relay(LaneMode::LockedDown);
    assert!(!device.coil(0));
    drop(device);
    let device = Device::start_at(address);
    device.set(|bank| bank.coils[0] = true);
    device.wait_until(|bank| !bank.coils[0] && bank.writes.contains(&Write::Coil(0, false)));
}

#[test]
fn fire_reaches_a_device_that_comes_back_later() {
    let device = Device::start();
    let address = device.address();
    drop(device);
    let lane = lane(address, "");
    lane.thread.fire();
    lane.wait(|happening| match happening {
        Happening::Mode { mode: LaneMode::Fire, result: Err(ActuateError::NotSent(_)), .. } => Some(()),
        _ => None,
    });
    assert!(lane.thread.health().failures_in_a_row > 0);
    let device = Device::start_at(address);
    lane.mode_at_the_relay(LaneMode::Fire);
    assert!(device.coil(0));
}

#[test]
fn the_fire_input_opens_without_anybodys_order_and_cannot_be_cleared_while_it_burns() {
    let device = Device::start();
    let lane = lane(device.address(), "fire = { discrete = 1 }\n");
    lane.wait(|happening| matches!(happening, Happening::Read { .. }).then_some(()));
    device.set(|bank| bank.discrete[1] = true);
    lane.wait(|happening| matches!(happening, Happening::FireInput).then_some(()));
    lane.mode_at_the_relay(LaneMode::Fire);
    assert!(device.coil(0));
    assert!(lane.thread.clear().is_err());
    device.set(|bank| bank.discrete[1] = false);
    lane.wait(|happening| match happening {
        Happening::Read { now: Reading { fire: Signal::Idle, .. }, .. } => Some(()),
        _ => None,
    });
    assert!(device.coil(0), "it stays open until somebody has looked");
    lane.thread.clear().expect("it is out");
    lane.mode_at_the_relay(LaneMode::Normal);
    assert!(!device.coil(0));
}

#[test]
fn the_fire_input_is_seen_between_orders_that_never_end() {
    let device = Device::start();
    let lane = lane(device.address(), "fire = { discrete = 1 }\n");
    lane.wait(|happening| matches!(happening, Happening::Read { .. }).then_some(()));
    let orders: Vec<_> = (0..QUEUE_MAX).map(|_| lane.thread.order(pulse(200)).expect("it is taken")).collect();
    device.wait_until(|bank| bank.coils[0]);
    device.set(|bank| bank.discrete[1] = true);
    let last = *orders.last().expect("there are orders");
    assert!(matches!(lane.end_of(last), Err(OrderError::Overruled(LaneMode::Fire))));
    device.wait_until(|bank| bank.coils[0]);
}

#[test]
fn a_press_of_the_button_opens_once_also_in_a_lock_down_unless_told_otherwise() {
    for (more, opens) in [("", true), ("button_in_lockdown = \"ignored\"\n", false)] {
        let device = Device::start();
        let lane = lane(device.address(), &format!("button = {{ discrete = 2 }}\npulse_ms = 50\n{more}"));
        lane.wait(|happening| matches!(happening, Happening::Read { .. }).then_some(()));
        lane.thread.lock_down().expect("there is no fire");
        lane.mode_at_the_relay(LaneMode::LockedDown);
        device.set(|bank| bank.discrete[2] = true);
        let result = lane.wait(|happening| match happening {
            Happening::Button { result } => Some(result),
            _ => None,
        });
        match result {
            Ok(Done::Pulsed(Pulsed::Whole)) if opens => {}
            Err(OrderError::Overruled(LaneMode::LockedDown)) if !opens => {}
            result => panic!("{more}: {result:?}"),
        }
        let ons = device.writes().into_iter().filter(|write| *write == Write::Coil(0, true)).count();
        assert_eq!(ons, usize::from(opens));
    }
}

#[test]
fn a_button_that_is_down_at_the_start_is_no_press() {
    let device = Device::start();
    device.set(|bank| bank.discrete[2] = true);
    let lane = lane(device.address(), "button = { discrete = 2 }\n");
    lane.wait(|happening| matches!(happening, Happening::Read { .. }).then_some(()));
    let id = lane.thread.order(pulse(50)).expect("it is taken");
    assert!(lane.end_of(id).is_ok());
    let ons = device.writes().into_iter().filter(|write| *write == Write::Coil(0, true)).count();
    assert_eq!(ons, 1, "only the order");
}

#[test]
fn feedback_is_told_when_it_changes_and_when_it_is_lost_and_found() {
    let device = Device::start();
    let address = device.address();
    let lane = lane(address, "pulse = { register = 7 }\nclosed = { discrete = 0 }\nopened = { discrete = 3 }\n");
    let position = |wanted: Position| {
        lane.wait(|happening| match happening {
            Happening::Read { now, .. } if now.position == wanted => Some(()),
            _ => None,
        });
    };
    position(Position::Moving);
    device.set(|bank| bank.discrete[0] = true);
    position(Position::Closed);
    drop(device);
    lane.wait(|happening| matches!(happening, Happening::Unreadable(_)).then_some(()));
    assert_eq!(lane.thread.health().reading, None);
    let device = Device::start_at(address);
    device.set(|bank| bank.discrete[3] = true);
    position(Position::Open);
    assert_eq!(lane.thread.health().failures_in_a_row, 0);
}

#[test]
fn the_fail_mode_decides_how_the_lane_is_left() {
    for (mode, is_open) in [("safe", true), ("secure", false)] {
        let device = Device::start();
        let lane = lane(device.address(), &format!("fail_mode = \"{mode}\"\n"));
        let running = lane.thread.order(pulse(30_000)).expect("it is taken");
        device.wait_until(|bank| bank.coils[0]);
        lane.thread.stop();
        assert_eq!(device.coil(0), is_open, "{mode}");
        let mut ended = lane.happenings.try_iter().filter_map(|happening| match happening {
            Happening::Ended { id, result, .. } => Some((id, result)),
            _ => None,
        });
        assert!(matches!(ended.next(), Some((id, Ok(Done::Pulsed(Pulsed::CutShort)))) if id == running));
    }
}

/// A relay with a bug.
#[derive(Debug)]
struct Panics(std::sync::Arc<std::sync::atomic::AtomicU32>);

impl Relay for Panics {
    fn pulse_by(&self) -> PulseBy {
        PulseBy::Relay
    }

    fn has_contact(&self, contact: Contact) -> bool {
        contact == Contact::Open
    }

    fn has_readings(&self) -> bool {
        false
    }

    fn switch(&mut self, _contact: Contact, _to: Level, _deadline: Instant) -> Result<(), ActuateError> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }

    fn pulse(&mut self, _length: Duration, _deadline: Instant) -> Result<(), ActuateError> {
        panic!("a bug in a relay")
    }

    fn read(&mut self, _deadline: Instant) -> Result<Reading, ActuateError> {
        Ok(Reading::default())
    }
}

#[test]
fn a_bug_in_one_order_does_not_end_the_lane() {
    let switched = std::sync::Arc::default();
    let relay = Box::new(Panics(std::sync::Arc::clone(&switched)));
    let (tell, happenings) = channel();
    let config = config("127.0.0.1:9".parse().expect("an address"), "");
    let thread = ActuatorThread::start_with("in", relay, &config, move |happening| {
        let _ = tell.send(happening);
    });
    let lane = LaneUnderTest { thread: thread.expect("it starts"), happenings };
    let id = lane.thread.order(pulse(50)).expect("it is taken");
    assert!(matches!(lane.end_of(id), Err(OrderError::Panicked)));
    lane.thread.fire();
    lane.mode_at_the_relay(LaneMode::Fire);
    assert!(switched.load(std::sync::atomic::Ordering::SeqCst) >= 1);
    assert_eq!(lane.thread.health().counts.panicked, 1);
}
