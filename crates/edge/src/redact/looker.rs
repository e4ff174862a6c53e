//! What looks for persons, faces and plates in one picture, and rather finds too much than too little.

use std::path::PathBuf;

use anyhow::{Context, Result};
use capture::ScaledSize;
use domain::{BoundingBox, ObjectClass, PixelView};
use inference::look::{LookError, PictureSource};
use inference::manifest::ModelEntry;
use inference::{Detector, FaceDetector, Fit, Role, Runtime, Spec, Threads};
use perception::plate::FoundPlate;
use vnplate::decode::Outcome;

use super::areas::{around_face, around_plate, head_of, hull, rider_of};
use super::keep::{Keep, PERSON_SHARE_MIN, PLATE_SHARE_MIN, Verdict, by_area, by_reading, together};
use super::report::UsedModel;
use super::timeline::{Found, Subject};
use crate::config::ModelsConfig;
use crate::installation::Installation;
use crate::models::{choose_detector, first_installed, model_store};
use crate::plates::PlateEngine;
use crate::plates::crop::read_found;

/// Persons and two-wheelers from this score on are covered; counting begins with more than three times as much.
pub(super) const OBJECT_SCORE_MIN: f32 = 0.15;
/// Plates from this score on are covered, which is less than reading at a gate begins with, unless the reader takes them
/// for something else: so low, each lawn and wall has some.
pub(super) const PLATE_SCORE_MIN: f32 = 0.3;
/// Plates from this score on are covered whatever the reader says.
pub(super) const PLATE_SCORE_SURE: f32 = 0.9;
/// The longest sides, in pixels, at which plates are looked for: large ones in a small picture, small ones in a large
/// one, where the source has as much.
const PLATE_SIDES: [u32; 2] = [640, 1_280];
/// Sides that the plate model takes are multiples of this.
const PLATE_STRIDE: u32 = 32;
/// A plate this wide, as a share of the picture, is so near that it can be read, or there is nothing on it to be read.
const LEGIBLE_WIDTH: f32 = 0.2;
/// Two plates that overlap by more than this are one.
const SAME_PLATE_MIN: f32 = 0.3;
/// A piece of a plate lies in it with this share of itself at least.
const PIECE_MIN: f32 = 0.7;
/// Faces from this score on are covered.
pub(super) const FACE_SCORE_MIN: f32 = 0.4;
/// A face that lies with this share of itself in where a head is, is that head's.
const FACE_OF_HEAD_MIN: f32 = 0.9;
/// A rider who overlaps his two-wheeler by this share of its box was found himself.
const RIDDEN_MIN: f32 = 0.1;

/// The models.
pub(super) struct Looker<'k> {
    config: &'k ModelsConfig,
    installation: &'k Installation,
    detector: Detector,
    detector_model: UsedModel,
    /// The face detector, where one is installed.
    faces: Option<Faces>,
    /// For the picture size that came last.
    plates: Vec<PlateEngine>,
    plates_for: Option<(usize, usize)>,
    keeps: &'k [Keep],
}

impl<'k> Looker<'k> {
    /// Opens them. Those for persons and for plates must be there: a copy in which only one of them was looked for would
    /// seem done. Faces come with persons: a model for them finds those whose person was missed.
    pub(super) fn open(config: &'k ModelsConfig, installation: &'k Installation, keeps: &'k [Keep]) -> Result<Self> {
        let (runtime, mut entry, model) = choose_detector(config, installation)?;
        if let Spec::Detector(spec) = &mut entry.spec {
            spec.score_min = spec.score_min.min(OBJECT_SCORE_MIN);
        }
        let detector = Detector::open(runtime, &entry, &model.path, Threads { intra: 1 })?;
        let detector_model = UsedModel { id: model.id, sha256: model.sha256 };
        let faces = Faces::installed(runtime, config, installation)?;
        let (plates, plates_for) = (Vec::new(), None);
        let mut looker = Self { config, installation, detector, detector_model, faces, plates, plates_for, keeps };
        looker.plates = vec![looker.plate_engine(None)?];
        Ok(looker)
    }

    /// The models in use.
    pub(super) fn models(&self) -> Vec<UsedModel> {
        let plates = self.plates.first().map(PlateEngine::models).unwrap_or_default();
        let plates = plates.iter().map(|(id, sha256)| UsedModel { id: id.clone(), sha256: sha256.clone() });
        let faces = self.faces.as_ref().map(|faces| faces.model.clone());
        std::iter::once(self.detector_model.clone()).chain(faces).chain(plates).collect()
    }

    /// Whether faces are looked for by themselves.
    pub(super) fn finds_faces(&self) -> bool {
        self.faces.is_some()
    }

    /// The size in which the detector wants frames.
    pub(super) fn wants(&self) -> ScaledSize {
        let (width, height) = self.detector.input_size();
        match self.detector.fit() {
            Fit::Stretch => ScaledSize::Exact { width, height },
            Fit::Letterbox => ScaledSize::Within { width, height },
        }
    }

    /// What is in a picture. `small` are looks at it or parts of it, each with the part that it shows.
    pub(super) fn look(
        &mut self,
        small: &[(PixelView<'_>, BoundingBox)],
        full: &PictureSource<'_>,
    ) -> Result<Vec<Found>> {
        let (width, height) = full.size();
        let aspect = width as f32 / height.max(1) as f32;
        let mut found = Vec::new();
        for (view, part) in small {
            self.find_persons(view, part, aspect, &mut found)?;
        }
        self.find_faces(full, &mut found)?;
        self.find_plates(full, &mut found)?;
        Ok(found)
    }

    fn find_persons(
        &mut self,
        view: &PixelView<'_>,
        part: &BoundingBox,
        aspect: f32,
        found: &mut Vec<Found>,
    ) -> Result<()> {
        let detections = self.detector.detect(view).context("the detector failed on a picture")?;
        let in_whole = |bbox: &BoundingBox| {
            let x = |share: f32| part.x0() + share * part.width();
            let y = |share: f32| part.y0() + share * part.height();
            BoundingBox::new(x(bbox.x0()), y(bbox.y0()), x(bbox.x1()), y(bbox.y1()))
        };
        let of = |wanted: fn(ObjectClass) -> bool| {
            let boxes = detections.iter().filter(move |one| wanted(one.class) && one.confidence >= OBJECT_SCORE_MIN);
            boxes.filter_map(|one| in_whole(&one.bbox).ok()).collect::<Vec<_>>()
        };
        let persons = of(|class| class == ObjectClass::Person);
        let mut add = |whole: &BoundingBox, area: BoundingBox| {
            let kept = by_area(self.keeps, whole, PERSON_SHARE_MIN);
            let verdict = kept.map_or(Verdict::Cover, Verdict::Keep);
            found.push(Found { subject: Subject::Person, area, verdict });
        };
        for person in &persons {
            add(person, head_of(person, aspect));
        }
        for bike in of(ObjectClass::is_two_wheeler) {
            let ridden = |person: &BoundingBox| person.intersection(&bike) >= RIDDEN_MIN * bike.area();
            if !persons.iter().any(ridden) {
                add(&bike, rider_of(&bike));
            }
        }
        Ok(())
    }

    /// Adds the faces of whoever was not found as a person.
    fn find_faces(&mut self, full: &PictureSource<'_>, found: &mut Vec<Found>) -> Result<()> {
        let Some(faces) = &mut self.faces else { return Ok(()) };
        for face in faces.find(full)? {
            let is_of = |head: &Found| head.area.intersection(&face) >= FACE_OF_HEAD_MIN * face.area();
            if !found.iter().any(is_of) {
                let kept = by_area(self.keeps, &face, PERSON_SHARE_MIN);
                let verdict = kept.map_or(Verdict::Cover, Verdict::Keep);
                found.push(Found { subject: Subject::Person, area: around_face(&face), verdict });
            }
        }
        Ok(())
    }

    fn find_plates(&mut self, full: &PictureSource<'_>, found: &mut Vec<Found>) -> Result<()> {
        let failed = "the plate models failed on a picture";
        self.fit_plates(full.size())?;
        let mut plates: Vec<Plate> = Vec::new();
        for engine in &mut self.plates {
            for look in engine.find(full).context(failed)? {
                let Some(bbox) = look.bbox() else { continue };
                match plates.iter_mut().find(|plate| plate.bbox.iou(&bbox) > SAME_PLATE_MIN) {
                    Some(same) => same.add(look, bbox),
                    None => plates.push(Plate { bbox, looks: vec![look], verdict: Verdict::Cover }),
                }
            }
        }
        let engine = self.plates.last_mut().expect("there is one engine at least");
        let reads = self.keeps.iter().any(|keep| matches!(keep, Keep::Plate(_)));
        let mut meant = Vec::with_capacity(plates.len());
        for mut plate in plates {
            if is_something_else(engine, full, &plate.looks).context(failed)? {
                continue;
            }
            plate.verdict = match by_area(self.keeps, &plate.bbox, PLATE_SHARE_MIN) {
                Some(keep) => Verdict::Keep(keep),
                None if reads => {
                    let readings = read_found(engine, full, &plate.looks).context(failed)?;
                    let confusion = &engine.options().confusion;
                    together(readings.iter().map(|decoded| by_reading(self.keeps, decoded, confusion)))
                }
                None => Verdict::Cover,
            };
            meant.push(plate);
        }
        found.extend(meant.iter().map(|plate| Found {
            subject: Subject::Plate,
            area: around_plate(&plate.bbox),
            verdict: plate.verdict_among(&meant),
        }));
        Ok(())
    }

    /// Opens what finds plates in pictures of this size.
    fn fit_plates(&mut self, size: (usize, usize)) -> Result<()> {
        if self.plates_for == Some(size) {
            return Ok(());
        }
        let sides = inputs_for(size);
        self.plates = sides.into_iter().map(|input| self.plate_engine(Some(input))).collect::<Result<_>>()?;
        self.plates_for = Some(size);
        Ok(())
    }

    fn plate_engine(&self, input: Option<(u32, u32)>) -> Result<PlateEngine> {
        let threads = Threads { intra: 1 };
        PlateEngine::open_with(self.config, self.installation, threads, input, Some(PLATE_SCORE_MIN))
    }
}

/// What finds faces.
struct Faces {
    runtime: &'static Runtime,
    entry: ModelEntry,
    path: PathBuf,
    model: UsedModel,
    /// For the picture size that came last.
    detectors: Vec<FaceDetector>,
    detectors_for: Option<(usize, usize)>,
}

impl Faces {
    /// The first face detector of the manifest that is installed.
    fn installed(
        runtime: &'static Runtime,
        config: &ModelsConfig,
        installation: &Installation,
    ) -> Result<Option<Self>> {
        let (manifest, store) = model_store(config, installation)?;
        let known = manifest.entries().iter().filter(|entry| entry.role() == Role::FaceDetector);
        let Ok((mut entry, path)) = first_installed(known, &store) else { return Ok(None) };
        if let Spec::FaceDetector(spec) = &mut entry.spec {
            spec.score_min = spec.score_min.min(FACE_SCORE_MIN);
        }
        let model = UsedModel { id: entry.id.clone(), sha256: entry.sha256.clone() };
        Ok(Some(Self { runtime, entry, path, model, detectors: Vec::new(), detectors_for: None }))
    }

    /// The faces of a picture, in each size that it is looked through in.
    fn find(&mut self, full: &PictureSource<'_>) -> Result<Vec<BoundingBox>> {
        let size = full.size();
        if self.detectors_for != Some(size) {
            let open =
                |input| FaceDetector::open(self.runtime, &self.entry, &self.path, Threads { intra: 1 }, Some(input));
            self.detectors = inputs_for(size).into_iter().map(open).collect::<Result<_, _>>()?;
            self.detectors_for = Some(size);
        }
        let mut faces = Vec::new();
        for detector in &mut self.detectors {
            let found = detector.find(full).context("the face detector failed on a picture")?;
            faces.extend(found.iter().map(|face| face.bbox));
        }
        Ok(faces)
    }
}

/// A plate in a picture.
#[derive(Debug)]
struct Plate {
    /// All that was found of it.
    bbox: BoundingBox,
    /// What was found of it, in each size that the picture was looked through in.
    looks: Vec<FoundPlate>,
    verdict: Verdict,
}

impl Plate {
    fn add(&mut self, look: FoundPlate, bbox: BoundingBox) {
        self.bbox = hull(&self.bbox, &bbox);
        self.looks.push(look);
    }

    /// What becomes of it: some signs of a plate may be found once more as a plate of their own, which is then kept with
    /// it.
    fn verdict_among(&self, all: &[Self]) -> Verdict {
        let holds = |other: &&Self| other.bbox.intersection(&self.bbox) >= PIECE_MIN * self.bbox.area();
        let around = all.iter().filter(|other| other.bbox.area() > self.bbox.area()).find(holds);
        match (self.verdict, around.map(|other| other.verdict)) {
            (Verdict::Unknown, Some(Verdict::Keep(keep))) => Verdict::Keep(keep),
            (verdict, _) => verdict,
        }
    }
}

/// Whether the reader takes this for no plate, and the detector was not sure of it.
fn is_something_else(
    engine: &mut PlateEngine,
    full: &PictureSource<'_>,
    looks: &[FoundPlate],
) -> Result<bool, LookError> {
    if looks.iter().any(|look| look.score >= PLATE_SCORE_SURE) {
        return Ok(false);
    }
    let corners: Vec<_> = looks.iter().map(FoundPlate::reading_corners).collect();
    let glances = engine.read(full, &corners)?;
    let large = looks.iter().filter_map(FoundPlate::bbox).any(|bbox| bbox.width() >= LEGIBLE_WIDTH);
    Ok(glances.iter().all(|glance| match engine.decode(glance).outcome {
        Outcome::NotAPlate { .. } => true,
        Outcome::Unreadable { .. } => large,
        Outcome::Read(_) | Outcome::UnknownKind { .. } => false,
    }))
}

/// The sizes in which a picture is looked through for plates: its own shape, in multiples of what the model takes.
fn inputs_for((width, height): (usize, usize)) -> Vec<(u32, u32)> {
    let longest = width.max(height).max(1) as f64;
    let mut inputs: Vec<(u32, u32)> = Vec::new();
    for (number, side) in PLATE_SIDES.into_iter().enumerate() {
        // A larger look than the picture is shows nothing more.
        let goal = if number == 0 { f64::from(side) } else { f64::from(side).min(longest) };
        let fitted = |length: usize| {
            let wanted = (length as f64 * goal / longest / f64::from(PLATE_STRIDE)).round() as u32;
            wanted.max(1) * PLATE_STRIDE
        };
        let input = (fitted(width), fitted(height));
        let larger = inputs.last().is_none_or(|last| input.0 > last.0 && input.1 >= last.1 || input.1 > last.1);
        if larger {
            inputs.push(input);
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_are_looked_through_twice_in_their_own_shape() {
        assert_eq!(inputs_for((1920, 1080)), [(640, 352), (1280, 736)]);
        assert_eq!(inputs_for((1280, 720)).len(), 2);
        assert_eq!(inputs_for((640, 360)), [(640, 352)]);
        assert_eq!(inputs_for((320, 180)), [(640, 352)]);
        assert_eq!(inputs_for((1080, 1920))[0], (352, 640));
        assert_eq!(inputs_for((4000, 10)), [(640, 32), (1280, 32)]);
    }
}
