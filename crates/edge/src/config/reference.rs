//! The reference of the configuration, made from the reading itself: which fields there are, which must be there, what
//! is accepted and what counts without them comes from [`domain::table::asked`]; only what they mean is written in
//! `meanings`. A field without a meaning and a meaning without a field fail a test.

mod meanings;

use std::fmt::Write;
use std::path::Path;

use domain::table::asked::{AskedField, Need, fields_asked};
use gate::GateProfile;

use meanings::Meaning;

/// A kind of file and what is said about it.
struct Document {
    title: &'static str,
    about: &'static str,
    fields: fn() -> Vec<AskedField>,
    meanings: &'static [Meaning],
}

const NODE: Document = Document {
    title: "The configuration of an edge node",
    about: "One TOML file holds everything. Relative paths are those beside the file. All its mistakes are told at \
            once, and unknown fields are mistakes.",
    fields: node_fields,
    meanings: meanings::NODE,
};

const PROFILE: Document = Document {
    title: "The profile of a gate",
    about: "What is counted where. The profiles in /usr/share/gatehouse/pipelines are a start: copy one and draw your \
            own lines.",
    fields: GateProfile::fields_asked,
    meanings: meanings::PROFILE,
};

fn node_fields() -> Vec<AskedField> {
    // An empty document shows every field. One that is asked for only where another has a certain value needs a
    // document here in which it has.
    let read = |table: &mut domain::TableReader<'_>| drop(super::read_config(table, Path::new("")));
    fields_asked(&[""], read).expect("the documents are TOML")
}

/// The whole reference as Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    for document in [NODE, PROFILE] {
        document.write(&mut text).expect("a text takes all");
    }
    text
}

impl Document {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        if text.is_empty() {
            writeln!(text, "# {}\n\nMade from the program by `cargo xtask reference`; do not edit.", self.title)?;
        } else {
            writeln!(text, "\n# {}", self.title)?;
        }
        writeln!(text, "\n{}", self.about)?;
        let fields = (self.fields)();
        self.write_table(text, "", &fields)?;
        for table in fields.iter().filter(|field| matches!(field.need, Need::Table | Need::Tables)) {
            let prefix = match table.need {
                Need::Tables => format!("{}[].", table.path),
                Need::Table | Need::Required | Need::Optional => format!("{}.", table.path),
            };
            write!(text, "\n## `{}`\n\n", header(table))?;
            if let Some(meaning) = self.meaning(&table.path) {
                text.push_str(meaning.text);
                if !meaning.accepted.is_empty() {
                    write!(text, " {}.", meaning.accepted)?;
                }
                if !meaning.default.is_empty() {
                    write!(text, " Without it: {}.", meaning.default)?;
                }
            }
            text.push('\n');
            self.write_table(text, &prefix, &fields)?;
        }
        Ok(())
    }

    /// The fields right below `prefix`, in a table of Markdown.
    fn write_table(&self, text: &mut String, prefix: &str, fields: &[AskedField]) -> std::fmt::Result {
        text.push_str("\n| Field | Accepted | Without it | Meaning |\n|---|---|---|---|\n");
        for field in fields {
            let Some(name) = field.path.strip_prefix(prefix).filter(|name| !name.contains('.')) else { continue };
            let row = self.row(name, field).map(|cell| cell.replace('|', "\\|"));
            writeln!(text, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }

    fn row(&self, name: &str, field: &AskedField) -> [String; 4] {
        let meaning = self.meaning(&field.path);
        // What the reading says goes before what is written about it.
        let or = |said: &str, written: fn(&Meaning) -> &'static str| match (said, meaning) {
            ("", Some(meaning)) => written(meaning).to_owned(),
            (said, Some(_) | None) => said.to_owned(),
        };
        let accepted = match field.need {
            Need::Table | Need::Tables => format!("`{}`, see below", header(field)),
            Need::Required | Need::Optional => or(&field.accepted, |meaning| meaning.accepted),
        };
        let default = match field.need {
            Need::Required => "must be there".to_owned(),
            Need::Optional | Need::Table | Need::Tables => {
                or(field.default.as_deref().unwrap_or(""), |meaning| meaning.default)
            }
        };
        [format!("`{name}`"), accepted, default, meaning.map_or("", |m| m.text).to_owned()]
    }

    fn meaning(&self, path: &str) -> Option<&'static Meaning> {
        self.meanings.iter().find(|meaning| meaning.path == path)
    }
}

/// How the table is written in the file.
fn header(table: &AskedField) -> String {
    let path = table.path.replace("[]", "");
    match table.need {
        Need::Tables => format!("[[{path}]]"),
        Need::Table | Need::Required | Need::Optional => format!("[{path}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the reference lies in the repository.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/edge-configuration.md");
    /// The configuration that is installed.
    const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/edge.toml");

    #[test]
    fn every_field_that_is_read_has_a_meaning_and_every_meaning_a_field() {
        for document in [NODE, PROFILE] {
            let fields = (document.fields)();
            let unexplained: Vec<_> = fields.iter().filter(|field| document.meaning(&field.path).is_none()).collect();
            assert!(unexplained.is_empty(), "give these a meaning in meanings.rs: {unexplained:#?}");
            let read = |meaning: &&Meaning| fields.iter().any(|field| field.path == meaning.path);
            let gone: Vec<_> = document.meanings.iter().filter(|m| !read(m)).map(|m| m.path).collect();
            assert!(gone.is_empty(), "nobody reads these any more, take them out of meanings.rs: {gone:?}");
        }
    }

    #[test]
    fn every_field_says_what_is_accepted_and_what_counts_without_it() {
        for document in [NODE, PROFILE] {
            for field in (document.fields)() {
                let [_, accepted, default, meaning] = document.row("", &field);
                assert!(!accepted.is_empty() && !default.is_empty() && !meaning.is_empty(), "{field:?}");
            }
        }
    }

    /// The paths of the fields that the installed file shows, those behind a `#` too.
    fn shown(text: &str) -> Vec<String> {
        let mut table = String::new();
        let mut tables = String::new();
        let mut paths = Vec::new();
        for line in text.lines().map(|line| line.strip_prefix('#').unwrap_or(line)) {
            let (path, prefix) = match (line.strip_prefix("[["), line.strip_prefix('['), line.split_once(" = ")) {
                (Some(name), ..) => (name.trim_end_matches(']').to_owned(), "[]."),
                (None, Some(name), _) => (name.trim_end_matches(']').to_owned(), "."),
                (None, None, Some((key, _))) if !key.starts_with(' ') => (format!("{table}{key}"), ""),
                (None, None, Some(_) | None) => continue,
            };
            // A table below one of several is written without saying which.
            let path = match path.strip_prefix(&tables).and_then(|rest| rest.strip_prefix('.')) {
                Some(rest) if !tables.is_empty() && prefix == "." => format!("{tables}[].{rest}"),
                Some(_) | None => path,
            };
            if prefix == "[]." {
                tables.clone_from(&path);
            }
            if !prefix.is_empty() {
                table = format!("{path}{prefix}");
            }
            paths.push(path);
        }
        paths.sort();
        paths
    }

    #[test]
    fn the_installed_configuration_shows_every_field_and_no_other() {
        let text = std::fs::read_to_string(INSTALLED).expect("it is there");
        let mut fields: Vec<_> = node_fields().into_iter().map(|field| field.path).collect();
        fields.sort();
        assert_eq!(shown(&text), fields);
    }

    #[test]
    fn the_installed_configuration_can_be_used_as_it_is() {
        let text = std::fs::read_to_string(INSTALLED).expect("it is there");
        let text =
            text.replace("/usr/share/gatehouse/pipelines", concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines"));
        let config = crate::config::NodeConfig::parse(&text, Path::new("/etc/gatehouse"));
        assert_eq!(config.map(|config| config.cameras.len()).map_err(|problems| problems.to_string()), Ok(1));
    }

    #[test]
    fn the_reference_in_the_repository_is_that_of_the_program() {
        let written = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(
            written == markdown(),
            "deploy/edge-configuration.md is not what the program reads: run `cargo xtask reference`"
        );
    }
}
