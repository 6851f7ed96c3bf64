//! The steps of the record, oldest first: what stands, what was undone, and the way to any of them.

use std::sync::Arc;

use egui::{
    Align, Color32, CornerRadius, FontId, Label, Layout, Pos2, Rect, RichText, Role, ScrollArea,
    Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use super::state::UiState;
use super::theme;
use super::widgets::{heading, spinner, weak};
use crate::app::Command;
use crate::app::view::{HistoryRow, PatientView};
use crate::texts::tr;

const ROW: f32 = 38.0;
/// Height of the line between what stands and what was undone.
const NOW: f32 = 16.0;
/// Width of the rail with its dots.
const RAIL: f32 = 20.0;

/// Draws the steps; only rows in view cost anything.
pub fn history_ui(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    shared: bool,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let steps = &patient.history.steps[..];
    let standing = patient.history.standing;
    ui.horizontal(|ui| {
        heading(ui, tr!("History"));
        if patient.history.pending {
            spinner(ui, tr!("Reading the steps of earlier sessions"));
        }
        let undone = match steps.len() - standing {
            0 => String::new(),
            n => tr!(", {n} undone" | ", {n} undone" % n),
        };
        weak(
            ui,
            tr!("{n} steps{undone}" | "{n} steps{undone}" % standing, undone),
        );
    });
    // Alone or below another panel it is another list to egui, which begins at the top.
    let at = (patient.id, steps.len(), standing, shared);
    let moved = state.history_at != Some(at);
    state.history_at = Some(at);
    ScrollArea::vertical()
        .id_salt("history")
        .auto_shrink([false, false])
        .animated(false)
        .show_viewport(ui, |ui, viewport| {
            let list = List {
                steps,
                standing,
                origin: ui.max_rect().left_top(),
                width: ui.available_width(),
            };
            ui.set_height(list.top(steps.len()) + ROW - list.origin.y);
            let rows = steps.len() + 1;
            let before = ((viewport.min.y - NOW) / ROW).floor() as usize;
            let after = (viewport.max.y / ROW).ceil() as usize + 1;
            for row in before.saturating_sub(1)..after.min(rows) {
                row_ui(ui, &list, row, read_only, out);
            }
            if standing < steps.len() {
                now_ui(ui, &list);
            }
            if moved {
                ui.scroll_to_rect(list.rect(standing).expand2(vec2(0.0, NOW)), None);
            }
        });
}

/// Where the rows are. Row 0 is the beginning, row n the n-th step.
struct List<'a> {
    steps: &'a [Arc<HistoryRow>],
    standing: usize,
    origin: Pos2,
    width: f32,
}

impl List<'_> {
    fn top(&self, row: usize) -> f32 {
        let line = if row > self.standing { NOW } else { 0.0 };
        self.origin.y + row as f32 * ROW + line
    }

    fn rect(&self, row: usize) -> Rect {
        Rect::from_min_size(pos2(self.origin.x, self.top(row)), vec2(self.width, ROW))
    }
}

fn row_ui(
    ui: &mut Ui,
    list: &List<'_>,
    row: usize,
    read_only: Option<&str>,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let rect = list.rect(row);
    let step = row.checked_sub(1).map(|n| &list.steps[n]);
    let id = ui.scope_id().with(step.map(|s| s.id));
    let sense = if read_only.is_none() {
        Sense::click()
    } else {
        Sense::hover()
    };
    let current = row == list.standing;
    let undone = row > list.standing;
    let mut response = ui.interact(rect, id, sense);
    if response.has_focus() && !ui.clip_rect().contains_rect(rect) {
        ui.scroll_to_rect(rect, None);
    }
    let fill = if current {
        p.selection
    } else if response.hovered() || response.has_focus() {
        p.hover
    } else {
        Color32::TRANSPARENT
    };
    ui.painter()
        .rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
    rail(ui, rect, row, list, undone, current);
    let ink = if undone { p.text_weak } else { p.text };
    let title = step.map_or(tr!("Beginning"), |s| &s.title);
    let name = match (current, undone) {
        (true, _) => tr!("{title} (now)", title),
        (_, true) => tr!("Redo up to: {title}", title),
        _ => tr!("Go back to: {title}", title),
    };
    response
        .widget_info(|| WidgetInfo::selected(Role::Button, read_only.is_none(), current, &name));
    let inner = Rect::from_min_max(rect.min + vec2(RAIL, 3.0), rect.max - vec2(6.0, 3.0));
    let middle = inner.center().y;
    let when = step.map_or("", |s| &s.when);
    line_ui(
        ui,
        Rect::from_min_max(inner.min, pos2(inner.right(), middle)),
        RichText::new(title).font(theme::medium(12.5)).color(ink),
        when,
    );
    let about = match step {
        Some(step) if step.reason.is_empty() => said_by(step).to_owned(),
        Some(step) => format!("{} · “{}”", said_by(step), step.reason),
        None => tr!("Nothing marked yet").to_owned(),
    };
    line_ui(
        ui,
        Rect::from_min_max(pos2(inner.left(), middle), inner.max),
        RichText::new(about).size(11.5).color(p.text_weak),
        "",
    );
    if let Some(reason) = read_only {
        response = response.on_hover_text(reason);
    }
    if response.clicked() && !current {
        out.push(Command::JumpTo {
            step: step.map(|s| s.id),
        });
    }
}

fn said_by(step: &HistoryRow) -> &str {
    if step.who.is_empty() {
        tr!("no reader named")
    } else {
        &step.who
    }
}

/// A text that gives way to what stands at the right.
fn line_ui(ui: &mut Ui, rect: Rect, text: RichText, right: &str) {
    let p = theme::palette(ui);
    let layout = Layout::right_to_left(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    if !right.is_empty() {
        child.label(RichText::new(right).size(11.0).color(p.text_weak));
    }
    child.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add(Label::new(text).truncate());
    });
}

/// A dot per step on a line: full for what stands, hollow for what was undone.
fn rail(ui: &Ui, rect: Rect, row: usize, list: &List<'_>, undone: bool, current: bool) {
    let p = theme::palette(ui);
    let x = rect.left() + RAIL / 2.0;
    let c = pos2(x, rect.center().y);
    let stroke = Stroke::new(1.2, p.border_strong);
    let painter = ui.painter();
    if row > 0 {
        painter.vline(x, rect.top()..=c.y - 4.0, stroke);
    }
    if row < list.steps.len() {
        painter.vline(x, c.y + 4.0..=rect.bottom(), stroke);
    }
    if current {
        painter.circle_filled(c, 4.5, p.accent);
    } else if undone {
        painter.circle_stroke(c, 3.2, Stroke::new(1.2, p.text_weak));
    } else {
        painter.circle_filled(c, 3.2, p.text_weak);
    }
}

fn now_ui(ui: &Ui, list: &List<'_>) {
    let p = theme::palette(ui);
    let y = list.rect(list.standing).bottom() + NOW / 2.0;
    let painter = ui.painter();
    let word = painter.text(
        pos2(list.origin.x + RAIL, y),
        egui::Align2::LEFT_CENTER,
        tr!("now – below was undone"),
        FontId::proportional(11.0),
        p.accent,
    );
    let line = word.right() + 6.0..=list.origin.x + list.width - 6.0;
    painter.hline(line, y, Stroke::new(1.0, p.accent));
}

/// Name and hover text of a button that takes a step.
pub(super) fn step_text(act: &str, step: Option<&str>) -> String {
    match step {
        Some(step) => format!("{act}: {step}"),
        None => tr!("Nothing to {act}", act = act.to_lowercase()),
    }
}
