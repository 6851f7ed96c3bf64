//! The posterior of one lesion under every model.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::growth::Model;
use super::likelihood::{Problem, Scratch, data_contraction};
use super::noise::{Noise, NoiseModel};
use super::prior::{self, ParameterKind, Prior, PriorSet};
use super::psis;
use super::sample::{self, Diagnostics, MAX_R_HAT, MIN_ESS, Random, Sampling};
use super::series::{LesionSeries, Observation, Scale};
use super::stats::{log_sum_exp, quantile, variance};
use super::{Error, TreatmentInterval, optimise};
use crate::jobs::JobContext;
use crate::units::Days;
use crate::warning::{Warning, WarningCode};

/// Version of the methods; part of cache keys and reports.
pub const VERSION: &str = "twin/1";

/// Share of the prior variance that must be gone for a parameter to count as identified.
pub(super) const IDENTIFIED: f64 = 0.2;

/// Up to this many measurements models cannot be told apart, and keep their prior weights.
const MAX_UNTOLD: usize = 2;

/// What a fit is made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitParams {
    /// Models to fit, each once.
    pub models: Vec<Model>,
    /// Priors.
    pub prior: PriorSet,
    /// Measurement noise.
    pub noise: NoiseModel,
    /// Chain lengths; at most 2000 draws per model are kept.
    pub sampling: Sampling,
    /// Seed of all randomness.
    pub seed: u64,
}

impl Default for FitParams {
    fn default() -> Self {
        Self {
            models: Model::ALL.to_vec(),
            prior: PriorSet::default(),
            noise: NoiseModel::default(),
            sampling: Sampling::default(),
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

    fn column(&self, j: usize) -> Vec<f64> {
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
    /// Unit of the numbers below.
    pub unit: String,
    /// Posterior median.
    pub median: f64,
    /// 5 % quantile.
    pub q05: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Share of the prior variance that is gone, 1 − Var_post/Var_prior, on the scale on which the
    /// prior is normal.
    pub contraction: f64,
    /// Share of the prior variance that the data of the lesion alone take away, with all other
    /// parameters free.
    pub data_contraction: f64,
    /// Whether both contractions reach 0.2. The first alone is not enough: with every scan under
    /// treatment only growth minus kill is observed, and the prior of the one narrows the other.
    pub identified: bool,
}

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
    /// Posteriors.
    pub parameters: Vec<Parameter>,
    /// Posterior draws.
    pub draws: Draws,
    /// What the chains say of themselves.
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
    pub treatments: Vec<TreatmentInterval>,
    /// Priors used.
    pub prior: PriorSet,
    /// What the user must know.
    pub warnings: Vec<Warning>,
    /// Seed used.
    pub seed: u64,
    /// Version of the methods.
    pub version: String,
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

    pub(super) fn priors(&self, model: &ModelFit) -> Vec<Prior> {
        let therapies: Vec<super::Therapy> = model
            .parameters
            .iter()
            .filter_map(|p| match p.kind {
                ParameterKind::SystemicKillRate => Some(super::Therapy::Systemic),
                ParameterKind::RadiotherapyLogKill => Some(super::Therapy::Radiotherapy),
                ParameterKind::SurgeryLogKill => Some(super::Therapy::Surgery),
                _ => None,
            })
            .collect();
        prior::priors(model.model, self.prior, self.scale, &therapies)
    }
}

/// Fits every model of `params` to the measurements of a lesion.
///
/// Treatments that ended before the first measurement have no influence. Models are weighted by
/// pseudo-BMA+ (Yao, Vehtari, Simpson, Gelman, Bayesian Anal 2018;13:917) from the third
/// measurement on, before that equally.
///
/// # Errors
/// See [`Error`].
pub fn fit(
    series: &LesionSeries,
    treatments: &[TreatmentInterval],
    params: &FitParams,
    job: &JobContext,
) -> Result<Fit, Error> {
    let (observations, scale) = series.ordered()?;
    check_sampling(params)?;
    let noise = Noise::of_series(params.noise, scale, &observations);
    let mut models = Vec::new();
    let mut scores: Vec<Vec<f64>> = Vec::new();
    let mut warnings = Vec::new();
    let mut wanted = params.models.clone();
    wanted.sort_unstable();
    wanted.dedup();
    for (i, model) in wanted.iter().enumerate() {
        job.progress.step("Fitting growth models");
        job.progress.set(i, wanted.len());
        let problem = Problem::new(
            *model,
            params.prior,
            &observations,
            scale,
            noise,
            treatments,
        )?;
        let seed = stream_seed(params.seed, *model, 0);
        let (values, diagnostics) = sample::sample(&problem, params.sampling, seed, job)?;
        let draws = Draws {
            dimension: problem.dimension(),
            values,
        };
        let information = problem.information(&median_draw(&draws));
        let parameters = summarise(&problem.priors, &draws, &information, scale);
        if !diagnostics.good() {
            warnings.push(Warning::new(
                WarningCode::Posterior,
                format!(
                    "{}: the sampler did not settle (split R-hat {:.3}, wanted at most \
                     {MAX_R_HAT}; effective sample size {:.0}, wanted at least {MIN_ESS}); \
                     take its intervals as provisional",
                    model.name(),
                    diagnostics.r_hat,
                    diagnostics.ess
                ),
            ));
        }
        let open: Vec<&str> = parameters
            .iter()
            .filter(|p| !p.identified)
            .map(|p| p.kind.words())
            .collect();
        if !open.is_empty() {
            warnings.push(Warning::new(
                WarningCode::NotIdentified,
                format!(
                    "{}: not determined by these measurements, so taken from the population \
                     prior: {}",
                    model.name(),
                    open.join(", ")
                ),
            ));
        }
        let held_out = if observations.len() > MAX_UNTOLD {
            Some(leave_one_out(&problem, &draws, params, *model, job)?)
        } else {
            None
        };
        models.push(ModelFit {
            model: *model,
            weight: 0.0,
            aicc: aicc(&problem, &draws),
            elpd: held_out.as_ref().map(|s| s.iter().sum()),
            parameters,
            draws,
            diagnostics,
            information: information.transpose().iter().copied().collect(),
        });
        scores.extend(held_out);
    }
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
        treatments: treatments.to_vec(),
        prior: params.prior,
        warnings,
        seed: params.seed,
        version: VERSION.to_owned(),
        noise,
    })
}

fn check_sampling(params: &FitParams) -> Result<(), Error> {
    let s = params.sampling;
    let total = s.chains.saturating_mul(s.draws);
    if params.models.is_empty() {
        return Err(Error::BadNumber {
            what: "the number of models",
            value: 0.0,
            expected: "at least 1",
        });
    }
    if s.chains < 2 || s.draws < 10 || s.thin == 0 || total > 2000 {
        return Err(Error::BadNumber {
            what: "the number of draws",
            value: total as f64,
            expected: "at most 2000, in two chains or more of at least 10, thinned by 1 or more",
        });
    }
    Ok(())
}

/// A seed of its own for each model and held-out measurement.
fn stream_seed(seed: u64, model: Model, part: usize) -> u64 {
    // Odd constants spread neighbouring inputs over the seed space (SplitMix64).
    let mut h = seed
        .wrapping_add((model as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add((part as u64).wrapping_mul(0xD1B5_4A32_D192_ED03));
    h = (h ^ (h >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    h ^ (h >> 31)
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

fn summarise(
    priors: &[Prior],
    draws: &Draws,
    information: &DMatrix<f64>,
    scale: Scale,
) -> Vec<Parameter> {
    priors
        .iter()
        .enumerate()
        .map(|(j, prior)| {
            let mut z = draws.column(j);
            let contraction = 1.0 - variance(&z);
            z.sort_by(f64::total_cmp);
            let value = |p: f64| {
                let v = prior.value(quantile(&z, p));
                if prior.kind == ParameterKind::InitialSize {
                    libm::exp(scale.log_size(v))
                } else {
                    v
                }
            };
            let mut direction = vec![0.0; priors.len()];
            direction[j] = 1.0;
            let data = data_contraction(information, &direction);
            Parameter {
                kind: prior.kind,
                unit: prior.kind.unit(scale).to_owned(),
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

fn aicc(problem: &Problem, draws: &Draws) -> Option<f64> {
    let (n, k) = (problem.observations() as f64, problem.dimension() as f64);
    if n <= k + 1.0 {
        return None;
    }
    let mut scratch = Scratch::default();
    let start = median_draw(draws);
    let mut step = vec![0.5; start.len()];
    step[0] = 0.05;
    let (_, log_likelihood) =
        optimise::maximise(|z| problem.log_likelihood(z, &mut scratch), &start, &step);
    Some(2.0 * k - 2.0 * log_likelihood + 2.0 * k * (k + 1.0) / (n - k - 1.0))
}

/// Log predictive density of each measurement given all others.
fn leave_one_out(
    problem: &Problem,
    draws: &Draws,
    params: &FitParams,
    model: Model,
    job: &JobContext,
) -> Result<Vec<f64>, Error> {
    let n = problem.observations();
    let (mut x, mut terms) = (Vec::new(), Vec::new());
    let mut by_observation = vec![Vec::with_capacity(draws.len()); n];
    for d in 0..draws.len() {
        problem.pointwise(draws.row(d), &mut x, &mut terms);
        for (column, term) in by_observation.iter_mut().zip(&terms) {
            column.push(*term);
        }
    }
    let mut scores = Vec::with_capacity(n);
    for (i, log_likelihood) in by_observation.iter().enumerate() {
        job.check()?;
        let ratios: Vec<f64> = log_likelihood.iter().map(|l| -l).collect();
        let (weights, k_hat) = psis::smooth(&ratios);
        if k_hat <= psis::MAX_K_HAT {
            let terms: Vec<f64> = weights
                .iter()
                .zip(log_likelihood)
                .map(|(w, l)| w + l)
                .collect();
            scores.push(log_sum_exp(&terms));
            continue;
        }
        let shorter = Sampling {
            draws: (params.sampling.draws / 2).max(10),
            ..params.sampling
        };
        let seed = stream_seed(params.seed, model, i + 1);
        let without = problem.without(i);
        let (values, _) = sample::sample(&without, shorter, seed, job)?;
        let refit = Draws {
            dimension: draws.dimension,
            values,
        };
        let densities: Vec<f64> = (0..refit.len())
            .map(|d| {
                problem.pointwise(refit.row(d), &mut x, &mut terms);
                terms[i]
            })
            .collect();
        scores.push(log_sum_exp(&densities) - libm::log(densities.len() as f64));
    }
    Ok(scores)
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
