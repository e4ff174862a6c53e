//! Which part of something found is covered.

use domain::BoundingBox;

/// The part of a standing person's box that holds the head, from the top, with some below it.
const HEAD_SHARE: f32 = 0.3;
/// A person whose box is at most this wide, of its height in pixels, is standing or walking.
const STANDING_MAX: f32 = 0.5;
/// A box as wide as this shows somebody who sits, bends, lies or is cut off below: his head may be anywhere in it.
const ANYHOW_MIN: f32 = 1.0;
/// What is covered beside and above a head, as a share of the person's box: a box may sit tight.
const HEAD_BESIDE: f32 = 0.15;
const HEAD_ABOVE: f32 = 0.1;
/// Where the head of whoever rides a two-wheeler may be: so much above its box and so much below its upper edge, as
/// shares of its height. Detectors differ in whether the rider is part of it.
const RIDER_ABOVE: f32 = 0.6;
const RIDER_BELOW: f32 = 0.35;
/// What is covered around a face, as shares of its box, which reaches from brow to chin.
const FACE_BESIDE: f32 = 0.35;
const FACE_ABOVE: f32 = 0.5;
const FACE_BELOW: f32 = 0.2;
/// What is covered around a plate, as shares of its box.
const PLATE_BESIDE: f32 = 0.15;
const PLATE_ABOVE: f32 = 0.25;

/// Where the head of a person is. `aspect` is the picture's width in pixels by its height.
pub fn head_of(person: &BoundingBox, aspect: f32) -> BoundingBox {
    let shape = if person.height() > 0.0 { person.width() * aspect / person.height() } else { ANYHOW_MIN };
    let way = ((shape - STANDING_MAX) / (ANYHOW_MIN - STANDING_MAX)).clamp(0.0, 1.0);
    let share = HEAD_SHARE + way * (1.0 - HEAD_SHARE);
    let beside = HEAD_BESIDE * person.width();
    let above = person.y0() - HEAD_ABOVE * person.height();
    built(person.x0() - beside, above, person.x1() + beside, person.y0() + share * person.height())
}

/// Where the head of a rider is who was not found himself.
pub fn rider_of(two_wheeler: &BoundingBox) -> BoundingBox {
    let above = two_wheeler.y0() - RIDER_ABOVE * two_wheeler.height();
    let below = two_wheeler.y0() + RIDER_BELOW * two_wheeler.height();
    built(two_wheeler.x0(), above, two_wheeler.x1(), below)
}

/// What is covered of a face that was found by itself: the hair and ears with it.
pub fn around_face(face: &BoundingBox) -> BoundingBox {
    let (x, y) = (FACE_BESIDE * face.width(), FACE_ABOVE * face.height());
    built(face.x0() - x, face.y0() - y, face.x1() + x, face.y1() + FACE_BELOW * face.height())
}

/// What is covered of a plate.
pub fn around_plate(plate: &BoundingBox) -> BoundingBox {
    let (x, y) = (PLATE_BESIDE * plate.width(), PLATE_ABOVE * plate.height());
    built(plate.x0() - x, plate.y0() - y, plate.x1() + x, plate.y1() + y)
}

/// A box that is larger by these shares of its size on each side.
pub fn grown(bbox: &BoundingBox, share: f32) -> BoundingBox {
    let (x, y) = (share * bbox.width(), share * bbox.height());
    built(bbox.x0() - x, bbox.y0() - y, bbox.x1() + x, bbox.y1() + y)
}

/// The smallest box that holds both.
pub fn hull(one: &BoundingBox, other: &BoundingBox) -> BoundingBox {
    built(one.x0().min(other.x0()), one.y0().min(other.y0()), one.x1().max(other.x1()), one.y1().max(other.y1()))
}

/// A box on the way from one to the other; `way` is 0 to 1.
pub fn between(one: &BoundingBox, other: &BoundingBox, way: f32) -> BoundingBox {
    let mix = |from: f32, to: f32| from + (to - from) * way;
    built(mix(one.x0(), other.x0()), mix(one.y0(), other.y0()), mix(one.x1(), other.x1()), mix(one.y1(), other.y1()))
}

fn built(x0: f32, y0: f32, x1: f32, y1: f32) -> BoundingBox {
    BoundingBox::new(x0, y0, x1, y1).expect("edges of boxes that are in order, moved outward or both alike")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bbox(x0: f32, y0: f32, x1: f32, y1: f32) -> BoundingBox {
        BoundingBox::new(x0, y0, x1, y1).expect("a box")
    }

    fn holds(outer: &BoundingBox, inner: &BoundingBox) -> bool {
        (outer.intersection(inner) - inner.area()).abs() < 1e-6
    }

    #[test]
    fn the_head_of_who_stands_is_the_upper_part_and_of_who_does_not_anywhere() {
        let standing = bbox(0.4, 0.2, 0.5, 0.8);
        let head = head_of(&standing, 16.0 / 9.0);
        assert!(head.y0() < 0.2 && head.x0() < 0.4 && head.x1() > 0.5, "{head:?}");
        assert!((head.y1() - 0.38).abs() < 1e-3, "{head:?}");
        let lying = bbox(0.2, 0.6, 0.6, 0.8);
        assert!(holds(&head_of(&lying, 16.0 / 9.0), &lying));
        let sitting = head_of(&bbox(0.4, 0.4, 0.5, 0.65), 16.0 / 9.0);
        assert!(sitting.y1() > 0.5 && sitting.y1() < 0.65, "{sitting:?}");
        // The same box in an upright picture is of another shape.
        assert!(head_of(&bbox(0.4, 0.4, 0.5, 0.65), 9.0 / 16.0).y1() < 0.5);
        assert!(holds(&head_of(&bbox(0.5, 0.5, 0.5, 0.5), 1.0), &bbox(0.5, 0.5, 0.5, 0.5)));
    }

    #[test]
    fn a_rider_s_head_may_be_above_the_two_wheeler_and_in_it() {
        let bike = bbox(0.4, 0.5, 0.6, 0.7);
        let head = rider_of(&bike);
        assert!(head.y0() < 0.4 && head.y1() > 0.55 && head.y1() < 0.6, "{head:?}");
    }

    #[test]
    fn a_face_is_covered_with_its_hair_and_ears() {
        let face = bbox(0.4, 0.5, 0.5, 0.6);
        let area = around_face(&face);
        assert!(holds(&area, &face) && area.area() > 2.5 * face.area(), "{area:?}");
        assert!(face.y0() - area.y0() > area.y1() - face.y1(), "hair is higher than a chin is deep: {area:?}");
    }

    #[test]
    fn a_plate_is_covered_with_a_margin() {
        let plate = bbox(0.4, 0.5, 0.5, 0.52);
        let area = around_plate(&plate);
        assert!(holds(&area, &plate) && area.area() > 1.8 * plate.area(), "{area:?}");
    }

    #[test]
    fn boxes_between_and_around_two() {
        let (one, other) = (bbox(0.0, 0.0, 0.2, 0.2), bbox(0.4, 0.2, 0.8, 0.6));
        assert_eq!(hull(&one, &other), bbox(0.0, 0.0, 0.8, 0.6));
        assert_eq!(between(&one, &other, 0.0), one);
        let middle = between(&one, &other, 0.5);
        assert!(middle.iou(&bbox(0.2, 0.1, 0.5, 0.4)) > 0.999, "{middle:?}");
        assert!(grown(&one, 0.5).iou(&bbox(-0.1, -0.1, 0.3, 0.3)) > 0.999);
    }
}
