//! The menu of how a time point is looked at: slabs, turned planes, colours, what lies over it.

use egui::{Button, ComboBox, DragValue, Slider, Ui};

use super::slab::slab_ui;
use super::widgets::weak;
use crate::app::Command;
use crate::app::view::{ColourMap, ColumnView, Fusion, FusionView, SliceView, WindowLevel};
use crate::texts::{self, tr};

/// The menu in the row of the series.
pub(super) fn look_ui(ui: &mut Ui, column: &ColumnView, slice: &SliceView, out: &mut Vec<Command>) {
    let series = slice.series;
    let menu = ui.menu_button(tr!("View"), |ui| {
        ui.set_min_width(230.0);
        slab_ui(ui, slice, out);
        ui.separator();
        let turned = column.sections.iter().any(|s| s.turned);
        let straight = ui
            .add_enabled(turned, Button::new(tr!("Straighten the planes")))
            .on_disabled_hover_text(tr!("Planes are turned by the handles of their lines"));
        if straight.clicked() {
            out.push(Command::StraightenPlanes { series });
        }
        ui.separator();
        ui.horizontal(|ui| {
            ui.label(tr!("Colours"));
            if let Some(colours) = colours_ui(ui, tr!("Colours of the image"), slice.colours) {
                out.push(Command::SetColours { series, colours });
            }
        });
        ui.separator();
        fusion_ui(ui, slice, out);
    });
    menu.response
        .on_hover_text(tr!(
            "Slabs (MIP, MinIP, mean), colours, another image laid over this one"
        ))
        .accessible_name(tr!("View of {title}", title = column.title));
}

/// A choice of colours; what was chosen.
fn colours_ui(ui: &mut Ui, name: &str, now: ColourMap) -> Option<ColourMap> {
    let mut chosen = now;
    let choice = ComboBox::from_id_salt(name)
        .width(110.0)
        .selected_text(texts::text(now.name()))
        .show_ui(ui, |ui| {
            for map in ColourMap::ALL {
                ui.selectable_value(&mut chosen, map, texts::text(map.name()));
            }
        });
    choice.response.accessible_name(name);
    (chosen != now).then_some(chosen)
}

/// Which image lies over this one, and how.
fn fusion_ui(ui: &mut Ui, slice: &SliceView, out: &mut Vec<Command>) {
    let series = slice.series;
    weak(ui, tr!("Laid over it"));
    if slice.fusible.is_empty() {
        weak(
            ui,
            tr!("Nothing: no other image shares its frame of reference or is aligned to it."),
        );
        return;
    }
    let fusion = slice.fusion.as_ref();
    let set = |fusion| Command::SetFusion { series, fusion };
    if ui
        .add(Button::selectable(fusion.is_none(), tr!("Nothing")))
        .clicked()
    {
        out.push(set(None));
    }
    for row in &slice.fusible {
        let on = fusion.is_some_and(|f| f.over == row.series);
        if ui.add(Button::selectable(on, &row.label)).clicked() && !on {
            let kept = fusion.map(|f| Fusion {
                over: row.series,
                ..asked(f)
            });
            out.push(set(Some(kept.unwrap_or(Fusion::of(row.series)))));
        }
    }
    let Some(fusion) = fusion else { return };
    let now = asked(fusion);
    ui.horizontal(|ui| {
        let label = ui.label(tr!("Opacity"));
        let mut percent = now.opacity * 100.0;
        let slider = Slider::new(&mut percent, 0.0..=100.0)
            .suffix(" %")
            .max_decimals(0);
        if ui.add(slider).labelled_by(label.id).changed() {
            out.push(set(Some(Fusion {
                opacity: percent / 100.0,
                ..now
            })));
        }
    });
    ui.horizontal(|ui| {
        ui.label(tr!("Its colours"));
        if let Some(colours) = colours_ui(ui, tr!("Colours of what lies over it"), now.colours) {
            out.push(set(Some(Fusion { colours, ..now })));
        }
    });
    if let Some(window) = fusion.window {
        window_ui(ui, fusion, window, out);
    }
}

/// What was asked for.
const fn asked(view: &FusionView) -> Fusion {
    Fusion {
        over: view.over,
        colours: view.colours,
        opacity: view.opacity,
    }
}

/// The ends of the window of what lies over.
fn window_ui(ui: &mut Ui, fusion: &FusionView, window: WindowLevel, out: &mut Vec<Command>) {
    let [mut low, mut high] = ends(window);
    let speed = window.width / 200.0;
    ui.horizontal(|ui| {
        let label = ui.label(tr!("values" => "From"));
        let from = ui.add(DragValue::new(&mut low).speed(speed).max_decimals(2));
        let from = from.labelled_by(label.id);
        let label = ui.label(tr!("values" => "to"));
        let to = ui.add(DragValue::new(&mut high).speed(speed).max_decimals(2));
        let to = to.labelled_by(label.id);
        ui.label(fusion.unit);
        if (from.changed() || to.changed()) && high > low {
            let window = WindowLevel::new(f64::midpoint(low, high), high - low);
            out.push(Command::SetWindow {
                series: fusion.over,
                window: Some(window),
            });
        }
    });
}

/// The values at which a window begins and ends.
pub(super) fn ends(window: WindowLevel) -> [f64; 2] {
    [-0.5, 0.5].map(|side| {
        let end = window.center + side * window.width;
        // What is left of sums by rounding is nothing.
        if end.abs() < 1e-9 * window.width {
            0.0
        } else {
            end
        }
    })
}
