//! A relay at lines of a Linux GPIO chip.
//!
//! Outputs and inputs are requested apart, so that a failing input does not let an output go. Requesting an output
//! sets it to off, and so ends what a killed process left on. When the process ends, the kernel gives the lines back;
//! whether an output then keeps its level is up to the chip, so a fail-safe lane needs a relay that rests open.

use std::time::{Duration, Instant};

use gpiocdev::Request;
use gpiocdev::line::{Bias, Value};

use crate::config::gpio::{GpioConfig, Line};
use crate::relay::{Contact, Level, Position, PulseBy, Reading, Relay, Signal, time_left};
use crate::{ActuateError, Cause};

const CONSUMER: &str = "gatehouse";

/// The relay.
#[derive(Debug)]
pub struct GpioRelay {
    config: GpioConfig,
    outputs: Option<Request>,
    inputs: Option<Request>,
}

impl GpioRelay {
    /// Requests its lines when they are first needed.
    pub fn new(config: GpioConfig) -> Self {
        Self { config, outputs: None, inputs: None }
    }

    fn line_failed(&self, what: &'static str, lines: &[Line], source: gpiocdev::Error) -> Cause {
        let lines: Vec<_> = lines.iter().map(|line| line.line.to_string()).collect();
        Cause::GpioLine { what, path: self.config.chip.clone(), lines: lines.join(", "), source }
    }

    fn request(&self, what: &'static str, lines: &[Line], contact: Option<Value>) -> Result<Request, ActuateError> {
        let path = &self.config.chip;
        // The library's own error would not name the chip.
        std::fs::File::open(path)
            .map_err(|source| ActuateError::NotSent(Cause::GpioChip { path: path.clone(), source }))?;
        let mut builder = Request::builder();
        builder.on_chip(path).with_consumer(CONSUMER);
        for line in lines {
            builder.with_line(line.line);
            match contact {
                Some(value) => builder.as_output(value),
                None => builder.as_input(),
            };
            if line.is_active_low {
                builder.as_active_low();
            } else {
                builder.as_active_high();
            }
            builder.with_bias(line.bias.map(Bias::from));
        }
        builder.request().map_err(|source| ActuateError::NotSent(self.line_failed(what, lines, source)))
    }

    fn outputs(&mut self) -> Result<&Request, ActuateError> {
        if self.outputs.is_none() {
            let lines: Vec<_> = [Some(self.config.open), self.config.close].into_iter().flatten().collect();
            self.outputs = Some(self.request("request output", &lines, Some(Value::Inactive))?);
        }
        Ok(self.outputs.as_ref().expect("it has just been put there"))
    }

    fn inputs(&mut self) -> Result<&Request, ActuateError> {
        if self.inputs.is_none() {
            let lines = self.config.input_lines();
            self.inputs = Some(self.request("request input", &lines, None)?);
        }
        Ok(self.inputs.as_ref().expect("it has just been put there"))
    }

    fn signal(&mut self, line: Option<Line>) -> Result<Signal, ActuateError> {
        let Some(line) = line else { return Ok(Signal::Absent) };
        match self.inputs()?.value(line.line) {
            Ok(value) => Ok(Signal::from_active(value == Value::Active)),
            Err(source) => {
                self.inputs = None;
                Err(ActuateError::Unknown(self.line_failed("read", &[line], source)))
            }
        }
    }
}

impl Relay for GpioRelay {
    fn pulse_by(&self) -> PulseBy {
        PulseBy::Us
    }

    fn has_contact(&self, contact: Contact) -> bool {
        match contact {
            Contact::Open => true,
            Contact::Close => self.config.close.is_some(),
        }
    }

    fn has_readings(&self) -> bool {
        !self.config.input_lines().is_empty()
    }

    fn switch(&mut self, contact: Contact, to: Level, deadline: Instant) -> Result<(), ActuateError> {
        time_left(deadline)?;
        let line = match contact {
            Contact::Open => self.config.open,
            Contact::Close => self.config.close.ok_or(ActuateError::Unsupported("there is no close line"))?,
        };
        let value = match to {
            Level::On => Value::Active,
            Level::Off => Value::Inactive,
        };
        match self.outputs()?.set_value(line.line, value) {
            Ok(()) => Ok(()),
            Err(source) => {
                // A chip behind a bus may have got it all the same. Requested anew, the line begins as off.
                self.outputs = None;
                Err(ActuateError::Unknown(self.line_failed("set", &[line], source)))
            }
        }
    }

    fn pulse(&mut self, _length: Duration, _deadline: Instant) -> Result<(), ActuateError> {
        Err(ActuateError::Unsupported("a GPIO line has no timer of its own"))
    }

    fn read(&mut self, deadline: Instant) -> Result<Reading, ActuateError> {
        time_left(deadline)?;
        let GpioConfig { opened, closed, fire, button, vehicle, .. } = self.config.clone();
        let fire = self.signal(fire)?;
        let (button, vehicle) = (self.signal(button)?, self.signal(vehicle)?);
        let position = Position::from_end_switches(self.signal(opened)?, self.signal(closed)?);
        Ok(Reading { position, fire, button, vehicle })
    }
}
