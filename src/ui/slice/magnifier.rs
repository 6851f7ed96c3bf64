//! A lens at the pointer: a part of the picture, larger, while Alt and the left button are held.

use egui::{CornerRadius, Pos2, Rect, Stroke, StrokeKind, Vec2};

use super::super::theme;
use super::transform::Transform;

/// How much larger.
const FACTOR: f64 = 3.0;
/// Side of the lens, points; less where the picture is small.
const SIDE: f32 = 190.0;

/// Draws the lens: `draw` paints the picture by a transform into the lens's own painter.
pub(super) fn lens(
    painter: &egui::Painter,
    rect: Rect,
    pointer: Pos2,
    transform: Transform,
    draw: impl FnOnce(&egui::Painter, Transform),
) {
    let side = SIDE.min(rect.width() * 0.7).min(rect.height() * 0.7);
    let lens = Rect::from_center_size(pointer, Vec2::splat(side));
    let inside = painter.with_clip_rect(lens.intersect(painter.clip_rect()));
    inside.rect_filled(lens, CornerRadius::ZERO, theme::image().background);
    draw(&inside, transform.magnified(pointer, FACTOR));
    let rim = Stroke::new(1.5, theme::image().text);
    painter.rect_stroke(lens, CornerRadius::ZERO, rim, StrokeKind::Inside);
}
