//! Treatments: the list, and the form that adds one.

use egui::{Button, ComboBox, Grid, RichText, TextEdit, Ui, vec2};
use jiff::civil::Date;

use super::state::UiState;
use super::theme;
use super::widgets::{Icon, gated, heading, icon_button, weak};
use crate::app::Command;
use crate::app::view::{PatientView, TreatmentKind};
use crate::texts::tr;

/// What was typed into the form.
#[derive(Clone, Debug)]
pub(super) struct TreatmentForm {
    open: bool,
    /// Just opened: to be scrolled into view.
    reveal: bool,
    date: String,
    kind: TreatmentKind,
    name: String,
    dose: String,
    unit: String,
    duration: String,
}

impl Default for TreatmentForm {
    fn default() -> Self {
        Self {
            open: false,
            reveal: false,
            date: String::new(),
            kind: TreatmentKind::Systemic,
            name: String::new(),
            dose: String::new(),
            unit: String::new(),
            duration: String::new(),
        }
    }
}

const KINDS: [TreatmentKind; 5] = [
    TreatmentKind::Systemic,
    TreatmentKind::Radiotherapy,
    TreatmentKind::Surgery,
    TreatmentKind::Stop,
    TreatmentKind::Note,
];

fn kind_name(kind: TreatmentKind) -> &'static str {
    match kind {
        TreatmentKind::Systemic => tr!("Drug treatment"),
        TreatmentKind::Radiotherapy => tr!("Radiotherapy"),
        TreatmentKind::Surgery => tr!("Surgery"),
        TreatmentKind::Stop => tr!("End of treatment"),
        TreatmentKind::Note => tr!("Note"),
    }
}

impl TreatmentForm {
    /// The command, or what is missing.
    fn command(&self) -> Result<Command, &'static str> {
        let date = self
            .date
            .trim()
            .parse::<Date>()
            .map_err(|_| tr!("A date looks like 2024-05-02"))?;
        let number = |text: &str| -> Option<f64> {
            let v: f64 = text.trim().replace(',', ".").parse().ok()?;
            (v.is_finite() && v >= 0.0).then_some(v)
        };
        let dose = if self.dose.trim().is_empty() {
            None
        } else {
            Some(number(&self.dose).ok_or(tr!("The dose is a number, for example 60"))?)
        };
        if dose.is_some() && self.unit.trim().is_empty() {
            return Err(tr!("A dose needs its unit, for example Gy"));
        }
        let duration_days = if self.duration.trim().is_empty() {
            0.0
        } else {
            number(&self.duration).ok_or(tr!("The length is a number of days"))?
        };
        Ok(Command::AddTreatment {
            date,
            kind: self.kind,
            name: self.name.trim().to_owned(),
            dose,
            unit: self.unit.trim().to_owned(),
            duration_days,
        })
    }
}

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
        form_ui(ui, read_only, state, out);
        if std::mem::take(&mut state.treatment.reveal) {
            ui.scroll_to_cursor(Some(egui::Align::BOTTOM));
        }
    }
}

fn form_ui(ui: &mut Ui, read_only: Option<&str>, state: &mut UiState, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let form = &mut state.treatment;
    let field = |ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32| {
        let label = ui.label(RichText::new(name).size(12.0).color(p.text_weak));
        // A grid gives a text field the width of its column so far, which starts at nothing.
        ui.add_sized([width, 24.0], TextEdit::singleline(text).hint_text(hint))
            .labelled_by(label.id);
    };
    Grid::new("treatment form")
        .spacing(vec2(8.0, 5.0))
        .show(ui, |ui| {
            field(
                ui,
                tr!("First day"),
                &mut form.date,
                tr!("YYYY-MM-DD"),
                96.0,
            );
            ui.label(RichText::new(tr!("Kind")).size(12.0).color(p.text_weak));
            let combo = ComboBox::from_id_salt("treatment kind")
                .width(120.0)
                .selected_text(kind_name(form.kind))
                .show_ui(ui, |ui| {
                    for kind in KINDS {
                        ui.selectable_value(&mut form.kind, kind, kind_name(kind));
                    }
                });
            combo.response.accessible_name(tr!("Kind of treatment"));
            ui.end_row();
            field(
                ui,
                tr!("Name"),
                &mut form.name,
                tr!("Drug, technique"),
                96.0,
            );
            field(ui, tr!("Length"), &mut form.duration, tr!("days"), 60.0);
            ui.end_row();
            field(ui, tr!("Dose"), &mut form.dose, tr!("optional"), 96.0);
            field(ui, tr!("Unit"), &mut form.unit, tr!("Gy, mg/m2"), 60.0);
            ui.end_row();
        });
    let command = form.command();
    ui.horizontal(|ui| {
        let missing = command.as_ref().err().copied();
        let add = gated(ui, read_only.or(missing), Button::new(tr!("Add")));
        match command {
            Ok(command) => {
                if add.clicked() {
                    out.push(command);
                    *form = TreatmentForm::default();
                }
            }
            Err(missing) => {
                let begun = !form.date.is_empty();
                let ink = if begun { p.error } else { p.text_weak };
                ui.label(RichText::new(missing).size(12.0).color(ink));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(date: &str, dose: &str, unit: &str, duration: &str) -> TreatmentForm {
        TreatmentForm {
            date: date.into(),
            dose: dose.into(),
            unit: unit.into(),
            duration: duration.into(),
            ..TreatmentForm::default()
        }
    }

    #[test]
    fn a_complete_form_becomes_a_command() {
        let command = form("2024-05-02", "60,5", "Gy", "42").command();
        let Ok(Command::AddTreatment {
            date,
            dose,
            duration_days,
            ..
        }) = command
        else {
            panic!("{command:?}");
        };
        assert_eq!(date, jiff::civil::date(2024, 5, 2));
        assert_eq!((dose, duration_days), (Some(60.5), 42.0));
    }

    #[test]
    fn wrong_entries_are_named() {
        assert!(form("2024-13-02", "", "", "").command().is_err());
        assert!(form("2024-05-02", "much", "Gy", "").command().is_err());
        assert!(form("2024-05-02", "60", "", "").command().is_err());
        assert!(form("2024-05-02", "", "", "-3").command().is_err());
        assert!(form("2024-05-02", "", "", "inf").command().is_err());
    }
}
