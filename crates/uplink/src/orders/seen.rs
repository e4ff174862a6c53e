//! Which orders were handed on, on the disk.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::UtcTime;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::warn;
use wire::order::{AHEAD_MAX, LIFE_MAX};
use wire::{LaneOrder, OrderId};

use super::OrderFault;
use crate::durable::checked;

/// Most orders that are remembered; a guard gives a few within the minutes that they live.
pub const TAKEN_MAX: usize = 256;

/// How long after its end an order is remembered: a clock that is corrected by so much does not bring it back.
const REMEMBERED_AFTER: Duration = Duration::from_secs(60);

/// Longest file in bytes: so many ids and times fit well.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why the folder cannot be used.
#[derive(Debug, Error)]
#[error("cannot use the folder of orders \"{path}\"")]
pub struct SeenOrdersError {
    /// The folder.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// What stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// Orders that ended at this moment or before may have been handed on, and are not remembered.
    floor: UtcTime,
    /// Those that were handed on, and when they end.
    taken: BTreeMap<OrderId, UtcTime>,
}

/// What to do with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may be carried out, for so long.
    Good(Duration),
    /// It was heard before.
    Again,
    /// It may not, and that is news.
    Fault(OrderFault),
}

/// The orders that this node has had.
#[derive(Debug)]
pub struct SeenOrders {
    path: PathBuf,
    kept: Kept,
    /// Those that were refused, so that each is told of once. The oldest are forgotten.
    refused: VecDeque<OrderId>,
}

impl SeenOrders {
    /// Opens the folder, or makes it. Where the file is damaged, no order that could have been given before `now` is
    /// taken: for minutes, nothing loosens a lane from afar.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: &Path, now: UtcTime) -> Result<Self, SeenOrdersError> {
        fs::create_dir_all(folder).map_err(|source| SeenOrdersError { path: folder.to_owned(), source })?;
        let path = folder.join("taken");
        let kept = match checked::load(&path, FILE_BYTES_MAX) {
            Ok(kept) => kept.unwrap_or(Kept { floor: UtcTime::UNIX_EPOCH, taken: BTreeMap::new() }),
            Err(why) => {
                warn!(why, "which orders were carried out is lost: none of the last minutes is taken");
                Kept { floor: now.saturating_add(AHEAD_MAX + LIFE_MAX), taken: BTreeMap::new() }
            }
        };
        Ok(Self { path, kept, refused: VecDeque::new() })
    }

    /// Whether `order` may be carried out; if so, that is on the disk when this returns.
    pub(super) fn admit(&mut self, order: &LaneOrder, now: UtcTime) -> Admission {
        if self.kept.taken.contains_key(&order.id) || self.refused.contains(&order.id) {
            return Admission::Again;
        }
        match self.take(order, now) {
            Ok(left) => Admission::Good(left),
            Err(fault) => {
                if self.refused.len() >= TAKEN_MAX {
                    self.refused.pop_front();
                }
                self.refused.push_back(order.id);
                Admission::Fault(fault)
            }
        }
    }

    fn take(&mut self, order: &LaneOrder, now: UtcTime) -> Result<Duration, OrderFault> {
        let left = order.time_left(now)?;
        // What closes a lane may come twice without harm.
        let is_harmless = !order.action.loosens();
        if order.not_after <= self.kept.floor && !is_harmless {
            return Err(OrderFault::Forgotten);
        }
        let mut kept = self.kept.clone();
        let is_over = |not_after: &UtcTime| not_after.saturating_add(REMEMBERED_AFTER) < now;
        let over = kept.taken.values().copied().filter(is_over).max();
        kept.floor = kept.floor.max(over.unwrap_or(kept.floor));
        kept.taken.retain(|_, not_after| !is_over(not_after));
        if kept.taken.len() >= TAKEN_MAX {
            return Err(OrderFault::TooMany);
        }
        kept.taken.insert(order.id, order.not_after);
        match checked::save(&self.path, &kept, 0o640) {
            Ok(()) => {}
            Err(error) if is_harmless => warn!(%error, "an order cannot be kept on the disk"),
            Err(error) => return Err(OrderFault::Unsaved(error.to_string())),
        }
        self.kept = kept;
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{LaneName, OrderAction};

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_unix_micros((1_763_600_000 + seconds) * 1_000_000).expect("in range")
    }

    /// An order that is good from `from` on for a minute.
    fn order(id: u8, from: i64, action: OrderAction) -> LaneOrder {
        LaneOrder {
            id: OrderId::from_random([id; 16]),
            site: "s1".parse().expect("a slug"),
            node: "n1".parse().expect("a slug"),
            lane: Some(LaneName::new("car-in").expect("a slug")),
            action,
            answers: None,
            by: "B".to_owned(),
            reason: "x".to_owned(),
            issued_at: at(from),
            not_after: at(from + 60),
        }
    }

    #[test]
    fn an_order_is_good_once_even_over_a_start_and_with_a_clock_that_is_set_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut seen = SeenOrders::open(folder.path(), at(0)).expect("it opens");
        let first = order(1, 0, OrderAction::Open);
        assert_eq!(seen.admit(&first, at(10)), Admission::Good(Duration::from_secs(50)));
        assert_eq!(seen.admit(&first, at(11)), Admission::Again);
        let mut seen = SeenOrders::open(folder.path(), at(12)).expect("it opens");
        assert_eq!(seen.admit(&first, at(12)), Admission::Again);
        // Much later it is forgotten, and its time with it.
        assert!(matches!(seen.admit(&order(2, 200, OrderAction::Open), at(200)), Admission::Good(_)));
        let mut seen = SeenOrders::open(folder.path(), at(201)).expect("it opens");
        assert_eq!(seen.kept.taken.len(), 1);
        assert_eq!(seen.admit(&first, at(12)), Admission::Fault(OrderFault::Forgotten));
    }

    #[test]
    fn what_is_late_or_from_the_future_is_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut seen = SeenOrders::open(folder.path(), at(0)).expect("it opens");
        for (id, now, name) in [(1, 61, "late"), (2, -40, "clock")] {
            let order = order(id, 0, OrderAction::Open);
            match seen.admit(&order, at(now)) {
                Admission::Fault(fault) => assert_eq!(fault.as_str(), name),
                other @ (Admission::Good(_) | Admission::Again) => panic!("{other:?}"),
            }
            assert_eq!(seen.admit(&order, at(now)), Admission::Again);
        }
    }

    #[test]
    fn a_damaged_file_lets_nothing_be_loosened_for_minutes_and_everything_be_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("taken"), "x").expect("written");
        let mut seen = SeenOrders::open(folder.path(), at(0)).expect("it opens");
        let open = seen.admit(&order(1, 0, OrderAction::Open), at(1));
        assert_eq!(open, Admission::Fault(OrderFault::Forgotten));
        assert!(matches!(seen.admit(&order(2, 0, OrderAction::LockDown), at(1)), Admission::Good(_)));
        assert!(matches!(seen.admit(&order(3, 400, OrderAction::Open), at(400)), Admission::Good(_)));
    }

    #[test]
    fn what_cannot_be_kept_opens_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut seen = SeenOrders::open(folder.path(), at(0)).expect("it opens");
        std::fs::remove_dir_all(folder.path()).expect("gone");
        let open = seen.admit(&order(1, 0, OrderAction::Hold), at(1));
        assert!(matches!(open, Admission::Fault(OrderFault::Unsaved(_))), "{open:?}");
        assert!(matches!(seen.admit(&order(2, 0, OrderAction::Close), at(1)), Admission::Good(_)));
    }

    #[test]
    fn more_orders_than_are_remembered_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut seen = SeenOrders::open(folder.path(), at(0)).expect("it opens");
        for number in 0..TAKEN_MAX {
            let mut one = order(0, 0, OrderAction::Open);
            one.id =
                OrderId::from_random([&(number as u64).to_be_bytes()[..], &[0; 8]].concat().try_into().expect("16"));
            assert!(matches!(seen.admit(&one, at(1)), Admission::Good(_)), "{number}");
        }
        assert_eq!(seen.admit(&order(9, 0, OrderAction::Open), at(1)), Admission::Fault(OrderFault::TooMany));
    }
}
