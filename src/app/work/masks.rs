//! Making, previewing and loading masks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Tools;
use crate::app::effect::{Checked, Divided, Failure, MadeMask, Previous, StageRun};
use crate::app::steps::{self, Before, Desk, Made};
use crate::case::{BaseMask, DeltaRef, MaskRef, MaskStep};
use crate::edit::Delta;
use crate::geometry::Grid;
use crate::jobs::JobContext;
use crate::measure;
use crate::provenance::{InputHash, StageKey};
use crate::segment::{self, BetterSlice, Params, Prompt};
use crate::store::{Artifacts, decode_mask, encode_mask};
use crate::texts::tr;
use crate::units::Bulk;
use crate::volume::{Mask, MaskRuns, Volume};
use crate::warning::Warning;

/// What the stage cache keeps of a segmentation.
#[derive(Serialize, Deserialize)]
struct Cached {
    runs: MaskRuns,
    confidence: f64,
    warnings: Vec<Warning>,
    partial_volume: Option<Bulk>,
    propagated: Vec<usize>,
    better_slice: Option<BetterSlice>,
    /// What the last step changed, as bytes, and the mask that it changed.
    delta: Option<(String, Vec<u8>)>,
}

const STAGE_NAME: &str = "segment.growcut";
/// Version of the segmentation stage; raised when the same input would give another mask or other
/// measurements of it.
const STAGE: u32 = 7;

const CHECK_NAME: &str = "segment.consistency";
/// Version of the stage that compares a mask with those of gestures beside it.
const CHECK: u32 = 1;

/// A series whose values have a name, with what makes masks of it.
struct Maker<'a> {
    volume: &'a Volume,
    fingerprint: &'a str,
    params: Params,
    tools: &'a Tools,
    job: &'a JobContext,
}

/// Makes the mask that all steps ask for, and writes it as an artifact. `base` is the mask that the
/// first of them have made, where one stood; `previous` what all but the last have made, where that
/// is at hand.
pub(super) fn make(
    steps: &[MaskStep],
    base: Option<&BaseMask>,
    previous: Option<&Previous>,
    volume: &Volume,
    fingerprint: &str,
    tools: &Tools,
    job: &JobContext,
) -> Result<MadeMask, Failure> {
    job.progress.step("Segmenting");
    let maker = Maker::new(volume, fingerprint, tools, job);
    let (key, made) = maker.cached(steps, base, previous.map(Previous::before))?;
    let mask = Mask::from_runs(Arc::clone(volume.grid()), &made.runs)
        .map_err(|error| Failure::new(error.to_string()))?;
    let measured =
        measure::measure(&mask, Some(volume)).map_err(|error| Failure::new(error.to_string()))?;
    let bytes = encode_mask(&made.runs).map_err(|error| Failure::new(error.to_string()))?;
    let put = |bytes: &[u8]| {
        tools.artifacts.put(bytes).map_err(|error| Failure {
            text: error.to_string(),
            hint: tr!("The mask was not saved. Free some disk space and draw again.").to_owned(),
        })
    };
    let artifact_sha256 = put(&bytes)?;
    let delta = match &made.delta {
        None => None,
        Some((before_sha256, bytes)) => Some(DeltaRef {
            before_sha256: before_sha256.clone(),
            artifact_sha256: put(bytes)?,
        }),
    };
    Ok(MadeMask {
        mask: Arc::new(mask),
        artifact_sha256,
        stage: StageRun {
            name: STAGE_NAME,
            version: STAGE,
            key: key.to_string(),
            params: serde_json::to_value(maker.params).unwrap_or_default(),
        },
        measured,
        partial_volume: made.partial_volume,
        propagated: made.propagated,
        better_slice: made.better_slice,
        delta,
        confidence: made.confidence,
        warnings: made.warnings,
    })
}

/// How much a mask depends on just where its gestures were made. `None` where they do not make it as
/// it stands, as after a change of the engine: the figure would be that of another mask.
pub(super) fn check(
    steps: &[MaskStep],
    mask_sha256: &str,
    volume: &Volume,
    fingerprint: &str,
    tools: &Tools,
    job: &JobContext,
) -> Option<Checked> {
    job.progress.step("Comparing with gestures beside it");
    let maker = Maker::new(volume, fingerprint, tools, job);
    let (_, made) = maker.cached(steps, None, None).ok()?;
    let mask = Mask::from_runs(Arc::clone(volume.grid()), &made.runs).ok()?;
    if mask.sha256() != mask_sha256 {
        return None;
    }
    let prompts: Vec<Prompt> = steps.iter().filter_map(MaskStep::prompt).cloned().collect();
    let inputs = [InputHash::of(fingerprint.as_bytes())];
    // Other masks have another consistency.
    let asked = (STAGE, steps, &maker.params);
    let key = StageKey::new(CHECK_NAME, CHECK, &asked, &inputs).ok()?;
    let found = tools
        .cache
        .get_or_run(
            &key,
            |consistency: &f64| serde_json::to_vec(consistency).unwrap_or_default(),
            |bytes| serde_json::from_slice(bytes).ok(),
            || segment::consistency(volume, &prompts, &maker.params, job),
        )
        .ok()?;
    for warning in &found.warnings {
        tracing::warn!("stage cache: {warning}");
    }
    Some(Checked {
        consistency: found.value,
        stage: StageRun {
            name: CHECK_NAME,
            version: CHECK,
            key: key.to_string(),
            params: serde_json::to_value(maker.params).unwrap_or_default(),
        },
    })
}

impl<'a> Maker<'a> {
    const fn new(
        volume: &'a Volume,
        fingerprint: &'a str,
        tools: &'a Tools,
        job: &'a JobContext,
    ) -> Self {
        Self {
            volume,
            fingerprint,
            params: Params::standard(),
            tools,
            job,
        }
    }

    /// The result of these steps from the stage cache, or made: step by step, each from what the
    /// ones before it have made, beginning with the mask that stood.
    fn cached(
        &self,
        steps: &[MaskStep],
        base: Option<&BaseMask>,
        previous: Option<Before<'_>>,
    ) -> Result<(StageKey, Cached), Failure> {
        let inputs = [InputHash::of(self.fingerprint.as_bytes())];
        let stood = base.map(|b| (&b.mask.mask_sha256, b.n_steps, &b.propagated));
        let key = StageKey::new(STAGE_NAME, STAGE, &(steps, stood, &self.params), &inputs)
            .map_err(|error| Failure::new(error.to_string()))?;
        let n_earlier = steps.len().saturating_sub(1);
        let found = self.tools.cache.get_or_run(
            &key,
            |made: &Cached| serde_json::to_vec(made).unwrap_or_default(),
            |bytes| serde_json::from_slice(bytes).ok(),
            || {
                if previous.is_some() {
                    return self.run(steps, previous);
                }
                if let Some(base) = base.filter(|b| b.n_steps >= n_earlier) {
                    let grid = Arc::clone(self.volume.grid());
                    let artifacts = &self.tools.artifacts;
                    let mask = load(&base.mask.artifact_sha256, grid, artifacts)?;
                    let before = Before {
                        mask: &mask,
                        propagated: &base.propagated,
                    };
                    return self.run(steps, Some(before));
                }
                if n_earlier == 0 {
                    return self.run(steps, None);
                }
                let (_, made) = self.cached(&steps[..n_earlier], base, None)?;
                let mask = Mask::from_runs(Arc::clone(self.volume.grid()), &made.runs)
                    .map_err(|error| Failure::new(error.to_string()))?;
                let before = Before {
                    mask: &mask,
                    propagated: &made.propagated,
                };
                self.run(steps, Some(before))
            },
        )?;
        for warning in &found.warnings {
            tracing::warn!("stage cache: {warning}");
        }
        Ok((key, found.value))
    }

    fn run(&self, steps: &[MaskStep], before: Option<Before<'_>>) -> Result<Cached, Failure> {
        let artifacts = &self.tools.artifacts;
        let made = run(
            steps,
            before,
            self.volume,
            &self.params,
            artifacts,
            self.job,
        )?;
        let before_sha256 = || before.map_or_else(String::new, |b| b.mask.sha256());
        Ok(Cached {
            runs: made.mask.runs(),
            partial_volume: measure::partial_volume(&made.mask, self.volume).ok(),
            confidence: made.confidence,
            warnings: made.warnings,
            propagated: made.propagated,
            better_slice: made.better_slice,
            delta: made.delta.map(|d| (before_sha256(), d.to_bytes())),
        })
    }
}

/// Runs the last of the steps on what the others have made.
fn run(
    steps: &[MaskStep],
    before: Option<Before<'_>>,
    volume: &Volume,
    params: &Params,
    artifacts: &Artifacts,
    job: &JobContext,
) -> Result<Made, Failure> {
    let read = |wanted: &MaskRef| {
        let grid = Arc::clone(volume.grid());
        let mask = load(&wanted.artifact_sha256, grid, artifacts).map_err(|f| f.text)?;
        Ok(Arc::unwrap_or_clone(mask))
    };
    let changed = |wanted: &DeltaRef| {
        let bytes = artifacts.get(&wanted.artifact_sha256).ok()?;
        Delta::from_bytes(&bytes).ok()
    };
    let desk = Desk {
        volume,
        params,
        masks: &read,
        deltas: &changed,
        job,
    };
    steps::run_last(steps, before, &desk).map_err(|error| Failure {
        hint: match (&error, steps, before) {
            (steps::Error::Segment(segment::Error::NeedsDrag(_)), ..) => tr!("Nothing was marked."),
            (_, _, Some(_)) => tr!("The mask stays as it was."),
            (
                _,
                [MaskStep::Prompt {
                    prompt: Prompt::Drag { .. },
                }],
                None,
            ) => {
                tr!("The diameter stands as drawn. Draw it again on the slice where the lesion is widest.")
            }
            _ => tr!("Draw the longest diameter of the lesion instead."),
        }
        .to_owned(),
        text: error.to_string(),
    })
}

/// What a step under way would give; neither cached nor kept.
pub(super) fn preview(
    steps: &[MaskStep],
    previous: Option<&Previous>,
    volume: &Volume,
    tools: &Tools,
    job: &JobContext,
) -> Result<Arc<Mask>, Failure> {
    let before = previous.map(Previous::before);
    let params = Params::standard();
    let made = run(steps, before, volume, &params, &tools.artifacts, job)?;
    Ok(Arc::new(made.mask))
}

/// Less alike than this (Dice) the lesion divided in another way is worth a look.
const ALIKE: f64 = 0.99;

/// The lesion divided in another way after the last step, to be offered; neither cached nor kept.
/// `None` where it cannot be, or is what stands already.
pub(super) fn divided(
    way: Prompt,
    steps: &[MaskStep],
    made: &Previous,
    volume: &Volume,
    tools: &Tools,
    job: &JobContext,
) -> Option<Divided> {
    job.progress.step("Dividing in another way");
    let mut steps = steps.to_vec();
    steps.push(MaskStep::Prompt {
        prompt: way.clone(),
    });
    let params = Params::standard();
    let before = Some(made.before());
    let anew = run(&steps, before, volume, &params, &tools.artifacts, job).ok()?;
    let is_other = anew.mask.dice(&made.mask) < ALIKE;
    is_other.then(|| Divided {
        way,
        volume: measure::volume(&anew.mask),
        mask: Arc::new(anew.mask),
    })
}

/// Reads a mask that was written as an artifact.
pub(in crate::app) fn load(
    artifact_sha256: &str,
    grid: Arc<Grid>,
    artifacts: &Artifacts,
) -> Result<Arc<Mask>, Failure> {
    let damaged = |what: String| Failure {
        text: tr!("A saved mask could not be read: {what}", what),
        hint: tr!("Its measurements are kept. Draw the diameter again to have the mask back.")
            .to_owned(),
    };
    let bytes = artifacts
        .get(artifact_sha256)
        .map_err(|e| damaged(e.to_string()))?;
    let runs = decode_mask(&bytes).map_err(|e| damaged(e.to_string()))?;
    let mask = Mask::from_runs(grid, &runs).map_err(|e| damaged(e.to_string()))?;
    Ok(Arc::new(mask))
}
