//! Strips that stay until something is done about them: a crash of an earlier session, a workspace
//! that cannot be changed.

use egui::{
    Align, Align2, Color32, Frame, Id, Label, Layout, Margin, RichText, ScrollArea, Ui, Window,
};
use egui::{Stroke, vec2};

use super::dialog::Dialog;
use super::person::PersonForm;
use super::state::UiState;
use super::theme;
use super::widgets::{Icon, gated, icon, primary_button, weak};
use crate::app::Command;
use crate::app::view::{CrashView, View};
use crate::texts::tr;

/// A coloured strip: sign and text at the left, buttons at the right.
fn strip(
    ui: &mut Ui,
    color: Color32,
    sign: Icon,
    (word, title, detail): (&str, &str, &str),
    buttons: impl FnOnce(&mut Ui),
) {
    let p = theme::palette(ui);
    let shown = Frame::new()
        .fill(color.gamma_multiply(0.12))
        .inner_margin(Margin::symmetric(12, 4))
        .show(ui, |ui| {
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                buttons(ui);
                ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                    icon(ui, sign, color, word);
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.y = 1.0;
                        ui.add_space(2.0);
                        let title = RichText::new(title).font(theme::medium(13.0));
                        ui.add(Label::new(title.color(p.text)).wrap());
                        if !detail.is_empty() {
                            weak(ui, detail);
                        }
                    });
                });
            });
        });
    let rect = shown.response.rect;
    ui.painter()
        .vline(rect.left() + 1.0, rect.y_range(), Stroke::new(2.0, color));
}

/// Why nothing can be changed, and the way out.
pub(super) fn read_only_ui(ui: &mut Ui, reason: &str, out: &mut Vec<Command>) {
    let color = theme::palette(ui).warning;
    let text = (
        tr!("Read only"),
        tr!("Reading only – nothing can be changed"),
        reason,
    );
    strip(ui, color, Icon::Lock, text, |ui| {
        let reload = ui.button(tr!("Reload")).on_hover_text(tr!(
            "Read the workspace again, and take it over for writing if it is free"
        ));
        if reload.clicked() {
            out.push(Command::Reload);
        }
    });
}

/// Why the studies shown may be of several persons, and the way on.
pub(super) fn identity_ui(ui: &mut Ui, view: &View, dispute: &str, state: &mut UiState) {
    let color = theme::palette(ui).error;
    let text = (
        tr!("Patient mix-up"),
        tr!(
            "W-PATIENT: drawing, signing and reports wait until somebody states whose studies these are"
        ),
        dispute,
    );
    strip(ui, color, Icon::Person, text, |ui| {
        let state_it = gated(
            ui,
            view.read_only.as_deref(),
            egui::Button::new(tr!("State why they are one person…")),
        );
        if state_it.clicked() {
            state.ask(Dialog::OnePerson(PersonForm::default()));
        }
        if ui.button(tr!("Explain")).clicked() {
            state.page = Some("W-PATIENT".to_owned());
        }
    });
}

/// What happened, and what becomes of the report.
pub(super) fn crash_ui(
    ui: &mut Ui,
    crash: &CrashView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let color = theme::palette(ui).error;
    let text = (
        tr!("Crash report"),
        tr!("OncoTwin stopped unexpectedly the last time. Nothing was sent to anybody."),
        &*crash.summary,
    );
    strip(ui, color, Icon::Warning, text, |ui| {
        if ui
            .button(tr!("Delete"))
            .on_hover_text(tr!("Delete the report from this computer"))
            .clicked()
        {
            out.push(Command::SettleCrash { keep: false });
        }
        if ui
            .button(tr!("Keep the file"))
            .on_hover_text(&crash.path)
            .clicked()
        {
            out.push(Command::SettleCrash { keep: true });
        }
        if ui
            .button(tr!("Copy"))
            .on_hover_text(tr!("Copy the report as text; it holds no patient data"))
            .clicked()
        {
            ui.ctx().copy_text(crash.text.clone());
        }
        if primary_button(ui, tr!("Show")).clicked() {
            state.show_crash = !state.show_crash;
        }
    });
    report_ui(ui, crash, &mut state.show_crash);
}

fn report_ui(ui: &Ui, crash: &CrashView, open: &mut bool) {
    let room = ui.ctx().content_rect();
    Window::new(tr!("Crash report"))
        .id(Id::unique("crash"))
        .open(open)
        .collapsible(false)
        // Below the strip, whose buttons decide about it.
        .pivot(Align2::CENTER_TOP)
        .default_pos(room.center_top() + vec2(0.0, 76.0))
        .default_size(vec2(
            (room.width() - 64.0).min(640.0),
            (room.height() - 160.0).min(420.0),
        ))
        .max_height(room.height() - 100.0)
        .show(ui.ctx(), |ui| {
            weak(ui, tr!("{path} – holds no patient data", path = crash.path));
            ScrollArea::both()
                .auto_shrink([false, false])
                .show(ui, |ui| {
                    let text = RichText::new(&crash.text).monospace();
                    ui.add(Label::new(text).selectable(true).extend());
                });
        });
}
