//! Whether a person rides a two-wheeler: he and it are then one vehicle and he is not counted as a person.

use std::time::Duration;

use domain::Point;

use crate::identity::Identity;

/// How long a person must have been seen riding before he is a rider.
const RIDING_MIN_S: f32 = 0.4;
/// Longest time on the account, so that who gets off is soon a person again.
const RIDING_MAX_S: f32 = 1.5;
/// Share of a person's box that lies on the vehicle's when he sits on it.
const OVERLAP_MIN: f32 = 0.15;
/// A vehicle that moves slower than this (in its own widths per second) is parked: who stands by it does not ride.
const SPEED_MIN: f32 = 0.15;

/// How long a person has been seen riding, gained while he does and lost while he does not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ride {
    riding_s: f32,
}

impl Ride {
    /// Takes the next frame, `elapsed` after the one before.
    pub(crate) fn see(&mut self, riding: Riding, elapsed: Duration) {
        let by = elapsed.as_secs_f32().min(0.5);
        self.riding_s = match riding {
            Riding::Yes => (self.riding_s + by).min(RIDING_MAX_S),
            Riding::No => (self.riding_s - by / 2.0).max(0.0),
        };
    }

    /// Whether the person is a rider.
    pub(crate) fn is_rider(&self) -> bool {
        self.riding_s >= RIDING_MIN_S
    }
}

/// Whether a person looks like riding in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Riding {
    Yes,
    No,
}

/// Whether `person` looks like sitting on `vehicle`, a two-wheeler seen in the same frame.
pub(crate) fn sits_on(person: &Identity, vehicle: &Identity) -> bool {
    let (p, v) = (&person.last.bbox, &vehicle.last.bbox);
    let over = p.centre().x > v.x0() - 0.1 * v.width() && p.centre().x < v.x1() + 0.1 * v.width();
    let above = p.centre().y < v.centre().y + 0.1 * v.height() && p.y1() > v.y0() && p.y1() < v.y1() + 0.2 * v.height();
    let speed = |velocity: Point| (velocity.x / v.width().max(1e-3)).hypot(velocity.y / v.height().max(1e-3));
    let between = Point { x: person.velocity.x - vehicle.velocity.x, y: person.velocity.y - vehicle.velocity.y };
    let together = speed(vehicle.velocity) >= SPEED_MIN && speed(between) <= 0.5 * speed(vehicle.velocity) + SPEED_MIN;
    over && above && together && p.intersection(v) >= OVERLAP_MIN * p.area()
}
