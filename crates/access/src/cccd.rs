//! The QR code of the Vietnamese citizen card (CCCD of 2021, Căn cước of 2024).
//!
//! The code is not signed: anybody can print one. It says who somebody claims to be, never that he is. Seven fields
//! stand between pipes: number, old CMND number or nothing, name, birth, sex, residence, issue; newer cards may append
//! more, which are ignored, and the day of issue may be missing.
//!
//! Nothing here shows what is on a card in `Debug` or in an error.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

/// Longest code that is read, in bytes.
pub const CODE_LEN_MAX: usize = 1_024;
/// Longest name or residence, in characters.
pub const FIELD_LEN_MAX: usize = 255;
/// Shortest secret of a digest, in bytes.
pub const SALT_LEN_MIN: usize = 16;

/// A citizen's identity number: 12 digits. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityNumber(String);

impl IdentityNumber {
    /// Reads the 12 digits, with blanks between them as people write them.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        let text: String = text.chars().filter(|c| *c != ' ').collect();
        digits(&text, &[12]).ok_or(CardError::Field { field: Field::Number, accepted: "12 digits" })
    }

    /// The digits, for whoever must show or send them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What matches the same number under the same salt and tells nothing about it without the salt: HMAC-SHA256
    /// (RFC 2104). There are few enough numbers to try them all, so the salt is a secret of the site.
    #[must_use]
    pub fn digest(&self, salt: &Salt) -> IdDigest {
        let mut mac = Hmac::<Sha256>::new_from_slice(&salt.0).expect("HMAC takes a key of any length");
        mac.update(b"gatehouse-cccd-v1:");
        mac.update(self.0.as_bytes());
        IdDigest(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityNumber(…)")
    }
}

/// The site's secret under which numbers are matched.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt(Vec<u8>);

/// Why bytes are no salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the salt has {0} bytes: at least {SALT_LEN_MIN} are accepted")]
pub struct ShortSalt(usize);

impl Salt {
    /// Accepts a secret of at least [`SALT_LEN_MIN`] bytes.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, ShortSalt> {
        let bytes = bytes.into();
        if bytes.len() < SALT_LEN_MIN { Err(ShortSalt(bytes.len())) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// A number under a salt, as lists hold it: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdDigest([u8; 32]);

/// Why a text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a digest of an identity number: 64 hexadecimal digits are accepted, never the number itself")]
pub struct InvalidDigest;

impl IdDigest {
    /// Reads what [`fmt::Display`] wrote.
    ///
    /// # Errors
    /// When it is not 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, InvalidDigest> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidDigest)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for IdDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for IdDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdDigest(…)")
    }
}

/// What the card calls the holder's sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// Nam.
    Male,
    /// Nữ.
    Female,
}

/// What stands on a card. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct CitizenCard {
    /// The number.
    pub number: IdentityNumber,
    /// The number of the old card, if it has one.
    pub old_number: Option<IdentityNumber>,
    /// The name as printed.
    pub name: String,
    /// The day of birth.
    pub birth: NaiveDate,
    /// The sex.
    pub sex: Sex,
    /// The residence.
    pub residence: String,
    /// The day of issue, where the code has it.
    pub issued: Option<NaiveDate>,
}

impl fmt::Debug for CitizenCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenCard(…)")
    }
}

/// The fields of the code, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The number.
    Number,
    /// The old number.
    OldNumber,
    /// The name.
    Name,
    /// The day of birth.
    Birth,
    /// The sex.
    Sex,
    /// The residence.
    Residence,
    /// The day of issue.
    Issued,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "field 1 (number)",
            Self::OldNumber => "field 2 (old number)",
            Self::Name => "field 3 (name)",
            Self::Birth => "field 4 (birth)",
            Self::Sex => "field 5 (sex)",
            Self::Residence => "field 6 (residence)",
            Self::Issued => "field 7 (issue)",
        })
    }
}

/// Why a text is no citizen card's code. It never shows what stands in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CardError {
    /// It is longer than any card's.
    #[error("the code has {len} bytes: a citizen card's has at most {CODE_LEN_MAX}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It has too few fields: some other QR code.
    #[error("the code has {found} fields between pipes: a citizen card's has 6 or more")]
    Fields {
        /// How many it has.
        found: usize,
    },
    /// A field does not say what it should.
    #[error("{field} is not {accepted}")]
    Field {
        /// Which.
        field: Field,
        /// What is accepted there.
        accepted: &'static str,
    },
    /// Two fields contradict each other: misread, or made up.
    #[error("{first} and {second} contradict each other")]
    Contradiction {
        /// One of them.
        first: Field,
        /// The other.
        second: Field,
    },
}

impl CitizenCard {
    /// Whether a code is meant to be a citizen card's, be it genuine or not: many fields, the first of 12 digits.
    #[must_use]
    pub fn is_meant(code: &str) -> bool {
        let mut fields = code.trim_matches(['\r', '\n', '\u{feff}']).split('|').map(str::trim);
        let number = fields.next().is_some_and(|number| digits(number, &[12]).is_some());
        number && fields.count() >= 5
    }

    /// Reads a card's code. The number carries the sex and the year of birth, which must agree with their fields.
    ///
    /// # Errors
    /// When it is another code, or a field is wrong, or two contradict each other.
    pub fn parse(code: &str) -> Result<Self, CardError> {
        if code.len() > CODE_LEN_MAX {
            return Err(CardError::TooLong { len: code.len() });
        }
        let fields: Vec<&str> = code.trim_matches(['\r', '\n', '\u{feff}']).split('|').map(str::trim).collect();
        let [number, old, name, birth, sex, residence, rest @ ..] = fields.as_slice() else {
            return Err(CardError::Fields { found: fields.len() });
        };
        let wrong = |field, accepted| CardError::Field { field, accepted };
        let number = digits(number, &[12]).ok_or(wrong(Field::Number, "12 digits"))?;
        let old_number = match *old {
            "" => None,
            old => Some(digits(old, &[9, 12]).ok_or(wrong(Field::OldNumber, "9 or 12 digits, or nothing"))?),
        };
        let birth = date(birth).ok_or(wrong(Field::Birth, "a day such as 05021990"))?;
        let sex = match *sex {
            "Nam" => Sex::Male,
            "Nữ" | "Nu\u{31b}\u{303}" | "Nư\u{303}" => Sex::Female,
            _ => return Err(wrong(Field::Sex, "Nam or Nữ")),
        };
        let issued = match rest.first() {
            None | Some(&"") => None,
            Some(day) => Some(date(day).ok_or(wrong(Field::Issued, "a day such as 25122021"))?),
        };
        let text = |text: &str| {
            let fits = text.chars().count() <= FIELD_LEN_MAX && !text.is_empty() && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        };
        let card = Self {
            number,
            old_number,
            name: text(name).ok_or(wrong(Field::Name, "a name of at most 255 characters"))?,
            birth,
            sex,
            residence: text(residence).ok_or(wrong(Field::Residence, "a place of at most 255 characters"))?,
            issued,
        };
        card.check()?;
        Ok(card)
    }

    fn check(&self) -> Result<(), CardError> {
        let contradiction = |first, second| Err(CardError::Contradiction { first, second });
        let digit = |at: usize| i32::from(self.number.0.as_bytes()[at] - b'0');
        // Digit 4 is century and sex: 0 and 1 for men and women of 1900-1999, 2 and 3 for 2000-2099, and so on.
        let (century, sex) = (1_900 + digit(3) / 2 * 100, if digit(3) % 2 == 0 { Sex::Male } else { Sex::Female });
        if self.birth.year() != century + digit(4) * 10 + digit(5) {
            return contradiction(Field::Number, Field::Birth);
        }
        if self.sex != sex {
            return contradiction(Field::Number, Field::Sex);
        }
        if self.issued.is_some_and(|issued| issued <= self.birth) {
            return contradiction(Field::Birth, Field::Issued);
        }
        Ok(())
    }
}

fn digits(text: &str, accepted: &[usize]) -> Option<IdentityNumber> {
    let good = accepted.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| IdentityNumber(text.to_owned()))
}

fn date(text: &str) -> Option<NaiveDate> {
    let eight = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    eight.then(|| NaiveDate::parse_from_str(text, "%d%m%Y").ok()).flatten().filter(|date| date.year() >= 1_900)
}

#[cfg(test)]
mod tests {
    use super::*;

    // A made-up person: province code 008, a woman born in 1990.
    const CODE: &str =
        "008190001234|123456789|Nguyễn Thị Bưởi|05021990|Nữ|Thôn Đoài, Xã Ví Dụ, Tỉnh Tuyên Quang|25122021";

    #[test]
    fn a_card_is_read() {
        let card = CitizenCard::parse(CODE).expect("a card");
        assert_eq!(
            (card.number.expose(), card.sex, card.birth.to_string().as_str()),
            ("008190001234", Sex::Female, "1990-02-05")
        );
        assert_eq!(card.old_number.as_ref().map(IdentityNumber::expose), Some("123456789"));
        assert_eq!(card.issued.map(|day| day.to_string()), Some("2021-12-25".to_owned()));
    }

    #[test]
    fn a_newer_card_with_more_fields_and_one_without_old_number_or_issue_are_read() {
        for code in [format!("{CODE}|thêm|nữa"), CODE.replace("123456789|", "|"), CODE.replace("|25122021", "")] {
            CitizenCard::parse(&code).unwrap_or_else(|error| panic!("{code}: {error}"));
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_shown() {
        let field = |field, accepted| CardError::Field { field, accepted };
        let contradiction = |first, second| CardError::Contradiction { first, second };
        for (code, expected) in [
            ("https://example.org/ve/1".to_owned(), CardError::Fields { found: 1 }),
            (CODE.replace("008190001234", "08190001234"), field(Field::Number, "12 digits")),
            (CODE.replace("123456789", "12345678x"), field(Field::OldNumber, "9 or 12 digits, or nothing")),
            (CODE.replace("05021990", "31021990"), field(Field::Birth, "a day such as 05021990")),
            (CODE.replace("05021990", "05021991"), contradiction(Field::Number, Field::Birth)),
            (CODE.replace("Nữ", "Nam"), contradiction(Field::Number, Field::Sex)),
            (CODE.replace("Nữ", "X"), field(Field::Sex, "Nam or Nữ")),
            (CODE.replace("25122021", "25121989"), contradiction(Field::Birth, Field::Issued)),
            (CODE.replace("Nguyễn Thị Bưởi", " "), field(Field::Name, "a name of at most 255 characters")),
            ("|".repeat(CODE_LEN_MAX + 1), CardError::TooLong { len: CODE_LEN_MAX + 1 }),
        ] {
            let error = CitizenCard::parse(&code).expect_err("it is wrong");
            assert_eq!(error, expected, "{code}");
            assert!(!error.to_string().contains("0819000"), "{error}");
        }
    }

    #[test]
    fn what_is_meant_to_be_a_card_is_told_from_other_codes() {
        assert!(CitizenCard::is_meant(CODE) && CitizenCard::is_meant(&CODE.replace("Nữ", "Nam")));
        for other in ["https://example.org", "1|2|3|4|5|6", "008190001234", "008190001234|a"] {
            assert!(!CitizenCard::is_meant(other), "{other}");
        }
        let number = IdentityNumber::parse("008 190 001 234").expect("a number");
        assert_eq!(number, CitizenCard::parse(CODE).expect("a card").number);
        assert!(IdentityNumber::parse("008 190 001 23").is_err());
    }

    #[test]
    fn debug_shows_nothing_of_the_card() {
        let card = CitizenCard::parse(CODE).expect("a card");
        let shown = format!("{card:?} {:?} {:?}", card.number, card.number.digest(&Salt(vec![7; 16])));
        assert!(!shown.contains(|c: char| c.is_ascii_digit()) && !shown.contains("Bưởi"), "{shown}");
    }

    #[test]
    fn digests_match_under_one_salt_only() {
        let number = CitizenCard::parse(CODE).expect("a card").number;
        let salt = |byte: u8| Salt::new(vec![byte; 16]).expect("long enough");
        let digest = number.digest(&salt(1));
        assert_eq!(IdDigest::from_hex(&digest.to_string()), Ok(digest));
        assert_ne!(digest, number.digest(&salt(2)));
        assert_eq!(Salt::new(vec![1; 15]), Err(ShortSalt(15)));
        assert_eq!(IdDigest::from_hex("008190001234"), Err(InvalidDigest));
    }
}
