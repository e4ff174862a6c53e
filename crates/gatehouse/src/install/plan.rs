//! From what somebody drew to the texts of a profile and of the configuration. What they hold is checked by their own
//! parsers, which say what is wrong by the fields of the page.

use std::path::PathBuf;

use domain::{CameraId, GateId, Problems, SiteId};
use edge::installation::Installation;
use gate::GateProfile;
use hub::drawing::Drawing;
use hub::setup::{GatePlan, PlateReading, Template};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, value};

/// The node of this program.
const NODE: &str = "gatehouse-1";
/// Characters of a name for people.
const NAME_CHARS_MAX: usize = 80;
/// What a profile that the page made begins with.
const PROFILE_HEAD: &str = "# Made by the set-up page; may be changed by hand. Points are shares of the picture's width and height, from 0 \
                            to 1.\n";
/// What a configuration that the page made begins with.
const CONFIG_HEAD: &str = "# Made by the set-up page; may be changed by hand. It counts from the next start on.\n";

/// The profiles of the installation that others can be made from, by their files' names.
const TEMPLATES: [&str; 4] = ["tourist-site", "industrial-park", "coach-station", "junction"];

/// A profile that others are made from.
#[derive(Debug)]
pub(crate) struct ReadTemplate {
    pub(crate) template: Template,
    document: DocumentMut,
}

/// A camera to be written into the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CameraWanted {
    pub(crate) source: String,
    pub(crate) is_file: bool,
}

/// A configuration that cannot be changed from the page.
#[derive(Debug)]
pub(crate) struct ConfigError(pub(crate) String);

/// The templates of the installation.
pub(crate) fn templates(installation: &Installation) -> Result<Vec<ReadTemplate>, String> {
    let folder: PathBuf = installation.home().join("pipelines");
    TEMPLATES.iter().map(|name| template(&folder, name)).collect()
}

fn template(folder: &std::path::Path, name: &str) -> Result<ReadTemplate, String> {
    let path = folder.join(format!("{name}.toml"));
    let wrong = |error: &dyn std::fmt::Display| format!("the profile \"{}\": {error}", path.display());
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error))?;
    let profile = GateProfile::parse(&text).map_err(|error| wrong(&error))?;
    let document = text.parse::<DocumentMut>().map_err(|error| wrong(&error))?;
    let mut groups: Vec<String> = Vec::new();
    for group in profile.lines.iter().flat_map(|line| &line.groups) {
        let group = group.as_str().to_owned();
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let template = Template { name: name.to_owned(), title: (profile.name.vi, profile.name.en), groups };
    Ok(ReadTemplate { template, document })
}

/// The text of the gate's profile; notes all that is wrong.
pub(crate) fn profile_text(templates: &[ReadTemplate], plan: &GatePlan, problems: &mut Problems) -> Option<String> {
    let name = name_for_people("name", &plan.name, problems);
    let template = templates.iter().find(|known| known.template.name == plan.template);
    if template.is_none() {
        let known: Vec<_> = templates.iter().map(|known| known.template.name.as_str()).collect();
        problems.note("template", format!("\"{}\" is not known: {} are accepted", plan.template, known.join(", ")));
    }
    let from = &template.or(templates.first())?.document;
    let mut document = DocumentMut::new();
    document["profile"] = value(i64::from(gate::profile::PROFILE_VERSION));
    let mut both = InlineTable::new();
    let shown = name.clone().unwrap_or_else(|| plan.template.clone());
    both.insert("vi", shown.as_str().into());
    both.insert("en", shown.as_str().into());
    document["name"] = value(both);
    for key in ["kind", "pictures", "counting"] {
        if let Some(item) = from.get(key) {
            document.insert(key, item.clone());
        }
    }
    let drawing = Drawing { lines: plan.lines.clone(), zones: plan.zones.clone() };
    let text = match drawing.into_text(&format!("{PROFILE_HEAD}{document}")) {
        Ok(text) => Some(text),
        Err(found) => {
            found.as_slice().iter().for_each(|problem| problems.note(problem.path.as_str(), &problem.message));
            None
        }
    };
    text.filter(|_| name.is_some() && template.is_some())
}

fn name_for_people(field: &str, name: &str, problems: &mut Problems) -> Option<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        problems.note(field, format!("1 to {NAME_CHARS_MAX} characters in one line are accepted"));
        return None;
    }
    Some(name.to_owned())
}

/// The text of the configuration with the gate in it; notes all that is wrong. What was there before stays as it is written,
/// comments and all.
pub(crate) fn config_text(
    before: Option<&str>,
    plan: &GatePlan,
    camera: Option<&CameraWanted>,
    profile: &str,
    problems: &mut Problems,
) -> Result<Option<String>, ConfigError> {
    let site = problems.check("site", SiteId::new(plan.site.as_str()));
    let gate = problems.check("gate", GateId::new(plan.gate.as_str()));
    let mut document = match before {
        Some(text) => text.parse::<DocumentMut>().map_err(|error| by_hand(&error.to_string()))?,
        None => {
            let mut document = DocumentMut::new();
            document["site"] = value(plan.site.as_str());
            // A comment: the configuration has no field for it.
            if let (Some(name), Some(site)) =
                (name_for_people("site_name", &plan.site_name, problems), document["site"].as_value_mut())
            {
                site.decor_mut().set_suffix(format!(" # {name}"));
            }
            document["node"] = value(NODE);
            document["data"] = value(".");
            // Cameras stand before the gates that name them.
            tables(&mut document, "camera")?;
            document
        }
    };
    if let Some(there) = document.get("site").and_then(Item::as_str)
        && there != plan.site
    {
        problems.note("site", format!("this machine belongs to the site \"{there}\": further gates are its own"));
    }
    let there = |known: &Table| text_of(known, "id") == Some(plan.gate.as_str());
    let its_camera = tables(&mut document, "gate")?.iter().find(|known| there(known));
    let its_camera = its_camera.and_then(|known| text_of(known, "camera")).map(str::to_owned);
    let others = its_camera.as_ref().is_some_and(|camera| {
        tables_of(&document, "gate").any(|known| !there(known) && text_of(known, "camera") == Some(camera))
    });
    // A camera that other gates share is theirs as well: this gate gets one of its own.
    let id = match (&its_camera, camera) {
        (Some(id), None) => Some(id.clone()),
        (Some(id), Some(_)) if !others => Some(id.clone()),
        (Some(_) | None, Some(_)) => Some(free_camera(&document)),
        (None, None) => {
            // That a trial is over has been noted already.
            if plan.source.is_none() {
                problems.note("trial", "a gate needs a camera: try one first");
            }
            None
        }
    };
    let (Some(id), Some(_), Some(gate)) = (id, site, gate) else { return Ok(None) };
    put_camera(tables(&mut document, "camera")?, &id, camera, plan.plates);
    put_gate(tables(&mut document, "gate")?, gate.as_str(), &id, profile);
    let text = document.to_string();
    let whole = if before.is_none() { format!("{CONFIG_HEAD}{text}") } else { text };
    Ok(problems.as_slice().is_empty().then_some(whole))
}

fn put_camera(cameras: &mut ArrayOfTables, id: &str, wanted: Option<&CameraWanted>, plates: PlateReading) {
    if !cameras.iter().any(|known| text_of(known, "id") == Some(id)) {
        let mut table = Table::new();
        table["id"] = value(id);
        cameras.push(table);
    }
    let Some(table) = cameras.iter_mut().find(|known| text_of(&**known, "id") == Some(id)) else { return };
    if let Some(CameraWanted { source, is_file }) = wanted {
        table["source"] = value(source.as_str());
        // A smaller stream of the camera before is none of this one's.
        table.remove("detect_source");
        if *is_file {
            table["play"] = value("loop");
        } else {
            table.remove("play");
        }
    }
    match plates {
        PlateReading::On => table["plates"] = value(true),
        PlateReading::Off => drop(table.remove("plates")),
    }
}

fn put_gate(gates: &mut ArrayOfTables, gate: &str, camera: &str, profile: &str) {
    if !gates.iter().any(|known| text_of(known, "id") == Some(gate)) {
        let mut table = Table::new();
        table["id"] = value(gate);
        gates.push(table);
    }
    let Some(table) = gates.iter_mut().find(|known| text_of(&**known, "id") == Some(gate)) else { return };
    table["camera"] = value(camera);
    table["profile"] = value(profile);
}

fn by_hand(why: &str) -> ConfigError {
    ConfigError(format!("node.toml cannot be changed from the page: {why}; change it by hand"))
}

/// The `[[key]]` of a configuration, made where there is none.
fn tables<'d>(document: &'d mut DocumentMut, key: &str) -> Result<&'d mut ArrayOfTables, ConfigError> {
    let item = document.entry(key).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or_else(|| by_hand(&format!("\"{key}\" is not written as [[{key}]]")))
}

fn tables_of<'d>(document: &'d DocumentMut, key: &str) -> impl Iterator<Item = &'d Table> {
    document.get(key).and_then(Item::as_array_of_tables).into_iter().flatten()
}

fn text_of<'t>(table: &'t dyn TableLike, key: &str) -> Option<&'t str> {
    table.get(key)?.as_str()
}

fn free_camera(document: &DocumentMut) -> String {
    let taken = |name: &str| tables_of(document, "camera").any(|known| text_of(known, "id") == Some(name));
    let names = (1_u32..).map(|number| format!("cam-{number}"));
    let name = names.into_iter().find(|name| !taken(name)).unwrap_or_default();
    debug_assert!(CameraId::new(name.as_str()).is_ok());
    name
}
