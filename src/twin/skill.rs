//! Skill of the twin against carrying the last measurement forward.

use serde::{Deserialize, Serialize};

use super::forecast::Readings;
use super::forecast::score::crps;
use super::outlook::local_level;
use super::stats::Quantiles;
use super::{Error, Fit, FitParams, LesionSeries, fit, project};
use crate::jobs::JobContext;
use crate::units::Days;

/// One-step forecasts of one lesion, scored: means over forecasts, in the unit of its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// Number of forecasts.
    pub forecasts: usize,
    /// Absolute error of the models' median.
    pub twin_error: f64,
    /// Absolute error of the last measurement carried forward.
    pub locf_error: f64,
    /// Continuous ranked probability score of the models.
    pub twin_crps: f64,
    /// The same of the last measurement carried forward with the spread that other lesions showed;
    /// `None` without millimetres.
    pub local_crps: Option<f64>,
}

impl Skill {
    /// 1 − error of the twin/error of carrying forward: positive where the twin is better. `None`
    /// where carrying forward made no error.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        (self.locf_error > 0.0).then(|| 1.0 - self.twin_error / self.locf_error)
    }

    /// 1 − CRPS of the models/CRPS of the local level: positive where the models' distributions were
    /// better. `None` without millimetres.
    #[must_use]
    pub fn over_local_level(&self) -> Option<f64> {
        let local = self.local_crps.filter(|score| *score > 0.0)?;
        Some(1.0 - self.twin_crps / local)
    }
}

/// The latest scans that are forecast at most: each costs a fit.
const MOST_FORECASTS: usize = 12;

/// Score over the levels of [`Quantiles`], the same for everyone who is compared.
fn score(q: &Quantiles, truth: f64) -> f64 {
    crps(
        &[0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95],
        &[q.q05, q.q10, q.q25, q.q50, q.q75, q.q90, q.q95],
        truth,
    )
}

/// Forecasts each scan from the third on, the last twelve at most, by those of earlier days.
///
/// A size that was too small to measure counts as zero for all. `None` for fewer than three days of
/// measurement. Treatments are known beforehand, as a plan is.
///
/// # Errors
/// Those of [`fit()`] and [`project()`].
pub fn skill_vs_locf(
    fitted: &Fit,
    params: &FitParams,
    job: &JobContext,
) -> Result<Option<Skill>, Error> {
    let observations = &fitted.observations;
    let treatments = &fitted.treatments;
    let (mut twin, mut locf, mut twin_crps, mut count) = (0.0, 0.0, 0.0, 0_usize);
    let mut local_crps = Some(0.0);
    let from = observations.len().saturating_sub(MOST_FORECASTS).max(2);
    for (i, next) in observations.iter().enumerate().skip(from) {
        // Readings of one day are one scan, forecast once.
        if observations[i - 1].day.0 >= next.day.0 {
            continue;
        }
        let past: Vec<_> = observations[..i]
            .iter()
            .filter(|o| o.day.0 < next.day.0)
            .cloned()
            .collect();
        let Some(last) = past.last().map(|o| (o.day.0, o.size.value())) else {
            continue;
        };
        if past.first().is_none_or(|first| first.day.0 >= last.0) {
            continue;
        }
        job.check()?;
        let series = LesionSeries { observations: past };
        let before = fit(&series, treatments, params, job)?;
        let forecast = project(&before, treatments, None, &[next.day], job)?;
        let truth = next.size.value();
        let models = &forecast.days[0].factual.predictive;
        twin += (models.q50 - truth).abs();
        locf += (last.1 - truth).abs();
        twin_crps += score(models, truth);
        local_crps = local_crps.and_then(|sum| {
            let readings = Readings::of(&series).ok()?;
            let local = local_level(&readings, Days(next.day.0 - last.0));
            Some(sum + score(&local, truth))
        });
        count += 1;
    }
    let n = count as f64;
    Ok((count > 0).then(|| Skill {
        forecasts: count,
        twin_error: twin / n,
        locf_error: locf / n,
        twin_crps: twin_crps / n,
        local_crps: local_crps.map(|sum| sum / n),
    }))
}
