//! Modes of a posterior, by damped Gauss–Newton steps (Levenberg 1944, Marquardt 1963).

use super::adapt::{Weighted, seeds};
use super::linear::{Cholesky, invert};
use super::random::Random;
use super::target::{Slopes, Target};
use crate::twin::stats::log_sum_exp;

/// A mode with the covariance of its curvature.
#[derive(Clone, Debug)]
pub(super) struct Mode {
    pub(super) centre: Vec<f64>,
    pub(super) covariance: Vec<f64>,
    root: Cholesky,
    pub(super) log_posterior: f64,
}

/// Prior draws that are looked at for places to climb from, per parameter.
const LOOKS: usize = 60;
/// Power of the likelihood by which they are chosen: small, so that places unlike each other remain.
const TEMPER: f64 = 0.2;
/// Modes this far (in log density) below the best are left out.
const FORGETTABLE: f64 = 8.0;
const STEPS: usize = 15;
/// Rise of the log posterior below which a climb ends: the mode is the centre of a proposal, no more.
const NEAR_ENOUGH: f64 = 1e-2;

/// The modes found, best first; at least one.
pub(super) fn modes<T: Target>(target: &T, scratch: &mut T::Scratch) -> Vec<Mode> {
    let mut found: Vec<Mode> = Vec::new();
    for from in starts(target, scratch) {
        if let Some(mode) = climb(target, from, &found, scratch) {
            found.push(mode);
        }
    }
    found.sort_by(|a, b| b.log_posterior.total_cmp(&a.log_posterior));
    let mut modes: Vec<Mode> = Vec::new();
    for mode in found {
        let low = modes
            .first()
            .is_some_and(|best| mode.log_posterior < best.log_posterior - FORGETTABLE);
        if !low && !modes.iter().any(|m| m.is_near(&mode.centre)) {
            modes.push(mode);
        }
    }
    if modes.is_empty() {
        let n = target.dimension();
        modes.push(Mode {
            centre: vec![0.0; n],
            root: Cholesky::identity(n),
            covariance: identity(n),
            log_posterior: f64::NEG_INFINITY,
        });
    }
    modes
}

fn identity(n: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; n * n];
    for i in 0..n {
        matrix[i * n + i] = 1.0;
    }
    matrix
}

/// Places from which modes are looked for: the origin, and prior draws (with what is pinned put
/// there) that the likelihood favours and that lie far from each other.
///
/// Posteriors have several modes: an outlying scan may be believed or not, and regrowth may be of
/// cells that resist or of cells that were hardly killed.
fn starts<T: Target>(target: &T, scratch: &mut T::Scratch) -> Vec<Vec<f64>> {
    let n = target.dimension();
    let origin = target.origin();
    // Part of the method, not of the sampling: the seed is fixed.
    let mut random = Random::new(0x0D15_EA5E, 0);
    let mut looked = Weighted {
        dimension: n,
        ..Weighted::default()
    };
    let mut logs = Vec::new();
    let mut z = vec![0.0; n];
    for _ in 0..LOOKS * n {
        for z in &mut z {
            *z = random.normal();
        }
        if let Some(pin) = target.pin() {
            z[pin.parameter] = pin.place + pin.spread * z[pin.parameter];
        }
        logs.push(TEMPER * target.log_likelihood(&z, scratch));
        looked.draws.extend(&z);
    }
    let total = log_sum_exp(&logs);
    looked.weights = logs.iter().map(|l| libm::exp(l - total)).collect();
    let mut places = vec![origin];
    places.extend(
        seeds(&looked, &identity(n), if n > 3 { 6 } else { 4 })
            .into_iter()
            .map(|i| looked.row(i).to_vec()),
    );
    places
}

impl Mode {
    /// Whether a place lies within a standard deviation.
    fn is_near(&self, place: &[f64]) -> bool {
        let gap: Vec<f64> = place.iter().zip(&self.centre).map(|(a, b)| a - b).collect();
        let solved = self.root.solve(&gap);
        gap.iter().zip(&solved).map(|(a, b)| a * b).sum::<f64>() < 1.0
    }
}

/// Climbs from a place; `None` where it leads to no number, or to a mode that is known.
fn climb<T: Target>(
    target: &T,
    from: Vec<f64>,
    known: &[Mode],
    scratch: &mut T::Scratch,
) -> Option<Mode> {
    let n = from.len();
    let hill = |z: &[f64], scratch: &mut T::Scratch| target.slopes(z, scratch);
    let height = |z: &[f64], scratch: &mut T::Scratch| target.log_posterior(z, scratch);
    let stop = |z: &[f64]| known.iter().any(|m| m.is_near(z));
    let goal = (STEPS, NEAR_ENOUGH);
    let (centre, top) = ascend(hill, height, stop, goal, from, scratch)?;
    let covariance = invert(&top.curvature, n)?;
    Some(Mode {
        root: Cholesky::new(&covariance, n)?,
        covariance,
        log_posterior: top.log_posterior,
        centre,
    })
}

/// Steps and nearness of the highest likelihood, which is told.
const CAREFUL: (usize, f64) = (60, 1e-6);

/// The highest log likelihood near a place, whatever the prior; `None` where that has no number.
pub(in crate::twin) fn highest_likelihood<T: Target>(target: &T, from: &[f64]) -> Option<f64> {
    let n = from.len();
    let mut scratch = T::Scratch::default();
    let hill = |z: &[f64], scratch: &mut T::Scratch| {
        let mut here = target.slopes(z, scratch)?;
        for (j, z) in z.iter().enumerate() {
            here.log_posterior += 0.5 * z * z;
            here.gradient[j] += z;
            // All but nothing is left, so that no direction is flat.
            here.curvature[j * n + j] -= 1.0 - 1e-6;
        }
        Some(here)
    };
    let height = |z: &[f64], scratch: &mut T::Scratch| target.log_likelihood(z, scratch);
    let (_, top) = ascend(
        hill,
        height,
        |_| false,
        CAREFUL,
        from.to_vec(),
        &mut scratch,
    )?;
    Some(top.log_posterior)
}

/// Steps uphill, at most so many, until one promises less than enough. `None` where a start has no
/// number, or where `stop` knows a place on the way.
fn ascend<S>(
    hill: impl Fn(&[f64], &mut S) -> Option<Slopes>,
    height: impl Fn(&[f64], &mut S) -> f64,
    stop: impl Fn(&[f64]) -> bool,
    (steps, enough): (usize, f64),
    from: Vec<f64>,
    scratch: &mut S,
) -> Option<(Vec<f64>, Slopes)> {
    let n = from.len();
    let mut z = from;
    let mut here = hill(&z, scratch)?;
    let mut damping = 1e-2;
    let mut matrix = Vec::new();
    for _ in 0..steps {
        matrix.clone_from(&here.curvature);
        for j in 0..n {
            matrix[j * n + j] *= 1.0 + damping;
        }
        let Some(root) = Cholesky::new(&matrix, n) else {
            damping *= 10.0;
            continue;
        };
        let step = root.solve(&here.gradient);
        let next: Vec<f64> = z.iter().zip(&step).map(|(z, s)| z + s).collect();
        let promised: f64 = step.iter().zip(&here.gradient).map(|(s, g)| s * g).sum();
        let reached = height(&next, scratch);
        if reached >= here.log_posterior
            && let Some(there) = hill(&next, scratch)
        {
            z = next;
            here = there;
            damping = (0.2 * damping).max(1e-6);
            if promised < enough {
                break;
            }
            if promised < 1.0 && stop(&z) {
                return None;
            }
        } else {
            damping = (8.0 * damping).max(1e-3);
            if promised < 1e-6 || damping > 1e8 {
                break;
            }
        }
    }
    Some((z, here))
}
