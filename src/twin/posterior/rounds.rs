//! Rounds of importance sampling: all draws, and the proposals they came from.

use super::adapt::{Weighted, around, learned};
use super::evaluate::Evaluator;
use super::mixture::Mixture;
use super::mode::modes;
use super::random::Random;
use super::smc::systematic;
use super::target::Target;
use super::{Budget, Posterior, Way, psis, smc, tempered};
use crate::twin::stats::{effective, log_sum_exp};

/// Above this k̂ a mean by importance sampling converges too slowly for the number of draws: min(1 −
/// 1/log₁₀ S, 0.7) (Vehtari et al., JMLR 2024;25:72).
fn limit(draws: usize) -> f64 {
    (1.0 - 1.0 / libm::log10(draws as f64)).min(psis::MAX_K_HAT)
}

/// Draws that a mixture learns from.
const LESSON: usize = 600;
/// Effective number that weights are tempered to before a mixture learns from them, so that it does
/// not collapse onto a few draws.
const LEAST_LESSON: f64 = 400.0;

/// Draws of all rounds, and the proposals they came from.
pub(super) struct Rounds<'a, T: Target> {
    evaluator: Evaluator<'a, T>,
    random: Random,
    dimension: usize,
    draws: Vec<f64>,
    log_posteriors: Vec<f64>,
    terms: Vec<f64>,
    /// Σ over rounds of draws × density.
    densities: Vec<f64>,
    proposals: Vec<(Mixture, f64)>,
}

impl<'a, T: Target> Rounds<'a, T> {
    /// The first round, around the modes.
    pub(super) fn begin(target: &'a T, budget: Budget, random: Random) -> Self {
        let mut scratch = T::Scratch::default();
        let found = modes(target, &mut scratch);
        let highest = found.first().map_or(f64::NEG_INFINITY, |m| m.log_posterior);
        let mut rounds = Self {
            evaluator: Evaluator::new(target, scratch, highest),
            random,
            dimension: target.dimension(),
            draws: Vec::new(),
            log_posteriors: Vec::new(),
            terms: Vec::new(),
            densities: Vec::new(),
            proposals: Vec::new(),
        };
        rounds.add(around(&found, target.pin().as_ref()), budget.first);
        rounds
    }

    /// The same draws for the same target without measurement `point`, to be gone on from: every
    /// draw's likelihood is known, and only where it is large there is little to add.
    pub(super) fn without<'b>(&self, rest: &'b T, point: usize, random: Random) -> Rounds<'b, T> {
        let points = rest.points();
        let of_point = self.terms.iter().skip(point).step_by(points);
        Rounds {
            evaluator: self.evaluator.of(rest),
            random,
            dimension: self.dimension,
            draws: self.draws.clone(),
            log_posteriors: self
                .log_posteriors
                .iter()
                .zip(of_point)
                .map(|(log, term)| without(*log, *term))
                .collect(),
            terms: self.terms.clone(),
            densities: self.densities.clone(),
            proposals: self.proposals.clone(),
        }
    }

    pub(super) fn target(&self) -> &'a T {
        self.evaluator.target
    }

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
                .push(self.evaluator.log_posterior(z, &mut self.terms));
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

impl<T: Target> Rounds<'_, T> {
    /// Rounds until weights are good or the budget is spent, and the posterior by all of them.
    pub(super) fn posterior(&mut self, budget: Budget) -> Posterior {
        let pin = self.evaluator.target.pin();
        let most = self.len().max(budget.first) - budget.first + budget.most;
        loop {
            let log_ratios = self.log_ratios();
            if self.proposals.len() >= budget.rounds {
                let (logs, k_hat) = psis::smooth(&log_ratios);
                let effective = effective(&logs);
                let good = k_hat <= budget.comfortable && effective >= budget.enough;
                if good || self.len() + budget.round > most {
                    let usable = k_hat <= limit(self.len()) && effective >= 0.5 * budget.enough;
                    return self.finish(log_ratios, &logs, k_hat, usable, budget);
                }
            }
            let lesson = self.lesson(&log_ratios);
            self.add(learned(&lesson, pin.as_ref()), budget.round);
        }
    }

    fn finish(
        &mut self,
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
            draws: self.draws.clone(),
            log_ratios,
            terms: self.terms.clone(),
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
                &mut self.evaluator,
                &from,
                budget.particles,
                &mut self.random,
            );
            posterior.terms = self.evaluator.terms(&posterior.draws);
            let count = posterior.draws.len() / self.dimension.max(1);
            posterior.weights = vec![1.0 / count as f64; count];
            posterior.log_ratios = vec![0.0; count];
            posterior.way = Way::Sequential;
        }
        posterior
    }
}

/// A log weight without a measurement; a draw without likelihood stays without weight.
pub(super) fn without(log: f64, term: f64) -> f64 {
    if log == f64::NEG_INFINITY || term == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else {
        log - term
    }
}
