//! What jobs do: each stage run with its cache and artifacts around it.

mod draft;
pub(super) mod masks;
mod thumbnail;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::effect::{Answer, Failure, Loaded, ReadAs, Scanned, Work};
use super::{report_input, sum_input, trace, twin_input, versions};
use crate::case::{PatientId, SeriesSource};
use crate::draft::Host;
use crate::jobs::JobContext;
use crate::open::{self, Item, Refusal, Watch};
use crate::reformat::{Interpolation, reformat};
use crate::store::{Artifacts, Cache, Query};
use crate::surface;
use crate::texts::tr;
use crate::volume::{IntensityUnit, Volume, WindowLevel};
use crate::warning::WarningCode;
use crate::{phantom, register, store};

/// What jobs work with.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) artifacts: Artifacts,
    pub(super) cache: Cache,
    pub(super) query: Query,
    /// Headers that were read in this session.
    pub(super) index: Arc<open::Index>,
    /// Folder of language models.
    pub(super) models: Option<PathBuf>,
    /// The one that is open.
    pub(super) host: Arc<Mutex<Host>>,
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
        Work::Thumbnail { of } => Answer::Thumbnail(thumbnail::make(*of, tools, job)),
        Work::Join { root, files, visit } => Answer::Joined(visit, join(root, &files, job)),
        Work::Register {
            moving_series,
            fixed,
            moving,
            same_frame_of_reference,
        } => {
            let params = register::Params {
                same_frame_of_reference,
                ..register::Params::default()
            };
            let found = register::register(&fixed, &moving, &params, job);
            let found = found.map(Box::new).map_err(|e| e.to_string());
            Answer::Registered(moving_series, found)
        }
        Work::Slab {
            volume,
            plane,
            slab,
        } => Answer::Layered(reformat(&volume, &plane, Interpolation::Linear, Some(slab))),
        Work::Surface { mask } => Answer::Surfaced(surface::surface(&mask, job)),
        Work::Segment {
            annotation,
            steps,
            base,
            previous,
            volume,
            fingerprint,
        } => Answer::Segmented(
            annotation,
            masks::make(
                &steps,
                base.as_ref(),
                previous.as_ref(),
                &volume,
                &fingerprint,
                tools,
                job,
            ),
        ),
        Work::Check {
            steps,
            mask_sha256,
            volume,
            fingerprint,
        } => Answer::Checked(masks::check(
            &steps,
            &mask_sha256,
            &volume,
            &fingerprint,
            tools,
            job,
        )),
        Work::Divide {
            way,
            steps,
            made,
            volume,
        } => Answer::Divided(masks::divided(way, &steps, &made, &volume, tools, job)),
        Work::Preview {
            steps,
            previous,
            volume,
        } => Answer::Previewed(masks::preview(
            &steps,
            previous.as_ref(),
            &volume,
            tools,
            job,
        )),
        Work::LoadMask {
            annotation,
            artifact_sha256,
            grid,
        } => Answer::MaskLoaded(
            annotation,
            masks::load(&artifact_sha256, grid, &tools.artifacts),
        ),
        Work::Twin { lesion, input } => Answer::Twin(
            lesion,
            twin_input::run(&input, &tools.cache, job).map(Box::new),
        ),
        Work::Sum { patient, input } => Answer::Sum(
            patient,
            sum_input::run(&input, &tools.cache, job).map(Box::new),
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
        Work::FindModels => Answer::Models(draft::models(tools)),
        Work::Draft { patient, input } => {
            Answer::Drafted(patient, draft::draft(*input, tools, job))
        }
        Work::CloseModel => {
            let mut host = tools.host.lock();
            let was_open = host.open_model().is_some();
            host.close();
            Answer::ModelClosed(was_open)
        }
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
        hint: tr!(
            "If the originals were moved, open their folder at its new place: they are recognised \
               by their content."
        )
        .to_owned(),
    };
    if let Some(missing) = source.files.iter().find(|f| !open::exists(f)) {
        return Err(lost(tr!(
            "The original {file_name} is not there any more",
            file_name = file_name(missing)
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
        lost(tr!("The original files no longer form the series that was opened").to_owned())
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
            text: tr!("These stacks cannot be joined").to_owned(),
            hint: tr!(
                "One grid holds stacks of equal size, orientation, spacing and frame of \
                   reference, whose slices lie all at places of their own or all at the same."
            )
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

fn history(patient: PatientId, query: &Query) -> Result<Vec<store::Step>, Failure> {
    query.steps(patient).map_err(|error| Failure {
        text: tr!(
            "The steps of earlier sessions could not be read: {error}",
            error
        ),
        hint: tr!("They are kept; only undoing them has to wait. Open the patient again.")
            .to_owned(),
    })
}
