//! How good predicted beginnings are.

use super::Start;
use crate::twin::stats::{mean, quantile, variance};
use crate::units::Days;

/// How good predictions are, over the tumours of a cohort.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Mean error as a share of t_I, over the predictions that are finite.
    pub error: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Median error.
    pub median_error: f64,
    /// Predictions without a finite day.
    pub infinite: usize,
    /// Mean width of the 95 % intervals, over those up to [`Accuracy::WIDEST`].
    pub width: Days,
    /// Intervals that are wider.
    pub wider: usize,
    /// Share of all intervals that hold day 0.
    pub coverage: f64,
}

impl Accuracy {
    /// Intervals above this are left out of the mean width, as in the published program.
    pub const WIDEST: Days = Days(3000.0);

    /// Over predictions.
    #[must_use]
    pub fn of(starts: &[Start]) -> Self {
        let mut errors: Vec<f64> = starts
            .iter()
            .map(Start::error)
            .filter(|e| e.is_finite())
            .collect();
        errors.sort_by(f64::total_cmp);
        let widths: Vec<f64> = starts
            .iter()
            .map(|s| s.width().0)
            .filter(|w| *w <= Self::WIDEST.0)
            .collect();
        let holds = |s: &&Start| s.interval[0].0 <= 0.0 && s.interval[1].0 >= 0.0;
        Self {
            error: mean(&errors),
            standard_error: libm::sqrt(variance(&errors) / errors.len() as f64),
            median_error: quantile(&errors, 0.5),
            infinite: starts.len() - errors.len(),
            width: Days(mean(&widths)),
            wider: starts.len() - widths.len(),
            coverage: starts.iter().filter(holds).count() as f64 / starts.len() as f64,
        }
    }
}
