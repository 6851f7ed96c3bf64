//! Segmenting a lesion from a reader's gestures: a drag along its longest diameter, a click, a box,
//! strokes and outlines.
//!
//! A list of [`Prompt`]s is a lesion's history. The first makes a mask, every later one corrects it.
//! Masks live on the image's own voxels; inner work may join pixels where they are very many. Where
//! the spacing is unknown, "mm" below are the grid's nominal units, and the distance of slices is
//! taken from how alike they are.

mod again;
mod band;
mod better_slice;
mod border;
mod brush;
mod click;
mod consistency;
mod divide;
mod field;
mod finish;
mod first;
mod frame;
mod grow;
mod hints;
mod judge;
mod lasso;
mod model;
mod opening;
mod outline;
mod params;
mod prompt;
mod refit;
mod region;
mod relax;
mod sectors;
mod shape;
mod slices;
mod snap;
mod star;
mod stroke;

pub use better_slice::BetterSlice;
pub use consistency::consistency;
pub use frame::likely_stretch;
pub use params::Params;
pub use prompt::Prompt;

use first::first_mask;
use judge::Origin;

use crate::geometry::{Grid, Point, Voxel};
use crate::jobs::{Cancelled, JobContext};
use crate::volume::{Mask, Volume};
use crate::warning::{Warning, WarningCode};

/// Name and version of the engine, written with every mask it makes.
pub const ENGINE: &str = "growcut/6";

/// A mask in several parts is not relied on before a reader says so: its longest diameter may lie
/// across what is not lesion.
const IN_PARTS: f64 = 0.45;

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
    /// An outline lies in no plane of the image.
    #[error("the outline leaves the slice it was begun in; draw it within one slice")]
    OffPlane,
    /// A click that adds does not reach the lesion.
    #[error(
        "the click lies off the lesion, and what is like it there does not reach the lesion; join them \
         with a stroke, or mark it as a lesion of its own"
    )]
    Apart,
    /// There is no drawn slice to begin from.
    #[error("a lesion is followed slice by slice right after its diameter was drawn; draw that")]
    NoDiameter,
    /// There is nothing that a new division could be made from.
    #[error(
        "the whole lesion can be divided anew where it began with a drawn diameter and nothing but \
         gestures, a stroke among them, has corrected it since"
    )]
    NothingToDivide,
    /// A parameter is not a usable number.
    #[error("a parameter of the segmentation is not usable; restore the standard ones")]
    Params,
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
    if !params.is_usable() {
        return Err(Error::Params);
    }
    if !prompts.iter().all(Prompt::is_finite) {
        return Err(Error::Outside);
    }
    let before = match (previous, earlier) {
        (Some(mask), _) => Some(mask.clone()),
        (None, []) => None,
        (None, _) => Some(replayed(volume, earlier, params, job)?),
    };
    match before {
        None => first(volume, last, params, job),
        Some(mask) => corrected(volume, &mask, earlier, last, params, job),
    }
}

/// The mask of a history, without judging its steps.
fn replayed(
    volume: &Volume,
    prompts: &[Prompt],
    params: &Params,
    job: &JobContext,
) -> Result<Mask, Error> {
    let first = prompts.first().ok_or(Error::NoPrompt)?;
    let (mut mask, _) = first_mask(volume, first, params, job)?;
    for n in 1..prompts.len() {
        mask = stroke::correct(volume, &mask, &prompts[..n], &prompts[n], params, job)?;
    }
    Ok(mask)
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
    let (confidence, mut warnings) = judge::judge(volume, mask, line, Origin::Edited)?;
    if again::is_in_one_part(mask) {
        return Ok((confidence, warnings));
    }
    warnings.push(Warning::new(
        WarningCode::Doubtful,
        "The mask is in several parts, which its longest diameter may span: remove what is not lesion, \
         or say that the mask counts",
    ));
    Ok((confidence.min(IN_PARTS), warnings))
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
    let (mask, origin) = if *last == Prompt::Slices {
        // No reader has corrected it: it is as sure as the division of a drag.
        let (mask, sharpness) = again::by_slice(volume, earlier, params, job)?;
        (mask, Origin::Divided(sharpness))
    } else {
        let mask = stroke::correct(volume, mask, earlier, last, params, job)?;
        (mask, Origin::Corrected)
    };
    let line = earlier.first().and_then(Prompt::line);
    let propagated_slices = propagated(volume, &mask, earlier.iter().chain([last]));
    let (confidence, warnings) = judge::judge(volume, &mask, line, origin)?;
    Ok(Segmentation {
        mask,
        confidence,
        warnings,
        propagated_slices,
        better_slice: None,
    })
}

fn first(
    volume: &Volume,
    prompt: &Prompt,
    params: &Params,
    job: &JobContext,
) -> Result<Segmentation, Error> {
    let (mask, sharpness) = first_mask(volume, prompt, params, job)?;
    let line = prompt.line();
    let (confidence, warnings) = judge::judge(volume, &mask, line, Origin::Divided(sharpness))?;
    let better_slice =
        line.and_then(|ends| better_slice::find(volume, ends, &mask, confidence, params));
    Ok(Segmentation {
        propagated_slices: propagated(volume, &mask, [prompt]),
        mask,
        confidence,
        warnings,
        better_slice,
    })
}

/// From this distance of slices on, mm, or this multiple of the pixels', a slice is thick.
const THICK_MM: f64 = 2.5;
const THICK_PIXELS: f64 = 3.0;

/// Whether slices are so thick, or their distance so unsure, that a mask in them is a guess before each
/// was looked at, and following the lesion slice by slice may do better.
#[must_use]
pub fn is_thick(grid: &Grid) -> bool {
    let [di, dj, dk] = grid.spacing_mm().map(|s| s.0);
    !grid.is_calibrated() || dk > THICK_MM || dk >= THICK_PIXELS * di.min(dj)
}

/// Slices of a mask in which no gesture lies, where slices are thick.
fn propagated<'a>(
    volume: &Volume,
    mask: &Mask,
    prompts: impl IntoIterator<Item = &'a Prompt>,
) -> Vec<usize> {
    let grid = volume.grid();
    if !is_thick(grid) {
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
