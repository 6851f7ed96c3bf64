//! Where a number comes from: its stages, from the number back to the files.

use std::fmt::Write as _;

use egui::{Align2, Button, Id, Label, RichText, ScrollArea, Stroke, Ui, Window, pos2, vec2};

use super::theme;
use super::widgets::{spinner, weak};
use crate::app::Command;
use crate::app::view::{TraceNode, TraceView};
use crate::texts::{self, mark, tr};

/// What every way to here is called.
pub(super) const ASK: &str = mark!("Where does this come from?");
/// Indent per stage.
const STEP: f32 = 16.0;
/// Deeper stages are not indented any further.
const DEEPEST: usize = 8;

/// Draws the window.
pub(super) fn trace_ui(ui: &Ui, trace: &TraceView, out: &mut Vec<Command>) {
    let mut open = true;
    let room = ui.ctx().content_rect();
    Window::new(texts::text(ASK))
        .id(Id::unique("trace"))
        .open(&mut open)
        .collapsible(true)
        .pivot(Align2::RIGHT_TOP)
        .default_pos(room.right_top() + vec2(-24.0, 64.0))
        .default_size(vec2(
            (room.width() - 48.0).min(520.0),
            (room.height() - 140.0).min(560.0),
        ))
        .max_height(room.height() - 100.0)
        .show(ui.ctx(), |ui| {
            ui.horizontal(|ui| {
                if ui
                    .add_enabled(!trace.nodes.is_empty(), Button::new(tr!("Copy all")))
                    .on_hover_text(tr!("Copy everything below as text"))
                    .clicked()
                {
                    ui.ctx().copy_text(text(trace));
                }
                let title = RichText::new(&trace.title).font(theme::medium(14.0));
                ui.add(Label::new(title).selectable(true).wrap());
            });
            if trace.pending {
                ui.horizontal(|ui| {
                    spinner(ui, tr!("Reading the audit trail"));
                    weak(ui, tr!("Reading the audit trail…"));
                });
            } else if trace.nodes.is_empty() {
                weak(ui, tr!("Nothing is recorded about it."));
            }
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 3.0;
                    for node in &trace.nodes {
                        node_ui(ui, node);
                    }
                });
        });
    if !open {
        out.push(Command::HideTrace);
    }
}

fn node_ui(ui: &mut Ui, node: &TraceNode) {
    let p = theme::palette(ui);
    let depth = node.depth.min(DEEPEST);
    let left = ui.cursor().left();
    let shown = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(depth as f32 * STEP + 12.0);
        ui.vertical(|ui| {
            ui.label(
                RichText::new(&node.title)
                    .font(theme::medium(13.0))
                    .color(p.text),
            );
            for (name, value) in &node.lines {
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = 8.0;
                    let width = ui
                        .label(RichText::new(name).size(12.0).color(p.text_weak))
                        .rect
                        .width();
                    ui.add_space((92.0 - width).max(0.0));
                    let value = RichText::new(value).size(12.0).color(p.text);
                    ui.add(Label::new(value).selectable(true).wrap());
                });
            }
            ui.add_space(6.0);
        });
    });
    let rect = shown.response.rect;
    let rail = Stroke::new(1.0, p.border_strong);
    for level in 0..depth {
        let x = left + level as f32 * STEP + 4.0;
        ui.painter()
            .vline(x, rect.y_range(), Stroke::new(1.0, p.border));
    }
    let own = left + depth as f32 * STEP + 4.0;
    let head = rect.top() + 8.0;
    ui.painter().circle_filled(pos2(own, head), 3.0, p.accent);
    ui.painter().vline(own, head + 5.0..=rect.bottom(), rail);
}

/// The same as text, for notes and mails.
pub(super) fn text(trace: &TraceView) -> String {
    let mut text = trace.title.clone();
    text.push('\n');
    for node in &trace.nodes {
        let indent = "  ".repeat(node.depth);
        // Writing into a String does not fail.
        writeln!(text, "{indent}- {}", node.title).ok();
        for (name, value) in &node.lines {
            writeln!(text, "{indent}    {name}: {value}").ok();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_text_keeps_the_order_and_the_depth() {
        let trace = TraceView {
            title: "L1 · long axis 20.9 mm".into(),
            nodes: vec![
                TraceNode {
                    depth: 0,
                    title: "Measurement".into(),
                    lines: vec![("Version".into(), "axes/1".into())],
                },
                TraceNode {
                    depth: 1,
                    title: "Segmentation".into(),
                    lines: Vec::new(),
                },
            ],
            pending: false,
        };
        assert_eq!(
            text(&trace),
            "L1 · long axis 20.9 mm\n- Measurement\n    Version: axes/1\n  - Segmentation\n"
        );
    }
}
