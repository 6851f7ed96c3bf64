//! The menu of tools that measure: the caliper of lesions, and figures that belong to none.

use egui::{Button, RichText, Ui};

use super::act::accept_by;
use super::state::{Tool, UiState};
use super::tools;
use super::widgets::gated;
use crate::app::Command;
use crate::app::view::{FigureKind, PatientView};
use crate::texts::{self, mark, tr};

/// What the tool is called that measures a lesion.
const CALIPER: &str = mark!("Lesion caliper");

/// What a figure is called in the menu.
fn name(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Length => tr!("Length"),
        FigureKind::Bidirectional => tr!("Two diameters"),
        FigureKind::Angle => tr!("Angle"),
        FigureKind::Ellipse => tr!("Ellipse"),
        FigureKind::Polygon => tr!("Polygon"),
        FigureKind::Sphere => tr!("Sphere"),
        FigureKind::Probe => tr!("Voxel value"),
    }
}

/// What drawing one does, as an invitation.
pub(super) fn what(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Length => tr!("Drag a line to measure its length"),
        FigureKind::Bidirectional => {
            tr!("Drag the longest diameter; the short one can be dragged then")
        }
        FigureKind::Angle => tr!("Drag or click one leg, then click the end of the other"),
        FigureKind::Ellipse => tr!("Drag from corner to corner of what the ellipse fills"),
        FigureKind::Polygon => {
            tr!("Click the corners; the first one, a double click or Enter ends it")
        }
        FigureKind::Sphere => tr!("Drag from the centre of the sphere to its surface"),
        FigureKind::Probe => tr!("Click a voxel to read its value"),
    }
}

/// Draws the button of the menu, and the menu while it is open.
pub(super) fn measure_menu(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let text = match state.tool {
        Tool::Measure(kind) => tr!("Measure: {name}", name = name(kind)),
        Tool::Caliper => tr!("Measure: {name}", name = texts::text(CALIPER)),
        _ => tr!("Measure").to_owned(),
    };
    let text = RichText::new(text).size(12.5);
    let on = matches!(state.tool, Tool::Measure(_) | Tool::Caliper);
    let button = Button::selectable(on, text);
    if read_only.is_some() {
        gated(ui, read_only, button);
        return;
    }
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(150.0);
        let on = state.tool == Tool::Caliper;
        let button = Button::selectable(on, texts::text(CALIPER));
        let hover = format!(
            "{} (K)",
            tools::what(Tool::Caliper, false, state.keys.mouse())
        );
        if ui.add(button).on_hover_text(hover).clicked() {
            state.take(Tool::Caliper);
            accept_by(patient, out);
        }
        ui.separator();
        for kind in FigureKind::ALL {
            let on = state.tool == Tool::Measure(kind);
            let button = Button::selectable(on, name(kind));
            if ui.add(button).on_hover_text(what(kind)).clicked() {
                state.take(Tool::Measure(kind));
                accept_by(patient, out);
            }
        }
    });
    response.on_hover_text(tr!(
        "A lesion by hand, or lengths, angles, regions and values"
    ));
}
