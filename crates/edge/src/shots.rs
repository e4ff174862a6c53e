//! Pictures of whoever is at the gate: each is cut from the frame in which the gate saw them best, at once, while the
//! frame is at hand.

use std::collections::{BTreeMap, BTreeSet};

use domain::passage::Shot;
use domain::{CountGroup, I420View, MediaTime};
use gate::{IdentityNumber, Look};
use inference::picture::{Crop, Head, PictureError, encode_jpeg};

/// Longest side of a picture in pixels.
const PICTURE_SIDE_MAX: u32 = 480;
/// JPEG quality, 0 to 100.
const PICTURE_QUALITY: i32 = 82;
/// Margin around the object on each side, as a share of its size: enough to see where it was.
const MARGIN: f32 = 0.25;

/// Whom a picture is kept for: the gate's index at its desk, and the identity.
type Subject = (usize, IdentityNumber);

/// The pictures of one camera. Holds one JPEG of at most some tens of kilobytes for each present identity, of which
/// there are at most [`gate::IDENTITIES_MAX`] a gate.
#[derive(Debug, Default)]
pub struct Shots {
    kept: BTreeMap<Subject, Kept>,
}

#[derive(Debug)]
struct Kept {
    shot: Shot,
    jpeg: Vec<u8>,
}

impl Shots {
    /// Cuts the pictures of those whose best look is this very frame. Call before the frame's events are completed,
    /// and [`Shots::retain`] after.
    pub fn add(
        &mut self,
        looks: impl Iterator<Item = (usize, Look)>,
        now: MediaTime,
        frame: &I420View<'_>,
    ) -> Result<(), PictureError> {
        for (gate, Look { identity, group, shot }) in looks.filter(|(_, look)| look.shot.media == now) {
            let head = match group {
                CountGroup::Person => Head::Blurred,
                CountGroup::Vehicle => Head::AsSeen,
            };
            let crop = Crop { bbox: shot.bbox, margin: MARGIN, head };
            let jpeg = encode_jpeg(frame, Some(crop), PICTURE_SIDE_MAX, PICTURE_QUALITY)?;
            self.kept.insert((gate, identity), Kept { shot, jpeg });
        }
        Ok(())
    }

    /// Drops the pictures of those who are gone.
    pub fn retain(&mut self, looks: impl Iterator<Item = (usize, Look)>) {
        let present: BTreeSet<Subject> = looks.map(|(gate, look)| (gate, look.identity)).collect();
        self.kept.retain(|subject, _| present.contains(subject));
    }

    /// The picture of exactly this look; nothing where none was kept.
    pub fn of(&self, shot: &Shot) -> Option<&[u8]> {
        self.kept.values().find(|kept| kept.shot == *shot).map(|kept| kept.jpeg.as_slice())
    }
}
