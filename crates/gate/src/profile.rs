//! How a gate is configured: its counting lines, its zones, when something counts and what is not allowed.

mod allowed;

use std::time::Duration;

use domain::table::asked::{self, AskedField};
use domain::{BoundingBox, CountGroup, Direction, Line, LineId, Point, Polygon, Problems, Side, TableReader, ZoneId};
use serde::Deserialize;

pub use allowed::CrowdLimit;
use allowed::{read_crowd, read_gap};

/// Version of the profile format that this code reads.
pub const PROFILE_VERSION: u32 = 1;

/// Most lines or zones of one gate.
pub const SHAPES_MAX: usize = 32;

/// A gate's configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct GateProfile {
    /// What the gate is called, in Vietnamese and in English.
    pub name: Name,
    /// What kind of place it guards.
    pub kind: SiteKind,
    /// When something counts.
    pub counting: Counting,
    /// Which groups are pictured: nobody is, unless the profile says so. A person's head is blurred in the picture.
    pub pictures: Vec<CountGroup>,
    /// Where passages are counted.
    pub lines: Vec<CountingLine>,
    /// Where stays and occupancy are counted.
    pub zones: Vec<Zone>,
}

/// A name in both languages of the console.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// The kinds of places that the profiles are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// A tourist site.
    TouristSite,
    /// An industrial park.
    IndustrialPark,
    /// A coach station.
    CoachStation,
    /// A road junction.
    Junction,
}

/// Which point of a box is held against lines and zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The middle: steady when feet are hidden, right for views from above.
    Centre,
    /// The middle of the lower edge: right where a zone is drawn on the ground and feet are seen.
    Foot,
}

impl Anchor {
    /// The point of `bbox`.
    pub fn of(self, bbox: &BoundingBox) -> Point {
        match self {
            Self::Centre => bbox.centre(),
            Self::Foot => bbox.foot(),
        }
    }
}

/// When something counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counting {
    /// The point of a box that crosses.
    pub anchor: Anchor,
    /// Half the width of the band around a line inside which nothing is decided, as a share of the object's size
    /// across the line: who dithers inside it has not crossed.
    pub band: f32,
    /// How long something must stay beyond the band before its crossing counts.
    pub settle: Duration,
    /// Sightings that something needs before it counts at all.
    pub sightings_min: u32,
    /// How long something that is not seen may be found again as the same.
    pub lost_max: Duration,
    /// Shortest stay in a zone that counts.
    pub stay_min: Duration,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            anchor: Anchor::Centre,
            band: 0.15,
            settle: Duration::from_millis(400),
            sightings_min: 3,
            lost_max: Duration::from_millis(3_000),
            stay_min: Duration::from_millis(1_000),
        }
    }
}

/// A counting line of a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct CountingLine {
    /// Its name.
    pub id: LineId,
    /// Where it is.
    pub line: Line,
    /// The side that is inside the site: who arrives there goes in.
    pub inside: Side,
    /// What is counted on it.
    pub groups: Vec<CountGroup>,
    /// The only way that it may be gone over; nothing where both are allowed.
    pub only: Option<Direction>,
    /// How long after somebody the next one may go over it the same way; nothing where it does not matter.
    pub gap: Option<Duration>,
}

/// A zone of a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its name.
    pub id: ZoneId,
    /// Where it is.
    pub area: Polygon,
    /// What is counted in it.
    pub groups: Vec<CountGroup>,
    /// When too many are in it; nothing where it does not matter.
    pub crowd: Option<CrowdLimit>,
}

impl GateProfile {
    /// Reads a profile from TOML; reports every mistake at once.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let profile = TableReader::parse(text, &mut problems).and_then(|mut table| {
            let profile = read_profile(&mut table);
            table.finish();
            profile
        });
        problems.into_result(profile)
    }

    /// The fields that a profile may have, for a reference of them.
    pub fn fields_asked() -> Vec<AskedField> {
        asked::fields_asked(&[""], |table| drop(read_profile(table))).expect("an empty text is TOML")
    }
}

fn read_profile(table: &mut TableReader<'_>) -> Option<GateProfile> {
    if let Some(version) = table.required::<u32>("profile", "the format's version, 1")
        && version != PROFILE_VERSION
    {
        table.note("profile", format!("version {version} is not known: {PROFILE_VERSION} is accepted"));
    }
    let name = table.required("name", "both names, such as { vi = \"Cổng chính\", en = \"Main gate\" }");
    let kind = table.required("kind", "tourist_site, industrial_park, coach_station or junction");
    let pictures = table.optional("pictures").unwrap_or_default();
    let counting = table.nested("counting", read_counting).unwrap_or_default();
    let lines: Vec<_> = table.each("line", read_line);
    let zones: Vec<_> = table.each("zone", read_zone);
    if lines.is_empty() && zones.is_empty() {
        table.note("line", "nothing to count: give at least one [[line]] or [[zone]]");
    }
    let (lines, zones) = (lines.into_iter().collect::<Option<Vec<_>>>(), zones.into_iter().collect::<Option<Vec<_>>>());
    if let Some(lines) = &lines {
        check_names(table, "line", lines.iter().map(|l| l.id.as_str()));
    }
    if let Some(zones) = &zones {
        check_names(table, "zone", zones.iter().map(|z| z.id.as_str()));
    }
    Some(GateProfile { name: name?, kind: kind?, counting, pictures, lines: lines?, zones: zones? })
}

fn check_names<'a>(table: &mut TableReader<'_>, key: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen = std::collections::BTreeSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            table
                .note(&format!("{key}[{index}].id"), format!("\"{name}\" is given twice: each {key} needs its own id"));
        }
        if index == SHAPES_MAX {
            table.note(key, format!("at most {SHAPES_MAX} are accepted"));
        }
    }
}

fn read_counting(table: &mut TableReader<'_>) -> Counting {
    let default = Counting::default();
    let mut millis = |key, range: std::ops::RangeInclusive<u64>, accepted: &str, default: Duration| {
        let default = u64::try_from(default.as_millis()).expect("the defaults are seconds");
        Duration::from_millis(table.ranged(key, range, accepted, default))
    };
    let settle = millis("settle_ms", 0..=10_000, "0 to 10000", default.settle);
    let lost_max = millis("lost_ms", 0..=60_000, "0 to 60000", default.lost_max);
    let stay_min = millis("stay_ms", 0..=600_000, "0 to 600000", default.stay_min);
    Counting {
        anchor: table.optional("anchor").unwrap_or(default.anchor),
        band: table.ranged("band", 0.0..=2.0, "0.0 to 2.0 object sizes", default.band),
        sightings_min: table.ranged("sightings_min", 1..=100, "1 to 100", default.sightings_min),
        settle,
        lost_max,
        stay_min,
    }
}

fn read_groups(table: &mut TableReader<'_>) -> Vec<CountGroup> {
    match table.optional::<Vec<CountGroup>>("groups") {
        None => CountGroup::ALL.to_vec(),
        Some(groups) => {
            if groups.is_empty() {
                table.note("groups", "nothing to count: \"person\", \"vehicle\" or both are accepted");
            }
            groups
        }
    }
}

fn read_line(table: &mut TableReader<'_>) -> Option<CountingLine> {
    let id = table.required("id", "a name of a-z, 0-9 and -");
    let line = table.required("points", "two points [[x0, y0], [x1, y1]], each number from 0 to 1");
    let inside = table.required::<Towards>("in", "\"a_to_b\" or \"b_to_a\", the way that leads into the site");
    let groups = read_groups(table);
    let only = table.optional("only");
    let gap = read_gap(table);
    Some(CountingLine { id: id?, line: line?, inside: inside?.side(), groups, only, gap })
}

fn read_zone(table: &mut TableReader<'_>) -> Option<Zone> {
    let id = table.required("id", "a name of a-z, 0-9 and -");
    let area = table.required("points", "at least three points [[x, y], …], each number from 0 to 1");
    let groups = read_groups(table);
    let crowd = read_crowd(table, &groups);
    Some(Zone { id: id?, area: area?, groups, crowd })
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Towards {
    AToB,
    BToA,
}

impl Towards {
    fn side(self) -> Side {
        match self {
            Self::AToB => Side::B,
            Self::BToA => Side::A,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        profile = 1
        name = { vi = "Cổng chính", en = "Main gate" }
        kind = "tourist_site"
        [[line]]
        id = "entrance"
        points = [[0.5, 0.0], [0.5, 1.0]]
        in = "a_to_b"
        groups = ["person"]
    "#;

    #[test]
    fn a_good_profile_is_read() {
        let profile = GateProfile::parse(GOOD).expect("it is good");
        assert_eq!((profile.lines[0].inside, profile.counting), (Side::B, Counting::default()));
    }

    #[test]
    fn five_mistakes_are_reported_at_once() {
        let bad = GOOD
            .replace("profile = 1", "profile = 7")
            .replace("tourist_site", "zoo")
            .replace("[0.5, 1.0]", "[0.5, 1.5]")
            .replace("a_to_b", "inwards")
            .replace("groups", "gruops");
        let problems = GateProfile::parse(&bad).expect_err("five mistakes");
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["profile", "kind", "line[0].points", "line[0].in", "line[0].gruops"], "{problems}");
        let text = problems.to_string();
        for said in
            ["5 problems", "coach_station", "0 to 1", "a_to_b", "id, points, in, groups, only, gap_ms are accepted"]
        {
            assert!(text.contains(said), "\"{said}\" is missing in:\n{text}");
        }
    }

    #[test]
    fn what_lines_and_zones_allow_is_read() {
        let zone = "[[zone]]\nid = \"hall\"\npoints = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]\n";
        let text = format!("{GOOD}only = \"out\"\ngap_ms = 1500\n{zone}[zone.crowd]\nabove = 30\nfor_ms = 5000\n");
        let profile = GateProfile::parse(&text).expect("it is good");
        let line = &profile.lines[0];
        assert_eq!((line.only, line.gap), (Some(Direction::Out), Some(Duration::from_millis(1500))));
        let lasting = Duration::from_secs(5);
        let wanted = CrowdLimit { group: CountGroup::Person, above: 30, until: 24, lasting };
        assert_eq!(profile.zones[0].crowd, Some(wanted));
    }

    #[test]
    fn mistakes_in_what_is_allowed_are_named_with_what_is_accepted() {
        let zones = |crowd: &str| {
            format!(
                "{GOOD}only = \"inwards\"\ngap_ms = 0\n[[zone]]\nid = \"hall\"\n\
                 points = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]\ngroups = [\"vehicle\"]\ncrowd = {{ {crowd} }}\n"
            )
        };
        for (crowd, path, said) in [
            ("above = 0", "zone[0].crowd.above", "1 to 1000"),
            ("for_ms = 1", "zone[0].crowd.above", "missing"),
            ("above = 9, until = 9", "zone[0].crowd.until", "0 to 8"),
            ("above = 9, group = \"person\"", "zone[0].crowd.group", "\"vehicle\" is accepted"),
            ("above = 9, for_ms = 9000000", "zone[0].crowd.for_ms", "0 to 3600000"),
            ("above = 9, limit = 3", "zone[0].crowd.limit", "above, until, group, for_ms are accepted"),
        ] {
            let problems = GateProfile::parse(&zones(crowd)).expect_err("three mistakes");
            let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.as_str()).collect();
            assert_eq!(paths, ["line[0].only", "line[0].gap_ms", path], "{problems}");
            let text = problems.to_string();
            for said in [said, "1 to 60000", "`in`"] {
                assert!(text.contains(said), "\"{said}\" is missing in:\n{text}");
            }
        }
    }

    #[test]
    fn a_profile_without_lines_and_with_twins_is_refused() {
        let none = GOOD.split("[[line]]").next().expect("the head");
        assert!(GateProfile::parse(none).expect_err("nothing to count").to_string().contains("[[zone]]"));
        let line = &GOOD[GOOD.find("[[line]]").expect("a line")..];
        let twins = format!("{GOOD}\n{line}");
        assert!(GateProfile::parse(&twins).expect_err("twins").to_string().contains("given twice"));
        assert!(GateProfile::parse("").is_err());
    }
}
