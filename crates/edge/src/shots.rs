//! Pictures of whoever is at the gate: each is cut from the frame in which the gate saw them best, at once, while the
//! frame is at hand.

use std::collections::{BTreeMap, BTreeSet};

use domain::passage::Shot;
use domain::{BoundingBox, CountGroup, I420View, MediaTime, Point};
use gate::{IdentityNumber, Look};
use inference::look::{LookError, PictureSource};
use inference::picture::{Crop, Head, PictureError, encode_jpeg};
use inference::plates::plate_picture;
use perception::plate::FoundPlate;

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
    later_by_ms: Option<i64>,
}

/// A frame that pictures are cut from.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'f> {
    /// Media time of the frame in which things were found.
    pub media: MediaTime,
    /// The picture; of another stream of the camera, maybe.
    pub frame: &'f I420View<'f>,
    /// How much later than the frame the picture was taken, where that matters.
    pub later_by_ms: Option<i64>,
}

/// A picture that is kept.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'s> {
    /// JPEG; empty where there is none.
    pub jpeg: &'s [u8],
    /// As in [`Cut`].
    pub later_by_ms: Option<i64>,
}

impl Shots {
    /// Cuts the pictures of those whose best look is this very frame. Call before the frame's events are completed,
    /// and [`Shots::retain`] after.
    pub fn add(&mut self, looks: impl Iterator<Item = (usize, Look)>, cut: Cut<'_>) -> Result<(), PictureError> {
        let Cut { media, frame, later_by_ms } = cut;
        for (gate, Look { identity, group, shot }) in looks.filter(|(_, look)| look.shot.media == media) {
            let head = match group {
                CountGroup::Person => Head::Blurred,
                CountGroup::Vehicle => Head::AsSeen,
            };
            let crop = Crop { bbox: shot.bbox, margin: MARGIN, head };
            let jpeg = encode_jpeg(frame, Some(crop), PICTURE_SIDE_MAX, PICTURE_QUALITY)?;
            self.kept.insert((gate, identity), Kept { shot, jpeg, later_by_ms });
        }
        Ok(())
    }

    /// Drops the pictures of those who are gone.
    pub fn retain(&mut self, looks: impl Iterator<Item = (usize, Look)>) {
        let present: BTreeSet<Subject> = looks.map(|(gate, look)| (gate, look.identity)).collect();
        self.kept.retain(|subject, _| present.contains(subject));
    }

    /// The picture of exactly this look; nothing where none was kept.
    pub fn of(&self, shot: &Shot) -> Option<Picture<'_>> {
        let kept = self.kept.values().find(|kept| kept.shot == *shot)?;
        Some(Picture { jpeg: &kept.jpeg, later_by_ms: kept.later_by_ms })
    }
}

/// The pictures of plates in front of one camera: the best look of each visit, cut from the very frame that was read.
/// Holds two JPEGs for each visit that is not settled, of which there are at most
/// [`perception::plate_visit::VISITS_MAX`].
#[derive(Debug, Default)]
pub struct PlateShots {
    kept: BTreeMap<u64, KeptPlate>,
}

#[derive(Debug)]
struct KeptPlate {
    media: MediaTime,
    plate: Vec<u8>,
    around: Vec<u8>,
    later_by_ms: Option<i64>,
}

/// What is shown around a plate, as a multiple of its width on each side: enough to see what carries it.
const AROUND_PLATE: f32 = 1.2;

impl PlateShots {
    /// Cuts the plate, set upright, and what is around it.
    pub fn add(&mut self, visit: u64, corners: &[Point; 4], cut: Cut<'_>) -> Result<(), LookError> {
        let Cut { media, frame, later_by_ms } = cut;
        let plate = plate_picture(&PictureSource::I420(frame), corners)?;
        let found = FoundPlate { corners: *corners, score: 1.0 };
        let around = match found.bbox() {
            Some(bbox) => {
                // The box is widened to a square, so that its margins are the same in both directions.
                let aspect = frame.width() as f32 / frame.height().max(1) as f32;
                let square = BoundingBox::around(bbox.centre(), bbox.width(), bbox.width() * aspect);
                let crop = Crop { bbox: square, margin: AROUND_PLATE, head: Head::AsSeen };
                encode_jpeg(frame, Some(crop), PICTURE_SIDE_MAX, PICTURE_QUALITY)?
            }
            None => Vec::new(),
        };
        self.kept.insert(visit, KeptPlate { media, plate, around, later_by_ms });
        Ok(())
    }

    /// The pictures of a visit, if they are of this frame: the plate and what is around it.
    pub fn of(&self, visit: u64, media: MediaTime) -> Option<[Picture<'_>; 2]> {
        let kept = self.kept.get(&visit).filter(|kept| kept.media == media)?;
        let picture = |jpeg| Picture { jpeg, later_by_ms: kept.later_by_ms };
        Some([picture(&kept.plate), picture(&kept.around)])
    }

    /// Drops the pictures of visits that are settled and told.
    pub fn retain(&mut self, present: impl Iterator<Item = u64>) {
        let present: BTreeSet<u64> = present.collect();
        self.kept.retain(|visit, _| present.contains(visit));
    }
}
