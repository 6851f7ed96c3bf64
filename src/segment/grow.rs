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
/// through others that are not, whose cost is 0.
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
    // A closed margin of one voxel spares asking where the box ends.
    let (row, plane) = (ni + 2, (ni + 2) * (nj + 2));
    let padded = |n: usize| (n / (ni * nj) + 1) * plane + (n / ni % nj + 1) * row + n % ni + 1;
    let mut value = vec![0.0f32; plane * (nk + 2)];
    let mut cost = vec![0u32; value.len()];
    for n in (0..values.len()).step_by(ni) {
        let at = padded(n);
        value[at..at + ni].copy_from_slice(&values[n..n + ni]);
        let to = cost[at..at + ni].iter_mut().zip(&open[n..n + ni]);
        // Nothing is cheaper than 0: closed voxels are never reached.
        to.for_each(|(cost, open)| *cost = if *open { u32::MAX } else { 0 });
    }
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); MAX_STEP as usize + 1];
    let mut waiting = starts.len();
    for start in starts {
        let at = padded(*start);
        cost[at] = 0;
        buckets[0].push(at as u32);
    }
    let scale = (UNITS / (2.0 * costs.sigma)) as f32;
    let length = |mm: f64| (costs.per_mm * mm * UNITS) as f32;
    let step_cost = |a: f32, b: f32, length: f32| {
        let units = (a - b).abs() * scale + length;
        // Not so where a start has no value.
        if units < MAX_STEP as f32 {
            ((units + 0.5) as u32).max(1)
        } else {
            MAX_STEP
        }
    };
    let (along_i, along_j) = (length(costs.steps[0]), length(costs.steps[1]));
    // From the slice before each, that of the margin included.
    let along_k: Vec<f32> = [0.0, 0.0]
        .into_iter()
        .chain(costs.gaps.iter().map(|mm| length(*mm)))
        .collect();
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
            let here = value[at];
            let k = at / plane;
            let ways = [
                (at - 1, along_i),
                (at + 1, along_i),
                (at - row, along_j),
                (at + row, along_j),
                (at - plane, along_k[k]),
                (at + plane, along_k[k + 1]),
            ];
            for (to, length) in ways {
                if cost[to] <= now {
                    continue;
                }
                let reached = now + step_cost(here, value[to], length);
                if reached < cost[to] {
                    cost[to] = reached;
                    buckets[(reached % (MAX_STEP + 1)) as usize].push(to as u32);
                    waiting += 1;
                }
            }
        }
        now += 1;
    }
    let mut made = Vec::with_capacity(values.len());
    for n in (0..values.len()).step_by(ni) {
        let at = padded(n);
        made.extend(cost[at..at + ni].iter().map(|c| match *c {
            u32::MAX => f32::INFINITY,
            c => (f64::from(c) / UNITS) as f32,
        }));
    }
    Ok(made)
}
