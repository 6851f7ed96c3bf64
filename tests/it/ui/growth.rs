//! The growth panel: what it lets a reader choose, and what it sends.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::view::{ActShape, ActView, PatientView, PriorSet, Schedule, TreatmentKind};
use oncotwin::app::{Command, TreatmentEntry};
use oncotwin::ui::{UiState, growth_ui, theme, treatments_ui};

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
        .wgpu()
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

#[test]
fn what_acts_is_named_below_the_plot() {
    let mut harness = panel(|patient| {
        let growth = &mut patient.growth;
        growth.points[1].below_limit = true;
        growth.scenario_treated = vec![ActView {
            name: "pembrolizumab".into(),
            shape: ActShape::Span,
            from: 150.0,
            to: 240.0,
        }];
    });
    harness.run();
    for entry in [
        "treated",
        "ticks: carboplatin, radiotherapy, 5.00 Gy",
        "given in the what-if",
        "▽ below 5 mm",
    ] {
        harness.get_by_label(entry);
    }
    let mut results = egui_kittest::SnapshotResults::new();
    results.add(harness.try_snapshot("growth_treated_dark"));
}

/// The form by itself.
fn form() -> Harness<'static, Panel> {
    let panel = Panel {
        patient: fixture::loaded(true).patient.expect("a patient"),
        ui: UiState::default(),
        sent: Vec::new(),
    };
    let mut harness = Harness::builder()
        .with_size(egui::vec2(460.0, 300.0))
        .with_max_steps(16)
        .with_context_setup(theme::install)
        .wgpu()
        .build_ui_state(
            |ui, panel: &mut Panel| {
                treatments_ui(ui, &panel.patient, None, &mut panel.ui, &mut panel.sent);
            },
            panel,
        );
    harness.run();
    harness.get_by_label("Add treatment").click();
    harness.run();
    harness
}

fn type_into(harness: &mut Harness<'_, Panel>, name: &str, text: &str) {
    harness.get_by_label(name).focus();
    harness.run();
    harness.get_by_label(name).type_text(text);
    harness.run();
}

fn choose(harness: &mut Harness<'_, Panel>, combo: &str, choice: &str) {
    harness.get_by_label(combo).click();
    harness.run();
    harness.get_by_label(choice).click();
    harness.run();
}

fn entered(harness: &mut Harness<'_, Panel>) -> TreatmentEntry {
    harness.get_by_label("Add").click();
    harness.run();
    match harness.state_mut().sent.pop() {
        Some(Command::AddTreatment { treatment }) => treatment,
        other => panic!("{other:?}"),
    }
}

#[test]
fn doses_every_three_weeks_are_entered_as_such() {
    let mut harness = form();
    type_into(&mut harness, "First day", "2024-06-03");
    choose(&mut harness, "How the drug is given", "repeatedly");
    type_into(&mut harness, "Dose", "75");
    type_into(&mut harness, "Unit", "mg/m2");
    // What is missing is said.
    harness.get_by_label("Say every how many days, for example 21");
    type_into(&mut harness, "Every", "21");
    type_into(&mut harness, "Times", "6");
    let mut results = egui_kittest::SnapshotResults::new();
    results.add(harness.try_snapshot("treatment_form_dark"));
    let treatment = entered(&mut harness);
    let schedule = Schedule::Repeated {
        every_days: 21,
        times: 6,
    };
    assert_eq!(treatment.schedule, Some(schedule));
    assert_eq!(treatment.dose, Some(75.0));
}

#[test]
fn radiotherapy_is_entered_with_its_fractions() {
    let mut harness = form();
    type_into(&mut harness, "First day", "2024-06-03");
    choose(&mut harness, "Kind of treatment", "Radiotherapy");
    type_into(&mut harness, "Total, Gy", "60");
    type_into(&mut harness, "Fractions", "30");
    type_into(&mut harness, "Last day", "2024-06-05");
    harness.get_by_label("These are more than three fractions a day");
    harness.get_by_label("Last day").focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.run();
    type_into(&mut harness, "Last day", "2024-07-12");
    let treatment = entered(&mut harness);
    assert_eq!(treatment.kind, TreatmentKind::Radiotherapy);
    assert_eq!(
        (treatment.dose, treatment.fractions),
        (Some(60.0), Some(30))
    );
    assert_eq!(treatment.duration_days, 39.0);
}
