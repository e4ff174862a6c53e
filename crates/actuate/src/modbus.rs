//! A relay that is ordered over Modbus TCP.
//!
//! One connection is kept, because small devices take few. Before an order it is looked at: one that the device has
//! closed, that holds an answer nobody waited for, or that has been silent for long is replaced first, so that the
//! order does not vanish in it and leave the outcome unknown.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_modbus::client::{Client, Context, tcp};
use tokio_modbus::{ExceptionCode, ProtocolError, Request, Response, Slave};

use crate::config::modbus::{Input, ModbusConfig, Output, Place};
use crate::relay::{Contact, Level, Position, PulseBy, Reading, Relay, Signal, time_left};
use crate::{ActuateError, Cause};

/// A connection that has been silent for so long is replaced before it is used: a device that lost its power has
/// forgotten it without a word.
pub const IDLE_MAX: Duration = Duration::from_secs(10);

/// The relay.
pub struct ModbusRelay {
    config: ModbusConfig,
    runtime: Runtime,
    connection: Option<Connection>,
}

struct Connection {
    context: Context,
    /// The same socket, to look at.
    socket: TcpStream,
    used_at: Instant,
}

impl fmt::Debug for ModbusRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModbusRelay({}, unit {})", self.config.address, self.config.unit)
    }
}

impl Connection {
    /// Whether the device still holds the other end, as far as that can be seen from here.
    fn looks_alive(&self) -> bool {
        let silent = matches!(self.socket.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        silent && self.used_at.elapsed() < IDLE_MAX
    }
}

impl ModbusRelay {
    /// Connects when it is first needed.
    pub fn new(config: ModbusConfig) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { config, runtime, connection: None })
    }

    fn connect(&self, deadline: Instant) -> Result<Connection, ActuateError> {
        let (address, unit) = (self.config.address, Slave(self.config.unit));
        let left = time_left(deadline)?;
        let not_sent = |source| ActuateError::NotSent(Cause::Connect { address, source });
        self.runtime.block_on(async {
            let stream = timeout(left, tokio::net::TcpStream::connect(address))
                .await
                .map_err(|_| ActuateError::NotSent(Cause::TimedOut { what: "connection", waited: left }))?
                .map_err(not_sent)?;
            stream.set_nodelay(true).map_err(not_sent)?;
            let stream = stream.into_std().map_err(not_sent)?;
            let socket = stream.try_clone().map_err(not_sent)?;
            let stream = tokio::net::TcpStream::from_std(stream).map_err(not_sent)?;
            Ok(Connection { context: tcp::attach_slave(stream, unit), socket, used_at: Instant::now() })
        })
    }

    /// One exchange within the deadline. The connection outlives it only where the answer was whole.
    fn exchange(&mut self, request: Request<'_>, deadline: Instant) -> Result<Response, ActuateError> {
        time_left(deadline)?;
        let mut connection = match self.connection.take().filter(Connection::looks_alive) {
            Some(connection) => connection,
            None => self.connect(deadline)?,
        };
        let left = time_left(deadline)?;
        let answer = self.runtime.block_on(async { timeout(left, connection.context.call(request)).await });
        let answer = answer.map_err(|_| ActuateError::Unknown(Cause::TimedOut { what: "answer", waited: left }))?;
        let answer = answer.map_err(|error| ActuateError::Unknown(cause_of(error)))?;
        connection.used_at = Instant::now();
        self.connection = Some(connection);
        answer.map_err(refusal)
    }

    /// A write, whose answer repeats it.
    fn write(&mut self, request: Request<'_>, echo: Response, deadline: Instant) -> Result<(), ActuateError> {
        let answer = self.exchange(request, deadline)?;
        if answer == echo { Ok(()) } else { Err(self.unusable(format!("{answer:?} where {echo:?} was due"))) }
    }

    fn write_coil(&mut self, address: u16, on: bool, deadline: Instant) -> Result<(), ActuateError> {
        let echo = Response::WriteSingleCoil(address, on);
        self.write(Request::WriteSingleCoil(address, on), echo, deadline)
    }

    fn write_register(&mut self, address: u16, word: u16, deadline: Instant) -> Result<(), ActuateError> {
        let echo = Response::WriteSingleRegister(address, word);
        self.write(Request::WriteSingleRegister(address, word), echo, deadline)
    }

    fn is_active(&mut self, input: Input, deadline: Instant) -> Result<bool, ActuateError> {
        let request = match input.place {
            Place::Discrete(address) => Request::ReadDiscreteInputs(address, 1),
            Place::Coil(address) => Request::ReadCoils(address, 1),
            Place::Register { address, .. } => Request::ReadHoldingRegisters(address, 1),
            Place::InputRegister { address, .. } => Request::ReadInputRegisters(address, 1),
        };
        let answer = self.exchange(request, deadline)?;
        let high = match (&answer, input.place) {
            (Response::ReadDiscreteInputs(bits), Place::Discrete(_)) | (Response::ReadCoils(bits), Place::Coil(_)) => {
                bits.first().copied()
            }
            (Response::ReadHoldingRegisters(words), Place::Register { bit, .. })
            | (Response::ReadInputRegisters(words), Place::InputRegister { bit, .. }) => {
                words.first().map(|word| word >> bit & 1 == 1)
            }
            _ => None,
        };
        match high {
            Some(high) => Ok(high != input.is_active_low),
            None => Err(self.unusable(format!("{answer:?}"))),
        }
    }

    fn unusable(&mut self, answer: String) -> ActuateError {
        self.connection = None;
        ActuateError::Unknown(Cause::BadAnswer(answer))
    }
}

impl Relay for ModbusRelay {
    fn pulse_by(&self) -> PulseBy {
        if self.config.pulse.is_some() { PulseBy::Relay } else { PulseBy::Us }
    }

    fn has_contact(&self, contact: Contact) -> bool {
        match contact {
            Contact::Open => true,
            Contact::Close => self.config.close.is_some(),
        }
    }

    fn has_readings(&self) -> bool {
        let ModbusConfig { opened, closed, fire, button, vehicle, .. } = &self.config;
        [opened, closed, fire, button, vehicle].iter().any(|input| input.is_some())
    }

    fn switch(&mut self, contact: Contact, to: Level, deadline: Instant) -> Result<(), ActuateError> {
        let output = match contact {
            Contact::Open => self.config.open,
            Contact::Close => self.config.close.ok_or(ActuateError::Unsupported("there is no close output"))?,
        };
        match (output, to) {
            (Output::Coil(address), to) => self.write_coil(address, to == Level::On, deadline),
            (Output::Register { address, on, .. }, Level::On) => self.write_register(address, on, deadline),
            (Output::Register { address, off, .. }, Level::Off) => self.write_register(address, off, deadline),
        }
    }

    fn pulse(&mut self, length: Duration, deadline: Instant) -> Result<(), ActuateError> {
        let pulse = self.config.pulse.ok_or(ActuateError::Unsupported("there is no pulse register"))?;
        let units = length.as_millis().div_ceil(u128::from(pulse.unit_ms)).max(1);
        let units = u16::try_from(units)
            .map_err(|_| ActuateError::Unsupported("the pulse is longer than its register can hold"))?;
        self.write_register(pulse.register, units, deadline)
    }

    fn read(&mut self, deadline: Instant) -> Result<Reading, ActuateError> {
        let ModbusConfig { opened, closed, fire, button, vehicle, .. } = self.config.clone();
        let mut signal = |input: Option<Input>| match input {
            Some(input) => self.is_active(input, deadline).map(Signal::from_active),
            None => Ok(Signal::Absent),
        };
        // Fire first: it is what must not wait.
        let fire = signal(fire)?;
        let (button, vehicle) = (signal(button)?, signal(vehicle)?);
        let position = Position::from_end_switches(signal(opened)?, signal(closed)?);
        Ok(Reading { position, fire, button, vehicle })
    }
}

fn cause_of(error: tokio_modbus::Error) -> Cause {
    match error {
        // The library takes the system's last error, of which there is none, for a connection that was closed.
        tokio_modbus::Error::Transport(error) if error.raw_os_error() == Some(0) => {
            Cause::Io(io::Error::new(ErrorKind::UnexpectedEof, "the device closed the connection"))
        }
        tokio_modbus::Error::Transport(error) => Cause::Io(error),
        tokio_modbus::Error::Protocol(
            error @ (ProtocolError::HeaderMismatch { .. } | ProtocolError::FunctionCodeMismatch { .. }),
        ) => Cause::BadAnswer(error.to_string()),
    }
}

/// What an exception says about the order (Modbus Application Protocol 1.1b3, section 7).
fn refusal(code: ExceptionCode) -> ActuateError {
    match code {
        // Accepted and still at work; or failed somewhere behind the point where it may have had an effect.
        ExceptionCode::Acknowledge | ExceptionCode::ServerDeviceFailure | ExceptionCode::GatewayTargetDevice => {
            ActuateError::Unknown(Cause::Exception(code))
        }
        ExceptionCode::IllegalFunction
        | ExceptionCode::IllegalDataAddress
        | ExceptionCode::IllegalDataValue
        | ExceptionCode::ServerDeviceBusy
        | ExceptionCode::MemoryParityError
        | ExceptionCode::GatewayPathUnavailable
        | ExceptionCode::Custom(_) => ActuateError::Refused(Cause::Exception(code)),
    }
}
