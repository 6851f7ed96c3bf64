//! Likelihood of the measurements of one lesion under one model.

use nalgebra::DMatrix;

use super::growth::{Model, Path};
use super::noise::Noise;
use super::plan::Plan;
use super::prior::{self, ParameterKind, Prior, PriorSet};
use super::series::{Observation, Scale};
use super::{Error, Therapy, TreatmentInterval};

/// Place of the growth rate among the parameters.
const RATE: usize = 1;

/// What each parameter takes from the mean rate of change over the follow-up, and that rate.
fn slowing(
    priors: &[Prior],
    plan: &Plan,
    observations: &[Observation],
    scale: Scale,
) -> (Vec<f64>, f64) {
    let mut slowing = vec![0.0; priors.len()];
    let (Some(first), Some(last)) = (observations.first(), observations.last()) else {
        return (slowing, 0.0);
    };
    let (from, to) = (first.day.0, last.day.0);
    // A lesion that vanished has no mean rate, only a bound on it.
    if to <= from || last.size.value() <= 0.0 {
        return (slowing, 0.0);
    }
    let x: Vec<f64> = observations
        .iter()
        .map(|o| {
            let size = o.size.value();
            let size = if size > 0.0 {
                size
            } else {
                0.5 * scale.detection_limit()
            };
            scale.log_volume(libm::log(size))
        })
        .collect();
    let mean_shift = x.iter().map(|v| v - x[0]).sum::<f64>() / x.len() as f64;
    let (radiotherapy, surgery) = plan.kills(from, to);
    for (a, prior) in slowing.iter_mut().zip(priors) {
        *a = match prior.kind {
            ParameterKind::InitialSize | ParameterKind::GrowthRate => 0.0,
            ParameterKind::GrowthDecline => mean_shift,
            ParameterKind::SystemicKillRate => plan.mean_systemic(from, to),
            ParameterKind::RadiotherapyLogKill => radiotherapy / (to - from),
            ParameterKind::SurgeryLogKill => surgery / (to - from),
        };
    }
    (slowing, (x[x.len() - 1] - x[0]) / (to - from))
}

/// One measurement on the log scale.
#[derive(Clone, Copy, Debug)]
struct Datum {
    /// Logarithm of the measured size; `None` where it lies below the limit of detection.
    log_size: Option<f64>,
    slice_mm: Option<f64>,
}

/// Everything that the posterior of one model depends on.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) priors: Vec<Prior>,
    data: Vec<Datum>,
    path: Path,
    noise: Noise,
    scale: Scale,
    /// How much each natural parameter takes from the mean rate of change over the follow-up.
    slowing: Vec<f64>,
    /// Measured mean rate of change of ln V over the follow-up; zero where unknown.
    mean_rate: f64,
    /// A measurement held out, if any.
    held_out: Option<usize>,
}

impl Problem {
    /// `observations` in order of time.
    pub(super) fn new(
        model: Model,
        set: PriorSet,
        observations: &[Observation],
        scale: Scale,
        noise: Noise,
        treatments: &[TreatmentInterval],
    ) -> Result<Self, Error> {
        let plan = Plan::new(treatments)?;
        let start = observations.first().ok_or(Error::NoObservations)?.day.0;
        let therapies: Vec<Therapy> = [Therapy::Systemic, Therapy::Radiotherapy, Therapy::Surgery]
            .into_iter()
            .filter(|t| plan.acts_after(*t, start))
            .collect();
        let days: Vec<f64> = observations.iter().map(|o| o.day.0).collect();
        let priors = prior::priors(model, set, scale, &therapies);
        let (slowing, mean_rate) = slowing(&priors, &plan, observations, scale);
        Ok(Self {
            priors,
            slowing,
            mean_rate,
            data: observations
                .iter()
                .map(|o| Datum {
                    log_size: (o.size.value() > 0.0).then(|| libm::log(o.size.value())),
                    slice_mm: o.slice.map(|s| s.0),
                })
                .collect(),
            path: Path::new(&plan, start, &days),
            noise,
            scale,
            held_out: None,
        })
    }

    pub(super) fn without(&self, i: usize) -> Self {
        Self {
            held_out: Some(i),
            ..self.clone()
        }
    }

    pub(super) fn dimension(&self) -> usize {
        self.priors.len()
    }

    pub(super) fn observations(&self) -> usize {
        self.data.len()
    }

    /// Log likelihood of each measurement, held out or not. `x` is scratch.
    pub(super) fn pointwise(&self, z: &[f64], x: &mut Vec<f64>, out: &mut Vec<f64>) {
        self.path.run(&prior::theta(&self.priors, z), x);
        out.clear();
        out.extend(self.data.iter().zip(x.iter()).map(|(datum, x)| {
            let sigma = self.noise.sigma(*x, datum.slice_mm);
            let expected = self.scale.log_size(*x);
            match datum.log_size {
                Some(y) => self.noise.log_density((y - expected) / sigma) - libm::log(sigma),
                None => {
                    let limit = libm::log(self.scale.detection_limit());
                    self.noise.log_probability_below((limit - expected) / sigma)
                }
            }
        }));
    }

    /// Log likelihood of what is not held out; −∞ where it is not a number.
    pub(super) fn log_likelihood(&self, z: &[f64], scratch: &mut Scratch) -> f64 {
        self.pointwise(z, &mut scratch.x, &mut scratch.terms);
        let sum: f64 = scratch
            .terms
            .iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != self.held_out)
            .map(|(_, l)| l)
            .sum();
        if sum.is_finite() {
            sum
        } else {
            f64::NEG_INFINITY
        }
    }

    /// Log posterior of standardised parameters, up to a constant.
    #[cfg(test)]
    pub(super) fn log_posterior(&self, z: &[f64], scratch: &mut Scratch) -> f64 {
        self.log_likelihood(z, scratch) - 0.5 * z.iter().map(|z| z * z).sum::<f64>()
    }

    /// Standardised parameters of sampling coordinates, with the log Jacobian (up to a constant);
    /// `None` outside the domain.
    ///
    /// Where growth and kill act together the data know their balance far better than either, and
    /// the posterior of (r, ln s) is a thin bent ridge. The coordinates therefore hold, in place of
    /// r, the mean net rate w = r − Σ aⱼ θⱼ over the follow-up, in SDs (medians) of the normal
    /// (log-normal) prior of r: the ridge becomes straight and the map stays one to one.
    pub(super) fn standardised(&self, u: &[f64], z: &mut Vec<f64>) -> Option<f64> {
        z.clear();
        z.extend_from_slice(u);
        if self.slowing.iter().all(|a| *a == 0.0) {
            return Some(0.0);
        }
        let rate = u[RATE] * self.priors[RATE].width() + self.taken(u);
        let (value, log_jacobian) = self.priors[RATE].invert(rate)?;
        z[RATE] = value;
        Some(log_jacobian)
    }

    /// Σ aⱼ θⱼ over all parameters but the growth rate.
    fn taken(&self, u: &[f64]) -> f64 {
        self.priors
            .iter()
            .zip(&self.slowing)
            .zip(u)
            .filter(|((_, a), _)| **a != 0.0)
            .map(|((prior, a), u)| a * prior.value(*u))
            .sum()
    }

    /// Log posterior density in sampling coordinates, up to a constant.
    pub(super) fn log_density(&self, u: &[f64], scratch: &mut Scratch) -> f64 {
        let mut z = std::mem::take(&mut scratch.z);
        let log_density = self
            .standardised(u, &mut z)
            .map_or(f64::NEG_INFINITY, |jacobian| {
                self.log_likelihood(&z, scratch) + jacobian
                    - 0.5 * z.iter().map(|z| z * z).sum::<f64>()
            });
        scratch.z = z;
        log_density
    }

    /// Sampling coordinates from which to look for the mode: prior medians, the first size and the
    /// mean rate as measured.
    pub(super) fn start(&self) -> Vec<f64> {
        let mut u = vec![0.0; self.dimension()];
        let measured = self
            .data
            .iter()
            .enumerate()
            .find(|(i, d)| Some(*i) != self.held_out && d.log_size.is_some())
            .and_then(|(_, d)| d.log_size);
        let log_size = measured.unwrap_or_else(|| libm::log(0.5 * self.scale.detection_limit()));
        u[0] = self.priors[0].standardise(self.scale.log_volume(log_size));
        if self.slowing.iter().any(|a| *a != 0.0) {
            let prior = &self.priors[RATE];
            let net = if prior.invert(self.mean_rate + self.taken(&u)).is_some() {
                self.mean_rate
            } else {
                prior.value(0.0) - self.taken(&u)
            };
            u[RATE] = net / prior.width();
        }
        u
    }

    /// Expected information of the measurements alone on the standardised parameters at `z`.
    ///
    /// Measurements below the limit of detection are left out: what they say is one-sided.
    pub(super) fn information(&self, z: &[f64]) -> DMatrix<f64> {
        let n = self.dimension();
        let h = 1e-4;
        let run = |z: &[f64]| {
            let mut x = Vec::new();
            self.path.run(&prior::theta(&self.priors, z), &mut x);
            x
        };
        let centre = run(z);
        let mut jacobian = DMatrix::zeros(self.data.len(), n);
        for j in 0..n {
            let mut shifted = z.to_vec();
            shifted[j] = z[j] + h;
            let up = run(&shifted);
            shifted[j] = z[j] - h;
            let down = run(&shifted);
            for (i, datum) in self.data.iter().enumerate() {
                if datum.log_size.is_none() {
                    continue;
                }
                let slope = (self.scale.log_size(up[i]) - self.scale.log_size(down[i])) / (2.0 * h);
                jacobian[(i, j)] = slope / self.noise.sigma(centre[i], datum.slice_mm);
            }
        }
        jacobian.transpose() * jacobian * self.noise.information()
    }
}

/// Buffers of a likelihood evaluation.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    z: Vec<f64>,
    x: Vec<f64>,
    terms: Vec<f64>,
}

/// Share of the prior variance of a direction `c` (in standardised parameters) that the data alone
/// take away: |c|²/(|c|² + cᵀM⁻¹c), M being the information of the data with every other direction
/// free.
///
/// Near zero where the data leave a trade-off open (growth against kill when every scan is under
/// treatment), however narrow the posterior is made by the priors of the partners in the trade.
pub(super) fn data_contraction(information: &DMatrix<f64>, c: &[f64]) -> f64 {
    let n = information.nrows();
    let norm: f64 = c.iter().map(|v| v * v).sum();
    if norm <= 0.0 || c.len() != n {
        return 0.0;
    }
    let ridge = information + DMatrix::identity(n, n) * 1e-6;
    let Some(cholesky) = ridge.cholesky() else {
        return 0.0;
    };
    let c = nalgebra::DVector::from_column_slice(c);
    let variance = c.dot(&cholesky.solve(&c));
    norm / (norm + variance)
}
