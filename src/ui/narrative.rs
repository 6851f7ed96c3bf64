//! The narrative, sentence by sentence, with the facts behind its numbers.

use egui::{Label, RichText, Sense, Ui};

use super::theme;
use super::widgets::{chip_button, heading, weak};
use crate::app::Command;
use crate::app::view::{NarrativeRow, Subject};
use crate::texts::tr;

/// Draws the sentences; hovering one shows its facts, each of which can be followed to its source.
pub fn narrative_ui(ui: &mut Ui, narrative: &[NarrativeRow], out: &mut Vec<Command>) {
    heading(ui, tr!("Narrative"));
    if narrative.is_empty() {
        weak(ui, tr!("Written once a lesion is measured."));
    }
    let p = theme::palette(ui);
    ui.spacing_mut().item_spacing = egui::vec2(4.0, 4.0);
    for row in narrative {
        ui.horizontal_wrapped(|ui| {
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
            for (number, fact) in &row.facts {
                fact_ui(ui, *number, fact, out);
            }
        });
    }
}

fn fact_ui(ui: &mut Ui, number: u32, fact: &str, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let name = tr!("Where does F{number} come from?", number);
    let chip = chip_button(ui, None, &format!("F{number}"), p.text_weak, &name);
    let chip = chip.on_hover_ui(|ui| {
        ui.label(RichText::new(fact).size(12.0));
        weak(ui, tr!("Click: where this comes from"));
    });
    if chip.clicked() {
        let subject = Subject::Fact(number);
        out.push(Command::Trace { subject });
    }
}
