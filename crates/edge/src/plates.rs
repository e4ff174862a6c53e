//! Plates at the node: the two models, and what their numbers mean by the grammar of plates.

pub mod crop;
pub mod desk;
pub mod list;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use domain::Point;
use inference::look::{LookError, PictureSource};
use inference::plates::{GLYPH_CLASSES, PlateDetector, PlateGlance, PlateReader};
use inference::{Manifest, ModelEntry, ModelStore, Role, Spec, Threads};
use perception::plate::FoundPlate;
use perception::plate_visit::{PlateLook, Wanted};
use vnplate::decode::{Decoded, Options, Position};
use vnplate::fuse::{Fusion, Look};
use vnplate::{Calibration, Confusion, SoftEvidence};

use crate::config::ModelsConfig;
use crate::installation::Installation;
use crate::models::{first_installed, load_runtime, model_store};

/// The least that a look counts: a bad one is better than none.
const WEIGHT_MIN: f32 = 0.01;
/// A slot's glyph counts towards a row when it is likelier than this.
const PRESENT_MIN: f32 = 0.5;
/// Glyph middles between these heights of the plate could be of either row.
const ROW_DOUBT: std::ops::RangeInclusive<f32> = 0.44..=0.56;

/// Which glyph the bundled reader takes for which, as `make -C models/train confusion` counted it.
const CONFUSION: &str = include_str!("plates/confusion.csv");

/// Finds and reads plates.
#[derive(Debug)]
pub struct PlateEngine {
    detector: PlateDetector,
    reader: PlateReader,
    options: Options,
    models: Vec<(String, String)>,
}

impl PlateEngine {
    /// Opens both models. `detector_size` is the width and height that pictures are looked at in; the manifest's where
    /// absent. Fails where one of the models is not installed, saying which.
    pub fn open(
        config: &ModelsConfig,
        installation: &Installation,
        threads: Threads,
        detector_size: Option<(u32, u32)>,
    ) -> Result<Self> {
        Self::open_with(config, installation, threads, detector_size, None)
    }

    /// The same with another least score of what is found, where one is given.
    pub fn open_with(
        config: &ModelsConfig,
        installation: &Installation,
        threads: Threads,
        detector_size: Option<(u32, u32)>,
        score_min: Option<f32>,
    ) -> Result<Self> {
        let runtime = load_runtime(config, installation)?;
        let (manifest, store) = model_store(config, installation)?;
        let (mut detector, detector_path) = installed(&manifest, &store, Role::PlateDetector, "plate detector")?;
        let (reader, reader_path) = installed(&manifest, &store, Role::PlateReader, "plate reader")?;
        if let (Spec::PlateDetector(spec), Some(score_min)) = (&mut detector.spec, score_min) {
            spec.score_min = score_min;
        }
        let models = [&detector, &reader].map(|entry| (entry.id.clone(), entry.sha256.clone())).to_vec();
        let detector = PlateDetector::open(runtime, &detector, &detector_path, threads, detector_size)?;
        let reader = PlateReader::open(runtime, &reader, &reader_path, threads)?;
        let [a, b] = reader.calibration();
        let confusion = confusion()?;
        let options = Options { calibration: Calibration { a, b }, confusion, ..Options::default() };
        Ok(Self { detector, reader, options, models })
    }

    /// The models in use: name and SHA-256.
    pub fn models(&self) -> &[(String, String)] {
        &self.models
    }

    /// How glances are decoded.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The plates of a picture, best first.
    pub fn find(&mut self, source: &PictureSource<'_>) -> Result<Vec<FoundPlate>, LookError> {
        self.detector.find(source)
    }

    /// Reads the plates inside the corners.
    pub fn read(&mut self, source: &PictureSource<'_>, plates: &[[Point; 4]]) -> Result<Vec<PlateGlance>, LookError> {
        self.reader.read(source, plates)
    }

    /// Slope and intercept of the confidence.
    pub fn calibration(&self) -> [f32; 2] {
        self.reader.calibration()
    }

    /// Reads the plates that a desk wants read.
    pub fn look(
        &mut self,
        source: &PictureSource<'_>,
        found: &[FoundPlate],
        wanted: &[Wanted],
    ) -> Result<Vec<PlateLook>, LookError> {
        let corners: Vec<_> = wanted.iter().map(|wanted| found[wanted.found].reading_corners()).collect();
        let glances = self.read(source, &corners)?;
        let looks = wanted.iter().zip(&glances).map(|(wanted, glance)| PlateLook {
            visit: wanted.visit,
            corners: found[wanted.found].corners,
            glyphs: glance.glyphs.iter().map(|position| position.to_vec()).collect(),
            evidence: evidence(glance),
            not_a_plate: glance.not_a_plate,
            weight: glance.quality.weight().max(WEIGHT_MIN),
        });
        Ok(looks.collect())
    }

    /// What several glances at one plate say together; a picture of nothing where there is none.
    pub fn decode_together(&self, glances: &[PlateGlance]) -> Decoded {
        let mut fusion = Fusion::new();
        for glance in glances {
            let weight = glance.quality.weight().max(WEIGHT_MIN);
            let look = Look { positions: positions(glance), evidence: evidence(glance), weight };
            fusion.add(look).expect("the weight is above 0, and a reader has as many slots as a look may have places");
        }
        let settled = fusion.settle(&self.options).map(|settled| settled.decoded);
        settled.unwrap_or_else(|| vnplate::decode::decode(&[], &SoftEvidence::default(), &self.options))
    }

    /// What one glance says by itself.
    pub fn decode(&self, glance: &PlateGlance) -> Decoded {
        vnplate::decode::decode(&positions(glance), &evidence(glance), &self.options)
    }
}

/// Which glyph the bundled reader takes for which: it decides which plates resemble each other.
pub fn confusion() -> Result<Confusion> {
    Confusion::from_csv(CONFUSION).context("the table of confusions is damaged")
}

/// The entry of a role and its file: the first of the manifest that is installed. `what` is its name for people.
fn installed(manifest: &Manifest, store: &ModelStore, role: Role, what: &str) -> Result<(ModelEntry, PathBuf)> {
    let entries = manifest.entries().iter().filter(|entry| entry.role() == role);
    first_installed(entries, store).map_err(|missing| {
        if missing.is_empty() {
            anyhow!("the model manifest names no {what}")
        } else {
            anyhow!("no {what} is installed:\n  {}", missing.join("\n  "))
        }
    })
}

/// A glance as the decoder takes it.
pub fn positions(glance: &PlateGlance) -> Vec<Position> {
    const { assert!(GLYPH_CLASSES == vnplate::decode::BLANK + 1, "reader and decoder must agree on the glyphs") };
    glance.glyphs.clone()
}

/// What a glance tells besides the glyphs.
pub fn evidence(glance: &PlateGlance) -> SoftEvidence {
    let seen = glance.whole + glance.cut_off;
    SoftEvidence {
        two_rows: Some(glance.two_rows),
        top_len: top_len(glance),
        colours: Some(glance.colours),
        motorbike: None,
        cut_off: (seen > 0.0).then(|| glance.cut_off / seen),
        not_a_plate: Some(glance.not_a_plate),
    }
}

/// How many glyphs stand in the top row, where there are two rows and each glyph is clearly in one of them.
fn top_len(glance: &PlateGlance) -> Option<u8> {
    if glance.two_rows < 0.8 {
        return None;
    }
    let present = glance.glyphs.iter().zip(&glance.centres).filter(|(p, _)| p[GLYPH_CLASSES - 1] < PRESENT_MIN);
    let mut top = 0;
    for (_, centre) in present {
        if ROW_DOUBT.contains(&centre.y) {
            return None;
        }
        top += u8::from(centre.y < 0.5);
    }
    (top > 0).then_some(top)
}

/// The four corners of the whole picture.
pub const WHOLE: [Point; 4] =
    [Point { x: 0.0, y: 0.0 }, Point { x: 1.0, y: 0.0 }, Point { x: 1.0, y: 1.0 }, Point { x: 0.0, y: 1.0 }];
