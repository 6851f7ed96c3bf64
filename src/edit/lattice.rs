//! Where voxels lie, row by row: no axis need be at right angles to another, no slice in line with
//! the next.

use crate::geometry::{Grid, Point, Vec3};

/// By how much more than a distance still counts as within it, mm: far below what is drawn, far above
/// the rounding of coordinates, which else would decide over voxels that lie just there.
pub(super) const SLACK_MM: f64 = 1e-6;

/// Rows and slices of a grid.
pub(super) struct Lattice<'a> {
    grid: &'a Grid,
    /// Step from voxel to voxel, and from row to row, mm.
    pub(super) a: Vec3,
    pub(super) b: Vec3,
    /// Unit normal of the slices.
    normal: Vec3,
    /// Part of `b` across the rows.
    across: Vec3,
    /// Places of slices along the normal, mm, from the first on.
    depth: Vec<f64>,
    /// 1, or −1 where slices run against the normal.
    sign: f64,
}

impl<'a> Lattice<'a> {
    pub(super) fn new(grid: &'a Grid) -> Self {
        let (a, b, normal) = (grid.i_step(), grid.j_step(), grid.normal());
        let first = grid.slice_origins().first().map(|p| p.0);
        let depth = |p: &Point| first.map_or(0.0, |f| (p.0 - f).dot(&normal));
        Self {
            grid,
            a,
            b,
            normal,
            across: b - a * (a.dot(&b) / a.norm_squared()),
            depth: grid.slice_origins().iter().map(depth).collect(),
            sign: if grid.slice_step().dot(&normal) < 0.0 {
                -1.0
            } else {
                1.0
            },
        }
    }

    /// Distance of neighbouring rows, and of neighbouring columns, mm.
    pub(super) fn gaps(&self) -> [f64; 2] {
        let area = self.a.cross(&self.b).norm();
        [area / self.a.norm(), area / self.b.norm()]
    }

    /// Place of a slice along the normal, mm; ascending.
    pub(super) fn depth(&self, k: usize) -> f64 {
        self.depth[k] * self.sign
    }

    /// Place of a point along the normal, mm, as of [`Lattice::depth`].
    pub(super) fn depth_of(&self, p: Point) -> f64 {
        let origin = self.grid.slice_origins()[0].0;
        (p.0 - origin).dot(&self.normal) * self.sign
    }

    /// Slices that lie between two depths, both included.
    pub(super) fn slices(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let first = self.depth.partition_point(|d| d * self.sign < from);
        let end = self.depth.partition_point(|d| d * self.sign <= to);
        first..end.max(first)
    }

    /// The slice nearest to a point, if the point lies in the stack (each outer slice reaches as far
    /// outwards as half the gap behind it).
    pub(super) fn nearest_slice(&self, p: Point) -> Option<usize> {
        let k = self.grid.voxel_from_patient(p).k;
        let is_inside = k >= -0.5 && k < self.depth.len() as f64 - 0.5;
        is_inside.then(|| k.round().max(0.0) as usize)
    }

    /// Continuous (i, j) of the foot of the perpendicular from a point onto slice `k`.
    pub(super) fn foot(&self, p: Point, k: usize) -> [f64; 2] {
        self.steps(p.0 - self.grid.slice_origins()[k].0)
    }

    /// A vector in steps along (i, j).
    pub(super) fn steps(&self, d: Vec3) -> [f64; 2] {
        let j = d.dot(&self.across) / self.across.norm_squared();
        let i = (d - self.b * j).dot(&self.a) / self.a.norm_squared();
        [i, j]
    }

    /// Centre of voxel (0, 0, k).
    pub(super) fn origin(&self, k: usize) -> Point {
        self.grid.slice_origins()[k]
    }

    /// A point moved along the normal into slice `k`.
    pub(super) fn projected(&self, p: Point, k: usize) -> Point {
        let away = (p.0 - self.origin(k).0).dot(&self.normal);
        Point(p.0 - self.normal * away)
    }

    /// The part of a vector that lies in the slices' plane.
    pub(super) fn in_plane(&self, d: Vec3) -> Vec3 {
        d - self.normal * d.dot(&self.normal)
    }

    /// What a ball of `radius` mm passes over on its way from `p` to `q`; without the first half of
    /// the ball at its start where that `starts` elsewhere.
    pub(super) fn swept(&self, [p, q]: [Vec3; 2], radius: f64, starts: bool) -> Swept {
        let (along, step) = (q - p, self.a);
        let square = along.norm_squared();
        let is_moved = square > 0.0;
        let by = if is_moved {
            step.dot(&along) / square
        } else {
            0.0
        };
        let across = step - along * by;
        let is_parallel = across.norm_squared() < 1e-18 * step.norm_squared();
        Swept {
            p,
            along,
            row: Line::along(step),
            by,
            radius_square: radius * radius,
            starts: starts || !is_moved,
            ends: is_moved,
            unit_along: if is_moved { along / square } else { along },
            across: (!is_parallel).then(|| Line::along(across)),
            crosses_ends: by.abs() * square.sqrt() >= 1e-9 * step.norm(),
        }
    }
}

/// A ball's way along a line, as rows of voxels meet it.
pub(super) struct Swept {
    p: Vec3,
    along: Vec3,
    /// From voxel to voxel of a row.
    row: Line,
    /// Share of the line by which a step leads on.
    by: f64,
    radius_square: f64,
    /// Whether the ball at the first end, and that at the last, belong to it.
    starts: bool,
    ends: bool,
    /// Its product with a vector is the share of the line.
    unit_along: Vec3,
    /// Part of a step across the line; none where rows run along it.
    across: Option<Line>,
    /// Whether a row can leave through the ends.
    crosses_ends: bool,
}

impl Swept {
    /// From where to where (in steps along i) the row that starts at `start` lies in it; `None` where
    /// it does not.
    ///
    /// It is convex, so a row is in it once: from the first to the last of where the row is in either
    /// ball or in the tube between.
    pub(super) fn row(&self, start: Vec3) -> Option<[f64; 2]> {
        let from_p = start - self.p;
        let ball = |is_part: bool, from: Vec3| {
            let within = is_part.then(|| self.row.near(from, self.radius_square));
            within.flatten()
        };
        let parts = [
            ball(self.starts, from_p),
            ball(self.ends, from_p - self.along),
            self.ends.then(|| self.tube(from_p)).flatten(),
        ];
        let mut parts = parts.into_iter().flatten();
        let first = parts.next()?;
        Some(parts.fold(first, |a, b| [a[0].min(b[0]), a[1].max(b[1])]))
    }

    /// Where a row lies in the tube between the ends.
    fn tube(&self, from_p: Vec3) -> Option<[f64; 2]> {
        let at = from_p.dot(&self.unit_along);
        let start = from_p - self.along * at;
        let [low, high] = match &self.across {
            Some(across) => across.near(start, self.radius_square)?,
            None if start.norm_squared() <= self.radius_square => {
                [f64::NEG_INFINITY, f64::INFINITY]
            }
            None => return None,
        };
        if !self.crosses_ends {
            return (0.0..=1.0).contains(&at).then_some([low, high]);
        }
        let ends = [-at / self.by, (1.0 - at) / self.by];
        let low = low.max(ends[0].min(ends[1]));
        let high = high.min(ends[0].max(ends[1]));
        (low <= high).then_some([low, high])
    }
}

/// A direction, with what every look at it needs.
struct Line {
    step: Vec3,
    /// One divided by the square of its length.
    inverse: f64,
}

impl Line {
    fn along(step: Vec3) -> Self {
        Self {
            step,
            inverse: 1.0 / step.norm_squared(),
        }
    }

    /// Where `start + x · step` lies within a distance of the origin.
    fn near(&self, start: Vec3, radius_square: f64) -> Option<[f64; 2]> {
        let middle = -start.dot(&self.step) * self.inverse;
        let left = radius_square - (start + self.step * middle).norm_squared();
        (left >= 0.0).then(|| {
            let half = (left * self.inverse).sqrt();
            [middle - half, middle + half]
        })
    }
}
