//! GrowCut as 3D Slicer has it: shortest paths on the values as they are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use ndarray::Array3;

use crate::geometry::{Point, Voxel};
use crate::segment::likely_stretch;
use crate::volume::{Mask, Volume};

/// Radius of the region in lengths of the line and what is added to it, mm; half-width of the seeds
/// around the line's middle part: as the program's own drag has them.
const REGION: f64 = 0.675;
const MARGIN_MM: f64 = 2.0;
const SEED_SHARE: f64 = 0.84;
const SEED_MM: f64 = 1.0;

/// The mask that the fast GrowCut of Zhu et al. 2014 (doi 10.3389/fninf.2014.00013) makes of the
/// seeds of a drag: a voxel belongs to the label that reaches it at the lower sum of |ΔI| over 26
/// neighbours. A form of our own of the published algorithm, without smoothing before or after.
pub(super) fn grow_cut(volume: &Volume, ends: [Point; 2]) -> Option<Mask> {
    let grid = volume.grid();
    let middle = ends[0].midpoint(ends[1]);
    let radius = REGION * ends[0].distance(ends[1]).0 + MARGIN_MM;
    let v: [f64; 3] = grid.voxel_from_patient(middle).into();
    // The same distance of slices as the engine takes where none is known.
    let stretch = likely_stretch(volume);
    let [di, dj, dk] = grid.spacing_mm().map(|s| s.0);
    let steps = [di, dj, dk * stretch];
    let normal = grid.normal();
    let shape = grid.shape();
    let low = [0, 1, 2].map(|a| (v[a] - radius / steps[a] - 2.0).max(0.0) as usize);
    let high = [0, 1, 2].map(|a| ((v[a] + radius / steps[a] + 3.0) as usize).min(shape[a]));
    let size = [0, 1, 2].map(|a| high[a].saturating_sub(low[a]));
    let n: usize = size.iter().product();
    let [ni, nj, nk] = size;
    let cut = (1.0 - SEED_SHARE) / 2.0;
    let along = ends[1].0 - ends[0].0;
    let (from, line) = (ends[0].0 + along * cut, along * SEED_SHARE);

    let mut values = Vec::with_capacity(n);
    // Cost so far and whether lesion; costs are whole: bits of a positive f32 sort as it does.
    let mut best: Vec<(u32, bool)> = vec![(u32::MAX, false); n];
    let mut queue = BinaryHeap::new();
    for (at, state) in best.iter_mut().enumerate() {
        let [i, j, k] = [at % ni, at / ni % nj, at / (ni * nj)];
        let own = [low[0] + i, low[1] + j, low[2] + k];
        values.push(volume.value(own[0], own[1], own[2]).unwrap_or(f32::NAN));
        let [x, y, z] = own.map(|o| o as f64);
        let p = grid.patient_from_voxel(Voxel::new(x, y, z));
        let up = (p.0 - middle.0).dot(&normal) * (stretch - 1.0);
        let p = Point(p.0 + normal * up);
        let t = ((p.0 - from).dot(&line) / line.norm_squared()).clamp(0.0, 1.0);
        let is_seed = (p.0 - from - line * t).norm() <= SEED_MM.max(0.5 * steps[0]);
        if is_seed || p.distance(middle).0 > radius {
            *state = (0, is_seed);
            queue.push(Reverse((0u32, at)));
        }
    }
    while let Some(Reverse((bits, at))) = queue.pop() {
        if best[at].0 != bits {
            continue;
        }
        let (cost, label) = (f32::from_bits(bits), best[at].1);
        let [i, j, k] = [at % ni, at / ni % nj, at / (ni * nj)];
        for c in k.saturating_sub(1)..(k + 2).min(nk) {
            for b in j.saturating_sub(1)..(j + 2).min(nj) {
                for a in i.saturating_sub(1)..(i + 2).min(ni) {
                    let to = (c * nj + b) * ni + a;
                    let reached = (cost + (values[at] - values[to]).abs()).to_bits();
                    // Not a number where a value is missing: greater than every cost.
                    if reached < best[to].0 && f32::from_bits(reached).is_finite() {
                        best[to] = (reached, label);
                        queue.push(Reverse((reached, to)));
                    }
                }
            }
        }
    }
    let bits = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let (cost, label) = best[(k * nj + j) * ni + i];
        label && cost != u32::MAX
    });
    Mask::from_box(Arc::clone(grid), low, &bits).ok()
}
