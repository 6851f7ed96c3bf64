//! Stating why studies whose identities differ belong to one person.

use egui::{Align, Label, Layout, RichText, TextEdit, Ui};

use super::dialog::{self, Answer};
use super::theme;
use super::widgets::{primary_button, weak};
use crate::app::Command;
use crate::app::view::View;
use crate::texts::tr;

/// What was entered so far.
#[derive(Default)]
pub(super) struct PersonForm {
    reason: String,
}

/// What speaks against it, and why it is so all the same.
pub(super) fn person_ui(ui: &Ui, view: &View, form: &mut PersonForm, fresh: bool) -> Answer {
    let dispute = view.patient.as_ref().and_then(|p| p.dispute.as_deref());
    let Some(dispute) = dispute else {
        return Answer::Closed;
    };
    dialog::frame(
        ui,
        tr!("Do these studies belong to one person?"),
        460.0,
        |ui| {
            let p = theme::palette(ui);
            let mut answer = Answer::Open;
            ui.add(Label::new(RichText::new(dispute).color(p.text)).wrap());
            weak(
                ui,
                tr!(
                    "Compare name, birth date and sex with the hospital's system. The reason is entered \
             into the audit trail; the warning stays beside the series and in reports."
                ),
            );
            ui.add_space(6.0);
            let field = ui
                .add(
                    TextEdit::singleline(&mut form.reason)
                        .hint_text(tr!("What shows that they do? (without names)"))
                        .desired_width(f32::INFINITY),
                )
                .accessible_name(tr!("Reason for one person"));
            if fresh {
                field.request_focus();
            }
            ui.add_space(8.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let reason = form.reason.trim().to_owned();
                let missing = match &view.read_only {
                    Some(reason) => Some(reason.as_str()),
                    None if reason.is_empty() => Some(tr!("A reason is required")),
                    None => None,
                };
                let button = ui
                    .add_enabled_ui(missing.is_none(), |ui| {
                        primary_button(ui, tr!("They belong to one person"))
                    })
                    .inner;
                if button.clicked() {
                    answer = Answer::Send(vec![Command::StateOnePerson { reason }]);
                }
                if ui.button(tr!("Cancel")).clicked() {
                    answer = Answer::Closed;
                }
                if let Some(missing) = missing {
                    weak(ui, missing);
                }
            });
            answer
        },
    )
}
