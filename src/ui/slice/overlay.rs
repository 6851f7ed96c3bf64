//! What is drawn over the picture: masks, axes, lines, letters, scale.

use egui::{
    Align2, Color32, CornerRadius, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind,
    pos2, vec2,
};

use super::super::slab::slab_text;
use super::super::state::{Tool, UiState};
use super::super::theme;
use super::super::versions;
use super::super::widgets::halo_text;
use super::SliceContext;
use super::draft::{Draft, length_text};
use super::gesture::{Gesture, Kind};
use super::transform::{Transform, pixel_size, round_length};
use crate::app::view::{Letters, Overlay, PixelMap, SliceView};
use crate::texts::tr;

const SMALL: f32 = 11.5;
/// From one line of small text to the next.
const LINE: f32 = 15.0;
/// Between texts side by side.
const GAP: f32 = 10.0;

/// Small text with a rim; where it stands.
pub(super) fn small_text(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    color: Color32,
) -> Rect {
    halo_text(
        painter,
        at,
        anchor,
        text,
        FontId::proportional(SMALL),
        color,
    )
}

fn wide(p: [f32; 2]) -> [f64; 2] {
    p.map(f64::from)
}

/// How masks are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Filled, and not outlined only.
    fill: bool,
    /// Of fill and outline, 0–1.
    pub(super) opacity: f32,
    /// With axes, lines and labels.
    annotations: bool,
}

impl Look {
    pub(super) const fn of(state: &UiState) -> Self {
        Self {
            fill: state.fill_masks,
            opacity: state.opacity,
            annotations: state.show_annotations,
        }
    }
}

/// Masks, axes and drawn diameters of the lesions on this slice.
pub(super) fn lesions(
    painter: &Painter,
    slice: &SliceView,
    transform: Transform,
    context: &SliceContext<'_>,
    look: Look,
) {
    let halo = theme::image().halo.gamma_multiply(0.7);
    let comparing = slice.compared.is_some();
    for overlay in &slice.overlays {
        // Two outlines are to be told apart; a third, or the axes, would stand in the way.
        if comparing && context.compared == Some(overlay.lesion) {
            continue;
        }
        let strength = if comparing { 0.4 } else { 1.0 };
        let color = theme::lesion(overlay.color).gamma_multiply(strength);
        let selected = context.selected == Some(overlay.lesion);
        if look.fill || overlay.propagated || overlay.preview {
            let fill = color.gamma_multiply(0.3 * look.opacity);
            mask(painter, overlay, transform, fill);
        }
        let width = if selected { 2.0 } else { 1.5 };
        // Not committed, or not looked at yet: no line to rely on.
        let dashed = overlay.preview || overlay.propagated;
        outlines(
            painter,
            &overlay.outlines,
            transform,
            (width, color, look.opacity),
            dashed,
        );
        if !look.annotations {
            continue;
        }
        for axis in [overlay.long_axis, overlay.short_axis]
            .into_iter()
            .flatten()
        {
            let ends = axis.map(|p| transform.to_screen(wide(p)));
            painter.line_segment(ends, Stroke::new(2.4, halo));
            painter.line_segment(ends, Stroke::new(1.0, color));
        }
        for drawn in [overlay.drawn, overlay.drawn_short].into_iter().flatten() {
            let ends = drawn.map(|p| transform.to_screen(wide(p)));
            line(painter, ends, color, true);
        }
    }
    if look.annotations {
        labels(painter, slice, transform, context);
    }
}

/// Closed outlines on dark rims, or dashed ones.
pub(super) fn outlines(
    painter: &Painter,
    closed: &[Vec<[f32; 2]>],
    transform: Transform,
    (width, color, opacity): (f32, Color32, f32),
    dashed: bool,
) {
    let rim = theme::image().halo.gamma_multiply(0.7 * opacity);
    let halo = Stroke::new(width + 1.5, rim);
    let stroke = Stroke::new(width, color.gamma_multiply(opacity));
    for outline in closed {
        let points: Vec<Pos2> = outline
            .iter()
            .map(|p| transform.to_screen(wide(*p)))
            .collect();
        if dashed {
            let ends: Vec<Pos2> = points.iter().chain(points.first()).copied().collect();
            painter.extend(Shape::dashed_line(&ends, stroke, 4.0, 3.0));
        } else {
            painter.add(Shape::closed_line(points.clone(), halo));
            painter.add(Shape::closed_line(points, stroke));
        }
    }
}

/// Outlines of two masks of one lesion: A in one piece, B dashed.
pub(super) fn compared(painter: &Painter, slice: &SliceView, transform: Transform) {
    let Some(pair) = &slice.compared else {
        return;
    };
    let halo = Stroke::new(3.4, theme::image().halo.gamma_multiply(0.7));
    for (side, outlines) in pair.iter().enumerate() {
        for outline in outlines {
            let ends = outline.iter().chain(outline.first());
            let points: Vec<Pos2> = ends.map(|p| transform.to_screen(wide(*p))).collect();
            if side == 0 {
                painter.add(Shape::line(points.clone(), halo));
            }
            versions::stroke(painter, &points, side);
        }
    }
}

/// `L1 32.1 mm` beside each lesion, or its bare name, placed where it hides least.
fn labels(painter: &Painter, slice: &SliceView, transform: Transform, context: &SliceContext<'_>) {
    let inner = painter.clip_rect().shrink2(vec2(6.0, 22.0));
    let lesions: Vec<Rect> = slice
        .overlays
        .iter()
        .map(|overlay| {
            let ends = overlay.drawn.into_iter().flatten();
            let points = overlay.outlines.iter().flatten().copied().chain(ends);
            Rect::from_points(
                &points
                    .map(|p| transform.to_screen(wide(p)))
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    let mut placed: Vec<Rect> = Vec::new();
    for (overlay, own) in slice.overlays.iter().zip(&lesions) {
        if !own.is_positive() || !own.intersects(painter.clip_rect()) {
            continue;
        }
        // The size that counts, where it was measured; else the line as drawn.
        let is_measured = overlay.drawn.is_some() || overlay.long_axis.is_some();
        let counted = overlay.size.clone().filter(|_| is_measured);
        let drawn = || {
            let line = overlay.drawn?;
            Some(length_text(&slice.map, slice.calibrated, line.map(wide)))
        };
        let text = match counted.or_else(drawn) {
            Some(length) => format!("{} {length}", overlay.label),
            None => overlay.label.clone(),
        };
        let font = if context.selected == Some(overlay.lesion) {
            theme::medium(12.5)
        } else {
            FontId::proportional(12.5)
        };
        let color = theme::lesion(overlay.color);
        let size = painter
            .layout_no_wrap(text.clone(), font.clone(), color)
            .size();
        let hidden = |r: &Rect| {
            let over = |others: &[Rect]| -> f32 {
                others
                    .iter()
                    .map(|o| o.intersect(*r))
                    .filter(Rect::is_positive)
                    .map(|o| o.area())
                    .sum()
            };
            over(&lesions) + 4.0 * over(&placed)
        };
        let best = around(*own, size)
            .map(|r| r.translate(inside(inner, r)))
            .into_iter()
            .min_by(|a, b| hidden(a).total_cmp(&hidden(b)));
        if let Some(rect) = best {
            halo_text(painter, rect.min, Align2::LEFT_TOP, &text, font, color);
            placed.push(rect);
        }
    }
}

/// Places for a label around a lesion, the preferred one first.
pub(super) fn around(lesion: Rect, size: egui::Vec2) -> [Rect; 6] {
    let gap = 4.0;
    let (right, left) = (lesion.right() + gap, lesion.left() - gap - size.x);
    let (above, below) = (lesion.top() - gap - size.y, lesion.bottom() + gap);
    let middle = lesion.center().x - size.x / 2.0;
    [
        (right, lesion.top() - size.y / 2.0),
        (middle, above),
        (middle, below),
        (left, lesion.top() - size.y / 2.0),
        (right, lesion.bottom() - size.y / 2.0),
        (left, lesion.bottom() - size.y / 2.0),
    ]
    .map(|(x, y)| Rect::from_min_size(pos2(x, y), size))
}

/// The shift that brings a rectangle inside another.
pub(super) fn inside(outer: Rect, r: Rect) -> egui::Vec2 {
    let shift =
        |low: f32, high: f32, min: f32, max: f32| (low - min).max(0.0) - (max - high).max(0.0);
    vec2(
        shift(outer.left(), outer.right(), r.left(), r.right()),
        shift(outer.top(), outer.bottom(), r.top(), r.bottom()),
    )
}

/// Fills the inside of the outlines row by row (even–odd, so holes stay open). Outlines run along
/// pixel edges, so that the rows of pixels are the exact shape.
fn mask(painter: &Painter, overlay: &Overlay, transform: Transform, color: Color32) {
    let ys = overlay.outlines.iter().flatten().map(|p| p[1]);
    let (Some(top), Some(bottom)) = (ys.clone().min_by(f32::total_cmp), ys.max_by(f32::total_cmp))
    else {
        return;
    };
    let mut mesh = Mesh::default();
    let mut crossings: Vec<f32> = Vec::new();
    for row in top.round() as i64..=bottom.round() as i64 {
        let y = row as f32;
        crossings.clear();
        for outline in &overlay.outlines {
            let next = outline.iter().cycle().skip(1);
            for (a, b) in outline.iter().zip(next) {
                if (a[1] <= y) != (b[1] <= y) {
                    crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
                }
            }
        }
        crossings.sort_by(f32::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let y = f64::from(y);
            mesh.add_colored_rect(
                Rect::from_min_max(
                    transform.to_screen([f64::from(pair[0]), y - 0.5]),
                    transform.to_screen([f64::from(pair[1]), y + 0.5]),
                ),
                color,
            );
        }
    }
    painter.add(mesh);
}

/// A measuring line with end marks; dashed for the line as drawn.
fn line(painter: &Painter, ends: [Pos2; 2], color: Color32, dashed: bool) {
    let halo = theme::image().halo.gamma_multiply(0.7);
    let across = (ends[1] - ends[0]).normalized().rot90() * 4.0;
    painter.line_segment(ends, Stroke::new(3.0, halo));
    if dashed {
        painter.extend(Shape::dashed_line(&ends, Stroke::new(1.5, color), 5.0, 3.0));
    } else {
        painter.line_segment(ends, Stroke::new(1.5, color));
    }
    for end in ends {
        let tick = [end - across, end + across];
        painter.line_segment(tick, Stroke::new(3.0, halo));
        painter.line_segment(tick, Stroke::new(1.5, color));
    }
}

/// The mark under way. Returns whether there is one in this view.
pub(super) fn draft(
    painter: &Painter,
    slice: &SliceView,
    transform: Transform,
    context: &SliceContext<'_>,
    gesture: Option<&Gesture>,
) -> Option<()> {
    let gesture = gesture.filter(|g| g.series == slice.series)?;
    if let Kind::Region { corners, .. } = &gesture.kind {
        let [a, b] = corners.map(|p| transform.to_screen(p));
        frame(painter, a, b, theme::image().draft);
        return Some(());
    }
    let Kind::Draw(draft) = &gesture.kind else {
        return None;
    };
    if draft.slice != slice.slice {
        return None;
    }
    let color = match context.selected_label {
        _ if draft.negative => theme::image_warning(),
        Some((_, position)) => theme::lesion(position),
        None => theme::image().draft,
    };
    let on_screen = |p: &[f64; 2]| transform.to_screen(*p);
    let points: Vec<Pos2> = draft.points.iter().map(on_screen).collect();
    let ends = draft.ends().map(|p| transform.to_screen(p));
    match draft.tool {
        Tool::Window | Tool::Measure(_) => {}
        Tool::Diameter | Tool::Caliper | Tool::Cut => line(painter, ends, color, false),
        Tool::Point => cross(painter, ends[1], color),
        Tool::Box => frame(painter, ends[0], ends[1], color),
        Tool::Scribble | Tool::Brush => stroke(painter, slice, transform, draft, &points, color),
        Tool::Lasso => {
            painter.add(Shape::closed_line(points, Stroke::new(1.5, color)));
        }
    }
    let clip = painter.clip_rect();
    let anchor = if ends[1].x > clip.center().x {
        Align2::RIGHT_BOTTOM
    } else {
        Align2::LEFT_BOTTOM
    };
    let aside = if anchor == Align2::LEFT_BOTTOM {
        10.0
    } else {
        -10.0
    };
    if let Some(length) = draft.length() {
        halo_text(
            painter,
            ends[1] + vec2(aside, -8.0),
            anchor,
            &length,
            theme::medium(14.0),
            theme::image().text,
        );
    }
    Some(())
}

fn cross(painter: &Painter, at: Pos2, color: Color32) {
    for arm in [vec2(6.0, 0.0), vec2(0.0, 6.0)] {
        painter.line_segment([at - arm, at + arm], Stroke::new(1.8, color));
    }
}

/// Screen points of a length in mm, along rows and along columns of the picture.
fn screen_lengths(slice: &SliceView, transform: Transform, mm: f64) -> egui::Vec2 {
    let [kx, ky] = transform.scale();
    let (dx, dy) = (slice.map.dx.norm(), slice.map.dy.norm());
    vec2((mm / dx * kx) as f32, (mm / dy * ky) as f32)
}

/// A stroke as wide as its brush.
fn stroke(
    painter: &Painter,
    slice: &SliceView,
    transform: Transform,
    draft: &Draft,
    points: &[Pos2],
    color: Color32,
) {
    let radius = screen_lengths(slice, transform, draft.radius.0).x.max(0.75);
    let ink = color.gamma_multiply(0.45);
    if let [only] = points {
        painter.circle_filled(*only, radius, ink);
        return;
    }
    painter.add(Shape::line(points.to_vec(), Stroke::new(2.0 * radius, ink)));
    painter.add(Shape::line(points.to_vec(), Stroke::new(1.0, color)));
}

/// A rectangle between two corners.
fn frame(painter: &Painter, a: Pos2, b: Pos2, color: Color32) {
    painter.rect_stroke(
        Rect::from_two_pos(a, b),
        CornerRadius::ZERO,
        Stroke::new(1.5, color),
        StrokeKind::Middle,
    );
}

/// The brush under the pointer.
pub(super) fn brush(
    painter: &Painter,
    slice: &SliceView,
    transform: Transform,
    pointer: Option<Pos2>,
    radius_mm: f64,
) {
    let Some(at) = pointer else { return };
    let radius = screen_lengths(slice, transform, radius_mm);
    painter.add(Shape::ellipse_stroke(
        at,
        radius,
        Stroke::new(2.4, theme::image().halo.gamma_multiply(0.7)),
    ));
    painter.add(Shape::ellipse_stroke(
        at,
        radius,
        Stroke::new(1.0, theme::image().text),
    ));
}

/// A place without a slice: hatched, so that nobody takes it for a dark picture.
pub(super) fn void(painter: &Painter, slice: &SliceView, transform: Transform) {
    let ink = theme::image();
    let area = Rect::from_two_pos(
        transform.to_screen([-0.5, -0.5]),
        transform.to_screen([
            slice.picture.width as f64 - 0.5,
            slice.picture.height as f64 - 0.5,
        ]),
    )
    .intersect(painter.clip_rect());
    let clipped = painter.with_clip_rect(area);
    let stroke = Stroke::new(1.0, ink.text_weak.gamma_multiply(0.45));
    let mut x = area.left() - area.height();
    while x < area.right() {
        let from = Pos2::new(x, area.bottom());
        clipped.line_segment([from, from + vec2(area.height(), -area.height())], stroke);
        x += 14.0;
    }
    halo_text(
        painter,
        area.center(),
        Align2::CENTER_CENTER,
        tr!("slice missing"),
        theme::medium(15.0),
        theme::image_warning(),
    );
}

/// Letters, scale, window, slice and what the pointer is on.
pub(super) fn annotations(
    painter: &Painter,
    rect: Rect,
    slice: &SliceView,
    transform: Transform,
    pointer: Option<Pos2>,
) {
    let ink = theme::image();
    let put = |at, anchor, text: &str, color| small_text(painter, at, anchor, text, color);
    let inner = rect.shrink(7.0);
    let roomy = rect.width() >= 200.0 && rect.height() >= 140.0;

    let place = if slice.calibrated {
        format!("{}/{}  {}", slice.slice + 1, slice.n_slices, slice.position)
    } else {
        format!("{}/{}", slice.slice + 1, slice.n_slices)
    };
    // What is written already, so that nothing else is written over it.
    let mut taken = vec![put(inner.left_top(), Align2::LEFT_TOP, &place, ink.text)];
    let place_width = taken[0].width();
    let width_of = |text: &str| {
        let font = FontId::proportional(SMALL);
        painter
            .layout_no_wrap(text.to_owned(), font, ink.text)
            .size()
            .x
    };
    let window = |number: fn(f64) -> String| {
        let (width, level) = (number(slice.window.width), number(slice.window.center));
        let text = format!("W {width} L {level} {}", slice.unit);
        text.trim_end().to_owned()
    };
    let room = inner.width() - GAP;
    let mut text = window(number);
    if place_width + width_of(&text) > room {
        text = window(short_number);
    }
    // Beside the place, or below it where the column is too narrow for both.
    let mut right = inner.right_top();
    if place_width + width_of(&text) > room {
        right.y += LINE;
    }
    taken.push(put(right, Align2::RIGHT_TOP, &text, ink.text));
    if roomy {
        let zoom = format!("×{:.2}", slice.zoom);
        let at = right + vec2(0.0, LINE);
        taken.push(put(at, Align2::RIGHT_TOP, &zoom, ink.text_weak));
    }

    let unknown = slice
        .letters
        .is_none()
        .then_some(tr!("orientation unknown"));
    let slab = slice.slab.map(|slab| slab_text(slab, slice.on_its_way));
    let notes = slab.as_deref().into_iter().chain(unknown);
    let notes = notes.chain(slice.badges.iter().map(|b| &**b));
    let mut at = inner.left_top() + vec2(0.0, LINE);
    for note in notes {
        let width = width_of(note).min(inner.width());
        let own = |at: Pos2| Rect::from_min_size(at, vec2(width, LINE - 2.0));
        while taken.iter().any(|r| r.intersects(own(at))) && at.y < inner.center().y {
            at.y += LINE;
        }
        let note = elided(note, inner.width(), width_of);
        taken.push(put(at, Align2::LEFT_TOP, &note, theme::image_warning()));
        at.y += LINE;
    }

    let letter_below = slice
        .letters
        .as_ref()
        .map(|found| letters(painter, inner, found, &taken));

    if slice.calibrated {
        scale_bar(painter, rect, &slice.map, transform);
    } else {
        badge(
            painter,
            inner.left_bottom() - vec2(0.0, 17.0),
            tr!("spacing unknown – px"),
        );
    }

    if let Some(pointer) = pointer.filter(|p| rect.contains(*p) && roomy) {
        let [x, y] = transform.to_picture(pointer);
        let inside = x >= -0.5
            && y >= -0.5
            && x < slice.picture.width as f64 - 0.5
            && y < slice.picture.height as f64 - 0.5;
        if inside {
            let place = slice.map.patient(x, y);
            let at = place.0;
            let value = slice.probe.as_ref().and_then(|probe| probe.at(place));
            let mut value = value.map_or_else(String::new, |value| {
                format!("{} {}   ", number(f64::from(value)), slice.unit)
            });
            if let Some(fusion) = &slice.fusion
                && let Some(over) = fusion.probe.as_ref().and_then(|probe| probe.at(place))
            {
                let over = format!("{} {}", number(f64::from(over)), fusion.unit);
                value = format!("{value}{}   ", over.trim_end());
            }
            let place = if slice.calibrated && slice.letters.is_some() {
                format!(
                    "{} {:.1}  {} {:.1}  {} {:.1} mm",
                    if at.x < 0.0 { 'R' } else { 'L' },
                    at.x.abs(),
                    if at.y < 0.0 { 'A' } else { 'P' },
                    at.y.abs(),
                    if at.z < 0.0 { 'F' } else { 'H' },
                    at.z.abs()
                )
            } else {
                tr!("column {x:.0}, row {y:.0}", x, y)
            };
            // Above the scale and the letter where it does not fit between them and the edge.
            let whole = format!("{value}{place}");
            let width = width_of(&whole);
            let left = inner.right() - width;
            let beside = letter_below.map_or(inner.center().x, |r| r.right()) + GAP;
            let lines = if left >= beside {
                vec![(inner.bottom(), whole)]
            } else {
                let above = inner.bottom() - 2.0 * LINE;
                if width <= inner.width() {
                    vec![(above, whole)]
                } else {
                    vec![(above, place), (above - LINE, value.trim_end().to_owned())]
                }
            };
            for (y, text) in lines {
                let at = pos2(inner.right(), y);
                put(at, Align2::RIGHT_BOTTOM, &text, ink.text_weak);
            }
        }
    }
}

/// Letters at the four edges, below what is written at the top already; where the lowest one is.
pub(super) fn letters(painter: &Painter, inner: Rect, found: &Letters, taken: &[Rect]) -> Rect {
    let (font, color) = (theme::medium(13.0), theme::image().text);
    let mut top = inner.center_top();
    let half = vec2(8.0, 0.0);
    while taken
        .iter()
        .any(|r| r.intersects(Rect::from_min_max(top - half, top + half + vec2(0.0, LINE))))
        && top.y < inner.center().y
    {
        top.y += LINE;
    }
    for (at, anchor, text) in [
        (inner.left_center(), Align2::LEFT_CENTER, &found.left),
        (inner.right_center(), Align2::RIGHT_CENTER, &found.right),
        (top, Align2::CENTER_TOP, &found.top),
    ] {
        halo_text(painter, at, anchor, text, font.clone(), color);
    }
    let below = inner.center_bottom();
    halo_text(
        painter,
        below,
        Align2::CENTER_BOTTOM,
        &found.bottom,
        font,
        color,
    )
}

/// A round length at the lower left.
pub(super) fn scale_bar(painter: &Painter, rect: Rect, map: &PixelMap, transform: Transform) {
    let ink = theme::image();
    let inner = rect.shrink(7.0);
    let per_mm = transform.scale()[0] / pixel_size(map)[0];
    let length = round_length(f64::from(rect.width()) * 0.25 / per_mm);
    let width = (length * per_mm) as f32;
    let (left, y) = (inner.left(), inner.bottom() - 3.0);
    let bar = [pos2(left, y), pos2(left + width, y)];
    for (extra, color) in [(2.0, ink.halo), (0.0, ink.text)] {
        let stroke = Stroke::new(1.5 + extra, color);
        painter.line_segment(bar, stroke);
        for end in bar {
            painter.line_segment([end - vec2(0.0, 4.0), end + vec2(0.0, 1.0)], stroke);
        }
    }
    halo_text(
        painter,
        pos2(left, y - 6.0),
        Align2::LEFT_BOTTOM,
        &format!("{length} mm"),
        FontId::proportional(SMALL),
        ink.text,
    );
}

/// The text, or what fits of it.
fn elided(text: &str, width: f32, width_of: impl Fn(&str) -> f32) -> String {
    let mut text = text.to_owned();
    if width_of(&text) <= width {
        return text;
    }
    while !text.is_empty() && width_of(&format!("{text}…")) > width {
        text.pop();
    }
    format!("{}…", text.trim_end())
}

/// As [`number`], with thousands as k: for where there is no room.
fn short_number(v: f64) -> String {
    if v.abs() < 9999.5 {
        number(v)
    } else if v.abs() < 999_950.0 {
        format!("{:.1}k", v / 1e3).replace('-', "−")
    } else {
        format!("{:.1}M", v / 1e6).replace('-', "−")
    }
}

/// Whole numbers where they say enough, three figures otherwise (SUV, scaled MR).
pub(in crate::ui) fn number(v: f64) -> String {
    if v.abs() >= 100.0 || (v - v.round()).abs() < 1e-6 {
        format!("{v:.0}").replace('-', "−")
    } else if v.abs() >= 1.0 {
        format!("{v:.1}").replace('-', "−")
    } else {
        format!("{v:.3}").replace('-', "−")
    }
}

fn badge(painter: &Painter, at: Pos2, text: &str) {
    // Warnings on the picture take the dark theme's colour, the picture being always dark.
    let color = theme::image_warning();
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(SMALL), color);
    let rect = Rect::from_min_size(at, galley.size() + vec2(10.0, 4.0));
    painter.rect_filled(
        rect,
        CornerRadius::same(theme::RADIUS),
        theme::image().halo.gamma_multiply(0.75),
    );
    painter.galley(rect.min + vec2(5.0, 2.0), galley, color);
}

#[cfg(test)]
mod tests {
    use super::{elided, number, short_number};

    #[test]
    fn large_numbers_are_short_where_there_is_no_room() {
        let texts = [400.0, 9999.0, 12_345.0, -32_768.0, 2.5e6].map(short_number);
        assert_eq!(texts, ["400", "9999", "12.3k", "−32.8k", "2.5M"]);
    }

    #[test]
    fn what_does_not_fit_ends_with_dots() {
        let width_of = |text: &str| text.chars().count() as f32;
        assert_eq!(elided("uneven slices", 20.0, width_of), "uneven slices");
        assert_eq!(elided("uneven slices", 8.0, width_of), "uneven…");
        assert_eq!(elided("uneven slices", 0.0, width_of), "…");
    }

    #[test]
    fn windows_of_any_unit_are_readable() {
        let texts = [400.0, -600.0, 7.5, 0.0123, 1500.4].map(number);
        assert_eq!(texts, ["400", "−600", "7.5", "0.012", "1500"]);
    }
}
