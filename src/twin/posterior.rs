//! Draws of the posterior of one lesion under one model.
//!
//! 1. Modes by damped Gauss–Newton steps; a mixture of t around them and the prior.
//! 2. Rounds of importance sampling. After each the mixture learns from all draws so far: ridges of
//!    growth against kill are bent, and a wide mixture covers them where one Laplace
//!    approximation does not (population Monte Carlo: Cappé et al., Stat Comput 2008;18:447).
//! 3. No draw is thrown away: each is weighted by the posterior over the mixture of *all* rounds'
//!    proposals in proportion to their draws (the balance heuristic: Veach and Guibas 1995; Elvira,
//!    Martino, Luengo, Bugallo, Stat Sci 2019;34:129; adaptive: Cornuet et al., Scand J Stat
//!    2012;39:798), with Pareto-smoothed tails. Rounds end when the tail shape k̂ and the effective
//!    number are good, or the budget is spent.
//! 4. Where the tail is still too heavy: sequential Monte Carlo, from these draws at the power of
//!    their weights at which enough of them count, to the posterior.

mod adapt;
mod evaluate;
mod linear;
mod loo;
mod mixture;
mod mode;
mod psis;
mod random;
mod rounds;
mod smc;
mod target;

use serde::{Deserialize, Serialize};

pub(in crate::twin) use self::linear::invert;
pub(in crate::twin) use self::mode::highest_likelihood;
use self::rounds::Rounds;
pub(in crate::twin) use self::smc::systematic;

pub(in crate::twin) use self::loo::leave_one_out;
pub(in crate::twin) use self::random::Random;
pub(in crate::twin) use self::target::{Pin, Slopes, Target};

/// How many draws a posterior may cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::twin) struct Budget {
    /// Draws of the first round, around the modes.
    pub first: usize,
    /// Draws of each round that follows.
    pub round: usize,
    /// Rounds at least.
    pub rounds: usize,
    /// Draws at most.
    pub most: usize,
    /// Effective number of draws that is enough.
    pub enough: f64,
    /// k̂ up to which no further round is made; at 0.5 the variance of weights is finite.
    pub comfortable: f64,
    /// Particles of the fallback.
    pub particles: usize,
}

impl Budget {
    /// The usual budget for so many parameters.
    #[must_use]
    pub(in crate::twin) const fn of(parameters: usize) -> Self {
        if parameters > 5 {
            Self {
                first: 1000,
                round: 1200,
                rounds: 3,
                most: 5800,
                enough: 400.0,
                comfortable: 0.5,
                particles: 400,
            }
        } else {
            Self {
                first: 800,
                round: 1000,
                rounds: 2,
                most: 5800,
                enough: 400.0,
                comfortable: 0.5,
                particles: 500,
            }
        }
    }

    /// What is added to draws that are there where one scan is left out: a score needs less than an
    /// interval.
    #[must_use]
    const fn again(parameters: usize) -> Self {
        let full = Self::of(parameters);
        Self {
            round: full.round / 2,
            most: full.first + 3 * full.round / 2,
            enough: 150.0,
            comfortable: psis::MAX_K_HAT,
            particles: 200,
            ..full
        }
    }
}

/// How draws were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Importance sampling.
    Importance,
    /// Sequential Monte Carlo.
    Sequential,
}

/// A posterior as weighted draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::twin) struct Posterior {
    dimension: usize,
    /// Standardised parameters, row after row.
    draws: Vec<f64>,
    /// Weights; they sum to one.
    pub weights: Vec<f64>,
    /// ln of posterior over proposal, before smoothing; all zero after the fallback.
    pub log_ratios: Vec<f64>,
    /// Log likelihood of each measurement given each draw, row after row.
    terms: Vec<f64>,
    /// ln of the marginal likelihood (not from the fallback: its last estimate by importance).
    pub log_evidence: f64,
    /// k̂ of the importance weights.
    pub k_hat: f64,
    /// 1/Σw², or the number of independent lines of descent after the fallback.
    pub effective: f64,
    /// Rounds of importance sampling.
    pub rounds: usize,
    /// Which way led to the draws.
    pub way: Way,
}

impl Posterior {
    /// Whether there are none.
    #[must_use]
    pub(in crate::twin) const fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// One draw.
    #[must_use]
    pub(in crate::twin) fn draw(&self, i: usize) -> &[f64] {
        &self.draws[i * self.dimension..(i + 1) * self.dimension]
    }

    /// Log likelihoods of a measurement, draw after draw, of `points` measurements.
    fn terms_of(&self, point: usize, points: usize) -> impl Iterator<Item = f64> {
        self.terms.iter().skip(point).step_by(points).copied()
    }

    /// So many draws of equal weight.
    #[must_use]
    pub(in crate::twin) fn resampled(&self, count: usize, random: &mut Random) -> Vec<&[f64]> {
        systematic(&self.weights, count, random.uniform())
            .into_iter()
            .map(|i| self.draw(i))
            .collect()
    }
}

/// The largest power up to 1 at which weights to that power have the effective number `least`, and
/// these weights, summing to one.
pub(crate) fn tempered(log_ratios: &[f64], least: f64) -> (f64, Vec<f64>) {
    let top = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powered = |power: f64| -> Vec<f64> {
        log_ratios
            .iter()
            .map(|l| {
                // What cannot be has no weight at any power.
                if *l == f64::NEG_INFINITY {
                    0.0
                } else {
                    libm::exp(power * (l - top))
                }
            })
            .collect()
    };
    let worth = |weights: &[f64]| {
        let sum: f64 = weights.iter().sum();
        sum * sum / weights.iter().map(|w| w * w).sum::<f64>()
    };
    let possible = log_ratios.iter().filter(|l| **l > f64::NEG_INFINITY);
    let least = least.min(0.5 * possible.count() as f64);
    let mut power = 1.0;
    let mut weights = powered(1.0);
    if worth(&weights) < least {
        let (mut low, mut high) = (0.0, 1.0);
        // To a thousandth: what is learned from hardly depends on it.
        for _ in 0..10 {
            power = 0.5 * (low + high);
            if worth(&powered(power)) < least {
                high = power;
            } else {
                low = power;
            }
        }
        power = low;
        weights = powered(low);
    }
    let sum: f64 = weights.iter().sum();
    for w in &mut weights {
        *w /= sum;
    }
    (power, weights)
}

/// A posterior with all draws that led to it.
pub(in crate::twin) struct Explored<'a, T: Target> {
    pub posterior: Posterior,
    rounds: Rounds<'a, T>,
}

/// The posterior with what led to it. The same seed gives the same bits.
#[must_use]
pub(in crate::twin) fn explore<T: Target>(
    target: &T,
    budget: Budget,
    seed: u64,
    stream: u64,
) -> Explored<'_, T> {
    let mut rounds = Rounds::begin(target, budget, Random::new(seed, stream));
    Explored {
        posterior: rounds.posterior(budget),
        rounds,
    }
}

/// The posterior alone.
#[must_use]
pub(in crate::twin) fn posterior<T: Target>(
    target: &T,
    budget: Budget,
    seed: u64,
    stream: u64,
) -> Posterior {
    explore(target, budget, seed, stream).posterior
}
