//! Voxels within a figure and their values, on the native grid.
//!
//! A voxel belongs to a region when its centre lies in it (as IBSI counts voxels of a contour; Zwanenburg
//! et al., Radiology 2020;295:328). Void slices, padding and samples that are no numbers count for
//! nothing.

use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::gauge::slice_of;
use super::peak::{Peak, peak};
use crate::geometry::{Grid, Point};
use crate::volume::{Intensity, IntensityUnit, Modality, Volume, statistics_of};

/// Places this close to an edge, as a part of the size of the region, are on it and count.
const ON_EDGE: f64 = 1e-9;

/// Values within a region.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionValues {
    /// Voxels with a value.
    pub n: usize,
    /// Voxels without one: void slices, padding, no number.
    pub n_void: usize,
    /// Mean.
    pub mean: Intensity,
    /// Standard deviation (population).
    pub sd: Intensity,
    /// Smallest.
    pub min: Intensity,
    /// Largest.
    pub max: Intensity,
    /// Median; of an even number the mean of the two in the middle.
    pub median: Intensity,
    /// Peak, of uptake on a calibrated grid.
    pub peak: Option<Peak>,
}

/// Neighbouring voxels of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) i: std::ops::Range<usize>,
    pub(super) j: usize,
    pub(super) k: usize,
}

/// In-plane coordinates (i, j) of a place projected along the normal onto slice `k`.
pub(super) fn in_slice(grid: &Grid, k: usize, p: Point) -> [f64; 2] {
    let (a, b) = (grid.i_step(), grid.j_step());
    let d = p.0 - grid.slice_origins()[k].0;
    let (aa, ab, bb) = (a.dot(&a), a.dot(&b), b.dot(&b));
    let (da, db) = (d.dot(&a), d.dot(&b));
    let det = aa * bb - ab * ab;
    [(da * bb - db * ab) / det, (db * aa - da * ab) / det]
}

/// How far a circle of radius 1 mm in the slice plane reaches along i and j, voxels: the lengths of the
/// reciprocal steps.
pub(super) fn reach_per_mm(grid: &Grid) -> [f64; 2] {
    let area = grid.pixel_area().0;
    [grid.j_step().norm() / area, grid.i_step().norm() / area]
}

/// Voxels whose centre lies in a figure; none of a figure that encloses none.
pub(super) fn runs(grid: &Grid, figure: &Figure) -> Vec<Run> {
    match figure {
        Figure::Ellipse { center, ends } => {
            let Some(k) = slice_of(grid, *center) else {
                return Vec::new();
            };
            let at = |p| in_slice(grid, k, p);
            ellipse(grid, k, at(*center), ends.map(at))
        }
        Figure::Polygon { corners } => {
            let Some(k) = slice_of(grid, figure.place()) else {
                return Vec::new();
            };
            let corners: Vec<[f64; 2]> = corners.iter().map(|c| in_slice(grid, k, *c)).collect();
            polygon(grid, k, &corners)
        }
        Figure::Sphere { center, rim } => sphere(grid, *center, center.distance(*rim).0),
        Figure::Probe { at } => {
            let v = grid.voxel_from_patient(*at);
            let nearest = |x: f64, n: usize| {
                let x = x.round();
                (x >= 0.0 && x < n as f64).then_some(x as usize)
            };
            let [ni, nj, _] = grid.shape();
            let found = (nearest(v.i, ni), nearest(v.j, nj), slice_of(grid, *at));
            match found {
                (Some(i), Some(j), Some(k)) => vec![Run { i: i..i + 1, j, k }],
                _ => Vec::new(),
            }
        }
        Figure::Length { .. } | Figure::Bidirectional { .. } | Figure::Angle { .. } => Vec::new(),
    }
}

/// Whole numbers from `low` to `high`, both included, of those below `n`.
fn whole(low: f64, high: f64, n: usize) -> std::ops::Range<usize> {
    let first = low.ceil().max(0.0);
    let end = (high.floor() + 1.0).min(n as f64);
    if first < end {
        first as usize..end as usize
    } else {
        0..0
    }
}

/// Pixels within c + u cos t + v sin t.
fn ellipse(grid: &Grid, k: usize, c: [f64; 2], ends: [[f64; 2]; 2]) -> Vec<Run> {
    let [u, v] = ends.map(|e| [e[0] - c[0], e[1] - c[1]]);
    // (x − c)ᵀ Q (x − c) ≤ 1 with Q the inverse of uuᵀ + vvᵀ.
    let (ii, ij, jj) = (
        u[0] * u[0] + v[0] * v[0],
        u[0] * u[1] + v[0] * v[1],
        u[1] * u[1] + v[1] * v[1],
    );
    let det = ii * jj - ij * ij;
    if det <= 0.0 {
        return Vec::new();
    }
    let [ni, nj, _] = grid.shape();
    let high = jj.sqrt();
    let mut found = Vec::new();
    for j in whole(
        c[1] - high * (1.0 + ON_EDGE),
        c[1] + high * (1.0 + ON_EDGE),
        nj,
    ) {
        let y = j as f64 - c[1];
        // In this row the ellipse reaches from m − w to m + w.
        let m = ij / jj * y;
        let w = (det / jj * (1.0 - y * y / jj).max(0.0)).sqrt() + ON_EDGE * ii.sqrt();
        let i = whole(c[0] + m - w, c[0] + m + w, ni);
        if !i.is_empty() {
            found.push(Run { i, j, k });
        }
    }
    found
}

/// Pixels within a polygon, by the even–odd rule.
fn polygon(grid: &Grid, k: usize, corners: &[[f64; 2]]) -> Vec<Run> {
    let [ni, nj, _] = grid.shape();
    let ys = corners.iter().map(|c| c[1]);
    let low = ys.clone().fold(f64::INFINITY, f64::min);
    let high = ys.fold(f64::NEG_INFINITY, f64::max);
    let mut found = Vec::new();
    let mut crossings: Vec<f64> = Vec::new();
    for j in whole(low, high, nj) {
        let y = j as f64;
        crossings.clear();
        let next = corners.iter().cycle().skip(1);
        for (a, b) in corners.iter().zip(next) {
            if (a[1] <= y) != (b[1] <= y) {
                crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let i = whole(pair[0] - ON_EDGE, pair[1] + ON_EDGE, ni);
            if !i.is_empty() {
                found.push(Run { i, j, k });
            }
        }
    }
    found
}

/// Voxels within a sphere.
pub(super) fn sphere(grid: &Grid, center: Point, radius: f64) -> Vec<Run> {
    let normal = grid.normal();
    let [_, reach] = reach_per_mm(grid);
    let [ni, nj, nk] = grid.shape();
    let (a, b) = (grid.i_step(), grid.j_step());
    let radius = radius * (1.0 + ON_EDGE);
    let mut found = Vec::new();
    for k in 0..nk {
        let depth = (center.0 - grid.slice_origins()[k].0).dot(&normal);
        let r2 = radius * radius - depth * depth;
        if r2 < 0.0 {
            continue;
        }
        let [x, y] = in_slice(grid, k, center);
        let half = r2.sqrt() * reach;
        for j in whole(y - half, y + half, nj) {
            // |a s + b t|² ≤ r² for the offset s along i, at the offset t along j.
            let t = j as f64 - y;
            let (aa, ab, bb) = (a.dot(&a), a.dot(&b) * t, b.dot(&b) * t * t);
            let w = ab * ab - aa * (bb - r2);
            if w < 0.0 {
                continue;
            }
            let (m, w) = (-ab / aa, w.sqrt() / aa);
            let i = whole(x + m - w, x + m + w, ni);
            if !i.is_empty() {
                found.push(Run { i, j, k });
            }
        }
    }
    found
}

/// Whether a peak of these values has a meaning: they are uptake, and millimetres are known.
pub(super) fn has_peak(volume: &Volume) -> bool {
    let uptake = match volume.unit {
        IntensityUnit::SuvBodyWeight
        | IntensityUnit::SuvLeanMass
        | IntensityUnit::SuvBodySurface
        | IntensityUnit::BecquerelPerMl => true,
        IntensityUnit::Hounsfield | IntensityUnit::Arbitrary => volume.modality == Modality::PT,
    };
    uptake && volume.grid().is_calibrated()
}

/// Values of the voxels of a region; `None` where no voxel of it has one.
pub(super) fn values(volume: &Volume, runs: &[Run], with_peak: bool) -> Option<RegionValues> {
    let all = || {
        let row = |run: &Run| {
            let (j, k) = (run.j, run.k);
            run.i.clone().map(move |i| volume.value(i, j, k))
        };
        runs.iter().flat_map(row)
    };
    let found = statistics_of(all())?;
    let unit = volume.unit;
    let of = |value: f64| Intensity { value, unit };
    Some(RegionValues {
        n: found.n,
        n_void: found.n_void,
        mean: of(found.mean),
        sd: of(found.sd),
        min: of(found.min),
        max: of(found.max),
        median: of(median(all().flatten().collect())?),
        peak: (with_peak && has_peak(volume))
            .then(|| peak(volume, runs))
            .flatten(),
    })
}

fn median(mut values: Vec<f32>) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, found, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let high = f64::from(*found);
    if !even {
        return Some(high);
    }
    let low = below.iter().copied().max_by(f32::total_cmp)?;
    Some((f64::from(low) + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median(vec![4.0, 1.0, 9.0]), Some(4.0));
        assert_eq!(median(vec![4.0, 1.0, 9.0, 2.0]), Some(3.0));
        assert_eq!(median(vec![]), None);
    }
}
