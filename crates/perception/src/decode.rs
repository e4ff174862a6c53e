//! What a detector's raw output means: tensors of numbers to [`Detection`]s, before overlapping ones are removed.
//!
//! A damaged picture or model can put anything into a tensor, so every number is distrusted: what is not a finite
//! number in range never becomes a detection, and nothing here panics on values. The caller guarantees the lengths.

use domain::{BoundingBox, Detection, ObjectClass};

/// How far beyond the picture an edge may lie, in shares of its width or height, before its box is taken for
/// nonsense. An object cut off by the edge is seen a little beyond it, never by a whole picture.
const OVERHANG_MAX: f32 = 1.0;

/// How far rounding may lift a share above 1.
const ROUNDING_MAX: f32 = 1e-3;

/// Which channel of a score tensor stands for which class; channels without a class of ours (background, sheep) are
/// passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channels(Vec<Option<ObjectClass>>);

impl Channels {
    /// One entry per channel of the score tensor, in its order.
    pub fn new(classes: Vec<Option<ObjectClass>>) -> Self {
        Self(classes)
    }

    /// The channels of the score tensor, those without a class included.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Decodes an SSD head whose boxes are already absolute: `boxes` is `[N, 4]` as x0, y0, x1, y1 in shares of the
/// picture, `scores` is `[N, channels]` after softmax. A box becomes one detection per class that reaches `score_min`,
/// as SSD defines it (Liu et al., 2016, §2.2). They are appended to `found`, clipped to the picture.
///
/// # Panics
/// Where the two lengths do not describe the same N.
pub fn decode_ssd(boxes: &[f32], scores: &[f32], channels: &Channels, score_min: f32, found: &mut Vec<Detection>) {
    let (boxes, rest) = boxes.as_chunks::<4>();
    assert!(rest.is_empty(), "boxes come in fours");
    assert_eq!(boxes.len() * channels.count(), scores.len(), "each box has a score per channel");
    for (edges, scores) in boxes.iter().zip(scores.chunks_exact(channels.count().max(1))) {
        for (&score, class) in scores.iter().zip(&channels.0) {
            let (Some(class), Some(confidence)) = (*class, confidence(score, score_min)) else { continue };
            if let Some(bbox) = visible(*edges) {
                found.push(Detection { class, confidence, bbox });
            }
        }
    }
}

/// The cells of a YOLOX head in the order of its output: strides 8, 16 and 32, each row by row from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct YoloxGrid {
    /// Column, row and stride of each cell, in cells and pixels.
    cells: Vec<[f32; 3]>,
}

impl YoloxGrid {
    const STRIDES: [usize; 3] = [8, 16, 32];

    /// The grid over a model input of `width` × `height` pixels, both multiples of 32.
    pub fn new(width: usize, height: usize) -> Self {
        let cells = Self::STRIDES
            .iter()
            .flat_map(|&stride| {
                (0..height / stride)
                    .flat_map(move |row| (0..width / stride).map(move |col| [col as f32, row as f32, stride as f32]))
            })
            .collect();
        Self { cells }
    }

    /// How many cells, which is the N of the output `[N, 5 + channels]`.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether the input was smaller than a cell.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// The part of a letterboxed model input that the picture covers, from the top left, in pixels; the rest is padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    /// Columns that show the picture.
    pub width_px: usize,
    /// Rows that show the picture.
    pub height_px: usize,
}

/// Decodes a YOLOX head (Ge et al., 2021): `output` is `[N, 5 + channels]`, each row x, y, ln w, ln h relative to its
/// cell, then objectness and class scores after the sigmoid. Each cell becomes at most one detection, of its best
/// class over all channels, with confidence objectness × class score. They are appended to `found`, in shares of the
/// picture and clipped to it.
///
/// # Panics
/// Where the length of `output` does not fit the grid and the channels.
pub fn decode_yolox(
    output: &[f32],
    grid: &YoloxGrid,
    covered: Covered,
    channels: &Channels,
    score_min: f32,
    found: &mut Vec<Detection>,
) {
    let row_len = 5 + channels.count();
    assert_eq!(output.len(), grid.len() * row_len, "one row of output per cell of the grid");
    let (width, height) = (covered.width_px as f32, covered.height_px as f32);
    for (row, &[col, line, stride]) in output.chunks_exact(row_len).zip(&grid.cells) {
        let objectness = row[4];
        // No class score exceeds 1: most cells end here, before their classes are looked at.
        if objectness.is_nan() || objectness < score_min {
            continue;
        }
        let Some((class, class_score)) = best(&row[5..], channels) else { continue };
        if !(in_share(objectness) && in_share(class_score)) {
            continue;
        }
        let Some(confidence) = confidence(objectness * class_score, score_min) else { continue };
        let (x, y) = ((row[0] + col) * stride, (row[1] + line) * stride);
        let (half_w, half_h) = (row[2].exp() * stride / 2.0, row[3].exp() * stride / 2.0);
        let edges = [(x - half_w) / width, (y - half_h) / height, (x + half_w) / width, (y + half_h) / height];
        if let Some(bbox) = visible(edges) {
            found.push(Detection { class, confidence, bbox });
        }
    }
}

/// The class of the highest score over all channels, where it is one of ours.
fn best(scores: &[f32], channels: &Channels) -> Option<(ObjectClass, f32)> {
    let (index, score) = scores.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    channels.0[index].map(|class| (class, score))
}

fn in_share(score: f32) -> bool {
    (0.0..=1.0 + ROUNDING_MAX).contains(&score)
}

/// A score as a confidence, where it is one and high enough.
fn confidence(score: f32, score_min: f32) -> Option<f32> {
    (in_share(score) && score >= score_min).then(|| score.min(1.0))
}

/// The visible part of a box given in shares of the picture; none where the edges make no sense or nothing is visible.
fn visible(edges: [f32; 4]) -> Option<BoundingBox> {
    let sane = |v: &f32| (-OVERHANG_MAX..=1.0 + OVERHANG_MAX).contains(v);
    if !edges.iter().all(sane) {
        return None;
    }
    let inside = BoundingBox::try_from(edges).ok()?.clipped();
    (inside.area() > 0.0).then_some(inside)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn three() -> Channels {
        Channels::new(vec![Some(ObjectClass::Vehicle), Some(ObjectClass::Person), None])
    }

    fn ssd(edges: [f32; 4], scores: [f32; 3]) -> Vec<Detection> {
        let mut found = Vec::new();
        decode_ssd(&edges, &scores, &three(), 0.1, &mut found);
        found
    }

    #[test]
    fn each_class_that_reaches_the_floor_is_a_candidate_and_background_is_none() {
        let found = ssd([0.1, 0.2, 0.3, 0.4], [0.1, 0.25, 0.65]);
        let classes: Vec<_> = found.iter().map(|d| (d.class, d.confidence)).collect();
        assert_eq!(classes, [(ObjectClass::Vehicle, 0.1), (ObjectClass::Person, 0.25)]);
        assert!(ssd([0.1, 0.2, 0.3, 0.4], [0.09, 0.0, 0.91]).is_empty());
    }

    #[test]
    fn boxes_are_clipped_and_those_outside_the_picture_are_none() {
        let cut = ssd([-0.1, 0.5, 0.3, 1.2], [0.9, 0.0, 0.1]);
        assert_eq!(cut[0].bbox, BoundingBox::new(0.0, 0.5, 0.3, 1.0).expect("a box"));
        for edges in [[1.1, 0.1, 1.3, 0.4], [0.3, 0.1, 0.3, 0.4], [0.4, 0.1, 0.3, 0.4], [-9.0, 0.1, 0.3, 0.4]] {
            assert!(ssd(edges, [0.9, 0.0, 0.1]).is_empty(), "{edges:?}");
        }
    }

    #[test]
    fn a_score_lifted_by_rounding_counts_as_certain_and_a_wrong_one_not_at_all() {
        assert_eq!(ssd([0.1, 0.1, 0.3, 0.4], [1.000_000_1, 0.0, 0.0])[0].confidence, 1.0);
        for score in [1.5, f32::NAN, f32::INFINITY, -1.0] {
            assert!(ssd([0.1, 0.1, 0.3, 0.4], [score, 0.0, 0.0]).is_empty(), "{score}");
        }
    }

    #[test]
    fn the_grid_of_a_416_input_has_the_3549_cells_of_the_published_model() {
        let grid = YoloxGrid::new(416, 416);
        assert_eq!(grid.len(), 52 * 52 + 26 * 26 + 13 * 13);
        assert_eq!(grid.cells[53], [1.0, 1.0, 8.0]);
        assert_eq!(grid.cells[52 * 52], [0.0, 0.0, 16.0]);
        assert_eq!(grid.cells.last(), Some(&[12.0, 12.0, 32.0]));
    }

    /// The output of a 32×32 model that sees something in one cell.
    fn yolox(cell: usize, row: [f32; 8], covered: Covered) -> Vec<Detection> {
        let grid = YoloxGrid::new(32, 32);
        let mut output = vec![0.0; grid.len() * 8];
        output[cell * 8..][..8].copy_from_slice(&row);
        let mut found = Vec::new();
        decode_yolox(&output, &grid, covered, &three(), 0.1, &mut found);
        found
    }

    const WHOLE: Covered = Covered { width_px: 32, height_px: 32 };

    #[test]
    fn a_cell_is_decoded_with_its_place_and_stride() {
        // Cell 6 is row 1, column 2 of the 4×4 cells of stride 8: its centre offset (0.5, 0.25) lies at (20, 10) px.
        let found = yolox(6, [0.5, 0.25, 0.0, 2.0f32.ln(), 0.8, 0.1, 0.5, 0.2], WHOLE);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].class, found[0].confidence), (ObjectClass::Person, 0.4));
        let wanted = [16.0 / 32.0, 2.0 / 32.0, 24.0 / 32.0, 18.0 / 32.0];
        let got = <[f32; 4]>::from(found[0].bbox);
        assert!(got.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
    }

    #[test]
    fn a_letterboxed_box_is_in_shares_of_the_picture_and_padding_shows_nothing() {
        let half = Covered { width_px: 32, height_px: 16 };
        let found = yolox(6, [0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0], half);
        assert_eq!(<[f32; 4]>::from(found[0].bbox), [0.5, 0.25, 0.75, 0.75]);
        // Row 3 of the same cells lies wholly in the padding.
        assert!(yolox(14, [0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0], half).is_empty());
    }

    #[test]
    fn a_cell_whose_best_class_is_not_ours_is_nothing() {
        assert!(yolox(0, [0.5, 0.5, 0.0, 0.0, 1.0, 0.3, 0.3, 0.9], WHOLE).is_empty());
    }

    /// Mostly plausible numbers with the odd monster.
    fn any_number() -> impl Strategy<Value = f32> {
        prop_oneof![
            6 => -0.5f32..1.5,
            1 => any::<f32>(),
            1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -0.0]),
        ]
    }

    fn check_all(found: &[Detection]) -> Result<(), TestCaseError> {
        for d in found {
            prop_assert!((0.1..=1.0).contains(&d.confidence), "{d:?}");
            let edges = <[f32; 4]>::from(d.bbox);
            prop_assert!(edges.iter().all(|v| (0.0..=1.0).contains(v)), "{d:?}");
            prop_assert!(d.bbox.area() > 0.0, "{d:?}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn no_number_in_an_ssd_output_makes_nonsense(
            rows in prop::collection::vec(prop::array::uniform7(any_number()), 0..40),
        ) {
            let boxes: Vec<f32> = rows.iter().flat_map(|r| r[..4].to_vec()).collect();
            let scores: Vec<f32> = rows.iter().flat_map(|r| r[4..].to_vec()).collect();
            let mut found = Vec::new();
            decode_ssd(&boxes, &scores, &three(), 0.1, &mut found);
            check_all(&found)?;
        }

        #[test]
        fn no_number_in_a_yolox_output_makes_nonsense(
            output in prop::collection::vec(any_number(), 21 * 8),
            height_px in 1usize..=32,
        ) {
            let mut found = Vec::new();
            let covered = Covered { width_px: 32, height_px };
            decode_yolox(&output, &YoloxGrid::new(32, 32), covered, &three(), 0.1, &mut found);
            check_all(&found)?;
        }
    }
}
