//! Lines and zones of a gate profile, out of its text and back into it. What no drawing shows stays as it is written:
//! comments, limits, which way something may go.

use domain::{Point, Problems};
use gate::GateProfile;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use crate::setup::{DrawnLine, DrawnZone, Inwards};

/// A shorter line is a slip of the hand: nobody can walk over it. Share of the picture.
const LINE_MIN: f32 = 0.03;

/// The lines and zones of a profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drawing {
    /// Its counting lines.
    pub lines: Vec<DrawnLine>,
    /// Its zones.
    pub zones: Vec<DrawnZone>,
}

impl Drawing {
    /// What a profile draws; what is wrong with its text where it is none.
    pub fn of(text: &str) -> Result<Self, Problems> {
        let profile = GateProfile::parse(text)?;
        let groups =
            |groups: &[domain::CountGroup]| groups.iter().map(|group| group.as_str().to_owned()).collect::<Vec<_>>();
        let lines = profile.lines.iter().map(|line| DrawnLine {
            was: Some(line.id.to_string()),
            id: line.id.to_string(),
            points: line.line.ends().to_vec(),
            inwards: match line.inside {
                domain::Side::B => Inwards::AToB,
                domain::Side::A => Inwards::BToA,
            },
            groups: groups(&line.groups),
        });
        let zones = profile.zones.iter().map(|zone| DrawnZone {
            was: Some(zone.id.to_string()),
            id: zone.id.to_string(),
            points: zone.area.corners().to_vec(),
            groups: groups(&zone.groups),
        });
        Ok(Self { lines: lines.collect(), zones: zones.collect() })
    }

    /// The profile `text` with these lines and zones in place of its own. Every mistake is told by the drawing's fields,
    /// `lines[0].points`.
    pub fn into_text(self, text: &str) -> Result<String, Problems> {
        let mut problems = Problems::default();
        self.check(&mut problems);
        let mut document = match text.parse::<DocumentMut>() {
            Ok(document) => document,
            Err(error) => {
                problems.note("profile", error.to_string());
                return Err(problems);
            }
        };
        let Self { lines, zones } = self;
        let [mut line_tables, mut zone_tables] = [ArrayOfTables::new(), ArrayOfTables::new()];
        for line in &lines {
            line_tables.push(line_table(line, before(&document, "line", line.was.as_deref())));
        }
        for zone in &zones {
            zone_tables.push(zone_table(zone, before(&document, "zone", zone.was.as_deref())));
        }
        for (key, tables) in [("line", line_tables), ("zone", zone_tables)] {
            match document.get(key) {
                // Written in another way, such as `line = [{ … }]`: it may be changed by hand.
                Some(item) if !item.is_array_of_tables() => {
                    problems.note(key, format!("it is not written as [[{key}]]"))
                }
                Some(_) | None if tables.is_empty() => drop(document.remove(key)),
                Some(_) | None => drop(document.insert(key, Item::ArrayOfTables(tables))),
            }
        }
        let text = document.to_string();
        if let Err(found) = GateProfile::parse(&text) {
            for problem in found.as_slice() {
                problems.note(field(&problem.path), &problem.message);
            }
        }
        problems.into_result(Some(text))
    }

    /// What a profile would take, and nobody can mean.
    fn check(&self, problems: &mut Problems) {
        for (number, line) in self.lines.iter().enumerate() {
            if let [from, to] = line.points[..]
                && from != to
                && (to.x - from.x).hypot(to.y - from.y) < LINE_MIN
            {
                problems.note(
                    format!("lines[{number}].points"),
                    format!("too short: at least {} % of the picture is accepted", LINE_MIN * 100.0),
                );
            }
        }
        for (number, zone) in self.zones.iter().enumerate() {
            if crosses_itself(&zone.points) {
                problems.note(format!("zones[{number}].points"), "its edges cross: move a corner so that they do not");
            }
        }
    }
}

/// The field of a drawing for a path of the profile.
fn field(path: &str) -> String {
    for (part, field) in [("line", "lines"), ("zone", "zones")] {
        match path.strip_prefix(part) {
            Some(rest) if rest.is_empty() || rest.starts_with(['[', '.']) => return format!("{field}{rest}"),
            Some(_) | None => {}
        }
    }
    path.to_owned()
}

/// Whether two edges that do not meet at a corner cross each other.
fn crosses_itself(corners: &[Point]) -> bool {
    let edge = |at: usize| (corners[at], corners[(at + 1) % corners.len()]);
    let side = |(a, b): (Point, Point), p: Point| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
    let apart = |one: (Point, Point), other: (Point, Point)| side(one, other.0) * side(one, other.1) < 0.0;
    let pairs = (0..corners.len()).flat_map(|one| (one + 2..corners.len()).map(move |other| (one, other)));
    let mut pairs = pairs.filter(|(one, other)| (other + 1) % corners.len() != *one);
    pairs.any(|(one, other)| apart(edge(one), edge(other)) && apart(edge(other), edge(one)))
}

/// The table of the line or zone that was called `was`; an empty one where there is none.
fn before(document: &DocumentMut, key: &str, was: Option<&str>) -> Table {
    let tables = document.get(key).and_then(Item::as_array_of_tables).into_iter().flatten();
    let mut named = tables.filter(|table| was.is_some() && table.get("id").and_then(Item::as_str) == was);
    named.next().cloned().unwrap_or_default()
}

fn line_table(line: &DrawnLine, mut table: Table) -> Table {
    put(&mut table, "id", line.id.as_str().into());
    put(&mut table, "points", points(&line.points));
    let inwards = match line.inwards {
        Inwards::AToB => "a_to_b",
        Inwards::BToA => "b_to_a",
    };
    put(&mut table, "in", inwards.into());
    put(&mut table, "groups", groups(&line.groups));
    table
}

fn zone_table(zone: &DrawnZone, mut table: Table) -> Table {
    put(&mut table, "id", zone.id.as_str().into());
    put(&mut table, "points", points(&zone.points));
    put(&mut table, "groups", groups(&zone.groups));
    table
}

/// Sets a value and keeps what is written around it.
fn put(table: &mut Table, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(there) => {
            *value.decor_mut() = there.decor().clone();
            *there = value;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

fn groups(groups: &[String]) -> Value {
    Value::Array(groups.iter().map(String::as_str).collect())
}

/// Points to four digits, a tenth of a pixel of the widest picture.
fn points(points: &[Point]) -> Value {
    let share = |share: f32| Value::from((f64::from(share) * 1e4).round() / 1e4);
    let point = |point: &Point| Value::Array([share(point.x), share(point.y)].into_iter().collect());
    Value::Array(points.iter().map(point).collect::<Array>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"# Cổng chính
profile = 1
name = { vi = "Cổng", en = "Gate" }
kind = "tourist_site"

[counting]
anchor = "foot" # seen from the side

# where the ticket is torn
[[line]]
id = "entrance"
points = [[0.7, 0.0], [0.7, 1.0]] # measured on 3 May
in = "a_to_b"
groups = ["person"]
only = "in"

[[line]]
id = "drive"
points = [[0.1, 0.5], [0.4, 0.5]]
in = "b_to_a"

[[zone]]
id = "hall"
points = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]
groups = ["person"]
crowd = { above = 30 }
"#;

    #[test]
    fn what_is_drawn_as_it_was_leaves_the_text_as_it_was_but_for_what_was_left_out() {
        let drawing = Drawing::of(PROFILE).expect("a profile");
        let text = drawing.clone().into_text(PROFILE).expect("it is good");
        let filled = PROFILE.replace("in = \"b_to_a\"\n", "in = \"b_to_a\"\ngroups = [\"person\", \"vehicle\"]\n");
        assert_eq!(text, filled);
        assert_eq!(Drawing::of(&text), Ok(drawing));
    }

    #[test]
    fn a_line_that_is_moved_and_renamed_keeps_what_no_drawing_shows() {
        let mut drawing = Drawing::of(PROFILE).expect("a profile");
        drawing.lines[0].id = "main".to_owned();
        drawing.lines[0].points = vec![Point { x: 0.25, y: 0.125 }, Point { x: 0.75, y: 0.12345 }];
        drawing.lines[0].inwards = Inwards::BToA;
        drawing.lines.remove(1);
        drawing.zones.clear();
        let new = DrawnLine { was: None, id: "side".to_owned(), ..drawing.lines[0].clone() };
        drawing.lines.push(new);
        let text = drawing.into_text(PROFILE).expect("it is good");
        let profile = GateProfile::parse(&text).expect("a profile");
        assert_eq!(profile.lines.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), ["main", "side"]);
        assert_eq!(profile.lines.iter().map(|line| line.only).collect::<Vec<_>>(), [Some(domain::Direction::In), None]);
        assert!(profile.zones.is_empty() && profile.counting.anchor == gate::profile::Anchor::Foot);
        for kept in ["# where the ticket is torn", "[[0.25, 0.125], [0.75, 0.1235]] # measured on 3 May", "# seen from"]
        {
            assert!(text.contains(kept), "\"{kept}\" is missing in:\n{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_the_drawing_s_fields() {
        let mut drawing = Drawing::of(PROFILE).expect("a profile");
        drawing.lines[0].points[1] = Point { x: 0.7, y: 0.01 };
        drawing.lines[1].id = "Đường".to_owned();
        drawing.zones[0].groups = vec!["vehicle".to_owned()];
        drawing.zones[0].points.push(Point { x: 0.0, y: 0.2 });
        drawing.zones[0].points.swap(1, 2);
        let problems = drawing.into_text(PROFILE).expect_err("four mistakes");
        let fields: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(fields, ["lines[0].points", "zones[0].points", "lines[1].id"], "{problems}");
        let by_hand = PROFILE.split("[[line]]").next().expect("a beginning").replace(
            "[counting]",
            "line = [{ id = \"a\", points = [[0.1, 0.1], [0.9, 0.9]], in = \"a_to_b\" }]\n[counting]",
        );
        let drawing = Drawing::of(&by_hand).expect("a profile");
        assert!(drawing.into_text(&by_hand).expect_err("by hand").to_string().contains("[[line]]"));
    }
}
