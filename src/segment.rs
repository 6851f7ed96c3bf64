//! Segmenting a lesion from a reader's gestures: a drag along its longest diameter, a click, a box,
//! strokes and outlines.
//!
//! A list of [`Prompt`]s is a lesion's history. The first makes a mask, every later one corrects it.
//! Masks live on the image's own voxels; inner work may join pixels where they are very many. Where
//! the spacing is unknown, "mm" below are the grid's nominal units, and the distance of slices is
//! taken from how alike they are.

mod better_slice;
mod click;
mod divide;
mod field;
mod finish;
mod grow;
mod judge;
mod model;
mod outline;
mod params;
mod prompt;
mod relax;
mod shape;
mod star;
mod stroke;

pub use better_slice::BetterSlice;
pub use params::Params;
pub use prompt::Prompt;

use crate::geometry::{Point, Voxel};
use crate::jobs::{Cancelled, JobContext};
use crate::volume::{Mask, Volume};
use crate::warning::Warning;

/// Name and version of the engine, written with every mask it makes.
pub const ENGINE: &str = "growcut/2";

/// The parameters by their former name.
pub type GrowCutParams = Params;

/// A mask and how far it can be trusted.
#[derive(Clone, Debug)]
pub struct Segmentation {
    /// The lesion.
    pub mask: Mask,
    /// 0–1; below 0.5 the mask is not to be relied on.
    pub confidence: f64,
    /// What to know before using the mask.
    pub warnings: Vec<Warning>,
    /// Slices of the mask that were filled from a thick neighbour and not from a gesture in them:
    /// unreviewed until seen. Empty where slices are thin.
    pub propagated_slices: Vec<usize>,
    /// A slice in which the same gesture would fit better.
    pub better_slice: Option<BetterSlice>,
}

/// Why no mask was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no gesture.
    #[error("there is no gesture to make a mask from; draw the longest diameter")]
    NoPrompt,
    /// The gesture takes away, and there is nothing yet.
    #[error(
        "this gesture takes away from a mask, and there is none yet; draw the longest diameter"
    )]
    NothingToCorrect,
    /// A part of the gesture lies outside the image.
    #[error("an end of the gesture lies outside the image; draw it inside")]
    Outside,
    /// The gesture is too small to say where a lesion is.
    #[error("the gesture is shorter than {minimum:.1} mm (two pixels); zoom in and draw it again")]
    TooShort {
        /// Shortest usable length.
        minimum: f64,
    },
    /// The region around the gesture is too large to work on.
    #[error(
        "the gesture asks for a region of {length:.0} mm and {voxels} voxels, the limit is {limit}; measure parts of it"
    )]
    TooLarge {
        /// Size of the region, mm.
        length: f64,
        /// Voxels of the region.
        voxels: usize,
        /// Largest region.
        limit: usize,
    },
    /// There are no values under the gesture.
    #[error("there are no image values under the gesture (padding or missing); draw it on tissue")]
    NoValues,
    /// The lesion could not be told from its surroundings.
    #[error(
        "the lesion could not be told from its surroundings; draw the diameter on the slice where it is seen best"
    )]
    NothingFound,
    /// A click is not enough here.
    #[error("a click is not enough here: {0}; drag along the longest diameter instead")]
    NeedsDrag(&'static str),
    /// The mask of earlier gestures lies on an image of another shape.
    #[error("the mask to correct was drawn on another image; open that one")]
    OtherGrid,
    /// The mask could not be formed or measured.
    #[error("the mask could not be formed: {0}")]
    Mask(String),
    /// Stopped on request.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Makes the mask that a list of gestures asks for.
///
/// With `previous`, the mask that all prompts but the last have made, only the last is worked on,
/// around its own place; the earlier ones hold as they stand. Without it, all are worked on in turn,
/// with the same result.
///
/// Equal input gives equal masks, whatever the number of threads.
///
/// # Errors
/// When a gesture lies outside the image or on no values, is too short or too large, nothing stands
/// out, or a click cannot be trusted.
pub fn segment(
    volume: &Volume,
    prompts: &[Prompt],
    previous: Option<&Mask>,
    params: &Params,
    job: &JobContext,
) -> Result<Segmentation, Error> {
    let Some((last, earlier)) = prompts.split_last() else {
        return Err(Error::NoPrompt);
    };
    if !prompts.iter().all(Prompt::is_finite) {
        return Err(Error::Outside);
    }
    let first = || first_mask(volume, last, params, job);
    match (previous, earlier) {
        (None, []) => first(),
        (Some(mask), _) => corrected(volume, mask, earlier, last, params, job),
        (None, _) => {
            let before = segment(volume, earlier, None, params, job)?;
            corrected(volume, &before.mask, earlier, last, params, job)
        }
    }
}

/// Segments the lesion whose longest diameter was drawn from `p0` to `p1` (LPS mm).
///
/// # Errors
/// As [`segment()`].
pub fn grow_cut(
    volume: &Volume,
    p0: Point,
    p1: Point,
    params: &Params,
    job: &JobContext,
) -> Result<Segmentation, Error> {
    let prompt = Prompt::Drag { ends: [p0, p1] };
    segment(volume, &[prompt], None, params, job)
}

/// How far a mask can be trusted that was not made here, or edited since: 0–1, with what to know of
/// it. `line` is the diameter that was drawn, where there is one.
///
/// # Errors
/// When the mask is empty or cannot be measured.
pub fn confidence(
    volume: &Volume,
    mask: &Mask,
    line: Option<[Point; 2]>,
) -> Result<(f64, Vec<Warning>), Error> {
    judge::judge(volume, mask, line, None)
}

fn corrected(
    volume: &Volume,
    mask: &Mask,
    earlier: &[Prompt],
    last: &Prompt,
    params: &Params,
    job: &JobContext,
) -> Result<Segmentation, Error> {
    if mask.grid().shape() != volume.grid().shape() {
        return Err(Error::OtherGrid);
    }
    let mask = stroke::correct(volume, mask, earlier, last, params, job)?;
    let line = earlier.first().and_then(Prompt::line);
    let propagated_slices = propagated(volume, &mask, earlier.iter().chain([last]));
    let (confidence, warnings) = judge::judge(volume, &mask, line, None)?;
    Ok(Segmentation {
        mask,
        confidence,
        warnings,
        propagated_slices,
        better_slice: None,
    })
}

fn first_mask(
    volume: &Volume,
    prompt: &Prompt,
    params: &Params,
    job: &JobContext,
) -> Result<Segmentation, Error> {
    let grid = volume.grid();
    let is_outside = |p: &Point| !grid.contains(grid.voxel_from_patient(*p));
    if prompt.points().iter().any(is_outside) || prompt.points().is_empty() {
        return Err(Error::Outside);
    }
    let (lesion, line) = match prompt {
        Prompt::Drag { ends } => (of_line(volume, *ends, params, job)?, Some(*ends)),
        Prompt::Point { at, adds: true } => (click::lesion(volume, *at, params, job)?, None),
        Prompt::Box { corners } => (of_box(volume, *corners, params, job)?, None),
        Prompt::Scribble {
            points, adds: true, ..
        } => {
            // A stroke within the lesion shows about three quarters of its length.
            let [a, b] = farthest(points);
            let more = (b.0 - a.0) / 6.0;
            let ends = [Point(a.0 - more), Point(b.0 + more)];
            (of_line(volume, ends, params, job)?, None)
        }
        Prompt::Lasso { points, adds: true } => {
            let ends = farthest(points);
            (of_line(volume, ends, params, job)?, None)
        }
        Prompt::Point { .. } | Prompt::Scribble { .. } | Prompt::Lasso { .. } => {
            return Err(Error::NothingToCorrect);
        }
    };
    let mut mask = lesion.mask(volume)?;
    if matches!(prompt, Prompt::Lasso { .. }) {
        mask = stroke::with_outline(volume, &mask, prompt)?;
    }
    let better_slice = match line {
        Some(ends) => better_slice::find(volume, ends, &mask, params),
        None => None,
    };
    let (confidence, warnings) = judge::judge(volume, &mask, line, Some(lesion.sharpness))?;
    Ok(Segmentation {
        propagated_slices: propagated(volume, &mask, [prompt]),
        mask,
        confidence,
        warnings,
        better_slice,
    })
}

fn of_line(
    volume: &Volume,
    ends: [Point; 2],
    params: &Params,
    job: &JobContext,
) -> Result<finish::Lesion, Error> {
    long_enough(volume, ends)?;
    let middle = ends[0].midpoint(ends[1]);
    let frame = field::Frame::new(volume, middle, ends[0].distance(ends[1]).0 / 2.0);
    let outline = outline::Outline::of_line(&frame, ends, params);
    let cut = (1.0 - params.seed_share) / 2.0;
    let along = ends[1].0 - ends[0].0;
    let seeds = [cut, 1.0 - cut].map(|share| Point(ends[0].0 + along * share));
    let made = outline::divide(volume, frame, &outline, seeds, params, job)?;
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
) -> Result<finish::Lesion, Error> {
    long_enough(volume, corners)?;
    let [a, b] = corners;
    let middle = a.midpoint(b);
    let frame = field::Frame::new(volume, middle, a.distance(b).0 / 2.0);
    let outline = outline::Outline::of_box(&frame, corners, params);
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
    let seeds = [Point(middle.0 - along), Point(middle.0 + along)];
    let mut made = outline::divide(volume, frame, &outline, seeds, params, job)?;
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

/// The two points that lie farthest apart.
fn farthest(points: &[Point]) -> [Point; 2] {
    let mut best = [points[0]; 2];
    for (n, a) in points.iter().enumerate() {
        for b in &points[n + 1..] {
            if a.distance(*b).0 > best[0].distance(best[1]).0 {
                best = [*a, *b];
            }
        }
    }
    best
}

/// From this distance of slices on, mm, or this multiple of the pixels', a slice is thick.
const THICK_MM: f64 = 2.5;
const THICK_PIXELS: f64 = 3.0;

/// Slices of a mask in which no gesture lies, where slices are thick.
fn propagated<'a>(
    volume: &Volume,
    mask: &Mask,
    prompts: impl IntoIterator<Item = &'a Prompt>,
) -> Vec<usize> {
    let grid = volume.grid();
    let [di, dj, dk] = grid.spacing_mm().map(|s| s.0);
    let is_thick = !grid.is_calibrated() || dk > THICK_MM || dk >= THICK_PIXELS * di.min(dj);
    if !is_thick {
        return Vec::new();
    }
    let seen: Vec<usize> = prompts
        .into_iter()
        .flat_map(Prompt::points)
        .map(|p| grid.voxel_from_patient(*p).k.round().max(0.0) as usize)
        .collect();
    let mut slices: Vec<usize> = mask.voxels().map(|v| v[2]).collect();
    slices.dedup();
    slices.retain(|k| !seen.contains(k));
    slices
}

/// Middle of a voxel in patient space.
fn middle_of(volume: &Volume, [i, j, k]: [usize; 3]) -> Point {
    let v = Voxel::new(i as f64, j as f64, k as f64);
    volume.grid().patient_from_voxel(v)
}
