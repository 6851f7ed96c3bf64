//! How alike two images are at a pose, and in which direction they become more alike.

use nalgebra::{Matrix6, Vector6};

use super::level::Level;
use super::mutual::Mutual;
use super::ncc::Correlation;
use super::params::Metric;
use super::pose::Pose;
use super::samples::Samples;
use crate::geometry::Vec3;

/// Samples that a worker takes at a time. Sums are added in the order of the parts, so that they do not
/// depend on the number of workers.
pub(super) const PART: usize = 2048;

/// Likeness at a pose.
#[derive(Clone, Debug)]
pub(super) struct Likeness {
    /// What is made as large as possible.
    pub(super) value: f64,
    /// What is told and compared between places: [`Metric`] says its scale.
    pub(super) stated: f64,
    /// Samples that fall on the other image.
    pub(super) n: usize,
}

/// Likeness with its slope and bend.
#[derive(Clone, Debug)]
pub(super) struct Slope {
    pub(super) likeness: Likeness,
    /// Change per radian and per mm.
    pub(super) gradient: Vector6<f64>,
    /// Minus the second derivative, approximated so that it is never indefinite.
    pub(super) bend: Matrix6<f64>,
}

/// Samples of one image and what they are compared with.
pub(super) struct Comparison<'a> {
    pub(super) samples: &'a Samples,
    pub(super) level: &'a Level,
    pub(super) measure: Measure,
}

/// The metric with what it needs to know in advance.
pub(super) enum Measure {
    Correlation(Correlation),
    Mutual(Mutual),
}

impl Measure {
    pub(super) fn new(
        metric: Metric,
        samples: &Samples,
        other_values: &[f32],
        bins: usize,
    ) -> Option<Self> {
        match metric {
            Metric::Ncc => Correlation::new(samples).map(Self::Correlation),
            Metric::Mi => Mutual::new(samples, other_values, bins).map(Self::Mutual),
        }
    }
}

impl Comparison<'_> {
    /// Likeness at a pose; `None` where too few samples fall on the other image, or all values there are
    /// alike.
    pub(super) fn likeness(&self, pose: &Pose) -> Option<Likeness> {
        match &self.measure {
            Measure::Correlation(c) => c.likeness(self.samples, self.level, pose),
            Measure::Mutual(m) => m.likeness(self.samples, self.level, pose),
        }
    }

    /// The same with slope and bend; sums run on all workers.
    pub(super) fn slope(&self, pose: &Pose) -> Option<Slope> {
        match &self.measure {
            Measure::Correlation(c) => c.slope(self.samples, self.level, pose),
            Measure::Mutual(m) => m.slope(self.samples, self.level, pose),
        }
    }

    /// Share of the samples that fall on the other image.
    pub(super) fn overlap(&self, likeness: &Likeness) -> f64 {
        likeness.n as f64 / self.samples.points.len().max(1) as f64
    }
}

/// Change of a value with the six parameters: turns about the middle, then shifts.
#[inline]
pub(super) fn by_parameters(slope: &Vec3, arm: &Vec3) -> [f64; 6] {
    let turn = arm.cross(slope);
    [turn.x, turn.y, turn.z, slope.x, slope.y, slope.z]
}

/// The upper half of `v vᵀ`, times a weight, added row by row.
#[inline]
pub(super) fn add_square(sums: &mut [f64; 21], v: &[f64; 6], weight: f64) {
    let mut at = 0;
    for (a, first) in v.iter().enumerate() {
        let first = first * weight;
        for second in &v[a..] {
            sums[at] += first * second;
            at += 1;
        }
    }
}

/// The symmetric matrix of an upper half.
pub(super) fn symmetric(upper: &[f64; 21]) -> Matrix6<f64> {
    let mut matrix = Matrix6::zeros();
    let mut at = 0;
    for a in 0..6 {
        for b in a..6 {
            matrix[(a, b)] = upper[at];
            matrix[(b, a)] = upper[at];
            at += 1;
        }
    }
    matrix
}
