//! Where voxels are, for images of unknown spacing too.

use rayon::prelude::*;

use super::model::median;
use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::volume::Volume;

/// Where voxels are for the purpose of dividing an image.
///
/// As the grid says, but for an image of unknown spacing: its slices are put as far apart as makes
/// neighbouring slices as alike as pixels at that distance are.
#[derive(Clone)]
pub(super) struct Frame<'a> {
    pub(super) grid: &'a Grid,
    /// Factor along the normal of the slices.
    pub(super) stretch: f64,
    normal: Vec3,
}

impl<'a> Frame<'a> {
    pub(super) fn new(volume: &'a Volume) -> Self {
        let grid = volume.grid();
        Self {
            grid,
            stretch: likely_stretch(volume),
            normal: grid.normal(),
        }
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

/// Largest distance of slices that is tried, pixels.
const FARTHEST: usize = 12;
/// Places of the volume that are compared, at most.
const COMPARED: usize = 40_000;
/// Part of the range from the 5th to the 98th percentile that parts a body from what is around it.
const BODY: f32 = 0.15;

/// How many times farther apart than the grid says the slices of an image of unknown spacing seem to
/// be. Their distance in pixels is that at which
/// pixels of the body differ as much as neighbouring slices do, in the median over the whole volume.
/// Values are means of 3 × 3 pixels, so that noise hardly counts.
#[must_use]
pub fn likely_stretch(volume: &Volume) -> f64 {
    let grid = volume.grid();
    if grid.is_calibrated() || grid.shape()[2] < 2 {
        return 1.0;
    }
    let [di, _, dk] = grid.spacing_mm().map(|s| s.0);
    let [ni, nj, nk] = grid.shape();
    let every = ((ni * nj * nk / COMPARED) as f64).sqrt().ceil().max(1.0) as usize;
    let mean = |i: usize, j: usize, k: usize| {
        let (mut sum, mut n) = (0.0f32, 0u8);
        for b in j.saturating_sub(1)..(j + 2).min(nj) {
            for a in i.saturating_sub(1)..(i + 2).min(ni) {
                if let Some(v) = volume.value(a, b, k) {
                    sum += v;
                    n += 1;
                }
            }
        }
        (n > 0).then(|| sum / f32::from(n))
    };
    let places: Vec<([usize; 3], f32)> = (0..nk)
        .into_par_iter()
        .flat_map_iter(|k| {
            let rows = (0..nj).step_by(every);
            let at = rows.flat_map(move |j| (0..ni).step_by(every).map(move |i| [i, j, k]));
            at.filter_map(|[i, j, k]| mean(i, j, k).map(|v| ([i, j, k], v)))
        })
        .collect();
    let mut sorted: Vec<f32> = places.iter().map(|p| p.1).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |share: f32| sorted.get((sorted.len() as f32 * share) as usize).copied();
    let (Some(low), Some(high)) = (at(0.05), at(0.98)) else {
        return 1.0;
    };
    let is_body = |v: f32| v > low + BODY * (high - low);
    let difference = |[a, b, c]: [usize; 3]| {
        let pairs = places.par_iter().filter(|p| is_body(p.1));
        let apart: Vec<f32> = pairs
            .filter_map(|([i, j, k], v)| {
                let (i, j, k) = (i + a, j + b, k + c);
                let other = (i < ni && j < nj && k < nk).then(|| mean(i, j, k))??;
                is_body(other).then(|| (v - other).abs())
            })
            .collect();
        median(&apart)
    };
    let Some(across) = difference([0, 0, 1]) else {
        return 1.0;
    };
    let mut before = 0.0;
    for apart in 1..=FARTHEST {
        let along = [difference([apart, 0, 0]), difference([0, apart, 0])];
        let [Some(along_i), Some(along_j)] = along else {
            break;
        };
        let now = (along_i + along_j) / 2.0;
        if now >= across {
            let share = f64::from((now - across) / (now - before).max(f32::MIN_POSITIVE));
            return (apart as f64 - share.min(1.0)).max(1.0) * di / dk;
        }
        before = now;
    }
    FARTHEST as f64 * di / dk
}
