//! What an installer may write and what he is told.

use std::time::Duration;

use actuate::config::modbus::{Input, Output, Place};
use actuate::{ActuatorConfig, FailMode, RelayConfig};

fn paths(text: &str) -> Vec<String> {
    let problems = ActuatorConfig::parse(text).expect_err("there are mistakes");
    problems.as_slice().iter().map(|problem| problem.path.clone()).collect()
}

#[test]
fn a_modbus_relay_is_read_as_written() {
    let config = ActuatorConfig::parse(
        "[actuator]\nkind = \"modbus\"\naddress = \"192.168.1.50:502\"\nunit = 3\npulse_ms = 500\nfail_mode = \"safe\"\n\
         open = { coil = 4 }\nclose = { register = 9, on = 256, off = 512 }\n\
         fire = { discrete = 1, active_low = true }\nclosed = { input_register = 2, bit = 15 }\n",
    )
    .expect("it is right");
    assert_eq!((config.pulse, config.fail_mode), (Duration::from_millis(500), FailMode::Safe));
    let RelayConfig::Modbus(modbus) = config.relay else { panic!("another kind: {:?}", config.relay) };
    assert_eq!((modbus.unit, modbus.open), (3, Output::Coil(4)));
    assert_eq!(modbus.close, Some(Output::Register { address: 9, on: 256, off: 512 }));
    assert_eq!(modbus.fire, Some(Input { place: Place::Discrete(1), is_active_low: true }));
    let closed = Place::InputRegister { address: 2, bit: 15 };
    assert_eq!(modbus.closed, Some(Input { place: closed, is_active_low: false }));
}

#[test]
fn every_mistake_in_a_modbus_relay_is_found_at_once() {
    let text = "[actuator]\nkind = \"modbus\"\naddress = \"barrier.local\"\nunit = 250\npulse_ms = 5\n\
                open = { coil = 1, register = 2 }\nclose = { register = 1, on = 7, off = 7 }\n\
                fire = { active_low = true }\nbutton = { register = 1, bit = 16 }\ncolour = \"red\"\n";
    let expected = ["pulse_ms", "address", "unit", "open.coil", "close.off", "fire.discrete", "button.bit", "colour"];
    assert_eq!(paths(text), expected.map(|path| format!("actuator.{path}")));
}

#[test]
fn every_mistake_in_an_http_relay_is_found_at_once() {
    let text = "[actuator]\nkind = \"http\"\nsuccess = [500]\n\
                open = { url = \"ftp://a/\", method = \"DELETE\" }\n\
                hold = { url = \"http://admin:pw@10.0.0.1/on\" }\n\
                state = { url = \"http://10.0.0.1/s?t={ms}\", pointer = \"x\" }\n\
                auth = { scheme = \"digest\", file = \"a\" }\n";
    let expected = [
        "open.method",
        "open.url",
        "close",
        "hold.url",
        "state.pointer",
        "state.url",
        "state.open",
        "auth.scheme",
        "success",
    ];
    assert_eq!(paths(text), expected.map(|path| format!("actuator.{path}")));
}

#[test]
fn a_password_in_a_url_is_told_where_it_belongs() {
    let text = "[actuator]\nkind = \"http\"\nhold = { url = \"http://a:b@10.0.0.1/on\" }\n\
                close = { url = \"http://10.0.0.1/off\" }\n";
    let problems = ActuatorConfig::parse(text).expect_err("a password in a URL").to_string();
    assert!(problems.contains("[actuator.auth]") && !problems.contains("a:b"), "{problems}");
}

#[test]
fn a_line_that_is_used_twice_is_found() {
    let text = "[actuator]\nkind = \"gpio\"\nchip = \"/dev/gpiochip0\"\nopen = { line = 17, active_low = true }\n\
                fire = { line = 17 }\nbutton = { line = 5000, bias = \"up\" }\n";
    assert_eq!(paths(text), ["actuator.fire", "actuator.button.bias", "actuator.button.line"]);
}

#[test]
fn a_missing_kind_or_table_is_named() {
    assert_eq!(paths(""), ["actuator"]);
    assert_eq!(paths("[actuator]\n"), ["actuator.kind"]);
    assert_eq!(paths("[actuator]\nkind = \"relay\"\n"), ["actuator.kind"]);
}
