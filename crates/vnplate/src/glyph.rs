//! The 37 signs that a plate can show, and sets of them.

use std::fmt;

/// One sign of a plate: a digit, a Latin capital or Đ.
///
/// Closed: the order of [`Glyph::ALL`] is the order of a recogniser's outputs, and does not change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glyph(u8);

/// The signs in index order.
const CHARS: [char; Glyph::COUNT] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M',
    'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Đ',
];

impl Glyph {
    /// How many signs there are.
    pub const COUNT: usize = 37;
    /// Every sign, in index order: `0`–`9`, `A`–`Z`, `Đ`.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self(0); Self::COUNT];
        let mut i = 0;
        while i < Self::COUNT {
            all[i] = Self(i as u8);
            i += 1;
        }
        all
    };
    /// The letter D.
    pub const D: Self = Self(13);
    /// The letter Đ, of electric motorbikes (MĐ) and pilot vehicles (TĐ).
    pub const D_STROKE: Self = Self(36);

    /// The place in [`Glyph::ALL`], below [`Glyph::COUNT`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The sign at `index`, if there is one.
    #[must_use]
    pub const fn from_index(index: usize) -> Option<Self> {
        if index < Self::COUNT { Some(Self(index as u8)) } else { None }
    }

    /// The sign that a character writes; lower case counts, and so does the Icelandic Ð that keyboards offer for Đ.
    #[must_use]
    pub const fn from_char(c: char) -> Option<Self> {
        match c {
            '0'..='9' => Some(Self(c as u8 - b'0')),
            'A'..='Z' => Some(Self(c as u8 - b'A' + 10)),
            'a'..='z' => Some(Self(c as u8 - b'a' + 10)),
            'Đ' | 'đ' | 'Ð' | 'ð' => Some(Self::D_STROKE),
            _ => None,
        }
    }

    /// The character that writes it, upper case.
    #[must_use]
    pub const fn as_char(self) -> char {
        CHARS[self.0 as usize]
    }

    /// As it stands in a key: Đ counts as D.
    #[must_use]
    pub const fn canonical(self) -> Self {
        if self.0 == Self::D_STROKE.0 { Self::D } else { self }
    }

    /// The byte that writes it in a key.
    pub(crate) const fn key_byte(self) -> u8 {
        let index = self.canonical().0;
        if index < 10 { b'0' + index } else { b'A' + index - 10 }
    }

    /// Whether it is one of `0`–`9`.
    #[must_use]
    pub const fn is_digit(self) -> bool {
        self.0 < 10
    }
}

impl fmt::Debug for Glyph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

impl fmt::Display for Glyph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

/// A set of signs: what a place on a plate accepts.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct GlyphSet(u64);

impl GlyphSet {
    /// No sign.
    pub const EMPTY: Self = Self(0);
    /// The digits 0–9.
    pub const DIGITS: Self = Self(0x3ff);
    /// The digits 1–9.
    pub const DIGITS_FROM_ONE: Self = Self(0x3fe);

    /// The signs that `chars` writes; other characters are no part of it.
    pub(crate) const fn of(chars: &str) -> Self {
        let bytes = chars.as_bytes();
        let mut set = 0;
        let mut i = 0;
        while i < bytes.len() {
            if let Some(glyph) = Glyph::from_char(bytes[i] as char) {
                set |= 1 << glyph.index();
            }
            i += 1;
        }
        Self(set)
    }

    /// Only this sign.
    pub(crate) const fn one(glyph: Glyph) -> Self {
        Self(1 << glyph.index())
    }

    /// Whether `glyph` is in it.
    #[must_use]
    pub const fn contains(self, glyph: Glyph) -> bool {
        self.0 & (1 << glyph.index()) != 0
    }

    /// The signs of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it holds no sign.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The signs, in index order.
    pub fn iter(self) -> impl Iterator<Item = Glyph> {
        Glyph::ALL.into_iter().filter(move |glyph| self.contains(*glyph))
    }
}

impl fmt::Display for GlyphSet {
    /// For people: runs of digits as `1-9`, letters one by one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let digits: Vec<_> = self.iter().filter(|glyph| glyph.is_digit()).collect();
        match digits.as_slice() {
            [first, .., last] if last.index() - first.index() + 1 == digits.len() => {
                parts.push(format!("{first}-{last}"))
            }
            some => parts.extend(some.iter().map(Glyph::to_string)),
        }
        let letters: String = self.iter().filter(|glyph| !glyph.is_digit()).map(Glyph::as_char).collect();
        if !letters.is_empty() {
            parts.push(if letters.chars().count() == 1 { letters } else { format!("one of {letters}") });
        }
        write!(f, "{}", if parts.is_empty() { "nothing".to_owned() } else { parts.join(" or ") })
    }
}

impl fmt::Debug for GlyphSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Glyph {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(self.as_char())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Glyph {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let c = char::deserialize(deserializer)?;
        Self::from_char(c).ok_or_else(|| {
            serde::de::Error::custom(format!("{c:?} is no sign of a plate: accepted are 0-9, A-Z and Đ"))
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for GlyphSet {
    /// As the text of its signs.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.iter().map(Glyph::as_char).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_signs_is_that_of_a_recognisers_outputs() {
        let written: String = Glyph::ALL.into_iter().map(Glyph::as_char).collect();
        assert_eq!(written, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZĐ");
        for (index, glyph) in Glyph::ALL.into_iter().enumerate() {
            assert_eq!(glyph.index(), index);
            assert_eq!(Glyph::from_index(index), Some(glyph));
            assert_eq!(Glyph::from_char(glyph.as_char()), Some(glyph));
        }
        assert_eq!(Glyph::from_index(37), None);
        assert_eq!(Glyph::from_char('ก'), None);
    }

    #[test]
    fn a_set_says_what_it_accepts_in_words() {
        assert_eq!(GlyphSet::DIGITS_FROM_ONE.to_string(), "1-9");
        assert_eq!(GlyphSet::of("AB").union(GlyphSet::DIGITS).to_string(), "0-9 or one of AB");
        assert_eq!(GlyphSet::one(Glyph::D_STROKE).to_string(), "Đ");
        assert_eq!(GlyphSet::EMPTY.to_string(), "nothing");
    }
}
