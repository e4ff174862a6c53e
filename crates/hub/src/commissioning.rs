//! The checklist by which a node is put into service: what its own measurements show, what only a person can see, and
//! the hand-over at its end.
//!
//! A step that is measured says how the node is now, and is never confirmed by hand. A step that a person confirms bears
//! his name. The hand-over is the last one: it takes that all others are well, and once it stands it says who found the
//! node fit for service and when. What goes wrong later is a trouble, not an unfinished commissioning.

use domain::{ClockSource, UtcTime};
use store::{CommissioningMark, NodeRow};
use wire::health::{BURNT_MAX, DISK_FREE_MIN_BYTES, FRAME_AGE_MAX_MS, PLATE_WIDTH_MIN_PX};
use wire::{CameraHealth, NodeState};

/// A clock further off than this makes times of passages doubtful.
const CLOCK_OFFSET_MAX_MS: i64 = 5_000;
/// Most events that may wait at a node that is well connected.
const BACKLOG_MAX: u64 = 100;
/// So many plates must have come before their share means anything.
const PLATES_MIN: u64 = 20;
/// A camera that reads fewer of the plates that come is not well placed.
const READ_SHARE_MIN: f64 = 0.8;

/// A step of the checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The node is connected.
    Online,
    /// A time service sets its clock, and it agrees with the hub's.
    Clock,
    /// There is room for weeks of events.
    Disk,
    /// Its events arrive, and none is missing.
    Delivery,
    /// It works by the policy that is wanted.
    Policy,
    /// It complains of nothing but of its cameras, and nobody complains of it.
    Machine,
    /// Pictures come.
    Picture,
    /// They are neither dark nor burnt out.
    Light,
    /// They show what they showed when the camera was set up, as sharp as then.
    View,
    /// Plates are large enough.
    PlateSize,
    /// Plates that come are read.
    ReadRate,
    /// The camera looks where it should, and the picture is level.
    Aim,
    /// What was walked and driven through was counted and read right.
    Trial,
    /// It was looked at by night too.
    Night,
    /// Barrier or door does as it is told, and stops for what stands in it.
    Barrier,
    /// Power and network were cut: the lane stood as it should, and nothing was lost.
    PowerCut,
    /// A sign says that cameras watch, where people see it before they are seen.
    Notice,
    /// The guards know what to do.
    Instruction,
    /// The node is fit for service.
    HandOver,
}

impl Step {
    /// Those that a person confirms, the hand-over last.
    pub(crate) const BY_PERSON: [Self; 8] = [
        Self::Aim,
        Self::Trial,
        Self::Night,
        Self::Barrier,
        Self::PowerCut,
        Self::Notice,
        Self::Instruction,
        Self::HandOver,
    ];

    /// Its name in the database and the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Clock => "clock",
            Self::Disk => "disk",
            Self::Delivery => "delivery",
            Self::Policy => "policy",
            Self::Machine => "machine",
            Self::Picture => "picture",
            Self::Light => "light",
            Self::View => "view",
            Self::PlateSize => "plate_size",
            Self::ReadRate => "read_rate",
            Self::Aim => "aim",
            Self::Trial => "trial",
            Self::Night => "night",
            Self::Barrier => "barrier",
            Self::PowerCut => "power_cut",
            Self::Notice => "notice",
            Self::Instruction => "instruction",
            Self::HandOver => "hand_over",
        }
    }

    /// Whether a person confirms it; the others are measured.
    pub(crate) fn is_by_person(self) -> bool {
        Self::BY_PERSON.contains(&self)
    }

    /// The step of that name that a person confirms.
    pub(crate) fn by_person(name: &str) -> Option<Self> {
        Self::BY_PERSON.into_iter().find(|step| step.as_str() == name)
    }
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Well.
    Good,
    /// Nothing is known yet, or nobody confirmed it.
    Open,
    /// Not well.
    Bad,
}

/// A step of one node or camera, and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checked<'n> {
    /// Which.
    pub(crate) step: Step,
    /// The camera; nothing for the node itself.
    pub(crate) camera: Option<&'n str>,
    /// How it stands.
    pub(crate) standing: Standing,
    /// The number that decides; its unit goes with the step.
    pub(crate) value: Option<f64>,
    /// What that number should be at least or at most.
    pub(crate) wanted: Option<f64>,
    /// What a person said.
    pub(crate) mark: Option<&'n CommissioningMark>,
}

impl<'n> Checked<'n> {
    fn new(step: Step, camera: Option<&'n str>, standing: Standing) -> Self {
        Self { step, camera, standing, value: None, wanted: None, mark: None }
    }

    fn measured(self, value: Option<f64>, wanted: f64) -> Self {
        Self { value, wanted: Some(wanted), ..self }
    }
}

/// Where it is known whether something is well.
fn known(is_good: Option<bool>) -> Standing {
    match is_good {
        Some(true) => Standing::Good,
        Some(false) => Standing::Bad,
        None => Standing::Open,
    }
}

/// The checklist of a node, in the order in which an engineer goes through it.
pub(crate) fn checklist(node: &NodeRow) -> Vec<Checked<'_>> {
    let mut steps = node_steps(node);
    let health = node.health.as_ref().map(|row| &row.health);
    for camera in health.iter().flat_map(|health| &health.cameras) {
        let has = |problems: &[&str]| {
            let of = |of: &Option<String>| of.as_deref() == Some(camera.camera.as_str());
            let troubles = health.map(|health| health.troubles.as_slice()).unwrap_or_default();
            troubles.iter().any(|trouble| of(&trouble.of) && problems.contains(&trouble.problem.as_str()))
        };
        steps.extend(camera_steps(camera, has));
    }
    steps.extend(Step::BY_PERSON.into_iter().map(|step| person_step(node, step)));
    steps
}

fn person_step(node: &NodeRow, step: Step) -> Checked<'_> {
    let mark = node.marks.iter().find(|mark| mark.step == step.as_str());
    let standing = if mark.is_some() { Standing::Good } else { Standing::Open };
    Checked { mark, ..Checked::new(step, None, standing) }
}

fn node_steps(node: &NodeRow) -> Vec<Checked<'_>> {
    let status = node.status.as_ref();
    let health = node.health.as_ref().map(|row| &row.health);
    let new = |step, is_good| Checked::new(step, None, known(is_good));
    let clock = status.and_then(|status| status.clock);
    let clock_good =
        clock.map(|clock| clock.source == ClockSource::Synchronised && clock.offset_ms.abs() <= CLOCK_OFFSET_MAX_MS);
    let free = health.and_then(|health| health.disk_free_bytes);
    let backlog = status.and_then(|status| status.backlog);
    let is_whole = node.head.highest_seq == node.head.committed_seq;
    let delivers = backlog.map(|backlog| is_whole && node.head.committed_seq > 0 && backlog <= BACKLOG_MAX);
    let policy = node.policy.as_ref().map(|row| &row.status);
    let follows = match (node.policy_wanted, policy) {
        // Nobody publishes policies for it: it works by its own file.
        (None, _) => Some(true),
        (Some(_), None) => None,
        (Some(wanted), Some(policy)) => {
            let runs = policy.running.as_ref().map(|running| running.version);
            Some(runs == Some(wanted) && policy.refused.is_none())
        }
    };
    let own = health.map(|health| {
        let is_own =
            |problem: &str| !problem.starts_with("camera_") && problem != "reading_down" && problem != "clock_unknown";
        node.alarms_open == 0 && !health.troubles.iter().any(|trouble| is_own(&trouble.problem))
    });
    vec![
        new(Step::Online, status.map(|status| status.state == NodeState::Online)),
        new(Step::Clock, clock_good).measured(clock.map(|clock| clock.offset_ms as f64), CLOCK_OFFSET_MAX_MS as f64),
        new(Step::Disk, free.map(|free| free >= DISK_FREE_MIN_BYTES))
            .measured(free.map(|free| free as f64), DISK_FREE_MIN_BYTES as f64),
        new(Step::Delivery, delivers).measured(backlog.map(|backlog| backlog as f64), BACKLOG_MAX as f64),
        new(Step::Policy, follows),
        new(Step::Machine, own),
    ]
}

fn camera_steps<'n>(camera: &'n CameraHealth, has: impl Fn(&[&str]) -> bool) -> Vec<Checked<'n>> {
    let name = Some(camera.camera.as_str());
    let comes = camera.last_frame_ms.is_some_and(|age| age <= FRAME_AGE_MAX_MS)
        && !has(&["camera_down", "camera_frozen", "reading_down"]);
    let picture = camera.picture.as_ref();
    let lit = picture.map(|picture| picture.burnt <= BURNT_MAX && !has(&["camera_dark"]));
    let kept = picture.filter(|picture| picture.reference_at.is_some());
    let kept = kept.map(|_| !has(&["camera_moved", "camera_blurred"]));
    let mut steps = vec![
        Checked::new(Step::Picture, name, known(Some(comes))),
        Checked::new(Step::Light, name, known(lit)),
        Checked::new(Step::View, name, known(kept)),
    ];
    if let Some(plates) = &camera.plates {
        let width = plates.width_px.map(f64::from);
        let wide = plates.width_px.map(|width| width >= PLATE_WIDTH_MIN_PX);
        let share = (plates.came > 0).then(|| plates.read as f64 / plates.came as f64);
        let read = share.filter(|_| plates.came >= PLATES_MIN).map(|share| share >= READ_SHARE_MIN);
        steps.push(Checked::new(Step::PlateSize, name, known(wide)).measured(width, f64::from(PLATE_WIDTH_MIN_PX)));
        steps.push(Checked::new(Step::ReadRate, name, known(read)).measured(share, READ_SHARE_MIN));
    }
    steps
}

/// Who found a node fit for service, and when; nothing where nobody has.
pub(crate) fn handed_over(node: &NodeRow) -> Option<(&str, UtcTime)> {
    let mark = node.marks.iter().find(|mark| mark.step == Step::HandOver.as_str())?;
    Some((&mark.by, mark.at))
}

#[cfg(test)]
mod tests;
