//! What a confidence is worth: the map from a computed one to how often it was right.

/// A straight line on the log-odds (Platt, "Probabilistic Outputs for Support Vector Machines", 1999): the calibrated
/// log-odds are `a · log-odds + b`. Fitted on readings that no training saw.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Calibration {
    /// The slope; below 1 for a recogniser that is too sure of itself.
    pub a: f32,
    /// The shift.
    pub b: f32,
}

impl Default for Calibration {
    /// Leaves confidences as they are.
    fn default() -> Self {
        Self { a: 1.0, b: 0.0 }
    }
}

/// The furthest from 0 and 1 that log-odds are taken of.
const EDGE: f64 = 1e-7;

impl Calibration {
    /// The calibrated confidence, from 0 to 1.
    #[must_use]
    pub fn apply(&self, confidence: f32) -> f32 {
        if *self == Self::default() {
            return confidence;
        }
        let p = f64::from(confidence).clamp(EDGE, 1.0 - EDGE);
        let log_odds = (p / (1.0 - p)).ln();
        let calibrated = f64::from(self.a) * log_odds + f64::from(self.b);
        (1.0 / (1.0 + (-calibrated).exp())) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_changes_nothing_and_a_flat_line_makes_the_sure_less_sure() {
        assert!((Calibration::default().apply(0.93) - 0.93).abs() < f32::EPSILON);
        let humble = Calibration { a: 0.5, b: 0.0 };
        assert!(humble.apply(0.99) < 0.95 && humble.apply(0.99) > 0.85);
        assert!((humble.apply(0.5) - 0.5).abs() < 1e-6);
        assert!(humble.apply(1.0) < 1.0 && humble.apply(0.0) > 0.0);
    }
}
