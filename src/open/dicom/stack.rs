//! From instances to items: what belongs to one stack, in which order, and what is odd about it.

mod build;
mod groups;
mod join;
mod kin;
mod mixed;
mod phases;
mod repeats;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::colour;
use super::format::{lossy, refusal, unmeasurable};
use super::geometry::{POSITION_TOLERANCE_MM, Placed, places};
use super::instance::{Class, Frame, Instance};
use super::marks::Mark;
use crate::geometry::Vec3;
use crate::jobs::JobContext;
use crate::open::item::{ColourSource, Source};
use crate::open::{Error, Item, ItemKind};
use crate::volume::Modality;
use crate::warning::{Warning, WarningCode};
use build::build;
pub(in crate::open) use groups::Stacks;
use groups::{Clusters, StackKey};
use join::join;
use mixed::Mixed;
use phases::{Phases, by_origin, by_position, phases, placed_normal};
use repeats::{drop_identical, repeats};

/// One frame of one file.
#[derive(Clone, Copy, Debug)]
struct Slice<'a> {
    instance: &'a Instance,
    index: usize,
    frame: &'a Frame,
}

/// Whether two slices begin at the same place.
fn same_place(a: &Slice, b: &Slice) -> bool {
    match (a.frame.position, b.frame.position) {
        (Some(a), Some(b)) => (a - b).norm() <= POSITION_TOLERANCE_MM,
        (a, b) => a == b,
    }
}

impl Slice<'_> {
    fn path(&self) -> &Path {
        &self.instance.path
    }
}

/// Groups instances into items, in a fixed order.
pub(in crate::open) fn items(
    mut instances: Vec<Instance>,
    how: Stacks,
    job: &JobContext,
) -> Result<Vec<Item>, Error> {
    instances.sort_by(|a, b| a.path.cmp(&b.path));
    let mut series: BTreeMap<(String, PathBuf), Vec<Instance>> = BTreeMap::new();
    let mut items = Vec::new();
    for instance in instances {
        if instance.class == Class::Image {
            // Without a series UID only the folder says what belongs together.
            let folder = if instance.series_uid.is_empty() {
                instance
                    .path
                    .parent()
                    .map(Path::to_owned)
                    .unwrap_or_default()
            } else {
                PathBuf::new()
            };
            series
                .entry((instance.series_uid.clone(), folder))
                .or_default()
                .push(instance);
        } else {
            items.push(without_pixels(&instance));
        }
    }
    for members in series.into_values() {
        job.check()?;
        items.extend(series_items(&members, how));
    }
    kin::name_kin(&mut items);
    Ok(items)
}

fn without_pixels(instance: &Instance) -> Item {
    let (kind, error) = match instance.class {
        Class::RtStruct => (ItemKind::RtStruct, None),
        Class::Segmentation => (
            ItemKind::Segmentation,
            Some(refusal(
                "E-SEG",
                "DICOM segmentations are listed, their voxels are not loaded",
                &[&instance.path],
                "export the segmentation as NIfTI",
            )),
        ),
        Class::Report => (ItemKind::Report, None),
        Class::Other | Class::Image => (ItemKind::Other, None),
    };
    let mut item = base(&[instance], kind, vec![instance.path.clone()]);
    item.segments.clone_from(&instance.segments);
    item.error = error;
    if kind == ItemKind::Other && item.series_description.is_empty() {
        item.series_description = format!("SOP class {}", instance.sop_class);
    }
    item
}

/// An item with everything that does not depend on geometry.
fn base(members: &[&Instance], kind: ItemKind, paths: Vec<PathBuf>) -> Item {
    let first = members[0];
    let mut item = Item::new(kind, paths);
    item.patient = first.patient.clone();
    item.study_date = first.study_date;
    item.study_time = first.study_time;
    item.study_uid.clone_from(&first.study_uid);
    item.modality = Modality::from_code(&first.modality);
    item.series_uid.clone_from(&first.series_uid);
    item.series_description
        .clone_from(&first.series_description);
    item.frame_of_reference
        .clone_from(&first.frame_of_reference);
    item.transfer_syntax.clone_from(&first.transfer_syntax);
    for member in members {
        for warning in &member.warnings {
            if !item.warnings.contains(warning) {
                item.warnings.push(warning.clone());
            }
        }
    }
    if members.iter().any(|m| m.patient.id != first.patient.id) {
        item.warn(
            WarningCode::Patient,
            "one series carries several patient IDs (0010,0020): check that it is one patient",
        );
    }
    if members
        .iter()
        .any(|m| m.frame_of_reference != first.frame_of_reference)
    {
        item.warn(
            WarningCode::FrameOfReference,
            "slices of one stack state different frames of reference (0020,0052)",
        );
    }
    item
}

fn file_names(paths: &[&Path]) -> Vec<String> {
    paths
        .iter()
        .filter_map(|p| p.file_name())
        .map(|n| n.to_string_lossy().into_owned())
        .collect()
}

/// The items of one series of images.
fn series_items(members: &[Instance], how: Stacks) -> Vec<Item> {
    let mut items = Vec::new();
    let found = repeats(members);
    let mut groups: BTreeMap<(u8, String), Vec<&Instance>> = BTreeMap::new();
    for instance in found.kept {
        let (rank, key) = match unmeasurable(instance) {
            Some(refused) => (1, format!("{}{}", refused.code, instance.format.rows)),
            None => (0, String::new()),
        };
        groups.entry((rank, key)).or_default().push(instance);
    }
    for ((rank, _), group) in groups {
        if rank == 0 {
            items.extend(stacks(&group, how));
        } else {
            items.push(refused_group(&group));
        }
    }
    if let Some(item) = items.first_mut() {
        for (paths, what) in [
            (found.copies, "repeat an instance and were left out"),
            (
                found.namesakes,
                "carry the SOP Instance UID (0008,0018) of another image and were kept",
            ),
        ] {
            if !paths.is_empty() {
                item.warnings.push(Warning {
                    code: WarningCode::Duplicate,
                    message: format!("{} files {what}", paths.len()),
                    files: file_names(&paths),
                });
            }
        }
    }
    items
}

fn refused_group(group: &[&Instance]) -> Item {
    let refused = unmeasurable(group[0]);
    let is_colour = refused.as_ref().is_some_and(|r| r.code == "E-COLOUR");
    let kind = if is_colour {
        ItemKind::Image2d
    } else {
        ItemKind::Refused
    };
    let paths: Vec<PathBuf> = group.iter().map(|i| i.path.clone()).collect();
    let mut item = base(group, kind, paths);
    item.warnings.extend(lossy(group));
    match colour::pictures(group) {
        Ok(pictures) if is_colour => {
            item.n_frames_4d = pictures.len();
            item.source = Source::Colour(ColourSource::Dicom(pictures));
        }
        Err(error) if is_colour => item.error = Some(error),
        _ => item.error = refused,
    }
    item
}

/// Sorts slices of measurable images into stacks.
fn stacks(group: &[&Instance], how: Stacks) -> Vec<Item> {
    let mut clusters = Clusters::default();
    let examinations = mixed::examinations(group);
    let mut stacks: BTreeMap<(usize, StackKey), BTreeMap<StackKey, Vec<Slice>>> = BTreeMap::new();
    for &instance in group {
        for (index, frame) in instance.frames.iter().enumerate() {
            let slice = Slice {
                instance,
                index,
                frame,
            };
            let own = clusters.key(&slice);
            let key = match how {
                Stacks::Apart => own.clone(),
                Stacks::Joined => own.clone().joined(),
            };
            let parts = stacks.entry((examinations.of(instance), key)).or_default();
            parts.entry(own).or_default().push(slice);
        }
    }
    let mut items: Vec<Item> = Vec::new();
    for parts in stacks.into_values() {
        match how {
            Stacks::Apart => {
                items.extend(parts.into_values().flat_map(|part| stack_items(part, how)));
            }
            Stacks::Joined => items.extend(join(parts)),
        }
    }
    // The largest stack is what the series is about.
    items.sort_by_key(|i| std::cmp::Reverse(i.grid.as_ref().map_or(0, |g| g.n_voxels())));
    if items.len() > 1 {
        let message = format!(
            "one series holds {} stacks (by study, size, orientation, image type, echo, kernel, \
             weighting or acquisition) and was split",
            items.len()
        );
        for item in &mut items {
            item.warn(WarningCode::Split, message.clone());
        }
    }
    examinations.warn(&mut items);
    items
}

/// The items of one stack: usually one.
fn stack_items(mut slices: Vec<Slice>, how: Stacks) -> Vec<Item> {
    let Some(normal) = placed_normal(&slices) else {
        sort_by_number(&mut slices);
        return vec![build(&[slices], Placed::Unstated, Vec::new())];
    };
    let mut positions = by_position(slices, normal);
    let mut warnings = Vec::new();
    if positions.iter().any(|p| p.len() > 1) {
        if let Some(parts) = by_origin(&positions) {
            return parts
                .into_iter()
                .flat_map(|part| stack_items(part, how))
                .collect();
        }
        let dropped = drop_identical(&mut positions);
        if !dropped.is_empty() {
            let paths: Vec<&Path> = dropped.iter().map(|p| &**p).collect();
            warnings.push(Warning {
                code: WarningCode::Duplicate,
                message: format!(
                    "{} slices repeat position and pixels of another and were left out",
                    dropped.len()
                ),
                files: file_names(&paths),
            });
        }
    }
    if positions.iter().all(|p| p.len() == 1) {
        let slices: Vec<Slice> = positions.iter().flatten().copied().collect();
        match mixed::weightings(&slices) {
            Mixed::No => {}
            Mixed::Parts(parts) if how == Stacks::Apart => {
                return parts
                    .into_iter()
                    .flat_map(|part| stack_items(part, how))
                    .collect();
            }
            Mixed::Parts(parts) => {
                warnings.push(mixed::kept_together(parts.len(), WarningCode::Joined))
            }
            Mixed::Loose(warning) => warnings.push(warning),
        }
    }
    match phases(positions) {
        Phases::Volumes(volumes) => vec![build(&volumes, Placed::Each, warnings)],
        Phases::Separate(parts) => parts
            .into_iter()
            .map(|part| build(&[part], Placed::Each, warnings.clone()))
            .collect(),
        Phases::Hopeless(slices) => vec![riddle(slices, normal, warnings)],
    }
}

/// The order of images that positions do not put in order.
fn sort_by_number(slices: &mut [Slice]) {
    let number = |s: &Slice| s.frame.marks.get(Mark::Instance).cloned();
    slices.sort_by(|a, b| {
        let by_number = match (number(a), number(b)) {
            (Some(a), Some(b)) => a.order(&b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        by_number
            .then_with(|| a.path().cmp(b.path()))
            .then(a.index.cmp(&b.index))
    });
}

/// Copies of positions that nothing tells apart: no volume, but a stack of images to look at.
fn riddle(mut slices: Vec<Slice>, normal: Vec3, mut warnings: Vec<Warning>) -> Item {
    let positions = by_position(slices.clone(), normal);
    let repeated: Vec<f64> = positions
        .iter()
        .filter(|here| here.len() > 1)
        .filter_map(|here| Some(here.first()?.frame.position?.dot(&normal)))
        .collect();
    // One slice acquired twice is no phase of its own.
    let advice = if repeated.len() * 2 < positions.len() {
        "for a volume, leave out the slices that repeat a position and are not wanted"
    } else {
        "for a volume, export the phases as separate series"
    };
    let copies = positions.iter().filter(|here| here.len() > 1).flatten();
    let paths: Vec<&Path> = copies.map(Slice::path).collect();
    warnings.push(Warning {
        code: WarningCode::Order,
        message: format!(
            "{} of {} slices repeat the position of another, at {} along the normal, and neither \
             acquisition, time, trigger, weighting nor image type sorts the series into whole \
             stacks: they are shown one by one in the order of their instance numbers, and nothing \
             is measured in millimetres; {advice}",
            slices.len() - positions.len(),
            slices.len(),
            places(&repeated)
        ),
        files: file_names(&paths),
    });
    sort_by_number(&mut slices);
    build(&[slices], Placed::Repeated, warnings)
}
