//! What may stand on a plate: every form of every kind as a row of places, and how far a row of signs follows one.
//!
//! A form is written as a template (see [`forms`]): the only description of the grammar, from which reading, writing
//! and error messages all follow.

pub(crate) mod forms;

use crate::glyph::{Glyph, GlyphSet};
use crate::kind::Kind;
use crate::province;

/// Series letters of cars, and the first of motorbikes.
pub(crate) const SERIES_FIRST: GlyphSet = GlyphSet::of("ABCDEFGHKLMNPSTUVXYZ");
/// The second series letter of motorbikes: R counts, G does not.
pub(crate) const SERIES_SECOND: GlyphSet = GlyphSet::of("ABCDEFHKLMNPRSTUVXYZ");
/// Series letters of the state.
pub(crate) const SERIES_STATE: GlyphSet = GlyphSet::of("ABCDEFGHKLM");
/// In the first list only: accepted as a second motorbike letter, but rare.
const SERIES_RARE: GlyphSet = GlyphSet::of("G");

/// The two letters of a military plate: first letter, then its second letters.
const UNITS: [(char, &str); 9] = [
    ('A', "ABCDVTNXM"),
    ('B', "BCHKLPT"),
    ('C', "ABDHMNPTV"),
    ('H', "ABCDEHNQT"),
    ('K', "ABCDKPTV"),
    ('P', "AGKMPQX"),
    ('Q', "ABCHM"),
    ('T', "CHKMNT"),
    ('V', "T"),
];

/// What one place, or two that belong together, accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// One sign of a class.
    One(Class),
    /// Two digits: the code of an issuing authority.
    Code,
    /// Two letters: a military unit.
    Unit,
    /// This letter, always.
    Literal(Glyph),
    /// Đ; a D is the same sign read less sharply.
    Dyet,
}

/// A class of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Digit,
    DigitFromOne,
    First,
    Second,
    Rare,
    State,
}

impl Class {
    pub(crate) const ALL: [Self; 6] =
        [Self::Digit, Self::DigitFromOne, Self::First, Self::Second, Self::Rare, Self::State];

    pub(crate) const fn set(self) -> GlyphSet {
        match self {
            Self::Digit => GlyphSet::DIGITS,
            Self::DigitFromOne => GlyphSet::DIGITS_FROM_ONE,
            Self::First => SERIES_FIRST,
            Self::Second => SERIES_SECOND,
            Self::Rare => SERIES_RARE,
            Self::State => SERIES_STATE,
        }
    }
}

impl Part {
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::Code | Self::Unit => 2,
            Self::One(_) | Self::Literal(_) | Self::Dyet => 1,
        }
    }

    /// What it accepts at its place `at`, after `before`, the signs at its earlier places.
    fn accepts(self, before: &[Glyph]) -> GlyphSet {
        match (self, before) {
            (Self::One(class), _) => class.set(),
            (Self::Literal(glyph), _) => GlyphSet::one(glyph),
            (Self::Dyet, _) => GlyphSet::one(Glyph::D_STROKE).union(GlyphSet::one(Glyph::D)),
            (Self::Code, []) => GlyphSet::DIGITS_FROM_ONE,
            (Self::Code, [tens, ..]) => (0..10_u8)
                .filter(|unit| tens.is_digit() && province::is_issued(tens.index() as u8 * 10 + unit))
                .fold(GlyphSet::EMPTY, |set, unit| set.union(GlyphSet::one(Glyph::ALL[usize::from(unit)]))),
            (Self::Unit, []) => units().fold(GlyphSet::EMPTY, |set, (first, _)| set.union(GlyphSet::one(first))),
            (Self::Unit, [first, ..]) => UNITS
                .iter()
                .find(|(letter, _)| *letter == first.as_char())
                .map_or(GlyphSet::EMPTY, |(_, seconds)| GlyphSet::of(seconds)),
        }
    }
}

/// Every military unit, as pairs of signs.
pub(crate) fn units() -> impl Iterator<Item = (Glyph, Glyph)> {
    UNITS.iter().flat_map(|(first, seconds)| {
        let first = Glyph::from_char(*first).expect("the table holds letters");
        seconds.chars().map(move |second| (first, Glyph::from_char(second).expect("the table holds letters")))
    })
}

/// One form of one kind.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    pub(crate) parts: Vec<Part>,
    /// How many signs.
    pub(crate) len: u8,
    /// Where the code of the issuing authority starts.
    pub(crate) code_at: Option<u8>,
    /// How many signs the top row has when there are two.
    pub(crate) top: u8,
    /// What people write between the signs: before which sign, and what.
    pub(crate) breaks: Vec<(u8, char)>,
    /// How usual one plate of this form is beside one plate of another, for a code that this kind likes neither more
    /// nor less than others.
    weight: f32,
}

/// Why a row of signs is no plate of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The first sign that does not fit, from 0.
    pub(crate) at: usize,
    pub(crate) accepted: GlyphSet,
}

impl Form {
    /// What the form accepts place by place, given the signs before.
    fn accepts(&self, at: usize, glyphs: &[Glyph]) -> GlyphSet {
        let mut start = 0;
        for part in &self.parts {
            if at < start + part.width() {
                return part.accepts(&glyphs[start..at]);
            }
            start += part.width();
        }
        GlyphSet::EMPTY
    }

    /// Whether the signs, as many as the form has, are a plate of it. Đ is as good as D wherever a D may stand.
    pub(crate) fn check(&self, glyphs: &[Glyph]) -> Result<(), Misfit> {
        for (at, glyph) in glyphs.iter().enumerate().take(usize::from(self.len)) {
            let accepted = self.accepts(at, glyphs);
            if !accepted.contains(*glyph) && !accepted.contains(glyph.canonical()) {
                return Err(Misfit { at, accepted });
            }
        }
        Ok(())
    }

    /// The code of the issuing authority in signs of this form.
    pub(crate) fn code(&self, glyphs: impl IntoIterator<Item = Glyph>) -> Option<u8> {
        let at = usize::from(self.code_at?);
        let mut digits = glyphs.into_iter().skip(at).take(2);
        let (tens, units) = (digits.next()?, digits.next()?);
        (tens.is_digit() && units.is_digit()).then(|| (tens.index() * 10 + units.index()) as u8)
    }

    /// How usual a plate of this form with this code is beside others: the prior, up to a factor.
    pub(crate) fn prior(&self, code: Option<u8>) -> f32 {
        let central = code == Some(province::CENTRAL);
        self.weight
            * match self.kind {
                // The central authority registers the state's cars and the missions', and hardly a motorbike.
                Kind::StateCar if central => 20.0,
                Kind::Car if central => 0.5,
                Kind::MotorbikeNew | Kind::MotorbikeOld | Kind::ElectricMotorbike if central => 0.05,
                Kind::Diplomatic(..) if central => 10.0,
                Kind::EconomicZone(zone) if code == Some(forms::home_of(zone)) => 4.0,
                Kind::Car
                | Kind::StateCar
                | Kind::MotorbikeNew
                | Kind::MotorbikeOld
                | Kind::ElectricMotorbike
                | Kind::StateMotorbike
                | Kind::Special(_)
                | Kind::EconomicZone(_)
                | Kind::Temporary
                | Kind::Diplomatic(..)
                | Kind::Military(_) => 1.0,
            }
    }

    /// Writes signs of this form as people do, from `from` to `to`, without a separator at either end.
    pub(crate) fn write(&self, glyphs: impl Iterator<Item = Glyph>, from: usize, to: usize) -> String {
        let dyet_at = self.dyet_at();
        let mut text = String::new();
        for (at, glyph) in glyphs.enumerate().take(to).skip(from) {
            if at > from {
                text.extend(self.breaks.iter().filter(|(before, _)| usize::from(*before) == at).map(|(_, c)| *c));
            }
            text.push(if dyet_at == Some(at) { Glyph::D_STROKE.as_char() } else { glyph.canonical().as_char() });
        }
        text
    }

    /// Where the Đ stands, if the form has one.
    pub(crate) fn dyet_at(&self) -> Option<usize> {
        let index = self.parts.iter().position(|part| *part == Part::Dyet)?;
        Some(self.parts[..index].iter().map(|part| part.width()).sum())
    }
}

/// Why signs are no plate of any form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Diagnosis {
    /// No form has so many signs.
    Length,
    /// The first two signs are a code that no authority uses.
    UnusedCode { at: usize, code: u8 },
    /// The forms that come farthest stop at this sign.
    Glyph { at: usize, accepted: GlyphSet, nearest: Kind },
}

/// Says what keeps signs from being a plate: the farthest place that any form reaches, and what is accepted there.
/// For signs that no form fits.
pub(crate) fn diagnose(glyphs: &[Glyph]) -> Diagnosis {
    let misfits: Vec<_> = forms::of_len(glyphs.len())
        .filter_map(|(_, form)| form.check(glyphs).err().map(|misfit| (form, misfit)))
        .collect();
    let Some(farthest) = misfits.iter().map(|(_, misfit)| misfit.at).max() else { return Diagnosis::Length };
    let stopped = || misfits.iter().filter(|(_, misfit)| misfit.at == farthest);
    let unused = stopped().find_map(|(form, misfit)| {
        let at = usize::from(form.code_at?);
        let code = form.code(glyphs.iter().copied())?;
        (misfit.at <= at + 1 && !province::is_issued(code)).then_some((at, code))
    });
    if let Some((at, code)) = unused {
        return Diagnosis::UnusedCode { at, code };
    }
    let accepted = stopped().fold(GlyphSet::EMPTY, |set, (_, misfit)| set.union(misfit.accepted));
    let nearest =
        stopped().max_by(|(a, _), (b, _)| a.weight.total_cmp(&b.weight)).map_or(Kind::Car, |(form, _)| form.kind);
    Diagnosis::Glyph { at: farthest, accepted, nearest }
}

/// The least signs of a plate, over all forms.
pub(crate) const LEN_MIN: usize = 5;

/// How many signs of a plate may be missing at one side for the rest to count as a part of it.
const CUT_OFF_MAX: usize = 2;

/// Whether the signs could be a plate of which one or two signs at the left or right are missing.
pub(crate) fn looks_cut_off(glyphs: &[Glyph]) -> bool {
    (1..=CUT_OFF_MAX).any(|missing| {
        forms::of_len(glyphs.len() + missing).any(|(_, form)| {
            let from_left = (0..glyphs.len()).all(|at| {
                let accepted = form.accepts(at, glyphs);
                accepted.contains(glyphs[at]) || accepted.contains(glyphs[at].canonical())
            });
            from_left || form.fits_without_start(glyphs, missing)
        })
    })
}

impl Form {
    /// Whether the signs are a plate of this form without its first `missing` signs.
    fn fits_without_start(&self, glyphs: &[Glyph], missing: usize) -> bool {
        let mut start = 0;
        for part in &self.parts {
            for place in 0..part.width() {
                let at = start + place;
                if at < missing {
                    continue;
                }
                // The first sign of a pair may be among the missing ones: then its second may be any that some pair has.
                let accepted = if place == 1 && start < missing {
                    part.second_signs()
                } else {
                    part.accepts(&glyphs[start.saturating_sub(missing)..at - missing])
                };
                let glyph = glyphs[at - missing];
                if !accepted.contains(glyph) && !accepted.contains(glyph.canonical()) {
                    return false;
                }
            }
            start += part.width();
        }
        true
    }
}

impl Part {
    /// What may stand at the second place of a pair, whatever stands at its first.
    fn second_signs(self) -> GlyphSet {
        match self {
            Self::Code => GlyphSet::DIGITS,
            Self::Unit => units().fold(GlyphSet::EMPTY, |set, (_, second)| set.union(GlyphSet::one(second))),
            Self::One(_) | Self::Literal(_) | Self::Dyet => GlyphSet::EMPTY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs(text: &str) -> Vec<Glyph> {
        text.chars().filter_map(Glyph::from_char).collect()
    }

    #[test]
    fn letters_that_no_civil_series_uses_are_in_no_set() {
        for c in ['I', 'J', 'O', 'Q', 'W'] {
            let glyph = Glyph::from_char(c).expect("a letter");
            assert!(!SERIES_FIRST.contains(glyph) && !SERIES_SECOND.contains(glyph) && !SERIES_STATE.contains(glyph));
        }
        assert_eq!(SERIES_FIRST.iter().count(), 20);
        assert_eq!(SERIES_SECOND.iter().count(), 20);
        assert_eq!(SERIES_STATE.iter().count(), 11);
        assert_eq!(units().count(), 61);
    }

    #[test]
    fn the_farthest_place_that_fails_is_the_one_that_is_named() {
        assert_eq!(
            diagnose(&glyphs("30A12O45")),
            Diagnosis::Glyph { at: 5, accepted: GlyphSet::DIGITS, nearest: Kind::Car }
        );
        assert_eq!(diagnose(&glyphs("13A12345")), Diagnosis::UnusedCode { at: 0, code: 13 });
        assert_eq!(diagnose(&glyphs("30A1")), Diagnosis::Length);
    }

    #[test]
    fn a_plate_without_an_end_looks_cut_off_and_a_word_does_not() {
        for text in ["0A12345", "A12345", "29H123", "9MD112345"] {
            assert!(looks_cut_off(&glyphs(text)), "{text}");
        }
        for text in ["BMW1234", "7ABC123", "PHOBO"] {
            assert!(!looks_cut_off(&glyphs(text)), "{text}");
        }
    }
}
