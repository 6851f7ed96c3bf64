//! The state of the reading of a time point: the badge in the head of its column and its menu.

use egui::{Align, Color32, Layout, Popup, RichText, Ui, UiBuilder};

use super::dialog::Dialog;
use super::readers::{ReaderForm, Then, current};
use super::signing::{amend, sign};
use super::state::UiState;
use super::theme::{self, Palette};
use super::widgets::{Icon, chip_button, gated, icon, weak};
use crate::app::Command;
use crate::app::view::{ColumnView, ReadingState, ReadingView, Subject, View};
use crate::texts::{self, mark, tr};

/// Why a locked thing does not change.
pub(super) const SIGNED: &str = mark!("Signed – amend the reading first");
/// Words of a reading that no longer is what was signed.
const BROKEN: &str = mark!(
    "What was signed is not what stands now: the record was altered outside the \
                      program"
);

/// Why nothing of a time point can be changed, if so.
pub(super) fn barred<'a>(read_only: Option<&'a str>, column: &ColumnView) -> Option<&'a str> {
    read_only.or((column.reading.state == ReadingState::Signed).then(|| texts::text(SIGNED)))
}

fn look(p: &Palette, reading: &ReadingView) -> (Icon, &'static str, Color32) {
    match reading.state {
        _ if reading.broken => (Icon::Warning, tr!("Altered"), p.error),
        ReadingState::Draft => (Icon::Pencil, tr!("Draft"), p.text_weak),
        ReadingState::Reviewed => (Icon::Check, tr!("Reviewed"), p.info),
        ReadingState::Signed => (Icon::Lock, tr!("Signed"), p.success),
    }
}

/// The badge; without its word where the column is narrow.
pub(super) fn badge_ui(
    ui: &mut Ui,
    view: &View,
    column: &ColumnView,
    words: bool,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let reading = &column.reading;
    let (sign, word, color) = look(p, reading);
    let name = tr!("Reading of {title}: {word}", title = column.title, word);
    let shown = if words { word } else { "" };
    let badge = chip_button(ui, Some(sign), shown, color, &name);
    Popup::menu(&badge).show(|ui| menu_ui(ui, view, column, state, out));
    badge.on_hover_ui(|ui| states_ui(ui, reading, word));
}

fn states_ui(ui: &mut Ui, reading: &ReadingView, word: &str) {
    let p = theme::palette(ui);
    if reading.broken {
        ui.label(RichText::new(BROKEN).color(p.error));
    }
    let text = match &*reading.text {
        "" => tr!("{word}: nobody has reviewed or signed this reading", word),
        text => text.to_owned(),
    };
    ui.label(RichText::new(text).color(p.text));
    for line in &reading.history {
        weak(ui, line);
    }
}

fn menu_ui(
    ui: &mut Ui,
    view: &View,
    column: &ColumnView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let reading = &column.reading;
    let time_point = column.id;
    let p = theme::palette(ui);
    let (_, word, _) = look(p, reading);
    ui.set_min_width(230.0);
    ui.set_max_width(340.0);
    // Menus stretch what they hold, which tears sentences apart.
    ui.scope_builder(
        UiBuilder::new().layout(Layout::top_down(Align::Min)),
        |ui| states_ui(ui, reading, word),
    );
    ui.separator();
    let read_only = view.read_only.as_deref();
    let empty = (!reading.has_content).then_some(tr!("No lesion is marked at this time point"));
    let signed = (reading.state == ReadingState::Signed).then(|| texts::text(SIGNED));
    let again = (reading.state == ReadingState::Reviewed).then_some(tr!("Reviewed already"));
    let review = gated(
        ui,
        read_only.or(signed).or(again).or(empty),
        egui::Button::new(tr!("Mark as reviewed")),
    );
    if review.clicked() {
        mark_reviewed(view, column, state, out);
    }
    let signing = gated(
        ui,
        read_only.or(signed).or(empty),
        egui::Button::new(tr!("Sign…")).right_text("F9"),
    );
    if signing.clicked() {
        state.ask(sign(view, time_point));
    }
    let unsigned = signed
        .is_none()
        .then_some(tr!("Only a signed reading is amended"));
    let amending = gated(ui, read_only.or(unsigned), egui::Button::new(tr!("Amend…")));
    if amending.clicked() {
        state.ask(amend(view, time_point));
    }
    ui.separator();
    if ui.button(tr!("Where does this come from?")).clicked() {
        out.push(Command::Trace {
            subject: Subject::Reading(time_point),
        });
    }
}

/// Reviewing begins with a name.
fn mark_reviewed(view: &View, column: &ColumnView, state: &mut UiState, out: &mut Vec<Command>) {
    let time_point = column.id;
    if current(&view.readers).is_some() {
        out.push(Command::MarkReviewed { time_point });
    } else {
        state.ask(Dialog::Reader(ReaderForm::new(Then::Review(time_point))));
    }
}

/// The key for it: sign, or amend what is signed.
pub(super) fn sign_key(view: &View, column: &ColumnView, state: &mut UiState) {
    if view.read_only.is_some() {
        return;
    }
    if column.reading.state == ReadingState::Signed {
        state.ask(amend(view, column.id));
    } else if column.reading.has_content {
        state.ask(sign(view, column.id));
    }
}

/// The key for it: mark as reviewed what is a draft.
pub(super) fn review_key(
    view: &View,
    column: &ColumnView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let reading = &column.reading;
    if view.read_only.is_none() && reading.state == ReadingState::Draft && reading.has_content {
        mark_reviewed(view, column, state, out);
    }
}

/// A line of its own in the column when a signature does not hold any more.
pub(super) fn broken_ui(ui: &mut Ui, column: &ColumnView) {
    if !column.reading.broken {
        return;
    }
    let p = theme::palette(ui);
    ui.horizontal_top(|ui| {
        icon(ui, Icon::Warning, p.error, tr!("Error"));
        ui.add(
            egui::Label::new(
                RichText::new(format!("{BROKEN}."))
                    .size(12.0)
                    .color(p.error),
            )
            .wrap(),
        );
    });
}
