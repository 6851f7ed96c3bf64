//! The surface of a mask as triangles, to look at. Nothing is measured on it.

mod smooth;

use fast_surface_nets::ndshape::{RuntimeShape, Shape as _};
use fast_surface_nets::{SurfaceNetsBuffer, surface_nets};

use crate::geometry::{Point, Voxel};
use crate::jobs::{Cancelled, JobContext};
use crate::volume::Mask;

/// Larger boxes are looked at in coarser cells, so that a surface never has millions of triangles.
const MAX_CELLS: usize = 3_000_000;

/// Triangles in patient space.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// Corners, LPS mm.
    pub vertices: Vec<[f32; 3]>,
    /// Directions across the surface at the corners, of length 1; their sign means nothing.
    pub normals: Vec<[f32; 3]>,
    /// Three corners each. Every edge belongs to an even number of triangles.
    pub triangles: Vec<[u32; 3]>,
    /// Least and greatest coordinates of the corners, LPS mm; infinite and reversed where there are none.
    pub bounds: [[f32; 3]; 2],
}

impl Default for Surface {
    fn default() -> Self {
        Self::new(Vec::new(), Vec::new(), Vec::new())
    }
}

impl Surface {
    /// A surface of these corners, directions and triangles.
    #[must_use]
    pub fn new(vertices: Vec<[f32; 3]>, normals: Vec<[f32; 3]>, triangles: Vec<[u32; 3]>) -> Self {
        let mut bounds = [[f32::INFINITY; 3], [f32::NEG_INFINITY; 3]];
        for vertex in &vertices {
            for (a, c) in vertex.iter().enumerate() {
                bounds[0][a] = bounds[0][a].min(*c);
                bounds[1][a] = bounds[1][a].max(*c);
            }
        }
        Self {
            vertices,
            normals,
            triangles,
            bounds,
        }
    }

    /// Middle of the box around it, LPS mm; `None` where there is nothing.
    #[must_use]
    pub fn middle(&self) -> Option<Point> {
        let [low, high] = self.bounds;
        let at = [0, 1, 2].map(|a| f64::midpoint(f64::from(low[a]), f64::from(high[a])));
        (!self.vertices.is_empty()).then(|| Point::new(at[0], at[1], at[2]))
    }
}

/// The closed surface around the marked voxels of a mask: surface nets (Gibson 1998) on its bounding
/// box, each corner put where the slices truly lie, then smoothed without shrinking (Taubin 1995).
///
/// # Errors
/// When the job is cancelled.
pub fn surface(mask: &Mask, job: &JobContext) -> Result<Surface, Cancelled> {
    if mask.is_empty() {
        return Ok(Surface::default());
    }
    let (origin, size) = mask.bounds();
    let split = size.map(splits);
    let fine = [0, 1, 2].map(|a| size[a] * split[a]);
    let bin = bins(fine, mask.grid().spacing_mm().map(|mm| mm.0));
    let cells = [0, 1, 2].map(|a| fine[a].div_ceil(bin[a]));
    // A frame of unmarked cells closes the surface at the ends of the box; the library leaves what
    // crosses the last cells open, so that there are two at the far ends.
    let [ni, nj, nk] = cells.map(|n| n as u32 + 3);
    let shape = RuntimeShape::<u32, 3>::new([ni, nj, nk]);
    let mut marked = vec![0_u32; shape.usize()];
    for voxel in mask.voxels() {
        let first = [0, 1, 2].map(|a| (voxel[a] - origin[a]) * split[a]);
        for part in 0..split.iter().product() {
            let within = [
                part % split[0],
                part / split[0] % split[1],
                part / (split[0] * split[1]),
            ];
            let cell = [0, 1, 2].map(|a| ((first[a] + within[a]) / bin[a]) as u32 + 1);
            marked[shape.linearize(cell) as usize] += 1;
        }
    }
    job.check()?;
    let in_bin = bin.iter().product::<usize>() as f32;
    // A cell that holds anything is inside a little, so that nothing marked is ever without a surface.
    let field: Vec<f32> = marked
        .into_iter()
        .map(|n| match n {
            0 => 0.5,
            n => (0.5 - n as f32 / in_bin).min(-0.05),
        })
        .collect();
    let mut net = SurfaceNetsBuffer::default();
    surface_nets(&field, &shape, [0; 3], [ni - 1, nj - 1, nk - 1], &mut net);
    job.check()?;
    let grid = mask.grid();
    let place = |p: &[f32; 3]| {
        let voxel = [0, 1, 2].map(|a| {
            let cell = f64::from(p[a]) - 1.0;
            origin[a] as f64 + (cell + 0.5) * bin[a] as f64 / split[a] as f64 - 0.5
        });
        let at = grid.patient_from_voxel(Voxel::new(voxel[0], voxel[1], voxel[2]));
        [at.0.x as f32, at.0.y as f32, at.0.z as f32]
    };
    let mut vertices: Vec<[f32; 3]> = net.positions.iter().map(place).collect();
    let triangles: Vec<[u32; 3]> = net
        .indices
        .chunks_exact(3)
        .map(|t| [t[0], t[1], t[2]])
        .collect();
    smooth::smooth(&mut vertices, &triangles, job)?;
    let normals = smooth::normals(&vertices, &triangles);
    Ok(Surface::new(vertices, normals, triangles))
}

/// Into how many cells a voxel is split along an axis of so many voxels: surface nets cut corners, which
/// leaves little of what is a voxel or two thick.
const fn splits(size: usize) -> usize {
    match size {
        0..=2 => 3,
        3..=5 => 2,
        _ => 1,
    }
}

/// How many of these along each axis make a cell: one, as long as there are not too many.
fn bins(size: [usize; 3], spacing: [f64; 3]) -> [usize; 3] {
    let mut bin = [1; 3];
    let cells = |bin: [usize; 3]| -> usize {
        let along = |a: usize| size[a].div_ceil(bin[a]) + 2;
        along(0) * along(1) * along(2)
    };
    while cells(bin) > MAX_CELLS {
        let step = |a: &usize| spacing[*a] * bin[*a] as f64;
        let finest = [0, 1, 2]
            .into_iter()
            .filter(|a| bin[*a] < size[*a])
            .min_by(|a, b| step(a).total_cmp(&step(b)));
        let Some(axis) = finest else { break };
        bin[axis] *= 2;
    }
    bin
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use ndarray::Array3;

    use super::*;
    use crate::geometry::{Grid, Vec3};

    /// A ball of radius `r` mm about (0, 0, 0) in slices at these positions.
    fn ball(r: f64, step: f64, slices: &[f64]) -> Mask {
        let n = 64;
        let half = step * (n as f64 - 1.0) / 2.0;
        let origins = slices
            .iter()
            .map(|z| Point::new(-half, -half, *z))
            .collect();
        let grid = Grid::new(
            [n, n, slices.len()],
            Vec3::new(step, 0.0, 0.0),
            Vec3::new(0.0, step, 0.0),
            origins,
            None,
        )
        .expect("a grid");
        let bits = Array3::from_shape_fn((slices.len(), n, n), |(k, j, i)| {
            let at = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
            at.0.coords.norm() <= r
        });
        Mask::from_box(Arc::new(grid), [0; 3], &bits).expect("a mask")
    }

    fn enclosed(s: &Surface) -> f64 {
        let at = |v: u32| Vec3::from(s.vertices[v as usize].map(f64::from));
        let part = |[a, b, c]: &[u32; 3]| at(*a).dot(&at(*b).cross(&at(*c))) / 6.0;
        s.triangles.iter().map(part).sum::<f64>().abs()
    }

    fn is_closed(s: &Surface) -> bool {
        let mut edges: BTreeMap<[u32; 2], usize> = BTreeMap::new();
        for t in &s.triangles {
            for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                *edges.entry([a.min(b), a.max(b)]).or_default() += 1;
            }
        }
        edges.values().all(|n| n % 2 == 0)
    }

    #[test]
    fn a_ball_has_its_radius_and_volume_where_slices_are_uneven_too() {
        let even: Vec<f64> = (0..41).map(|k| f64::from(k) - 20.0).collect();
        let mut uneven = even.clone();
        uneven.retain(|z| *z < 0.0 || (*z as i64) % 2 == 0);
        for slices in [even, uneven] {
            let mask = ball(15.0, 0.8, &slices);
            let s = surface(&mask, &JobContext::default()).expect("a surface");
            assert!(is_closed(&s));
            for v in &s.vertices {
                let r = Vec3::from(v.map(f64::from)).norm();
                assert!((r - 15.0).abs() < 1.3, "{r}");
            }
            let ball = 4.0 / 3.0 * std::f64::consts::PI * 15.0_f64.powi(3);
            let volume = enclosed(&s);
            assert!((volume / ball - 1.0).abs() < 0.05, "{volume} of {ball}");
        }
    }

    #[test]
    fn nothing_has_no_surface_and_a_voxel_has_one() {
        let mask = ball(0.0, 1.0, &[50.0, 51.0]);
        let s = surface(&mask, &JobContext::default()).expect("a surface");
        assert_eq!(s, Surface::default());
        let lone = mask.changed(&[[3, 4, 1]], true).expect("a mask");
        let s = surface(&lone, &JobContext::default()).expect("a surface");
        assert!(is_closed(&s));
        let volume = enclosed(&s);
        assert!(
            (0.5..1.2).contains(&volume),
            "{volume} of a cubic millimetre"
        );
    }

    #[test]
    fn large_boxes_are_seen_in_coarser_cells_of_even_sides() {
        assert_eq!(bins([100, 100, 100], [1.0; 3]), [1, 1, 1]);
        assert_eq!(bins([500, 500, 60], [0.5, 0.5, 5.0]), [4, 2, 1]);
        assert_eq!(bins([3_000_000, 1, 1], [1.0; 3]), [16, 1, 1]);
    }

    #[test]
    fn a_cancelled_job_ends() {
        let job = JobContext::default();
        job.cancel.cancel();
        let mask = ball(5.0, 1.0, &[-1.0, 0.0, 1.0]);
        assert!(surface(&mask, &job).is_err());
    }
}
