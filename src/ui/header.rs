//! The header of a file, to look through.

use std::sync::Arc;

use egui::{
    Align, Align2, CornerRadius, FontId, Id, Label, Layout, RichText, Role, ScrollArea, Sense,
    TextEdit, Ui, Window, pos2, vec2,
};

use super::state::UiState;
use super::theme::{self, RADIUS};
use super::widgets::{spinner, weak};
use crate::app::Command;
use crate::app::view::{HeaderRow, HeaderView};
use crate::texts::tr;

/// Height of a row.
const ROW: f32 = 19.0;
/// Indent per level.
const STEP: f32 = 12.0;
/// Width of the tag with its VR, and of the keyword.
const TAG: f32 = 122.0;
const KEYWORD: f32 = 210.0;

/// What the window remembers of it.
#[derive(Default)]
pub(super) struct HeaderForm {
    find: String,
    /// Positions of the rows found, of these rows, for this text.
    found: Option<(Arc<[HeaderRow]>, String, Vec<usize>)>,
}

/// Draws the window.
pub(super) fn header_ui(ui: &Ui, header: &HeaderView, state: &mut UiState, out: &mut Vec<Command>) {
    let mut open = true;
    let room = ui.ctx().content_rect();
    Window::new(tr!("Header"))
        .id(Id::unique("header"))
        .open(&mut open)
        .collapsible(true)
        .pivot(Align2::RIGHT_TOP)
        .default_pos(room.right_top() + vec2(-24.0, 56.0))
        .default_size(vec2(
            (room.width() - 48.0).min(720.0),
            (room.height() - 130.0).min(560.0),
        ))
        .max_height(room.height() - 90.0)
        .show(ui.ctx(), |ui| contents(ui, header, state));
    if !open {
        out.push(Command::HideHeader);
    }
}

fn contents(ui: &mut Ui, header: &HeaderView, state: &mut UiState) {
    let p = theme::palette(ui);
    let path = RichText::new(&header.path).size(12.0).color(p.text_weak);
    ui.add(Label::new(path).truncate())
        .on_hover_text(&header.path);
    if header.pending {
        ui.horizontal(|ui| {
            spinner(ui, tr!("Reading the header"));
            weak(ui, tr!("Reading the header…"));
        });
        return;
    }
    if !header.error.is_empty() {
        ui.label(RichText::new(&header.error).color(p.error));
        return;
    }
    let size = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let form = &mut state.header;
        let n = form.found.as_ref().map_or(0, |(_, _, found)| found.len());
        let count = if form.find.trim().is_empty() {
            tr!(
                "{format} · {n} rows" | "{format} · {n} rows" % header.rows.len(),
                format = header.format
            )
        } else {
            tr!("{n} of {rows} rows", n, rows = header.rows.len())
        };
        ui.label(RichText::new(count).size(12.0).color(p.text_weak));
        ui.add(
            TextEdit::singleline(&mut form.find)
                .hint_text(tr!("Find a tag, keyword or value"))
                .desired_width(f32::INFINITY),
        )
        .accessible_name(tr!("Find in header"));
    });
    let form = &mut state.header;
    let current = form
        .found
        .as_ref()
        .is_some_and(|(of, find, _)| Arc::ptr_eq(of, &header.rows) && *find == form.find);
    if !current {
        let rows = header.rows.iter().enumerate();
        let find = form.find.trim();
        let found = rows
            .filter(|(_, row)| find.is_empty() || row.matches(find))
            .map(|(n, _)| n)
            .collect();
        form.found = Some((Arc::clone(&header.rows), form.find.clone(), found));
    }
    let found = form.found.as_ref().map_or(&[][..], |(_, _, found)| found);
    if found.is_empty() {
        weak(ui, tr!("Nothing matches."));
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show_rows(ui, ROW, found.len(), |ui, range| {
            for n in &found[range] {
                row_ui(ui, *n, &header.rows[*n]);
            }
        });
}

/// Tag, keyword and value in columns; a click copies them.
fn row_ui(ui: &mut Ui, n: usize, row: &HeaderRow) {
    let p = theme::palette(ui);
    let size = vec2(ui.available_width(), ROW);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, Id::unique("header row").with(n), Sense::click());
    let keyword = match (&*row.keyword, &*row.private_creator) {
        ("", "") => String::new(),
        ("", creator) => format!("[{creator}]"),
        (keyword, _) => keyword.to_owned(),
    };
    let text = format!("{} {} {keyword} {}", row.tag, row.vr, row.value);
    response.widget_info(|| egui::WidgetInfo::labeled(Role::Button, true, text.trim()));
    if response.hovered() || response.has_focus() {
        ui.painter()
            .rect_filled(rect, CornerRadius::same(RADIUS), p.hover);
    }
    let mono = FontId::monospace(11.5);
    let plain = FontId::proportional(12.5);
    let indent = row.depth.min(12) as f32 * STEP;
    let put = |x: f32, until: f32, text: &str, font: &FontId, ink| {
        let clip = egui::Rect::from_min_max(
            pos2(rect.left() + x, rect.top()),
            pos2((rect.left() + until).min(rect.right()), rect.bottom()),
        );
        ui.painter()
            .with_clip_rect(clip.intersect(ui.clip_rect()))
            .text(
                pos2(clip.left(), rect.center().y),
                Align2::LEFT_CENTER,
                text,
                font.clone(),
                ink,
            );
    };
    let tag = match &*row.tag {
        "" => row.vr.clone(),
        tag => format!("{tag} {}", row.vr),
    };
    let first = indent + 4.0 + TAG;
    put(indent + 4.0, first, &tag, &mono, p.text_weak);
    put(first, first + KEYWORD - 6.0, &keyword, &plain, p.text);
    put(first + KEYWORD, f32::INFINITY, &row.value, &plain, p.text);
    if response.clicked() {
        ui.ctx().copy_text(text.trim().to_owned());
    }
    response.on_hover_ui(|ui| {
        ui.add(Label::new(text.trim()).wrap());
        weak(ui, tr!("Click to copy"));
    });
}
