//! Masks row by row and box by box, for work that goes over many voxels.

use ndarray::{Array3, s};

use super::{Mask, MaskRuns};

impl Mask {
    /// Row `j` of slice `k` within the bounding box: the i of its first voxel, and its voxels; `None`
    /// where the box has no such row.
    #[must_use]
    pub fn row(&self, j: usize, k: usize) -> Option<(usize, &[bool])> {
        let (nk, nj, ni) = self.bits.dim();
        let (j, k) = (
            j.checked_sub(self.origin[1])?,
            k.checked_sub(self.origin[2])?,
        );
        if j >= nj || k >= nk {
            return None;
        }
        let start = (k * nj + j) * ni;
        let row = self.bits.as_slice()?.get(start..start + ni)?;
        Some((self.origin[0], row))
    }

    /// The marked voxels of a box `[[k, j, i]]` of `size` whose first voxel is `origin` (i, j, k);
    /// unmarked where it lies outside the mask or the grid.
    #[must_use]
    pub fn in_box(&self, origin: [usize; 3], size: [usize; 3]) -> Array3<bool> {
        let mut cut = Array3::default((size[2], size[1], size[0]));
        let (own, own_size) = self.bounds();
        let from = [0, 1, 2].map(|a| origin[a].max(own[a]));
        let to = [0, 1, 2].map(|a| {
            let end = origin[a].saturating_add(size[a]);
            end.min(own[a] + own_size[a])
        });
        if (0..3).any(|a| from[a] >= to[a]) {
            return cut;
        }
        let part = |base: [usize; 3]| {
            let range = |a: usize| from[a] - base[a]..to[a] - base[a];
            s![range(2), range(1), range(0)]
        };
        cut.slice_mut(part(origin))
            .assign(&self.bits.slice(part(own)));
        cut
    }

    /// The run-length form.
    #[must_use]
    pub fn runs(&self) -> MaskRuns {
        let shape = self.grid.shape();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for [i, j, k] in self.voxels() {
            let at = (k * shape[1] + j) * shape[0] + i;
            match runs.last_mut() {
                Some((start, length)) if *start + *length == at => *length += 1,
                _ => runs.push((at, 1)),
            }
        }
        MaskRuns { shape, runs }
    }

    /// Slices (k) that hold a marked voxel, ascending.
    #[must_use]
    pub fn slices(&self) -> Vec<usize> {
        let planes = self.bits.outer_iter().enumerate();
        planes
            .filter(|(_, plane)| plane.iter().any(|b| *b))
            .map(|(k, _)| k + self.origin[2])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::{Grid, Point, Vec3};
    use proptest::prelude::*;

    fn grid() -> Arc<Grid> {
        let origins = (0..4).map(|k| Point::new(0.0, 0.0, f64::from(k))).collect();
        Arc::new(Grid::new([6, 5, 4], Vec3::x(), Vec3::y(), origins, None).expect("valid"))
    }

    proptest! {
        #[test]
        fn rows_and_boxes_hold_what_the_mask_holds(
            bits in proptest::collection::vec(proptest::bool::weighted(0.2), 24),
            origin in [0usize..8, 0usize..7, 0usize..6],
            size in [0usize..8, 0usize..8, 0usize..8],
            column_first in any::<bool>(),
        ) {
            let mut bits = Array3::from_shape_vec((2, 3, 4), bits).expect("24 voxels");
            if column_first {
                // The same voxels, otherwise laid out in memory.
                let turned = bits.t().as_standard_layout().into_owned();
                bits = turned.reversed_axes();
            }
            let mask = Mask::from_box(grid(), [1, 1, 1], &bits).expect("fits");
            let cut = mask.in_box(origin, size);
            for ((k, j, i), bit) in cut.indexed_iter() {
                let at = [origin[0] + i, origin[1] + j, origin[2] + k];
                prop_assert_eq!(*bit, mask.contains(at[0], at[1], at[2]));
            }
            for k in 0..6 {
                let mut any = false;
                for j in 0..7 {
                    let (first, row) = mask.row(j, k).unwrap_or((0, &[]));
                    for i in 0..8 {
                        let bit = i >= first && row.get(i - first).copied().unwrap_or(false);
                        prop_assert_eq!(bit, mask.contains(i, j, k));
                        any |= bit;
                    }
                }
                prop_assert_eq!(any, mask.slices().contains(&k));
            }
        }
    }
}
