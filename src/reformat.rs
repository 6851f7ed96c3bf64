//! Pictures of a volume in any plane: for looking at, never for measuring voxels.
//!
//! The slices that were acquired are shown as they are ([`crate::volume::gray_slice`]); a plane that
//! cuts across them has to be interpolated, and is labelled so. The way from a pixel to a voxel goes
//! through the places that the slices really have: uneven stacks, gantry tilt and left-handed grids
//! come out undistorted, and what was never imaged stays empty.

mod across;
mod cut;
mod locate;
mod plane;
mod sample;

pub use across::{Stack, across};
pub use cut::outlines_in;
pub use plane::Plane;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::geometry::{Grid, Vec3};
use crate::units::Mm;
use crate::volume::{Samples, Volume};
use locate::Locator;
use sample::{Lookup, Source};

/// Pictures are drawn in strips of so many columns: voxels that a row has fetched are still at hand
/// for the next one, though slices lie whole powers of two apart in memory.
const STRIP: usize = 128;

/// How values between voxel centres are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The value of the nearest voxel.
    Nearest,
    /// Linear along all three axes.
    Linear,
}

/// What becomes of the values along the normal of a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// The largest (MIP).
    Max,
    /// The smallest (MinIP).
    Min,
    /// Their mean.
    Mean,
}

/// A slab instead of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slab {
    /// How its values are put together.
    pub projection: Projection,
    /// Its thickness, centred on the plane.
    pub thickness: Mm,
}

/// Values in a plane, row by row from the top; NaN where nothing was imaged.
///
/// Nothing was imaged beyond the outer edges of the voxels, in slices that are missing, in holes of
/// uneven stacks ([`crate::geometry::Grid::slice_reach`]) and where voxels are padding. Between a
/// slice and a missing one the value of the slice is taken as far as it reaches. A slab ignores such
/// places unless all along its normal are.
#[must_use]
pub fn reformat(
    volume: &Volume,
    plane: &Plane,
    interpolation: Interpolation,
    slab: Option<Slab>,
) -> Vec<f32> {
    match volume.samples() {
        Samples::I16(a) => match (a.as_slice(), &volume.padding) {
            (Some(data), None) => of(volume, plane, interpolation, slab, data, f32::from),
            (Some(data), Some(padding)) => {
                of(volume, plane, interpolation, slab, data, |s: i16| {
                    unless_padding(padding, f64::from(s), f32::from(s))
                })
            }
            (None, _) => by_value(volume, plane, interpolation, slab),
        },
        Samples::U16(a) => match (a.as_slice(), &volume.padding) {
            (Some(data), None) => of(volume, plane, interpolation, slab, data, f32::from),
            (Some(data), Some(padding)) => {
                of(volume, plane, interpolation, slab, data, |s: u16| {
                    unless_padding(padding, f64::from(s), f32::from(s))
                })
            }
            (None, _) => by_value(volume, plane, interpolation, slab),
        },
        Samples::F32(a) => match (a.as_slice(), &volume.padding) {
            (Some(data), None) => of(volume, plane, interpolation, slab, data, |s: f32| s),
            (Some(data), Some(padding)) => {
                of(volume, plane, interpolation, slab, data, |s: f32| {
                    unless_padding(padding, f64::from(s), s)
                })
            }
            (None, _) => by_value(volume, plane, interpolation, slab),
        },
    }
}

fn unless_padding(padding: &std::ops::RangeInclusive<f64>, stored: f64, sample: f32) -> f32 {
    if padding.contains(&stored) {
        f32::NAN
    } else {
        sample
    }
}

/// As [`of`], for samples that do not lie in order.
fn by_value(
    volume: &Volume,
    plane: &Plane,
    interpolation: Interpolation,
    slab: Option<Slab>,
) -> Vec<f32> {
    let [ni, nj, nk] = volume.grid().shape();
    let mut stored = vec![0.0f32; ni * nj * nk];
    for (row, values) in stored.chunks_exact_mut(ni).enumerate() {
        volume.row_into([0, row % nj, row / nj], values);
    }
    let source = Source::of_values(volume.grid(), &stored);
    draw(volume, plane, interpolation, slab, &source)
}

fn of<T: Copy + Sync>(
    volume: &Volume,
    plane: &Plane,
    interpolation: Interpolation,
    slab: Option<Slab>,
    data: &[T],
    load: impl Fn(T) -> f32 + Sync,
) -> Vec<f32> {
    let source = Source::new(volume, data, load);
    draw(volume, plane, interpolation, slab, &source)
}

fn draw(
    volume: &Volume,
    plane: &Plane,
    interpolation: Interpolation,
    slab: Option<Slab>,
    source: &(impl Lookup + Sync),
) -> Vec<f32> {
    let grid = volume.grid();
    let [width, height] = plane.size;
    let mut picture = vec![f32::NAN; width * height];
    if picture.is_empty() {
        return picture;
    }
    let locator = Locator::new(grid);
    let Some(slab) = slab.filter(|s| s.thickness.0 > 0.0) else {
        for x in (0..width).step_by(STRIP) {
            let end = (x + STRIP).min(width);
            for (y, row) in picture.chunks_exact_mut(width).enumerate() {
                fill(
                    &locator,
                    source,
                    plane,
                    [x, y],
                    interpolation,
                    &mut row[x..end],
                );
            }
        }
        return picture;
    };
    let width_of = if slab.projection == Projection::Mean {
        width
    } else {
        0
    };
    let offsets = offsets(grid, plane, slab);
    let rows = picture.par_chunks_exact_mut(width).enumerate();
    rows.for_each_init(
        || (vec![f32::NAN; width], vec![0u16; width_of]),
        |(layer, count), (y, row)| {
            count.fill(0);
            for offset in &offsets {
                layer.fill(f32::NAN);
                let moved = plane.moved(*offset);
                fill(&locator, source, &moved, [0, y], interpolation, layer);
                project(slab.projection, layer, count, row);
            }
            if slab.projection == Projection::Mean {
                for (r, n) in row.iter_mut().zip(count) {
                    *r /= f32::from((*n).max(1));
                }
            }
        },
    );
    picture
}

/// Where a slab is looked at along its normal, as densely as the voxels lie. A mean takes the middles
/// of layers of one thickness; the extremes are sought in the plane itself, on both faces, and between,
/// so that a bright voxel is not stepped over. Along evenly spaced slices these are among the places:
/// what was acquired is then what is shown.
fn offsets(grid: &Grid, plane: &Plane, slab: Slab) -> Vec<Vec3> {
    let normal = plane.normal();
    let finest = grid.spacing_mm().map(|s| s.0);
    let finest = finest.into_iter().fold(f64::INFINITY, f64::min);
    let gap = (grid.slice_step().dot(&normal)).abs();
    let along_slices = normal.cross(&grid.normal()).norm() < 1e-6;
    let step = if along_slices {
        gap / (gap / finest).round().max(1.0)
    } else {
        finest
    };
    let half = slab.thickness.0 / 2.0;
    if slab.projection == Projection::Mean {
        let n = (slab.thickness.0 / step).ceil().clamp(1.0, 4096.0) as u32;
        let layer = slab.thickness.0 / f64::from(n);
        let middles = (0..n).map(|s| layer * (f64::from(s) + 0.5) - half);
        return middles.map(|at| normal * at).collect();
    }
    let n = (half / step + 1e-9).floor().min(2048.0) as i32;
    let between = (-n..=n).map(|s| step * f64::from(s));
    let on_face = (half - step * f64::from(n) > 1e-6 * step).then_some([-half, half]);
    between
        .chain(on_face.into_iter().flatten())
        .map(|at| normal * at)
        .collect()
}

/// Adds a layer of a slab to a row of the picture.
fn project(projection: Projection, layer: &[f32], count: &mut [u16], row: &mut [f32]) {
    match projection {
        // The smaller or larger of a number and NaN is the number.
        Projection::Max => row.iter_mut().zip(layer).for_each(|(r, l)| *r = r.max(*l)),
        Projection::Min => row.iter_mut().zip(layer).for_each(|(r, l)| *r = r.min(*l)),
        Projection::Mean => {
            for ((r, l), n) in row.iter_mut().zip(layer).zip(count) {
                if !l.is_nan() {
                    *r = if *n == 0 { *l } else { *r + *l };
                    *n += 1;
                }
            }
        }
    }
}

/// A part of a row of a picture, from a pixel (x, y) on; pixels outside the volume are left as they
/// are.
fn fill(
    locator: &Locator<'_>,
    source: &impl Lookup,
    plane: &Plane,
    [x, y]: [usize; 2],
    interpolation: Interpolation,
    row: &mut [f32],
) {
    let start = plane.at(x as f64, y as f64);
    locator.along(start, plane.right, interpolation, source, row);
}

#[cfg(test)]
mod tests;
