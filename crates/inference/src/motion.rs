//! Whether anything moves in a picture, for a small part of what a detector costs.
//!
//! The picture's green channel is averaged over small squares and held against a slowly learnt background. A change
//! of the whole picture's brightness (a cloud, the camera's own exposure) is taken out first.

use domain::PixelView;

/// Side of a square, pixels of the small picture.
const SQUARE: usize = 8;
/// Every so many pixels of a square is looked at, across and down.
const STEP: usize = 2;
/// A square has changed when its mean differs by this much of 255, beyond the change of the whole picture.
const CHANGED_MIN: f32 = 9.0;
/// Share of a new picture in the background.
const LEARN: f32 = 0.04;
/// Change of the whole picture, of 255, above which it counts as moved whatever its squares say: a lamp, a jolt.
const JOLT: f32 = 40.0;

/// What changed in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// Share of its squares that changed, 0 to 1.
    pub share: f32,
    /// Whether something moved: a square with a changed neighbour, so that a noisy pixel is none.
    pub moved: bool,
}

/// Watches one camera.
#[derive(Debug, Clone, Default)]
pub struct MotionGate {
    background: Vec<f32>,
    means: Vec<f32>,
    differences: Vec<f32>,
    size: (usize, usize),
}

impl MotionGate {
    /// Holds the next picture against the background and learns from it. The first picture, or one of another size,
    /// counts as moved.
    pub fn see(&mut self, picture: &PixelView<'_>) -> Motion {
        let (columns, rows) = (picture.width() / SQUARE, picture.height() / SQUARE);
        self.average(picture, columns, rows);
        if self.size != (columns, rows) || columns * rows == 0 {
            self.size = (columns, rows);
            self.background.clone_from(&self.means);
            return Motion { share: 1.0, moved: true };
        }
        let shift = self.shift();
        let changed = |at: usize| (self.means[at] - self.background[at] - shift).abs() > CHANGED_MIN;
        let (mut count, mut moved) = (0, shift.abs() > JOLT);
        for row in 0..rows {
            for column in 0..columns {
                let at = row * columns + column;
                if changed(at) {
                    count += 1;
                    moved |= column + 1 < columns && changed(at + 1) || row + 1 < rows && changed(at + columns);
                }
            }
        }
        for (old, new) in self.background.iter_mut().zip(&self.means) {
            *old += (new - *old) * LEARN;
        }
        Motion { share: count as f32 / (columns * rows) as f32, moved }
    }

    fn average(&mut self, picture: &PixelView<'_>, columns: usize, rows: usize) {
        self.means.clear();
        let count = (SQUARE / STEP * (SQUARE / STEP)) as f32;
        for row in 0..rows {
            let start = self.means.len();
            self.means.resize(start + columns, 0.0);
            for y in (0..SQUARE).step_by(STEP) {
                let line = picture.row(row * SQUARE + y);
                let squares = line.chunks_exact(3 * SQUARE).zip(&mut self.means[start..]);
                for (square, mean) in squares {
                    let sum: u32 = (0..SQUARE).step_by(STEP).map(|x| u32::from(square[3 * x + 1])).sum();
                    *mean += sum as f32;
                }
            }
            self.means[start..].iter_mut().for_each(|mean| *mean /= count);
        }
    }

    /// The middle change of all squares: what the light did.
    fn shift(&mut self) -> f32 {
        self.differences.clear();
        self.differences.extend(self.means.iter().zip(&self.background).map(|(new, old)| new - old));
        let middle = self.differences.len() / 2;
        *self.differences.select_nth_unstable_by(middle, f32::total_cmp).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 160;
    const HEIGHT: usize = 96;

    /// A grey picture with a gradient, pseudo-random noise, and a lighter box.
    fn picture(level: u8, noise: u8, seed: usize, boxed: Option<(usize, usize, usize)>) -> Vec<u8> {
        let mut pixels = vec![0; WIDTH * HEIGHT * 3];
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let grain = ((x * 7919 + y * 104_729 + seed * 15_485_863) >> 3) % (2 * usize::from(noise) + 1);
                let mut value = usize::from(level) + x / 4 + grain;
                if boxed.is_some_and(|(bx, by, side)| (bx..bx + side).contains(&x) && (by..by + side).contains(&y)) {
                    value += 60;
                }
                pixels[(y * WIDTH + x) * 3..][..3].fill(value.min(255) as u8);
            }
        }
        pixels
    }

    fn see(gate: &mut MotionGate, pixels: &[u8]) -> Motion {
        gate.see(&PixelView::new(WIDTH, HEIGHT, WIDTH * 3, pixels).expect("a picture"))
    }

    #[test]
    fn a_still_picture_with_noise_does_not_move_and_a_small_object_does() {
        let mut gate = MotionGate::default();
        assert!(see(&mut gate, &picture(80, 6, 0, None)).moved, "nothing is known yet");
        for seed in 1..30 {
            assert!(!see(&mut gate, &picture(80, 6, seed, None)).moved);
        }
        let motion = see(&mut gate, &picture(80, 6, 31, Some((64, 40, 14))));
        assert!(motion.moved && motion.share < 0.05, "{motion:?}");
    }

    #[test]
    fn a_cloud_is_no_motion_and_what_stays_becomes_background() {
        let mut gate = MotionGate::default();
        see(&mut gate, &picture(80, 4, 0, None));
        for seed in 1..20 {
            assert!(!see(&mut gate, &picture(80 + seed as u8, 4, seed, None)).moved, "brighter by {seed}");
        }
        for seed in 0..120 {
            see(&mut gate, &picture(99, 4, seed, Some((40, 40, 24))));
        }
        assert!(!see(&mut gate, &picture(99, 4, 500, Some((40, 40, 24)))).moved);
    }

    #[test]
    fn a_jolt_and_a_new_size_count_as_motion() {
        let mut gate = MotionGate::default();
        see(&mut gate, &picture(80, 0, 0, None));
        assert!(!see(&mut gate, &picture(80, 0, 0, None)).moved);
        assert!(see(&mut gate, &picture(140, 0, 0, None)).moved);
        let small = vec![90; 64 * 32 * 3];
        assert!(gate.see(&PixelView::new(64, 32, 64 * 3, &small).expect("a picture")).moved);
    }
}
