//! The shapes of what a node says of its health.

use serde::Serialize;
use store::NodeHealthRow;
use utoipa::ToSchema;
use wire::{CameraHealth, Trouble};

/// What a node last said of its health.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeHealth {
    /// When the hub heard it.
    received_at: String,
    /// For how long its program had run, in seconds.
    uptime_s: u64,
    /// Room on its disk, in bytes.
    disk_free_bytes: Option<u64>,
    /// How hot the machine was, in degrees Celsius.
    temperature_c: Option<f64>,
    /// Pictures and clips that waited for the hub.
    pictures_waiting: u64,
    /// Those that went because there was no room for them, since its program started.
    pictures_dropped: u64,
    /// Its cameras.
    cameras: Vec<CameraQuality>,
    /// What a person should see to.
    troubles: Vec<NodeTrouble>,
}

/// How a camera is, as its node measures it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraQuality {
    /// Which.
    camera: String,
    /// Width of its pictures, in pixels; 0 before the first.
    width_px: u32,
    /// Their height.
    height_px: u32,
    /// How old its newest picture was, in milliseconds.
    last_frame_ms: Option<u64>,
    /// What its pictures are like; nothing before the first was measured.
    picture: Option<PictureQuality>,
    /// How plates fare in it; nothing where it reads none.
    plates: Option<PlateQuality>,
}

/// What the pictures of a camera are like.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PictureQuality {
    /// Mean brightness, 0 to 255.
    brightness: f64,
    /// Share of burnt samples, 0 to 1.
    burnt: f64,
    /// Variance of the Laplacian; compares with the same camera's only.
    sharpness: f64,
    /// That of the picture by daylight from when the camera was set up.
    sharpness_reference: Option<f64>,
    /// How far the view is from that picture's, 0 to 1; nothing where it cannot be told.
    moved: Option<f64>,
    /// When that picture was taken; nothing where there is none.
    reference_at: Option<String>,
}

/// How plates fare in a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlateQuality {
    /// Width of the last plates in pixels of the full frame, the middle one; nothing before the first.
    width_px: Option<u32>,
    /// Their height.
    height_px: Option<u32>,
    /// Plates that came within a day.
    came: u64,
    /// Those of them that were read.
    read: u64,
}

/// Something that a person should see to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeTrouble {
    /// `camera_down`, `camera_frozen`, `camera_dark`, `camera_blurred`, `camera_moved`, `reading_down`, `delivery_alarm`,
    /// `outbox_filling`, `disk_full`, `hot`, `clock_unknown`, `relay_failing`, `state_lost`, `lane_fire`, `orders_denied` or
    /// `shedding`; newer programs may say more.
    problem: String,
    /// The camera or lane that has it; nothing where it is the node's own.
    of: Option<String>,
    /// In words, in English.
    detail: String,
}

impl From<&NodeHealthRow> for NodeHealth {
    fn from(NodeHealthRow { health, received_at }: &NodeHealthRow) -> Self {
        Self {
            received_at: received_at.to_string(),
            uptime_s: health.uptime_s,
            disk_free_bytes: health.disk_free_bytes,
            temperature_c: health.temperature_c,
            pictures_waiting: health.pictures_waiting,
            pictures_dropped: health.pictures_dropped,
            cameras: health.cameras.iter().map(CameraQuality::from).collect(),
            troubles: health.troubles.iter().map(NodeTrouble::from).collect(),
        }
    }
}

impl From<&CameraHealth> for CameraQuality {
    fn from(camera: &CameraHealth) -> Self {
        Self {
            camera: camera.camera.to_string(),
            width_px: camera.width_px,
            height_px: camera.height_px,
            last_frame_ms: camera.last_frame_ms,
            picture: camera.picture.as_ref().map(PictureQuality::from),
            plates: camera.plates.as_ref().map(PlateQuality::from),
        }
    }
}

impl From<&wire::PictureQuality> for PictureQuality {
    fn from(picture: &wire::PictureQuality) -> Self {
        Self {
            brightness: picture.brightness,
            burnt: picture.burnt,
            sharpness: picture.sharpness,
            sharpness_reference: picture.sharpness_reference,
            moved: picture.moved,
            reference_at: picture.reference_at.map(|at| at.to_string()),
        }
    }
}

impl From<&wire::PlateQuality> for PlateQuality {
    fn from(plates: &wire::PlateQuality) -> Self {
        let wire::PlateQuality { width_px, height_px, came, read } = *plates;
        Self { width_px, height_px, came, read }
    }
}

impl From<&Trouble> for NodeTrouble {
    fn from(trouble: &Trouble) -> Self {
        let Trouble { problem, of, detail } = trouble.clone();
        Self { problem, of, detail }
    }
}
