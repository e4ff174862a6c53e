//! Reading a TOML document so that all its mistakes are found at once: a wrong type, a missing field and an unknown
//! field each become a [`Problem`](crate::Problem) with its path, and reading goes on. [`asked`] lists the fields that
//! a reading asks for, so that a reference of them cannot differ from what is read.

pub mod asked;

use std::fmt::Display;
use std::ops::RangeBounds;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::Problems;
use asked::{Asked, AskedField, Need};

/// One table being read. Every field that is asked for is taken out; [`TableReader::finish`] reports what is left.
#[derive(Debug)]
pub struct TableReader<'p> {
    table: Table,
    path: String,
    problems: &'p mut Problems,
    accepted: Vec<&'static str>,
    /// Where the fields that are asked for are written down, when somebody wants to know them.
    asked: Option<&'p mut Asked>,
}

impl<'p> TableReader<'p> {
    /// Reads a whole document; a text that is not TOML is one problem at `path` "document" and gives nothing.
    pub fn parse(text: &str, problems: &'p mut Problems) -> Option<Self> {
        match text.parse::<Table>() {
            Ok(table) => Some(Self { table, path: String::new(), problems, accepted: Vec::new(), asked: None }),
            Err(error) => {
                problems.note("document", format!("not TOML: {}", error.to_string().trim()));
                None
            }
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.accepted.push(key);
        self.table.remove(key)
    }

    fn write_down(&mut self, key: &str, need: Need, accepted: &str, default: Option<String>) {
        let path = self.path_of(key);
        if let Some(asked) = &mut self.asked {
            asked.add(AskedField { path, need, accepted: accepted.to_owned(), default });
        }
    }

    /// Whether the field is there; it still has to be read.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether the field is there and is a table; it still has to be read.
    pub fn has_table(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(Value::is_table)
    }

    /// Notes a mistake in the field `key`.
    pub fn note(&mut self, key: &str, message: impl Display) {
        let path = self.path_of(key);
        self.problems.note(path, message);
    }

    /// The field, or nothing where it is absent or mistaken (which is noted).
    pub fn optional<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<T> {
        self.write_down(key, Need::Optional, "", None);
        self.read(key, "")
    }

    /// `hint` ends the message about a mistake.
    fn read<T: DeserializeOwned>(&mut self, key: &'static str, hint: &str) -> Option<T> {
        let value = self.take(key)?;
        let path = self.path_of(key);
        let shown = value.to_string();
        let read = value.try_into().map_err(|error: toml::de::Error| {
            format!("{} (found {}){hint}", error.message(), shown.chars().take(60).collect::<String>())
        });
        self.problems.check(path, read)
    }

    /// The field, which must be there; `what` says what is accepted.
    pub fn required<T: DeserializeOwned>(&mut self, key: &'static str, what: &str) -> Option<T> {
        self.write_down(key, Need::Required, what, None);
        if !self.has(key) {
            self.accepted.push(key);
            self.note(key, format!("missing: give {what}"));
            return None;
        }
        self.read(key, &format!(": give {what}"))
    }

    /// The field, or `default`; a value outside `range` is noted.
    pub fn ranged<T>(&mut self, key: &'static str, range: impl RangeBounds<T>, accepted: &str, default: T) -> T
    where
        T: DeserializeOwned + PartialOrd + Display,
    {
        self.write_down(key, Need::Optional, accepted, Some(default.to_string()));
        match self.read(key, &format!(": {accepted} is accepted")) {
            Some(value) if range.contains(&value) => value,
            Some(value) => {
                self.note(key, format!("{value} is out of range: {accepted} is accepted"));
                default
            }
            None => default,
        }
    }

    /// Reads the table `key` with `read`, where it is there.
    pub fn nested<T>(&mut self, key: &'static str, read: impl FnOnce(&mut TableReader<'_>) -> T) -> Option<T> {
        self.write_down(key, Need::Table, "", None);
        let path = self.path_of(key);
        match self.take(key) {
            Some(value) => self.read_table(value, path, read),
            None => {
                self.read_nothing(path, read);
                None
            }
        }
    }

    /// Reads every table of the array `[[key]]` with `read`; empty where it is absent.
    pub fn each<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut TableReader<'_>) -> T) -> Vec<T> {
        self.write_down(key, Need::Tables, "", None);
        let path = self.path_of(key);
        let Some(value) = self.take(key) else {
            self.read_nothing(format!("{path}[0]"), read);
            return Vec::new();
        };
        let Value::Array(entries) = value else {
            self.problems.note(path, format!("expected tables written [[{key}]], found {}", value.type_str()));
            return Vec::new();
        };
        let mut all = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            all.extend(self.read_table(entry, format!("{path}[{index}]"), &mut read));
        }
        all
    }

    fn read_table<T>(&mut self, value: Value, path: String, read: impl FnOnce(&mut TableReader<'_>) -> T) -> Option<T> {
        let Value::Table(table) = value else {
            self.problems.note(path, format!("expected a table, found {}", value.type_str()));
            return None;
        };
        let asked = self.asked.as_deref_mut();
        let mut reader = TableReader { table, path, problems: &mut *self.problems, accepted: Vec::new(), asked };
        let read = read(&mut reader);
        reader.finish();
        Some(read)
    }

    /// Where fields are written down, those of a table that is not there are too.
    fn read_nothing<T>(&mut self, path: String, read: impl FnOnce(&mut TableReader<'_>) -> T) {
        if let Some(asked) = self.asked.as_deref_mut() {
            let (table, problems) = (Table::new(), &mut Problems::default());
            read(&mut TableReader { table, path, problems, accepted: Vec::new(), asked: Some(asked) });
        }
    }

    /// Notes every field that nobody asked for. Nested tables do this by themselves.
    pub fn finish(self) {
        for key in self.table.keys() {
            let path = self.path_of(key);
            self.problems.note(path, format!("unknown field: {} are accepted", self.accepted.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_found_at_once() {
        let mut problems = Problems::default();
        let text = "a = \"x\"\nz = 1\n[[row]]\nn = 5\n[[row]]\nm = 1\n";
        let mut reader = TableReader::parse(text, &mut problems).expect("it is TOML");
        assert_eq!(reader.optional::<u32>("a"), None);
        assert_eq!(reader.required::<u32>("b", "a number"), None);
        let rows = reader.each("row", |row| row.ranged("n", 0..=3, "0 to 3", 1));
        assert_eq!(rows, [1, 1]);
        reader.finish();
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "row[0].n", "row[1].m", "z"]);
    }

    #[test]
    fn a_value_of_another_type_is_told_what_is_accepted() {
        let mut problems = Problems::default();
        let mut reader = TableReader::parse("n = -1\nname = 7\n", &mut problems).expect("it is TOML");
        reader.ranged("n", 1..=u8::MAX, "1 to 255", 1);
        assert_eq!(reader.required::<String>("name", "a name"), None);
        let messages: Vec<_> = problems.as_slice().iter().map(|p| p.message.as_str()).collect();
        assert!(messages[0].ends_with("(found -1): 1 to 255 is accepted"), "{messages:?}");
        assert!(messages[1].ends_with("(found 7): give a name"), "{messages:?}");
    }

    #[test]
    fn a_text_that_is_not_toml_is_one_problem() {
        let mut problems = Problems::default();
        assert!(TableReader::parse("= = =", &mut problems).is_none());
        assert_eq!(problems.as_slice().len(), 1);
    }
}
