//! Volume with shares of voxels at the border.

use ndarray::Array3;

use super::Error;
use crate::units::{Bulk, Mm3};
use crate::volume::{Mask, Volume};

/// Half-width of the window that shows what a border voxel lies between: pixels, and slices.
const WINDOW: usize = 4;
const SLICES: usize = 1;
/// Both sides must differ by this part of their larger spread to share a voxel between them.
const LEAST_CONTRAST: f64 = 1.0;

/// The volume of a lesion when each voxel at its border counts with its share of lesion.
///
/// A voxel with a neighbour (of six) of the other kind has the share (I − b) / (m − b), from 0 to 1,
/// m being the mean of the lesion's inner voxels around it (in its slice and the next on either
/// side) and b that of the outer ones
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
    let ring = Ring::of(mask);
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
                shares += if ring.is_border([i, j, k]) {
                    share(mask, volume, &ring, [i, j, k]).unwrap_or(f64::from(u8::from(marked)))
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

/// Which voxels in and around a mask have a neighbour of the other kind.
struct Ring {
    /// First voxel of the box; of the mask's own, two less.
    origin: [usize; 3],
    bits: Array3<bool>,
}

impl Ring {
    fn of(mask: &Mask) -> Self {
        let (low, size) = mask.bounds();
        let origin = low.map(|v| v.saturating_sub(2));
        let size = [0, 1, 2].map(|a| low[a] + size[a] + 2 - origin[a]);
        let bits = Array3::from_shape_fn([size[2], size[1], size[0]], |(k, j, i)| {
            is_border(mask, [origin[0] + i, origin[1] + j, origin[2] + k])
        });
        Self { origin, bits }
    }

    fn is_border(&self, v: [usize; 3]) -> bool {
        let at = [2, 1, 0].map(|a| v[a].wrapping_sub(self.origin[a]));
        self.bits.get(at).copied().unwrap_or(false)
    }
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
fn share(mask: &Mask, volume: &Volume, ring: &Ring, [i, j, k]: [usize; 3]) -> Option<f64> {
    let value = f64::from(volume.value(i, j, k)?);
    let shape = mask.grid().shape();
    let window = |x: usize, by: usize, n: usize| x.saturating_sub(by)..(x + by + 1).min(n);
    // Number, sum and sum of squares of the outer and of the inner voxels.
    let mut sums = [[0.0f64; 3]; 2];
    for c in window(k, SLICES, shape[2]) {
        for b in window(j, WINDOW, shape[1]) {
            for a in window(i, WINDOW, shape[0]) {
                if ring.is_border([a, b, c]) {
                    continue;
                }
                if let Some(value) = volume.value(a, b, c).map(f64::from) {
                    let sum = &mut sums[usize::from(mask.contains(a, b, c))];
                    sum[0] += 1.0;
                    sum[1] += value;
                    sum[2] += value * value;
                }
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
