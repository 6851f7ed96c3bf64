//! Quantiles and moments of samples.

use serde::{Deserialize, Serialize};

/// Seven quantiles of a distribution, in the unit of what is described.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// 5 %.
    pub q05: f64,
    /// 10 %.
    pub q10: f64,
    /// 25 %.
    pub q25: f64,
    /// Median.
    pub q50: f64,
    /// 75 %.
    pub q75: f64,
    /// 90 %.
    pub q90: f64,
    /// 95 %.
    pub q95: f64,
}

impl Quantiles {
    /// Quantiles of a sample that is not empty.
    pub(super) fn of(mut sample: Vec<f64>) -> Self {
        sample.sort_by(f64::total_cmp);
        let q = |p| quantile(&sample, p);
        Self {
            q05: q(0.05),
            q10: q(0.10),
            q25: q(0.25),
            q50: q(0.50),
            q75: q(0.75),
            q90: q(0.90),
            q95: q(0.95),
        }
    }
}

/// Quantile of a sorted sample, linear between order statistics (type 7 of Hyndman and Fan,
/// Am Stat 1996;50:361). NaN for an empty sample.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let h = p * last as f64;
    let i = (h as usize).min(last);
    let j = (i + 1).min(last);
    if sorted[i] == sorted[j] {
        return sorted[i];
    }
    sorted[i] + (h - i as f64) * (sorted[j] - sorted[i])
}

/// Half the distance between the 16 % and 84 % quantiles, an SD that heavy tails do not move.
pub(super) fn robust_sd(sample: &[f64]) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    0.5 * (quantile(&sorted, 0.841_344_7) - quantile(&sorted, 0.158_655_3))
}

pub(super) fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// Variance with n − 1; zero for fewer than two values.
pub(super) fn variance(x: &[f64]) -> f64 {
    if x.len() < 2 {
        return 0.0;
    }
    let m = mean(x);
    x.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (x.len() - 1) as f64
}

/// ln Σ exp(x), without overflow.
pub(super) fn log_sum_exp(x: &[f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + libm::log(x.iter().map(|v| libm::exp(v - top)).sum())
}

/// Effective number of draws of normalised log weights, 1/Σw².
pub(super) fn effective(log_weights: &[f64]) -> f64 {
    1.0 / log_weights.iter().map(|w| libm::exp(2.0 * w)).sum::<f64>()
}
