//! One object, one box: non-maximum suppression over a detector's candidates.
//!
//! Greedy, best first (Neubeck and Van Gool, "Efficient Non-Maximum Suppression", 2006). Boxes compete within their
//! [`Kin`], not only within their exact class: a detector that calls one lorry both `truck` and `car` has seen one
//! vehicle. A person and the motorbike he sits on are different kin, and both stay.

use domain::{Detection, ObjectClass};

/// The most candidates that are compared with each other. With more, only the most confident stay: the rest are
/// dropped before any comparison, which bounds the work at `CANDIDATES_MAX²⁄2` overlaps.
pub const CANDIDATES_MAX: usize = 1024;

/// Classes of which one object can only be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kin {
    Person,
    TwoWheeler,
    FourWheeler,
}

const fn kin(class: ObjectClass) -> Kin {
    match class {
        ObjectClass::Person => Kin::Person,
        ObjectClass::Bike | ObjectClass::Bicycle | ObjectClass::Motorbike => Kin::TwoWheeler,
        ObjectClass::Vehicle | ObjectClass::Car | ObjectClass::Bus | ObjectClass::Truck => Kin::FourWheeler,
    }
}

/// Keeps, best first, the candidates that overlap no better one of their kin by more than `iou_max`; the others are
/// removed. Equally confident candidates keep their order, so the same input always gives the same output.
pub fn suppress(candidates: &mut Vec<Detection>, iou_max: f32) {
    candidates.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    candidates.truncate(CANDIDATES_MAX);
    let mut kept = 0;
    for i in 0..candidates.len() {
        let candidate = candidates[i];
        let beaten = candidates[..kept]
            .iter()
            .any(|better| kin(better.class) == kin(candidate.class) && better.bbox.iou(&candidate.bbox) > iou_max);
        if !beaten {
            candidates[kept] = candidate;
            kept += 1;
        }
    }
    candidates.truncate(kept);
}

#[cfg(test)]
mod tests {
    use domain::BoundingBox;
    use proptest::prelude::*;

    use super::*;

    fn seen(class: ObjectClass, confidence: f32, edges: [f32; 4]) -> Detection {
        Detection { class, confidence, bbox: BoundingBox::try_from(edges).expect("a box") }
    }

    #[test]
    fn the_most_confident_of_overlapping_boxes_stays() {
        let mut boxes = vec![
            seen(ObjectClass::Person, 0.4, [0.10, 0.10, 0.20, 0.40]),
            seen(ObjectClass::Person, 0.9, [0.11, 0.11, 0.21, 0.41]),
            seen(ObjectClass::Person, 0.2, [0.60, 0.10, 0.70, 0.40]),
        ];
        suppress(&mut boxes, 0.45);
        assert_eq!(boxes.iter().map(|d| d.confidence).collect::<Vec<_>>(), [0.9, 0.2]);
    }

    #[test]
    fn one_lorry_called_two_things_is_one_detection_but_a_rider_and_his_motorbike_are_two() {
        let place = [0.1, 0.1, 0.3, 0.3];
        let mut boxes = vec![
            seen(ObjectClass::Car, 0.5, place),
            seen(ObjectClass::Truck, 0.7, place),
            seen(ObjectClass::Person, 0.6, place),
            seen(ObjectClass::Motorbike, 0.4, place),
        ];
        suppress(&mut boxes, 0.45);
        let classes: Vec<_> = boxes.iter().map(|d| d.class).collect();
        assert_eq!(classes, [ObjectClass::Truck, ObjectClass::Person, ObjectClass::Motorbike]);
    }

    #[test]
    fn of_too_many_candidates_the_most_confident_stay() {
        let mut boxes: Vec<_> = (0..CANDIDATES_MAX + 500)
            .map(|i| {
                let x = i as f32 / (CANDIDATES_MAX + 500) as f32;
                seen(ObjectClass::Person, 0.1 + 0.5 * x, [x, 0.0, x + 1e-5, 1.0])
            })
            .collect();
        suppress(&mut boxes, 0.45);
        assert_eq!(boxes.len(), CANDIDATES_MAX);
        assert!(boxes.iter().all(|d| d.confidence > 0.1 + 0.5 * 499.0 / 1524.0));
    }

    fn any_detection() -> impl Strategy<Value = Detection> {
        let edges = (0.0f32..0.9, 0.0f32..0.9, 0.0f32..0.4, 0.0f32..0.4);
        (0..ObjectClass::ALL.len(), 0.0f32..=1.0, edges).prop_map(|(class, confidence, (x, y, w, h))| {
            seen(ObjectClass::ALL[class], confidence, [x, y, x + w, y + h])
        })
    }

    proptest! {
        #[test]
        fn what_stays_was_there_and_what_went_had_a_better_rival(
            given in prop::collection::vec(any_detection(), 0..200),
            iou_max in 0.0f32..1.0,
        ) {
            let mut kept = given.clone();
            suppress(&mut kept, iou_max);
            let mut left = given;
            for d in &kept {
                let at = left.iter().position(|g| g == d);
                prop_assert!(at.is_some(), "{d:?} was made up");
                left.swap_remove(at.expect("just checked"));
            }
            for (i, a) in kept.iter().enumerate() {
                for b in &kept[i + 1..] {
                    prop_assert!(a.confidence >= b.confidence);
                    prop_assert!(kin(a.class) != kin(b.class) || a.bbox.iou(&b.bbox) <= iou_max);
                }
            }
            for gone in &left {
                let covered = kept.iter().any(|k| {
                    k.confidence >= gone.confidence && kin(k.class) == kin(gone.class) && k.bbox.iou(&gone.bbox) > iou_max
                });
                prop_assert!(covered, "{gone:?} went without a better one");
            }
        }
    }
}
