//! Who issues plates with a code, by date: the 63 provinces, the 34 since 1 July 2025, and the traffic police.
//!
//! Plates keep their code when provinces merge, and stay valid. The administrative code (Decision 19/2025/QĐ-TTg) is
//! another number than the plate code.

mod table;

use std::fmt;

use crate::date::Date;

/// The code of the Traffic Police Department, for central authorities and foreign missions.
pub const CENTRAL: u8 = 80;

/// The day from which the country has 34 provinces (Resolution 202/2025/QH15).
pub const MERGED_ON: Date = Date::known(2025, 7, 1);

/// The day on which Thừa Thiên Huế became the city Huế (Resolution 175/2024/QH15).
const HUE_ON: Date = Date::known(2025, 1, 1);

/// A province or a city of that rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Province {
    /// The name, in Vietnamese.
    pub name: &'static str,
    /// The administrative code; never the plate code.
    pub admin_code: u8,
    /// The law that the name and the code are from.
    pub law: &'static str,
}

/// Who issues plates with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Issuer {
    /// The police of a province.
    Province(Province),
    /// The Traffic Police Department (code 80).
    TrafficPolice,
    /// Nobody: no plate has this code.
    Unused,
}

impl Issuer {
    /// The name, in Vietnamese; `None` for an unused code.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        match self {
            Self::Province(province) => Some(province.name),
            Self::TrafficPolice => Some("Cục Cảnh sát giao thông"),
            Self::Unused => None,
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("nobody: the code is not used"))
    }
}

/// Who issues plates with `code` on a day. Days before August 2008, when there were 64 provinces, are answered with
/// the 63.
#[must_use]
pub fn issuing(code: u8, on: Date) -> Issuer {
    if code == CENTRAL {
        return Issuer::TrafficPolice;
    }
    let Some(old) = table::OLD.iter().find(|old| old.codes.contains(&code)) else { return Issuer::Unused };
    Issuer::Province(if on >= MERGED_ON {
        let new = table::NEW.iter().find(|(admin_code, _)| *admin_code == old.now);
        let (admin_code, name) = *new.expect("every old province names one of the new ones");
        Province {
            name, admin_code, law: "Resolution 202/2025/QH15, Decision 19/2025/QĐ-TTg, Circular 51/2025/TT-BCA"
        }
    } else if old.admin_code == table::HUE && on >= HUE_ON {
        Province { name: "Huế", admin_code: old.admin_code, law: "Resolution 175/2024/QH15, Circular 79/2024/TT-BCA" }
    } else {
        Province {
            name: old.name,
            admin_code: old.admin_code,
            law: "Decision 124/2004/QĐ-TTg, Circular 79/2024/TT-BCA",
        }
    })
}

/// Whether some authority issues plates with this code; the merger of provinces changed none of that.
#[must_use]
pub fn is_issued(code: u8) -> bool {
    ISSUED & (1 << code.min(127)) != 0
}

/// The codes that are issued, one bit each.
const ISSUED: u128 = {
    let mut issued = 1 << CENTRAL;
    let mut i = 0;
    while i < table::OLD.len() {
        let mut j = 0;
        while j < table::OLD[i].codes.len() {
            issued |= 1 << table::OLD[i].codes[j];
            j += 1;
        }
        i += 1;
    }
    issued
};

/// Every code that is issued, in order.
pub fn codes() -> impl Iterator<Item = u8> {
    (0..100).filter(|code| is_issued(*code))
}

/// Every province of a day, in the order of the law's table, without the traffic police.
#[must_use]
pub fn provinces(on: Date) -> Vec<Province> {
    let mut found: Vec<Province> = Vec::new();
    for code in codes() {
        match issuing(code, on) {
            Issuer::Province(province) if !found.contains(&province) => found.push(province),
            Issuer::Province(_) | Issuer::TrafficPolice | Issuer::Unused => {}
        }
    }
    found.sort_by_key(|province| province.admin_code);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Date = Date::known(2024, 12, 31);
    const AFTER: Date = Date::known(2025, 7, 1);

    #[test]
    fn there_are_63_provinces_before_the_merger_34_after_and_81_codes() {
        assert_eq!(provinces(BEFORE).len(), 63);
        assert_eq!(provinces(AFTER).len(), 34);
        assert_eq!(codes().count(), 81);
        let unused: Vec<_> = (11..100).filter(|code| !is_issued(*code)).collect();
        assert_eq!(unused, [13, 42, 44, 45, 46, 87, 91, 96]);
        assert!((0..11).all(|code| issuing(code, AFTER) == Issuer::Unused));
        assert_eq!(issuing(255, AFTER), Issuer::Unused);
    }

    #[test]
    fn a_code_keeps_its_plates_when_its_province_merges() {
        assert_eq!(issuing(61, BEFORE).name(), Some("Bình Dương"));
        assert_eq!(issuing(61, AFTER).name(), Some("Thành phố Hồ Chí Minh"));
        assert_eq!(issuing(81, Date::known(2025, 6, 30)).name(), Some("Gia Lai"));
        assert_eq!(issuing(77, AFTER).name(), Some("Gia Lai"));
        assert_eq!(issuing(80, BEFORE), Issuer::TrafficPolice);
    }

    #[test]
    fn the_admin_codes_are_those_of_their_day() {
        let admin = |code, on| match issuing(code, on) {
            Issuer::Province(province) => Some(province.admin_code),
            Issuer::TrafficPolice | Issuer::Unused => None,
        };
        assert_eq!(admin(98, BEFORE), Some(24));
        assert_eq!(admin(99, BEFORE), Some(27));
        assert_eq!((admin(98, AFTER), admin(99, AFTER)), (Some(24), Some(24)));
        assert_eq!(admin(74, BEFORE), Some(45));
        assert_eq!(admin(74, AFTER), Some(44));
    }

    #[test]
    fn hue_became_a_city_half_a_year_before_the_merger() {
        assert_eq!(issuing(75, BEFORE).name(), Some("Thừa Thiên Huế"));
        assert_eq!(issuing(75, Date::known(2025, 1, 1)).name(), Some("Huế"));
        assert_eq!(issuing(75, AFTER).name(), Some("Huế"));
    }

    #[test]
    fn no_code_belongs_to_two_provinces() {
        let mut all: Vec<u8> = table::OLD.iter().flat_map(|old| old.codes.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!((all.len(), count), (80, 80));
    }
}
