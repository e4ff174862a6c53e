//! Where a campaign kills: whom, how, and at which moment, all drawn from its seed.

use std::collections::VecDeque;
use std::time::Duration;

use crate::dice::Dice;
use crate::strace::{Call, Strace};

/// Time between a restart and the next kill, in milliseconds.
const MOMENT_MS: std::ops::RangeInclusive<u64> = 30..=400;

/// A call is drawn among the first this many of its kind in a thread, the first ones oftener: doubled from one.
const CALLS_DOUBLED_MAX: u64 = 8;

/// A program that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    /// `gatehouse-edge`.
    Edge,
    /// `gatehouse-hub`.
    Hub,
    /// Mosquitto.
    Broker,
}

impl Victim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Edge, Self::Hub, Self::Broker];

    /// Its name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "gatehouse-edge",
            Self::Hub => "gatehouse-hub",
            Self::Broker => "mosquitto",
        }
    }
}

/// How a program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// So long after the last restart.
    Moment(Duration),
    /// When a thread begins a call for the so many-th time.
    Call(Call, u64),
    /// Inside a flush, so long after the last restart.
    Flush(Duration),
}

impl Way {
    /// What the program must be started under.
    pub(super) fn strace(self) -> Option<Strace> {
        match self {
            Self::Moment(_) => None,
            Self::Call(call, number) => Some(Strace::killing_at(call, number)),
            Self::Flush(_) => Some(Strace::stretching_flushes()),
        }
    }
}

/// Twenty points: half of them the edge's, of which most are system calls. The broker is not ours, and is not traced.
const MIX: [(Victim, Kind); 20] = {
    use Kind::{Call, Flush, Moment};
    use Victim::{Broker, Edge, Hub};
    [
        (Edge, Call),
        (Hub, Moment),
        (Edge, Flush),
        (Broker, Moment),
        (Edge, Moment),
        (Hub, Call),
        (Edge, Call),
        (Broker, Moment),
        (Edge, Moment),
        (Hub, Flush),
        (Edge, Flush),
        (Hub, Moment),
        (Edge, Call),
        (Broker, Moment),
        (Edge, Moment),
        (Hub, Moment),
        (Edge, Call),
        (Broker, Moment),
        (Hub, Moment),
        (Edge, Moment),
    ]
};

#[derive(Debug, Clone, Copy)]
enum Kind {
    Moment,
    Call,
    Flush,
}

/// A point of a campaign.
pub(super) type Point = (Victim, Way);

/// Draws the points of a campaign; where nothing can be traced, all of them are moments.
pub(super) fn draw(count: u32, seed: u64, can_trace: bool) -> VecDeque<Point> {
    let mut dice = Dice::new(seed);
    let count = usize::try_from(count).expect("few points");
    let mut points: Vec<Point> = MIX
        .into_iter()
        .cycle()
        .take(count)
        .map(|(victim, kind)| match kind {
            Kind::Call if can_trace => {
                let call = Call::OF_DELIVERY[dice.index(Call::OF_DELIVERY.len())];
                let most = 1 << dice.below(CALLS_DOUBLED_MAX + 1);
                (victim, Way::Call(call, 1 + dice.below(most)))
            }
            Kind::Flush if can_trace => (victim, Way::Flush(moment(&mut dice))),
            Kind::Moment | Kind::Call | Kind::Flush => (victim, Way::Moment(moment(&mut dice))),
        })
        .collect();
    dice.shuffle(&mut points);
    points.into()
}

fn moment(dice: &mut Dice) -> Duration {
    Duration::from_millis(MOMENT_MS.start() + dice.below(MOMENT_MS.end() - MOMENT_MS.start() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_points_within_the_limits() {
        assert!(draw(1_000, 1, true) == draw(1_000, 1, true) && draw(1_000, 1, true) != draw(1_000, 2, true));
        let (mut moments, mut numbers) = (Vec::new(), Vec::new());
        for (_, way) in draw(2_000, 3, true) {
            match way {
                Way::Moment(after) | Way::Flush(after) => moments.push(after.as_millis()),
                Way::Call(_, number) => numbers.push(number),
            }
        }
        let (first, last) = (u128::from(*MOMENT_MS.start()), u128::from(*MOMENT_MS.end()));
        assert_eq!((moments.iter().min(), moments.iter().max()), (Some(&first), Some(&last)));
        assert!(
            numbers.iter().min() == Some(&1) && numbers.iter().max().is_some_and(|most| (100..=256).contains(most))
        );
    }

    #[test]
    fn half_of_the_points_are_the_edge_s_and_without_a_tracer_all_are_moments() {
        let points = draw(500, 1, true);
        let of = |wanted| points.iter().filter(|(victim, _)| *victim == wanted).count();
        assert_eq!(Victim::ALL.map(of), [250, 150, 100]);
        let calls = points.iter().filter(|(_, way)| matches!(way, Way::Call(..))).count();
        let flushes = points.iter().filter(|(_, way)| matches!(way, Way::Flush(_))).count();
        assert_eq!((calls, flushes), (125, 75));
        assert!(draw(500, 1, false).iter().all(|(_, way)| matches!(way, Way::Moment(_))));
    }
}
