//! A Modbus relay against the library's own server on loopback, and against servers that misbehave.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::device::{Device, Write as Written};
use actuate::actuator::{Actuator, Undisturbed};
use actuate::{ActuateError, ActuatorConfig, Cause, Contact, Level, Position, Pulsed, Signal};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn config(address: std::net::SocketAddr, more: &str) -> ActuatorConfig {
    let text = format!("[actuator]\nkind = \"modbus\"\naddress = \"{address}\"\nopen = {{ coil = 0 }}\n{more}");
    ActuatorConfig::parse(&text).expect("it is right")
}

fn actuator(address: std::net::SocketAddr, more: &str) -> Actuator {
    let config = config(address, more);
    Actuator::new(config.relay.open().expect("it opens"), config.exchange_max, config.close_pulse)
}

#[test]
fn our_pulse_switches_on_and_off_again() {
    let device = Device::start();
    let mut actuator = actuator(device.address(), "");
    let length = Duration::from_millis(60);
    let begun = Instant::now();
    assert_eq!(actuator.pulse(length, soon(), &mut Undisturbed).expect("it works"), Pulsed::Whole);
    assert!(begun.elapsed() >= length);
    assert_eq!(device.writes(), [Written::Coil(0, true), Written::Coil(0, false)]);
    assert_eq!(actuator.off_owed().count(), 0);
}

#[test]
fn a_pulse_of_the_devices_own_is_one_write_of_its_length() {
    let device = Device::start();
    let mut actuator = actuator(device.address(), "pulse = { register = 7, unit_ms = 100 }\n");
    actuator.pulse(Duration::from_millis(750), soon(), &mut Undisturbed).expect("it works");
    assert_eq!(device.writes(), [Written::Register(7, 8)]);
}

#[test]
fn release_pulses_the_close_contact_after_the_open_one_is_off() {
    let device = Device::start();
    let mut actuator =
        actuator(device.address(), "close = { register = 3, on = 256, off = 512 }\nclose_pulse_ms = 50\n");
    actuator.hold_open(soon()).expect("it works");
    assert_eq!(actuator.pulse(Duration::from_millis(50), soon(), &mut Undisturbed).expect("open"), Pulsed::HeldOpen);
    actuator.release(soon(), &mut Undisturbed).expect("it works");
    assert_eq!(
        device.writes(),
        [Written::Coil(0, true), Written::Coil(0, false), Written::Register(3, 256), Written::Register(3, 512)]
    );
}

#[test]
fn feedback_and_inputs_are_read_where_the_installer_put_them() {
    let device = Device::start();
    let mut actuator = actuator(
        device.address(),
        "opened = { discrete = 0 }\nclosed = { coil = 5 }\nfire = { discrete = 1, active_low = true }\n\
         button = { register = 2, bit = 3 }\nvehicle = { input_register = 1, bit = 15 }\n",
    );
    device.set(|bank| {
        bank.discrete[1] = true;
        bank.coils[5] = true;
        bank.holding[2] = 1 << 3;
    });
    let reading = actuator.read(soon()).expect("it works");
    assert_eq!((reading.position, reading.fire), (Position::Closed, Signal::Idle));
    assert_eq!((reading.button, reading.vehicle), (Signal::Active, Signal::Idle));
    device.set(|bank| {
        bank.discrete[0] = true;
        bank.discrete[1] = false;
        bank.coils[5] = false;
        bank.input[1] = 1 << 15;
    });
    let reading = actuator.read(soon()).expect("it works");
    assert_eq!((reading.position, reading.fire), (Position::Open, Signal::Active));
    assert_eq!(reading.vehicle, Signal::Active);
}

#[test]
fn a_late_order_never_reaches_the_device() {
    let device = Device::start();
    let mut actuator = actuator(device.address(), "pulse = { register = 7 }\nclosed = { discrete = 0 }\n");
    let late = Instant::now();
    for error in [
        actuator.pulse(Duration::from_millis(500), late, &mut Undisturbed).expect_err("late"),
        actuator.hold_open(late).expect_err("late"),
        actuator.release(late, &mut Undisturbed).expect_err("late"),
        actuator.read(late).expect_err("late"),
    ] {
        assert!(matches!(error, ActuateError::TooLate { .. }), "{error:?}");
    }
    assert_eq!((device.writes(), device.connections()), (Vec::new(), 0));
}

#[test]
fn an_exception_says_whether_it_was_done() {
    let device = Device::start();
    let mut actuator = actuator(device.address(), "");
    device.set(|bank| bank.exception = Some(tokio_modbus::ExceptionCode::IllegalDataAddress));
    let error = actuator.hold_open(soon()).expect_err("it refuses");
    assert!(matches!(error, ActuateError::Refused(Cause::Exception(_))), "{error:?}");
    // The gateway lost its relay after it had passed the order on.
    device.set(|bank| bank.exception = Some(tokio_modbus::ExceptionCode::GatewayTargetDevice));
    let error = actuator.hold_open(soon()).expect_err("it does not know");
    assert!(matches!(error, ActuateError::Unknown(Cause::Exception(_))), "{error:?}");
}

#[test]
fn a_device_that_restarts_is_connected_to_again_and_the_order_done_once() {
    let device = Device::start();
    let address = device.address();
    let mut actuator = actuator(address, "pulse = { register = 7 }\n");
    actuator.pulse(Duration::from_millis(500), soon(), &mut Undisturbed).expect("it works");
    drop(device);
    let device = Device::start_at(address);
    actuator.pulse(Duration::from_millis(500), soon(), &mut Undisturbed).expect("it works again");
    assert_eq!(device.writes(), [Written::Register(7, 5)]);
}

#[test]
fn a_device_that_is_not_there_got_nothing() {
    let device = Device::start();
    let address = device.address();
    drop(device);
    let mut actuator = actuator(address, "");
    let error = actuator.pulse(Duration::from_millis(50), soon(), &mut Undisturbed).expect_err("nobody listens");
    assert!(matches!(error, ActuateError::NotSent(Cause::Connect { .. })), "{error:?}");
}

/// A server that takes what comes, counts the orders and does with the connection what `then` says.
fn misbehaving(then: impl Fn(&mut std::net::TcpStream) + Send + 'static) -> (std::net::SocketAddr, Orders) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (orders, received) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut frame = [0; 12];
            while stream.read_exact(&mut frame).is_ok() {
                if orders.send(frame).is_err() {
                    return;
                }
                then(&mut stream);
            }
        }
    });
    (address, received)
}

type Orders = std::sync::mpsc::Receiver<[u8; 12]>;

#[test]
fn an_own_pulse_that_dies_mid_exchange_is_of_unknown_outcome_and_not_repeated() {
    let (address, orders) = misbehaving(|stream| {
        stream.shutdown(std::net::Shutdown::Both).expect("it was open");
    });
    let mut actuator = actuator(address, "pulse = { register = 7 }\n");
    let error = actuator.pulse(Duration::from_millis(500), soon(), &mut Undisturbed).expect_err("it died");
    assert!(matches!(error, ActuateError::Unknown(Cause::Io(_))), "{error:?}");
    assert_eq!(orders.try_iter().count(), 1);
}

#[test]
fn an_answer_that_comes_late_is_not_waited_for_beyond_the_deadline() {
    let (address, orders) = misbehaving(|_| {});
    let mut actuator = actuator(address, "pulse = { register = 7 }\n");
    let begun = Instant::now();
    let deadline = begun + Duration::from_millis(150);
    let error = actuator.pulse(Duration::from_millis(500), deadline, &mut Undisturbed).expect_err("no answer");
    assert!(matches!(error, ActuateError::Unknown(Cause::TimedOut { what: "answer", .. })), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(orders.try_iter().count(), 1);
}

#[test]
fn an_answer_nobody_waited_for_is_not_taken_for_the_next_ones() {
    // Each answer comes when its order has been given up, and would fit the next one.
    let (address, _orders) = misbehaving(|stream| {
        let answer = [0, 0, 0, 0, 0, 6, 255, 6, 0, 7, 0, 5];
        std::thread::spawn({
            let mut stream = stream.try_clone().expect("a second handle");
            move || {
                // tidy: sleep is the lateness that is tested
                std::thread::sleep(Duration::from_millis(250));
                let _ = stream.write_all(&answer);
            }
        });
    });
    let mut actuator = actuator(address, "pulse = { register = 7 }\n");
    for _ in 0..2 {
        let deadline = Instant::now() + Duration::from_millis(100);
        let error = actuator.pulse(Duration::from_millis(500), deadline, &mut Undisturbed).expect_err("no answer");
        assert!(matches!(error, ActuateError::Unknown(Cause::TimedOut { .. })), "{error:?}");
    }
}

#[test]
fn an_answer_to_something_else_is_of_unknown_outcome() {
    // The right header, and another register than the one that was written.
    let (address, _orders) = misbehaving(|stream| {
        stream.write_all(&[0, 0, 0, 0, 0, 6, 255, 6, 0, 8, 0, 5]).expect("it is open");
    });
    let mut actuator = actuator(address, "pulse = { register = 7 }\n");
    let error = actuator.pulse(Duration::from_millis(500), soon(), &mut Undisturbed).expect_err("another answer");
    assert!(matches!(error, ActuateError::Unknown(Cause::BadAnswer(_))), "{error:?}");
}

#[test]
fn rubbish_for_an_answer_is_an_error_and_nothing_worse() {
    let seed = std::sync::atomic::AtomicU64::new(1);
    let (address, _orders) = misbehaving(move |stream| {
        let mut state = seed.fetch_add(1, std::sync::atomic::Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut answer = vec![0_u8; 4 + (state >> 32) as usize % 40];
        for byte in &mut answer {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
        // Every other one looks like Modbus TCP, up to its length.
        if state & 1 == 0 {
            answer[..4].fill(0);
        }
        let _ = stream.write_all(&answer);
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    let mut relay = config(address, "closed = { discrete = 0 }\n").relay.open().expect("it opens");
    for _ in 0..300 {
        let error = relay.read(soon()).expect_err("rubbish");
        assert!(matches!(error, ActuateError::Unknown(_) | ActuateError::Refused(_)), "{error:?}");
    }
}

#[test]
fn where_switching_on_is_of_unknown_outcome_it_is_switched_off() {
    let device = Device::start();
    let mut actuator = actuator(device.address(), "exchange_max_ms = 300\n");
    device.set(|bank| bank.swallow_answers = 1);
    let error = actuator.pulse(Duration::from_millis(50), soon(), &mut Undisturbed).expect_err("no answer");
    assert!(matches!(error, ActuateError::Unknown(_)), "{error:?}");
    assert_eq!(device.writes(), [Written::Coil(0, true), Written::Coil(0, false)]);
}

#[test]
fn a_first_off_that_fails_is_tried_again() {
    let device = Device::start();
    let mut actuator = actuator(device.address(), "");
    device.set(|bank| bank.refuse_off = 2);
    let pulsed = actuator.pulse(Duration::from_millis(50), soon(), &mut Undisturbed).expect("in the end");
    assert_eq!((pulsed, device.coil(0)), (Pulsed::Whole, false));
    assert_eq!(device.writes().len(), 4);
}

#[test]
fn a_contact_that_stays_on_is_reported_and_settled_later() {
    let device = Device::start();
    let mut actuator = actuator(device.address(), "");
    device.set(|bank| bank.refuse_off = actuate::actuator::OFF_TRIES_MAX);
    let error = actuator.pulse(Duration::from_millis(50), soon(), &mut Undisturbed).expect_err("it stays on");
    let ActuateError::StuckOn { contact: Contact::Open, tries, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*tries, device.coil(0)), (actuate::actuator::OFF_TRIES_MAX, true));
    assert_eq!(actuator.off_owed().collect::<Vec<_>>(), [Contact::Open]);
    actuator.settle().expect("it obeys again");
    assert!(!device.coil(0));
}

#[test]
fn a_panic_during_a_pulse_leaves_the_contact_off() {
    struct Panics;
    impl actuate::actuator::Wait for Panics {
        fn until(&mut self, _at: Instant) -> actuate::actuator::Woken {
            panic!("a bug while the barrier is open")
        }
    }
    let device = Device::start();
    let mut actuator = actuator(device.address(), "");
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        actuator.pulse(Duration::from_secs(30), soon(), &mut Panics)
    }));
    assert!(unwound.is_err());
    assert_eq!(device.writes(), [Written::Coil(0, true), Written::Coil(0, false)]);
}

#[test]
fn switching_is_refused_where_there_is_no_such_contact() {
    let device = Device::start();
    let mut relay = config(device.address(), "").relay.open().expect("it opens");
    let error = relay.switch(Contact::Close, Level::On, soon()).expect_err("there is none");
    assert!(matches!(error, ActuateError::Unsupported(_)), "{error:?}");
    assert_eq!(device.writes(), []);
}
