//! From the plate detector's grids to plates with four corners.
//!
//! Each cell of a grid has a score and the offsets, in strides from the cell's middle, of the plate's own top left, top
//! right, bottom right and bottom left corner. Cells that speak of the same plate are merged: their corners are
//! averaged by score, which places a corner better than any one cell does.

use domain::{BoundingBox, Point};
use serde::{Deserialize, Serialize};

/// Most cells that are looked at in one picture. With more, only the best stay.
pub const CELLS_MAX: usize = 512;
/// Most plates of one picture; with more, only the best stay.
pub const PLATES_MAX: usize = 32;
/// Cells this much alike (overlap of their upright boxes) are averaged.
const MERGE_OVERLAP_MIN: f32 = 0.6;
/// A cell takes part in the average when its score is at least this share of the best one's.
const MERGE_SCORE_SHARE: f32 = 0.5;

/// One grid of the detector's output.
#[derive(Debug, Clone, Copy)]
pub struct Grid<'a> {
    /// Pixels between the middles of neighbouring cells.
    pub stride: usize,
    /// Cells in a row.
    pub columns: usize,
    /// A score for each cell, row by row, 0 to 1.
    pub scores: &'a [f32],
    /// Eight offsets for each cell: x and y of each corner.
    pub corners: &'a [f32],
}

/// A plate in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FoundPlate {
    /// The plate's own top left, top right, bottom right and bottom left corner. They may lie outside the picture.
    pub corners: [Point; 4],
    /// How sure the detector is, 0 to 1.
    pub score: f32,
}

/// How much larger than found a plate is cut out to be read, as a share of its size: found corners are a little off,
/// and a glyph that is cut is lost, while some ground around the plate costs nothing.
pub const READING_MARGIN: f32 = 0.14;

impl FoundPlate {
    /// The corners inside which the plate is read.
    #[must_use]
    pub fn reading_corners(&self) -> [Point; 4] {
        self.corners_with_margin(READING_MARGIN)
    }

    /// The corners moved outward from their middle; `margin` is a share of the plate's size.
    #[must_use]
    pub fn corners_with_margin(&self, margin: f32) -> [Point; 4] {
        let mean = |pick: fn(&Point) -> f32| self.corners.iter().map(pick).sum::<f32>() / 4.0;
        let (x, y) = (mean(|p| p.x), mean(|p| p.y));
        let grown = |from: f32, to: f32| from + (to - from) * (1.0 + margin);
        self.corners.map(|p| Point { x: grown(x, p.x), y: grown(y, p.y) })
    }

    /// The upright box around the corners; nothing where they span no area.
    pub fn bbox(&self) -> Option<BoundingBox> {
        let fold = |pick: fn(&Point) -> f32, best: fn(f32, f32) -> f32, start: f32| {
            self.corners.iter().map(pick).fold(start, best)
        };
        let (x0, x1) = (fold(|p| p.x, f32::min, f32::MAX), fold(|p| p.x, f32::max, f32::MIN));
        let (y0, y1) = (fold(|p| p.y, f32::min, f32::MAX), fold(|p| p.y, f32::max, f32::MIN));
        BoundingBox::new(x0, y0, x1, y1).ok()
    }

    /// How high it stands, along its own sides: its left and its right one in the mean.
    pub fn height(&self) -> f32 {
        let [top_left, top_right, bottom_right, bottom_left] = self.corners;
        let side = |top: Point, bottom: Point| (bottom.x - top.x).hypot(bottom.y - top.y);
        (side(top_left, bottom_left) + side(top_right, bottom_right)) / 2.0
    }

    /// Whether the corners go round clockwise without crossing, as a plate's do.
    fn is_convex(&self) -> bool {
        (0..4).all(|i| {
            let (a, b, c) = (self.corners[i], self.corners[(i + 1) % 4], self.corners[(i + 2) % 4]);
            (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x) > 0.0
        })
    }

    /// The same plate with its corners multiplied, to go from pixels to shares.
    #[must_use]
    pub fn scaled(&self, x: f32, y: f32) -> Self {
        Self { corners: self.corners.map(|p| Point { x: p.x * x, y: p.y * y }), score: self.score }
    }
}

/// The plates of one picture, best first, in pixels of the detector's input.
pub fn decode_plates(grids: &[Grid<'_>], score_min: f32, overlap_max: f32) -> Vec<FoundPlate> {
    let mut cells: Vec<_> = grids.iter().flat_map(|grid| read_cells(grid, score_min)).collect();
    cells.sort_by(|a, b| b.0.score.total_cmp(&a.0.score));
    cells.truncate(CELLS_MAX);
    let mut plates: Vec<(FoundPlate, BoundingBox)> = Vec::new();
    for (index, (cell, bbox)) in cells.iter().enumerate() {
        if plates.len() == PLATES_MAX {
            break;
        }
        if plates.iter().all(|(_, taken)| taken.iou(bbox) <= overlap_max) {
            let alike = cells[index..].iter().filter(|(other, other_box)| {
                other.score >= cell.score * MERGE_SCORE_SHARE && other_box.iou(bbox) >= MERGE_OVERLAP_MIN
            });
            let merged = FoundPlate { corners: average(alike.map(|(other, _)| other)), score: cell.score };
            if let Some(bbox) = merged.bbox() {
                plates.push((merged, bbox));
            }
        }
    }
    plates.into_iter().map(|(plate, _)| plate).collect()
}

fn read_cells<'a>(grid: &'a Grid<'a>, score_min: f32) -> impl Iterator<Item = (FoundPlate, BoundingBox)> + 'a {
    let (offsets, _) = grid.corners.as_chunks::<8>();
    grid.scores.iter().zip(offsets).enumerate().filter(move |(_, (score, _))| **score >= score_min).filter_map(
        |(cell, (score, offsets))| {
            let stride = grid.stride as f32;
            let (x, y) = ((cell % grid.columns) as f32 + 0.5, (cell / grid.columns) as f32 + 0.5);
            let corner = |i: usize| Point { x: (x + offsets[2 * i]) * stride, y: (y + offsets[2 * i + 1]) * stride };
            let plate = FoundPlate { corners: [corner(0), corner(1), corner(2), corner(3)], score: *score };
            let finite = plate.corners.iter().all(|p| p.x.is_finite() && p.y.is_finite());
            let bbox = plate.bbox().filter(|_| finite && plate.is_convex())?;
            Some((plate, bbox))
        },
    )
}

fn average<'a>(plates: impl Iterator<Item = &'a FoundPlate>) -> [Point; 4] {
    let mut sum = [Point { x: 0.0, y: 0.0 }; 4];
    let mut weight = 0.0;
    for plate in plates {
        weight += plate.score;
        for (into, corner) in sum.iter_mut().zip(plate.corners) {
            into.x += corner.x * plate.score;
            into.y += corner.y * plate.score;
        }
    }
    sum.map(|p| Point { x: p.x / weight, y: p.y / weight })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of 4 × 2 cells at stride 8 in which `cells` speak of a plate from (x0, y0) to (x1, y1).
    fn grid(cells: &[(usize, f32, [f32; 4])]) -> (Vec<f32>, Vec<f32>) {
        let (mut scores, mut corners) = (vec![0.0; 8], vec![0.0; 64]);
        for (cell, score, [x0, y0, x1, y1]) in cells {
            scores[*cell] = *score;
            let (x, y) = (((cell % 4) as f32 + 0.5) * 8.0, ((cell / 4) as f32 + 0.5) * 8.0);
            for (i, (px, py)) in [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].into_iter().enumerate() {
                corners[cell * 8 + 2 * i] = (px - x) / 8.0;
                corners[cell * 8 + 2 * i + 1] = (py - y) / 8.0;
            }
        }
        (scores, corners)
    }

    fn decode(cells: &[(usize, f32, [f32; 4])]) -> Vec<FoundPlate> {
        let (scores, corners) = grid(cells);
        decode_plates(&[Grid { stride: 8, columns: 4, scores: &scores, corners: &corners }], 0.3, 0.3)
    }

    #[test]
    fn cells_of_one_plate_are_averaged_by_score_and_those_of_another_stay_apart() {
        let found = decode(&[
            (0, 0.9, [2.0, 2.0, 14.0, 6.0]),
            (1, 0.6, [2.0, 2.0, 13.0, 6.0]),
            (6, 0.5, [18.0, 9.0, 30.0, 15.0]),
            (7, 0.2, [0.0, 0.0, 30.0, 15.0]),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!((found[0].corners[1].x - 13.6).abs() < 1e-4, "{found:?}");
        assert_eq!((found[0].score, found[1].score), (0.9, 0.5));
    }

    #[test]
    fn corners_that_cross_or_are_no_numbers_are_no_plate() {
        assert_eq!(decode(&[(0, 0.9, [14.0, 2.0, 2.0, 6.0])]), []);
        assert_eq!(decode(&[(0, 0.9, [f32::NAN, 2.0, 14.0, 6.0])]), []);
        assert_eq!(decode(&[(0, 0.9, [2.0, 2.0, 2.0, 2.0])]), []);
    }

    #[test]
    fn pixels_become_shares() {
        let plate = decode(&[(0, 0.9, [2.0, 2.0, 14.0, 6.0])])[0].scaled(1.0 / 32.0, 1.0 / 16.0);
        let corner = plate.corners[2];
        assert!((corner.x - 14.0 / 32.0).abs() < 1e-5 && (corner.y - 6.0 / 16.0).abs() < 1e-5, "{corner:?}");
    }
}
