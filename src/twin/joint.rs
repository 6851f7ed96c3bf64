//! All lesions of a patient together: growth and kill of each lesion are the patient's plus its own.
//!
//! Of a shared parameter, z of lesion l is √ρ u + √(1 − ρ) e_l with patient effect u and lesion effect
//! e_l standard normal, so each z alone keeps the prior that it has without the other lesions. Given
//! u lesions are independent, and
//!
//! p(u | y) ∝ N(u) Π_l E[p(z_l | u)/p(z_l)],
//!
//! the mean being over the posterior of lesion l by itself. So each lesion is fitted alone, once, and
//! the patient effect (two numbers) from draws of these posteriors (the second stage of Lunn et al.,
//! J R Stat Soc C 2013;62:551). A lesion's draws then get the weights p(z | u)/p(z). A new scan of
//! one lesion costs one fit and the second stage.
//!
//! ln p(z | u)/p(z) is linear in u but for what does not depend on z, so on a grid of u the weights
//! are products of a factor per row and a factor per column: no exponential per grid point. u is
//! drawn from the grid points themselves. They lie 0.3 SD apart at first, 1 SD at most where the grid had
//! to be made wider; on a lattice that fine, sums of a smooth density are its integrals to many digits.

use super::posterior::{Random, invert, systematic};

/// Numbers of a patient effect: growth and kill.
pub(super) const SHARED: usize = 2;
/// Draws of the patient.
const PATIENT_DRAWS: usize = 1000;
/// Newton's steps.
const STEPS: usize = 20;
/// Grid points of a patient effect.
const GRID: usize = 32;
/// Half the width of the grid, in SDs at the mode.
const REACH: f64 = 4.5;
/// Mass on the border of the grid above which it is made wider.
const BORDER: f64 = 1e-3;
/// How often.
const WIDER: usize = 3;

/// The posterior of a patient.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    /// Standardised parameters: lesion by lesion, draw after draw; draws of one place are of one patient
    /// effect.
    pub(super) lesions: Vec<Vec<f64>>,
    /// How many independent draws those of each lesion are worth.
    pub(super) effective: Vec<f64>,
}

/// A lesion's own posterior.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<'a> {
    /// Draws of equal weight, row by row.
    pub(super) draws: &'a [f64],
    /// Parameters per draw.
    pub(super) dimension: usize,
    /// Places of growth and kill among them.
    pub(super) places: [usize; SHARED],
    /// How many independent draws they are worth.
    pub(super) effective: f64,
}

/// A lesion's draws as the second stage sees them.
struct Lesion {
    /// Shared z of each draw.
    z: Vec<[f64; SHARED]>,
}

impl Lesion {
    fn new(own: &Own<'_>) -> Self {
        let rows = own.draws.chunks(own.dimension.max(1));
        Self {
            z: rows.map(|row| own.places.map(|p| row[p])).collect(),
        }
    }

    /// Weights given a patient effect, up to a factor whose logarithm is returned, and their sum.
    ///
    /// The logarithm of p(z | u)/p(z) is (√ρ z·u − ρ z²/2)/(1 − ρ), without what does not depend on z.
    fn weights(&self, u: &[f64; SHARED], rho: f64, out: &mut Vec<f64>) -> (f64, f64) {
        let (a, b) = (libm::sqrt(rho) / (1.0 - rho), 0.5 * rho / (1.0 - rho));
        out.clear();
        out.extend(
            self.z
                .iter()
                .map(|z| a * (z[0] * u[0] + z[1] * u[1]) - b * (z[0] * z[0] + z[1] * z[1])),
        );
        let top = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for l in out {
            *l = libm::exp(*l - top);
            sum += *l;
        }
        (top, sum)
    }
}

/// Newton's step from a patient effect: the mean of z under the weights gives the slope, its variance
/// the curvature.
fn slopes(
    lesions: &[Lesion],
    u: &[f64; SHARED],
    rho: f64,
    out: &mut Vec<f64>,
) -> ([f64; SHARED], [f64; 4]) {
    let (a, b) = (libm::sqrt(rho) / (1.0 - rho), rho / (1.0 - rho));
    let mut gradient = [-u[0], -u[1]];
    let mut curvature = [1.0, 0.0, 0.0, 1.0];
    for lesion in lesions {
        let (_, total) = lesion.weights(u, rho, out);
        let (mut m, mut s) = ([0.0; 2], [0.0; 3]);
        for (z, w) in lesion.z.iter().zip(out.iter()) {
            let w = w / total;
            m[0] += w * z[0];
            m[1] += w * z[1];
            s[0] += w * z[0] * z[0];
            s[1] += w * z[0] * z[1];
            s[2] += w * z[1] * z[1];
        }
        for j in 0..2 {
            gradient[j] += a * m[j] - b * u[j];
        }
        let cross = a * a * (s[1] - m[0] * m[1]);
        curvature[0] += b - a * a * (s[0] - m[0] * m[0]);
        curvature[3] += b - a * a * (s[2] - m[1] * m[1]);
        curvature[1] -= cross;
        curvature[2] -= cross;
    }
    (gradient, curvature)
}

/// The likeliest patient effect and its SDs.
fn mode(lesions: &[Lesion], rho: f64, out: &mut Vec<f64>) -> ([f64; SHARED], [f64; SHARED]) {
    let mut u = [0.0; SHARED];
    let mut deviations = [1.0; SHARED];
    for _ in 0..STEPS {
        let (gradient, curvature) = slopes(lesions, &u, rho, out);
        // Where it is not convex the prior's part alone leads on.
        let Some(inverse) = invert(&curvature, SHARED) else {
            u[0] += 0.1 * gradient[0];
            u[1] += 0.1 * gradient[1];
            continue;
        };
        let step = [
            inverse[0] * gradient[0] + inverse[1] * gradient[1],
            inverse[2] * gradient[0] + inverse[3] * gradient[1],
        ];
        let length = libm::hypot(step[0], step[1]);
        let factor = (0.7 / length).min(1.0);
        u = [u[0] + factor * step[0], u[1] + factor * step[1]];
        deviations = [libm::sqrt(inverse[0]), libm::sqrt(inverse[3])];
        if length < 1e-2 {
            break;
        }
    }
    (u, deviations)
}

/// A lesion's weights on the grid: of draw d at (i, j), `rows[d][i] * columns[d][j]`.
struct Factors {
    rows: Vec<[f64; GRID]>,
    columns: Vec<[f64; GRID]>,
}

/// A regular grid of patient effects.
struct Grid {
    low: [f64; SHARED],
    step: [f64; SHARED],
}

impl Grid {
    fn at(&self, axis: usize, i: usize) -> f64 {
        self.low[axis] + self.step[axis] * i as f64
    }

    fn factors(&self, lesion: &Lesion, centre: &[f64; SHARED], rho: f64) -> Factors {
        let mut weights = Vec::new();
        lesion.weights(centre, rho, &mut weights);
        let a = libm::sqrt(rho) / (1.0 - rho);
        let powers = |z: f64, axis: usize, first: f64| {
            let mut out = [0.0; GRID];
            let mut now = first * libm::exp(a * z * (self.low[axis] - centre[axis]));
            let ratio = libm::exp(a * z * self.step[axis]);
            for o in &mut out {
                *o = now;
                now *= ratio;
            }
            out
        };
        Factors {
            rows: lesion
                .z
                .iter()
                .zip(&weights)
                .map(|(z, w)| powers(z[0], 0, *w))
                .collect(),
            columns: lesion.z.iter().map(|z| powers(z[1], 1, 1.0)).collect(),
        }
    }

    /// Grid point by grid point, so that the weights at one of them lie side by side.
    fn transposed(factors: &[[f64; GRID]]) -> Vec<f64> {
        let mut out = Vec::with_capacity(GRID * factors.len());
        for i in 0..GRID {
            out.extend(factors.iter().map(|f| f[i]));
        }
        out
    }

    /// Adds what a lesion says to the logarithm of the density.
    fn add(factors: &Factors, logs: &mut [f64]) {
        let mut sums = vec![0.0; GRID * GRID];
        for (row, column) in factors.rows.iter().zip(&factors.columns) {
            for (r, sums) in row.iter().zip(sums.chunks_mut(GRID)) {
                for (c, sum) in column.iter().zip(sums) {
                    *sum += r * c;
                }
            }
        }
        for (log, sum) in logs.iter_mut().zip(&sums) {
            *log += libm::log(*sum);
        }
    }
}

/// Joins posteriors of single lesions, each with the places of its growth and kill. `rho` is the
/// share of variance between patients, above 0 and below 1.
pub(super) fn join(fitted: &[Own<'_>], rho: f64, seed: u64, stream: u64) -> Joint {
    let mut random = Random::new(seed, stream);
    let lesions: Vec<Lesion> = fitted.iter().map(Lesion::new).collect();
    let mut out = Vec::new();
    let (centre, deviations) = mode(&lesions, rho, &mut out);
    let mut reach = REACH;
    let (mut grid, mut factors, mut weights, mut border);
    let mut tries = 0;
    loop {
        grid = Grid {
            low: [0, 1].map(|j| centre[j] - reach * deviations[j]),
            step: [0, 1].map(|j| 2.0 * reach * deviations[j] / (GRID - 1) as f64),
        };
        factors = lesions
            .iter()
            .map(|l| grid.factors(l, &centre, rho))
            .collect::<Vec<_>>();
        let each = 1.0 + lesions.len() as f64 * rho / (1.0 - rho);
        let mut logs: Vec<f64> = (0..GRID * GRID)
            .map(|k| {
                let (a, b) = (grid.at(0, k / GRID), grid.at(1, k % GRID));
                -0.5 * each * (a * a + b * b)
            })
            .collect();
        for f in &factors {
            Grid::add(f, &mut logs);
        }
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        weights = logs
            .iter()
            .map(|l| libm::exp(l - top))
            .collect::<Vec<f64>>();
        let last = GRID - 1;
        let outer = |k: usize| [k / GRID, k % GRID].iter().any(|i| *i == 0 || *i == last);
        border = (0..GRID * GRID)
            .filter(|k| outer(*k))
            .map(|k| weights[k])
            .sum::<f64>()
            / weights.iter().sum::<f64>();
        tries += 1;
        if border < BORDER || tries > WIDER {
            break;
        }
        reach *= 1.5;
    }
    let picked = systematic(&weights, PATIENT_DRAWS, random.uniform());
    let mut joined = Vec::with_capacity(lesions.len());
    let mut effective = Vec::with_capacity(lesions.len());
    for ((lesion, own), factors) in lesions.iter().zip(fitted).zip(&factors) {
        let mut of_lesion = Vec::with_capacity(PATIENT_DRAWS * own.dimension);
        let rows = Grid::transposed(&factors.rows);
        let columns = Grid::transposed(&factors.columns);
        let count = lesion.z.len();
        // Effective number of the weights given u, averaged over u.
        let mut conditional = 0.0;
        // Draws of one patient effect follow each other; their weights are the same.
        for same in picked.chunk_by(|a, b| a == b) {
            let (mut total, mut squares) = (0.0, 0.0);
            out.clear();
            let row = &rows[same[0] / GRID * count..][..count];
            let column = &columns[same[0] % GRID * count..][..count];
            out.extend(row.iter().zip(column).map(|(r, c)| {
                let weight = r * c;
                total += weight;
                squares += weight * weight;
                total
            }));
            let share = same.len() as f64 / picked.len() as f64;
            conditional += share * total * total / squares;
            for _ in same {
                let at = random.uniform() * total;
                let i = out.partition_point(|s| *s < at).min(count - 1);
                of_lesion.extend(&own.draws[i * own.dimension..(i + 1) * own.dimension]);
            }
        }
        joined.push(of_lesion);
        effective.push(own.effective * conditional / count as f64);
    }
    Joint {
        lesions: joined,
        effective,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::stats::{mean, variance};

    const COUNT: usize = 1000;

    /// Normal draws of lesions around centres of growth; kill lies half as far out.
    fn joined(centres: &[f64], sd: f64, seed: u64) -> Joint {
        let mut random = Random::new(seed, 5);
        let draws: Vec<Vec<f64>> = centres
            .iter()
            .map(|c| {
                (0..COUNT)
                    .flat_map(|_| [c + sd * random.normal(), 0.5 * c + sd * random.normal()])
                    .collect()
            })
            .collect();
        let own: Vec<Own<'_>> = draws
            .iter()
            .map(|draws| Own {
                draws,
                dimension: 2,
                places: [0, 1],
                effective: COUNT as f64,
            })
            .collect();
        join(&own, 0.5, seed, 0)
    }

    #[test]
    fn effective_numbers_are_those_of_the_scatter_between_repetitions() {
        let growth = |joint: &Joint| -> Vec<f64> {
            let draws = joint.lesions[0].iter().step_by(2);
            draws.copied().collect()
        };
        let (mut means, mut variances, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for seed in 0..80 {
            let joint = joined(&[1.5, -1.5], 0.5, seed);
            let x = growth(&joint);
            means.push(mean(&x));
            variances.push(variance(&x));
            told.push(joint.effective[0]);
        }
        // The scatter has that of the thousand draws of the patient in it.
        let own = variance(&means) - mean(&variances) / PATIENT_DRAWS as f64;
        let found = mean(&variances) / own;
        let ratio = mean(&told) / found;
        assert!((0.5..2.0).contains(&ratio), "{found} {ratio}");
    }

    #[test]
    fn a_lesion_unlike_all_others_is_known_by_few_draws() {
        let alike = joined(&[0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 0.7, 1);
        assert!(
            alike.effective.iter().all(|e| *e > 300.0),
            "{:?}",
            alike.effective
        );
        let unlike = joined(&[2.5, -2.5, -2.5, -2.5, -2.5, -2.5], 0.4, 1);
        assert!(unlike.effective[0] < 100.0, "{:?}", unlike.effective);
        assert!(unlike.effective[1] > 300.0, "{:?}", unlike.effective);
    }

    #[test]
    fn lesions_that_say_nothing_leave_the_prior() {
        let joint = joined(&[0.0, 0.0], 1.0, 3);
        let draws = joint.lesions[1].iter().skip(1).step_by(2);
        let kill: Vec<f64> = draws.copied().collect();
        assert!(mean(&kill).abs() < 0.15, "{}", mean(&kill));
        assert!((variance(&kill) - 1.0).abs() < 0.2, "{}", variance(&kill));
    }
}
