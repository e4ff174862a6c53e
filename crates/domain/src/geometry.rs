//! Places in a picture. Coordinates are shares of its width and height: 0 to 1, x to the right, y downwards, so that
//! a line drawn on one stream of a camera holds on another size of the same view.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A place in the picture, written `[x, y]`. May lie outside 0–1 where an object is cut off by the edge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 2]", into = "[f32; 2]")]
pub struct Point {
    /// Share of the width, to the right.
    pub x: f32,
    /// Share of the height, downwards.
    pub y: f32,
}

impl From<[f32; 2]> for Point {
    fn from([x, y]: [f32; 2]) -> Self {
        Self { x, y }
    }
}

impl From<Point> for [f32; 2] {
    fn from(p: Point) -> Self {
        [p.x, p.y]
    }
}

/// An upright box, written `[x0, y0, x1, y1]`, with `x0 <= x1` and `y0 <= y1`, all finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f32; 4]", into = "[f32; 4]")]
pub struct BoundingBox {
    x0: f32,
    y0: f32,
    x1: f32,
    y1: f32,
}

/// Why four numbers are not a box.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("[{0}, {1}, {2}, {3}] is not a box: give finite x0 <= x1 and y0 <= y1")]
pub struct InvalidBox(f32, f32, f32, f32);

impl BoundingBox {
    /// A box from its left, top, right and bottom edges.
    pub fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Result<Self, InvalidBox> {
        if [x0, y0, x1, y1].iter().all(|v| v.is_finite()) && x0 <= x1 && y0 <= y1 {
            Ok(Self { x0, y0, x1, y1 })
        } else {
            Err(InvalidBox(x0, y0, x1, y1))
        }
    }

    /// A box around a centre; a negative or unknown size becomes zero.
    pub fn around(centre: Point, width: f32, height: f32) -> Self {
        let (w, h) = (width.max(0.0) / 2.0, height.max(0.0) / 2.0);
        Self { x0: centre.x - w, y0: centre.y - h, x1: centre.x + w, y1: centre.y + h }
    }

    /// Left edge.
    pub fn x0(&self) -> f32 {
        self.x0
    }
    /// Top edge.
    pub fn y0(&self) -> f32 {
        self.y0
    }
    /// Right edge.
    pub fn x1(&self) -> f32 {
        self.x1
    }
    /// Bottom edge.
    pub fn y1(&self) -> f32 {
        self.y1
    }
    /// Share of the picture's width.
    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }
    /// Share of the picture's height.
    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }
    /// Share of the picture's area.
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }
    /// The middle.
    pub fn centre(&self) -> Point {
        Point { x: (self.x0 + self.x1) / 2.0, y: (self.y0 + self.y1) / 2.0 }
    }
    /// The middle of the lower edge: where a person or vehicle seen from the side stands on the ground.
    pub fn foot(&self) -> Point {
        Point { x: (self.x0 + self.x1) / 2.0, y: self.y1 }
    }

    /// The part inside the picture.
    #[must_use]
    pub fn clipped(&self) -> Self {
        let c = |v: f32| v.clamp(0.0, 1.0);
        Self { x0: c(self.x0), y0: c(self.y0), x1: c(self.x1), y1: c(self.y1) }
    }

    /// Area common to both.
    pub fn intersection(&self, other: &Self) -> f32 {
        let w = self.x1.min(other.x1) - self.x0.max(other.x0);
        let h = self.y1.min(other.y1) - self.y0.max(other.y0);
        w.max(0.0) * h.max(0.0)
    }

    /// Intersection over union, 0 to 1; 0 for boxes without area.
    pub fn iou(&self, other: &Self) -> f32 {
        let common = self.intersection(other);
        let union = self.area() + other.area() - common;
        if union > 0.0 { common / union } else { 0.0 }
    }
}

impl TryFrom<[f32; 4]> for BoundingBox {
    type Error = InvalidBox;
    fn try_from([x0, y0, x1, y1]: [f32; 4]) -> Result<Self, InvalidBox> {
        Self::new(x0, y0, x1, y1)
    }
}

impl From<BoundingBox> for [f32; 4] {
    fn from(b: BoundingBox) -> Self {
        [b.x0, b.y0, b.x1, b.y1]
    }
}

/// Which side of a line a point lies on; see [`Line::signed_distance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Negative: for a line drawn from left to right, above it; drawn downwards, to its right.
    A,
    /// Positive.
    B,
}

/// A counting line from one point to another, written `[[x0, y0], [x1, y1]]`; its ends differ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[Point; 2]", into = "[Point; 2]")]
pub struct Line {
    from: Point,
    to: Point,
}

/// Why points do not make a line or a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidShape {
    /// A coordinate lies outside the picture or is not a number.
    #[error("every coordinate must be a number from 0 to 1 (share of the picture's width or height)")]
    OutsidePicture,
    /// A line whose ends are one point.
    #[error("the two ends of a line must differ")]
    NoLength,
    /// A zone of fewer than three corners, or flat.
    #[error("a zone needs at least three corners that enclose an area")]
    NoArea,
}

fn inside_picture(p: &Point) -> bool {
    (0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y)
}

impl Line {
    /// A line between two different points of the picture.
    pub fn new(from: Point, to: Point) -> Result<Self, InvalidShape> {
        if !inside_picture(&from) || !inside_picture(&to) {
            Err(InvalidShape::OutsidePicture)
        } else if from == to {
            Err(InvalidShape::NoLength)
        } else {
            Ok(Self { from, to })
        }
    }

    /// Both ends.
    pub fn ends(&self) -> [Point; 2] {
        [self.from, self.to]
    }

    /// Distance of `p` from the line's infinite extension, in shares of the picture, negative on side A:
    /// `((x1−x0)(y−y0) − (y1−y0)(x−x0)) / length`.
    pub fn signed_distance(&self, p: Point) -> f32 {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        (dx * (p.y - self.from.y) - dy * (p.x - self.from.x)) / dx.hypot(dy)
    }

    /// Where `p` falls along the line: 0 at its start, 1 at its end, outside that beyond the ends.
    pub fn position_along(&self, p: Point) -> f32 {
        let (dx, dy) = (self.to.x - self.from.x, self.to.y - self.from.y);
        (dx * (p.x - self.from.x) + dy * (p.y - self.from.y)) / (dx * dx + dy * dy)
    }
}

impl TryFrom<[Point; 2]> for Line {
    type Error = InvalidShape;
    fn try_from([from, to]: [Point; 2]) -> Result<Self, InvalidShape> {
        Self::new(from, to)
    }
}

impl From<Line> for [Point; 2] {
    fn from(line: Line) -> Self {
        line.ends()
    }
}

/// A zone of the picture, by its corners in order, written `[[x, y], …]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Point>", into = "Vec<Point>")]
pub struct Polygon {
    corners: Vec<Point>,
}

impl Polygon {
    /// A zone of at least three corners that encloses an area.
    pub fn new(corners: Vec<Point>) -> Result<Self, InvalidShape> {
        if !corners.iter().all(inside_picture) {
            return Err(InvalidShape::OutsidePicture);
        }
        let doubled_area: f32 = edges(&corners).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
        if corners.len() < 3 || doubled_area.abs() < 1e-6 {
            return Err(InvalidShape::NoArea);
        }
        Ok(Self { corners })
    }

    /// The corners in order.
    pub fn corners(&self) -> &[Point] {
        &self.corners
    }

    /// Whether `p`, moved into the picture where it lies outside, is in the zone (even–odd rule).
    pub fn contains(&self, p: Point) -> bool {
        // A foot below the lower edge of the picture belongs to a zone that reaches that edge.
        let p = Point { x: p.x.clamp(1e-4, 1.0 - 1e-4), y: p.y.clamp(1e-4, 1.0 - 1e-4) };
        edges(&self.corners)
            .filter(|(a, b)| (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x)
            .count()
            % 2
            == 1
    }
}

fn edges(corners: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    corners.iter().zip(corners.iter().cycle().skip(1)).map(|(a, b)| (*a, *b))
}

impl TryFrom<Vec<Point>> for Polygon {
    type Error = InvalidShape;
    fn try_from(corners: Vec<Point>) -> Result<Self, InvalidShape> {
        Self::new(corners)
    }
}

impl From<Polygon> for Vec<Point> {
    fn from(zone: Polygon) -> Self {
        zone.corners
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn side_a_is_negative_whatever_the_lines_direction() {
        let across = Line::new(p(0.0, 0.5), p(1.0, 0.5)).expect("a line");
        assert!(across.signed_distance(p(0.3, 0.2)) < 0.0, "above a left-to-right line is A");
        let down = Line::new(p(0.73, 0.0), p(0.73, 1.0)).expect("a line");
        assert!(down.signed_distance(p(0.9, 0.4)) < 0.0, "right of a downward line is A");
        assert!((down.signed_distance(p(0.63, 0.4)) - 0.1).abs() < 1e-6);
    }

    #[test]
    fn zones_know_what_is_in_them() {
        let whole = Polygon::new(vec![p(0.0, 0.0), p(1.0, 0.0), p(1.0, 1.0), p(0.0, 1.0)]).expect("a zone");
        assert!(whole.contains(p(0.5, 1.03)), "a foot just below the picture stands in a zone that reaches the edge");
        let corner = Polygon::new(vec![p(0.0, 0.0), p(0.5, 0.0), p(0.0, 0.5)]).expect("a zone");
        assert!(corner.contains(p(0.1, 0.1)) && !corner.contains(p(0.4, 0.4)));
    }

    #[test]
    fn shapes_that_are_none_are_refused() {
        assert_eq!(Line::new(p(0.1, 0.1), p(0.1, 0.1)), Err(InvalidShape::NoLength));
        assert_eq!(Line::new(p(0.1, 0.1), p(1.1, 0.1)), Err(InvalidShape::OutsidePicture));
        assert_eq!(Polygon::new(vec![p(0.0, 0.0), p(1.0, 1.0), p(0.5, 0.5)]), Err(InvalidShape::NoArea));
        assert!(BoundingBox::new(0.5, 0.0, 0.4, 1.0).is_err() && BoundingBox::new(f32::NAN, 0.0, 1.0, 1.0).is_err());
    }

    #[test]
    fn iou_of_a_box_with_itself_is_one() {
        let b = BoundingBox::new(0.1, 0.1, 0.3, 0.5).expect("a box");
        assert!((b.iou(&b) - 1.0).abs() < 1e-6);
        let empty = BoundingBox::around(p(0.2, 0.2), -1.0, 0.1);
        assert_eq!(empty.iou(&empty), 0.0);
    }
}
