//! Projections: what the posterior says of later sizes, as treated and under another plan.

mod kappa;
mod measured;
mod reasons;

pub use measured::measured;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ensemble::{self, Centre, Ensemble};
use super::fit::IDENTIFIED;
use super::posterior::Random;
use super::series::{Scale, Size, check_day};
use super::stats::Quantiles;
use super::treatment::{Therapy, Treatments};
use super::{Error, Fit, ScenarioChange};
use crate::jobs::JobContext;
use crate::units::Days;

/// Smallest and largest dose factor that counts as a small change.
const SMALL_CHANGE: std::ops::RangeInclusive<f64> = 0.8..=1.25;

/// How far a statement reaches beyond what was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ladder {
    /// Forecast under the plan as it is; a later scan can refute it.
    C0,
    /// A small change inside the exposure that was observed.
    C1,
    /// Start or stop of a treatment observed both on and off.
    C2,
    /// No treatment, or a treatment never observed off (or on): the population prior speaks.
    C3,
    /// A therapy of which the lesion says nothing at all.
    C4,
}

/// One arm on one day, in the unit of the projection's scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Latent size (credible interval).
    pub latent: Quantiles,
    /// A new measurement of it (prediction interval).
    pub predictive: Quantiles,
}

/// Scenario against plan, draw by draw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// ln(size in the scenario/size as planned).
    pub log_ratio: Quantiles,
    /// Size in the scenario − size as planned.
    pub absolute: Quantiles,
    /// Probability that the two sizes differ by more than the repeatability of two measurements
    /// (1.96 √2 σ).
    pub beyond_noise: f64,
}

/// What is said of one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizon {
    /// The day after baseline.
    pub day: Days,
    /// As planned.
    pub factual: Arm,
    /// Under the scenario, where there is one.
    pub scenario: Option<Arm>,
    /// Their paired difference.
    pub difference: Option<Difference>,
    /// Contraction of what is plotted, 0–1: the share of its prior variance that the lesion's data
    /// take away. The smallest of up to four: posterior against prior, and data alone, of the
    /// scenario's change of size and of the difference. `None` where nothing differs from the
    /// first measurement on.
    pub kappa: Option<f64>,
    /// Whether κ reaches 0.2.
    pub identified: bool,
}

/// Last observation carried forward: the forecast to beat.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Locf {
    /// Day of the last measurement.
    pub day: Days,
    /// Its size; where the lesion was too small to measure, the limit of detection.
    pub size: Size,
    /// Whether it was too small to measure.
    pub below_limit: bool,
}

/// A projection of one lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Unit and kind of the sizes.
    pub scale: Scale,
    /// Per day asked for, in order of time.
    pub days: Vec<Horizon>,
    /// How far the statement reaches.
    pub ladder: Ladder,
    /// κ of the last day.
    pub kappa: Option<f64>,
    /// Whether every day after the last measurement is identified.
    pub identified: bool,
    /// Reasons, one sentence each.
    pub why: Vec<String>,
    /// The day from which on a curve should fade: the last measurement plus the longer of the
    /// median interval between measurements and a third of the follow-up.
    pub fade_after: Days,
    /// The naive forecast, the same for every later day.
    pub locf: Locf,
    /// Seed of the fit.
    pub seed: u64,
    /// Version of the methods.
    pub version: String,
}

impl Projection {
    /// Whether a scenario was asked for.
    #[must_use]
    pub fn has_scenario(&self) -> bool {
        self.days.iter().any(|d| d.scenario.is_some())
    }
}

/// Carries the posterior forward to the days `at`, as planned in `treatments` and, with a
/// scenario, as changed by it.
///
/// Both arms use the same draws and the same noise; a scenario that changes nothing gives the
/// planned arm to the bit, and so does any number of threads. A therapy of the plan that the fit does not know is drawn from its
/// prior, and the ladder says so.
///
/// # Errors
/// See [`Error`]; days before the first measurement are refused.
pub fn project(
    fit: &Fit,
    treatments: &Treatments,
    scenario: Option<&ScenarioChange>,
    at: &[Days],
    job: &JobContext,
) -> Result<Projection, Error> {
    let days = ordered(fit, at)?;
    if let Some(scenario) = scenario {
        check_asked(fit, scenario.day())?;
    }
    let horizon = *days.last().ok_or(Error::NoDays)?;
    let changed = match scenario {
        Some(scenario) => {
            let blind = fit.models.iter().find(|m| !m.model.knows_doses());
            if let Some(model) = blind {
                return Err(Error::KnowsNoDoses {
                    model: model.model.name(),
                });
            }
            Some(scenario.apply(treatments)?)
        }
        None => None,
    };
    let arms = Arms {
        fit,
        factual: treatments,
        scenario: changed.as_ref(),
        // The first value is that of the last measurement's day, from which change is counted.
        asked: std::iter::once(fit.last_day().0)
            .chain(days.iter().copied())
            .collect(),
    };
    let acting = ensemble::acting(fit, &arms.plans(), horizon);
    let unknown = ensemble::unknown(fit, &acting);
    let posterior = Ensemble::posterior(fit, &acting)?;
    let sizes = arms.sizes(&posterior)?;
    job.check()?;
    let before = arms.sizes(&posterior.prior())?;
    job.check()?;
    let centres: Vec<(f64, Centre)> = fit
        .models
        .iter()
        .map(|m| (m.weight, Centre::of(fit, m, &acting)))
        .collect();
    let data = kappa::of_data(&arms, &centres)?;
    let slice = slice(fit);
    let draws = sizes.planned[0].len();
    let astray = astray(fit, draws);
    let told: Vec<Result<Horizon, Error>> = days
        .par_iter()
        .enumerate()
        .map(|(d, day)| {
            job.check()?;
            let deviates = deviates(fit, *day, draws);
            let column = d + 1;
            // Both arms of a draw stray alike.
            let x = &strayed(fit, *day, &sizes.planned[column], &astray);
            let altered = sizes.altered.as_ref();
            let y = altered.map(|a| strayed(fit, *day, &a[column], &astray));
            let kappa = kappa::of_day(column, &sizes, &before, &data[d]);
            Ok(Horizon {
                day: Days(*day),
                factual: arm(fit, x, &deviates, slice),
                difference: y.as_ref().map(|y| difference(fit, x, y, slice)),
                scenario: y.map(|y| arm(fit, &y, &deviates, slice)),
                kappa,
                identified: kappa.is_none_or(|k| k >= IDENTIFIED),
            })
        })
        .collect();
    let out = told.into_iter().collect::<Result<Vec<Horizon>, Error>>()?;
    let fade_after = fade_after(fit);
    let ladder = reasons::ladder(&arms, scenario, &unknown, horizon)?;
    let identified = out
        .iter()
        .filter(|h| h.day.0 > fit.last_day().0)
        .all(|h| h.identified)
        && out.last().is_none_or(|h| h.identified);
    let mut projection = Projection {
        scale: fit.scale,
        ladder,
        kappa: out.last().and_then(|h| h.kappa),
        identified,
        why: Vec::new(),
        fade_after,
        locf: locf(fit),
        seed: fit.seed,
        version: fit.version.clone(),
        days: out,
    };
    projection.why = reasons::why(&arms, &projection, &unknown, horizon);
    Ok(projection)
}

/// Refuses a day that nothing can be said of.
fn check_asked(fit: &Fit, day: Days) -> Result<(), Error> {
    let (day, first) = (day.0, fit.first_day().0);
    check_day("the day of a projection", day)?;
    if day < first {
        return Err(Error::BeforeFirstObservation { day, first });
    }
    Ok(())
}

/// The days asked for, each once, in order of time.
fn ordered(fit: &Fit, at: &[Days]) -> Result<Vec<f64>, Error> {
    for day in at {
        check_asked(fit, *day)?;
    }
    let mut days: Vec<f64> = at.iter().map(|d| d.0).collect();
    days.sort_by(f64::total_cmp);
    days.dedup();
    Ok(days)
}

/// The plan, and what a scenario makes of it.
struct Arms<'a> {
    fit: &'a Fit,
    factual: &'a Treatments,
    scenario: Option<&'a Treatments>,
    /// The day of the last measurement, then the days asked for.
    asked: Vec<f64>,
}

/// ln V per asked-for day and draw, without draws that lead to no number.
struct Sizes {
    planned: Vec<Vec<f64>>,
    altered: Option<Vec<Vec<f64>>>,
}

impl Arms<'_> {
    fn plans(&self) -> Vec<&Treatments> {
        std::iter::once(self.factual).chain(self.scenario).collect()
    }

    fn sizes(&self, draws: &Ensemble<'_>) -> Result<Sizes, Error> {
        let mut planned = draws.sizes(self.factual, &self.asked)?;
        let mut altered = match self.scenario {
            Some(plan) => Some(draws.sizes(plan, &self.asked)?),
            None => None,
        };
        let number = |columns: &[Vec<f64>], i: usize| columns.iter().all(|c| c[i].is_finite());
        let keep: Vec<bool> = (0..draws.len())
            .map(|i| number(&planned, i) && altered.as_ref().is_none_or(|a| number(a, i)))
            .collect();
        if !keep.contains(&true) {
            return Err(Error::EmptyFit);
        }
        for column in planned.iter_mut().chain(altered.iter_mut().flatten()) {
            let mut kept = keep.iter();
            column.retain(|_| kept.next().copied().unwrap_or(false));
        }
        Ok(Sizes { planned, altered })
    }

    /// Whether both plans are the same up to a day.
    fn same_until(&self, day: f64) -> Result<bool, Error> {
        self.scenario
            .map_or(Ok(true), |plan| self.factual.same_until(plan, day))
    }

    fn acts_within(&self, therapy: Therapy, from: f64, to: f64) -> bool {
        self.factual.acts_within(therapy, from, to)
    }
}

/// Noise of a future measurement, one deviate per draw; depends on the day alone, so that adding
/// a day to a projection changes no other.
fn deviates(fit: &Fit, day: f64, count: usize) -> Vec<f64> {
    let since = day - fit.first_day().0;
    let mut random = Random::new(fit.seed ^ since.to_bits().rotate_left(17), 1 << 42);
    (0..count).map(|_| fit.noise.draw(&mut random)).collect()
}

/// How far each draw strays beyond the last measurement, in SDs; the same on all days.
fn astray(fit: &Fit, count: usize) -> Vec<f64> {
    let mut random = Random::new(fit.seed, 1 << 44);
    (0..count).map(|_| random.normal()).collect()
}

/// ln V of draws that have strayed until a day.
fn strayed(fit: &Fit, day: f64, column: &[f64], astray: &[f64]) -> Vec<f64> {
    let sd = fit.straying(day);
    let pairs = column.iter().zip(astray);
    pairs.map(|(x, n)| x + sd * n).collect()
}

/// Thickness of the slices on which a future measurement is made: that of the last known, mm.
fn slice(fit: &Fit) -> Option<f64> {
    let mut latest = fit.observations.iter().rev();
    latest.find_map(|o| o.slice).map(|s| s.0)
}

/// Measurements of latent sizes, draw by draw.
fn noisy(fit: &Fit, x: &[f64], deviates: &[f64], slice: Option<f64>) -> Vec<f64> {
    x.iter()
        .zip(deviates)
        .map(|(x, e)| libm::exp(fit.scale.log_size(*x) + fit.noise.sigma(*x, slice) * e))
        .collect()
}

fn arm(fit: &Fit, x: &[f64], deviates: &[f64], slice: Option<f64>) -> Arm {
    Arm {
        latent: Quantiles::of(
            x.iter()
                .map(|x| libm::exp(fit.scale.log_size(*x)))
                .collect(),
        ),
        predictive: Quantiles::of(noisy(fit, x, deviates, slice)),
    }
}

fn difference(fit: &Fit, x: &[f64], y: &[f64], slice: Option<f64>) -> Difference {
    let pairs = || {
        x.iter()
            .zip(y)
            .map(|(x, y)| (fit.scale.log_size(*x), fit.scale.log_size(*y)))
    };
    let beyond = x
        .iter()
        .zip(y)
        .filter(|(x, y)| {
            let ratio = (fit.scale.log_size(**y) - fit.scale.log_size(**x)).abs();
            ratio > 1.96 * std::f64::consts::SQRT_2 * fit.noise.sigma(**x, slice)
        })
        .count();
    Difference {
        log_ratio: Quantiles::of(pairs().map(|(x, y)| y - x).collect()),
        absolute: Quantiles::of(pairs().map(|(x, y)| libm::exp(y) - libm::exp(x)).collect()),
        beyond_noise: beyond as f64 / x.len() as f64,
    }
}

fn fade_after(fit: &Fit) -> Days {
    let mut intervals: Vec<f64> = fit
        .observations
        .windows(2)
        .map(|p| p[1].day.0 - p[0].day.0)
        .filter(|d| *d > 0.0)
        .collect();
    intervals.sort_by(f64::total_cmp);
    let last = fit.last_day().0;
    if intervals.is_empty() {
        return Days(last);
    }
    let interval = super::stats::quantile(&intervals, 0.5);
    Days(last + interval.max((last - fit.first_day().0) / 3.0))
}

fn locf(fit: &Fit) -> Locf {
    let last = fit.observations.last();
    let value = last.map_or(0.0, |o| o.size.value());
    let below_limit = value <= 0.0;
    let shown = if below_limit {
        fit.scale.detection_limit()
    } else {
        value
    };
    Locf {
        day: fit.last_day(),
        size: fit.scale.size(shown),
        below_limit,
    }
}
