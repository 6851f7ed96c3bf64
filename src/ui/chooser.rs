//! What is shown before a patient is chosen.

use egui::{
    Align, Button, CornerRadius, Frame, Layout, Margin, RichText, ScrollArea, Stroke, TextEdit, Ui,
};

use super::dialog::Dialog;
use super::erase::EraseForm;
use super::state::UiState;
use super::theme::{self, RADIUS};
use super::thumbnail::thumbnail_ui;
use super::tour::{self, Spot, Tour};
use super::widgets::{gated, heading, menu, primary_button, weak};
use crate::app::Command;
use crate::app::view::{ChooserView, PatientId, PatientRow, View};
use crate::texts::tr;

/// So many patients are found without searching.
const FEW: usize = 3;

/// Samples, patients of this workspace, and the ways to open one's own files.
pub fn chooser_ui(ui: &mut Ui, view: &View, state: &mut UiState, out: &mut Vec<Command>) {
    let chooser = &view.chooser;
    let p = theme::palette(ui);
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let width = (ui.available_width() - 48.0).clamp(280.0, 860.0);
            let margin = ((ui.available_width() - width) / 2.0).max(0.0);
            ui.horizontal(|ui| {
                ui.add_space(margin);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    ui.add_space(28.0);
                    ui.label(
                        RichText::new("OncoTwin")
                            .font(theme::medium(26.0))
                            .color(p.text),
                    );
                    weak(
                        ui,
                        tr!("Measure a tumour at every visit, fit its growth, ask what if."),
                    );
                    ui.add_space(16.0);
                    open_area(ui, out);
                    ui.add_space(18.0);
                    if !chooser.patients.is_empty() {
                        heading(ui, tr!("Patients in this workspace"))
                            .on_hover_text(tr!("Those first who were looked at last"));
                        patients(ui, view, state, out);
                        ui.add_space(18.0);
                    }
                    ui.horizontal(|ui| {
                        heading(ui, tr!("Sample patients"));
                        // It leads through a sample.
                        if chooser.samples.is_empty() {
                            return;
                        }
                        let tour = ui.button(tr!("Tour in five minutes"));
                        let hint = tr!(
                            "Measure a lesion at two visits of the sample patient, step by step"
                        );
                        if tour.on_hover_text(hint).clicked() {
                            state.tour = Some(Tour::begin(view));
                        }
                    });
                    let shown = ui.scope(|ui| samples(ui, chooser, out)).response.rect;
                    tour::spot(state, Spot::Samples, shown);
                    ui.add_space(24.0);
                });
            });
        });
}

fn card(ui: &Ui) -> Frame {
    let p = theme::palette(ui);
    Frame::new()
        .fill(p.raised)
        .stroke(Stroke::new(1.0, p.border))
        .corner_radius(CornerRadius::same(RADIUS))
        .inner_margin(Margin::symmetric(14, 10))
}

fn open_area(ui: &mut Ui, out: &mut Vec<Command>) {
    card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            if primary_button(ui, tr!("Open folder…")).clicked() {
                out.push(Command::ChooseOpen { folder: true });
            }
            if ui.button(tr!("Open files…")).clicked() {
                out.push(Command::ChooseOpen { folder: false });
            }
            ui.add_space(6.0);
            weak(
                ui,
                tr!("or drop DICOM folders, zip archives or NIfTI files here. Originals are only read."),
            );
        });
    });
}

/// Patients that the words typed are in.
fn patients(ui: &mut Ui, view: &View, state: &mut UiState, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let rows = &view.chooser.patients;
    if rows.len() > FEW {
        ui.add(
            TextEdit::singleline(&mut state.patient_search)
                .hint_text(tr!("Search by name, number or date"))
                .desired_width(f32::INFINITY),
        )
        .accessible_name(tr!("Search patients"));
        ui.add_space(4.0);
    } else {
        state.patient_search.clear();
    }
    let words = state.patient_search.to_lowercase();
    let is_wanted = |row: &&PatientRow| {
        let text = format!("{} {}", row.title, row.detail).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    let wanted: Vec<&PatientRow> = rows.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        weak(ui, tr!("No patient of this workspace is called that."));
    }
    for row in wanted {
        let mut erases = false;
        let opened = row_ui(
            ui,
            &row.title,
            &row.detail,
            true,
            |ui| thumbnail_ui(ui, row, state, out),
            |ui| {
                menu(ui, &tr!("Actions for {title}", title = row.title), |ui| {
                    let text = RichText::new(tr!("Erase patient…")).color(p.error);
                    let erase = gated(ui, view.read_only.as_deref(), Button::new(text));
                    erases = erase.clicked();
                });
            },
        );
        if erases {
            state.ask(Dialog::Erase(EraseForm::new(row.id)));
        }
        if opened {
            out.push(Command::ShowPatient { patient: row.id });
        }
    }
    let known = |id: &PatientId| rows.iter().any(|row| row.id == *id);
    state.thumbnails.retain(|id, _| known(id));
}

fn samples(ui: &mut Ui, chooser: &ChooserView, out: &mut Vec<Command>) {
    if chooser.samples.is_empty() {
        weak(ui, tr!("This installation has no sample patients."));
    }
    for (sample, row) in chooser.samples.iter().enumerate() {
        if row_ui(ui, &row.title, &row.detail, row.available, |_| {}, |_| {}) {
            out.push(Command::OpenSample { sample });
        }
    }
}

/// A card with a title, a detail, a button and what else stands at its left and right; returns whether
/// the button was clicked.
fn row_ui(
    ui: &mut Ui,
    title: &str,
    detail: &str,
    enabled: bool,
    left: impl FnOnce(&mut Ui),
    right: impl FnOnce(&mut Ui),
) -> bool {
    let p = theme::palette(ui);
    card(ui)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                right(ui);
                let clicked = ui
                    .add_enabled(enabled, Button::new(tr!("Open")))
                    .accessible_name(tr!("Open {title}", title))
                    .on_disabled_hover_text(detail)
                    .clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    left(ui);
                    ui.with_layout(Layout::top_down(Align::Min), |ui| {
                        ui.spacing_mut().item_spacing.y = 3.0;
                        let ink = if enabled { p.text } else { p.text_weak };
                        ui.label(RichText::new(title).font(theme::medium(14.0)).color(ink));
                        if enabled {
                            weak(ui, detail);
                        } else {
                            ui.label(RichText::new(detail).size(12.0).color(p.warning));
                        }
                    });
                });
                clicked
            })
            .inner
        })
        .inner
}
