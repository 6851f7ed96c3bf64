//! Time points side by side.

use egui::{
    Align, Align2, ComboBox, CornerRadius, FontId, Layout, PointerButton, Response, RichText, Role,
    ScrollArea, Sense, Slider, Stroke, TextEdit, Ui, Vec2, WidgetInfo, scroll_area::ScrollSource,
    vec2,
};
use jiff::civil::Date;

use super::dialog::Dialog;
use super::links::{link_ui, proposed_ui};
use super::look::look_ui;
use super::reading::{badge_ui, barred, broken_ui};
use super::slab::NO_DRAWING;
use super::slice::{SliceContext, number, section_ui, slice_ui, three_d_ui};
use super::state::UiState;
use super::theme;
use super::uptake::UptakeForm;
use super::versions::compared_lesion;
use super::widgets::{gated, halo_text, menu, nadir_chip, warnings_badge};
use crate::app::Command;
use crate::app::view::{
    ColumnView, FrameOf, HeaderOf, PatientView, SectionView, SeriesId, SliceView, ThreeDView,
    TimePointId, View,
};
use crate::texts::{self, tr};

/// Columns that share the width before the row scrolls.
const VISIBLE: usize = 4;
/// Narrower columns scroll instead.
const MIN_WIDTH: f32 = 200.0;
/// In narrower columns the badge of the reading has no word, so that the date is not cut.
const WORDY: f32 = 300.0;

/// Draws all time points of a patient, oldest at the left.
pub fn columns_ui(
    ui: &mut Ui,
    view: &View,
    patient: &PatientView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let whole = patient
        .columns
        .iter()
        .position(|c| c.shown.is_some() && Some(c.id) == state.maximised);
    let all = 0..patient.columns.len();
    let columns = whole.map_or(all, |index| index..index + 1);
    let n = columns.len();
    if n == 0 {
        ui.centered_and_justified(|ui| ui.label(tr!("This patient has no images yet")));
        return;
    }
    let gap = 6.0;
    let shown = n.min(VISIBLE) as f32;
    let width = ((ui.available_width() - gap * (shown - 1.0)) / shown).max(MIN_WIDTH);
    let height = ui.available_height();
    // The wheel turns slices; the row moves by its bar.
    ScrollArea::horizontal()
        .scroll_source(ScrollSource::SCROLL_BAR)
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = gap;
            ui.horizontal_top(|ui| {
                for index in columns {
                    let size = vec2(width, height);
                    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                        ui.set_width(width);
                        column_ui(ui, view, patient, index, height, state, out);
                    });
                }
            });
        });
}

fn column_ui(
    ui: &mut Ui,
    view: &View,
    patient: &PatientView,
    index: usize,
    height: f32,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let column = &patient.columns[index];
    ui.spacing_mut().item_spacing.y = 4.0;
    let top = ui.cursor().top();
    title_ui(ui, view, patient, index, state, out);
    broken_ui(ui, column);
    series_ui(ui, column, view.read_only.as_deref(), state, out);
    if column.needs_date || state.date.as_ref().is_some_and(|(id, _)| *id == column.id) {
        date_ui(ui, column, state, out);
    }
    let below = 24.0;
    let left = height - (ui.cursor().top() - top) - below;
    let size = vec2(ui.available_width(), left.max(80.0));
    match &column.shown {
        Some(slice) => {
            let name = tr!("Slice view {title}", title = column.title);
            let lesion = patient
                .lesions
                .iter()
                .find(|l| Some(l.id) == patient.selected);
            let context = SliceContext {
                name: &name,
                selected: patient.selected,
                selected_label: lesion.map(|l| (&*l.label, l.color)),
                barred: barred(view.read_only.as_deref(), column)
                    .or(slice.slab.map(|_| texts::text(NO_DRAWING))),
                compared: compared_lesion(patient),
                mark: lesion
                    .and_then(|l| l.cells.get(index)?.as_ref())
                    .map(|c| c.annotation),
                proposal: patient
                    .proposal
                    .as_ref()
                    .filter(|p| p.series == slice.series),
            };
            let twice = ui.input(|i| i.pointer.button_double_clicked(PointerButton::Primary));
            let response = pictures_ui(ui, (patient, column), slice, &context, size, state, out);
            if twice && !state.tool.draws() && response.contains_pointer() {
                let whole = state.maximised == Some(column.id);
                state.maximised = (!whole).then_some(column.id);
            }
            if !column.status.is_empty() {
                halo_text(
                    &ui.painter_at(response.rect),
                    response.rect.center_bottom() - vec2(0.0, 24.0),
                    Align2::CENTER_BOTTOM,
                    &column.status,
                    FontId::proportional(12.0),
                    theme::image().text,
                );
            }
            if let Some(link) = &column.link {
                proposed_ui(ui, response.rect, link, out);
            }
            slider_ui(ui, column, slice, patient.selected.is_some(), out);
        }
        None => empty_ui(ui, column, size + vec2(0.0, below)),
    }
}

/// The slice, with the planes across it and the lesions in space where they are shown.
fn pictures_ui(
    ui: &mut Ui,
    (patient, column): (&PatientView, &ColumnView),
    slice: &SliceView,
    context: &SliceContext<'_>,
    size: Vec2,
    state: &mut UiState,
    out: &mut Vec<Command>,
) -> Response {
    let gap = 3.0;
    let of = (&*column.title, context.selected, context.barred);
    // In the wider direction there is more room beside the slice than below it.
    let wide = size.x > size.y;
    let beside: Vec<Beside<'_>> = column
        .sections
        .iter()
        .map(Beside::Section)
        .chain(column.three_d.as_ref().map(Beside::ThreeD))
        .collect();
    let share = match (beside.len(), wide) {
        (0, _) => 1.0,
        (1, _) => 0.55,
        (2, true) => 0.6,
        (2, false) => 0.56,
        (_, true) => 0.6,
        _ => 0.45,
    };
    let main = if wide {
        vec2((size.x - gap) * share, size.y)
    } else {
        vec2(size.x, (size.y - gap) * share)
    };
    let main = if beside.is_empty() { size } else { main };
    let add = |ui: &mut Ui, one: &Beside<'_>, part: Vec2, state: &mut UiState, out: &mut Vec<_>| {
        match one {
            Beside::Section(section) => section_ui(ui, section, of, part, state, out),
            Beside::ThreeD(view) => {
                three_d_ui(ui, patient, (column, slice, view), part, state, out)
            }
        };
    };
    let pictures = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        let response = slice_ui(ui, slice, context, main, state, out);
        let rest = if wide {
            vec2(size.x - main.x - gap, size.y)
        } else {
            vec2(size.x, size.y - main.y - gap)
        };
        // Where there is more room downwards, two stand side by side, and a third below them.
        let in_row = if wide { 1 } else { 2 };
        ui.vertical(|ui| {
            let rows = beside.chunks(in_row);
            let high = (rest.y - gap * (rows.len().max(1) - 1) as f32) / rows.len().max(1) as f32;
            for row in rows {
                let n = row.len() as f32;
                let part = vec2((rest.x - gap * (n - 1.0)) / n, high);
                ui.horizontal(|ui| {
                    for one in row {
                        add(ui, one, part, state, out);
                    }
                });
            }
        });
        response
    };
    let response = if wide {
        ui.horizontal_top(pictures).inner
    } else {
        ui.scope(pictures).inner
    };
    if let Some(reason) = column.no_planes {
        let at = response.rect.center_top() + vec2(0.0, 40.0);
        let font = FontId::proportional(12.0);
        let painter = ui.painter_at(response.rect);
        let ink = theme::image_warning();
        halo_text(&painter, at, Align2::CENTER_TOP, reason, font, ink);
    }
    response
}

/// What stands beside a slice.
enum Beside<'a> {
    Section(&'a SectionView),
    ThreeD(&'a ThreeDView),
}

fn title_ui(
    ui: &mut Ui,
    view: &View,
    patient: &PatientView,
    index: usize,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let column = &patient.columns[index];
    let shown = column.series.iter().find(|s| s.shown);
    let size = vec2(ui.available_width(), 24.0);
    // From the right, so that a long date gives way to what can be clicked.
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        let name = tr!("Actions for {title}", title = column.title);
        let read_only = view.read_only.as_deref();
        menu(ui, &name, |ui| {
            menu_ui(ui, patient, index, read_only, state, out);
        });
        if let Some(series) = shown {
            warnings_badge(ui, &series.warnings, &mut state.page);
        }
        if let Some(link) = &column.link {
            link_ui(ui, link, &column.title, read_only, out);
        }
        let words = size.x >= WORDY;
        badge_ui(ui, view, column, words, state, out);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.label(
                RichText::new(&column.title)
                    .font(theme::medium(13.5))
                    .color(p.text),
            );
            // In a narrow column the date goes before; the row of sums has it always.
            if column.is_nadir && words {
                nadir_chip(ui);
            }
            let ink = if column.needs_date {
                p.warning
            } else {
                p.text_weak
            };
            let date = RichText::new(&column.date).size(12.0).color(ink);
            ui.add(egui::Label::new(date).truncate());
        });
    });
}

fn menu_ui(
    ui: &mut Ui,
    patient: &PatientView,
    index: usize,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let column = &patient.columns[index];
    ui.set_min_width(210.0);
    let shown = column.series.iter().find(|s| s.shown);
    let barred_here = barred(read_only, column);
    let header = gated(
        ui,
        shown.is_none().then_some(tr!("No series is shown")),
        egui::Button::new(tr!("Show the header of this slice")),
    );
    if let (true, Some(series)) = (header.clicked(), shown) {
        out.push(Command::ShowHeader {
            of: HeaderOf::Series(series.id),
        });
    }
    let single = (column.series.len() < 2 || shown.is_none())
        .then_some(tr!("This time point has one series only"));
    let split = gated(
        ui,
        barred_here.or(single),
        egui::Button::new(tr!("Give this series a time point of its own")),
    );
    if let (true, Some(series)) = (split.clicked(), shown) {
        out.push(Command::SplitTimePoint { series: series.id });
    }
    let whole = shown
        .is_none_or(|s| !s.is_split)
        .then_some(tr!("This series was not split into stacks"));
    let join = gated(
        ui,
        barred_here.or(whole),
        egui::Button::new(tr!("Join the stacks of this series")),
    );
    if let (true, Some(series)) = (join.clicked(), shown) {
        out.push(Command::JoinStacks { series: series.id });
    }
    let before = index.checked_sub(1).map(|i| &patient.columns[i]);
    let first = before
        .is_none()
        .then_some(tr!("This is the first time point"));
    let signed = before.and_then(|b| barred(None, b));
    let merge = gated(
        ui,
        barred_here.or(signed).or(first),
        egui::Button::new(tr!("Merge with the previous time point")),
    );
    if let (true, Some(before)) = (merge.clicked(), before) {
        out.push(Command::MergeTimePoints {
            into: before.id,
            from: column.id,
        });
    }
    if gated(ui, barred_here, egui::Button::new(tr!("Set date…"))).clicked() {
        let known = column.date.get(..10).unwrap_or_default();
        let known = known.parse::<Date>().map(|d| d.to_string());
        state.date = Some((column.id, known.unwrap_or_default()));
    }
}

fn series_ui(
    ui: &mut Ui,
    column: &ColumnView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    ui.horizontal(|ui| {
        let presets = column.shown.as_ref().filter(|s| !s.presets.is_empty());
        let uptake = column
            .shown
            .as_ref()
            .and_then(|s| Some((s, s.uptake.as_ref()?)));
        let reserved = if presets.is_some() { 74.0 + 62.0 } else { 0.0 };
        let reserved = reserved + if uptake.is_some() { 70.0 } else { 0.0 };
        let several = column
            .shown
            .as_ref()
            .and_then(|s| Some((s.series, s.frame?)));
        let reserved = reserved + if several.is_some() { 74.0 } else { 0.0 };
        let width = (ui.available_width() - reserved).max(60.0);
        let label = |s: &crate::app::view::SeriesTab| s.label.clone();
        let shown = column.series.iter().find(|s| s.shown);
        let text = shown.map_or_else(|| tr!("No series").to_owned(), label);
        if column.series.len() > 1 {
            let combo = ComboBox::from_id_salt(("series", column.id))
                .width(width)
                .truncate()
                .selected_text(text)
                .show_ui(ui, |ui| {
                    for series in &column.series {
                        let mark = if series.warnings.is_empty() {
                            ""
                        } else {
                            "  (!)"
                        };
                        let text = format!("{}{mark}", series.label);
                        if ui.selectable_label(series.shown, text).clicked() && !series.shown {
                            out.push(Command::ShowSeries { series: series.id });
                        }
                    }
                });
            combo
                .response
                .accessible_name(tr!("Series of {title}", title = column.title));
        } else {
            ui.allocate_ui_with_layout(
                vec2(width, 24.0),
                Layout::left_to_right(Align::Center),
                |ui| {
                    ui.set_min_width(width);
                    ui.add(
                        egui::Label::new(RichText::new(text).size(12.0).color(p.text_weak))
                            .truncate(),
                    );
                },
            );
        }
        if let Some(slice) = presets {
            presets_ui(ui, column, slice, out);
            look_ui(ui, column, slice, out);
        }
        if let Some((series, frame)) = several {
            frames_ui(ui, column, series, frame, barred(read_only, column), out);
        }
        if let Some((slice, uptake)) = uptake {
            let unit = ui.button(slice.unit).on_hover_text(tr!(
                "How uptake is counted: unit, body weight, injected activity"
            ));
            if unit.clicked() {
                state.ask(Dialog::Uptake(UptakeForm::new(slice.series, uptake)));
            }
        }
    });
}

/// The volumes of a series over time, phase or weighting.
fn frames_ui(
    ui: &mut Ui,
    column: &ColumnView,
    series: SeriesId,
    frame: FrameOf,
    barred_here: Option<&str>,
    out: &mut Vec<Command>,
) {
    let shown = format!("{}/{}", frame.index + 1, frame.of);
    let menu = ui.menu_button(shown, |ui| {
        ui.set_min_width(120.0);
        // Files may claim millions of them: only what is in view is drawn.
        let area = ScrollArea::vertical().max_height(360.0);
        let height = ui.spacing().interact_size.y;
        area.show_rows(ui, height, frame.of, |ui, rows| {
            for index in rows {
                let text = tr!("Volume {index}", index = index + 1);
                let button = egui::Button::selectable(index == frame.index, text);
                if gated(ui, barred_here, button).clicked() {
                    out.push(Command::ChooseFrame {
                        series,
                        frame: index,
                    });
                    ui.close();
                }
            }
        });
    });
    menu.response
        .on_hover_text(tr!(
            "This series holds several volumes: times, phases or weightings"
        ))
        .accessible_name(tr!("Volumes of {title}", title = column.title));
}

fn presets_ui(ui: &mut Ui, column: &ColumnView, slice: &SliceView, out: &mut Vec<Command>) {
    let menu = ui.menu_button(tr!("Window"), |ui| {
        ui.set_min_width(190.0);
        let series = slice.series;
        for (n, (name, window)) in slice.presets.iter().enumerate() {
            let key = if n < 6 {
                (n + 1).to_string()
            } else {
                String::new()
            };
            let text = format!(
                "{name}   {} / {}",
                number(window.width),
                number(window.center)
            );
            let button = egui::Button::selectable(slice.window == *window, text).right_text(key);
            if ui.add(button).clicked() {
                out.push(Command::SetWindow {
                    series,
                    window: Some(*window),
                });
            }
        }
        ui.separator();
        if ui
            .add(egui::Button::new(tr!("By the values of this slice")).right_text("9"))
            .clicked()
        {
            let region = None;
            out.push(Command::AutoWindow { series, region });
        }
        if ui
            .add(egui::Button::new(tr!("Black for white")).right_text("I"))
            .clicked()
        {
            out.push(Command::Invert { series });
        }
        if ui
            .add(egui::Button::new(tr!("From the file")).right_text("0"))
            .clicked()
        {
            out.push(Command::SetWindow {
                series,
                window: None,
            });
        }
    });
    menu.response
        .accessible_name(tr!("Window presets of {title}", title = column.title));
}

/// A field for the date, validated while it is typed.
fn date_ui(ui: &mut Ui, column: &ColumnView, state: &mut UiState, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let id: TimePointId = column.id;
    let mut text = match &state.date {
        Some((of, text)) if *of == id => text.clone(),
        _ => String::new(),
    };
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new(tr!("Date")).size(12.0).color(p.text_weak));
        let edit = ui
            .add(
                TextEdit::singleline(&mut text)
                    .hint_text(tr!("YYYY-MM-DD"))
                    .desired_width(112.0),
            )
            .labelled_by(label.id);
        let date = text.trim().parse::<Date>();
        if edit.changed() {
            state.date = Some((id, text.clone()));
        }
        let entered = edit.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let set = ui
            .add_enabled(date.is_ok(), egui::Button::new(tr!("Set date")))
            .on_disabled_hover_text(tr!("A date looks like 2024-05-02"))
            .clicked();
        if let (true, Ok(date)) = (set || entered, date) {
            out.push(Command::SetDate {
                time_point: id,
                date,
            });
            state.date = None;
        } else if !column.needs_date && ui.button(tr!("Cancel")).clicked() {
            state.date = None;
        }
    });
}

fn slider_ui(
    ui: &mut Ui,
    column: &ColumnView,
    slice: &SliceView,
    selected: bool,
    out: &mut Vec<Command>,
) {
    let last = slice.n_slices.saturating_sub(1);
    let mut now = slice.slice.min(last);
    ui.spacing_mut().slider_width = ui.available_width();
    ui.spacing_mut().interact_size.y = 16.0;
    let response = ui
        .add_enabled(
            last > 0,
            Slider::new(&mut now, 0..=last)
                .show_value(false)
                .step_by(1.0),
        )
        .accessible_name(tr!("Slice of {title}", title = column.title));
    if response.changed() && now != slice.slice {
        out.push(Command::SetSlice {
            series: slice.series,
            slice: now,
        });
    }
    // The handle's centre stays this far from the ends of the rail (egui's circular handle).
    let rect = response.rect;
    let inset = rect.height() / 2.5;
    let span = rect.width() - 2.0 * inset;
    let p = theme::palette(ui);
    let color = if selected { p.accent } else { p.text_weak };
    for mark in &slice.marked_slices {
        let x = rect.left() + inset + span * (*mark as f32 / last.max(1) as f32);
        ui.painter().vline(
            x,
            rect.bottom() - 1.0..=rect.bottom() + 3.0,
            Stroke::new(1.5, color),
        );
    }
}

fn empty_ui(ui: &mut Ui, column: &ColumnView, size: Vec2) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let ink = theme::image();
    ui.painter()
        .rect_filled(rect, CornerRadius::ZERO, ink.background);
    let text = if column.status.is_empty() {
        tr!("Nothing to show")
    } else {
        &column.status
    };
    let width = (rect.width() - 32.0).max(40.0);
    let font = FontId::proportional(13.0);
    let galley = ui.painter().layout(text.to_owned(), font, ink.text, width);
    let at = rect.center() - galley.size() / 2.0;
    ui.painter_at(rect).galley(at, galley, ink.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}
