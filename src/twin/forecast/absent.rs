//! A lesion whose last reading was zero: too small to measure, or gone.
//!
//! It is measured again at a constant rate ρ per day; the diameter is then log-logistic, with a median
//! of m mm and a scale of 0.3 of its logarithm. h days after the last scan
//! P(too small) = exp(−ρ·h), Q(τ) = 0 up to that probability, and beyond it
//! Q(τ) = m·(p/(1 − p))^0.3 with p = (τ − P)/(1 − P).

use serde::Serialize;

/// What is known of lesions beforehand: a median diameter at return, mm.
const PRIOR_MM: f64 = 10.0;
/// How many returns that is worth.
const PRIOR_RETURNS: f64 = 2.0;
/// Days without a return that are taken to have been seen.
const PRIOR_DAYS: f64 = 42.0;
/// Scale of the logarithm of the diameter at return.
const SCALE: f64 = 0.3;

/// The fitted table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Absent {
    /// Returns per day.
    pub(super) rate: f64,
    /// Median diameter at return, mm.
    pub(super) median_mm: f64,
}

impl Absent {
    /// Learns from steps between scans that start at zero: days, and the diameter (mm) at their end.
    /// The rate is (returns + ½)/days, the mean under the prior of Jeffreys.
    pub(super) fn learn(steps: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (mut days, mut returns) = (PRIOR_DAYS, 0.0);
        let mut logs = PRIOR_RETURNS * libm::log(PRIOR_MM);
        for (interval, later_mm) in steps {
            days += interval.max(0.0);
            if later_mm > 0.0 {
                returns += 1.0;
                logs += libm::log(later_mm);
            }
        }
        Self {
            rate: (returns + 0.5) / days,
            median_mm: libm::exp(logs / (returns + PRIOR_RETURNS)),
        }
    }

    /// Probability that the lesion is still too small to measure `horizon` days later.
    fn probability_absent(&self, horizon: f64) -> f64 {
        libm::exp(-self.rate * horizon.max(0.0))
    }

    /// Probability that the diameter is at least `mm`, above zero, after `horizon` days.
    pub(super) fn probability_at_least(&self, mm: f64, horizon: f64) -> f64 {
        let ratio = libm::pow(mm / self.median_mm, 1.0 / SCALE);
        (1.0 - self.probability_absent(horizon)) / (1.0 + ratio)
    }

    /// Diameter (mm) that is not exceeded with probability `tau` after `horizon` days.
    pub(super) fn quantile(&self, tau: f64, horizon: f64) -> f64 {
        let absent = self.probability_absent(horizon);
        if tau <= absent {
            return 0.0;
        }
        let p = (tau - absent) / (1.0 - absent);
        self.median_mm * libm::exp(SCALE * libm::log(p / (1.0 - p)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_counts_returns() {
        let found = Absent::learn([(42.0, 0.0), (42.0, 0.0), (42.0, 10.0), (42.0, 0.0)]);
        assert!((found.rate - 1.5 / (5.0 * 42.0)).abs() < 1e-15);
        assert!((found.median_mm - 10.0).abs() < 1e-12);
    }

    #[test]
    fn quantiles_are_zero_up_to_the_probability_of_absence() {
        let law = Absent {
            rate: 0.01,
            median_mm: 8.0,
        };
        let p = law.probability_absent(100.0);
        assert!((p - (-1.0_f64).exp()).abs() < 1e-15);
        assert_eq!(law.quantile(p, 100.0), 0.0);
        let middle = p + 0.5 * (1.0 - p);
        assert!((law.quantile(middle, 100.0) - 8.0).abs() < 1e-12);
        let q = law.quantile(0.9, 100.0);
        assert!((law.probability_at_least(q, 100.0) - 0.1).abs() < 1e-12);
    }
}
