//! The tour: it waits for what it asks for, and shows what holds.

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::view::View;

use super::*;

fn chooser() -> Harness<'static, Stage> {
    let mut harness = harness(fixture::chooser(true), [1200.0, 800.0]);
    harness.run();
    harness.get_by_label("Tour in five minutes").click();
    harness.run();
    harness
}

/// Another view of the program, as after what was asked for was done.
fn show(harness: &mut Harness<'_, Stage>, view: View) {
    harness.state_mut().view = view;
    harness.run();
}

#[test]
fn a_step_is_done_when_it_was_done_and_can_be_skipped() {
    let mut harness = chooser();
    assert!(harness.query_by_label("Welcome to OncoTwin").is_some());
    assert!(
        harness.query_by_label("Next").is_none(),
        "nothing was opened yet"
    );
    show(&mut harness, fixture::loaded(true));
    harness.get_by_label("Next").click();
    harness.run();
    assert!(
        harness
            .query_by_label("Visits stand side by side")
            .is_some()
    );

    // Paging is seen; a step that was not done can be left.
    assert!(harness.query_by_label("Next").is_none());
    let mut paged = fixture::loaded(true);
    let column = &mut paged.patient.as_mut().expect("a patient").columns[0];
    column.shown.as_mut().expect("a slice").slice += 1;
    show(&mut harness, paged);
    harness.get_by_label("Next").click();
    harness.run();
    harness.get_by_label("Skip").click();
    harness.run();
    assert!(harness.query_by_label("One gesture, one lesion").is_some());
    harness.get_by_label("Back").click();
    harness.run();
    assert!(harness.query_by_label("Light").is_some());
}

#[test]
fn it_comes_to_its_end_without_touching_the_record() {
    let mut harness = chooser();
    show(&mut harness, fixture::loaded(true));
    sent(&mut harness);
    for _ in 0..30 {
        let next = ["Next", "Skip", "End the tour"]
            .into_iter()
            .find(|name| harness.query_by_label(name).is_some());
        let Some(next) = next else { break };
        harness.get_by_label(next).click();
        harness.run();
    }
    assert!(harness.query_by_label("End the tour").is_none());
    assert!(sent(&mut harness).is_empty());
}

#[test]
fn it_looks_as_it_did() {
    let mut results = SnapshotResults::new();
    let mut harness = chooser();
    results.add(harness.try_snapshot("tour_start"));
    show(&mut harness, fixture::loaded(true));
    harness.get_by_label("Next").click();
    harness.run();
    results.add(harness.try_snapshot("tour_step"));
}
