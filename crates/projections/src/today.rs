//! How many went in and out since midnight. How many are inside is in [`inside`](crate::inside).

use domain::{CountGroup, Direction, ObjectClass};

/// What one group did at a gate since midnight.
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
    fn the_difference_shows_that_more_went_out_than_came() {
        let mut today = GateToday::default();
        today.add(ObjectClass::Car, Direction::In, 2);
        today.add(ObjectClass::Motorbike, Direction::Out, 5);
        today.add(ObjectClass::Person, Direction::In, 1);
        assert_eq!((today.vehicle.entered, today.vehicle.left, today.vehicle.difference()), (2, 5, -3));
        assert_eq!((today.person.entered, today.person.difference()), (1, 1));
    }
}
