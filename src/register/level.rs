//! An image at one resolution: voxels averaged over whole numbers of neighbours, never interpolated, with
//! the true places of their middles.

use rayon::prelude::*;

use super::map::Map;
use super::tone::Tone;
use crate::geometry::{Grid, Vec3};
use crate::jobs::{Cancelled, JobContext};
use crate::volume::Volume;

/// Averages over fewer real voxels than this share are void.
const LEAST_REAL: f32 = 0.5;
/// Values are not interpolated across a gap of slices wider than this multiple of the median gap and
/// wider than this, mm: slices are missing there.
const WIDE_GAPS: f64 = 1.5;
const WIDE_MM: f64 = 8.0;
/// An axis is not averaged to fewer voxels than this.
const FEWEST: usize = 4;

/// Values (i fastest, NaN where there are none) and where they are.
pub(super) struct Level {
    pub(super) shape: [usize; 3],
    pub(super) values: Vec<f32>,
    pub(super) i_step: Vec3,
    pub(super) j_step: Vec3,
    pub(super) origins: Vec<Vec3>,
    pub(super) map: Map,
}

impl Level {
    /// The image with voxels near `target` mm, as far as its own are not coarser.
    pub(super) fn of(
        volume: &Volume,
        tone: Tone,
        target: f64,
        job: &JobContext,
    ) -> Result<Self, Cancelled> {
        let grid: &Grid = volume.grid();
        let shape = grid.shape();
        let origins: Vec<Vec3> = grid.slice_origins().iter().map(|o| o.0.coords).collect();
        let shrink = Shrink::new(shape, grid.i_step(), grid.j_step(), &origins, target);
        let mut values = vec![f32::NAN; shrink.n_voxels()];
        let [ni, nj, _] = shrink.shape;
        values
            .par_chunks_mut(ni * nj)
            .zip(&shrink.groups)
            .try_for_each(|(slice, group)| {
                job.check()?;
                let mut means = Means::new(slice, ni, shrink.factors);
                let mut row = vec![0.0f32; ni * shrink.factors[0]];
                for k in group.clone() {
                    for j in 0..nj * shrink.factors[1] {
                        let [first_i, first_j] = shrink.first;
                        volume.row_into([first_i, first_j + j, k], &mut row);
                        means.add(j / shrink.factors[1], &row, |v| tone.of(v));
                    }
                }
                means.finish(group.len() * shrink.factors[0] * shrink.factors[1]);
                Ok(())
            })?;
        Ok(shrink.level(values, grid.i_step(), grid.j_step(), &origins))
    }

    /// The same image with voxels near `target` mm.
    pub(super) fn coarser(&self, target: f64) -> Self {
        let shrink = Shrink::new(self.shape, self.i_step, self.j_step, &self.origins, target);
        let mut values = vec![f32::NAN; shrink.n_voxels()];
        let [ni, nj, _] = shrink.shape;
        values
            .par_chunks_mut(ni * nj)
            .zip(&shrink.groups)
            .for_each(|(slice, group)| {
                let mut means = Means::new(slice, ni, shrink.factors);
                for k in group.clone() {
                    for j in 0..nj * shrink.factors[1] {
                        let [first_i, first_j] = shrink.first;
                        let at = self.index([first_i, first_j + j, k]);
                        let row = &self.values[at..at + ni * shrink.factors[0]];
                        means.add(j / shrink.factors[1], row, |v| v);
                    }
                }
                means.finish(group.len() * shrink.factors[0] * shrink.factors[1]);
            });
        shrink.level(values, self.i_step, self.j_step, &self.origins)
    }

    pub(super) const fn index(&self, [i, j, k]: [usize; 3]) -> usize {
        (k * self.shape[1] + j) * self.shape[0] + i
    }

    /// Where a continuous voxel position is, mm.
    pub(super) fn place(&self, [i, j, k]: [f64; 3]) -> Vec3 {
        let last = self.origins.len() - 2;
        let k0 = (k.floor().max(0.0) as usize).min(last);
        let (a, b) = (self.origins[k0], self.origins[k0 + 1]);
        a + (b - a) * (k - k0 as f64) + self.i_step * i + self.j_step * j
    }

    /// Mean distance of neighbouring voxels along (i, j, k), mm.
    pub(super) fn spacing(&self) -> [f64; 3] {
        let n = self.origins.len();
        let along = (self.origins[n - 1] - self.origins[0]).norm() / (n - 1) as f64;
        [self.i_step.norm(), self.j_step.norm(), along]
    }

    /// The voxel nearest to a position, where there is one.
    pub(super) fn nearest(&self, p: Vec3) -> Option<usize> {
        let piece = self.map.piece(p);
        let v = piece.linear * p + piece.offset;
        let inside = |v: f64, n: usize| v >= -0.5 && v < n as f64 - 0.5;
        let [ni, nj, nk] = self.shape;
        (inside(v.x, ni) && inside(v.y, nj) && inside(v.z, nk)).then(|| {
            let round = |v: f64| (v + 0.5) as usize;
            self.index([round(v.x), round(v.y), round(v.z)])
        })
    }

    /// The corner of the cell that holds a position, the place in it (0–1), and the map there.
    #[inline]
    fn cell(&self, p: Vec3) -> Option<(usize, [f32; 3], &super::map::Piece)> {
        let piece = self.map.piece(p);
        let v = piece.linear * p + piece.offset;
        let [ni, nj, nk] = self.shape;
        let inside = |v: f64, n: usize| v >= 0.0 && v <= (n - 1) as f64;
        if !(inside(v.x, ni) && inside(v.y, nj) && inside(v.z, nk)) {
            return None;
        }
        let corner = |v: f64, n: usize| (v as usize).min(n - 2);
        let c = [corner(v.x, ni), corner(v.y, nj), corner(v.z, nk)];
        let within = [
            (v.x - c[0] as f64) as f32,
            (v.y - c[1] as f64) as f32,
            (v.z - c[2] as f64) as f32,
        ];
        Some((self.index(c), within, piece))
    }

    #[inline]
    fn corners(&self, at: usize) -> [f32; 8] {
        let (row, slice) = (self.shape[0], self.shape[0] * self.shape[1]);
        let v = &self.values[at..at + slice + row + 2];
        [
            v[0],
            v[1],
            v[row],
            v[row + 1],
            v[slice],
            v[slice + 1],
            v[slice + row],
            v[slice + row + 1],
        ]
    }

    /// The value at a position, by linear interpolation; NaN outside and beside void voxels.
    #[inline]
    pub(super) fn value(&self, p: Vec3) -> f32 {
        let Some((at, [x, y, z], _)) = self.cell(p) else {
            return f32::NAN;
        };
        let c = self.corners(at);
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let low = mix(mix(c[0], c[1], x), mix(c[2], c[3], x), y);
        let high = mix(mix(c[4], c[5], x), mix(c[6], c[7], x), y);
        mix(low, high, z)
    }

    /// The value at a position and its change per mm along each axis of patient space; no numbers outside
    /// and beside void voxels.
    #[inline]
    pub(super) fn value_and_slope(&self, p: Vec3) -> (f32, Vec3) {
        let Some((at, [x, y, z], piece)) = self.cell(p) else {
            return (f32::NAN, Vec3::zeros());
        };
        let c = self.corners(at);
        let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let edges = [
            mix(c[0], c[1], x),
            mix(c[2], c[3], x),
            mix(c[4], c[5], x),
            mix(c[6], c[7], x),
        ];
        let (low, high) = (mix(edges[0], edges[1], y), mix(edges[2], edges[3], y));
        let along_i = mix(
            mix(c[1] - c[0], c[3] - c[2], y),
            mix(c[5] - c[4], c[7] - c[6], y),
            z,
        );
        let along_j = mix(edges[1] - edges[0], edges[3] - edges[2], z);
        let slope = Vec3::new(
            f64::from(along_i),
            f64::from(along_j),
            f64::from(high - low),
        );
        (mix(low, high, z), piece.linear.tr_mul(&slope))
    }
}

/// How voxels are joined.
struct Shrink {
    /// Pixels joined along i and j.
    factors: [usize; 2],
    /// First pixel that is used.
    first: [usize; 2],
    /// Slices joined.
    groups: Vec<std::ops::Range<usize>>,
    shape: [usize; 3],
}

impl Shrink {
    fn new(shape: [usize; 3], i_step: Vec3, j_step: Vec3, origins: &[Vec3], target: f64) -> Self {
        let factor = |step: f64, n: usize| {
            let wanted = (target / step + 0.25).floor().max(1.0) as usize;
            wanted.min((n / FEWEST).max(1))
        };
        let factors = [
            factor(i_step.norm(), shape[0]),
            factor(j_step.norm(), shape[1]),
        ];
        let normal = i_step.cross(&j_step).normalize();
        let n = origins.len();
        let mean = (origins[n - 1] - origins[0]).dot(&normal).abs() / (n - 1).max(1) as f64;
        let is_even = origins
            .windows(2)
            .all(|w| ((w[1] - w[0]).dot(&normal).abs() - mean).abs() <= 0.01);
        let groups = if is_even {
            let together = factor(mean, n);
            let first = (n % together) / 2;
            (0..n / together)
                .map(|g| first + g * together..first + (g + 1) * together)
                .collect()
        } else {
            grouped(origins, normal, target)
        };
        let first = [0, 1].map(|a| (shape[a] % factors[a]) / 2);
        Self {
            factors,
            first,
            shape: [shape[0] / factors[0], shape[1] / factors[1], groups.len()],
            groups,
        }
    }

    fn n_voxels(&self) -> usize {
        self.shape.iter().product()
    }

    fn level(self, values: Vec<f32>, i_step: Vec3, j_step: Vec3, origins: &[Vec3]) -> Level {
        let [fi, fj] = self.factors.map(|f| f as f64);
        let shift = i_step * (self.first[0] as f64 + (fi - 1.0) / 2.0)
            + j_step * (self.first[1] as f64 + (fj - 1.0) / 2.0);
        let middle = |group: &std::ops::Range<usize>| {
            let sum: Vec3 = origins[group.clone()].iter().sum();
            sum / group.len() as f64 + shift
        };
        let middles: Vec<Vec3> = self.groups.iter().map(middle).collect();
        let normal = i_step.cross(&j_step).normalize();
        let mut gaps: Vec<f64> = middles
            .windows(2)
            .map(|w| (w[1] - w[0]).dot(&normal).abs())
            .collect();
        gaps.sort_by(f64::total_cmp);
        let median = gaps.get(gaps.len() / 2).copied().unwrap_or(0.0);
        let (i_step, j_step) = (i_step * fi, j_step * fj);
        Level {
            shape: self.shape,
            values,
            map: Map::new(i_step, j_step, &middles, (WIDE_GAPS * median).max(WIDE_MM)),
            i_step,
            j_step,
            origins: middles,
        }
    }
}

/// Neighbouring slices of an uneven stack joined as long as they lie within `target` mm.
fn grouped(origins: &[Vec3], normal: Vec3, target: f64) -> Vec<std::ops::Range<usize>> {
    let depth = |k: usize| origins[k].dot(&normal);
    let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
    for k in 0..origins.len() {
        let slices_left = origins.len() - k;
        match groups.last_mut() {
            Some(group)
                if (depth(k) - depth(group.start)).abs() < target && slices_left > FEWEST =>
            {
                group.end = k + 1;
            }
            _ => groups.push(k..k + 1),
        }
    }
    groups
}

/// Sums and counts of the voxels that are joined.
struct Means<'a> {
    sums: &'a mut [f32],
    counts: Vec<f32>,
    ni: usize,
    factors: [usize; 2],
}

impl<'a> Means<'a> {
    fn new(sums: &'a mut [f32], ni: usize, factors: [usize; 2]) -> Self {
        sums.fill(0.0);
        Self {
            counts: vec![0.0; sums.len()],
            sums,
            ni,
            factors,
        }
    }

    /// Adds a row of voxels to the joined row `j`.
    fn add(&mut self, j: usize, row: &[f32], tone: impl Fn(f32) -> f32) {
        let range = j * self.ni..(j + 1) * self.ni;
        let sums = self.sums[range.clone()].iter_mut();
        let joined = sums.zip(&mut self.counts[range]);
        for ((sum, count), part) in joined.zip(row.chunks_exact(self.factors[0])) {
            for value in part {
                let is_real = !value.is_nan();
                *sum += if is_real { tone(*value) } else { 0.0 };
                *count += f32::from(u8::from(is_real));
            }
        }
    }

    fn finish(self, full: usize) {
        let least = (full as f32 * LEAST_REAL).max(1.0);
        for (sum, count) in self.sums.iter_mut().zip(self.counts) {
            *sum = if count >= least {
                *sum / count
            } else {
                f32::NAN
            };
        }
    }
}
