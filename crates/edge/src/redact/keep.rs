//! What is not covered.

use domain::BoundingBox;
use thiserror::Error;
use vnplate::decode::{Decoded, Outcome};
use vnplate::similarity::{Likeness, compare};
use vnplate::{Confusion, Key};

/// A person is kept when this share of his box lies in a kept area.
pub const PERSON_SHARE_MIN: f32 = 0.5;
/// A plate is kept when this share of its box lies in a kept area: nearly all of it, as its corners are found to within
/// a pixel or two.
pub const PLATE_SHARE_MIN: f32 = 0.9;
/// A reading of another plate below this confidence says nothing.
const OTHER_MIN: f32 = 0.3;
/// A reading of the very plate that is kept counts from this confidence on: of all plates that there are, a blurred one
/// is not read so by chance.
const EXACT_MIN: f32 = 0.1;
/// A reading from this confidence on is believed: another plate is another plate, however much it resembles the kept one.
const SURE_MIN: f32 = 0.9;

/// One thing that is not covered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Keep {
    /// Whoever and whichever plate is in this part of the picture, in shares of its width and height; in a clip, all the
    /// time.
    Area(BoundingBox),
    /// This plate, wherever it is.
    Plate(Key),
}

/// Why a text is no area to keep.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is no area: accepted are x0,y0,x1,y1 as shares of the picture's width and height, 0 to 1, with x0 < x1 and \
     y0 < y1, for example 0.1,0.25,0.4,0.9"
)]
pub struct InvalidArea(String);

/// Reads an area: left, top, right and bottom edge.
pub fn parse_area(text: &str) -> Result<Keep, InvalidArea> {
    let invalid = || InvalidArea(text.to_owned());
    let edges = text.split(',').map(|edge| edge.trim().parse::<f32>());
    let edges: Vec<f32> = edges.collect::<Result<_, _>>().map_err(|_| invalid())?;
    let &[x0, y0, x1, y1] = edges.as_slice() else { return Err(invalid()) };
    let inside = edges.iter().all(|edge| (0.0..=1.0).contains(edge));
    let bbox = BoundingBox::new(x0, y0, x1, y1).map_err(|_| invalid())?;
    if inside && x0 < x1 && y0 < y1 { Ok(Keep::Area(bbox)) } else { Err(invalid()) }
}

/// Reads a plate, with or without separators.
pub fn parse_plate(text: &str) -> Result<Keep, vnplate::ParseError> {
    vnplate::parse(text).map(|parsed| Keep::Plate(parsed.key))
}

/// What is to become of something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is left as it is, because of the keep with this number, from 0.
    Keep(usize),
    /// It is covered.
    Cover,
    /// Nothing speaks for or against; covered, unless it is between two looks at the same thing that are kept.
    Unknown,
}

/// What becomes of something in the box, of which `share_min` must lie in a kept area.
pub fn by_area(keeps: &[Keep], bbox: &BoundingBox, share_min: f32) -> Option<usize> {
    let inside = bbox.clipped();
    keeps.iter().position(|keep| match keep {
        Keep::Area(area) => inside.area() > 0.0 && area.intersection(&inside) >= share_min * inside.area(),
        Keep::Plate(_) => false,
    })
}

/// What becomes of a plate that was read so.
pub fn by_reading(keeps: &[Keep], decoded: &Decoded, confusion: &Confusion) -> Verdict {
    let readings = match &decoded.outcome {
        Outcome::Read(readings) => readings.readings.as_slice(),
        Outcome::UnknownKind { .. } | Outcome::Unreadable { .. } | Outcome::NotAPlate { .. } => &[],
    };
    let readings: Vec<(Key, f32)> = readings.iter().map(|reading| (reading.key(), reading.confidence)).collect();
    of_readings(keeps, &readings, confusion)
}

/// The same of readings with their confidences, the likeliest first.
fn of_readings(keeps: &[Keep], readings: &[(Key, f32)], confusion: &Confusion) -> Verdict {
    let Some((best, confidence)) = readings.first() else { return Verdict::Unknown };
    let kept = keeps.iter().position(|keep| match keep {
        Keep::Plate(key) => {
            let exact = readings.iter().any(|(read, confidence)| read == key && *confidence >= EXACT_MIN);
            let alike = match compare(key, best, confusion) {
                Likeness::Exact | Likeness::Differs { .. } => false,
                Likeness::Confusable { .. } => *confidence >= OTHER_MIN,
            };
            (exact || alike) && (best == key || *confidence < SURE_MIN)
        }
        Keep::Area(_) => false,
    });
    match kept {
        Some(keep) => Verdict::Keep(keep),
        None if *confidence >= OTHER_MIN => Verdict::Cover,
        None => Verdict::Unknown,
    }
}

/// What becomes of a plate of which several looks say so.
pub fn together(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    verdicts.into_iter().fold(Verdict::Unknown, |all, one| match (all, one) {
        (Verdict::Cover, _) | (_, Verdict::Cover) => Verdict::Cover,
        (Verdict::Keep(keep), _) | (Verdict::Unknown, Verdict::Keep(keep)) => Verdict::Keep(keep),
        (Verdict::Unknown, Verdict::Unknown) => Verdict::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plates::confusion;

    #[test]
    fn areas_are_four_shares_in_order_and_nothing_else() {
        let area = BoundingBox::new(0.1, 0.25, 0.4, 0.9).expect("a box");
        assert_eq!(parse_area("0.1,0.25,0.4,0.9"), Ok(Keep::Area(area)));
        assert_eq!(parse_area(" 0.1, 0.25, 0.4 ,0.9 "), Ok(Keep::Area(area)));
        for text in [
            "",
            "0.1,0.2,0.3",
            "0.1,0.2,0.3,0.4,0.5",
            "0.4,0.2,0.1,0.9",
            "0,0,0,1",
            "0,0,1.5,1",
            "-0.1,0,1,1",
            "a,b,c,d",
            "NaN,0,1,1",
            "0.1;0.2;0.3;0.4",
        ] {
            let error = parse_area(text).expect_err(text);
            assert!(error.to_string().contains("x0,y0,x1,y1"), "{error}");
        }
    }

    #[test]
    fn plates_are_taken_however_they_are_written() {
        assert_eq!(parse_plate("29A-123.45"), parse_plate("29a12345"));
        assert!(parse_plate("hello").is_err());
    }

    #[test]
    fn a_thing_is_kept_by_the_area_that_holds_enough_of_it() {
        let keeps = [parse_plate("29A12345").expect("a plate"), parse_area("0.2,0.2,0.6,0.6").expect("an area")];
        let of = |edges: [f32; 4], share| by_area(&keeps, &BoundingBox::try_from(edges).expect("a box"), share);
        assert_eq!(of([0.3, 0.3, 0.5, 0.5], PLATE_SHARE_MIN), Some(1));
        assert_eq!(of([0.1, 0.3, 0.31, 0.5], PERSON_SHARE_MIN), Some(1));
        assert_eq!(of([0.1, 0.3, 0.31, 0.5], PLATE_SHARE_MIN), None);
        assert_eq!(of([0.1, 0.3, 0.29, 0.5], PERSON_SHARE_MIN), None);
        // What reaches out of the picture counts by what can be seen of it.
        let edge = [parse_area("0.0,0.0,0.2,1.0").expect("an area")];
        assert_eq!(by_area(&edge, &BoundingBox::new(-0.5, 0.2, 0.1, 0.4).expect("a box"), 0.9), Some(0));
    }

    #[test]
    fn only_a_doubtful_reading_may_be_a_look_alike_of_the_kept_plate() {
        let confusion = confusion().expect("a good table");
        let keeps = [parse_plate("51G00842").expect("a plate")];
        let verdict = |text: &str, confidence| {
            of_readings(&keeps, &[(Key::from_text(text).expect("a key"), confidence)], &confusion)
        };
        assert_eq!(verdict("51G00842", 0.95), Verdict::Keep(0));
        assert_eq!(verdict("51G00842", 0.15), Verdict::Keep(0));
        assert_eq!(verdict("51G00842", 0.05), Verdict::Unknown);
        assert_eq!(verdict("29A12345", 0.95), Verdict::Cover);
        assert_eq!(verdict("29A12345", 0.4), Verdict::Cover);
        assert_eq!(verdict("29A12345", 0.2), Verdict::Unknown);
        // The last sign cut off by the picture's edge.
        assert_eq!(verdict("51G0084", 0.6), Verdict::Keep(0));
        assert_eq!(verdict("51G0084", 0.95), Verdict::Cover);
    }

    #[test]
    fn the_kept_plate_counts_as_a_lesser_reading_unless_another_one_is_sure() {
        let confusion = confusion().expect("a good table");
        let keeps = [parse_plate("51G00842").expect("a plate")];
        let of = |readings: [(&str, f32); 2]| {
            let readings = readings.map(|(text, confidence)| (Key::from_text(text).expect("a key"), confidence));
            of_readings(&keeps, &readings, &confusion)
        };
        assert_eq!(of([("51G00812", 0.5), ("51G00842", 0.2)]), Verdict::Keep(0));
        assert_eq!(of([("51G00812", 0.95), ("51G00842", 0.2)]), Verdict::Cover);
        assert_eq!(of([("29A12345", 0.5), ("51G00842", 0.05)]), Verdict::Cover);
        assert_eq!(of_readings(&keeps, &[], &confusion), Verdict::Unknown);
    }

    #[test]
    fn one_look_that_says_keep_is_enough_and_one_that_says_another_plate_is_too() {
        use Verdict::{Cover, Keep, Unknown};
        assert_eq!(together([]), Unknown);
        assert_eq!(together([Unknown, Keep(1), Unknown]), Keep(1));
        assert_eq!(together([Keep(1), Cover]), Cover);
        assert_eq!(together([Cover, Keep(1)]), Cover);
        assert_eq!(together([Unknown, Unknown]), Unknown);
    }
}
