//! What is told where a GPIO chip or line is not there.

use std::time::{Duration, Instant};

use actuate::{ActuateError, ActuatorConfig, Contact, Level, with_sources};

fn first_switch(chip: &str) -> ActuateError {
    let text = format!("[actuator]\nkind = \"gpio\"\nchip = \"{chip}\"\nopen = {{ line = 17 }}\n");
    let config = ActuatorConfig::parse(&text).expect("it is right");
    let mut relay = config.relay.open().expect("nothing is opened before it is needed");
    let deadline = Instant::now() + Duration::from_secs(5);
    relay.switch(Contact::Open, Level::On, deadline).expect_err("there is no such chip")
}

#[test]
fn a_missing_chip_is_named_and_nothing_was_sent() {
    let error = first_switch("/dev/gpiochip-that-is-not-there");
    assert!(matches!(error, ActuateError::NotSent(_)), "{error:?}");
    let text = with_sources(&error);
    assert!(text.contains("GPIO chip \"/dev/gpiochip-that-is-not-there\"") && text.contains("No such file"), "{text}");
}

#[test]
fn a_file_that_is_no_chip_is_named_with_the_line() {
    let error = first_switch("/dev/null");
    assert!(matches!(error, ActuateError::NotSent(_)), "{error:?}");
    let text = with_sources(&error);
    assert!(text.contains("line 17 of the GPIO chip \"/dev/null\""), "{text}");
    assert!(text.contains("not a GPIO"), "{text}");
}

#[test]
fn too_late_does_not_even_open_the_chip() {
    let text = "[actuator]\nkind = \"gpio\"\nchip = \"/dev/gpiochip-that-is-not-there\"\nopen = { line = 17 }\n";
    let config = ActuatorConfig::parse(text).expect("it is right");
    let mut relay = config.relay.open().expect("nothing is opened before it is needed");
    let error = relay.switch(Contact::Open, Level::On, Instant::now()).expect_err("it is too late");
    assert!(matches!(error, ActuateError::TooLate { .. }), "{error:?}");
}
