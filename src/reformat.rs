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

use crate::units::Mm;
use crate::volume::{Samples, Volume};
use locate::Locator;
use sample::{Lookup, Source};

/// Pictures are drawn in strips of so many columns: voxels that a row has fetched are still at hand
/// for the next one, though slices lie whole powers of two apart in memory.
const STRIP: usize = 64;

/// How values between voxel centres are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The value of the nearest voxel.
    Nearest,
    /// Linear along all three axes.
    Linear,
}

/// What becomes of the values along the normal of a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// The largest (MIP).
    Max,
    /// The smallest (MinIP).
    Min,
    /// Their mean.
    Mean,
}

/// A slab instead of a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
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

fn of<T: Copy>(
    volume: &Volume,
    plane: &Plane,
    interpolation: Interpolation,
    slab: Option<Slab>,
    data: &[T],
    load: impl Fn(T) -> f32,
) -> Vec<f32> {
    let source = Source::new(volume, data, load);
    draw(volume, plane, interpolation, slab, &source)
}

fn draw(
    volume: &Volume,
    plane: &Plane,
    interpolation: Interpolation,
    slab: Option<Slab>,
    source: &impl Lookup,
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
    let normal = plane.normal();
    // As dense as the voxels: a bright one of a MIP is not stepped over.
    let finest = grid.spacing_mm().map(|s| s.0);
    let finest = finest.into_iter().fold(f64::INFINITY, f64::min);
    let n = (slab.thickness.0 / finest).ceil().clamp(1.0, 4096.0) as usize;
    let step = slab.thickness.0 / n as f64;
    let mut count = vec![
        0u16;
        if slab.projection == Projection::Mean {
            width
        } else {
            0
        }
    ];
    let mut layer = vec![f32::NAN; width];
    for (y, row) in picture.chunks_exact_mut(width).enumerate() {
        count.fill(0);
        for s in 0..=n {
            let offset = normal * (step * s as f64 - slab.thickness.0 / 2.0);
            layer.fill(f32::NAN);
            let moved = plane.moved(offset);
            fill(&locator, source, &moved, [0, y], interpolation, &mut layer);
            match slab.projection {
                // The smaller or larger of a number and NaN is the number.
                Projection::Max => row.iter_mut().zip(&layer).for_each(|(r, l)| *r = r.max(*l)),
                Projection::Min => row.iter_mut().zip(&layer).for_each(|(r, l)| *r = r.min(*l)),
                Projection::Mean => {
                    for ((r, l), n) in row.iter_mut().zip(&layer).zip(&mut count) {
                        if !l.is_nan() {
                            *r = if *n == 0 { *l } else { *r + *l };
                            *n += 1;
                        }
                    }
                }
            }
        }
        if slab.projection == Projection::Mean {
            for (r, n) in row.iter_mut().zip(&count) {
                *r /= f32::from((*n).max(1));
            }
        }
    }
    picture
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
