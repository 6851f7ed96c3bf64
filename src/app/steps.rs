//! From the steps of a mark to its mask: each step works on what the ones before it have made.

use std::collections::BTreeSet;
use std::sync::Arc;

use ndarray::Array3;

use crate::case::{DeltaRef, MaskRef, MaskStep};
use crate::edit::{self, Delta, Edit};
use crate::geometry::Point;
use crate::jobs::JobContext;
use crate::segment::{self, BetterSlice, Params, Prompt};
use crate::volume::{Mask, Volume};
use crate::warning::Warning;

/// What a step needs beside the steps before it.
pub(crate) struct Desk<'a> {
    /// The image.
    pub(crate) volume: &'a Volume,
    /// Parameters of the engines.
    pub(crate) params: &'a Params,
    /// Finds masks that steps name.
    pub(crate) masks: &'a dyn Fn(&MaskRef) -> Result<Mask, String>,
    /// Finds what an edit changed; `None` does the edit again.
    pub(crate) deltas: &'a dyn Fn(&DeltaRef) -> Option<Delta>,
    /// Progress and cancelling.
    pub(crate) job: &'a JobContext,
}

/// What a step has made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// The mask.
    pub(crate) mask: Mask,
    /// 0–1; below 0.5 the mask is not to be relied on.
    pub(crate) confidence: f64,
    /// What to know of it.
    pub(crate) warnings: Vec<Warning>,
    /// Slices that were filled from their neighbours, ascending.
    pub(crate) propagated: Vec<usize>,
    /// A slice in which the same gesture would fit better.
    pub(crate) better_slice: Option<BetterSlice>,
    /// What an edit has changed.
    pub(crate) delta: Option<Delta>,
}

/// The mask before a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before<'a> {
    /// The mask.
    pub(crate) mask: &'a Mask,
    /// Slices of it that were filled from their neighbours.
    pub(crate) propagated: &'a [usize],
}

/// Why a step was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// By the engine.
    #[error(transparent)]
    Segment(#[from] segment::Error),
    /// By the edit.
    #[error(transparent)]
    Edit(#[from] edit::Error),
    /// It changes nothing.
    #[error("this changes nothing of the mask")]
    Nothing,
    /// A mask that it names could not be had.
    #[error("a mask that this step builds on could not be read: {0}")]
    Mask(String),
}

/// Runs the last of the steps on what the others have made.
pub(crate) fn run_last(
    steps: &[MaskStep],
    before: Option<Before<'_>>,
    desk: &Desk<'_>,
) -> Result<Made, Error> {
    let prompts: Vec<Prompt> = steps.iter().filter_map(MaskStep::prompt).cloned().collect();
    match steps.last() {
        None => Err(segment::Error::NoPrompt.into()),
        Some(MaskStep::Prompt { .. }) => {
            let mask = before.map(|b| b.mask);
            let made = segment::segment(desk.volume, &prompts, mask, desk.params, desk.job)?;
            Ok(Made {
                mask: made.mask,
                confidence: made.confidence,
                warnings: made.warnings,
                propagated: made.propagated_slices,
                better_slice: made.better_slice,
                delta: None,
            })
        }
        Some(MaskStep::Take { mask }) => {
            let mask = (desk.masks)(mask).map_err(Error::Mask)?;
            judged(mask, &prompts, Vec::new(), None, desk)
        }
        Some(MaskStep::Edit {
            edit,
            others,
            delta,
        }) => edited(edit, others, delta.as_ref(), before, &prompts, desk),
    }
}

fn edited(
    edit: &Edit,
    others: &[MaskRef],
    known: Option<&DeltaRef>,
    before: Option<Before<'_>>,
    prompts: &[Prompt],
    desk: &Desk<'_>,
) -> Result<Made, Error> {
    let nothing;
    let (mask, propagated) = match before {
        Some(before) => (before.mask, before.propagated),
        None => {
            let grid = Arc::clone(desk.volume.grid());
            nothing = Mask::from_box(grid, [0; 3], &Array3::default((0, 0, 0)))
                .map_err(|e| Error::Mask(e.to_string()))?;
            (&nothing, &[][..])
        }
    };
    // What was changed then is changed now, also by a later version of the edit.
    let known = known
        .filter(|known| known.before_sha256 == mask.sha256())
        .and_then(|known| (desk.deltas)(known));
    let (made, delta, filled) = match known.and_then(|d| Some((d.apply(mask).ok()?, d))) {
        Some((made, delta)) => {
            let filled = match edit {
                Edit::FillBetween => slices_of(&delta, desk),
                _ => Vec::new(),
            };
            (made, delta, filled)
        }
        None => {
            let others = others
                .iter()
                .map(|other| (desk.masks)(other).map_err(Error::Mask))
                .collect::<Result<Vec<Mask>, Error>>()?;
            let others: Vec<&Mask> = others.iter().collect();
            let done = edit::apply(mask, Some(desk.volume), edit, &others, desk.job)?;
            (done.mask, done.delta, done.filled_slices)
        }
    };
    if delta.is_empty() {
        return Err(Error::Nothing);
    }
    let mut unseen: BTreeSet<usize> = propagated.iter().copied().chain(filled).collect();
    // Who paints in a slice looks at it.
    for point in painted(edit) {
        let k = desk.volume.grid().voxel_from_patient(*point).k.round();
        unseen.remove(&(k.max(0.0) as usize));
    }
    let (low, size) = made.bounds();
    unseen.retain(|k| (low[2]..low[2] + size[2]).contains(k));
    judged(
        made,
        prompts,
        unseen.into_iter().collect(),
        Some(delta),
        desk,
    )
}

fn painted(edit: &Edit) -> &[Point] {
    match edit {
        Edit::Brush { points, .. } => points,
        _ => &[],
    }
}

fn slices_of(delta: &Delta, desk: &Desk<'_>) -> Vec<usize> {
    let Ok(changed) = delta.changed(desk.volume.grid()) else {
        return Vec::new();
    };
    let slices: BTreeSet<usize> = changed.voxels().map(|v| v[2]).collect();
    slices.into_iter().collect()
}

fn judged(
    mask: Mask,
    prompts: &[Prompt],
    propagated: Vec<usize>,
    delta: Option<Delta>,
    desk: &Desk<'_>,
) -> Result<Made, Error> {
    let line = match prompts.first() {
        Some(Prompt::Drag { ends }) => Some(*ends),
        _ => None,
    };
    let (confidence, warnings) = segment::confidence(desk.volume, &mask, line)?;
    Ok(Made {
        mask,
        confidence,
        warnings,
        propagated,
        better_slice: None,
        delta,
    })
}

/// Runs all steps, the first on `previous`, where there is one.
pub(crate) fn run_all(
    steps: &[MaskStep],
    previous: Option<&Mask>,
    desk: &Desk<'_>,
) -> Result<Made, Error> {
    let mut made: Option<Made> = None;
    for n in 1..=steps.len() {
        let before = match &made {
            Some(made) => Some(Before {
                mask: &made.mask,
                propagated: &made.propagated,
            }),
            None => previous.map(|mask| Before {
                mask,
                propagated: &[],
            }),
        };
        made = Some(run_last(&steps[..n], before, desk)?);
    }
    made.ok_or_else(|| segment::Error::NoPrompt.into())
}
