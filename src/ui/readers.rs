//! Who acts: the chip that says it, and the question that changes it.

use egui::{Align, Button, ComboBox, Key, Layout, RichText, ScrollArea, TextEdit, Ui};

use super::dialog::{self, Answer, Dialog};
use super::signing::{AmendForm, SignForm};
use super::state::UiState;
use super::theme;
use super::widgets::{Icon, chip_button, heading, primary_button, weak};
use crate::app::Command;
use crate::app::view::{ReaderRole, ReaderRow, ReadersView, TimePointId, View};
use crate::keymap::Action;
use crate::texts::{self, tr};

/// Longer names are cut on the chip, not on hover.
const LONGEST: usize = 28;

/// What was begun and waits for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Review(TimePointId),
    Sign(TimePointId),
    Amend(TimePointId),
}

/// What was entered so far.
pub(super) struct ReaderForm {
    pub(super) then: Then,
    name: String,
    role: ReaderRole,
}

impl ReaderForm {
    pub(super) fn new(then: Then) -> Self {
        Self {
            then,
            name: String::new(),
            role: ReaderRole::Radiologist,
        }
    }

    /// The name is known: what was begun goes on.
    fn done(&self, choice: Command) -> Answer {
        match self.then {
            Then::Nothing => Answer::Send(vec![choice]),
            Then::Review(time_point) => {
                Answer::Send(vec![choice, Command::MarkReviewed { time_point }])
            }
            Then::Sign(time_point) => {
                Answer::Next(vec![choice], Dialog::Sign(SignForm::new(time_point)))
            }
            Then::Amend(time_point) => {
                Answer::Next(vec![choice], Dialog::Amend(AmendForm::new(time_point)))
            }
        }
    }
}

/// The reader who acts now.
pub(super) fn current(readers: &ReadersView) -> Option<&ReaderRow> {
    readers.all.iter().find(|r| Some(r.id) == readers.current)
}

/// Name and role, or that there is none; a click asks.
pub(super) fn reader_chip(ui: &mut Ui, readers: &ReadersView, state: &mut UiState) {
    let p = theme::palette(ui);
    let (text, color, name, hover) = match current(readers) {
        Some(reader) => {
            let short: String = reader.name.chars().take(LONGEST).collect();
            let cut = if short.len() < reader.name.len() {
                "…"
            } else {
                ""
            };
            let role = texts::text(reader.role.name());
            (
                format!("{short}{cut} · {role}"),
                p.text_weak,
                tr!("Reader: {name}, {role}", name = reader.name, role),
                tr!(
                    "{name}, {role}, acts from now on. Click to change",
                    name = reader.name,
                    role
                ),
            )
        }
        None => (
            tr!("No reader named").to_owned(),
            p.warning,
            tr!("No reader named").to_owned(),
            tr!("What you do is recorded without a name. Click to say who you are").to_owned(),
        ),
    };
    let chip = chip_button(ui, Some(Icon::Person), &text, color, &name);
    let hover = state.keys.hint(&hover, Action::Reader);
    if chip.on_hover_text(hover).clicked() {
        state.ask(Dialog::Reader(ReaderForm::new(Then::Nothing)));
    }
}

/// Choose a known reader or enter one.
pub(super) fn reader_ui(ui: &Ui, view: &View, form: &mut ReaderForm, fresh: bool) -> Answer {
    let (title, why) = match form.then {
        Then::Nothing => (
            tr!("Who is reading?"),
            tr!(
                "The name stands beside everything done from now on, in the history and in reports."
            ),
        ),
        Then::Review(_) => (
            tr!("Who is reviewing?"),
            tr!("A reviewed reading carries the name of its reader, and none is named yet."),
        ),
        Then::Sign(_) => (
            tr!("Who is signing?"),
            tr!("A signature carries the name of its reader, and none is named yet."),
        ),
        Then::Amend(_) => (
            tr!("Who is amending?"),
            tr!("An amendment carries the name of its reader, and none is named yet."),
        ),
    };
    dialog::frame(ui, title, 380.0, |ui| {
        let mut answer = Answer::Open;
        weak(ui, why);
        if !view.readers.all.is_empty() {
            ui.add_space(4.0);
            heading(ui, tr!("Known readers"));
            ScrollArea::vertical().max_height(190.0).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                for reader in &view.readers.all {
                    let on = Some(reader.id) == view.readers.current;
                    let button = Button::selectable(on, &reader.name)
                        .right_text(RichText::new(texts::text(reader.role.name())).size(12.0))
                        .min_size(egui::vec2(ui.available_width(), 26.0));
                    let name = format!("{}, {}", reader.name, texts::text(reader.role.name()));
                    if ui.add(button).accessible_name(name).clicked() {
                        answer = form.done(Command::SetReader {
                            reader: Some(reader.id),
                        });
                    }
                }
            });
            ui.add_space(4.0);
            heading(ui, tr!("Somebody else"));
        }
        let entered = ui
            .horizontal(|ui| {
                let width = (ui.available_width() - 138.0).max(120.0);
                let field = ui
                    .add(
                        TextEdit::singleline(&mut form.name)
                            .hint_text(tr!("Name as printed in reports"))
                            .desired_width(width),
                    )
                    .accessible_name(tr!("Name of the reader"));
                if fresh {
                    field.request_focus();
                }
                ComboBox::from_id_salt("reader role")
                    .width(120.0)
                    .selected_text(texts::text(form.role.name()))
                    .show_ui(ui, |ui| {
                        for role in ReaderRole::ALL {
                            ui.selectable_value(&mut form.role, role, texts::text(role.name()));
                        }
                    })
                    .response
                    .accessible_name(tr!("Role of the reader"));
                field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter))
            })
            .inner;
        ui.add_space(6.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = form.name.trim().to_owned();
            let ready = !name.is_empty();
            let confirmed = ui
                .add_enabled_ui(ready, |ui| primary_button(ui, tr!("Confirm")))
                .inner
                .on_disabled_hover_text(tr!("Enter a name, or choose one above"));
            if ready && (confirmed.clicked() || entered) {
                answer = form.done(Command::EnterReader {
                    name,
                    role: form.role,
                });
            }
            if ui.button(tr!("Cancel")).clicked() {
                answer = Answer::Closed;
            }
            let leave = form.then == Then::Nothing && view.readers.current.is_some();
            if leave && ui.button(tr!("Go on without a name")).clicked() {
                answer = Answer::Send(vec![Command::SetReader { reader: None }]);
            }
        });
        answer
    })
}
