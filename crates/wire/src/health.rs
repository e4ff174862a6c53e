//! How a node and its cameras are, as the node measures it: part of its status.

use domain::{CameraId, UtcTime};
use serde::{Deserialize, Serialize};

/// Most cameras of which a hub keeps what a node says; a node has fewer.
pub const CAMERAS_MAX: usize = 32;
/// Most troubles of one node that a hub keeps.
pub const TROUBLES_MAX: usize = 64;
/// Longest text of a trouble that a hub keeps, in characters.
pub const TROUBLE_CHARS_MAX: usize = 300;

/// A picture older than this, in milliseconds, does not come any more.
pub const FRAME_AGE_MAX_MS: u64 = 5_000;
/// Above this share of burnt samples a picture is too bright.
pub const BURNT_MAX: f64 = 0.2;
/// A plate of one row reads well from this width on, pixels of the full frame.
pub const PLATE_WIDTH_MIN_PX: u32 = 90;
/// A node should have this much of its disk free: weeks of events and evidence.
pub const DISK_FREE_MIN_BYTES: u64 = 5_000_000_000;

/// How a node is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeHealth {
    /// For how long its program has run, seconds.
    pub uptime_s: u64,
    /// Room on its disk, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// How hot the machine is, degrees Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<f64>,
    /// Pictures and clips that wait for the hub.
    #[serde(default)]
    pub pictures_waiting: u64,
    /// Those that went because there was no room for them, since its program started.
    #[serde(default)]
    pub pictures_dropped: u64,
    /// Its cameras.
    #[serde(default)]
    pub cameras: Vec<CameraHealth>,
    /// What a person should see to.
    #[serde(default)]
    pub troubles: Vec<Trouble>,
}

/// How a camera is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CameraHealth {
    /// Which.
    pub camera: CameraId,
    /// Width of its pictures, pixels; 0 before the first.
    pub width_px: u32,
    /// Height of its pictures, pixels.
    pub height_px: u32,
    /// How old its newest picture is, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_frame_ms: Option<u64>,
    /// What its pictures are like; absent before the first was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureQuality>,
    /// How plates fare in it; absent where it reads none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plates: Option<PlateQuality>,
}

/// What the pictures of a camera are like. The reference is a clear picture by daylight from when it was set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureQuality {
    /// Mean brightness, 0 to 255.
    pub brightness: f64,
    /// Share of burnt samples, 0 to 1.
    pub burnt: f64,
    /// Variance of the Laplacian; compares with the same camera's only.
    pub sharpness: f64,
    /// That of the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpness_reference: Option<f64>,
    /// How far the view is from that of the reference, 0 to 1; absent where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<f64>,
    /// When the reference was taken; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_at: Option<UtcTime>,
}

/// How plates fare in a camera.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlateQuality {
    /// Width of the last plates, pixels of the full frame: the middle one; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Their height: the middle one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// Plates that came within the last day.
    pub came: u64,
    /// Those of them that were read.
    pub read: u64,
}

/// Something that a person should see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What, such as `camera_blurred`.
    pub problem: String,
    /// The camera or lane that has it; absent where it is the node's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// In words, in English.
    pub detail: String,
}

impl NodeHealth {
    /// The same without what is more or longer than a hub keeps.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        self.cameras.truncate(CAMERAS_MAX);
        self.troubles.truncate(TROUBLES_MAX);
        for Trouble { problem, of, detail } in &mut self.troubles {
            for text in [Some(problem), of.as_mut(), Some(detail)].into_iter().flatten() {
                if let Some((end, _)) = text.char_indices().nth(TROUBLE_CHARS_MAX) {
                    text.truncate(end);
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_the_limits_allow() {
        let camera = |number: usize| CameraHealth {
            camera: CameraId::new(format!("c{number}")).expect("a slug"),
            width_px: 1920,
            height_px: 1080,
            last_frame_ms: None,
            picture: None,
            plates: None,
        };
        let trouble = Trouble { problem: "camera_down".to_owned(), of: None, detail: "ở".repeat(1_000) };
        let health = NodeHealth {
            cameras: (0..100).map(camera).collect(),
            troubles: vec![trouble; 100],
            ..NodeHealth::default()
        };
        let kept = health.within_limits();
        assert_eq!((kept.cameras.len(), kept.troubles.len()), (CAMERAS_MAX, TROUBLES_MAX));
        assert_eq!(kept.troubles[0].detail.chars().count(), TROUBLE_CHARS_MAX);
    }

    #[test]
    fn what_an_older_or_newer_program_says_is_read_as_far_as_it_goes() {
        let said = r#"{"uptime_s": 5, "cameras": [{"camera": "c", "width_px": 1, "height_px": 2, "tilt": 3}]}"#;
        let health: NodeHealth = serde_json::from_str(said).expect("health");
        assert_eq!((health.uptime_s, health.cameras.len(), health.cameras[0].picture.is_none()), (5, 1, true));
    }
}
