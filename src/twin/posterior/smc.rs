//! Sequential Monte Carlo to the posterior (Del Moral, Doucet, Jasra, J R Stat Soc B 2006;68:411)
//! along densities q^{1−τ} p^τ, q being the mixture of all proposals. It starts from the draws of
//! importance sampling, at the τ at which enough of them count, and goes on in steps that halve the
//! effective number. What importance sampling leaves to it are posteriors that no mixture matches.

use super::adapt::{Weighted, moments};
use super::evaluate::Evaluator;
use super::linear::Cholesky;
use super::mixture::Mixture;
use super::random::Random;
use super::target::Target;
use super::tempered;
use crate::twin::stats::log_sum_exp;

/// Moves after each step.
const MOVES: usize = 4;
/// Moves after the last.
const LAST_MOVES: usize = 10;
/// Largest number of steps.
const MAX_STEPS: usize = 40;

/// What importance sampling leaves.
pub(super) struct From<'a> {
    pub(super) draws: &'a [f64],
    pub(super) log_ratios: &'a [f64],
    pub(super) log_posteriors: &'a [f64],
    pub(super) proposals: &'a [(Mixture, f64)],
}

/// Σ draws × density over proposals.
pub(super) fn sum(proposals: &[(Mixture, f64)], z: &[f64]) -> f64 {
    proposals
        .iter()
        .map(|(proposal, share)| share * proposal.density(z))
        .sum()
}

#[derive(Clone, Debug)]
struct Particle {
    z: Vec<f64>,
    log_p: f64,
    /// Of the mixture of all proposals.
    log_q: f64,
    /// Density of the latest proposal, from which jumps come.
    latest: f64,
    /// Of what it descends from: a draw of importance sampling, or its last jump, which forgets where
    /// it came from.
    line: usize,
}

/// Draws of equal weight, row after row, and how many independent lines of descent they are worth:
/// (Σn)²/Σn² over lines of n. Steps near by count for nothing.
pub(super) fn sample<T: Target>(
    evaluator: &mut Evaluator<'_, T>,
    from: &From,
    count: usize,
    random: &mut Random,
) -> (Vec<f64>, f64) {
    let n = evaluator.target.dimension();
    let Some((latest, _)) = from.proposals.last() else {
        return (Vec::new(), 0.0);
    };
    let mut lines = from.log_ratios.len();
    let (mut tau, mut weights) = tempered(from.log_ratios, 0.5 * count as f64);
    let mut particles: Vec<Particle> = systematic(&weights, count, random.uniform())
        .into_iter()
        .map(|i| {
            let z = from.draws[i * n..(i + 1) * n].to_vec();
            Particle {
                log_p: from.log_posteriors[i],
                log_q: libm::log(sum(from.proposals, &z)),
                latest: latest.density(&z),
                z,
                line: i,
            }
        })
        .collect();
    let (mut normals, mut step, mut z) = (Vec::new(), Vec::new(), Vec::new());
    let mut terms = Vec::new();
    for _ in 0..MAX_STEPS {
        let cloud = Weighted {
            dimension: n,
            draws: particles.iter().flat_map(|p| p.z.iter().copied()).collect(),
            weights: vec![1.0 / count as f64; count],
        };
        let (_, covariance) = moments(&cloud);
        let root = Cholesky::new(&covariance, n).unwrap_or_else(|| Cholesky::identity(n));
        let moves = if tau >= 1.0 { LAST_MOVES } else { MOVES };
        let width = 2.38 / libm::sqrt(n as f64);
        for particle in &mut particles {
            for turn in 0..moves {
                // Every other move is drawn from the latest proposal: it leads between modes.
                let jump = turn % 2 == 1;
                z.clear();
                if jump {
                    latest.draw(random, &mut normals, &mut z);
                } else {
                    let w = width * [1.0, 0.4][turn / 2 % 2];
                    normals.clear();
                    normals.extend((0..n).map(|_| w * random.normal()));
                    step.clear();
                    root.times(&normals, &mut step);
                    z.extend(particle.z.iter().zip(&step).map(|(z, s)| z + s));
                }
                terms.clear();
                let log_p = evaluator.log_posterior(&z, &mut terms);
                let lot = libm::log(random.uniform());
                if log_p == f64::NEG_INFINITY {
                    continue;
                }
                // At the end of the path the mixture has no say.
                let log_q = if tau < 1.0 {
                    libm::log(sum(from.proposals, &z))
                } else {
                    particle.log_q
                };
                let here = latest.density(&z);
                let mut gain =
                    tau * (log_p - particle.log_p) + (1.0 - tau) * (log_q - particle.log_q);
                if jump {
                    gain += libm::log(particle.latest / here);
                }
                if lot < gain {
                    particle.z.copy_from_slice(&z);
                    (particle.log_p, particle.log_q, particle.latest) = (log_p, log_q, here);
                    if jump {
                        particle.line = lines;
                        lines += 1;
                    }
                }
            }
        }
        if tau >= 1.0 {
            break;
        }
        let next = next_tau(&particles, tau);
        let logs: Vec<f64> = particles
            .iter()
            .map(|p| (next - tau) * (p.log_p - p.log_q))
            .collect();
        let total = log_sum_exp(&logs);
        weights.clear();
        weights.extend(logs.iter().map(|l| libm::exp(*l - total)));
        tau = next;
        particles = systematic(&weights, count, random.uniform())
            .into_iter()
            .map(|i| particles[i].clone())
            .collect();
    }
    let worth = independent(particles.iter().map(|p| p.line).collect());
    (particles.into_iter().flat_map(|p| p.z).collect(), worth)
}

/// (Σn)²/Σn² over lines of descent with n particles each.
fn independent(mut lines: Vec<usize>) -> f64 {
    lines.sort_unstable();
    let squares: usize = lines
        .chunk_by(|a, b| a == b)
        .map(|line| line.len() * line.len())
        .sum();
    (lines.len() * lines.len()) as f64 / squares.max(1) as f64
}

/// The next τ, by halving.
fn next_tau(particles: &[Particle], tau: f64) -> f64 {
    let share = |next: f64| {
        let logs: Vec<f64> = particles
            .iter()
            .map(|p| (next - tau) * (p.log_p - p.log_q))
            .collect();
        let squares: Vec<f64> = logs.iter().map(|l| 2.0 * l).collect();
        libm::exp(2.0 * log_sum_exp(&logs) - log_sum_exp(&squares)) / particles.len() as f64
    };
    if share(1.0) >= 0.5 {
        return 1.0;
    }
    let (mut low, mut high) = (tau, 1.0);
    for _ in 0..20 {
        let middle = 0.5 * (low + high);
        if share(middle) >= 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Places of `count` draws in proportion to weights, by one uniform number (Kitagawa 1996).
pub(in crate::twin) fn systematic(weights: &[f64], count: usize, uniform: f64) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    let mut picked = Vec::with_capacity(count);
    let (mut i, mut sum) = (0, weights.first().copied().unwrap_or(0.0));
    for k in 0..count {
        let at = (k as f64 + uniform) / count as f64 * total;
        while sum < at && i + 1 < weights.len() {
            i += 1;
            sum += weights[i];
        }
        picked.push(i);
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_count_once() {
        assert_eq!(independent(vec![3, 1, 2, 0]), 4.0);
        assert_eq!(independent(vec![7, 7, 7, 7]), 1.0);
        assert_eq!(independent(vec![5, 9, 5, 9]), 2.0);
    }

    #[test]
    fn systematic_draws_are_in_proportion() {
        let picked = systematic(&[0.1, 0.0, 0.6, 0.3], 10, 0.5);
        let count = |i| picked.iter().filter(|p| **p == i).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [1, 0, 6, 3]);
    }
}
