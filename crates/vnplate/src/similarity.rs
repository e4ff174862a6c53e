//! How alike two keys are: for lists, where a plate was read nearly as it is listed.

use crate::confusion::Confusion;
use crate::glyph::Glyph;
use crate::key::{KEY_LEN_MAX, Key};

/// Two signs are taken for each other easily from this likeness on.
pub const CONFUSABLE_MIN: f32 = 0.005;
/// The most differences of keys that are still confusable.
pub const CONFUSABLE_DIFFERENCES_MAX: usize = 2;

/// The likeness of a key with its first or last sign missing: a plate cut off by the edge of the picture. Only for keys
/// of different length: a plate does not lose one edge and win another.
pub(crate) const EDGE_MISSING: f32 = 0.02;
/// The likeness of a key with another sign missing.
const INNER_MISSING: f32 = 0.001;
/// The least likeness of two signs: keeps a table with a zero from making two keys infinitely different.
const LIKENESS_MIN: f32 = 1e-6;

/// How alike two keys are.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Likeness {
    /// The same.
    Exact,
    /// Different in few signs that are easily taken for each other, or in a sign at the edge that only one has.
    Confusable {
        /// How easily one is taken for the other, from 0 to 1.
        score: f32,
        /// Where they differ.
        differing: Vec<Difference>,
    },
    /// Different plates.
    Differs {
        /// In how many signs.
        n: usize,
        /// Where they differ.
        differing: Vec<Difference>,
    },
}

impl Likeness {
    /// How easily one key is taken for the other: 1 for the same, 0 for different plates.
    #[must_use]
    pub const fn score(&self) -> f32 {
        match self {
            Self::Exact => 1.0,
            Self::Confusable { score, .. } => *score,
            Self::Differs { .. } => 0.0,
        }
    }
}

/// One place where two keys differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Difference {
    /// The place in our key, from 0; of a sign that only theirs has, the place before which it would stand.
    pub index: usize,
    /// Our sign, if we have one there.
    pub ours: Option<Glyph>,
    /// Their sign, if they have one there.
    pub theirs: Option<Glyph>,
}

/// What it takes to turn one key into the other: the cheapest way, and of equally cheap ones the one with the fewest
/// differences.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    /// The negative logarithm of the likeness.
    log: f32,
    differences: usize,
}

impl Cost {
    fn plus(self, likeness: f32) -> Self {
        Self { log: self.log - likeness.max(LIKENESS_MIN).ln(), differences: self.differences + 1 }
    }

    fn less_than(self, other: Self) -> bool {
        // Sums of the same logarithms in another order differ in the last bits.
        const SAME: f32 = 1e-4;
        if (self.log - other.log).abs() < SAME { self.differences < other.differences } else { self.log < other.log }
    }
}

/// The way into a cell of the alignment.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Start,
    Both,
    OnlyOurs,
    OnlyTheirs,
}

/// Compares two keys. The same either way round, with ours and theirs exchanged.
#[must_use]
pub fn compare(ours: &Key, theirs: &Key, confusion: &Confusion) -> Likeness {
    if ours == theirs {
        return Likeness::Exact;
    }
    let (a, b): (Vec<Glyph>, Vec<Glyph>) = (ours.glyphs().collect(), theirs.glyphs().collect());
    let (cost, aligned) = align(&a, &b, confusion);
    let easily = aligned.iter().all(|(_, likeness)| *likeness >= CONFUSABLE_MIN);
    let differing: Vec<Difference> = aligned.into_iter().map(|(difference, _)| difference).collect();
    if differing.len() <= CONFUSABLE_DIFFERENCES_MAX && easily {
        Likeness::Confusable { score: (-cost.log).exp(), differing }
    } else {
        Likeness::Differs { n: differing.len(), differing }
    }
}

const fn at_edge(index: usize, len: usize) -> bool {
    index == 0 || index + 1 == len
}

fn missing(index: usize, len: usize, other_len: usize) -> f32 {
    if len != other_len && at_edge(index, len) { EDGE_MISSING } else { INNER_MISSING }
}

/// The cheapest alignment of two keys (dynamic programming over both, after Wagner and Fischer, 1974): what it costs,
/// and its differences, each with its likeness.
fn align(a: &[Glyph], b: &[Glyph], confusion: &Confusion) -> (Cost, Vec<(Difference, f32)>) {
    const SIDE: usize = KEY_LEN_MAX + 1;
    let none = (Cost { log: f32::INFINITY, differences: 0 }, Step::Start);
    let mut cells = [[none; SIDE]; SIDE];
    cells[0][0] = (Cost { log: 0.0, differences: 0 }, Step::Start);
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let mut best = cells[i][j];
            let mut offer = |cost: Cost, step: Step| {
                if cost.less_than(best.0) {
                    best = (cost, step);
                }
            };
            if i > 0 && j > 0 {
                let before = cells[i - 1][j - 1].0;
                let same = a[i - 1] == b[j - 1];
                let cost = if same { before } else { before.plus(confusion.likeness(a[i - 1], b[j - 1])) };
                offer(cost, Step::Both);
            }
            if i > 0 {
                offer(cells[i - 1][j].0.plus(missing(i - 1, a.len(), b.len())), Step::OnlyOurs);
            }
            if j > 0 {
                offer(cells[i][j - 1].0.plus(missing(j - 1, b.len(), a.len())), Step::OnlyTheirs);
            }
            cells[i][j] = best;
        }
    }
    let (mut i, mut j, mut differing) = (a.len(), b.len(), Vec::new());
    loop {
        match cells[i][j].1 {
            Step::Start => break,
            Step::Both => {
                (i, j) = (i - 1, j - 1);
                if a[i] != b[j] {
                    let likeness = confusion.likeness(a[i], b[j]);
                    differing.push((Difference { index: i, ours: Some(a[i]), theirs: Some(b[j]) }, likeness));
                }
            }
            Step::OnlyOurs => {
                i -= 1;
                let likeness = missing(i, a.len(), b.len());
                differing.push((Difference { index: i, ours: Some(a[i]), theirs: None }, likeness));
            }
            Step::OnlyTheirs => {
                j -= 1;
                let likeness = missing(j, b.len(), a.len());
                differing.push((Difference { index: i, ours: None, theirs: Some(b[j]) }, likeness));
            }
        }
    }
    differing.reverse();
    (cells[a.len()][b.len()].0, differing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Key {
        Key::from_text(text).expect("a key")
    }

    fn likeness(a: &str, b: &str) -> Likeness {
        compare(&key(a), &key(b), &Confusion::default())
    }

    #[test]
    fn one_sign_taken_for_another_is_shown_with_its_place() {
        let Likeness::Confusable { score, differing } = likeness("30A12345", "30A1234S") else { panic!("confusable") };
        assert!(score > 0.01 && score < 0.1, "{score}");
        let [difference] = differing.as_slice() else { panic!("one difference") };
        assert_eq!(
            (difference.index, difference.ours, difference.theirs),
            (7, Glyph::from_char('5'), Glyph::from_char('S'))
        );
    }

    #[test]
    fn signs_that_do_not_look_alike_make_another_plate() {
        assert!(matches!(likeness("30A12345", "30A12346"), Likeness::Differs { n: 1, .. }));
        assert!(matches!(likeness("30A12345", "29H98765"), Likeness::Differs { .. }));
        assert_eq!(likeness("29MĐ112345", "29MD1 123.45"), Likeness::Exact);
    }

    #[test]
    fn three_confusable_signs_are_too_many() {
        assert!(matches!(likeness("30A18250", "30A1B2SD"), Likeness::Differs { n: 3, .. }));
        assert!(matches!(likeness("30A18250", "30A1825O"), Likeness::Confusable { .. }));
    }

    #[test]
    fn a_missing_sign_at_the_edge_is_confusable_and_one_inside_is_not() {
        assert!(matches!(likeness("30A12345", "0A12345"), Likeness::Confusable { .. }));
        assert!(matches!(likeness("30A1234", "30A12345"), Likeness::Confusable { .. }));
        let Likeness::Differs { n: 1, differing } = likeness("30A12345", "30A1245") else { panic!("one difference") };
        assert_eq!((differing[0].ours, differing[0].theirs), (Glyph::from_char('3'), None));
    }

    proptest! {
        #[test]
        fn likeness_is_the_same_both_ways(a in "[0-9A-Z]{1,10}", b in "[0-9A-Z]{1,10}") {
            let (there, back) = (likeness(&a, &b), likeness(&b, &a));
            prop_assert!((there.score() - back.score()).abs() <= 1e-4 * there.score());
            prop_assert_eq!(std::mem::discriminant(&there), std::mem::discriminant(&back));
        }

        #[test]
        fn a_changed_sign_is_found_where_it_was_changed(
            text in "[0-9]{2}[A-Z][0-9]{5}",
            at in 0..8_usize,
            other in "[0-9A-Z]",
        ) {
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            match likeness(&text, &changed) {
                Likeness::Exact => prop_assert_eq!(text, changed),
                Likeness::Confusable { differing, .. } | Likeness::Differs { differing, .. } => {
                    prop_assert!(!differing.is_empty() && differing.len() <= 2);
                    prop_assert!(differing.iter().all(|d| d.ours != d.theirs));
                }
            }
        }
    }
}
