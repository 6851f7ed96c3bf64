//! The sampling grid of an image: shape, in-plane steps and one position per slice.

use serde::{Deserialize, Serialize};

use super::{Point, Vec3, Voxel};
use crate::units::{Mm, Mm2, Mm3};

/// Whether the grid's millimetres can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Steps and positions are millimetres.
    Known,
    /// Steps are nominal; measurements are in pixels and voxels (warning W-SPACING-UNKNOWN).
    Unknown,
}

/// Whether a number can be the distance of pixels or slices, mm: from a tenth of a micrometre to ten
/// metres. Beyond that it is damage, and areas and volumes of it would be zero or no numbers.
pub(crate) fn is_spacing_mm(mm: f64) -> bool {
    (1e-4..=1e4).contains(&mm)
}

/// Why a grid could not be formed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A dimension is zero or the number of voxels overflows.
    #[error("grid shape {0:?} is empty or too large")]
    Shape([usize; 3]),
    /// A step vector is zero, not finite, or the two in-plane steps are parallel.
    #[error("in-plane steps {i_step:?} and {j_step:?} do not span a plane")]
    Steps {
        /// Step per voxel along i, mm.
        i_step: [f64; 3],
        /// Step per voxel along j, mm.
        j_step: [f64; 3],
    },
    /// The number of slice positions differs from the number of slices.
    #[error("{positions} slice positions for {slices} slices")]
    SliceCount {
        /// Positions given.
        positions: usize,
        /// Slices in the shape.
        slices: usize,
    },
    /// Slice positions do not advance along the plane's normal.
    #[error("slice {k} does not lie beyond slice {} along the normal", k - 1)]
    SliceOrder {
        /// The offending slice.
        k: usize,
    },
}

/// A stack of parallel slices in patient space.
///
/// Slice `k` has the centre of its first voxel at `slice_origins[k]`; within a slice, voxel centres
/// advance by `i_step` and `j_step`. Slices may be unevenly spaced (gaps) and may shift in-plane
/// from one to the next (gantry tilt): nothing is assumed uniform, nothing is resampled.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    shape: [usize; 3],
    i_step: Vec3,
    j_step: Vec3,
    slice_origins: Vec<Point>,
    slice_step: Vec3,
    spacing: Spacing,
    orientation_known: bool,
    /// Slices that were never imaged, ascending.
    void_slices: Vec<usize>,
}

impl Grid {
    /// Forms a grid of `shape` (i, j, k) voxels.
    ///
    /// `slice_step` is the step to assume for a single slice (its thickness along the normal); for
    /// two and more slices it is derived from the positions, and `None` may be given.
    ///
    /// # Errors
    /// When the shape is empty or too large, the steps do not span a plane, or the positions are
    /// not strictly monotonous along the normal.
    pub fn new(
        shape: [usize; 3],
        i_step: Vec3,
        j_step: Vec3,
        slice_origins: Vec<Point>,
        slice_step: Option<Vec3>,
    ) -> Result<Self, GridError> {
        let n_voxels = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if shape.contains(&0) || n_voxels.is_none_or(|n| n > isize::MAX as usize / 8) {
            return Err(GridError::Shape(shape));
        }
        let normal = i_step.cross(&j_step);
        let all_finite = i_step.iter().chain(j_step.iter()).all(|v| v.is_finite());
        if !all_finite
            || normal.norm() <= 1e-9 * i_step.norm() * j_step.norm()
            || normal.norm() == 0.0
        {
            return Err(GridError::Steps {
                i_step: i_step.into(),
                j_step: j_step.into(),
            });
        }
        if slice_origins.len() != shape[2] {
            return Err(GridError::SliceCount {
                positions: slice_origins.len(),
                slices: shape[2],
            });
        }
        let normal = normal.normalize();
        let n = slice_origins.len();
        let slice_step = if n > 1 {
            (slice_origins[n - 1].0 - slice_origins[0].0) / (n - 1) as f64
        } else {
            slice_step.unwrap_or(normal)
        };
        // A left-handed stack (possible in NIfTI) runs against the normal throughout.
        let direction = slice_step.dot(&normal).signum();
        for k in 1..n {
            let advance = (slice_origins[k].0 - slice_origins[k - 1].0).dot(&normal) * direction;
            if advance.is_nan() || advance <= 1e-6 {
                return Err(GridError::SliceOrder { k });
            }
        }
        Ok(Self {
            shape,
            i_step,
            j_step,
            slice_origins,
            slice_step,
            spacing: Spacing::Known,
            orientation_known: true,
            void_slices: Vec::new(),
        })
    }

    /// A grid of evenly spaced slices from an affine that maps (i, j, k, 1) to LPS mm.
    ///
    /// # Errors
    /// As [`Grid::new`].
    pub fn from_affine(
        shape: [usize; 3],
        affine: &nalgebra::Matrix4<f64>,
    ) -> Result<Self, GridError> {
        let column = |c: usize| Vec3::new(affine[(0, c)], affine[(1, c)], affine[(2, c)]);
        let (origin, k_step) = (column(3), column(2));
        let slice_origins = (0..shape[2])
            .map(|k| Point((origin + k_step * k as f64).into()))
            .collect();
        Self::new(shape, column(0), column(1), slice_origins, Some(k_step))
    }

    /// The same grid whose millimetres are not to be believed.
    #[must_use]
    pub fn with_spacing(mut self, spacing: Spacing) -> Self {
        self.spacing = spacing;
        self
    }

    /// The same grid, stating whether left and right are known.
    #[must_use]
    pub fn with_orientation_known(mut self, known: bool) -> Self {
        self.orientation_known = known;
        self
    }

    /// The same grid with slices that were never imaged: they hold the place of missing ones, so
    /// that the stack stays even, and count for nothing.
    #[must_use]
    pub fn with_void_slices(mut self, mut slices: Vec<usize>) -> Self {
        slices.retain(|k| *k < self.shape[2]);
        slices.sort_unstable();
        slices.dedup();
        self.void_slices = slices;
        self
    }

    /// Slices that were never imaged, ascending.
    #[must_use]
    pub fn void_slices(&self) -> &[usize] {
        &self.void_slices
    }

    /// Whether slice `k` was never imaged.
    #[must_use]
    pub fn is_void(&self, k: usize) -> bool {
        self.void_slices.binary_search(&k).is_ok()
    }

    /// Some neighbouring slices as a grid of their own; `None` when there is none of them.
    #[must_use]
    pub fn slices(&self, range: std::ops::Range<usize>) -> Option<Self> {
        let range = range.start..range.end.min(self.shape[2]);
        let slice_origins = self.slice_origins.get(range.clone())?.to_vec();
        let n = slice_origins.len();
        let (first, last) = (slice_origins.first()?, slice_origins.last()?);
        let slice_step = if n > 1 {
            (last.0 - first.0) / (n - 1) as f64
        } else {
            self.slice_step
        };
        Some(Self {
            shape: [self.shape[0], self.shape[1], n],
            slice_step,
            slice_origins,
            void_slices: self
                .void_slices
                .iter()
                .filter(|k| range.contains(k))
                .map(|k| k - range.start)
                .collect(),
            ..self.clone()
        })
    }

    /// Number of voxels along (i, j, k).
    #[must_use]
    pub const fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Total number of voxels.
    #[must_use]
    pub const fn n_voxels(&self) -> usize {
        self.shape[0] * self.shape[1] * self.shape[2]
    }

    /// Step from one voxel centre to the next along i, mm.
    #[must_use]
    pub const fn i_step(&self) -> Vec3 {
        self.i_step
    }

    /// Step from one voxel centre to the next along j, mm.
    #[must_use]
    pub const fn j_step(&self) -> Vec3 {
        self.j_step
    }

    /// Mean step from one slice to the next: (last − first position) / (n − 1), mm.
    #[must_use]
    pub const fn slice_step(&self) -> Vec3 {
        self.slice_step
    }

    /// Whether the millimetres of this grid can be believed.
    #[must_use]
    pub const fn spacing(&self) -> Spacing {
        self.spacing
    }

    /// Whether measurements may carry millimetres.
    #[must_use]
    pub fn is_calibrated(&self) -> bool {
        self.spacing == Spacing::Known
    }

    /// Whether left and right are known (false for Analyze-style headers).
    #[must_use]
    pub const fn is_orientation_known(&self) -> bool {
        self.orientation_known
    }

    /// Centre of voxel (0, 0, k) for every slice.
    #[must_use]
    pub fn slice_origins(&self) -> &[Point] {
        &self.slice_origins
    }

    /// Unit normal of the slices, i × j.
    #[must_use]
    pub fn normal(&self) -> Vec3 {
        self.i_step.cross(&self.j_step).normalize()
    }

    /// Centre-to-centre distances along (i, j) and the mean distance of slices along the normal.
    #[must_use]
    pub fn spacing_mm(&self) -> [Mm; 3] {
        let across = self.slice_step.dot(&self.normal()).abs();
        [Mm(self.i_step.norm()), Mm(self.j_step.norm()), Mm(across)]
    }

    /// Area of one pixel in the slice plane.
    #[must_use]
    pub fn pixel_area(&self) -> Mm2 {
        Mm2(self.i_step.cross(&self.j_step).norm())
    }

    /// Position of slice `k` along the normal, mm, relative to the patient origin.
    #[must_use]
    pub fn slice_position(&self, k: usize) -> Mm {
        Mm(self.slice_origins[k].0.coords.dot(&self.normal()))
    }

    /// Distances between neighbouring slices along the normal, mm; one fewer than slices.
    #[must_use]
    pub fn slice_gaps(&self) -> Vec<Mm> {
        let normal = self.normal();
        self.slice_origins
            .windows(2)
            .map(|w| Mm((w[1].0 - w[0].0).dot(&normal).abs()))
            .collect()
    }

    /// Median distance between neighbouring slices; for a single slice, its assumed thickness.
    #[must_use]
    pub fn median_gap(&self) -> Mm {
        let mut gaps: Vec<f64> = self.slice_gaps().iter().map(|g| g.0).collect();
        if gaps.is_empty() {
            return self.spacing_mm()[2];
        }
        gaps.sort_by(f64::total_cmp);
        Mm(gaps[gaps.len() / 2])
    }

    /// The extent along the normal that slice `k` stands for when a volume is integrated; zero for a
    /// slice that was never imaged.
    ///
    /// Both parts of [`Grid::slice_reach`].
    #[must_use]
    pub fn slice_extent(&self, k: usize) -> Mm {
        let [before, after] = self.slice_reach(k);
        Mm(before.0 + after.0)
    }

    /// How far slice `k` reaches along the normal towards the slice before it and the one after it;
    /// zero for a slice that was never imaged.
    ///
    /// Half the distance to each neighbour. In a hole ([`Grid::is_hole`]) and beyond the first and the
    /// last slice it is half the gap on the other side of the slice, at most half of the hole: tissue
    /// that was never imaged is not counted.
    #[must_use]
    pub fn slice_reach(&self, k: usize) -> [Mm; 2] {
        if self.is_void(k) {
            return [Mm(0.0); 2];
        }
        self.reaches(&self.slice_gaps(), k)
    }

    /// Whether the gap from slice `k` to the next is a hole: more than 1.5 times as wide as each of the
    /// two gaps on either side of it, so that slices are missing there. Where the distance of slices
    /// changes once, as from the base of a skull upwards, or to and fro, nothing is missing.
    #[must_use]
    pub fn is_hole(&self, k: usize) -> bool {
        is_hole(&self.slice_gaps(), k)
    }

    fn reaches(&self, gaps: &[Mm], k: usize) -> [Mm; 2] {
        let beside = [k.checked_sub(1), (k < gaps.len()).then_some(k)];
        let closed = beside.map(|gap| {
            gap.filter(|gap| !is_hole(gaps, *gap))
                .map(|gap| gaps[gap].0)
        });
        // A slice between two holes stands for what slices of this stack usually do.
        let alone = || self.median_gap().0;
        let own = closed[0].or(closed[1]).unwrap_or_else(alone);
        std::array::from_fn(|side| {
            let hole = beside[side].map_or(f64::INFINITY, |gap| gaps[gap].0);
            let other = closed[1 - side].unwrap_or(own);
            Mm(closed[side].unwrap_or(other).min(hole) / 2.0)
        })
    }

    /// Volume that one voxel of slice `k` stands for.
    #[must_use]
    pub fn voxel_volume(&self, k: usize) -> Mm3 {
        Mm3(self.pixel_area().0 * self.slice_extent(k).0)
    }

    /// True when every slice lies within 0.01 mm of its place on the straight, even line from the
    /// first slice to the last.
    #[must_use]
    pub fn is_uniform(&self) -> bool {
        self.slice_origins.iter().enumerate().all(|(k, p)| {
            let even = self.slice_origins[0].0 + self.slice_step * k as f64;
            (p.0 - even).norm() <= 0.01
        })
    }

    /// Angle in degrees between the line of slice positions and the plane's normal (gantry tilt).
    #[must_use]
    pub fn tilt_deg(&self) -> f64 {
        if self.slice_origins.len() < 2 {
            return 0.0;
        }
        let along = self.slice_step.dot(&self.normal()).abs();
        let across = (self.slice_step - self.normal() * self.slice_step.dot(&self.normal())).norm();
        across.atan2(along).to_degrees()
    }

    /// The affine that maps (i, j, k, 1) to LPS mm. Exact when [`Grid::is_uniform`].
    #[must_use]
    pub fn affine(&self) -> nalgebra::Matrix4<f64> {
        let o = self.slice_origins[0].0;
        let (a, b, c) = (self.i_step, self.j_step, self.slice_step);
        nalgebra::Matrix4::new(
            a.x, b.x, c.x, o.x, a.y, b.y, c.y, o.y, a.z, b.z, c.z, o.z, 0.0, 0.0, 0.0, 1.0,
        )
    }

    /// Patient position of a continuous voxel position.
    ///
    /// Between slices the position is interpolated, beyond the ends extrapolated by the nearest
    /// gap (by the mean step for a single slice).
    #[must_use]
    pub fn patient_from_voxel(&self, v: Voxel) -> Point {
        let n = self.slice_origins.len();
        let origin = if n == 1 {
            self.slice_origins[0].0 + self.slice_step * v.k
        } else {
            let k0 = (v.k.floor().max(0.0) as usize).min(n - 2);
            let (a, b) = (self.slice_origins[k0].0, self.slice_origins[k0 + 1].0);
            a + (b - a) * (v.k - k0 as f64)
        };
        Point(origin + self.i_step * v.i + self.j_step * v.j)
    }

    /// Continuous voxel position of a patient position; inverse of [`Grid::patient_from_voxel`].
    #[must_use]
    pub fn voxel_from_patient(&self, p: Point) -> Voxel {
        let normal = self.normal();
        let n = self.slice_origins.len();
        let depth = |q: nalgebra::Point3<f64>| (p.0 - q).dot(&normal);
        let (k, origin) = if n == 1 {
            let k = depth(self.slice_origins[0].0) / self.slice_step.dot(&normal);
            (k, self.slice_origins[0].0 + self.slice_step * k)
        } else {
            let sign = self.slice_step.dot(&normal).signum();
            let beyond = self
                .slice_origins
                .partition_point(|o| depth(o.0) * sign >= 0.0);
            let k0 = beyond.saturating_sub(1).min(n - 2);
            let (a, b) = (self.slice_origins[k0].0, self.slice_origins[k0 + 1].0);
            let f = depth(a) / (b - a).dot(&normal);
            (k0 as f64 + f, a + (b - a) * f)
        };
        // In-plane coordinates by the 2×2 normal equations (steps need not be perpendicular).
        let d = p.0 - origin;
        let (aa, ab, bb) = (
            self.i_step.dot(&self.i_step),
            self.i_step.dot(&self.j_step),
            self.j_step.dot(&self.j_step),
        );
        let (da, db) = (d.dot(&self.i_step), d.dot(&self.j_step));
        let det = aa * bb - ab * ab;
        Voxel::new((da * bb - db * ab) / det, (db * aa - da * ab) / det, k)
    }

    /// Whether a continuous voxel position lies inside the grid (voxels reach ±0.5).
    #[must_use]
    pub fn contains(&self, v: Voxel) -> bool {
        [v.i, v.j, v.k]
            .iter()
            .zip(self.shape)
            .all(|(&x, n)| x >= -0.5 && x < n as f64 - 0.5)
    }

    /// Whether two grids sample the same places: same shape, all slice origins and steps within
    /// `tolerance` mm.
    #[must_use]
    pub fn matches(&self, other: &Self, tolerance: Mm) -> bool {
        let far = |g: &Self| {
            let [ni, nj, _] = g.shape;
            g.i_step * (ni as f64 - 1.0) + g.j_step * (nj as f64 - 1.0)
        };
        self.shape == other.shape
            && (far(self) - far(other)).norm() <= tolerance.0
            && (self.i_step * self.shape[0] as f64 - other.i_step * other.shape[0] as f64).norm()
                <= tolerance.0
            && self
                .slice_origins
                .iter()
                .zip(&other.slice_origins)
                .all(|(a, b)| a.distance(*b).0 <= tolerance.0)
    }
}

/// Whether one of the gaps is a hole ([`Grid::is_hole`]).
fn is_hole(gaps: &[Mm], k: usize) -> bool {
    let beside = [k.checked_sub(2), k.checked_sub(1), Some(k + 1), Some(k + 2)];
    let beside = beside.into_iter().flatten().filter_map(|n| gaps.get(n));
    let widest = beside.map(|gap| gap.0).reduce(f64::max);
    gaps.get(k)
        .zip(widest)
        .is_some_and(|(gap, widest)| gap.0 > 1.5 * widest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_keeps_its_place_and_its_voids() {
        let origins = (0..4).map(|k| Point::new(0.0, 0.0, f64::from(k) * 2.0));
        let grid = Grid::new([2, 2, 4], Vec3::x(), Vec3::y(), origins.collect(), None)
            .expect("grid")
            .with_void_slices(vec![1]);
        let part = grid.slices(1..3).expect("two slices");
        assert_eq!((part.shape(), part.void_slices()), ([2, 2, 2], &[0][..]));
        assert_eq!(part.slice_position(1), grid.slice_position(2));
        assert_eq!(grid.slices(3..9).expect("the last").slice_step().z, 2.0);
        assert!(grid.slices(4..5).is_none());
    }
    use proptest::prelude::*;

    fn uneven() -> Grid {
        let z = [0.0, 1.081, 5.083, 12.082];
        let origins = z.iter().map(|&z| Point::new(-10.0, 0.3 * z, z)).collect();
        Grid::new(
            [5, 4, 4],
            Vec3::new(0.5, 0.0, 0.0),
            Vec3::new(0.0, 0.9, 0.0),
            origins,
            None,
        )
        .expect("valid")
    }

    #[test]
    fn uneven_positions_are_kept() {
        let g = uneven();
        assert!(!g.is_uniform());
        assert_eq!(
            g.patient_from_voxel(Voxel::new(0.0, 0.0, 2.0)),
            Point::new(-10.0, 0.3 * 5.083, 5.083)
        );
        assert!((g.tilt_deg() - 16.699).abs() < 0.01);
        assert!((g.slice_extent(1).0 - (1.081 + 4.002) / 2.0).abs() < 1e-9);
        // The last gap of 6.999 mm is a hole beside the median of 4.002 mm.
        assert!((g.slice_extent(3).0 - 4.002).abs() < 1e-9);
        let [before, after] = g.slice_reach(1).map(|r| r.0);
        assert!((before - 1.081 / 2.0).abs() < 1e-9 && (after - 2.001).abs() < 1e-9);
    }

    #[test]
    fn a_change_of_distance_is_no_hole_and_a_lone_wide_gap_is() {
        let of = |gaps: &[f64]| {
            let mut z = 0.0;
            let mut origins = vec![Point::new(0.0, 0.0, z)];
            for gap in gaps {
                z += gap;
                origins.push(Point::new(0.0, 0.0, z));
            }
            let shape = [2, 2, origins.len()];
            Grid::new(shape, Vec3::x(), Vec3::y(), origins, None).expect("a grid")
        };
        let extents = |gaps: &[f64]| -> Vec<f64> {
            let grid = of(gaps);
            (0..=gaps.len()).map(|k| grid.slice_extent(k).0).collect()
        };
        // From 4 mm at the base of the skull to 7 mm above.
        assert_eq!(
            extents(&[4.0, 4.0, 4.0, 7.0, 7.0]),
            [4.0, 4.0, 4.0, 5.5, 7.0, 7.0]
        );
        // A slice is missing.
        assert_eq!(
            extents(&[4.0, 4.0, 8.0, 4.0, 4.0]),
            [4.0, 4.0, 4.0, 4.0, 4.0, 4.0]
        );
        assert!(of(&[4.0, 8.0, 4.0]).is_hole(1));
        // To and fro.
        assert!((0..5).all(|k| !of(&[1.7, 1.1, 1.7, 1.1, 1.7]).is_hole(k)));
        // Two slices alone: their distance is all that is known.
        assert_eq!(extents(&[5.0]), [5.0, 5.0]);
    }

    #[test]
    fn slices_that_go_back_are_refused() {
        let origins = [0.0, 2.0, 1.0].map(|z| Point::new(0.0, 0.0, z)).to_vec();
        let grid = Grid::new([2, 2, 3], Vec3::x(), Vec3::y(), origins, None);
        assert_eq!(grid, Err(GridError::SliceOrder { k: 2 }));
    }

    #[test]
    fn left_handed_affine_is_kept() {
        let m = nalgebra::Matrix4::new(
            1.0, 0.0, 0.0, 3.0, 0.0, 1.0, 0.0, 4.0, 0.0, 0.0, -2.0, 5.0, 0.0, 0.0, 0.0, 1.0,
        );
        let g = Grid::from_affine([4, 4, 4], &m).expect("valid");
        assert_eq!(g.affine(), m);
        let v = g.voxel_from_patient(Point::new(4.0, 6.0, 0.0));
        assert!((v.k - 2.5).abs() < 1e-12 && (v.i - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn voxel_and_patient_are_inverse(i in -3.0..9.0f64, j in -3.0..9.0f64, k in -2.0..7.0f64) {
            let g = uneven();
            let v = g.voxel_from_patient(g.patient_from_voxel(Voxel::new(i, j, k)));
            prop_assert!((v.i - i).abs() < 1e-9 && (v.j - j).abs() < 1e-9 && (v.k - k).abs() < 1e-9);
        }
    }
}
