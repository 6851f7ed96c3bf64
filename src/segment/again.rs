//! Dividing a whole lesion again in another way: slice by slice, or with a reader's strokes in mind.

use ndarray::Array3;

use super::brush::Brush;
use super::{Error, Params, Prompt, first};
use crate::jobs::JobContext;
use crate::volume::parts::{self, Touch};
use crate::volume::{Mask, MaskError, Volume};

/// What the whole lesion, divided anew with all strokes in mind, changes of the mask in the way of
/// the last stroke: it adds where that has added, else it takes away. Nothing under strokes of the
/// other kind changes, and a lesion in one part stays in one.
///
/// # Errors
/// When the lesion did not begin with a drag, or no stroke has corrected it.
pub(super) fn anew(
    volume: &Volume,
    mask: &Mask,
    earlier: &[Prompt],
    params: &Params,
    job: &JobContext,
) -> Result<Mask, Error> {
    let strokes: Vec<(Brush, bool)> = earlier
        .iter()
        .filter_map(|p| Some((Brush::new(volume, p), stroke_adds(p)?)))
        .collect();
    let (Some(Prompt::Drag { ends }), Some((_, adds))) = (earlier.first(), strokes.last()) else {
        return Err(Error::NothingToDivide);
    };
    let adds = *adds;
    let params = Params {
        by_slice: earlier.contains(&Prompt::Slices),
        ..*params
    };
    let made = first::of_drag(volume, *ends, &strokes, &params, job)?.mask(volume)?;
    let (from, to) = if adds { (&made, mask) } else { (mask, &made) };
    let mut change: Vec<[usize; 3]> = from
        .voxels()
        .filter(|[i, j, k]| !to.contains(*i, *j, *k))
        .collect();
    let all = ([0; 3], volume.grid().shape());
    let mut held = Vec::new();
    for (brush, _) in strokes.iter().filter(|s| s.1 != adds) {
        held.extend(brush.covered(volume, all, job)?);
    }
    held.sort_unstable();
    change.retain(|v| held.binary_search(v).is_err());
    let wrap = |e: MaskError| Error::Mask(e.to_string());
    let changed = mask.changed(&change, adds).map_err(wrap)?;
    if adds || !is_in_one_part(mask) {
        return Ok(changed);
    }
    let (low, size) = changed.bounds();
    let mut largest = changed.in_box(low, size);
    parts::keep_largest(&mut largest, Touch::Corners);
    Mask::from_box(std::sync::Arc::clone(mask.grid()), low, &largest).map_err(wrap)
}

/// The lesion of a drag, followed from the drawn slice to the others, and how sharp its division is.
///
/// # Errors
/// When there is more than a drag, or something else.
pub(super) fn by_slice(
    volume: &Volume,
    earlier: &[Prompt],
    params: &Params,
    job: &JobContext,
) -> Result<(Mask, f64), Error> {
    let [Prompt::Drag { ends }] = earlier else {
        return Err(Error::NoDiameter);
    };
    let params = Params {
        by_slice: true,
        ..*params
    };
    let lesion = first::of_drag(volume, *ends, &[], &params, job)?;
    Ok((lesion.mask(volume)?, lesion.sharpness))
}

/// Whether all voxels of a mask hang together, over corners at least.
pub(super) fn is_in_one_part(mask: &Mask) -> bool {
    let (low, size) = mask.bounds();
    let mut largest: Array3<bool> = mask.in_box(low, size);
    parts::keep_largest(&mut largest, Touch::Corners);
    largest.iter().filter(|b| **b).count() == mask.n_voxels()
}

/// Whether a gesture is a stroke that adds, or one that takes away.
const fn stroke_adds(prompt: &Prompt) -> Option<bool> {
    match prompt {
        Prompt::Scribble { adds, .. } | Prompt::Point { adds, .. } => Some(*adds),
        _ => None,
    }
}
