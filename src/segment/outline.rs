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
}

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
        if half[2] < 0.5 * frame.steps()[2] {
            half[2] = params.through / params.across * wide;
        } else {
            half[2] += 0.5 * frame.steps()[2];
        }
        Self {
            middle: p0.midpoint(p1),
            axes,
            half,
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
