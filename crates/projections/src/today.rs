//! How many went in and out since midnight, and how many are inside.

use domain::{CountGroup, Direction, ObjectClass};

/// What one group did at a gate since the reset at midnight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupToday {
    /// Passages in.
    pub entered: u64,
    /// Passages out.
    pub left: u64,
}

impl GroupToday {
    /// In minus out since midnight. Below 0 where somebody was inside at midnight already, or a passage was missed.
    pub fn difference(&self) -> i64 {
        i64::try_from(i128::from(self.entered) - i128::from(self.left)).unwrap_or(i64::MAX)
    }

    /// How many are inside: the difference, but never below 0.
    pub fn inside(&self) -> u64 {
        self.entered.saturating_sub(self.left)
    }
}

/// What each group did at a gate since midnight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GateToday {
    /// Persons on foot.
    pub person: GroupToday,
    /// Vehicles of every class.
    pub vehicle: GroupToday,
}

impl GateToday {
    /// Takes in passages of one class and direction.
    pub fn add(&mut self, class: ObjectClass, direction: Direction, count: u64) {
        let group = match class.group() {
            CountGroup::Person => &mut self.person,
            CountGroup::Vehicle => &mut self.vehicle,
        };
        match direction {
            Direction::In => group.entered += count,
            Direction::Out => group.left += count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_never_below_nobody_but_the_difference_shows_it() {
        let mut today = GateToday::default();
        today.add(ObjectClass::Car, Direction::In, 2);
        today.add(ObjectClass::Motorbike, Direction::Out, 5);
        today.add(ObjectClass::Person, Direction::In, 1);
        assert_eq!((today.vehicle.inside(), today.vehicle.difference()), (0, -3));
        assert_eq!((today.person.inside(), today.person.difference()), (1, 1));
    }
}
