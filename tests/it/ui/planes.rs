//! Three planes in the window: what pointing, turning and dragging on them sends.

use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{Point, SectionView};

use super::*;

fn staged() -> Harness<'static, Stage> {
    let mut harness = harness(fixture::planes(true), [1200.0, 800.0]);
    harness.run();
    harness
}

fn section(harness: &Harness<'_, Stage>, across: usize) -> SectionView {
    let patient = harness.state().view.patient.as_ref().expect("a patient");
    patient.columns[0].sections[across].clone()
}

/// Where the middle of a plane is on the screen.
fn middle(harness: &Harness<'_, Stage>, title: &str) -> Pos2 {
    let name = format!("{title} plane Baseline");
    harness.get_by_label(&name).rect().center()
}

fn click(harness: &mut Harness<'_, Stage>, at: Pos2) -> Vec<Command> {
    sent(harness);
    drag(harness, &[at]);
    sent(harness)
}

fn pointed(commands: &[Command]) -> Vec<Point> {
    let place = |c: &Command| match c {
        Command::PointAt { place, .. } => Some(*place),
        _ => None,
    };
    commands.iter().filter_map(place).collect()
}

#[test]
fn a_click_on_the_slice_brings_its_place_into_all_planes() {
    let mut harness = staged();
    let rect = slice_rect(&harness, "Baseline");
    let commands = click(&mut harness, on_screen(rect, [50.0, 61.0]));
    let map = {
        let patient = harness.state().view.patient.as_ref().expect("a patient");
        patient.columns[0].shown.as_ref().expect("a slice").map
    };
    let [place] = pointed(&commands)[..] else {
        panic!("one place expected, got {commands:?}");
    };
    assert_near(&map, place, [50.0, 61.0]);
    assert_eq!(commands.len(), 1, "and nothing else: {commands:?}");
}

#[test]
fn a_click_on_a_plane_brings_its_place_into_all_planes() {
    let mut harness = staged();
    for (across, title) in ["Coronal", "Sagittal"].into_iter().enumerate() {
        let at = middle(&harness, title);
        let commands = click(&mut harness, at);
        let [place] = pointed(&commands)[..] else {
            panic!("one place expected on the {title} plane, got {commands:?}");
        };
        assert_near(&section(&harness, across).map, place, [63.5, 39.5]);
    }
}

#[test]
fn a_drag_on_a_plane_changes_the_window_and_points_nowhere() {
    let mut harness = staged();
    let at = middle(&harness, "Coronal");
    sent(&mut harness);
    drag(
        &mut harness,
        &[at, at + vec2(20.0, 0.0), at + vec2(60.0, 30.0)],
    );
    let commands = sent(&mut harness);
    assert!(pointed(&commands).is_empty(), "{commands:?}");
    let widths: Vec<f64> = commands
        .iter()
        .filter_map(|c| match c {
            Command::SetWindow {
                window: Some(w), ..
            } => Some(w.width),
            _ => None,
        })
        .collect();
    assert!(widths.last().is_some_and(|w| *w > 440.0), "{widths:?}");
}

#[test]
fn the_wheel_turns_planes_one_by_one_and_magnifies_with_ctrl() {
    let mut harness = staged();
    let at = middle(&harness, "Sagittal");
    let here = section(&harness, 1);
    harness.hover_at(at);
    harness.run();
    sent(&mut harness);
    let turn = |harness: &mut Harness<'_, Stage>, modifiers| {
        harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, -1.0),
            phase: TouchPhase::Move,
            modifiers,
            source: egui::MouseWheelSource::Unknown,
        });
        harness.run();
    };
    turn(&mut harness, Modifiers::NONE);
    let [place] = pointed(&sent(&mut harness))[..] else {
        panic!("one notch, one plane");
    };
    assert!((place.0 - here.place.0 - here.step).norm() < 1e-9);
    turn(&mut harness, Modifiers::CTRL);
    let commands = sent(&mut harness);
    assert!(
        commands.iter().any(|c| matches!(
            c,
            Command::SetSectionZoom { across: 1, zoom, .. } if *zoom < 1.0
        )),
        "{commands:?}"
    );
}

#[test]
fn planes_are_switched_by_key_and_reset_with_the_slice() {
    let mut harness = staged();
    sent(&mut harness);
    harness.key_press(Key::Q);
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        matches!(commands[..], [Command::ShowPlanes { three: false }]),
        "{commands:?}"
    );
    harness.key_press(Key::R);
    harness.run();
    let zoomed = sent(&mut harness)
        .into_iter()
        .filter(|c| matches!(c, Command::SetSectionZoom { zoom, .. } if *zoom == 1.0));
    assert_eq!(zoomed.count(), 2);
}

#[test]
fn planes_look_as_they_should() {
    let mut results = SnapshotResults::new();
    for (name, dark, size) in [
        ("planes_dark", true, [1280.0, 800.0]),
        ("planes_light", false, [1280.0, 800.0]),
        ("planes_narrow", true, [800.0, 600.0]),
    ] {
        let mut harness = harness(fixture::planes(dark), size);
        harness.run();
        results.add(harness.try_snapshot(name));
    }
}

/// The line of the coronal plane in the slice is turned by its handle, and called off by Escape.
#[test]
fn a_plane_is_turned_by_the_handle_of_its_line() {
    let mut harness = staged();
    let rect = slice_rect(&harness, "Baseline");
    let at = on_screen(rect, [42.0, 58.0]);
    let away = 0.36 * rect.width().min(rect.height());
    sent(&mut harness);
    drag(
        &mut harness,
        &[
            at + vec2(away, 0.0),
            at + vec2(away, 10.0),
            at + vec2(away, away),
        ],
    );
    let commands = sent(&mut harness);
    let turned: Vec<(usize, [f64; 3], f64)> = commands
        .iter()
        .filter_map(|c| match c {
            Command::TurnPlane {
                across,
                about,
                degrees,
                ..
            } => Some((*across, *about, *degrees)),
            _ => None,
        })
        .collect();
    assert_eq!(turned.len(), commands.len(), "nothing else: {commands:?}");
    assert!(
        turned
            .iter()
            .all(|(across, about, _)| *across == 0 && about[2].abs() > 0.99)
    );
    let total: f64 = turned.iter().map(|(.., by)| by).sum();
    assert!((total.abs() - 45.0).abs() < 1.0, "{turned:?}");
}

#[test]
fn a_slab_says_so_and_is_not_drawn_on() {
    let mut view = fixture::planes(true);
    let patient = view.patient.as_mut().expect("a patient");
    let slab = oncotwin::app::view::Slab {
        projection: oncotwin::app::view::Projection::Max,
        thickness: oncotwin::units::Mm(20.0),
    };
    let column = &mut patient.columns[0];
    column.shown.as_mut().expect("a slice").slab = Some(slab);
    column.sections.iter_mut().for_each(|s| s.slab = Some(slab));
    let mut harness = harness(view, [1200.0, 800.0]);
    harness.state_mut().ui.tool = Tool::Diameter;
    harness.run();
    let rect = slice_rect(&harness, "Baseline");
    sent(&mut harness);
    drag(
        &mut harness,
        &[rect.center(), rect.center() + vec2(40.0, 0.0)],
    );
    let drawn = sent(&mut harness);
    assert!(
        !drawn.iter().any(|c| matches!(c, Command::Prompt { .. })),
        "{drawn:?}"
    );
    harness.get_by_label("View of Baseline").click();
    harness.run();
    let mut results = SnapshotResults::new();
    results.add(harness.try_snapshot("planes_slab"));
}

#[test]
fn what_lies_over_has_its_colours_named() {
    let mut harness = harness(fixture::fused(true), [1200.0, 800.0]);
    harness.run();
    let mut results = SnapshotResults::new();
    results.add(harness.try_snapshot("planes_fused"));
    sent(&mut harness);
    harness.get_by_label("View of Baseline").click();
    harness.run();
    harness.get_by_label("Nothing").click();
    harness.run();
    let sent = sent(&mut harness);
    assert!(
        matches!(&sent[..], [Command::SetFusion { fusion: None, .. }]),
        "{sent:?}"
    );
}
