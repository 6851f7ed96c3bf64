//! The list of patients: pictures asked for one by one, and searching.

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{PatientId, PatientRow, Thumbnail};
use uuid::Uuid;

use super::*;

fn id(n: usize) -> PatientId {
    PatientId(Uuid::from_u128(200 + n as u128))
}

/// Many patients without pictures.
fn many(dark: bool) -> View {
    let mut view = fixture::chooser(dark);
    let more = (0..40).map(|n| PatientRow {
        id: id(n),
        title: format!("Patient {n:02} (C{n:04})"),
        detail: format!("2 time points · 1 lesion · last 2024-03-{:02}", n % 28 + 1),
        thumbnail: Thumbnail::Unknown,
    });
    view.chooser.patients.extend(more);
    view
}

fn asked(harness: &mut Harness<'_, Stage>) -> Vec<PatientId> {
    let sent = std::mem::take(&mut harness.state_mut().sent);
    let patient = |c: &Command| match c {
        Command::MakeThumbnail { patient } => Some(*patient),
        _ => None,
    };
    sent.iter().filter_map(patient).collect()
}

fn settle(view: &mut View, done: usize) {
    for row in &mut view.chooser.patients[1..=done] {
        row.thumbnail = Thumbnail::Without;
    }
}

#[test]
fn pictures_are_asked_for_one_by_one_as_rows_come_into_view() {
    let mut harness = harness(many(true), [800.0, 520.0]);
    harness.run();
    let first = asked(&mut harness);
    assert!(!first.is_empty());
    assert!(first.iter().all(|p| *p == id(0)), "{first:?}");
    // As soon as one is there, or cannot be had, comes the next, and none that nobody sees.
    let mut last = 0;
    for done in 1..=40 {
        settle(&mut harness.state_mut().view, done);
        harness.run();
        let next = asked(&mut harness);
        if next.is_empty() {
            break;
        }
        assert!(next.iter().all(|p| *p == id(done)), "{next:?}");
        last = done;
    }
    assert!((1..20).contains(&last), "{last} rows in view");
    for row in &mut harness.state_mut().view.chooser.patients {
        row.thumbnail = Thumbnail::Pending;
    }
    harness.run();
    assert_eq!(asked(&mut harness), [], "one is enough at a time");
}

#[test]
fn patients_are_found_by_words_of_name_number_and_date() {
    let mut harness = harness(many(true), [800.0, 520.0]);
    harness.run();
    let search = |harness: &mut Harness<'_, Stage>, text: &str| {
        harness.get_by_label("Search patients").focus();
        harness.run();
        harness.get_by_label("Search patients").type_text(text);
        harness.run();
    };
    search(&mut harness, "03-18 c0017");
    harness.get_by_label("Open Patient 17 (C0017)");
    assert!(harness.query_by_label("Open Patient 18 (C0018)").is_none());
    sent(&mut harness);
    search(&mut harness, " nobody");
    assert!(harness.query_by_label("Open Patient 17 (C0017)").is_none());
    harness.get_by_label("No patient of this workspace is called that.");
}

#[test]
fn a_long_list_looks_as_it_should() {
    let mut results = SnapshotResults::new();
    let mut view = many(true);
    settle(&mut view, 40);
    let mut harness = harness(view, [800.0, 520.0]);
    harness.run();
    results.add(harness.try_snapshot("chooser_many_dark"));
}
