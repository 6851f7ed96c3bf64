//! Treatments: the list, and the form that adds one.

mod form;

use egui::Ui;

use self::form::form_ui;
use super::state::UiState;
use super::widgets::{Icon, heading, icon_button, weak};
use crate::app::Command;
use crate::app::view::PatientView;
use crate::texts::tr;

pub(super) use form::TreatmentForm;

/// Draws list and form.
pub fn treatments_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        heading(ui, tr!("Treatments"));
        let name = if state.treatment.open {
            tr!("Close the form")
        } else {
            tr!("Add treatment")
        };
        let icon = if state.treatment.open {
            Icon::Close
        } else {
            Icon::Plus
        };
        if icon_button(ui, icon, name).clicked() {
            state.treatment.open = !state.treatment.open;
            state.treatment.reveal = state.treatment.open;
        }
    });
    if patient.treatments.is_empty() && !state.treatment.open {
        weak(ui, tr!("None entered."));
    }
    for treatment in &patient.treatments {
        ui.horizontal(|ui| {
            let name = tr!("Remove {text}", text = treatment.text);
            let remove = ui
                .add_enabled_ui(read_only.is_none(), |ui| {
                    icon_button(ui, Icon::Close, &name)
                })
                .inner;
            if remove.clicked() {
                out.push(Command::RemoveTreatment {
                    treatment: treatment.id,
                });
            }
            ui.add(egui::Label::new(&treatment.text).wrap());
        });
    }
    if state.treatment.open {
        form_ui(ui, read_only, &mut state.treatment, out);
        if std::mem::take(&mut state.treatment.reveal) {
            ui.scroll_to_cursor(Some(egui::Align::BOTTOM));
        }
    }
}
