//! The dialog in which keys are changed: a profile, and own keys on top of it.

use egui::{Button, ComboBox, Event, Grid, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::dialog::{Answer, frame};
use super::keys::shortcut;
use super::theme;
use super::widgets::{Icon, heading, icon_button, radio, weak};
use crate::app::Command;
use crate::app::view::View;
use crate::keymap::{self, Action, Drag, Group, Held, KeyMap, Profile, Settings, Shortcut};
use crate::texts::{self, tr};

/// What was entered so far.
#[derive(Default)]
pub(super) struct KeysForm {
    search: String,
    waiting: Option<Waiting>,
}

/// A new key that is waited for.
#[derive(Clone, Copy)]
struct Waiting {
    action: Action,
    /// It was pressed, but means something else already.
    pressed: Option<Shortcut>,
}

/// Draws the dialog. Every change holds at once.
pub(super) fn keys_ui(ui: &Ui, view: &View, form: &mut KeysForm) -> Answer {
    let map = &*view.keys;
    let mut settings = map.settings().clone();
    let waits = form.waiting.is_some();
    let mut close = false;
    if let Some(waiting) = form.waiting {
        form.waiting = take_key(ui, map, waiting, &mut settings);
    }
    let answer = frame(ui, tr!("Mouse and keys"), 640.0, |ui| {
        profile_ui(ui, &mut settings);
        ui.add_space(6.0);
        ui.add(
            TextEdit::singleline(&mut form.search)
                .hint_text(tr!("Search actions and keys"))
                .desired_width(f32::INFINITY),
        )
        .accessible_name(tr!("Search actions and keys"));
        let height = (ui.ctx().content_rect().height() - 260.0).clamp(120.0, 460.0);
        ui.add_space(4.0);
        ScrollArea::vertical()
            .auto_shrink([false, false])
            .max_height(height)
            .show(ui, |ui| {
                if form.search.trim().is_empty() {
                    mouse_ui(ui, map, &mut settings);
                }
                actions_ui(ui, map, form, &mut settings);
            });
        ui.add_space(6.0);
        waiting_ui(ui, map, form, &mut settings);
        ui.horizontal(|ui| {
            let changed = !settings.changes.is_empty() || !settings.drags.is_empty();
            let reset = ui.add_enabled(changed, Button::new(tr!("Reset all keys and drags")));
            if reset.clicked() {
                settings.changes.clear();
                settings.drags.clear();
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                close = ui.button(tr!("Close")).clicked();
            });
        });
        Answer::Open
    });
    let commands = (settings != *map.settings()).then_some(Command::SetKeys { settings });
    // Escape calls off the key that is waited for, and then the dialog.
    let closed = close || (matches!(answer, Answer::Closed) && !waits);
    match (closed, commands) {
        (true, commands) => Answer::Send(commands.into_iter().collect()),
        (false, Some(command)) => Answer::Do(vec![command]),
        (false, None) => Answer::Open,
    }
}

fn profile_ui(ui: &mut Ui, settings: &mut Settings) {
    ui.horizontal(|ui| {
        ui.label(tr!("Profile"));
        for profile in Profile::ALL {
            if radio(ui, settings.profile == profile, profile.text()).clicked() {
                settings.profile = profile;
            }
        }
    });
    weak(
        ui,
        tr!(
            "Keys and mouse as in other programs. Keys that you change go before those of the profile."
        ),
    );
}

/// What the buttons of the mouse do when dragged.
fn mouse_ui(ui: &mut Ui, map: &KeyMap, settings: &mut Settings) {
    heading(ui, tr!("Dragging with the mouse"));
    let mouse = map.mouse();
    Grid::new("drags")
        .num_columns(4)
        .spacing(vec2(10.0, 3.0))
        .show(ui, |ui| {
            ui.label("");
            for button in keymap::Button::ALL {
                let name = texts::text_in("button of the mouse", button.text());
                ui.label(RichText::new(name).size(12.5));
            }
            ui.end_row();
            for held in Held::ALL {
                let with = texts::text(held.text()).trim_end_matches(" + ");
                ui.label(
                    RichText::new(if with.is_empty() { tr!("Alone") } else { with }).size(12.5),
                );
                for button in keymap::Button::ALL {
                    let mut drag = mouse.drag(button, held);
                    let name = tr!(
                        "{held}{button} drag",
                        held = texts::text(held.text()),
                        button = texts::text_in("button of the mouse", button.text())
                    );
                    let choice = ComboBox::from_id_salt(&name)
                        .width(150.0)
                        .selected_text(texts::text(drag.text()))
                        .show_ui(ui, |ui| {
                            for other in Drag::ALL {
                                ui.selectable_value(&mut drag, other, texts::text(other.text()));
                            }
                        });
                    choice.response.accessible_name(name);
                    if drag != mouse.drag(button, held) {
                        settings.set_drag(button, held, drag);
                    }
                }
                ui.end_row();
            }
        });
    weak(
        ui,
        tr!(
            "The left button does this while the tool in hand draws nothing. Clicks stay as they are."
        ),
    );
    ui.add_space(4.0);
}

fn actions_ui(ui: &mut Ui, map: &KeyMap, form: &mut KeysForm, settings: &mut Settings) {
    let wanted = form.search.trim().to_lowercase();
    let is_wanted = |action: &Action| {
        let keys = map.keys(*action).iter();
        wanted.is_empty()
            || texts::text(action.text()).to_lowercase().contains(&wanted)
            || keys.map(|k| k.text()).any(|k| k.to_lowercase() == wanted)
    };
    for group in Group::ALL {
        let mut actions = Action::all()
            .filter(|a| a.group() == group)
            .filter(is_wanted)
            .peekable();
        if actions.peek().is_none() {
            continue;
        }
        heading(ui, texts::text_in("group of actions", group.text()));
        Grid::new(("keys of", group.text()))
            .num_columns(2)
            .min_col_width(270.0)
            .spacing(vec2(12.0, 2.0))
            .show(ui, |ui| {
                for action in actions {
                    ui.label(RichText::new(texts::text(action.text())).size(12.5));
                    action_ui(ui, action, map, form, settings);
                    ui.end_row();
                }
            });
        ui.add_space(4.0);
    }
}

fn action_ui(
    ui: &mut Ui,
    action: Action,
    map: &KeyMap,
    form: &mut KeysForm,
    settings: &mut Settings,
) {
    let text = texts::text(action.text());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for key in map.keys(action) {
            let key_text = key.text();
            let label = RichText::new(format!("{key_text}  ×")).font(theme::medium(12.0));
            let button = ui
                .add(Button::new(label).small())
                .accessible_name(tr!("Take {key_text} from: {text}", key_text, text))
                .on_hover_text(tr!("Click to take this key away"));
            if button.clicked() {
                settings.unbind(action, *key);
            }
        }
        if icon_button(ui, Icon::Plus, &tr!("New key for: {text}", text)).clicked() {
            form.waiting = Some(Waiting {
                action,
                pressed: None,
            });
        }
        let changed = settings.changes.contains_key(&action);
        if changed
            && icon_button(
                ui,
                Icon::Undo,
                &tr!("Keys of the profile for: {text}", text),
            )
            .clicked()
        {
            settings.reset(action);
        }
    });
}

/// Takes the key that was pressed, unless it means something already.
fn take_key(ui: &Ui, map: &KeyMap, waiting: Waiting, settings: &mut Settings) -> Option<Waiting> {
    if waiting.pressed.is_some() {
        return Some(waiting);
    }
    let pressed = ui.input_mut(|input| {
        let is_press = |e: &Event| matches!(e, Event::Key { pressed: true, .. });
        let found = input.events.iter().find(|e| is_press(e)).cloned();
        // Nobody else is to act on it, and what it writes is no text.
        input
            .events
            .retain(|e| !is_press(e) && !matches!(e, Event::Text(_)));
        found
    });
    let Some(Event::Key { key, modifiers, .. }) = pressed else {
        return Some(waiting);
    };
    if key == egui::Key::Escape {
        return None;
    }
    let Some(mut shortcut) = shortcut(key, modifiers) else {
        return Some(waiting);
    };
    shortcut.shift &= !shortcut.key.comes_with_shift();
    match map.action(shortcut) {
        Some(other) if other != waiting.action => Some(Waiting {
            pressed: Some(shortcut),
            ..waiting
        }),
        _ => {
            settings.bind(waiting.action, shortcut);
            None
        }
    }
}

/// What is waited for, or what stands in the way.
fn waiting_ui(ui: &mut Ui, map: &KeyMap, form: &mut KeysForm, settings: &mut Settings) {
    let Some(waiting) = form.waiting else {
        return;
    };
    let p = theme::palette(ui);
    let text = texts::text(waiting.action.text());
    let Some((key, other)) = waiting
        .pressed
        .and_then(|key| Some((key, map.action(key)?)))
    else {
        let ask = tr!("{text}: press the new key. Esc calls it off", text);
        ui.label(RichText::new(ask).font(theme::medium(13.0)).color(p.accent));
        return;
    };
    let key_text = key.text();
    let taken = tr!(
        "{key_text} is the key of: {text}",
        key_text,
        text = texts::text(other.text())
    );
    ui.label(
        RichText::new(taken)
            .font(theme::medium(13.0))
            .color(p.warning),
    );
    ui.horizontal_wrapped(|ui| {
        let give = ui
            .button(tr!("Give it to: {text}", text))
            .on_hover_text(tr!(
                "“{text}” loses this key",
                text = texts::text(other.text())
            ));
        if give.clicked() {
            settings.bind(waiting.action, key);
            form.waiting = None;
        }
        if ui.button(tr!("Another key")).clicked() {
            form.waiting = Some(Waiting {
                pressed: None,
                ..waiting
            });
        }
        if ui.button(tr!("Leave it")).clicked() {
            form.waiting = None;
        }
    });
}
