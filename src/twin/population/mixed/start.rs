//! Where the fit of a population begins.

use super::{Model, Population};
use crate::twin::least_squares::{MAX, Point};
use crate::twin::population::{Individual, Tumour};
use crate::twin::stats::mean;

/// A start from the fits of the single tumours.
pub(super) fn rough(model: &Model, tumours: &[Tumour]) -> Population {
    let law = &model.law;
    let n = law.dim();
    let fits: Vec<Individual> = tumours
        .iter()
        .map(|tumour| Individual::fit(law, tumour, &model.error))
        .collect();
    let places: Vec<Point> = fits
        .iter()
        .map(|f| {
            let mut p = [0.0; MAX];
            p[..n].copy_from_slice(&f.parameters);
            law.to_real(&p)
        })
        .collect();
    let centre: Point =
        std::array::from_fn(|j| mean(&places.iter().map(|z| z[j]).collect::<Vec<_>>()));
    let mut covariance = [[0.0; MAX]; MAX];
    for (i, row) in covariance.iter_mut().enumerate().take(n) {
        for (j, entry) in row.iter_mut().enumerate().take(n) {
            let products: Vec<f64> = places
                .iter()
                .map(|z| (z[i] - centre[i]) * (z[j] - centre[j]))
                .collect();
            *entry = mean(&products);
        }
        row[i] = row[i] * 1.05 + 1e-4;
    }
    let squares: f64 = fits.iter().map(|f| f.squares).sum();
    let points: usize = fits.iter().map(|f| f.n).sum();
    Population {
        law: *law,
        mean: centre,
        covariance,
        scale: libm::sqrt(squares / points as f64),
    }
}
