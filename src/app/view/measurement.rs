//! Figures as a picture shows them.

use std::sync::Arc;

use super::super::figure_text;
use super::{PixelMap, Probe, SliceView};
use crate::case::{AnnotationId, MeasurementId};
use crate::measure::{Figure, Layer, gauge, seen};
use crate::units::Mm;

/// What a figure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureOf {
    /// A measurement.
    Measurement(MeasurementId),
    /// The lines drawn by hand across a lesion, which are drawn with the lesion.
    Caliper(AnnotationId),
}

/// A figure on a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureView {
    /// What it belongs to.
    pub of: FigureOf,
    /// The figure in space.
    pub figure: Arc<Figure>,
    /// What it is called; may be empty.
    pub label: String,
    /// What it measures, line by line, with units.
    pub lines: Vec<String>,
    /// What of it is seen.
    pub drawn: DrawnFigure,
    /// A signature locks it.
    pub locked: bool,
}

/// What of a figure is seen on a picture, in picture coordinates (pixel centres are whole numbers).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrawnFigure {
    /// Connected lines; closed ones end where they begin.
    pub lines: Vec<Vec<[f32; 2]>>,
    /// Lone places.
    pub points: Vec<[f32; 2]>,
    /// Handles that can be dragged here, by number.
    pub handles: Vec<(usize, [f32; 2])>,
    /// All of it is seen, and not a part or a cut.
    pub is_whole: bool,
}

impl DrawnFigure {
    /// Whether nothing is seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.points.is_empty()
    }
}

impl PixelMap {
    /// What of a figure is seen in the plane of the picture, which stands for a thickness of `reach`
    /// against its normal (columns × rows) and along it.
    #[must_use]
    pub fn draw(&self, figure: &Figure, reach: [Mm; 2]) -> DrawnFigure {
        let Some(normal) = self.dx.cross(&self.dy).try_normalize(1e-12) else {
            return DrawnFigure::default();
        };
        let layer = Layer {
            origin: self.origin,
            normal,
            reach,
        };
        let found = seen(figure, &layer);
        let place = |p| self.pixel(p).map(|c| c as f32);
        let line = |line: Vec<_>| line.into_iter().map(place).collect();
        DrawnFigure {
            lines: found.lines.into_iter().map(line).collect(),
            points: found.points.into_iter().map(place).collect(),
            handles: found
                .handles
                .into_iter()
                .map(|(n, p)| (n, place(p)))
                .collect(),
            is_whole: found.is_whole,
        }
    }
}

impl Probe {
    /// What a figure would measure here, line by line; without the peak of uptake, which takes longer
    /// than a hand waits.
    #[must_use]
    pub fn measure(&self, figure: &Figure) -> Vec<String> {
        figure_text::lines(figure, &gauge(figure, &self.volume, false))
    }
}

impl SliceView {
    /// The figure of a measurement or caliper on this slice.
    #[must_use]
    pub fn figure(&self, of: FigureOf) -> Option<&FigureView> {
        self.figures.iter().find(|f| f.of == of)
    }
}
