//! The sum of the diameters of a patient's target lesions at a coming scan.
//!
//! RECIST 1.1 judges patients by this sum: progression is 20 % and at least 5 mm above the smallest
//! sum so far, baseline included (Eisenhauer et al., Eur J Cancer 2009;45:228). Its distribution is
//! made of joint draws: each draw is one course of the patient, in which every lesion has a diameter
//! by who speaks for it (the models or the local level, as in [`outlook()`](super::outlook())), what
//! lesions of one patient have in common being common to them (`draws`). New lesions and lesions
//! that are no targets are progression too, and not foreseen here.

mod draws;
mod scans;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use scans::{Scan, scans_of};

use self::draws::Draws;
use self::scans::Measured;
use super::outlook::{LOOKED_AHEAD, grid, reach};
use super::patient::BETWEEN_PATIENTS;
use super::series::check_day;
use super::stats::Quantiles;
use super::treatment::Treatments;
use super::{Error, Fit, Scale, Voice};
use crate::jobs::JobContext;
use crate::units::{Days, Mm};

/// A target lesion.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its posterior by the diameters that the sum is made of, joined with the others, and who speaks
    /// for it; `None` where it could not be fitted.
    pub fitted: Option<(&'a Fit, Voice)>,
}

/// Why there is no forecast of the sum.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSum {
    /// No target lesion.
    #[error("the patient has no target lesion")]
    NoTarget,
    /// A target without a posterior.
    #[error("target {0} has no fit")]
    NoFit(String),
    /// Diameters and volumes, or millimetres and pixels.
    #[error("target {0} is measured in another unit than the others: they have no sum")]
    MixedScales(String),
    /// The spacing of images is unknown.
    #[error("target {0} is not measured in millimetres, which the thresholds need")]
    NoMillimetres(String),
    /// A volume does not tell the longest diameter.
    #[error("target {0} is measured by its volume: the sum is one of diameters")]
    NoDiameters(String),
    /// Nothing to compare with.
    #[error("not every target was measured at the first scan: there is no sum to compare with")]
    NoBaseline,
    /// A scan without a day.
    #[error("not every scan has a date")]
    NoDate,
    /// Targets were last measured on days too far apart, or one was not assessed.
    #[error(
        "not every target was measured at the last scan (within {} days of each other): it has no sum",
        scans::SAME_SCAN
    )]
    NoLastSum,
    /// The twin of a lesion.
    #[error(transparent)]
    Twin(#[from] Error),
}

impl NoSum {
    /// The reason as documents write it; empty for [`NoSum::Twin`].
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoTarget => "no_target",
            Self::NoFit(_) => "no_fit",
            Self::MixedScales(_) => "mixed_scales",
            Self::NoMillimetres(_) => "no_millimetres",
            Self::NoDiameters(_) => "no_diameters",
            Self::NoBaseline => "no_baseline",
            Self::NoDate => "no_date",
            Self::NoLastSum => "no_last_sum",
            Self::Twin(_) => "",
        }
    }
}

/// The sum as measured on one day ahead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SumDay {
    /// The day after baseline.
    pub day: Days,
    /// Quantiles of the measured sum, mm.
    pub predictive: Quantiles,
    /// Probability that it counts as progression.
    pub progression: f64,
}

/// What is to be expected of the sum of the target lesions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SumOutlook {
    /// Number of target lesions.
    pub targets: usize,
    /// For how many of them the models speak; for the others it is the local level.
    pub by_models: usize,
    /// Day of the last scan.
    pub last_scan: Days,
    /// The sum then.
    pub current: Mm,
    /// The smallest sum so far, baseline and last scan included.
    pub nadir: Mm,
    /// The sum that counts as progression.
    pub threshold: Mm,
    /// Whether the last scan has reached it already.
    pub reached: bool,
    /// The next scan, after the median interval so far (six weeks with one scan).
    pub next_scan: SumDay,
    /// The days asked for, as far as they lie after the last scan.
    pub days: Vec<SumDay>,
    /// Day by which the latent sum has reached the threshold with probability 25, 50 and 75 %; `None`
    /// beyond [`SumOutlook::until`], and unless models speak for every target: the local level
    /// knows no growth.
    pub by: [Option<Days>; 3],
    /// Day up to which that was looked for, a year after the last scan.
    pub until: Days,
}

/// The outlook of the sum under a plan, `at` these days and at the next scan.
///
/// A lesion below 5 mm counts as it did at the last scan where that was below 5 mm too (nothing
/// where it was gone), else 5 mm, as one too small to measure.
///
/// # Errors
/// See [`NoSum`].
pub fn sum_outlook(
    targets: &[Target<'_>],
    scans: &[Scan],
    treatments: &Treatments,
    at: &[Days],
    job: &JobContext,
) -> Result<SumOutlook, NoSum> {
    shared_by(targets, scans, treatments, at, BETWEEN_PATIENTS, job)
}

/// As [`sum_outlook`], with this share of how far lesions move beyond what models know being the
/// patient's.
fn shared_by(
    targets: &[Target<'_>],
    scans: &[Scan],
    treatments: &Treatments,
    at: &[Days],
    between: f64,
    job: &JobContext,
) -> Result<SumOutlook, NoSum> {
    let lesions = fitted(targets)?;
    let measured = Measured::of(scans, targets.len())?;
    let last = measured.day;
    let mut days = vec![last + measured.interval];
    for day in at {
        check_day("the day of a forecast", day.0)?;
        if day.0 > last {
            days.push(day.0);
        }
    }
    let by_models = lesions.iter().filter(|(_, v)| *v == Voice::Models).count();
    let ahead = if by_models == lesions.len() {
        grid()
    } else {
        Vec::new()
    };
    let asked: Vec<f64> = days
        .iter()
        .copied()
        .chain(ahead.iter().map(|days| last + days))
        .collect();
    let draws = Draws::new(&lesions, &measured, treatments, &asked, between, job)?;
    let threshold = measured.threshold();
    let mut told = Vec::with_capacity(days.len());
    for (column, day) in days.iter().enumerate() {
        job.check().map_err(Error::from)?;
        let sums = draws.measured(column, *day);
        let reached = sums.iter().filter(|sum| **sum >= threshold).count();
        told.push(SumDay {
            day: Days(*day),
            progression: reached as f64 / sums.len() as f64,
            predictive: Quantiles::of(sums),
        });
    }
    let by_day = draws.passed(threshold, days.len(), last, &ahead);
    Ok(SumOutlook {
        targets: lesions.len(),
        by_models,
        last_scan: Days(last),
        current: Mm(measured.current()),
        nadir: Mm(measured.nadir()),
        threshold: Mm(threshold),
        reached: measured.reached(),
        next_scan: told.remove(0),
        days: told,
        by: reach(last, &ahead, &by_day),
        until: Days(last + LOOKED_AHEAD),
    })
}

/// Every target with who speaks for it, all on one scale that has a sum.
fn fitted<'a>(targets: &[Target<'a>]) -> Result<Vec<(&'a Fit, Voice)>, NoSum> {
    let mut lesions = Vec::with_capacity(targets.len());
    for target in targets {
        let (fit, voice) = target
            .fitted
            .ok_or_else(|| NoSum::NoFit(target.name.to_owned()))?;
        lesions.push((fit, voice));
    }
    let first = lesions.first().ok_or(NoSum::NoTarget)?.0.scale;
    for (target, (fit, _)) in targets.iter().zip(&lesions) {
        let name = || target.name.to_owned();
        match fit.scale {
            scale if scale != first => return Err(NoSum::MixedScales(name())),
            Scale::DiameterMm => {}
            Scale::VolumeMm3 => return Err(NoSum::NoDiameters(name())),
            Scale::DiameterPx | Scale::Voxels => return Err(NoSum::NoMillimetres(name())),
        }
    }
    Ok(lesions)
}
