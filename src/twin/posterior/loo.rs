//! Leave-one-out from weighted draws.

use super::psis::{self, MAX_K_HAT};
use super::{Budget, Posterior, Target, posterior};
use crate::twin::stats::log_sum_exp;

/// Log predictive density of each measurement given all others: by Pareto-smoothed importance from
/// the draws at hand (Vehtari, Gelman, Gabry, Stat Comput 2017;27:1413), by a posterior without the
/// measurement where k̂ is above 0.7.
pub fn leave_one_out<T: Target>(target: &T, found: &Posterior, seed: u64, stream: u64) -> Vec<f64> {
    let mut scratch = T::Scratch::default();
    let terms = pointwise(target, found, &mut scratch);
    (0..target.points())
        .map(|i| {
            let ratios: Vec<f64> = found
                .weights
                .iter()
                .zip(&terms)
                .map(|(w, terms)| {
                    // What has no weight has none without the measurement either.
                    if *w > 0.0 {
                        libm::log(*w) - terms[i]
                    } else {
                        f64::NEG_INFINITY
                    }
                })
                .collect();
            let (weights, k_hat) = psis::smooth(&ratios);
            if k_hat <= MAX_K_HAT {
                return expected(&weights, &terms, i);
            }
            let without = target.without(i);
            let budget = Budget::light(target.dimension());
            let refit = posterior(&without, budget, seed, stream + 1000 * (i as u64 + 1));
            let terms = pointwise(target, &refit, &mut scratch);
            let weights: Vec<f64> = refit.weights.iter().map(|w| libm::log(*w)).collect();
            expected(&weights, &terms, i)
        })
        .collect()
}

fn pointwise<T: Target>(target: &T, found: &Posterior, scratch: &mut T::Scratch) -> Vec<Vec<f64>> {
    found
        .draws()
        .map(|z| {
            let mut terms = Vec::new();
            target.pointwise(z, scratch, &mut terms);
            terms
        })
        .collect()
}

/// ln Σ w p(y_i | z).
fn expected(log_weights: &[f64], terms: &[Vec<f64>], i: usize) -> f64 {
    let each: Vec<f64> = log_weights
        .iter()
        .zip(terms)
        .filter(|(w, _)| **w > f64::NEG_INFINITY)
        .map(|(w, terms)| w + terms[i])
        .collect();
    log_sum_exp(&each)
}
