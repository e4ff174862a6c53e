//! Bringing the planes of a picture to another size by weighing, in each direction, the two samples that lie nearest.
//!
//! GStreamer does the same one sample after the other, in twice the time. So that a detector sees the same picture as
//! always, what stays where it is is the same too: the outermost samples of a row, and the ends of a column.

/// Weights are 256ths.
const WHOLE: u16 = 256;

/// Scales planes of one size.
#[derive(Debug)]
pub(super) struct Interpolation {
    columns: Vec<Place>,
    rows: Vec<Place>,
    /// Samples in a row of what is scaled.
    width: usize,
    /// Two of its rows, weighed: 256 times a sample, and the last one twice.
    row: Vec<u16>,
}

/// Where a sample of the result lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The sample at or before it.
    first: usize,
    /// The weight of the one after that.
    second: u16,
}

impl Interpolation {
    /// From planes of `from` samples, width and height, to such of `to`. None of them may be 0.
    pub(super) fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        let (columns, rows) = (places(from.0, to.0, Kept::Outermost), places(from.1, to.1, Kept::Ends));
        Self { columns, rows, width: from.0, row: vec![0; from.0 + 1] }
    }

    /// Fills `to` from `from`, whose rows begin so many bytes apart as is given with them.
    pub(super) fn scale(&mut self, (from, from_stride): (&[u8], usize), (to, to_stride): (&mut [u8], usize)) {
        for (place, result) in self.rows.iter().zip(to.chunks_mut(to_stride)) {
            let row = |number: usize| from.get(number * from_stride..).unwrap_or_default();
            let first = row(place.first);
            // Below the last row there is none.
            let second = if place.second == 0 { first } else { row(place.first + 1) };
            for ((weighed, first), second) in self.row.iter_mut().zip(&first[..self.width]).zip(&second[..self.width]) {
                *weighed = u16::from(*first) * (WHOLE - place.second) + u16::from(*second) * place.second;
            }
            self.row[self.width] = self.row[self.width - 1];
            for (sample, place) in result.iter_mut().zip(&self.columns) {
                let [first, second] = [self.row[place.first], self.row[place.first + 1]].map(u32::from);
                let weight = u32::from(place.second);
                // Both weights are 256ths.
                *sample = ((first * (u32::from(WHOLE) - weight) + second * weight + (1 << 15)) >> 16) as u8;
            }
        }
    }
}

/// What of a line stays where it is when the line gets another length.
#[derive(Debug, Clone, Copy)]
enum Kept {
    /// The outermost samples.
    Outermost,
    /// The ends of the line, half a sample beyond them.
    Ends,
}

/// The places of a line of `to` samples in one of `from`.
fn places(from: usize, to: usize, kept: Kept) -> Vec<Place> {
    let last = from - 1;
    let place = |number: usize| {
        let at = match kept {
            Kept::Outermost => number as f64 * last as f64 / to.saturating_sub(1).max(1) as f64,
            Kept::Ends => (number as f64 + 0.5) * from as f64 / to as f64 - 0.5,
        };
        let at = at.clamp(0.0, last as f64);
        let first = at as usize;
        Place { first, second: if first == last { 0 } else { ((at - first as f64) * f64::from(WHOLE)) as u16 } }
    };
    (0..to).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(from: (usize, usize), samples: &[u8], to: (usize, usize)) -> Vec<u8> {
        // Padding that must not be seen nor touched.
        let (from_stride, to_stride) = (from.0 + 3, to.0 + 5);
        let padded: Vec<u8> = samples.chunks(from.0).flat_map(|row| [row, &[255; 3]].concat()).collect();
        let mut result = vec![77; to_stride * to.1];
        Interpolation::new(from, to).scale((&padded, from_stride), (&mut result, to_stride));
        result
            .chunks(to_stride)
            .flat_map(|row| {
                assert_eq!(row[to.0..], [77; 5]);
                row[..to.0].to_vec()
            })
            .collect()
    }

    #[test]
    fn samples_lie_between_the_two_nearest_and_never_beyond_the_edge() {
        assert_eq!(scaled((4, 1), &[0, 100, 200, 40], (4, 1)), [0, 100, 200, 40]);
        assert_eq!(scaled((4, 1), &[0, 100, 200, 40], (3, 1)), [0, 150, 40]);
        assert_eq!(scaled((4, 1), &[0, 100, 200, 40], (1, 1)), [0]);
        assert_eq!(scaled((1, 4), &[0, 100, 200, 40], (1, 2)), [50, 120]);
        assert_eq!(scaled((2, 1), &[0, 240], (5, 1)), [0, 60, 120, 180, 240]);
        assert_eq!(scaled((1, 2), &[0, 200], (1, 4)), [0, 50, 150, 200]);
        assert_eq!(scaled((1, 1), &[9], (3, 2)), [9; 6]);
    }

    #[test]
    fn one_colour_stays_that_colour_in_every_size() {
        for value in [0, 1, 127, 254, 255] {
            for (from, to) in [((7, 5), (5, 4)), ((16, 9), (9, 5)), ((5, 5), (13, 8))] {
                let result = scaled(from, &vec![value; from.0 * from.1], to);
                assert!(result.iter().all(|sample| *sample == value), "{value} from {from:?} to {to:?}: {result:?}");
            }
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp_to_within_a_step() {
        let (from, to) = ((192, 4), (104, 3));
        let samples: Vec<u8> = (0..from.0 * from.1).map(|at| (at % from.0) as u8).collect();
        for row in scaled(from, &samples, to).chunks(to.0) {
            for (number, sample) in row.iter().enumerate() {
                let exact = number as f64 * 191.0 / 103.0;
                assert!((f64::from(*sample) - exact).abs() <= 1.0, "{number}: {sample} is not {exact}");
            }
        }
    }
}
