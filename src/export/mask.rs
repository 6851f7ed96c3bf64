//! Masks that other programs wrote, and how they lie to an image.

use std::path::Path;
use std::sync::Arc;

use ndarray::Array3;

use super::Error;
use crate::geometry::{Grid, Voxel};
use crate::jobs::JobContext;
use crate::open::{self, ItemKind, Segment};
use crate::units::Mm;
use crate::volume::{Mask, Volume};
use crate::warning::Warning;

/// Voxels of a mask and of an image are the same when they are nearer than this.
const TOLERANCE: Mm = Mm(1e-3);

/// How a mask's grid lies to an image's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fit {
    /// The same voxels in the same order.
    Same,
    /// The same voxels, with axes in another order or direction.
    Reoriented,
    /// Other voxels.
    Other,
}

/// Which structure of a label map is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Label {
    /// The value of its voxels.
    Number(u32),
    /// Its name in the file, in capitals or not.
    Name(String),
}

impl std::str::FromStr for Label {
    type Err = std::convert::Infallible;

    /// A whole number is taken as such; a structure that is named by a number is found all the same.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        Ok(text
            .parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Number))
    }
}

/// A mask from a file.
#[derive(Clone, Debug)]
pub struct ReadMask {
    /// On the image's grid when the voxels are the same, else on the file's own.
    pub mask: Mask,
    /// How the file's grid lies to the image's.
    pub fit: Fit,
    /// What is odd about the file.
    pub warnings: Vec<Warning>,
}

/// Reads a label map and places it on the grid of an image, where that has the same voxels; nothing
/// is resampled. `label` chooses among several labels; without it, there must be only one.
///
/// # Errors
/// When the file cannot be read, is no label map, or the label is not determined.
pub fn read_mask(
    path: &Path,
    label: Option<&Label>,
    grid: &Arc<Grid>,
    job: &JobContext,
) -> Result<ReadMask, Error> {
    let no_labels = || Error::NotLabels {
        path: path.to_owned(),
    };
    let items = open::scan(&[path.to_owned()], job)?;
    let item = items.first().ok_or_else(no_labels)?;
    if let Some(refusal) = &item.error {
        return Err(open::Error::from(refusal.clone()).into());
    }
    if item.kind != ItemKind::Segmentation {
        return Err(no_labels());
    }
    let (chosen, layer) = choose(label, &item.segments).map_err(|labels| Error::Label {
        path: path.to_owned(),
        labels,
    })?;
    let volume = open::load(item, layer, job)?;
    let bits = marked(&volume, chosen);
    // An uneven image's mask may have been written on its even stand-in.
    let is_same = volume.grid().matches(grid, TOLERANCE)
        || Grid::from_affine(grid.shape(), &grid.affine())
            .is_ok_and(|even| volume.grid().matches(&even, TOLERANCE));
    let (fit, grid, bits) = if is_same {
        (Fit::Same, grid, bits)
    } else if let Some(bits) = reoriented(&bits, volume.grid(), grid) {
        (Fit::Reoriented, grid, bits)
    } else {
        (Fit::Other, volume.grid(), bits)
    };
    Ok(ReadMask {
        mask: Mask::from_box(Arc::clone(grid), [0; 3], &bits)?,
        fit,
        warnings: item.warnings.clone(),
    })
}

/// As [`read_mask`], for a mask that must lie on the image's grid.
///
/// # Errors
/// As [`read_mask`], and [`Error::OtherGrid`].
pub fn read_mask_on(
    path: &Path,
    label: Option<&Label>,
    grid: &Arc<Grid>,
    job: &JobContext,
) -> Result<Mask, Error> {
    let read = read_mask(path, label, grid, job)?;
    if read.fit == Fit::Other {
        return Err(Error::OtherGrid {
            path: path.to_owned(),
            mask: read.mask.grid().shape(),
            image: grid.shape(),
        });
    }
    Ok(read.mask)
}

/// Value and layer of the structure that is meant, or a list of those that there are: one value in
/// several layers is several structures, which only names tell apart.
fn choose(label: Option<&Label>, segments: &[Segment]) -> Result<(u32, usize), Vec<String>> {
    let places = |is_meant: &dyn Fn(&Segment) -> bool| {
        let mut places: Vec<(u32, usize)> = segments
            .iter()
            .filter(|s| is_meant(s))
            .map(|s| (s.number, s.layer))
            .collect();
        places.sort_unstable();
        places.dedup();
        places
    };
    let named = |name: &str| {
        let exact = places(&|s| s.label == name);
        if exact.is_empty() {
            places(&|s| s.label.to_lowercase() == name.to_lowercase())
        } else {
            exact
        }
    };
    let found = match label {
        None if segments.is_empty() => vec![(1, 0)],
        None => places(&|_| true),
        Some(Label::Name(name)) => named(name),
        Some(Label::Number(number)) => match places(&|s| s.number == *number) {
            one if one.len() == 1 => one,
            _ => named(&number.to_string()),
        },
    };
    match *found {
        [one] => Ok(one),
        _ => Err(segments
            .iter()
            .map(|s| format!("{} {:?} (layer {})", s.number, s.label, s.layer))
            .collect()),
    }
}

fn marked(volume: &Volume, label: u32) -> Array3<bool> {
    let [ni, nj, nk] = volume.grid().shape();
    let mut bits = Array3::from_elem((nk, nj, ni), false);
    for (k, mut slice) in bits.outer_iter_mut().enumerate() {
        for (bit, value) in slice.iter_mut().zip(volume.slice_values(k)) {
            *bit = value.is_some_and(|v| (f64::from(v) - f64::from(label)).abs() < 0.5);
        }
    }
    bits
}

/// The same marks on `to`, when that has the voxels of `from` with axes exchanged or reversed.
fn reoriented(bits: &Array3<bool>, from: &Grid, to: &Grid) -> Option<Array3<bool>> {
    let shape = from.shape();
    let whole = |index: [usize; 3]| {
        let [i, j, k] = index.map(|n| n as f64);
        let place = from.patient_from_voxel(Voxel::new(i, j, k));
        let there: [f64; 3] = to.voxel_from_patient(place).into();
        let near = there.map(f64::round);
        let back = to.patient_from_voxel(Voxel::from(near));
        let inside = (0..3).all(|a| near[a] >= 0.0 && near[a] < to.shape()[a] as f64);
        (inside && place.distance(back).0 <= TOLERANCE.0).then(|| near.map(|n| n as usize))
    };
    if from.n_voxels() != to.n_voxels() || !from.is_uniform() || !to.is_uniform() {
        return None;
    }
    let origin = whole([0; 3])?;
    // For each axis of `from`: the axis of `to` that it runs along, forwards or backwards.
    let mut runs = [(0usize, true); 3];
    for axis in 0..3 {
        let mut end = [0; 3];
        end[axis] = shape[axis] - 1;
        let there = whole(end)?;
        let moved: Vec<usize> = (0..3).filter(|a| there[*a] != origin[*a]).collect();
        let along = match *moved {
            [one] => one,
            // An axis of one voxel: the one whose step is parallel.
            [] if shape[axis] == 1 => parallel(from, axis, to)?,
            _ => return None,
        };
        if to.shape()[along] != shape[axis] {
            return None;
        }
        runs[axis] = (along, there[along] >= origin[along]);
    }
    let mut taken = runs.map(|(along, _)| along);
    taken.sort_unstable();
    if taken != [0, 1, 2] {
        return None;
    }
    let [ni, nj, nk] = to.shape();
    let mut out = Array3::from_elem((nk, nj, ni), false);
    for ((k, j, i), _) in bits.indexed_iter().filter(|(_, marked)| **marked) {
        let mut there = [0; 3];
        for (index, (along, forwards)) in [i, j, k].into_iter().zip(runs) {
            there[along] = if forwards {
                origin[along] + index
            } else {
                origin[along] - index
            };
        }
        out[[there[2], there[1], there[0]]] = true;
    }
    Some(out)
}

fn parallel(from: &Grid, axis: usize, to: &Grid) -> Option<usize> {
    let steps = |g: &Grid| [g.i_step(), g.j_step(), g.slice_step()];
    let step = steps(from)[axis].normalize();
    steps(to)
        .iter()
        .position(|s| s.normalize().dot(&step).abs() > 0.999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_in_another_order_mark_the_same_places() {
        let affine = nalgebra::Matrix4::new(
            0.5, 0.0, 0.0, -20.0, 0.0, 0.9, 0.0, 7.0, 0.0, 0.0, 3.0, -100.0, 0.0, 0.0, 0.0, 1.0,
        );
        let image = Grid::from_affine([6, 5, 4], &affine).expect("valid");
        // k of the image, then i backwards, then j backwards.
        let far = image.patient_from_voxel(Voxel::new(5.0, 4.0, 0.0));
        let origins = (0..5)
            .map(|n| crate::geometry::Point(far.0 - image.j_step() * f64::from(n)))
            .collect();
        let other = Grid::new(
            [4, 6, 5],
            image.slice_step(),
            -image.i_step(),
            origins,
            None,
        )
        .expect("valid");
        let mut bits = Array3::from_elem((5, 6, 4), false);
        bits[[1, 2, 3]] = true;
        let place = other.patient_from_voxel(Voxel::new(3.0, 2.0, 1.0));
        let found = reoriented(&bits, &other, &image).expect("the same voxels");
        let at: Vec<_> = found.indexed_iter().filter(|(_, b)| **b).collect();
        let [((k, j, i), _)] = at[..] else {
            panic!("{at:?}")
        };
        let again = image.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
        assert!(place.distance(again).0 < 1e-9);
        let mut moved = affine;
        moved[(0, 3)] += 0.1;
        let moved = Grid::from_affine([6, 5, 4], &moved).expect("valid");
        assert!(reoriented(&bits, &other, &moved).is_none());
    }
}
