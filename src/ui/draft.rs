//! What a language model would write, beside the sentences that are made of facts.

mod description;
mod state;

use egui::{Button, CollapsingHeader, RichText, Ui};

use super::theme;
use super::widgets::{heading, menu, weak};
use crate::app::Command;
use crate::app::view::{DraftState, DraftView};
use crate::texts::tr;
use description::description_ui;
use state::{Words, state_ui};

/// Draws models, the draft and what it was made of; descriptions of images, and what models take.
pub fn draft_ui(ui: &mut Ui, draft: &DraftView, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        heading(ui, tr!("Draft by a language model"));
        menu_ui(ui, draft, out);
    });
    match &draft.state {
        DraftState::None => start_ui(ui, draft, out),
        state => {
            let words = Words {
                mark: tr!("Unchecked draft"),
                meaning: tr!(
                    "Nobody has compared these words with the facts. They enter no report."
                ),
                stop: Command::DropDraft,
            };
            state_ui(ui, state, words, out);
        }
    }
    if let Some(description) = &draft.description {
        ui.add_space(6.0);
        description_ui(ui, draft, description, out);
    }
    if !draft.resources.is_empty() {
        resources_ui(ui, draft, out);
    }
}

/// What the machine has for models, and what takes it.
fn resources_ui(ui: &mut Ui, draft: &DraftView, out: &mut Vec<Command>) {
    let title = RichText::new(tr!("Memory for models")).size(12.0);
    CollapsingHeader::new(title)
        .id_salt("model-memory")
        .show(ui, |ui| {
            for line in &draft.resources {
                weak(ui, line);
            }
            if draft.is_open {
                let close = ui.button(RichText::new(tr!("Close the model")).size(12.0));
                if close.on_hover_text(tr!("Gives its memory back")).clicked() {
                    out.push(Command::CloseModel);
                }
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
        if ui
            .add(Button::selectable(
                draft.description.is_some(),
                tr!("Descriptions of images (experiment)"),
            ))
            .on_hover_text(tr!(
                "Lets a model that sees say what it sees on a slice. That is no finding."
            ))
            .clicked()
        {
            out.push(Command::OfferDescriptions {
                on: draft.description.is_none(),
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
