//! One stack as an item.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::values::{modality_lut, rescales, sample_kind, scalings, windows};
use super::{Slice, base};
use crate::open::dicom::format::lossy;
use crate::open::dicom::geometry::{self, Placed};
use crate::open::dicom::instance::{Frame, Instance};
use crate::open::dicom::lut::ModalityLut;
use crate::open::dicom::{DicomSource, PetHeaders, SampleKind, SliceRef};
use crate::open::item::Source;
use crate::open::{Item, ItemKind, Refusal};
use crate::warning::{Warning, WarningCode};

pub(super) fn distinct<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let mut seen = std::collections::BTreeSet::new();
    paths
        .filter(|p| seen.insert(*p))
        .map(Path::to_owned)
        .collect()
}

/// The item of one stack; `volumes` are its phases, each in slice order.
pub(super) fn build(volumes: &[Vec<Slice>], placed: Placed, warnings: Vec<Warning>) -> Item {
    let first = &volumes[0];
    let slices: Vec<&Slice> = volumes.iter().flatten().collect();
    let members: Vec<&Instance> = slices.iter().map(|s| s.instance).collect();
    let kind = match (placed, first.len()) {
        (_, 1) => ItemKind::Image2d,
        (Placed::Each, _) => ItemKind::Volume,
        (Placed::Unstated | Placed::Repeated, _) => ItemKind::Stack,
    };
    let mut item = base(&members, kind, distinct(slices.iter().map(|s| s.path())));
    item.warnings.extend(warnings);
    let frames: Vec<&Frame> = first.iter().map(|s| s.frame).collect();
    let format = &first[0].instance.format;
    let size = [format.columns, format.rows];
    let formed = match placed {
        Placed::Each => geometry::grid(&frames, size),
        Placed::Unstated | Placed::Repeated => geometry::nominal(&frames, size, placed),
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
    let first_slices: Vec<&Slice> = first.iter().collect();
    (item.windows, item.window_names) = windows(&first_slices);
    let middle = first[first.len() / 2].instance;
    item.voi_luts.clone_from(&middle.voi_luts);
    item.inverted = format.photometric == "MONOCHROME1";
    item.scalings = scalings(&first_slices);
    item.warnings.extend(lossy(&members));
    let mut padding = common_padding(&mut item, &members);
    let lut = match modality_lut(&item, &slices) {
        Ok(lut) => lut.map(|lut| {
            let mut lut = ModalityLut::clone(&lut);
            lut.padding = padding.take();
            Arc::new(lut)
        }),
        Err(refused) => return item.with_error(refused),
    };
    let mut rescales = rescales(&mut item, &slices, lut.is_some()).into_iter();
    let frames = volumes
        .iter()
        .map(|slices| {
            slices
                .iter()
                .zip(rescales.by_ref())
                .map(|(s, rescale)| SliceRef {
                    path: s.path().to_owned(),
                    frame: s.index as u32,
                    pixels: s.instance.pixels.clone(),
                    rescale,
                })
                .collect()
        })
        .collect();
    item.part = part(volumes);
    item.source = Source::Dicom(DicomSource {
        frames,
        sample: if lut.is_some() {
            SampleKind::F32
        } else {
            sample_kind(&members)
        },
        padding,
        lut,
        pet: PetHeaders::new(
            slices
                .iter()
                .filter_map(|s| s.instance.pet.clone())
                .collect(),
        ),
    });
    item
}

/// BLAKE3 over the frames that a stack is made of, by file and number; `None` where it is made of all
/// frames of its files, as it is of files with one frame.
fn part(volumes: &[Vec<Slice>]) -> Option<[u8; 32]> {
    let (mut n_frames, mut n_used) = (0, 0);
    let mut hasher = blake3::Hasher::new();
    let mut numbers: BTreeMap<&Path, u64> = BTreeMap::new();
    for slice in volumes.iter().flatten() {
        let next = numbers.len() as u64;
        let number = *numbers.entry(slice.path()).or_insert_with(|| {
            n_frames += slice.instance.frames.len();
            next
        });
        n_used += 1;
        hasher.update(&number.to_le_bytes());
        hasher.update(&(slice.index as u64).to_le_bytes());
    }
    (n_used < n_frames).then(|| *hasher.finalize().as_bytes())
}

/// The padding that most files state. One volume has one padding; where files differ it is named.
fn common_padding(item: &mut Item, members: &[&Instance]) -> Option<RangeInclusive<f64>> {
    let mut counted: Vec<(&RangeInclusive<f64>, usize)> = Vec::new();
    for range in members.iter().filter_map(|m| m.padding.as_ref()) {
        match counted.iter_mut().find(|(known, _)| *known == range) {
            Some((_, n)) => *n += 1,
            None => counted.push((range, 1)),
        }
    }
    let (range, stated) = counted.iter().rev().max_by_key(|(_, n)| *n).copied()?;
    let rest = if counted.len() > 1 {
        format!(
            "; {} slices state another one, which is not left out",
            counted.iter().map(|(_, n)| n).sum::<usize>() - stated
        )
    } else {
        String::new()
    };
    item.warn(
        WarningCode::Padding,
        format!(
            "stored values {} to {} mark pixels outside the scanned field (0028,0120) and are left \
             out{rest}",
            range.start(),
            range.end()
        ),
    );
    Some(range.clone())
}
