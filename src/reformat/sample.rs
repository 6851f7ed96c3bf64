//! Values at and between voxels.

use crate::geometry::Grid;
use crate::volume::Volume;

/// Gives values at continuous voxel positions (i, j, k) that lie inside the grid's outer edges.
pub(super) trait Lookup {
    /// The value of the nearest voxel; NaN where there is none.
    fn nearest(&self, voxel: [f64; 3]) -> f32;
    /// Linear along all axes; beyond the outermost centres as at these.
    fn linear(&self, voxel: [f64; 3]) -> f32;
}

/// Stored samples in the order k, j, i, and how they become values.
pub(super) struct Source<'a, T, L> {
    data: &'a [T],
    shape: [usize; 3],
    /// Slope and intercept of each slice; NaN where the slice was never imaged.
    rescale: Vec<[f32; 2]>,
    /// Upper bounds of positions along each axis.
    last: [f64; 3],
    /// A stored sample as a number; NaN where it stands for nothing.
    load: L,
}

impl<'a, T: Copy, L: Fn(T) -> f32> Source<'a, T, L> {
    pub(super) fn new(volume: &Volume, data: &'a [T], load: L) -> Self {
        let grid = volume.grid();
        let rescale = volume.rescale().iter().enumerate().map(|(k, r)| {
            if grid.is_void(k) {
                [f32::NAN; 2]
            } else {
                [r.slope as f32, r.intercept as f32]
            }
        });
        Self {
            data,
            shape: grid.shape(),
            rescale: rescale.collect(),
            last: grid.shape().map(|n| n as f64 - 1.0),
            load,
        }
    }
}

impl<'a> Source<'a, f32, fn(f32) -> f32> {
    /// Of values that are rescaled already.
    pub(super) fn of_values(grid: &Grid, values: &'a [f32]) -> Self {
        let rescale = (0..grid.shape()[2]).map(|k| {
            if grid.is_void(k) {
                [f32::NAN; 2]
            } else {
                [1.0, 0.0]
            }
        });
        Self {
            data: values,
            shape: grid.shape(),
            rescale: rescale.collect(),
            last: grid.shape().map(|n| n as f64 - 1.0),
            load: |v| v,
        }
    }
}

impl<T: Copy, L: Fn(T) -> f32> Lookup for Source<'_, T, L> {
    #[inline]
    fn nearest(&self, voxel: [f64; 3]) -> f32 {
        let [ni, nj, _] = self.shape;
        let at = |axis: usize| {
            // Half-way belongs to the later voxel on both sides of zero.
            (voxel[axis] + 0.5).clamp(0.0, self.last[axis] + 0.5) as usize
        };
        let (i, j, k) = (at(0), at(1), at(2));
        let [slope, intercept] = self.rescale[k];
        finite((self.load)(self.data[(k * nj + j) * ni + i]) * slope + intercept)
    }

    #[inline]
    fn linear(&self, voxel: [f64; 3]) -> f32 {
        let [ni, nj, _] = self.shape;
        let part = |axis: usize| {
            let at = voxel[axis].clamp(0.0, self.last[axis]);
            let low = at as usize;
            let f = (at - low as f64) as f32;
            // A neighbour that counts for nothing is not looked at: it may be padding.
            (low, usize::from(f > 0.0), f)
        };
        let ((i, di, fi), (j, dj, fj), (k, dk, fk)) = (part(0), part(1), part(2));
        let (here, beside) = ((k * nj + j) * ni + i, dj * ni);
        let in_slice = |at: usize, [slope, intercept]: [f32; 2]| {
            let value = |at: usize| (self.load)(self.data[at]);
            let (a, b) = (value(at), value(at + di));
            let (c, d) = (value(at + beside), value(at + beside + di));
            let (upper, lower) = (a + (b - a) * fi, c + (d - c) * fi);
            (upper + (lower - upper) * fj) * slope + intercept
        };
        if dk == 0 {
            return finite(in_slice(here, self.rescale[k]));
        }
        let [one, other] = [self.rescale[k], self.rescale[k + 1]];
        let next = here + nj * ni;
        if one[1].is_nan() || other[1].is_nan() {
            // Beside a slice that is missing the other counts as far as it reaches.
            return if fk < 0.5 {
                finite(in_slice(here, one))
            } else {
                finite(in_slice(next, other))
            };
        }
        let (a, b) = (in_slice(here, one), in_slice(next, other));
        finite(a + (b - a) * fk)
    }
}

/// Values that are no numbers stand for nothing.
#[inline]
fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { f32::NAN }
}
