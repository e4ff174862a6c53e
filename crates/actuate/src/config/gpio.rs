//! `kind = "gpio"`: lines of a Linux GPIO chip.

use std::path::PathBuf;

use domain::TableReader;
use serde::Deserialize;

/// Most lines of one chip that the kernel's interface can name.
const LINE_MAX: u32 = 1023;

/// A relay at GPIO lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpioConfig {
    /// The chip's device, such as `/dev/gpiochip0`.
    pub chip: PathBuf,
    /// Opens as long as it is active.
    pub open: Line,
    /// Closes when pulsed.
    pub close: Option<Line>,
    /// End switch: open.
    pub opened: Option<Line>,
    /// End switch: closed.
    pub closed: Option<Line>,
    /// Fire alarm.
    pub fire: Option<Line>,
    /// Manual button.
    pub button: Option<Line>,
    /// Induction loop.
    pub vehicle: Option<Line>,
}

/// A line of the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its offset on the chip.
    pub line: u32,
    /// Whether it is active when it is low.
    pub is_active_low: bool,
    /// What pulls it where nothing drives it; as the board has it where absent.
    pub bias: Option<LineBias>,
}

/// What pulls a line where nothing drives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineBias {
    /// Towards high.
    PullUp,
    /// Towards low.
    PullDown,
    /// Nothing.
    Disabled,
}

impl From<LineBias> for gpiocdev::line::Bias {
    fn from(bias: LineBias) -> Self {
        match bias {
            LineBias::PullUp => Self::PullUp,
            LineBias::PullDown => Self::PullDown,
            LineBias::Disabled => Self::Disabled,
        }
    }
}

impl GpioConfig {
    pub(crate) fn input_lines(&self) -> Vec<Line> {
        [self.opened, self.closed, self.fire, self.button, self.vehicle].into_iter().flatten().collect()
    }
}

const LINE: &str = "{ line = N }, where needed with active_low = true and bias = \"pull_up\"";

pub(super) fn read(table: &mut TableReader<'_>) -> Option<GpioConfig> {
    let chip = table.required("chip", "the chip's device such as \"/dev/gpiochip0\"");
    if !table.has("open") {
        table.note("open", format!("missing: give {LINE}"));
    }
    let open = table.nested("open", read_line).flatten();
    let mut taken: Vec<(u32, &'static str)> = open.iter().map(|line| (line.line, "open")).collect();
    let mut line = |key: &'static str| {
        let line = table.nested(key, read_line).flatten()?;
        if let Some((_, other)) = taken.iter().find(|(number, _)| *number == line.line) {
            table.note(key, format!("line {} is \"{other}\" already", line.line));
        }
        taken.push((line.line, key));
        Some(line)
    };
    let close = line("close");
    let (opened, closed) = (line("opened"), line("closed"));
    let (fire, button, vehicle) = (line("fire"), line("button"), line("vehicle"));
    Some(GpioConfig { chip: chip?, open: open?, close, opened, closed, fire, button, vehicle })
}

fn read_line(table: &mut TableReader<'_>) -> Option<Line> {
    let line: Option<u32> = table.required("line", "the line's offset on the chip, 0 to 1023");
    let is_active_low = table.optional("active_low").unwrap_or(false);
    let bias = table.optional("bias");
    let line = line?;
    if line > LINE_MAX {
        table.note("line", format!("{line} is out of range: 0 to {LINE_MAX} is accepted"));
    }
    Some(Line { line, is_active_low, bias })
}
