//! From instances to items: what belongs to one stack, in which order, and what is odd about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom::core::value::Value;
use dicom::dictionary_std::tags;
use dicom::encoding::TransferSyntaxIndex;

use super::format::{refusal, unmeasurable};
use super::geometry::{self, POSITION_TOLERANCE_MM};
use super::instance::{Class, Frame, Instance, Phase};
use super::pet::{self, PetHeader, Uptake};
use super::read::{self, Extent};
use super::{DicomSource, SampleKind, SliceRef};
use crate::geometry::Vec3;
use crate::jobs::JobContext;
use crate::open::item::Source;
use crate::open::{Error, Item, ItemKind, Refusal};
use crate::volume::{IntensityUnit, Modality, Rescale};
use crate::warning::{Warning, WarningCode};

/// Direction cosines nearer than this belong to one stack (about 0.06°).
const ORIENTATION_TOLERANCE: f64 = 1e-3;

/// One frame of one file.
#[derive(Clone, Copy, Debug)]
struct Slice<'a> {
    instance: &'a Instance,
    index: usize,
    frame: &'a Frame,
}

impl Slice<'_> {
    fn path(&self) -> &Path {
        &self.instance.path
    }
}

/// Groups instances into items, in a fixed order.
pub(in crate::open) fn items(
    mut instances: Vec<Instance>,
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
        items.extend(series_items(&members));
    }
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
fn series_items(members: &[Instance]) -> Vec<Item> {
    let mut items = Vec::new();
    let (kept, repeated) = without_repeats(members);
    let mut groups: BTreeMap<(u8, String), Vec<&Instance>> = BTreeMap::new();
    for instance in kept {
        let (rank, key) = match unmeasurable(instance) {
            Some(refused) => (1, format!("{}{}", refused.code, instance.format.rows)),
            None => (0, String::new()),
        };
        groups.entry((rank, key)).or_default().push(instance);
    }
    for ((rank, _), group) in groups {
        if rank == 0 {
            items.extend(stacks(&group));
        } else {
            items.push(refused_group(&group));
        }
    }
    if let (Some(item), false) = (items.first_mut(), repeated.is_empty()) {
        item.warnings.push(Warning {
            code: WarningCode::Duplicate,
            message: format!(
                "{} files repeat an instance and were left out",
                repeated.len()
            ),
            files: file_names(&repeated),
        });
    }
    items
}

/// Leaves out files that repeat the SOP Instance UID at the same position.
fn without_repeats(members: &[Instance]) -> (Vec<&Instance>, Vec<&Path>) {
    let mut seen: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
    let (mut kept, mut repeated) = (Vec::new(), Vec::new());
    for instance in members {
        let earlier = seen.entry(&instance.sop_instance).or_default();
        let position = |i: &Instance| i.frames.first().and_then(|f| f.position);
        let again = !instance.sop_instance.is_empty()
            && earlier
                .iter()
                .any(|e| match (position(e), position(instance)) {
                    (Some(a), Some(b)) => (a - b).norm() <= POSITION_TOLERANCE_MM,
                    _ => pixel_hash(&e.path).is_some_and(|h| pixel_hash(&instance.path) == Some(h)),
                });
        if again {
            repeated.push(&*instance.path);
        } else {
            earlier.push(instance);
            kept.push(instance);
        }
    }
    (kept, repeated)
}

fn refused_group(group: &[&Instance]) -> Item {
    let refused = unmeasurable(group[0]);
    let colour = refused.as_ref().is_some_and(|r| r.code == "E-COLOUR");
    let kind = if colour {
        ItemKind::Image2d
    } else {
        ItemKind::Refused
    };
    let paths: Vec<PathBuf> = group.iter().map(|i| i.path.clone()).collect();
    let mut item = base(group, kind, paths);
    item.error = refused;
    item
}

/// Sorts slices of measurable images into stacks.
fn stacks(group: &[&Instance]) -> Vec<Item> {
    let mut orientations: Vec<[Vec3; 2]> = Vec::new();
    let mut stacks: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
    for &instance in group {
        for (index, frame) in instance.frames.iter().enumerate() {
            let slice = Slice {
                instance,
                index,
                frame,
            };
            let key = stack_key(&slice, &mut orientations);
            stacks.entry(key).or_default().push(slice);
        }
    }
    let mut items: Vec<Item> = Vec::new();
    for slices in stacks.into_values() {
        items.extend(stack_items(slices));
    }
    // The largest stack is what the series is about.
    items.sort_by_key(|i| std::cmp::Reverse(i.grid.as_ref().map_or(0, |g| g.n_voxels())));
    if items.len() > 1 {
        let message = format!(
            "one series holds {} stacks (by size, orientation, image type, echo, kernel or \
             acquisition) and was split",
            items.len()
        );
        for item in &mut items {
            item.warn(WarningCode::Split, message.clone());
        }
    }
    items
}

/// What slices of one stack share. Values of ImageType beyond the third, acquisition and temporal
/// position are left to [`phases`], which looks at them only where positions repeat.
fn stack_key(slice: &Slice, orientations: &mut Vec<[Vec3; 2]>) -> String {
    let frame = slice.frame;
    let placed = frame
        .position
        .and(frame.orientation)
        .filter(|o| geometry::orthonormal(*o).is_some());
    let orientation = placed.map(|o| {
        let near =
            |p: &[Vec3; 2]| (p[0] - o[0]).amax().max((p[1] - o[1]).amax()) <= ORIENTATION_TOLERANCE;
        orientations.iter().position(near).unwrap_or_else(|| {
            orientations.push(o);
            orientations.len() - 1
        })
    });
    let spacing = frame.spacing.map(|s| s.map(|v| (v * 1e4).round() as i64));
    format!(
        "{:?}|{}|{}|{}|{:?}|{:?}|{}|{}|{}",
        orientation,
        slice.instance.format.rows,
        slice.instance.format.columns,
        frame.image_type,
        spacing,
        frame.echo_time.map(|t| (t * 1e3).round() as i64),
        slice.instance.kernel,
        frame.stack,
        slice.instance.frame_of_reference,
    )
}

/// The items of one stack: usually one.
fn stack_items(mut slices: Vec<Slice>) -> Vec<Item> {
    let Some(normal) = placed_normal(&slices) else {
        slices.sort_by_cached_key(|s| (s.frame.phase.instance, s.path().to_owned(), s.index));
        return vec![build(&[slices], false, Vec::new())];
    };
    let mut positions = by_position(slices, normal);
    let mut warnings = Vec::new();
    if positions.iter().any(|p| p.len() > 1) {
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
    match phases(positions) {
        Phases::Volumes(volumes) => vec![build(&volumes, true, warnings)],
        Phases::Separate(parts) => parts
            .into_iter()
            .map(|part| build(&[part], true, warnings.clone()))
            .collect(),
        Phases::Hopeless(slices) => {
            let paths: Vec<&Path> = slices.iter().map(Slice::path).collect();
            let members: Vec<&Instance> = slices.iter().map(|s| s.instance).collect();
            let mut item = base(
                &members,
                ItemKind::Refused,
                distinct(slices.iter().map(Slice::path)),
            );
            item.warnings.extend(warnings);
            vec![item.with_error(refusal(
                "E-POSITIONS",
                "several slices lie at the same position, and neither acquisition, time, trigger, \
                 b-value nor image type tells them apart",
                &paths,
                "export the phases as separate series",
            ))]
        }
    }
}

fn placed_normal(slices: &[Slice]) -> Option<Vec3> {
    let all_placed = slices.iter().all(|s| s.frame.position.is_some());
    let [row, column] = geometry::orthonormal(slices.first()?.frame.orientation?)?;
    all_placed.then(|| row.cross(&column))
}

/// Slices by position along the normal, ascending, so that i × j points along k.
fn by_position(slices: Vec<Slice<'_>>, normal: Vec3) -> Vec<Vec<Slice<'_>>> {
    let mut placed: Vec<(f64, Slice)> = slices
        .into_iter()
        .filter_map(|s| Some((s.frame.position?.dot(&normal), s)))
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut positions: Vec<(f64, Vec<Slice>)> = Vec::new();
    for (depth, slice) in placed {
        match positions.last_mut() {
            Some((first, here)) if depth - *first <= POSITION_TOLERANCE_MM => here.push(slice),
            _ => positions.push((depth, vec![slice])),
        }
    }
    positions
        .into_iter()
        .map(|(_, mut here)| {
            here.sort_by(|a, b| {
                order(&a.frame.phase, &b.frame.phase)
                    .then_with(|| a.path().cmp(b.path()))
                    .then(a.index.cmp(&b.index))
            });
            here
        })
        .collect()
}

/// The order of copies of one position.
fn order(a: &Phase, b: &Phase) -> std::cmp::Ordering {
    let number = |x: Option<f64>, y: Option<f64>| {
        x.unwrap_or(f64::NEG_INFINITY)
            .total_cmp(&y.unwrap_or(f64::NEG_INFINITY))
    };
    (a.temporal, a.acquisition)
        .cmp(&(b.temporal, b.acquisition))
        .then_with(|| number(a.trigger, b.trigger))
        .then_with(|| number(a.b_value, b.b_value))
        .then_with(|| a.image_type.cmp(&b.image_type))
        .then_with(|| a.instance.cmp(&b.instance))
}

/// Drops copies whose pixels are the same; returns their files.
fn drop_identical(positions: &mut [Vec<Slice>]) -> Vec<PathBuf> {
    let is_single = |s: &Slice| s.instance.frames.len() == 1;
    let n = positions.iter().map(Vec::len).max().unwrap_or(0);
    // Where every position has as many copies, they are phases unless one position shows that
    // pixels repeat; this saves reading the whole series.
    if positions.iter().all(|p| p.len() == n) {
        let middle = &positions[positions.len() / 2];
        let mut hashes: Vec<_> = middle
            .iter()
            .filter(|s| is_single(s))
            .filter_map(|s| pixel_hash(s.path()))
            .collect();
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.len() == count {
            return Vec::new();
        }
    }
    let mut dropped = Vec::new();
    for here in positions.iter_mut().filter(|p| p.len() > 1) {
        let mut seen = Vec::new();
        here.retain(|slice| {
            let Some(hash) = Some(slice)
                .filter(|s| is_single(s))
                .and_then(|s| pixel_hash(s.path()))
            else {
                return true;
            };
            let again = seen.contains(&hash);
            if again {
                dropped.push(slice.path().to_owned());
            } else {
                seen.push(hash);
            }
            !again
        });
    }
    dropped
}

/// Hash of the stored pixel bytes.
fn pixel_hash(path: &Path) -> Option<[u8; 32]> {
    let set = read::open(path, Extent::Whole).ok()?;
    let mut hasher = blake3::Hasher::new();
    match set.get(tags::PIXEL_DATA)?.value() {
        Value::Primitive(p) => {
            hasher.update(&p.to_bytes());
        }
        Value::PixelSequence(sequence) => {
            for fragment in sequence.fragments() {
                hasher.update(fragment);
            }
        }
        Value::Sequence(_) => return None,
    }
    Some(*hasher.finalize().as_bytes())
}

enum Phases<'a> {
    /// One volume, or several on the same positions.
    Volumes(Vec<Vec<Slice<'a>>>),
    /// Several stacks on different positions.
    Separate(Vec<Vec<Slice<'a>>>),
    /// Copies that nothing tells apart.
    Hopeless(Vec<Slice<'a>>),
}

fn phases(positions: Vec<Vec<Slice>>) -> Phases {
    let n = positions.iter().map(Vec::len).max().unwrap_or(0);
    if positions.iter().all(|p| p.len() == n) {
        let volumes = (0..n)
            .map(|phase| positions.iter().map(|p| p[phase]).collect())
            .collect();
        return Phases::Volumes(volumes);
    }
    type Discriminator = fn(&Phase) -> String;
    let discriminators: [Discriminator; 5] = [
        |p| format!("{:?}", p.temporal),
        |p| format!("{:?}", p.acquisition),
        |p| format!("{:?}", p.trigger),
        |p| format!("{:?}", p.b_value),
        |p| p.image_type.clone(),
    ];
    for discriminator in discriminators {
        let unique = positions.iter().all(|here| {
            let mut keys: Vec<String> =
                here.iter().map(|s| discriminator(&s.frame.phase)).collect();
            keys.sort();
            keys.windows(2).all(|w| w[0] != w[1])
        });
        if unique {
            let mut parts: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
            for slice in positions.into_iter().flatten() {
                parts
                    .entry(discriminator(&slice.frame.phase))
                    .or_default()
                    .push(slice);
            }
            return Phases::Separate(parts.into_values().collect());
        }
    }
    Phases::Hopeless(positions.into_iter().flatten().collect())
}

fn distinct<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let mut seen = std::collections::BTreeSet::new();
    paths
        .filter(|p| seen.insert(*p))
        .map(Path::to_owned)
        .collect()
}

/// The item of one stack; `volumes` are its phases, each in slice order.
fn build(volumes: &[Vec<Slice>], placed: bool, warnings: Vec<Warning>) -> Item {
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

fn valid_rescale(frame: &Frame) -> Option<Rescale> {
    frame
        .rescale
        .filter(|r| r.slope != 0.0 && r.slope.is_finite() && r.intercept.is_finite())
}

/// Sets unit and rescale warnings; returns the factor from rescaled values to the unit.
fn values(item: &mut Item, slices: &[&Slice]) -> f64 {
    let first = slices[0];
    let stated = slices.iter().filter(|s| s.frame.rescale.is_some()).count();
    let invalid = slices
        .iter()
        .any(|s| s.frame.rescale.is_some() && valid_rescale(s.frame).is_none());
    if invalid {
        item.warn(WarningCode::Rescale, "a rescale slope of 0 was taken as 1");
    }
    if slices.iter().any(|s| s.instance.modality_lut) {
        item.warn(
            WarningCode::Rescale,
            "values pass through a modality LUT (0028,3000) that is not applied: they are as stored",
        );
    }
    let varies = slices
        .iter()
        .any(|s| s.frame.rescale != first.frame.rescale);
    match item.modality {
        Modality::PT => {
            let headers: Vec<&PetHeader> = slices
                .iter()
                .filter_map(|s| s.instance.pet.as_ref())
                .collect();
            match pet::uptake(&headers) {
                Uptake::Suv(factor) => {
                    item.unit = IntensityUnit::SuvBodyWeight;
                    return factor;
                }
                Uptake::Activity(reason) => {
                    item.unit = IntensityUnit::BecquerelPerMl;
                    item.warn(
                        WarningCode::NoSuv,
                        format!("no SUV, values are in Bq/mL: {reason}"),
                    );
                }
                Uptake::Unknown(reason) => {
                    item.warn(
                        WarningCode::NoSuv,
                        format!("no SUV, values have no physical unit: {reason}"),
                    );
                }
            }
        }
        Modality::CT => {
            let kind = &first.instance.rescale_type;
            let localizer = first.frame.image_type == "LOCALIZER";
            if stated < slices.len() {
                item.warn(
                    WarningCode::Rescale,
                    "RescaleSlope/Intercept (0028,1053/1052) are missing: values are as stored, \
                     not Hounsfield units",
                );
            } else if (kind.is_empty() || kind == "HU") && !localizer {
                item.unit = IntensityUnit::Hounsfield;
            }
            if varies {
                item.warn(
                    WarningCode::Rescale,
                    "the rescale differs between slices and is applied to each",
                );
            }
        }
        _ if varies => item.warn(
            WarningCode::Rescale,
            "the rescale differs between slices and is applied to each",
        ),
        _ => {}
    }
    1.0
}

fn sample_kind(members: &[&Instance]) -> SampleKind {
    if members.iter().all(|m| !m.format.signed) {
        SampleKind::U16
    } else if members
        .iter()
        .all(|m| m.format.signed || m.format.bits_stored <= 15)
    {
        SampleKind::I16
    } else {
        SampleKind::F32
    }
}
