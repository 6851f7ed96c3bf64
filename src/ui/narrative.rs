//! The narrative, sentence by sentence, with the facts behind its numbers.

use egui::{Label, RichText, Sense, Ui};

use super::theme;
use super::widgets::{heading, weak};
use crate::app::view::NarrativeRow;

/// Draws the sentences; hovering one shows its facts.
pub fn narrative_ui(ui: &mut Ui, narrative: &[NarrativeRow]) {
    heading(ui, "Narrative");
    if narrative.is_empty() {
        weak(ui, "Written once a lesion is measured.");
    }
    let p = theme::palette(ui);
    ui.spacing_mut().item_spacing.y = 4.0;
    for row in narrative {
        let response = ui.add(
            Label::new(RichText::new(&row.text).size(13.0).color(p.text))
                .wrap()
                .sense(Sense::hover()),
        );
        if !row.facts.is_empty() {
            response.on_hover_ui(|ui| {
                for (_, fact) in &row.facts {
                    ui.label(RichText::new(fact).size(12.0));
                }
            });
        }
    }
}
