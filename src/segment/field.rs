//! The part of an image around a lesion, as plain arrays.

use rayon::prelude::*;

use super::Error;
use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::jobs::JobContext;
use crate::volume::Volume;

/// Largest part, voxels.
const MAX_VOXELS: usize = 8_000_000;

/// Where voxels are for the purpose of dividing an image.
///
/// As the grid says, but for an image of unknown spacing: its slices are put as far apart as makes
/// neighbouring slices as alike as pixels at that distance are.
#[derive(Clone)]
pub(super) struct Frame<'a> {
    pub(super) grid: &'a Grid,
    /// Factor along the normal of the slices.
    stretch: f64,
    normal: Vec3,
}

impl<'a> Frame<'a> {
    pub(super) fn new(volume: &'a Volume, near: Point, reach: f64) -> Self {
        let grid = volume.grid();
        let mut frame = Self {
            grid,
            stretch: 1.0,
            normal: grid.normal(),
        };
        if !grid.is_calibrated() && grid.shape()[2] > 1 {
            frame.stretch = likely_stretch(volume, near, reach);
        }
        frame
    }

    pub(super) fn place(&self, v: Voxel) -> Point {
        self.of_patient(self.grid.patient_from_voxel(v))
    }

    pub(super) fn of_patient(&self, p: Point) -> Point {
        let up = p.0.coords.dot(&self.normal) * (self.stretch - 1.0);
        Point(p.0 + self.normal * up)
    }

    pub(super) fn patient(&self, p: Point) -> Point {
        let up = p.0.coords.dot(&self.normal) * (1.0 / self.stretch - 1.0);
        Point(p.0 + self.normal * up)
    }

    /// Steps along (i, j, k), mm.
    pub(super) fn steps(&self) -> [f64; 3] {
        let [i, j, k] = self.grid.spacing_mm().map(|s| s.0);
        [i, j, k * self.stretch]
    }
}

/// Distances of slices that are tried, in pixels.
const LIKELY: [usize; 6] = [1, 2, 3, 4, 6, 8];

/// How many pixels apart the slices of an image of unknown spacing seem to be: the distance at which
/// pixels differ as much as neighbouring slices do, in the mean around `near`.
fn likely_stretch(volume: &Volume, near: Point, reach: f64) -> f64 {
    let grid = volume.grid();
    let [di, _, dk] = grid.spacing_mm().map(|s| s.0);
    let [ni, nj, nk] = grid.shape();
    let v = grid.voxel_from_patient(near);
    let half = (reach / di).ceil();
    let range = |x: f64, n: usize| {
        let low = (x - half).max(0.0) as usize;
        low.min(n)..((x + half).max(0.0) as usize + 1).min(n)
    };
    let middle = v.k.round().max(0.0) as usize;
    let slices = middle.saturating_sub(2)..(middle + 3).min(nk);
    let difference = |to: &dyn Fn(usize, usize, usize) -> Option<[usize; 3]>| {
        let (mut sum, mut n) = (0.0f64, 0usize);
        for k in slices.clone() {
            for j in range(v.j, nj) {
                for i in range(v.i, ni) {
                    let Some([a, b, c]) = to(i, j, k) else {
                        continue;
                    };
                    let pair = (volume.value(i, j, k), volume.value(a, b, c));
                    if let (Some(x), Some(y)) = pair {
                        sum += f64::from((x - y).abs());
                        n += 1;
                    }
                }
            }
        }
        (n > 0).then(|| sum / n as f64)
    };
    let Some(across) = difference(&|i, j, k| (k + 1 < nk).then_some([i, j, k + 1])) else {
        return 1.0;
    };
    let alike = |apart: &usize| {
        difference(&|i, j, k| (i + apart < ni).then_some([i + apart, j, k]))
            .is_none_or(|along| along >= across)
    };
    let apart = LIKELY
        .into_iter()
        .find(alike)
        .unwrap_or(LIKELY[LIKELY.len() - 1]);
    apart as f64 * di / dk
}

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
        let (origin, native) = box_around(&frame, middle, reach);
        let voxels: usize = native.iter().product();
        if voxels > MAX_VOXELS {
            return Err(Error::TooLarge {
                length: 2.0 * reach,
                voxels,
                limit: MAX_VOXELS,
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
        let slices: Result<Vec<Vec<f32>>, Error> = (0..nk)
            .into_par_iter()
            .map(|k| {
                job.check()?;
                let mut values = vec![f32::NAN; ni * nj];
                for j in 0..nj {
                    for i in 0..ni {
                        let (mut sum, mut n) = (0.0, 0u16);
                        for b in 0..stride {
                            for a in 0..stride {
                                let at = [origin[0] + i * stride + a, origin[1] + j * stride + b];
                                if at[0] < shape[0]
                                    && at[1] < shape[1]
                                    && let Some(v) = volume.value(at[0], at[1], origin[2] + k)
                                {
                                    sum += v;
                                    n += 1;
                                }
                            }
                        }
                        if n > 0 {
                            values[j * ni + i] = sum / f32::from(n);
                        }
                    }
                }
                Ok(values)
            })
            .collect();
        let [di, dj, dk] = frame.steps();
        Ok(Self {
            steps: [di * stride as f64, dj * stride as f64, dk],
            frame,
            origin,
            stride,
            size,
            values: slices?.concat(),
        })
    }

    pub(super) const fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) const fn at(&self, n: usize) -> [usize; 3] {
        let [ni, nj, _] = self.size;
        [n % ni, n / ni % nj, n / (ni * nj)]
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

    /// The (joined) voxel that holds a place of patient space.
    pub(super) fn holds(&self, p: Point) -> Option<usize> {
        self.at_voxel(self.frame.grid.voxel_from_patient(p).into())
    }

    /// The (joined) voxel that holds a continuous position (i, j, k) of the grid.
    pub(super) fn at_voxel(&self, v: [f64; 3]) -> Option<usize> {
        let near = |a: usize, stride: usize| {
            let at = (v[a].round().max(0.0) as usize).checked_sub(self.origin[a])? / stride;
            (v[a] > -0.6 && at < self.size[a]).then_some(at)
        };
        let (i, j, k) = (near(0, self.stride)?, near(1, self.stride)?, near(2, 1)?);
        Some((k * self.size[1] + j) * self.size[0] + i)
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

    /// Gaussian smoothing, σ in mm; voxels without value neither give nor take.
    pub(super) fn smooth(&mut self, sigma: f64) {
        let [ni, nj, nk] = self.size;
        let plane = ni * nj;
        let [wi, wj, wk] = self.steps.map(|step| weights(sigma / step));
        self.values.par_chunks_mut(plane).for_each(|slice| {
            let mut line = Vec::new();
            for j in 0..nj {
                blur(slice, j * ni, 1, ni, &wi, &mut line);
            }
            for i in 0..ni {
                blur(slice, i, ni, nj, &wj, &mut line);
            }
        });
        if wk.len() > 1 {
            let mut line = Vec::new();
            for n in 0..plane {
                blur(&mut self.values, n, plane, nk, &wk, &mut line);
            }
        }
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

fn blur(
    values: &mut [f32],
    start: usize,
    stride: usize,
    n: usize,
    weights: &[f32],
    line: &mut Vec<f32>,
) {
    if weights.len() < 2 {
        return;
    }
    line.clear();
    line.extend((0..n).map(|a| values[start + a * stride]));
    let reach = weights.len() / 2;
    for a in 0..n {
        if !line[a].is_finite() {
            continue;
        }
        let (mut sum, mut total) = (0.0, 0.0);
        let first = a.saturating_sub(reach);
        for (b, value) in line.iter().enumerate().take(a + reach + 1).skip(first) {
            if value.is_finite() {
                let weight = weights[b + reach - a];
                sum += weight * value;
                total += weight;
            }
        }
        values[start + a * stride] = sum / total;
    }
}

/// First voxel and size of the part of the grid within a cube of half-size `reach` mm.
fn box_around(frame: &Frame<'_>, middle: Point, reach: f64) -> ([usize; 3], [usize; 3]) {
    let shape = frame.grid.shape();
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for corner in 0..8u8 {
        let sign = |bit: u8| if corner & bit == 0 { -reach } else { reach };
        let p = frame.patient(Point(middle.0 + Vec3::new(sign(1), sign(2), sign(4))));
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
