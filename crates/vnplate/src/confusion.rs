//! Which signs are taken for which: a table that is measured, or guessed until it is.

use std::sync::LazyLock;

use crate::glyph::Glyph;

const N: usize = Glyph::COUNT;

/// How much a guess weighs beside what was counted, in readings per sign.
const GUESS_WEIGHT: f64 = 20.0;

/// The guess: of so many readings of a sign …
const GUESS_RIGHT: f64 = 1000.0;
/// … so many take it for each sign that looks like it …
const GUESS_ALIKE: f64 = 30.0;
/// … and so many for each other one.
const GUESS_OTHER: f64 = 0.3;

/// Signs that look alike on a plate: each with those that are taken for it.
const ALIKE: [(char, &str); 10] = [
    ('0', "OQD"),
    ('1', "IJL"),
    ('2', "Z"),
    ('4', "A"),
    ('5', "S"),
    ('6', "G"),
    ('7', "T"),
    ('8', "B"),
    ('3', "B"),
    ('Đ', "D"),
];

/// The probability that a sign is read as another: one row per true sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    /// `read[truth][reading]`, each row adding up to 1.
    read: Box<[[f32; N]; N]>,
    /// `truth[reading][truth]` for signs that are equally frequent, each row adding up to 1.
    truth: Box<[[f32; N]; N]>,
}

/// Why a table of counts cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A line is not of three fields.
    #[error("line {line} of the confusion table: expected `truth,read,count`, found {found:?}")]
    Fields {
        /// Which line, from 1.
        line: usize,
        /// What it says.
        found: String,
    },
    /// A field is no sign.
    #[error("line {line} of the confusion table: {found:?} is no sign; accepted are 0-9, A-Z and Đ")]
    Glyph {
        /// Which line, from 1.
        line: usize,
        /// What it says.
        found: String,
    },
    /// A count is no whole number.
    #[error("line {line} of the confusion table: {found:?} is no count; accepted are whole numbers from 0")]
    Count {
        /// Which line, from 1.
        line: usize,
        /// What it says.
        found: String,
    },
}

impl Confusion {
    /// From how often each true sign (first index) was read as each sign (second index). Where little was counted the
    /// default stands in: it weighs as much as twenty readings of each sign.
    #[must_use]
    pub fn from_counts(counts: &[[u32; N]; N]) -> Self {
        let guess = guess();
        Self::from_weights(|truth, read| f64::from(counts[truth][read]) + GUESS_WEIGHT * guess[truth][read])
    }

    /// From a measured table: lines of `truth,read,count`, with that header or without, empty lines and lines that
    /// start with `#` left out. A pair that comes twice counts both.
    ///
    /// # Errors
    /// When a line is not of that form.
    pub fn from_csv(text: &str) -> Result<Self, TableError> {
        let mut counts = [[0_u32; N]; N];
        for (index, line) in text.lines().map(str::trim).enumerate() {
            let number = index + 1;
            if line.is_empty() || line.starts_with('#') || (number == 1 && line == "truth,read,count") {
                continue;
            }
            let fields: Vec<_> = line.split(',').map(str::trim).collect();
            let [truth, read, count] = fields.as_slice() else {
                return Err(TableError::Fields { line: number, found: line.to_owned() });
            };
            let (truth, read) = (sign(truth, number)?, sign(read, number)?);
            let count =
                count.parse::<u32>().map_err(|_| TableError::Count { line: number, found: (*count).to_owned() })?;
            let cell = &mut counts[truth.index()][read.index()];
            *cell = cell.saturating_add(count);
        }
        Ok(Self::from_counts(&counts))
    }

    fn from_weights(weight: impl Fn(usize, usize) -> f64) -> Self {
        let (mut read, mut truth) = (Box::new([[0.0; N]; N]), Box::new([[0.0; N]; N]));
        for t in 0..N {
            let total: f64 = (0..N).map(|r| weight(t, r)).sum();
            for r in 0..N {
                read[t][r] = (weight(t, r) / total) as f32;
            }
        }
        for r in 0..N {
            let total: f32 = (0..N).map(|t| read[t][r]).sum();
            for t in 0..N {
                truth[r][t] = read[t][r] / total;
            }
        }
        Self { read, truth }
    }

    /// The natural logarithm of the probability that `truth` is read as `read`.
    #[must_use]
    pub fn log_probability(&self, truth: Glyph, read: Glyph) -> f32 {
        self.read[truth.index()][read.index()].ln()
    }

    /// For a sign that was read, the probability of each that it may be in truth, all being equally frequent.
    pub(crate) fn truths(&self, read: Glyph) -> &[f32; N] {
        &self.truth[read.index()]
    }

    /// How easily two signs are taken for each other, from 0 to 1 (the same); the same both ways. Đ counts as D.
    #[must_use]
    pub fn likeness(&self, a: Glyph, b: Glyph) -> f32 {
        let (a, b) = (a.canonical().index(), b.canonical().index());
        if a == b {
            return 1.0;
        }
        let mixed = f64::from(self.read[a][b]) * f64::from(self.read[b][a]);
        let own = f64::from(self.read[a][a]) * f64::from(self.read[b][b]);
        (mixed / own).sqrt().min(1.0) as f32
    }
}

impl Default for Confusion {
    /// The pairs that Vietnamese plates are known to be misread by, with guessed probabilities.
    fn default() -> Self {
        static DEFAULT: LazyLock<Confusion> = LazyLock::new(|| {
            let guess = guess();
            Confusion::from_weights(|truth, read| guess[truth][read])
        });
        DEFAULT.clone()
    }
}

/// The guessed probabilities, one row per true sign.
fn guess() -> Box<[[f64; N]; N]> {
    let mut table = Box::new([[GUESS_OTHER; N]; N]);
    for (i, row) in table.iter_mut().enumerate() {
        row[i] = GUESS_RIGHT;
    }
    for (one, others) in ALIKE {
        let one = Glyph::from_char(one).expect("the table holds signs").index();
        for other in others.chars() {
            let other = Glyph::from_char(other).expect("the table holds signs").index();
            table[one][other] = GUESS_ALIKE;
            table[other][one] = GUESS_ALIKE;
        }
    }
    for row in table.iter_mut() {
        let total: f64 = row.iter().sum();
        row.iter_mut().for_each(|cell| *cell /= total);
    }
    table
}

fn sign(field: &str, line: usize) -> Result<Glyph, TableError> {
    let mut chars = field.chars();
    match (chars.next().and_then(Glyph::from_char), chars.next()) {
        (Some(glyph), None) => Ok(glyph),
        _ => Err(TableError::Glyph { line, found: field.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyph(c: char) -> Glyph {
        Glyph::from_char(c).expect("a sign")
    }

    #[test]
    fn signs_that_look_alike_are_likelier_taken_for_each_other() {
        let table = Confusion::default();
        for (one, others) in ALIKE.into_iter().filter(|(one, _)| *one != 'Đ') {
            for other in others.chars() {
                assert!(table.likeness(glyph(one), glyph(other)) > 0.01, "{one} {other}");
            }
        }
        assert!(table.likeness(glyph('1'), glyph('8')) < 0.001);
        assert!((table.likeness(glyph('Đ'), glyph('D')) - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn every_row_is_a_distribution() {
        let table = Confusion::default();
        for truth in Glyph::ALL {
            let total: f32 = Glyph::ALL.into_iter().map(|read| table.log_probability(truth, read).exp()).sum();
            assert!((total - 1.0).abs() < 1e-4, "{truth}: {total}");
        }
    }

    #[test]
    fn what_was_counted_outweighs_the_guess() {
        let measured =
            Confusion::from_csv("truth,read,count\n# a test\n3,8,500\n3,3,500\n8,8,1000\n8,3,100\n").expect("a table");
        assert!(measured.likeness(glyph('3'), glyph('8')) > 0.2);
        assert!(Confusion::default().likeness(glyph('3'), glyph('8')) < 0.01);
        assert!(measured.likeness(glyph('5'), glyph('S')) > 0.01);
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = |text| Confusion::from_csv(text).expect_err("not a table").to_string();
        assert_eq!(error("3,8\n"), "line 1 of the confusion table: expected `truth,read,count`, found \"3,8\"");
        assert_eq!(
            error("3,8,1\nß,8,1"),
            "line 2 of the confusion table: \"ß\" is no sign; accepted are 0-9, A-Z and Đ"
        );
        assert_eq!(
            error("3,8,-1"),
            "line 1 of the confusion table: \"-1\" is no count; accepted are whole numbers from 0"
        );
    }
}
