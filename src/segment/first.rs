//! From the first gesture to a mask.

use super::brush::Brush;
use super::finish::{self, Lesion};
use super::outline::Outline;
use super::region::{self, Seeds, Strokes};
use super::{Error, Params, Prompt, click, field, lasso};
use crate::geometry::Point;
use crate::jobs::JobContext;
use crate::volume::{Mask, Volume};

/// Points of a stroke that are compared to find the two that lie farthest apart.
const COMPARED: usize = 200;

/// The mask that a lesion's first gesture makes, and how sharp its division is.
///
/// # Errors
/// As [`super::segment()`].
pub(super) fn first_mask(
    volume: &Volume,
    prompt: &Prompt,
    params: &Params,
    job: &JobContext,
) -> Result<(Mask, f64), Error> {
    let grid = volume.grid();
    let is_outside = |p: &Point| !grid.contains(grid.voxel_from_patient(*p));
    if prompt.points().iter().any(is_outside) || (prompt.points().is_empty() && prompt.has_place())
    {
        return Err(Error::Outside);
    }
    let lesion = match prompt {
        Prompt::Drag { ends } => of_drag(volume, *ends, &[], params, job)?,
        Prompt::Point { at, adds: true } => click::lesion(volume, *at, params, job)?,
        Prompt::Box { corners } => of_box(volume, *corners, params, job)?,
        Prompt::Scribble {
            points, adds: true, ..
        } => {
            // A stroke within the lesion shows about three quarters of its length.
            let [a, b] = farthest(points);
            let more = (b.0 - a.0) / 6.0;
            let ends = [Point(a.0 - more), Point(b.0 + more)];
            let all = ([0; 3], grid.shape());
            let covered = Brush::new(volume, prompt).covered(volume, all, job)?;
            let made = of_line(volume, ends, &Seeds::Voxels(&covered), &[], params, job)?;
            let mut valued = covered;
            valued.retain(|[i, j, k]| volume.value(*i, *j, *k).is_some());
            let mask = made.mask(volume)?.changed(&valued, true);
            return Ok((
                mask.map_err(|e| Error::Mask(e.to_string()))?,
                made.sharpness,
            ));
        }
        Prompt::Lasso { points, adds: true } => {
            let enclosed = lasso::enclosed(volume, prompt)?;
            if enclosed.voxels.is_empty() {
                return Err(Error::NothingFound);
            }
            let seeds = Seeds::Voxels(&enclosed.voxels);
            let made = of_line(volume, farthest(points), &seeds, &[], params, job)?;
            return Ok((with_outline(volume, &made, &enclosed)?, made.sharpness));
        }
        Prompt::Point { .. } | Prompt::Scribble { .. } | Prompt::Lasso { .. } => {
            return Err(Error::NothingToCorrect);
        }
        Prompt::Slices => return Err(Error::NoDiameter),
        Prompt::Anew => return Err(Error::NothingToDivide),
    };
    Ok((lesion.mask(volume)?, lesion.sharpness))
}

/// The lesion, its section in the plane of an outline being what that encloses.
fn with_outline(
    volume: &Volume,
    lesion: &Lesion,
    enclosed: &lasso::Enclosed,
) -> Result<Mask, Error> {
    let mask = lesion.mask(volume)?;
    let (across, plane) = enclosed.plane;
    let others: Vec<[usize; 3]> = mask.voxels().filter(|v| v[across] == plane).collect();
    mask.changed(&others, false)
        .and_then(|without| without.changed(&enclosed.voxels, true))
        .map_err(|e| Error::Mask(e.to_string()))
}

/// The lesion of a drag, with strokes in mind.
pub(super) fn of_drag(
    volume: &Volume,
    ends: [Point; 2],
    strokes: &Strokes,
    params: &Params,
    job: &JobContext,
) -> Result<Lesion, Error> {
    let cut = (1.0 - params.seed_share) / 2.0;
    let along = ends[1].0 - ends[0].0;
    let seeds = [cut, 1.0 - cut].map(|share| Point(ends[0].0 + along * share));
    of_line(volume, ends, &Seeds::Line(seeds), strokes, params, job)
}

fn of_line(
    volume: &Volume,
    ends: [Point; 2],
    seeds: &Seeds<'_>,
    strokes: &Strokes,
    params: &Params,
    job: &JobContext,
) -> Result<Lesion, Error> {
    long_enough(volume, ends)?;
    let frame = field::Frame::new(volume);
    let outline = Outline::of_line(&frame, ends, params);
    let made = region::divide(volume, frame, &outline, seeds, strokes, params, job)?;
    finish::lesion(
        volume,
        &made.field,
        &made.free,
        &made.lesion,
        &made.seeds,
        params,
        job,
    )
}

/// A box: nothing beyond it, and its middle is lesion.
fn of_box(
    volume: &Volume,
    corners: [Point; 2],
    params: &Params,
    job: &JobContext,
) -> Result<Lesion, Error> {
    long_enough(volume, corners)?;
    let [a, b] = corners;
    let frame = field::Frame::new(volume);
    let outline = Outline::of_box(&frame, corners, params);
    if outline.half.iter().any(|h| *h <= 0.0) {
        return Err(Error::TooShort {
            minimum: shortest(volume),
        });
    }
    let half = (b.0 - a.0) * 0.15;
    let (i, j) = (volume.grid().i_step(), volume.grid().j_step());
    // Seeds along the box's longer side.
    let side = if outline.half[0] >= outline.half[1] {
        i
    } else {
        j
    }
    .normalize();
    let along = side * half.dot(&side);
    let middle = a.midpoint(b);
    let seeds = Seeds::Line([Point(middle.0 - along), Point(middle.0 + along)]);
    let mut made = region::divide(volume, frame, &outline, &seeds, &[], params, job)?;
    let is_in_box = |n: usize| outline.contains(made.field.place(n), made.field.steps);
    for n in 0..made.free.len() {
        made.free[n] &= is_in_box(n);
    }
    finish::lesion(
        volume,
        &made.field,
        &made.free,
        &made.lesion,
        &made.seeds,
        params,
        job,
    )
}

/// Two pixels, mm.
fn shortest(volume: &Volume) -> f64 {
    let [di, dj, _] = volume.grid().spacing_mm().map(|s| s.0);
    2.0 * di.max(dj)
}

fn long_enough(volume: &Volume, ends: [Point; 2]) -> Result<(), Error> {
    let minimum = shortest(volume);
    if ends[0].distance(ends[1]).0 < minimum {
        return Err(Error::TooShort { minimum });
    }
    Ok(())
}

/// The two points that lie farthest apart, of at most about [`COMPARED`] evenly chosen.
fn farthest(points: &[Point]) -> [Point; 2] {
    let every = points.len().div_ceil(COMPARED).max(1);
    let chosen: Vec<Point> = points
        .iter()
        .step_by(every)
        .chain(points.last())
        .copied()
        .collect();
    let mut best = [points[0]; 2];
    for (n, a) in chosen.iter().enumerate() {
        for b in &chosen[n + 1..] {
            if a.distance(*b).0 > best[0].distance(best[1]).0 {
                best = [*a, *b];
            }
        }
    }
    best
}
