//! The smoothest division that follows evidence and edges: a random walker with priors.

use rayon::prelude::*;

use super::field::Field;
use crate::jobs::{Cancelled, JobContext};

/// Voxels of a field in which two labels are to be told apart.
pub(super) struct Problem<'a> {
    pub(super) field: &'a Field<'a>,
    pub(super) joins: &'a Joins,
    /// Probability of lesion that the evidence gives.
    pub(super) belief: Vec<f32>,
    /// Weight of the evidence; infinite where the label is settled.
    pub(super) weight: Vec<f32>,
}

/// Over-relaxation: between 1 and 2, faster than 1 for any smooth part of the solution.
const OVER: f32 = 1.5;

/// A voxel whose label is not settled: its new value is `own` and its neighbours' by these shares.
struct Cell {
    /// Place in its slice, with the margin.
    at: usize,
    own: f32,
    /// Of the neighbours before and after along i, j and k.
    shares: [f32; 6],
}

impl Problem<'_> {
    /// Probability of lesion, voxel by voxel: the minimum of
    /// Σ joins (x − x′)² + Σ weight (x − belief)² (Grady 2005, doi 10.1109/CVPR.2005.239).
    ///
    /// Gauss–Seidel in each slice, even slices before odd ones, a fixed number of sweeps: the same
    /// numbers whatever the number of threads.
    pub(super) fn solve(&self, n_sweeps: usize, job: &JobContext) -> Result<Vec<f32>, Cancelled> {
        let [ni, nj, nk] = self.field.size;
        let plane = ni * nj;
        // A row before and one after, so that every voxel has all its neighbours.
        let padded = plane + 2 * ni;
        let cells: Vec<Vec<Cell>> = (0..nk).into_par_iter().map(|k| self.cells(k)).collect();
        let mut slices: Vec<Vec<f32>> = (0..nk)
            .map(|k| {
                let mut slice = vec![0.0; padded];
                slice[ni..ni + plane].copy_from_slice(&self.belief[k * plane..][..plane]);
                slice
            })
            .collect();
        let nothing = vec![0.0; padded];
        for sweep in 0..n_sweeps {
            job.check()?;
            job.progress.set(sweep, n_sweeps);
            for parity in 0..2 {
                let mut turn: Vec<(usize, Vec<f32>)> = (parity..nk)
                    .step_by(2)
                    .map(|k| (k, std::mem::take(&mut slices[k])))
                    .collect();
                turn.par_iter_mut().for_each(|(k, x)| {
                    let below = k.checked_sub(1).map_or(&nothing, |b| &slices[b]);
                    let above = slices.get(*k + 1).unwrap_or(&nothing);
                    sweep_slice(&cells[*k], ni, x, below, above);
                });
                for (k, values) in turn {
                    slices[k] = values;
                }
            }
        }
        let mut made = Vec::with_capacity(plane * nk);
        for slice in &slices {
            made.extend_from_slice(&slice[ni..ni + plane]);
        }
        Ok(made)
    }

    /// Voxels of a slice whose label is not settled.
    fn cells(&self, k: usize) -> Vec<Cell> {
        let [ni, nj, nk] = self.field.size;
        let (size, strides) = ([ni, nj, nk], [1, ni, ni * nj]);
        let values = &self.field.values;
        let mut cells = Vec::new();
        for at in 0..ni * nj {
            let n = k * ni * nj + at;
            let weight = self.weight[n];
            if weight.is_infinite() {
                continue;
            }
            let place = [at % ni, at / ni, k];
            let mut shares = [0.0; 6];
            for a in 0..3 {
                if place[a] > 0 {
                    let pair = (values[n], values[n - strides[a]]);
                    shares[2 * a] = self.joins.between(a, place[a] - 1, pair);
                }
                if place[a] + 1 < size[a] {
                    let pair = (values[n], values[n + strides[a]]);
                    shares[2 * a + 1] = self.joins.between(a, place[a], pair);
                }
            }
            let total = weight + shares.iter().sum::<f32>();
            if total > 0.0 {
                cells.push(Cell {
                    at: at + ni,
                    own: weight * self.belief[n] / total,
                    shares: shares.map(|s| s / total),
                });
            }
        }
        cells
    }
}

fn sweep_slice(cells: &[Cell], row: usize, x: &mut [f32], below: &[f32], above: &[f32]) {
    for Cell { at, own, shares } in cells {
        let at = *at;
        let [left, right, before, after, down, up] = *shares;
        // What does not wait for the voxel just done comes first.
        let far = own + down * below[at] + up * above[at] + before * x[at - row];
        let near = far + after * x[at + row] + right * x[at + 1];
        x[at] += OVER * (near + left * x[at - 1] - x[at]);
    }
}

/// Largest join: slices nearer than pixels are not to outweigh all else.
const MOST_NEAR: f64 = 4.0;
/// Differences, in units of what counts as an edge, up to which joins fall, and steps to one unit.
const FARTHEST: usize = 6;
const STEPS: usize = 128;

/// How well neighbouring voxels are joined: 1 for equal values, less across an edge, `floor` at
/// least, scaled to the distance (that of pixels being 1); 0 where a value is missing.
pub(super) struct Joins {
    /// By distance, from each position along (i, j, k) to the next.
    near: [Vec<f32>; 3],
    /// By difference of values.
    alike: Vec<f32>,
    /// Steps of `alike` to one unit of value.
    scale: f32,
}

impl Joins {
    pub(super) fn new(field: &Field<'_>, edge: f32, floor: f32) -> Self {
        let pixel = field.steps[0].min(field.steps[1]);
        let near = |step: f64| (pixel / step).powi(2).min(MOST_NEAR) as f32;
        let even = |a: usize| vec![near(field.steps[a]); field.size[a]];
        let alike = |n: usize| {
            let edges = n as f32 / STEPS as f32;
            floor + (1.0 - floor) * (-0.5 * edges * edges).exp()
        };
        Self {
            near: [
                even(0),
                even(1),
                field.gaps.iter().map(|g| near(*g)).collect(),
            ],
            alike: (0..=FARTHEST * STEPS).map(alike).collect(),
            scale: STEPS as f32 / edge,
        }
    }

    /// Join of two voxels, the first at a position along an axis, the second next to it.
    fn between(&self, axis: usize, position: usize, (a, b): (f32, f32)) -> f32 {
        let difference = (a - b).abs();
        if !difference.is_finite() {
            return 0.0;
        }
        let step = (difference * self.scale + 0.5) as usize;
        self.near[axis][position] * self.alike[step.min(self.alike.len() - 1)]
    }
}
