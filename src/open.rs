//! Opening: from files on disk to described items and volumes. Originals are only ever read.
//!
//! [`scan`] reads headers (and NIfTI voxels, to tell images from label maps), sorts DICOM slices
//! into stacks by their position along the normal, and names every oddity. [`load`] decodes the
//! pixels of one item. A file is loaded, loaded with named warnings, or refused with a reason.

mod archive;
mod bytes;
mod classify;
mod dicom;
mod dicomdir;
mod error;
mod headers;
mod index;
mod inspect;
mod item;
mod metaimage;
mod nifti;
mod nrrd;
mod raw;
mod sidecar;
mod uptake;
mod walk;

pub use error::{Error, Refusal};
pub use headers::{Header, HeaderRow, header};
pub use index::{Index, Listing, SeriesRow, Watch};
pub use inspect::{describe, inspect_json};
pub use item::{Item, ItemKind, PatientInfo, Scaling, Segment};
pub use sidecar::{
    Sidecar, SidecarImage, SidecarPatient, SidecarRole, SidecarSpacing, SidecarTreatment,
    SidecarTreatmentKind, read_sidecar,
};

pub use uptake::{PetStated, Uptake};

/// A NIfTI file whose `intent_name` is this, or whose `descrip` holds it, has lengths that nobody
/// knows, whatever its `pixdim` and unit say. This program writes it and opens such a file with
/// W-SPACING-UNKNOWN; NIfTI itself has no way to say so, and readers take "no unit" for mm.
pub const SPACING_UNKNOWN: &str = "spacing unknown";

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::jobs::JobContext;
use crate::volume::{ColourImage, Modality, Volume};
use crate::warning::{Warning, WarningCode};
use dicom::Stacks;
use index::Gathered;
use item::{ColourSource, Source};
use walk::Found;

/// Describes everything in files and folders (recursively) as items, ordered by path, then by
/// Series Instance UID.
///
/// One unreadable file never fails a scan: it becomes an item with an error.
///
/// # Errors
/// When cancelled, when a root cannot be listed or holds no file at all, or when a `study.toml`
/// beside the images is malformed.
pub fn scan(roots: &[PathBuf], job: &JobContext) -> Result<Vec<Item>, Error> {
    Index::default().scan(roots, &Watch::default(), job)
}

/// Describes files as [`scan`] does, with the stacks of a series joined that one grid can hold: stacks
/// that differ in image type, echo, kernel, stack number or weighting, and not in orientation, size,
/// spacing or frame of reference. Stacks at positions of their own become one volume, stacks at the
/// same positions a 4-D item. What was joined carries W-JOINED.
///
/// # Errors
/// As [`scan`].
pub fn join(files: &[PathBuf], job: &JobContext) -> Result<Vec<Item>, Error> {
    Index::default().read(files, &Watch::default(), Stacks::Joined, job)
}

/// Whether there is a file at `path`, on disk or in a zip archive.
#[must_use]
pub fn exists(path: &Path) -> bool {
    bytes::is_file(path)
}

/// Puts together what the files are.
fn assemble(
    gathered: Gathered,
    found: &Found,
    stacks: Stacks,
    job: &JobContext,
) -> Result<Vec<Item>, Error> {
    let Gathered {
        mut items,
        instances,
        directories,
    } = gathered;
    items.extend(dicom::items(instances, stacks, job)?);
    raw::without_data_files(&mut items);
    mention_damaged_neighbours(&mut items, job)?;
    for directory in directories {
        let item = directory.item(&mut items);
        items.push(item);
    }
    for item in &mut items {
        found.apply_sidecar(item);
        let dateless = item.study_date.is_none()
            && matches!(
                item.source,
                Source::Raw(_) | Source::Colour(ColourSource::Raw(_))
            );
        if dateless {
            item.warn(WarningCode::Date, "the file carries no date");
        }
    }
    items.sort_by_cached_key(|item| (item.paths.iter().min().cloned(), item.series_uid.clone()));
    Ok(items)
}

/// Series that lie in a folder with damaged DICOM files may lack them: says so, to the series that a
/// damaged file still names, or to all of the folder where it names none of them.
fn mention_damaged_neighbours(items: &mut [Item], job: &JobContext) -> Result<(), Error> {
    let folder_of = |item: &Item| {
        item.paths
            .first()
            .and_then(|p| p.parent())
            .map(Path::to_owned)
    };
    let mut series: BTreeMap<PathBuf, BTreeSet<&str>> = BTreeMap::new();
    for item in items.iter().filter(|i| i.is_loadable()) {
        if let Some(folder) = folder_of(item) {
            series.entry(folder).or_default().insert(&item.series_uid);
        }
    }
    let mut damaged: BTreeMap<PathBuf, Vec<(String, Vec<String>)>> = BTreeMap::new();
    let refused = items
        .iter()
        .filter(|i| i.kind == ItemKind::Refused)
        .filter(|i| i.error.as_ref().is_some_and(|e| e.code == "E-DICOM"));
    for path in refused.flat_map(|i| &i.paths) {
        job.check()?;
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name())
            && let Some(beside) = series.get(folder)
        {
            let mut named = dicom::series_named_in(path);
            named.retain(|uid| beside.contains(&**uid));
            let files = damaged.entry(folder.to_owned()).or_default();
            files.push((name.to_string_lossy().into_owned(), named));
        }
    }
    for item in items.iter_mut().filter(|i| i.is_loadable()) {
        let Some(nearby) = folder_of(item).and_then(|f| damaged.get(&f)) else {
            continue;
        };
        let of_series = nearby
            .iter()
            .filter(|(_, named)| named.is_empty() || named.contains(&item.series_uid));
        let files: Vec<String> = of_series.map(|(name, _)| name.clone()).collect();
        if !files.is_empty() && !item.series_uid.is_empty() {
            item.warnings.push(Warning {
                code: WarningCode::Partial,
                message: match files.len() {
                    1 => "1 file of this folder cannot be read and may belong to this series"
                        .to_owned(),
                    n => format!(
                        "{n} files of this folder cannot be read and may belong to this series"
                    ),
                },
                files,
            });
        }
    }
    Ok(())
}

/// Loads the voxels of one item; `frame` selects the volume of a 4-D item (0 for the first). PET
/// comes as SUV by body weight where the header allows it; [`Item::with_pet`] gives the item in
/// another normalisation, or in Bq/mL.
///
/// # Errors
/// When the item has no voxels to load or was refused, the frame does not exist, a file changed
/// since the scan or cannot be decoded, memory does not suffice, or the job was cancelled.
pub fn load(item: &Item, frame: usize, job: &JobContext) -> Result<Volume, Error> {
    if frame >= item.n_frames_4d {
        return Err(no_frame(item, frame).into());
    }
    let volume = match &item.source {
        Source::Dicom(source) => {
            let n = item.grid.as_ref().map_or(0, |g| g.shape()[2]);
            dicom::load(item, source, frame, 0..n, job)
        }
        Source::Raw(source) => raw::load(item, source, frame, job),
        Source::Colour(_) => Err(Refusal::new(
            "E-COLOUR",
            "colour pictures are shown and not measured",
            item.first_path(),
            "choose a grey-value series",
        )
        .into()),
        Source::None => Err(item.error.clone().map_or_else(
            || {
                Refusal::new(
                    "E-NOT-A-VOLUME",
                    format!("a {} has no voxels that could be loaded", item.kind.name()),
                    item.first_path(),
                    "choose an item of kind volume",
                )
                .into()
            },
            Error::Refused,
        )),
    }?;
    Ok(as_shown(volume, item))
}

/// The volume with what its headers say about showing it.
fn as_shown(mut volume: Volume, item: &Item) -> Volume {
    // PET is read with uptake dark on white, whatever the file says of its grey levels.
    volume.inverted = item.inverted || item.modality == Modality::PT;
    volume.window_names.clone_from(&item.window_names);
    volume
}

/// Loads some neighbouring slices of one volume of an item, as a volume of their own: for a first
/// image or a preview. What lies beyond the last slice is left out.
///
/// # Errors
/// As [`load`], and when the range holds no slice.
pub fn load_slices(
    item: &Item,
    frame: usize,
    range: Range<usize>,
    job: &JobContext,
) -> Result<Volume, Error> {
    match &item.source {
        Source::Dicom(source) if frame < item.n_frames_4d && item.error.is_none() => {
            let n = item.grid.as_ref().map_or(0, |g| g.shape()[2]);
            let range = range.start..range.end.min(n);
            if range.is_empty() {
                return Err(Refusal::new(
                    "E-SLICES",
                    format!(
                        "slices {} to {} were asked for, there are {n}",
                        range.start, range.end
                    ),
                    item.first_path(),
                    "slices count from 0",
                )
                .into());
            }
            let volume = dicom::load(item, source, frame, range, job)?;
            Ok(as_shown(volume, item))
        }
        // Other formats lie in one piece.
        _ => {
            let whole = load(item, frame, job)?;
            let first = item.first_path();
            whole.slices(range).ok_or_else(|| {
                Refusal::new("E-SLICES", "no such slices", first, "slices count from 0").into()
            })
        }
    }
}

/// Loads one picture of a colour item; `frame` counts from 0 to [`Item::n_frames_4d`].
///
/// # Errors
/// When the item has no colour pictures or was refused, the picture does not exist, its file
/// changed since the scan or cannot be decoded, or the job was cancelled.
pub fn load_colour(item: &Item, frame: usize, job: &JobContext) -> Result<ColourImage, Error> {
    job.check()?;
    match &item.source {
        Source::Colour(ColourSource::Dicom(pictures)) => {
            let picture = pictures.get(frame).ok_or_else(|| no_frame(item, frame))?;
            dicom::load_colour(picture, job)
        }
        Source::Colour(ColourSource::Raw(pictures)) => {
            if frame >= pictures.len() {
                return Err(no_frame(item, frame).into());
            }
            pictures.load(frame, job)
        }
        _ => Err(item.error.clone().map_or_else(
            || {
                Refusal::new(
                    "E-COLOUR",
                    "there are no colour pictures in it",
                    item.first_path(),
                    "choose a colour item",
                )
                .into()
            },
            Error::Refused,
        )),
    }
}

fn no_frame(item: &Item, frame: usize) -> Refusal {
    Refusal::new(
        "E-FRAME",
        format!(
            "frame {frame} was asked for, but there are {}",
            item.n_frames_4d
        ),
        item.first_path(),
        "frames count from 0",
    )
}
