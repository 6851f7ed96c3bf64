//! Values at and between voxels.

use crate::geometry::Grid;
use crate::volume::Volume;

/// Gives values at continuous voxel positions (i, j, k) that lie inside the grid's outer edges.
pub(super) trait Lookup {
    /// The value of the nearest voxel; NaN where there is none.
    fn nearest(&self, voxel: [f64; 3]) -> f32;
    /// Linear along all axes; beyond the outermost centres as at these.
    fn linear(&self, voxel: [f64; 3]) -> f32;
    /// Linear at `row.len()` evenly spaced positions that all lie between voxel centres, at most at
    /// those before the last along each axis.
    fn linear_row(&self, start: [f64; 3], step: [f64; 3], row: &mut [f32]);
}

/// One in the fixed-point positions along a row: 32 bits each before and behind the point.
const ONE: f64 = 4_294_967_296.0;
/// From 24 bits behind the point to a share.
const SHARE: f32 = 1.0 / 16_777_216.0;

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

    #[inline]
    fn linear_row(&self, start: [f64; 3], step: [f64; 3], row: &mut [f32]) {
        let [ni, nj, _] = self.shape;
        let slice = ni * nj;
        let [mut i, mut j, mut k] = fixed(start);
        let [di, dj, dk] = fixed(step);
        for (x, pixel) in row.iter_mut().enumerate() {
            let (at_i, at_j, at_k) = ((i >> 32) as usize, (j >> 32) as usize, (k >> 32) as usize);
            let corner = (at_k * nj + at_j) * ni + at_i;
            let (fi, fj) = (share(i), share(j));
            let a = self.between(corner, ni, fi, fj, self.rescale[at_k]);
            let b = self.between(corner + slice, ni, fi, fj, self.rescale[at_k + 1]);
            let value = a + (b - a) * share(k);
            *pixel = if value.is_finite() {
                value
            } else {
                // Padding, or a slice that is missing, is among the eight; it may count for nothing.
                let x = x as f64;
                self.linear([
                    start[0] + step[0] * x,
                    start[1] + step[1] * x,
                    start[2] + step[2] * x,
                ])
            };
            i += di;
            j += dj;
            k += dk;
        }
    }
}

impl<T: Copy, L: Fn(T) -> f32> Source<'_, T, L> {
    /// Between four neighbours in a slice, of which the first is at `corner`.
    #[inline(always)]
    fn between(
        &self,
        corner: usize,
        ni: usize,
        fi: f32,
        fj: f32,
        [slope, intercept]: [f32; 2],
    ) -> f32 {
        let near = &self.data[corner..corner + ni + 2];
        let (a, b) = ((self.load)(near[0]), (self.load)(near[1]));
        let (c, d) = ((self.load)(near[ni]), (self.load)(near[ni + 1]));
        let (upper, lower) = (a + (b - a) * fi, c + (d - c) * fi);
        (upper + (lower - upper) * fj) * slope + intercept
    }
}

/// Positions in fixed point.
#[inline(always)]
fn fixed([i, j, k]: [f64; 3]) -> [i64; 3] {
    [(i * ONE) as i64, (j * ONE) as i64, (k * ONE) as i64]
}

/// What is behind the point of a position.
#[inline(always)]
fn share(at: i64) -> f32 {
    ((at as u32) >> 8) as i32 as f32 * SHARE
}

/// Values that are no numbers stand for nothing.
#[inline]
fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { f32::NAN }
}
