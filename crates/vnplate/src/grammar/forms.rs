//! The forms themselves.
//!
//! A template names each place by a small letter — `p` two digits of an issuing authority, `u` two letters of a
//! military unit, `a` a first series letter, `b` a second one, `g` one that is rare there, `c` a series letter of the
//! state, `n` a digit 1–9, `d` any digit — and fixed signs by themselves. `-`, `.` and a blank are what people write
//! between the signs; `/` is where the second row starts.

use std::sync::LazyLock;

use super::{Class, Form, Part};
use crate::glyph::Glyph;
use crate::kind::{DiplomaticVehicle, Kind, MilitaryVehicle, Mission, SpecialSeries, Zone};

/// A form's place in [`FORMS`].
pub(crate) type FormId = u8;

const ORDINARY: &[(Kind, &str, f32)] = &[
    (Kind::Car, "pa-/ddd.dd", 1.0),
    (Kind::Car, "pa-/dddd", 0.3),
    (Kind::StateCar, "pc-/ddd.dd", 0.03),
    (Kind::StateCar, "pc-/dddd", 0.01),
    (Kind::MotorbikeNew, "p-ab /ddd.dd", 0.5),
    (Kind::MotorbikeNew, "p-ab /dddd", 0.15),
    (Kind::MotorbikeNew, "p-ag /ddd.dd", 0.1),
    (Kind::MotorbikeNew, "p-ag /dddd", 0.03),
    (Kind::MotorbikeOld, "p-an /ddd.dd", 1.0),
    (Kind::MotorbikeOld, "p-an /dddd", 0.5),
    // R is in no list of first letters, but older motorbikes of Hồ Chí Minh City carry it.
    (Kind::MotorbikeOld, "p-Rn /ddd.dd", 0.03),
    (Kind::MotorbikeOld, "p-Rn /dddd", 0.1),
    (Kind::StateMotorbike, "p-cn /ddd.dd", 0.01),
    (Kind::StateMotorbike, "p-cn /dddd", 0.005),
    // Registered since numbers have five digits: with four of them a sign is covered.
    (Kind::ElectricMotorbike, "p-MĐn /ddd.dd", 1.0),
    (Kind::ElectricMotorbike, "p-MĐ /ddd.dd", 0.5),
    (Kind::Temporary, "Tp-/ddd.dd", 0.5),
    (Kind::Temporary, "Tp-/dddd", 0.2),
    (Kind::Military(MilitaryVehicle::Vehicle), "u-/dd-dd", 0.3),
    (Kind::Military(MilitaryVehicle::Motorbike), "u-/ddd", 0.2),
    (Kind::Military(MilitaryVehicle::Trailer), "u-/ddd-RM", 0.2),
    (Kind::Military(MilitaryVehicle::Trailer), "u-/ddd-BM", 0.2),
];

const SPECIAL: [(SpecialSeries, f32); 9] = [
    (SpecialSeries::ForeignInvested, 0.7),
    (SpecialSeries::ForeignProject, 0.4),
    (SpecialSeries::Restricted, 0.4),
    (SpecialSeries::ArmyCompany, 0.5),
    (SpecialSeries::Trial, 0.4),
    (SpecialSeries::Tractor, 0.5),
    (SpecialSeries::SpecialMachine, 0.5),
    (SpecialSeries::Trailer, 0.7),
    (SpecialSeries::SemiTrailer, 0.7),
];

/// How rare a special series is with four digits beside five.
const FOUR_DIGITS: f32 = 0.3;

const MISSIONS: [Mission; 4] = [Mission::Diplomatic, Mission::International, Mission::Staff, Mission::Foreign];

/// The code of the province that a zone lies in.
pub(crate) const fn home_of(zone: Zone) -> u8 {
    match zone {
        Zone::CauTreo => 38,
        Zone::LaoBao => 74,
    }
}

/// Every form. A form's place is its [`FormId`].
pub(crate) static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let mut forms: Vec<Form> = ORDINARY.iter().map(|(kind, template, weight)| form(*kind, template, *weight)).collect();
    for (series, weight) in SPECIAL {
        let letters = series.letters();
        forms.push(form(Kind::Special(series), &format!("p{letters}-/ddd.dd"), weight));
        forms.push(form(Kind::Special(series), &format!("p{letters}-/dddd"), weight * FOUR_DIGITS));
    }
    for zone in [Zone::CauTreo, Zone::LaoBao] {
        let letters = zone.letters();
        forms.push(form(Kind::EconomicZone(zone), &format!("p{letters}-/ddd.dd"), 0.15));
        forms.push(form(Kind::EconomicZone(zone), &format!("p{letters}-/dddd"), 0.15 * FOUR_DIGITS));
    }
    for mission in MISSIONS {
        let letters = mission.letters();
        for (vehicle, serial) in [(DiplomaticVehicle::Car, "dd"), (DiplomaticVehicle::Motorbike, "ddd")] {
            let kind = Kind::Diplomatic(mission, vehicle);
            forms.push(form(kind, &format!("p-ddd-/{letters}-{serial}"), 0.1));
            forms.push(form(kind, &format!("p-{letters} /ddd-{serial}"), 0.1));
        }
    }
    forms
});

/// Places in [`FORMS`] by how many signs a form has.
static BY_LEN: LazyLock<[Vec<FormId>; crate::key::KEY_LEN_MAX + 1]> = LazyLock::new(|| {
    let mut by_len: [Vec<FormId>; crate::key::KEY_LEN_MAX + 1] = Default::default();
    for (id, form) in FORMS.iter().enumerate() {
        by_len[usize::from(form.len)].push(id as FormId);
    }
    by_len
});

/// The forms with so many signs.
pub(crate) fn of_len(len: usize) -> impl Iterator<Item = (FormId, &'static Form)> {
    BY_LEN.get(len).into_iter().flatten().map(|id| (*id, &FORMS[usize::from(*id)]))
}

/// The form at a place that came from here.
pub(crate) fn get(id: FormId) -> &'static Form {
    &FORMS[usize::from(id)]
}

fn form(kind: Kind, template: &str, weight: f32) -> Form {
    let (mut parts, mut breaks) = (Vec::new(), Vec::new());
    let (mut len, mut top, mut code_at) = (0_u8, 0, None);
    for c in template.chars() {
        let part = match c {
            '-' | '.' | ' ' => {
                breaks.push((len, c));
                continue;
            }
            '/' => {
                top = len;
                continue;
            }
            'p' => {
                code_at = Some(len);
                Part::Code
            }
            'u' => Part::Unit,
            'a' => Part::One(Class::First),
            'b' => Part::One(Class::Second),
            'g' => Part::One(Class::Rare),
            'c' => Part::One(Class::State),
            'n' => Part::One(Class::DigitFromOne),
            'd' => Part::One(Class::Digit),
            'Đ' => Part::Dyet,
            other => Part::Literal(Glyph::from_char(other).expect("templates hold signs and the letters named above")),
        };
        len += part.width() as u8;
        parts.push(part);
    }
    Form { kind, parts, len, code_at, top, breaks, weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_form_and_every_form_two_rows() {
        for kind in Kind::ALL {
            assert!(FORMS.iter().any(|form| form.kind == kind), "{kind}");
        }
        for form in FORMS.iter() {
            assert!(form.top >= 2 && form.top < form.len, "{form:?}");
            assert!((super::super::LEN_MIN..=crate::key::KEY_LEN_MAX).contains(&usize::from(form.len)), "{form:?}");
        }
        assert!(FORMS.len() <= usize::from(FormId::MAX));
    }
}
