//! From patient space to the voxels of a stack whose slices keep their own places.

use nalgebra::Matrix3;

use crate::geometry::Vec3;

/// Patient position to continuous voxel position: affine between each two slices.
///
/// The same piecewise map as [`crate::geometry::Grid::voxel_from_patient`], worked out in advance.
pub(super) struct Map {
    /// Unit normal in the direction in which the stack runs.
    normal: Vec3,
    /// Depths along the normal at which one piece ends and the next begins, ascending.
    borders: Vec<f64>,
    /// One more than borders.
    pieces: Vec<Piece>,
}

/// `voxel = linear · p + offset`.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) linear: Matrix3<f64>,
    pub(super) offset: Vec3,
}

impl Map {
    /// The map of slices at `origins` (two or more); between two that are more than `widest` apart along
    /// the normal nothing is known, and positions there become no numbers.
    pub(super) fn new(i_step: Vec3, j_step: Vec3, origins: &[Vec3], widest: f64) -> Self {
        let normal = i_step.cross(&j_step).normalize();
        let n = origins.len();
        let along = origins[n - 1] - origins[0];
        let normal = normal * along.dot(&normal).signum();
        // Steps that are dual to those in the plane: they need not be perpendicular.
        let (aa, ab, bb) = (
            i_step.dot(&i_step),
            i_step.dot(&j_step),
            j_step.dot(&j_step),
        );
        let det = aa * bb - ab * ab;
        let dual_i = (i_step * bb - j_step * ab) / det;
        let dual_j = (j_step * aa - i_step * ab) / det;
        let piece = |k: usize, from: Vec3, step: Vec3| {
            let gap = step.dot(&normal);
            let depth = normal / gap;
            // p − from − step · f with f = depth · (p − from)
            let row_i = dual_i - depth * step.dot(&dual_i);
            let row_j = dual_j - depth * step.dot(&dual_j);
            let linear =
                Matrix3::from_rows(&[row_i.transpose(), row_j.transpose(), depth.transpose()]);
            let mut offset = -(linear * from);
            offset.z += k as f64;
            if gap > widest {
                offset = Vec3::repeat(f64::NAN);
            }
            Piece { linear, offset }
        };
        let mean = along / (n - 1) as f64;
        let is_even = origins
            .iter()
            .enumerate()
            .all(|(k, o)| (o - origins[0] - mean * k as f64).norm() <= 0.01);
        let (borders, pieces) = if is_even {
            (Vec::new(), vec![piece(0, origins[0], mean)])
        } else {
            let pieces = (0..n - 1).map(|k| piece(k, origins[k], origins[k + 1] - origins[k]));
            let borders = origins[1..n - 1].iter().map(|o| o.dot(&normal));
            (borders.collect(), pieces.collect())
        };
        Self {
            normal,
            borders,
            pieces,
        }
    }

    /// The piece that holds a position.
    #[inline]
    pub(super) fn piece(&self, p: Vec3) -> &Piece {
        if self.borders.is_empty() {
            return &self.pieces[0];
        }
        let depth = p.dot(&self.normal);
        &self.pieces[self.borders.partition_point(|b| *b <= depth)]
    }
}
