//! The outline that a gesture suggests.

use super::Params;
use super::field::Frame;
use crate::geometry::{Point, Vec3};

/// The ellipsoid that a gesture suggests, in a frame.
pub(super) struct Outline {
    pub(super) middle: Point,
    /// Unit vectors along its axes.
    axes: [Vec3; 3],
    /// Its semi-axes, mm.
    pub(super) half: [f64; 3],
    /// Whether the gesture says how far the lesion goes through the slices.
    pub(super) is_depth_known: bool,
}

/// How far the depth that was found replaces the one that was assumed.
const DEPTH_BELIEVED: f64 = 0.75;
/// The semi-axis of an ellipsoid over the standard deviation along it: √5; and more, for what a
/// division through the slices finds is cut short by the depth that was assumed for it.
const PER_DEVIATION: f64 = 2.236 * 1.08;
/// Depth that is believed, in units of the one that was assumed, and how far its middle may move.
const DEPTHS: [f64; 2] = [0.4, 1.7];
const FARTHEST_MIDDLE: f64 = 0.7;

impl Outline {
    /// Around a longest diameter.
    pub(super) fn of_line(frame: &Frame<'_>, ends: [Point; 2], params: &Params) -> Self {
        let [p0, p1] = ends.map(|p| frame.of_patient(p));
        let half = (p1.0 - p0.0).norm() / 2.0;
        let along = (p1.0 - p0.0).normalize();
        let across = frame.grid.normal().cross(&along);
        // A line along the normal has no side in the slice: any will do.
        let across = across
            .try_normalize(1e-6)
            .unwrap_or_else(|| frame.grid.i_step().normalize());
        Self {
            middle: p0.midpoint(p1),
            axes: [along, across, along.cross(&across)],
            half: [half, params.across * half, params.through * half],
            is_depth_known: false,
        }
    }

    /// Within a box whose sides follow the grid; a box in one slice is as deep as it is wide.
    pub(super) fn of_box(frame: &Frame<'_>, corners: [Point; 2], params: &Params) -> Self {
        let [p0, p1] = corners.map(|p| frame.of_patient(p));
        let normal = frame.grid.normal();
        let i = frame.grid.i_step().normalize();
        let axes = [i, normal.cross(&i), normal];
        let d = p1.0 - p0.0;
        let mut half = axes.map(|axis| d.dot(&axis).abs() / 2.0);
        let wide = (half[0] * half[1]).sqrt();
        let is_depth_known = half[2] >= 0.5 * frame.steps()[2];
        if !is_depth_known {
            half[2] = params.through / params.across * wide;
        } else {
            half[2] += 0.5 * frame.steps()[2];
        }
        Self {
            middle: p0.midpoint(p1),
            axes,
            half,
            is_depth_known,
        }
    }

    /// The same with another depth and middle through the slices: those of a lesion that was found,
    /// given as places with their probability.
    pub(super) fn refitted(&self, found: impl Iterator<Item = (Point, f64)>) -> Self {
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for (p, weight) in found {
            let depth = (p.0 - self.middle.0).dot(&self.axes[2]) / self.half[2];
            sum += weight;
            first += weight * depth;
            second += weight * depth * depth;
        }
        let mut half = self.half;
        if sum <= 0.0 {
            return Self { ..*self };
        }
        let middle = first / sum;
        let deviation = (second / sum - middle * middle).max(0.0).sqrt();
        let deep = (PER_DEVIATION * deviation).clamp(DEPTHS[0], DEPTHS[1]);
        let moved = DEPTH_BELIEVED * middle.clamp(-FARTHEST_MIDDLE, FARTHEST_MIDDLE);
        let up = self.axes[2] * (moved * self.half[2]);
        half[2] *= 1.0 + DEPTH_BELIEVED * (deep - 1.0);
        Self {
            middle: Point(self.middle.0 + up),
            half,
            ..*self
        }
    }

    /// Distance from the middle in units of the outline: below 1 within.
    pub(super) fn reach(&self, p: Point) -> f32 {
        let d = p.0 - self.middle.0;
        let along = |a: usize| d.dot(&self.axes[a]) / self.half[a];
        let [u, v, w] = [along(0), along(1), along(2)];
        (u * u + v * v + w * w).sqrt() as f32
    }

    pub(super) fn longest(&self) -> f64 {
        self.half.into_iter().fold(0.0, f64::max)
    }

    /// Whether a place lies within the box around the outline, or at most half a voxel beyond.
    pub(super) fn contains(&self, p: Point, steps: [f64; 3]) -> bool {
        let d = p.0 - self.middle.0;
        (0..3).all(|a| d.dot(&self.axes[a]).abs() <= self.half[a] + 0.5 * steps[a])
    }
}
