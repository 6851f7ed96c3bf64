//! Holes: what a mask encloses.

use ndarray::Array3;

use super::Error;
use super::islands::take_part;
use super::region::Region;
use super::work::Work;
use crate::volume::Mask;

/// The mask with its holes filled.
///
/// A hole is what cannot be left over faces of voxels (in a slice, over sides of pixels), so a ring
/// that closes only corner to corner encloses one. What is open towards the border of the image is
/// no hole, nor in space what is open towards a slice that was never imaged.
pub(super) fn fill(work: &Work<'_>, in_slices: bool) -> Result<Mask, Error> {
    let region = Region::of(work.mask);
    let mut bits = work.bits(region);
    let [oi, oj, ok] = region.low;
    let mut enclosed = bits.mapv(|b| !b);
    if in_slices {
        for k in 0..enclosed.dim().0 {
            let plane = enclosed.slice(ndarray::s![k..=k, .., ..]);
            let mut plane = plane.to_owned();
            drain(work, &mut plane, true)?;
            enclosed
                .slice_mut(ndarray::s![k..=k, .., ..])
                .assign(&plane);
        }
    } else {
        drain(work, &mut enclosed, false)?;
    }
    for ((k, j, i), _) in enclosed.indexed_iter().filter(|(_, e)| **e) {
        if work.may_mark([i + oi, j + oj, k + ok]) {
            bits[[k, j, i]] = true;
        }
    }
    work.made(region, &bits)
}

/// Takes away what the border of the box can reach; the ends across slices are no border for a
/// single slice.
fn drain(work: &Work<'_>, open: &mut Array3<bool>, is_slice: bool) -> Result<(), Error> {
    let (nk, nj, ni) = open.dim();
    for k in 0..nk {
        work.job.check()?;
        for j in 0..nj {
            for i in 0..ni {
                let at_side = j == 0 || i == 0 || j + 1 == nj || i + 1 == ni;
                let at_end = !is_slice && (k == 0 || k + 1 == nk);
                if (at_side || at_end) && open[[k, j, i]] {
                    take_part(open, [k, j, i], work.job)?;
                }
            }
        }
    }
    Ok(())
}
