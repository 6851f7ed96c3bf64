//! What a model says of an image: an experiment, kept apart from findings.

use egui::{Button, RichText, Ui};

use super::state::{Words, state_ui};
use crate::app::Command;
use crate::app::view::{DescriptionView, DraftModel, DraftState, DraftView};
use crate::texts::tr;
use crate::ui::widgets::{heading, weak};

pub(super) fn description_ui(
    ui: &mut Ui,
    draft: &DraftView,
    description: &DescriptionView,
    out: &mut Vec<Command>,
) {
    heading(ui, tr!("Description of an image (experiment)"));
    weak(
        ui,
        tr!(
            "Models see things that are not there and miss things that are. This is no finding and enters no report."
        ),
    );
    if !description.title.is_empty() {
        weak(ui, &description.title);
    }
    let words = Words {
        mark: tr!("Experiment, no finding"),
        meaning: tr!("What a language model says of one slice. Nobody has checked it."),
        stop: Command::DropDescription,
    };
    state_ui(ui, &description.state, words, out);
    match description.state {
        DraftState::UnderWay { .. } | DraftState::Busy => return,
        DraftState::Made { .. } | DraftState::Failed { .. } => {
            let away = Button::new(RichText::new(tr!("Put the description away")).size(12.0));
            if ui.add(away).clicked() {
                out.push(Command::DropDescription);
            }
        }
        DraftState::None => {}
    }
    let seeing: Vec<&DraftModel> = draft.models.iter().filter(|model| model.sees).collect();
    if seeing.is_empty() {
        weak(ui, tr!("No model on this computer sees images."));
        return;
    }
    if description.images.is_empty() {
        weak(ui, tr!("No image is shown."));
        return;
    }
    for model in seeing {
        ui.horizontal_wrapped(|ui| {
            weak(ui, tr!("Describe with {name}:", name = model.name));
            for (title, series) in &description.images {
                let button = Button::new(RichText::new(title).size(12.0));
                let hover = tr!(
                    "Let {name} say what it sees on this slice",
                    name = model.name
                );
                if ui.add(button).on_hover_text(hover).clicked() {
                    out.push(Command::Describe {
                        model: model.found.clone(),
                        series: *series,
                    });
                }
            }
        });
    }
}
