//! Which voxels lie within a distance of which, for all voxels of two slices at once.

use super::Error;
use super::lattice::{Lattice, SLACK_MM};
use crate::geometry::Grid;
use crate::jobs::JobContext;

/// For one row of points beside the row of a cell: the voxels whose centres lie within reach.
pub(super) struct Row {
    /// Row of the points, counted from the row of the cell.
    pub(super) dj: isize,
    /// First and last point, counted from the cell.
    pub(super) di: [isize; 2],
}

/// Size of a voxel's core beside the voxel's own.
const CORE: f64 = 0.5;

/// Rows that are held for one margin.
const MOST_ROWS: f64 = 4e6;

/// Which centres of slice `points` lie within reach of the core of a voxel of slice `cells`.
pub(super) struct Pair {
    pub(super) cells: usize,
    pub(super) points: usize,
    pub(super) rows: Vec<Row>,
}

/// All pairs of a range of slices of cells with any slice of the grid.
pub(super) struct Reach {
    pub(super) pairs: Vec<Pair>,
    /// Farthest step along (i, j, k).
    pub(super) most: [usize; 3],
}

impl Reach {
    /// Of `mm` around voxels of `slices`.
    ///
    /// A voxel's core is half as large as what it stands for when volumes are measured: its pixel,
    /// from half-way to the slice before to half-way to the one after ([`Grid::slice_reach`]).
    pub(super) fn new(
        grid: &Grid,
        slices: std::ops::Range<usize>,
        mm: f64,
        job: &JobContext,
    ) -> Result<Self, Error> {
        let lattice = Lattice::new(grid);
        let [_, nj, nk] = grid.shape();
        let most_of = |gap: f64, n: usize| (2.0 * mm / gap + 2.0).min(n as f64);
        let n_rows = slices.len() as f64
            * most_of(grid.spacing_mm()[2].0, nk)
            * most_of(lattice.gaps()[0], 2 * nj);
        if n_rows > MOST_ROWS {
            return Err(too_large(mm, n_rows / MOST_ROWS));
        }
        let mut pairs = Vec::new();
        let mut most = [0; 3];
        for cells in slices.filter(|k| !grid.is_void(*k)) {
            job.check()?;
            let [before, after] = grid.slice_reach(cells).map(|r| r.0 * CORE);
            let depth = lattice.depth(cells);
            let reach = mm + SLACK_MM;
            for points in lattice.slices(depth - before - reach, depth + after + reach) {
                let beyond = lattice.depth(points) - depth;
                let away = (beyond - after).max(-beyond - before).max(0.0);
                let left = reach * reach - away * away;
                let rows = rows(&lattice, [cells, points], left.max(0.0).sqrt(), nj);
                let steps = |a: isize, most: usize| a.unsigned_abs().max(most);
                for row in &rows {
                    most[0] = steps(row.di[0], steps(row.di[1], most[0]));
                    most[1] = steps(row.dj, most[1]);
                }
                most[2] = most[2].max(cells.abs_diff(points));
                pairs.push(Pair {
                    cells,
                    points,
                    rows,
                });
            }
        }
        Ok(Self { pairs, most })
    }
}

/// That a margin asks for so many times more work than is done, which grows with its square.
pub(super) fn too_large(mm: f64, times: f64) -> Error {
    Error::TooLarge {
        what: "a margin around this mask",
        asked: mm,
        limit: mm / times.sqrt(),
        unit: "mm",
    }
}

/// The rows of points within `radius` mm, in the plane, of a core's own section; as many to either
/// side as a slice of `nj` rows can have.
fn rows(lattice: &Lattice<'_>, [cells, points]: [usize; 2], radius: f64, nj: usize) -> Vec<Row> {
    let shift = lattice.in_plane(lattice.origin(points).0 - lattice.origin(cells).0);
    let [_, shift_j] = lattice.steps(shift);
    let span = radius / lattice.gaps()[0] + CORE / 2.0;
    let most = nj as f64;
    let from = (-shift_j - span).ceil().clamp(-most, most) as isize;
    let to = (-shift_j + span).floor().clamp(-most, most) as isize;
    let (i, j) = (lattice.a * (CORE / 2.0), lattice.b * (CORE / 2.0));
    let corners = [-i - j, i - j, i + j, j - i];
    // A row that crosses the core crosses its edges, so these tell from where to where.
    let edges =
        [0, 1, 2, 3].map(|n| lattice.swept([corners[n], corners[(n + 1) % 4]], radius, true));
    let mut made = Vec::new();
    for dj in from..=to {
        let start = shift + lattice.b * dj as f64;
        let crossed = edges.iter().filter_map(|edge| edge.row(start));
        let Some([first, last]) = crossed.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]) else {
            continue;
        };
        let di = [first.ceil() as isize, last.floor() as isize];
        if di[0] <= di[1] {
            made.push(Row { dj, di });
        }
    }
    made
}
