//! Small parts that several panels share: icons, chips, badges, section heads.

use egui::{
    Align2, Button, Color32, CornerRadius, FontId, Label, Painter, Popup, Pos2, Rect, Response,
    RichText, Role, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, Widget, WidgetInfo, pos2, vec2,
};

use super::theme::{self, RADIUS};
use crate::app::view::code_page;
use crate::texts::tr;

/// Icons are drawn, not typed, because no bundled font has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    Back,
    Check,
    Close,
    Cube,
    Eye,
    Fill,
    Info,
    Link,
    Lock,
    More,
    Pencil,
    Person,
    Planes,
    Plus,
    Redo,
    Reset,
    Source,
    Theme,
    Undo,
    Unlinked,
    Warning,
}

impl Icon {
    /// Paints the icon into a square of about 14 points around `c`.
    pub(super) fn paint(self, painter: &Painter, c: Pos2, color: Color32) {
        let stroke = Stroke::new(1.4, color);
        let line = |points: &[(f32, f32)]| {
            painter.line(
                points.iter().map(|(x, y)| c + vec2(*x, *y)).collect(),
                stroke,
            );
        };
        let polygon = |points: &[(f32, f32)]| {
            painter.add(Shape::convex_polygon(
                points.iter().map(|(x, y)| c + vec2(*x, *y)).collect(),
                color,
                Stroke::NONE,
            ));
        };
        match self {
            Self::Back => {
                line(&[(1.5, -5.0), (-3.5, 0.0), (1.5, 5.0)]);
            }
            Self::Check => {
                line(&[(-4.5, 0.5), (-1.5, 3.5), (4.5, -3.5)]);
            }
            Self::Close => {
                line(&[(-3.5, -3.5), (3.5, 3.5)]);
                line(&[(3.5, -3.5), (-3.5, 3.5)]);
            }
            Self::Eye => {
                let lid = |sign: f32| -> Vec<(f32, f32)> {
                    (0..=10)
                        .map(|i| {
                            let x = -6.0 + 1.2 * i as f32;
                            (x, sign * 3.8 * (1.0 - (x / 6.0).powi(2)))
                        })
                        .collect()
                };
                line(&lid(-1.0));
                line(&lid(1.0));
                painter.circle_filled(c, 1.9, color);
            }
            Self::Fill => {
                painter.circle_stroke(c, 5.0, stroke);
                painter.circle_filled(c, 3.0, color);
            }
            Self::Info => {
                painter.circle_stroke(c, 5.5, stroke);
                line(&[(0.0, -0.8), (0.0, 3.0)]);
                painter.circle_filled(c + vec2(0.0, -2.8), 0.9, color);
            }
            Self::Link | Self::Unlinked => {
                // Two links of a chain, drawn through each other or apart.
                let apart = if self == Self::Unlinked { 1.6 } else { 0.0 };
                for side in [-1.0, 1.0] {
                    let ring = (0..=16).map(|i| {
                        let a = std::f32::consts::TAU * i as f32 / 16.0;
                        let (x, y) = (3.6 * a.cos(), 2.2 * a.sin());
                        let centre = side * (2.2 + apart);
                        // A slanted chain.
                        let turned = (0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y);
                        (turned.0 + 0.8 * centre, turned.1 + 0.6 * centre)
                    });
                    line(&ring.collect::<Vec<_>>());
                }
            }
            Self::Lock => {
                let shackle: Vec<(f32, f32)> = std::iter::once((-2.8, 0.0))
                    .chain((0..=8).map(|i| {
                        let a = std::f32::consts::PI * (1.0 + i as f32 / 8.0);
                        (2.8 * a.cos(), -2.4 + 2.8 * a.sin())
                    }))
                    .chain(std::iter::once((2.8, 0.0)))
                    .collect();
                line(&shackle);
                polygon(&[(-4.2, -0.6), (4.2, -0.6), (4.2, 5.0), (-4.2, 5.0)]);
            }
            Self::More => {
                for x in [-4.0, 0.0, 4.0] {
                    painter.circle_filled(c + vec2(x, 0.0), 1.3, color);
                }
            }
            Self::Pencil => {
                line(&[
                    (-4.5, 4.5),
                    (-3.8, 1.6),
                    (2.4, -4.6),
                    (4.6, -2.4),
                    (-1.6, 3.8),
                    (-4.5, 4.5),
                ]);
                line(&[(0.9, -3.1), (3.1, -0.9)]);
            }
            Self::Person => {
                painter.circle_stroke(c + vec2(0.0, -2.6), 2.5, stroke);
                let shoulders: Vec<(f32, f32)> = (0..=10)
                    .map(|i| {
                        let a = std::f32::consts::PI * (1.0 + i as f32 / 10.0);
                        (4.6 * a.cos(), 5.4 + 4.2 * a.sin())
                    })
                    .collect();
                line(&shoulders);
            }
            Self::Planes => {
                let frame = [
                    (-5.5, -5.0),
                    (5.5, -5.0),
                    (5.5, 5.0),
                    (-5.5, 5.0),
                    (-5.5, -5.0),
                ];
                line(&frame);
                line(&[(-5.5, 0.6), (5.5, 0.6)]);
                line(&[(0.0, 0.6), (0.0, 5.0)]);
            }
            Self::Cube => {
                let top = [
                    (0.0, -6.0),
                    (5.2, -3.0),
                    (0.0, 0.0),
                    (-5.2, -3.0),
                    (0.0, -6.0),
                ];
                line(&top);
                line(&[
                    (-5.2, -3.0),
                    (-5.2, 3.0),
                    (0.0, 6.0),
                    (5.2, 3.0),
                    (5.2, -3.0),
                ]);
                line(&[(0.0, 0.0), (0.0, 6.0)]);
            }
            Self::Plus => {
                line(&[(-4.5, 0.0), (4.5, 0.0)]);
                line(&[(0.0, -4.5), (0.0, 4.5)]);
            }
            Self::Redo | Self::Undo => {
                let way = if self == Self::Undo { 1.0 } else { -1.0 };
                let bend = (0..=10).map(|i| {
                    let a = std::f32::consts::PI * (i as f32 / 10.0 - 0.5);
                    (way * (1.2 + 3.4 * a.cos()), 1.0 + 3.4 * a.sin())
                });
                let path: Vec<(f32, f32)> = std::iter::once((way * -4.0, -2.4))
                    .chain(bend)
                    .chain(std::iter::once((way * -2.4, 4.4)))
                    .collect();
                line(&path);
                line(&[(way * -1.4, -5.2), (way * -4.4, -2.4), (way * -1.4, 0.4)]);
            }
            Self::Reset => {
                let arc: Vec<(f32, f32)> = (0..=14)
                    .map(|i| {
                        let a = -0.4 + 5.0 * (i as f32 / 14.0);
                        (4.6 * a.cos(), 4.6 * a.sin())
                    })
                    .collect();
                line(&arc);
                polygon(&[(2.0, -2.6), (6.4, -2.6), (4.6, 1.0)]);
            }
            Self::Source => {
                for (x, y) in [(-3.8, -4.0), (3.8, 0.0), (3.8, 4.4)] {
                    painter.circle_stroke(c + vec2(x, y), 1.7, stroke);
                }
                line(&[(-3.8, -2.2), (-3.8, 4.4), (2.0, 4.4)]);
                line(&[(-3.8, 0.0), (2.0, 0.0)]);
            }
            Self::Theme => {
                painter.circle_stroke(c, 2.8, stroke);
                for i in 0..8 {
                    let a = std::f32::consts::TAU * i as f32 / 8.0;
                    let (x, y) = (a.cos(), a.sin());
                    line(&[(4.6 * x, 4.6 * y), (6.2 * x, 6.2 * y)]);
                }
            }
            Self::Warning => {
                let outline = [(0.0, -5.0), (5.8, 5.0), (-5.8, 5.0), (0.0, -5.0)];
                line(&outline);
                line(&[(0.0, -1.6), (0.0, 1.8)]);
                painter.circle_filled(c + vec2(0.0, 3.4), 0.8, color);
            }
        }
    }
}

/// An icon in the flow of text; `hover` explains it.
pub(super) fn icon(ui: &mut Ui, icon: Icon, color: Color32, hover: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(16.0), Sense::hover());
    icon.paint(ui.painter(), rect.center(), color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, hover));
    response.on_hover_text(hover)
}

/// A square button with an icon; `name` is its accessible name and tooltip.
pub(super) fn icon_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    icon_toggle(ui, icon, name, false)
}

/// An icon button that stays pressed while `on`.
pub(super) fn icon_toggle(ui: &mut Ui, icon: Icon, name: &str, on: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(24.0), Sense::click());
    let p = theme::palette(ui);
    let visuals = ui.style().interact(&response);
    let (fill, ink) = if on {
        (p.selection, p.text)
    } else if response.hovered() || response.has_focus() {
        (p.hover, p.text)
    } else {
        (Color32::TRANSPARENT, p.text_weak)
    };
    let border = if response.has_focus() || on {
        Stroke::new(1.0, p.accent)
    } else if response.hovered() {
        visuals.bg_stroke
    } else {
        Stroke::NONE
    };
    ui.painter().rect(
        rect,
        CornerRadius::same(RADIUS),
        fill,
        border,
        StrokeKind::Inside,
    );
    icon.paint(ui.painter(), rect.center(), ink);
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, on, name));
    response.on_hover_text(name).on_disabled_hover_text(name)
}

/// A widget that works only while nothing stands in the way; otherwise the reason shows on hover.
pub(super) fn gated(ui: &mut Ui, barred: Option<&str>, widget: impl Widget) -> Response {
    let response = ui.add_enabled(barred.is_none(), widget);
    match barred {
        Some(reason) => response.on_disabled_hover_text(reason),
        None => response,
    }
}

/// The one button of a place that a person is most likely to want.
pub(super) fn primary_button(ui: &mut Ui, text: &str) -> Response {
    let p = theme::palette(ui);
    Button::new(
        RichText::new(text)
            .color(p.on_accent)
            .font(theme::medium(13.0)),
    )
    .fill(p.accent)
    .stroke(Stroke::NONE)
    .ui(ui)
}

/// A word in a coloured frame, for example a RECIST category.
pub(super) fn chip(ui: &mut Ui, text: &str, color: Color32) -> Response {
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), theme::medium(11.5), color);
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x + 12.0, 18.0), Sense::hover());
    ui.painter().rect(
        rect,
        CornerRadius::same(RADIUS),
        color.gamma_multiply(0.14),
        Stroke::new(1.0, color.gamma_multiply(0.7)),
        StrokeKind::Inside,
    );
    ui.painter()
        .galley(rect.center() - galley.size() / 2.0, galley, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// A chip that stays pressed while `on`; its text is its accessible name.
pub(super) fn chip_toggle(ui: &mut Ui, text: &str, color: Color32, on: bool) -> Response {
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), theme::medium(11.5), color);
    let size = vec2(galley.size().x + 12.0, 18.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let lively = response.hovered() || response.has_focus() || on;
    let edge = if lively { 1.0 } else { 0.4 };
    ui.painter().rect(
        rect,
        CornerRadius::same(RADIUS),
        color.gamma_multiply(if on { 0.3 } else { 0.08 }),
        Stroke::new(1.0, color.gamma_multiply(edge)),
        StrokeKind::Inside,
    );
    ui.painter()
        .galley(rect.center() - galley.size() / 2.0, galley, color);
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, on, text));
    response.on_hover_text(tr!("Click to see only these, once more to see all"))
}

/// Width of a [`chip_button`] with this text and no icon.
pub(super) fn chip_width(ui: &Ui, text: &str) -> f32 {
    let font = theme::medium(11.5);
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
    galley.size().x + 12.0
}

/// A chip with an icon that can be clicked; `name` is its accessible name. An empty `text` leaves
/// the icon alone.
pub(super) fn chip_button(
    ui: &mut Ui,
    icon: Option<Icon>,
    text: &str,
    color: Color32,
    name: &str,
) -> Response {
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), theme::medium(11.5), color);
    let lead = if icon.is_some() { 20.0 } else { 6.0 };
    let tail = if text.is_empty() { 0.0 } else { 6.0 };
    // Without an icon it stands in the flow of text and must not push the lines apart.
    let height = if icon.is_some() { 20.0 } else { 17.0 };
    let size = vec2(lead + galley.size().x + tail, height);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let lively = response.hovered() || response.has_focus();
    let (fill, edge) = if lively { (0.26, 1.0) } else { (0.14, 0.6) };
    ui.painter().rect(
        rect,
        CornerRadius::same(RADIUS),
        color.gamma_multiply(fill),
        Stroke::new(1.0, color.gamma_multiply(edge)),
        StrokeKind::Inside,
    );
    if let Some(icon) = icon {
        icon.paint(
            ui.painter(),
            pos2(rect.left() + 10.0, rect.center().y),
            color,
        );
    }
    ui.painter().galley(
        pos2(rect.left() + lead, rect.center().y - galley.size().y / 2.0),
        galley,
        color,
    );
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    response
}

/// A warning sign with the number of warnings; the warnings themselves on hover. A click lists them,
/// and a click on one of the list puts its code into `page`.
pub(super) fn warnings_badge(ui: &mut Ui, warnings: &[String], page: &mut Option<String>) {
    if warnings.is_empty() {
        return;
    }
    let color = theme::palette(ui).warning;
    let count = ui
        .painter()
        .layout_no_wrap(warnings.len().to_string(), theme::medium(11.5), color);
    let (rect, response) =
        ui.allocate_exact_size(vec2(18.0 + count.size().x, 18.0), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter()
            .rect_filled(rect, CornerRadius::same(RADIUS), color.gamma_multiply(0.14));
    }
    Icon::Warning.paint(
        ui.painter(),
        pos2(rect.left() + 8.0, rect.center().y - 0.5),
        color,
    );
    ui.painter().galley(
        pos2(rect.left() + 17.0, rect.center().y - count.size().y / 2.0),
        count,
        color,
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, warnings.join("\n")));
    Popup::menu(&response).show(|ui| {
        ui.set_max_width(420.0);
        for warning in warnings {
            let code = warning.split(':').next().unwrap_or_default();
            let explained = code_page(code).is_some();
            let button = Button::new(warning).wrap().frame(false);
            if ui.add_enabled(explained, button).clicked() {
                *page = Some(code.to_owned());
            }
        }
    });
    response.on_hover_ui(|ui| {
        for warning in warnings {
            ui.label(warning);
        }
        weak(ui, tr!("Click to read about them"));
    });
}

/// Turns while something is under way. Asks for eight frames a second, not sixty.
pub(super) fn spinner(ui: &mut Ui, name: &str) {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(14.0), Sense::hover());
    let color = theme::palette(ui).accent;
    let phase = (ui.input(|i| i.time) * 8.0).floor() as f32 / 8.0;
    for i in 0..8 {
        let a = std::f32::consts::TAU * (i as f32 / 8.0 + phase);
        let dot = rect.center() + 5.0 * vec2(a.cos(), a.sin());
        ui.painter()
            .circle_filled(dot, 1.2, color.gamma_multiply((i as f32 + 1.0) / 8.0));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, name));
    response.on_hover_text(name);
    ui.request_repaint_after(std::time::Duration::from_millis(125));
}

/// Heading of a section in a side panel.
pub(super) fn heading(ui: &mut Ui, text: &str) -> Response {
    let color = theme::palette(ui).text;
    ui.label(RichText::new(text).font(theme::medium(13.0)).color(color))
}

/// Text of second rank.
pub(super) fn weak(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = theme::palette(ui).text_weak;
    Label::new(RichText::new(text).size(12.0).color(color))
        .wrap()
        .ui(ui)
}

/// Boxes and rings on a panel are empty until they are chosen.
pub(super) fn outlined(ui: &mut Ui) {
    let p = theme::palette(ui);
    let widgets = &mut ui.visuals_mut().widgets;
    for state in [
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
    ] {
        state.bg_fill = p.field;
        state.bg_stroke = Stroke::new(1.2, p.border_strong);
    }
    widgets.hovered.bg_stroke.color = p.text_weak;
    ui.spacing_mut().icon_spacing = 6.0;
}

/// One of several choices that exclude each other.
pub(super) fn radio(ui: &mut Ui, on: bool, text: &str) -> Response {
    ui.scope(|ui| {
        outlined(ui);
        ui.radio(on, text)
    })
    .inner
}

/// The button of what cannot be taken back.
pub(super) fn danger_button(ui: &mut Ui, text: &str) -> Response {
    let p = theme::palette(ui);
    Button::new(
        RichText::new(text)
            .color(p.on_danger)
            .font(theme::medium(13.0)),
    )
    .fill(p.danger)
    .stroke(Stroke::NONE)
    .ui(ui)
}

/// Marks the time point with the smallest sum of diameters.
pub(super) fn nadir_chip(ui: &mut Ui) {
    let color = theme::palette(ui).info;
    chip(ui, tr!("nadir"), color).on_hover_text(tr!(
        "The smallest sum of diameters: progression is counted from it"
    ));
}

/// A button with three dots that opens a menu; `name` says whose.
pub(super) fn menu(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    let button = icon_button(ui, Icon::More, name);
    Popup::menu(&button).show(add);
}

/// Text with a dark rim, readable on any grey.
pub(super) fn halo_text(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    color: Color32,
) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), font, color);
    let rect = anchor.anchor_size(at, galley.size());
    let halo = theme::image().halo;
    for (x, y) in [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (1.0, 1.0)] {
        painter.galley_with_override_text_color(rect.min + vec2(x, y), galley.clone(), halo);
    }
    painter.galley(rect.min, galley, color);
    rect
}
