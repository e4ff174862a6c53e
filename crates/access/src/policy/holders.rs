//! The lists of a policy: who holds what, and who is denied.

use std::collections::HashMap;
use std::fmt::Display;

use domain::{Problems, UtcTime, ZoneId};
use vnplate::Key;

use super::table::{Row, each_row};
use super::{DENIED_MAX, Denied, DeniedThing, HOLDER_ITEMS_MAX, HOLDERS_MAX, Holder, HolderKind, Window};
use crate::cccd::IdDigest;
use crate::id::{CardKey, CategoryId, HolderId, PassId};
use crate::schedule::Day;

/// Longest name or note, in characters.
const TEXT_LEN_MAX: usize = 200;

const HOLDER_REQUIRED: &[&str] = &["holder", "name", "kind", "category"];
const HOLDER_OPTIONAL: &[&str] =
    &["plates", "passes", "cards", "citizen_card", "valid_from", "valid_to", "zones", "drivers", "note"];
const DENIED_REQUIRED: &[&str] = &["what", "value", "reason"];
const DENIED_OPTIONAL: &[&str] = &["valid_from", "valid_to"];

/// Reads the holders of one list, each with the place that it was read from.
pub(super) fn read_holders(name: &str, text: &str, problems: &mut Problems) -> Vec<(String, Holder)> {
    let mut holders = Vec::new();
    each_row((name, text), HOLDER_REQUIRED, HOLDER_OPTIONAL, HOLDERS_MAX, problems, |row, problems| {
        holders.extend(read_holder(row, problems).map(|holder| (row.path.clone(), holder)));
    });
    holders
}

fn read_holder(row: &Row<'_>, problems: &mut Problems) -> Option<Holder> {
    let id = problems.check(&row.path, HolderId::new(row.cell("holder")));
    let category = problems.check(&row.path, CategoryId::new(row.cell("category")));
    let kind = match row.cell("kind") {
        "person" => Some(HolderKind::Person),
        "vehicle" => Some(HolderKind::Vehicle),
        other => {
            problems.note(&row.path, format!("kind \"{other}\" is not known: person or vehicle is accepted"));
            None
        }
    };
    let name = text(row, "name", problems);
    if name.is_empty() {
        problems.note(&row.path, "no name: give what people call the holder");
    }
    let plates = several(row, "plates", problems, plate);
    let passes = several(row, "passes", problems, |text| PassId::new(text));
    let cards = several(row, "cards", problems, CardKey::new);
    let zones = several(row, "zones", problems, |text| ZoneId::new(text));
    let drivers = several(row, "drivers", problems, |text| HolderId::new(text));
    let digest = Some(row.cell("citizen_card")).filter(|text| !text.is_empty());
    let citizen_card = digest.and_then(|text| problems.check(&row.path, IdDigest::from_hex(text)));
    if ["plates", "passes", "cards", "citizen_card"].iter().all(|column| row.cell(column).is_empty()) {
        problems.note(&row.path, "nothing to show: give plates, passes, cards or citizen_card");
    }
    let (id, category, kind) = (id?, category?, kind?);
    match kind {
        HolderKind::Person if !drivers.is_empty() => problems.note(&row.path, "drivers: only a vehicle has drivers"),
        HolderKind::Vehicle if citizen_card.is_some() => {
            problems.note(&row.path, "citizen_card: only a person has one");
        }
        HolderKind::Person | HolderKind::Vehicle => {}
    }
    Some(Holder {
        id,
        name,
        kind,
        category,
        plates,
        passes,
        cards,
        citizen_card,
        valid: window(row, problems),
        zones: (!zones.is_empty()).then_some(zones),
        drivers,
        note: text(row, "note", problems),
    })
}

/// Reads the denials of one list.
pub(super) fn read_denied(name: &str, text: &str, problems: &mut Problems) -> Vec<(String, Denied)> {
    let mut denied = Vec::new();
    each_row((name, text), DENIED_REQUIRED, DENIED_OPTIONAL, DENIED_MAX, problems, |row, problems| {
        let thing = denied_thing(row.cell("what"), row.cell("value"));
        let thing = problems.check(&row.path, thing);
        let reason = self::text(row, "reason", problems);
        if reason.is_empty() {
            problems.note(&row.path, "no reason: say why, for the guard");
        }
        let valid = window(row, problems);
        denied.extend(thing.map(|thing| (row.path.clone(), Denied { thing, reason, valid })));
    });
    denied
}

/// The thing that `what` and `value` name.
pub(super) fn denied_thing(what: &str, value: &str) -> Result<DeniedThing, String> {
    let shown = |error: &dyn Display| error.to_string();
    match what {
        "plate" => plate(value).map(DeniedThing::Plate),
        "holder" => HolderId::new(value).map(DeniedThing::Holder).map_err(|error| shown(&error)),
        "pass" => PassId::new(value).map(DeniedThing::Pass).map_err(|error| shown(&error)),
        "card" => CardKey::new(value).map(DeniedThing::Card).map_err(|error| shown(&error)),
        "category" => CategoryId::new(value).map(DeniedThing::Category).map_err(|error| shown(&error)),
        other => Err(format!("\"{other}\" cannot be denied: plate, holder, pass, card or category is accepted")),
    }
}

fn plate(text: &str) -> Result<Key, String> {
    vnplate::parse(text)
        .map(|parsed| parsed.key)
        .map_err(|error| format!("\"{text}\" is no plate of any kind: {error}"))
}

fn several<T, E: Display>(
    row: &Row<'_>,
    column: &'static str,
    problems: &mut Problems,
    read: impl Fn(&str) -> Result<T, E>,
) -> Vec<T> {
    let mut all = Vec::new();
    for entry in row.entries(column) {
        if all.len() == HOLDER_ITEMS_MAX {
            problems.note(&row.path, format!("{column}: at most {HOLDER_ITEMS_MAX} are accepted"));
            break;
        }
        let read = read(entry).map_err(|error| format!("{column}: {error}"));
        all.extend(problems.check(&row.path, read));
    }
    all
}

fn text(row: &Row<'_>, column: &'static str, problems: &mut Problems) -> String {
    let text = row.cell(column);
    if text.chars().count() > TEXT_LEN_MAX || text.chars().any(char::is_control) {
        problems.note(&row.path, format!("{column}: at most {TEXT_LEN_MAX} characters on one line are accepted"));
    }
    text.to_owned()
}

fn window(row: &Row<'_>, problems: &mut Problems) -> Window {
    let end = |column, problems: &mut Problems, of: fn(Day) -> UtcTime| {
        let text = Some(row.cell(column)).filter(|text| !text.is_empty())?;
        problems.check(&row.path, moment(text, of).map_err(|error| format!("{column}: {error}")))
    };
    let from = end("valid_from", problems, Day::begins);
    let to = end("valid_to", problems, |day| day.next().begins());
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        problems.note(&row.path, "valid_to is not after valid_from");
    }
    Window { from, to }
}

/// A moment, or a whole day in Vietnam: its beginning as a start, its end as an end.
pub(super) fn moment(text: &str, of: fn(Day) -> UtcTime) -> Result<UtcTime, String> {
    Day::parse(text).map(of).or_else(|_| text.parse::<UtcTime>()).map_err(|_| {
        format!("\"{text}\" is neither a day such as 2026-11-20 nor a moment such as 2026-11-20T08:30:00+07:00")
    })
}

/// Notes each credential and each name that two holders have: nobody could tell whose it is.
pub(super) fn check_twins(holders: &[(String, Holder)], problems: &mut Problems) {
    let mut seen: HashMap<(&'static str, String), &str> = HashMap::new();
    for (path, holder) in holders {
        let mut see = |what: &'static str, value: String, shown: &str| match seen.get(&(what, value.clone())) {
            Some(first) => problems.note(path, format!("{what}{shown} is also at {first}")),
            None => {
                seen.insert((what, value), path);
            }
        };
        see("holder", holder.id.to_string(), &format!(" {}", holder.id));
        for key in &holder.plates {
            see("plate", key.to_string(), &format!(" {key}"));
        }
        for pass in &holder.passes {
            see("pass", pass.to_string(), &format!(" {pass}"));
        }
        // Cards are told by their place alone, because their keys are secret.
        for card in &holder.cards {
            see("card", card.expose().to_owned(), "");
        }
        if let Some(digest) = &holder.citizen_card {
            see("citizen card", digest.to_string(), "");
        }
    }
}
