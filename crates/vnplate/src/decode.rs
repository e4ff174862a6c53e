//! From a recogniser's probabilities to ranked readings.
//!
//! Every plate of every kind is weighed: how usual it is, how well the rows, the colour and the vehicle go with it, and
//! the probabilities of its signs. A reading's confidence is its part of the weight of all plates and of everything
//! that is no plate. Plates that overwrite a clear sign count among the alternatives and are never the reading.

mod lattice;
mod outcome;
mod search;

pub use outcome::{Decoded, NotAPlate, Outcome, Raw, RawSign, Reading, Readings, Sign, UnknownKind, Unreadable};

use lattice::{Choice, Place};
use search::{Candidate, Found};

use crate::calibration::Calibration;
use crate::confusion::Confusion;
use crate::glyph::Glyph;
use crate::grammar::forms;
use crate::grammar::{self, Diagnosis};
use crate::key::{KEY_LEN_MAX, Key};
use crate::kind::Kind;
use crate::parse::AMBIGUOUS_RATIO;
use crate::plate::Plate;
use crate::surface::SoftEvidence;

/// The index of "nothing here" in a [`Position`].
pub const BLANK: usize = Glyph::COUNT;

/// The probability of each sign, in the order of [`Glyph::ALL`], and of a blank at [`BLANK`]. They should add up to 1
/// and are made to.
pub type Position = [f32; BLANK + 1];

/// The most places that are looked at; what has more signs than a plate is none, so further ones change nothing.
pub const POSITIONS_MAX: usize = 12;

/// The most readings that are given.
pub const READINGS_MAX: usize = 8;

/// The weight of the best reading, below which part another is not worth mentioning.
const READING_MIN: f32 = 1e-3;

/// With so many signs or fewer there is nothing to read.
const NEARLY_BLANK_MAX: usize = 2;
/// Digits without letters are a number from this length on.
const NUMBER_MIN: usize = 8;
/// A sign that the recogniser gave less than this is unsure, however little else the grammar leaves.
const SEEN_MIN: f32 = 0.1;

/// How to decode.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Above this probability a sign is clear: the grammar never overwrites it.
    pub clear: f32,
    /// How usual one row of signs that is no plate of any kind is, beside one that is an ordinary car's plate.
    pub others_weight: f32,
    /// Below this confidence a sign is unsure.
    pub unsure_below: f32,
    /// How many unsure signs a reading may have.
    pub unsure_max: u8,
    /// Below this confidence the best reading is none: it would be a guess.
    pub read_min: f32,
    /// Above this probability of being cut off a plate is not read.
    pub cut_off_above: f32,
    /// Which signs are taken for which.
    pub confusion: Confusion,
    /// How much of a sign that is not clear is given to those that are taken for it: what the recogniser does not
    /// know of its own mistakes. 0 takes it at its word.
    pub confusion_share: f32,
    /// Applied to the confidence of each reading at the end.
    pub calibration: Calibration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clear: 0.9,
            others_weight: 1e-3,
            unsure_below: 0.5,
            unsure_max: 2,
            read_min: 0.15,
            cut_off_above: 0.5,
            confusion: Confusion::default(),
            confusion_share: 0.05,
            calibration: Calibration::default(),
        }
    }
}

/// Reads a plate.
///
/// `positions` are the recogniser's places in reading order, the top row first. Places beyond [`POSITIONS_MAX`] that
/// are not blank count as signs, which makes the whole too long for a plate.
#[must_use]
pub fn decode(positions: &[Position], evidence: &SoftEvidence, options: &Options) -> Decoded {
    let places: Vec<Place> =
        positions.iter().take(POSITIONS_MAX).map(|position| Place::new(position, options)).collect();
    let raw = lattice::raw(&places);
    let further = positions
        .iter()
        .skip(POSITIONS_MAX)
        .filter(|position| matches!(Place::new(position, options).raw, RawSign::Glyph(_)))
        .count();
    let outcome = if let Some(obvious) = without_search(&raw, further, evidence, options) {
        obvious
    } else {
        let choices = lattice::choices(&places);
        let found = search::search(&places, &choices, evidence, options.others_weight);
        judge(&places, &choices, &found, &raw, options)
    };
    Decoded { outcome, raw }
}

/// What needs no search.
fn without_search(raw: &Raw, further: usize, evidence: &SoftEvidence, options: &Options) -> Option<Outcome> {
    let found = raw.glyphs.len() + further;
    if found <= NEARLY_BLANK_MAX {
        Some(Outcome::NotAPlate { reason: NotAPlate::NearlyBlank })
    } else if evidence.not_a_plate.is_some_and(|unlike| unlike > 0.5) {
        Some(Outcome::NotAPlate { reason: NotAPlate::Unlike })
    } else if found > KEY_LEN_MAX {
        Some(Outcome::NotAPlate { reason: NotAPlate::TooLong { found: found.min(usize::from(u8::MAX)) as u8 } })
    } else if evidence.cut_off.is_some_and(|cut_off| cut_off > options.cut_off_above) {
        Some(Outcome::Unreadable { reason: Unreadable::CutOff })
    } else {
        None
    }
}

fn judge(places: &[Place], choices: &[Choice], found: &Found, raw: &Raw, options: &Options) -> Outcome {
    let total = found.plates + found.others;
    let others_share = if total > 0.0 { found.others / total } else { 1.0 };
    let candidates = merged(&found.candidates);
    if candidates.is_empty() || others_share > 0.5 {
        return without_reading(raw, options);
    }
    let readings = readings(&candidates, places, choices, total, others_share, options);
    let best = &readings[0];
    let unsure = best
        .signs
        .iter()
        .filter(|sign| {
            let seen = places[usize::from(sign.place)].said_of(sign.glyph);
            sign.confidence < options.unsure_below || seen < SEEN_MIN
        })
        .count() as u8;
    if unsure > options.unsure_max {
        return Outcome::Unreadable { reason: Unreadable::TooUnsure { unsure, accepted: options.unsure_max } };
    }
    if best.confidence < options.read_min {
        return Outcome::Unreadable { reason: Unreadable::Doubtful };
    }
    let ambiguous = is_ambiguous(&candidates);
    Outcome::Read(Readings { readings, ambiguous })
}

/// One candidate per key and form, the heaviest first: the same plate may come from several choices of blanks.
fn merged(found: &[Candidate]) -> Vec<(&Candidate, f32)> {
    let mut merged: Vec<(&Candidate, f32)> = Vec::new();
    let mut order: Vec<&Candidate> = found.iter().collect();
    order.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    for candidate in order {
        match merged.iter_mut().find(|(one, _)| one.form == candidate.form && one.glyphs() == candidate.glyphs()) {
            Some((_, weight)) => *weight += candidate.weight,
            None => merged.push((candidate, candidate.weight)),
        }
    }
    merged.sort_by(|a, b| b.1.total_cmp(&a.1));
    merged
}

fn kind_of(candidate: &Candidate) -> Kind {
    forms::get(candidate.form).kind
}

/// The weight of a key over all its kinds.
fn key_weight(candidates: &[(&Candidate, f32)], glyphs: &[Glyph]) -> f32 {
    candidates.iter().filter(|(one, _)| one.glyphs() == glyphs).map(|(_, weight)| weight).sum()
}

fn readings(
    candidates: &[(&Candidate, f32)],
    places: &[Place],
    choices: &[Choice],
    total: f32,
    others_share: f32,
    options: &Options,
) -> Vec<Reading> {
    let least = candidates[0].1 * READING_MIN;
    candidates
        .iter()
        .take(READINGS_MAX)
        .filter(|(_, weight)| *weight >= least)
        .map(|(candidate, _)| {
            let glyphs = candidate.glyphs();
            let key_total = key_weight(candidates, glyphs);
            let kind_total: f32 = candidates
                .iter()
                .filter(|(one, _)| one.glyphs() == glyphs && kind_of(one) == kind_of(candidate))
                .map(|(_, weight)| weight)
                .sum();
            let key = Key::from_glyphs(glyphs).expect("a form has as many signs as a key may have");
            Reading {
                plate: Plate::of_form(key, candidate.form),
                confidence: options.calibration.apply((key_total / total).clamp(0.0, 1.0)),
                kind_confidence: (kind_total / key_total).clamp(0.0, 1.0),
                signs: signs(candidate, places, &choices[candidate.choice], others_share),
            }
        })
        .collect()
}

fn signs(candidate: &Candidate, places: &[Place], choice: &Choice, others_share: f32) -> Vec<Sign> {
    let form = forms::get(candidate.form);
    let view: Vec<&Place> = choice.places.iter().map(|i| &places[usize::from(*i)]).collect();
    candidate
        .glyphs()
        .iter()
        .enumerate()
        .map(|(at, glyph)| {
            let share = search::share(&view, form, candidate.glyphs(), at);
            let said = view[at].said_of(*glyph);
            let agrees = matches!(view[at].raw, RawSign::Glyph(raw) if raw.canonical() == *glyph);
            Sign {
                glyph: *glyph,
                confidence: ((1.0 - others_share) * share + others_share * said).clamp(0.0, 1.0),
                place: choice.places[at],
                instead_of: (!agrees).then_some(view[at].raw),
            }
        })
        .collect()
}

fn is_ambiguous(candidates: &[(&Candidate, f32)]) -> bool {
    let Some((first, _)) = candidates.first() else { return false };
    let first_key = key_weight(candidates, first.glyphs());
    let second_key = candidates
        .iter()
        .filter(|(one, _)| one.glyphs() != first.glyphs())
        .map(|(one, _)| key_weight(candidates, one.glyphs()))
        .fold(0.0, f32::max);
    let of_kind = |kind: Kind| -> f32 {
        let same = |one: &Candidate| one.glyphs() == first.glyphs() && kind_of(one) == kind;
        candidates.iter().filter(|(one, _)| same(one)).map(|(_, weight)| weight).sum()
    };
    let second_kind = candidates
        .iter()
        .filter(|(one, _)| one.glyphs() == first.glyphs() && kind_of(one) != kind_of(first))
        .map(|(one, _)| of_kind(kind_of(one)))
        .fold(0.0, f32::max);
    second_key >= AMBIGUOUS_RATIO * first_key || second_kind >= AMBIGUOUS_RATIO * of_kind(kind_of(first))
}

/// Says why there is no reading, from the likeliest signs.
fn without_reading(raw: &Raw, options: &Options) -> Outcome {
    let glyphs = raw.glyphs.as_slice();
    let unsure = raw.probabilities.iter().filter(|p| **p < options.unsure_below).count() as u8;
    if unsure > options.unsure_max {
        return Outcome::Unreadable { reason: Unreadable::TooUnsure { unsure, accepted: options.unsure_max } };
    }
    if glyphs.len() < grammar::LEN_MIN {
        return Outcome::Unreadable { reason: Unreadable::TooFewGlyphs { found: glyphs.len() as u8 } };
    }
    if glyphs.iter().all(|glyph| glyph.is_digit()) {
        return if glyphs.len() >= NUMBER_MIN {
            Outcome::NotAPlate { reason: NotAPlate::Number }
        } else {
            Outcome::UnknownKind { reason: UnknownKind::DigitsOnly }
        };
    }
    if !glyphs.iter().any(|glyph| glyph.is_digit()) {
        return Outcome::NotAPlate { reason: NotAPlate::Word };
    }
    if forms::of_len(glyphs.len()).any(|(_, form)| form.check(glyphs).is_ok()) {
        return Outcome::UnknownKind { reason: UnknownKind::Unlikely };
    }
    if grammar::looks_cut_off(glyphs) {
        return Outcome::Unreadable { reason: Unreadable::CutOff };
    }
    let reason = match grammar::diagnose(glyphs) {
        Diagnosis::UnusedCode { at: _, code } => UnknownKind::UnusedCode { code },
        Diagnosis::Glyph { at, accepted, nearest } => {
            UnknownKind::Glyph { position: at as u8 + 1, found: glyphs[at], accepted, nearest }
        }
        // A plate has five to ten signs and every length between has forms.
        Diagnosis::Length => UnknownKind::Unlikely,
    };
    Outcome::UnknownKind { reason }
}
