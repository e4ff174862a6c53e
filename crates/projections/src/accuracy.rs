//! How far a count can be trusted, from hours in which a person counted as well.
//!
//! An auditor counts at a line for an hour; the machine counted the same hour. Over all audited hours of a line and
//! direction, with h_i by hand and m_i by the machine, the relative error is `B = Σm / Σh − 1`. It is a ratio of two
//! sums over hours drawn from all hours, so its spread is that of the ratio estimator (W. G. Cochran, Sampling
//! Techniques, 3rd ed. 1977, section 6.4): with the residuals `d_i = m_i − (1 + B)·h_i`,
//! `s² = Σd² / (n − 1)`, the standard error is `s / (√n · h̄)`, and the 95 % interval is `B ± t(n − 1)·s / (√n · h̄)`
//! with Student's t. An hour counts as one observation however many passed in it, because mistakes come together: rain,
//! a school class, a lorry in front of the camera.
//!
//! What that does not show: whether the audited hours are like the others. Choose them by lot, over day and night.
//!
//! Where every hour agrees, the residuals are 0 and would promise perfection. Of H passages without a mistake, a true
//! rate of up to `−ln(0.025) / H` mistakes a passage remains possible (the exact Poisson limit), so no interval is made
//! narrower than that.

/// Fewest hours that an interval is given for: below it Student's t makes it as wide as it is useless.
pub const HOURS_MIN: usize = 5;

/// Fewest passages counted by hand that an interval is given for: one of 30 is 3 %.
pub const PASSAGES_MIN: u64 = 30;

/// `−ln(0.025)`.
const NO_MISTAKE: f64 = 3.688_879_454_113_936;

/// Upper 2.5 % points of Student's t for 1 to 30 degrees of freedom.
const T_975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// One audited hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditedHour {
    /// What the auditor counted.
    pub by_hand: u64,
    /// What the machine counted.
    pub by_machine: u64,
}

/// What is known of a count's error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accuracy {
    /// Nobody has counted there.
    NotAudited,
    /// Somebody has, but not for long enough to say more.
    TooFew(Audited),
    /// The error and how far that is certain.
    Known(Audited, RelativeError),
}

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audited {
    /// How many hours.
    pub hours: usize,
    /// Passages in them by hand.
    pub by_hand: u64,
    /// Passages in them by the machine.
    pub by_machine: u64,
}

/// A relative error: −0.02 is two of a hundred missed, 0.02 two of a hundred too many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RelativeError {
    /// The best guess.
    pub bias: f64,
    /// Lower end of the 95 % interval, at least −1.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl RelativeError {
    /// What a machine's count most likely stands for, and from how many to how many with 95 % certainty; the last is
    /// nothing where the machine may have missed nearly everybody.
    pub fn corrected(&self, count: u64) -> (u64, u64, Option<u64>) {
        let count = count as f64;
        let of = |error: f64| count / (1.0 + error);
        // Rounded outwards, so that the range stays true. The casts saturate.
        let most = (self.low > -0.99).then(|| of(self.low).ceil() as u64);
        let likely = if self.bias > -0.99 { of(self.bias).round() as u64 } else { count as u64 };
        (of(self.high).floor() as u64, likely, most)
    }
}

/// What the audited hours of a count say of its error.
pub fn accuracy(hours: &[AuditedHour]) -> Accuracy {
    let sum = |of: fn(&AuditedHour) -> u64| hours.iter().map(of).fold(0_u64, u64::saturating_add);
    let audited = Audited { hours: hours.len(), by_hand: sum(|h| h.by_hand), by_machine: sum(|h| h.by_machine) };
    if hours.is_empty() {
        return Accuracy::NotAudited;
    }
    if hours.len() < HOURS_MIN || audited.by_hand < PASSAGES_MIN {
        return Accuracy::TooFew(audited);
    }
    let (n, by_hand) = (hours.len() as f64, audited.by_hand as f64);
    let ratio = audited.by_machine as f64 / by_hand;
    let squares: f64 = hours.iter().map(|h| (h.by_machine as f64 - ratio * h.by_hand as f64).powi(2)).sum();
    let standard_error = (squares / (n - 1.0)).sqrt() / n.sqrt() / (by_hand / n);
    let half = (student(hours.len() - 1) * standard_error).max(NO_MISTAKE / by_hand);
    let bias = ratio - 1.0;
    Accuracy::Known(audited, RelativeError { bias, low: (bias - half).max(-1.0), high: bias + half })
}

/// The upper 2.5 % point of Student's t: from the table, beyond it by the first terms of its expansion about the normal
/// distribution (Abramowitz and Stegun, 26.7.5), right to the third decimal.
fn student(degrees: usize) -> f64 {
    const Z: f64 = 1.959_964;
    match degrees.checked_sub(1).and_then(|place| T_975.get(place)) {
        Some(t) => *t,
        None => {
            let n = degrees as f64;
            Z + (Z.powi(3) + Z) / (4.0 * n) + (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / (96.0 * n * n)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(pairs: &[(u64, u64)]) -> Vec<AuditedHour> {
        pairs.iter().map(|&(by_hand, by_machine)| AuditedHour { by_hand, by_machine }).collect()
    }

    fn known(pairs: &[(u64, u64)]) -> RelativeError {
        match accuracy(&hours(pairs)) {
            Accuracy::Known(_, error) => error,
            other @ (Accuracy::NotAudited | Accuracy::TooFew(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn few_hours_or_few_passages_give_no_interval() {
        assert_eq!(accuracy(&[]), Accuracy::NotAudited);
        let four = accuracy(&hours(&[(100, 98); 4]));
        assert_eq!(four, Accuracy::TooFew(Audited { hours: 4, by_hand: 400, by_machine: 392 }));
        assert!(matches!(accuracy(&hours(&[(5, 5); 5])), Accuracy::TooFew(_)));
        assert!(matches!(accuracy(&hours(&[(0, 7); 50])), Accuracy::TooFew(_)));
    }

    /// Worked by hand: Σh = 500, Σm = 490, residuals −2, 2, 3, −1, −2 with R = 0.98, s² = 22 / 4, the standard error
    /// √5.5 / √5 / 100 = 0.010488, t(4) = 2.776.
    #[test]
    fn the_interval_is_that_of_the_ratio_estimator() {
        let error = known(&[(100, 96), (100, 100), (100, 101), (100, 97), (100, 96)]);
        assert!((error.bias + 0.02).abs() < 1e-12, "{error:?}");
        assert!((error.high - error.bias - 2.776 * 0.010_488).abs() < 1e-5, "{error:?}");
        assert!((error.bias - error.low - 2.776 * 0.010_488).abs() < 1e-5, "{error:?}");
    }

    #[test]
    fn agreement_in_every_hour_does_not_promise_perfection() {
        let error = known(&[(20, 20); 5]);
        assert_eq!(error.bias, 0.0);
        assert!((error.high - 0.0369).abs() < 1e-4 && (error.low + 0.0369).abs() < 1e-4, "{error:?}");
    }

    #[test]
    fn a_count_is_corrected_by_its_error() {
        let error = RelativeError { bias: -0.2, low: -0.5, high: 0.0 };
        assert_eq!(error.corrected(80), (80, 100, Some(160)));
        assert_eq!(RelativeError { low: -1.0, ..error }.corrected(80).2, None);
        assert_eq!(error.corrected(0), (0, 0, Some(0)));
    }

    #[test]
    fn the_expansion_goes_on_where_the_table_ends() {
        assert!((student(31) - 2.040).abs() < 0.001, "{}", student(31));
        assert!((student(120) - 1.980).abs() < 0.001, "{}", student(120));
    }

    /// A number below `below`, by the next state of a 64-bit linear congruential generator (Knuth's MMIX).
    fn draw(state: &mut u64, below: u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % below
    }

    /// 4,000 audits of 8 hours each of a machine that misses 6 of 100 and sees 1 too many of 100, more in some hours:
    /// the interval must hold the true error about as often as it says.
    #[test]
    fn the_interval_holds_the_true_error_as_often_as_it_says() {
        let mut state = 20_261_121;
        let (mut held, audits) = (0, 4_000);
        for _ in 0..audits {
            let hours: Vec<_> = (0..8)
                .map(|_| {
                    let by_hand = 20 + draw(&mut state, 180);
                    // Mistakes come together: 2 to 10 of 100 are missed in an hour, 6 on average.
                    let missed = 2 + draw(&mut state, 9);
                    let mut by_machine = 0;
                    for _ in 0..by_hand {
                        by_machine += u64::from(draw(&mut state, 100) >= missed) + u64::from(draw(&mut state, 100) < 1);
                    }
                    AuditedHour { by_hand, by_machine }
                })
                .collect();
            if let Accuracy::Known(_, error) = accuracy(&hours) {
                held += u32::from(error.low <= -0.05 && -0.05 <= error.high);
            }
        }
        let share = f64::from(held) / f64::from(audits);
        assert!((0.925..0.975).contains(&share), "{share}");
    }

    proptest! {
        /// Whatever was counted: the ends enclose the best guess and are numbers, and the order does not matter.
        #[test]
        fn the_interval_encloses_the_bias(pairs in prop::collection::vec((0u64..500, 0u64..500), 0..40)) {
            let mut turned = hours(&pairs);
            turned.reverse();
            if let (Accuracy::Known(audited, error), Accuracy::Known(_, other)) = (accuracy(&hours(&pairs)), accuracy(&turned)) {
                prop_assert!(error.low <= error.bias && error.bias < error.high && error.high.is_finite());
                prop_assert!((error.high - other.high).abs() < 1e-9);
                let (least, likely, most) = error.corrected(audited.by_machine);
                prop_assert!(least <= likely && most.is_none_or(|most| likely <= most));
            }
        }
    }
}
