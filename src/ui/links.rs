//! The link of a time point to the others: what it rests on, and how it is changed.

use egui::{
    Align2, Area, Color32, Frame, Id, Label, Margin, Order, Popup, Rect, RichText, Ui, vec2,
};

use super::theme;
use super::widgets::{Icon, chip_button, gated, weak};
use crate::app::Command;
use crate::app::view::{LinkMode, LinkTrust, LinkView};
use crate::texts::{self, mark, tr};

/// Ways of linking, and what they are called.
const MODES: [(LinkMode, &str); 3] = [
    (LinkMode::Position, mark!("By position")),
    (
        LinkMode::Offset,
        mark!("By offset, from where they stand now"),
    ),
    (LinkMode::Off, mark!("Not at all")),
];

/// Colour of a link: how much it can be trusted.
fn color_of(ui: &Ui, trust: LinkTrust) -> Color32 {
    let p = theme::palette(ui);
    match trust {
        LinkTrust::Frame => p.success,
        LinkTrust::Registered | LinkTrust::Proposed => p.warning,
        LinkTrust::Offset | LinkTrust::Unknown | LinkTrust::Off => p.text_weak,
    }
}

/// The button in the title of a column, with its menu.
pub(super) fn link_ui(
    ui: &mut Ui,
    link: &LinkView,
    title: &str,
    read_only: Option<&str>,
    out: &mut Vec<Command>,
) {
    let icon = match link.trust {
        LinkTrust::Off | LinkTrust::Unknown => Icon::Unlinked,
        _ => Icon::Link,
    };
    let name = tr!("Link of {title}: {text}", title, text = link.text);
    let color = color_of(ui, link.trust);
    let chip = chip_button(ui, Some(icon), "", color, &name);
    Popup::menu(&chip).show(|ui| menu_ui(ui, link, read_only, out));
    chip.on_hover_text(&link.text);
}

fn menu_ui(ui: &mut Ui, link: &LinkView, read_only: Option<&str>, out: &mut Vec<Command>) {
    ui.set_min_width(250.0);
    weak(ui, tr!("Follow the other time points"));
    for (mode, text) in MODES {
        if ui
            .add(egui::Button::selectable(
                link.mode == mode,
                texts::text(text),
            ))
            .clicked()
        {
            out.push(Command::SetLink {
                series: link.series,
                mode,
            });
        }
    }
    ui.separator();
    if link.is_reference {
        let all = egui::Button::new(tr!("Align the other time points to this one"));
        if gated(ui, read_only, all).clicked() {
            out.push(Command::RegisterAll);
        }
        return;
    }
    let busy = link.pending.then_some(tr!("Already under way"));
    let text = if link.is_registered {
        tr!("Align to the first time point anew")
    } else {
        tr!("Align to the first time point")
    };
    if gated(ui, read_only.or(busy), egui::Button::new(text)).clicked() {
        out.push(Command::Register {
            series: link.series,
        });
    }
    let none = (!link.is_registered).then_some(tr!("There is none"));
    let remove = egui::Button::new(tr!("Remove the alignment"));
    if gated(ui, read_only.or(none), remove).clicked() {
        out.push(Command::RemoveRegistration {
            series: link.series,
        });
    }
}

/// The bar over the foot of a picture while an alignment waits for a word.
pub(super) fn proposed_ui(ui: &Ui, rect: Rect, link: &LinkView, out: &mut Vec<Command>) {
    let Some(proposed) = &link.proposed else {
        return;
    };
    let p = theme::palette(ui);
    Area::new(Id::unique("alignment").with(link.series))
        .order(Order::Middle)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(rect.center_top() + vec2(0.0, 40.0))
        .constrain_to(rect)
        .show(ui.ctx(), |ui| {
            Frame::popup(ui.style())
                .fill(p.panel)
                .inner_margin(Margin::symmetric(10, 6))
                .show(ui, |ui| {
                    ui.set_max_width((rect.width() - 40.0).max(150.0));
                    ui.add(Label::new(RichText::new(&proposed.text).size(12.5)).wrap());
                    for warning in &proposed.warnings {
                        let text = RichText::new(warning).size(12.0).color(p.warning);
                        ui.add(Label::new(text).wrap());
                    }
                    ui.horizontal_wrapped(|ui| {
                        let accept =
                            ui.button(RichText::new(tr!("Accept the alignment")).size(12.5));
                        if accept.clicked() {
                            out.push(Command::AcceptRegistration {
                                series: link.series,
                            });
                        }
                        let reject = ui.button(RichText::new(tr!("Reject")).size(12.5));
                        if reject.clicked() {
                            out.push(Command::RemoveRegistration {
                                series: link.series,
                            });
                        }
                    });
                });
        });
}
