//! Paired bootstrap of mean differences (Efron, Ann Stat 1979;7:1).

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Samples drawn.
pub(super) const RESAMPLES: usize = 10_000;
/// Seed of the drawing, fixed before the first run.
pub(super) const SEED: u64 = 20_220_218;

/// A mean with its 95 % percentile interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Interval {
    /// Mean of the sample.
    pub(super) mean: f64,
    /// 2.5 % of the resampled means.
    pub(super) low: f64,
    /// 97.5 % of the resampled means.
    pub(super) high: f64,
}

/// The mean of `differences` (one per lesion, of which there must be one) with its interval over samples
/// of lesions with replacement.
pub(super) fn paired(differences: &[f64]) -> Interval {
    let n = differences.len();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = (0..n).map(|_| differences[random.random_range(0..n)]);
            drawn.sum::<f64>() / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |p: f64| means[((p * RESAMPLES as f64) as usize).min(RESAMPLES - 1)];
    Interval {
        mean: differences.iter().sum::<f64>() / n as f64,
        low: at(0.025),
        high: at(0.975),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_has_the_width_of_the_standard_error() {
        // 0 and 1 in equal parts: standard error 0.5/√400 = 0.025.
        let sample: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let found = paired(&sample);
        assert_eq!(found.mean, 0.5);
        assert!((found.high - found.low - 2.0 * 1.96 * 0.025).abs() < 0.006);
        assert_eq!(found, paired(&sample));
    }
}
