//! How much a mask depends on just where the hand was.

use rayon::prelude::*;

use super::{Params, Prompt, replayed};
use crate::geometry::{Point, Voxel};
use crate::jobs::{Cancelled, JobContext};
use crate::volume::Volume;

/// Shifts of the first gesture's two ends (or of all its points, by turns), pixels along (i, j).
const SHIFTS: [[[f64; 2]; 2]; 6] = [
    [[1.5, 0.0], [-1.5, 0.0]],
    [[0.0, 1.5], [0.0, -1.5]],
    [[1.5, 1.0], [1.5, 1.0]],
    [[-1.5, -1.0], [-1.5, -1.0]],
    [[-1.0, 1.5], [1.0, -1.5]],
    [[1.0, -1.5], [-1.0, 1.5]],
];

/// Mean Dice of the mask with those that the same history would make, had the first gesture been a
/// pixel or two beside: 1 where the hand does not matter, 0 where no mask is made. Six histories are
/// replayed: for the background.
///
/// # Errors
/// When the job is cancelled.
pub fn consistency(
    volume: &Volume,
    prompts: &[Prompt],
    params: &Params,
    job: &JobContext,
) -> Result<f64, Cancelled> {
    let Ok(whole) = replayed(volume, prompts, params, job) else {
        job.check()?;
        return Ok(0.0);
    };
    let dice: Vec<f64> = SHIFTS
        .par_iter()
        .map(|shifts| {
            let mut beside = prompts.to_vec();
            if let Some(first) = beside.first_mut() {
                *first = shifted(volume, first, shifts);
            }
            replayed(volume, &beside, params, job).map_or(0.0, |made| made.dice(&whole))
        })
        .collect();
    job.check()?;
    Ok(dice.iter().sum::<f64>() / dice.len() as f64)
}

/// A gesture with its points moved within the image.
fn shifted(volume: &Volume, prompt: &Prompt, shifts: &[[f64; 2]; 2]) -> Prompt {
    let grid = volume.grid();
    let [ni, nj, _] = grid.shape();
    let moved = |n: usize, p: &Point| {
        let v = grid.voxel_from_patient(*p);
        let [di, dj] = shifts[n % 2];
        let inside = |x: f64, n: usize| x.clamp(-0.49, n as f64 - 0.51);
        grid.patient_from_voxel(Voxel::new(inside(v.i + di, ni), inside(v.j + dj, nj), v.k))
    };
    let all = |points: &[Point]| points.iter().map(|p| moved(0, p)).collect();
    match prompt {
        Prompt::Drag { ends: [a, b] } => Prompt::Drag {
            ends: [moved(0, a), moved(1, b)],
        },
        Prompt::Box { corners: [a, b] } => Prompt::Box {
            corners: [moved(0, a), moved(1, b)],
        },
        Prompt::Point { at, adds } => Prompt::Point {
            at: moved(0, at),
            adds: *adds,
        },
        Prompt::Scribble {
            points,
            radius,
            adds,
        } => Prompt::Scribble {
            points: all(points),
            radius: *radius,
            adds: *adds,
        },
        Prompt::Lasso { points, adds } => Prompt::Lasso {
            points: all(points),
            adds: *adds,
        },
        Prompt::Slices | Prompt::Anew => prompt.clone(),
    }
}
