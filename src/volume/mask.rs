//! A binary structure on a grid, stored as its bounding box, hashed over the whole grid.

mod rows;

use std::sync::Arc;

use ndarray::{Array3, s};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::geometry::Grid;

/// One structure (a lesion at one time point) on the grid of the image it was drawn on.
///
/// Only the bounding box is held. Two masks that mark the same voxels of the same shape of grid are
/// equal, and have the same [`Mask::sha256`], however they were made.
#[derive(Clone, Debug)]
pub struct Mask {
    grid: Arc<Grid>,
    /// First voxel (i, j, k) of `bits`.
    origin: [usize; 3],
    /// Marked voxels, `[[k, j, i]]` from `origin`, tight to the structure.
    bits: Array3<bool>,
    n_voxels: usize,
}

/// Why mask bytes or arrays were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// The box does not fit into the grid.
    #[error("a mask box of {size:?} voxels at {origin:?} leaves the grid of {grid:?}")]
    Outside {
        /// First voxel of the box.
        origin: [usize; 3],
        /// Size of the box.
        size: [usize; 3],
        /// Shape of the grid.
        grid: [usize; 3],
    },
    /// Encoded runs do not match the grid.
    #[error("encoded mask does not fit its grid: {0}")]
    Runs(String),
}

/// Run-length form of a mask: starts and lengths in the order i fastest, then j, then k.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskRuns {
    /// Shape of the grid (i, j, k).
    pub shape: [usize; 3],
    /// Pairs of (linear start, length), ascending, never touching.
    pub runs: Vec<(usize, usize)>,
}

impl Mask {
    /// A mask from a box of booleans `[[k, j, i]]` whose first voxel is `origin` (i, j, k).
    ///
    /// # Errors
    /// When the box leaves the grid.
    pub fn from_box(
        grid: Arc<Grid>,
        origin: [usize; 3],
        bits: &Array3<bool>,
    ) -> Result<Self, MaskError> {
        let (nk, nj, ni) = bits.dim();
        let size = [ni, nj, nk];
        let shape = grid.shape();
        if (0..3).any(|a| {
            origin[a]
                .checked_add(size[a])
                .is_none_or(|end| end > shape[a])
        }) {
            return Err(MaskError::Outside {
                origin,
                size,
                grid: shape,
            });
        }
        let (mut low, mut high, mut n_voxels) = ([usize::MAX; 3], [0usize; 3], 0);
        for (k, plane) in bits.outer_iter().enumerate() {
            for (j, row) in plane.outer_iter().enumerate() {
                let Some(first) = row.iter().position(|b| *b) else {
                    continue;
                };
                let last = row.iter().rposition(|b| *b).unwrap_or(first);
                n_voxels += row.iter().filter(|b| **b).count();
                for (a, [from, to]) in [[first, last], [j, j], [k, k]].into_iter().enumerate() {
                    low[a] = low[a].min(from);
                    high[a] = high[a].max(to + 1);
                }
            }
        }
        if n_voxels == 0 {
            return Ok(Self {
                grid,
                origin: [0; 3],
                bits: Array3::default((0, 0, 0)),
                n_voxels,
            });
        }
        let tight = bits.slice(s![low[2]..high[2], low[1]..high[1], low[0]..high[0]]);
        Ok(Self {
            grid,
            origin: [0, 1, 2].map(|a| origin[a] + low[a]),
            // Rows are read as slices, so i must be the fastest whatever came in.
            bits: tight.as_standard_layout().into_owned(),
            n_voxels,
        })
    }

    /// The mask with some voxels more (`marked`), or without them.
    ///
    /// # Errors
    /// When a voxel to be marked leaves the grid.
    pub fn changed(&self, voxels: &[[usize; 3]], marked: bool) -> Result<Self, MaskError> {
        let (mut low, size) = self.bounds();
        let mut high = [0, 1, 2].map(|a| low[a] + size[a]);
        if marked {
            if self.is_empty() {
                (low, high) = ([usize::MAX; 3], [0; 3]);
            }
            for v in voxels {
                for a in 0..3 {
                    low[a] = low[a].min(v[a]);
                    high[a] = high[a].max(v[a] + 1);
                }
            }
        }
        let shape = self.grid.shape();
        let size = [0, 1, 2].map(|a| high[a].saturating_sub(low[a]));
        if (0..3).any(|a| high[a] > shape[a]) {
            return Err(MaskError::Outside {
                origin: low,
                size,
                grid: shape,
            });
        }
        let mut bits = Array3::default([size[2], size[1], size[0]]);
        let mut n_voxels = self.n_voxels;
        if !self.is_empty() {
            let [i, j, k] = [0, 1, 2].map(|a| self.origin[a] - low[a]);
            let (nk, nj, ni) = self.bits.dim();
            bits.slice_mut(s![k..k + nk, j..j + nj, i..i + ni])
                .assign(&self.bits);
        }
        // Only what is taken from a face can leave the box too wide.
        let mut is_tight = true;
        for v in voxels {
            let [i, j, k] = [0, 1, 2].map(|a| v[a].wrapping_sub(low[a]));
            let Some(bit) = bits.get_mut([k, j, i]) else {
                continue;
            };
            if *bit != marked {
                *bit = marked;
                n_voxels = if marked { n_voxels + 1 } else { n_voxels - 1 };
                is_tight &= marked || (0..3).all(|a| v[a] > low[a] && v[a] + 1 < high[a]);
            }
        }
        let grid = Arc::clone(&self.grid);
        if n_voxels == 0 {
            return Self::from_box(grid, [0; 3], &Array3::default((0, 0, 0)));
        }
        if !is_tight {
            return Self::from_box(grid, low, &bits);
        }
        Ok(Self {
            grid,
            origin: low,
            bits,
            n_voxels,
        })
    }

    /// The grid the mask lives on.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// Number of marked voxels.
    #[must_use]
    pub const fn n_voxels(&self) -> usize {
        self.n_voxels
    }

    /// Whether nothing is marked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.n_voxels == 0
    }

    /// First voxel (i, j, k) of the bounding box and its size.
    #[must_use]
    pub fn bounds(&self) -> ([usize; 3], [usize; 3]) {
        let (nk, nj, ni) = self.bits.dim();
        (self.origin, [ni, nj, nk])
    }

    /// Whether voxel (i, j, k) is marked; false anywhere outside the grid.
    #[must_use]
    pub fn contains(&self, i: usize, j: usize, k: usize) -> bool {
        let at = |a: usize, v: usize| v.checked_sub(self.origin[a]);
        match (at(0, i), at(1, j), at(2, k)) {
            (Some(i), Some(j), Some(k)) => self.bits.get([k, j, i]).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// Marked voxels (i, j, k), k slowest, i fastest.
    pub fn voxels(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let [oi, oj, ok] = self.origin;
        let nj = self.bits.dim().1;
        let rows = self.bits.rows().into_iter().enumerate();
        rows.flat_map(move |(n, row)| {
            let marked = row.into_iter().enumerate().filter(|(_, b)| **b);
            marked.map(move |(i, _)| [i + oi, n % nj + oj, n / nj + ok])
        })
    }

    /// A mask from its run-length form.
    ///
    /// # Errors
    /// When the runs were made on a grid of another shape, overlap, or leave the grid.
    pub fn from_runs(grid: Arc<Grid>, encoded: &MaskRuns) -> Result<Self, MaskError> {
        let shape = grid.shape();
        if encoded.shape != shape {
            return Err(MaskError::Runs(format!(
                "runs are for {:?}, the grid is {shape:?}",
                encoded.shape
            )));
        }
        let (mut low, mut high, mut end) = ([usize::MAX; 3], [0usize; 3], 0usize);
        let locate = |at: usize| {
            [
                at % shape[0],
                at / shape[0] % shape[1],
                at / shape[0] / shape[1],
            ]
        };
        for &(start, length) in &encoded.runs {
            let stop = start.checked_add(length);
            let Some(stop) = stop.filter(|&s| length > 0 && start >= end && s <= grid.n_voxels())
            else {
                return Err(MaskError::Runs(format!(
                    "run of {length} at {start} overlaps its neighbour or leaves the grid"
                )));
            };
            end = stop;
            let (first, last) = (locate(start), locate(stop - 1));
            let spans_rows = first[1..] != last[1..];
            let spans_slices = first[2] != last[2];
            for a in 0..3 {
                let whole_axis = (a == 0 && spans_rows) || (a == 1 && spans_slices);
                let (lo, hi) = if whole_axis {
                    (0, shape[a] - 1)
                } else {
                    (first[a], last[a])
                };
                low[a] = low[a].min(lo);
                high[a] = high[a].max(hi + 1);
            }
        }
        if encoded.runs.is_empty() {
            return Self::from_box(grid, [0; 3], &Array3::default((0, 0, 0)));
        }
        let dim = [2, 1, 0].map(|a| high[a] - low[a]);
        let mut bits = Array3::default(dim);
        for &(start, length) in &encoded.runs {
            for at in start..start + length {
                let [i, j, k] = locate(at);
                bits[[k - low[2], j - low[1], i - low[0]]] = true;
            }
        }
        Self::from_box(grid, low, &bits)
    }

    /// SHA-256 (hex) over the grid's shape and the runs, both as little-endian u64.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut hasher = Sha256::new();
        let encoded = self.runs();
        for n in encoded.shape {
            hasher.update((n as u64).to_le_bytes());
        }
        for (start, length) in encoded.runs {
            hasher.update((start as u64).to_le_bytes());
            hasher.update((length as u64).to_le_bytes());
        }
        hasher
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    /// Dice overlap with another mask on a grid of the same shape; 1 for two empty masks.
    #[must_use]
    pub fn dice(&self, other: &Self) -> f64 {
        let total = self.n_voxels + other.n_voxels;
        if total == 0 {
            return 1.0;
        }
        let shared = self
            .voxels()
            .filter(|&[i, j, k]| other.contains(i, j, k))
            .count();
        2.0 * shared as f64 / total as f64
    }
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.grid.shape() == other.grid.shape()
            && self.origin == other.origin
            && self.bits == other.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Vec3};
    use proptest::prelude::*;

    fn grid(shape: [usize; 3]) -> Arc<Grid> {
        let origins = (0..shape[2])
            .map(|k| Point::new(0.0, 0.0, k as f64))
            .collect();
        Arc::new(Grid::new(shape, Vec3::x(), Vec3::y(), origins, None).expect("valid"))
    }

    proptest! {
        #[test]
        fn runs_round_trip(bits in proptest::collection::vec(any::<bool>(), 60)) {
            let grid = grid([5, 4, 3]);
            let bits = Array3::from_shape_vec((3, 4, 5), bits).expect("60 voxels");
            let mask = Mask::from_box(grid.clone(), [0; 3], &bits).expect("fits");
            let back = Mask::from_runs(grid, &mask.runs()).expect("own runs");
            prop_assert_eq!(&back, &mask);
            prop_assert_eq!(back.sha256(), mask.sha256());
            prop_assert!((back.dice(&mask) - 1.0).abs() < 1e-12);
        }

        #[test]
        fn foreign_runs_never_panic(runs in proptest::collection::vec((any::<usize>(), any::<usize>()), 0..4)) {
            let encoded = MaskRuns { shape: [5, 4, 3], runs };
            if let Ok(mask) = Mask::from_runs(grid([5, 4, 3]), &encoded) {
                prop_assert_eq!(mask.n_voxels(), encoded.runs.iter().map(|r| r.1).sum::<usize>());
            }
        }
    }

    proptest! {
        #[test]
        fn changed_voxels_are_those_of_a_mask_made_anew(
            bits in proptest::collection::vec(any::<bool>(), 60),
            change in proptest::collection::vec((0usize..5, 0usize..4, 0usize..3), 0..9),
            marked: bool,
        ) {
            let mut bits = Array3::from_shape_vec((3, 4, 5), bits).expect("60 voxels");
            let before = Mask::from_box(grid([5, 4, 3]), [0; 3], &bits).expect("fits");
            let change: Vec<[usize; 3]> = change.into_iter().map(|(i, j, k)| [i, j, k]).collect();
            let made = before.changed(&change, marked).expect("inside");
            for [i, j, k] in change {
                bits[[k, j, i]] = marked;
            }
            let anew = Mask::from_box(grid([5, 4, 3]), [0; 3], &bits).expect("fits");
            prop_assert_eq!(made.n_voxels(), anew.n_voxels());
            prop_assert_eq!(made, anew);
        }
    }

    #[test]
    fn a_box_beyond_the_grid_is_refused() {
        let bits = Array3::from_elem((2, 2, 2), true);
        assert!(Mask::from_box(grid([3, 3, 3]), [2, 0, 0], &bits).is_err());
    }
}
