//! One tumour fitted by itself: weighted least squares on volumes.

use super::law::Law;
use super::noise::VolumeError;
use super::tumour::Tumour;
use crate::twin::least_squares::{Point, Problem, minimise};

/// Σ ((V(t) − y)/σ(y))², the weights taken at the measured values (Benzekry et al., PLoS Comput Biol
/// 2014;10:e1003800).
struct Residuals<'a> {
    law: Law,
    tumour: &'a Tumour,
    error: &'a VolumeError,
}

impl Problem for Residuals<'_> {
    fn dim(&self) -> usize {
        self.law.dim()
    }

    fn residuals(&self, at: &Point, each: &mut dyn FnMut(f64, &Point)) {
        for reading in &self.tumour.readings {
            let sigma = self.error.deviation(reading.volume).0;
            let x = self.law.ln_volume(reading.day.0, at);
            let volume = libm::exp(x.value);
            each(
                (volume - reading.volume.0) / sigma,
                &x.gradient.map(|g| g * volume / sigma),
            );
        }
    }
}

/// The fit of one tumour.
#[derive(Clone, Debug, PartialEq)]
pub struct Individual {
    /// Parameters in the order of [`Law::parameters`].
    pub parameters: Vec<f64>,
    /// Weighted sum of squares.
    pub squares: f64,
    /// Number of readings.
    pub n: usize,
}

impl Individual {
    /// Fits one tumour from all starts of the law; the best minimum counts.
    #[must_use]
    pub fn fit(law: &Law, tumour: &Tumour, error: &VolumeError) -> Self {
        let problem = Residuals {
            law: *law,
            tumour,
            error,
        };
        let bounds = law.bounds();
        let best = law
            .starts()
            .iter()
            .map(|start| minimise(&problem, *start, &bounds))
            .reduce(|a, b| if b.squares < a.squares { b } else { a });
        let (parameters, squares) = best.map_or((Vec::new(), f64::NAN), |m| {
            (m.point[..law.dim()].to_vec(), m.squares)
        });
        Self {
            parameters,
            squares,
            n: tumour.readings.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::*;
    use crate::units::{Days, Mm3};

    #[test]
    fn exact_data_give_their_parameters_back() {
        for (law, p) in [
            (Law::Exponential, [0.3, 0.0, 0.0]),
            (Law::FreeExponential, [0.2, 12.0, 0.0]),
            (Law::Logistic, [0.45, 1400.0, 0.0]),
            (Law::PowerLaw, [0.9, 0.79, 0.0]),
            (Law::Gompertz, [0.72, 0.073, 0.0]),
        ] {
            let readings = (5..20)
                .map(|d| Reading {
                    day: Days(f64::from(d)),
                    volume: Mm3(law.ln_volume(f64::from(d), &p).value.exp()),
                })
                .collect();
            let tumour = Tumour {
                name: "exact".to_owned(),
                readings,
            };
            let fit = Individual::fit(&law, &tumour, &VolumeError::CALLIPER);
            for (found, true_value) in fit.parameters.iter().zip(&p) {
                assert!((found / true_value - 1.0).abs() < 1e-7, "{law:?} {fit:?}");
            }
        }
    }
}
