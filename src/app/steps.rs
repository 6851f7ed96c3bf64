//! From the steps of a mark to its mask: each step works on what the ones before it have made.

use std::collections::BTreeSet;
use std::sync::Arc;

use ndarray::Array3;

use crate::case::{DeltaRef, MaskRef, MaskStep};
use crate::edit::{self, Delta, Edit, Operation};
use crate::geometry::{Grid, Point};
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
    /// One of several.
    #[error("step {n} ({word}): {error}")]
    Step {
        /// Which, from 1.
        n: usize,
        /// What it is.
        word: &'static str,
        /// Why.
        error: Box<Self>,
    },
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
    match steps.last() {
        None => Err(segment::Error::NoPrompt.into()),
        // A diameter begins anew, whatever stood.
        Some(MaskStep::Prompt {
            prompt: drag @ Prompt::Drag { .. },
        }) => prompted(std::slice::from_ref(drag), None, None, desk),
        Some(MaskStep::Prompt { .. }) => {
            let is_drag = |s: &MaskStep| matches!(s.prompt(), Some(Prompt::Drag { .. }));
            let begun = steps.iter().rposition(is_drag).unwrap_or(0);
            let since = &steps[begun..];
            let prompts: Vec<Prompt> = since.iter().filter_map(MaskStep::prompt).cloned().collect();
            let by_hand = since.iter().any(|s| s.prompt().is_none());
            if by_hand && prompts.last().is_some_and(|p| !p.has_place()) {
                return Err(segment::Error::NothingToDivide.into());
            }
            prompted(&prompts, before, by_hand.then(|| drawn(steps)), desk)
        }
        Some(MaskStep::Edit {
            edit,
            others,
            delta,
        }) => edited(edit, others, delta.as_ref(), before, drawn(steps), desk),
    }
}

/// Another way to divide that may be better than what the last step has made: slice by slice behind a
/// drag in thick slices, the whole lesion anew behind a stroke.
pub(crate) fn other_way(steps: &[MaskStep], grid: &Grid) -> Option<Prompt> {
    let is_drag = |s: &MaskStep| matches!(s.prompt(), Some(Prompt::Drag { .. }));
    let begun = steps.iter().rposition(is_drag)?;
    let since = &steps[begun + 1..];
    match since.last() {
        None => segment::is_thick(grid).then_some(Prompt::Slices),
        Some(last) => {
            let is_stroke = matches!(
                last.prompt(),
                Some(Prompt::Point { .. } | Prompt::Scribble { .. })
            );
            let by_gestures = since.iter().all(|s| s.prompt().is_some());
            (is_stroke && by_gestures).then_some(Prompt::Anew)
        }
    }
}

/// The diameter that the steps began with, unless the lesion was cut or joined with others since.
fn drawn(steps: &[MaskStep]) -> Option<[Point; 2]> {
    let line = |s: &MaskStep| s.prompt().and_then(Prompt::line);
    let begun = steps.iter().rposition(|s| line(s).is_some())?;
    let is_other = |s: &MaskStep| {
        let edit = match s {
            MaskStep::Edit { edit, .. } => Some(edit),
            MaskStep::Prompt { .. } => None,
        };
        matches!(edit, Some(Edit::Split { .. } | Edit::Arithmetic { .. }))
    };
    let is_same = !steps[begun..].iter().any(is_other);
    is_same.then(|| line(&steps[begun]))?
}

/// What gestures make. `edited` is given where edits lie between them: with the drawn diameter that
/// the mask is still to be compared with, if any.
fn prompted(
    prompts: &[Prompt],
    before: Option<Before<'_>>,
    edited: Option<Option<[Point; 2]>>,
    desk: &Desk<'_>,
) -> Result<Made, Error> {
    let mask = before.map(|b| b.mask);
    let made = segment::segment(desk.volume, prompts, mask, desk.params, desk.job)?;
    // A stroke that changes nothing still tells what is lesion; another division does not.
    let is_other_way = prompts.last().is_some_and(|p| !p.has_place());
    if is_other_way && mask == Some(&made.mask) {
        return Err(Error::Nothing);
    }
    let (confidence, warnings) = match edited {
        Some(line) => segment::confidence(desk.volume, &made.mask, line)?,
        None => (made.confidence, made.warnings),
    };
    let seen = prompts.last().map_or(&[][..], Prompt::points);
    let filled = before.map_or(&[][..], |b| b.propagated);
    let filled = filled.iter().chain(&made.propagated_slices);
    Ok(Made {
        propagated: unseen(&made.mask, filled.copied(), seen),
        mask: made.mask,
        confidence,
        warnings,
        better_slice: made.better_slice,
        delta: None,
    })
}

/// Slices of a mask that nobody drew in, of those that were filled.
fn unseen(mask: &Mask, filled: impl Iterator<Item = usize>, drawn: &[Point]) -> Vec<usize> {
    let (low, size) = mask.bounds();
    let mut slices: BTreeSet<usize> = filled.collect();
    slices.retain(|k| (low[2]..low[2] + size[2]).contains(k));
    for point in drawn {
        let k = mask.grid().voxel_from_patient(*point).k.round();
        slices.remove(&(k.max(0.0) as usize));
    }
    slices.into_iter().collect()
}

fn edited(
    edit: &Edit,
    others: &[MaskRef],
    known: Option<&DeltaRef>,
    before: Option<Before<'_>>,
    line: Option<[Point; 2]>,
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
    let filled = propagated.iter().copied().chain(filled);
    let propagated = unseen(&made, filled, painted(edit));
    let (confidence, warnings) = segment::confidence(desk.volume, &made, line)?;
    Ok(Made {
        mask: made,
        confidence,
        warnings,
        propagated,
        better_slice: None,
        delta: Some(delta),
    })
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

/// Joins what was made with other masks on the same grid, or compares it with them, in their order.
pub(crate) fn combined(
    mut made: Made,
    others: &[(Operation, Mask)],
    desk: &Desk<'_>,
) -> Result<Made, Error> {
    for (op, other) in others {
        let edit = Edit::Arithmetic { with: 0, op: *op };
        let done = edit::apply(&made.mask, Some(desk.volume), &edit, &[other], desk.job)?;
        let (confidence, warnings) = segment::confidence(desk.volume, &done.mask, None)?;
        made = Made {
            propagated: unseen(&done.mask, made.propagated.into_iter(), &[]),
            mask: done.mask,
            confidence,
            warnings,
            better_slice: None,
            delta: Some(done.delta),
        };
    }
    Ok(made)
}

/// Runs all steps, the first on `previous`, where there is one. Answers with what was made and with the
/// steps (from 0) that changed nothing: unlike a reader at the window, who is told at once, a list of
/// steps goes on.
pub(crate) fn run_all(
    steps: &[MaskStep],
    previous: Option<&Mask>,
    desk: &Desk<'_>,
) -> Result<(Made, Vec<usize>), Error> {
    let mut made: Option<Made> = match previous {
        None => None,
        Some(mask) => {
            let (confidence, warnings) = segment::confidence(desk.volume, mask, None)?;
            Some(Made {
                mask: mask.clone(),
                confidence,
                warnings,
                propagated: Vec::new(),
                better_slice: None,
                delta: None,
            })
        }
    };
    let mut idle = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        let before = made.as_ref().map(|made| Before {
            mask: &made.mask,
            propagated: &made.propagated,
        });
        match run_last(&steps[..=n], before, desk) {
            Ok(done) => made = Some(done),
            Err(Error::Nothing) if made.is_some() => idle.push(n),
            Err(error) if steps.len() > 1 => {
                return Err(Error::Step {
                    n: n + 1,
                    word: step.word(),
                    error: Box::new(error),
                });
            }
            Err(error) => return Err(error),
        }
    }
    let made = made.ok_or(segment::Error::NoPrompt)?;
    Ok((made, idle))
}
