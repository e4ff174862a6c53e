//! Which table answers which part of a span of time: whole days and hours from their sums, the rest from minutes.

use crate::day::LOCAL_OFFSET_MINUTES;

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// How finely passages were summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// Per minute.
    Minute,
    /// Per hour.
    Hour,
    /// Per day from midnight to midnight in Asia/Ho_Chi_Minh.
    Day,
}

impl Grain {
    /// Its length in minutes.
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }

    /// The first minute of the stretch that `minute` lies in. Hours begin with those of Asia/Ho_Chi_Minh, which are
    /// seven whole hours ahead of UTC.
    pub const fn start_of(self, minute: i64) -> i64 {
        let length = self.minutes();
        (minute + LOCAL_OFFSET_MINUTES).div_euclid(length) * length - LOCAL_OFFSET_MINUTES
    }

    const fn end_of(self, minute: i64) -> i64 {
        let start = self.start_of(minute);
        if start == minute { minute } else { start + self.minutes() }
    }
}

/// A part of a span that one table answers: from the first minute to the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The table.
    pub grain: Grain,
    /// The first minute since 1970.
    pub from_minute: i64,
    /// The minute after the last.
    pub to_minute: i64,
}

/// The parts of a span in their order, at most five: minutes, hours, days, hours, minutes. No stretch is longer than
/// `coarsest`, so that an answer by hours is not made of days.
pub fn pieces(from_minute: i64, to_minute: i64, coarsest: Grain) -> Vec<Piece> {
    fn split(from: i64, to: i64, grain: Grain, found: &mut Vec<Piece>) {
        if from >= to {
            return;
        }
        let (start, end) = (grain.end_of(from), grain.start_of(to));
        let finer = match grain {
            Grain::Minute => None,
            Grain::Hour => Some(Grain::Minute),
            Grain::Day => Some(Grain::Hour),
        };
        match finer {
            None => found.push(Piece { grain, from_minute: from, to_minute: to }),
            Some(finer) if start >= end => split(from, to, finer, found),
            Some(finer) => {
                split(from, start, finer, found);
                found.push(Piece { grain, from_minute: start, to_minute: end });
                split(end, to, finer, found);
            }
        }
    }
    let mut found = Vec::with_capacity(5);
    split(from_minute, to_minute, coarsest, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_year_is_days_with_hours_and_minutes_at_its_ends() {
        let midnight = Grain::Day.start_of(29_000_000);
        let found = pieces(midnight - 90, midnight + 3 * DAY + 61, Grain::Day);
        let shown: Vec<_> = found.iter().map(|p| (p.grain, p.to_minute - p.from_minute)).collect();
        assert_eq!(
            shown,
            [(Grain::Minute, 30), (Grain::Hour, 60), (Grain::Day, 3 * DAY), (Grain::Hour, 60), (Grain::Minute, 1)]
        );
    }

    proptest! {
        /// Every minute of the span is in exactly one part, and each part begins and ends with a whole stretch.
        #[test]
        fn the_parts_are_the_span(from in 28_000_000i64..28_100_000, length in 0i64..20_000, coarsest in 0usize..3) {
            let coarsest = [Grain::Minute, Grain::Hour, Grain::Day][coarsest];
            let found = pieces(from, from + length, coarsest);
            let mut at = from;
            for piece in &found {
                prop_assert!(piece.from_minute == at && piece.to_minute > at && piece.grain <= coarsest);
                prop_assert_eq!(piece.grain.start_of(piece.from_minute), piece.from_minute);
                prop_assert_eq!(piece.grain.start_of(piece.to_minute), piece.to_minute);
                at = piece.to_minute;
            }
            prop_assert_eq!(at, from + length);
            prop_assert!(found.len() <= 5);
        }
    }
}
