//! `kind = "modbus"`: the outputs and inputs of a Modbus TCP device.

use std::net::SocketAddr;

use domain::TableReader;

/// A relay ordered over Modbus TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModbusConfig {
    /// Address and port. No name: a name server that is away must not keep a barrier shut.
    pub address: SocketAddr,
    /// Unit identifier, 255 for a device that is not behind a gateway.
    pub unit: u8,
    /// Opens as long as it is on.
    pub open: Output,
    /// Closes when pulsed.
    pub close: Option<Output>,
    /// The device's own pulse timer.
    pub pulse: Option<PulseRegister>,
    /// End switch: open.
    pub opened: Option<Input>,
    /// End switch: closed.
    pub closed: Option<Input>,
    /// Fire alarm.
    pub fire: Option<Input>,
    /// Manual button.
    pub button: Option<Input>,
    /// Induction loop.
    pub vehicle: Option<Input>,
}

/// What is written to switch a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A coil.
    Coil(u16),
    /// A holding register and its two words.
    Register {
        /// Its address.
        address: u16,
        /// The word for on.
        on: u16,
        /// The word for off.
        off: u16,
    },
}

/// A holding register that begins a pulse when its length is written into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PulseRegister {
    /// Its address.
    pub register: u16,
    /// What one of its units stands for, in milliseconds.
    pub unit_ms: u16,
}

/// Where a signal is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Its place.
    pub place: Place,
    /// Whether it is active when it reads 0.
    pub is_active_low: bool,
}

/// A bit of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A discrete input.
    Discrete(u16),
    /// A coil.
    Coil(u16),
    /// A bit of a holding register, 0 the lowest.
    Register {
        /// Its address.
        address: u16,
        /// The bit.
        bit: u8,
    },
    /// A bit of an input register.
    InputRegister {
        /// Its address.
        address: u16,
        /// The bit.
        bit: u8,
    },
}

const OUTPUT: &str = "{ coil = N }, or { register = N, on = 1, off = 0 }";
const INPUT: &str =
    "one of { discrete = N }, { coil = N }, { register = N, bit = B } and { input_register = N, bit = B }";

pub(super) fn read(table: &mut TableReader<'_>) -> Option<ModbusConfig> {
    let address = table.required("address", "an IP address with port such as \"192.168.1.50:502\"");
    let unit = table.ranged("unit", 1..=u8::MAX, "1 to 247, or 255 for a device that is not behind a gateway,", 255);
    if (248..255).contains(&unit) {
        table.note("unit", format!("{unit} is reserved: 1 to 247 and 255 are accepted"));
    }
    if !table.has("open") {
        table.note("open", format!("missing: give {OUTPUT}"));
    }
    let open = table.nested("open", read_output).flatten();
    let close = table.nested("close", read_output);
    let pulse = table.nested("pulse", |table| {
        let register = table.required("register", "the address of a holding register, 0 to 65535");
        let unit_ms = table.ranged("unit_ms", 1..=60_000, "1 to 60000", 100);
        Some(PulseRegister { register: register?, unit_ms })
    });
    let mut input = |key| table.nested(key, read_input).flatten();
    let (opened, closed) = (input("opened"), input("closed"));
    let (fire, button, vehicle) = (input("fire"), input("button"), input("vehicle"));
    let (close, pulse) = (close.flatten(), pulse.flatten());
    Some(ModbusConfig { address: address?, unit, open: open?, close, pulse, opened, closed, fire, button, vehicle })
}

fn read_output(table: &mut TableReader<'_>) -> Option<Output> {
    let coil: Option<u16> = table.optional("coil");
    let register: Option<u16> = table.optional("register");
    match (coil, register) {
        (Some(coil), None) => Some(Output::Coil(coil)),
        (None, Some(address)) => {
            let on = table.ranged("on", 0..=u16::MAX, "0 to 65535", 1);
            let off = table.ranged("off", 0..=u16::MAX, "0 to 65535", 0);
            if on == off {
                table.note("off", format!("is {off} as \"on\" is: the two must differ"));
            }
            Some(Output::Register { address, on, off })
        }
        (Some(_), Some(_)) | (None, None) => {
            table.note("coil", format!("exactly one of coil and register is accepted: give {OUTPUT}"));
            None
        }
    }
}

fn read_input(table: &mut TableReader<'_>) -> Option<Input> {
    let is_active_low = table.optional("active_low").unwrap_or(false);
    let discrete: Option<u16> = table.optional("discrete");
    let coil: Option<u16> = table.optional("coil");
    let register: Option<u16> = table.optional("register");
    let input_register: Option<u16> = table.optional("input_register");
    let place = match (discrete, coil, register, input_register) {
        (Some(address), None, None, None) => Place::Discrete(address),
        (None, Some(address), None, None) => Place::Coil(address),
        (None, None, Some(address), None) => Place::Register { address, bit: read_bit(table) },
        (None, None, None, Some(address)) => Place::InputRegister { address, bit: read_bit(table) },
        _ => {
            table.note("discrete", format!("give {INPUT}"));
            return None;
        }
    };
    Some(Input { place, is_active_low })
}

fn read_bit(table: &mut TableReader<'_>) -> u8 {
    table.ranged("bit", 0..=15, "0 to 15", 0)
}
