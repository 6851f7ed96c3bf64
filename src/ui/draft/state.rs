//! What a model writes or wrote, and what it is called.

use egui::{Frame, Label, Margin, ProgressBar, RichText, Stroke, Ui};

use crate::app::Command;
use crate::app::view::DraftState;
use crate::texts::tr;
use crate::ui::theme;
use crate::ui::widgets::{chip, weak};

/// What words are.
pub(super) struct Words {
    /// In two or three words.
    pub(super) mark: &'static str,
    /// What that means.
    pub(super) meaning: &'static str,
    /// What stops them.
    pub(super) stop: Command,
}

/// Draws what is there, or is on its way.
pub(super) fn state_ui(ui: &mut Ui, state: &DraftState, words: Words, out: &mut Vec<Command>) {
    match state {
        DraftState::None => {}
        DraftState::Busy => {
            weak(ui, tr!("Something else is being written."));
        }
        DraftState::UnderWay {
            text,
            step,
            fraction,
        } => {
            // Above the words: a button that they push down as they come cannot be hit.
            ui.horizontal(|ui| {
                let bar = ProgressBar::new(*fraction).desired_width(120.0);
                ui.add(bar).on_hover_text(step);
                weak(ui, step);
                if ui.button(tr!("Stop")).clicked() {
                    out.push(words.stop.clone());
                }
            });
            words_ui(ui, text, &words);
        }
        DraftState::Made {
            text,
            is_cut,
            is_old,
            provenance,
        } => {
            words_ui(ui, text, &words);
            if *is_cut {
                weak(ui, tr!("It had more to say than it may."));
            }
            if *is_old {
                let warning = theme::palette(ui).warning;
                let text = RichText::new(tr!("The facts have changed since.")).size(12.0);
                ui.label(text.color(warning));
            }
            let first = provenance.first().map_or("", String::as_str);
            let made = Label::new(RichText::new(first).size(12.0)).selectable(false);
            ui.add(made).on_hover_ui(|ui| {
                for line in provenance {
                    ui.label(RichText::new(line).size(12.0));
                }
            });
        }
        DraftState::Failed { text, hint } => {
            let p = theme::palette(ui);
            ui.label(RichText::new(text).size(13.0).color(p.danger));
            weak(ui, hint);
        }
    }
}

/// The words in a frame that says what they are.
fn words_ui(ui: &mut Ui, text: &str, words: &Words) {
    let p = theme::palette(ui);
    let frame = Frame::new()
        .stroke(Stroke::new(1.0, p.warning))
        .inner_margin(Margin::same(6))
        .corner_radius(4);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        chip(ui, words.mark, p.warning).on_hover_text(words.meaning);
        if !text.is_empty() {
            let words = RichText::new(text).size(13.0).italics().color(p.text);
            ui.add(Label::new(words).wrap());
        }
    });
}
