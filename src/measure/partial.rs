//! Volume with shares of voxels at the border.

use super::Error;
use crate::units::{Bulk, Mm3};
use crate::volume::{Mask, Volume};

/// Half-width of the window that shows what a border voxel lies between, pixels.
const WINDOW: usize = 4;
/// Both sides must differ by this part of their larger spread to share a voxel between them.
const LEAST_CONTRAST: f64 = 1.0;

/// The volume of a lesion when each voxel at its border counts with its share of lesion.
///
/// A voxel with a neighbour (of six) of the other kind has the share (I − b) / (m − b), from 0 to 1,
/// m being the mean of the lesion's inner voxels around it in the slice and b that of the outer ones
/// (segmentation-based partial volume analysis, Kuhnigk et al. 2006, doi 10.1109/TMI.2005.862753).
/// Where one side is not there, has no values or hardly differs, marked voxels count whole and others
/// not at all. Each slice counts with its own extent; where the spacing is unknown, voxels are
/// counted.
///
/// # Errors
/// [`Error::Empty`] for an empty mask, [`Error::OtherGrid`] when the image is of another shape.
pub fn partial_volume(mask: &Mask, volume: &Volume) -> Result<Bulk, Error> {
    let grid = mask.grid();
    if volume.grid().shape() != grid.shape() {
        return Err(Error::OtherGrid {
            mask: grid.shape(),
            image: volume.grid().shape(),
        });
    }
    if mask.is_empty() {
        return Err(Error::Empty);
    }
    let shape = grid.shape();
    let (low, size) = mask.bounds();
    let range = |a: usize| low[a].saturating_sub(1)..(low[a] + size[a] + 1).min(shape[a]);
    let mut total = 0.0;
    for k in range(2) {
        let one = if grid.is_calibrated() {
            grid.voxel_volume(k).0
        } else {
            1.0
        };
        let mut shares = 0.0;
        for j in range(1) {
            for i in range(0) {
                let marked = mask.contains(i, j, k);
                shares += if is_border(mask, [i, j, k]) {
                    share(mask, volume, [i, j, k]).unwrap_or(f64::from(u8::from(marked)))
                } else {
                    f64::from(u8::from(marked))
                };
            }
        }
        total += shares * one;
    }
    Ok(if grid.is_calibrated() {
        Bulk::Mm3(Mm3(total))
    } else {
        Bulk::Voxels(total)
    })
}

/// Whether a neighbour (of six) is of the other kind.
fn is_border(mask: &Mask, [i, j, k]: [usize; 3]) -> bool {
    let here = mask.contains(i, j, k);
    mask.contains(i + 1, j, k) != here
        || mask.contains(i, j + 1, k) != here
        || mask.contains(i, j, k + 1) != here
        || (i > 0 && mask.contains(i - 1, j, k) != here)
        || (j > 0 && mask.contains(i, j - 1, k) != here)
        || (k > 0 && mask.contains(i, j, k - 1) != here)
}

/// Share of lesion of a border voxel, where both sides are seen and differ.
fn share(mask: &Mask, volume: &Volume, [i, j, k]: [usize; 3]) -> Option<f64> {
    let value = f64::from(volume.value(i, j, k)?);
    let shape = mask.grid().shape();
    let window = |x: usize, n: usize| x.saturating_sub(WINDOW)..(x + WINDOW + 1).min(n);
    // Number, sum and sum of squares of the outer and of the inner voxels.
    let mut sums = [[0.0f64; 3]; 2];
    for b in window(j, shape[1]) {
        for a in window(i, shape[0]) {
            if is_border(mask, [a, b, k]) {
                continue;
            }
            if let Some(value) = volume.value(a, b, k).map(f64::from) {
                let sum = &mut sums[usize::from(mask.contains(a, b, k))];
                sum[0] += 1.0;
                sum[1] += value;
                sum[2] += value * value;
            }
        }
    }
    let [outer, inner] = sums.map(|[n, sum, squares]| {
        let mean = sum / n;
        (n >= 3.0).then(|| (mean, (squares / n - mean * mean).max(0.0).sqrt()))
    });
    let ((b, spread_b), (m, spread_m)) = (outer?, inner?);
    let is_clear = (m - b).abs() > LEAST_CONTRAST * spread_b.max(spread_m);
    is_clear.then(|| ((value - b) / (m - b)).clamp(0.0, 1.0))
}
