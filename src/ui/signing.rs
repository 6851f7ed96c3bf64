//! Signing a reading, and amending a signed one.

use egui::{Align, Button, Key, Layout, RichText, TextEdit, Ui};

use super::dialog::{self, Answer, Dialog};
use super::readers::{ReaderForm, Then, current};
use super::theme;
use super::widgets::{Icon, icon, primary_button, radio, weak};
use crate::app::Command;
use crate::app::view::{ColumnView, Meaning, PatientView, TimePointId, View};
use crate::texts::{self, tr};

/// More lesions with warnings are counted, not listed, so that the question fits a small window.
const SHOWN_DOUBTS: usize = 4;

/// What was entered of a signature.
pub(super) struct SignForm {
    time_point: TimePointId,
    meaning: Option<Meaning>,
}

impl SignForm {
    pub(super) const fn new(time_point: TimePointId) -> Self {
        Self {
            time_point,
            meaning: None,
        }
    }
}

/// What was entered of an amendment.
pub(super) struct AmendForm {
    time_point: TimePointId,
    reason: String,
}

impl AmendForm {
    pub(super) const fn new(time_point: TimePointId) -> Self {
        Self {
            time_point,
            reason: String::new(),
        }
    }
}

/// Signing begins with a name.
pub(super) fn sign(view: &View, time_point: TimePointId) -> Dialog {
    match current(&view.readers) {
        Some(_) => Dialog::Sign(SignForm::new(time_point)),
        None => Dialog::Reader(ReaderForm::new(Then::Sign(time_point))),
    }
}

/// So does amending.
pub(super) fn amend(view: &View, time_point: TimePointId) -> Dialog {
    match current(&view.readers) {
        Some(_) => Dialog::Amend(AmendForm::new(time_point)),
        None => Dialog::Reader(ReaderForm::new(Then::Amend(time_point))),
    }
}

fn column(view: &View, time_point: TimePointId) -> Option<(&PatientView, usize, &ColumnView)> {
    let patient = view.patient.as_ref()?;
    let index = patient.columns.iter().position(|c| c.id == time_point)?;
    Some((patient, index, &patient.columns[index]))
}

fn explained(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Authorship => tr!("I made these measurements"),
        Meaning::Review => tr!("I checked these measurements"),
        Meaning::Approval => tr!("I approve them for use"),
        Meaning::Responsibility => tr!("I answer for them"),
    }
}

/// Lesions marked, the sum, the response: what the signature is put to.
fn subject(patient: &PatientView, index: usize) -> String {
    let marked = patient
        .lesions
        .iter()
        .filter(|l| matches!(l.cells.get(index), Some(Some(_))))
        .count();
    let mut text = tr!("{n} lesion" | "{n} lesions" % marked);
    if let Some(response) = patient.response.get(index) {
        if !response.sum.is_empty() {
            text.push_str(&tr!(" · sum of diameters {sum}", sum = response.sum));
        }
        if !response.category.is_empty() {
            text.push_str(&format!(" · {}", response.category));
        }
    }
    text
}

/// What somebody who signs ought to see first.
fn doubts(patient: &PatientView, index: usize) -> Vec<String> {
    patient
        .lesions
        .iter()
        .filter_map(|l| {
            let cell = l.cells.get(index)?.as_ref()?;
            let many = cell.warnings.len();
            (many > 0).then(|| match many {
                1 => format!("{}: {}", l.label, cell.warnings[0]),
                n => tr!(
                    "{label}: {n} warnings, the first {warning}"
                        | "{label}: {n} warnings, the first {warning}" % n,
                    label = l.label,
                    warning = cell.warnings[0]
                ),
            })
        })
        .collect()
}

fn segmenting(patient: &PatientView, index: usize) -> Option<String> {
    patient
        .lesions
        .iter()
        .find(|l| matches!(l.cells.get(index), Some(Some(cell)) if cell.pending))
        .map(|l| tr!("{label} is still being segmented", label = l.label))
}

/// Who signs what, with which meaning.
pub(super) fn sign_ui(ui: &Ui, view: &View, form: &mut SignForm) -> Answer {
    let Some((patient, index, column)) = column(view, form.time_point) else {
        return Answer::Closed;
    };
    let title = tr!("Sign the reading of {title}", title = column.title);
    dialog::frame(ui, &title, 440.0, |ui| {
        let p = theme::palette(ui);
        let mut answer = Answer::Open;
        weak(
            ui,
            format!("{} · {}", patient.name, subject(patient, index)),
        );
        let doubts = doubts(patient, index);
        for doubt in doubts.iter().take(SHOWN_DOUBTS) {
            ui.horizontal_top(|ui| {
                icon(ui, Icon::Warning, p.warning, tr!("Warning"));
                ui.add(egui::Label::new(RichText::new(doubt).size(12.0)).wrap());
            });
        }
        if let Some(more) = doubts.len().checked_sub(SHOWN_DOUBTS).filter(|n| *n > 0) {
            let text =
                tr!("and {n} more lesions with warnings"
                    | "and {n} more lesions with warnings" % more);
            weak(ui, text);
        }
        ui.add_space(6.0);
        let reader = current(&view.readers);
        ui.horizontal(|ui| {
            ui.label(RichText::new(tr!("Signing as")).color(p.text_weak));
            if let Some(reader) = reader {
                ui.label(RichText::new(&reader.name).font(theme::medium(14.0)));
                ui.label(RichText::new(texts::text(reader.role.name())).color(p.text_weak));
            } else {
                ui.label(RichText::new(tr!("nobody")).color(p.warning));
            }
            if ui
                .small_button(tr!("Change…"))
                .on_hover_text(tr!("Somebody else is signing"))
                .clicked()
            {
                let form = ReaderForm::new(Then::Sign(form.time_point));
                answer = Answer::Next(Vec::new(), Dialog::Reader(form));
            }
        });
        ui.add_space(6.0);
        ui.label(RichText::new(tr!("The signature means")).color(p.text_weak));
        for meaning in Meaning::ALL {
            let word = texts::text(meaning.name());
            let text = format!("{} – {}", texts::capital(word), explained(meaning));
            let on = form.meaning == Some(meaning);
            if radio(ui, on, &text).clicked() {
                form.meaning = Some(meaning);
            }
        }
        ui.add_space(6.0);
        weak(
            ui,
            tr!(
                "Signing locks lesions, lines and masks of this time point. Name, time and meaning go \
             into the audit trail and into reports. A signed reading changes only when it is \
             amended, with a reason; the signature stays in the trail."
            ),
        );
        weak(
            ui,
            tr!("No password is asked: the signature states who was named, it does not prove it."),
        );
        ui.add_space(8.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let missing = match (&view.read_only, reader, form.meaning) {
                (Some(reason), ..) => Some(reason.clone()),
                (_, None, _) => Some(tr!("Say first who signs").to_owned()),
                (.., None) => Some(tr!("Choose what the signature means").to_owned()),
                _ => segmenting(patient, index),
            };
            let button = ui
                .add_enabled_ui(missing.is_none(), |ui| primary_button(ui, tr!("Sign")))
                .inner;
            if let (true, Some(meaning)) = (button.clicked(), form.meaning) {
                answer = Answer::Send(vec![Command::Sign {
                    time_point: form.time_point,
                    meaning,
                }]);
            }
            if ui.button(tr!("Cancel")).clicked() {
                answer = Answer::Closed;
            }
            if let Some(missing) = missing {
                ui.add(
                    egui::Label::new(RichText::new(missing).size(12.0).color(p.text_weak))
                        .truncate(),
                );
            }
        });
        answer
    })
}

/// Why a signed reading is opened again.
pub(super) fn amend_ui(ui: &Ui, view: &View, form: &mut AmendForm, fresh: bool) -> Answer {
    let Some((_, _, column)) = column(view, form.time_point) else {
        return Answer::Closed;
    };
    let title = tr!("Amend the reading of {title}", title = column.title);
    dialog::frame(ui, &title, 440.0, |ui| {
        let mut answer = Answer::Open;
        if !column.reading.text.is_empty() {
            weak(ui, &column.reading.text);
        }
        weak(
            ui,
            tr!(
                "It becomes a draft that can be changed and has to be signed again. The signature and \
             what was signed stay in the audit trail."
            ),
        );
        ui.add_space(4.0);
        let field = ui
            .add(
                TextEdit::singleline(&mut form.reason)
                    .hint_text(tr!("Why is it changed?"))
                    .desired_width(f32::INFINITY),
            )
            .accessible_name(tr!("Reason for amending"));
        if fresh {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        ui.add_space(8.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let reason = form.reason.trim().to_owned();
            let missing = match &view.read_only {
                Some(reason) => Some(reason.as_str()),
                None if current(&view.readers).is_none() => Some(tr!("Say first who amends")),
                None if reason.is_empty() => Some(tr!("A reason is required")),
                None => None,
            };
            let button = ui
                .add_enabled_ui(missing.is_none(), |ui| primary_button(ui, tr!("Amend")))
                .inner;
            if missing.is_none() && (button.clicked() || entered) {
                answer = Answer::Send(vec![Command::Amend {
                    time_point: form.time_point,
                    reason,
                }]);
            }
            if ui.add(Button::new(tr!("Cancel"))).clicked() {
                answer = Answer::Closed;
            }
            if let Some(missing) = missing {
                weak(ui, missing);
            }
        });
        answer
    })
}
