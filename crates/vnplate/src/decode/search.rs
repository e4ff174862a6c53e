//! The plates that a row of places may show, weighed exactly: the parts of a form do not influence each other, so the
//! weight of all its plates is a product of sums, and its best plates are found part by part.

use std::sync::LazyLock;

use crate::decode::lattice::{Choice, Place};
use crate::glyph::Glyph;
use crate::grammar::forms::{self, FormId};
use crate::grammar::{self, Class, Form, Part};
use crate::key::KEY_LEN_MAX;
use crate::province;
use crate::surface::SoftEvidence;
use crate::weigh;

/// How many plates of one form are followed.
const KEPT: usize = 4;
/// What weighs less than this beside the best at the same stage is not followed.
const KEPT_MIN: f32 = 1e-3;
/// The share of the heaviest form below which the single plates of another are not looked for.
const FORM_MIN: f32 = 1e-4;

/// A plate, as weighed.
pub(super) struct Candidate {
    pub(super) glyphs: [Glyph; KEY_LEN_MAX],
    pub(super) form: FormId,
    /// Which choice of blanks it is from.
    pub(super) choice: usize,
    pub(super) weight: f32,
}

impl Candidate {
    pub(super) fn glyphs(&self) -> &[Glyph] {
        &self.glyphs[..usize::from(forms::get(self.form).len)]
    }
}

/// What the search found.
pub(super) struct Found {
    /// The best plates in no order; a plate may come from several choices of blanks.
    pub(super) candidates: Vec<Candidate>,
    /// The weight of every plate of every kind.
    pub(super) plates: f32,
    /// The weight of everything that is no plate of any kind.
    pub(super) others: f32,
}

type Pair = (Glyph, Glyph);

static CODES: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    province::codes().map(|code| (Glyph::ALL[usize::from(code / 10)], Glyph::ALL[usize::from(code % 10)])).collect()
});
static UNITS: LazyLock<Vec<Pair>> = LazyLock::new(|| grammar::units().collect());

/// The pairs that a part of two places accepts.
pub(super) fn pairs(part: Part) -> &'static [Pair] {
    match part {
        Part::Code => &CODES,
        Part::Unit => &UNITS,
        Part::One(_) | Part::Literal(_) | Part::Dyet => &[],
    }
}

/// The codes that some kind likes more than others.
const MARKED_CODES: [u8; 3] = [province::CENTRAL, 38, 74];

pub(super) fn search(places: &[Place], choices: &[Choice], evidence: &SoftEvidence, others_weight: f32) -> Found {
    let mut found = Found { candidates: Vec::new(), plates: 0.0, others: 0.0 };
    let mut weighed: Vec<(usize, FormId, f32, f32)> = Vec::new();
    for (index, choice) in choices.iter().enumerate() {
        found.others += choice.weight * others_weight;
        let view = View::new(places, choice);
        for (id, form) in forms::of_len(choice.places.len()) {
            let factor = choice.weight * weigh::agreement(form, evidence);
            let weight = factor * view.weight_of(form);
            found.plates += weight;
            weighed.push((index, id, factor, weight));
        }
    }
    let heaviest = weighed.iter().map(|(_, _, _, weight)| *weight).fold(0.0, f32::max);
    for (index, id, factor, _) in weighed.iter().filter(|(_, _, _, weight)| *weight > FORM_MIN * heaviest) {
        let view = View::new(places, &choices[*index]);
        for (glyphs, weight) in view.best_of(forms::get(*id)) {
            found.candidates.push(Candidate { glyphs, form: *id, choice: *index, weight: factor * weight });
        }
    }
    found
}

/// The places of one choice, in order.
struct View<'a> {
    places: Vec<&'a Place>,
    /// The weight of all codes at the first place and at the second.
    codes: [f32; 2],
    units: f32,
}

/// The signs so far and their weight.
type Partial = ([Glyph; KEY_LEN_MAX], f32);

impl<'a> View<'a> {
    fn new(all: &'a [Place], choice: &Choice) -> Self {
        let places: Vec<&Place> = choice.places.iter().map(|i| &all[usize::from(*i)]).collect();
        let sum = |at: usize, pairs: &[Pair]| match places.get(at..at + 2) {
            Some([first, second]) => pairs.iter().map(|(a, b)| first.sign(*a) * second.sign(*b)).sum(),
            _ => 0.0,
        };
        let (codes, units) = ([sum(0, &CODES), sum(1, &CODES)], sum(0, &UNITS));
        Self { places, codes, units }
    }

    /// The weight of every plate of a form: prior times probability, summed.
    fn weight_of(&self, form: &Form) -> f32 {
        let (mut weight, mut at) = (1.0_f32, 0);
        for part in &form.parts {
            let place = self.places[at];
            weight *= match *part {
                Part::One(class) => place.sums[class as usize],
                Part::Literal(glyph) => place.sign(glyph),
                Part::Dyet => place.sign(Glyph::D_STROKE),
                Part::Code => self.weight_of_codes(form, at),
                Part::Unit => self.units * form.prior(None),
            };
            if weight == 0.0 {
                return 0.0;
            }
            at += part.width();
        }
        weight
    }

    fn weight_of_codes(&self, form: &Form, at: usize) -> f32 {
        let base = form.prior(None);
        let marked: f32 = MARKED_CODES
            .iter()
            .map(|code| {
                let more = form.prior(Some(*code)) - base;
                let (tens, units) = (usize::from(code / 10), usize::from(code % 10));
                more * self.places[at].signs[tens] * self.places[at + 1].signs[units]
            })
            .sum();
        base * self.codes[at] + marked
    }

    /// The best plates of a form that overwrite no clear sign.
    fn best_of(&self, form: &Form) -> Vec<Partial> {
        let mut kept: Vec<Partial> = vec![([Glyph::ALL[0]; KEY_LEN_MAX], 1.0)];
        let mut at = 0;
        for part in &form.parts {
            let next = match part.width() {
                2 => self.best_pairs(form, *part, at),
                _ => self.best_singles(*part, at),
            };
            let mut grown = Vec::with_capacity(kept.len() * next.len());
            for (glyphs, weight) in &kept {
                for ((first, second), more) in &next {
                    let mut glyphs = *glyphs;
                    glyphs[at] = *first;
                    if part.width() == 2 {
                        glyphs[at + 1] = *second;
                    }
                    grown.push((glyphs, weight * more));
                }
            }
            keep_best(&mut grown);
            kept = grown;
            at += part.width();
        }
        kept
    }

    fn best_pairs(&self, form: &Form, part: Part, at: usize) -> Vec<(Pair, f32)> {
        let (first, second) = (self.places[at], self.places[at + 1]);
        let mut best: Vec<(Pair, f32)> = pairs(part)
            .iter()
            .filter(|(a, b)| first.may_be(*a) && second.may_be(*b))
            .map(|(a, b)| {
                let code = (part == Part::Code).then(|| (a.index() * 10 + b.index()) as u8);
                ((*a, *b), first.sign(*a) * second.sign(*b) * form.prior(code))
            })
            .collect();
        keep_best(&mut best);
        best
    }

    fn best_singles(&self, part: Part, at: usize) -> Vec<(Pair, f32)> {
        let place = self.places[at];
        let single = |glyph: Glyph, weight: f32| ((glyph.canonical(), glyph), weight);
        let mut best: Vec<(Pair, f32)> = match part {
            Part::One(class) => {
                class.set().iter().filter(|g| place.may_be(*g)).map(|g| single(g, place.sign(g))).collect()
            }
            Part::Literal(glyph) => place.may_be(glyph).then(|| single(glyph, place.sign(glyph))).into_iter().collect(),
            Part::Dyet => {
                place.may_be(Glyph::D).then(|| single(Glyph::D, place.sign(Glyph::D_STROKE))).into_iter().collect()
            }
            Part::Code | Part::Unit => Vec::new(),
        };
        keep_best(&mut best);
        best
    }
}

/// The best few, the best first; what has no weight, or nearly none beside the best, is dropped.
fn keep_best<T: Copy>(found: &mut Vec<(T, f32)>) {
    let best = found.iter().map(|(_, weight)| *weight).fold(0.0, f32::max);
    found.retain(|(_, weight)| *weight > 0.0 && *weight >= KEPT_MIN * best);
    if found.len() > KEPT {
        found.select_nth_unstable_by(KEPT - 1, |a, b| b.1.total_cmp(&a.1));
        found.truncate(KEPT);
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
}

/// The share of a sign among those that its part of the form accepts at that place.
pub(super) fn share(places: &[&Place], form: &Form, glyphs: &[Glyph], at: usize) -> f32 {
    let mut start = 0;
    for part in &form.parts {
        if at < start + part.width() {
            return share_in(*part, places, glyphs, start, at);
        }
        start += part.width();
    }
    0.0
}

fn share_in(part: Part, places: &[&Place], glyphs: &[Glyph], start: usize, at: usize) -> f32 {
    let (own, all) = match part {
        Part::One(class) => (places[at].sign(glyphs[at]), places[at].sums[class as usize]),
        Part::Literal(_) | Part::Dyet => return 1.0,
        Part::Code | Part::Unit => {
            let weight = |(a, b): &Pair| places[start].sign(*a) * places[start + 1].sign(*b);
            let own = |(a, b): &&Pair| if at == start { *a == glyphs[at] } else { *b == glyphs[at] };
            (pairs(part).iter().filter(own).map(weight).sum(), pairs(part).iter().map(weight).sum())
        }
    };
    if all > 0.0 { own / all } else { 0.0 }
}

/// The sums of [`Place::sums`] are in this order.
const _: () = assert!(Class::Digit as usize == 0 && Class::ALL.len() == Class::State as usize + 1);
