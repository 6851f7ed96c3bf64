//! A future measurement as a whole distribution.

use super::{Arms, Error, Fit, Sizes, astray, deviates, noisy, ordered, slice, strayed};
use crate::twin::ensemble::{self, Ensemble};
use crate::twin::treatment::Treatments;
use crate::units::Days;

/// Draws of a new measurement on each of the days `at`, as planned in `treatments`: sorted by size, in the
/// unit of the fit's scale. [`super::project`] states seven quantiles of the same draws
/// ([`super::Arm::predictive`]), to the bit.
///
/// # Errors
/// See [`Error`]; days before the first measurement are refused.
pub fn measured(fit: &Fit, treatments: &Treatments, at: &[Days]) -> Result<Vec<Vec<f64>>, Error> {
    let days = ordered(fit, at)?;
    let horizon = *days.last().ok_or(Error::NoDays)?;
    let arms = Arms {
        fit,
        factual: treatments,
        scenario: None,
        asked: std::iter::once(fit.last_day().0)
            .chain(days.iter().copied())
            .collect(),
    };
    let acting = ensemble::acting(fit, &arms.plans(), horizon);
    let Sizes { planned, .. } = arms.sizes(&Ensemble::posterior(fit, &acting)?)?;
    let (slice, astray) = (slice(fit), astray(fit, planned[0].len()));
    let sample = |day: &Days| {
        let column = 1 + days.partition_point(|d| *d < day.0);
        let x = strayed(fit, day.0, &planned[column], &astray);
        let mut sample = noisy(fit, &x, &deviates(fit, day.0, x.len()), slice);
        sample.sort_by(f64::total_cmp);
        sample
    };
    Ok(at.iter().map(sample).collect())
}
