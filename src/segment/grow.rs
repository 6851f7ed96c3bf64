//! Two labels compete for voxels along cheapest paths.

use ndarray::Array3;

use super::region::{Region, Seeds};
use crate::jobs::{Cancelled, JobContext};

/// Whole cost units per 2 σ; fine enough that rounding moves no boundary visibly.
const UNITS: f64 = 256.0;
/// Steps dearer than this act alike: nothing crosses them while there is another way.
const MAX_STEP: u32 = 16 * UNITS as u32;

/// The voxels that the foreground reaches at lower cost than the background.
///
/// Dijkstra's algorithm over the six neighbours with whole-number costs in circular buckets (Dial
/// 1969): linear time, and the same order of events on every run. Ties go to the background.
pub(super) fn compete(
    region: &Region,
    seeds: &Seeds,
    sigma: f64,
    cost_per_mm: f64,
    job: &JobContext,
) -> Result<Array3<bool>, Cancelled> {
    let (nk, nj, ni) = region.values.dim();
    let values = region.values.as_standard_layout();
    let values = values.as_slice().unwrap_or_default();
    let free: Vec<bool> = region.free.iter().copied().collect();
    let index = |[k, j, i]: [usize; 3]| (k * nj + j) * ni + i;
    let n = values.len();

    let mut cost = vec![u32::MAX; n];
    let mut inside = vec![false; n];
    let mut done = vec![false; n];
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); MAX_STEP as usize + 1];
    let mut waiting = 0usize;

    // Background first: at equal cost the label that was there stays.
    for (at, is_free) in free.iter().enumerate() {
        if !is_free {
            cost[at] = 0;
            buckets[0].push(at as u32);
            waiting += 1;
        }
    }
    for seed in &seeds.foreground {
        let at = index(*seed);
        cost[at] = 0;
        inside[at] = true;
        buckets[0].push(at as u32);
        waiting += 1;
    }

    let step_cost = |a: f32, b: f32, mm: f64| {
        let difference = f64::from((a - b).abs()) / (2.0 * sigma);
        // Not finite where a voxel has no value: nothing crosses it.
        let units = (difference + cost_per_mm * mm) * UNITS;
        if units.is_finite() {
            (units.round() as u32).clamp(1, MAX_STEP)
        } else {
            MAX_STEP
        }
    };
    let [si, sj, sk] = region.steps;
    let mut now = 0u32;
    let mut visited = 0usize;
    while waiting > 0 {
        let bucket = (now % (MAX_STEP + 1)) as usize;
        while let Some(at) = buckets[bucket].pop() {
            waiting -= 1;
            let at = at as usize;
            if done[at] || cost[at] != now {
                continue;
            }
            done[at] = true;
            visited += 1;
            if visited.is_multiple_of(1 << 16) {
                job.check()?;
                job.progress.set(visited, n);
            }
            let (k, j, i) = (at / (ni * nj), at / ni % nj, at % ni);
            let neighbours = [
                (i > 0).then(|| (at - 1, si)),
                (i + 1 < ni).then(|| (at + 1, si)),
                (j > 0).then(|| (at - ni, sj)),
                (j + 1 < nj).then(|| (at + ni, sj)),
                (k > 0).then(|| (at - ni * nj, sk)),
                (k + 1 < nk).then(|| (at + ni * nj, sk)),
            ];
            for (to, mm) in neighbours.into_iter().flatten() {
                if done[to] {
                    continue;
                }
                let reached = now + step_cost(values[at], values[to], mm);
                if reached < cost[to] {
                    cost[to] = reached;
                    inside[to] = inside[at];
                    buckets[(reached % (MAX_STEP + 1)) as usize].push(to as u32);
                    waiting += 1;
                }
            }
        }
        now += 1;
    }
    Ok(Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        inside[index([k, j, i])] && region.free[[k, j, i]]
    }))
}
