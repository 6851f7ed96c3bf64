//! The sheet of mouse and keys.

use egui::{Align2, Grid, Key, RichText, ScrollArea, Ui, Window, vec2};

use super::theme;
use super::widgets::heading;

const MOUSE: &[(&str, &str)] = &[
    (
        "Left drag",
        "window and level, or what the tool in hand draws",
    ),
    (
        "Left click",
        "without a tool: all planes go there; Shift + move follows",
    ),
    ("Alt + left drag", "take away instead of adding"),
    ("Middle drag", "move the picture"),
    ("Right drag", "magnify"),
    ("Right click", "on a mask: remove this part"),
    ("Wheel", "one slice per notch; with Shift five"),
    ("Shift + wheel", "size of the brush, while there is one"),
    ("Ctrl + wheel", "magnify about the pointer"),
    ("Ctrl + left drag", "window by the values of a rectangle"),
    ("Double click", "this time point alone, and back"),
];

const TOOLS: &[(&str, &str)] = &[
    ("D P B", "diameter, point, box"),
    ("S L K", "scribble, lasso, caliper"),
    ("E", "brush; then eraser, and back"),
    ("X", "cut a lesion in two"),
    ("A", "measure with the figure used last"),
    ("[ ]", "smaller or larger brush"),
    ("Space", "the tool before, and back"),
    ("Enter", "end a line; accept what was made"),
    ("O", "take what is offered with it"),
    ("Esc", "call off; reject what was made; window tool"),
    ("Del", "remove the measurement or mark here"),
    ("Tab, Shift + Tab", "next and previous lesion"),
    ("N", "next diameter starts a new lesion"),
    ("?", "this sheet"),
];

const PICTURE: &[(&str, &str)] = &[
    ("↑ ↓", "previous and next slice"),
    ("PgUp PgDn", "ten slices"),
    ("Home End", "first and last slice"),
    ("← →", "previous and next time point"),
    ("C", "page slices by themselves, and stop"),
    ("Q", "three planes, or slices alone"),
    ("1 – 6", "window presets"),
    ("9, 0", "window by the slice's values; of the file"),
    ("I", "black for white, and back"),
    ("R", "reset magnification and window"),
    ("G, M", "masks on or off; outlined or filled"),
];

const RECORD: &[(&str, &str)] = &[
    ("Z, Ctrl + Z", "undo the last step"),
    ("Y, Ctrl + Shift + Z", "redo"),
    ("H", "history of steps"),
    ("V", "versions of the selected mask"),
    ("T", "where the selected size comes from"),
    ("Shift + F9", "mark the reading as reviewed"),
    ("F9", "sign the reading; amend a signed one"),
    ("F8", "name the reader"),
    ("F6", "from the picture to the bar; on with Tab"),
];

/// Shows the sheet while `open`.
pub(super) fn help_ui(ui: &Ui, open: &mut bool) {
    if !*open {
        return;
    }
    if ui.input(|i| i.key_pressed(Key::Escape)) {
        *open = false;
    }
    Window::new("Mouse and keys")
        .open(open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .show(ui.ctx(), |ui| {
            ui.spacing_mut().interact_size.y = 18.0;
            let most = ui.ctx().content_rect().height() - 80.0;
            ScrollArea::vertical().max_height(most).show(ui, |ui| {
                ui.horizontal_top(|ui| {
                    ui.vertical(|ui| {
                        section_ui(ui, "On a slice", MOUSE);
                        ui.add_space(8.0);
                        section_ui(ui, "Picture", PICTURE);
                    });
                    ui.add_space(18.0);
                    ui.vertical(|ui| {
                        section_ui(ui, "Tools", TOOLS);
                        ui.add_space(8.0);
                        section_ui(ui, "Record", RECORD);
                    });
                });
            });
        });
}

fn section_ui(ui: &mut Ui, title: &str, rows: &[(&str, &str)]) {
    heading(ui, title);
    Grid::new(title).spacing(vec2(16.0, 3.0)).show(ui, |ui| {
        for (key, what) in rows {
            ui.label(RichText::new(*key).font(theme::medium(12.5)));
            ui.label(RichText::new(*what).size(12.5));
            ui.end_row();
        }
    });
}
