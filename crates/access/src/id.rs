//! Names of what access is about: lanes, holders, categories, schedules, rules, passes; and keys of cards, which no
//! log shows.
//!
//! A name is a slug as in `domain::id`: 1 to 63 of `a-z`, `0-9` and `-`, so that it can stand in a topic, a URL and a
//! file name.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use domain::id::InvalidId;

domain::slug_ids! {
    /// One way through a barrier or a door, in one direction.
    LaneId = "lane id";
    /// A person or vehicle on the site's lists.
    HolderId = "holder id";
    /// A sort of holders that rules speak of: resident, worker, contractor, visitor, or the site's own.
    CategoryId = "category";
    /// Times of the week.
    ScheduleId = "schedule id";
    /// A rule of a lane that lets categories pass.
    RuleId = "rule id";
    /// A visitor's pass, as the hub numbers it; a UUID fits.
    PassId = "pass id";
}

/// Who or what a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// Somebody on the lists.
    Holder(HolderId),
    /// Somebody known only by the pass.
    Pass(PassId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holder(id) => write!(f, "holder:{id}"),
            Self::Pass(id) => write!(f, "pass:{id}"),
        }
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.to_string()
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        match text.split_once(':') {
            Some(("holder", id)) => HolderId::new(id).map(Self::Holder),
            Some(("pass", id)) => PassId::new(id).map(Self::Pass),
            Some(_) | None => Err(InvalidId::new("subject (holder:… or pass:…)", text)),
        }
    }
}

/// Shortest and longest key of a card, in signs.
const CARD_KEY_LEN: std::ops::RangeInclusive<usize> = 4..=128;

/// What a card reader reads off a card. Whoever knows it can copy the card, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardKey(String);

/// Why a text is not a card's key. It does not show the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a card key: 4 to 128 of 0-9 and a-z are accepted, with colons, dashes and blanks between them")]
pub struct InvalidCardKey;

impl CardKey {
    /// Reads a key as readers write it: case, colons, dashes and blanks make no difference.
    ///
    /// # Errors
    /// When other signs are in it, too few or too many.
    pub fn new(text: &str) -> Result<Self, InvalidCardKey> {
        let key: String = text.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
        let good = key.chars().all(|c| c.is_ascii_alphanumeric()) && CARD_KEY_LEN.contains(&key.len());
        if good { Ok(Self(key.to_ascii_lowercase())) } else { Err(InvalidCardKey) }
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_what_it_wrote() {
        for text in ["holder:lorry-1", "pass:0192f1c2-0000-7000-8000-000000000001"] {
            let subject = Subject::try_from(text.to_owned()).expect("a subject");
            assert_eq!(subject.to_string(), text);
        }
        for bad in ["lorry-1", "pass:", "card:1", "holder:A"] {
            assert!(Subject::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_card_has_one_key_and_shows_it_nowhere() {
        let key = CardKey::new("04:A2:2B-91").expect("a key");
        assert_eq!(key, CardKey::new("04a22b91").expect("a key"));
        assert!(!format!("{key:?}").contains("a2"));
        assert!(CardKey::new("12").is_err() && CardKey::new("04_22").is_err());
    }
}
