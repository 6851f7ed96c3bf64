//! Leave-one-out log scores from one posterior (Vehtari, Gelman, Gabry, Stat Comput 2017;27:1413), for
//! weighted draws: without measurement i a draw has its weight times 1/p(y_i | z), smoothed anew; where
//! the tail is too heavy the model is fitted again without the measurement.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::psis;
use super::random::Random;
use super::rounds::without;
use super::target::Target;
use super::{Budget, Explored};
use crate::twin::stats::log_sum_exp;

/// The score of one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::twin) struct Point {
    /// ln p(y_i | all others).
    pub elpd: f64,
    /// k̂ of the weights without it, before any refit.
    pub k_hat: f64,
    /// Whether the model was fitted again.
    pub refitted: bool,
}

/// Scores of all measurements, by their order in the target. The same seed gives the same bits.
#[must_use]
pub(in crate::twin) fn leave_one_out<T: Target + Sync>(
    explored: &Explored<'_, T>,
    seed: u64,
    stream: u64,
) -> Vec<Point>
where
    T::Scratch: Sync,
{
    let Explored { posterior, rounds } = explored;
    let target = rounds.target();
    let count = target.points();
    (0..count)
        .into_par_iter()
        .map(|i| {
            let of_point: Vec<f64> = posterior.terms_of(i, count).collect();
            let ratios: Vec<f64> = posterior
                .log_ratios
                .iter()
                .zip(&of_point)
                .map(|(ratio, term)| without(*ratio, *term))
                .collect();
            let (logs, k_hat) = psis::smooth(&ratios);
            if k_hat <= psis::MAX_K_HAT {
                return Point {
                    elpd: mean(&logs, &of_point),
                    k_hat,
                    refitted: false,
                };
            }
            let rest = target.without(i);
            let random = Random::new(seed, stream << 8 | i as u64);
            let budget = Budget::again(target.dimension());
            let again = rounds.without(&rest, i, random).posterior(budget);
            let logs: Vec<f64> = again.weights.iter().map(|w| libm::log(*w)).collect();
            let of_point: Vec<f64> = again.terms_of(i, count).collect();
            Point {
                elpd: mean(&logs, &of_point),
                k_hat,
                refitted: true,
            }
        })
        .collect()
}

/// ln of the mean of exp(terms) under weights with these logarithms.
fn mean(logs: &[f64], terms: &[f64]) -> f64 {
    let sum: Vec<f64> = logs.iter().zip(terms).map(|(l, t)| l + t).collect();
    log_sum_exp(&sum)
}
