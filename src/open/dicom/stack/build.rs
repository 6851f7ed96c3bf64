//! One stack as an item.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::values::{sample_kind, valid_rescale, values};
use super::{Slice, base};
use crate::open::dicom::geometry;
use crate::open::dicom::instance::{Frame, Instance};
use crate::open::dicom::{DicomSource, SliceRef};
use crate::open::item::Source;
use crate::open::{Item, ItemKind, Refusal};
use crate::volume::Rescale;
use crate::warning::{Warning, WarningCode};

pub(super) fn distinct<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let mut seen = std::collections::BTreeSet::new();
    paths
        .filter(|p| seen.insert(*p))
        .map(Path::to_owned)
        .collect()
}

/// The item of one stack; `volumes` are its phases, each in slice order.
pub(super) fn build(volumes: &[Vec<Slice>], placed: bool, warnings: Vec<Warning>) -> Item {
    let first = &volumes[0];
    let slices: Vec<&Slice> = volumes.iter().flatten().collect();
    let members: Vec<&Instance> = slices.iter().map(|s| s.instance).collect();
    let kind = match (placed, first.len()) {
        (_, 1) => ItemKind::Image2d,
        (true, _) => ItemKind::Volume,
        (false, _) => ItemKind::Stack,
    };
    let mut item = base(&members, kind, distinct(slices.iter().map(|s| s.path())));
    item.warnings.extend(warnings);
    let frames: Vec<&Frame> = first.iter().map(|s| s.frame).collect();
    let format = &first[0].instance.format;
    let size = [format.columns, format.rows];
    let formed = if placed {
        geometry::grid(&frames, size)
    } else {
        geometry::nominal(&frames, size)
    };
    match formed {
        Ok((grid, odd)) => {
            item.grid = Some(Arc::new(grid));
            item.warnings.extend(odd);
        }
        Err(error) => {
            item.kind = ItemKind::Refused;
            let place = item.first_path();
            item.error = Some(Refusal::new(
                "E-GEOMETRY",
                error.to_string(),
                place,
                "positions or spacing (0020,0032, 0028,0030) are inconsistent: export again",
            ));
            return item;
        }
    }
    item.n_frames_4d = volumes.len();
    if volumes.len() > 1 {
        let message = format!(
            "every position occurs {} times: {} volumes on one grid (phases, times or weightings)",
            volumes.len(),
            volumes.len()
        );
        item.warn(WarningCode::FourD, message);
    }
    if item.study_date.is_none() {
        item.warn(
            WarningCode::Date,
            "the files state no valid StudyDate (0008,0020)",
        );
    }
    item.windows
        .clone_from(&first[first.len() / 2].instance.windows);
    if members.iter().any(|m| m.lossy) {
        item.warn(
            WarningCode::Lossy,
            "pixels went through compression that is, or may be, lossy",
        );
    }
    let padding = members.iter().find_map(|m| m.padding.clone());
    if let Some(range) = &padding {
        let message = format!(
            "stored values {} to {} mark pixels outside the scanned field (0028,0120) and are \
             left out",
            range.start(),
            range.end()
        );
        item.warn(WarningCode::Padding, message);
    }
    let scale = values(&mut item, &slices);
    let frames = volumes
        .iter()
        .map(|slices| {
            slices
                .iter()
                .map(|s| {
                    let rescale = valid_rescale(s.frame).unwrap_or(Rescale::IDENTITY);
                    SliceRef {
                        path: s.path().to_owned(),
                        frame: s.index as u32,
                        rescale: Rescale {
                            slope: rescale.slope * scale,
                            intercept: rescale.intercept * scale,
                        },
                    }
                })
                .collect()
        })
        .collect();
    item.source = Source::Dicom(DicomSource {
        frames,
        sample: sample_kind(&members),
        padding,
    });
    item
}
