//! Looking in the window: windows by values, inversion, cine, one time point alone.

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;

use super::*;

/// The window over the first time point, which the keys act on.
fn over_baseline() -> (Harness<'static, Stage>, Rect) {
    let mut harness = loaded();
    let rect = slice_rect(&harness, "Baseline");
    harness.hover_at(rect.center());
    harness.run();
    sent(&mut harness);
    (harness, rect)
}

#[test]
fn nine_sets_the_window_by_the_slice_and_i_inverts_it() {
    let (mut harness, _) = over_baseline();
    harness.key_press(Key::Num9);
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        matches!(commands[..], [Command::AutoWindow { region: None, .. }]),
        "{commands:?}"
    );
    harness.key_press(Key::I);
    harness.run();
    let commands = sent(&mut harness);
    assert!(
        matches!(commands[..], [Command::Invert { .. }]),
        "{commands:?}"
    );
}

#[test]
fn a_rectangle_with_ctrl_sets_the_window_by_its_values() {
    let (mut harness, rect) = over_baseline();
    let corners = [[40.0, 50.0], [71.0, 88.0]];
    let [a, b] = corners.map(|p| on_screen(rect, p));
    let button = |at, pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::CTRL,
    };
    harness.hover_at(a);
    harness.run();
    harness.event_modifiers(button(a, true), Modifiers::CTRL);
    harness.run();
    harness.event_modifiers(Event::PointerMoved(b), Modifiers::CTRL);
    harness.run();
    harness.event_modifiers(button(b, false), Modifiers::CTRL);
    harness.run();
    let commands = sent(&mut harness);
    let [
        Command::AutoWindow {
            region: Some(found),
            ..
        },
    ] = commands[..]
    else {
        panic!("a region expected, got {commands:?}");
    };
    let patient = harness.state().view.patient.as_ref().expect("a patient");
    let map = patient.columns[0].shown.as_ref().expect("a slice").map;
    for (place, picture) in found.into_iter().zip(corners) {
        assert_near(&map, place, picture);
    }
}

#[test]
fn cine_pages_one_slice_after_the_other_until_somebody_takes_over() {
    let (mut harness, _) = over_baseline();
    harness.key_press(Key::C);
    for _ in 0..40 {
        harness.step();
    }
    let slices = |commands: &[Command]| -> Vec<usize> {
        let slice = |c: &Command| match c {
            Command::SetSlice { slice, .. } => Some(*slice),
            _ => None,
        };
        commands.iter().filter_map(slice).collect()
    };
    let paged = slices(&sent(&mut harness));
    assert!(paged.len() > 3, "{paged:?}");
    assert!(
        paged.windows(2).all(|w| w[1] == (w[0] + 1) % 60),
        "none is left out, and after the last comes the first: {paged:?}"
    );
    harness.key_press(Key::End);
    for _ in 0..20 {
        harness.step();
    }
    let rest = slices(&sent(&mut harness));
    assert!(rest.len() <= 2, "the wheel or a key takes over: {rest:?}");
}

#[test]
fn a_double_click_shows_one_time_point_alone_and_brings_the_others_back() {
    let (mut harness, rect) = over_baseline();
    let twice = |harness: &mut Harness<'_, Stage>, at| {
        // A step of the harness takes longer than a hand.
        harness
            .ctx
            .options_mut(|o| o.input_options.max_double_click_delay = 0.6);
        harness.hover_at(at);
        harness.run();
        for pressed in [true, false, true, false] {
            harness.event(Event::PointerButton {
                pos: at,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
        }
        harness.run_steps(10);
    };
    twice(&mut harness, rect.center());
    assert!(harness.query_by_label("Slice view Follow-up 1").is_none());
    let alone = slice_rect(&harness, "Baseline");
    assert!(
        alone.width() > 1.5 * rect.width(),
        "it takes the whole width"
    );
    twice(&mut harness, alone.center());
    harness.get_by_label("Slice view Follow-up 1");
}
