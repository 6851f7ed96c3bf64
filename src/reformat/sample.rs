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

/// Pixels of a row that are found together: enough for their fetches to overlap, whose latency is what
/// a plane across slices costs.
const TOGETHER: usize = 64;
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
    /// Slope and intercept, if they are the same for all slices and none is missing.
    one_rescale: Option<[f32; 2]>,
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
        Self::with(grid, data, rescale.collect(), load)
    }
}

impl<'a, T, L> Source<'a, T, L> {
    fn with(grid: &Grid, data: &'a [T], rescale: Vec<[f32; 2]>, load: L) -> Self {
        let first = rescale.first().copied();
        Self {
            data,
            shape: grid.shape(),
            one_rescale: first.filter(|one| rescale.iter().all(|r| r == one)),
            rescale,
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
        Self::with(grid, values, rescale.collect(), |v| v)
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
        pulp::Arch::new().dispatch(Row {
            source: self,
            first: fixed(start),
            step: fixed(step),
            row: &mut *row,
        });
        for (x, pixel) in row.iter_mut().enumerate() {
            if !pixel.is_finite() {
                // Padding, or a slice that is missing, is among the eight; it may count for nothing.
                *pixel = self.linear(std::array::from_fn(|axis| {
                    start[axis] + step[axis] * x as f64
                }));
            }
        }
    }
}

/// A row that is worked on with all that this processor can do.
struct Row<'a, 'b, T, L> {
    source: &'a Source<'b, T, L>,
    first: [i64; 3],
    step: [i64; 3],
    row: &'a mut [f32],
}

impl<T: Copy, L: Fn(T) -> f32> pulp::NullaryFnOnce for Row<'_, '_, T, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut at = self.first;
        for pixels in self.row.chunks_mut(TOGETHER) {
            let values = self.source.several(at, self.step, pixels.len());
            pixels.copy_from_slice(&values[..pixels.len()]);
            for (at, step) in at.iter_mut().zip(self.step) {
                *at += step * TOGETHER as i64;
            }
        }
    }
}

impl<T: Copy, L: Fn(T) -> f32> Source<'_, T, L> {
    /// Values of up to [`TOGETHER`] pixels, from a position on; behind `n` that of the last is
    /// repeated. Three passes, of which the outer ones work on all pixels at once: places and shares,
    /// the eight neighbours, their blend.
    #[inline(always)]
    fn several(&self, at: [i64; 3], step: [i64; 3], n: usize) -> [f32; TOGETHER] {
        let [ni, nj, _] = self.shape;
        let (rows, slice) = (nj as u32, ni * nj);
        let mut places = [[0i64; TOGETHER]; 3];
        for axis in 0..3 {
            for (x, place) in places[axis].iter_mut().enumerate() {
                *place = at[axis] + step[axis] * x.min(n - 1) as i64;
            }
        }
        let mut row = [0u32; TOGETHER];
        let mut shares = [[0.0f32; TOGETHER]; 3];
        for x in 0..TOGETHER {
            let [_, j, k] = [0, 1, 2].map(|axis| (places[axis][x] >> 32) as u32);
            row[x] = k * rows + j;
            for axis in 0..3 {
                shares[axis][x] = share(places[axis][x]);
            }
        }
        let none = [self.data[0]; 2];
        let mut near = [[none; TOGETHER]; 4];
        for x in 0..TOGETHER {
            let corner = row[x] as usize * ni + (places[0][x] >> 32) as usize;
            let here = &self.data[corner..corner + ni + 2];
            let next = &self.data[corner + slice..corner + slice + ni + 2];
            near[0][x] = [here[0], here[1]];
            near[1][x] = [here[ni], here[ni + 1]];
            near[2][x] = [next[0], next[1]];
            near[3][x] = [next[ni], next[ni + 1]];
        }
        let mut values = [0.0f32; TOGETHER];
        let [fi, fj, fk] = &shares;
        let blend = |which: usize, x: usize| {
            let [a, b] = near[which][x].map(&self.load);
            let [c, d] = near[which + 1][x].map(&self.load);
            let (upper, lower) = (a + (b - a) * fi[x], c + (d - c) * fi[x]);
            upper + (lower - upper) * fj[x]
        };
        if let Some([slope, intercept]) = self.one_rescale {
            for x in 0..TOGETHER {
                let (a, b) = (blend(0, x), blend(2, x));
                values[x] = (a + (b - a) * fk[x]) * slope + intercept;
            }
        } else {
            for x in 0..TOGETHER {
                let k = (places[2][x] >> 32) as usize;
                let ([s, t], [u, v]) = (self.rescale[k], self.rescale[k + 1]);
                let (a, b) = (blend(0, x) * s + t, blend(2, x) * u + v);
                values[x] = a + (b - a) * fk[x];
            }
        }
        values
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
