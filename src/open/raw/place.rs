//! Where an image lies, as far as the formats share it.

use nalgebra::{Matrix3, Matrix4, Vector4};

use crate::geometry::is_spacing_mm;
use crate::warning::Warning;

/// The place of an image.
#[derive(Clone, Debug)]
pub(in crate::open) struct Placed {
    /// Maps (i, j, k, 1) to LPS mm.
    pub(in crate::open) lps: Matrix4<f64>,
    /// Why left and right are not known; `None` where they are.
    pub(in crate::open) side: Option<String>,
    /// Why millimetres are not to be believed; `None` where they are.
    pub(in crate::open) spacing: Option<String>,
    pub(in crate::open) warnings: Vec<Warning>,
}

/// Whether three steps span space.
pub(in crate::open) fn is_regular(steps: &Matrix3<f64>) -> bool {
    let volume = steps.column(0).norm() * steps.column(1).norm() * steps.column(2).norm();
    volume > 0.0 && steps.determinant().abs() > 1e-6 * volume
}

/// The greatest distance between places that two affines give to a corner of the image.
pub(in crate::open) fn corners_apart(a: &Matrix4<f64>, b: &Matrix4<f64>, shape: [usize; 3]) -> f64 {
    (0..8)
        .map(|corner: usize| {
            let at = |axis: usize| {
                if corner >> axis & 1 == 1 {
                    shape[axis] as f64 - 1.0
                } else {
                    0.0
                }
            };
            let v = Vector4::new(at(0), at(1), at(2), 1.0);
            (a * v - b * v).norm()
        })
        .fold(0.0, f64::max)
}

/// The greatest angle between the directions that two affines give to an axis, degrees.
pub(in crate::open) fn turned_deg(a: &Matrix4<f64>, b: &Matrix4<f64>) -> f64 {
    (0..3)
        .map(|axis| {
            let (u, v) = (
                a.fixed_view::<3, 1>(0, axis).into_owned(),
                b.fixed_view::<3, 1>(0, axis).into_owned(),
            );
            u.cross(&v).norm().atan2(u.dot(&v)).to_degrees()
        })
        .fold(0.0, f64::max)
}

/// Exactly 1 mm along every axis, no rotation but flips, and the origin at voxel 0.
pub(in crate::open) fn is_placeholder(affine: &Matrix4<f64>) -> bool {
    (0..3).all(|r| {
        (0..4).all(|c| {
            let expected = if r == c { 1.0 } else { 0.0 };
            (affine[(r, c)].abs() - expected).abs() < 1e-6
        })
    })
}

/// Gives axes whose steps no image has the length 1 and says that millimetres are not to be
/// believed: sizes from them would be zero or no numbers.
pub(super) fn without_absurd_steps(placed: &mut Placed) {
    for axis in 0..3 {
        let step = placed.lps.fixed_view::<3, 1>(0, axis).into_owned();
        // The norm of very small or large components is 0 or infinite.
        let length = step.norm();
        if is_spacing_mm(length) {
            continue;
        }
        placed
            .spacing
            .get_or_insert_with(|| format!("axis {axis} has steps of {length:.3e} mm"));
        let one = (step / step.amax()).normalize();
        if one.iter().all(|v| v.is_finite()) {
            placed.lps.fixed_view_mut::<3, 1>(0, axis).copy_from(&one);
        }
    }
}

/// Gives the axes other lengths, keeping directions and origin.
pub(super) fn set_spacing(m: &mut Matrix4<f64>, spacing: [f64; 3]) {
    for (axis, length) in spacing.iter().enumerate() {
        let norm = m.fixed_view::<3, 1>(0, axis).norm();
        if norm > 0.0 {
            m.fixed_view_mut::<3, 1>(0, axis).scale_mut(length / norm);
        }
    }
}
