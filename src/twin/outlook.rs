//! What is to be expected after the last scan, and who is to be believed about it.
//!
//! A model of growth speaks only where it has forecast this lesion's own scans clearly better than the
//! local level did: the last value, with the spread that other lesions showed
//! ([`forecast`](super::forecast)). On trial data no law of growth beats the last value
//! (`docs/forecast.md`), so the burden of proof is on the model: three forecasts at least, with a
//! score a fifth better. Less than that is luck more often than skill: models that scored no worse
//! would speak for a tenth of the lesions of that benchmark and be two fifths worse there
//! (`oncotwin bench laleh --program`).

use serde::{Deserialize, Serialize};

use super::ensemble::{self, Ensemble};
use super::forecast::{Population, Readings};
use super::posterior::Random;
use super::series::{Scale, check_day};
use super::stats::{Quantiles, quantile};
use super::treatment::Treatments;
use super::{Error, Fit, LesionSeries, Skill};
use crate::jobs::JobContext;
use crate::units::{Days, Mm};

/// Who speaks for the time after the last scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// The average of the fitted models.
    Models,
    /// The last value, with the spread that other lesions showed.
    LocalLevel,
}

/// Why one of them speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// On this lesion's past scans the models scored clearly better than the local level.
    ModelsScoredBetter,
    /// On this lesion's past scans the models did not score clearly better than the local level.
    ModelsScoredNoBetter,
    /// Fewer than five days of measurement: too few forecasts to tell skill from luck.
    TooFewForecasts,
    /// Without millimetres other lesions cannot be compared with.
    NoMillimetres,
}

/// A forecast of a new measurement on one day, by the local level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalDay {
    /// The day after baseline.
    pub day: Days,
    /// Quantiles of the measurement.
    pub predictive: Quantiles,
}

/// When this lesion is to be expected 20 % and at least 5 mm above its smallest diameter.
///
/// That is the rule of RECIST 1.1 for a sum, applied to one lesion; a volume counts by the diameter of
/// its sphere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progression {
    /// The diameter that counts as progression.
    pub threshold: Mm,
    /// Whether the last measurement has reached it already.
    pub reached: bool,
    /// Probability that a measurement at the next scan reaches it.
    pub at_next_scan: f64,
    /// Day by which the size has reached it with probability 25, 50 and 75 %; `None` beyond
    /// [`Outlook::until`], and where the local level speaks, which knows no growth.
    pub by: [Option<Days>; 3],
}

/// What is to be expected after the last scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Who speaks.
    pub voice: Voice,
    /// Why.
    pub ground: Ground,
    /// The local level on the days asked for after the last scan; empty without millimetres.
    pub local: Vec<LocalDay>,
    /// The day of the next scan, after the median interval so far (six weeks with one scan).
    pub next_scan: Days,
    /// Day up to which progression was looked for, a year after the last scan.
    pub until: Days,
    /// Progression of this lesion; `None` without millimetres.
    pub progression: Option<Progression>,
}

/// Forecasts of past scans that models are judged by at least.
pub const LEAST_FORECASTS: usize = 3;
/// Share by which their score must be better ([`Skill::over_local_level`]) for models to speak.
pub const CLEARLY: f64 = 0.2;

/// Time between scans where none is known, the usual one of trials.
pub(super) const USUAL_INTERVAL: f64 = 42.0;
/// How far ahead progression is looked for.
pub(super) const LOOKED_AHEAD: f64 = 365.0;
/// Step of that search.
const STEP: f64 = 7.0;
/// Probabilities of [`Progression::by`].
const BY: [f64; 3] = [0.25, 0.5, 0.75];

/// The outlook of a lesion under a plan. `skill` is that of the same fit.
///
/// # Errors
/// See [`Error`].
pub fn outlook(
    fit: &Fit,
    treatments: &Treatments,
    skill: Option<&Skill>,
    at: &[Days],
    job: &JobContext,
) -> Result<Outlook, Error> {
    let last = fit.last_day().0;
    for day in at {
        check_day("the day of a forecast", day.0)?;
    }
    let series = LesionSeries {
        observations: fit.observations.clone(),
    };
    let readings = Readings::of(&series).ok();
    let tested = skill.filter(|skill| skill.forecasts >= LEAST_FORECASTS);
    let (voice, ground) = match (&readings, tested.and_then(Skill::over_local_level)) {
        (None, _) => (Voice::Models, Ground::NoMillimetres),
        (Some(_), None) => (Voice::LocalLevel, Ground::TooFewForecasts),
        (Some(_), Some(gain)) if gain >= CLEARLY => (Voice::Models, Ground::ModelsScoredBetter),
        (Some(_), Some(_)) => (Voice::LocalLevel, Ground::ModelsScoredNoBetter),
    };
    let local = readings.as_ref().map_or_else(Vec::new, |readings| {
        at.iter()
            .filter(|d| d.0 > last)
            .map(|day| LocalDay {
                day: *day,
                predictive: local_level(readings, Days(day.0 - last)),
            })
            .collect()
    });
    let next_scan = Days(last + interval(fit));
    let until = Days(last + LOOKED_AHEAD);
    job.check()?;
    let progression = match &readings {
        None => None,
        Some(readings) => Some(match voice {
            Voice::LocalLevel => by_local_level(fit, readings, next_scan),
            Voice::Models => by_models(fit, treatments, next_scan)?,
        }),
    };
    Ok(Outlook {
        voice,
        ground,
        local,
        next_scan,
        until,
        progression,
    })
}

/// Quantiles of a measurement so long after the last one, by the local level.
pub(super) fn local_level(readings: &Readings, ahead: Days) -> Quantiles {
    let history = readings.first(readings.len());
    let forecast = Population::laleh_2022().forecast(&history, ahead);
    let q = |level| forecast.quantile(level).value();
    Quantiles {
        q05: q(0.05),
        q10: q(0.10),
        q25: q(0.25),
        q50: q(0.50),
        q75: q(0.75),
        q90: q(0.90),
        q95: q(0.95),
    }
}

/// Median time between scans.
fn interval(fit: &Fit) -> f64 {
    let mut intervals: Vec<f64> = fit
        .observations
        .windows(2)
        .map(|pair| pair[1].day.0 - pair[0].day.0)
        .filter(|days| *days > 0.0)
        .collect();
    intervals.sort_by(f64::total_cmp);
    if intervals.is_empty() {
        USUAL_INTERVAL
    } else {
        quantile(&intervals, 0.5)
    }
}

/// The diameter that counts as progression, and whether the last measurement reaches it.
fn threshold(fit: &Fit) -> (f64, bool) {
    let diameters: Vec<f64> = fit
        .observations
        .iter()
        .map(|o| diameter(fit.scale, o.size.value()))
        .collect();
    let nadir = diameters.iter().copied().fold(f64::INFINITY, f64::min);
    let threshold = (1.2 * nadir).max(nadir + 5.0);
    let reached = diameters.last().is_some_and(|d| *d >= threshold);
    (threshold, reached)
}

/// Diameter in mm of a size, of its sphere for a volume.
fn diameter(scale: Scale, value: f64) -> f64 {
    if scale.is_diameter() || value <= 0.0 {
        return value;
    }
    libm::exp(Scale::DiameterMm.log_size(libm::log(value)))
}

/// Days after the last scan on which progression is looked for.
pub(super) fn grid() -> Vec<f64> {
    let steps = (LOOKED_AHEAD / STEP).ceil() as usize;
    (1..=steps)
        .map(|i| (STEP * i as f64).min(LOOKED_AHEAD))
        .collect()
}

/// Days by which a probability that grows along `ahead` reaches those of [`BY`].
pub(super) fn reach(last: f64, ahead: &[f64], probability: &[f64]) -> [Option<Days>; 3] {
    BY.map(|level| {
        let i = probability.iter().position(|p| *p >= level)?;
        let (before, day_before) = match i.checked_sub(1) {
            Some(j) => (probability[j], ahead[j]),
            None => (0.0, 0.0),
        };
        let share = (level - before) / (probability[i] - before);
        Some(Days(last + day_before + share * (ahead[i] - day_before)))
    })
}

fn by_local_level(fit: &Fit, readings: &Readings, next_scan: Days) -> Progression {
    let (threshold, reached) = threshold(fit);
    let last = fit.last_day().0;
    let history = readings.first(readings.len());
    let probability = |ahead: f64| {
        Population::laleh_2022()
            .forecast(&history, Days(ahead))
            .probability_at_least(Mm(threshold))
    };
    Progression {
        threshold: Mm(threshold),
        reached,
        at_next_scan: probability(next_scan.0 - last),
        // Its median is the last value: days by which it grows would say more than it knows.
        by: [None; 3],
    }
}

fn by_models(fit: &Fit, treatments: &Treatments, next_scan: Days) -> Result<Progression, Error> {
    let (threshold, reached) = threshold(fit);
    let last = fit.last_day().0;
    let ahead = grid();
    let days: Vec<f64> = std::iter::once(next_scan.0)
        .chain(ahead.iter().map(|days| last + days))
        .collect();
    let acting = ensemble::acting(fit, &[treatments], last + LOOKED_AHEAD);
    let draws = Ensemble::posterior(fit, &acting)?;
    let sizes = draws.sizes(treatments, &days)?;
    let limit = Scale::DiameterMm.log_volume(libm::log(threshold));
    let slice = fit.observations.iter().rev().find_map(|o| o.slice);
    let mut random = Random::new(fit.seed, 1 << 43);
    let astray: Vec<f64> = (0..draws.len()).map(|_| random.normal()).collect();
    let mut walks = vec![0.0; draws.len()];
    let mut before = 0.0;
    let (mut measured, mut counted) = (0_usize, 0_usize);
    let straying = fit.straying(next_scan.0);
    for (x, n) in sizes[0].iter().zip(&astray).filter(|(x, _)| x.is_finite()) {
        let deviate = fit.noise.draw(&mut random);
        let x = x + straying * n;
        let sigma = fit.noise.sigma(x, slice.map(|s| s.0));
        let log_size = fit.scale.log_size(x) + sigma * deviate;
        counted += 1;
        measured += usize::from(fit.scale.log_volume(log_size) >= limit);
    }
    let mut first = vec![usize::MAX; draws.len()];
    for (step, column) in sizes[1..].iter().enumerate() {
        // A walk: each step adds to those before.
        let straying = fit.straying(last + ahead[step] - before);
        before = ahead[step];
        for ((first, x), walk) in first.iter_mut().zip(column).zip(&mut walks) {
            *walk += straying * random.normal();
            if *first == usize::MAX && x + *walk >= limit {
                *first = step;
            }
        }
    }
    let by_day: Vec<f64> = (0..ahead.len())
        .map(|step| first.iter().filter(|f| **f <= step).count() as f64 / first.len().max(1) as f64)
        .collect();
    Ok(Progression {
        threshold: Mm(threshold),
        reached,
        at_next_scan: measured as f64 / counted.max(1) as f64,
        by: reach(last, &ahead, &by_day),
    })
}
