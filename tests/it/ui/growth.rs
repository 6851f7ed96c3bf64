//! The growth panel: what it lets a reader choose, and what it sends.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{PatientView, PriorSet};
use oncotwin::ui::{UiState, growth_ui, theme};

use super::fixture;

/// The panel by itself, with what it sent.
struct Panel {
    patient: PatientView,
    ui: UiState,
    sent: Vec<Command>,
}

fn panel(change: impl FnOnce(&mut PatientView)) -> Harness<'static, Panel> {
    let mut patient = fixture::loaded(true).patient.expect("a patient");
    change(&mut patient);
    let panel = Panel {
        patient,
        ui: UiState::default(),
        sent: Vec::new(),
    };
    Harness::builder()
        .with_size(egui::vec2(460.0, 700.0))
        .with_max_steps(16)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, panel: &mut Panel| {
                growth_ui(ui, &panel.patient, &mut panel.ui, &mut panel.sent);
            },
            panel,
        )
}

#[test]
fn the_priors_of_the_fit_are_shown_and_chosen() {
    let mut harness = panel(|_| {});
    harness.run();
    harness.get_by_label("Priors of the fit").click();
    harness.run();
    // Mice are named as mice.
    harness.get_by_label("Mice: Lewis lung tumours (Vaghi 2020)");
    harness
        .get_by_label("Lung cancer, second line (Ribba 2022)")
        .click();
    harness.run();
    assert_eq!(
        harness.state().sent,
        [Command::ChoosePrior {
            prior: PriorSet::Ribba2022Nsclc
        }]
    );
}

#[test]
fn no_priors_are_asked_for_where_nothing_is_fitted() {
    let mut harness = panel(|patient| patient.growth = Default::default());
    harness.run();
    assert!(harness.query_by_label("Priors of the fit").is_none());
}
