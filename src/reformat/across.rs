//! The two stacks of planes that cut across the slices of a grid.

use super::Plane;
use crate::geometry::{Grid, Point, Vec3};

/// Larger pictures are not made of one volume, whatever its header claims.
const MOST_PIXELS: f64 = 2048.0;

/// Parallel planes through a whole volume, evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stack {
    first: Plane,
    step: Vec3,
    n: usize,
}

impl Stack {
    /// Number of planes.
    #[must_use]
    pub const fn n_planes(&self) -> usize {
        self.n
    }

    /// A plane, the last one for larger numbers.
    #[must_use]
    pub fn plane(&self, index: usize) -> Plane {
        self.first.moved(self.step * index.min(self.n - 1) as f64)
    }

    /// Number of the plane that is nearest to a place.
    #[must_use]
    pub fn nearest(&self, place: Point) -> usize {
        let along = (place.0 - self.first.origin.0).dot(&self.step) / self.step.norm_squared();
        (along.round().max(0.0) as usize).min(self.n - 1)
    }

    /// From one plane to the next, mm.
    #[must_use]
    pub const fn step(&self) -> Vec3 {
        self.step
    }

    /// Unit directions to the right and downwards in the pictures.
    #[must_use]
    pub fn axes(&self) -> [Vec3; 2] {
        [self.first.right, self.first.down].map(|v| v.normalize())
    }

    /// Planes through the whole of a grid whose pictures go to the right and downwards along two
    /// perpendicular unit directions, however these lie to the slices. They are as far apart as the
    /// voxels in the slice, and so are their pixels.
    #[must_use]
    pub fn facing(grid: &Grid, axes: [Vec3; 2]) -> Self {
        let [i, j, _] = grid.spacing_mm().map(|s| s.0);
        let normal = onwards(axes[0].cross(&axes[1]));
        spanned(grid, axes, normal, [i.min(j); 2])
    }
}

/// Paging leads to the left, to the back or to the head, whichever is nearest, in whichever order the
/// voxels lie.
fn onwards(normal: Vec3) -> Vec3 {
    normal * normal[normal.iamax()].signum()
}

/// The planes that cut across the slices along their rows and along their columns: for axial
/// slices the coronal and the sagittal ones, in this order; for others those that are nearest to the
/// axes of the patient, axial before coronal before sagittal.
///
/// They hold the normal of the slices, so that tilted stacks are shown without shear. Planes lie
/// where voxels do; pixels are square and as wide as voxels are in the slice.
#[must_use]
pub fn across(grid: &Grid) -> [Stack; 2] {
    let u = grid.i_step().normalize();
    let w = grid.normal();
    let v = w.cross(&u);
    let along_rows = stack(grid, v, [u, w], grid.spacing_mm()[1].0);
    let along_columns = stack(grid, u, [v, w], grid.spacing_mm()[0].0);
    let mut both = [along_rows, along_columns];
    both.sort_by_key(|s| std::cmp::Reverse(s.first.normal().iamax()));
    // Axial first (z), then coronal (y), then sagittal (x).
    both
}

/// Planes perpendicular to `normal`, spanned by the axes, `spacing` mm apart.
fn stack(grid: &Grid, normal: Vec3, axes: [Vec3; 2], spacing: f64) -> Stack {
    // Directions that the right and the lower edge of the picture should face.
    let (to_right, to_down) = match normal.iamax() {
        2 => (Vec3::x(), Vec3::y()),
        1 => (Vec3::x(), -Vec3::z()),
        _ => (Vec3::y(), -Vec3::z()),
    };
    let [a, b] = axes;
    let (right, down) = if a.dot(&to_right).abs() < b.dot(&to_right).abs() {
        (b, a)
    } else {
        (a, b)
    };
    let facing = |v: Vec3, to: Vec3| if v.dot(&to) < 0.0 { -v } else { v };
    let (right, down) = (facing(right, to_right), facing(down, to_down));
    // In-plane the pixels are those of the slice; they are square.
    let [i, j, _] = grid.spacing_mm().map(|s| s.0);
    let in_slice = if normal.dot(&grid.i_step()).abs() > normal.dot(&grid.j_step()).abs() {
        j
    } else {
        i
    };
    spanned(grid, [right, down], onwards(normal), [in_slice, spacing])
}

/// Planes with square pixels `pixel` mm wide (wider where there would be too many), `spacing` mm apart
/// along their normal.
fn spanned(
    grid: &Grid,
    [right, down]: [Vec3; 2],
    normal: Vec3,
    [pixel, spacing]: [f64; 2],
) -> Stack {
    let extent = |direction| {
        let [low, high] = reach(grid, direction);
        high - low
    };
    let pixel = pixel.max(extent(right).max(extent(down)) / MOST_PIXELS);
    let ((x, columns), (y, rows)) = (row_of(grid, right, pixel), row_of(grid, down, pixel));
    let (z, n) = row_of(grid, normal, spacing);
    Stack {
        first: Plane {
            origin: Point((right * x + down * y + normal * z).into()),
            right: right * pixel,
            down: down * pixel,
            size: [columns, rows],
        },
        step: normal * spacing,
        n,
    }
}

/// Where the first of evenly spaced pixels lies along a direction, mm, and how many there are: at
/// the voxels in the slice, from edge to edge across the slices.
fn row_of(grid: &Grid, direction: Vec3, step: f64) -> (f64, usize) {
    let [low, high] = reach(grid, direction);
    let edge = step * grid.normal().dot(&direction).abs() / 2.0;
    let n = ((high - low - 2.0 * edge) / step + 1e-6).floor().max(0.0);
    (low + edge, n as usize + 1)
}

/// The lowest and the highest centre of a voxel along a direction, mm; across the slices, as far as
/// the outermost ones reach.
fn reach(grid: &Grid, direction: Vec3) -> [f64; 2] {
    let [ni, nj, _] = grid.shape().map(|n| n as f64 - 1.0);
    let corners = [(0.0, 0.0), (ni, 0.0), (0.0, nj), (ni, nj)];
    let mut range = [f64::INFINITY, f64::NEG_INFINITY];
    for origin in grid.slice_origins() {
        for (i, j) in corners {
            let at = origin.0.coords + grid.i_step() * i + grid.j_step() * j;
            let along = at.dot(&direction);
            range = [range[0].min(along), range[1].max(along)];
        }
    }
    let ends = [
        grid.slice_reach(0)[0],
        grid.slice_reach(grid.shape()[2] - 1)[1],
    ];
    let out = ends[0].0.max(ends[1].0) * grid.normal().dot(&direction).abs();
    [range[0] - out, range[1] + out]
}
