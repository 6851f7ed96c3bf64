//! Figures that are measured, on the slice and on the planes across.

use std::sync::Arc;

use crate::app::figure_text;
use crate::app::reading;
use crate::app::state::State;
use crate::app::view::{FigureOf, FigureView, PixelMap};
use crate::case::{AnnotationId, MeasurementId, SeriesId};
use crate::geometry::Grid;
use crate::measure::{Figure, Layer};
use crate::units::Mm;

/// How far a slice reaches to both sides of its picture, whose columns and rows may run otherwise than
/// those of the grid.
pub(super) fn reach_of(grid: &Grid, slice: usize, map: &PixelMap) -> [Mm; 2] {
    let layer = Layer::of_slice(grid, slice);
    let [before, after] = layer.reach;
    if map.dx.cross(&map.dy).dot(&layer.normal) < 0.0 {
        [after, before]
    } else {
        [before, after]
    }
}

impl State {
    /// What of the figures on a series is seen on a picture that reaches so far to both sides.
    pub(super) fn figures_on(
        &mut self,
        series: SeriesId,
        map: &PixelMap,
        reach: [Mm; 2],
    ) -> Vec<FigureView> {
        let locked = self.series(series).is_some_and(|s| {
            let signature = reading::signature(&self.records, s.time_point);
            signature.is_some()
        });
        let measurements = self.records.measurements.iter();
        let found: Vec<(MeasurementId, Figure, String)> = measurements
            .filter(|m| m.series == series)
            .map(|m| (m.id, m.figure.clone(), m.label.clone()))
            .collect();
        let mut views = Vec::new();
        for (id, figure, label) in found {
            let drawn = map.draw(&figure, reach);
            if drawn.is_empty() {
                continue;
            }
            let measures = self.gauged(id);
            views.push(FigureView {
                of: FigureOf::Measurement(id),
                lines: measures
                    .map(|m| figure_text::lines(&figure, &m))
                    .unwrap_or_default(),
                figure: Arc::new(figure),
                label,
                drawn,
                locked,
            });
        }
        let marks = self.records.annotations.iter();
        let calipers: Vec<AnnotationId> = marks
            .filter(|a| a.series == series && a.marking.caliper.is_some())
            .map(|a| a.id)
            .collect();
        for id in calipers {
            let Some(figure) = self.caliper_figure(id) else {
                continue;
            };
            let drawn = map.draw(&figure, reach);
            if !drawn.is_empty() {
                views.push(FigureView {
                    of: FigureOf::Caliper(id),
                    figure: Arc::new(figure),
                    label: String::new(),
                    lines: Vec::new(),
                    drawn,
                    locked,
                });
            }
        }
        views
    }
}
