//! From a face detector's grids to faces with five landmarks.
//!
//! The head is that of YuNet (Wu, Peng and Yu, 2023): each cell has a class and an object score, a box relative to the
//! cell's corner, and five landmarks. What is no finite number in range never becomes a face.

use domain::{BoundingBox, Point};
use serde::{Deserialize, Serialize};

/// Most cells that are compared with each other in one picture; with more, only the best stay.
pub const FACES_MAX: usize = 512;

/// One grid of the detector's output.
#[derive(Debug, Clone, Copy)]
pub struct FaceGrid<'a> {
    /// Pixels between neighbouring cells.
    pub stride: usize,
    /// Cells in a row.
    pub columns: usize,
    /// How much each cell looks like a face, row by row, 0 to 1.
    pub classes: &'a [f32],
    /// How much each cell looks like anything at all, 0 to 1.
    pub objects: &'a [f32],
    /// Four numbers a cell: x and y of the box's middle from the cell's corner, in strides; ln of width and height.
    pub boxes: &'a [f32],
    /// Ten numbers a cell: x and y of each landmark from the cell's corner, in strides.
    pub landmarks: &'a [f32],
}

/// A face in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FoundFace {
    /// The box around it, from brow to chin.
    pub bbox: BoundingBox,
    /// Right eye, left eye, tip of the nose, right and left corner of the mouth: right and left are the person's own.
    pub landmarks: [Point; 5],
    /// How sure the detector is: the geometric mean of both scores, 0 to 1.
    pub score: f32,
}

impl FoundFace {
    /// The same face with its places multiplied, to go from pixels to shares. Nothing where that leaves no box.
    pub fn scaled(&self, x: f32, y: f32) -> Option<Self> {
        let own = &self.bbox;
        let bbox = BoundingBox::new(own.x0() * x, own.y0() * y, own.x1() * x, own.y1() * y).ok()?;
        let landmarks = self.landmarks.map(|point| Point { x: point.x * x, y: point.y * y });
        Some(Self { bbox, landmarks, score: self.score })
    }
}

/// The faces of one picture, best first, in pixels of the detector's input. Of two that overlap by more than
/// `overlap_max` the better one stays.
pub fn decode_faces(grids: &[FaceGrid<'_>], score_min: f32, overlap_max: f32) -> Vec<FoundFace> {
    let mut faces: Vec<_> = grids.iter().flat_map(|grid| read_cells(grid, score_min)).collect();
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    faces.truncate(FACES_MAX);
    let mut kept: Vec<FoundFace> = Vec::new();
    for face in faces {
        if kept.iter().all(|better| better.bbox.iou(&face.bbox) <= overlap_max) {
            kept.push(face);
        }
    }
    kept
}

fn read_cells<'a>(grid: &'a FaceGrid<'a>, score_min: f32) -> impl Iterator<Item = FoundFace> + 'a {
    let (boxes, _) = grid.boxes.as_chunks::<4>();
    let (landmarks, _) = grid.landmarks.as_chunks::<10>();
    let scores = grid.classes.iter().zip(grid.objects);
    scores.zip(boxes).zip(landmarks).enumerate().filter_map(move |(cell, (((class, object), bbox), landmarks))| {
        let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
        // Not a number is below no limit.
        if score.is_nan() || score < score_min {
            return None;
        }
        let stride = grid.stride as f32;
        let (column, row) = ((cell % grid.columns) as f32, (cell / grid.columns) as f32);
        let (x, y) = ((bbox[0] + column) * stride, (bbox[1] + row) * stride);
        let (half_width, half_height) = (bbox[2].exp() * stride / 2.0, bbox[3].exp() * stride / 2.0);
        let edges = [x - half_width, y - half_height, x + half_width, y + half_height];
        let landmarks: [Point; 5] = std::array::from_fn(|i| Point {
            x: (landmarks[2 * i] + column) * stride,
            y: (landmarks[2 * i + 1] + row) * stride,
        });
        let finite = edges.iter().all(|edge| edge.is_finite())
            && landmarks.iter().all(|point| point.x.is_finite() && point.y.is_finite());
        let bbox = BoundingBox::try_from(edges).ok().filter(|bbox| finite && bbox.area() > 0.0)?;
        Some(FoundFace { bbox, landmarks, score })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of 4 × 2 cells at stride 8 with faces in `cells`: scores, middle in pixels and side in pixels.
    struct Cells {
        classes: Vec<f32>,
        objects: Vec<f32>,
        boxes: Vec<f32>,
        landmarks: Vec<f32>,
    }

    fn cells(faces: &[(usize, f32, f32, [f32; 2], f32)]) -> Cells {
        let (mut classes, mut objects) = (vec![0.0; 8], vec![0.0; 8]);
        let (mut boxes, mut landmarks) = (vec![0.0; 32], vec![0.0; 80]);
        for (cell, class, object, [x, y], side) in faces {
            (classes[*cell], objects[*cell]) = (*class, *object);
            let at = [x / 8.0 - (cell % 4) as f32, y / 8.0 - (cell / 4) as f32];
            boxes[cell * 4..cell * 4 + 4].copy_from_slice(&[at[0], at[1], (side / 8.0).ln(), (side / 8.0).ln()]);
            for point in 0..5 {
                landmarks[cell * 10 + 2 * point] = at[0] + point as f32 * 0.1;
                landmarks[cell * 10 + 2 * point + 1] = at[1];
            }
        }
        Cells { classes, objects, boxes, landmarks }
    }

    fn decode(faces: &[(usize, f32, f32, [f32; 2], f32)]) -> Vec<FoundFace> {
        let Cells { classes, objects, boxes, landmarks } = cells(faces);
        let grid = FaceGrid {
            stride: 8,
            columns: 4,
            classes: &classes,
            objects: &objects,
            boxes: &boxes,
            landmarks: &landmarks,
        };
        decode_faces(&[grid], 0.5, 0.3)
    }

    #[test]
    fn a_face_is_where_its_cell_says_with_the_mean_of_both_scores() {
        let found = decode(&[(5, 0.9, 0.4, [12.0, 10.0], 6.0), (2, 0.4, 0.4, [20.0, 4.0], 6.0)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].score - 0.6).abs() < 1e-6, "{found:?}");
        let edges = [found[0].bbox.x0(), found[0].bbox.y0(), found[0].bbox.x1(), found[0].bbox.y1()];
        assert!(edges.iter().zip([9.0, 7.0, 15.0, 13.0]).all(|(a, b)| (a - b).abs() < 1e-4), "{edges:?}");
        assert!((found[0].landmarks[4].x - (12.0 + 0.4 * 8.0)).abs() < 1e-4, "{found:?}");
        let share = found[0].scaled(1.0 / 32.0, 1.0 / 16.0).expect("a box");
        assert!((share.bbox.x1() - 15.0 / 32.0).abs() < 1e-6);
    }

    #[test]
    fn of_overlapping_faces_the_better_stays_and_neighbours_both_do() {
        let found =
            decode(&[(0, 0.8, 0.8, [4.0, 4.0], 6.0), (1, 0.9, 0.9, [5.0, 4.0], 6.0), (3, 0.7, 0.7, [28.0, 4.0], 6.0)]);
        assert_eq!(found.iter().map(|face| face.bbox.centre().x.round()).collect::<Vec<_>>(), [5.0, 28.0]);
    }

    #[test]
    fn what_is_no_number_is_no_face() {
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(decode(&[(0, 0.9, 0.9, [bad, 4.0], 6.0)]), []);
            assert_eq!(decode(&[(0, 0.9, 0.9, [4.0, 4.0], bad)]), []);
        }
        assert_eq!(decode(&[(0, f32::NAN, 0.9, [4.0, 4.0], 6.0)]), []);
    }
}
