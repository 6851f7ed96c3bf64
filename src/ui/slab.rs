//! Slabs in place of planes and slices.

use egui::{DragValue, Ui};

use crate::app::Command;
use crate::app::view::{Projection, Slab, SliceView};
use crate::texts::{self, mark, tr};
use crate::units::Mm;

/// Thickness of the first slab, mm.
const FIRST_MM: f64 = 10.0;
/// Ways to put the values of a slab together, with names and explanations.
const WAYS: [(Projection, &str, &str); 3] = [
    (
        Projection::Max,
        mark!("MIP"),
        mark!("The largest value along the line of sight: vessels, nodules, uptake"),
    ),
    (
        Projection::Min,
        mark!("MinIP"),
        mark!("The smallest value along the line of sight: airways, air"),
    ),
    (
        Projection::Mean,
        mark!("Mean"),
        mark!("The mean along the line of sight: less noise"),
    ),
];

fn name(projection: Projection) -> &'static str {
    let way = WAYS.iter().find(|(p, ..)| *p == projection);
    way.map_or("", |(_, name, _)| texts::text(name))
}

/// What a slab is called, for example `MIP 10.0 mm`, and that it is being made.
pub(super) fn slab_text(slab: Slab, on_its_way: bool) -> String {
    let more = if on_its_way { " …" } else { "" };
    format!("{} {}{more}", name(slab.projection), slab.thickness)
}

/// Why nothing can be drawn on a slab.
pub(super) const NO_DRAWING: &str = mark!("Draw on single slices: a slab is shown");

/// Single slices, or a slab of them: how, and how thick.
pub(super) fn slab_ui(ui: &mut Ui, slice: &SliceView, out: &mut Vec<Command>) {
    let series = slice.series;
    let set = |slab| Command::SetSlab { series, slab };
    let off = egui::Button::selectable(slice.slab.is_none(), tr!("Single slices and planes"));
    if ui.add(off).clicked() {
        out.push(set(None));
    }
    for (projection, name, what) in WAYS {
        let on = slice.slab.is_some_and(|s| s.projection == projection);
        let button = egui::Button::selectable(on, texts::text(name));
        if ui.add(button).on_hover_text(texts::text(what)).clicked() {
            let thickness = slice.slab.map_or(Mm(FIRST_MM), |s| s.thickness);
            out.push(set(Some(Slab {
                projection,
                thickness,
            })));
        }
    }
    let Some(slab) = slice.slab else { return };
    ui.horizontal(|ui| {
        let label = ui.label(tr!("Thickness"));
        let mut thickness = slab.thickness.0;
        let field = DragValue::new(&mut thickness)
            .range(1.0..=200.0)
            .speed(0.2)
            .max_decimals(1)
            .suffix(" mm");
        if ui.add(field).labelled_by(label.id).changed() {
            out.push(set(Some(Slab {
                thickness: Mm(thickness),
                ..slab
            })));
        }
    });
}
