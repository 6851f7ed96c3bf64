//! The sheet of mouse and keys, made of the map that is in force.

use egui::{Align2, Grid, Key, RichText, ScrollArea, Ui, Window, vec2};

use super::dialog::Dialog;
use super::key_dialog::KeysForm;
use super::state::UiState;
use super::theme;
use super::widgets::{heading, weak};
use crate::keymap::{Action, Button, Drag, Flag, Group, Held, KeyMap};
use crate::texts::{self, mark, tr};

/// What is the same in all profiles.
const MOUSE: &[(&str, &str)] = &[
    (
        mark!("Left click"),
        mark!("without a tool: all planes go there"),
    ),
    (
        mark!("Shift + move"),
        mark!("all planes follow the pointer"),
    ),
    (
        mark!("Alt + left drag"),
        mark!("a lens; with a tool in hand: take away"),
    ),
    (mark!("Right click"), mark!("on a mask: remove this part")),
    (
        mark!("Wheel"),
        mark!("one slice per notch; with Shift five"),
    ),
    (
        mark!("Shift + wheel"),
        mark!("size of the brush, while there is one"),
    ),
    (mark!("Ctrl + wheel"), mark!("magnify about the pointer")),
    (
        mark!("Double click"),
        mark!("this time point alone, and back"),
    ),
];

/// Windows of this width have room for three columns.
const WIDE: f32 = 1150.0;

/// Shows the sheet while it is open.
pub(super) fn help_ui(ui: &Ui, state: &mut UiState) {
    if !state.show_help {
        return;
    }
    if ui.input(|i| i.key_pressed(Key::Escape)) {
        state.show_help = false;
    }
    let map = std::sync::Arc::clone(&state.keys);
    let mut open = state.show_help;
    let mut change = false;
    Window::new(tr!("Mouse and keys"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .show(ui.ctx(), |ui| {
            ui.spacing_mut().interact_size.y = 18.0;
            ui.horizontal(|ui| {
                let profile = map.settings().profile.text();
                let own = match map.settings().changes.len() {
                    0 => String::new(),
                    n => tr!(", {n} changed" | ", {n} changed" % n),
                };
                weak(ui, tr!("Profile {profile}{own}", profile, own));
                change = ui.button(tr!("Change keys…")).clicked();
            });
            ui.add_space(4.0);
            let room = ui.ctx().content_rect().size();
            let area = ScrollArea::vertical().max_height(room.y - 120.0);
            area.show(ui, |ui| sheet_ui(ui, &map, room.x >= WIDE));
        });
    state.show_help &= open;
    if change {
        state.show_help = false;
        state.ask(Dialog::Keys(KeysForm::default()));
    }
}

/// All sections, in three columns where there is room for them, else in two.
fn sheet_ui(ui: &mut Ui, map: &KeyMap, wide: bool) {
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            section_ui(ui, tr!("On a slice"), &mouse(map));
            ui.add_space(8.0);
            group_ui(ui, Group::Tools, map);
        });
        ui.add_space(18.0);
        ui.vertical(|ui| {
            group_ui(ui, Group::Picture, map);
            if !wide {
                ui.add_space(8.0);
                others_ui(ui, map);
            }
        });
        if wide {
            ui.add_space(18.0);
            ui.vertical(|ui| others_ui(ui, map));
        }
    });
}

fn others_ui(ui: &mut Ui, map: &KeyMap) {
    group_ui(ui, Group::Record, map);
    ui.add_space(8.0);
    group_ui(ui, Group::Window, map);
}

fn group_ui(ui: &mut Ui, group: Group, map: &KeyMap) {
    let rows = rows(group, map);
    section_ui(ui, texts::text_in("group of actions", group.text()), &rows);
}

/// Keys and meanings of a group; actions that belong together share a row.
fn rows(group: Group, map: &KeyMap) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    for action in Action::all().filter(|a| a.group() == group) {
        let keys: Vec<String> = map.keys(action).iter().map(|k| k.text()).collect();
        if keys.is_empty() {
            continue;
        }
        // Two are enough to remember; the dialog has all.
        let keys = keys[..keys.len().min(2)].join(", ");
        match rows.last_mut().filter(|_| action.is(Flag::Joined)) {
            Some((before, _)) => {
                before.push(' ');
                before.push_str(&keys);
            }
            None => rows.push((keys, texts::text(action.text()).to_owned())),
        }
    }
    rows
}

/// What the mouse does.
fn mouse(map: &KeyMap) -> Vec<(String, String)> {
    let mouse = map.mouse();
    let mut rows = Vec::new();
    for button in Button::ALL {
        let plain = mouse.drag(button, Held::Nothing);
        for held in Held::ALL {
            let drag = mouse.drag(button, held);
            if held != Held::Nothing && drag == plain {
                continue;
            }
            let with = texts::text(held.text());
            let name = texts::text_in("button of the mouse", button.text());
            let name = if with.is_empty() {
                tr!("{button} drag", button = name)
            } else {
                tr!(
                    "{held}{button} drag",
                    held = with,
                    button = name.to_lowercase()
                )
            };
            rows.push((name, meaning(button, drag)));
        }
    }
    let fixed = MOUSE
        .iter()
        .map(|(k, w)| (texts::text(k).to_owned(), texts::text(w).to_owned()));
    rows.extend(fixed);
    rows
}

fn meaning(button: Button, drag: Drag) -> String {
    let text = texts::text(drag.text());
    if button == Button::Left && drag != Drag::Region {
        tr!("{text}, or what the tool draws", text)
    } else {
        text.to_owned()
    }
}

fn section_ui(ui: &mut Ui, title: &str, rows: &[(String, String)]) {
    heading(ui, title);
    Grid::new(title).spacing(vec2(16.0, 3.0)).show(ui, |ui| {
        for (key, what) in rows {
            ui.label(RichText::new(key).font(theme::medium(12.5)));
            ui.label(RichText::new(what).size(12.5));
            ui.end_row();
        }
    });
}
