//! One look at a source before it becomes a camera of the configuration: a still picture, its size, how often it changes,
//! or why there is none. Nothing is asked twice and nothing is kept.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use capture::{Camera, DownReason, Frame, Happened, ScaledSize, SourceConfig, SourceError, SourceLocation, StartError};
use inference::picture::encode_jpeg;

use crate::watch::one_line;

/// Longest look at a source, from the first question to the last frame.
pub const TRIAL_MAX: Duration = Duration::from_secs(14);
/// How long frames are counted after the first.
const COUNTED: Duration = Duration::from_millis(1_500);
/// The longest side of the picture, in pixels: lines are drawn on it, nobody has to be known by it.
const SIDE_PX_MAX: u32 = 1_280;
/// Quality of its JPEG, of 100.
const QUALITY: i32 = 82;
/// What the frames are scaled to besides; nobody looks at it.
const SCALED: ScaledSize = ScaledSize::Within { width: 64, height: 64 };
/// Ports of RTSP below 1024. Other services listen on the rest, and none of them is a camera.
const PORTS_KNOWN: [u16; 2] = [554, 322];
/// From here on ports are free for everybody, and many cameras use one.
const PORT_FREE_MIN: u16 = 1_024;

/// What a source showed.
#[derive(Clone)]
pub struct Still {
    /// One frame as JPEG, its longer side at most 1280 pixels.
    pub jpeg: Vec<u8>,
    /// Pixels in a row, as the source gives them.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
    /// Frames a second, as the source says or as they came.
    pub frames_per_s: Option<f64>,
    /// What the stream is encoded in, where it is known.
    pub codec: Option<&'static str>,
}

impl fmt::Debug for Still {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The picture shows people.
        write!(f, "Still({}x{}, {} bytes)", self.width_px, self.height_px, self.jpeg.len())
    }
}

/// Why a source shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A name for programs, which never changes.
    pub code: &'static str,
    /// What is wrong and what to do, for people; without any password.
    pub said: String,
}

impl Refusal {
    fn new(code: &'static str, said: impl Into<String>) -> Self {
        Self { code, said: said.into() }
    }
}

/// Looks at a video file.
pub fn look_at_file(path: &Path) -> Result<Still, Refusal> {
    look(SourceLocation::File(path.to_owned()))
}

/// Looks at a camera by an address that somebody typed.
pub fn look_at_camera(address: &str) -> Result<Still, Refusal> {
    look(camera_address(address)?)
}

/// A source of the configuration as it may be shown: without its password.
pub fn shown(source: &str) -> String {
    match source.parse::<SourceLocation>() {
        Ok(location) => location.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Reads an address that somebody typed: RTSP with or without TLS, and no port on which something else is at home.
fn camera_address(text: &str) -> Result<SourceLocation, Refusal> {
    let wrong = |error: &dyn fmt::Display| Refusal::new("address_wrong", error.to_string());
    match text.trim().parse::<SourceLocation>().map_err(|error| wrong(&error))? {
        SourceLocation::File(_) => Err(Refusal::new(
            "address_wrong",
            "this is no address of a camera: rtsp://user:password@host:port/path is accepted",
        )),
        SourceLocation::Rtsp(url) => {
            let address = url.address();
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_some_and(|port| PORTS_KNOWN.contains(&port) || port >= PORT_FREE_MIN) {
                Ok(SourceLocation::Rtsp(url))
            } else {
                let said = format!("{address}: ports 322, 554 and {PORT_FREE_MIN} to 65535 are accepted");
                Err(Refusal::new("address_wrong", said))
            }
        }
    }
}

/// Blocks for [`TRIAL_MAX`] at most, besides what the system takes to look a name up.
fn look(location: SourceLocation) -> Result<Still, Refusal> {
    let mut config = SourceConfig::new(location, SCALED);
    config.limits.connect = TRIAL_MAX;
    let camera = Camera::start(config).map_err(|error| not_started(&error))?;
    let begun = Instant::now();
    let mut first: Option<(Instant, Result<Still, Refusal>)> = None;
    let mut frames_after = 0_u32;
    loop {
        match camera.next(Duration::from_millis(100)) {
            Some(Happened::Frame(frame)) => match &first {
                None => first = Some((frame.arrived, still(&frame))),
                Some(_) => frames_after += 1 + frame.dropped_before,
            },
            // A live source would be asked again and again: a wrong password once too often locks the camera.
            Some(Happened::Down(reason)) if first.is_none() => return Err(refused(&reason)),
            Some(Happened::Failed(error)) if first.is_none() => return Err(unreadable(&error)),
            Some(Happened::Down(_) | Happened::Failed(_) | Happened::Ended(_)) => break,
            Some(Happened::Up) | None => {}
        }
        match &first {
            Some((at, _)) if at.elapsed() > COUNTED => break,
            None if begun.elapsed() > TRIAL_MAX => {
                let said = format!("no picture came within {} s", TRIAL_MAX.as_secs());
                return Err(Refusal::new("silent", said));
            }
            Some(_) | None => {}
        }
    }
    let Some((at, still)) = first else { return Err(Refusal::new("empty", "the video holds no picture")) };
    let mut still = still?;
    let counted_s = at.elapsed().as_secs_f64();
    if still.frames_per_s.is_none() && frames_after > 0 && counted_s > 0.5 {
        still.frames_per_s = Some((f64::from(frames_after) / counted_s * 10.0).round() / 10.0);
    }
    still.codec = camera.decoder().and_then(|decoder| codec(&decoder.element));
    Ok(still)
}

fn still(frame: &Frame) -> Result<Still, Refusal> {
    let (width_px, height_px) = frame.full_size();
    let jpeg = encode_jpeg(&frame.full(), None, SIDE_PX_MAX, QUALITY)
        .map_err(|error| Refusal::new("not_decodable", one_line(&error)))?;
    Ok(Still { jpeg, width_px, height_px, frames_per_s: frame.format().rate(), codec: None })
}

/// What the decoder of this name reads.
fn codec(element: &str) -> Option<&'static str> {
    let known = [("264", "H.264"), ("265", "H.265"), ("hevc", "H.265"), ("mpeg4", "MPEG-4"), ("jpeg", "JPEG")];
    known.into_iter().find(|(part, _)| element.contains(part)).map(|(_, codec)| codec)
}

fn not_started(error: &StartError) -> Refusal {
    Refusal::new("not_started", one_line(error))
}

fn refused(reason: &DownReason) -> Refusal {
    let code = match reason {
        DownReason::Refused { .. } => "refused",
        DownReason::Unreachable { .. } => "unreachable",
        DownReason::Silent { .. } | DownReason::Frozen { .. } => "silent",
        DownReason::Unauthorized { .. } => "password_wrong",
        DownReason::StreamUnknown { .. } => "stream_unknown",
        DownReason::NoVideo { .. } | DownReason::StreamEnded => "no_video",
        DownReason::NoDecoder { .. } => "not_decodable",
        DownReason::Broken { .. } => "broken",
    };
    Refusal::new(code, reason.to_string())
}

fn unreadable(error: &SourceError) -> Refusal {
    let code = match error {
        SourceError::Missing { .. } | SourceError::NotAFile { .. } => "missing",
        SourceError::Empty { .. } => "empty",
        SourceError::Unreadable { .. } | SourceError::Stalled { .. } => "unreadable",
        SourceError::NotVideo { .. } | SourceError::Damaged { .. } => "not_video",
        SourceError::NoVideo { .. } => "no_video",
        SourceError::NoDecoder { .. } | SourceError::Scaling { .. } => "not_decodable",
        SourceError::Pipeline { .. } => "broken",
    };
    Refusal::new(code, one_line(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_cameras_are_taken() {
        for good in
            ["rtsp://cam.lan/live", "rtsp://a:b@10.0.0.7:8554/x", " rtsps://cam.lan/live ", "rtsp://[::1]:1024/"]
        {
            assert!(camera_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "file:///etc/passwd",
            "http://10.0.0.7/",
            "rtsp://10.0.0.7:22/x",
            "rtsp://10.0.0.7:80/x",
            "../x.mp4",
        ] {
            assert_eq!(camera_address(bad).expect_err(bad).code, "address_wrong", "{bad}");
        }
    }

    #[test]
    fn a_refused_address_keeps_its_password_to_itself() {
        for bad in ["rtsp://admin:hunter2@10.0.0.7:22/x", "rtsp://admin:hunter2@cam:0/x", "rtsp://admin:hun#ter2@cam/x"]
        {
            let refusal = camera_address(bad).expect_err(bad);
            assert!(!refusal.said.contains("hun"), "{bad}: {}", refusal.said);
        }
    }

    #[test]
    fn what_is_no_video_and_what_is_not_there_are_told_apart() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| SourceLocation::File(folder.path().join(name));
        std::fs::write(folder.path().join("text.mp4"), "not a video\n".repeat(1_000)).expect("it can be written");
        std::fs::write(folder.path().join("empty.mp4"), "").expect("it can be written");
        for (name, code) in [("nowhere.mp4", "missing"), ("empty.mp4", "empty"), ("text.mp4", "not_video")] {
            assert_eq!(look(at(name)).expect_err(name).code, code, "{name}");
        }
    }

    #[test]
    fn a_port_where_nobody_listens_refuses_at_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        let location = camera_address(&format!("rtsp://admin:hunter2@{address}/live")).expect("it is an address");
        let refusal = look(location).expect_err("nobody is there");
        assert_eq!(refusal.code, "refused", "{}", refusal.said);
        assert!(!refusal.said.contains("hunter2"));
    }

    #[test]
    fn a_clip_of_ours_is_shown_with_its_size_and_pace() {
        let clip = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/bundled/gate_plates.mp4");
        let still = look(SourceLocation::File(clip.into())).expect("it is a video");
        assert!(still.jpeg.starts_with(&[0xff, 0xd8, 0xff]) && still.width_px > 100 && still.height_px > 100);
        assert!(still.frames_per_s.is_some_and(|rate| (1.0..=120.0).contains(&rate)), "{:?}", still.frames_per_s);
        assert_eq!(still.codec, Some("H.264"));
    }
}
