//! A recogniser's numbers, made fit to search: probabilities per place, and which places are blank.

use crate::confusion::Confusion;
use crate::decode::outcome::{Raw, RawSign};
use crate::decode::{BLANK, Options, Position};
use crate::glyph::Glyph;
use crate::grammar::Class;

/// How well a Đ stands for a D, and a D for a Đ: the bar is a few pixels.
const STROKE_OVERLOOKED: f32 = 0.3;
const STROKE_IMAGINED: f32 = 0.1;

/// A place is either blank or not, beyond discussion, outside these probabilities of being blank.
const BLANK_UNSURE: std::ops::Range<f32> = 0.03..0.97;
/// The most places of which both are tried; of more, the least unsure are taken at their word.
const BLANK_UNSURE_MAX: usize = 4;
/// The share of the likeliest choice of blanks below which another is not tried.
const CHOICE_MIN: f32 = 1e-3;

/// The signs that count for less than this are not spread over those that are taken for them.
const SPREAD_MIN: f32 = 0.02;

/// One place.
pub(super) struct Place {
    /// The probability of each sign if the place is not blank, weakened towards what it is taken for. As they stand
    /// in a key: a Đ counts towards D as well, and the last entry is for places where the grammar wants Đ.
    pub(super) signs: [f32; Glyph::COUNT],
    /// The sums of `signs` over each class of the grammar.
    pub(super) sums: [f32; Class::ALL.len()],
    /// The sign that may not be overwritten, as it stands in a key.
    pub(super) clear: Option<Glyph>,
    /// The recogniser's likeliest.
    pub(super) raw: RawSign,
    /// What the recogniser said, adding up to 1.
    pub(super) said: Position,
}

/// Which places are not blank, and how likely that is.
pub(super) struct Choice {
    pub(super) places: Vec<u8>,
    pub(super) weight: f32,
}

impl Place {
    pub(super) fn new(position: &Position, options: &Options) -> Self {
        let said = normalised(position);
        let (likeliest, probability) =
            said.iter().enumerate().fold((BLANK, -1.0), |best, (i, p)| if *p > best.1 { (i, *p) } else { best });
        let raw = Glyph::from_index(likeliest).map_or(RawSign::Blank, RawSign::Glyph);
        let clear = match raw {
            RawSign::Glyph(glyph) if probability > options.clear => Some(glyph.canonical()),
            RawSign::Glyph(_) | RawSign::Blank => None,
        };
        let shown = (1.0 - said[BLANK]).max(f32::MIN_POSITIVE);
        let mut signs = [0.0; Glyph::COUNT];
        for (sign, p) in signs.iter_mut().zip(&said) {
            *sign = p / shown;
        }
        if clear.is_none() {
            spread(&mut signs, &options.confusion, options.confusion_share);
        }
        let (d, dyet) = (signs[Glyph::D.index()], signs[Glyph::D_STROKE.index()]);
        signs[Glyph::D.index()] = d + STROKE_IMAGINED * dyet;
        signs[Glyph::D_STROKE.index()] = dyet + STROKE_OVERLOOKED * d;
        let sums = Class::ALL.map(|class| class.set().iter().map(|glyph| signs[glyph.index()]).sum());
        Self { signs, sums, clear, raw, said }
    }

    /// The probability of a sign as it stands in a key.
    pub(super) fn sign(&self, glyph: Glyph) -> f32 {
        self.signs[glyph.index()]
    }

    /// What the recogniser itself gave a sign; D and Đ count together.
    pub(super) fn said_of(&self, glyph: Glyph) -> f32 {
        let own = self.said[glyph.index()];
        if glyph.canonical() == Glyph::D {
            self.said[Glyph::D.index()] + self.said[Glyph::D_STROKE.index()]
        } else {
            own
        }
    }

    /// Whether a sign may stand here: anything, unless another is clear.
    pub(super) fn may_be(&self, glyph: Glyph) -> bool {
        self.clear.is_none_or(|clear| clear == glyph.canonical())
    }
}

/// What no recogniser should say is put right: negative and not-a-number count as 0, and nothing at all as no idea.
fn normalised(position: &Position) -> Position {
    let mut said = position.map(|p| if p.is_finite() { p.max(0.0) } else { 0.0 });
    let total: f32 = said.iter().sum();
    if total > 0.0 && total.is_finite() {
        said.iter_mut().for_each(|p| *p /= total);
        said
    } else {
        [1.0 / position.len() as f32; BLANK + 1]
    }
}

/// Gives a share of each sign to those that it is taken for.
fn spread(signs: &mut [f32; Glyph::COUNT], confusion: &Confusion, share: f32) {
    let said = *signs;
    signs.iter_mut().for_each(|p| *p *= 1.0 - share);
    for read in Glyph::ALL {
        let p = said[read.index()];
        if p < SPREAD_MIN {
            signs[read.index()] += share * p;
            continue;
        }
        for (sign, truth) in signs.iter_mut().zip(confusion.truths(read)) {
            *sign += share * p * truth;
        }
    }
}

/// The likeliest choices of places that are not blank, the likeliest first.
pub(super) fn choices(places: &[Place]) -> Vec<Choice> {
    let mut unsure: Vec<usize> = (0..places.len())
        .filter(|i| places[*i].clear.is_none() && BLANK_UNSURE.contains(&places[*i].said[BLANK]))
        .collect();
    unsure.sort_by(|a, b| {
        let from_half = |i: &usize| (places[*i].said[BLANK] - 0.5).abs();
        from_half(a).total_cmp(&from_half(b))
    });
    unsure.truncate(BLANK_UNSURE_MAX);
    let mut choices: Vec<Choice> = (0..1_u32 << unsure.len())
        .map(|choice| {
            let mut weight = 1.0;
            let shown = (0..places.len())
                .filter(|i| {
                    let blank = places[*i].said[BLANK];
                    let shown = match unsure.iter().position(|j| j == i) {
                        Some(bit) => choice & (1 << bit) != 0,
                        None => places[*i].clear.is_some() || blank < 0.5,
                    };
                    weight *= if shown { 1.0 - blank } else { blank };
                    shown
                })
                .map(|i| i as u8)
                .collect();
            Choice { places: shown, weight }
        })
        .collect();
    choices.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let best = choices.first().map_or(0.0, |choice| choice.weight);
    choices.retain(|choice| choice.weight >= CHOICE_MIN * best);
    choices
}

/// The likeliest sign of each place that is not blank.
pub(super) fn raw(places: &[Place]) -> Raw {
    let mut raw = Raw::default();
    for place in places {
        if let RawSign::Glyph(glyph) = place.raw {
            raw.glyphs.push(glyph);
            raw.probabilities.push(place.said[glyph.index()]);
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_nonsense_is_no_idea() {
        let place = Place::new(&[f32::NAN; BLANK + 1], &Options::default());
        assert!(place.said.iter().all(|p| (p - 1.0 / 38.0).abs() < 1e-6));
    }

    #[test]
    fn places_that_may_be_blank_are_tried_both_ways() {
        let mut sure = [0.0; BLANK + 1];
        sure[3] = 1.0;
        let mut unsure = [0.0; BLANK + 1];
        unsure[4] = 0.6;
        unsure[BLANK] = 0.4;
        let places: Vec<_> = [sure, unsure, sure].iter().map(|p| Place::new(p, &Options::default())).collect();
        let shown: Vec<_> = choices(&places).into_iter().map(|choice| choice.places).collect();
        assert_eq!(shown, [vec![0, 1, 2], vec![0, 2]]);
    }
}
