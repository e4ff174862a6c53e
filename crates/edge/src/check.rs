//! The self-test of a node: cameras, models, broker, hub, clock, disk; each with what to do where it is not well.
//!
//! It changes nothing and throws nobody out: it may run beside the node. Numbers are held against the rules by which a
//! camera is hung up: how large a plate or a person must be, how short the shutter.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use capture::{Camera, Happened};
use domain::{ClockSource, PixelView};
use inference::picture_health::{GreyPicture, MOVED_MIN, PictureNumbers, ViewSignature};
use inference::plates::PlateSource;
use inference::{Detector, Threads};
use serde::Serialize;
use uplink::{BrokerConfig, Spool};

use crate::config::{CameraConfig, NodeConfig, Play};
use crate::engine::Wants;
use crate::eyes::{open_camera, open_detect_camera};
use crate::health::reference::reference_file;
use crate::health::{BLURRED_SHARE, BURNT_MAX, DARK, Reference};
use crate::host::HostStatus;
use crate::installation::Installation;
use crate::models::{choose_detector, model_store, plate_engine};
use crate::node::broker_config;
use crate::node_clock::NodeClock;
use crate::plates::PlateEngine;
use crate::watch::one_line;

/// How long a camera is watched.
const WATCH: Duration = Duration::from_secs(4);
/// How long its first frame may take: a stream begins at its next key frame.
const FIRST_FRAME_MAX: Duration = Duration::from_secs(15);
/// Fewer frames a second lose fast vehicles.
const RATE_MIN: f64 = 8.0;
/// A plate of one row reads well from this width on, pixels of the full frame.
const PLATE_WIDTH_MIN_PX: f32 = 90.0;
/// Below this a plate's strokes run together: it moves while the shutter is open, or is out of focus.
const PLATE_SHARPNESS_MIN: f32 = 0.18;
/// Free disk that a node should have: weeks of events and evidence.
const DISK_FREE_MIN: u64 = 5_000_000_000;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Well.
    Good,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What, such as `camera gate-1`.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty where nothing is to be done.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => "ok  ",
            Verdict::Warning => "warn",
            Verdict::Bad => "BAD ",
        };
        write!(f, "{mark}  {:<20} {}", self.what, self.seen)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "\n      {:<20} → {}", "", self.fix) }
    }
}

/// Gathers findings and tells each as soon as it is there: a camera takes seconds.
pub struct Findings<'t> {
    found: Vec<Finding>,
    tell: &'t dyn Fn(&Finding),
}

impl<'t> Findings<'t> {
    /// None yet.
    pub fn new(tell: &'t dyn Fn(&Finding)) -> Self {
        Self { found: Vec::new(), tell }
    }

    fn add(&mut self, verdict: Verdict, what: &str, seen: impl Into<String>, fix: impl Into<String>) {
        let finding = Finding { what: what.to_owned(), verdict, seen: seen.into(), fix: fix.into() };
        (self.tell)(&finding);
        self.found.push(finding);
    }

    fn good(&mut self, what: &str, seen: impl Into<String>) {
        self.add(Verdict::Good, what, seen, "");
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

/// Looks at everything that a node of this configuration needs. `folder` is what relative sources are relative to.
pub async fn check(config: &NodeConfig, folder: &Path, installation: &Installation, findings: &mut Findings<'_>) {
    disk(config, findings);
    clock(findings);
    broker(config, findings).await;
    hub(config, findings);
    let detector = models(config, installation, findings);
    for camera in &config.cameras {
        let plates = camera.plates.and_then(|width| plate_engine(config, installation, width).ok());
        self::camera(camera, &config.data, folder, detector.as_ref(), plates, findings);
    }
}

fn disk(config: &NodeConfig, findings: &mut Findings<'_>) {
    let what = "data folder";
    let data = config.data.display();
    if let Err(error) = std::fs::create_dir_all(&config.data) {
        findings.add(
            Verdict::Bad,
            what,
            format!("\"{data}\": {error}"),
            "make the folder and give it to the user of the node",
        );
        return;
    }
    let trial = config.data.join(".gatehouse-check");
    let written = std::fs::write(&trial, b"check").and_then(|()| std::fs::remove_file(&trial));
    if let Err(error) = written {
        findings.add(
            Verdict::Bad,
            what,
            format!("\"{data}\" cannot be written: {error}"),
            "give it to the user of the node; look whether the disk is full or read-only",
        );
        return;
    }
    let free = HostStatus::read(&config.data).disk_free_bytes.unwrap_or(0);
    let seen = format!("\"{data}\", {:.1} GB free", free as f64 / 1e9);
    if free < DISK_FREE_MIN {
        findings.add(
            Verdict::Warning,
            what,
            seen,
            format!(
                "keep {:.0} GB free: events and pictures wait here while the network is away",
                DISK_FREE_MIN as f64 / 1e9
            ),
        );
    } else {
        findings.good(what, seen);
    }
    match Spool::open(&config.data.join("spool")) {
        Ok(spool) => findings.good("evidence", format!("{} files wait for the hub", spool.state().files)),
        Err(error) => findings.add(
            Verdict::Bad,
            "evidence",
            one_line(&error),
            "the folder spool must belong to the user of the node",
        ),
    }
}

fn clock(findings: &mut Findings<'_>) {
    let quality = NodeClock::start().quality();
    if quality.source == ClockSource::Unknown {
        findings.add(
            Verdict::Warning,
            "clock",
            "no time service has set it",
            "install chrony or systemd-timesyncd and give it the site's time server: times of events are evidence",
        );
    } else {
        findings.good("clock", format!("set by {:?}", quality.source).to_lowercase());
    }
}

async fn broker(config: &NodeConfig, findings: &mut Findings<'_>) {
    let Some(address) = &config.broker else {
        findings.add(Verdict::Warning, "broker", "none: events stay on this node", "give a [broker] once there is one");
        return;
    };
    let place = format!("{}:{}", address.host, address.port);
    let asked: anyhow::Result<BrokerConfig> = broker_config(address);
    let answer = match asked {
        Ok(broker) => uplink::probe::probe(&broker, &config.site, &config.node).await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match answer {
        Ok(()) if address.ca_file.is_none() => findings.add(
            Verdict::Warning,
            "broker",
            format!("{place} lets the node in, unencrypted"),
            "give ca_file: events are signed, but can be read on the way",
        ),
        Ok(()) => findings.good("broker", format!("{place} lets the node in")),
        Err(error) => findings.add(
            Verdict::Bad,
            "broker",
            format!("{error:#}"),
            "check address, port, user and password, certificate, and the way through the firewall",
        ),
    }
}

fn hub(config: &NodeConfig, findings: &mut Findings<'_>) {
    let Some(url) = &config.hub_url else {
        findings.add(Verdict::Warning, "hub", "none: pictures stay on this node", "give a [hub] url once there is one");
        return;
    };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(8)))
        .http_status_as_error(false)
        .build()
        .into();
    match agent.get(format!("{url}/healthz")).call() {
        Ok(answer) if answer.status().is_success() => findings.good("hub", format!("{url} answers")),
        Ok(answer) => findings.add(
            Verdict::Bad,
            "hub",
            format!("{url}/healthz says {}", answer.status()),
            "is that the hub's address?",
        ),
        Err(error) => findings.add(
            Verdict::Bad,
            "hub",
            format!("{url}: {error}"),
            "check the address and the way through the firewall",
        ),
    }
}

fn models(config: &NodeConfig, installation: &Installation, findings: &mut Findings<'_>) -> Option<Detector> {
    let wanted = config.cameras.iter().any(|camera| camera.play != Play::Rehearse);
    if !wanted {
        return None;
    }
    let (runtime, entry, loaded) = match choose_detector(&config.models, installation) {
        Ok(chosen) => chosen,
        Err(error) => {
            let known = model_store(&config.models, installation).is_ok();
            let fix = if known {
                "gatehouse-edge models pull, or models list to see what is missing"
            } else {
                "the model manifest is missing: is the installation whole?"
            };
            findings.add(Verdict::Bad, "detector", format!("{error:#}"), fix);
            return None;
        }
    };
    match Detector::open(runtime, &entry, &loaded.path, Threads { intra: 1 }) {
        Ok(mut detector) => {
            let (width, height) = detector.input_size();
            let (width, height) = (width as usize, height as usize);
            let grey = vec![114; width * height * 3];
            let ms = PixelView::new(width, height, width * 3, &grey).ok().and_then(|view| {
                detector.detect(&view).ok()?;
                let started = Instant::now();
                detector.detect(&view).ok()?;
                Some(started.elapsed().as_secs_f64() * 1e3)
            });
            let pace = ms.map_or_else(String::new, |ms| format!(", {ms:.0} ms a frame here"));
            findings.good("detector", format!("{}{pace}", entry.id));
            Some(detector)
        }
        Err(error) => {
            findings.add(Verdict::Bad, "detector", one_line(&error), "gatehouse-edge models verify");
            None
        }
    }
}

/// What was seen of a camera while it was watched.
#[derive(Debug, Default)]
struct Watched {
    frames: u32,
    first: Option<Instant>,
    last: Option<Instant>,
    size: (u32, u32),
    objects: u32,
    picture: Option<(PictureNumbers, ViewSignature)>,
    plate_width_px: Vec<f32>,
    plate_sharpness: Vec<f32>,
}

fn camera(
    config: &CameraConfig,
    data: &Path,
    folder: &Path,
    detector: Option<&Detector>,
    mut plates: Option<PlateEngine>,
    findings: &mut Findings<'_>,
) {
    let what = format!("camera {}", config.id);
    if config.play == Play::Rehearse {
        findings.good(&what, "an observation log, not a camera");
        return;
    }
    let wants = detector.map_or(Wants { size: (384, 384), fit: inference::Fit::Stretch }, |detector| Wants {
        size: detector.input_size(),
        fit: detector.fit(),
    });
    let opened = match open_camera(config, folder, wants) {
        Ok(camera) => camera,
        Err(error) => return findings.add(Verdict::Bad, &what, format!("{error:#}"), "check source and play"),
    };
    match watch(&opened, &mut plates) {
        Ok(watched) => {
            judge(&what, &watched, plates.is_some(), findings);
            if config.stream.detect_source.is_none() {
                judge_view(&what, config, data, &watched, findings);
            }
        }
        Err(reason) => findings.add(
            Verdict::Bad,
            &what,
            reason,
            "check that the camera is on, its address, user and password, and that the stream is H.264, H.265 or JPEG",
        ),
    }
    opened.stop();
    if config.stream.detect_source.is_some() {
        let what = format!("{what}, sub-stream");
        let opened = open_detect_camera(config, folder, wants).map_err(|error| format!("{error:#}"));
        match opened.and_then(|opened| watch(&opened, &mut None)) {
            Ok(watched) => {
                judge(&what, &watched, false, findings);
                judge_view(&what, config, data, &watched, findings);
            }
            Err(reason) => findings.add(Verdict::Bad, &what, reason, "check detect_source, or leave it out"),
        }
    }
}

/// Whether it still shows what its reference shows.
fn judge_view(what: &str, config: &CameraConfig, data: &Path, watched: &Watched, findings: &mut Findings<'_>) {
    let again = format!("gatehouse-edge health reference CONFIG {} once it looks where it should", config.id);
    let reference = match Reference::load(&reference_file(data, &config.id)) {
        Ok(reference) => reference,
        Err(error) => return findings.add(Verdict::Warning, what, one_line(&error), again),
    };
    let (Some(reference), Some((numbers, view))) = (reference, &watched.picture) else { return };
    if let Some(moved) = reference.view.moved(view).filter(|moved| *moved > MOVED_MIN) {
        let seen = format!("its view differs by {:.0} % from that of {}", moved * 100.0, reference.at);
        findings.add(Verdict::Warning, what, seen, format!("turn it back, clear what stands before it, or {again}"));
    }
    let size = (watched.size.0 as usize, watched.size.1 as usize);
    let share = numbers.sharpness / reference.sharpness.max(f64::MIN_POSITIVE);
    if reference.size == size && numbers.brightness >= DARK && share < BLURRED_SHARE {
        let seen = format!("{:.0} % of the sharpness of {}", share * 100.0, reference.at);
        findings.add(Verdict::Warning, what, seen, "clean the lens and the window before it, focus");
    }
}

fn watch(camera: &Camera, plates: &mut Option<PlateEngine>) -> Result<Watched, String> {
    let mut watched = Watched::default();
    let begun = Instant::now();
    let mut down = None;
    loop {
        match camera.next(Duration::from_millis(200)) {
            Some(Happened::Frame(frame)) => {
                let now = Instant::now();
                watched.first.get_or_insert(now);
                (watched.last, watched.size) = (Some(now), frame.full_size());
                watched.frames += 1 + frame.dropped_before;
                look(&mut watched, &frame, plates);
            }
            Some(Happened::Down(reason)) => down = Some(reason.to_string()),
            Some(Happened::Failed(error)) => return Err(one_line(&error)),
            Some(Happened::Ended(_)) => break,
            Some(Happened::Up) | None => {}
        }
        match watched.first {
            Some(first) if first.elapsed() > WATCH => break,
            None if begun.elapsed() > FIRST_FRAME_MAX => {
                let why = down.map_or_else(String::new, |reason| format!(": {reason}"));
                return Err(format!("no picture within {} s{why}", FIRST_FRAME_MAX.as_secs()));
            }
            Some(_) | None => {}
        }
    }
    if watched.frames == 0 { Err("the source is empty".to_owned()) } else { Ok(watched) }
}

fn look(watched: &mut Watched, frame: &capture::Frame, plates: &mut Option<PlateEngine>) {
    let full = frame.full();
    let grey = GreyPicture::from_i420(&full);
    watched.picture = Some((PictureNumbers::of(&grey), ViewSignature::of(&grey)));
    let Some(engine) = plates else { return };
    let source = PlateSource::I420(&full);
    let Ok(found) = engine.find(&source) else { return };
    let corners: Vec<_> = found.iter().map(perception::plate::FoundPlate::reading_corners).collect();
    let Ok(glances) = engine.read(&source, &corners) else { return };
    for glance in glances.iter().filter(|glance| glance.not_a_plate < 0.5) {
        watched.objects += 1;
        watched.plate_width_px.push(glance.quality.width_px);
        watched.plate_sharpness.push(glance.quality.sharpness);
    }
}

fn middle(numbers: &mut [f32]) -> Option<f32> {
    numbers.sort_by(f32::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

fn judge(what: &str, watched: &Watched, plates: bool, findings: &mut Findings<'_>) {
    let seconds = match (watched.first, watched.last) {
        (Some(first), Some(last)) => last.duration_since(first).as_secs_f64(),
        (None | Some(_), None) | (None, Some(_)) => 0.0,
    };
    let rate = if seconds > 0.5 { f64::from(watched.frames.saturating_sub(1)) / seconds } else { 0.0 };
    let (width, height) = watched.size;
    let (brightness, burnt) = watched.picture.as_ref().map_or((0.0, 0.0), |(own, _)| (own.brightness, own.saturated));
    let seen = format!("{width}×{height}, {rate:.1} frames a second, brightness {brightness:.0}");
    if rate > 0.0 && rate < RATE_MIN {
        findings.add(
            Verdict::Warning,
            what,
            seen,
            format!("{RATE_MIN} frames a second or more: set the camera to 15, and look for a slow network"),
        );
    } else {
        findings.good(what, seen);
    }
    if brightness < DARK {
        findings.add(
            Verdict::Warning,
            what,
            "the picture is dark",
            "more light (infra-red counts), not a longer shutter: what moves would blur",
        );
    } else if burnt > BURNT_MAX {
        findings.add(
            Verdict::Warning,
            what,
            format!("{:.0} % of the picture is burnt out", burnt * 100.0),
            "turn the camera away from the sky or its lamps, lower the exposure",
        );
    }
    if plates {
        judge_plates(what, watched, findings);
    }
}

fn judge_plates(what: &str, watched: &Watched, findings: &mut Findings<'_>) {
    let (mut widths, mut sharpness) = (watched.plate_width_px.clone(), watched.plate_sharpness.clone());
    let (Some(width), Some(sharp)) = (middle(&mut widths), middle(&mut sharpness)) else {
        findings.add(
            Verdict::Warning,
            what,
            "no plate came by while it was watched",
            format!("run this again while a vehicle stands where it is to be read: its plate should be {PLATE_WIDTH_MIN_PX:.0} pixels wide or more"),
        );
        return;
    };
    let seen = format!("plates {width:.0} pixels wide, sharpness {sharp:.2} (the middle of {} looks)", watched.objects);
    if width < PLATE_WIDTH_MIN_PX {
        findings.add(
            Verdict::Warning,
            what,
            seen,
            format!("{PLATE_WIDTH_MIN_PX:.0} pixels or more: a longer lens, a nearer camera, or its main stream"),
        );
    } else if sharp < PLATE_SHARPNESS_MIN {
        findings.add(
            Verdict::Warning,
            what,
            seen,
            "focus on the stopping line; shutter 1/500 s at walking pace, 1/1000 s at 40 km/h, 1/2000 s at 80 km/h",
        );
    } else {
        findings.good(what, seen);
    }
}
