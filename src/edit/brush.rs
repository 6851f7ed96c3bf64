//! Brush and eraser.

use std::ops::Range;

use ndarray::parallel::prelude::*;
use ndarray::{Array3, Axis};

use super::lattice::{Lattice, SLACK_MM};
use super::region::Region;
use super::work::Work;
use super::{BrushShape, Error};
use crate::geometry::Point;
use crate::jobs::Cancelled;
use crate::units::Mm;
use crate::volume::Mask;

/// A straight piece of a stroke.
struct Piece {
    ends: [Point; 2],
    /// Whether it follows no other, which would have painted the ball at its start.
    starts: bool,
    /// Slices that it can reach.
    slices: Range<usize>,
    /// The only slice that it paints in, for a disc.
    slice: Option<usize>,
}

/// The mask after a stroke along a line.
///
/// A voxel belongs to the stroke when its centre lies within `radius` of the line; for a disc, of that
/// part of the line that was drawn in its own slice. The voxels under the line always belong to it,
/// so that a brush smaller than a voxel still paints.
///
/// Rows are filled from end to end: the cost is that of the rows of each piece's own box.
pub(super) fn stroke(
    work: &Work<'_>,
    points: &[Point],
    radius: Mm,
    shape: BrushShape,
    adds: bool,
) -> Result<Mask, Error> {
    let lattice = Lattice::new(work.grid);
    let reach = radius.0 + SLACK_MM;
    let pieces = pieces(&lattice, points, reach, shape);
    let boxed: Vec<(&Piece, Region)> = pieces
        .iter()
        .filter_map(|p| Some((p, box_of(&lattice, p, reach, work.grid.shape())?)))
        .collect();
    let outside = Error::Outside { what: "stroke" };
    let Some(region) = boxed.iter().map(|(_, own)| *own).reduce(Region::joined) else {
        return Err(outside);
    };
    let mut under = Array3::default(region.checked()?.dim());
    // Slices do not touch each other, so threads change nothing but the time it takes.
    let slices = under.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    slices.try_for_each(|(n, plane)| {
        work.job.check()?;
        let k = n + region.low[2];
        let Some(plane) = plane.into_slice() else {
            return Ok(());
        };
        for (piece, own) in &boxed {
            if (own.low[2]..own.high[2]).contains(&k) {
                fill_slice(&lattice, piece, reach, k, own, region, plane);
            }
        }
        Ok::<(), Cancelled>(())
    })?;
    for (piece, _) in &boxed {
        mark_line(&lattice, work, piece, region, &mut under);
    }
    if !under.iter().any(|b| *b) {
        return Err(outside);
    }
    if adds {
        let whole = region.joined(Region::of(work.mask)).checked()?;
        let mut bits = work.bits(whole);
        let [oi, oj, ok] = region.low;
        for ((k, j, i), _) in under.indexed_iter().filter(|(_, b)| **b) {
            let at = [i + oi, j + oj, k + ok];
            let bit = &mut bits[whole.index(at)];
            *bit = *bit || work.may_mark(at);
        }
        return work.made(whole, &bits);
    }
    let is_under = |at: [usize; 3]| {
        let inside = (0..3).all(|a| at[a] >= region.low[a] && at[a] < region.high[a]);
        inside && under[region.index(at)]
    };
    work.kept(|at| !(is_under(at) && work.in_range(at)))
}

/// The pieces of a stroke: one for each two points that follow each other (for a disc, in the same
/// slice), and one for each point that follows none.
fn pieces(lattice: &Lattice<'_>, points: &[Point], reach: f64, shape: BrushShape) -> Vec<Piece> {
    let mut made = Vec::with_capacity(points.len());
    let mut before: Option<(Point, Option<usize>)> = None;
    for point in points {
        let nearest = lattice.nearest_slice(*point);
        let piece = match (shape, nearest) {
            (BrushShape::Sphere, _) => {
                let starts = before.is_none();
                let from = before.map_or(*point, |(p, _)| p);
                let ends = [from, *point];
                let depths = ends.map(|p| lattice.depth_of(p));
                let near = lattice.slices(
                    depths[0].min(depths[1]) - reach,
                    depths[0].max(depths[1]) + reach,
                );
                // A small brush between two slices reaches neither, and still lies in one.
                let own = ends.map(|p| lattice.nearest_slice(p));
                let slices = own.into_iter().flatten().fold(near, |all, k| {
                    if all.is_empty() {
                        k..k + 1
                    } else {
                        all.start.min(k)..all.end.max(k + 1)
                    }
                });
                before = Some((*point, nearest));
                Piece {
                    ends,
                    starts,
                    slices,
                    slice: None,
                }
            }
            (BrushShape::Disc, Some(k)) => {
                let here = lattice.projected(*point, k);
                let from = before.filter(|(_, slice)| *slice == nearest);
                before = Some((here, nearest));
                Piece {
                    ends: [from.map_or(here, |(p, _)| p), here],
                    starts: from.is_none(),
                    slices: k..k + 1,
                    slice: nearest,
                }
            }
            (BrushShape::Disc, None) => {
                before = None;
                continue;
            }
        };
        made.push(piece);
    }
    made
}

/// The voxels that a piece can reach; `None` where it reaches none.
fn box_of(lattice: &Lattice<'_>, piece: &Piece, reach: f64, shape: [usize; 3]) -> Option<Region> {
    let [row_gap, column_gap] = lattice.gaps();
    let mut bounds: Option<[[f64; 2]; 2]> = None;
    for k in piece.slices.clone() {
        for end in piece.ends {
            let [i, j] = lattice.foot(end, k);
            // Half a voxel more for those that are only under the line.
            let (di, dj) = ((reach / column_gap).max(0.5), (reach / row_gap).max(0.5));
            let own = [[i - di, i + di], [j - dj, j + dj]];
            bounds = Some(bounds.map_or(own, |b| {
                [0, 1].map(|a| [b[a][0].min(own[a][0]), b[a][1].max(own[a][1])])
            }));
        }
    }
    let [i, j] = bounds?;
    let k = [
        piece.slices.start as f64,
        piece.slices.end.saturating_sub(1) as f64,
    ];
    Region::within([i, j, k], shape)
}

/// Fills the rows of a slice that lie within reach of a piece.
fn fill_slice(
    lattice: &Lattice<'_>,
    piece: &Piece,
    reach: f64,
    k: usize,
    own: &Region,
    region: Region,
    plane: &mut [bool],
) {
    let [ni, ..] = region.size();
    // Only rows within what is left of the radius in this slice.
    let depth = lattice.depth(k);
    let ends = piece.ends.map(|p| lattice.depth_of(p));
    let [near, far] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
    let away = (near - depth).max(depth - far).max(0.0);
    let left = reach * reach - away * away;
    if left < 0.0 {
        return;
    }
    let dj = left.sqrt() / lattice.gaps()[0];
    let feet = piece.ends.map(|p| lattice.foot(p, k)[1]);
    let from = (feet[0].min(feet[1]) - dj).ceil().max(own.low[1] as f64) as usize;
    let to = ((feet[0].max(feet[1]) + dj).floor() + 1.0).clamp(0.0, own.high[1] as f64) as usize;
    let origin = lattice.origin(k).0.coords;
    let swept = lattice.swept(piece.ends.map(|p| p.0.coords), reach, piece.starts);
    for j in from..to {
        let start = origin + lattice.b * j as f64;
        let Some([first, last]) = swept.row(start) else {
            continue;
        };
        let first = first.ceil().max(own.low[0] as f64) as usize;
        let end = (last.floor() + 1.0).clamp(0.0, own.high[0] as f64) as usize;
        if first < end {
            let row = (j - region.low[1]) * ni;
            let i = region.low[0];
            if let Some(run) = plane.get_mut(row + first - i..row + end - i) {
                run.fill(true);
            }
        }
    }
}

/// Marks the voxels that a piece's line passes through.
fn mark_line(
    lattice: &Lattice<'_>,
    work: &Work<'_>,
    piece: &Piece,
    region: Region,
    under: &mut Array3<bool>,
) {
    let [di, dj, dk] = work.grid.spacing_mm().map(|s| s.0);
    let along = piece.ends[1].0 - piece.ends[0].0;
    // Twice per voxel; a line cannot pass through more voxels of the grid than its sizes together.
    let crossed: usize = work.grid.shape().iter().sum();
    let n = (2.0 * along.norm() / di.min(dj).min(dk)).ceil();
    let n = n.clamp(1.0, 4.0 * crossed as f64) as usize;
    for s in 0..=n {
        let p = Point(piece.ends[0].0 + along * (s as f64 / n as f64));
        let Some(k) = piece.slice.or_else(|| lattice.nearest_slice(p)) else {
            continue;
        };
        let [i, j] = lattice.foot(p, k).map(f64::round);
        let is_inside = |x: f64, a: usize| x >= region.low[a] as f64 && x < region.high[a] as f64;
        let k_inside = (region.low[2]..region.high[2]).contains(&k);
        if is_inside(i, 0) && is_inside(j, 1) && k_inside {
            under[region.index([i as usize, j as usize, k])] = true;
        }
    }
}
