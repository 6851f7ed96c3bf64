//! Proper scores of forecasts given as quantiles (Gneiting and Raftery, J Am Stat Assoc
//! 2007;102:359).

/// The levels at which forecasts of the benchmark are scored.
pub const LEVELS: [f64; 11] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/// Place of 10 % among [`LEVELS`].
pub const LOW: usize = 1;
/// Place of the median among [`LEVELS`].
pub const MIDDLE: usize = 5;
/// Place of 90 % among [`LEVELS`].
pub const HIGH: usize = 9;

/// Loss of the quantile `q` at level `tau` for the outcome `y`: (y − q)·(τ − 1{y < q}), in the unit
/// of the outcome (Koenker and Bassett, Econometrica 1978;46:33).
#[must_use]
pub fn pinball(tau: f64, q: f64, y: f64) -> f64 {
    let u = y - q;
    (tau * u).max((tau - 1.0) * u)
}

/// Continuous ranked probability score of a forecast known at `levels`: twice the mean loss of its
/// quantiles. With evenly spread levels that tend to all of (0, 1) it becomes ∫(F − 1{y ≤ x})² dx.
#[must_use]
pub fn crps(levels: &[f64], quantiles: &[f64], y: f64) -> f64 {
    let sum: f64 = levels
        .iter()
        .zip(quantiles)
        .map(|(tau, q)| pinball(*tau, *q, y))
        .sum();
    2.0 * sum / levels.len() as f64
}

/// Interval score of the central interval that misses with probability `alpha`: its width, and
/// 2/α for each unit by which the outcome lies outside.
#[must_use]
pub fn interval_score(low: f64, high: f64, y: f64, alpha: f64) -> f64 {
    (high - low) + 2.0 / alpha * ((low - y).max(0.0) + (y - high).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even_levels(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i as f64 + 0.5) / n as f64).collect()
    }

    #[test]
    fn crps_of_a_uniform_forecast() {
        // For U(0, 1) and y within: y² − y + 1/3; beyond 1: y − 2/3.
        let levels = even_levels(20_000);
        for y in [0.0, 0.2, 0.5, 0.9, 1.0_f64] {
            let exact = y * y - y + 1.0 / 3.0;
            assert!((crps(&levels, &levels, y) - exact).abs() < 1e-7);
        }
        assert!((crps(&levels, &levels, 3.0) - (3.0 - 2.0 / 3.0)).abs() < 1e-7);
    }

    #[test]
    fn crps_of_an_exponential_forecast() {
        // For the rate 1: y + 2·e^{−y} − 3/2.
        let levels = even_levels(200_000);
        let quantiles: Vec<f64> = levels.iter().map(|p| -libm::log(1.0 - p)).collect();
        for y in [0.1, 1.0, 4.0_f64] {
            let exact = y + 2.0 * libm::exp(-y) - 1.5;
            assert!((crps(&levels, &quantiles, y) - exact).abs() < 1e-4);
        }
    }

    #[test]
    fn crps_of_a_point_is_its_absolute_error() {
        // The levels of the benchmark are symmetric, so the losses of a point average to |e|/2.
        assert!((crps(&LEVELS, &[7.0; 11], 10.5) - 3.5).abs() < 1e-12);
        assert!((crps(&LEVELS, &[7.0; 11], 3.5) - 3.5).abs() < 1e-12);
    }

    #[test]
    fn interval_score_within_and_outside() {
        assert_eq!(interval_score(2.0, 5.0, 3.0, 0.2), 3.0);
        assert!((interval_score(2.0, 5.0, 6.0, 0.2) - 13.0).abs() < 1e-12);
        assert!((interval_score(2.0, 5.0, 1.5, 0.2) - 8.0).abs() < 1e-12);
    }

    #[test]
    fn interval_score_is_a_sum_of_two_losses() {
        // 2/α·(ρ_{α/2}(low) + ρ_{1−α/2}(high)).
        for y in [-1.0, 0.3, 2.0, 9.0] {
            let (low, high) = (0.5, 4.0);
            let losses = pinball(0.1, low, y) + pinball(0.9, high, y);
            assert!((interval_score(low, high, y, 0.2) - 10.0 * losses).abs() < 1e-12);
        }
    }

    #[test]
    fn a_quantile_has_the_least_expected_loss() {
        // Outcomes 1…1000: the loss at 30 % is least at 300.
        let total = |q: f64| -> f64 { (1..=1000).map(|y| pinball(0.3, q, f64::from(y))).sum() };
        assert!(total(300.5) < total(290.0) && total(300.5) < total(311.0));
    }
}
