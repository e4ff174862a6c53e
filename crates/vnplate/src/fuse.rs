//! Several looks at one plate, put together as probabilities and not as strings.
//!
//! Looks with as many signs are pooled place by place: the logarithms of their probabilities, weighted, are added and
//! made a distribution again. Looks at one plate from one camera make the same mistakes, so a look more counts for
//! less than an independent witness. Looks with another number of signs are another hypothesis; each is kept as a vote.

use std::cmp::Ordering;

use crate::decode::{self, BLANK, Decoded, Options, Outcome, POSITIONS_MAX, Position, decode};
use crate::surface::SoftEvidence;

/// The most looks that are kept; when there are more, the lightest go.
pub const LOOKS_MAX: usize = 64;

/// How much looks of total weight `w` count together: `w` to this power. 1 would take them for independent witnesses,
/// 0 for one witness who repeats himself.
const INDEPENDENCE: f64 = 0.5;

/// The least probability that a pooled look may give: one look cannot veto a sign.
const FLOOR: f64 = 1e-4;

/// A reading that holds another one and more signs at its beginning or end is the whole of which the other is a part,
/// if it weighs at least this share of it: signs are lost at the edge of a picture more often than they are made up.
const WHOLE_SHARE_MIN: f32 = 0.35;

/// How much a part of the reading counts against it.
const PART_AGAINST: f32 = 0.5;

/// One look at a plate.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// As for [`decode()`].
    pub positions: Vec<Position>,
    /// As for [`decode()`].
    pub evidence: SoftEvidence,
    /// How much it counts: sharpness, size and angle in one number; 1 for an ordinary look.
    pub weight: f32,
}

/// Why a look cannot count.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidLook {
    /// The weight is no positive number.
    #[error("weight of a look is {weight}: accepted are positive numbers")]
    Weight {
        /// What was given.
        weight: f32,
    },
    /// There are more places than are looked at.
    #[error("a look has {len} places: accepted are at most {POSITIONS_MAX}")]
    Places {
        /// How many.
        len: usize,
    },
}

/// The looks at one plate so far.
#[derive(Debug, Clone, Default)]
pub struct Fusion {
    looks: Vec<Look>,
}

/// What the looks come to.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Settled {
    /// The result: the heaviest vote that is a reading, or the heaviest. Its confidence is lowered by the share of the
    /// other votes that read another key.
    pub decoded: Decoded,
    /// What each number of signs came to, the heaviest first.
    pub votes: Vec<Vote>,
}

/// The looks with one number of signs.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Vote {
    /// How many signs.
    pub len: u8,
    /// How many looks.
    pub looks: u16,
    /// Their weight.
    pub weight: f32,
    /// What they come to by themselves.
    pub decoded: Decoded,
}

impl Fusion {
    /// No look yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many looks are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.looks.len()
    }

    /// Whether there is no look yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// Adds a look. The order of looks makes no difference.
    ///
    /// # Errors
    /// When the weight is not positive or there are too many places.
    pub fn add(&mut self, look: Look) -> Result<(), InvalidLook> {
        if !(look.weight > 0.0 && look.weight.is_finite()) {
            return Err(InvalidLook::Weight { weight: look.weight });
        }
        if look.positions.len() > POSITIONS_MAX {
            return Err(InvalidLook::Places { len: look.positions.len() });
        }
        let at = self.looks.partition_point(|other| heavier_first(other, &look) == Ordering::Less);
        self.looks.insert(at, look);
        self.looks.truncate(LOOKS_MAX);
        Ok(())
    }

    /// What the looks come to; `None` without a look.
    #[must_use]
    pub fn settle(&self, options: &Options) -> Option<Settled> {
        let mut votes: Vec<Vote> = (0..=POSITIONS_MAX).filter_map(|len| self.vote(len, options)).collect();
        votes.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(b.len.cmp(&a.len)));
        let mut winner = votes.iter().find(|vote| vote.decoded.best().is_some()).or(votes.first())?;
        while let Some(whole) = votes.iter().find(|vote| is_whole_of(vote, winner)) {
            winner = whole;
        }
        let mut decoded = winner.decoded.clone();
        let key = winner.decoded.best().map(decode::Reading::key);
        let others = votes.iter().filter(|vote| vote.decoded.best().is_some_and(|best| Some(best.key()) != key));
        let against: f32 =
            others.map(|vote| if is_part_of(vote, winner) { vote.weight * PART_AGAINST } else { vote.weight }).sum();
        if let Outcome::Read(readings) = &mut decoded.outcome {
            for reading in &mut readings.readings {
                reading.confidence *= winner.weight / (winner.weight + against);
            }
        }
        Some(Settled { decoded, votes })
    }

    /// The vote of the looks with so many signs, if there are any.
    fn vote(&self, len: usize, options: &Options) -> Option<Vote> {
        let looks: Vec<(&Look, Vec<&Position>)> =
            self.looks.iter().map(|look| (look, shown(look))).filter(|(_, shown)| shown.len() == len).collect();
        if looks.is_empty() {
            return None;
        }
        let weight: f64 = looks.iter().map(|(look, _)| f64::from(look.weight)).sum();
        // The best look is taken at its word, however good it is: weights only say how looks compare.
        let best = looks.iter().map(|(look, _)| f64::from(look.weight)).fold(f64::MIN_POSITIVE, f64::max);
        let positions: Vec<Position> = (0..len)
            .map(|at| {
                pooled(looks.iter().map(|(look, shown)| (shown[at], f64::from(look.weight) / best)), weight / best)
            })
            .collect();
        let decoded = decode(&positions, &evidence(&looks), options);
        Some(Vote { len: len as u8, looks: looks.len() as u16, weight: weight as f32, decoded })
    }
}

fn is_whole_of(whole: &Vote, part: &Vote) -> bool {
    whole.weight >= WHOLE_SHARE_MIN * part.weight && is_part_of(part, whole)
}

/// Whether the reading of `part` is that of `whole` without its first or last signs.
fn is_part_of(part: &Vote, whole: &Vote) -> bool {
    let (Some(part), Some(whole)) = (part.decoded.best(), whole.decoded.best()) else { return false };
    let (part, whole) = (part.key(), whole.key());
    let (part, whole) = (part.as_str(), whole.as_str());
    part.len() < whole.len() && (whole.starts_with(part) || whole.ends_with(part))
}

/// A total order that puts the heavier look first and equal looks side by side, so that sums do not depend on the
/// order in which looks came.
fn heavier_first(a: &Look, b: &Look) -> Ordering {
    b.weight.total_cmp(&a.weight).then_with(|| {
        let numbers = |look: &Look| {
            let evidence = look.evidence;
            let known = [
                evidence.two_rows,
                evidence.motorbike,
                evidence.cut_off,
                evidence.not_a_plate,
                evidence.top_len.map(f32::from),
            ];
            let colours = evidence.colours.unwrap_or([-1.0; 5]);
            let mut numbers: Vec<f32> = known.into_iter().map(|known| known.unwrap_or(-1.0)).collect();
            numbers.extend(colours);
            numbers.extend(look.positions.iter().flatten());
            numbers
        };
        let (a, b) = (numbers(a), numbers(b));
        let first = a.iter().zip(&b).map(|(x, y)| x.total_cmp(y)).find(|order| *order != Ordering::Equal);
        first.unwrap_or(a.len().cmp(&b.len()))
    })
}

/// The places of a look that are not blank.
fn shown(look: &Look) -> Vec<&Position> {
    let is_shown = |position: &&Position| position[..BLANK].iter().any(|p| *p > position[BLANK]);
    look.positions.iter().filter(is_shown).collect()
}

/// The pooled probabilities of one place.
fn pooled<'a>(looks: impl Iterator<Item = (&'a Position, f64)>, weight: f64) -> Position {
    let power = weight.powf(INDEPENDENCE) / weight;
    let mut logs = [0.0_f64; BLANK + 1];
    for (position, own) in looks {
        let total: f64 = position.iter().map(|p| f64::from(p.max(0.0))).filter(|p| p.is_finite()).sum();
        for (log, p) in logs.iter_mut().zip(position) {
            let p = if p.is_finite() && total > 0.0 { f64::from(p.max(0.0)) / total } else { 0.0 };
            *log += own * power * p.max(FLOOR).ln();
        }
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|log| (log - top).exp()).sum();
    logs.map(|log| ((log - top).exp() / total) as f32)
}

/// What the looks know of the plate apart from its signs: weighted means, and the heaviest top row.
fn evidence(looks: &[(&Look, Vec<&Position>)]) -> SoftEvidence {
    let mean = |known: &dyn Fn(&SoftEvidence) -> Option<f32>| {
        let (sum, weight) = looks.iter().fold((0.0_f32, 0.0_f32), |(sum, weight), (look, _)| {
            known(&look.evidence)
                .filter(|p| p.is_finite())
                .map_or((sum, weight), |p| (sum + look.weight * p, weight + look.weight))
        });
        (weight > 0.0).then(|| sum / weight)
    };
    let colour = |i: usize| mean(&|evidence| evidence.colours.map(|colours| colours[i]));
    let colours = match [colour(0), colour(1), colour(2), colour(3), colour(4)] {
        [Some(white), Some(yellow), Some(blue), Some(red), Some(other)] => Some([white, yellow, blue, red, other]),
        _ => None,
    };
    let top_weight = |len: u8| -> f32 {
        looks.iter().filter(|(look, _)| look.evidence.top_len == Some(len)).map(|(look, _)| look.weight).sum()
    };
    let top_len = looks
        .iter()
        .filter_map(|(look, _)| look.evidence.top_len)
        .max_by(|a, b| top_weight(*a).total_cmp(&top_weight(*b)).then(b.cmp(a)));
    SoftEvidence {
        two_rows: mean(&|evidence| evidence.two_rows),
        top_len,
        colours,
        motorbike: mean(&|evidence| evidence.motorbike),
        cut_off: mean(&|evidence| evidence.cut_off),
        not_a_plate: mean(&|evidence| evidence.not_a_plate),
    }
}
