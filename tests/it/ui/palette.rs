//! The list in which everything is found.

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use oncotwin::app::Command;
use oncotwin::app::view::{PatientId, PatientRow, Thumbnail};
use uuid::Uuid;

use super::*;

const OTHER: PatientId = PatientId(Uuid::from_u128(77));

fn view(dark: bool) -> View {
    let mut view = fixture::loaded(dark);
    view.chooser.patients.push(PatientRow {
        id: OTHER,
        title: "Ångström, Märta (0815)".into(),
        detail: "2 time points".into(),
        thumbnail: Thumbnail::Without,
    });
    view
}

fn open(view: View) -> Harness<'static, Stage> {
    let mut harness = harness(view, [1000.0, 640.0]);
    harness.run();
    sent(&mut harness);
    press(&mut harness, Modifiers::COMMAND, Key::K);
    harness
}

fn press(harness: &mut Harness<'_, Stage>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

/// Types words into the list and presses Enter; what that sends.
fn find(harness: &mut Harness<'_, Stage>, words: &str) -> Vec<Command> {
    harness.event(Event::Text(words.to_owned()));
    harness.run();
    press(harness, Modifiers::NONE, Key::Enter);
    sent(harness)
}

#[test]
fn actions_patients_lesions_and_windows_are_found_by_words() {
    let lesion = view(true).patient.expect("a patient").lesions[1].id;
    for (words, expected) in [
        ("angstrom", Command::ShowPatient { patient: OTHER }),
        (
            "lesion L2",
            Command::SelectLesion {
                lesion: Some(lesion),
            },
        ),
        ("three planes", Command::ShowPlanes { three: true }),
        ("light dark", Command::SetDark { dark: false }),
    ] {
        let mut harness = open(view(true));
        assert_eq!(find(&mut harness, words), [expected], "{words}");
        let label = "Find and do anything";
        assert!(harness.query_by_label(label).is_none(), "closed: {words}");
    }
    let mut harness = open(view(true));
    let commands = find(&mut harness, "preset lung");
    assert!(
        matches!(
            commands[..],
            [Command::SetWindow { window: Some(w), .. }] if w.width == 1500.0
        ),
        "{commands:?}"
    );
}

#[test]
fn keys_alone_go_through_the_list_and_leave_it() {
    let mut harness = open(view(true));
    harness.event(Event::Text("tool".into()));
    harness.run();
    let selected = |harness: &Harness<'_, Stage>| -> String {
        let rows = harness.query_all_by_role(egui::Role::Button);
        let mut on = rows.filter(|r| {
            r.accesskit_node()
                .toggled()
                .is_some_and(|t| t == egui::accesskit::Toggled::True)
                && r.accesskit_node()
                    .label()
                    .is_some_and(|l| l.starts_with("Tools: "))
        });
        on.next()
            .and_then(|r| r.accesskit_node().label())
            .unwrap_or_default()
    };
    let first = selected(&harness);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    let second = selected(&harness);
    assert_ne!(first, second);
    press(&mut harness, Modifiers::NONE, Key::ArrowUp);
    assert_eq!(selected(&harness), first);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(sent(&mut harness), []);
    assert_eq!(harness.state().ui.tool, Tool::Window);
    // What was typed was no key.
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    find(&mut harness, "lasso");
    assert_eq!(harness.state().ui.tool, Tool::Lasso);
}

#[test]
fn what_cannot_be_done_is_not_done() {
    let mut view = view(true);
    view.read_only = Some("The workspace is open elsewhere".into());
    let mut harness = open(view);
    assert_eq!(find(&mut harness, "undo the last step"), []);
    harness.get_by_label("Record: Undo the last step");
}

#[test]
fn it_opens_from_the_list_of_patients_too() {
    let mut harness = open(fixture::chooser(true));
    let commands = find(&mut harness, "jurgen");
    assert!(
        matches!(commands[..], [Command::ShowPatient { .. }]),
        "{commands:?}"
    );
}

#[test]
fn the_list_looks_as_it_should() {
    let mut results = SnapshotResults::new();
    for dark in [true, false] {
        let theme = if dark { "dark" } else { "light" };
        let mut harness = open(view(dark));
        harness.event(Event::Text("le".into()));
        harness.run();
        press(&mut harness, Modifiers::NONE, Key::ArrowDown);
        results.add(harness.try_snapshot(format!("palette_{theme}")));
    }
}
