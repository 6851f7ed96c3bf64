//! Bars that say which value has which colour.

use egui::{
    Align2, CornerRadius, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2,
};

use super::super::look::ends;
use super::super::theme;
use super::overlay::{number, small_text};
use crate::app::view::{ColourMap, SliceView, WindowLevel};
use crate::texts::tr;

const WIDTH: f32 = 9.0;
/// Lower pictures have no room for a bar.
const LEAST_HEIGHT: f32 = 340.0;
/// Steps of colour in a bar.
const STEPS: u8 = 32;

/// The bar of what lies over the slice, else of the slice itself where it is in colours.
pub(super) fn draw(painter: &Painter, rect: Rect, slice: &SliceView) {
    if rect.height() < LEAST_HEIGHT {
        return;
    }
    // Between the texts at the top and the letter half-way down.
    let at = pos2(
        rect.right() - 8.0 - WIDTH,
        rect.center().y - HEIGHT / 2.0 - 14.0,
    );
    match &slice.fusion {
        Some(fusion) => {
            let note = if fusion.problem.is_empty() {
                &fusion.trust
            } else {
                &fusion.problem
            };
            if let Some(window) = fusion.window {
                bar(painter, at, fusion.colours, window, fusion.unit);
            }
            let text = if fusion.window.is_none() && note.is_empty() {
                tr!("{label} · loading", label = fusion.label)
            } else if note.is_empty() {
                // Its values lie between those that are shown.
                tr!("{label} · interpolated", label = fusion.label)
            } else {
                format!("{} · {note}", fusion.label)
            };
            let color = if note.is_empty() {
                theme::image().text
            } else {
                theme::image_warning()
            };
            let above = pos2(rect.right() - 7.0, at.y - HEIGHT / 2.0 - 4.0);
            small_text(painter, above, Align2::RIGHT_BOTTOM, &text, color);
        }
        None if slice.colours != ColourMap::Gray => {
            bar(painter, at, slice.colours, slice.window, slice.unit);
        }
        None => {}
    }
}

const HEIGHT: f32 = 110.0;

/// A bar around the height of a point, with its ends written beside it.
fn bar(painter: &Painter, at: Pos2, colours: ColourMap, window: WindowLevel, unit: &str) {
    let rect = Rect::from_min_size(at - vec2(0.0, HEIGHT / 2.0), vec2(WIDTH, HEIGHT));
    let mut mesh = Mesh::default();
    let ink = |n: u8| theme::mapped(colours.colour(n.saturating_mul(8)));
    for n in 0..=STEPS {
        let y = rect.bottom() - HEIGHT * f32::from(n) / f32::from(STEPS);
        for x in [rect.left(), rect.right()] {
            mesh.colored_vertex(pos2(x, y), ink(n));
        }
        if n > 0 {
            let v = 2 * u32::from(n);
            mesh.add_triangle(v - 2, v - 1, v);
            mesh.add_triangle(v - 1, v, v + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
    let stroke = Stroke::new(1.0, theme::image().text_weak);
    painter.rect_stroke(rect, CornerRadius::ZERO, stroke, StrokeKind::Outside);
    let [low, high] = ends(window);
    let ink = theme::image().text;
    let top = format!("{} {unit}", number(high));
    small_text(
        painter,
        rect.left_top() - vec2(4.0, 0.0),
        Align2::RIGHT_TOP,
        top.trim(),
        ink,
    );
    let below = rect.left_bottom() - vec2(4.0, 0.0);
    small_text(painter, below, Align2::RIGHT_BOTTOM, &number(low), ink);
}
