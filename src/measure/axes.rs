//! Longest in-plane diameter and its perpendicular extent, between outer corners of voxels.

use rayon::prelude::*;

use crate::geometry::{Grid, Voxel};
use crate::volume::Mask;

/// A line in one slice.
pub(super) struct Line {
    /// Length in the grid's (possibly nominal) mm.
    pub(super) length: f64,
    pub(super) ends: [Voxel; 2],
}

pub(super) struct Axes {
    pub(super) long: Line,
    pub(super) short: Line,
    pub(super) slice: usize,
}

/// A voxel corner in half pixels: corner (2i ± 1, 2j ± 1) of pixel (i, j). Whole numbers keep the
/// convex hull exact; a hull stays a hull under any in-plane steps.
type Corner = [i64; 2];

/// Lengths that differ by less than this part are ties, decided by order and not by rounding.
const TIE: f64 = 1e-12;

/// Convex hulls of the outer voxel corners of every slice that carries marked voxels, ascending.
pub(super) fn slice_hulls(mask: &Mask) -> Vec<(usize, Vec<Corner>)> {
    let ([low, top, first], [_, n_rows, n_slices]) = mask.bounds();
    let hull = |k: usize| {
        let mut points = Vec::new();
        for j in top..top + n_rows {
            let bits = mask.row(j, k).map_or(&[][..], |(_, bits)| bits);
            // The first and the last of a row bound it.
            let is_marked = |b: &bool| *b;
            let (Some(left), Some(right)) = (
                bits.iter().position(is_marked),
                bits.iter().rposition(is_marked),
            ) else {
                continue;
            };
            let left = 2 * (low + left) as i64 - 1;
            let right = 2 * (low + right) as i64 + 1;
            let (above, below) = (2 * j as i64 - 1, 2 * j as i64 + 1);
            points.extend([[left, above], [right, above], [left, below], [right, below]]);
        }
        (!points.is_empty()).then(|| (k, convex_hull(points)))
    };
    let slices = (first..first + n_slices).into_par_iter();
    slices.filter_map(hull).collect()
}

/// Andrew's monotone chain; points on an edge are left out. In reading order (by j, then i).
fn convex_hull(mut points: Vec<Corner>) -> Vec<Corner> {
    points.sort_unstable();
    points.dedup();
    let turn = |o: Corner, a: Corner, b: Corner| {
        (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])
    };
    let chain = |points: &mut dyn Iterator<Item = Corner>| {
        let mut hull: Vec<Corner> = Vec::new();
        for p in points {
            while let [.., o, a] = hull[..]
                && turn(o, a, p) <= 0
            {
                hull.pop();
            }
            hull.push(p);
        }
        hull.pop();
        hull
    };
    let mut hull = chain(&mut points.iter().copied());
    hull.extend(chain(&mut points.iter().rev().copied()));
    hull.sort_unstable_by_key(|&[i, j]| (j, i));
    hull
}

pub(super) fn longest(mask: &Mask) -> Option<Axes> {
    let plane = Plane::of(mask.grid());
    let mut best: Option<(f64, usize, [Corner; 2])> = None;
    let hulls = slice_hulls(mask);
    for (index, (_, hull)) in hulls.iter().enumerate() {
        for (n, &a) in hull.iter().enumerate() {
            for &b in &hull[n + 1..] {
                let d2 = plane.dot(difference(b, a), difference(b, a));
                if best.is_none_or(|(longest, ..)| d2 > longest * (1.0 + TIE)) {
                    best = Some((d2, index, [a, b]));
                }
            }
        }
    }
    let (d2, index, ends) = best?;
    let (slice, hull) = &hulls[index];
    Some(Axes {
        short: plane.perpendicular(hull, ends, *slice),
        long: Line {
            length: d2.sqrt() / 2.0,
            ends: ends.map(|c| voxel([c[0] as f64, c[1] as f64], *slice)),
        },
        slice: *slice,
    })
}

fn difference(a: Corner, b: Corner) -> [f64; 2] {
    [(a[0] - b[0]) as f64, (a[1] - b[1]) as f64]
}

fn voxel(corner: [f64; 2], slice: usize) -> Voxel {
    Voxel::new(corner[0] / 2.0, corner[1] / 2.0, slice as f64)
}

/// The metric of the slice plane: in-plane steps may differ in length and need not be
/// perpendicular.
struct Plane {
    ii: f64,
    ij: f64,
    jj: f64,
}

impl Plane {
    fn of(grid: &Grid) -> Self {
        let (i, j) = (grid.i_step(), grid.j_step());
        Self {
            ii: i.dot(&i),
            ij: i.dot(&j),
            jj: j.dot(&j),
        }
    }

    fn dot(&self, a: [f64; 2], b: [f64; 2]) -> f64 {
        self.ii * a[0] * b[0] + self.ij * (a[0] * b[1] + a[1] * b[0]) + self.jj * a[1] * b[1]
    }

    /// Extent of `hull` along the perpendicular of the line between `ends`.
    ///
    /// The two outermost corners span it; the line is drawn half-way between them, at right angles
    /// to the long axis, so that each of its ends lies level with the corner that determines it.
    fn perpendicular(&self, hull: &[Corner], ends: [Corner; 2], slice: usize) -> Line {
        let along = difference(ends[1], ends[0]);
        // n with ⟨along, n⟩ = 0 in the metric: (u, v) ↦ (−⟨e_j, along⟩, ⟨e_i, along⟩).
        let across = [-self.dot([0.0, 1.0], along), self.dot([1.0, 0.0], along)];
        let norm = self.dot(across, across).sqrt();
        let unit = across.map(|c| c / norm);
        let depth = |c: Corner| self.dot(difference(c, ends[0]), unit);
        let tie = TIE * self.ii.sqrt();
        let (mut low, mut high) = (ends[0], ends[0]);
        for &corner in hull {
            if depth(corner) < depth(low) - tie {
                low = corner;
            }
            if depth(corner) > depth(high) + tie {
                high = corner;
            }
        }
        let (from, to) = (depth(low), depth(high));
        let middle = [0, 1].map(|a| (low[a] + high[a]) as f64 / 2.0);
        let level = (from + to) / 2.0;
        let at = |d: f64| voxel([0, 1].map(|a| middle[a] + unit[a] * (d - level)), slice);
        Line {
            length: (to - from) / 2.0,
            ends: [at(from), at(to)],
        }
    }
}
