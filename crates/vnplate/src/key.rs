//! The canonical key of a plate: what two writings of the same plate have in common.

use std::fmt;

use crate::glyph::Glyph;

/// The most signs that a plate has: an electric motorbike with a series digit, or a diplomat's motorbike.
pub const KEY_LEN_MAX: usize = 10;

/// A plate as read: upper case, separators removed, Đ written as D. Two plates with different keys are different plates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    bytes: [u8; KEY_LEN_MAX],
    len: u8,
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// There is no sign in it.
    #[error("plate key is empty: a plate has 5 to {KEY_LEN_MAX} signs")]
    Empty,
    /// It has more signs than any plate.
    #[error("plate key has {len} signs: a plate has at most {KEY_LEN_MAX}")]
    TooLong {
        /// How many signs it has.
        len: usize,
    },
    /// A character that no plate shows.
    #[error(
        "plate key has {found:?} at character {position}: accepted are 0-9, A-Z and Đ, and blanks, dots and dashes between them"
    )]
    Character {
        /// Which character of the text, from 1.
        position: usize,
        /// The character.
        found: char,
    },
}

impl Key {
    /// The key of signs that are known to be few enough; `None` for none or more than [`KEY_LEN_MAX`].
    #[must_use]
    pub fn from_glyphs(glyphs: &[Glyph]) -> Option<Self> {
        if glyphs.is_empty() || glyphs.len() > KEY_LEN_MAX {
            return None;
        }
        let mut bytes = [0; KEY_LEN_MAX];
        for (byte, glyph) in bytes.iter_mut().zip(glyphs) {
            *byte = glyph.key_byte();
        }
        Some(Self { bytes, len: glyphs.len() as u8 })
    }

    /// The key that `text` writes, whatever separators and case it has. It need not be a plate of any known kind:
    /// [`parse`](crate::parse()) judges that.
    ///
    /// # Errors
    /// When there is no sign in it, too many, or a character that no plate shows.
    pub fn from_text(text: &str) -> Result<Self, InvalidKey> {
        let mut glyphs = Vec::with_capacity(KEY_LEN_MAX);
        for (index, c) in text.chars().enumerate() {
            match Glyph::from_char(c) {
                Some(glyph) => glyphs.push(glyph),
                None if is_separator(c) || is_row_break(c) => {}
                None => return Err(InvalidKey::Character { position: index + 1, found: c }),
            }
        }
        if glyphs.is_empty() {
            return Err(InvalidKey::Empty);
        }
        Self::from_glyphs(&glyphs).ok_or(InvalidKey::TooLong { len: glyphs.len() })
    }

    /// As text, for storage and comparison.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len()]).expect("a key is ASCII by construction")
    }

    /// How many signs.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Never: a key has at least one sign.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its signs, in order; never Đ.
    pub fn glyphs(&self) -> impl DoubleEndedIterator<Item = Glyph> + '_ {
        self.bytes[..self.len()].iter().map(|byte| Glyph::from_char(*byte as char).expect("a key holds only signs"))
    }
}

/// Whether people write `c` between the groups of a plate.
pub(crate) const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '-' | '.' | ',' | '·' | '•' | '‐' | '‑' | '–' | '—' | '−' | '_' | '\r')
}

/// Whether people write `c` between the two rows of a plate.
pub(crate) const fn is_row_break(c: char) -> bool {
    matches!(c, '/' | '|' | '\n')
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.as_str())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::from_text(text)
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_text(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writings_of_one_plate_have_one_key() {
        for text in ["29-MĐ1 123.45", "29md112345", "29-mđ1/123.45", "29 MD1\n12345", "29–MÐ1·123.45"] {
            assert_eq!(Key::from_text(text).map(|key| key.to_string()), Ok("29MD112345".to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        assert_eq!(Key::from_text(" - "), Err(InvalidKey::Empty));
        assert_eq!(Key::from_text("30A-123.45678"), Err(InvalidKey::TooLong { len: 11 }));
        assert_eq!(Key::from_text("1กข 1234"), Err(InvalidKey::Character { position: 2, found: 'ก' }));
    }
}
