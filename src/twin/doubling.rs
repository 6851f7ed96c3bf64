//! Doubling and halving times.

use std::f64::consts::LN_2;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ensemble::{self, Ensemble};
use super::series::check_day;
use super::stats::quantile;
use super::{Error, Fit};
use crate::units::Days;

/// How fast a volume changes, in the form that a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", content = "days", rename_all = "snake_case")]
pub enum SizeChange {
    /// The volume doubles in this time.
    Doubles(Days),
    /// The volume halves in this time.
    Halves(Days),
    /// The volume does not change.
    Stable,
}

impl SizeChange {
    fn of_rate(rate: f64) -> Self {
        if rate > 0.0 {
            Self::Doubles(Days(LN_2 / rate))
        } else if rate < 0.0 {
            Self::Halves(Days(-LN_2 / rate))
        } else {
            Self::Stable
        }
    }
}

impl fmt::Display for SizeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doubles(days) => write!(f, "doubling in {days}"),
            Self::Halves(days) => write!(f, "halving in {days}"),
            Self::Stable => f.write_str("stable"),
        }
    }
}

/// Posterior of the present rate of change of the volume.
///
/// Quantiles are of the *rate*; where they differ in sign the time has no bounded interval: from
/// halving in `slow` over no change at all to doubling in `fast`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoublingTime {
    /// Day that the statement is about.
    pub day: Days,
    /// Median rate of ln V, 1/d.
    pub rate: f64,
    /// 5 % quantile of the rate.
    pub rate_q05: f64,
    /// 95 % quantile of the rate.
    pub rate_q95: f64,
    /// At the median rate.
    pub median: SizeChange,
    /// At the 5 % quantile of the rate: slowest growth or fastest shrinkage.
    pub slow: SizeChange,
    /// At the 95 % quantile of the rate.
    pub fast: SizeChange,
    /// Probability that the lesion grows.
    pub growing: f64,
}

/// Time over which a rate of change is taken. Fractions of radiotherapy and doses are days apart, so
/// a moment says little.
const OVER: f64 = 1.0;

/// How fast the lesion changes on the day that follows `day`, under the treatments of the fit; `None`
/// with measurements of fewer than two days, which say nothing of change, and where a therapy begins on
/// that day that the lesion says nothing of.
///
/// # Errors
/// [`Error::BeforeFirstObservation`], [`Error::EmptyFit`], [`Error::BadNumber`].
pub fn doubling_time(fit: &Fit, day: Days) -> Result<Option<DoublingTime>, Error> {
    check_day("the day of a doubling time", day.0)?;
    let first = fit.first_day().0;
    if day.0 < first {
        return Err(Error::BeforeFirstObservation { day: day.0, first });
    }
    if fit.last_day().0 <= first {
        return Ok(None);
    }
    let days = [day.0, day.0 + OVER];
    let acting = ensemble::acting(fit, &[&fit.treatments], days[1]);
    // What begins on that very day says nothing of the present, and its effect is the prior's.
    if !ensemble::unknown(fit, &acting).is_empty() {
        return Ok(None);
    }
    let sizes = Ensemble::posterior(fit, &acting)?.sizes(&fit.treatments, &days)?;
    let mut rates: Vec<f64> = sizes[0]
        .iter()
        .zip(&sizes[1])
        .map(|(now, later)| (later - now) / OVER)
        .filter(|rate| rate.is_finite())
        .collect();
    if rates.is_empty() {
        return Err(Error::EmptyFit);
    }
    rates.sort_by(f64::total_cmp);
    let q = |p| quantile(&rates, p);
    let growing = rates.iter().filter(|r| **r > 0.0).count();
    Ok(Some(DoublingTime {
        day,
        rate: q(0.5),
        rate_q05: q(0.05),
        rate_q95: q(0.95),
        median: SizeChange::of_rate(q(0.5)),
        slow: SizeChange::of_rate(q(0.05)),
        fast: SizeChange::of_rate(q(0.95)),
        growing: growing as f64 / rates.len() as f64,
    }))
}
