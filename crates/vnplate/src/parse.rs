//! From a text that somebody wrote to every kind of plate that it may be.

use crate::glyph::{Glyph, GlyphSet};
use crate::grammar::{self, Diagnosis, forms};
use crate::key::{KEY_LEN_MAX, Key, is_row_break, is_separator};
use crate::kind::Kind;
use crate::plate::Plate;
use crate::surface::{Evidence, Rows, SoftEvidence, VehicleHint};
use crate::weigh;

/// When the second of two possibilities counts as about as good as the first: its share of the first's.
pub const AMBIGUOUS_RATIO: f32 = 1.0 / 3.0;

/// How much a separator in the text that the form does not write there speaks against the form.
const BREAK_ELSEWHERE: f32 = 0.02;
/// The same for another separator than the form writes there: `29-NN 168-06` is a foreigner's car, not a motorbike.
const BREAK_OTHER: f32 = 0.05;
/// The same for one that the text leaves out while it writes others.
const BREAK_LEFT_OUT: f32 = 0.6;

/// What a text may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The canonical key.
    pub key: Key,
    /// Every kind that fits, the likeliest first; never empty.
    pub fits: Vec<Fit>,
    /// Whether another kind fits about as well as the first.
    pub ambiguous: bool,
}

impl Parsed {
    /// The likeliest.
    #[must_use]
    pub fn best(&self) -> &Fit {
        self.fits.first().expect("a text that nothing fits is an error")
    }

    /// What it is as a plate of a kind, if it can be one.
    #[must_use]
    pub fn as_kind(&self, kind: Kind) -> Option<&Fit> {
        self.fits.iter().find(|fit| fit.plate.kind() == kind)
    }
}

/// One kind that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The text as a plate of this kind.
    pub plate: Plate,
    /// How likely it is among those that fit; the shares add up to 1.
    pub share: f32,
    /// What is known and speaks against it.
    pub contradictions: Vec<Contradiction>,
}

/// Something known that does not go with a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The kind is never written in one row.
    #[error("plates of this kind have two rows")]
    OneRow,
    /// The top row of the kind has another number of signs.
    #[error("the top row has {seen} signs and this kind's has {usual}")]
    TopRow {
        /// How many were seen.
        seen: u8,
        /// How many the kind has.
        usual: u8,
    },
    /// The kind has another colour.
    #[error("plates of this kind are not of this colour")]
    Colour,
    /// The kind is of another vehicle.
    #[error("another vehicle carries plates of this kind")]
    Vehicle,
}

/// Why a text is no plate. Positions count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// No sign in it.
    #[error("plate is empty: write for example 30A-123.45")]
    Empty,
    /// A character that no plate shows.
    #[error(
        "character {position} is {found:?}: a plate has 0-9, A-Z and Đ, with blanks, dots, dashes or one `/` between them"
    )]
    Character {
        /// Which character of the text.
        position: usize,
        /// The character.
        found: char,
    },
    /// More rows than any plate.
    #[error("character {position} starts a third row: a plate has one row or two")]
    Rows {
        /// Which character of the text.
        position: usize,
    },
    /// Too few or too many signs.
    #[error("plate {compact} has {len} signs: plates have {min} to {KEY_LEN_MAX}", len = compact.chars().count(), min = grammar::LEN_MIN)]
    Length {
        /// The signs.
        compact: String,
    },
    /// Nobody issues plates with this code.
    #[error("position {position} of {compact}: no authority issues plates with code {code:02}")]
    UnusedCode {
        /// The signs.
        compact: String,
        /// Where the code starts.
        position: usize,
        /// The code.
        code: u8,
    },
    /// A sign that no kind has there.
    #[error("position {position} of {compact} is {found}: accepted there is {accepted}")]
    Glyph {
        /// The signs.
        compact: String,
        /// Which sign.
        position: usize,
        /// The sign.
        found: Glyph,
        /// What the kinds that fit so far accept.
        accepted: GlyphSet,
    },
}

/// The signs and separators of a text.
struct Written {
    glyphs: Vec<Glyph>,
    /// Before which sign, and what; the row break is `/`.
    breaks: Vec<(u8, char)>,
}

/// Every kind of plate that `text` may be. Separators, case and D for Đ are free; a `/` or a line break is where the
/// second row starts.
///
/// # Errors
/// When no kind fits: which position, and what is accepted there.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    parse_with(text, &Evidence::default())
}

/// As [`parse`], with what else is known of the plate.
///
/// # Errors
/// When no kind fits. Evidence orders the kinds and never makes an error.
pub fn parse_with(text: &str, evidence: &Evidence) -> Result<Parsed, ParseError> {
    let written = read(text)?;
    let glyphs = written.glyphs.as_slice();
    let compact = || glyphs.iter().map(|glyph| glyph.as_char()).collect::<String>();
    let Some(key) = Key::from_glyphs(glyphs) else { return Err(ParseError::Length { compact: compact() }) };
    let evidence = with_rows_of(evidence, &written);
    let soft = SoftEvidence::from(evidence);
    let mut fits: Vec<Fit> = forms::of_len(glyphs.len())
        .filter(|(_, form)| form.check(glyphs).is_ok())
        .map(|(id, form)| {
            let plate = Plate::of_form(key, id);
            let dyet = if form.dyet_at().is_some() == glyphs.contains(&Glyph::D_STROKE) { 1.0 } else { 0.5 };
            let share = weigh::prior(form, glyphs) * weigh::agreement(form, &soft) * written.agreement(&plate) * dyet;
            Fit { plate, share, contradictions: contradictions(&plate, &evidence) }
        })
        .collect();
    if fits.is_empty() {
        return Err(misfit(glyphs, compact()));
    }
    let total: f32 = fits.iter().map(|fit| fit.share).sum();
    for fit in &mut fits {
        fit.share /= total;
    }
    fits.sort_by(|a, b| b.share.total_cmp(&a.share));
    let ambiguous = fits.get(1).is_some_and(|second| second.share >= AMBIGUOUS_RATIO * fits[0].share);
    Ok(Parsed { key, fits, ambiguous })
}

/// Takes a text apart.
fn read(text: &str) -> Result<Written, ParseError> {
    let mut written = Written { glyphs: Vec::with_capacity(KEY_LEN_MAX), breaks: Vec::new() };
    let mut rows = 1;
    for (index, c) in text.trim().chars().enumerate() {
        let position = index + 1;
        let before = written.glyphs.len().min(usize::from(u8::MAX)) as u8;
        if let Some(glyph) = Glyph::from_char(c) {
            written.glyphs.push(glyph);
        } else if is_row_break(c) {
            rows += 1;
            if rows > 2 {
                return Err(ParseError::Rows { position });
            }
            written.breaks.retain(|(at, _)| *at != before);
            written.breaks.push((before, '/'));
        } else if is_separator(c) {
            if written.breaks.iter().all(|(at, _)| *at != before) {
                written.breaks.push((before, usual(c)));
            }
        } else {
            return Err(ParseError::Character { position, found: c });
        }
    }
    if written.glyphs.is_empty() { Err(ParseError::Empty) } else { Ok(written) }
}

/// The separator of the grammar that a character stands for.
const fn usual(c: char) -> char {
    match c {
        '.' | ',' | '·' | '•' => '.',
        ' ' | '\t' | '\u{a0}' | '\r' => ' ',
        _ => '-',
    }
}

/// The row break of the text is evidence like any other; what the caller says himself goes first.
fn with_rows_of(evidence: &Evidence, written: &Written) -> Evidence {
    let top = written.breaks.iter().find(|(_, c)| *c == '/').map(|(at, _)| *at);
    Evidence { rows: evidence.rows.or(top.map(|_| Rows::Two)), top_len: evidence.top_len.or(top), ..*evidence }
}

impl Written {
    /// How well the separators go with those of a plate, as a factor.
    fn agreement(&self, plate: &Plate) -> f32 {
        let mut factor = 1.0;
        for (at, c) in self.breaks.iter().filter(|(_, c)| *c != '/') {
            factor *= match plate.breaks().iter().find(|(before, _)| before == at) {
                None => BREAK_ELSEWHERE,
                Some((_, own)) if own == c => 1.0,
                Some(_) => BREAK_OTHER,
            };
        }
        let rows_apart = self.breaks.iter().any(|(_, c)| *c == '/');
        if self.breaks.len() > usize::from(rows_apart) {
            let left_out = plate.breaks().iter().filter(|(before, _)| self.breaks.iter().all(|(at, _)| at != before));
            factor *= BREAK_LEFT_OUT.powi(left_out.count() as i32);
        }
        factor
    }
}

fn contradictions(plate: &Plate, evidence: &Evidence) -> Vec<Contradiction> {
    let kind = plate.kind();
    let one_row = evidence.rows.filter(|rows| !kind.allows(*rows)).map(|_| Contradiction::OneRow);
    let top_row = evidence
        .top_len
        .filter(|seen| *seen != plate.top_len())
        .map(|seen| Contradiction::TopRow { seen, usual: plate.top_len() });
    let colour = evidence.colour.filter(|colour| !kind.colours().contains(colour)).map(|_| Contradiction::Colour);
    let vehicle = evidence
        .vehicle
        .filter(|vehicle| (*vehicle == VehicleHint::Motorbike) != kind.is_motorbike())
        .map(|_| Contradiction::Vehicle);
    [one_row, top_row, colour, vehicle].into_iter().flatten().collect()
}

fn misfit(glyphs: &[Glyph], compact: String) -> ParseError {
    match grammar::diagnose(glyphs) {
        Diagnosis::Length => ParseError::Length { compact },
        Diagnosis::UnusedCode { at, code } => ParseError::UnusedCode { compact, position: at + 1, code },
        Diagnosis::Glyph { at, accepted, nearest: _ } => {
            ParseError::Glyph { compact, position: at + 1, found: glyphs[at], accepted }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str, evidence: Evidence) -> Vec<&'static str> {
        let parsed = parse_with(text, &evidence).expect("a plate");
        parsed.fits.iter().map(|fit| fit.plate.kind().slug()).collect()
    }

    fn error(text: &str) -> String {
        parse(text).expect_err("no plate").to_string()
    }

    #[test]
    fn the_row_break_decides_car_or_motorbike() {
        assert!(parse("30A12345").expect("a plate").ambiguous);
        for (text, first) in [("30A/12345", "car"), ("30A1\n2345", "motorbike_old"), ("30-A1 2345", "motorbike_old")] {
            let parsed = parse(text).expect("a plate");
            assert_eq!(parsed.best().plate.kind().slug(), first, "{text}");
            assert!(!parsed.ambiguous, "{text}");
        }
        let one_row = Evidence { rows: Some(Rows::One), ..Evidence::default() };
        let parsed = parse_with("30A12345", &one_row).expect("a plate");
        assert_eq!((parsed.best().plate.kind(), parsed.ambiguous), (Kind::Car, false));
        let motorbike = parsed.as_kind(Kind::MotorbikeOld).expect("still possible");
        assert_eq!(motorbike.contradictions, [Contradiction::OneRow]);
        assert!(motorbike.share < 0.05);
    }

    #[test]
    fn a_special_series_may_be_a_motorbike_until_the_vehicle_is_known() {
        assert!(parse("29LD12345").expect("a plate").ambiguous);
        let car = Evidence { vehicle: Some(VehicleHint::Car), ..Evidence::default() };
        assert_eq!(kinds("29LD12345", car)[0], "special_ld");
        let motorbike = Evidence { vehicle: Some(VehicleHint::Motorbike), ..Evidence::default() };
        assert_eq!(kinds("29LD12345", motorbike)[0], "motorbike_new");
    }

    #[test]
    fn an_error_says_which_position_and_what_is_accepted_there() {
        assert_eq!(error("30A-12O.45"), "position 6 of 30A12O45 is O: accepted there is 0-9");
        assert_eq!(
            error("29-H0 123.45"),
            "position 4 of 29H012345 is 0: accepted there is 1-9 or one of ABCDEFGHKLMNPRSTUVXYZ"
        );
        assert_eq!(error("13A-123.45"), "position 1 of 13A12345: no authority issues plates with code 13");
        assert_eq!(error("30A-1"), "plate 30A1 has 4 signs: plates have 5 to 10");
        assert_eq!(error("0912 345 678 9"), "plate 09123456789 has 11 signs: plates have 5 to 10");
        assert_eq!(
            error("30A#12345"),
            "character 4 is '#': a plate has 0-9, A-Z and Đ, with blanks, dots, dashes or one `/` between them"
        );
        assert_eq!(error("30/A/12345"), "character 5 starts a third row: a plate has one row or two");
        assert_eq!(error(" - "), "plate is empty: write for example 30A-123.45");
    }
}
