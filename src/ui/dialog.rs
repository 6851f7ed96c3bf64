//! Questions that hold everything else up until they are answered or called off.

use egui::{Frame, Id, Key, Margin, Modal, Popup, RichText, Role, Ui, WidgetInfo};

use super::erase::{EraseForm, erase_ui};
use super::key_dialog::{KeysForm, keys_ui};
use super::palette::{PaletteForm, palette_ui};
use super::person::{PersonForm, person_ui};
use super::readers::{ReaderForm, reader_ui};
use super::signing::{AmendForm, SignForm, amend_ui, sign_ui};
use super::size::{SizeForm, size_ui};
use super::state::UiState;
use super::theme;
use super::uptake::{UptakeForm, uptake_ui};
use crate::app::Command;
use crate::app::view::View;

/// The question that is open, with what was entered so far.
pub(super) enum Dialog {
    Reader(ReaderForm),
    Sign(SignForm),
    Amend(AmendForm),
    Erase(EraseForm),
    Keys(KeysForm),
    OnePerson(PersonForm),
    Palette(PaletteForm),
    Uptake(UptakeForm),
    Size(SizeForm),
}

/// What a question comes to in a frame.
pub(super) enum Answer {
    /// Still open.
    Open,
    /// Still open; these are to be done meanwhile.
    Do(Vec<Command>),
    /// Called off, or its subject is gone.
    Closed,
    /// Answered; these are to be done.
    Send(Vec<Command>),
    /// Answered, which leads to the next question.
    Next(Vec<Command>, Dialog),
}

/// Draws the question that is open.
pub(super) fn dialog_ui(ui: &Ui, view: &View, state: &mut UiState, out: &mut Vec<Command>) {
    let Some(mut dialog) = state.dialog.take() else {
        return;
    };
    let fresh = std::mem::take(&mut state.fresh);
    let answer = match &mut dialog {
        Dialog::Reader(form) => reader_ui(ui, view, form, fresh),
        Dialog::Sign(form) => sign_ui(ui, view, form),
        Dialog::Amend(form) => amend_ui(ui, view, form, fresh),
        Dialog::Erase(form) => erase_ui(ui, view, form, fresh),
        Dialog::Keys(form) => keys_ui(ui, view, form),
        Dialog::OnePerson(form) => person_ui(ui, view, form, fresh),
        Dialog::Palette(form) => palette_ui(ui, view, state, form, fresh),
        Dialog::Uptake(form) => uptake_ui(ui, view, form),
        Dialog::Size(form) => size_ui(ui, view, form, fresh),
    };
    match answer {
        Answer::Open => state.dialog = Some(dialog),
        Answer::Do(commands) => {
            out.extend(commands);
            state.dialog = Some(dialog);
        }
        Answer::Closed => {}
        Answer::Send(commands) => out.extend(commands),
        Answer::Next(commands, next) => {
            out.extend(commands);
            state.ask(next);
        }
    }
}

/// A box over the middle of the window. Escape calls it off; a click beside it does not, because
/// what was typed would be lost.
pub(super) fn frame(
    ui: &Ui,
    title: &str,
    width: f32,
    add: impl FnOnce(&mut Ui) -> Answer,
) -> Answer {
    let p = theme::palette(ui);
    let room = ui.ctx().content_rect().size();
    let shown = Modal::new(Id::unique("dialog"))
        .frame(
            Frame::popup(ui.style())
                .fill(p.panel)
                .inner_margin(Margin::same(16)),
        )
        .show(ui.ctx(), |ui| {
            ui.set_width(width.min(room.x - 64.0));
            ui.label(RichText::new(title).font(theme::medium(16.0)).color(p.text));
            ui.add_space(2.0);
            add(ui)
        });
    shown
        .response
        .widget_info(|| WidgetInfo::labeled(Role::Dialog, true, title));
    let called_off = shown.is_top_modal
        && !Popup::is_any_open(ui.ctx())
        && ui.input(|i| i.key_pressed(Key::Escape));
    match shown.inner {
        Answer::Open if called_off => Answer::Closed,
        answer => answer,
    }
}
