//! From a pose to the likest pose nearby: steps of Levenberg and Marquardt.

use nalgebra::Vector6;

use super::likeness::{Comparison, Measure, Slope};
use super::pose::Pose;
use crate::jobs::{Cancelled, JobContext};

/// Damping at first, and between which bounds it moves.
const DAMPING: f64 = 1e-2;
const LEAST_DAMPING: f64 = 1e-6;
const MOST_DAMPING: f64 = 1e6;
/// The bend is not taken for less than this share of what it is told to be.
const LEAST_SHARE: f64 = 0.1;
/// A step may not lose more than this share of the samples that counted at first: likeness could be
/// bought by leaving the image.
const LEAST_KEPT: f64 = 0.7;

/// What may change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Freedom {
    Rigid,
    Shift,
}

/// How far to go.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) steps: usize,
    /// Steps that move nothing by this much, mm, are the last.
    pub(super) tolerance: f64,
    /// A step that gains less than this share of the value is the last.
    pub(super) least_gain: f64,
    /// Longest step, mm.
    pub(super) longest: f64,
    /// Distance from the middle at which turns are counted in mm.
    pub(super) radius: f64,
}

/// Where a climb ended.
pub(super) struct Climb {
    pub(super) pose: Pose,
    pub(super) slope: Slope,
}

/// Climbs from a pose; `None` where the images do not meet there.
pub(super) fn climb(
    comparison: &Comparison,
    start: &Pose,
    freedom: Freedom,
    limits: Limits,
    job: &JobContext,
) -> Result<Option<Climb>, Cancelled> {
    let mut pose = *start;
    let Some(mut slope) = comparison.slope(&pose) else {
        return Ok(None);
    };
    let least = (slope.likeness.n as f64 * LEAST_KEPT) as usize;
    let mut damping = DAMPING;
    let mut share = 1.0;
    let mut steps = 0;
    while steps < limits.steps && damping <= MOST_DAMPING {
        job.check()?;
        steps += 1;
        let Some(step) = step(&slope, damping, share, freedom) else {
            damping *= 10.0;
            continue;
        };
        let length = length(&step, limits.radius);
        let step = step * (limits.longest / length).min(1.0);
        let next = pose.stepped(&step);
        // A trial costs as much as a slope only where it succeeds.
        let is_better = comparison
            .likeness(&next)
            .is_some_and(|l| l.value > slope.likeness.value && l.n >= least);
        if is_better && let Some(found) = comparison.slope(&next) {
            let gain = found.likeness.value - slope.likeness.value;
            // The bend of correlation is right as it is; and parts of an image have tops enough to be led
            // astray by long steps: they look near by.
            if freedom == Freedom::Rigid && matches!(comparison.measure, Measure::Mutual(_)) {
                share = share_of_bend(&step, &slope, &found);
            }
            (pose, slope) = (next, found);
            damping = (damping * 0.2).max(LEAST_DAMPING);
            if gain < limits.least_gain * slope.likeness.value.abs() {
                break;
            }
        } else if share < 1.0 {
            share = 1.0;
        } else {
            damping *= 8.0;
        }
        if length < limits.tolerance {
            break;
        }
    }
    Ok(Some(Climb { pose, slope }))
}

/// Longest way that a step moves a point at `radius`, mm.
fn length(step: &Vector6<f64>, radius: f64) -> f64 {
    let turn = step.fixed_rows::<3>(0).norm();
    let shift = step.fixed_rows::<3>(3).norm();
    turn * radius + shift
}

/// How much the slope fell on a step, as a share of what the bend foretold (secant equation; the scaling is that
/// of Barzilai and Borwein 1988, doi 10.1093/imanum/8.1.141).
///
/// The bend of mutual information is made of the gradients of single samples, which noise makes large
/// without bending their sum: steps by such a bend creep, and end before the top.
fn share_of_bend(step: &Vector6<f64>, from: &Slope, to: &Slope) -> f64 {
    let foretold = step.dot(&(from.bend * step));
    let fell = step.dot(&(from.gradient - to.gradient));
    if foretold > 0.0 {
        (fell / foretold).clamp(LEAST_SHARE, 1.0)
    } else {
        1.0
    }
}

fn step(slope: &Slope, damping: f64, share: f64, freedom: Freedom) -> Option<Vector6<f64>> {
    let mut bend = slope.bend * share;
    let mut gradient = slope.gradient;
    for a in 0..6 {
        if freedom == Freedom::Shift && a < 3 {
            bend.row_mut(a).fill(0.0);
            bend.column_mut(a).fill(0.0);
            bend[(a, a)] = 1.0;
            gradient[a] = 0.0;
        }
        bend[(a, a)] *= 1.0 + damping;
    }
    let step = bend.cholesky()?.solve(&gradient);
    step.iter().all(|v| v.is_finite()).then_some(step)
}
