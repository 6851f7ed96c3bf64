//! Opening: from files on disk to described items and volumes. Originals are only ever read.
//!
//! [`scan`] reads headers (and NIfTI voxels, to tell images from label maps), sorts DICOM slices
//! into stacks by their position along the normal, and names every oddity. [`load`] decodes the
//! pixels of one item. A file is loaded, loaded with named warnings, or refused with a reason.

mod bytes;
mod classify;
mod dicom;
mod error;
mod inspect;
mod item;
mod metaimage;
mod nifti;
mod nrrd;
mod raw;
mod sidecar;
mod walk;

pub use error::{Error, Refusal};
pub use inspect::{describe, inspect_json};
pub use item::{Item, ItemKind, PatientInfo, Segment};
pub use sidecar::{
    Sidecar, SidecarImage, SidecarPatient, SidecarRole, SidecarSpacing, SidecarTreatment,
    SidecarTreatmentKind, read_sidecar,
};

use std::path::PathBuf;

use rayon::prelude::*;

use crate::jobs::JobContext;
use crate::volume::Volume;
use crate::warning::{Warning, WarningCode};
use classify::Classified;
use item::Source;

/// Describes everything in files and folders (recursively) as items, ordered by path, then by
/// Series Instance UID.
///
/// One unreadable file never fails a scan: it becomes an item with an error.
///
/// # Errors
/// When cancelled, when a root cannot be listed or holds no file at all, or when a `study.toml`
/// beside the images is malformed.
pub fn scan(roots: &[PathBuf], job: &JobContext) -> Result<Vec<Item>, Error> {
    job.progress.step("Looking for files");
    let found = walk::walk(roots, job)?;
    job.progress.step("Reading headers");
    let total = found.files.len();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let classified: Vec<Classified> = found
        .files
        .par_iter()
        .map(|path| {
            job.check()?;
            let classified = classify::classify(path, found.sidecar_image(path), job)?;
            let n = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            job.progress.set(n + 1, total);
            Ok(classified)
        })
        .collect::<Result<_, Error>>()?;
    let mut items = Vec::new();
    let mut instances = Vec::new();
    for one in classified {
        match one {
            Classified::Item(item) => items.push(*item),
            Classified::Dicom(instance) => instances.push(*instance),
        }
    }
    items.extend(dicom::items(instances, job)?);
    raw::without_data_files(&mut items);
    mention_damaged_neighbours(&mut items);
    for item in &mut items {
        found.apply_sidecar(item);
        let dateless = item.study_date.is_none() && matches!(item.source, Source::Raw(_));
        if dateless && item.is_loadable() {
            item.warn(WarningCode::Date, "the file carries no date");
        }
    }
    items.sort_by_cached_key(|item| (item.paths.iter().min().cloned(), item.series_uid.clone()));
    Ok(items)
}

/// Series that lie in a folder with damaged DICOM files may lack them: says so.
fn mention_damaged_neighbours(items: &mut [Item]) {
    let damaged: Vec<PathBuf> = items
        .iter()
        .filter(|i| i.kind == ItemKind::Refused)
        .filter(|i| i.error.as_ref().is_some_and(|e| e.code == "E-DICOM"))
        .flat_map(|i| i.paths.clone())
        .collect();
    for item in items.iter_mut().filter(|i| i.is_loadable()) {
        let folder = item
            .paths
            .first()
            .and_then(|p| p.parent())
            .map(PathBuf::from);
        let files: Vec<String> = damaged
            .iter()
            .filter(|p| p.parent() == folder.as_deref())
            .filter_map(|p| p.file_name())
            .map(|n| n.to_string_lossy().into_owned())
            .collect();
        if !files.is_empty() && !item.series_uid.is_empty() {
            item.warnings.push(Warning {
                code: WarningCode::Partial,
                message: format!(
                    "{} files of this folder cannot be read and may belong to this series",
                    files.len()
                ),
                files,
            });
        }
    }
}

/// Loads the voxels of one item; `frame` selects the volume of a 4-D item (0 for the first).
///
/// # Errors
/// When the item has no voxels to load or was refused, the frame does not exist, a file changed
/// since the scan or cannot be decoded, memory does not suffice, or the job was cancelled.
pub fn load(item: &Item, frame: usize, job: &JobContext) -> Result<Volume, Error> {
    if frame >= item.n_frames_4d {
        return Err(Refusal::new(
            "E-FRAME",
            format!(
                "frame {frame} was asked for, but there are {}",
                item.n_frames_4d
            ),
            item.first_path(),
            "frames count from 0",
        )
        .into());
    }
    match &item.source {
        Source::Dicom(source) => dicom::load(item, source, frame, job),
        Source::Raw(source) => raw::load(item, source, frame, job),
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
    }
}
