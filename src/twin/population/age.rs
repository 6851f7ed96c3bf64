//! When a tumour began, from its last three readings.
//!
//! The tumour has volume V_I at the first of the three, on day t_I; from there it follows the
//! Gompertz law (or the reduced one), and the time at which it had the injected volume is
//! t_I + ln(1 − b ln V_I / a)/b. With the population as prior this is Bayesian inference, without it
//! likelihood maximisation (Vaghi et al., PLoS Comput Biol 2020;16:e1007178). The posterior is summed
//! on a grid, nothing is drawn.

mod accuracy;
mod late;

use rayon::prelude::*;

use super::{Population, Tumour, VolumeError};
use crate::twin::Error;
use crate::units::Days;

pub use accuracy::Accuracy;
use late::Late;

/// Number of readings that a prediction gets.
pub const READINGS: usize = 3;

/// A way to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Population as prior, V_I unknown with a flat prior: each reading counts once.
    Bayesian,
    /// As the published program does it: the prior of V_I is centred on the first reading with
    /// its error, and that reading counts in the likelihood too.
    BayesianFirstTwice,
    /// V_I is the first reading; the parameters of the tumour are those of least squares on the
    /// three, what the law shares and the error come from the population.
    Likelihood,
}

/// When a tumour began.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Day t_I of the first of the three readings.
    pub first_day: Days,
    /// Predicted day of the beginning: median of the posterior, or from the best parameters.
    /// −∞ if the tumour cannot have been as small as the injected volume.
    pub day: Days,
    /// 95 % interval.
    pub interval: [Days; 2],
}

impl Start {
    /// Distance from the true beginning on day 0, as a share of t_I.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.day.0.abs() / self.first_day.0
    }

    /// Width of the interval.
    #[must_use]
    pub fn width(&self) -> Days {
        Days(self.interval[1].0 - self.interval[0].0)
    }
}

/// Predicts for every tumour, each with the population at its place in `priors`.
///
/// # Errors
/// [`Error::TooFewReadings`]; [`Error::BadNumber`] where the first of the three is 0;
/// [`Error::Unexplained`].
pub fn predict(
    method: Method,
    tumours: &[Tumour],
    priors: &[Population],
    error: &VolumeError,
) -> Result<Vec<Start>, Error> {
    tumours
        .par_iter()
        .zip(priors)
        .map(|(tumour, prior)| {
            let late = Late::new(tumour, prior, error)?;
            match method {
                Method::Bayesian => late.bayesian(false),
                Method::BayesianFirstTwice => late.bayesian(true),
                Method::Likelihood => late.likelihood(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Law, Reading};
    use super::*;
    use crate::twin::least_squares::Point;
    use crate::units::Mm3;

    fn population(law: Law, mean: Point) -> Population {
        Population {
            law,
            mean,
            covariance: [[0.04, 0.036, 0.0], [0.036, 0.06, 0.0], [0.0; 3]],
            scale: 0.05,
        }
    }

    fn tumour(law: &Law, p: &Point) -> Tumour {
        Tumour {
            name: "exact".to_owned(),
            readings: [20.0, 24.0, 28.0]
                .map(|day| Reading {
                    day: Days(day),
                    volume: Mm3(libm::exp(law.ln_volume(day, p).value)),
                })
                .to_vec(),
        }
    }

    /// Exact readings with small errors: all ways find day 0.
    #[test]
    fn exact_data_lead_back_to_the_injection() {
        let full = Law::Gompertz;
        let reduced = Law::ReducedGompertz {
            slope: 6.9,
            intercept: 0.075,
        };
        for (law, p, spread) in [
            (full, [0.55, 0.07, 0.0], 0.05),
            (reduced, [0.07, 0.0, 0.0], 0.01),
        ] {
            let prior = population(law, law.to_real(&p));
            let data = [tumour(&law, &p)];
            for method in [
                Method::Bayesian,
                Method::BayesianFirstTwice,
                Method::Likelihood,
            ] {
                let found = predict(method, &data, &[prior], &VolumeError::CALLIPER).unwrap();
                assert!(found[0].error() < spread, "{method:?} {found:?}");
                assert!(found[0].interval[0].0 <= 0.0 && found[0].interval[1].0 >= 0.0);
            }
        }
    }

    #[test]
    fn too_short_and_empty_series_are_refused() {
        let law = Law::Gompertz;
        let prior = population(law, [0.0; 3]);
        let mut short = tumour(&law, &[0.5, 0.07, 0.0]);
        let mut empty = short.clone();
        empty.readings[0].volume = Mm3(0.0);
        let refused = predict(Method::Bayesian, &[empty], &[prior], &VolumeError::CALLIPER);
        assert!(matches!(refused, Err(Error::BadNumber { .. })));
        short.readings.pop();
        let refused = predict(Method::Bayesian, &[short], &[prior], &VolumeError::CALLIPER);
        assert!(matches!(refused, Err(Error::TooFewReadings { .. })));
    }
}
