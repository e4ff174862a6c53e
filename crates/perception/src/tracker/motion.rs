//! How a box moves: a Kalman filter of constant velocity for each of centre x, centre y, width and height, which do
//! not depend on each other. All noise is in proportion to the size of the box, so that near and far objects behave
//! alike.

use std::time::Duration;

use domain::{BoundingBox, Point};

/// Standard deviation of a detector's edge, as a share of the box's size.
const MEASUREMENT_NOISE: f32 = 0.06;
/// Standard deviation of the acceleration of a centre, in box sizes per second squared.
const CENTRE_ACCELERATION: f32 = 3.0;
/// The same for width and height: sizes change slowly.
const SIZE_ACCELERATION: f32 = 0.8;
/// Standard deviation of the velocity of a box seen for the first time, in box sizes per second.
const FIRST_VELOCITY: f32 = 3.0;
/// Velocity of an object that is not seen falls to 37 % in this time: who is hidden has often stopped.
const VELOCITY_DECAY_S: f32 = 1.5;
/// Smallest side of a box, as a share of the picture; keeps the noise above zero.
const SIDE_MIN: f32 = 1e-3;

/// Where a box is and where it is going.
#[derive(Debug, Clone)]
pub(super) struct Motion {
    x: Axis,
    y: Axis,
    width: Axis,
    height: Axis,
}

impl Motion {
    pub(super) fn new(bbox: &BoundingBox) -> Self {
        let (w, h, c) = (bbox.width().max(SIDE_MIN), bbox.height().max(SIDE_MIN), bbox.centre());
        Self { x: Axis::new(c.x, w), y: Axis::new(c.y, h), width: Axis::new(w, w), height: Axis::new(h, h) }
    }

    /// Moves on by `elapsed`; `unseen` is how long ago the object was last seen.
    pub(super) fn predict(&mut self, elapsed: Duration, unseen: Duration) {
        let (dt, w, h) = (elapsed.as_secs_f32(), self.width.value.max(SIDE_MIN), self.height.value.max(SIDE_MIN));
        if unseen > elapsed {
            let kept = (-dt / VELOCITY_DECAY_S).exp();
            self.x.velocity *= kept;
            self.y.velocity *= kept;
            self.width.velocity = 0.0;
            self.height.velocity = 0.0;
        }
        self.x.predict(dt, CENTRE_ACCELERATION * w);
        self.y.predict(dt, CENTRE_ACCELERATION * h);
        self.width.predict(dt, SIZE_ACCELERATION * w);
        self.height.predict(dt, SIZE_ACCELERATION * h);
    }

    pub(super) fn correct(&mut self, bbox: &BoundingBox) {
        let (w, h, c) = (bbox.width().max(SIDE_MIN), bbox.height().max(SIDE_MIN), bbox.centre());
        self.x.correct(c.x, MEASUREMENT_NOISE * w);
        self.y.correct(c.y, MEASUREMENT_NOISE * h);
        self.width.correct(w, MEASUREMENT_NOISE * w);
        self.height.correct(h, MEASUREMENT_NOISE * h);
    }

    pub(super) fn bbox(&self) -> BoundingBox {
        let (w, h) = (self.width.value.max(SIDE_MIN), self.height.value.max(SIDE_MIN));
        BoundingBox::around(Point { x: self.x.value, y: self.y.value }, w, h)
    }
}

/// One coordinate and its velocity per second, with their covariance.
#[derive(Debug, Clone)]
struct Axis {
    value: f32,
    velocity: f32,
    var_value: f32,
    covar: f32,
    var_velocity: f32,
}

impl Axis {
    fn new(value: f32, size: f32) -> Self {
        Self {
            value,
            velocity: 0.0,
            var_value: (MEASUREMENT_NOISE * size).powi(2),
            covar: 0.0,
            var_velocity: (FIRST_VELOCITY * size).powi(2),
        }
    }

    fn predict(&mut self, dt: f32, acceleration: f32) {
        let q = acceleration.powi(2);
        self.value += self.velocity * dt;
        self.var_value += dt * (2.0 * self.covar + dt * self.var_velocity) + q * dt.powi(4) / 4.0;
        self.covar += dt * self.var_velocity + q * dt.powi(3) / 2.0;
        self.var_velocity += q * dt.powi(2);
    }

    fn correct(&mut self, measured: f32, noise: f32) {
        let total = self.var_value + noise.powi(2);
        let (gain, gain_velocity) = (self.var_value / total, self.covar / total);
        let innovation = measured - self.value;
        self.value += gain * innovation;
        self.velocity += gain_velocity * innovation;
        self.var_velocity -= gain_velocity * self.covar;
        self.covar *= 1.0 - gain;
        self.var_value *= 1.0 - gain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_walk_is_predicted() {
        let at = |t: f32| BoundingBox::around(Point { x: 0.1 + 0.05 * t, y: 0.5 }, 0.05, 0.2);
        let mut motion = Motion::new(&at(0.0));
        for step in 1..=20 {
            motion.predict(Duration::from_millis(100), Duration::from_millis(100));
            motion.correct(&at(step as f32 / 10.0));
        }
        motion.predict(Duration::from_millis(500), Duration::from_millis(500));
        let error = motion.bbox().centre().x - at(2.5).centre().x;
        assert!(error.abs() < 0.003, "off by {error}");
    }
}
