//! Lists of plates on the node: who must be told of, and who may pass.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vnplate::decode::Reading;
use vnplate::similarity::{Likeness, compare};
use vnplate::{Confusion, Key};
use wire::plate::{ListPurpose, PlateDifference, PlateMatch};

/// Most entries of one list.
pub const ENTRIES_MAX: usize = 100_000;
/// Most matches that an event carries; with more, the least alike are left out.
pub const MATCHES_MAX: usize = 8;
/// A reading below this confidence is not held against lists by its look-alikes: it would resemble half of them.
const READING_MIN: f32 = 0.05;
/// A match below this score is none.
const SCORE_MIN: f32 = 0.002;

/// A list of plates.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateList {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub purpose: ListPurpose,
    entries: Vec<(Key, String)>,
}

/// A list as it stands in an observation log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHeader {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub purpose: ListPurpose,
    /// Its entries: key and note.
    pub entries: Vec<(String, String)>,
}

/// Why a list cannot be used.
#[derive(Debug, Error)]
pub enum ListError {
    /// The file cannot be read, or is no table.
    #[error("cannot read the plate list \"{path}\" (columns plate and, if you like, note are accepted)", path = path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: csv::Error,
    },
    /// A row is no plate.
    #[error("the plate list \"{path}\", line {line}: \"{text}\" is no plate of any kind", path = path.display())]
    Plate {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it says.
        text: String,
        /// Why.
        source: vnplate::ParseError,
    },
    /// There are too many rows.
    #[error("the plate list \"{path}\" has more than {ENTRIES_MAX} plates", path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

impl ListError {
    /// The error without what the list says, for a message that travels unencrypted.
    pub fn without_plates(&self) -> String {
        match self {
            Self::Table { path, .. } => format!("{} is no list of plates", path.display()),
            Self::Plate { path, line, .. } => format!("{}, line {line} is no plate", path.display()),
            Self::TooLong { path } => format!("{} has more than {ENTRIES_MAX} plates", path.display()),
        }
    }
}

#[derive(Deserialize)]
struct Row {
    plate: String,
    #[serde(default)]
    note: String,
}

impl PlateList {
    /// Reads a list from a CSV file with the columns plate and note.
    pub fn load(path: &Path, name: String, purpose: ListPurpose) -> Result<Self, ListError> {
        let file = std::fs::File::open(path);
        let file = file.map_err(|error| ListError::Table { path: path.to_owned(), source: csv::Error::from(error) })?;
        Self::read(file, path, name, purpose)
    }

    /// The same from what is there already; errors call it `path`.
    pub fn read(
        text: impl std::io::Read,
        path: impl AsRef<Path>,
        name: String,
        purpose: ListPurpose,
    ) -> Result<Self, ListError> {
        let path = path.as_ref();
        let failed = |source| ListError::Table { path: path.to_owned(), source };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text);
        let mut entries = Vec::new();
        for (index, row) in reader.deserialize::<Row>().enumerate() {
            let row = row.map_err(failed)?;
            if entries.len() == ENTRIES_MAX {
                return Err(ListError::TooLong { path: path.to_owned() });
            }
            let parsed = vnplate::parse(&row.plate).map_err(|source| ListError::Plate {
                path: path.to_owned(),
                line: index + 2,
                text: row.plate.clone(),
                source,
            })?;
            entries.push((parsed.key, row.note));
        }
        Ok(Self { name, purpose, entries })
    }

    /// The list for an observation log.
    pub fn header(&self) -> ListHeader {
        let entries = self.entries.iter().map(|(key, note)| (key.as_str().to_owned(), note.clone())).collect();
        ListHeader { name: self.name.clone(), purpose: self.purpose, entries }
    }

    /// The list of an observation log; nothing where an entry is no key.
    pub fn from_header(header: ListHeader) -> Option<Self> {
        let entries = header.entries.into_iter().map(|(key, note)| Some((Key::from_text(&key).ok()?, note)));
        Some(Self { name: header.name, purpose: header.purpose, entries: entries.collect::<Option<_>>()? })
    }
}

/// The entries that a plate resembles: those of watchlists first, of each the most alike first. The score is the likeness of the keys times the
/// confidence of the reading, for the reading that makes it highest.
pub fn matches(lists: &[PlateList], readings: &[Reading], confusion: &Confusion) -> Vec<PlateMatch> {
    let mut found: Vec<PlateMatch> = Vec::new();
    for list in lists {
        for (key, note) in &list.entries {
            let best = readings
                .iter()
                .filter(|reading| reading.confidence >= READING_MIN)
                .filter_map(|reading| {
                    let likeness = compare(key, &reading.key(), confusion);
                    let score = likeness.score() * reading.confidence;
                    (score >= SCORE_MIN).then_some((score, likeness))
                })
                .max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((score, likeness)) = best {
                found.push(PlateMatch {
                    list: list.name.clone(),
                    purpose: list.purpose,
                    key: key.as_str().to_owned(),
                    score,
                    differing: differing(&likeness),
                    note: note.clone(),
                });
            }
        }
    }
    // Whoever is looked for comes first: a long list of those who may pass must not push him out.
    let is_other = |one: &PlateMatch| one.purpose != ListPurpose::Watch;
    found.sort_by(|a, b| is_other(a).cmp(&is_other(b)).then(b.score.total_cmp(&a.score)));
    found.truncate(MATCHES_MAX);
    found
}

fn differing(likeness: &Likeness) -> Vec<PlateDifference> {
    match likeness {
        Likeness::Exact => Vec::new(),
        Likeness::Confusable { differing, .. } | Likeness::Differs { differing, .. } => {
            let shown = |glyph: Option<vnplate::Glyph>| glyph.map_or('-', vnplate::Glyph::as_char);
            let place = |index: usize| u8::try_from(index).unwrap_or(u8::MAX);
            let each = differing.iter();
            each.map(|d| PlateDifference { position: place(d.index), listed: shown(d.ours), read: shown(d.theirs) })
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use vnplate::SoftEvidence;
    use vnplate::decode::{BLANK, Options, Outcome, decode};

    fn load(text: &str) -> Result<PlateList, ListError> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        PlateList::load(file.path(), "wanted".to_owned(), ListPurpose::Watch)
    }

    fn readings(text: &str) -> Vec<Reading> {
        let mut positions = vec![[0.0; BLANK + 1]; 12];
        for (at, position) in positions.iter_mut().enumerate() {
            let glyph = text.chars().nth(at).and_then(vnplate::Glyph::from_char);
            position[glyph.map_or(BLANK, vnplate::Glyph::index)] = 1.0;
        }
        match decode(&positions, &SoftEvidence::default(), &Options::default()).outcome {
            Outcome::Read(readings) => readings.readings,
            other @ (Outcome::UnknownKind { .. } | Outcome::Unreadable { .. } | Outcome::NotAPlate { .. }) => {
                panic!("{other}")
            }
        }
    }

    #[test]
    fn a_listed_plate_is_matched_exactly_and_a_look_alike_with_the_differing_glyph() {
        let list = load("plate,note\n30A-123.45,stolen\n51F-678.90,\n30A-128.45,other").expect("a list");
        let found = matches(&[list], &readings("30A12345"), &Confusion::default());
        assert_eq!((found[0].key.as_str(), found[0].note.as_str()), ("30A12345", "stolen"));
        assert!(found[0].score > 0.5 && found[0].differing.is_empty(), "{found:?}");
        assert!(found.iter().all(|one| one.key != "51F67890"), "{found:?}");
        let list = load("plate\n30G12345\n30H12345\n").expect("a list without notes");
        let found = matches(&[list], &readings("30G12346"), &Confusion::default());
        assert!(found.iter().all(|one| one.score < 0.5 && !one.differing.is_empty()), "{found:?}");
        let list = load("plate\n51F-567.86\n").expect("a list");
        let found = matches(&[list], &readings("51F56788"), &Confusion::default());
        let differing = [PlateDifference { position: 7, listed: '6', read: '8' }];
        assert!(found.iter().all(|one| one.differing == differing), "{found:?}");
    }

    #[test]
    fn a_list_with_a_row_that_is_no_plate_names_the_line() {
        let error = load("plate,note\n30A12345,x\n99,y\n").expect_err("no plate");
        assert!(matches!(&error, ListError::Plate { line: 3, text, .. } if text == "99"), "{error:?}");
        assert!(matches!(load("number\n30A12345\n"), Err(ListError::Table { .. })));
    }

    #[test]
    fn a_list_survives_the_observation_log() {
        let list = load("plate,note\n30A-123.45,stolen\n").expect("a list");
        let again = PlateList::from_header(list.header()).expect("the same");
        assert_eq!(again.header(), list.header());
    }
}
