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
mod linear;
mod loo;
mod mixture;
mod mode;
mod psis;
mod random;
mod smc;
mod target;

use serde::{Deserialize, Serialize};

use self::adapt::{Weighted, around, learned};
pub(in crate::twin) use self::linear::invert;
use self::mixture::Mixture;
use self::mode::modes;
pub(in crate::twin) use self::smc::systematic;
use crate::twin::stats::{effective, log_sum_exp};

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
                particles: 400,
            }
        } else {
            Self {
                first: 800,
                round: 1000,
                rounds: 3,
                most: 5800,
                enough: 400.0,
                particles: 500,
            }
        }
    }

    /// About half of that: for lesions that are joined, and for refits without one scan.
    #[must_use]
    pub(in crate::twin) const fn light(parameters: usize) -> Self {
        let full = Self::of(parameters);
        Self {
            first: full.first / 2,
            round: full.round / 2,
            most: full.most / 2,
            enough: 250.0,
            particles: 300,
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
    /// Number of draws.
    #[must_use]
    pub(in crate::twin) const fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none.
    #[must_use]
    pub(in crate::twin) const fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Draws in order.
    pub(in crate::twin) fn draws(&self) -> impl Iterator<Item = &[f64]> {
        self.draws.chunks(self.dimension.max(1))
    }

    /// One draw.
    #[must_use]
    pub(in crate::twin) fn draw(&self, i: usize) -> &[f64] {
        &self.draws[i * self.dimension..(i + 1) * self.dimension]
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

/// Above this k̂ a mean by importance sampling converges too slowly for the number of draws: min(1 −
/// 1/log₁₀ S, 0.7) (Vehtari et al., JMLR 2024;25:72).
fn limit(draws: usize) -> f64 {
    (1.0 - 1.0 / libm::log10(draws as f64)).min(psis::MAX_K_HAT)
}

/// k̂ up to which no further round is made: the variance of the weights is finite.
const COMFORTABLE: f64 = 0.5;
/// Draws that a mixture learns from.
const LESSON: usize = 600;
/// Effective number that weights are tempered to before a mixture learns from them, so that it does
/// not collapse onto a few draws.
const LEAST_LESSON: f64 = 400.0;

/// Draws of all rounds, and the proposals they came from.
struct Rounds<'a, T: Target> {
    target: &'a T,
    scratch: T::Scratch,
    random: Random,
    dimension: usize,
    draws: Vec<f64>,
    log_posteriors: Vec<f64>,
    /// Σ over rounds of draws × density.
    densities: Vec<f64>,
    proposals: Vec<(Mixture, f64)>,
}

impl<T: Target> Rounds<'_, T> {
    fn len(&self) -> usize {
        self.log_posteriors.len()
    }

    /// A round of `count` draws from `proposal`.
    fn add(&mut self, proposal: Mixture, count: usize) {
        let n = self.dimension;
        let share = count as f64;
        for (z, sum) in self.draws.chunks(n).zip(&mut self.densities) {
            *sum += share * proposal.density(z);
        }
        self.proposals.push((proposal, share));
        let mut normals = Vec::with_capacity(n);
        for _ in 0..count {
            let from = self.draws.len();
            if let Some((latest, _)) = self.proposals.last() {
                latest.draw(&mut self.random, &mut normals, &mut self.draws);
            }
            let z = &self.draws[from..];
            self.log_posteriors
                .push(self.target.log_posterior(z, &mut self.scratch));
            self.densities.push(smc::sum(&self.proposals, z));
        }
    }

    /// ln of posterior over proposal, the latter as a density.
    fn log_ratios(&self) -> Vec<f64> {
        let n = self.dimension as f64;
        let constant =
            libm::log(self.len() as f64) - 0.5 * n * libm::log(2.0 * std::f64::consts::PI);
        self.log_posteriors
            .iter()
            .zip(&self.densities)
            .map(|(p, q)| p + constant - libm::log(*q))
            .collect()
    }

    /// Some draws of equal weight to learn from, in proportion to weights to a power.
    fn lesson(&mut self, log_ratios: &[f64]) -> Weighted {
        let (_, weights) = tempered(log_ratios, LEAST_LESSON);
        let picked = systematic(&weights, LESSON, self.random.uniform());
        let n = self.dimension;
        let mut lesson = Weighted {
            dimension: n,
            draws: Vec::with_capacity(LESSON * n),
            weights: Vec::with_capacity(LESSON),
        };
        let mut before = usize::MAX;
        for i in picked {
            if i == before
                && let Some(w) = lesson.weights.last_mut()
            {
                *w += 1.0 / LESSON as f64;
                continue;
            }
            before = i;
            lesson.draws.extend(&self.draws[i * n..(i + 1) * n]);
            lesson.weights.push(1.0 / LESSON as f64);
        }
        lesson
    }
}

/// The largest power up to 1 at which weights to that power have the effective number `least`, and
/// these weights, summing to one.
pub(crate) fn tempered(log_ratios: &[f64], least: f64) -> (f64, Vec<f64>) {
    let top = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powered = |power: f64| -> Vec<f64> {
        log_ratios
            .iter()
            .map(|l| libm::exp(power * (l - top)))
            .collect()
    };
    let worth = |weights: &[f64]| {
        let sum: f64 = weights.iter().sum();
        sum * sum / weights.iter().map(|w| w * w).sum::<f64>()
    };
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

/// The posterior. The same seed gives the same bits.
#[must_use]
pub(in crate::twin) fn posterior<T: Target>(
    target: &T,
    budget: Budget,
    seed: u64,
    stream: u64,
) -> Posterior {
    let mut scratch = T::Scratch::default();
    let found = modes(target, &mut scratch);
    let pin = target.pin();
    let mut rounds = Rounds {
        target,
        scratch,
        random: Random::new(seed, stream),
        dimension: target.dimension(),
        draws: Vec::new(),
        log_posteriors: Vec::new(),
        densities: Vec::new(),
        proposals: Vec::new(),
    };
    rounds.add(around(&found, pin.as_ref()), budget.first);
    loop {
        let log_ratios = rounds.log_ratios();
        let count = rounds.proposals.len();
        if count >= budget.rounds {
            let (logs, k_hat) = psis::smooth(&log_ratios);
            let effective = effective(&logs);
            let good = k_hat <= COMFORTABLE && effective >= budget.enough;
            if good || rounds.len() + budget.round > budget.most {
                let usable = k_hat <= limit(rounds.len()) && effective >= 0.5 * budget.enough;
                return rounds.finish(log_ratios, &logs, k_hat, usable, budget);
            }
        }
        let lesson = rounds.lesson(&log_ratios);
        rounds.add(learned(&lesson, pin.as_ref()), budget.round);
    }
}

impl<T: Target> Rounds<'_, T> {
    fn finish(
        mut self,
        log_ratios: Vec<f64>,
        logs: &[f64],
        k_hat: f64,
        usable: bool,
        budget: Budget,
    ) -> Posterior {
        let log_evidence = log_sum_exp(&log_ratios) - libm::log(self.len() as f64);
        let mut posterior = Posterior {
            dimension: self.dimension,
            weights: logs.iter().map(|l| libm::exp(*l)).collect(),
            effective: effective(logs),
            rounds: self.proposals.len(),
            draws: self.draws,
            log_ratios,
            log_evidence,
            k_hat,
            way: Way::Importance,
        };
        if !usable {
            let from = smc::From {
                draws: &posterior.draws,
                log_ratios: &posterior.log_ratios,
                log_posteriors: &self.log_posteriors,
                proposals: &self.proposals,
            };
            (posterior.draws, posterior.effective) = smc::sample(
                self.target,
                &from,
                budget.particles,
                &mut self.random,
                &mut self.scratch,
            );
            let count = posterior.draws.len() / self.dimension.max(1);
            posterior.weights = vec![1.0 / count as f64; count];
            posterior.log_ratios = vec![0.0; count];
            posterior.way = Way::Sequential;
        }
        posterior
    }
}
