//! Visits of vehicles: an entry with its exit, matched by plate at one site.
//!
//! Persons are not matched: nothing that is told of them says who they are. A vehicle's visit begins when it went in and
//! ends with its next passage, where that is one out and comes within the limit. An entry whose next passage is another
//! entry was left without being seen; what it lasted is not known, and not guessed.

use std::time::Duration;

use domain::{Direction, GateId, SiteId, UtcTime};
use wire::EventId;

/// Longest visit: a vehicle that leaves later was, more likely, missed once in between.
pub const VISIT_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A vehicle with a read plate went in or out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlateMove {
    /// The site.
    pub site: SiteId,
    /// The key by which plates are compared.
    pub key: String,
    /// When it passed.
    pub at: UtcTime,
    /// Identity of the passage's event.
    pub id: EventId,
    /// Which way.
    pub direction: Direction,
    /// The gate.
    pub gate: GateId,
    /// The plate as it is written for people.
    pub display: String,
}

/// What is known of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Where it went in.
    pub entered: PlateMove,
    /// Where it went out.
    pub left: Option<PlateMove>,
    /// Whether it went in again without having been seen leaving.
    pub is_broken: bool,
}

impl Visit {
    /// How long it lasted, where that is known.
    pub fn length(&self) -> Option<Duration> {
        self.left.as_ref().map(|left| left.at.since(self.entered.at))
    }
}

/// The visits that `moves` show, one for each entry, in the order of site, plate and time; nothing longer than `limit`.
/// The order of `moves` does not matter.
pub fn visits(mut moves: Vec<PlateMove>, limit: Duration) -> Vec<Visit> {
    moves.sort();
    let mut found: Vec<Visit> = Vec::new();
    for passed in moves {
        let same = |visit: &Visit| visit.entered.site == passed.site && visit.entered.key == passed.key;
        let open = found.last_mut().filter(|visit| visit.left.is_none() && same(visit));
        match (passed.direction, open) {
            (Direction::In, open) => {
                if let Some(before) = open {
                    before.is_broken = true;
                }
                found.push(Visit { entered: passed, left: None, is_broken: false });
            }
            (Direction::Out, Some(visit)) if passed.at.since(visit.entered.at) <= limit && !visit.is_broken => {
                visit.left = Some(passed);
            }
            (Direction::Out, Some(visit)) => visit.is_broken = true,
            (Direction::Out, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passed(key: &str, second: i64, direction: Direction) -> PlateMove {
        let at = UtcTime::from_unix_micros(second * 1_000_000).expect("in range");
        PlateMove {
            site: SiteId::new("s1").expect("a slug"),
            key: key.to_owned(),
            at,
            id: EventId::derive(at, &[7; 16], u64::try_from(second).unwrap_or(0)),
            direction,
            gate: GateId::new("main").expect("a slug"),
            display: key.to_owned(),
        }
    }

    fn shown(moves: Vec<PlateMove>) -> Vec<(String, Option<u64>, bool)> {
        visits(moves, Duration::from_secs(100))
            .into_iter()
            .map(|visit| (visit.entered.key.clone(), visit.length().map(|length| length.as_secs()), visit.is_broken))
            .collect()
    }

    #[test]
    fn an_entry_is_joined_with_the_exit_of_the_same_plate() {
        let moves = vec![
            passed("A", 10, Direction::In),
            passed("B", 20, Direction::In),
            passed("A", 70, Direction::Out),
            passed("C", 30, Direction::Out),
        ];
        assert_eq!(shown(moves), [("A".to_owned(), Some(60), false), ("B".to_owned(), None, false)]);
    }

    #[test]
    fn an_entry_after_an_entry_and_an_exit_too_late_end_nothing() {
        let moves = vec![
            passed("A", 10, Direction::In),
            passed("A", 20, Direction::In),
            passed("A", 50, Direction::Out),
            passed("B", 0, Direction::In),
            passed("B", 101, Direction::Out),
            passed("B", 102, Direction::Out),
        ];
        let wanted = [("A", None, true), ("A", Some(30), false), ("B", None, true)];
        assert_eq!(shown(moves), wanted.map(|(key, length, broken)| (key.to_owned(), length, broken)));
    }

    proptest! {
        /// One visit for each entry, no exit used twice, whatever the order.
        #[test]
        fn each_entry_is_one_visit_and_each_exit_ends_one_at_most(
            moves in prop::collection::btree_map(0i64..200, (0u8..3, any::<bool>()), 0..40).prop_flat_map(|moves| {
                let moves: Vec<_> = moves.into_iter().map(|(second, (key, inward))| {
                    let direction = if inward { Direction::In } else { Direction::Out };
                    passed(&key.to_string(), second, direction)
                }).collect();
                (Just(moves.clone()), Just(moves).prop_shuffle())
            })
        ) {
            let (told, shuffled) = moves;
            let entries = told.iter().filter(|passed| passed.direction == Direction::In).count();
            let found = visits(told.clone(), VISIT_MAX);
            prop_assert_eq!(found.len(), entries);
            let mut exits: Vec<_> = found.iter().filter_map(|visit| visit.left.as_ref().map(|left| left.id)).collect();
            let all = exits.len();
            exits.sort();
            exits.dedup();
            prop_assert_eq!(exits.len(), all);
            prop_assert_eq!(visits(shuffled, VISIT_MAX), found);
        }
    }
}
