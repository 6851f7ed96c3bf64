//! From a header to an item, and from an item to its voxels.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::colour::PictureSource;
use super::labels::{self, Counter, Counts, Hint};
use super::place::{Placed, set_spacing, without_absurd_steps};
use super::{RawLayout, decode};
use crate::geometry::{Grid, Spacing};
use crate::jobs::JobContext;
use crate::open::item::{ColourSource, Source};
use crate::open::sidecar::{SidecarImage, SidecarRole, SidecarSpacing};
use crate::open::{Error, Item, ItemKind, Segment};
use crate::units::{Bulk, Mm3};
use crate::volume::{IntensityUnit, Modality, Volume, WindowLevel};
use crate::warning::WarningCode;

/// What a header says.
#[derive(Clone, Debug)]
pub(in crate::open) struct RawImage {
    /// The header, then files that it speaks of.
    pub(in crate::open) paths: Vec<PathBuf>,
    pub(in crate::open) layout: RawLayout,
    pub(in crate::open) placed: Placed,
    pub(in crate::open) modality: Modality,
    pub(in crate::open) windows: Vec<WindowLevel>,
    pub(in crate::open) description: String,
    pub(in crate::open) role: Role,
}

/// What a header says about the meaning of values.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::open) enum Role {
    /// Nothing: the values tell.
    Unstated,
    /// Labels.
    Labels,
    /// Labels with names.
    Segments(Vec<NamedSegment>),
    /// Red, green, blue and perhaps transparency, side by side.
    Colours,
}

/// A structure that a header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::open) struct NamedSegment {
    pub(in crate::open) name: String,
    /// The value of its voxels.
    pub(in crate::open) value: u32,
    /// The frame in which it lies.
    pub(in crate::open) layer: usize,
}

/// A file with more volumes than this holds no layers of structures, whatever it calls itself.
const MAX_LAYERS: usize = 256;

/// Where the voxels of an item are.
#[derive(Clone, Debug)]
pub(in crate::open) struct RawSource {
    layout: RawLayout,
}

/// Describes a file whose header `read` understands. The voxels of the first volume are read once,
/// so that a truncated file is refused here and a label map is told from an image.
///
/// # Errors
/// Only when cancelled: whatever is wrong with the file is stated in the item.
pub(in crate::open) fn item(
    path: &Path,
    sidecar: Option<&SidecarImage>,
    read: impl FnOnce(&Path) -> Result<RawImage, Error>,
    job: &JobContext,
) -> Result<Item, Error> {
    let refused = |paths: Vec<PathBuf>, error: Error| match error {
        Error::Cancelled(cancelled) => Err(cancelled.into()),
        error => Ok(Item::new(ItemKind::Refused, paths).with_error(error.refusal())),
    };
    match read(path) {
        Ok(image) => {
            // A refusal, too, speaks for the data files.
            let paths = image.paths.clone();
            describe(path, image, sidecar, job).or_else(|e| refused(paths, e))
        }
        Err(error) => refused(vec![path.to_owned()], error),
    }
}

fn describe(
    path: &Path,
    image: RawImage,
    sidecar: Option<&SidecarImage>,
    job: &JobContext,
) -> Result<Item, Error> {
    let RawImage {
        paths,
        layout,
        mut placed,
        modality,
        windows,
        description,
        role,
    } = image;
    let damaged = |message: String| layout.format.damaged(path, message);
    // The scan counts files.
    let job = &JobContext {
        cancel: job.cancel.clone(),
        ..JobContext::default()
    };
    let mut item = Item::new(ItemKind::Volume, paths);
    item.transfer_syntax = layout.format.name().to_owned();
    item.series_description = description;
    if role == Role::Colours {
        return pictures(item, path, &layout, job);
    }
    let volume = decode::read(&layout, 0, true, job)?;
    item.windows = windows;
    apply_spacing(&mut placed, sidecar);
    without_absurd_steps(&mut placed);
    let grid = Grid::from_affine(layout.shape, &placed.lps)
        .map_err(|e| damaged(e.to_string()))?
        .with_orientation_known(placed.side.is_none())
        .with_spacing(if placed.spacing.is_some() {
            Spacing::Unknown
        } else {
            Spacing::Known
        });
    warn(&mut item, &layout, &placed, &volume);
    item.n_frames_4d = layout.n_frames();
    if layout.shape[2] == 1 {
        item.kind = ItemKind::Image2d;
    }
    item.modality = match sidecar.and_then(|s| s.modality.as_deref()) {
        Some(code) if modality.code().is_empty() => Modality::from_code(code),
        _ => modality,
    };
    if item.modality == Modality::CT {
        item.unit = IntensityUnit::Hounsfield;
    }
    let stated = sidecar.and_then(|s| s.role);
    let is_told = stated == Some(SidecarRole::Segmentation) || role != Role::Unstated;
    let too_many = is_told && item.n_frames_4d > MAX_LAYERS;
    if too_many && stated != Some(SidecarRole::Image) {
        let message = format!(
            "called labels, but of {} volumes, more than {MAX_LAYERS}: its structures are not \
             counted",
            item.n_frames_4d
        );
        item.warn(WarningCode::Partial, message);
    }
    let may_be_labels =
        stated != Some(SidecarRole::Image) && !too_many && (is_told || item.n_frames_4d == 1);
    // Beyond 2^24 two labels may have become one.
    let exact = volume.rounding == decode::Rounding::default();
    let hint = if is_told {
        Hint::Stated
    } else if labels::is_named_like_labels(path) {
        Hint::Name
    } else {
        Hint::None
    };
    let counts = (may_be_labels && exact)
        .then(|| labels::count(&volume.samples, layout.rescale, hint))
        .flatten();
    if let Some(first) = counts {
        item.kind = ItemKind::Segmentation;
        item.unit = IntensityUnit::Arbitrary;
        item.segments = segments(&layout, first, &role, &grid, job)?;
    } else if is_told && may_be_labels {
        return Err(
            damaged("called labels, but its values are not whole numbers".to_owned()).into(),
        );
    }
    item.grid = Some(Arc::new(grid));
    item.source = Source::Raw(RawSource { layout });
    Ok(item)
}

/// Describes colour pictures; they have no place, as nothing is measured on them.
fn pictures(
    mut item: Item,
    path: &Path,
    layout: &RawLayout,
    job: &JobContext,
) -> Result<Item, Error> {
    let source = PictureSource::new(layout)
        .ok_or_else(|| layout.format.not_measured(path, "colours of this kind"))?;
    let first = source.check(job)?;
    surplus(&mut item, &first);
    item.kind = ItemKind::Image2d;
    item.n_frames_4d = source.len();
    item.source = Source::Colour(ColourSource::Raw(source));
    Ok(item)
}

fn apply_spacing(placed: &mut Placed, sidecar: Option<&SidecarImage>) {
    match sidecar.and_then(|s| s.spacing.as_ref()) {
        Some(SidecarSpacing::Known) => placed.spacing = None,
        Some(SidecarSpacing::Unknown) => {
            placed.spacing = Some("the sidecar says that the spacing is unknown".to_owned());
        }
        Some(SidecarSpacing::Mm(spacing)) => {
            set_spacing(&mut placed.lps, *spacing);
            placed.spacing = None;
        }
        None => {}
    }
}

/// Names what was odd in the header and the samples.
fn warn(item: &mut Item, layout: &RawLayout, placed: &Placed, volume: &decode::Volume) {
    item.warnings.clone_from(&placed.warnings);
    if let Some(reason) = &placed.side {
        item.warn(
            WarningCode::OrientationUnknown,
            format!("{reason}: left and right are not known"),
        );
    }
    if let Some(reason) = &placed.spacing {
        item.warn(
            WarningCode::SpacingUnknown,
            format!("{reason}: sizes are given in pixels and voxels only"),
        );
    }
    let (inner, outer) = (layout.inner, layout.outer);
    if inner * outer > 1 {
        item.warn(
            WarningCode::FourD,
            match (inner, outer) {
                (1, n) => format!("{n} volumes on one grid"),
                (n, 1) => format!("{n} values per voxel, each shown as a volume of its own"),
                (n, m) => {
                    format!("{m} volumes with {n} values per voxel, each a volume of its own")
                }
            },
        );
    }
    let rounding = volume.rounding;
    if rounding.integers {
        item.warn(
            WarningCode::Precision,
            "integers beyond 2^24 are rounded to single precision",
        );
    }
    if rounding.reals {
        item.warn(
            WarningCode::Precision,
            "numbers of double precision are rounded to single precision (7 digits)",
        );
    }
    if rounding.overflow {
        item.warn(WarningCode::Precision, "numbers beyond 3.4e38 are left out");
    }
    surplus(item, volume);
}

fn surplus(item: &mut Item, volume: &decode::Volume) {
    if volume.surplus > 0 {
        item.warn(
            WarningCode::Partial,
            format!(
                "{} bytes lie behind the voxels that the header describes and are left out",
                volume.surplus
            ),
        );
    }
}

/// Structures of all frames with their voxels and volumes.
fn segments(
    layout: &RawLayout,
    first: Counts,
    role: &Role,
    grid: &Grid,
    job: &JobContext,
) -> Result<Vec<Segment>, Error> {
    let size = |per_slice: &[(usize, usize)]| {
        if grid.is_calibrated() {
            let sum = per_slice
                .iter()
                .map(|(k, n)| *n as f64 * grid.voxel_volume(*k).0)
                .sum();
            Bulk::Mm3(Mm3(sum))
        } else {
            Bulk::Voxels(labels::voxels(per_slice) as f64)
        }
    };
    let named = match role {
        Role::Segments(named) => named.as_slice(),
        _ => &[],
    };
    let mut layers = vec![first];
    if layout.n_frames() > 1 {
        layers.extend(further_layers(layout, job)?);
    }
    let mut found = Vec::new();
    for segment in named {
        let layer = layers.get_mut(segment.layer);
        let per_slice = layer.and_then(|l| l.take(segment.value));
        let per_slice = per_slice.unwrap_or_default();
        found.push(Segment {
            label: segment.name.clone(),
            number: segment.value,
            layer: segment.layer,
            voxels: Some(labels::voxels(&per_slice)),
            volume: Some(size(&per_slice)),
            contour_volume: None,
        });
    }
    for (frame, layer) in layers.iter().enumerate() {
        let mut rest = layer.segments(size);
        if frame > 0 {
            for segment in &mut rest {
                segment.layer = frame;
                segment.label = format!("{} of frame {frame}", segment.label);
            }
        }
        found.extend(rest);
    }
    Ok(found)
}

/// The labels of all frames but the first.
fn further_layers(layout: &RawLayout, job: &JobContext) -> Result<Vec<Counts>, Error> {
    let no_labels = |frame: usize| {
        layout.format.damaged(
            layout.first_path(),
            format!("frame {frame} of the labels does not hold whole numbers"),
        )
    };
    let counter = || Counter::new(layout.shape, layout.rescale, Hint::Stated);
    let mut counters: Vec<Counter> = (1..layout.n_frames()).map(|_| counter()).collect();
    decode::each(layout, job, |frame, value| {
        let later = frame.checked_sub(1).and_then(|n| counters.get_mut(n));
        match later.map(|counter| counter.push(value)) {
            Some(None) => Err(no_labels(frame).into()),
            Some(Some(())) | None => Ok(()),
        }
    })?;
    counters
        .into_iter()
        .enumerate()
        .map(|(n, counter)| counter.finish().ok_or_else(|| no_labels(n + 1).into()))
        .collect()
}

/// Loads one volume of an item.
///
/// # Errors
/// When a file changed since the scan or cannot be read, memory does not suffice, or the job was
/// cancelled.
pub(in crate::open) fn load(
    item: &Item,
    source: &RawSource,
    frame: usize,
    job: &JobContext,
) -> Result<Volume, Error> {
    let layout = &source.layout;
    let Some(grid) = &item.grid else {
        return Err(layout
            .format
            .damaged(layout.first_path(), "there is no grid")
            .into());
    };
    job.progress.step("Reading voxels");
    let read = decode::read(layout, frame, layout.n_frames() == 1, job)?;
    let rescale = vec![layout.rescale; grid.shape()[2]];
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
