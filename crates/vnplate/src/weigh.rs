//! How well a form agrees with what is known of a plate apart from its signs.
//!
//! Each source gives a likelihood ratio against "any plate": 1 says nothing, below 1 speaks against the form. Ratios
//! are bounded, because a colour or a layout is mistaken more often than the classifier that gave it admits.

use crate::glyph::Glyph;
use crate::grammar::Form;
use crate::kind::{Kind, MilitaryVehicle, SpecialSeries, Zone};
use crate::surface::{Colour, SoftEvidence};

/// The weakest and strongest that one source may speak. A rare colour says much: one plate in twenty-five is blue.
const RATIO: std::ops::RangeInclusive<f32> = 0.005..=25.0;

/// How much probability a classifier's word keeps for its being wrong.
const DOUBT: f32 = 0.01;

/// The ratio of a top row with the form's number of signs, and with another.
const TOP_FITS: f32 = 1.5;
const TOP_DIFFERS: f32 = 0.02;

/// How usual the colours are over all plates: white, yellow, blue, red, other.
const COLOURS: [f32; 5] = [0.78, 0.12, 0.04, 0.04, 0.02];

/// The agreement of a form, with signs in `glyphs`, with the evidence: a factor on its prior.
pub(crate) fn agreement(form: &Form, evidence: &SoftEvidence) -> f32 {
    let rows = evidence.two_rows.map_or(1.0, |two| rows_ratio(form.kind, bounded(two)));
    let top = evidence.top_len.map_or(1.0, |top| if top == form.top { TOP_FITS } else { TOP_DIFFERS });
    let colour = evidence.colours.map_or(1.0, |colours| colour_ratio(form.kind, &colours));
    let vehicle = evidence.motorbike.map_or(1.0, |motorbike| {
        let motorbike = bounded(motorbike);
        2.0 * if form.kind.is_motorbike() { motorbike } else { 1.0 - motorbike }
    });
    clamped(rows) * top * clamped(colour) * clamped(vehicle)
}

/// The prior of a form for the code in `glyphs`.
pub(crate) fn prior(form: &Form, glyphs: &[Glyph]) -> f32 {
    form.prior(form.code(glyphs.iter().copied()))
}

fn bounded(probability: f32) -> f32 {
    if probability.is_nan() { 0.5 } else { probability.clamp(DOUBT, 1.0 - DOUBT) }
}

fn clamped(ratio: f32) -> f32 {
    ratio.clamp(*RATIO.start(), *RATIO.end())
}

/// The ratio for one row against two, from how often plates of the kind have two.
fn rows_ratio(kind: Kind, two: f32) -> f32 {
    let share = if !kind.allows(crate::surface::Rows::One) {
        1.0
    } else if kind == Kind::Military(MilitaryVehicle::Trailer) {
        0.8
    } else {
        0.4
    };
    2.0 * (two * share + (1.0 - two) * (1.0 - share))
}

fn colour_ratio(kind: Kind, seen: &[f32; 5]) -> f32 {
    let total: f32 = seen.iter().map(|p| p.max(0.0)).sum();
    if !(total > 0.0 && total.is_finite()) {
        return 1.0;
    }
    let shares = colour_shares(kind);
    (0..5).map(|i| seen[i].max(0.0) / total * shares[i] / COLOURS[i]).sum()
}

/// How often plates of a kind have each colour: white, yellow, blue, red, other.
fn colour_shares(kind: Kind) -> [f32; 5] {
    const OTHER: f32 = 0.02;
    const WRONG: f32 = 0.001;
    let mut shares = [WRONG, WRONG, WRONG, WRONG, OTHER];
    let mut give = |colour: Colour, share: f32| shares[colour.index()] = share;
    match kind {
        Kind::Car => {
            give(Colour::White, 0.76);
            give(Colour::Yellow, 0.22);
        }
        Kind::Special(SpecialSeries::SpecialMachine) => {
            give(Colour::White, 0.7);
            give(Colour::Blue, 0.28);
        }
        Kind::Special(
            SpecialSeries::ForeignInvested
            | SpecialSeries::ForeignProject
            | SpecialSeries::ArmyCompany
            | SpecialSeries::Trailer
            | SpecialSeries::SemiTrailer,
        ) => {
            give(Colour::White, 0.8);
            give(Colour::Yellow, 0.18);
        }
        Kind::StateCar | Kind::StateMotorbike => give(Colour::Blue, 0.97),
        Kind::EconomicZone(Zone::CauTreo | Zone::LaoBao) => give(Colour::Yellow, 0.97),
        Kind::Military(_) => give(Colour::Red, 0.97),
        Kind::MotorbikeNew
        | Kind::MotorbikeOld
        | Kind::ElectricMotorbike
        | Kind::Special(SpecialSeries::Restricted | SpecialSeries::Trial | SpecialSeries::Tractor)
        | Kind::Temporary
        | Kind::Diplomatic(..) => give(Colour::White, 0.97),
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::forms;
    use crate::surface::{Evidence, Rows, VehicleHint};

    fn form(kind: Kind) -> &'static Form {
        forms::of_len(8).map(|(_, form)| form).find(|form| form.kind == kind).expect("a form of eight signs")
    }

    #[test]
    fn each_source_speaks_for_the_kind_that_it_fits() {
        let known = |evidence: Evidence| {
            let evidence = evidence.into();
            agreement(form(Kind::Car), &evidence) / agreement(form(Kind::MotorbikeOld), &evidence)
        };
        assert!((known(Evidence::default()) - 1.0).abs() < 1e-6);
        assert!(known(Evidence { rows: Some(Rows::One), ..Evidence::default() }) > 20.0);
        assert!(known(Evidence { rows: Some(Rows::Two), ..Evidence::default() }) < 0.6);
        assert!(known(Evidence { top_len: Some(3), ..Evidence::default() }) > 20.0);
        assert!(known(Evidence { top_len: Some(4), ..Evidence::default() }) < 0.05);
        assert!(known(Evidence { colour: Some(Colour::Yellow), ..Evidence::default() }) > 10.0);
        assert!(known(Evidence { vehicle: Some(VehicleHint::Motorbike), ..Evidence::default() }) < 0.05);
    }

    #[test]
    fn nonsense_numbers_say_nothing() {
        let nonsense = SoftEvidence {
            two_rows: Some(f32::NAN),
            colours: Some([f32::NAN; 5]),
            motorbike: Some(f32::NAN),
            ..SoftEvidence::default()
        };
        for kind in [Kind::Car, Kind::MotorbikeOld] {
            assert!(agreement(form(kind), &nonsense).is_finite());
        }
    }
}
