//! From places to voxels, along rows of pixels.

use super::Interpolation;
use super::sample::Lookup;
use crate::geometry::{Grid, Point, Vec3};

/// Voxels: less than this is rounding.
const ROUNDING: f64 = 1e-7;

/// Finds continuous voxel positions of places; made once per picture.
pub(super) struct Locator<'a> {
    grid: &'a Grid,
    way: Way,
}

enum Way {
    /// Evenly spaced slices: one linear map does.
    Even {
        origin: nalgebra::Point3<f64>,
        inverse: nalgebra::Matrix3<f64>,
    },
    /// Slices wherever they lie.
    Uneven(Slices),
}

struct Slices {
    /// Points along the slices' axis, towards later slices.
    axis: Vec3,
    /// In-plane displacement to i and j.
    dual: [Vec3; 2],
    /// Depth of each slice along the axis, mm, ascending.
    depths: Vec<f64>,
    origins: Vec<Vec3>,
    /// How far each slice reaches down and up the axis, mm.
    reach: Vec<[f64; 2]>,
    /// Whether the space from a slice to the next is a hole, rather than between neighbours.
    hole: Vec<bool>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(grid: &'a Grid) -> Self {
        let n = grid.shape()[2];
        let steps =
            nalgebra::Matrix3::from_columns(&[grid.i_step(), grid.j_step(), grid.slice_step()]);
        let way = match steps.try_inverse() {
            Some(inverse) if n == 1 || grid.is_uniform() => Way::Even {
                origin: grid.slice_origins()[0].0,
                inverse,
            },
            _ => Way::Uneven(Slices::of(grid)),
        };
        Self { grid, way }
    }

    /// Writes a value for each pixel of a row that lies inside the grid.
    #[inline]
    pub(super) fn along(
        &self,
        start: Point,
        step: Vec3,
        interpolation: Interpolation,
        source: &impl Lookup,
        row: &mut [f32],
    ) {
        let value = |v: [f64; 3]| match interpolation {
            Interpolation::Nearest => source.nearest(v),
            Interpolation::Linear => source.linear(v),
        };
        match &self.way {
            Way::Even { origin, inverse } => {
                let v: [f64; 3] = (inverse * (start.0 - origin)).into();
                let d: [f64; 3] = (inverse * step).into();
                let at = |x: usize| std::array::from_fn(|axis| v[axis] + d[axis] * x as f64);
                let last = self.grid.shape().map(|n| n as f64 - 1.0);
                // What lies on an edge but for rounding is inside: values are held to the outermost
                // voxels.
                let whole = within(v, d, row.len(), |axis| {
                    [-0.5 - ROUNDING, last[axis] + 0.5 + ROUNDING]
                });
                let between = match interpolation {
                    Interpolation::Nearest => 0..0,
                    Interpolation::Linear => {
                        within(v, d, row.len(), |axis| [ROUNDING, last[axis] - ROUNDING])
                    }
                };
                if !between.is_empty() {
                    source.linear_row(at(between.start), d, &mut row[between.clone()]);
                }
                for x in whole.filter(|x| !between.contains(x)) {
                    row[x] = value(at(x));
                }
            }
            Way::Uneven(slices) => {
                let [ni, nj, _] = self.grid.shape().map(|n| n as f64);
                let mut hint = 0;
                for (x, pixel) in row.iter_mut().enumerate() {
                    let place = start.0.coords + step * x as f64;
                    let Some(v) = slices.voxel(place, &mut hint) else {
                        continue;
                    };
                    if v[0] >= -0.5 && v[0] < ni - 0.5 && v[1] >= -0.5 && v[1] < nj - 0.5 {
                        *pixel = value(v);
                    }
                }
            }
        }
    }
}

/// Which of `n` steps of a walk from `v` by `d` lie within limits along all axes.
fn within(
    v: [f64; 3],
    d: [f64; 3],
    n: usize,
    limits: impl Fn(usize) -> [f64; 2],
) -> std::ops::Range<usize> {
    let (mut first, mut end) = (0.0f64, n as f64);
    for axis in 0..3 {
        let [low, high] = limits(axis);
        if d[axis].abs() < 1e-12 {
            if v[axis] < low || v[axis] > high {
                return 0..0;
            }
            continue;
        }
        let (a, b) = ((low - v[axis]) / d[axis], (high - v[axis]) / d[axis]);
        first = first.max(a.min(b).ceil());
        end = end.min(a.max(b).floor() + 1.0);
    }
    if first >= end {
        return 0..0;
    }
    first as usize..end as usize
}

impl Slices {
    fn of(grid: &Grid) -> Self {
        let n = grid.shape()[2];
        let (i, j, normal) = (grid.i_step(), grid.j_step(), grid.normal());
        let sign = grid.slice_step().dot(&normal).signum();
        let axis = normal * sign;
        let (aa, ab, bb) = (i.dot(&i), i.dot(&j), j.dot(&j));
        let det = aa * bb - ab * ab;
        let origins: Vec<Vec3> = grid.slice_origins().iter().map(|o| o.0.coords).collect();
        // A slice that was never imaged holds its place; that nothing is seen there, the values say.
        let imaged = grid.clone().with_void_slices(Vec::new());
        let reach = (0..n).map(|k| imaged.slice_reach(k).map(|r| r.0));
        let depths: Vec<f64> = origins.iter().map(|o| o.dot(&axis)).collect();
        Self {
            axis,
            dual: [(i * bb - j * ab) / det, (j * aa - i * ab) / det],
            reach: reach.collect(),
            hole: (0..n).map(|k| grid.is_hole(k)).collect(),
            origins,
            depths,
        }
    }

    /// The voxel position of a place, or `None` where no slice reaches; `hint` is the slice below
    /// the place before.
    fn voxel(&self, place: Vec3, hint: &mut usize) -> Option<[f64; 3]> {
        let n = self.depths.len();
        let depth = place.dot(&self.axis);
        let mut k = (*hint).min(n - 1);
        while k + 1 < n && self.depths[k + 1] <= depth {
            k += 1;
        }
        while k > 0 && self.depths[k] > depth {
            k -= 1;
        }
        *hint = k;
        let beyond = depth - self.depths[k];
        let (at, origin) = if beyond < 0.0 {
            // Before the first slice, whose place it takes.
            (-beyond <= self.reach[0][0]).then_some((0.0, self.origins[0]))?
        } else if k + 1 == n {
            (beyond <= self.reach[k][1]).then_some((k as f64, self.origins[k]))?
        } else {
            let gap = self.depths[k + 1] - self.depths[k];
            if self.hole[k] {
                let (below, above) = (beyond, gap - beyond);
                if below <= self.reach[k][1] {
                    (k as f64, self.origins[k])
                } else if above <= self.reach[k + 1][0] {
                    ((k + 1) as f64, self.origins[k + 1])
                } else {
                    return None;
                }
            } else {
                let f = beyond / gap;
                let origin = self.origins[k] + (self.origins[k + 1] - self.origins[k]) * f;
                (k as f64 + f, origin)
            }
        };
        let d = place - origin;
        Some([d.dot(&self.dual[0]), d.dot(&self.dual[1]), at])
    }
}
