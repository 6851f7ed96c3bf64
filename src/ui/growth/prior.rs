//! Which population the fit takes for granted where the measurements do not tell.

use egui::{ComboBox, RichText, Ui};

use crate::app::Command;
use crate::app::view::{GrowthView, PriorSet};
use crate::texts::tr;
use crate::ui::theme;

/// The priors of the fit, to be changed: a posterior cannot be cited without them.
pub(super) fn prior_ui(ui: &mut Ui, growth: &GrowthView, out: &mut Vec<Command>) {
    if growth.lesion.is_none() {
        return;
    }
    let p = theme::palette(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.label(RichText::new(tr!("Priors")).color(p.text_weak));
        let combo = ComboBox::from_id_salt("priors")
            .width(ui.available_width().min(330.0))
            .truncate()
            .selected_text(population(growth.prior))
            .show_ui(ui, |ui| {
                for prior in PriorSet::ALL {
                    let on = prior == growth.prior;
                    let choice = ui
                        .selectable_label(on, population(prior))
                        .on_hover_text(prior.source());
                    if choice.clicked() && !on {
                        out.push(Command::ChoosePrior { prior });
                    }
                }
            });
        combo
            .response
            .on_hover_text(tr!(
                "What is taken from other patients where these measurements do not tell.\n{source}",
                source = growth.prior.source()
            ))
            .accessible_name(tr!("Priors of the fit"));
    });
}

/// Whose lesions they come from.
fn population(prior: PriorSet) -> &'static str {
    match prior {
        PriorSet::Generic => tr!("Generic"),
        PriorSet::Ribba2022Nsclc => tr!("Lung cancer, second line (Ribba 2022)"),
        PriorSet::Struemper2025Nsclc => {
            tr!("Lung cancer, pembrolizumab and chemotherapy (Struemper 2025)")
        }
        PriorSet::Claret2014Nsclc => tr!("Lung cancer, first line (Claret 2014)"),
        PriorSet::Terranova2022Gastric => tr!("Gastric cancer (Terranova 2022)"),
        PriorSet::Vaghi2020MouseLung => tr!("Mice: Lewis lung tumours (Vaghi 2020)"),
        PriorSet::Vaghi2020MouseBreast => tr!("Mice: breast tumours MDA-MB-231 (Vaghi 2020)"),
    }
}
