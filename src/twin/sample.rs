//! Posterior sampling: several Metropolis–Hastings chains with fixed proposals.
//!
//! Each iteration makes two moves. The first proposes independently of the current state from a
//! mixture of multivariate t distributions (ν = 4) at the modes, with the covariance of the curvature
//! and three times as wide; the second is a random walk of 2.38/√d times such a
//! covariance (Roberts and Rosenthal, Stat Sci 2001;16:351), at full or a quarter width. Proposals
//! are fixed before the first iteration, so every iteration leaves the posterior invariant.
//! Convergence: split R̂ and effective sample size as in Gelman et al., Bayesian Data Analysis
//! (2013), 11.4–11.5.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::likelihood::{Problem, Scratch};
use super::optimise;
use super::stats::{log_sum_exp, mean, variance};
use crate::jobs::{Cancelled, JobContext};

/// Split R̂ above which draws are not trusted.
pub(super) const MAX_R_HAT: f64 = 1.05;
/// Effective sample size below which draws are not trusted.
pub(super) const MIN_ESS: f64 = 200.0;

/// How long the chains are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Number of chains.
    pub chains: usize,
    /// Iterations thrown away at the start of each.
    pub warm_up: usize,
    /// Draws kept of each.
    pub draws: usize,
    /// Iterations per kept draw.
    pub thin: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            chains: 4,
            warm_up: 200,
            draws: 500,
            thin: 3,
        }
    }
}

/// What the chains say of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Largest split R̂ of any parameter; 1 is ideal.
    pub r_hat: f64,
    /// Smallest effective sample size of any parameter.
    pub ess: f64,
    /// Share of independent proposals accepted.
    pub acceptance: f64,
}

impl Diagnostics {
    /// Whether the draws can be trusted.
    #[must_use]
    pub fn good(&self) -> bool {
        self.r_hat <= MAX_R_HAT && self.ess >= MIN_ESS
    }
}

/// Random numbers with the same bits everywhere.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Uniform on (0, 1], with 53 bits.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.uniform()));
        radius * libm::cos(2.0 * PI * self.uniform())
    }

    /// χ² with four degrees of freedom.
    pub(super) fn chi_square_4(&mut self) -> f64 {
        -2.0 * (libm::log(self.uniform()) + libm::log(self.uniform()))
    }
}

/// A mode of the posterior with the covariance of its curvature.
struct Mode {
    centre: DVector<f64>,
    root: DMatrix<f64>,
    inverse_root: DMatrix<f64>,
    log_determinant: f64,
    log_weight: f64,
}

/// Fixed proposals around the modes.
struct Proposal {
    modes: Vec<Mode>,
}

const WIDE: f64 = 3.0;
const WIDE_SHARE: f64 = 0.2;
/// Places from which modes are looked for. Tails of the noise let a posterior have several: an
/// outlying scan may be believed or not.
const STARTS: usize = 6;
/// Modes this far (in log density) below the best are left out.
const FORGETTABLE: f64 = 12.0;
/// Smallest share of a mode in the proposals.
const MIN_SHARE: f64 = 0.1;

impl Proposal {
    fn new(problem: &Problem, scratch: &mut Scratch) -> Self {
        let n = problem.dimension();
        let start = problem.start();
        let mut step = vec![0.5; n];
        step[0] = 0.05;
        step[1] = 0.1;
        // Starting places are part of the method, not of the sampling: their seed is fixed.
        let mut random = Random::new(0x0D15_EA5E, 0);
        let mut found: Vec<(Vec<f64>, f64)> = (0..STARTS)
            .map(|i| {
                let mut from = start.clone();
                if i > 0 {
                    from[0] += step[0] * random.normal();
                    for u in &mut from[1..] {
                        *u += 1.5 * random.normal();
                    }
                }
                optimise::maximise(|u| problem.log_density(u, scratch), &from, &step)
            })
            .filter(|f| f.1.is_finite())
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut modes: Vec<Mode> = Vec::new();
        let best = found.first().map_or(0.0, |f| f.1);
        for (centre, value) in found {
            if value < best - FORGETTABLE {
                break;
            }
            let centre = DVector::from_vec(centre);
            let known = modes
                .iter()
                .any(|m| (&m.inverse_root * (&centre - &m.centre)).norm_squared() < 1.0);
            if known {
                continue;
            }
            let root =
                optimise::covariance_root(|u| problem.log_density(u, scratch), centre.as_slice());
            let (root, inverse_root) = match root.clone().try_inverse() {
                Some(inverse) => (root, inverse),
                None => (DMatrix::identity(n, n), DMatrix::identity(n, n)),
            };
            let log_determinant = libm::log(root.determinant().abs());
            modes.push(Mode {
                centre,
                root,
                inverse_root,
                log_determinant,
                log_weight: value + log_determinant,
            });
        }
        if modes.is_empty() {
            modes.push(Mode {
                centre: DVector::from_vec(start),
                root: DMatrix::identity(n, n),
                inverse_root: DMatrix::identity(n, n),
                log_determinant: 0.0,
                log_weight: 0.0,
            });
        }
        let weights: Vec<f64> = modes.iter().map(|m| m.log_weight).collect();
        let total = log_sum_exp(&weights);
        let shares: Vec<f64> = weights
            .iter()
            .map(|w| libm::exp(w - total).max(MIN_SHARE))
            .collect();
        let sum: f64 = shares.iter().sum();
        for (mode, share) in modes.iter_mut().zip(shares) {
            mode.log_weight = libm::log(share / sum);
        }
        Self { modes }
    }

    fn pick(&self, random: &mut Random) -> &Mode {
        let mut left = random.uniform();
        for mode in &self.modes {
            left -= libm::exp(mode.log_weight);
            if left <= 0.0 {
                return mode;
            }
        }
        &self.modes[0]
    }

    fn step(&self, random: &mut Random, width: f64) -> DVector<f64> {
        self.pick(random).shift(random, width)
    }

    fn independent(&self, random: &mut Random) -> DVector<f64> {
        let mode = self.pick(random);
        let width = if random.uniform() <= WIDE_SHARE {
            WIDE
        } else {
            1.0
        };
        let tail = 1.0 / libm::sqrt(random.chi_square_4() / 4.0);
        &mode.centre + mode.shift(random, width * tail)
    }

    /// Log density of [`Proposal::independent`], up to a constant.
    fn log_density(&self, u: &DVector<f64>) -> f64 {
        let terms: Vec<f64> = self
            .modes
            .iter()
            .map(|m| m.log_weight + m.log_density(u))
            .collect();
        log_sum_exp(&terms)
    }
}

impl Mode {
    fn shift(&self, random: &mut Random, width: f64) -> DVector<f64> {
        let normals = DVector::from_fn(self.centre.len(), |_, _| random.normal());
        &self.root * normals * width
    }

    fn log_density(&self, u: &DVector<f64>) -> f64 {
        let n = u.len() as f64;
        let distance = (&self.inverse_root * (u - &self.centre)).norm_squared();
        let t = |scale: f64| {
            -0.5 * (4.0 + n) * libm::log1p(distance / (4.0 * scale * scale)) - n * libm::log(scale)
        };
        let narrow = libm::log(1.0 - WIDE_SHARE) + t(1.0);
        let wide = libm::log(WIDE_SHARE) + t(WIDE);
        let mixed = narrow.max(wide) + libm::log1p(libm::exp(-(narrow - wide).abs()));
        mixed - self.log_determinant
    }
}

/// Draws of standardised parameters, chain after chain, row-major, with diagnostics.
///
/// Chains that fail their diagnostics are run once more at four times the length.
pub(super) fn sample(
    problem: &Problem,
    sampling: Sampling,
    seed: u64,
    job: &JobContext,
) -> Result<(Vec<f64>, Diagnostics), Cancelled> {
    let mut scratch = Scratch::default();
    let proposal = Proposal::new(problem, &mut scratch);
    let first = run(problem, &proposal, sampling, seed, &mut scratch, job)?;
    let enough = sampling.chains * sampling.draws >= 4 * MIN_ESS as usize;
    if first.1.good() || !enough {
        return Ok(first);
    }
    let longer = Sampling {
        warm_up: sampling.warm_up * 4,
        thin: sampling.thin * 4,
        ..sampling
    };
    run(problem, &proposal, longer, seed, &mut scratch, job)
}

fn run(
    problem: &Problem,
    proposal: &Proposal,
    sampling: Sampling,
    seed: u64,
    scratch: &mut Scratch,
    job: &JobContext,
) -> Result<(Vec<f64>, Diagnostics), Cancelled> {
    let n = problem.dimension();
    let walk = 2.38 / libm::sqrt(n as f64);
    let iterations = sampling.warm_up + sampling.draws * sampling.thin;
    let mut draws = Vec::with_capacity(sampling.chains * sampling.draws * n);
    let mut accepted = 0_usize;
    let mut standardised = Vec::with_capacity(n);
    for chain in 0..sampling.chains {
        let mut random = Random::new(seed, chain as u64);
        let mut z = proposal.independent(&mut random);
        let mut log_p = problem.log_density(z.as_slice(), scratch);
        if log_p == f64::NEG_INFINITY {
            z.copy_from(&proposal.modes[0].centre);
            log_p = problem.log_density(z.as_slice(), scratch);
        }
        let mut log_q = proposal.log_density(&z);
        for iteration in 0..iterations {
            if iteration % 256 == 0 {
                job.check()?;
            }
            let next = proposal.independent(&mut random);
            let next_p = problem.log_density(next.as_slice(), scratch);
            let next_q = proposal.log_density(&next);
            if libm::log(random.uniform()) < next_p - log_p + log_q - next_q {
                (z, log_p, log_q) = (next, next_p, next_q);
                accepted += 1;
            }
            let width = if random.uniform() <= 0.5 {
                walk
            } else {
                0.25 * walk
            };
            let next = &z + proposal.step(&mut random, width);
            let next_p = problem.log_density(next.as_slice(), scratch);
            if libm::log(random.uniform()) < next_p - log_p {
                log_q = proposal.log_density(&next);
                (z, log_p) = (next, next_p);
            }
            let kept = iteration + 1;
            if kept > sampling.warm_up && (kept - sampling.warm_up).is_multiple_of(sampling.thin) {
                // The state lies inside the domain: proposals outside have no density.
                problem.standardised(z.as_slice(), &mut standardised);
                draws.extend_from_slice(&standardised);
            }
        }
    }
    let mut r_hat: f64 = 1.0;
    let mut ess = f64::INFINITY;
    for j in 0..n {
        let chains: Vec<Vec<f64>> = (0..sampling.chains)
            .map(|c| {
                (0..sampling.draws)
                    .map(|i| draws[(c * sampling.draws + i) * n + j])
                    .collect()
            })
            .collect();
        let (r, e) = convergence(&chains);
        r_hat = r_hat.max(r);
        ess = ess.min(e);
    }
    let total = (sampling.chains * iterations).max(1);
    let diagnostics = Diagnostics {
        r_hat,
        ess,
        acceptance: accepted as f64 / total as f64,
    };
    Ok((draws, diagnostics))
}

/// Split R̂ and effective sample size of one quantity.
fn convergence(chains: &[Vec<f64>]) -> (f64, f64) {
    let halves: Vec<&[f64]> = chains
        .iter()
        .flat_map(|c| {
            let half = c.len() / 2;
            [&c[..half], &c[c.len() - half..]]
        })
        .collect();
    let n = halves.first().map_or(0, |h| h.len());
    if n < 4 {
        return (f64::INFINITY, 0.0);
    }
    let means: Vec<f64> = halves.iter().map(|h| mean(h)).collect();
    let variances: Vec<f64> = halves.iter().map(|h| variance(h)).collect();
    let within = mean(&variances);
    if within <= 0.0 {
        return (f64::INFINITY, 0.0);
    }
    let length = n as f64;
    let pooled = (length - 1.0) / length * within + variance(&means);
    let autocorrelation = |lag: usize| {
        let variogram = halves
            .iter()
            .map(|h| {
                (lag..n)
                    .map(|i| (h[i] - h[i - lag]) * (h[i] - h[i - lag]))
                    .sum::<f64>()
            })
            .sum::<f64>()
            / (halves.len() * (n - lag)) as f64;
        1.0 - variogram / (2.0 * pooled)
    };
    // Sums of neighbouring lags are positive and decreasing for a reversible chain (Geyer,
    // Stat Sci 1992;7:473); the first one that is not ends the sum.
    let mut sum = 0.0;
    let mut last = f64::INFINITY;
    let mut lag = 1;
    while lag + 1 < n {
        let pair = autocorrelation(lag) + autocorrelation(lag + 1);
        if pair <= 0.0 {
            break;
        }
        last = pair.min(last);
        sum += last;
        lag += 2;
    }
    let total = halves.len() as f64 * length;
    (libm::sqrt(pooled / within), total / (1.0 + 2.0 * sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_tell_good_chains_from_bad() {
        let chain = |seed, offset: f64, memory: f64| -> Vec<f64> {
            let mut random = Random::new(seed, 0);
            let mut x = 0.0;
            (0..500)
                .map(|_| {
                    x = memory * x + random.normal();
                    x + offset
                })
                .collect()
        };
        let independent: Vec<_> = (0..4).map(|s| chain(s, 0.0, 0.0)).collect();
        let (r, e) = convergence(&independent);
        assert!(r < 1.01 && e > 1500.0, "{r} {e}");
        // AR(1): ESS = N (1 − ρ)/(1 + ρ) = 222.
        let slow: Vec<_> = (0..4).map(|s| chain(s, 0.0, 0.8)).collect();
        let (_, e) = convergence(&slow);
        assert!((130.0..330.0).contains(&e), "{e}");
        let apart: Vec<_> = (0..4).map(|s| chain(s, s as f64, 0.0)).collect();
        assert!(convergence(&apart).0 > 1.2);
    }

    #[test]
    fn deviates_have_their_moments() {
        let mut random = Random::new(3, 0);
        let normals: Vec<f64> = (0..40_000).map(|_| random.normal()).collect();
        approx::assert_abs_diff_eq!(mean(&normals), 0.0, epsilon = 0.02);
        approx::assert_abs_diff_eq!(variance(&normals), 1.0, epsilon = 0.03);
        let squares: Vec<f64> = (0..40_000).map(|_| random.chi_square_4()).collect();
        approx::assert_abs_diff_eq!(mean(&squares), 4.0, epsilon = 0.05);
    }
}
