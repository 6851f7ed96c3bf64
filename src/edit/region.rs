//! Boxes of voxels.

use super::Error;
use crate::volume::Mask;

/// Voxels that are worked on at once; one byte each.
const MOST_VOXELS: usize = 1 << 30;

/// A box of voxels of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// First voxel (i, j, k).
    pub(super) low: [usize; 3],
    /// The voxel after the last.
    pub(super) high: [usize; 3],
}

impl Region {
    /// The bounding box of a mask; empty where that is.
    pub(super) fn of(mask: &Mask) -> Self {
        let (low, size) = mask.bounds();
        Self {
            low,
            high: [0, 1, 2].map(|a| low[a] + size[a]),
        }
    }

    /// From continuous bounds, both ends included, as far as they lie in a grid of `shape`; `None`
    /// where nothing of them does.
    pub(super) fn within(bounds: [[f64; 2]; 3], shape: [usize; 3]) -> Option<Self> {
        let low = [0, 1, 2].map(|a| bounds[a][0].ceil().max(0.0) as usize);
        let high =
            [0, 1, 2].map(|a| ((bounds[a][1].floor() + 1.0).max(0.0) as usize).min(shape[a]));
        let made = Self { low, high };
        (!made.is_empty()).then_some(made)
    }

    pub(super) fn is_empty(&self) -> bool {
        (0..3).any(|a| self.low[a] >= self.high[a])
    }

    pub(super) fn size(&self) -> [usize; 3] {
        [0, 1, 2].map(|a| self.high[a].saturating_sub(self.low[a]))
    }

    /// Dimensions of an array of it, (k, j, i).
    pub(super) fn dim(&self) -> (usize, usize, usize) {
        let [ni, nj, nk] = self.size();
        (nk, nj, ni)
    }

    /// The smallest box around both.
    pub(super) fn joined(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self {
            low: [0, 1, 2].map(|a| self.low[a].min(other.low[a])),
            high: [0, 1, 2].map(|a| self.high[a].max(other.high[a])),
        }
    }

    /// With some voxels more to either side, as far as a grid of `shape` has them.
    pub(super) fn padded(self, by: [usize; 3], shape: [usize; 3]) -> Self {
        Self {
            low: [0, 1, 2].map(|a| self.low[a].saturating_sub(by[a])),
            high: [0, 1, 2].map(|a| self.high[a].saturating_add(by[a]).min(shape[a])),
        }
    }

    /// Itself, if it is small enough to be worked on.
    pub(super) fn checked(self) -> Result<Self, Error> {
        let n = self
            .size()
            .iter()
            .try_fold(1usize, |n, s| n.checked_mul(*s));
        if n.is_some_and(|n| n <= MOST_VOXELS) {
            return Ok(self);
        }
        Err(Error::TooLarge {
            what: "a region",
            asked: self.size().iter().map(|s| *s as f64).product(),
            limit: MOST_VOXELS as f64,
            unit: "voxels",
        })
    }

    /// Where voxel (i, j, k), which it must hold, stands in an array of it.
    pub(super) fn index(&self, [i, j, k]: [usize; 3]) -> [usize; 3] {
        [k - self.low[2], j - self.low[1], i - self.low[0]]
    }
}
