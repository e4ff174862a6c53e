//! Reading a picture of one plate.

use domain::PixelView;
use inference::plates::{PlateError, PlateGlance, PlateSource};
use perception::plate::FoundPlate;
use vnplate::decode::Decoded;

use super::{PlateEngine, WHOLE};

/// A crop that is read with less confidence than this gets a second look.
const SURE: f32 = 0.9;
/// A plate that is found in a crop is meant when it is at least this wide, as a share of the crop.
const MEANT_WIDTH_MIN: f32 = 0.25;
/// When it is narrower than this, the crop as a whole shows something else.
const WHOLE_WIDTH_MIN: f32 = 0.6;

/// Reads a picture that shows one plate and little else. Where the picture as it is gives no sure reading, it is read
/// with a margin too, and the plate is looked for in it: a crop may be slanted, cut tight, or much larger than its
/// plate. The looks are put together like those of a visit;
/// the last of them is given too.
pub fn read_crop(engine: &mut PlateEngine, picture: &PixelView<'_>) -> Result<(Decoded, PlateGlance), PlateError> {
    let source = PlateSource::Bgr(picture);
    let mut glances = engine.read(&source, &[WHOLE])?;
    let first = engine.decode(&glances[0]);
    if first.best().is_some_and(|best| best.confidence >= SURE) {
        return Ok((first, glances.remove(0)));
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
    let decoded = engine.decode_together(&glances);
    Ok((decoded, glances.pop().expect("at least one look was taken")))
}
