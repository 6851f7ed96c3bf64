//! The screen of one patient: time points, lesions, growth.

use std::sync::Arc;

use egui::{Align, CentralPanel, Frame, Layout, Margin, Panel, RichText, ScrollArea, Ui, vec2};

use super::cine::play;
use super::columns::columns_ui;
use super::growth::growth_ui;
use super::history::{history_ui, step_text};
use super::keys::keys;
use super::lesions::lesions_ui;
use super::narrative::narrative_ui;
use super::slice::end_gesture;
use super::state::UiState;
use super::theme;
use super::tools::tools_ui;
use super::treatments::treatments_ui;
use super::versions::versions_ui;
use super::widgets::{Icon, icon_button, icon_toggle, primary_button, weak};
use crate::app::Command;
use crate::app::view::{ColumnView, PatientView, View};
use crate::keymap::Action;

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
    Panel::top("patient bar")
        .frame(bar(10, 5))
        .show(ui, |ui| bar_ui(ui, patient, read_only, state, out));
    Panel::top("tools")
        .frame(bar(10, 3))
        .show(ui, |ui| tools_ui(ui, patient, read_only, state, out));
    if state.show_table {
        let most = (ui.available_height() * 0.6).max(90.0);
        // A panel remembers its height; the empty table must not teach the full one to be small.
        let panel = if patient.lesions.is_empty() {
            Panel::bottom("empty lesion table").exact_size(38.0)
        } else {
            // Heads, one row per lesion and the row of sums; more lesions than fit scroll.
            let rows = patient.lesions.len().min(8) as f32;
            Panel::bottom("lesion table")
                .resizable(true)
                .default_size((136.0 + 26.0 * rows).min(most))
                .size_range(60.0..=most)
        };
        panel
            .frame(bar(10, 6))
            .show(ui, |ui| lesions_ui(ui, patient, read_only, state, out));
    }
    if state.show_analysis || state.show_history {
        let most = (ui.available_width() * 0.6).max(240.0);
        Panel::right("analysis")
            .resizable(true)
            .frame(bar(10, 6))
            .default_size((ui.available_width() * 0.34).clamp(300.0_f32.min(most), 420.0))
            .size_range(240.0..=most)
            .show(ui, |ui| side_ui(ui, patient, read_only, state, out));
    }
    if !state.show_history {
        state.history_at = None;
    }
    CentralPanel::default()
        .frame(Frame::new().fill(p.window).inner_margin(Margin::same(6)))
        .show(ui, |ui| columns_ui(ui, view, patient, state, out));
    versions_ui(ui, patient, read_only, state, out);
    end_gesture(ui, state, out);
}

/// Growth, narrative and treatments; the steps below them, or alone.
fn side_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    if !state.show_analysis {
        history_ui(ui, patient, read_only, state, out);
        return;
    }
    if state.show_history {
        let most = (ui.available_height() * 0.75).max(80.0);
        Panel::bottom("history")
            .resizable(true)
            .frame(Frame::new().inner_margin(Margin {
                top: 6,
                ..Margin::ZERO
            }))
            .default_size((ui.available_height() * 0.45).max(230.0).min(most))
            .size_range(80.0..=most)
            .show(ui, |ui| history_ui(ui, patient, read_only, state, out));
    }
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            growth_ui(ui, patient, state, out);
            ui.separator();
            ui.scope(|ui| narrative_ui(ui, &patient.narrative, out));
            ui.separator();
            treatments_ui(ui, patient, read_only, state, out);
        });
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
    state.textures.retain(|(series, across), _| {
        let shown = |c: &ColumnView| {
            let slice = c.shown.as_ref().is_some_and(|s| s.series == *series);
            slice && (*across == 0 || !c.sections.is_empty())
        };
        patient.columns.iter().any(shown)
    });
}

fn bar_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let size = vec2(ui.available_width(), 26.0);
    // From the right, so that a long name gives way to the tools.
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if icon_button(ui, Icon::Theme, "Light or dark theme").clicked() {
            out.push(Command::SetDark {
                dark: !ui.visuals().dark_mode,
            });
        }
        let help = ui
            .button("?")
            .accessible_name("Mouse and keys")
            .on_hover_text("Mouse and keys");
        if help.clicked() {
            state.show_help = !state.show_help;
        }
        // The name of the patient goes before the words of buttons.
        let narrow = size.x < NARROW;
        let export = if narrow {
            "Export…"
        } else {
            "Export report…"
        };
        if primary_button(ui, export).clicked() {
            out.push(Command::ChooseExport);
        }
        ui.separator();
        panels_ui(ui, narrow, state);
        ui.separator();
        switches_ui(ui, patient, read_only, state, out);
        ui.add_space(8.0);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let back = icon_button(ui, Icon::Back, "Back to the patients");
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
        weak(ui, format!("Report written to {}", patient.last_report));
    }
}

/// Which panels are shown; a menu where there is little room. Laid out from right to left.
fn panels_ui(ui: &mut Ui, narrow: bool, state: &mut UiState) {
    ui.spacing_mut().item_spacing.x = 4.0;
    let history_hint = state.keys.hint("Show or hide the steps", Action::History);
    let toggles = [
        ("History", &*history_hint, &mut state.show_history),
        (
            "Growth",
            "Show or hide growth, narrative and treatments",
            &mut state.show_analysis,
        ),
        ("Lesions", "Show or hide the table", &mut state.show_table),
    ];
    let draw = |ui: &mut Ui| {
        for (text, hover, on) in toggles {
            if ui
                .add(egui::Button::selectable(*on, text))
                .accessible_name(format!("{text} panel"))
                .on_hover_text(hover)
                .clicked()
            {
                *on = !*on;
            }
        }
    };
    if narrow {
        ui.menu_button("Panels", draw);
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
        &keys.hint("Masks filled or outlined", Action::FillMasks),
        state.fill_masks,
    )
    .clicked()
    {
        state.fill_masks = !state.fill_masks;
    }
    let name = keys.hint("Masks on or off", Action::Masks);
    if icon_toggle(ui, Icon::Eye, &name, state.show_overlays).clicked() {
        state.show_overlays = !state.show_overlays;
    }
    if icon_toggle(
        ui,
        Icon::Planes,
        &keys.hint("Three planes, or slices alone", Action::ThreePlanes),
        patient.three_planes,
    )
    .clicked()
    {
        out.push(Command::ShowPlanes {
            three: !patient.three_planes,
        });
    }
    ui.separator();
    let reset = icon_button(
        ui,
        Icon::Reset,
        &keys.hint("Reset magnification and window", Action::Reset),
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
            "Redo",
            &history.redo,
            Action::Redo,
            Command::Redo,
        ),
        (
            Icon::Undo,
            "Undo",
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
