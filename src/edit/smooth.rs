//! Smoothing the surface of a mask.
//!
//! The share of mask around every voxel, weighted by a Gaussian over true positions and the thickness
//! of slices; voxels are marked down to the share at which the volume is what it was. A fixed share of
//! one half would take about 2σ² / r from the radius r of a ball. The share moves only so far that no
//! flat part of the surface moves by more than half of σ: where thin parts vanish, the rest does not
//! swell to make up for them.
//!
//! Pixels are taken as if their axes were at right angles. Beyond the image there is no share.

use ndarray::{Array2, Array3, ArrayViewMut2, Axis};

use super::Error;
use super::lattice::Lattice;
use super::region::Region;
use super::work::Work;
use crate::units::Mm;
use crate::volume::Mask;

/// Shares half a standard deviation to either side of a flat surface: the normal distribution at ∓½.
const LEAST_SHARE: f64 = 0.308_537_538_725_986_9;
const SURE_SHARE: f64 = 1.0 - LEAST_SHARE;
/// Shares are compared in steps of this, so that rounding parts no voxels that lie alike.
const STEP: f64 = 1e-9;
/// How far the Gaussian reaches, standard deviations.
const REACH: f64 = 3.0;

/// The mask with its surface smoothed by a Gaussian of standard deviation `mm`.
pub(super) fn smooth(work: &Work<'_>, mm: Mm) -> Result<Mask, Error> {
    let region = region(work, mm.0).checked()?;
    let share = shares(work, region, mm.0)?;
    let own = work.bits(region);
    let volumes: Vec<f64> = (region.low[2]..region.high[2])
        .map(|k| work.grid.voxel_volume(k).0)
        .collect();
    let mut before = 0.0;
    let mut sure = 0.0;
    let mut open: Vec<(i64, f64)> = Vec::new();
    let mut ranks = Array3::from_elem(region.dim(), i64::MIN);
    let least = (LEAST_SHARE / STEP).round() as i64;
    let [oi, oj, ok] = region.low;
    for ((k, j, i), share) in share.indexed_iter() {
        let is_own = own[[k, j, i]];
        if is_own {
            before += volumes[k];
        }
        let rank = (share / STEP).round() as i64;
        if rank < least || !(is_own || work.may_mark([i + oi, j + oj, k + ok])) {
            continue;
        }
        ranks[[k, j, i]] = rank;
        if *share >= SURE_SHARE {
            sure += volumes[k];
        } else {
            open.push((rank, volumes[k]));
        }
    }
    let lowest = lowest_rank(open, before - sure);
    work.made(region, &ranks.mapv(|rank| rank >= lowest))
}

/// Down to which rank voxels make up a volume most nearly.
fn lowest_rank(mut open: Vec<(i64, f64)>, wanted: f64) -> i64 {
    open.sort_unstable_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let mut lowest = (SURE_SHARE / STEP).round() as i64;
    let (mut best, mut sum) = (wanted.abs(), 0.0);
    for alike in open.chunk_by(|a, b| a.0 == b.0) {
        sum += alike.iter().map(|(_, volume)| volume).sum::<f64>();
        let off = (sum - wanted).abs();
        if off < best {
            (best, lowest) = (off, alike[0].0);
        }
    }
    lowest
}

/// Where voxels can come to lie: at most σ outside the bounding box.
fn region(work: &Work<'_>, sigma: f64) -> Region {
    let lattice = Lattice::new(work.grid);
    let own = Region::of(work.mask);
    let [di, dj, _] = work.grid.spacing_mm().map(|s| s.0);
    let steps = |step: f64| (sigma / step).ceil() as usize + 1;
    let padded = own.padded([steps(di), steps(dj), 0], work.grid.shape());
    let ends = [own.low[2], own.high[2] - 1].map(|k| lattice.depth(k));
    let slices = lattice.slices(ends[0] - sigma, ends[1] + sigma);
    Region {
        low: [padded.low[0], padded.low[1], own.low[2].min(slices.start)],
        high: [padded.high[0], padded.high[1], own.high[2].max(slices.end)],
    }
}

/// The share of mask around every voxel of a box, 0–1.
fn shares(work: &Work<'_>, region: Region, sigma: f64) -> Result<Array3<f64>, Error> {
    let lattice = Lattice::new(work.grid);
    let own = Region::of(work.mask);
    let steps = work.grid.spacing_mm().map(|s| s.0);
    let [pi, pj] = [0, 1].map(|a| (REACH * sigma / steps[a]).ceil() as usize);
    let from = own.padded([pi, pj, 0], work.grid.shape());
    let mut flat = Vec::new();
    for k in own.low[2]..own.high[2] {
        work.job.check()?;
        flat.push(flat_shares(work, from, k, sigma));
    }
    let around = |first: usize, last: usize| {
        let reach = REACH * sigma;
        lattice.slices(lattice.depth(first) - reach, lattice.depth(last) + reach)
    };
    let near = around(region.low[2], region.high[2] - 1);
    let extents: Vec<f64> = near.clone().map(|k| work.grid.slice_extent(k).0).collect();
    let mut made = Array3::zeros(region.dim());
    for (k, mut plane) in (region.low[2]..).zip(made.outer_iter_mut()) {
        work.job.check()?;
        let there = |l: usize| l.checked_sub(own.low[2]).and_then(|n| flat.get(n));
        let lookup = |l: usize, weight: f64| Lookup {
            shift: lattice.foot(lattice.origin(k), l),
            weight,
            from,
            to: region,
            shape: work.grid.shape(),
        };
        let mut all = 0.0;
        for l in around(k, k) {
            let weight =
                gauss(lattice.depth(l) - lattice.depth(k), sigma) * extents[l - near.start];
            all += weight;
            if let Some(there) = there(l) {
                lookup(l, weight).add(&mut plane, there);
            }
        }
        // Around a slice that was never imaged there may be nothing; its own voxels then stay.
        if all > 0.0 {
            plane.mapv_inplace(|share| share / all);
        } else if let Some(there) = there(k) {
            lookup(k, 1.0).add(&mut plane, there);
        }
    }
    Ok(made)
}

fn gauss(mm: f64, sigma: f64) -> f64 {
    (-0.5 * (mm / sigma).powi(2)).exp()
}

/// The share of mask around the pixels `[[j, i]]` of a box in one slice, within that slice.
fn flat_shares(work: &Work<'_>, region: Region, k: usize, sigma: f64) -> Array2<f64> {
    let bits = work.bits(Region {
        low: [region.low[0], region.low[1], k],
        high: [region.high[0], region.high[1], k + 1],
    });
    let mut share = bits.index_axis(Axis(0), 0).mapv(|b| f64::from(u8::from(b)));
    let steps = work.grid.spacing_mm().map(|s| s.0);
    for (axis, along) in [(1, 0), (0, 1)] {
        let reach = (REACH * sigma / steps[along]).floor() as usize;
        let kernel: Vec<f64> = (0..=reach)
            .map(|n| gauss(n as f64 * steps[along], sigma))
            .collect();
        let (first, n_grid) = (region.low[along], work.grid.shape()[along]);
        for mut lane in share.lanes_mut(Axis(axis)) {
            let line: Vec<f64> = lane.iter().copied().collect();
            for (n, value) in lane.iter_mut().enumerate() {
                let at = first + n;
                let weights = at.saturating_sub(reach)..(at + reach + 1).min(n_grid);
                let all: f64 = weights.map(|m| kernel[m.abs_diff(at)]).sum();
                let near = n.saturating_sub(reach)..(n + reach + 1).min(line.len());
                let sum: f64 = near.map(|m| kernel[m.abs_diff(n)] * line[m]).sum();
                *value = sum / all;
            }
        }
    }
    share
}

/// Shares of another slice, looked up between its pixels where slices are shifted.
struct Lookup {
    /// From pixels of the one slice to those of the other.
    shift: [f64; 2],
    weight: f64,
    /// Box that the shares are of.
    from: Region,
    /// Box that they are added to.
    to: Region,
    shape: [usize; 3],
}

impl Lookup {
    fn add(&self, plane: &mut ArrayViewMut2<'_, f64>, there: &Array2<f64>) {
        let [x, y] = self.shift;
        let (fx, fy) = (x - x.floor(), y - y.floor());
        let corners = [
            (0, 0, (1.0 - fx) * (1.0 - fy)),
            (1, 0, fx * (1.0 - fy)),
            (0, 1, (1.0 - fx) * fy),
            (1, 1, fx * fy),
        ];
        // What is looked up beyond the image is what lies at its border.
        let index = |n: usize, by: isize, a: usize| {
            let at = (n + self.to.low[a]).saturating_add_signed(by);
            at.min(self.shape[a] - 1).checked_sub(self.from.low[a])
        };
        for (di, dj, part) in corners.into_iter().filter(|(_, _, part)| *part > 1e-12) {
            let by = [x.floor() as isize + di, y.floor() as isize + dj];
            for ((j, i), value) in plane.indexed_iter_mut() {
                let (Some(i), Some(j)) = (index(i, by[0], 0), index(j, by[1], 1)) else {
                    continue;
                };
                let share = there.get((j, i)).copied().unwrap_or(0.0);
                *value += self.weight * part * share;
            }
        }
    }
}
