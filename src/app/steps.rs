//! From the steps of a mark to its mask: each step works on what the ones before it have made.

use crate::case::MaskStep;
use crate::jobs::JobContext;
use crate::segment::{self, Params, Prompt, Segmentation};
use crate::volume::{Mask, Volume};

/// Runs the last of the steps on `previous`, the mask that the others have made.
///
/// # Errors
/// When a step is refused; what was made before it stands.
pub(crate) fn run_last(
    steps: &[MaskStep],
    previous: Option<&Mask>,
    volume: &Volume,
    params: &Params,
    job: &JobContext,
) -> Result<Segmentation, segment::Error> {
    let prompts: Vec<Prompt> = steps
        .iter()
        .map(|step| match step {
            MaskStep::Prompt { prompt } => prompt.clone(),
        })
        .collect();
    segment::segment(volume, &prompts, previous, params, job)
}

/// Runs all steps, the first on `previous`, where there is one.
///
/// # Errors
/// As [`run_last`]; also when there is no step.
pub(crate) fn run_all(
    steps: &[MaskStep],
    previous: Option<&Mask>,
    volume: &Volume,
    params: &Params,
    job: &JobContext,
) -> Result<Segmentation, segment::Error> {
    let mut made: Option<Segmentation> = None;
    for n in 1..=steps.len() {
        let before = made.as_ref().map(|m| &m.mask).or(previous);
        made = Some(run_last(&steps[..n], before, volume, params, job)?);
    }
    made.ok_or(segment::Error::NoPrompt)
}
