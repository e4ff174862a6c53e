//! How a camera's streams are read, and of which events clips are kept.

use std::time::Duration;

use capture::Decoding;
use domain::TableReader;
use serde::Deserialize;

use super::Play;

/// The longest time before or after an event that a clip may show, in seconds.
pub const CLIP_SIDE_MAX_S: u64 = 30;
/// The same where the configuration does not say.
const CLIP_SIDE_S: u64 = 5;

/// How a camera's streams are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamConfig {
    /// Who decodes H.264 and H.265.
    pub decoding: Decoding,
    /// The stream in which things are found, where it is another than the one that is read and pictured.
    pub detect_source: Option<String>,
    /// The clips that are kept.
    pub clips: ClipPlan,
}

/// Of which events clips are kept, and how long they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClipPlan {
    /// From so long before the event.
    pub before: Duration,
    /// To so long after it.
    pub after: Duration,
    /// Of these events; of none where it is empty.
    pub of: Vec<ClipKind>,
}

impl ClipPlan {
    /// Whether any clip is kept.
    pub fn wants_any(&self) -> bool {
        !self.of.is_empty() && !(self.before + self.after).is_zero()
    }
}

/// An event of which a clip may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipKind {
    /// A plate resembles an entry of a watch list.
    PlateMatch,
    /// Any plate that was in front of the camera.
    Plate,
    /// Somebody went over a counting line.
    Passage,
    /// Somebody stayed in a zone.
    Stay,
    /// Something happened that the gate's profile does not allow, or warns of.
    Incident,
}

pub(super) fn read_stream(table: &mut TableReader<'_>, source: Option<&str>, play: Play, plates: bool) -> StreamConfig {
    let decoding = match table.optional::<String>("decoding").map(|text| text.parse::<Decoding>()) {
        Some(Ok(decoding)) => decoding,
        Some(Err(error)) => {
            table.note("decoding", error);
            Decoding::default()
        }
        None => Decoding::default(),
    };
    let detect_source = table.optional::<String>("detect_source");
    if let Some(detect) = &detect_source {
        let is_live = |url: &str| url.starts_with("rtsp://") || url.starts_with("rtsps://");
        if !is_live(detect) || source.is_some_and(|source| !is_live(source)) {
            table.note("detect_source", "source and detect_source are both rtsp:// or rtsps:// URLs of one camera");
        }
    }
    let before = table.ranged("clip_before_s", 0..=CLIP_SIDE_MAX_S, "0 to 30", CLIP_SIDE_S);
    let after = table.ranged("clip_after_s", 0..=CLIP_SIDE_MAX_S, "0 to 30", CLIP_SIDE_S);
    let of = table.optional::<Vec<ClipKind>>("clips");
    let of_plates = of.iter().flatten().any(|kind| matches!(kind, ClipKind::PlateMatch | ClipKind::Plate));
    if of_plates && !plates {
        table.note("clips", "\"plate_match\" and \"plate\" need plates = true");
    }
    if of.iter().flatten().next().is_some() && play == Play::Rehearse {
        table.note("clips", "an observation log has no pictures to make clips of");
    }
    let of = of.unwrap_or_else(|| if plates { vec![ClipKind::PlateMatch] } else { Vec::new() });
    let clips = ClipPlan { before: Duration::from_secs(before), after: Duration::from_secs(after), of };
    StreamConfig { decoding, detect_source, clips }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Problems;

    fn read(text: &str, plates: bool) -> Result<StreamConfig, Problems> {
        let mut problems = Problems::default();
        let read = TableReader::parse(text, &mut problems).map(|mut table| {
            let read = read_stream(&mut table, Some("rtsp://camera/main"), Play::Live, plates);
            table.finish();
            read
        });
        problems.into_result(read)
    }

    #[test]
    fn clips_are_kept_of_listed_plates_unless_told_otherwise() {
        let clips = read("", true).expect("nothing is needed").clips;
        assert_eq!(
            (clips.wants_any(), clips.of, clips.before),
            (true, vec![ClipKind::PlateMatch], Duration::from_secs(5))
        );
        assert!(!read("", false).expect("nothing is needed").clips.wants_any());
        assert!(!read("clip_before_s = 0\nclip_after_s = 0", true).expect("zeros").clips.wants_any());
        let all = read("clips = [\"plate\", \"passage\", \"stay\"]\nclip_after_s = 30", true).expect("kinds").clips;
        assert_eq!((all.of.len(), all.after), (3, Duration::from_secs(30)));
    }

    #[test]
    fn mistakes_are_told_at_their_fields() {
        let bad = "decoding = \"gpu\"\ndetect_source = \"sub.mp4\"\nclip_before_s = 31\nclips = [\"plate\"]";
        let problems = read(bad, false).expect_err("four mistakes");
        let mut paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["clip_before_s", "clips", "decoding", "detect_source"], "{problems}");
        assert_eq!(read("decoding = \"nvidia\"", false).expect("a choice").decoding, Decoding::Nvidia);
    }
}
