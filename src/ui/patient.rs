//! The screen of one patient: time points, lesions, growth.

use std::sync::Arc;

use egui::{Align, Button, CentralPanel, Frame, Margin, Panel, RichText, Ui, vec2};

use super::cine::play;
use super::columns::columns_ui;
use super::history::step_text;
use super::keys::keys;
use super::panels::{self, Panels, panels_ui};
use super::slice::end_gesture;
use super::state::UiState;
use super::theme;
use super::tools::tools_ui;
use super::tour::{self, Spot};
use super::versions::versions_ui;
use super::widgets::{Icon, icon_button, icon_toggle, primary_button, weak};
use crate::app::Command;
use crate::app::view::{ColumnView, Layout, PanelKind, PatientView, View};
use crate::keymap::Action;
use crate::texts::tr;

/// In a narrower bar the panels share a menu.
const NARROW: f32 = 900.0;

/// Draws everything of a patient into `ui`.
pub fn patient_ui(
    ui: &mut Ui,
    view: &View,
    patient: &PatientView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let read_only = view.read_only.as_deref();
    choose_active(patient, state);
    keys(ui, view, Some(patient), state, out);
    play(ui, patient, state, out);
    let bar = |x, y| {
        Frame::new()
            .fill(p.panel)
            .inner_margin(Margin::symmetric(x, y))
    };
    let shown = Panel::top("patient bar")
        .frame(bar(10, 5))
        .show(ui, |ui| bar_ui(ui, view, patient, state, out));
    tour::spot(state, Spot::Bar, shown.response.rect);
    let shown = Panel::top("tools")
        .frame(bar(10, 3))
        .show(ui, |ui| tools_ui(ui, patient, read_only, state, out));
    tour::spot(state, Spot::Tools, shown.response.rect);
    let panels = Panels {
        layout: &view.layout,
        patient,
        read_only,
    };
    if panels_ui(ui, &panels, state, out) {
        versions_ui(ui, patient, read_only, state, out);
        end_gesture(ui, state, out);
        return;
    }
    let shown = CentralPanel::default()
        .frame(Frame::new().fill(p.window).inner_margin(Margin::same(6)))
        .show(ui, |ui| columns_ui(ui, view, patient, state, out));
    tour::spot(state, Spot::Columns, shown.response.rect);
    versions_ui(ui, patient, read_only, state, out);
    end_gesture(ui, state, out);
}

/// Keys always have a view to act on, and pictures no longer shown leave the graphics card.
fn choose_active(patient: &PatientView, state: &mut UiState) {
    let mut shown = patient
        .columns
        .iter()
        .filter_map(|c| c.shown.as_ref().map(|s| s.series));
    let known = state.active.is_some_and(|a| shown.clone().any(|s| s == a));
    if !known {
        state.active = shown.next();
    }
    state.textures.retain(|(series, across, over), _| {
        let shown = |c: &ColumnView| {
            let slice = c.shown.as_ref().filter(|s| s.series == *series);
            let fused = slice.is_some_and(|s| !over || s.fused.is_some());
            fused && (*across == 0 || !c.sections.is_empty())
        };
        patient.columns.iter().any(shown)
    });
    state.scenes.retain(|series, _| {
        let shown = |c: &ColumnView| {
            c.three_d.is_some() && c.shown.as_ref().is_some_and(|s| s.series == *series)
        };
        patient.columns.iter().any(shown)
    });
}

fn bar_ui(
    ui: &mut Ui,
    view: &View,
    patient: &PatientView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let read_only = view.read_only.as_deref();
    let size = vec2(ui.available_width(), 26.0);
    // From the right, so that a long name gives way to the tools.
    ui.allocate_ui_with_layout(size, egui::Layout::right_to_left(Align::Center), |ui| {
        if icon_button(ui, Icon::Theme, tr!("Light or dark theme")).clicked() {
            out.push(Command::SetDark {
                dark: !ui.visuals().dark_mode,
            });
        }
        let help = ui
            .button("?")
            .accessible_name(tr!("Mouse and keys"))
            .on_hover_text(tr!("Mouse and keys"));
        if help.clicked() {
            state.show_help = !state.show_help;
        }
        // The name of the patient goes before the words of buttons.
        let narrow = size.x < NARROW;
        let export = if narrow {
            tr!("Export…")
        } else {
            tr!("Export report…")
        };
        if primary_button(ui, export).clicked() {
            out.push(Command::ChooseExport);
        }
        ui.separator();
        toggles_ui(ui, narrow, &view.layout, state, out);
        ui.separator();
        switches_ui(ui, patient, read_only, state, out);
        ui.add_space(8.0);
        ui.with_layout(egui::Layout::left_to_right(Align::Center), |ui| {
            let back = icon_button(ui, Icon::Back, tr!("Back to the patients"));
            if std::mem::take(&mut state.focus_bar) {
                back.request_focus();
            }
            if back.clicked() {
                out.push(Command::ShowChooser);
            }
            let name = RichText::new(&patient.name)
                .font(theme::medium(16.0))
                .color(p.text);
            ui.add(egui::Label::new(name).truncate());
            let detail = RichText::new(&patient.detail).size(12.5).color(p.text_weak);
            ui.add(egui::Label::new(detail).truncate());
        });
    });
    if !patient.last_report.is_empty() {
        weak(
            ui,
            tr!("Report written to {path}", path = patient.last_report),
        );
    }
}

/// Which panels are shown; a menu where there is little room. Laid out from right to left.
fn toggles_ui(ui: &mut Ui, narrow: bool, layout: &Layout, state: &UiState, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = 4.0;
    let mut draw = |ui: &mut Ui| {
        for (panel, hover, action) in [
            (
                PanelKind::History,
                tr!("Show or hide the steps"),
                Action::History,
            ),
            (
                PanelKind::Growth,
                tr!("Show or hide growth, narrative and treatments"),
                Action::GrowthPanel,
            ),
            (
                PanelKind::Lesions,
                tr!("Show or hide the table"),
                Action::LesionsPanel,
            ),
        ] {
            let text = panels::name(panel);
            let button = Button::selectable(layout.of(panel).shown, text);
            let toggle = ui
                .add(button)
                .accessible_name(tr!("{text} panel", text))
                .on_hover_text(state.keys.hint(hover, action));
            if toggle.clicked() {
                let layout = layout.toggled(panel);
                out.push(Command::SetLayout { layout });
            }
        }
    };
    if narrow {
        ui.menu_button(tr!("Panels"), draw);
    } else {
        draw(ui);
    }
}

/// Tools and switches; laid out from right to left.
fn switches_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let keys = Arc::clone(&state.keys);
    if icon_toggle(
        ui,
        Icon::Fill,
        &keys.hint(tr!("Masks filled or outlined"), Action::FillMasks),
        state.fill_masks,
    )
    .clicked()
    {
        state.fill_masks = !state.fill_masks;
    }
    let name = keys.hint(tr!("Masks on or off"), Action::Masks);
    if icon_toggle(ui, Icon::Eye, &name, state.show_overlays).clicked() {
        state.show_overlays = !state.show_overlays;
    }
    if icon_toggle(
        ui,
        Icon::Planes,
        &keys.hint(tr!("Three planes, or slices alone"), Action::ThreePlanes),
        patient.three_planes,
    )
    .clicked()
    {
        out.push(Command::ShowPlanes {
            three: !patient.three_planes,
        });
    }
    let name = keys.hint(tr!("Lesions in three dimensions"), Action::ThreeD);
    if icon_toggle(ui, Icon::Cube, &name, patient.three_d).clicked() {
        out.push(Command::ShowThreeD {
            on: !patient.three_d,
        });
    }
    ui.separator();
    let reset = icon_button(
        ui,
        Icon::Reset,
        &keys.hint(tr!("Reset magnification and window"), Action::Reset),
    );
    if let (true, Some(series)) = (reset.clicked(), state.active) {
        out.extend(super::act::reset(series));
    }
    ui.separator();
    steps_ui(ui, patient, read_only, state, out);
}

/// Undo and redo, each named after its step; laid out from right to left.
fn steps_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &UiState,
    out: &mut Vec<Command>,
) {
    let history = &patient.history;
    for (icon, act, step, action, command) in [
        (
            Icon::Redo,
            tr!("Redo"),
            &history.redo,
            Action::Redo,
            Command::Redo,
        ),
        (
            Icon::Undo,
            tr!("Undo"),
            &history.undo,
            Action::Undo,
            Command::Undo,
        ),
    ] {
        let named = state.keys.hint(&step_text(act, step.as_deref()), action);
        let name = read_only.unwrap_or(&named);
        let usable = step.is_some() && read_only.is_none();
        let button = ui
            .add_enabled_ui(usable, |ui| icon_button(ui, icon, name))
            .inner;
        if button.clicked() {
            out.push(command);
        }
    }
}
