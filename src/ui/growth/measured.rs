//! Measured sizes in the plot, and what was too small to measure.

use egui_plot::{Line, MarkerShape, PlotPoints, PlotUi, Points};

use crate::app::view::{GrowthPoint, GrowthView};
use crate::texts::tr;
use crate::ui::theme::Palette;

/// Draws sizes with their intervals; a size below the limit is a triangle at the limit that points to
/// where it lies.
pub(super) fn points(plot: &mut PlotUi<'_>, growth: &GrowthView, p: &Palette) {
    let (below, measured): (Vec<&GrowthPoint>, Vec<&GrowthPoint>) =
        growth.points.iter().partition(|point| point.below_limit);
    for point in &measured {
        plot.line(
            Line::new(
                "",
                PlotPoints::from(vec![[point.day, point.low], [point.day, point.high]]),
            )
            .color(p.text)
            .width(1.4)
            .allow_hover(false),
        );
    }
    let places = |points: &[&GrowthPoint]| -> Vec<[f64; 2]> {
        points.iter().map(|p| [p.day, p.value]).collect()
    };
    plot.points(
        Points::new(tr!("Measured"), PlotPoints::from(places(&measured)))
            .shape(MarkerShape::Circle)
            .radius(4.0)
            .color(p.text),
    );
    if !below.is_empty() {
        plot.points(
            Points::new(&growth.limit, PlotPoints::from(places(&below)))
                .shape(MarkerShape::Down)
                .filled(false)
                .radius(6.0)
                .color(p.text),
        );
    }
}
