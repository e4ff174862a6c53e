//! Reading plates of a single picture, where no later frame gives a second chance.

use domain::PixelView;
use inference::look::{LookError, PictureSource};
use perception::plate::{FoundPlate, READING_MARGIN};
use vnplate::decode::Decoded;

use super::{PlateEngine, WHOLE};

/// What is read with less confidence than this gets further looks.
const SURE: f32 = 0.9;
/// A plate that is found in a crop is meant when it is at least this wide, as a share of the crop.
const MEANT_WIDTH_MIN: f32 = 0.25;
/// When it is narrower than this, the crop as a whole shows something else.
const WHOLE_WIDTH_MIN: f32 = 0.6;
/// Margins of the further looks at a plate that was found: none, and twice the usual one.
const FURTHER_MARGINS: [f32; 2] = [0.0, 2.0 * READING_MARGIN];

fn is_sure(decoded: &Decoded) -> bool {
    decoded.best().is_some_and(|best| best.confidence >= SURE)
}

/// Reads a picture that shows one plate and little else. Where the picture as it is gives no sure reading, it is read
/// with a margin too, and the plate is looked for in it: a crop may be slanted, cut tight, or much larger than its
/// plate. The looks are put together like those of a visit.
pub fn read_crop(engine: &mut PlateEngine, picture: &PixelView<'_>) -> Result<Decoded, LookError> {
    let source = PictureSource::Bgr(picture);
    let mut glances = engine.read(&source, &[WHOLE])?;
    let first = engine.decode(&glances[0]);
    if is_sure(&first) {
        return Ok(first);
    }
    let width = |plate: &FoundPlate| plate.bbox().map_or(0.0, |bbox| bbox.clipped().width());
    let found = engine.find(&source)?;
    let meant = found.iter().filter(|plate| width(plate) >= MEANT_WIDTH_MIN);
    let meant = meant.max_by(|a, b| width(a).total_cmp(&width(b)));
    if meant.is_some_and(|plate| width(plate) < WHOLE_WIDTH_MIN) {
        glances.clear();
    } else {
        glances.extend(engine.read(&source, &[FoundPlate { corners: WHOLE, score: 1.0 }.reading_corners()])?);
    }
    if let Some(plate) = meant {
        glances.extend(engine.read(&source, &[plate.reading_corners()])?);
    }
    Ok(engine.decode_together(&glances))
}

/// Reads plates that were found in a picture. Corners are found to within a pixel or two, which is much of a small
/// plate: one that is not read surely is read with other margins too, and the looks are put together like those of a
/// visit.
pub fn read_found(
    engine: &mut PlateEngine,
    source: &PictureSource<'_>,
    found: &[FoundPlate],
) -> Result<Vec<Decoded>, LookError> {
    let corners: Vec<_> = found.iter().map(FoundPlate::reading_corners).collect();
    let mut readings = Vec::with_capacity(found.len());
    for (plate, first) in found.iter().zip(engine.read(source, &corners)?) {
        let mut decoded = engine.decode(&first);
        if !is_sure(&decoded) {
            let mut glances = vec![first];
            glances.extend(engine.read(source, &FURTHER_MARGINS.map(|margin| plate.corners_with_margin(margin)))?);
            decoded = engine.decode_together(&glances);
        }
        readings.push(decoded);
    }
    Ok(readings)
}
