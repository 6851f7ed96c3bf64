//! The table of lesions over time points.

mod cells;
mod edit;

use egui::{
    Align, Button, Color32, CornerRadius, Layout, Rect, RichText, Role, ScrollArea, Sense, Stroke,
    Ui, UiBuilder, Vec2, WidgetInfo, pos2, scroll_area::ScrollSource, vec2,
};

use super::state::{Tool, UiState};
use super::theme;
use super::widgets::{heading, menu, weak};
use crate::app::Command;
use crate::app::view::{LesionRow, PatientView};
use crate::texts::tr;

const ROW: f32 = 26.0;
const HEAD: f32 = 20.0;
/// Widths of swatch and label, organ, role, node, menu.
const ABOUT: [f32; 5] = [64.0, 112.0, 96.0, 44.0, 34.0];
/// Widths of drawn diameter, axes, volume, change, confidence, warnings.
const CELL: [f32; 6] = [88.0, 114.0, 138.0, 60.0, 82.0, 34.0];
/// Blank before each time point.
const GAP: f32 = 10.0;

/// Draws the table.
pub fn lesions_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        heading(ui, tr!("Lesions"));
        let fresh = patient.selected.is_none();
        let response = ui
            .add_enabled(
                read_only.is_none(),
                Button::new(tr!("New lesion")).selected(fresh),
            )
            .on_hover_text(state.keys.hint(
                tr!("The next diameter starts a new lesion"),
                crate::keymap::Action::NewLesion,
            ))
            .on_disabled_hover_text(read_only.unwrap_or_default());
        if response.clicked() {
            out.push(Command::SelectLesion { lesion: None });
            state.take(Tool::Diameter);
        }
        if patient.lesions.is_empty() {
            weak(
                ui,
                tr!("Press D and drag the longest diameter of a lesion on a slice."),
            );
        }
    });
    if patient.lesions.is_empty() {
        return;
    }
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing = Vec2::ZERO;
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| about_ui(ui, patient, read_only, state, out));
                // The wheel scrolls rows; the time points move by their bar.
                ScrollArea::horizontal()
                    .scroll_source(ScrollSource::SCROLL_BAR)
                    // The newest time point is what a reader came for.
                    .stick_to_right(true)
                    .auto_shrink([false, true])
                    .show(ui, |ui| {
                        ui.vertical(|ui| measurements_ui(ui, patient, read_only, state, out));
                    });
            });
        });
}

/// Draws into a given place, centred in height.
fn at<R>(ui: &mut Ui, rect: Rect, align: Align, add: impl FnOnce(&mut Ui) -> R) -> R {
    let layout = if align == Align::RIGHT {
        Layout::right_to_left(Align::Center)
    } else {
        Layout::left_to_right(Align::Center)
    };
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    child.spacing_mut().item_spacing.x = 4.0;
    add(&mut child)
}

/// Rectangles of a row's fields, from left to right.
fn fields<const N: usize>(left: f32, row: Rect, widths: [f32; N]) -> [Rect; N] {
    let mut x = left;
    widths.map(|w| {
        let rect = Rect::from_min_max(pos2(x + 4.0, row.top()), pos2(x + w - 4.0, row.bottom()));
        x += w;
        rect
    })
}

/// A row's background and click; the line above separates it from the last.
fn row(ui: &mut Ui, width: f32, lesion: &LesionRow, selected: bool, name: &str) -> egui::Response {
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    let id = ui.scope_id().with(("row", lesion.id));
    let response = ui.interact(rect, id, Sense::click());
    let p = theme::palette(ui);
    let fill = if selected {
        p.selection
    } else if response.hovered() {
        p.hover
    } else {
        Color32::TRANSPARENT
    };
    ui.painter().rect_filled(rect, CornerRadius::ZERO, fill);
    ui.painter()
        .hline(rect.x_range(), rect.top(), Stroke::new(1.0, p.border));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, name));
    response
}

fn head(ui: &mut Ui, rect: Rect, align: Align, text: &str) {
    let p = theme::palette(ui);
    at(ui, rect, align, |ui| {
        ui.label(RichText::new(text).size(11.5).color(p.text_weak))
    });
}

/// What the lesions are: label, organ, role, node.
fn about_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let width = ABOUT.iter().sum();
    let (rect, _) = ui.allocate_exact_size(vec2(width, 2.0 * HEAD), Sense::hover());
    let second = Rect::from_min_max(pos2(rect.left(), rect.top() + HEAD), rect.max);
    let columns = fields(rect.left(), second, ABOUT);
    for (rect, text) in columns
        .into_iter()
        .zip(["", tr!("Organ"), tr!("Role"), tr!("Node"), ""])
    {
        head(ui, rect, Align::LEFT, text);
    }
    for lesion in &patient.lesions {
        let selected = patient.selected == Some(lesion.id);
        let response = row(
            ui,
            width,
            lesion,
            selected,
            &tr!("Select {label}", label = lesion.label),
        );
        if response.clicked() {
            out.push(Command::SelectLesion {
                lesion: Some(lesion.id),
            });
        }
        let barred = edit::barred(read_only, lesion);
        let [label, organ, role, node, actions] =
            fields(response.rect.left(), response.rect, ABOUT);
        at(ui, label, Align::LEFT, |ui| {
            let (swatch, _) = ui.allocate_exact_size(Vec2::splat(12.0), Sense::hover());
            ui.painter().rect_filled(
                swatch,
                CornerRadius::same(theme::RADIUS / 2),
                theme::lesion(lesion.color),
            );
            ui.label(RichText::new(&lesion.label).font(theme::medium(13.0)));
        });
        at(ui, organ, Align::LEFT, |ui| {
            edit::organ_ui(ui, lesion, barred, state, out)
        });
        at(ui, role, Align::LEFT, |ui| {
            edit::role_ui(ui, lesion, barred, out)
        });
        at(ui, node, Align::LEFT, |ui| {
            edit::node_ui(ui, lesion, barred, out)
        });
        at(ui, actions, Align::LEFT, |ui| {
            let name = tr!("Actions for {label}", label = lesion.label);
            menu(ui, &name, |ui| {
                edit::menu_ui(ui, patient, lesion, read_only, state, out);
            });
        });
    }
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW + 4.0), Sense::hover());
    let p = theme::palette(ui);
    ui.painter().hline(
        rect.x_range(),
        rect.top(),
        Stroke::new(1.0, p.border_strong),
    );
    at(ui, rect.shrink2(vec2(4.0, 0.0)), Align::LEFT, |ui| {
        ui.label(RichText::new(tr!("Sum of diameters")).font(theme::medium(13.0)));
    });
}

/// What was measured, one group of fields per time point.
fn measurements_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let group: f32 = CELL.iter().sum::<f32>() + GAP;
    let width = group * patient.columns.len() as f32;
    let (rect, _) = ui.allocate_exact_size(vec2(width, 2.0 * HEAD), Sense::hover());
    for (n, column) in patient.columns.iter().enumerate() {
        let left = rect.left() + group * n as f32 + GAP;
        let first = Rect::from_min_size(pos2(left + 4.0, rect.top()), vec2(group - GAP, HEAD));
        at(ui, first, Align::LEFT, |ui| {
            ui.label(RichText::new(&column.title).font(theme::medium(12.0)));
            ui.add(
                egui::Label::new(RichText::new(&column.date).size(11.5).color(p.text_weak))
                    .truncate(),
            );
        });
        let second = first.translate(vec2(0.0, HEAD));
        let names = [
            tr!("Drawn"),
            tr!("Long × short"),
            tr!("Volume · partial"),
            tr!("Change"),
            tr!("Confidence"),
            "",
        ];
        for (rect, name) in fields(left, second, CELL).into_iter().zip(names) {
            head(ui, rect, Align::RIGHT, name);
        }
    }
    for lesion in &patient.lesions {
        let selected = patient.selected == Some(lesion.id);
        let name = tr!("Select {label} by its measurements", label = lesion.label);
        let response = row(ui, width, lesion, selected, &name);
        if response.clicked() {
            out.push(Command::SelectLesion {
                lesion: Some(lesion.id),
            });
        }
        response.context_menu(|ui| {
            edit::marks_ui(ui, patient, lesion, read_only, state, out);
        });
        for (n, cell) in lesion.cells.iter().take(patient.columns.len()).enumerate() {
            let left = response.rect.left() + group * n as f32 + GAP;
            if let Some(cell) = cell {
                let place = response
                    .rect
                    .with_min_x(left)
                    .with_max_x(left + group - GAP);
                let id = response.id.with(n);
                let mark = ui.interact(place, id, Sense::click());
                let name = tr!(
                    "{label} at {title}",
                    label = lesion.label,
                    title = patient.columns[n].title
                );
                mark.widget_info(|| WidgetInfo::labeled(Role::Cell, true, &name));
                if mark.clicked() {
                    out.push(Command::SelectLesion {
                        lesion: Some(lesion.id),
                    });
                }
                mark.context_menu(|ui| {
                    edit::mark_ui(ui, patient, lesion, cell, read_only, state, out);
                });
            }
            let rects = fields(left, response.rect, CELL);
            cells::cell_ui(ui, rects, cell.as_ref(), &mut state.page);
        }
    }
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW + 4.0), Sense::hover());
    ui.painter().hline(
        rect.x_range(),
        rect.top(),
        Stroke::new(1.0, p.border_strong),
    );
    for (n, response) in patient
        .response
        .iter()
        .take(patient.columns.len())
        .enumerate()
    {
        let left = rect.left() + group * n as f32 + GAP;
        // The sum ends where the axes end, so that it reads as their foot.
        let sum = CELL[0] + CELL[1];
        let [sum, rest] = fields(left, rect, [sum, group - GAP - sum]);
        let column = &patient.columns[n];
        at(ui, sum, Align::RIGHT, |ui| {
            cells::sum_ui(ui, response, column, out);
        });
        at(ui, rest, Align::LEFT, |ui| {
            cells::response_ui(ui, response, column, out);
        });
    }
    // Lines between time points let the eye keep to one.
    let bottom = rect.bottom();
    for n in 1..patient.columns.len() {
        let x = rect.left() + group * n as f32 + GAP / 2.0;
        let top = ui.min_rect().top();
        ui.painter()
            .vline(x, top..=bottom, Stroke::new(1.0, p.border));
    }
}
