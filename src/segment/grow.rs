//! Cheapest paths from seeds through the image.

use crate::jobs::{Cancelled, JobContext};

/// Whole cost units per 2 σ; fine enough that rounding moves no boundary visibly.
const UNITS: f64 = 256.0;
/// Steps dearer than this act alike: nothing crosses them while there is another way.
const MAX_STEP: u32 = 16 * UNITS as u32;

/// What a step costs.
#[derive(Clone, Copy)]
pub(super) struct Costs<'a> {
    /// Spread σ: a step across a difference of 2 σ costs 1.
    pub(super) sigma: f64,
    /// Cost of a step of 1 mm.
    pub(super) per_mm: f64,
    /// Step to the next voxel along (i, j, k), mm.
    pub(super) steps: [f64; 3],
    /// From each slice to the next, mm.
    pub(super) gaps: &'a [f64],
}

/// Cost, in units of 2 σ, of the cheapest path over the six neighbours from the nearest start to
/// each `open` voxel of a box of `size` (i fastest); starts need not be open, and no path leads
/// through others that are not.
///
/// Dijkstra's algorithm with whole-number costs in circular buckets (Dial 1969): linear time, and
/// the same order of events on every run.
pub(super) fn costs(
    values: &[f32],
    [ni, nj, nk]: [usize; 3],
    open: &[bool],
    starts: &[usize],
    costs: Costs<'_>,
    job: &JobContext,
) -> Result<Vec<f32>, Cancelled> {
    let n = values.len();
    let mut cost = vec![u32::MAX; n];
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); MAX_STEP as usize + 1];
    let mut waiting = 0usize;
    for start in starts {
        if cost[*start] != 0 {
            cost[*start] = 0;
            buckets[0].push(*start as u32);
            waiting += 1;
        }
    }
    let scale = (UNITS / (2.0 * costs.sigma)) as f32;
    let length = |mm: f64| (costs.per_mm * mm * UNITS) as f32;
    let step_cost = |a: f32, b: f32, length: f32| {
        let units = (a - b).abs() * scale + length;
        // Not finite where a start has no value.
        if units.is_finite() {
            (units.round() as u32).clamp(1, MAX_STEP)
        } else {
            MAX_STEP
        }
    };
    let (si, sj) = (length(costs.steps[0]), length(costs.steps[1]));
    let along_k: Vec<f32> = costs.gaps.iter().map(|mm| length(*mm)).collect();
    let plane = ni * nj;
    let mut now = 0u32;
    let mut visited = 0usize;
    while waiting > 0 {
        let bucket = (now % (MAX_STEP + 1)) as usize;
        while let Some(at) = buckets[bucket].pop() {
            waiting -= 1;
            let at = at as usize;
            if cost[at] != now {
                continue;
            }
            visited += 1;
            if visited.is_multiple_of(1 << 16) {
                job.check()?;
            }
            let (k, j, i) = (at / plane, at / ni % nj, at % ni);
            let here = values[at];
            let mut reach = |to: usize, length: f32| {
                if !open[to] {
                    return;
                }
                let reached = now + step_cost(here, values[to], length);
                if reached < cost[to] {
                    cost[to] = reached;
                    buckets[(reached % (MAX_STEP + 1)) as usize].push(to as u32);
                    waiting += 1;
                }
            };
            if i > 0 {
                reach(at - 1, si);
            }
            if i + 1 < ni {
                reach(at + 1, si);
            }
            if j > 0 {
                reach(at - ni, sj);
            }
            if j + 1 < nj {
                reach(at + ni, sj);
            }
            if k > 0 {
                reach(at - plane, along_k[k - 1]);
            }
            if k + 1 < nk {
                reach(at + plane, along_k[k]);
            }
        }
        now += 1;
    }
    Ok(cost
        .into_iter()
        .map(|c| {
            if c == u32::MAX {
                f32::INFINITY
            } else {
                (f64::from(c) / UNITS) as f32
            }
        })
        .collect())
}
