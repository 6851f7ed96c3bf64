//! Measuring masks (volume, RECIST axes, value statistics) and figures drawn by hand (lengths, angles,
//! regions), on the native grid, never resampled.
//!
//! Diameters run between the *outer corners* of marked voxels, so that a single voxel has a size
//! and a box of n pixels measures n pixels. Where the grid's spacing is unknown, lengths are in
//! pixels (one pixel = the step along a row) and volumes in voxels.

mod axes;
mod compare;
mod figure;
mod gauge;
mod partial;
mod peak;
mod place;
mod region;
mod seen;
mod shape;

pub use compare::{Comparison, compare};
pub use figure::{Figure, FigureKind};
pub use gauge::{FigureMeasures, gauge, slice_of};
pub use partial::partial_volume;
pub use peak::{PEAK_RADIUS, Peak, mask_peak};
pub use place::{Misplaced, placed};
pub use region::RegionValues;
pub use seen::{Layer, Seen, seen};
pub use shape::{Shape, shape};

use serde::{Deserialize, Serialize};

use crate::geometry::{Grid, Point, Voxel};
use crate::units::{Bulk, Length, Mm, Mm3, Px};
use crate::volume::{Mask, Statistics, Volume, statistics_of};

/// A straight line across a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisLine {
    /// Its length.
    pub length: Length,
    /// Its two ends, LPS mm.
    pub ends: [Point; 2],
}

/// Statistics of an image over a mask of another grid: of the image's voxel that is nearest to the
/// centre of each marked one. The second value counts marked voxels that lie outside the image.
#[must_use]
pub fn values_under(mask: &Mask, image: &Volume) -> (Option<Statistics>, usize) {
    let grid = image.grid();
    let mut n_outside = 0;
    let values: Vec<Option<f32>> = mask
        .voxels()
        .filter_map(|[i, j, k]| {
            let place = mask
                .grid()
                .patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
            let v = grid.voxel_from_patient(place);
            if grid.contains(v) {
                let [i, j, k] = [v.i, v.j, v.k].map(|x| x.round().max(0.0) as usize);
                Some(image.value(i, j, k))
            } else {
                n_outside += 1;
                None
            }
        })
        .collect();
    (statistics_of(values.into_iter()), n_outside)
}

/// How a volume is summed up over the slices of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum VolumeRule {
    /// Every voxel has the same volume.
    EqualVoxels {
        /// Distance of slices, mm.
        spacing_mm: f64,
    },
    /// A voxel reaches half-way to each neighbouring slice; over holes and beyond the ends, half the
    /// median distance.
    OwnExtents {
        /// Smallest extent of a slice, mm.
        least_mm: f64,
        /// Largest extent of a slice, mm.
        most_mm: f64,
        /// Slices that were never imaged and count for nothing.
        n_missing: usize,
    },
    /// The spacing is unknown: voxels are counted.
    Count,
}

impl VolumeRule {
    /// The rule that holds on a grid.
    #[must_use]
    pub fn of(grid: &Grid) -> Self {
        if !grid.is_calibrated() {
            return Self::Count;
        }
        let extents = (0..grid.shape()[2])
            .filter(|k| !grid.is_void(*k))
            .map(|k| grid.slice_extent(k).0);
        let (least_mm, most_mm) = extents.fold((f64::INFINITY, 0.0f64), |(low, high), e| {
            (low.min(e), high.max(e))
        });
        let n_missing = grid.void_slices().len();
        if n_missing == 0 && most_mm - least_mm <= 0.01 {
            Self::EqualVoxels {
                spacing_mm: grid.spacing_mm()[2].0,
            }
        } else {
            Self::OwnExtents {
                least_mm,
                most_mm,
                n_missing,
            }
        }
    }

    /// The rule in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::EqualVoxels { spacing_mm } => {
                format!("marked voxels times one voxel volume (slices {spacing_mm:.2} mm apart)")
            }
            Self::OwnExtents {
                least_mm,
                most_mm,
                n_missing,
            } => {
                let missing = match n_missing {
                    0 => String::new(),
                    n => format!("; {n} missing slices count for nothing"),
                };
                format!(
                    "marked voxels, each with the extent of its own slice ({least_mm:.2} to \
                     {most_mm:.2} mm, half-way to its neighbours){missing}"
                )
            }
            Self::Count => "number of marked voxels; the spacing is unknown".to_owned(),
        }
    }
}

/// What is measured on one mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Number of voxels.
    pub voxels: usize,
    /// Voxels times their own volumes (each slice with its own extent).
    pub volume: Bulk,
    /// RECIST longest in-plane diameter over all slices.
    pub long_axis: AxisLine,
    /// Longest extent perpendicular to it in the same slice.
    pub short_axis: AxisLine,
    /// Slice (k) that carries both axes.
    pub axis_slice: usize,
    /// Value statistics inside the mask; `None` when measured without an image.
    pub values: Option<Statistics>,
}

/// Why a mask could not be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is marked.
    #[error("the mask marks no voxel, so there is nothing to measure; draw the lesion first")]
    Empty,
    /// Mask and image are of different shape.
    #[error(
        "the mask was drawn on a grid of {mask:?} voxels but the image has {image:?}; \
         measure it on the image it was drawn on"
    )]
    OtherGrid {
        /// Shape of the mask's grid (i, j, k).
        mask: [usize; 3],
        /// Shape of the image's grid (i, j, k).
        image: [usize; 3],
    },
    /// A three-dimensional size was asked for where millimetres are unknown.
    #[error(
        "the image's spacing is unknown, so surface and three-dimensional diameter cannot be given"
    )]
    NoSpacing,
}

/// Measures a mask: volume, RECIST axes and, given the image, the values inside.
///
/// Volume is the sum of marked voxels, each with the volume that its slice stands for
/// ([`Grid::voxel_volume`]). The long axis is the longest straight line within one slice
/// (acquisition plane; RECIST 1.1, Eisenhauer et al. 2009) between outer corners of marked voxels;
/// it may cross unmarked tissue where the lesion is concave. The short axis is the extent of the
/// same slice's corners along the in-plane perpendicular of the long axis. All parts of a mask of
/// several parts count. Of equally long axes the one in the lowest slice, then the one whose ends
/// come first in reading order, is taken.
///
/// # Errors
/// When the mask is empty, or `volume` has a grid of another shape.
pub fn measure(mask: &Mask, volume: Option<&Volume>) -> Result<Measured, Error> {
    let grid = mask.grid();
    if let Some(volume) = volume
        && volume.grid().shape() != grid.shape()
    {
        return Err(Error::OtherGrid {
            mask: grid.shape(),
            image: volume.grid().shape(),
        });
    }
    let axes = axes::longest(mask).ok_or(Error::Empty)?;
    let line = |a: axes::Line| AxisLine {
        length: length(grid, a.length),
        ends: a.ends.map(|v| grid.patient_from_voxel(v)),
    };
    let values = volume
        .and_then(|volume| statistics_of(mask.voxels().map(|[i, j, k]| volume.value(i, j, k))));
    Ok(Measured {
        voxels: mask.n_voxels(),
        volume: self::volume(mask),
        long_axis: line(axes.long),
        short_axis: line(axes.short),
        axis_slice: axes.slice,
        values,
    })
}

/// A length in mm, or in pixels along a row where the grid has no trustworthy spacing.
fn length(grid: &Grid, mm: f64) -> Length {
    if grid.is_calibrated() {
        Length::Mm(Mm(mm))
    } else {
        Length::Px(Px(mm / grid.i_step().norm()))
    }
}

/// Volume of a mask: the sum of its voxels, each with what its slice stands for; their number where
/// the spacing is unknown.
#[must_use]
pub fn volume(mask: &Mask) -> Bulk {
    let grid = mask.grid();
    if !grid.is_calibrated() {
        return Bulk::Voxels(mask.n_voxels() as f64);
    }
    let ([_, top, first], [_, n_rows, n_slices]) = mask.bounds();
    let marked = |k: usize| -> usize {
        let rows = (top..top + n_rows).filter_map(|j| mask.row(j, k));
        rows.map(|(_, bits)| bits.iter().filter(|b| **b).count())
            .sum()
    };
    let volume = (first..first + n_slices)
        .map(|k| (k, marked(k)))
        .filter(|(_, n)| *n > 0)
        .map(|(k, n)| n as f64 * grid.voxel_volume(k).0)
        .sum();
    Bulk::Mm3(Mm3(volume))
}

#[cfg(test)]
mod tests;
