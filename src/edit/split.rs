//! Cuts by a plane, and slices emptied.

use super::work::Work;
use super::{Cut, Error};
use crate::geometry::{Point, Vec3, Voxel};
use crate::volume::Mask;

/// How near to the plane a place counts as on it, mm.
const ON_PLANE_MM: f64 = 1e-6;
/// Smallest sine of the angle between two sides of the triangle that gives a plane.
const LEAST_SINE: f64 = 1e-6;

/// What of the mask lies to one side of a plane, by the centres of voxels.
///
/// Voxels just on the plane belong to the side that its normal points to, whichever side is kept: the
/// two sides are always the whole.
pub(super) fn side(work: &Work<'_>, through: &Cut, keep: Point) -> Result<Mask, Error> {
    let (at, normal) = plane(through)?;
    let height = |p: Point| (p.0 - at.0).dot(&normal);
    let chosen = height(keep);
    if chosen.abs() <= ON_PLANE_MM {
        return Err(Error::NoSide);
    }
    let made = work.kept(|[i, j, k]| {
        let v = Voxel::new(i as f64, j as f64, k as f64);
        let is_above = height(work.grid.patient_from_voxel(v)) >= -ON_PLANE_MM;
        is_above == (chosen > 0.0)
    })?;
    if made.is_empty() || made.n_voxels() == work.mask.n_voxels() {
        return Err(Error::NotCut);
    }
    Ok(made)
}

/// A point of the plane and its unit normal.
fn plane(through: &Cut) -> Result<(Point, Vec3), Error> {
    match through {
        Cut::Points([a, b, c]) => {
            let (ab, ac) = (b.0 - a.0, c.0 - a.0);
            let normal = ab.cross(&ac);
            let is_line = normal.norm() <= LEAST_SINE * ab.norm() * ac.norm();
            if is_line {
                return Err(Error::NoPlane);
            }
            Ok((*a, normal.normalize()))
        }
        Cut::Normal { at, normal } => {
            let normal = Vec3::from(*normal);
            // Scaled first: the square of a very small or large length is no number.
            let unit = (normal / normal.amax()).normalize();
            if unit.iter().any(|x| !x.is_finite()) {
                return Err(Error::NoPlane);
            }
            Ok((*at, unit))
        }
    }
}

/// The mask without the slice nearest to a point.
pub(super) fn clear_slice(work: &Work<'_>, at: Point) -> Result<Mask, Error> {
    let [_, _, k] = work.voxel_at(at).ok_or(Error::Outside { what: "point" })?;
    work.kept(|v| v[2] != k)
}
