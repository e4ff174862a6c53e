//! Finding who is listed or denied by what was shown, and which listed plate a reading merely resembles.

use std::fmt;

use serde::{Deserialize, Serialize};
use vnplate::similarity::{CONFUSABLE_DIFFERENCES_MAX, Difference};
use vnplate::{Confusion, Glyph, Key, Likeness, compare};

use super::{AccessPolicy, Denied, DeniedThing, Holder};
use crate::credential::Credential;
use crate::id::HolderId;

/// A listed plate that a reading resembles. It never lets anybody pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lookalike {
    /// The listed plate.
    pub listed: Key,
    /// Whose it is; nobody where it is a denied one.
    pub holder: Option<HolderId>,
    /// How easily one is taken for the other, 0 to 1.
    pub score: f32,
    /// Where they differ.
    pub differing: Vec<Differing>,
}

/// One place where a listed plate and a reading differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    /// The place in the listed plate, from 1.
    pub position: u8,
    /// What is listed there; `-` for a sign that only the reading has.
    pub listed: char,
    /// What was read; `-` for a sign that the reading lacks.
    pub read: char,
}

impl fmt::Display for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.listed)?;
        for Differing { position, listed, read } in &self.differing {
            write!(f, ", sign {position} is {listed} there and was read {read}")?;
        }
        Ok(())
    }
}

impl From<Difference> for Differing {
    fn from(difference: Difference) -> Self {
        let shown = |glyph: Option<Glyph>| glyph.map_or('-', Glyph::as_char);
        let position = u8::try_from(difference.index + 1).expect("a key has at most 10 signs");
        Self { position, listed: shown(difference.ours), read: shown(difference.theirs) }
    }
}

impl AccessPolicy {
    /// Whose credential it is, exactly.
    pub(crate) fn holder_of(&self, credential: &Credential) -> Option<&Holder> {
        let at = match credential {
            Credential::Plate { key, .. } => self.index.plates.get(key),
            Credential::Pass(pass) => self.index.passes.get(&pass.id),
            Credential::Card(card) => self.index.cards.get(card),
            Credential::CitizenCard(digest) => self.index.citizens.get(digest),
        };
        at.map(|at| &self.holders[*at])
    }

    /// What denies a thing.
    pub(crate) fn denials<'a>(&'a self, thing: &DeniedThing) -> impl Iterator<Item = &'a Denied> + use<'a> {
        self.index.denied.get(thing).into_iter().flatten().map(|at| &self.denied[*at])
    }

    /// The denied plate that a reading resembles most, where it is none itself.
    pub(crate) fn denied_lookalike(&self, read: &Key, confusion: &Confusion) -> Option<Lookalike> {
        let denied = self.denied.iter().filter_map(|denied| match &denied.thing {
            DeniedThing::Plate(key) => Some((key, None)),
            DeniedThing::Holder(_) | DeniedThing::Pass(_) | DeniedThing::Card(_) | DeniedThing::Category(_) => None,
        });
        most_alike(denied, read, confusion)
    }

    /// The listed plate that a reading resembles most, where it is none itself.
    pub(crate) fn listed_lookalike(&self, read: &Key, confusion: &Confusion) -> Option<Lookalike> {
        let listed = self.holders.iter();
        most_alike(listed.flat_map(|holder| holder.plates.iter().map(|key| (key, Some(&holder.id)))), read, confusion)
    }
}

/// Of equally alike ones the first, so that the answer is the same every time.
fn most_alike<'a>(
    plates: impl Iterator<Item = (&'a Key, Option<&'a HolderId>)>,
    read: &Key,
    confusion: &Confusion,
) -> Option<Lookalike> {
    plates
        .filter(|(listed, _)| may_be_confusable(listed.as_str().as_bytes(), read.as_str().as_bytes()))
        .filter_map(|(listed, holder)| match compare(listed, read, confusion) {
            Likeness::Confusable { score, differing } => Some((listed, holder, score, differing)),
            Likeness::Exact | Likeness::Differs { .. } => None,
        })
        .reduce(|best, other| if other.2 > best.2 { other } else { best })
        .map(|(listed, holder, score, differing)| Lookalike {
            listed: *listed,
            holder: holder.cloned(),
            score,
            differing: differing.into_iter().map(Differing::from).collect(),
        })
}

/// A cheap look before the real comparison, which is too slow for a hundred thousand plates: never false for two keys
/// that are confusable. Those differ in at most two signs, and a sign that only one has is its first or last.
fn may_be_confusable(a: &[u8], b: &[u8]) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let missing = long.len() - short.len();
    missing <= CONFUSABLE_DIFFERENCES_MAX
        && (0..=missing).any(|skip| {
            let differing = long[skip..].iter().zip(short).filter(|(a, b)| a != b).count();
            differing + missing <= CONFUSABLE_DIFFERENCES_MAX
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_cheap_look_misses_no_confusable_pair(
            text in "[0-9]{2}[A-Z][0-9]{4,5}",
            edits in prop::collection::vec((0..9_usize, "[0-9A-Z]"), 0..3),
            cut_first in any::<bool>(),
            cut_last in any::<bool>(),
        ) {
            let mut other = text.clone();
            for (at, sign) in &edits {
                if *at < other.len() {
                    other.replace_range(*at..=*at, sign);
                }
            }
            let from = usize::from(cut_first);
            let to = other.len() - usize::from(cut_last);
            let (a, b) = (Key::from_text(&text).expect("a key"), Key::from_text(&other[from..to]).expect("a key"));
            let likeness = compare(&a, &b, &Confusion::default());
            if matches!(likeness, Likeness::Confusable { .. }) {
                prop_assert!(may_be_confusable(a.as_str().as_bytes(), b.as_str().as_bytes()), "{a} {b} {likeness:?}");
            }
        }
    }
}
