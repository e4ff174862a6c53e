//! The keys that a plate may have been read as, for a search that cannot compare with every plate there is.

use std::collections::BTreeMap;

use crate::confusion::Confusion;
use crate::glyph::Glyph;
use crate::key::{InvalidKey, KEY_LEN_MAX, Key};
use crate::similarity::{CONFUSABLE_MIN, EDGE_MISSING};

/// Most keys that [`neighbours`] gives.
pub const NEIGHBOURS_MAX: usize = 600;
/// Most signs that may be unknown in a [`matching`] text: each multiplies the keys by thirty-six.
pub const UNKNOWN_MAX: usize = 2;
/// What stands for a sign that nobody knows.
pub const UNKNOWN: char = '?';

/// Why a text gives no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// More signs are unknown than may be.
    #[error("{found} signs are unknown: at most {UNKNOWN_MAX} may be written as \"{UNKNOWN}\"")]
    Unknown {
        /// How many.
        found: usize,
    },
    /// The rest is no key.
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

/// The keys that `key` is easily taken for, itself first and then the likeliest: those with one or two signs changed into
/// ones that look like them, and those with a sign lost or won at an edge. Each of them is confusable with `key` by
/// [`compare`](crate::compare()). At most [`NEIGHBOURS_MAX`].
#[must_use]
pub fn neighbours(key: &Key, confusion: &Confusion) -> Vec<Key> {
    let own: Vec<Glyph> = key.glyphs().collect();
    let mut found: BTreeMap<Key, f32> = BTreeMap::new();
    let mut add = |glyphs: &[Glyph], likeness: f32| {
        if let Some(other) = Key::from_glyphs(glyphs).filter(|other| other != key) {
            let best = found.entry(other).or_insert(likeness);
            *best = best.max(likeness);
        }
    };
    let changes: Vec<(usize, Glyph, f32)> = own
        .iter()
        .enumerate()
        .flat_map(|(place, sign)| {
            let alike = signs().map(move |other| (place, other, confusion.likeness(*sign, other)));
            alike.filter(|(_, other, likeness)| *other != *sign && *likeness >= CONFUSABLE_MIN)
        })
        .collect();
    for (index, (place, sign, likeness)) in changes.iter().enumerate() {
        let mut once = own.clone();
        once[*place] = *sign;
        add(&once, *likeness);
        for (second, other, more) in &changes[index + 1..] {
            if second != place {
                let mut twice = once.clone();
                twice[*second] = *other;
                add(&twice, likeness * more);
            }
        }
    }
    add(&own[1..], EDGE_MISSING);
    add(&own[..own.len() - 1], EDGE_MISSING);
    if own.len() < KEY_LEN_MAX {
        for sign in signs() {
            add(&[&[sign], own.as_slice()].concat(), EDGE_MISSING);
            add(&[own.as_slice(), &[sign]].concat(), EDGE_MISSING);
        }
    }
    let mut found: Vec<(Key, f32)> = found.into_iter().collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    std::iter::once(*key).chain(found.into_iter().map(|(key, _)| key)).take(NEIGHBOURS_MAX).collect()
}

/// The keys that `text` may mean, in which [`UNKNOWN`] stands for a sign that nobody knows: `30A1?345`.
///
/// # Errors
/// Where more than [`UNKNOWN_MAX`] signs are unknown, or the rest is no key.
pub fn matching(text: &str) -> Result<Vec<Key>, InvalidPattern> {
    let unknown = text.chars().filter(|sign| *sign == UNKNOWN).count();
    if unknown > UNKNOWN_MAX {
        return Err(InvalidPattern::Unknown { found: unknown });
    }
    let mut texts = vec![text.to_owned()];
    for _ in 0..unknown {
        let with = |text: &String| {
            let text = text.clone();
            signs().map(move |sign| text.replacen(UNKNOWN, &sign.to_string(), 1))
        };
        texts = texts.iter().flat_map(with).collect();
    }
    texts.iter().map(|text| Key::from_text(text).map_err(InvalidPattern::from)).collect()
}

/// The signs of keys: Đ is written as D there.
fn signs() -> impl Iterator<Item = Glyph> {
    Glyph::ALL.into_iter().filter(|sign| sign.canonical() == *sign)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::similarity::{Likeness, compare};

    fn key(text: &str) -> Key {
        Key::from_text(text).expect("a key")
    }

    #[test]
    fn what_is_easily_misread_is_near_and_what_is_not_is_not() {
        let near = neighbours(&key("30A18250"), &Confusion::default());
        assert_eq!(near[0], key("30A18250"), "itself first");
        for text in ["3OA18250", "30A1B250", "30A1B25O", "0A18250", "30A1825", "30A182505"] {
            assert!(near.contains(&key(text)), "{text}");
        }
        for text in ["30A18251", "31A18250", "30A1B2SO", "30A8250"] {
            assert!(!near.contains(&key(text)), "{text}");
        }
        let place = |text| near.iter().position(|other| *other == key(text)).expect("near");
        assert!(place("30A1B250") < place("30A1B25O"), "one changed sign is likelier than two");
    }

    #[test]
    fn unknown_signs_may_be_any_and_there_may_be_two() {
        let keys = matching("30a-1?3.45").expect("a pattern");
        assert_eq!(keys.len(), 36);
        assert!(keys.contains(&key("30A19345")) && keys.contains(&key("30A1D345")));
        assert_eq!(matching("?0A1234?").expect("a pattern").len(), 36 * 36);
        assert_eq!(matching("30A12345"), Ok(vec![key("30A12345")]));
        assert_eq!(matching("30A???45"), Err(InvalidPattern::Unknown { found: 3 }));
        assert!(matching("30A1?3!5").is_err_and(|error| error.to_string().contains('!')));
    }

    proptest! {
        #[test]
        fn each_neighbour_is_confusable(text in "[0-9A-Z]{2,10}") {
            let asked = key(&text);
            let near = neighbours(&asked, &Confusion::default());
            prop_assert!(near.len() <= NEIGHBOURS_MAX);
            for other in &near[1..] {
                let likeness = compare(&asked, other, &Confusion::default());
                prop_assert!(matches!(likeness, Likeness::Confusable { .. }), "{other}: {likeness:?}");
            }
        }
    }
}
