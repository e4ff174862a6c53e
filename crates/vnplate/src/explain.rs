//! A text explained: what it may be, who issued it, and what keeps it from being anything else.

use std::fmt;

use crate::date::Date;
use crate::glyph::Glyph;
use crate::grammar::Misfit;
use crate::grammar::forms::{self, FORMS};
use crate::kind::Kind;
use crate::parse::{Fit, ParseError, Parsed, parse_with};
use crate::province::{Issuer, MERGED_ON, issuing};
use crate::surface::{Evidence, Rows};

/// A text explained. Its `Display` is for people, one statement a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The text as it was given.
    pub text: String,
    /// What it may be, or why it is nothing.
    pub parsed: Result<Parsed, ParseError>,
    /// Who issues plates with its code; `None` without a code.
    pub issuer: Option<Issuers>,
    /// The kinds that do not fit, and where each stops; only of kinds with as many signs.
    pub misses: Vec<Miss>,
}

/// Who issues plates with a code, before and since the merger of provinces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Issuers {
    /// The code on the plate.
    pub code: u8,
    /// Until 30 June 2025.
    pub before: Issuer,
    /// Since 1 July 2025.
    pub since: Issuer,
}

/// A kind that does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// The kind.
    pub kind: Kind,
    /// The first sign that does not fit, from 1.
    pub position: usize,
    /// That sign.
    pub found: Glyph,
    /// What the kind accepts there.
    pub accepted: crate::glyph::GlyphSet,
}

/// The last day of the 63 provinces.
const BEFORE: Date = Date::known(2025, 6, 30);

/// Explains a text.
#[must_use]
pub fn explain(text: &str) -> Explanation {
    explain_with(text, &Evidence::default())
}

/// Explains a text of which something more is known.
#[must_use]
pub fn explain_with(text: &str, evidence: &Evidence) -> Explanation {
    let parsed = parse_with(text, evidence);
    let glyphs: Vec<Glyph> = text.chars().filter_map(Glyph::from_char).collect();
    let misses = if forms::of_len(glyphs.len()).next().is_some() { misses(&glyphs, &parsed) } else { Vec::new() };
    let code = match &parsed {
        Ok(parsed) => parsed.fits.iter().find_map(|fit| fit.plate.code()),
        Err(ParseError::UnusedCode { code, .. }) => Some(*code),
        Err(
            ParseError::Empty
            | ParseError::Character { .. }
            | ParseError::Rows { .. }
            | ParseError::Length { .. }
            | ParseError::Glyph { .. },
        ) => None,
    };
    let issuer = code.map(|code| Issuers { code, before: issuing(code, BEFORE), since: issuing(code, MERGED_ON) });
    Explanation { text: text.to_owned(), parsed, issuer, misses }
}

/// For each kind that does not fit, the form of it that comes farthest.
fn misses(glyphs: &[Glyph], parsed: &Result<Parsed, ParseError>) -> Vec<Miss> {
    let fits = |kind: Kind| parsed.as_ref().is_ok_and(|parsed| parsed.as_kind(kind).is_some());
    Kind::ALL
        .into_iter()
        .filter(|kind| !fits(*kind))
        .filter_map(|kind| {
            let Misfit { at, accepted } = FORMS
                .iter()
                .filter(|form| form.kind == kind && usize::from(form.len) == glyphs.len())
                .filter_map(|form| form.check(glyphs).err())
                .max_by_key(|misfit| misfit.at)?;
            Some(Miss { kind, position: at + 1, found: glyphs[at], accepted })
        })
        .collect()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parsed {
            Ok(parsed) => {
                writeln!(f, "{}: key {}", self.text.escape_debug(), parsed.key)?;
                for fit in &parsed.fits {
                    write_fit(f, fit)?;
                }
                if parsed.ambiguous {
                    let ask = "the row break, the colour or the vehicle decides";
                    writeln!(f, "ambiguous: the first two fit about as well; {ask}")?;
                }
            }
            Err(error) => writeln!(f, "{}: no plate: {error}", self.text.escape_debug())?,
        }
        if let Some(issuers) = &self.issuer {
            write_issuers(f, issuers)?;
        }
        if !self.misses.is_empty() {
            writeln!(f, "what it is not:")?;
        }
        for miss in &self.misses {
            let Miss { kind, position, found, accepted } = miss;
            writeln!(f, "  {}: sign {position} is {found}, accepted is {accepted}", kind.slug())?;
        }
        Ok(())
    }
}

fn write_fit(f: &mut fmt::Formatter<'_>, fit: &Fit) -> fmt::Result {
    let plate = &fit.plate;
    let kind = plate.kind();
    let (top, bottom) = plate.rows_display();
    let rows = format!("{top} / {}", bottom.unwrap_or_default());
    let layout = if kind.allows(Rows::One) { format!("one row, or {rows}") } else { format!("two rows: {rows}") };
    let colours: Vec<_> = kind.colours().iter().map(|colour| colour.slug()).collect();
    writeln!(f, "  {:.0} % {} ({kind})", fit.share * 100.0, kind.slug())?;
    writeln!(f, "       written {plate}; {layout}; {}", colours.join(" or "))?;
    write!(f, "       series {}, serial {}", plate.series(), plate.serial())?;
    if let Some(country) = plate.country() {
        write!(f, ", country or organisation {country}")?;
    }
    if plate.is_head_of_mission() {
        write!(f, ", head of mission")?;
    }
    writeln!(f)?;
    fit.contradictions.iter().try_for_each(|contradiction| writeln!(f, "       against it: {contradiction}"))
}

fn write_issuers(f: &mut fmt::Formatter<'_>, issuers: &Issuers) -> fmt::Result {
    let Issuers { code, before, since } = issuers;
    match (before, since) {
        (Issuer::Province(before), Issuer::Province(since)) if before.name == since.name => {
            writeln!(f, "code {code}: {} (administrative code {:02})", since.name, since.admin_code)
        }
        (Issuer::Province(before), Issuer::Province(since)) => {
            writeln!(
                f,
                "code {code}: {} (administrative code {:02}); since {MERGED_ON} part of {} ({:02}); {}",
                before.name, before.admin_code, since.name, since.admin_code, since.law
            )
        }
        (Issuer::Province(_) | Issuer::TrafficPolice | Issuer::Unused, _) => writeln!(f, "code {code:02}: {since}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_motorbike_is_explained_with_its_province() {
        let said = explain("29H12345").to_string();
        assert!(said.contains("car (car (white: private"), "{said}");
        assert!(said.contains("written 29-H1 2345; two rows: 29-H1 / 2345; white"), "{said}");
        assert!(said.contains("ambiguous: "), "{said}");
        assert!(said.contains("code 29: Hà Nội (administrative code 01)"), "{said}");
        assert!(said.contains("  temporary: sign 1 is 2, accepted is T"), "{said}");
    }

    #[test]
    fn a_merged_province_is_named_with_both_names() {
        let said = explain("61A-123.45").to_string();
        assert!(
            said.contains("Bình Dương (administrative code 74); since 2025-07-01 part of Thành phố Hồ Chí Minh (79)"),
            "{said}"
        );
    }

    #[test]
    fn each_kind_that_does_not_fit_says_where_it_stops() {
        let explained = explain("30A-123.45");
        let temporary = explained.misses.iter().find(|miss| miss.kind == Kind::Temporary).expect("a miss");
        assert_eq!((temporary.position, temporary.accepted.to_string()), (1, "T".to_owned()));
        let trailer = explained.misses.iter().find(|miss| miss.kind.slug() == "trailer_r").expect("a miss");
        assert_eq!((trailer.position, trailer.accepted.to_string()), (3, "R".to_owned()));
    }

    #[test]
    fn what_is_no_plate_is_explained_too() {
        assert!(explain("13A12345").to_string().contains("code 13: nobody: the code is not used"));
        assert!(explain("hello!").to_string().starts_with("hello!: no plate: character 6"));
        assert!(explain("").to_string().contains("plate is empty"));
    }
}
