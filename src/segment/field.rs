//! The part of an image around a lesion, as plain arrays.

use rayon::prelude::*;

use super::Error;
pub(super) use super::frame::Frame;
use crate::geometry::{Point, Voxel};
use crate::jobs::JobContext;
use crate::volume::{Places, Volume};

/// Largest part that is read with pixels joined, and voxel by voxel.
const MAX_READ: usize = 100_000_000;
const MAX_VOXELS: usize = 12_000_000;

/// Values of a box, i fastest; NaN where there are none.
pub(super) struct Field<'a> {
    pub(super) frame: Frame<'a>,
    /// First voxel of the box (i, j, k).
    pub(super) origin: [usize; 3],
    /// Pixels joined along i and j.
    pub(super) stride: usize,
    /// (Joined) voxels along (i, j, k).
    pub(super) size: [usize; 3],
    pub(super) values: Vec<f32>,
    /// Step to the next along (i, j, k), mm.
    pub(super) steps: [f64; 3],
    /// From each slice to the next, mm.
    pub(super) gaps: Vec<f64>,
}

impl<'a> Field<'a> {
    /// The voxels within a cube of half-size `reach` mm around a place (of the frame), pixels joined
    /// when they are more than `many`.
    pub(super) fn around(
        volume: &Volume,
        frame: Frame<'a>,
        middle: Point,
        reach: f64,
        smoothing: f64,
        many: usize,
        job: &JobContext,
    ) -> Result<Self, Error> {
        let (origin, native) = box_around(&frame, &[middle], reach);
        let voxels: usize = native.iter().product();
        if voxels > MAX_READ {
            return Err(Error::TooLarge {
                length: 2.0 * reach,
                voxels,
                limit: MAX_READ,
            });
        }
        let stride = (1..).find(|s| voxels / (s * s) <= many).unwrap_or(1);
        let size = [native[0] / stride, native[1] / stride, native[2]].map(|n| n.max(1));
        let mut field = Self::read(volume, frame, origin, size, stride, job)?;
        field.bridge();
        field.smooth(smoothing);
        Ok(field)
    }

    /// A box as it is; joined pixels hold the mean of their values.
    pub(super) fn read(
        volume: &Volume,
        frame: Frame<'a>,
        origin: [usize; 3],
        size: [usize; 3],
        stride: usize,
        job: &JobContext,
    ) -> Result<Self, Error> {
        let [ni, nj, nk] = size;
        let shape = frame.grid.shape();
        let voxels = ni * nj * nk;
        if voxels > MAX_VOXELS {
            let [di, dj, dk] = frame.steps();
            return Err(Error::TooLarge {
                length: (ni as f64 * di).max(nj as f64 * dj).max(nk as f64 * dk) * stride as f64,
                voxels,
                limit: MAX_VOXELS,
            });
        }
        let slices: Result<Vec<Vec<f32>>, Error> = (0..nk)
            .into_par_iter()
            .map(|k| {
                job.check()?;
                let mut values = vec![f32::NAN; ni * nj];
                let width = (ni * stride).min(shape[0] - origin[0]);
                let mut row = vec![0.0f32; width];
                let mut sums = vec![(0.0f32, 0u16); ni];
                for j in 0..nj {
                    sums.fill((0.0, 0));
                    for b in 0..stride {
                        let at = [origin[0], origin[1] + j * stride + b, origin[2] + k];
                        if at[1] >= shape[1] {
                            continue;
                        }
                        volume.row_into(at, &mut row);
                        for (a, value) in row.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
                            let (sum, n) = &mut sums[a / stride];
                            *sum += value;
                            *n += 1;
                        }
                    }
                    for (value, (sum, n)) in values[j * ni..].iter_mut().zip(&sums) {
                        if *n > 0 {
                            *value = sum / f32::from(*n);
                        }
                    }
                }
                Ok(values)
            })
            .collect();
        let [di, dj, dk] = frame.steps();
        let position = |k: usize| frame.grid.slice_position(k).0;
        let gap = |k: usize| (position(k + 1) - position(k)).abs() * frame.stretch;
        let gaps = (origin[2]..origin[2] + nk)
            .map(|k| if k + 1 < shape[2] { gap(k) } else { dk })
            .collect();
        Ok(Self {
            steps: [di * stride as f64, dj * stride as f64, dk],
            gaps,
            frame,
            origin,
            stride,
            size,
            values: slices?.concat(),
        })
    }

    /// One slice of it.
    pub(super) fn slice(&self, k: usize) -> Self {
        let [ni, nj, _] = self.size;
        let [oi, oj, ok] = self.origin;
        Self {
            frame: self.frame.clone(),
            origin: [oi, oj, ok + k],
            stride: self.stride,
            size: [ni, nj, 1],
            values: self.values[k * ni * nj..][..ni * nj].to_vec(),
            steps: self.steps,
            gaps: vec![self.gaps[k]],
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) const fn at(&self, n: usize) -> [usize; 3] {
        let [ni, nj, _] = self.size;
        [n % ni, n / ni % nj, n / (ni * nj)]
    }

    /// The same as an index of an array `[[k, j, i]]`.
    pub(super) const fn kji(&self, n: usize) -> [usize; 3] {
        let [i, j, k] = self.at(n);
        [k, j, i]
    }

    /// Where its (joined) voxels lie along each axis.
    pub(super) fn along(&self) -> Places {
        let before = |k: usize| self.gaps[..k].iter().sum();
        let slices = (0..self.size[2]).map(before).collect();
        Places::even(self.size, self.steps).with_slices(slices)
    }

    /// Middle of a (joined) voxel, in the frame.
    pub(super) fn place(&self, n: usize) -> Point {
        let [i, j, k] = self.at(n);
        let joined =
            |v: usize, o: usize| (o + v * self.stride) as f64 + (self.stride as f64 - 1.0) / 2.0;
        self.frame.place(Voxel::new(
            joined(i, self.origin[0]),
            joined(j, self.origin[1]),
            (self.origin[2] + k) as f64,
        ))
    }

    /// Middles of all (joined) voxels.
    pub(super) fn places(&self) -> Vec<Point> {
        let [ni, nj, nk] = self.size;
        let plane = ni * nj;
        (0..nk)
            .into_par_iter()
            .flat_map_iter(|k| {
                // Within a slice steps are even.
                let first = self.place(k * plane);
                let along = |n: usize| self.place(k * plane + n).0 - first.0;
                let (u, w) = (
                    along(usize::from(ni > 1)),
                    along(if nj > 1 { ni } else { 0 }),
                );
                let at = move |n: usize| first.0 + u * (n % ni) as f64 + w * (n / ni) as f64;
                (0..plane).map(move |n| Point(at(n)))
            })
            .collect()
    }

    /// The (joined) voxel that holds a place of patient space.
    pub(super) fn holds(&self, p: Point) -> Option<usize> {
        self.at_voxel(self.frame.grid.voxel_from_patient(p).into())
    }

    /// The (joined) voxel that holds a continuous position (i, j, k) of the grid.
    pub(super) fn at_voxel(&self, v: [f64; 3]) -> Option<usize> {
        self.in_cell(self.cell(v))
    }

    /// A continuous position (i, j, k) of the grid in (joined) voxels from the box's corner.
    pub(super) fn cell(&self, v: [f64; 3]) -> [f64; 3] {
        let joined = [self.stride, self.stride, 1];
        [0, 1, 2].map(|a| (v[a] + 0.5 - self.origin[a] as f64) / joined[a] as f64)
    }

    /// The (joined) voxel at such a position; a hair's breadth outside counts as on the border.
    #[inline]
    pub(super) fn in_cell(&self, at: [f64; 3]) -> Option<usize> {
        if at.iter().any(|x| *x <= -0.1) {
            return None;
        }
        // A cast cuts off, which is faster than rounding.
        let (i, j, k) = (at[0] as usize, at[1] as usize, at[2] as usize);
        let [ni, nj, nk] = self.size;
        (i < ni && j < nj && k < nk).then(|| (k * nj + j) * ni + i)
    }

    /// The (joined) voxels under a line of patient space.
    pub(super) fn under(&self, a: Point, b: Point) -> Vec<usize> {
        let d = b.0 - a.0;
        let [di, dj, dk] = self.frame.grid.spacing_mm().map(|s| s.0);
        let shortest = di.min(dj).min(dk) * self.stride as f64;
        let n = (2.0 * d.norm() / shortest).ceil().max(1.0) as usize;
        let mut found: Vec<usize> = (0..=n)
            .filter_map(|s| self.holds(Point(a.0 + d * (s as f64 / n as f64))))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Values for missing slices between imaged ones, interpolated from them. They lead across the
    /// hole and never become part of a mask.
    fn bridge(&mut self) {
        let [ni, nj, nk] = self.size;
        let plane = ni * nj;
        let is_void = |k: usize| self.frame.grid.is_void(self.origin[2] + k);
        for k in (0..nk).filter(|k| is_void(*k)) {
            let below = (0..k).rev().find(|k| !is_void(*k));
            let above = (k + 1..nk).find(|k| !is_void(*k));
            let (Some(below), Some(above)) = (below, above) else {
                continue;
            };
            let share = (k - below) as f32 / (above - below) as f32;
            for n in 0..plane {
                let (a, b) = (
                    self.values[below * plane + n],
                    self.values[above * plane + n],
                );
                self.values[k * plane + n] = a + (b - a) * share;
            }
        }
    }

    /// The (joined) voxels that hold some of the image's, each once.
    pub(super) fn held(&self, voxels: &[[usize; 3]]) -> Vec<usize> {
        let held = |v: &[usize; 3]| self.at_voxel(v.map(|x| x as f64));
        let mut found: Vec<usize> = voxels.iter().filter_map(held).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Gaussian smoothing, σ in mm; voxels without value neither give nor take.
    pub(super) fn smooth(&mut self, sigma: f64) {
        let mut values = std::mem::take(&mut self.values);
        self.blur(&mut values, sigma);
        self.values = values;
    }

    /// Other numbers of the same voxels, smoothed.
    pub(super) fn smoothed(&self, values: &[f32], sigma: f64) -> Vec<f32> {
        let mut values = values.to_vec();
        self.blur(&mut values, sigma);
        values
    }

    fn blur(&self, values: &mut [f32], sigma: f64) {
        let [ni, nj, nk] = self.size;
        let plane = ni * nj;
        let [wi, wj, _] = self.steps.map(|step| weights(sigma / step));
        values.par_chunks_mut(plane).for_each(|slice| {
            if wi.len() > 1 {
                let reach = wi.len() / 2;
                let mut line = vec![f32::NAN; ni + 2 * reach];
                for row in slice.chunks_mut(ni) {
                    line[reach..reach + ni].copy_from_slice(row);
                    let shifted = wi.iter().enumerate();
                    blend(shifted.map(|(d, w)| (*w, &line[d..d + ni])), row);
                }
            }
            if wj.len() > 1 {
                let reach = wj.len() / 2;
                let before = slice.to_vec();
                for (j, row) in slice.chunks_mut(ni).enumerate() {
                    let near = j.saturating_sub(reach)..(j + reach + 1).min(nj);
                    blend(
                        near.map(|b| (wj[b + reach - j], &before[b * ni..][..ni])),
                        row,
                    );
                }
            }
        });
        // Slices may be uneven: each weighs by its own distance.
        let mut at = vec![0.0];
        for gap in &self.gaps {
            at.push(at[at.len() - 1] + gap);
        }
        if nk < 2 || self.gaps[..nk - 1].iter().all(|gap| sigma / gap < 0.2) {
            return;
        }
        let before = values.to_vec();
        values
            .par_chunks_mut(plane)
            .enumerate()
            .for_each(|(k, slice)| {
                let near = |b: &usize| (at[*b] - at[k]).abs() <= 3.0 * sigma;
                let weight = |b: usize| (-0.5 * ((at[b] - at[k]) / sigma).powi(2)).exp() as f32;
                let others = (0..nk)
                    .filter(near)
                    .map(|b| (weight(b), &before[b * plane..][..plane]));
                blend(others, slice);
            });
    }
}

/// Gaussian weights out to 3 σ; a single one where σ is below a fifth of a voxel.
fn weights(sigma: f64) -> Vec<f32> {
    if sigma < 0.2 {
        return vec![1.0];
    }
    let reach = (3.0 * sigma).ceil() as i32;
    (-reach..=reach)
        .map(|d| (-0.5 * (f64::from(d) / sigma).powi(2)).exp() as f32)
        .collect()
}

/// Mean of lines by weight, number by number; those without value count for nothing, and stay.
fn blend<'v>(lines: impl Iterator<Item = (f32, &'v [f32])>, to: &mut [f32]) {
    let mut sums = vec![(0.0f32, 0.0f32); to.len()];
    for (weight, line) in lines {
        for ((sum, total), value) in sums.iter_mut().zip(line) {
            let weight = if value.is_finite() { weight } else { 0.0 };
            *sum += weight * if value.is_finite() { *value } else { 0.0 };
            *total += weight;
        }
    }
    for (value, (sum, total)) in to.iter_mut().zip(&sums) {
        if value.is_finite() {
            *value = sum / total;
        }
    }
}

/// First voxel and size of the part of the grid within `reach` mm of the box around some places of
/// the frame.
pub(super) fn box_around(
    frame: &Frame<'_>,
    places: &[Point],
    reach: f64,
) -> ([usize; 3], [usize; 3]) {
    let shape = frame.grid.shape();
    let (mut least, mut most) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for p in places {
        for a in 0..3 {
            least[a] = least[a].min(p.0[a] - reach);
            most[a] = most[a].max(p.0[a] + reach);
        }
    }
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for corner in 0..8usize {
        let at = |a: usize| {
            if corner >> a & 1 == 0 {
                least[a]
            } else {
                most[a]
            }
        };
        let p = frame.patient(Point::new(at(0), at(1), at(2)));
        let v: [f64; 3] = frame.grid.voxel_from_patient(p).into();
        for a in 0..3 {
            low[a] = low[a].min(v[a]);
            high[a] = high[a].max(v[a]);
        }
    }
    let start = [0, 1, 2].map(|a| (low[a].floor().max(0.0) as usize).min(shape[a] - 1));
    let end =
        [0, 1, 2].map(|a| (high[a].ceil().max(0.0) as usize + 1).clamp(start[a] + 1, shape[a]));
    (start, [0, 1, 2].map(|a| end[a] - start[a]))
}
