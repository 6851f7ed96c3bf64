//! What jobs do: each stage run with its cache and artifacts around it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::effect::{Answer, Failure, Loaded, MadeMask, ReadAs, Scanned, StageRun, Work};
use super::{report_input, trace, twin_input, versions};
use crate::case::{PatientId, Prompt, SeriesSource};
use crate::geometry::Grid;
use crate::jobs::JobContext;
use crate::open::{self, Item, Refusal, Watch};
use crate::provenance::{InputHash, StageKey};
use crate::segment::{self, GrowCutParams};
use crate::store::{Artifacts, Cache, Query, decode_mask, encode_mask};
use crate::volume::{IntensityUnit, Mask, MaskRuns, Volume, WindowLevel};
use crate::warning::{Warning, WarningCode};
use crate::{measure, phantom, store};

/// What jobs work with.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) artifacts: Artifacts,
    pub(super) cache: Cache,
    pub(super) query: Query,
    /// Headers that were read in this session.
    pub(super) index: Arc<open::Index>,
}

/// Does a piece of work. Runs on a worker thread.
pub(super) fn run(work: Work, tools: &Tools, job: &JobContext) -> Answer {
    match work {
        Work::Scan { paths, watch } => Answer::Scanned(scan(paths, &watch, tools, job)),
        Work::Picture { item, frame } => {
            Answer::Picture(open::load_colour(&item, frame, job).map_err(|e| open_failure(&e)))
        }
        Work::Header { path } => Answer::Header(open::header(&path).map_err(|e| open_failure(&e))),
        Work::MakePhantom { out, watch } => Answer::Scanned(make_phantom(out, &watch, tools, job)),
        Work::Load {
            series,
            item,
            source,
            fingerprint,
            read_as,
        } => Answer::Loaded(series, load(item, &source, &fingerprint, read_as, job)),
        Work::Join { root, files, visit } => Answer::Joined(visit, join(root, &files, job)),
        Work::Segment {
            annotation,
            prompt,
            volume,
            fingerprint,
        } => Answer::Segmented(
            annotation,
            segment(prompt, &volume, &fingerprint, tools, job),
        ),
        Work::LoadMask {
            annotation,
            artifact_sha256,
            grid,
        } => Answer::MaskLoaded(
            annotation,
            load_mask(&artifact_sha256, grid, &tools.artifacts),
        ),
        Work::Twin { lesion, input } => Answer::Twin(
            lesion,
            twin_input::run(&input, &tools.cache, job).map(Box::new),
        ),
        Work::History { patient } => Answer::History(patient, history(patient, &tools.query)),
        Work::Versions { asked } => Answer::Versions(versions::read(&asked, &tools.query)),
        Work::Compare { grid, artifacts } => {
            Answer::Compared(versions::compare(artifacts, &grid, &tools.artifacts))
        }
        Work::CheckDatabase => Answer::DatabaseChecked(
            tools
                .query
                .soundness()
                .map_err(|error| Failure::new(error.to_string())),
        ),
        Work::Trace { outline } => Answer::Traced(trace::read(*outline, &tools.query)),
        Work::Export {
            input,
            dir,
            formats,
        } => Answer::Exported(report_input::write(*input, &dir, &formats, job)),
    }
}

fn open_failure(error: &open::Error) -> Failure {
    let refusal = error.refusal();
    let at = if refusal.place.is_empty() {
        String::new()
    } else {
        format!(" ({})", refusal.place)
    };
    Failure {
        text: format!("{}{at}", refusal.message),
        hint: refusal.hint,
    }
}

fn scan(
    roots: Vec<PathBuf>,
    watch: &Watch,
    tools: &Tools,
    job: &JobContext,
) -> Result<Scanned, Refusal> {
    job.progress.step("Reading headers");
    let items = tools
        .index
        .scan(&roots, watch, job)
        .map_err(|e| e.refusal())?;
    let treatments = sidecar_treatments(&roots, &items)?;
    with_fingerprints(roots, items, treatments, job).map_err(|e| e.refusal())
}

fn with_fingerprints(
    roots: Vec<PathBuf>,
    items: Vec<Item>,
    treatments: Vec<open::SidecarTreatment>,
    job: &JobContext,
) -> Result<Scanned, open::Error> {
    job.progress.step("Fingerprinting");
    let n_items = items.len();
    let mut with_fingerprints = Vec::with_capacity(n_items);
    for (n, item) in items.into_iter().enumerate() {
        job.progress.set(n, n_items);
        let fingerprint = if item.is_image() {
            item.fingerprint(job)?
        } else {
            String::new()
        };
        with_fingerprints.push((item, fingerprint));
    }
    Ok(Scanned {
        roots,
        items: with_fingerprints,
        treatments,
    })
}

/// Treatments that sidecars state, in the opened folders and beside the files found.
fn sidecar_treatments(
    roots: &[PathBuf],
    items: &[Item],
) -> Result<Vec<open::SidecarTreatment>, Refusal> {
    let beside = items
        .iter()
        .flat_map(|i| i.paths.first())
        .filter_map(|p| p.parent());
    let folders: BTreeSet<&Path> = roots.iter().map(PathBuf::as_path).chain(beside).collect();
    let mut treatments = Vec::new();
    for folder in folders {
        let sidecar = open::read_sidecar(folder).map_err(|e| e.refusal())?;
        treatments.extend(sidecar.into_iter().flat_map(|s| s.treatments));
    }
    Ok(treatments)
}

/// Makes the sample study unless it is there, whole, already.
fn make_phantom(
    out: PathBuf,
    watch: &Watch,
    tools: &Tools,
    job: &JobContext,
) -> Result<Scanned, Refusal> {
    if !out.join("truth.json").is_file() {
        job.progress.step("Making the sample study");
        let params = phantom::PhantomParams::small();
        phantom::generate(&params, &out, job).map_err(|error| {
            Refusal::new(
                "E-PHANTOM",
                format!("the sample study could not be made: {error}"),
                out.display().to_string(),
                "check that the disk has 40 MB free and the folder can be written",
            )
        })?;
    }
    scan(vec![out], watch, tools, job)
}

fn load(
    item: Option<Arc<Item>>,
    source: &SeriesSource,
    fingerprint: &str,
    read_as: ReadAs,
    job: &JobContext,
) -> Result<Loaded, Failure> {
    job.progress.step("Finding files");
    let item = match item {
        Some(item) => item,
        None => Arc::new(find_again(source, fingerprint, job)?),
    };
    job.progress.step("Reading pixels");
    let volume = match &read_as.pet {
        Some(stated) => item
            .with_pet(stated)
            .map_err(open::Error::from)
            .and_then(|item| open::load(&item, read_as.frame, job)),
        None => open::load(&item, read_as.frame, job),
    }
    .map_err(|e| open_failure(&e))?;
    let fingerprint = item.fingerprint(job).map_err(|e| open_failure(&e))?;
    Ok(Loaded {
        window: default_window(&volume),
        volume: Arc::new(volume),
        fingerprint,
        item,
        read_as,
    })
}

/// Scans the files of a series that was entered in an earlier session.
fn find_again(source: &SeriesSource, fingerprint: &str, job: &JobContext) -> Result<Item, Failure> {
    let lost = |what: String| Failure {
        text: what,
        hint:
            "If the originals were moved, open their folder at its new place: they are recognised \
               by their content."
                .to_owned(),
    };
    if let Some(missing) = source.files.iter().find(|f| !open::exists(f)) {
        return Err(lost(format!(
            "The original {} is not there any more",
            file_name(missing)
        )));
    }
    let n_files = source.files.len();
    let is_it =
        |i: &Item| i.series_uid == source.series_uid && i.is_image() && i.paths.len() == n_files;
    let mut found = open::scan(&source.files, job).map_err(|e| open_failure(&e))?;
    found.retain(is_it);
    // One item of these files can only be that item; several stacks of one file are told apart by
    // what they are made of, as is what a reader joined, which is found only when joined again.
    if found.len() != 1 {
        let mut joined = open::join(&source.files, job).map_err(|e| open_failure(&e))?;
        joined.retain(is_it);
        found.extend(joined);
        for n in 0..found.len() {
            if found[n].fingerprint(job).map_err(|e| open_failure(&e))? == fingerprint {
                return Ok(found.swap_remove(n));
            }
        }
    }
    found.into_iter().next().ok_or_else(|| {
        lost("The original files no longer form the series that was opened".to_owned())
    })
}

/// Joins the stacks of one series.
fn join(root: PathBuf, files: &[PathBuf], job: &JobContext) -> Result<Scanned, Failure> {
    job.progress.step("Reading headers");
    let mut items = open::join(files, job).map_err(|e| open_failure(&e))?;
    let is_joined =
        |i: &Item| i.is_image() && i.warnings.iter().any(|w| w.code == WarningCode::Joined);
    items.retain(is_joined);
    if items.is_empty() {
        return Err(Failure {
            text: "These stacks cannot be joined".to_owned(),
            hint: "One grid holds stacks of equal size, orientation, spacing and frame of \
                   reference, whose slices lie all at places of their own or all at the same."
                .to_owned(),
        });
    }
    with_fingerprints(vec![root], items, Vec::new(), job).map_err(|e| open_failure(&e))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The window to begin with: the file's own, for CT without one soft tissue, else percentiles.
fn default_window(volume: &Volume) -> WindowLevel {
    if let Some(window) = volume.windows.first() {
        return *window;
    }
    if volume.unit == IntensityUnit::Hounsfield {
        return WindowLevel::new(40.0, 400.0);
    }
    let n_slices = volume.grid().shape()[2];
    // Every n-th slice is enough for percentiles of a large volume.
    let stride = n_slices.div_ceil(64);
    let values = (0..n_slices)
        .step_by(stride)
        .flat_map(|k| volume.slice_values(k))
        .flatten();
    WindowLevel::automatic(values).unwrap_or_else(|| WindowLevel::new(0.5, 1.0))
}

/// What the stage cache keeps of a segmentation.
#[derive(Serialize, Deserialize)]
struct CachedSegmentation {
    runs: MaskRuns,
    confidence: f64,
    warnings: Vec<Warning>,
}

const SEGMENT_STAGE_NAME: &str = "segment.growcut";
/// Version of the segmentation stage; raised when the same input would give another mask.
const SEGMENT_STAGE: u32 = 3;

fn segment(
    prompt: Prompt,
    volume: &Volume,
    fingerprint: &str,
    tools: &Tools,
    job: &JobContext,
) -> Result<MadeMask, Failure> {
    let Prompt::Diameter { p0, p1 } = prompt;
    let params = GrowCutParams::standard();
    let inputs = [InputHash::of(fingerprint.as_bytes())];
    let key = StageKey::new(
        SEGMENT_STAGE_NAME,
        SEGMENT_STAGE,
        &(p0, p1, &params),
        &inputs,
    )
    .map_err(|error| Failure::new(error.to_string()))?;
    job.progress.step("Segmenting");
    let cached = tools.cache.get_or_run(
        &key,
        |made: &CachedSegmentation| serde_json::to_vec(made).unwrap_or_default(),
        |bytes| serde_json::from_slice(bytes).ok(),
        || {
            segment::grow_cut(volume, p0, p1, &params, job).map(|made| CachedSegmentation {
                runs: made.mask.runs(),
                confidence: made.confidence,
                warnings: made.warnings,
            })
        },
    );
    let cached = cached.map_err(|error| Failure {
        text: error.to_string(),
        hint:
            "The diameter stands as drawn. Draw it again on the slice where the lesion is widest."
                .to_owned(),
    })?;
    for warning in &cached.warnings {
        tracing::warn!("stage cache: {warning}");
    }
    let CachedSegmentation {
        runs,
        confidence,
        warnings,
    } = cached.value;
    let mask = Mask::from_runs(Arc::clone(volume.grid()), &runs)
        .map_err(|error| Failure::new(error.to_string()))?;
    let measured =
        measure::measure(&mask, Some(volume)).map_err(|error| Failure::new(error.to_string()))?;
    let bytes = encode_mask(&runs).map_err(|error| Failure::new(error.to_string()))?;
    let artifact_sha256 = tools.artifacts.put(&bytes).map_err(|error| Failure {
        text: error.to_string(),
        hint: "The mask was not saved. Free some disk space and draw again.".to_owned(),
    })?;
    Ok(MadeMask {
        mask: Arc::new(mask),
        artifact_sha256,
        stage: StageRun {
            name: SEGMENT_STAGE_NAME,
            version: SEGMENT_STAGE,
            key: key.to_string(),
            params: serde_json::to_value(params).unwrap_or_default(),
        },
        measured,
        confidence,
        warnings,
    })
}

fn history(patient: PatientId, query: &Query) -> Result<Vec<store::Step>, Failure> {
    query.steps(patient).map_err(|error| Failure {
        text: format!("The steps of earlier sessions could not be read: {error}"),
        hint: "They are kept; only undoing them has to wait. Open the patient again.".to_owned(),
    })
}

pub(super) fn load_mask(
    artifact_sha256: &str,
    grid: Arc<Grid>,
    artifacts: &Artifacts,
) -> Result<Arc<Mask>, Failure> {
    let damaged = |what: String| Failure {
        text: format!("A saved mask could not be read: {what}"),
        hint: "Its measurements are kept. Draw the diameter again to have the mask back."
            .to_owned(),
    };
    let bytes = artifacts
        .get(artifact_sha256)
        .map_err(|e| damaged(e.to_string()))?;
    let runs = decode_mask(&bytes).map_err(|e| damaged(e.to_string()))?;
    let mask = Mask::from_runs(grid, &runs).map_err(|e| damaged(e.to_string()))?;
    Ok(Arc::new(mask))
}
