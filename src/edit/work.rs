//! What every edit works on, and the rules that all keep.

use std::sync::Arc;

use ndarray::{Array3, Zip};

use super::region::Region;
use super::{Error, Operation};
use crate::geometry::{Grid, Point};
use crate::jobs::JobContext;
use crate::volume::{Mask, Volume};

/// A mask, its surroundings, and what limits the edit.
pub(super) struct Work<'a> {
    pub(super) mask: &'a Mask,
    pub(super) grid: &'a Grid,
    pub(super) job: &'a JobContext,
    volume: Option<&'a Volume>,
    /// As values are stored, so that a bound equals the value it was read from.
    range: Option<[f32; 2]>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        mask: &'a Mask,
        volume: Option<&'a Volume>,
        within: Option<[f64; 2]>,
        job: &'a JobContext,
    ) -> Self {
        Self {
            mask,
            grid: mask.grid(),
            job,
            volume,
            range: within.map(|w| w.map(|x| x as f32)),
        }
    }

    /// Whether the edit is limited to a range of values.
    pub(super) const fn has_range(&self) -> bool {
        self.range.is_some()
    }

    /// Whether the value of a voxel lies in the range, or there is no range.
    pub(super) fn in_range(&self, [i, j, k]: [usize; 3]) -> bool {
        let (Some([low, high]), Some(volume)) = (self.range, self.volume) else {
            return true;
        };
        let value = volume.value(i, j, k);
        value.is_some_and(|v| low <= v && v <= high)
    }

    /// Whether a voxel may be marked that was not: it was imaged, has a value, and that in the range.
    pub(super) fn may_mark(&self, [i, j, k]: [usize; 3]) -> bool {
        if self.grid.is_void(k) {
            return false;
        }
        let Some(volume) = self.volume else {
            return true;
        };
        let [low, high] = self.range.unwrap_or([f32::NEG_INFINITY, f32::INFINITY]);
        let value = volume.value(i, j, k);
        value.is_some_and(|v| low <= v && v <= high)
    }

    /// The voxel whose centre lies nearest to a point, if the point lies in the image.
    pub(super) fn voxel_at(&self, p: Point) -> Option<[usize; 3]> {
        let v = self.grid.voxel_from_patient(p);
        self.grid
            .contains(v)
            .then(|| [v.i, v.j, v.k].map(|x| x.round().max(0.0) as usize))
    }

    /// A box of the mask as an array `[[k, j, i]]`.
    pub(super) fn bits(&self, region: Region) -> Array3<bool> {
        self.mask.in_box(region.low, region.size())
    }

    /// A mask from a box.
    pub(super) fn made(&self, region: Region, bits: &Array3<bool>) -> Result<Mask, Error> {
        let grid = Arc::clone(self.mask.grid());
        Ok(Mask::from_box(grid, region.low, bits)?)
    }

    /// The mask without the voxels (i, j, k) that a rule does not keep.
    pub(super) fn kept(&self, keeps: impl Fn([usize; 3]) -> bool) -> Result<Mask, Error> {
        let region = Region::of(self.mask);
        let mut bits = self.bits(region);
        let [oi, oj, ok] = region.low;
        for (k, mut plane) in bits.outer_iter_mut().enumerate() {
            self.job.check()?;
            for ((j, i), bit) in plane.indexed_iter_mut().filter(|(_, b)| **b) {
                *bit = keeps([i + oi, j + oj, k + ok]);
            }
        }
        self.made(region, &bits)
    }

    /// The mask and another one of the same grid.
    pub(super) fn combined(&self, other: &Mask, op: Operation) -> Result<Mask, Error> {
        let region = Region::of(self.mask).joined(Region::of(other)).checked()?;
        let mut bits = self.bits(region);
        let theirs = other.in_box(region.low, region.size());
        Zip::from(&mut bits).and(&theirs).for_each(|own, &their| {
            *own = match op {
                Operation::Union => *own || their,
                Operation::Intersect => *own && their,
                Operation::Subtract => *own && !their,
            };
        });
        self.made(region, &bits)
    }
}
