//! What lines and zones allow: the direction of a line, the gap between two who pass it, the crowd in a zone.

use std::time::Duration;

use domain::{CountGroup, TableReader};

/// Longest gap that a line may demand, in milliseconds: beyond it nobody follows anybody.
const GAP_MS_MAX: u64 = 60_000;
/// Largest crowd that can be limited: no camera tells more apart.
const CROWD_MAX: u32 = 1_000;
/// Longest that a crowd may be asked to last, in milliseconds.
const CROWD_FOR_MS_MAX: u64 = 3_600_000;
/// How long a crowd must last where the profile does not say.
const CROWD_FOR_MS: u64 = 10_000;

/// When too many are in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrowdLimit {
    /// Who is counted.
    pub group: CountGroup,
    /// More than this are too many.
    pub above: u32,
    /// Once there were too many, there is room again when there are no more than this: below `above`, so that somebody
    /// who comes and goes does not begin and end a crowd each time.
    pub until: u32,
    /// How long there must be too many before it is told, and how long there must be room again.
    pub lasting: Duration,
}

/// Reads `gap_ms` of a line.
pub(super) fn read_gap(table: &mut TableReader<'_>) -> Option<Duration> {
    let millis = table.optional::<u64>("gap_ms")?;
    if (1..=GAP_MS_MAX).contains(&millis) {
        return Some(Duration::from_millis(millis));
    }
    table.note("gap_ms", format!("{millis} is out of range: 1 to {GAP_MS_MAX} is accepted; leave it out for no gap"));
    None
}

/// Reads the table `crowd` of a zone that counts `groups`.
pub(super) fn read_crowd(table: &mut TableReader<'_>, groups: &[CountGroup]) -> Option<CrowdLimit> {
    table.nested("crowd", |crowd| read_limit(crowd, groups)).flatten()
}

fn read_limit(table: &mut TableReader<'_>, groups: &[CountGroup]) -> Option<CrowdLimit> {
    let above = table.required::<u32>("above", "how many there may be, 1 to 1000: more are too many");
    let until = table.optional::<u32>("until");
    let group = table.optional::<CountGroup>("group");
    let accepted = "0 to 3600000";
    let lasting = Duration::from_millis(table.ranged("for_ms", 0..=CROWD_FOR_MS_MAX, accepted, CROWD_FOR_MS));
    let above = above?;
    if !(1..=CROWD_MAX).contains(&above) {
        table.note("above", format!("{above} is out of range: 1 to {CROWD_MAX} is accepted"));
        return None;
    }
    // A fifth below, and at least one: a crowd of 10 has room again at 8, one of 3 at 2.
    let until = until.unwrap_or(above - (above / 5).max(1));
    if until >= above {
        table.note("until", format!("{until} is not below \"above\": 0 to {} is accepted", above - 1));
        return None;
    }
    let group = group.or(groups.first().copied())?;
    if !groups.contains(&group) {
        let counted = groups.iter().map(|group| format!("\"{group}\"")).collect::<Vec<_>>().join(" or ");
        table.note("group", format!("\"{group}\" is not counted in this zone: {counted} is accepted"));
        return None;
    }
    Some(CrowdLimit { group, above, until, lasting })
}
