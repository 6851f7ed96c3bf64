//! Who did what, on the screen: steps, readers, readings, versions, sources, and what bars them.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use oncotwin::app::Command;
use oncotwin::app::view::{Meaning, PatientView, ReaderRole, Subject, View};
use oncotwin::ui::Tool;

use super::fixture::{self, record};
use super::{Stage, drag, harness, sent, slice_rect};

const SIZE: [f32; 2] = [1400.0, 900.0];

fn stage(view: View) -> Harness<'static, Stage> {
    let mut harness = harness(view, SIZE);
    harness.run();
    sent(&mut harness);
    harness
}

fn patient(harness: &Harness<'_, Stage>) -> PatientView {
    harness.state().view.patient.clone().expect("a patient")
}

fn click(harness: &mut Harness<'_, Stage>, name: &str) {
    harness.get_by_label(name).click();
    harness.run();
}

fn press(harness: &mut Harness<'_, Stage>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

fn type_into(harness: &mut Harness<'_, Stage>, name: &str, text: &str) {
    harness.get_by_label(name).focus();
    harness.run();
    harness.get_by_label(name).type_text(text);
    harness.run();
}

fn disabled(harness: &Harness<'_, Stage>, name: &str) -> bool {
    harness.get_by_label(name).accesskit_node().is_disabled()
}

#[test]
fn undo_and_redo_name_their_steps() {
    let mut harness = stage(fixture::loaded(true));
    click(&mut harness, "Undo: Draw L2 · Follow-up 1 (Ctrl+Z)");
    click(
        &mut harness,
        "Redo: Move the mark of L2 to a lesion of its own · Follow-up 1 (Ctrl+Shift+Z)",
    );
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    let shift = Modifiers::COMMAND | Modifiers::SHIFT;
    press(&mut harness, shift, Key::Z);
    press(&mut harness, Modifiers::COMMAND, Key::Y);
    assert_eq!(
        sent(&mut harness),
        [
            Command::Undo,
            Command::Redo,
            Command::Undo,
            Command::Redo,
            Command::Redo,
        ]
    );
}

#[test]
fn nothing_to_undo_is_said_and_not_sent() {
    let mut harness = stage(fixture::loading(true));
    assert!(disabled(&harness, "Nothing to undo (Ctrl+Z)"));
    assert!(disabled(&harness, "Nothing to redo (Ctrl+Shift+Z)"));
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    press(&mut harness, Modifiers::COMMAND, Key::Y);
    assert_eq!(sent(&mut harness), []);
}

#[test]
fn undo_leaves_typed_text_and_lines_under_way_alone() {
    let mut harness = stage(fixture::loaded(true));
    harness.get_by_label("Organ of L3").focus();
    harness.run();
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    harness.get_by_label("Slice view Baseline").focus();
    harness.run();
    sent(&mut harness);
    harness.state_mut().ui.tool = Tool::Diameter;
    let at = slice_rect(&harness, "Baseline").center();
    harness.hover_at(at);
    harness.run();
    harness.drag_at(at);
    harness.run();
    harness.hover_at(at + egui::vec2(40.0, 0.0));
    harness.run();
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    let commands = sent(&mut harness);
    assert!(!commands.contains(&Command::Undo), "{commands:?}");
}

#[test]
fn the_history_jumps_back_ahead_and_to_the_beginning() {
    let mut harness = stage(fixture::loaded(true));
    press(&mut harness, Modifiers::NONE, Key::H);
    assert!(harness.state().view.layout.history.shown);
    // Alone, the list has room for all of them.
    click(&mut harness, "Growth panel");
    let list = harness.get_by_label("Draw L2 · Follow-up 1 (now)").rect();
    harness.hover_at(list.center());
    harness.run();
    click(&mut harness, "Draw L2 · Follow-up 1 (now)");
    click(&mut harness, "Go back to: Draw L1 · Follow-up 1");
    click(
        &mut harness,
        "Redo up to: Remove the mark of L3 · Follow-up 1",
    );
    click(&mut harness, "Go back to: Beginning");
    assert_eq!(
        sent(&mut harness),
        [
            Command::JumpTo {
                step: Some(record::step(4))
            },
            Command::JumpTo {
                step: Some(record::step(8))
            },
            Command::JumpTo { step: None },
        ]
    );
}

#[test]
fn a_history_of_a_hundred_thousand_steps_shows_its_end_and_costs_little() {
    let mut view = fixture::loaded(true);
    view.jobs.clear();
    view.patient.as_mut().expect("a patient").history = record::long_history(100_000);
    let mut harness = stage(view);
    let begun = std::time::Instant::now();
    harness.run_steps(20);
    let without = begun.elapsed();
    click(&mut harness, "History panel");
    assert!(
        harness
            .query_by_label("Draw L99999 · Baseline (now)")
            .is_some()
    );
    assert!(harness.query_by_label("Go back to: Beginning").is_none());
    // Alone it is still at its end.
    click(&mut harness, "Growth panel");
    assert!(
        harness
            .query_by_label("Draw L99999 · Baseline (now)")
            .is_some()
    );
    let begun = std::time::Instant::now();
    harness.run_steps(20);
    let with = begun.elapsed();
    let more = with.saturating_sub(without) / 20;
    assert!(more.as_millis() < 20, "{more:?} a frame");
}

#[test]
fn a_reader_is_chosen_or_entered() {
    let mut harness = stage(fixture::loaded(true));
    click(&mut harness, "Reader: A. Reader, radiologist");
    click(&mut harness, "Dr. Żofia Wiśniewska, oncologist");
    press(&mut harness, Modifiers::NONE, Key::F8);
    click(&mut harness, "Go on without a name");
    press(&mut harness, Modifiers::NONE, Key::F8);
    assert!(disabled(&harness, "Confirm"));
    // The name has the focus already.
    harness.event(egui::Event::Text("  B. Second ".into()));
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    press(&mut harness, Modifiers::NONE, Key::F8);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Confirm").is_none());
    assert_eq!(
        sent(&mut harness),
        [
            Command::SetReader {
                reader: Some(record::reader(1))
            },
            Command::SetReader { reader: None },
            Command::EnterReader {
                name: "B. Second".into(),
                role: ReaderRole::Radiologist,
            },
        ]
    );
}

#[test]
fn a_draft_is_reviewed_and_signed() {
    let mut harness = stage(fixture::loaded(true));
    let time_point = patient(&harness).columns[0].id;
    click(&mut harness, "Reading of Baseline: Draft");
    click(&mut harness, "Mark as reviewed");
    click(&mut harness, "Reading of Baseline: Draft");
    assert!(disabled(&harness, "Amend…"));
    click(&mut harness, "Sign… F9");
    assert!(disabled(&harness, "Sign"));
    click(&mut harness, "Approval – I approve them for use");
    click(&mut harness, "Sign");
    assert_eq!(
        sent(&mut harness),
        [
            Command::MarkReviewed { time_point },
            Command::Sign {
                time_point,
                meaning: Meaning::Approval,
            },
        ]
    );
}

#[test]
fn what_is_still_being_segmented_is_not_signed() {
    let mut harness = stage(fixture::loaded(true));
    harness.hover_at(slice_rect(&harness, "Follow-up 1").center());
    harness.run();
    sent(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::F9);
    click(&mut harness, "Approval – I approve them for use");
    assert!(disabled(&harness, "Sign"));
    assert!(
        harness
            .query_by_label("L3 is still being segmented")
            .is_some()
    );
}

#[test]
fn signing_without_a_name_asks_for_it_first() {
    let mut view = fixture::loaded(true);
    view.readers.current = None;
    let mut harness = stage(view);
    let time_point = patient(&harness).columns[0].id;
    click(&mut harness, "Reading of Baseline: Draft");
    click(&mut harness, "Sign… F9");
    click(&mut harness, "Dr. Żofia Wiśniewska, oncologist");
    let choice = Command::SetReader {
        reader: Some(record::reader(1)),
    };
    assert_eq!(sent(&mut harness), std::slice::from_ref(&choice));
    // The question that follows waits for the name to arrive.
    click(&mut harness, "Authorship – I made these measurements");
    assert!(disabled(&harness, "Sign"));
    harness.state_mut().view.readers.current = Some(record::reader(1));
    harness.run();
    click(&mut harness, "Sign");
    harness.state_mut().view.readers.current = None;
    harness.run();
    press(&mut harness, Modifiers::SHIFT, Key::F9);
    click(&mut harness, "Dr. Żofia Wiśniewska, oncologist");
    assert_eq!(
        sent(&mut harness),
        [
            Command::Sign {
                time_point,
                meaning: Meaning::Authorship,
            },
            choice,
            Command::MarkReviewed { time_point },
        ]
    );
}

#[test]
fn a_signed_reading_is_amended_with_a_reason_only() {
    let mut harness = stage(record::signed(true));
    let time_point = patient(&harness).columns[0].id;
    click(&mut harness, "Reading of Baseline: Signed");
    assert!(disabled(&harness, "Mark as reviewed"));
    assert!(disabled(&harness, "Sign… F9"));
    click(&mut harness, "Amend…");
    assert!(disabled(&harness, "Amend"));
    type_into(&mut harness, "Reason for amending", "   ");
    assert!(disabled(&harness, "Amend"));
    type_into(&mut harness, "Reason for amending", "wrong node");
    click(&mut harness, "Amend");
    assert_eq!(
        sent(&mut harness),
        [Command::Amend {
            time_point,
            reason: "wrong node".into(),
        }]
    );
}

#[test]
fn what_is_signed_cannot_be_edited() {
    let mut harness = stage(record::signed(true));
    click(&mut harness, "Actions for Baseline");
    assert!(disabled(&harness, "Set date…"));
    harness.key_press(Key::Escape);
    harness.run();
    click(&mut harness, "Actions for L1");
    assert!(disabled(&harness, "Remove L1 with all its marks"));
    click(&mut harness, "Mark at Baseline");
    assert!(disabled(&harness, "Remove the mark"));
    assert!(
        harness
            .query_by_label("Signed – amend the reading first")
            .is_some()
    );
    harness.key_press(Key::Escape);
    harness.run();
    assert!(disabled(&harness, "Organ of L1"));
    harness.state_mut().ui.tool = Tool::Diameter;
    sent(&mut harness);
    for (column, drawn) in [("Baseline", 0), ("Follow-up 1", 1)] {
        let at = slice_rect(&harness, column).center();
        let path = [at, at + egui::vec2(20.0, 0.0), at + egui::vec2(50.0, 20.0)];
        drag(&mut harness, &path);
        let commands = sent(&mut harness);
        let lines = commands
            .iter()
            .filter(|c| matches!(c, Command::Prompt { .. }))
            .count();
        assert_eq!(lines, drawn, "{column}: {commands:?}");
    }
}

#[test]
fn a_signature_that_does_not_hold_is_said_in_words() {
    let mut view = record::signed(true);
    let columns = &mut view.patient.as_mut().expect("a patient").columns;
    columns[0].reading.broken = true;
    let harness = stage(view);
    assert!(
        harness
            .query_by_label("Reading of Baseline: Altered")
            .is_some()
    );
    let words = "What was signed is not what stands now: the record was altered outside the \
                 program.";
    assert!(harness.query_by_label(words).is_some());
}

#[test]
fn two_masks_are_compared_and_an_earlier_one_stands_again() {
    let mut view = record::versions(true);
    let versions = &mut view.patient.as_mut().expect("a patient").versions;
    if let Some(versions) = versions {
        versions.compared = None;
        versions.comparison.clear();
    }
    let mut harness = stage(view);
    let (a, b) = (record::step(21), record::step(22));
    // The standing mask is B from the start; one click compares.
    click(&mut harness, "A: mask of 2024-05-03 10:16");
    click(&mut harness, "Let the mask of 2024-05-03 10:15 stand");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    let version = record::step(20);
    assert_eq!(
        sent(&mut harness),
        [
            Command::CompareVersions { a, b },
            Command::RestoreVersion { version },
            Command::HideVersions,
        ]
    );
    assert!(disabled(&harness, "A: mask of 2024-05-06 08:04"));
}

#[test]
fn a_comparison_that_was_not_made_can_be_asked_for_again() {
    let mut harness = stage(record::versions(true));
    let versions = |harness: &mut Harness<'_, Stage>| {
        let patient = harness.state_mut().view.patient.as_mut();
        patient.and_then(|p| p.versions.take()).expect("versions")
    };
    let mut shown = versions(&mut harness);
    shown.compared = None;
    let patient = harness.state_mut().view.patient.as_mut();
    patient.expect("a patient").versions = Some(shown);
    harness.run();
    // The choice is kept while what is compared is gone.
    click(&mut harness, "A: mask of 2024-05-03 10:16");
    click(&mut harness, "Compare A with B");
    let (a, b) = (record::step(21), record::step(22));
    let again = Command::CompareVersions { a, b };
    assert_eq!(sent(&mut harness), [again.clone(), again]);
}

#[test]
fn a_mask_of_a_signed_reading_does_not_stand_again() {
    let mut view = record::versions(true);
    let patient = view.patient.as_mut().expect("a patient");
    if let Some(cell) = &mut patient.lesions[0].cells[1] {
        cell.locked = true;
    }
    let harness = stage(view);
    assert!(disabled(&harness, "Let the mask of 2024-05-03 10:15 stand"));
}

#[test]
fn every_number_leads_to_its_source() {
    let mut view = fixture::loaded(true);
    view.messages.clear();
    let mut harness = stage(view);
    let shown = patient(&harness);
    let annotation = shown.lesions[1].cells[1]
        .as_ref()
        .expect("a mark")
        .annotation;
    click(&mut harness, "Actions for L2");
    click(&mut harness, "Mark at Follow-up 1");
    click(&mut harness, "Where does this come from? T");
    click(&mut harness, "Actions for L2");
    click(&mut harness, "Mark at Follow-up 1");
    click(&mut harness, "Versions of the mask… V");
    click(
        &mut harness,
        "Sum and response at Follow-up 1: Where does this come from?",
    );
    click(&mut harness, "Growth of L1: Where does this come from?");
    let fact = harness.get_by_label("Where does F3 come from?");
    fact.scroll_to_me();
    harness.run();
    click(&mut harness, "Where does F3 come from?");
    click(&mut harness, "Reading of Baseline: Draft");
    click(&mut harness, "Where does this come from?");
    let trace = |subject| Command::Trace { subject };
    let growth = shown.growth.lesion.expect("a lesion");
    assert_eq!(
        sent(&mut harness),
        [
            trace(Subject::Size(annotation)),
            Command::ShowVersions { annotation },
            trace(Subject::Response(shown.columns[1].id)),
            trace(Subject::Growth(growth)),
            trace(Subject::Fact(3)),
            trace(Subject::Reading(shown.columns[0].id)),
        ]
    );
}

#[test]
fn a_cell_has_a_menu_of_its_own() {
    let mut harness = stage(fixture::loaded(true));
    let shown = patient(&harness);
    let annotation = shown.lesions[1].cells[0]
        .as_ref()
        .expect("a mark")
        .annotation;
    harness.get_by_label("L2 at Baseline").click_secondary();
    harness.run();
    click(&mut harness, "Remove the mark");
    assert_eq!(
        sent(&mut harness),
        [Command::RemoveAnnotation { annotation }]
    );
}

#[test]
fn a_narrow_bar_keeps_the_panels_in_a_menu() {
    let mut harness = harness(fixture::loaded(true), [800.0, 560.0]);
    harness.run();
    assert!(harness.query_by_label("History panel").is_none());
    click(&mut harness, "Panels");
    click(&mut harness, "History panel");
    assert!(harness.state().view.layout.history.shown);
}

#[test]
fn keys_ask_for_the_selected_lesion_in_the_active_column() {
    let mut harness = stage(fixture::loaded(true));
    harness.hover_at(slice_rect(&harness, "Follow-up 1").center());
    harness.run();
    sent(&mut harness);
    let shown = patient(&harness);
    let annotation = shown.lesions[0].cells[1]
        .as_ref()
        .expect("a mark")
        .annotation;
    press(&mut harness, Modifiers::NONE, Key::T);
    press(&mut harness, Modifiers::NONE, Key::V);
    press(&mut harness, Modifiers::SHIFT, Key::F9);
    assert_eq!(
        sent(&mut harness),
        [
            Command::Trace {
                subject: Subject::Size(annotation)
            },
            Command::ShowVersions { annotation },
            Command::MarkReviewed {
                time_point: shown.columns[1].id
            },
        ]
    );
}

#[test]
fn the_bar_is_reached_without_a_mouse() {
    let mut harness = stage(fixture::loaded(true));
    press(&mut harness, Modifiers::NONE, Key::F6);
    assert!(harness.get_by_label("Back to the patients").is_focused());
    press(&mut harness, Modifiers::NONE, Key::Tab);
    assert!(!harness.get_by_label("Slice view Baseline").is_focused());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.get_by_label("Slice view Baseline").is_focused());
    assert_eq!(sent(&mut harness), []);
}

#[test]
fn a_trace_is_copied_and_closed() {
    let mut harness = stage(record::traced(true));
    harness.get_by_label("Copy all").click();
    harness.step();
    let copied = harness
        .output()
        .platform_output
        .commands
        .iter()
        .find_map(|c| match c {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
    let text = copied.expect("copied text");
    assert!(text.starts_with("L1 · Follow-up 1 · long axis 17.2 mm\n"));
    assert!(text.contains("    - Drawn diameter\n        Length: 18.4 mm\n"));
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(sent(&mut harness), [Command::HideTrace]);
}

#[test]
fn a_crash_report_is_shown_copied_kept_and_deleted() {
    let mut harness = stage(record::crashed(true));
    click(&mut harness, "Show");
    assert!(
        harness
            .query_by_label_contains("panicked at src/segment/grow.rs")
            .is_some()
    );
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(
        harness
            .query_by_label_contains("panicked at src/segment/grow.rs")
            .is_none()
    );
    click(&mut harness, "Keep the file");
    click(&mut harness, "Delete");
    assert_eq!(
        sent(&mut harness),
        [
            Command::SettleCrash { keep: true },
            Command::SettleCrash { keep: false },
        ]
    );
}

#[test]
fn a_workspace_that_is_only_read_takes_no_edits() {
    let mut harness = stage(record::read_only(true));
    harness.state_mut().ui.tool = Tool::Diameter;
    let at = slice_rect(&harness, "Baseline").center();
    let path = [at, at + egui::vec2(20.0, 0.0), at + egui::vec2(50.0, 20.0)];
    drag(&mut harness, &path);
    harness.state_mut().ui.tool = Tool::Window;
    press(&mut harness, Modifiers::NONE, Key::D);
    assert_eq!(harness.state().ui.tool, Tool::Window);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    press(&mut harness, Modifiers::NONE, Key::F9);
    press(&mut harness, Modifiers::SHIFT, Key::F9);
    for name in ["New lesion", "Organ of L1", "Role of L1"] {
        assert!(disabled(&harness, name), "{name}");
    }
    // Looking around still works.
    harness.hover_at(at);
    harness.run();
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    click(&mut harness, "Reload");
    let commands = sent(&mut harness);
    assert!(
        matches!(commands[..], [Command::SetSlice { .. }, Command::Reload]),
        "{commands:?}"
    );
}

#[test]
fn erasing_a_patient_wants_a_reason_and_a_tick() {
    let mut harness = stage(fixture::chooser(true));
    let patient = harness.state().view.chooser.patients[0].id;
    click(&mut harness, "Actions for Müller, Jürgen · 4711");
    click(&mut harness, "Erase patient…");
    assert!(disabled(&harness, "Erase for good"));
    type_into(&mut harness, "Reason for erasing", "withdrew consent");
    assert!(disabled(&harness, "Erase for good"));
    let tick = harness.get_by_role(Role::CheckBox);
    tick.click();
    harness.run();
    click(&mut harness, "Erase for good");
    assert_eq!(
        sent(&mut harness),
        [Command::ErasePatient {
            patient,
            reason: "withdrew consent".into(),
        }]
    );
    assert!(harness.query_by_label("Erase for good").is_none());
}

/// `ONCOTWIN_LOOK=DIR` writes every screen at full size into a folder, to be looked at.
#[test]
fn screens_of_the_record_look_as_before() {
    type Prepare = fn(&mut Harness<'static, Stage>);
    let nothing: Prepare = |_| {};
    let history: Prepare = |h| press(h, Modifiers::NONE, Key::H);
    let sign: Prepare = |h| {
        press(h, Modifiers::NONE, Key::ArrowRight);
        press(h, Modifiers::NONE, Key::F9);
        click(h, "Review – I checked these measurements");
    };
    let badge: Prepare = |h| click(h, "Reading of Baseline: Signed");
    let reader: Prepare = |h| press(h, Modifiers::NONE, Key::F8);
    let help: Prepare = |h| press(h, Modifiers::NONE, Key::Questionmark);
    let erase: Prepare = |h| {
        click(h, "Actions for Müller, Jürgen · 4711");
        click(h, "Erase patient…");
    };
    let usual = [1000.0, 640.0];
    let small = [800.0, 560.0];
    let mut results = egui_kittest::SnapshotResults::new();
    for dark in [true, false] {
        let theme = if dark { "dark" } else { "light" };
        for (name, view, size, prepare) in [
            ("history", fixture::loaded(dark), usual, history),
            ("sign", record::signed(dark), usual, sign),
            ("signed", record::signed(dark), usual, badge),
            ("versions", record::versions(dark), usual, nothing),
            ("trace", record::traced(dark), usual, nothing),
            ("reader", fixture::loaded(dark), small, reader),
            ("crash", record::crashed(dark), small, nothing),
            ("read_only", record::read_only(dark), small, nothing),
            ("erase", fixture::chooser(dark), small, erase),
            ("help", fixture::loaded(dark), small, help),
        ] {
            let name = format!("{name}_{theme}");
            if let Some(dir) = std::env::var_os("ONCOTWIN_LOOK") {
                let mut large = stage(view.clone());
                prepare(&mut large);
                let image = large.render().expect("a picture");
                let path = std::path::Path::new(&dir).join(format!("{name}.png"));
                image.save(path).expect("a writable folder");
            }
            let mut harness = harness(view, size);
            harness.run();
            prepare(&mut harness);
            harness.snapshot(&name);
            results.extend_harness(&mut harness);
        }
    }
}
