//! Keys and mouse by the map in force, the sheet of it and the dialog that changes it.

use egui::{Key, Modifiers, PointerButton};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::keymap::{Action, Profile, Settings, Shortcut};

use super::*;

fn with(profile: Profile) -> Harness<'static, Stage> {
    let mut view = fixture::loaded(true);
    view.keys = Arc::new(KeyMap::new(Settings {
        profile,
        ..Settings::default()
    }));
    let mut harness = harness(view, [1000.0, 640.0]);
    harness.run();
    sent(&mut harness);
    harness
}

fn press(harness: &mut Harness<'_, Stage>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

fn click(harness: &mut Harness<'_, Stage>, name: &str) {
    harness.get_by_label(name).click();
    harness.run();
}

/// Drags with a button over the first slice; what that sends.
fn drag_with(
    harness: &mut Harness<'_, Stage>,
    button: PointerButton,
    modifiers: Modifiers,
) -> Vec<Command> {
    let at = slice_rect(harness, "Baseline").center();
    let event = |pos, pressed| Event::PointerButton {
        pos,
        button,
        pressed,
        modifiers,
    };
    let to = at + vec2(0.0, 30.0);
    harness.hover_at(at);
    harness.run();
    sent(harness);
    harness.event_modifiers(event(at, true), modifiers);
    harness.run();
    harness.event_modifiers(Event::PointerMoved(to), modifiers);
    harness.run();
    harness.event_modifiers(event(to, false), modifiers);
    harness.run();
    sent(harness)
}

#[test]
fn whole_pictures_keep_their_window() {
    let mut harness = with(Profile::OncoTwin);
    press(&mut harness, Modifiers::NONE, Key::F);
    let commands = sent(&mut harness);
    assert!(
        matches!(
            commands[..],
            [
                Command::SetSectionZoom { across: 0, .. },
                Command::SetSectionZoom { across: 1, .. },
                Command::SetZoom {
                    zoom: 1.0,
                    pan: [0.0, 0.0],
                    ..
                },
            ]
        ),
        "{commands:?}"
    );
    press(&mut harness, Modifiers::NONE, Key::Plus);
    let commands = sent(&mut harness);
    assert!(
        matches!(commands[..], [Command::SetZoom { zoom: 1.25, .. }]),
        "{commands:?}"
    );
}

#[test]
fn masks_fade_and_come_back_and_are_never_gone() {
    let mut harness = with(Profile::OncoTwin);
    for _ in 0..20 {
        press(&mut harness, Modifiers::NONE, Key::A);
    }
    let faint = harness.state().ui.opacity;
    assert!((faint - 0.1).abs() < 1e-6, "{faint}");
    press(&mut harness, Modifiers::SHIFT, Key::A);
    assert!(harness.state().ui.opacity > faint);
    press(&mut harness, Modifiers::SHIFT, Key::X);
    assert!(!harness.state().ui.show_annotations);
    assert_eq!(harness.state().ui.tool, Tool::Window, "X alone cuts");
}

#[test]
fn a_tap_toggles_masks_and_holding_peeks() {
    let mut harness = with(Profile::OncoTwin);
    let key = |pressed, repeat| Event::Key {
        key: Key::G,
        physical_key: None,
        pressed,
        repeat,
        modifiers: Modifiers::NONE,
    };
    harness.event(key(true, false));
    harness.event(key(false, false));
    harness.run();
    assert!(!harness.state().ui.show_overlays, "a tap lets them go");
    harness.event(key(true, false));
    harness.run();
    assert!(harness.state().ui.show_overlays, "held they are shown");
    harness.event(key(true, true));
    harness.run_steps(4);
    assert!(
        harness.state().ui.show_overlays,
        "a held key repeats nothing"
    );
    harness.event(key(false, false));
    harness.run();
    assert!(!harness.state().ui.show_overlays, "and are gone again");
}

#[test]
fn the_right_button_sets_the_window_in_the_pacs_profile() {
    let mut harness = with(Profile::Pacs);
    harness.state_mut().ui.tool = Tool::Diameter;
    let right = PointerButton::Secondary;
    let commands = drag_with(&mut harness, right, Modifiers::NONE);
    assert!(
        matches!(commands.last(), Some(Command::SetWindow { .. })),
        "{commands:?}"
    );
    let commands = drag_with(&mut harness, right, Modifiers::SHIFT);
    assert!(
        matches!(commands.last(), Some(Command::SetZoom { zoom: 1.0, .. })),
        "moved: {commands:?}"
    );
    let commands = drag_with(&mut harness, right, Modifiers::CTRL);
    assert!(
        matches!(commands.last(), Some(Command::SetZoom { zoom, .. }) if *zoom != 1.0),
        "magnified: {commands:?}"
    );
    let commands = drag_with(&mut harness, PointerButton::Middle, Modifiers::NONE);
    let mut turned = commands.iter().filter_map(|c| match c {
        Command::SetSlice { slice, .. } => Some(*slice),
        _ => None,
    });
    assert_eq!(
        turned.next_back(),
        Some(30),
        "three points a slice: {commands:?}"
    );
}

#[test]
fn the_left_button_moves_the_crosshair_in_the_itk_snap_profile() {
    let mut harness = with(Profile::ItkSnap);
    let left = PointerButton::Primary;
    let commands = drag_with(&mut harness, left, Modifiers::NONE);
    assert!(
        matches!(commands.last(), Some(Command::PointAt { .. })),
        "{commands:?}"
    );
    let no_window = |c: &Command| !matches!(c, Command::SetWindow { .. });
    assert!(commands.iter().all(no_window), "{commands:?}");
    let commands = drag_with(&mut harness, left, Modifiers::CTRL);
    assert!(
        matches!(commands.last(), Some(Command::SetWindow { .. })),
        "{commands:?}"
    );
    press(&mut harness, Modifiers::NONE, Key::S);
    assert!(!harness.state().ui.show_overlays, "S shows and hides masks");
    press(&mut harness, Modifiers::SHIFT, Key::D);
    assert_eq!(harness.state().ui.tool, Tool::Diameter);
}

#[test]
fn a_key_is_changed_a_conflict_is_named_and_all_can_be_reset() {
    let mut harness = with(Profile::OncoTwin);
    press(&mut harness, Modifiers::COMMAND, Key::Comma);
    let cine = Action::Cine.text();
    let add = format!("New key for: {cine}");
    harness.get_by_label(&add).scroll_to_me();
    harness.run();
    click(&mut harness, &add);
    press(&mut harness, Modifiers::NONE, Key::U);
    let keys = |harness: &Harness<'_, Stage>, action| -> Vec<String> {
        let keys = harness.state().view.keys.keys(action).iter();
        keys.map(|k| k.to_string()).collect()
    };
    assert_eq!(keys(&harness, Action::Cine), ["C", "U"]);

    click(&mut harness, &add);
    press(&mut harness, Modifiers::NONE, Key::D);
    harness.get_by_label(&format!("D is the key of: {}", Action::Diameter.text()));
    assert_eq!(
        keys(&harness, Action::Cine),
        ["C", "U"],
        "nothing was taken"
    );
    assert_eq!(
        harness.state().ui.tool,
        Tool::Window,
        "and nothing was done"
    );
    click(&mut harness, &format!("Give it to: {cine}"));
    assert_eq!(keys(&harness, Action::Cine), ["C", "U", "D"]);
    assert_eq!(keys(&harness, Action::Diameter), [""; 0]);

    click(&mut harness, &add);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.get_by_label("Reset all keys and drags");
    click(&mut harness, &format!("Take C from: {cine}"));
    assert_eq!(keys(&harness, Action::Cine), ["U", "D"]);
    click(&mut harness, "PACS");
    assert_eq!(harness.state().view.keys.settings().profile, Profile::Pacs);
    click(&mut harness, "Reset all keys and drags");
    assert_eq!(keys(&harness, Action::Cine), ["C"]);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("Reset all keys and drags").is_none());
}

#[test]
fn a_drag_is_given_another_meaning_in_the_dialog() {
    let mut harness = with(Profile::OncoTwin);
    press(&mut harness, Modifiers::COMMAND, Key::Comma);
    click(&mut harness, "Middle drag");
    click(&mut harness, "page through slices");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    let commands = drag_with(&mut harness, PointerButton::Middle, Modifiers::NONE);
    let turned = |c: &Command| matches!(c, Command::SetSlice { .. });
    assert!(commands.iter().any(turned), "{commands:?}");
    let kept = &harness.state().view.keys.settings().drags;
    assert_eq!(kept.len(), 1, "{kept:?}");
}

#[test]
fn buttons_name_the_keys_that_hold() {
    let mut view = fixture::loaded(true);
    let mut settings = Settings::default();
    settings.unbind(Action::Masks, Shortcut::parse("G").expect("a key"));
    settings.bind(Action::FillMasks, Shortcut::parse("Ctrl+M").expect("a key"));
    settings.unbind(Action::FillMasks, Shortcut::parse("M").expect("a key"));
    view.keys = Arc::new(KeyMap::new(settings));
    let mut harness = harness(view, [1000.0, 640.0]);
    harness.run();
    harness.get_by_label("Masks on or off");
    let ctrl = if cfg!(target_os = "macos") {
        "Cmd"
    } else {
        "Ctrl"
    };
    harness.get_by_label(&format!("Masks filled or outlined ({ctrl}+M)"));
    press(&mut harness, Modifiers::COMMAND, Key::M);
    assert!(harness.state().ui.fill_masks);
    press(&mut harness, Modifiers::NONE, Key::M);
    assert!(harness.state().ui.fill_masks, "M means nothing any more");
}

#[test]
fn sheet_and_dialog_look_as_they_should() {
    let mut results = SnapshotResults::new();
    for dark in [true, false] {
        let theme = if dark { "dark" } else { "light" };
        let mut view = fixture::loaded(dark);
        let mut settings = Settings {
            profile: Profile::ItkSnap,
            ..Settings::default()
        };
        settings.bind(Action::Lasso, Shortcut::parse("Ctrl+L").expect("a key"));
        view.keys = Arc::new(KeyMap::new(settings));
        let mut harness = harness(view, [1000.0, 640.0]);
        harness.run();
        press(&mut harness, Modifiers::COMMAND, Key::Comma);
        click(
            &mut harness,
            &format!("New key for: {}", Action::Lasso.text()),
        );
        press(&mut harness, Modifiers::NONE, Key::P);
        results.add(harness.try_snapshot(format!("keys_{theme}")));
    }
}

#[test]
fn faint_masks_without_annotations_look_so() {
    let mut harness = with(Profile::OncoTwin);
    let ui = &mut harness.state_mut().ui;
    (ui.fill_masks, ui.show_annotations) = (true, false);
    for _ in 0..6 {
        press(&mut harness, Modifiers::NONE, Key::A);
    }
    let mut results = SnapshotResults::new();
    results.add(harness.try_snapshot("masks_faint_dark"));
}
