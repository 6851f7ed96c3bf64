//! NIfTI-1 files and pairs (`.nii`, `.hdr` + `.img`, each also gzipped). RAS becomes LPS here.

mod affine;
mod header;
mod labels;
mod samples;

pub(super) use header::{Sniffed, sniff};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::item::Source;
use super::sidecar::{SidecarImage, SidecarRole, SidecarSpacing};
use super::{Error, Item, ItemKind, Refusal};
use crate::geometry::{Grid, Spacing};
use crate::jobs::JobContext;
use crate::units::{Bulk, Mm3};
use crate::volume::{IntensityUnit, Modality, Volume};
use crate::warning::WarningCode;
use header::Layout;

/// Where the voxels of a NIfTI file are.
#[derive(Clone, Debug)]
pub(super) struct NiftiSource {
    data: PathBuf,
    layout: Layout,
}

pub(super) fn damaged(path: &Path, message: impl Into<String>) -> Refusal {
    Refusal::new(
        "E-NIFTI",
        message,
        path.display().to_string(),
        "the file is damaged, incomplete or of an unusual kind: convert it again",
    )
}

/// Describes a NIfTI file. All voxels are read once, so that a truncated file is refused here and a
/// label map is told from an image.
///
/// # Errors
/// Only when cancelled: whatever is wrong with the file is stated in the item.
pub(super) fn item(
    path: &Path,
    sidecar: Option<&SidecarImage>,
    job: &JobContext,
) -> Result<Item, Error> {
    match describe(path, sidecar, job) {
        Ok(item) => Ok(item),
        Err(Error::Cancelled(cancelled)) => Err(cancelled.into()),
        Err(error) => {
            Ok(Item::new(ItemKind::Refused, vec![path.to_owned()]).with_error(error.refusal()))
        }
    }
}

fn describe(path: &Path, sidecar: Option<&SidecarImage>, job: &JobContext) -> Result<Item, Error> {
    let (header, data) = header::read(path)?;
    let layout = header::layout(path, &header)?;
    let mut placed = affine::place(&header, layout.shape);
    let mut paths = vec![path.to_owned()];
    if data != path {
        paths.push(data.clone());
    }
    let mut item = Item::new(ItemKind::Volume, paths);
    item.transfer_syntax = "NIfTI-1".to_owned();
    match sidecar.and_then(|s| s.spacing.as_ref()) {
        Some(SidecarSpacing::Known) => placed.spacing = None,
        Some(SidecarSpacing::Unknown) => {
            placed.spacing = Some("the sidecar says that the spacing is unknown".to_owned());
        }
        Some(SidecarSpacing::Mm(spacing)) => {
            affine::set_spacing(&mut placed.lps, *spacing);
            placed.spacing = None;
        }
        None => {}
    }
    let grid = Grid::from_affine(layout.shape, &placed.lps)
        .map_err(|e| damaged(path, e.to_string()))?
        .with_orientation_known(placed.orientation_known)
        .with_spacing(if placed.spacing.is_some() {
            Spacing::Unknown
        } else {
            Spacing::Known
        });
    item.warnings = placed.warnings;
    if !placed.orientation_known {
        item.warn(
            WarningCode::OrientationUnknown,
            "sform and qform codes are both 0: left and right are not known",
        );
    }
    if let Some(reason) = &placed.spacing {
        item.warn(
            WarningCode::SpacingUnknown,
            format!("{reason}: sizes are given in pixels and voxels only"),
        );
    }
    item.n_frames_4d = layout.n_frames;
    if layout.n_frames > 1 {
        item.warn(
            WarningCode::FourD,
            format!("{} volumes on one grid", layout.n_frames),
        );
    }
    if layout.shape[2] == 1 {
        item.kind = ItemKind::Image2d;
    }
    if let Some(code) = sidecar.and_then(|s| s.modality.as_deref()) {
        item.modality = Modality::from_code(code);
        if item.modality == Modality::CT {
            item.unit = IntensityUnit::Hounsfield;
        }
    }
    let volume = samples::read(&data, &layout, 0, true, job)?;
    if volume.is_rounded {
        item.warn(
            WarningCode::Rescale,
            "integers beyond 2^24 are rounded to single precision",
        );
    }
    let role = sidecar.and_then(|s| s.role);
    let may_be_labels = match role {
        Some(SidecarRole::Image) => false,
        Some(SidecarRole::Segmentation) => true,
        None => layout.n_frames == 1,
    };
    let named = role == Some(SidecarRole::Segmentation) || labels::is_named_like_labels(path);
    let counts = may_be_labels
        .then(|| labels::count(&volume.samples, layout.rescale, named))
        .flatten();
    if let Some(counts) = counts {
        item.kind = ItemKind::Segmentation;
        item.unit = IntensityUnit::Arbitrary;
        item.segments = counts.segments(|per_slice| {
            if grid.is_calibrated() {
                let sum = per_slice
                    .iter()
                    .enumerate()
                    .map(|(k, n)| *n as f64 * grid.voxel_volume(k).0)
                    .sum();
                Bulk::Mm3(Mm3(sum))
            } else {
                Bulk::Voxels(per_slice.iter().sum::<usize>() as f64)
            }
        });
    } else if role == Some(SidecarRole::Segmentation) {
        return Err(damaged(
            path,
            "called a segmentation by the sidecar, but not whole numbers",
        )
        .into());
    }
    item.grid = Some(Arc::new(grid));
    item.source = Source::Nifti(NiftiSource { data, layout });
    Ok(item)
}

/// Loads one volume of an item.
pub(super) fn load(
    item: &Item,
    source: &NiftiSource,
    frame: usize,
    job: &JobContext,
) -> Result<Volume, Error> {
    let Some(grid) = &item.grid else {
        return Err(damaged(&source.data, "no grid").into());
    };
    job.progress.step("Reading voxels");
    let whole = source.layout.n_frames == 1;
    let read = samples::read(&source.data, &source.layout, frame, whole, job)?;
    let rescale = vec![source.layout.rescale; grid.shape()[2]];
    let mut volume = Volume::new(
        Arc::clone(grid),
        read.samples,
        rescale,
        item.unit,
        item.modality.clone(),
    )?;
    volume.windows.clone_from(&item.windows);
    Ok(volume)
}
