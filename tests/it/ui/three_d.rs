//! Lesions in space in the window: what clicking, turning and the keys do.

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::LesionId;

use super::*;

const NAME: &str = "Lesions in three dimensions Baseline";

fn staged(dark: bool) -> Harness<'static, Stage> {
    let mut harness = harness(fixture::three_d(dark), [1700.0, 1000.0]);
    harness.run();
    harness
}

fn chosen(commands: &[Command]) -> Vec<LesionId> {
    let lesion = |c: &Command| match c {
        Command::SelectLesion { lesion } => *lesion,
        _ => None,
    };
    commands.iter().filter_map(lesion).collect()
}

/// Lesions that clicks on a line across the middle of the picture choose, in order.
fn met(harness: &mut Harness<'_, Stage>) -> Vec<LesionId> {
    let rect = harness.get_by_label(NAME).rect();
    let mut met: Vec<LesionId> = Vec::new();
    for n in 1..40 {
        let x = rect.left() + rect.width() * n as f32 / 40.0;
        sent(harness);
        drag(harness, &[egui::pos2(x, rect.center().y)]);
        let found = chosen(&sent(harness));
        met.extend(found);
    }
    met.dedup();
    met
}

#[test]
fn a_click_on_a_lesion_goes_there_and_each_side_shows_them_from_there() {
    let mut harness = staged(true);
    // L1 lies to the right of the patient, so at the left of who looks from the front.
    let both = [fixture::lesion_id(0), fixture::lesion_id(1)];
    harness.get_by_label("From the front, Baseline").click();
    harness.run();
    assert_eq!(met(&mut harness), both);
    harness.get_by_label("From behind, Baseline").click();
    harness.run();
    assert_eq!(met(&mut harness), [both[1], both[0]]);
}

#[test]
fn dragging_turns_without_touching_the_record() {
    let mut harness = staged(true);
    harness.get_by_label("From the front, Baseline").click();
    harness.run();
    let rect = harness.get_by_label(NAME).rect();
    sent(&mut harness);
    // Half a turn.
    let half = std::f32::consts::PI / 0.01;
    let [left, right] = [rect.left() + 3.0, rect.left() + 3.0 + half / 4.0];
    let y = rect.bottom() - 30.0;
    for _ in 0..4 {
        drag(&mut harness, &[egui::pos2(left, y), egui::pos2(right, y)]);
    }
    assert!(sent(&mut harness).is_empty());
    let both = [fixture::lesion_id(1), fixture::lesion_id(0)];
    assert_eq!(met(&mut harness), both);
}

#[test]
fn the_key_and_the_button_show_and_hide_it() {
    let mut harness = staged(true);
    sent(&mut harness);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Q);
    harness.run();
    let hidden = |commands: &[Command]| {
        commands
            .iter()
            .any(|c| matches!(c, Command::ShowThreeD { on: false }))
    };
    assert!(hidden(&sent(&mut harness)));
}

#[test]
fn it_looks_as_it_did() {
    let mut results = SnapshotResults::new();
    for (dark, name) in [(true, "three_d_dark"), (false, "three_d_light")] {
        let mut harness = staged(dark);
        harness.run();
        results.add(harness.try_snapshot(name));
    }
}
