//! Skill of the twin against carrying the last measurement forward.

use serde::{Deserialize, Serialize};

use super::{Error, Fit, FitParams, LesionSeries, TreatmentInterval, fit, project};
use crate::jobs::JobContext;

/// Mean absolute errors of one-step forecasts on one lesion, in the unit of its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// Number of forecasts.
    pub forecasts: usize,
    /// Mean absolute error of the twin's median.
    pub twin_error: f64,
    /// Mean absolute error of the last measurement carried forward.
    pub locf_error: f64,
}

impl Skill {
    /// 1 − error of the twin/error of carrying forward: positive where the twin is better. `None`
    /// where carrying forward made no error.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        (self.locf_error > 0.0).then(|| 1.0 - self.twin_error / self.locf_error)
    }
}

/// Forecasts each measurement from the third on by those of earlier days.
///
/// A size that was too small to measure counts as zero for both. `None` for fewer than three days
/// of measurement. Treatments are known beforehand, as a plan is.
///
/// # Errors
/// Those of [`fit()`] and [`project()`].
pub fn skill_vs_locf(
    fitted: &Fit,
    params: &FitParams,
    job: &JobContext,
) -> Result<Option<Skill>, Error> {
    let observations = &fitted.observations;
    let treatments: &[TreatmentInterval] = &fitted.treatments;
    let (mut twin, mut locf, mut count) = (0.0, 0.0, 0_usize);
    for (i, next) in observations.iter().enumerate().skip(2) {
        let past: Vec<_> = observations[..i]
            .iter()
            .filter(|o| o.day.0 < next.day.0)
            .cloned()
            .collect();
        let Some(last) = past.last().map(|o| o.size.value()) else {
            continue;
        };
        if past.len() < 2 {
            continue;
        }
        let series = LesionSeries { observations: past };
        let before = fit(&series, treatments, params, job)?;
        let forecast = project(&before, treatments, None, &[next.day], job)?;
        let truth = next.size.value();
        twin += (forecast.days[0].factual.predictive.q50 - truth).abs();
        locf += (last - truth).abs();
        count += 1;
    }
    Ok((count > 0).then(|| Skill {
        forecasts: count,
        twin_error: twin / count as f64,
        locf_error: locf / count as f64,
    }))
}
