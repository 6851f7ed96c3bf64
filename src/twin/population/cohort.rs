//! All tumours of a table fitted one by one, and what they have in common.

use rayon::prelude::*;

use super::individual::Individual;
use super::law::Law;
use super::line::Line;
use super::noise::VolumeError;
use super::tumour::Tumour;
use crate::twin::Error;
use crate::twin::stats::{mean, quantile, variance};

/// Fewest tumours that have anything in common.
pub(super) const FEWEST: usize = 3;

/// One parameter over the tumours of a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Its name.
    pub parameter: &'static str,
    /// Median.
    pub median: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation over mean.
    pub cv: f64,
}

impl Spread {
    fn of(parameter: &'static str, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let mean = mean(&values);
        Self {
            parameter,
            median: quantile(&values, 0.5),
            mean,
            cv: libm::sqrt(variance(&values)) / mean,
        }
    }
}

/// A cohort under one law.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// The law.
    pub law: Law,
    /// Fits, in the order of the table.
    pub fits: Vec<Individual>,
    /// The parameters.
    pub spreads: Vec<Spread>,
    /// Mean over the tumours of (weighted sum of squares / number of readings).
    pub squares_per_reading: f64,
    /// First parameter on the second, where there are two.
    pub line: Option<Line>,
}

impl Cohort {
    /// Fits every tumour.
    ///
    /// # Errors
    /// [`Error::TooFewTumours`] below three, [`Error::TooFewReadings`] where a tumour has fewer than
    /// the law has parameters.
    pub fn fit(law: &Law, tumours: &[Tumour], error: &VolumeError) -> Result<Self, Error> {
        if tumours.len() < FEWEST {
            return Err(Error::TooFewTumours {
                given: tumours.len(),
                needed: FEWEST,
            });
        }
        if let Some(short) = tumours.iter().find(|t| t.readings.len() < law.dim()) {
            return Err(Error::TooFewReadings {
                tumour: short.name.clone(),
                needed: law.dim(),
            });
        }
        let fits: Vec<Individual> = tumours
            .par_iter()
            .map(|tumour| Individual::fit(law, tumour, error))
            .collect();
        let column = |j: usize| -> Vec<f64> { fits.iter().map(|f| f.parameters[j]).collect() };
        let spreads = law
            .parameters()
            .iter()
            .enumerate()
            .map(|(j, name)| Spread::of(name, column(j)))
            .collect();
        let per_reading: Vec<f64> = fits.iter().map(|f| f.squares / f.n as f64).collect();
        let line = (law.dim() == 2).then(|| Line::through(&column(1), &column(0)));
        Ok(Self {
            law: *law,
            spreads,
            squares_per_reading: mean(&per_reading),
            line,
            fits,
        })
    }
}
