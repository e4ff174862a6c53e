//! What the hub is told of how the node is, in its status.

use wire::{CameraHealth, NodeHealth, PictureQuality, PlateQuality, Trouble};

use crate::board::CameraStatus;
use crate::health::PictureHealth;
use crate::health::reads::sum;
use crate::status::{CameraView, NodeStatus, Problem};

impl NodeStatus {
    /// What the hub is told of it.
    pub fn told(&self) -> NodeHealth {
        NodeHealth {
            uptime_s: self.uptime_s,
            disk_free_bytes: self.host.disk_free_bytes,
            temperature_c: self.host.temperature_c.map(f64::from).map(rounded),
            pictures_waiting: self.pictures_waiting.0,
            pictures_dropped: self.pictures_dropped,
            cameras: self.cameras.iter().map(camera).collect(),
            troubles: self.problems.iter().filter_map(trouble).collect(),
        }
    }
}

/// Three places behind the point: more is noise, and a status is sent all day.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn camera(CameraView { status, reads, .. }: &CameraView) -> CameraHealth {
    let CameraStatus { camera, size, last_frame_ms, picture, reads_plates, plate_px, .. } = status;
    let (came, read) = sum(reads);
    let (width_px, height_px) = plate_px.unzip();
    CameraHealth {
        camera: camera.clone(),
        width_px: size.0,
        height_px: size.1,
        last_frame_ms: *last_frame_ms,
        picture: picture.as_ref().map(quality),
        plates: reads_plates.then_some(PlateQuality { width_px, height_px, came, read }),
    }
}

fn quality(picture: &PictureHealth) -> PictureQuality {
    PictureQuality {
        brightness: rounded(picture.brightness),
        burnt: rounded(picture.burnt),
        sharpness: rounded(picture.sharpness),
        sharpness_reference: picture.sharpness_reference.map(rounded),
        moved: picture.moved.map(rounded),
        reference_at: picture.reference_at,
    }
}

/// Nothing of the way to the hub: who reads it there has it.
fn trouble(problem: &Problem) -> Option<Trouble> {
    let (kind, of) = match problem {
        Problem::BrokerDown { .. } | Problem::HubSilent => return None,
        Problem::CameraDown { camera, .. } => ("camera_down", Some(camera.as_str())),
        Problem::CameraFrozen { camera, .. } => ("camera_frozen", Some(camera.as_str())),
        Problem::CameraDark { camera, .. } => ("camera_dark", Some(camera.as_str())),
        Problem::CameraBlurred { camera, .. } => ("camera_blurred", Some(camera.as_str())),
        Problem::CameraMoved { camera, .. } => ("camera_moved", Some(camera.as_str())),
        Problem::ReadingDown { camera, .. } => ("reading_down", Some(camera.as_str())),
        Problem::DeliveryAlarm { .. } => ("delivery_alarm", None),
        Problem::OutboxFilling { .. } => ("outbox_filling", None),
        Problem::DiskFull { .. } => ("disk_full", None),
        Problem::Hot { .. } => ("hot", None),
        Problem::ClockUnknown => ("clock_unknown", None),
        Problem::RelayFailing { lane, .. } => ("relay_failing", Some(lane.as_str())),
        Problem::StateLost => ("state_lost", None),
        Problem::LaneFire { lane } => ("lane_fire", Some(lane.as_str())),
        Problem::OrdersDenied => ("orders_denied", None),
        Problem::Shedding { .. } => ("shedding", None),
    };
    Some(Trouble { problem: kind.to_owned(), of: of.map(ToOwned::to_owned), detail: problem.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::CameraId;

    #[test]
    fn troubles_bear_the_names_of_the_local_page_and_leave_out_the_way_to_the_hub() {
        let camera: CameraId = "cam-1".parse().expect("a slug");
        let (reason, lane) = (String::new(), "in".to_owned());
        for problem in [
            Problem::CameraDown { camera: camera.clone(), reason: reason.clone() },
            Problem::CameraFrozen { camera: camera.clone(), for_s: 9 },
            Problem::CameraDark { camera: camera.clone(), brightness: 9.0 },
            Problem::CameraBlurred { camera: camera.clone(), share: 0.2 },
            Problem::CameraMoved { camera: camera.clone(), moved: 0.9 },
            Problem::ReadingDown { camera, reason: reason.clone() },
            Problem::DeliveryAlarm { what: reason.clone() },
            Problem::OutboxFilling { rows: 9, rows_max: 10 },
            Problem::DiskFull { free_bytes: 1 },
            Problem::Hot { celsius: 90.0 },
            Problem::ClockUnknown,
            Problem::RelayFailing { lane: lane.clone(), reason: reason.clone() },
            Problem::StateLost,
            Problem::LaneFire { lane },
            Problem::OrdersDenied,
            Problem::Shedding { level: 1 },
        ] {
            let shown = serde_json::to_value(&problem).expect("a problem");
            let told = trouble(&problem).expect("it is told");
            assert_eq!(shown["problem"], told.problem.as_str());
            let of = shown.get("camera").or(shown.get("lane")).and_then(|of| of.as_str());
            assert_eq!(of, told.of.as_deref());
            assert_eq!(told.detail, problem.to_string());
        }
        assert_eq!(trouble(&Problem::BrokerDown { reason }), None);
        assert_eq!(trouble(&Problem::HubSilent), None);
    }
}
