//! The strip of tools, each with its key, and what belongs to the one in hand.

use std::sync::Arc;

use egui::{Button, Color32, DragValue, RichText, Slider, Ui};

use super::act::accept_by;
use super::editing::edit_menu;
use super::measuring::{self, measure_menu};
use super::state::{BRUSHES, Tool, UiState};
use super::theme;
use super::widgets::gated;
use crate::app::Command;
use crate::app::view::PatientView;
use crate::keymap::{self, Action, Drag, Held, KeyMap, MouseMap};
use crate::texts::{self, mark, tr};

/// Tools in the order of the strip, and their names.
pub(super) const TOOLS: [(Tool, &str); 9] = [
    (Tool::Window, mark!("Window")),
    (Tool::Diameter, mark!("Diameter")),
    (Tool::Point, mark!("Point")),
    (Tool::Box, mark!("Box")),
    (Tool::Scribble, mark!("Scribble")),
    (Tool::Lasso, mark!("Lasso")),
    (Tool::Caliper, mark!("Caliper")),
    (Tool::Brush, mark!("Brush")),
    (Tool::Cut, mark!("Cut")),
];

/// What the tool in hand does, as an invitation.
pub(super) fn what(tool: Tool, negative: bool, mouse: MouseMap) -> &'static str {
    match (tool, negative) {
        (Tool::Measure(kind), _) => measuring::what(kind),
        (Tool::Window, _) => match mouse.drag(keymap::Button::Left, Held::Nothing) {
            Drag::Crosshair => tr!("Drag the crosshair"),
            _ => tr!("Drag for window and level"),
        },
        (Tool::Diameter, _) => tr!("Drag the longest diameter"),
        (Tool::Point, false) => tr!("Click in the middle of the lesion"),
        (Tool::Point, true) => tr!("Click what is not lesion"),
        (Tool::Box, _) => tr!("Drag a box around the lesion"),
        (Tool::Scribble, false) => tr!("Draw over what is lesion"),
        (Tool::Scribble, true) => tr!("Draw over what is not lesion"),
        (Tool::Lasso, false) => tr!("Draw around what is lesion"),
        (Tool::Lasso, true) => tr!("Draw around what is not lesion"),
        (Tool::Brush, false) => tr!("Paint the mask"),
        (Tool::Brush, true) => tr!("Erase the mask"),
        (Tool::Cut, _) => tr!("Drag a line across the lesion; the far side becomes a lesion"),
        (Tool::Caliper, _) => tr!("Drag a line to measure; across another it is the short axis"),
    }
}

/// Draws the strip.
pub fn tools_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        for (tool, name) in TOOLS {
            // It measures too: it is in that menu.
            if tool == Tool::Caliper {
                continue;
            }
            let barred = read_only.filter(|_| tool.draws());
            let on = state.tool == tool;
            let name = texts::text(name);
            let text = RichText::new(name).size(12.5);
            let button = Button::selectable(on, text);
            let response = gated(ui, barred, button)
                .accessible_name(tr!("{name} tool", name))
                .on_hover_text(
                    state
                        .keys
                        .hint(what(tool, false, state.keys.mouse()), tool.action()),
                );
            if response.clicked() {
                state.take(tool);
                accept_by(patient, out);
            }
        }
        measure_menu(ui, patient, read_only, state, out);
        if state.tool.has_sign() {
            ui.separator();
            sign_ui(ui, state);
        }
        if state.tool.has_brush() {
            ui.separator();
            ui.label(RichText::new(tr!("Brush")).size(12.5));
            let unit = unit(patient, state);
            let keys = Arc::clone(&state.keys);
            ui.spacing_mut().slider_width = 90.0;
            ui.add(
                Slider::new(&mut state.brush, BRUSHES)
                    .logarithmic(true)
                    .fixed_decimals(1)
                    .suffix(format!(" {unit}")),
            )
            .on_hover_text(brush_hint(&keys));
        }
        if state.tool == Tool::Brush {
            brush_ui(ui, patient, state);
        }
        ui.separator();
        edit_menu(ui, patient, read_only, state, out);
    });
}

fn brush_hint(keys: &KeyMap) -> String {
    let of = |action| keys.first(action);
    match (of(Action::BrushSmaller), of(Action::BrushLarger)) {
        (Some(smaller), Some(larger)) => {
            tr!(
                "Radius of the brush (Shift + wheel, or {smaller} and {larger})",
                smaller,
                larger
            )
        }
        _ => tr!("Radius of the brush (Shift + wheel)").to_owned(),
    }
}

/// Form of the brush, and the values that it keeps to.
fn brush_ui(ui: &mut Ui, patient: &PatientView, state: &mut UiState) {
    for (sphere, text, hover) in [
        (false, tr!("slice"), tr!("Paints in this slice alone")),
        (
            true,
            tr!("sphere"),
            tr!("Paints in space, through the slices"),
        ),
    ] {
        let button = Button::selectable(state.sphere == sphere, RichText::new(text).size(12.5));
        if ui.add(button).on_hover_text(hover).clicked() {
            state.sphere = sphere;
        }
    }
    ui.separator();
    let mut limited = state.within.is_some();
    let check = ui
        .checkbox(&mut limited, RichText::new(tr!("only values")).size(12.5))
        .on_hover_text(tr!(
            "Changes only voxels whose value lies between these, both included"
        ));
    if check.changed() {
        let shown = patient.columns.iter().filter_map(|c| c.shown.as_ref());
        let window = shown
            .into_iter()
            .find(|s| Some(s.series) == state.active)
            .map(|s| s.window);
        // What the window shows between black and white.
        state.within = window
            .filter(|_| limited)
            .map(|w| [w.center - w.width / 2.0, w.center + w.width / 2.0]);
    }
    if let Some([low, high]) = &mut state.within {
        ui.add(DragValue::new(low).speed(1.0).range(f64::MIN..=*high));
        ui.label(RichText::new(tr!("values" => "to")).size(12.5));
        ui.add(DragValue::new(high).speed(1.0).range(*low..=f64::MAX));
    }
}

/// What lengths of tools are in: millimetres, where the image in view has them; else the nominal units
/// of its grid, which are no millimetres.
pub(super) fn unit(patient: &PatientView, state: &UiState) -> &'static str {
    let mut shown = patient.columns.iter().filter_map(|c| c.shown.as_ref());
    match shown.find(|s| Some(s.series) == state.active) {
        Some(slice) if !slice.calibrated => tr!("units"),
        _ => "mm",
    }
}

/// Whether the tool adds or takes away.
fn sign_ui(ui: &mut Ui, state: &mut UiState) {
    let p = theme::palette(ui);
    for (negative, text, hover) in [
        (false, tr!("+ add"), tr!("Gestures add to the lesion")),
        (
            true,
            tr!("− take away"),
            tr!("Gestures take away (also with Alt held)"),
        ),
    ] {
        let ink: Color32 = if negative { p.warning } else { p.text };
        let on = state.negative == negative;
        let button = Button::selectable(on, RichText::new(text).size(12.5).color(ink));
        if ui.add(button).on_hover_text(hover).clicked() {
            state.negative = negative;
        }
    }
}
