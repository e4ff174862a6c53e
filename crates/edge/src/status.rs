//! How a node is, in one value: what its page, its metrics and its self-test look at.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use domain::{CameraId, ClockQuality, ClockSource, NodeId, SiteId, UtcTime};
use serde::Serialize;
use uplink::{Backlog, HealthLook, Hearing, Outbox, PublisherState, Spool};
use wire::event::CameraState;
use wire::health::FRAME_AGE_MAX_MS;

use crate::access::{AccessHandle, CodeKind, LaneState, LaneStatus};
use crate::attention::Skipped;
use crate::board::{Board, CameraStatus};
use crate::engine::Engines;
use crate::health::reads::{HourOfReads, sum};
use crate::host::HostStatus;
use crate::node::quantiles;
use crate::node_clock::NodeClock;
use crate::stage::Stage;
use crate::today::{LineToday, ZoneNow};

/// An outbox this full is news.
const OUTBOX_SHARE_MAX: f64 = 0.8;
/// A disk with less than this share free is news.
const DISK_FREE_MIN: f64 = 0.05;
/// Above this the machine throttles itself or soon will.
const TEMPERATURE_MAX_C: f32 = 85.0;

/// Everything that a status is made of.
#[derive(Clone)]
pub struct NodeView(Arc<Parts>);

/// What [`NodeView`] looks at.
pub struct Parts {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// Its folder.
    pub data: PathBuf,
    /// Its models: name and SHA-256.
    pub models: Vec<(String, String)>,
    /// Its cameras.
    pub boards: Vec<Arc<Board>>,
    /// What looks at frames, where anything does.
    pub engines: Option<Arc<Engines>>,
    /// Its events.
    pub outbox: Outbox,
    /// Its pictures.
    pub spool: Spool,
    /// Its way to the broker, where it has one.
    pub publisher: Option<tokio::sync::watch::Receiver<PublisherState>>,
    /// Its lanes, where it has some.
    pub access: Option<AccessHandle>,
    /// Its clocks.
    pub clock: Arc<NodeClock>,
    /// When it started.
    pub started: Instant,
}

/// Something that a person should see to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// A camera gives no frames.
    CameraDown {
        /// Which.
        camera: CameraId,
        /// Why.
        reason: String,
    },
    /// A camera says that it is up and gives no frames, or the same one again and again.
    CameraFrozen {
        /// Which.
        camera: CameraId,
        /// For how long, seconds.
        for_s: u64,
    },
    /// A camera's pictures are too dark to see anything in.
    CameraDark {
        /// Which.
        camera: CameraId,
        /// Their mean brightness, 0 to 255.
        brightness: f64,
    },
    /// A camera's pictures are much less sharp than on a good day.
    CameraBlurred {
        /// Which.
        camera: CameraId,
        /// Their sharpness as a share of that of the reference.
        share: f64,
    },
    /// A camera does not look where it was pointed, or something stands before it.
    CameraMoved {
        /// Which.
        camera: CameraId,
        /// How far its view is from the reference, 0 to 1.
        moved: f64,
    },
    /// The stream that plates are read in is away; the other one is there.
    ReadingDown {
        /// Which camera.
        camera: CameraId,
        /// Why.
        reason: String,
    },
    /// The broker does not answer.
    BrokerDown {
        /// What went wrong last.
        reason: String,
    },
    /// The broker answers and the hub does not.
    HubSilent,
    /// Somebody must look at the delivery.
    DeliveryAlarm {
        /// What the publisher says.
        what: String,
    },
    /// The outbox fills.
    OutboxFilling {
        /// Events in it.
        rows: u64,
        /// Most that may be.
        rows_max: u64,
    },
    /// The disk fills.
    DiskFull {
        /// Bytes that are free.
        free_bytes: u64,
    },
    /// The machine is hot.
    Hot {
        /// Its temperature, degrees Celsius.
        celsius: f32,
    },
    /// Nobody set the clock.
    ClockUnknown,
    /// A lane's relay does not do what it is told, or cannot be read.
    RelayFailing {
        /// Which lane.
        lane: String,
        /// Why.
        reason: String,
    },
    /// Nobody is permitted at any lane, because nobody knows who is inside.
    StateLost,
    /// A fire holds a lane open.
    LaneFire {
        /// Which.
        lane: String,
    },
    /// The broker does not let the node hear guards' orders.
    OrdersDenied,
    /// There is more to see than the machine can look at.
    Shedding {
        /// Steps of load that are shed.
        level: usize,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CameraDown { camera, reason } if reason.is_empty() => write!(f, "camera {camera} is down"),
            Self::CameraDown { camera, reason } => write!(f, "camera {camera} is down: {reason}"),
            Self::CameraFrozen { camera, for_s } => write!(f, "camera {camera} gave no new picture for {for_s} s"),
            Self::CameraDark { camera, brightness } => write!(f, "camera {camera} is dark: brightness {brightness:.0}"),
            Self::CameraBlurred { camera, share } => {
                write!(f, "camera {camera} is blurred: {:.0} % of the sharpness of a good day", share * 100.0)
            }
            Self::CameraMoved { camera, moved } => {
                write!(f, "camera {camera} was moved or is covered: its view differs by {:.0} %", moved * 100.0)
            }
            Self::ReadingDown { camera, reason } => write!(f, "the main stream of camera {camera} is away: {reason}"),
            Self::BrokerDown { reason } => write!(f, "the broker does not answer: {reason}"),
            Self::HubSilent => f.write_str("the broker answers, the hub does not confirm"),
            Self::DeliveryAlarm { what } => write!(f, "delivery needs a person: {what}"),
            Self::OutboxFilling { rows, rows_max } => write!(f, "{rows} of at most {rows_max} events wait for the hub"),
            Self::DiskFull { free_bytes } => write!(f, "only {} MB of disk are free", free_bytes / 1_000_000),
            Self::Hot { celsius } => write!(f, "the machine is at {celsius:.0} °C"),
            Self::ClockUnknown => f.write_str("no time service has set the clock"),
            Self::RelayFailing { lane, reason } => write!(f, "the relay of lane {lane} fails: {reason}"),
            Self::StateLost => {
                f.write_str("nobody is permitted at the lanes: the record of who is inside cannot be used")
            }
            Self::LaneFire { lane } => write!(f, "the fire alarm holds lane {lane} open"),
            Self::OrdersDenied => f.write_str("the broker does not let the node hear guards' orders"),
            Self::Shedding { level } => {
                write!(f, "more to see than the machine can look at, load shed at level {level}")
            }
        }
    }
}

/// The status of a node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeStatus {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// Version of the program.
    pub version: &'static str,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// What a person should see to.
    pub problems: Vec<Problem>,
    /// Its models: name and SHA-256.
    pub models: Vec<(String, String)>,
    /// Trust in its clock.
    pub clock: ClockQuality,
    /// Events that wait for the hub, and the most that may.
    pub events_waiting: (u64, u64),
    /// Pictures that wait for the hub: files and bytes.
    pub pictures_waiting: (u64, u64),
    /// Pictures that went because there was no room.
    pub pictures_dropped: u64,
    /// Whether the broker has let it in; nothing where it has none.
    pub connected: Option<bool>,
    /// Steps of load that are shed.
    pub shed_level: usize,
    /// The machine.
    pub host: HostStatus,
    /// The cameras.
    pub cameras: Vec<CameraView>,
    /// The lanes.
    pub lanes: Vec<LaneStatus>,
}

/// A camera and what it has cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CameraView {
    /// How it is.
    #[serde(flatten)]
    pub status: CameraStatus,
    /// Share of the last day's plates that were read; nothing where none came.
    pub read_share: Option<f64>,
    /// Plates that came and that were read, by the hour.
    pub reads: Vec<HourOfReads>,
    /// What went over each line of its gates since midnight in Vietnam.
    pub today: Vec<LineToday>,
    /// Who is in each zone of its gates.
    pub inside: Vec<ZoneNow>,
    /// Frames looked at.
    pub frames: u64,
    /// Frames not looked at, by reason.
    pub skipped: Vec<(&'static str, u64)>,
    /// From a frame's arrival to its turn, milliseconds.
    pub wait_ms: serde_json::Value,
    /// From a frame's arrival to what was decided, milliseconds.
    pub latency_ms: serde_json::Value,
    /// Codes that were read, by what they were meant to be.
    pub codes: Vec<(&'static str, u64)>,
    /// Each stage, in milliseconds.
    pub stages_ms: Vec<(&'static str, serde_json::Value)>,
}

/// A view of a node whose parts are not all there yet.
#[derive(Debug)]
pub struct ViewToCome(Arc<OnceLock<NodeView>>);

impl ViewToCome {
    /// They are.
    pub fn come(self, parts: Parts) -> NodeView {
        self.0.get_or_init(|| NodeView(Arc::new(parts))).clone()
    }
}

impl NodeView {
    /// One of parts that follow, and what tells the hub of it as soon as they are there: the delivery starts before the
    /// cameras do, and is one of the parts.
    pub fn to_come() -> (ViewToCome, HealthLook) {
        let view = Arc::new(OnceLock::new());
        let look = Arc::clone(&view);
        (ViewToCome(view), HealthLook::new(move || look.get().map(|view: &Self| view.status().told())))
    }

    /// The cameras.
    pub fn boards(&self) -> &[Arc<Board>] {
        &self.0.boards
    }

    /// How the node is, now.
    pub fn status(&self) -> NodeStatus {
        let parts = &*self.0;
        let publisher = parts.publisher.as_ref().map(|state| state.borrow().clone());
        let (backlog, spool) = (parts.outbox.backlog(), parts.spool.state());
        let host = HostStatus::read(&parts.data);
        let clock = parts.clock.quality();
        let shed_level = parts.engines.as_ref().map_or(0, |engines| engines.shed_level());
        let now = parts.clock.utc();
        let cameras: Vec<CameraView> = parts.boards.iter().map(|board| camera_view(board, now)).collect();
        let mut problems: Vec<Problem> = cameras.iter().flat_map(|camera| camera_problems(&camera.status)).collect();
        problems.extend(publisher.iter().flat_map(delivery_problems));
        problems.extend(store_problems(&backlog, &host));
        let lanes = parts.access.as_ref().map(AccessHandle::lanes).unwrap_or_default();
        problems.extend(lane_problems(&lanes));
        if clock.source == ClockSource::Unknown {
            problems.push(Problem::ClockUnknown);
        }
        if shed_level > 0 {
            problems.push(Problem::Shedding { level: shed_level });
        }
        NodeStatus {
            site: parts.site.clone(),
            node: parts.node.clone(),
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: parts.started.elapsed().as_secs(),
            problems,
            models: parts.models.clone(),
            clock,
            events_waiting: (backlog.rows, backlog.rows_max),
            pictures_waiting: (spool.files, spool.bytes),
            pictures_dropped: spool.dropped_files,
            connected: publisher.map(|state| state.connected),
            shed_level,
            host,
            cameras,
            lanes,
        }
    }
}

impl fmt::Debug for NodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeView({}/{})", self.0.site, self.0.node)
    }
}

fn camera_view(board: &Board, now: UtcTime) -> CameraView {
    let stages = &board.stages;
    let reads = board.reads_of_day(now);
    let (visits, read) = sum(&reads);
    let today = board.today();
    CameraView {
        today: today.lines(now).to_vec(),
        inside: today.zones().to_vec(),
        status: board.status(),
        read_share: (visits > 0).then(|| read as f64 / visits as f64),
        reads,
        frames: stages.frames(),
        skipped: Skipped::ALL.map(|why| (why.as_str(), stages.skipped(why))).to_vec(),
        wait_ms: quantiles(stages.waits()),
        latency_ms: quantiles(stages.latencies()),
        codes: CodeKind::ALL.map(|kind| (kind.as_str(), board.codes(kind))).to_vec(),
        stages_ms: Stage::ALL.map(|stage| (stage.as_str(), quantiles(stages.of(stage)))).to_vec(),
    }
}

fn camera_problems(camera: &CameraStatus) -> Vec<Problem> {
    let id = || camera.camera.clone();
    match camera.state {
        Some(CameraState::Down | CameraState::Failed) | None => {
            vec![Problem::CameraDown { camera: id(), reason: camera.reason.clone() }]
        }
        Some(CameraState::Up) => match camera.last_frame_ms.filter(|age| *age > FRAME_AGE_MAX_MS) {
            Some(age) => vec![Problem::CameraFrozen { camera: id(), for_s: age / 1_000 }],
            None => picture_problems(camera),
        },
        Some(CameraState::Ended) => Vec::new(),
    }
}

/// What is wrong with the pictures of a camera that gives some.
fn picture_problems(camera: &CameraStatus) -> Vec<Problem> {
    let id = || camera.camera.clone();
    let mut problems = Vec::new();
    problems.extend(camera.reading_down.clone().map(|reason| Problem::ReadingDown { camera: id(), reason }));
    let Some(picture) = &camera.picture else { return problems };
    problems.extend(picture.frozen_s.map(|for_s| Problem::CameraFrozen { camera: id(), for_s }));
    if picture.is_dark {
        problems.push(Problem::CameraDark { camera: id(), brightness: picture.brightness });
    }
    if let Some(reference) = picture.sharpness_reference.filter(|_| picture.is_blurred) {
        problems.push(Problem::CameraBlurred { camera: id(), share: picture.sharpness / reference });
    }
    if let Some(moved) = picture.moved.filter(|_| picture.is_moved) {
        problems.push(Problem::CameraMoved { camera: id(), moved });
    }
    problems
}

fn lane_problems(lanes: &[LaneStatus]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for lane in lanes {
        let failing = lane.relay_error.clone();
        problems.extend(failing.map(|reason| Problem::RelayFailing { lane: lane.lane.clone(), reason }));
        if lane.state == LaneState::Fire {
            problems.push(Problem::LaneFire { lane: lane.lane.clone() });
        }
    }
    if lanes.iter().any(|lane| lane.state_lost) {
        problems.push(Problem::StateLost);
    }
    problems
}

fn delivery_problems(state: &PublisherState) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !state.connected {
        problems.push(Problem::BrokerDown { reason: state.last_error.clone().unwrap_or_default() });
    }
    if state.receipts_overdue {
        problems.push(Problem::HubSilent);
    }
    if state.orders == Hearing::Denied {
        problems.push(Problem::OrdersDenied);
    }
    let what = state.alarm.map(|alarm| format!("{alarm:?}"));
    let refused = state.refused.as_ref().map(|refusal| format!("{refusal:?}"));
    problems.extend(what.into_iter().chain(refused).map(|what| Problem::DeliveryAlarm { what }));
    problems
}

fn store_problems(backlog: &Backlog, host: &HostStatus) -> Vec<Problem> {
    let mut problems = Vec::new();
    if backlog.rows as f64 >= OUTBOX_SHARE_MAX * backlog.rows_max as f64 {
        problems.push(Problem::OutboxFilling { rows: backlog.rows, rows_max: backlog.rows_max });
    }
    if let (Some(free), Some(whole)) = (host.disk_free_bytes, host.disk_bytes)
        && (free as f64) < DISK_FREE_MIN * whole as f64
    {
        problems.push(Problem::DiskFull { free_bytes: free });
    }
    problems.extend(host.temperature_c.filter(|t| *t > TEMPERATURE_MAX_C).map(|celsius| Problem::Hot { celsius }));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outbox_at_four_fifths_and_a_full_disk_are_problems_that_a_person_sees() {
        let problems = |rows, disk_free_bytes| {
            let (bytes, oldest_at, head_seq, confirmed_seq) = (0, None, rows, 0);
            let backlog = Backlog { rows, rows_max: 10, bytes, oldest_at, head_seq, confirmed_seq };
            let (disk_free_bytes, disk_bytes) = (Some(disk_free_bytes), Some(1_000));
            let host =
                HostStatus { disk_free_bytes, disk_bytes, temperature_c: None, memory_bytes: None, cpu_seconds: 0.0 };
            store_problems(&backlog, &host)
        };
        assert_eq!(problems(7, 50), []);
        assert_eq!(problems(8, 50), [Problem::OutboxFilling { rows: 8, rows_max: 10 }]);
        assert_eq!(problems(0, 49), [Problem::DiskFull { free_bytes: 49 }]);
    }
}
