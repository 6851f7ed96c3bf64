//! The page about a warning or refusal.

use egui::{Align2, Id, Label, RichText, ScrollArea, Ui, Window, vec2};

use super::state::UiState;
use super::theme;
use crate::app::view::code_page;
use crate::texts::tr;

/// Draws the page that was asked for.
pub(super) fn page_ui(ui: &Ui, state: &mut UiState) {
    let Some(page) = state.page.as_deref().and_then(code_page) else {
        state.page = None;
        return;
    };
    let title = match state.page.as_deref() {
        Some(code) if code.starts_with("E-") => tr!("About this refusal"),
        _ => tr!("About this warning"),
    };
    let mut open = true;
    let room = ui.ctx().content_rect();
    Window::new(title)
        .id(Id::unique("page about a code"))
        .open(&mut open)
        .collapsible(false)
        .pivot(Align2::CENTER_CENTER)
        .default_pos(room.center())
        .default_size(vec2((room.width() - 48.0).min(560.0), 480.0))
        .max_height(room.height() - 60.0)
        .show(ui.ctx(), |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, true])
                .show(ui, |ui| markdown(ui, page));
        });
    if !open {
        state.page = None;
    }
}

/// Headings and paragraphs; the pages hold nothing else.
fn markdown(ui: &mut Ui, text: &str) {
    let p = theme::palette(ui);
    for block in text.split("\n\n") {
        let block = block.trim();
        if let Some(head) = block.strip_prefix("## ") {
            ui.add_space(6.0);
            ui.label(RichText::new(head).font(theme::medium(13.0)).color(p.text));
        } else if let Some(head) = block.strip_prefix("# ") {
            ui.label(RichText::new(head).font(theme::medium(16.0)).color(p.text));
        } else if !block.is_empty() {
            let text = block.replace('\n', " ").replace('`', "");
            ui.add(
                Label::new(RichText::new(text).color(p.text))
                    .wrap()
                    .selectable(true),
            );
        }
    }
}
