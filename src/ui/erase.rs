//! Erasing a patient: the one act that cannot be taken back, hence the one that asks.

use egui::{Align, Layout, RichText, TextEdit, Ui};

use super::dialog::{self, Answer};
use super::theme;
use super::widgets::{danger_button, outlined, weak};
use crate::app::Command;
use crate::app::view::{PatientId, View};
use crate::texts::{self, mark, tr};

/// What was entered so far.
pub(super) struct EraseForm {
    patient: PatientId,
    reason: String,
    sure: bool,
}

impl EraseForm {
    pub(super) const fn new(patient: PatientId) -> Self {
        Self {
            patient,
            reason: String::new(),
            sure: false,
        }
    }
}

const GOES: &[&str] = &[
    mark!("name, number, birth date and sex"),
    mark!("where the images are, lesions, lines, masks, treatments, readings"),
    mark!("the history of steps with all earlier masks, and computed results"),
];
const STAYS: &[&str] = &[
    mark!("the audit trail: which act happened when and by whom, in ids, codes and numbers"),
    mark!("the original image files, which this program only reads"),
    mark!("reports, exports and backups written earlier"),
];

/// What goes, what stays, why, and whether it is meant.
pub(super) fn erase_ui(ui: &Ui, view: &View, form: &mut EraseForm, fresh: bool) -> Answer {
    let row = view.chooser.patients.iter().find(|r| r.id == form.patient);
    let Some(row) = row else {
        return Answer::Closed;
    };
    dialog::frame(ui, tr!("Erase a patient"), 440.0, |ui| {
        let p = theme::palette(ui);
        let mut answer = Answer::Open;
        ui.label(
            RichText::new(&row.title)
                .font(theme::medium(14.0))
                .color(p.text),
        );
        weak(ui, &row.detail);
        for (head, lines) in [
            (tr!("Goes from this workspace"), GOES),
            (tr!("Stays"), STAYS),
        ] {
            ui.add_space(4.0);
            ui.label(RichText::new(head).font(theme::medium(13.0)));
            for line in lines {
                weak(ui, format!("•  {}", texts::text(line)));
            }
        }
        ui.add_space(6.0);
        let field = ui
            .add(
                TextEdit::singleline(&mut form.reason)
                    .hint_text(tr!("Why is the patient erased? (without names)"))
                    .desired_width(f32::INFINITY),
            )
            .accessible_name(tr!("Reason for erasing"));
        if fresh {
            field.request_focus();
        }
        ui.scope(|ui| {
            outlined(ui);
            ui.checkbox(
                &mut form.sure,
                tr!("I mean this patient, and know that erasing cannot be undone"),
            );
        });
        ui.add_space(8.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let reason = form.reason.trim().to_owned();
            let missing = match &view.read_only {
                Some(reason) => Some(reason.as_str()),
                None if reason.is_empty() => Some(tr!("A reason is required")),
                None if !form.sure => Some(tr!("Tick the box to confirm")),
                None => None,
            };
            let button = ui
                .add_enabled_ui(missing.is_none(), |ui| {
                    danger_button(ui, tr!("Erase for good"))
                })
                .inner;
            if button.clicked() {
                answer = Answer::Send(vec![Command::ErasePatient {
                    patient: form.patient,
                    reason,
                }]);
            }
            if ui.button(tr!("Cancel")).clicked() {
                answer = Answer::Closed;
            }
            if let Some(missing) = missing {
                weak(ui, missing);
            }
        });
        answer
    })
}
