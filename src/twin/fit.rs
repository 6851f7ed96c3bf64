//! The posterior of one lesion under every model.

mod warnings;

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(super) use self::warnings::restate;
use super::Error;
use super::dynamics::plan::DrugId;
use super::model::{Acting, Model};
use super::noise::{Noise, NoiseModel};
use super::parameter::{ParameterKind, Slot};
use super::posterior::{
    Budget, Posterior, Random, Target, Way, explore, highest_likelihood, leave_one_out,
};
use super::prior::{self, PriorSet, Priors, first_size};
use super::problem::{Problem, Scratch, data_contraction};
use super::series::{LesionSeries, Observation, Scale};
use super::stats::{log_sum_exp, quantile, variance};
use super::treatment::Treatments;
use crate::jobs::JobContext;
use crate::units::Days;
use crate::warning::{Warning, WarningCode};

/// Version of the methods; part of cache keys and reports.
pub const VERSION: &str = "twin/3";

/// Share of the prior variance that must be gone for a parameter to count as identified.
pub(super) const IDENTIFIED: f64 = 0.2;

/// Up to this many measurements models cannot be told apart, and keep their prior weights.
const MAX_UNTOLD: usize = 2;

/// Draws of equal weight that are kept of each posterior.
const KEPT: usize = 1000;
/// Draws that residuals are averaged over.
const RESIDUAL_DRAWS: usize = 100;

/// What a fit is made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitParams {
    /// Models to fit, each once; empty for [`Model::usual`].
    pub models: Vec<Model>,
    /// Priors.
    pub prior: PriorSet,
    /// Measurement noise.
    pub noise: NoiseModel,
    /// How far lesions stray from any law beyond the last measurement: SD of ln d per √day. It widens
    /// projections and is no part of the posterior.
    pub discrepancy: f64,
    /// Seed of all randomness.
    pub seed: u64,
}

/// The usual [`FitParams::discrepancy`]: with it 80 % bands of the average of [`Model::usual`] hold 78 to 80 %
/// of the last two scans of the 641 lesions of `bench laleh --program`, which without it they do not
/// (`docs/twin.md`).
pub const DISCREPANCY: f64 = 0.024;

impl Default for FitParams {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            prior: PriorSet::default(),
            noise: NoiseModel::default(),
            discrepancy: DISCREPANCY,
            seed: 1,
        }
    }
}

/// Posterior draws of standardised parameters, row-major.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draws {
    /// Parameters per draw.
    pub(super) dimension: usize,
    pub(super) values: Vec<f64>,
}

impl Draws {
    /// Number of draws.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension.max(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.dimension..(i + 1) * self.dimension]
    }

    pub(super) fn column(&self, j: usize) -> Vec<f64> {
        self.values
            .iter()
            .skip(j)
            .step_by(self.dimension.max(1))
            .copied()
            .collect()
    }
}

/// Posterior of one parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Which.
    pub kind: ParameterKind,
    /// Of which drug, for effects of drugs; the place in [`Treatments::regimens`].
    pub drug: Option<DrugId>,
    /// Unit of the numbers below.
    pub unit: String,
    /// Posterior median.
    pub median: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Share of the prior variance that is gone, 1 − Var_post/Var_prior, on the scale on which the
    /// prior is normal; of a prior that the range of a law cuts off, the variance is that of what
    /// is left of it.
    pub contraction: f64,
    /// Share of the prior variance that the data of the lesion alone take away, with all other
    /// parameters free.
    pub data_contraction: f64,
    /// Whether both contractions reach 0.2. The first alone is not enough: with every scan under
    /// treatment only growth minus kill is observed, and the prior of the one narrows the other.
    pub identified: bool,
}

/// How draws were made, and what they are worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// By importance, or by sequential Monte Carlo where its weights were too unequal.
    pub way: Way,
    /// Tail shape k̂ of the importance weights.
    pub k_hat: f64,
    /// Effective number of draws: of importance weights 1/Σw², of sequential Monte Carlo that of
    /// independent lines of descent, and of a lesion joined with others that of its draws under the
    /// joint weights.
    pub effective: f64,
    /// ln of the marginal likelihood.
    pub log_evidence: f64,
}

impl Diagnostics {
    /// Whether intervals can be relied on.
    #[must_use]
    pub fn good(&self) -> bool {
        self.effective >= LEAST_EFFECTIVE
    }
}

/// Effective number of draws below which intervals are provisional.
const LEAST_EFFECTIVE: f64 = 100.0;

/// One model fitted to one lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFit {
    /// Which model.
    pub model: Model,
    /// Weight in averages; weights sum to 1.
    pub weight: f64,
    /// Akaike's criterion with the small-sample correction; `None` where n ≤ k + 1.
    pub aicc: Option<f64>,
    /// Expected log predictive density of a held-out measurement, summed over measurements (log
    /// scale of size): leave-one-out by Pareto-smoothed importance sampling, by refitting where
    /// k̂ > 0.7. `None` for fewer than three measurements.
    pub elpd: Option<f64>,
    /// Posterior mean of ln(measured/latent) in units of σ for each measurement; `None` for what was
    /// too small to measure.
    pub residuals: Vec<Option<f64>>,
    /// Posteriors.
    pub parameters: Vec<Parameter>,
    /// Posterior draws.
    pub draws: Draws,
    /// How the draws were made.
    pub diagnostics: Diagnostics,
    /// Information of the data alone on the standardised parameters, row-major.
    pub(super) information: Vec<f64>,
}

impl ModelFit {
    pub(super) fn information(&self) -> DMatrix<f64> {
        let n = self.parameters.len();
        if self.information.len() != n * n {
            return DMatrix::zeros(n, n);
        }
        DMatrix::from_row_slice(n, n, &self.information)
    }
}

/// All models fitted to one lesion. Holds all that a projection needs; can be kept as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The models.
    pub models: Vec<ModelFit>,
    /// Unit and kind of the sizes.
    pub scale: Scale,
    /// The measurements in order of time.
    pub observations: Vec<Observation>,
    /// The treatments that the fit was made with.
    pub treatments: Treatments,
    /// Priors used.
    pub prior: PriorSet,
    /// What the user must know.
    pub warnings: Vec<Warning>,
    /// Seed used.
    pub seed: u64,
    /// Version of the methods.
    pub version: String,
    /// [`FitParams::discrepancy`] of projections.
    pub discrepancy: f64,
    /// How many other lesions of the patient the posterior was joined with.
    pub joined_with: usize,
    pub(super) noise: Noise,
}

impl Fit {
    /// Day of the first measurement, where the models start.
    #[must_use]
    pub fn first_day(&self) -> Days {
        self.observations.first().map_or(Days(0.0), |o| o.day)
    }

    /// Day of the last measurement.
    #[must_use]
    pub fn last_day(&self) -> Days {
        self.observations.last().map_or(Days(0.0), |o| o.day)
    }

    /// Standard deviation of the logarithm of a measured size, by the noise model of the fit.
    #[must_use]
    pub fn sigma(&self, observation: &Observation) -> f64 {
        let value = observation.size.value().max(self.scale.detection_limit());
        let x = self.scale.log_volume(libm::log(value));
        self.noise.sigma(x, observation.slice.map(|s| s.0))
    }

    /// Half the width of the 90 % interval of the logarithm of a measured size.
    #[must_use]
    pub fn reach_90(&self, observation: &Observation) -> f64 {
        self.noise.quantile_95() * self.sigma(observation)
    }

    /// SD of ln V so many days after the last measurement for what no model knows.
    pub(super) fn straying(&self, day: f64) -> f64 {
        let ahead = (day - self.last_day().0).max(0.0);
        3.0 * self.discrepancy * libm::sqrt(ahead)
    }

    /// What acts between the first and the last measurement.
    pub(super) fn acting(&self) -> Acting {
        Acting::within(&self.treatments, self.first_day().0, self.last_day().0)
    }
}

/// Fits models to the measurements of a lesion.
///
/// Treatments act from the first to the last measurement; what was given before is seen through what
/// it left in the body, what comes later has no parameter here. Models are weighted by pseudo-BMA+
/// (Yao, Vehtari, Simpson, Gelman, Bayesian Anal 2018;13:917) from the third measurement on, before
/// that equally. The same input and seed give the same bits, whatever the number of threads.
///
/// # Errors
/// See [`Error`].
pub fn fit(
    series: &LesionSeries,
    treatments: &Treatments,
    params: &FitParams,
    job: &JobContext,
) -> Result<Fit, Error> {
    let (observations, scale) = series.ordered()?;
    if !(0.0..=1.0).contains(&params.discrepancy) {
        return Err(Error::BadNumber {
            what: "the discrepancy of models (SD of ln d per √day)",
            value: params.discrepancy,
            expected: "between 0 and 1",
        });
    }
    let noise = Noise::of_series(params.noise, scale, &observations);
    let (first, last) = match (observations.first(), observations.last()) {
        (Some(first), Some(last)) => (first.day.0, last.day.0),
        _ => return Err(Error::NoObservations),
    };
    let mut wanted = if params.models.is_empty() {
        Model::usual(treatments, first, last)
    } else {
        params.models.clone()
    };
    wanted.sort_unstable();
    wanted.dedup();
    if let Some(model) = wanted.iter().find(|m| !m.fits(scale)) {
        return Err(Error::ModelNeedsMillimetres {
            model: model.name(),
            unit: scale.unit(),
        });
    }
    let acting = Acting::within(treatments, first, last);
    let first_size = first_size(&observations, scale);
    let priors: Vec<(Model, Priors)> = wanted
        .iter()
        .map(|m| {
            (
                *m,
                Priors::new(*m, &acting, params.prior, scale, first_size),
            )
        })
        .collect();
    job.progress.step("Fitting growth models");
    let fitted: Vec<Result<Scored, Error>> = wanted
        .par_iter()
        .map(|model| {
            job.check()?;
            let problem = Problem::new(
                *model,
                params.prior,
                &observations,
                scale,
                noise,
                treatments,
            )?;
            one(*model, &problem, params.seed, scale)
        })
        .collect();
    job.check()?;
    let mut models = Vec::with_capacity(wanted.len());
    let mut scores = Vec::new();
    for result in fitted {
        let (model, held_out) = result?;
        scores.extend(held_out);
        models.push(model);
    }
    let mut warnings = warnings::of_posteriors(&models, treatments);
    warnings.extend(prior::warning(params.prior, &priors));
    let weights = if scores.len() == models.len() {
        pseudo_bma(&scores, params.seed)
    } else {
        warnings.push(Warning::new(
            WarningCode::NotIdentified,
            format!(
                "{} {} cannot tell growth models apart; the models keep equal weights",
                observations.len(),
                if observations.len() == 1 {
                    "measurement"
                } else {
                    "measurements"
                }
            ),
        ));
        vec![1.0 / models.len() as f64; models.len()]
    };
    for (model, weight) in models.iter_mut().zip(weights) {
        model.weight = weight;
    }
    Ok(Fit {
        models,
        scale,
        observations,
        treatments: treatments.clone(),
        prior: params.prior,
        warnings,
        seed: params.seed,
        version: VERSION.to_owned(),
        discrepancy: params.discrepancy,
        joined_with: 0,
        noise,
    })
}

/// A model with its log predictive densities of held-out measurements, where there are enough.
type Scored = (ModelFit, Option<Vec<f64>>);

fn one(model: Model, problem: &Problem, seed: u64, scale: Scale) -> Result<Scored, Error> {
    let budget = Budget::of(problem.dimension());
    let explored = explore(problem, budget, seed, stream(model, 0));
    let found = &explored.posterior;
    if found.is_empty() || !found.effective.is_finite() {
        return Err(Error::NoPosterior {
            model: model.name(),
        });
    }
    let mut random = Random::new(seed, stream(model, 1));
    let draws = Draws {
        dimension: problem.dimension(),
        values: found.resampled(KEPT, &mut random).concat(),
    };
    let centre = median_draw(&draws);
    let information = problem.information(&centre);
    let held_out = (problem.points() > MAX_UNTOLD)
        .then(|| leave_one_out(&explored, seed, stream(model, 2)))
        .map(|points| points.iter().map(|p| p.elpd).collect::<Vec<f64>>());
    let fit = ModelFit {
        model,
        weight: 0.0,
        aicc: aicc(problem, &centre),
        elpd: held_out.as_ref().map(|s| s.iter().sum()),
        residuals: residuals(problem, &draws),
        parameters: summarise(&problem.priors, &draws, &information, scale),
        draws,
        diagnostics: diagnostics(found),
        information: information.transpose().iter().copied().collect(),
    };
    Ok((fit, held_out))
}

const fn diagnostics(found: &Posterior) -> Diagnostics {
    Diagnostics {
        way: found.way,
        k_hat: found.k_hat,
        effective: found.effective,
        log_evidence: found.log_evidence,
    }
}

/// A random stream of its own for each model and purpose.
const fn stream(model: Model, purpose: u64) -> u64 {
    (model as u64 + 1) * 16 + purpose
}

fn median_draw(draws: &Draws) -> Vec<f64> {
    (0..draws.dimension)
        .map(|j| {
            let mut column = draws.column(j);
            column.sort_by(f64::total_cmp);
            quantile(&column, 0.5)
        })
        .collect()
}

fn residuals(problem: &Problem, draws: &Draws) -> Vec<Option<f64>> {
    let mut scratch = Scratch::default();
    let mut sums = vec![Some(0.0); problem.points()];
    let step = (draws.len() / RESIDUAL_DRAWS).max(1);
    let count = draws.len().div_ceil(step) as f64;
    for i in (0..draws.len()).step_by(step) {
        let each = problem.residuals(draws.row(i), &mut scratch);
        for (sum, residual) in sums.iter_mut().zip(each) {
            *sum = sum
                .zip(residual)
                .map(|(sum, r): (f64, f64)| sum + r / count);
        }
    }
    sums
}

/// States the parameters of a model anew from its draws.
pub(super) fn resummarise(fit: &mut Fit, at: usize) {
    let acting = fit.acting();
    let model = &fit.models[at];
    let first = first_size(&fit.observations, fit.scale);
    let priors = Priors::new(model.model, &acting, fit.prior, fit.scale, first);
    let parameters = summarise(&priors, &model.draws, &model.information(), fit.scale);
    fit.models[at].parameters = parameters;
}

fn summarise(
    priors: &Priors,
    draws: &Draws,
    information: &DMatrix<f64>,
    scale: Scale,
) -> Vec<Parameter> {
    priors
        .each
        .iter()
        .enumerate()
        .map(|(j, prior)| {
            // Of its own deviate, which is standard normal a priori also where parameters correlate.
            let mut z: Vec<f64> = (0..draws.len())
                .map(|i| priors.deviate(j, draws.row(i)))
                .collect();
            let before = prior.variance();
            let contraction = 1.0 - variance(&z) / before;
            z.sort_by(f64::total_cmp);
            let Slot { kind, drug } = prior.slot;
            let value = |p: f64| {
                let v = prior.value(quantile(&z, p));
                if kind == ParameterKind::InitialSize {
                    libm::exp(scale.log_size(v))
                } else {
                    v
                }
            };
            // Against a prior variance of 1, then against the one that it has.
            let data = data_contraction(information, &priors.direction(j));
            let data = before * data / (before * data + 1.0 - data);
            Parameter {
                kind,
                drug,
                unit: kind.unit(scale).to_owned(),
                median: value(0.5),
                q05: value(0.05),
                q95: value(0.95),
                contraction,
                data_contraction: data,
                identified: contraction >= IDENTIFIED && data >= IDENTIFIED,
            }
        })
        .collect()
}

/// Akaike's criterion with the small-sample correction, at the largest likelihood near a place.
fn aicc(problem: &Problem, start: &[f64]) -> Option<f64> {
    let (n, k) = (problem.points() as f64, problem.dimension() as f64);
    if n <= k + 1.0 {
        return None;
    }
    let log_likelihood = highest_likelihood(problem, start)?;
    Some(2.0 * k - 2.0 * log_likelihood + 2.0 * k * (k + 1.0) / (n - k - 1.0))
}

/// Weights exp(elpd), averaged over Bayesian-bootstrap replications of the measurements.
fn pseudo_bma(scores: &[Vec<f64>], seed: u64) -> Vec<f64> {
    const REPLICATIONS: usize = 1000;
    let n = scores.first().map_or(0, Vec::len);
    let mut weights = vec![0.0; scores.len()];
    let mut random = Random::new(seed, u64::MAX);
    for _ in 0..REPLICATIONS {
        let shares: Vec<f64> = (0..n).map(|_| -libm::log(random.uniform())).collect();
        let total: f64 = shares.iter().sum();
        let elpd: Vec<f64> = scores
            .iter()
            .map(|s| n as f64 * s.iter().zip(&shares).map(|(s, a)| s * a).sum::<f64>() / total)
            .collect();
        let norm = log_sum_exp(&elpd);
        for (w, e) in weights.iter_mut().zip(&elpd) {
            *w += libm::exp(e - norm) / REPLICATIONS as f64;
        }
    }
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}
