//! Voxels that a closed outline encloses.

use super::{Error, Prompt};
use crate::volume::Volume;

/// Voxels in the plane of an outline.
pub(super) struct Enclosed {
    pub(super) voxels: Vec<[usize; 3]>,
    /// Axis of the grid across the outline's plane, and the place on it.
    pub(super) plane: (usize, usize),
}

/// Voxels whose middle lies within an outline (an odd number of its edges to one side), in the plane
/// of the grid that it was drawn in: that along whose normal it is thinnest.
///
/// # Errors
/// [`Error::OffPlane`] when it is thicker than a voxel along each axis.
pub(super) fn enclosed(volume: &Volume, outline: &Prompt) -> Result<Enclosed, Error> {
    let grid = volume.grid();
    let corners: Vec<[f64; 3]> = outline
        .points()
        .iter()
        .map(|p| grid.voxel_from_patient(*p).into())
        .collect();
    let extent = |a: usize| {
        let (low, high) = corners
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), c| {
                (l.min(c[a]), h.max(c[a]))
            });
        (low, high)
    };
    let spread = |a: usize| extent(a).1 - extent(a).0;
    // Slices first: a tiny outline is thin along every axis.
    let across = match spread(2) {
        s if s <= 1.0 => 2,
        _ if spread(1) < spread(0) => 1,
        _ => 0,
    };
    if corners.is_empty() || spread(across) > 1.0 {
        return Err(Error::OffPlane);
    }
    let (u, v) = [(1, 2), (0, 2), (0, 1)][across];
    let shape = grid.shape();
    let (low, high) = extent(across);
    let plane = ((low + high) / 2.0).round().max(0.0) as usize;
    let plane = plane.min(shape[across] - 1);
    let bound = |a: usize| {
        let (low, high) = extent(a);
        let from = (low.ceil().max(0.0) as usize).min(shape[a]);
        from..((high.floor() + 1.0).max(0.0) as usize).clamp(from, shape[a])
    };
    let mut voxels = Vec::new();
    for b in bound(v) {
        let y = b as f64;
        // Where the outline crosses this row.
        let edges = corners.iter().zip(corners.iter().cycle().skip(1));
        let mut crossings: Vec<f64> = edges
            .filter(|(p, q)| (p[v] > y) != (q[v] > y))
            .map(|(p, q)| p[u] + (y - p[v]) * (q[u] - p[u]) / (q[v] - p[v]))
            .collect();
        crossings.sort_by(f64::total_cmp);
        for a in bound(u) {
            let beyond = crossings.len() - crossings.partition_point(|x| *x <= a as f64);
            let mut at = [0; 3];
            (at[across], at[u], at[v]) = (plane, a, b);
            if beyond % 2 == 1 && volume.value(at[0], at[1], at[2]).is_some() {
                voxels.push(at);
            }
        }
    }
    Ok(Enclosed {
        voxels,
        plane: (across, plane),
    })
}
