//! Parts of a mask.
//!
//! Voxels belong together when they share a face: what touches only at an edge or a corner is a part
//! of its own, and can be taken away by itself.

use ndarray::Array3;

use super::region::Region;
use super::work::Work;
use super::{Error, Keep};
use crate::geometry::Point;
use crate::jobs::{Cancelled, JobContext};
use crate::volume::Mask;

/// The mask with some of its parts only.
pub(super) fn keep(work: &Work<'_>, keep: Keep) -> Result<Mask, Error> {
    let region = Region::of(work.mask);
    let mut left = work.bits(region);
    let mut kept = Array3::default(left.dim());
    if let Keep::At(point) = keep {
        mark(&mut kept, &part_at(work, region, &mut left, point)?);
        return work.made(region, &kept);
    }
    let volumes: Vec<f64> = (region.low[2]..region.high[2])
        .map(|k| work.grid.voxel_volume(k).0)
        .collect();
    let mut largest: (f64, Vec<[usize; 3]>) = (f64::NEG_INFINITY, Vec::new());
    let starts = work.bits(region);
    for ((k, j, i), _) in starts.indexed_iter().filter(|(_, b)| **b) {
        if !left[[k, j, i]] {
            continue;
        }
        let part = take_part(&mut left, [k, j, i], work.job)?;
        let volume: f64 = part.iter().map(|at| volumes[at[0]]).sum();
        match keep {
            Keep::LargerThan(mm3) if volume > mm3.0 => mark(&mut kept, &part),
            Keep::Largest if volume > largest.0 => largest = (volume, part),
            _ => {}
        }
    }
    mark(&mut kept, &largest.1);
    work.made(region, &kept)
}

/// The mask without the part at a point.
pub(super) fn remove(work: &Work<'_>, at: Point) -> Result<Mask, Error> {
    let region = Region::of(work.mask);
    let mut left = work.bits(region);
    part_at(work, region, &mut left, at)?;
    work.made(region, &left)
}

/// Takes the part at a point out of `left`.
fn part_at(
    work: &Work<'_>,
    region: Region,
    left: &mut Array3<bool>,
    at: Point,
) -> Result<Vec<[usize; 3]>, Error> {
    let outside = Error::Outside { what: "point" };
    let at = work.voxel_at(at).ok_or(outside)?;
    if !work.mask.contains(at[0], at[1], at[2]) {
        return Err(Error::NotOnMask);
    }
    Ok(take_part(left, region.index(at), work.job)?)
}

/// Takes out of `left` what is connected over faces with a voxel `[k, j, i]` of it.
pub(super) fn take_part(
    left: &mut Array3<bool>,
    first: [usize; 3],
    job: &JobContext,
) -> Result<Vec<[usize; 3]>, Cancelled> {
    let mut part = Vec::new();
    if std::mem::take(&mut left[first]) {
        part.push(first);
    }
    let mut next = 0;
    while let Some(&[k, j, i]) = part.get(next) {
        if next % (1 << 16) == 0 {
            job.check()?;
        }
        next += 1;
        let around = [
            [k.wrapping_sub(1), j, i],
            [k + 1, j, i],
            [k, j.wrapping_sub(1), i],
            [k, j + 1, i],
            [k, j, i.wrapping_sub(1)],
            [k, j, i + 1],
        ];
        for at in around {
            if left.get(at).copied().unwrap_or(false) {
                left[at] = false;
                part.push(at);
            }
        }
    }
    Ok(part)
}

fn mark(bits: &mut Array3<bool>, part: &[[usize; 3]]) {
    for at in part {
        bits[*at] = true;
    }
}
