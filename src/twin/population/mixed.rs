//! A population of tumours: nonlinear mixed effects by maximum likelihood.
//!
//! yᵢⱼ ~ N(V(tᵢⱼ; zᵢ), s² σ(yᵢⱼ)²) with zᵢ ~ N(μ, Ω), z being the parameters of the law on the real
//! line (logarithms; a logit for the exponent of the power law). The model is that of Vaghi et al.,
//! PLoS Comput Biol 2020;16:e1007178, with the error of Benzekry et al., PLoS Comput Biol
//! 2014;10:e1003800, times an estimated factor s. Instead of their stochastic approximation: EM, the
//! posterior of each tumour by adaptive Gauss–Hermite quadrature around its mode (Pinheiro and Bates,
//! J Comput Graph Stat 1995;4:12), so that nothing is drawn; steps are lengthened after Varadhan and
//! Roland (Scand J Stat 2008;35:335).

mod em;
mod posterior;
mod quadrature;
mod start;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::cohort::FEWEST;
use super::law::Law;
use super::noise::VolumeError;
use super::tumour::Tumour;
use crate::jobs::JobContext;
use crate::twin::Error;
use crate::twin::least_squares::{MAX, Point};

use em::Em;
pub use em::Settings;

/// What a population is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population {
    /// The law, with what the population shares.
    pub law: Law,
    /// Mean μ of the parameters on the real line.
    pub mean: Point,
    /// Their covariance Ω.
    pub covariance: [[f64; MAX]; MAX],
    /// Factor s on the stated measurement error.
    pub scale: f64,
}

impl Population {
    /// The parameters of the typical tumour, which are their medians.
    #[must_use]
    pub fn typical(&self) -> Vec<f64> {
        self.law.from_real(&self.mean).0[..self.law.dim()].to_vec()
    }

    /// Standard deviations ω of the parameters on the real line.
    #[must_use]
    pub fn deviations(&self) -> Vec<f64> {
        (0..self.law.dim())
            .map(|j| libm::sqrt(self.covariance[j][j]))
            .collect()
    }
}

/// A fitted population.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The estimate.
    pub population: Population,
    /// −2 ln of the likelihood, random effects integrated out.
    pub minus_two_ln_likelihood: f64,
    /// With 2 per estimated number.
    pub aic: f64,
    /// With ln of the number of tumours per estimated number, as Monolix does.
    pub bic: f64,
    /// Most probable parameters of each tumour, in the order of the table.
    pub modes: Vec<Vec<f64>>,
    /// Mean over the tumours of Σ ((V − y)/σ(y))² / n at these.
    pub squares_per_reading: f64,
    /// EM steps.
    pub steps: usize,
    /// Whether the likelihood came to rest.
    pub converged: bool,
}

/// Which numbers of a law are estimated for the population as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// None, or the law has none.
    None,
    /// The slope of the reduced Gompertz law.
    Slope,
    /// Its slope and intercept.
    SlopeAndIntercept,
}

impl Shared {
    fn count(self) -> usize {
        match self {
            Self::None => 0,
            Self::Slope => 1,
            Self::SlopeAndIntercept => 2,
        }
    }
}

/// What is fitted to a population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// The law; a reduced one from these numbers.
    pub law: Law,
    /// Which of them are estimated.
    pub shared: Shared,
    /// The stated error of the volumes.
    pub error: VolumeError,
}

/// Fits a population, from `start` where one is given, else from fits of the single tumours.
///
/// # Errors
/// [`Error::TooFewTumours`] below three, [`Error::TooFewReadings`] where a tumour has none,
/// [`Error::Unexplained`], [`Error::Cancelled`].
pub fn fit(
    model: &Model,
    tumours: &[Tumour],
    start: Option<&Population>,
    settings: &Settings,
    job: &JobContext,
) -> Result<Fit, Error> {
    if tumours.len() < FEWEST {
        return Err(Error::TooFewTumours {
            given: tumours.len(),
            needed: FEWEST,
        });
    }
    let em = Em::new(model, tumours, settings)?;
    let start = start
        .copied()
        .unwrap_or_else(|| start::rough(model, tumours));
    em.run(start, job)
}

/// Fits the population without each of its tumours in turn, from the fit of all.
///
/// # Errors
/// As [`fit`].
pub fn leave_one_out(
    all: &Fit,
    model: &Model,
    tumours: &[Tumour],
    settings: &Settings,
    job: &JobContext,
) -> Result<Vec<Population>, Error> {
    let model = Model {
        law: all.population.law,
        ..*model
    };
    let done = AtomicUsize::new(0);
    (0..tumours.len())
        .into_par_iter()
        .map(|i| {
            let mut rest = tumours.to_vec();
            rest.remove(i);
            let found = fit(&model, &rest, Some(&all.population), settings, job)?;
            job.progress
                .set(done.fetch_add(1, Ordering::Relaxed) + 1, tumours.len());
            Ok(found.population)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::*;
    use crate::units::{Days, Mm3};

    const MODEL: Model = Model {
        law: Law::Exponential,
        shared: Shared::None,
        error: VolumeError::CALLIPER,
    };

    /// Tumours that grow at these rates. Without errors of their readings s would tend to 0, and the
    /// likelihood to infinity.
    fn tumours(rates: &[f64]) -> Vec<Tumour> {
        let readings = |rate: f64| {
            [(8.0, 1.2), (12.0, 0.8), (16.0, 1.1)].map(|(day, error)| Reading {
                day: Days(day),
                volume: Mm3(error * (rate * day).exp()),
            })
        };
        rates
            .iter()
            .map(|rate| Tumour {
                name: rate.to_string(),
                readings: readings(*rate).to_vec(),
            })
            .collect()
    }

    fn fitted(tumours: &[Tumour], job: &JobContext) -> Result<Fit, Error> {
        fit(&MODEL, tumours, None, &Settings::default(), job)
    }

    #[test]
    fn the_typical_tumour_lies_among_the_others() {
        let tumours = tumours(&[0.36, 0.4, 0.41, 0.44]);
        let job = JobContext::default();
        let all = fitted(&tumours, &job).unwrap();
        assert!(all.converged);
        assert!((all.population.typical()[0] - 0.4).abs() < 0.01, "{all:?}");
        let settings = Settings::default();
        let others = leave_one_out(&all, &MODEL, &tumours, &settings, &job).unwrap();
        let typical: Vec<f64> = others.iter().map(|p| p.typical()[0]).collect();
        assert!(typical[0] > typical[1] && typical[1] > typical[3]);
        assert_eq!(job.progress.read().1, 1.0);
    }

    #[test]
    fn too_few_tumours_and_empty_ones_are_refused() {
        let job = JobContext::default();
        let few = fitted(&tumours(&[0.3, 0.4]), &job);
        assert!(matches!(few, Err(Error::TooFewTumours { given: 2, .. })));
        let mut empty = tumours(&[0.3, 0.4, 0.5]);
        empty[1].readings.clear();
        let refused = fitted(&empty, &job);
        assert!(matches!(refused, Err(Error::TooFewReadings { .. })));
    }

    #[test]
    fn stops_when_asked() {
        let job = JobContext::default();
        job.cancel.cancel();
        let stopped = fitted(&tumours(&[0.3, 0.4, 0.5]), &job);
        assert!(matches!(stopped, Err(Error::Cancelled(_))));
    }
}
