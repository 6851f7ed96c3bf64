//! Where a plane cuts a mask.

use super::Plane;
use crate::geometry::{Point, Voxel};
use crate::volume::{Mask, outlines_of};

/// Closed outlines of a mask in a plane, along edges of its pixels, as picture positions (x, y).
///
/// A pixel is inside when its centre lies in a voxel of the mask: between slices the outline changes
/// half-way, as the voxels do.
#[must_use]
pub fn outlines_in(mask: &Mask, plane: &Plane) -> Vec<Vec<[f64; 2]>> {
    let grid = mask.grid();
    let (low, shape) = mask.bounds();
    if shape.contains(&0) {
        return Vec::new();
    }
    let [width, height] = plane.size;
    // The pixels that the box of the mask can reach; positions of slices need not be even.
    let (mut from, mut to) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    let ends = |axis: usize| {
        [
            low[axis] as f64 - 0.5,
            (low[axis] + shape[axis]) as f64 - 0.5,
        ]
    };
    let (is, js) = (ends(0), ends(1));
    let [k0, k1] = [low[2], low[2] + shape[2]];
    let mut depths: Vec<f64> = (k0..k1).map(|k| k as f64).collect();
    depths.extend(ends(2));
    let (mut nearest, mut farthest) = (f64::INFINITY, f64::NEG_INFINITY);
    for k in depths {
        for i in is {
            for j in js {
                let place = grid.patient_from_voxel(Voxel::new(i, j, k));
                let pixel = plane.pixel_of(place);
                for axis in 0..2 {
                    from[axis] = from[axis].min(pixel[axis]);
                    to[axis] = to[axis].max(pixel[axis]);
                }
                let away = plane.distance(place).0;
                (nearest, farthest) = (nearest.min(away), farthest.max(away));
            }
        }
    }
    if nearest > 0.0 || farthest < 0.0 {
        return Vec::new();
    }
    let clip = |v: f64, n: usize| (v.max(0.0) as usize).min(n);
    let (x0, x1) = (
        clip(from[0].floor(), width),
        clip(to[0].ceil() + 1.0, width),
    );
    let (y0, y1) = (
        clip(from[1].floor(), height),
        clip(to[1].ceil() + 1.0, height),
    );
    let size = [x1.saturating_sub(x0), y1.saturating_sub(y0)];
    let inside = |x: usize, y: usize| {
        let place: Point = plane.at((x0 + x) as f64, (y0 + y) as f64);
        let v = grid.voxel_from_patient(place);
        let [i, j, k] = [v.i, v.j, v.k].map(|c| (c + 0.5).floor());
        i >= 0.0
            && j >= 0.0
            && k >= 0.0
            && grid.contains(v)
            && mask.contains(i as usize, j as usize, k as usize)
    };
    let mut raster = vec![false; size[0] * size[1]];
    for y in 0..size[1] {
        for x in 0..size[0] {
            raster[y * size[0] + x] = inside(x, y);
        }
    }
    let mut closed = outlines_of(size, |x, y| raster[y * size[0] + x]);
    for point in closed.iter_mut().flatten() {
        *point = [point[0] + x0 as f64, point[1] + y0 as f64];
    }
    closed
}
