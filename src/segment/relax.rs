//! The smoothest division that follows evidence and edges: a random walker with priors.

use rayon::prelude::*;

use super::field::Field;
use crate::jobs::{Cancelled, JobContext};

/// A box of voxels, i fastest, in which two labels are to be told apart.
pub(super) struct Problem<'a> {
    /// Voxels along (i, j, k).
    pub(super) size: [usize; 3],
    /// How well each voxel is joined to the next along (i, j, k); 0 parts them.
    pub(super) joins: &'a [Vec<f32>; 3],
    /// Probability of lesion that the evidence gives.
    pub(super) belief: Vec<f32>,
    /// Weight of the evidence; infinite where the label is settled.
    pub(super) weight: Vec<f32>,
}

/// Largest join: slices nearer than pixels are not to outweigh all else.
const MOST_NEAR: f64 = 4.0;
/// Over-relaxation: between 1 and 2, faster than 1 for any smooth part of the solution.
const OVER: f32 = 1.5;

impl Problem<'_> {
    /// Probability of lesion, voxel by voxel: the minimum of
    /// Σ joins (x − x′)² + Σ weight (x − belief)² (Grady 2005, doi 10.1109/CVPR.2005.239).
    ///
    /// Gauss–Seidel in each slice, even slices before odd ones, a fixed number of sweeps: the same
    /// numbers whatever the number of threads.
    pub(super) fn solve(&self, n_sweeps: usize, job: &JobContext) -> Result<Vec<f32>, Cancelled> {
        let [ni, nj, nk] = self.size;
        let plane = ni * nj;
        let mut slices: Vec<Vec<f32>> = self
            .belief
            .chunks(plane.max(1))
            .map(<[f32]>::to_vec)
            .collect();
        for sweep in 0..n_sweeps {
            job.check()?;
            job.progress.set(sweep, n_sweeps);
            for parity in 0..2 {
                let mut turn: Vec<(usize, Vec<f32>)> = (parity..nk)
                    .step_by(2)
                    .map(|k| (k, std::mem::take(&mut slices[k])))
                    .collect();
                turn.par_iter_mut().for_each(|(k, values)| {
                    let below = k.checked_sub(1).map(|b| slices[b].as_slice());
                    let above = slices.get(*k + 1).map(Vec::as_slice);
                    self.sweep_slice(*k, values, below, above);
                });
                for (k, values) in turn {
                    slices[k] = values;
                }
            }
        }
        Ok(slices.concat())
    }

    fn sweep_slice(&self, k: usize, x: &mut [f32], below: Option<&[f32]>, above: Option<&[f32]>) {
        let [ni, nj, _] = self.size;
        let plane = ni * nj;
        let [along_i, along_j, along_k] = self.joins;
        for j in 0..nj {
            for i in 0..ni {
                let at = j * ni + i;
                let n = k * plane + at;
                let weight = self.weight[n];
                if weight.is_infinite() {
                    continue;
                }
                let (mut sum, mut total) = (weight * self.belief[n], weight);
                let mut join = |w: f32, value: f32| {
                    sum += w * value;
                    total += w;
                };
                if i > 0 {
                    join(along_i[n - 1], x[at - 1]);
                }
                if i + 1 < ni {
                    join(along_i[n], x[at + 1]);
                }
                if j > 0 {
                    join(along_j[n - ni], x[at - ni]);
                }
                if j + 1 < nj {
                    join(along_j[n], x[at + ni]);
                }
                if let Some(below) = below {
                    join(along_k[n - plane], below[at]);
                }
                if let Some(above) = above {
                    join(along_k[n], above[at]);
                }
                if total > 0.0 {
                    x[at] += OVER * (sum / total - x[at]);
                }
            }
        }
    }
}

/// Joins of neighbouring voxels: 1 for equal values, less across an edge, `floor` at least, scaled to
/// the distance (that of pixels being 1); 0 where a value is missing.
pub(super) fn joins(field: &Field<'_>, edge: f32, floor: f32) -> [Vec<f32>; 3] {
    let (values, size, steps) = (&field.values, field.size, field.steps);
    let strides = [1, size[0], size[0] * size[1]];
    let pixel = steps[0].min(steps[1]);
    let falloff = 1.0 / (2.0 * edge * edge);
    [0, 1, 2].map(|axis| {
        let stride = strides[axis];
        let near: Vec<f32> = (0..size[axis])
            .map(|at| {
                let step = if axis == 2 {
                    field.gaps[at]
                } else {
                    steps[axis]
                };
                (pixel / step).powi(2).min(MOST_NEAR) as f32
            })
            .collect();
        (0..values.len())
            .into_par_iter()
            .map(|n| {
                let position = n / stride % size[axis];
                if position + 1 >= size[axis] {
                    return 0.0;
                }
                let difference = values[n + stride] - values[n];
                if difference.is_finite() {
                    let same = (-difference * difference * falloff).exp();
                    near[position] * (floor + (1.0 - floor) * same)
                } else {
                    0.0
                }
            })
            .collect()
    })
}
