//! Replaying an observation log: the same observations through the same desk give the same events.

use std::io::{BufRead, Write};

use domain::ClockQuality;
use gate::GateProfile;
use thiserror::Error;

use crate::desk::{Desk, DeskPlan, Pending};
use crate::observation_log::{GateHeader, Header, LOG_VERSION, Record};
use crate::plates::desk::PlatePlan;
use crate::plates::list::PlateList;
use crate::rules::GateRules;

/// Longest line of a log in bytes: a frame with every track that a tracker follows fits many times.
const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Why a log cannot be replayed. Events of the lines before have been written.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The log cannot be read.
    #[error("cannot read the observation log at line {line}")]
    Read {
        /// The line.
        line: usize,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not a record: damaged, or cut off where the power went.
    #[error("line {line} of the observation log is not a record (a log that ends in the middle of a line was cut off)")]
    Line {
        /// The line.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A line is longer than any record.
    #[error("line {line} of the observation log is longer than {LINE_BYTES_MAX} bytes")]
    LongLine {
        /// The line.
        line: usize,
    },
    /// The log does not begin with a header of this version.
    #[error("the file is not an observation log of version {LOG_VERSION}: its first line must be a \"header\" record")]
    NoHeader,
    /// The header holds a profile or nonce that this version cannot read.
    #[error("the header of the observation log cannot be used: {0}")]
    Header(String),
    /// The events cannot be written.
    #[error("cannot write the events")]
    Write(#[source] std::io::Error),
}

/// What a replay went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Frames.
    pub frames: u64,
    /// Events.
    pub events: u64,
}

/// Replays the log in `input` and writes one event a line to `output`.
pub fn replay(mut input: impl BufRead, mut output: impl Write) -> Result<Replayed, ReplayError> {
    let Some(Record::Header(header)) = read_record(&mut input, 1)? else { return Err(ReplayError::NoHeader) };
    let mut desk = Desk::new(plan(header)?, None);
    let mut clock = ClockQuality::MEDIA;
    let mut done = Replayed::default();
    let mut waiting: Vec<Pending> = Vec::new();
    let mut line = 1;
    loop {
        line += 1;
        let record = read_record(&mut input, line)?;
        if let Some(Record::Shown { number, evidence }) = record {
            // Events are completed in their order, so those before this one have nothing to show.
            while waiting.first().is_some_and(|pending| pending.number() <= number) {
                let pending = waiting.remove(0);
                let evidence = if pending.number() == number { evidence.clone() } else { Vec::new() };
                write_event(&mut desk, pending, evidence, &mut output, &mut done)?;
            }
            continue;
        }
        for pending in waiting.drain(..) {
            write_event(&mut desk, pending, Vec::new(), &mut output, &mut done)?;
        }
        waiting = match record {
            None => break,
            Some(Record::Clock { clock: from_here }) => {
                clock = from_here;
                Vec::new()
            }
            Some(Record::Seen { seen }) => {
                done.frames += 1;
                desk.handle_observations(seen, clock)
            }
            Some(Record::Plates { stamp, found, looks }) => {
                desk.follow_plates(&found, stamp);
                desk.handle_plates(found, looks, stamp, clock).0
            }
            Some(Record::Rules { stamp, gates, lists }) => {
                let gates = gates.into_iter().map(gate_rules).collect::<Result<Vec<_>, _>>()?;
                let lists = match lists {
                    Some(lists) => lists.into_iter().map(PlateList::from_header).collect::<Option<Vec<_>>>(),
                    None => Some(desk.lists().to_vec()),
                };
                let lists = lists.ok_or_else(|| ReplayError::Header("a plate list holds no plates".to_owned()))?;
                desk.replace_rules(&gates, &lists, stamp, clock)
            }
            Some(Record::TimedOut { now }) => desk.handle_timeout(now, clock),
            Some(Record::Ended { media, at }) => desk.handle_end(media, at, clock),
            Some(Record::Camera { change, at }) => desk.handle_camera(change, at, clock),
            Some(Record::Header(_) | Record::Shown { .. }) => return Err(ReplayError::NoHeader),
        };
    }
    output.flush().map_err(ReplayError::Write)?;
    Ok(done)
}

fn plan(header: Header) -> Result<DeskPlan, ReplayError> {
    if header.v != LOG_VERSION {
        return Err(ReplayError::NoHeader);
    }
    let mut nonce = [0; 16];
    hex::decode_to_slice(&header.nonce, &mut nonce).map_err(|error| ReplayError::Header(format!("nonce: {error}")))?;
    let gates = header
        .gates
        .into_iter()
        .map(|header| gate_rules(header).map(|rules| (rules.gate, rules.text, rules.profile)))
        .collect::<Result<_, _>>()?;
    let plates = header.plates.map(|header| {
        PlatePlan::from_header(header).ok_or_else(|| ReplayError::Header("a plate list holds no plates".to_owned()))
    });
    Ok(DeskPlan { camera: header.camera, gates, nonce, plates: plates.transpose()? })
}

fn gate_rules(header: GateHeader) -> Result<GateRules, ReplayError> {
    match GateProfile::parse(&header.profile) {
        Ok(profile) => Ok(GateRules { gate: header.gate, text: header.profile, profile }),
        Err(problems) => Err(ReplayError::Header(format!("profile of gate {}: {problems}", header.gate))),
    }
}

fn read_record(input: &mut impl BufRead, line: usize) -> Result<Option<Record>, ReplayError> {
    let mut bytes = Vec::new();
    let mut limited = std::io::Read::take(&mut *input, LINE_BYTES_MAX);
    let read = limited.read_until(b'\n', &mut bytes).map_err(|source| ReplayError::Read { line, source })?;
    if read == 0 {
        return Ok(None);
    }
    if read as u64 == LINE_BYTES_MAX && bytes.last() != Some(&b'\n') {
        return Err(ReplayError::LongLine { line });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|source| ReplayError::Line { line, source })
}

fn write_event(
    desk: &mut Desk,
    pending: Pending,
    evidence: Vec<wire::EvidenceRef>,
    output: &mut impl Write,
    done: &mut Replayed,
) -> Result<(), ReplayError> {
    let event = desk.complete(pending, evidence);
    let line = serde_json::to_string(&event).expect("an event has only text keys and finite numbers");
    done.events += 1;
    writeln!(output, "{line}").map_err(ReplayError::Write)
}
