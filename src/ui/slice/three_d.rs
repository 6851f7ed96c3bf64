//! Lesions in space: turned by dragging, at the same size and from the same side in every time point.

use std::sync::Arc;

use egui::{
    Align2, Button, Color32, ColorImage, CornerRadius, CursorIcon, FontId, Painter, PointerButton,
    Pos2, Rect, Response, Role, Sense, Stroke, TextureHandle, TextureOptions, Ui, UiBuilder, Vec2,
    WidgetInfo, pos2, vec2,
};

use super::super::state::UiState;
use super::super::theme;
use super::super::widgets::{halo_text, spinner};
use super::overlay::{letters, scale_bar, small_text};
use super::transform::Transform;
use crate::app::Command;
use crate::app::view::{
    BodyView, ColumnView, LesionId, PatientView, Picture, PixelMap, Point, SliceView, Surface,
    ThreeDView, Vec3,
};
use crate::geometry::orientation_letters;
use crate::scene::{Body, Camera, Drawn, Sheet, draw};
use crate::texts::tr;

/// Radians to a point of dragging.
const TURN: f64 = 0.01;
/// How much closer and farther than the whole one may look.
const ZOOM: std::ops::RangeInclusive<f64> = 0.2..=20.0;
/// The smallest place that fills the picture, mm from its middle.
const LEAST: f64 = 40.0;

/// From where the lesions of all time points are seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ui) struct ThreeDLook {
    /// To the patient's left about the axis of the body, radians; 0 is from the front.
    yaw: f64,
    /// Upwards, radians; 0 is level.
    pitch: f64,
    zoom: f64,
    /// Shift to the right and downwards, mm.
    pan: [f64; 2],
    /// The slice and the planes stand among the lesions.
    sheets: bool,
}

impl Default for ThreeDLook {
    fn default() -> Self {
        Self {
            yaw: 0.4,
            pitch: 0.35,
            zoom: 1.0,
            pan: [0.0; 2],
            sheets: true,
        }
    }
}

impl ThreeDLook {
    /// Right, down and away in the patient.
    fn axes(&self) -> [Vec3; 3] {
        let ((sy, cy), (sp, cp)) = (self.yaw.sin_cos(), self.pitch.sin_cos());
        let (level, up) = (Vec3::new(-sy, cy, 0.0), Vec3::z());
        [
            Vec3::new(cy, sy, 0.0),
            -(up * cp + level * sp),
            level * cp - up * sp,
        ]
    }
}

/// What a drawn scene was made of.
#[derive(Debug, PartialEq)]
struct Of {
    camera: Camera,
    size: [usize; 2],
    /// Surfaces with their colours.
    bodies: Vec<(Shape, [u8; 3])>,
    /// Versions of pictures, and where they stand.
    sheets: Vec<(u64, PixelMap)>,
}

/// A surface that is the same only as long as it is the same allocation; held, so that no other takes
/// its place in memory.
#[derive(Debug)]
struct Shape(Arc<Surface>);

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A scene on the graphics card.
pub(in crate::ui) struct SceneTexture {
    of: Of,
    /// How many samples each pixel has, across and down.
    fine: usize,
    drawn: Drawn,
    handle: TextureHandle,
}

/// How far the lesions of all time points reach from the middles of theirs, mm, or the images where
/// there are no lesions: what fills a picture.
fn reach(patient: &PatientView) -> f64 {
    let views = || patient.columns.iter().filter_map(|c| c.three_d.as_ref());
    let of_body = |view: &ThreeDView, body: &BodyView| {
        let ends = body.surface.bounds.map(|c| Vec3::from(c.map(f64::from)));
        let [low, high] = ends.map(|end| (end - view.middle.0.coords).abs());
        low.sup(&high).norm()
    };
    let bodies = views().flat_map(|view| view.bodies.iter().map(move |body| of_body(view, body)));
    let of_bodies = bodies.filter(|r| r.is_finite()).reduce(f64::max);
    let of_image = |view: &ThreeDView| (view.corners[7].0 - view.corners[0].0).norm() / 2.0;
    let all = of_bodies.or_else(|| views().map(of_image).reduce(f64::max));
    all.map_or(LEAST, |r| r.max(LEAST))
}

/// Draws the lesions of a time point into `size` and turns gestures on it into commands.
pub(in crate::ui) fn three_d_ui(
    ui: &mut Ui,
    patient: &PatientView,
    (column, slice, view): (&ColumnView, &SliceView, &ThreeDView),
    size: Vec2,
    state: &mut UiState,
    out: &mut Vec<Command>,
) -> Response {
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let id = egui::Id::unique("three_d").with(slice.series);
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let name = tr!("Lesions in three dimensions {title}", title = column.title);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    let per_point = 1.1 * reach(patient) * 2.0 / f64::from(size.min_elem().max(1.0));
    turn(ui, &response, slice, per_point, state);
    let look = state.three_d;
    let axes = look.axes();
    let per_point = per_point / look.zoom;
    let camera = Camera {
        about: Point(view.middle.0 - axes[0] * look.pan[0] - axes[1] * look.pan[1]),
        axes,
        mm_per_pixel: per_point / f64::from(ui.pixels_per_point()),
    };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::image().background);
    if ui.is_rect_visible(rect) {
        scene(
            ui,
            rect,
            &painter,
            (column, slice, view),
            (patient.selected, camera),
            state,
        );
        let to_screen = |place: Point| {
            let [x, y, _] = camera.seen(place);
            let points = f64::from(ui.pixels_per_point());
            rect.center() + vec2((x / points) as f32, (y / points) as f32)
        };
        box_of(&painter, &view.corners, to_screen);
        labels(
            &painter,
            &view.bodies,
            (patient.selected, per_point),
            to_screen,
        );
        texts(&painter, rect, view, axes, per_point);
    }
    let under = |at: Pos2| -> Option<&BodyView> {
        let scene = state.scenes.get(&slice.series)?;
        let from = (at - rect.min) * ui.pixels_per_point();
        view.bodies
            .get(scene.drawn.body_at([from.x as usize, from.y as usize])?)
    };
    let meant = response.hover_pos().and_then(under);
    if response.clicked() {
        let lesion = response
            .interact_pointer_pos()
            .and_then(under)
            .map(|b| b.lesion);
        out.extend(lesion.map(|id| Command::SelectLesion { lesion: Some(id) }));
    }
    let hint = meant.map(|body| tr!("{label}: click to go there", label = body.label));
    sides_ui(ui, rect, &column.title, state);
    if view.pending {
        let corner = Rect::from_min_size(rect.right_top() + vec2(-26.0, 8.0), Vec2::splat(18.0));
        ui.scope_builder(UiBuilder::new().max_rect(corner), |ui| {
            spinner(ui, tr!("Making surfaces"));
        });
    }
    let cursor = if hint.is_some() {
        CursorIcon::PointingHand
    } else {
        CursorIcon::Grab
    };
    let response = response.on_hover_and_drag_cursor(cursor);
    match hint {
        Some(hint) => response.on_hover_text_at_pointer(hint),
        None => response,
    }
}

/// Dragging turns, shifts and magnifies; the wheel magnifies.
fn turn(ui: &Ui, response: &Response, slice: &SliceView, per_point: f64, state: &mut UiState) {
    if response.contains_pointer() {
        state.active = Some(slice.series);
        let turned = ui.input(|i| state.wheel.turn(slice.series, &i.events));
        let closer =
            turned.zoom * 1.15_f64.powi(-((turned.slices + turned.leap).clamp(-20, 20) as i32));
        state.three_d.zoom *= closer;
    }
    let look = &mut state.three_d;
    let moved = response.drag_delta();
    let [x, y] = [moved.x, moved.y].map(f64::from);
    if response.dragged_by(PointerButton::Primary) {
        look.yaw = (look.yaw - x * TURN).rem_euclid(std::f64::consts::TAU);
        let quarter = std::f64::consts::FRAC_PI_2;
        look.pitch = (look.pitch + y * TURN).clamp(-quarter, quarter);
    } else if response.dragged_by(PointerButton::Middle) {
        let by = per_point / look.zoom;
        look.pan = [look.pan[0] + x * by, look.pan[1] + y * by];
    } else if response.dragged_by(PointerButton::Secondary) {
        look.zoom *= (-y * 0.01).exp();
    }
    look.zoom = look.zoom.clamp(*ZOOM.start(), *ZOOM.end());
}

/// Draws the scene anew where anything of it has changed, and paints it.
fn scene(
    ui: &Ui,
    rect: Rect,
    painter: &Painter,
    (column, slice, view): (&ColumnView, &SliceView, &ThreeDView),
    (selected, camera): (Option<LesionId>, Camera),
    state: &mut UiState,
) {
    let pixels = rect.size() * ui.pixels_per_point();
    let limit = ui.input(|i| i.max_texture_side);
    let size = [pixels.x, pixels.y].map(|n| (n.round().max(1.0) as usize).min(limit));
    let turning = ui.input(|i| i.pointer.any_down());
    let pictures: Vec<(&Picture, &PixelMap)> = if state.three_d.sheets {
        let planes = column.sections.iter().map(|s| (&*s.picture, &s.map));
        std::iter::once((&*slice.picture, &slice.map))
            .chain(planes)
            .collect()
    } else {
        Vec::new()
    };
    let shown: Vec<&BodyView> = view.bodies.iter().filter(|_| state.show_overlays).collect();
    let color = |body: &BodyView| {
        let full = theme::lesion(body.color);
        let chosen = selected.is_none_or(|lesion| lesion == body.lesion);
        let share = if chosen { 1.0 } else { 0.72 };
        [full.r(), full.g(), full.b()].map(|c| (f32::from(c) * share) as u8)
    };
    let of = Of {
        camera,
        size,
        bodies: shown
            .iter()
            .map(|b| (Shape(Arc::clone(&b.surface)), color(b)))
            .collect(),
        sheets: pictures.iter().map(|(p, map)| (p.version, **map)).collect(),
    };
    // While something changes, speed counts; edges are made smooth when it rests.
    let before = state.scenes.get(&slice.series);
    let changed = before.is_none_or(|s| s.of != of);
    let fine = if changed || turning { 1 } else { 2 };
    if fine == 1 && !turning {
        ui.ctx().request_repaint();
    }
    if changed || before.is_none_or(|s| s.fine < fine) {
        let bodies: Vec<Body<'_>> = shown
            .iter()
            .map(|b| Body {
                surface: &b.surface,
                color: color(b),
            })
            .collect();
        let sheets: Vec<Sheet<'_>> = pictures
            .iter()
            .map(|(picture, map)| Sheet {
                size: [picture.width, picture.height],
                gray: &picture.gray,
                origin: map.origin,
                steps: [map.dx, map.dy],
            })
            .collect();
        let drawn = draw(&camera, &bodies, &sheets, size, fine);
        let image = ColorImage::from_rgba_unmultiplied(size, &drawn.rgba);
        let options = TextureOptions::LINEAR;
        let handle = match state.scenes.remove(&slice.series) {
            Some(mut scene) => {
                scene.handle.set(image, options);
                scene.handle
            }
            None => ui.ctx().load_texture("scene", image, options),
        };
        state.scenes.insert(
            slice.series,
            SceneTexture {
                of,
                fine,
                drawn,
                handle,
            },
        );
    }
    if let Some(scene) = state.scenes.get(&slice.series) {
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(scene.handle.id(), rect, uv, Color32::WHITE);
    }
}

/// The edges of the image.
fn box_of(painter: &Painter, corners: &[Point; 8], to_screen: impl Fn(Point) -> Pos2) {
    let stroke = Stroke::new(1.0, theme::image().text_weak.gamma_multiply(0.35));
    for n in 0..8_usize {
        for bit in [1, 2, 4] {
            if n & bit == 0 {
                painter.line_segment([to_screen(corners[n]), to_screen(corners[n | bit])], stroke);
            }
        }
    }
}

/// What the lesions are called, above them so that nothing of them is hidden.
fn labels(
    painter: &Painter,
    bodies: &[BodyView],
    (selected, mm_per_point): (Option<LesionId>, f64),
    to_screen: impl Fn(Point) -> Pos2,
) {
    for body in bodies {
        let Some(middle) = body.surface.middle() else {
            continue;
        };
        let font = if selected == Some(body.lesion) {
            theme::medium(13.0)
        } else {
            FontId::proportional(12.0)
        };
        let [low, high] = body.surface.bounds;
        let reach = (0..3).map(|a| high[a] - low[a]).fold(0.0, f32::max) / 2.0;
        let above = to_screen(middle) - vec2(0.0, reach / mm_per_point as f32 + 2.0);
        let ink = theme::image().text;
        halo_text(
            painter,
            above,
            Align2::CENTER_BOTTOM,
            &body.label,
            font,
            ink,
        );
    }
}

fn texts(painter: &Painter, rect: Rect, view: &ThreeDView, axes: [Vec3; 3], per_point: f64) {
    let ink = theme::image();
    let inner = rect.shrink(7.0);
    let title = small_text(painter, inner.left_top(), Align2::LEFT_TOP, "3-D", ink.text);
    if view.bodies.is_empty() {
        let text = if view.pending {
            tr!("Making surfaces…")
        } else {
            tr!("No lesion has a mask here yet")
        };
        let at = inner.center_bottom() - vec2(0.0, 40.0);
        small_text(painter, at, Align2::CENTER_BOTTOM, text, ink.text_weak);
    }
    if rect.height() < 110.0 {
        return;
    }
    if view.known_orientation {
        let found = orientation_letters(axes[0], axes[1]);
        letters(painter, inner, &found, &[title, row_of(rect)]);
    }
    let map = PixelMap {
        origin: view.middle,
        dx: axes[0] * per_point,
        dy: axes[1] * per_point,
    };
    let size = [rect.width(), rect.height()].map(|n| n.max(1.0) as usize);
    let transform = Transform::of(rect, size, &map, 1.0, [0.0; 2]);
    scale_bar(painter, rect, &map, transform);
}

/// Where the buttons are.
fn row_of(rect: Rect) -> Rect {
    Rect::from_min_size(
        rect.left_top() + vec2(34.0, 3.0),
        vec2(rect.width() - 40.0, 20.0),
    )
}

/// Buttons to look from the six sides, and to let the slice stand among the lesions.
fn sides_ui(ui: &mut Ui, rect: Rect, title: &str, state: &mut UiState) {
    let half = std::f64::consts::PI;
    let quarter = half / 2.0;
    let sides = [
        ("A", tr!("From the front"), 0.0, 0.0),
        ("P", tr!("From behind"), half, 0.0),
        ("L", tr!("From the patient's left"), quarter, 0.0),
        ("R", tr!("From the patient's right"), 3.0 * quarter, 0.0),
        ("H", tr!("From above"), 0.0, quarter),
        ("F", tr!("From the feet"), 0.0, -quarter),
    ];
    if rect.height() < 110.0 || rect.width() < 190.0 {
        return;
    }
    let row = row_of(rect);
    ui.scope_builder(UiBuilder::new().max_rect(row), |ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.spacing_mut().button_padding = vec2(4.0, 0.0);
        // On the picture, which is dark in both themes.
        *ui.visuals_mut() = egui::Visuals::dark();
        ui.horizontal(|ui| {
            for (letter, words, yaw, pitch) in sides {
                let button = ui.add(Button::new(letter).small().frame(false));
                let button = button.on_hover_text(words);
                button.widget_info(|| {
                    WidgetInfo::labeled(Role::Button, true, format!("{words}, {title}"))
                });
                if button.clicked() {
                    state.three_d = ThreeDLook {
                        yaw,
                        pitch,
                        pan: [0.0; 2],
                        ..state.three_d
                    };
                }
            }
            let on = state.three_d.sheets;
            let slice = ui.add(Button::selectable(on, tr!("Slice")).small());
            let slice = slice.on_hover_text(tr!("The slice, and the planes, among the lesions"));
            slice.widget_info(|| {
                WidgetInfo::selected(
                    Role::Button,
                    true,
                    on,
                    tr!("Slice in space, {title}", title),
                )
            });
            if slice.clicked() {
                state.three_d.sheets = !on;
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_each_side_right_and_down_are_those_of_the_patient() {
        let look = |yaw: f64, pitch: f64| ThreeDLook {
            yaw,
            pitch,
            ..ThreeDLook::default()
        };
        let quarter = std::f64::consts::FRAC_PI_2;
        for (yaw, pitch, right, down) in [
            (0.0, 0.0, "L", "F"),
            (2.0 * quarter, 0.0, "R", "F"),
            (quarter, 0.0, "P", "F"),
            (3.0 * quarter, 0.0, "A", "F"),
            (0.0, quarter, "L", "A"),
            (0.0, -quarter, "L", "P"),
        ] {
            let [x, y, z] = look(yaw, pitch).axes();
            let found = orientation_letters(x, y);
            assert_eq!(
                (&*found.right, &*found.bottom),
                (right, down),
                "{yaw} {pitch}"
            );
            assert!((x.cross(&y) - z).norm() < 1e-12);
        }
    }
}
