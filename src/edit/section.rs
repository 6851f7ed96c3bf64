//! The section of a mask in one slice, and how far places lie inside or outside it.

use ndarray::Array2;

use super::region::Region;
use crate::volume::Mask;

/// Size of a pixel's core beside the pixel's own, for distances.
///
/// The border lies somewhere between the centres of pixels and their edges. Between sections of 4 and
/// 12 mm in pixels of 0.3 mm, interpolated radii are up to 0.13 mm off with distances to centres, 0.09
/// to whole pixels, 0.08 with this; the mean error is the smallest as well.
const CORE: f64 = 0.7;

/// What of a mask lies in one slice.
pub(super) struct Section {
    /// First pixel (i, j) and the one after the last.
    low: [usize; 2],
    high: [usize; 2],
    /// Of each row from `low` on: runs from border to border of their pixels, in steps along i.
    rows: Vec<Vec<[f64; 2]>>,
    /// Number of pixels.
    n: usize,
    /// Mean (i, j) of its pixels.
    pub(super) centre: [f64; 2],
}

impl Section {
    pub(super) fn of(mask: &Mask, k: usize) -> Self {
        let whole = Region::of(mask);
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        let (mut sum, mut n) = ([0.0; 2], 0);
        let mut rows: Vec<Vec<[f64; 2]>> = Vec::new();
        for j in whole.low[1]..whole.high[1] {
            let mut runs: Vec<[f64; 2]> = Vec::new();
            let (first, row) = mask.row(j, k).unwrap_or((0, &[]));
            for i in (first..).zip(row).filter(|(_, b)| **b).map(|(i, _)| i) {
                low = [low[0].min(i), low[1].min(j)];
                high = [high[0].max(i + 1), high[1].max(j + 1)];
                sum = [sum[0] + i as f64, sum[1] + j as f64];
                n += 1;
                let [before, after] = [i as f64 - 0.5, i as f64 + 0.5];
                match runs.last_mut() {
                    Some(run) if run[1] == before => run[1] = after,
                    _ => runs.push([before, after]),
                }
            }
            if n > 0 {
                rows.push(runs);
            }
        }
        rows.truncate(high[1].saturating_sub(low[1]));
        Self {
            low,
            high,
            rows,
            n,
            centre: sum.map(|s| s / n as f64),
        }
    }

    /// From where to where it reaches along (i, j), with half a pixel more to either side.
    pub(super) fn bounds(&self) -> [[f64; 2]; 2] {
        [0, 1].map(|a| [self.low[a] as f64 - 1.0, self.high[a] as f64])
    }

    /// How much of the smaller of two sections lies over the other, 0–1; `shift` leads from pixels
    /// (i, j) of this one to those of the other.
    pub(super) fn overlap(&self, other: &Self, shift: [f64; 2]) -> f64 {
        if self.n > other.n {
            return other.overlap(self, shift.map(|s| -s));
        }
        let mut shared = 0;
        for (j, runs) in (self.low[1]..).zip(&self.rows) {
            for [from, to] in runs {
                let pixels = from.ceil() as usize..to.ceil() as usize;
                shared += pixels
                    .filter(|i| other.contains(*i as f64 + shift[0], j as f64 + shift[1]))
                    .count();
            }
        }
        shared as f64 / self.n as f64
    }

    fn contains(&self, x: f64, y: f64) -> bool {
        let row = (y - self.low[1] as f64).round();
        let runs = (row >= 0.0).then(|| self.rows.get(row as usize)).flatten();
        runs.is_some_and(|runs| runs.iter().any(|[from, to]| (from..to).contains(&&x)))
    }

    /// How far pixels `[[j, i]]` of a box, moved by `shift` pixels, lie from the section's border, mm:
    /// positive inside. `pixel` is the size of one along (i, j), mm.
    ///
    /// From outside to the core of the nearest marked pixel, from inside to that of the nearest that is
    /// not.
    pub(super) fn depth(&self, at: Region, shift: [f64; 2], pixel: [f64; 2]) -> Array2<f64> {
        // With an empty row to either side, for those inside the outer rows.
        let n = self.rows.len() + 2;
        let first = self.low[1] as f64 - 1.0;
        // From the edge of a pixel to its core.
        let rim = (1.0 - CORE) / 2.0;
        let runs = |row: usize| row.checked_sub(1).and_then(|r| self.rows.get(r));
        let (_, nj, ni) = at.dim();
        let mut made = Array2::zeros((nj, ni));
        let (mut marked, mut free) = (vec![0.0; n], vec![0.0; n]);
        for i in 0..ni {
            let x = (at.low[0] + i) as f64 + shift[0];
            for row in 0..n {
                let inside = along_row(x, runs(row).map_or(&[], Vec::as_slice));
                marked[row] = (rim - inside).max(0.0) * pixel[0];
                free[row] = (rim + inside).max(0.0) * pixel[0];
            }
            for j in 0..nj {
                let y = (at.low[1] + j) as f64 + shift[1];
                made[[j, i]] = if self.contains(x, y) {
                    nearest(y - first, &free, pixel[1])
                } else {
                    -nearest(y - first, &marked, pixel[1])
                };
            }
        }
        made
    }
}

/// How far a place lies inside the runs of a row, in steps; negative outside them.
fn along_row(x: f64, runs: &[[f64; 2]]) -> f64 {
    let inside = runs.iter().map(|[from, to]| (x - from).min(to - x));
    inside.fold(f64::NEG_INFINITY, f64::max)
}

/// Shortest distance over the cores of rows, which lie `height` apart, from `y` (in rows): `along`
/// tells that within each row.
fn nearest(y: f64, along: &[f64], height: f64) -> f64 {
    let n = along.len();
    let start = (y.round().max(0.0) as usize).min(n - 1);
    let mut best = f64::INFINITY;
    for away in 0..n {
        // Rows farther on are farther by themselves.
        if ((away as f64 - 1.0).max(0.0) * height).powi(2) >= best {
            break;
        }
        let rows = [
            start.checked_sub(away),
            (away > 0 && start + away < n).then_some(start + away),
        ];
        for row in rows.into_iter().flatten() {
            let across = ((y - row as f64).abs() - CORE / 2.0).max(0.0) * height;
            best = best.min(across * across + along[row] * along[row]);
        }
    }
    best.sqrt()
}
