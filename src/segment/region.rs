//! The part of the image around the drawn line: values, sphere and seeds.

use ndarray::Array3;

use super::{Error, GrowCutParams};
use crate::geometry::{Grid, Point, Voxel};
use crate::jobs::JobContext;
use crate::volume::Volume;

/// Largest region, voxels (about 250 × 250 × 130).
const MAX_VOXELS: usize = 8_000_000;
/// Voxels beyond the sphere that are cut out with it, mm.
const CROP_MARGIN: f64 = 4.0;

/// Values of a box around the line, smoothed, `[[k, j, i]]`; NaN where there are none.
pub(super) struct Region {
    pub(super) origin: [usize; 3],
    pub(super) values: Array3<f32>,
    /// Inside the sphere and with a value: free to be won.
    pub(super) free: Array3<bool>,
    /// Step to the next voxel along (i, j, k), mm.
    pub(super) steps: [f64; 3],
}

/// Voxels that are certainly lesion, as (k, j, i) of the region.
pub(super) struct Seeds {
    pub(super) foreground: Vec<[usize; 3]>,
}

impl Region {
    pub(super) fn around(
        volume: &Volume,
        p0: Point,
        p1: Point,
        params: &GrowCutParams,
        job: &JobContext,
    ) -> Result<Self, Error> {
        let grid = volume.grid();
        let (center, length) = (p0.midpoint(p1), p0.distance(p1).0);
        let radius = params.region_per_length * length + params.region_margin;
        let (origin, size) = box_around(grid, center, radius + CROP_MARGIN);
        let voxels = size.iter().product();
        if voxels > MAX_VOXELS {
            return Err(Error::TooLarge {
                length,
                voxels,
                limit: MAX_VOXELS,
            });
        }
        let dim = (size[2], size[1], size[0]);
        let mut values = Array3::from_elem(dim, f32::NAN);
        let mut free = Array3::from_elem(dim, false);
        for k in 0..size[2] {
            job.check()?;
            for j in 0..size[1] {
                for i in 0..size[0] {
                    let at = [origin[0] + i, origin[1] + j, origin[2] + k];
                    let Some(value) = volume.value(at[0], at[1], at[2]) else {
                        continue;
                    };
                    values[[k, j, i]] = value;
                    let p = grid.patient_from_voxel(Voxel::new(
                        at[0] as f64,
                        at[1] as f64,
                        at[2] as f64,
                    ));
                    free[[k, j, i]] = p.distance(center).0 <= radius;
                }
            }
        }
        bridge(&mut values, &mut free, grid, origin, |at| {
            let v = Voxel::new(at[0] as f64, at[1] as f64, at[2] as f64);
            grid.patient_from_voxel(v).distance(center).0 <= radius
        });
        let steps = grid.spacing_mm().map(|s| s.0);
        for (axis, step) in [(2, steps[0]), (1, steps[1]), (0, steps[2])] {
            smooth(&mut values, axis, params.smoothing / step);
        }
        Ok(Self {
            origin,
            values,
            free,
            steps,
        })
    }

    /// Seeds: the voxels within a tube around the shortened line, and at least those on the line.
    pub(super) fn seeds(&self, p0: Point, p1: Point, params: &GrowCutParams, grid: &Grid) -> Seeds {
        let cut = (1.0 - params.seed_share) / 2.0;
        let (a, d) = (
            p0.0 + (p1.0 - p0.0) * cut,
            (p1.0 - p0.0) * params.seed_share,
        );
        let (nk, nj, ni) = self.values.dim();
        let mut foreground = Vec::new();
        let on_line = self.voxels_on_line(a, d, grid);
        for k in 0..nk {
            for j in 0..nj {
                for i in 0..ni {
                    if !self.free[[k, j, i]] {
                        continue;
                    }
                    let [oi, oj, ok] = self.origin;
                    let v = Voxel::new((oi + i) as f64, (oj + j) as f64, (ok + k) as f64);
                    let p = grid.patient_from_voxel(v).0;
                    let along = ((p - a).dot(&d) / d.norm_squared()).clamp(0.0, 1.0);
                    let in_tube = (p - (a + d * along)).norm() <= params.seed_radius;
                    if in_tube || on_line.contains(&[k, j, i]) {
                        foreground.push([k, j, i]);
                    }
                }
            }
        }
        Seeds { foreground }
    }

    fn voxels_on_line(
        &self,
        a: nalgebra::Point3<f64>,
        d: crate::geometry::Vec3,
        grid: &Grid,
    ) -> Vec<[usize; 3]> {
        let shortest = self.steps.iter().copied().fold(f64::INFINITY, f64::min);
        let n = (d.norm() / shortest * 2.0).ceil().max(1.0) as usize;
        let mut voxels: Vec<[usize; 3]> = (0..=n)
            .filter_map(|s| {
                let v = grid.voxel_from_patient(Point(a + d * (s as f64 / n as f64)));
                let local = |v: f64, origin: usize| (v.round() as usize).checked_sub(origin);
                let [oi, oj, ok] = self.origin;
                let at = [local(v.k, ok)?, local(v.j, oj)?, local(v.i, oi)?];
                self.free.get(at).copied().unwrap_or(false).then_some(at)
            })
            .collect();
        voxels.dedup();
        voxels
    }

    /// Robust spread of the values at these voxels: 1.4826 times the median deviation from the
    /// median, at least a thousandth of the region's range, so that flat images stay usable.
    pub(super) fn spread(&self, voxels: &[[usize; 3]]) -> Option<f64> {
        let values: Vec<f32> = voxels.iter().map(|v| self.values[*v]).collect();
        let middle = median(&values)?;
        let deviations: Vec<f32> = values.iter().map(|v| (v - middle).abs()).collect();
        let spread = 1.4826 * f64::from(median(&deviations)?);
        let (low, high) = self
            .values
            .iter()
            .filter(|v| v.is_finite())
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| {
                (l.min(*v), h.max(*v))
            });
        Some(
            spread
                .max(f64::from(high - low) * 1e-3)
                .max(f64::from(f32::MIN_POSITIVE)),
        )
    }
}

pub(super) fn median(values: &[f32]) -> Option<f32> {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    (!sorted.is_empty()).then(|| *sorted.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// The voxels of the grid within a cube of half-size `reach` mm around a point.
fn box_around(grid: &Grid, center: Point, reach: f64) -> ([usize; 3], [usize; 3]) {
    let shape = grid.shape();
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for corner in 0..8u8 {
        let sign = |bit: u8| if corner & bit == 0 { -reach } else { reach };
        let p = center.0 + crate::geometry::Vec3::new(sign(1), sign(2), sign(4));
        let v: [f64; 3] = grid.voxel_from_patient(Point(p)).into();
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

/// Lets the region grow across missing slices: between two imaged slices a missing one gets values
/// interpolated from them. They guide the growth only and never become part of a mask.
fn bridge(
    values: &mut Array3<f32>,
    free: &mut Array3<bool>,
    grid: &Grid,
    origin: [usize; 3],
    is_near: impl Fn([usize; 3]) -> bool,
) {
    let (nk, nj, ni) = values.dim();
    let is_void = |k: usize| grid.is_void(origin[2] + k);
    for k in (0..nk).filter(|k| is_void(*k)) {
        let below = (0..k).rev().find(|k| !is_void(*k));
        let above = (k + 1..nk).find(|k| !is_void(*k));
        let (Some(below), Some(above)) = (below, above) else {
            continue;
        };
        let share = (k - below) as f32 / (above - below) as f32;
        for j in 0..nj {
            for i in 0..ni {
                let (a, b) = (values[[below, j, i]], values[[above, j, i]]);
                let value = a + (b - a) * share;
                if value.is_finite() {
                    values[[k, j, i]] = value;
                    free[[k, j, i]] = is_near([origin[0] + i, origin[1] + j, origin[2] + k]);
                }
            }
        }
    }
}

/// Gaussian smoothing along one axis, σ in voxels; voxels without value neither give nor take.
fn smooth(values: &mut Array3<f32>, axis: usize, sigma: f64) {
    if sigma < 0.2 {
        return;
    }
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f64> = (-reach..=reach)
        .map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp())
        .collect();
    let mut line = Vec::new();
    for mut lane in values.lanes_mut(ndarray::Axis(axis)) {
        line.clear();
        line.extend(lane.iter().copied());
        for (at, value) in lane.iter_mut().enumerate().filter(|(_, v)| v.is_finite()) {
            let (mut sum, mut total) = (0.0, 0.0);
            for (weight, d) in weights.iter().zip(-reach..=reach) {
                let neighbour = at.checked_add_signed(d).and_then(|n| line.get(n));
                if let Some(neighbour) = neighbour.filter(|v| v.is_finite()) {
                    sum += weight * f64::from(*neighbour);
                    total += weight;
                }
            }
            *value = (sum / total) as f32;
        }
    }
}
