//! Modes of a posterior, by damped Gauss–Newton steps (Levenberg 1944, Marquardt 1963).

use super::adapt::{Weighted, seeds};
use super::linear::{Cholesky, invert};
use super::random::Random;
use super::target::Target;
use crate::twin::stats::log_sum_exp;

/// A mode with the covariance of its curvature.
#[derive(Clone, Debug)]
pub(super) struct Mode {
    pub(super) centre: Vec<f64>,
    pub(super) covariance: Vec<f64>,
    root: Cholesky,
    log_posterior: f64,
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
    let mut z = from;
    let mut here = target.slopes(&z, scratch)?;
    let mut damping = 1e-2;
    let mut matrix = Vec::new();
    for _ in 0..STEPS {
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
        let reached = target.log_posterior(&next, scratch);
        if reached >= here.log_posterior
            && let Some(there) = target.slopes(&next, scratch)
        {
            z = next;
            here = there;
            damping = (0.2 * damping).max(1e-6);
            if promised < NEAR_ENOUGH {
                break;
            }
            if promised < 1.0 && known.iter().any(|m| m.is_near(&z)) {
                return None;
            }
        } else {
            damping = (8.0 * damping).max(1e-3);
            if promised < 1e-6 || damping > 1e8 {
                break;
            }
        }
    }
    let covariance = invert(&here.curvature, n)?;
    Some(Mode {
        root: Cholesky::new(&covariance, n)?,
        covariance,
        log_posterior: here.log_posterior,
        centre: z,
    })
}
