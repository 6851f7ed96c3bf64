//! Lesions in space, with the box of their image.

use std::sync::Arc;

use crate::app::state::{Slot, State};
use crate::app::view::{BodyView, ThreeDView};
use crate::case::SeriesId;
use crate::geometry::{Grid, Point, Voxel};

impl State {
    /// The lesions of a series in space; `None` where that is not asked for, or cannot be.
    pub(super) fn three_d_view(&self, series: SeriesId) -> Option<ThreeDView> {
        if !self.is_in_three_d(series) {
            return None;
        }
        let image = self.images.get(&series).and_then(Slot::ready)?;
        let grid = image.volume.grid();
        let mut pending = false;
        let mut bodies = Vec::new();
        for mark in self
            .records
            .annotations
            .iter()
            .filter(|a| a.series == series)
        {
            let (surface, under_way) = self.surface_of(mark.id);
            pending |= under_way;
            let lesion = self.lesion(mark.lesion);
            if let (Some(surface), Some(lesion)) = (surface, lesion) {
                let color = self
                    .lesions_of(lesion.patient)
                    .position(|l| l.id == lesion.id);
                bodies.push(BodyView {
                    lesion: lesion.id,
                    label: lesion.label.clone(),
                    color: color.unwrap_or(0),
                    surface: Arc::clone(surface),
                });
            }
        }
        let corners = corners_of(grid);
        let middle = middle_of(&bodies).unwrap_or_else(|| corners[0].midpoint(corners[7]));
        Some(ThreeDView {
            bodies,
            corners,
            middle,
            known_orientation: grid.is_orientation_known(),
            pending,
        })
    }
}

/// Outer corners of the outermost voxels.
fn corners_of(grid: &Grid) -> [Point; 8] {
    let ends = grid.shape().map(|n| [-0.5, n as f64 - 0.5]);
    std::array::from_fn(|n| {
        let [i, j, k] = [0, 1, 2].map(|a| ends[a][n >> a & 1]);
        grid.patient_from_voxel(Voxel::new(i, j, k))
    })
}

/// Middle of the box around all surfaces.
fn middle_of(bodies: &[BodyView]) -> Option<Point> {
    let boxes = bodies.iter().map(|body| body.surface.bounds);
    let around = boxes.reduce(|[a, b], [low, high]| {
        let pairs = [0, 1, 2];
        [
            pairs.map(|n| a[n].min(low[n])),
            pairs.map(|n| b[n].max(high[n])),
        ]
    });
    let [low, high] = around.filter(|[low, _]| low[0].is_finite())?;
    let at = [0, 1, 2].map(|a| f64::midpoint(f64::from(low[a]), f64::from(high[a])));
    Some(Point::new(at[0], at[1], at[2]))
}
