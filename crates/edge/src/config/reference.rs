//! The reference of the configuration, made from the reading itself: which fields there are, which must be there, what
//! is accepted and what counts without them comes from [`domain::table::asked`]; only what they mean is written here.
//! A field without a meaning and a meaning without a field fail a test.

use std::fmt::Write;
use std::path::Path;

use domain::table::asked::{AskedField, Need, fields_asked};

/// A field and what is said about it.
struct Meaning {
    path: &'static str,
    /// What is accepted, where the reading does not say so.
    accepted: &'static str,
    /// What counts without it, where the reading does not say so.
    default: &'static str,
    text: &'static str,
}

const fn field(path: &'static str, accepted: &'static str, default: &'static str, text: &'static str) -> Meaning {
    Meaning { path, accepted, default, text }
}

/// What the fields mean, in the order of the file.
const MEANINGS: &[Meaning] = &[
    field("site", "", "", "The site that the node belongs to, as the hub knows it."),
    field("node", "", "", "The node's name, which no other node of any site has."),
    field("data", "", "", "Made where it is absent. Back it up: without the key in it the node is another one."),
    field("engines", "1 to 8", "one for each processor core", "How many frames are looked at at the same time."),
    field("broker", "", "events stay on the node", "The MQTT 5 broker between the node and its hub."),
    field("broker.host", "", "", "Where it is."),
    field("broker.port", "", "", "8883 where there is a `ca_file`."),
    field("broker.ca_file", "path of a PEM file", "no TLS", "The authority that signed the broker's certificate."),
    field("broker.username", "text", "no login", "Goes together with `password_file`."),
    field("broker.password_file", "path", "no login", "Holds the password and nothing else."),
    field("hub", "", "pictures stay on the node", "The hub that pictures and clips are uploaded to."),
    field("hub.url", "", "", "Its base URL."),
    field("models", "", "those of the installation", "The models that look at the pictures."),
    field("models.manifest", "path", "the installation's", "The list of models with their hashes."),
    field("models.folders", "list of paths", "none", "Where model files are looked for first."),
    field(
        "models.detector",
        "id of a model",
        "the first of the manifest that is installed",
        "The model that finds persons and vehicles.",
    ),
    field("models.onnxruntime", "path", "the installation's", "The ONNX Runtime library."),
    field("local", "", "no page", "The node's own page, interface and metrics at the gate."),
    field("local.listen", "ADDRESS:PORT", "127.0.0.1:8090", "An address that others reach needs a `password_file`."),
    field(
        "local.password_file",
        "path",
        "no password",
        "Holds the page's password, 12 characters or more, and nothing else.",
    ),
    field("camera", "1 to 8 of them are accepted", "the file is refused", "A camera."),
    field("camera[].id", "", "", "Its name."),
    field("camera[].source", "", "", "A URL may hold the camera's user and password; keep the file to yourself then."),
    field(
        "camera[].play",
        "\"live\", \"loop\", \"once\" or \"rehearse\"",
        "\"live\"",
        "Cameras are live. A video file is played in a loop or once, an observation log is rehearsed.",
    ),
    field("camera[].plates", "true or false", "false", "Whether number plates are read."),
    field(
        "camera[].plates_width",
        "",
        "",
        "A multiple of 32. Width in pixels in which plates are looked for: more finds smaller ones and costs more.",
    ),
    field(
        "camera[].importance",
        "",
        "",
        "When there is more to see than the machine can look at, cameras of less importance are looked at less often \
         first.",
    ),
    field(
        "gate",
        "At least one must be there",
        "the file is refused",
        "A place where passages are counted, seen by one camera.",
    ),
    field("gate[].id", "", "", "Its name."),
    field("gate[].camera", "", "", "The camera that sees it."),
    field("gate[].profile", "", "", "Lines and zones to count at, and what is pictured."),
    field(
        "plate_list",
        "There may be any number of them",
        "plates are read and told, and held against nothing",
        "A list that number plates are held against.",
    ),
    field("plate_list[].name", "", "", "Its name, which events and the page show."),
    field("plate_list[].purpose", "", "", "Whether its plates are looked out for or may pass."),
    field("plate_list[].file", "", "", "The plates; read again when the node starts."),
];

/// Documents in which fields are asked for that are not always: one empty one shows all the others.
const DOCUMENTS: &[&str] = &[""];

/// The fields of a node's configuration.
fn fields() -> Vec<AskedField> {
    fields_asked(DOCUMENTS, |table| {
        super::read_config(table, Path::new(""));
    })
    .expect("the documents are TOML")
}

/// The whole reference as Markdown.
pub fn markdown() -> String {
    let fields = fields();
    let mut text = "# The configuration of an edge node\n\n\
        Made from the program by `cargo xtask reference`; do not edit. One TOML file holds everything. Relative paths \
        are those beside the file. All its mistakes are told at once, and unknown fields are mistakes.\n"
        .to_owned();
    write_table(&mut text, "", &fields);
    for table in fields.iter().filter(|field| matches!(field.need, Need::Table | Need::Tables)) {
        let prefix = match table.need {
            Need::Tables => format!("{}[].", table.path),
            Need::Table | Need::Required | Need::Optional => format!("{}.", table.path),
        };
        let meaning = meaning(&table.path);
        let name = header(table);
        write!(text, "\n## `{name}`\n\n{}", meaning.map_or("", |m| m.text)).expect("a text takes all");
        if let Some(meaning) = meaning {
            if !meaning.accepted.is_empty() {
                write!(text, " {}.", meaning.accepted).expect("a text takes all");
            }
            if !meaning.default.is_empty() {
                write!(text, " Without it: {}.", meaning.default).expect("a text takes all");
            }
        }
        text.push('\n');
        write_table(&mut text, &prefix, &fields);
    }
    text
}

/// How the table is written in the file.
fn header(table: &AskedField) -> String {
    let path = table.path.replace("[]", "");
    match table.need {
        Need::Tables => format!("[[{path}]]"),
        Need::Table | Need::Required | Need::Optional => format!("[{path}]"),
    }
}

/// The fields right below `prefix`, in a table of Markdown.
fn write_table(text: &mut String, prefix: &str, fields: &[AskedField]) {
    text.push_str("\n| Field | Accepted | Without it | Meaning |\n|---|---|---|---|\n");
    for field in fields {
        let Some(name) = field.path.strip_prefix(prefix).filter(|name| !name.contains('.')) else { continue };
        let meaning = meaning(&field.path);
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
        let row = [format!("`{name}`"), accepted, default, meaning.map_or("", |m| m.text).to_owned()];
        let row = row.map(|cell| cell.replace('|', "\\|"));
        writeln!(text, "| {} |", row.join(" | ")).expect("a text takes all");
    }
}

fn meaning(path: &str) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|meaning| meaning.path == path)
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
        let fields = fields();
        let unexplained: Vec<_> = fields.iter().filter(|field| meaning(&field.path).is_none()).collect();
        assert!(unexplained.is_empty(), "give these a meaning in MEANINGS: {unexplained:#?}");
        let gone: Vec<_> = MEANINGS.iter().map(|m| m.path).filter(|p| !fields.iter().any(|f| f.path == *p)).collect();
        assert!(gone.is_empty(), "nobody reads these any more, take them out of MEANINGS: {gone:?}");
    }

    #[test]
    fn every_field_says_what_is_accepted_and_what_counts_without_it() {
        for field in fields() {
            let meaning = meaning(&field.path).expect("it has one");
            match field.need {
                Need::Required => assert!(!field.accepted.is_empty(), "{field:?}"),
                Need::Optional => {
                    assert!(!field.accepted.is_empty() || !meaning.accepted.is_empty(), "{field:?}");
                    assert!(field.default.is_some() || !meaning.default.is_empty(), "{field:?}");
                }
                Need::Table | Need::Tables => {}
            }
        }
    }

    /// The paths of the fields that the installed file shows, those behind a `#` too.
    fn shown(text: &str) -> Vec<String> {
        let mut table = String::new();
        let mut paths = Vec::new();
        for line in text.lines().map(|line| line.strip_prefix('#').unwrap_or(line)) {
            let (path, prefix) = match (line.strip_prefix("[["), line.strip_prefix('['), line.split_once(" = ")) {
                (Some(name), ..) => (name.trim_end_matches(']').to_owned(), "[]."),
                (None, Some(name), _) => (name.trim_end_matches(']').to_owned(), "."),
                (None, None, Some((key, _))) if !key.starts_with(' ') => (format!("{table}{key}"), ""),
                (None, None, Some(_) | None) => continue,
            };
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
        let mut fields: Vec<_> = fields().into_iter().map(|field| field.path).collect();
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
