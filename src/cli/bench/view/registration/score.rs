//! How far a transform puts points of the body from where they belong.

use nalgebra::{Matrix3, Rotation3, UnitQuaternion};

use crate::geometry::{Point, Vec3, Voxel};
use crate::register::Rigid;
use crate::volume::{IntensityUnit, Mask, Volume};

/// About how many points.
const POINTS: usize = 4000;

/// Mean and largest distance between where two transforms put points, mm.
pub(super) fn error(found: &Rigid, truth: &Rigid, points: &[Point]) -> (f64, f64) {
    let apart = |p: &Point| found.apply(*p).distance(truth.apply(*p)).0;
    let sum: f64 = points.iter().map(apart).sum();
    let max = points.iter().map(apart).fold(0.0, f64::max);
    (sum / points.len().max(1) as f64, max)
}

/// Voxel centres of the body in `fixed` that `truth` puts inside `moving`.
pub(super) fn body_points(fixed: &Volume, moving: &Volume, truth: &Rigid) -> Vec<Point> {
    let grid = fixed.grid();
    let [ni, nj, nk] = grid.shape();
    let stride = ((ni * nj * nk) as f64 / (4 * POINTS) as f64)
        .cbrt()
        .max(1.0);
    let along = |n: usize| {
        let count = (n as f64 / stride).ceil() as usize;
        (0..count).map(move |a| ((a as f64 * stride) as usize).min(n - 1))
    };
    let threshold = threshold(fixed);
    let inside = |p: Point| {
        let v = moving.grid().voxel_from_patient(truth.apply(p));
        let [mi, mj, mk] = moving.grid().shape();
        let within = |v: f64, n: usize| v >= 0.0 && v <= (n - 1) as f64;
        within(v.i, mi) && within(v.j, mj) && within(v.k, mk)
    };
    let mut points = Vec::new();
    for k in along(nk) {
        for j in along(nj) {
            for i in along(ni) {
                if fixed
                    .value(i, j, k)
                    .is_some_and(|v| f64::from(v) > threshold)
                {
                    let p = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
                    if inside(p) {
                        points.push(p);
                    }
                }
            }
        }
    }
    points
}

/// Value above which a voxel is taken for body: −300 HU, or a quarter of the way from the darkest value to
/// the mean of those above the mean.
fn threshold(volume: &Volume) -> f64 {
    if volume.unit == IntensityUnit::Hounsfield {
        return -300.0;
    }
    let Some(all) = volume.statistics() else {
        return f64::INFINITY;
    };
    let nk = volume.grid().shape()[2];
    let bright = (0..nk)
        .flat_map(|k| volume.slice_values(k))
        .map(|v| v.filter(|v| f64::from(*v) > all.mean));
    let bright = crate::volume::statistics_of(bright).map_or(all.max, |s| s.mean);
    all.min + 0.25 * (bright - all.min)
}

/// Corners of a cube about the origin, mm.
pub(super) fn cube(half: f64) -> Vec<Point> {
    let side = |c: usize, axis: usize| if c >> axis & 1 == 1 { half } else { -half };
    (0..8)
        .map(|c| Point::new(side(c, 0), side(c, 1), side(c, 2)))
        .collect()
}

/// The rigid transform of the upper three rows of a matrix.
pub(super) fn rigid(rows: [[f64; 4]; 3]) -> Rigid {
    let matrix = Matrix3::from_fn(|r, c| rows[r][c]);
    let rotation = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(matrix));
    Rigid::new(rotation, Vec3::new(rows[0][3], rows[1][3], rows[2][3]))
}

/// The same lesion as drawn on either image.
pub(super) struct Masks {
    pub(super) fixed: Mask,
    pub(super) moving: Mask,
}

impl Masks {
    /// Distance of the middles of the two masks under a transform, mm.
    pub(super) fn apart(&self, transform: &Rigid) -> f64 {
        let (fixed, moving) = (middle(&self.fixed), middle(&self.moving));
        transform.apply(fixed).distance(moving).0
    }
}

/// Middle of a mask, voxels weighed by the extent of their slices.
fn middle(mask: &Mask) -> Point {
    let grid = mask.grid();
    let (mut sum, mut weight) = (Vec3::zeros(), 0.0);
    for [i, j, k] in mask.voxels() {
        let w = grid.slice_extent(k).0;
        let p = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
        sum += p.0.coords * w;
        weight += w;
    }
    Point((sum / f64::max(weight, f64::MIN_POSITIVE)).into())
}
