//! SUVpeak: the highest mean uptake over a sphere of one cubic centimetre.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::region::{Run, has_peak, in_slice, reach_per_mm};
use crate::geometry::{Grid, Point, Voxel};
use crate::units::Mm;
use crate::volume::{Intensity, Mask, Volume};

/// Radius of a sphere of 1 cm³: (3 / 4π)^⅓ cm.
pub const PEAK_RADIUS: Mm = Mm(6.203_504_908_994_001);

/// The peak of a region.
///
/// The highest mean over a sphere of 1 cm³ whose centre is the centre of a voxel of the region (PERCIST:
/// Wahl et al., J Nucl Med 2009;50 Suppl 1:122S; as IBSI's global intensity peak). The sphere may reach
/// beyond the region; of what lies beyond the image nothing counts. Voxels whose centre lies in the sphere
/// count, on the native grid, each with the extent of its slice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// The mean.
    pub value: Intensity,
    /// Centre of the sphere, LPS mm.
    pub at: Point,
}

/// A voxel of the sphere around a voxel: its slice, how far it lies along i and j, and what it counts.
struct Neighbour {
    k: usize,
    di: i64,
    dj: i64,
    weight: f64,
}

/// The peak of the voxels of a mask on the grid of an image; `None` where the values are no uptake, the
/// spacing is unknown, or no sphere holds a value.
#[must_use]
pub fn mask_peak(mask: &Mask, image: &Volume) -> Option<Peak> {
    if mask.grid().shape() != image.grid().shape() || !has_peak(image) {
        return None;
    }
    let voxel = |[i, j, k]: [usize; 3]| Run { i: i..i + 1, j, k };
    peak(image, &mask.voxels().map(voxel).collect::<Vec<_>>())
}

/// The peak of a region; `None` where no sphere holds a value.
pub(super) fn peak(volume: &Volume, runs: &[Run]) -> Option<Peak> {
    let grid = volume.grid();
    let mut slices: Vec<usize> = runs.iter().map(|r| r.k).collect();
    slices.sort_unstable();
    slices.dedup();
    let spheres: Vec<Vec<Neighbour>> = slices.iter().map(|k| neighbours(grid, *k)).collect();
    let around = |k: usize| slices.binary_search(&k).ok().map(|at| &spheres[at]);
    let of_run = |run: &Run| {
        let sphere = around(run.k)?;
        let centres = run.i.clone().filter_map(|i| {
            let mean = mean_around(volume, sphere, i, run.j)?;
            Some((mean, [i, run.j, run.k]))
        });
        centres.reduce(higher)
    };
    let (value, [i, j, k]) = runs
        .par_iter()
        .filter_map(of_run)
        // In order, so that of equal ones the first is taken whatever the number of threads.
        .collect::<Vec<_>>()
        .into_iter()
        .reduce(higher)?;
    Some(Peak {
        value: Intensity {
            value,
            unit: volume.unit,
        },
        at: grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64)),
    })
}

type Centre = (f64, [usize; 3]);

fn higher(a: Centre, b: Centre) -> Centre {
    if b.0 > a.0 { b } else { a }
}

/// The sphere around any voxel of slice `k`: slices are shifted against each other alike everywhere.
fn neighbours(grid: &Grid, k: usize) -> Vec<Neighbour> {
    let normal = grid.normal();
    let origin = grid.slice_origins()[k];
    let [across, down] = reach_per_mm(grid);
    let (a, b) = (grid.i_step(), grid.j_step());
    let r2 = PEAK_RADIUS.0 * PEAK_RADIUS.0 * (1.0 + 1e-9);
    let mut found = Vec::new();
    for other in 0..grid.shape()[2] {
        let depth = (origin.0 - grid.slice_origins()[other].0).dot(&normal);
        let left = r2 - depth * depth;
        let weight = grid.slice_extent(other).0;
        if left < 0.0 || weight <= 0.0 {
            continue;
        }
        let [x, y] = in_slice(grid, other, origin);
        let (wide, high) = (left.sqrt() * across, left.sqrt() * down);
        for dj in (y - high).ceil() as i64..=(y + high).floor() as i64 {
            for di in (x - wide).ceil() as i64..=(x + wide).floor() as i64 {
                let offset = a * (di as f64 - x) + b * (dj as f64 - y);
                if offset.norm_squared() <= left {
                    let k = other;
                    found.push(Neighbour { k, di, dj, weight });
                }
            }
        }
    }
    found
}

/// Mean over the sphere around voxel (i, j); `None` where no voxel of it has a value.
fn mean_around(volume: &Volume, sphere: &[Neighbour], i: usize, j: usize) -> Option<f64> {
    let grid = volume.grid();
    let [ni, nj, _] = grid.shape();
    let (mut sum, mut weights) = (0.0, 0.0);
    for n in sphere {
        let (x, y) = (i as i64 + n.di, j as i64 + n.dj);
        if x < 0 || y < 0 || x >= ni as i64 || y >= nj as i64 {
            continue;
        }
        if let Some(value) = volume.value(x as usize, y as usize, n.k) {
            sum += n.weight * f64::from(value);
            weights += n.weight;
        }
    }
    (weights > 0.0).then(|| sum / weights)
}
