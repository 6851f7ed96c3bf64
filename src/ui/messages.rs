//! Messages that stay until dismissed and never stand in the way.

use egui::{Align, Frame, Label, Layout, Margin, RichText, ScrollArea, Sense, Stroke, Ui, vec2};

use super::theme;
use super::widgets::{Icon, icon, icon_button};
use crate::app::Command;
use crate::app::view::{Message, Severity};
use crate::texts::tr;

/// Height of one message.
const ROW: f32 = 31.0;

/// Height of the strip: up to three messages, more scroll.
pub(super) fn height(messages: &[Message]) -> f32 {
    ROW * messages.len().min(3) as f32
}

/// Draws the messages, newest first.
pub fn messages_ui(ui: &mut Ui, messages: &[Message], out: &mut Vec<Command>) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (index, message) in messages.iter().enumerate().rev() {
                message_ui(ui, index, message, out);
            }
        });
}

fn message_ui(ui: &mut Ui, index: usize, message: &Message, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let (color, sign, word) = match message.severity {
        Severity::Info => (p.info, Icon::Info, tr!("Information")),
        Severity::Warning => (p.warning, Icon::Warning, tr!("Warning")),
        Severity::Error => (p.error, Icon::Warning, tr!("Error")),
    };
    let shown = Frame::new()
        .fill(color.gamma_multiply(0.12))
        .inner_margin(Margin::symmetric(12, 3))
        .show(ui, |ui| {
            let size = vec2(ui.available_width(), 24.0);
            ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
                if icon_button(ui, Icon::Close, tr!("Dismiss message")).clicked() {
                    out.push(Command::DismissMessage { index });
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    icon(ui, sign, color, word);
                    ui.add(
                        Label::new(
                            RichText::new(&message.text)
                                .font(theme::medium(13.0))
                                .color(p.text),
                        )
                        .truncate()
                        .sense(Sense::hover()),
                    );
                    if !message.hint.is_empty() {
                        ui.add(
                            Label::new(RichText::new(&message.hint).color(p.text_weak)).truncate(),
                        );
                    }
                });
            });
        });
    let rect = shown.response.rect;
    ui.painter()
        .vline(rect.left() + 1.0, rect.y_range(), Stroke::new(2.0, color));
}
