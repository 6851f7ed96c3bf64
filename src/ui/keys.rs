//! Pressed keys become actions, by the map that is in force.

use egui::{Event, Modifiers, Ui};

use super::act::{Scene, act};
use super::state::{Peek, UiState};
use crate::app::Command;
use crate::app::view::{PatientView, View};
use crate::keymap::{Action, Flag, Key, Shortcut};

/// A key that is held longer than this, in seconds, shows or hides masks only while it is held.
const PEEK: f64 = 0.4;

/// The key of this name on the keyboard.
fn named(key: egui::Key) -> Option<Key> {
    Key::all().find(|k| egui::Key::from_name(k.name()) == Some(key))
}

/// What was pressed, in the words of the key map; `None` for keys that no action can have.
pub(super) fn shortcut(key: egui::Key, modifiers: Modifiers) -> Option<Shortcut> {
    // Ctrl on a Mac, where Cmd is what Ctrl is elsewhere.
    if modifiers.ctrl && !modifiers.command {
        return None;
    }
    Some(Shortcut {
        key: named(key)?,
        ctrl: modifiers.command,
        alt: modifiers.alt,
        shift: modifiers.shift,
    })
}

/// Does what pressed keys mean; nothing while text is typed or a question is open.
pub(super) fn keys(
    ui: &Ui,
    view: &View,
    patient: Option<&PatientView>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    // Set anew by the picture that the pointer is over.
    state.meant = state.meant_figure.take();
    state.ended = None;
    let typing = ui.ctx().text_edit_focused();
    if !typing && !egui::Popup::is_any_open(ui.ctx()) && state.dialog.is_none() {
        pressed(ui, view, patient, state, out);
    }
    end_peek(ui, state);
}

fn pressed(
    ui: &Ui,
    view: &View,
    patient: Option<&PatientView>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let slice_id = state
        .active
        .map(|series| egui::Id::unique("slice view").with(series));
    // A focused button answers to Enter and Space, and a focused slider or number field takes the
    // arrows.
    let free = match (patient, slice_id) {
        (Some(_), Some(id)) => ui.memory(|m| m.focused().is_none_or(|f| f == id)),
        _ => ui.memory(|m| m.focused().is_none()),
    };
    // Escape takes the focus from a field before anybody else sees it, and must do no more than that.
    let focused_before = slice_id.is_some_and(|id| ui.memory(|m| m.had_focus_last_frame(id)));
    let pressed: Vec<(egui::Key, Modifiers, bool)> = ui.input(|i| {
        let press = |e: &Event| match e {
            Event::Key {
                key,
                pressed: true,
                repeat,
                modifiers,
                ..
            } => Some((*key, *modifiers, *repeat)),
            _ => None,
        };
        i.events.iter().filter_map(press).collect()
    });
    for (key, modifiers, repeat) in pressed {
        let Some(shortcut) = shortcut(key, modifiers) else {
            continue;
        };
        let Some(action) = state.keys.meant(shortcut) else {
            continue;
        };
        if repeat && !action.is(Flag::Repeats) {
            continue;
        }
        if shortcut.key.moves_focus() && !shortcut.ctrl && !free {
            continue;
        }
        let decides = matches!(action, Action::Accept | Action::Cancel | Action::RemoveMark);
        let waits = patient.is_some_and(|p| p.proposal.is_some());
        if decides && waits && !focused_before {
            continue;
        }
        let scene = Scene { view, patient };
        act(action, &scene, state, out);
        if action == Action::Masks && patient.is_some() {
            let since = ui.input(|i| i.time);
            state.peek = Some(Peek { key, since });
        }
    }
}

/// A key that was held lets masks be as they were before.
fn end_peek(ui: &Ui, state: &mut UiState) {
    let Some(peek) = &state.peek else { return };
    let (down, now) = ui.input(|i| (i.key_down(peek.key), i.time));
    if !down {
        if now - peek.since > PEEK {
            state.show_overlays = !state.show_overlays;
        }
        state.peek = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_map_is_one_of_the_keyboard() {
        for key in Key::all() {
            let of_keyboard = egui::Key::from_name(key.name());
            assert!(of_keyboard.is_some(), "{key:?}");
            assert_eq!(named(of_keyboard.expect("a key")), Some(key));
        }
    }
}
