//! Which fields a reading of a TOML document asks for: what a reference of the configuration is made from.

use super::TableReader;
use crate::Problems;

/// A field that was asked for, whether it was there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedField {
    /// Where it is, with `[]` behind the name of an array of tables: `camera[].id`.
    pub path: String,
    /// Whether it must be there.
    pub need: Need,
    /// What is accepted, where the reading says so; else empty.
    pub accepted: String,
    /// What counts where it is absent, as far as the reading says.
    pub default: Option<String>,
}

/// What becomes of a document without the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It is refused.
    Required,
    /// Something else counts.
    Optional,
    /// Nothing: the field is a table with fields of its own.
    Table,
    /// Nothing: the field is an array of such tables.
    Tables,
}

/// The fields asked for so far, each path once, in the order of the asking.
#[derive(Debug, Default)]
pub(super) struct Asked(Vec<AskedField>);

impl Asked {
    pub(super) fn add(&mut self, mut field: AskedField) {
        field.path = without_numbers(&field.path);
        if !self.0.iter().any(|known| known.path == field.path) {
            self.0.push(field);
        }
    }
}

/// Of `camera[3].id`, `camera[].id`.
fn without_numbers(path: &str) -> String {
    let mut parts = path.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push('[');
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    text
}

/// The fields that `read` asks for. A table that a document lacks is read as if it were there and empty, so one empty
/// document shows everything, except for fields that are asked for only where another one has a certain value: those
/// need a document each in which it has. Whatever `read` finds wrong does not matter; a document that is not TOML does.
pub fn fields_asked(
    documents: &[&str],
    mut read: impl FnMut(&mut TableReader<'_>),
) -> Result<Vec<AskedField>, Problems> {
    let mut asked = Asked::default();
    for document in documents {
        let mut problems = Problems::default();
        let Some(reader) = TableReader::parse(document, &mut problems) else { return Err(problems) };
        read(&mut TableReader { asked: Some(&mut asked), ..reader });
    }
    Ok(asked.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(table: &mut TableReader<'_>) {
        table.required::<String>("name", "a name");
        table.nested("disk", |disk| disk.ranged("free_mb", 1..=9, "1 to 9", 5));
        table.each("door", |door| match door.optional::<String>("kind").as_deref() {
            Some("lift") => door.required::<u32>("floor", "a floor").map(drop),
            Some(_) | None => None,
        });
    }

    fn paths(documents: &[&str]) -> Vec<String> {
        let asked = fields_asked(documents, read).expect("they are TOML");
        asked.into_iter().map(|field| field.path).collect()
    }

    #[test]
    fn tables_that_are_not_there_are_asked_too() {
        assert_eq!(paths(&[""]), ["name", "disk", "disk.free_mb", "door", "door[].kind"]);
    }

    #[test]
    fn a_field_that_depends_on_another_is_shown_by_a_document_of_its_own() {
        let lift = "[[door]]\n[[door]]\nkind = \"lift\"";
        assert_eq!(paths(&["", lift]), ["name", "disk", "disk.free_mb", "door", "door[].kind", "door[].floor"]);
    }

    #[test]
    fn what_a_reading_says_about_its_fields_is_kept() {
        let asked = fields_asked(&[""], read).expect("it is TOML");
        let name =
            AskedField { path: "name".to_owned(), need: Need::Required, accepted: "a name".to_owned(), default: None };
        assert_eq!(asked[0], name);
        assert_eq!((asked[1].need, asked[3].need), (Need::Table, Need::Tables));
        assert_eq!((asked[2].accepted.as_str(), asked[2].default.as_deref()), ("1 to 9", Some("5")));
    }

    #[test]
    fn a_reading_that_nobody_listens_to_asks_nothing_more() {
        let mut problems = Problems::default();
        let mut asked_of_absent = 0;
        let mut table = TableReader::parse("", &mut problems).expect("it is TOML");
        table.nested("disk", |_| asked_of_absent += 1);
        table.each("door", |_| asked_of_absent += 1);
        assert_eq!(asked_of_absent, 0);
    }

    #[test]
    fn a_document_that_is_not_toml_is_an_error() {
        assert!(fields_asked(&["= ="], read).is_err());
    }
}
