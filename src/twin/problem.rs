//! The posterior density of one lesion under one model.

use nalgebra::DMatrix;

use super::Error;
use super::model::{Acting, Model};
use super::noise::{Noise, NoiseFamily};
use super::posterior::{Pin, Slopes, Target};
use super::prior::{PriorSet, Priors, first_size};
use super::series::{Observation, Scale};
use super::trajectory::{self, Trajectory};
use super::treatment::Treatments;

/// ln Γ(5/2)/(√(4π) Γ(2)) = ln 3/8, of the density of Student's t with four degrees of freedom.
const LN_T4: f64 = -0.980_829_253_011_726_2;

/// One measurement on the log scale.
#[derive(Clone, Copy, Debug)]
struct Datum {
    /// Logarithm of the measured size; `None` where it lies below the limit of detection.
    log_size: Option<f64>,
    slice_mm: Option<f64>,
    /// Held out: says nothing.
    silent: bool,
}

/// Everything that the posterior of one model depends on.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) priors: Priors,
    data: Vec<Datum>,
    trajectory: Trajectory,
    noise: Noise,
    scale: Scale,
}

/// Buffers of an evaluation.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    theta: Vec<f64>,
    curve: Vec<f64>,
    run: trajectory::Scratch,
}

impl Problem {
    /// `observations` in order of time; they are not empty.
    pub(super) fn new(
        model: Model,
        set: PriorSet,
        observations: &[Observation],
        scale: Scale,
        noise: Noise,
        treatments: &Treatments,
    ) -> Result<Self, Error> {
        let start = observations.first().ok_or(Error::NoObservations)?.day.0;
        let end = observations.last().map_or(start, |o| o.day.0);
        let acting = Acting::within(treatments, start, end);
        let priors = Priors::new(model, &acting, set, scale, first_size(observations, scale));
        let slots = priors.each.iter().map(|p| p.slot).collect();
        let days: Vec<f64> = observations.iter().map(|o| o.day.0).collect();
        Ok(Self {
            trajectory: Trajectory::new(model, slots, treatments, set, start, &days)?,
            priors,
            data: observations
                .iter()
                .map(|o| Datum {
                    log_size: (o.size.value() > 0.0).then(|| libm::log(o.size.value())),
                    slice_mm: o.slice.map(|s| s.0),
                    silent: false,
                })
                .collect(),
            noise,
            scale,
        })
    }

    /// Latent ln V on the days of the measurements; some are NaN where parameters lead to no number.
    fn curve<'a>(&self, z: &[f64], scratch: &'a mut Scratch) -> &'a [f64] {
        self.priors.theta(z, &mut scratch.theta);
        self.trajectory
            .run(&scratch.theta, &mut scratch.run, &mut scratch.curve);
        &scratch.curve
    }

    /// Curves of the same model and parameters on other days, none before the first measurement.
    pub(super) fn on_days(&self, treatments: &Treatments, days: &[f64]) -> Result<Curves, Error> {
        Ok(Curves {
            priors: self.priors.clone(),
            trajectory: self.trajectory.on_days(treatments, days)?,
        })
    }

    /// Log likelihood of a measurement where the latent ln V is `x`.
    fn term(&self, datum: &Datum, x: f64) -> f64 {
        let sigma = self.noise.sigma(x, datum.slice_mm);
        let expected = self.scale.log_size(x);
        match datum.log_size {
            Some(y) => self.noise.log_density((y - expected) / sigma) - libm::log(sigma),
            None => {
                let limit = libm::log(self.scale.detection_limit());
                self.noise.log_probability_below((limit - expected) / sigma)
            }
        }
    }

    /// Expected information of the measurements alone on the standardised parameters at `z`.
    ///
    /// Measurements below the limit of detection are left out: what they say is one-sided.
    pub(super) fn information(&self, z: &[f64]) -> DMatrix<f64> {
        let n = self.dimension();
        let h = 1e-4;
        let mut scratch = Scratch::default();
        let mut run = |z: &[f64]| self.curve(z, &mut scratch).to_vec();
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
                let information = slope / self.noise.sigma(centre[i], datum.slice_mm);
                if information.is_finite() {
                    jacobian[(i, j)] = information;
                }
            }
        }
        jacobian.transpose() * jacobian * self.noise.information()
    }

    /// ln(measured/latent) in units of σ for each measurement, `None` for what lay below the limit.
    pub(super) fn residuals(&self, z: &[f64], scratch: &mut Scratch) -> Vec<Option<f64>> {
        let curve = self.curve(z, scratch).to_vec();
        self.data
            .iter()
            .zip(curve)
            .map(|(datum, x)| {
                let sigma = self.noise.sigma(x, datum.slice_mm);
                datum.log_size.map(|y| (y - self.scale.log_size(x)) / sigma)
            })
            .collect()
    }
}

impl Target for Problem {
    type Scratch = Scratch;

    fn dimension(&self) -> usize {
        self.priors.len()
    }

    fn points(&self) -> usize {
        self.data.len()
    }

    fn log_likelihood(&self, z: &[f64], scratch: &mut Scratch) -> f64 {
        let curve = self.curve(z, scratch);
        // One logarithm for all measurements: of ∏ (1 + t²/4)^{5/2} σ, as far as noise is Student's.
        let (mut sum, mut tails, mut sigmas) = (0.0, 1.0_f64, 1.0_f64);
        for (datum, x) in self.data.iter().zip(curve) {
            if datum.silent {
                continue;
            }
            match (datum.log_size, self.noise.family) {
                (Some(y), NoiseFamily::StudentT4) => {
                    let sigma = self.noise.sigma(*x, datum.slice_mm);
                    let t = (y - self.scale.log_size(*x)) / sigma;
                    sum += LN_T4;
                    tails *= 1.0 + 0.25 * t * t;
                    sigmas *= sigma;
                    if tails > 1e100 || sigmas < 1e-40 {
                        sum -= 2.5 * libm::log(tails) + libm::log(sigmas);
                        (tails, sigmas) = (1.0, 1.0);
                    }
                }
                _ => sum += self.term(datum, *x),
            }
        }
        sum -= libm::log(sigmas * tails * tails * libm::sqrt(tails));
        if sum.is_finite() {
            sum
        } else {
            f64::NEG_INFINITY
        }
    }

    fn pointwise(&self, z: &[f64], scratch: &mut Scratch, out: &mut Vec<f64>) -> f64 {
        let curve = self.curve(z, scratch);
        out.clear();
        if curve.iter().any(|x| !x.is_finite()) {
            out.resize(self.data.len(), f64::NEG_INFINITY);
            return f64::NEG_INFINITY;
        }
        let mut sum = 0.0;
        out.extend(self.data.iter().zip(curve).map(|(datum, x)| {
            let term = self.term(datum, *x);
            if !datum.silent {
                sum += term;
            }
            term
        }));
        sum
    }

    /// Every measurement as likely as noise lets it be, in the largest of lesions, where it is least.
    fn ceiling(&self) -> f64 {
        let told = self.data.iter().filter(|d| !d.silent);
        told.filter(|d| d.log_size.is_some())
            .map(|d| {
                let least = self.noise.sigma(f64::INFINITY, d.slice_mm);
                self.noise.log_density(0.0) - libm::log(least)
            })
            .sum()
    }

    /// Slopes by forward differences. The curvature is that of iteratively reweighted least squares:
    /// (ν + 1)/(ν + t²) per measurement (1 for Gaussian noise), and the squared slope of what lies
    /// below the limit; with the prior's 1 it is positive definite.
    fn slopes(&self, z: &[f64], scratch: &mut Scratch) -> Option<Slopes> {
        let (n, step) = (self.dimension(), 1e-5);
        let centre = self.curve(z, scratch).to_vec();
        let small = 1e-6;
        let mut log_posterior = -0.5 * z.iter().map(|z| z * z).sum::<f64>();
        // Slope and weight of each measurement by its latent ln V.
        let by_latent: Vec<(f64, f64)> = self
            .data
            .iter()
            .zip(&centre)
            .map(|(datum, x)| {
                if datum.silent {
                    return (0.0, 0.0);
                }
                let term = self.term(datum, *x);
                log_posterior += term;
                let slope = (self.term(datum, x + small) - term) / small;
                let weight = match datum.log_size {
                    Some(y) => {
                        let by_size = self.scale.log_size(1.0) - self.scale.log_size(0.0);
                        let sigma = self.noise.sigma(*x, datum.slice_mm);
                        let t = (y - self.scale.log_size(*x)) / sigma;
                        let precision = by_size / sigma;
                        self.noise.weight(t) * precision * precision
                    }
                    None => slope * slope,
                };
                (slope, weight)
            })
            .collect();
        let mut jacobian = vec![0.0; n * centre.len()];
        let mut shifted = z.to_vec();
        for j in 0..n {
            shifted[j] = z[j] + step;
            let run = self.curve(&shifted, scratch);
            for (i, x) in run.iter().enumerate() {
                jacobian[i * n + j] = (x - centre[i]) / step;
            }
            shifted[j] = z[j];
        }
        let mut gradient: Vec<f64> = z.iter().map(|z| -z).collect();
        let mut curvature = vec![0.0; n * n];
        for j in 0..n {
            curvature[j * n + j] = 1.0;
        }
        for (row, (slope, weight)) in jacobian.chunks(n).zip(&by_latent) {
            for j in 0..n {
                gradient[j] += slope * row[j];
                for k in 0..n {
                    curvature[j * n + k] += weight * row[j] * row[k];
                }
            }
        }
        let finite = log_posterior.is_finite()
            && gradient.iter().all(|g| g.is_finite())
            && curvature.iter().all(|c| c.is_finite());
        finite.then_some(Slopes {
            log_posterior,
            gradient,
            curvature,
        })
    }

    /// Prior medians, and the first size that was measured.
    fn origin(&self) -> Vec<f64> {
        let mut z = vec![0.0; self.dimension()];
        let first = self
            .data
            .iter()
            .find(|d| !d.silent)
            .and_then(|d| d.log_size)
            .unwrap_or_else(|| libm::log(0.5 * self.scale.detection_limit()));
        z[0] = self.priors.each[0].standardise(self.scale.log_volume(first));
        z
    }

    /// The initial size, as the first measurement tells it.
    fn pin(&self) -> Option<Pin> {
        let first = self.data.first().filter(|d| !d.silent)?;
        let x = self.scale.log_volume(first.log_size?);
        let by_size = self.scale.log_volume(1.0) - self.scale.log_volume(0.0);
        let sigma = by_size * self.noise.sigma(x, first.slice_mm);
        let prior = &self.priors.each[0];
        Some(Pin {
            parameter: 0,
            place: prior.standardise(x),
            // Half as much again: growth until the next scans may say otherwise.
            spread: 1.5 * sigma / prior.spread(),
        })
    }

    fn without(&self, point: usize) -> Self {
        let mut rest = self.clone();
        if let Some(datum) = rest.data.get_mut(point) {
            datum.silent = true;
        }
        rest
    }
}

/// Curves on days of their own.
#[derive(Clone, Debug)]
pub(super) struct Curves {
    priors: Priors,
    trajectory: Trajectory,
}

impl Curves {
    /// Latent ln V; some are NaN where parameters lead to no number.
    pub(super) fn curve<'a>(&self, z: &[f64], scratch: &'a mut Scratch) -> &'a [f64] {
        self.priors.theta(z, &mut scratch.theta);
        self.trajectory
            .run(&scratch.theta, &mut scratch.run, &mut scratch.curve);
        &scratch.curve
    }
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
