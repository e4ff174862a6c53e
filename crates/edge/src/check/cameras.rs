//! Cameras: whether pictures come, how many, how good they are, and whether plates in them are large and sharp enough.

use std::path::Path;
use std::time::{Duration, Instant};

use capture::{Camera, Happened};
use inference::Detector;
use inference::look::PictureSource;
use inference::picture_health::{GreyPicture, MOVED_MIN, PictureNumbers, ViewSignature};
use wire::health::{BURNT_MAX, PLATE_WIDTH_MIN_PX};

use super::{Findings, Verdict};
use crate::config::{CameraConfig, Play};
use crate::engine::Wants;
use crate::eyes::{open_camera, open_detect_camera};
use crate::health::reference::reference_file;
use crate::health::{BLURRED_SHARE, DARK, Reference};
use crate::plates::PlateEngine;
use crate::watch::one_line;

/// How long a camera is watched.
const WATCH: Duration = Duration::from_secs(4);
/// How long its first frame may take: a stream begins at its next key frame.
const FIRST_FRAME_MAX: Duration = Duration::from_secs(15);
/// Fewer frames a second lose fast vehicles.
const RATE_MIN: f64 = 8.0;
/// Below this a plate's strokes run together: it moves while the shutter is open, or is out of focus.
const PLATE_SHARPNESS_MIN: f32 = 0.18;
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

/// Watches a camera, and its sub-stream, and says what is to be mended.
pub(super) fn camera(
    config: &CameraConfig,
    data: &Path,
    folder: &Path,
    detector: Option<&Detector>,
    mut plates: Option<&mut PlateEngine>,
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
    match watch(&opened, plates.as_deref_mut()) {
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
        match opened.and_then(|opened| watch(&opened, None)) {
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

fn watch(camera: &Camera, mut plates: Option<&mut PlateEngine>) -> Result<Watched, String> {
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
                look(&mut watched, &frame, plates.as_deref_mut());
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

fn look(watched: &mut Watched, frame: &capture::Frame, plates: Option<&mut PlateEngine>) {
    let full = frame.full();
    let grey = GreyPicture::from_i420(&full);
    watched.picture = Some((PictureNumbers::of(&grey), ViewSignature::of(&grey)));
    let Some(engine) = plates else { return };
    let source = PictureSource::I420(&full);
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
    let between = watched.first.zip(watched.last).map(|(first, last)| last.duration_since(first));
    let seconds = between.map_or(0.0, |between| between.as_secs_f64());
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
            format!("run this again while a vehicle stands where it is to be read: its plate should be {PLATE_WIDTH_MIN_PX} pixels wide or more"),
        );
        return;
    };
    let seen = format!("plates {width:.0} pixels wide, sharpness {sharp:.2} (the middle of {} looks)", watched.objects);
    if width < PLATE_WIDTH_MIN_PX as f32 {
        findings.add(
            Verdict::Warning,
            what,
            seen,
            format!("{PLATE_WIDTH_MIN_PX} pixels or more: a longer lens, a nearer camera, or its main stream"),
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
