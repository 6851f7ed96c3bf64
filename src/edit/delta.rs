//! What an edit changed: the voxels in which two masks differ.

mod bytes;

use std::sync::Arc;

use ndarray::Zip;

use super::is_same;
use super::region::Region;
use crate::geometry::Grid;
use crate::volume::{Mask, MaskError, MaskRuns};

/// Voxels in which the masks before and after an edit differ, as runs.
///
/// Applied to either of the two it gives the other, so one delta both undoes and redoes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Voxels that changed.
    runs: MaskRuns,
    /// Marked voxels of both masks: a mask of any other number is not one of the two.
    n_before: usize,
    n_after: usize,
}

/// Why a delta was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// The two masks lie on different grids.
    #[error("the masks lie on different grids; choose two of the same image")]
    OtherGrid,
    /// The mask is neither the one before nor the one after the edit.
    #[error(
        "this step was made on another state of the mask (of {before} voxels, or {after} after it; here are {found}); undo later steps first"
    )]
    OtherState {
        /// Marked voxels before the edit.
        before: usize,
        /// Marked voxels after it.
        after: usize,
        /// Marked voxels of the mask given.
        found: usize,
    },
    /// The runs do not fit the grid.
    #[error(transparent)]
    Runs(#[from] MaskError),
    /// The bytes are not those of a delta.
    #[error("the stored step cannot be read ({0}); take the mask of the last saved state")]
    Bytes(&'static str),
}

impl Delta {
    /// What leads from one mask to another, and back.
    ///
    /// # Errors
    /// When they lie on different grids.
    pub fn between(before: &Mask, after: &Mask) -> Result<Self, DeltaError> {
        if !is_same(before.grid(), after.grid()) {
            return Err(DeltaError::OtherGrid);
        }
        Ok(Self::of_same_grid(before, after))
    }

    pub(super) fn of_same_grid(before: &Mask, after: &Mask) -> Self {
        let shape = before.grid().shape();
        let region = Region::of(before).joined(Region::of(after));
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for k in region.low[2]..region.high[2] {
            for j in region.low[1]..region.high[1] {
                let rows = [before.row(j, k), after.row(j, k)];
                // Most rows of most edits.
                if rows[0] == rows[1] {
                    continue;
                }
                let [a, b] = rows.map(|row| row.unwrap_or((0, &[])));
                let bit = |(first, row): (usize, &[bool]), i: usize| {
                    i.checked_sub(first)
                        .and_then(|n| row.get(n))
                        .is_some_and(|b| *b)
                };
                let start = (k * shape[1] + j) * shape[0];
                for i in (region.low[0]..region.high[0]).filter(|i| bit(a, *i) != bit(b, *i)) {
                    match runs.last_mut() {
                        Some((from, length)) if *from + *length == start + i => *length += 1,
                        _ => runs.push((start + i, 1)),
                    }
                }
            }
        }
        Self {
            runs: MaskRuns { shape, runs },
            n_before: before.n_voxels(),
            n_after: after.n_voxels(),
        }
    }

    /// The mask after the edit from the one before it, and the other way about.
    ///
    /// # Errors
    /// When the mask is neither of the two, or lies on a grid of another shape.
    pub fn apply(&self, mask: &Mask) -> Result<Mask, DeltaError> {
        let found = mask.n_voxels();
        let other = DeltaError::OtherState {
            before: self.n_before,
            after: self.n_after,
            found,
        };
        if found != self.n_before && found != self.n_after {
            return Err(other);
        }
        let changed = self.changed(mask.grid())?;
        let region = Region::of(mask).joined(Region::of(&changed));
        let mut bits = mask.in_box(region.low, region.size());
        let flips = changed.in_box(region.low, region.size());
        Zip::from(&mut bits)
            .and(&flips)
            .for_each(|bit, flip| *bit ^= *flip);
        let made = Mask::from_box(Arc::clone(mask.grid()), region.low, &bits)?;
        // A mask of the right size by chance ends with a wrong one.
        if found + made.n_voxels() != self.n_before + self.n_after {
            return Err(other);
        }
        Ok(made)
    }

    /// The voxels that changed, as a mask: after a cut, the side that was cut off.
    ///
    /// # Errors
    /// When the grid is of another shape than that of the edit.
    pub fn changed(&self, grid: &Arc<Grid>) -> Result<Mask, DeltaError> {
        Ok(Mask::from_runs(Arc::clone(grid), &self.runs)?)
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.runs.is_empty()
    }

    /// Number of voxels that changed.
    #[must_use]
    pub fn n_changed(&self) -> usize {
        self.runs.runs.iter().map(|r| r.1).sum()
    }

    /// The voxels that changed, as runs.
    #[must_use]
    pub const fn runs(&self) -> &MaskRuns {
        &self.runs
    }
}

#[cfg(test)]
mod tests;
