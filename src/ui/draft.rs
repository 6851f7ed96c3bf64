//! What a language model would write, beside the sentences that are made of facts.

use egui::{Button, Frame, Label, Margin, ProgressBar, RichText, Stroke, Ui};

use super::theme;
use super::widgets::{chip, heading, menu, weak};
use crate::app::Command;
use crate::app::view::{DraftState, DraftView};
use crate::texts::tr;

/// Draws models, the draft and what it was made of.
pub fn draft_ui(ui: &mut Ui, draft: &DraftView, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        heading(ui, tr!("Draft by a language model"));
        menu_ui(ui, draft, out);
    });
    match &draft.state {
        DraftState::None => start_ui(ui, draft, out),
        DraftState::Busy => {
            weak(ui, tr!("A draft about another patient is being written."));
        }
        DraftState::UnderWay {
            text,
            step,
            fraction,
        } => {
            words_ui(ui, text);
            ui.horizontal(|ui| {
                let bar = ProgressBar::new(*fraction).desired_width(120.0);
                ui.add(bar).on_hover_text(step);
                weak(ui, step);
                if ui.button(tr!("Stop")).clicked() {
                    out.push(Command::DropDraft);
                }
            });
        }
        DraftState::Made {
            text,
            is_cut,
            is_old,
            provenance,
        } => {
            words_ui(ui, text);
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
fn words_ui(ui: &mut Ui, text: &str) {
    let p = theme::palette(ui);
    let frame = Frame::new()
        .stroke(Stroke::new(1.0, p.warning))
        .inner_margin(Margin::same(6))
        .corner_radius(4);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        chip(ui, tr!("Unchecked draft"), p.warning).on_hover_text(tr!(
            "Nobody has compared these words with the facts. They enter no report."
        ));
        if !text.is_empty() {
            let words = RichText::new(text).size(13.0).italics().color(p.text);
            ui.add(Label::new(words).wrap());
        }
    });
}

fn start_ui(ui: &mut Ui, draft: &DraftView, out: &mut Vec<Command>) {
    if draft.models.is_empty() {
        weak(
            ui,
            tr!("No model is on this computer. `oncotwin models` fetches one or takes one over."),
        );
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for model in &draft.models {
            let text = tr!(
                "Draft by {name} · {size}",
                name = model.name,
                size = model.size
            );
            let button = Button::new(RichText::new(text).size(12.0));
            let hover = tr!("Let {name} write a draft", name = model.name);
            if ui.add(button).on_hover_text(hover).clicked() {
                out.push(Command::Draft {
                    model: model.found.clone(),
                });
            }
            ui.end_row();
            match &model.needs {
                Ok(needs) => weak(ui, needs),
                Err(reason) => {
                    let ink = theme::palette(ui).warning;
                    ui.label(RichText::new(reason).size(12.0).color(ink))
                }
            };
            ui.end_row();
        }
    });
}

fn menu_ui(ui: &mut Ui, draft: &DraftView, out: &mut Vec<Command>) {
    menu(ui, tr!("Drafts"), |ui| {
        ui.set_min_width(200.0);
        for model in &draft.models {
            let text = tr!("Draft by {name}", name = model.name);
            if ui.button(text).clicked() {
                out.push(Command::Draft {
                    model: model.found.clone(),
                });
            }
        }
        if ui
            .add(Button::selectable(draft.is_long, tr!("With more facts")))
            .on_hover_text(tr!(
                "A context of 4096 tokens in place of 2048; takes longer"
            ))
            .clicked()
        {
            out.push(Command::SetDraftExtent {
                long: !draft.is_long,
            });
        }
        ui.separator();
        if ui.button(tr!("Put the draft away")).clicked() {
            out.push(Command::DropDraft);
        }
        if ui.button(tr!("Look for models again")).clicked() {
            out.push(Command::LookForModels);
        }
        let close = ui.button(tr!("Close the model"));
        if close.on_hover_text(tr!("Gives its memory back")).clicked() {
            out.push(Command::CloseModel);
        }
    });
}
