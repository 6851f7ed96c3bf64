//! A plane across the slices: its picture, masks, crosshair, and what mouse and wheel do on it.

use egui::{
    Align2, CornerRadius, CursorIcon, Painter, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo,
    vec2,
};

use super::super::slab::slab_text;
use super::super::state::{Tool, UiState};
use super::super::theme;
use super::crosshair::{self, Turn};
use super::drags::{self, On};
use super::gesture::{Gesture, Kind, Zoomed};
use super::overlay::{Look, letters, outlines, scale_bar, small_text};
use super::transform::Transform;
use super::{magnifier, measure, paint};
use crate::app::Command;
use crate::app::view::{LesionId, Point, SectionView};
use crate::keymap::Button;
use crate::texts::tr;

/// Draws a plane across the slices of a time point into `size` and turns gestures on it into
/// commands; `of` is the time point's title, the selected lesion, and why nothing can be drawn.
pub(in crate::ui) fn section_ui(
    ui: &mut Ui,
    section: &SectionView,
    of: (&str, Option<LesionId>, Option<&str>),
    size: Vec2,
    state: &mut UiState,
    out: &mut Vec<Command>,
) -> Response {
    let (title, selected, barred) = of;
    let name = tr!("{plane} plane {title}", plane = section.title, title);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let id = egui::Id::unique("section")
        .with(section.series)
        .with(section.across);
    let response = ui.interact(rect, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    let transform = Transform::of(
        rect,
        [section.picture.width, section.picture.height],
        &section.map,
        section.zoom,
        section.pan,
    );
    if response.contains_pointer() && state.gesture.is_none() && moved(ui) {
        state.active = Some(section.series);
    }
    let canvas = measure::Canvas::of_section(section, transform, barred);
    measure::begin(ui, &response, &canvas, state);
    begin(ui, &response, section, transform, state);
    follow(ui, section, transform, state, out);
    point(ui, &response, section, transform, state, out);
    wheel(ui, &response, section, transform, state, out);
    page(ui, &response, section, state, out);
    measure::follow(ui, &canvas, &mut state.gesture);

    if ui.is_rect_visible(rect) {
        let painter = ui.painter_at(rect);
        painter.rect_filled(rect, CornerRadius::ZERO, theme::image().background);
        picture_of(ui, &painter, section, selected, transform, state);
        if state.show_overlays && state.show_annotations {
            measure::paint(&painter, &response, &canvas, state);
        }
        let handles = response.hovered() && !state.tool.draws();
        if state.show_annotations {
            crosshair::references(&painter, &section.references, state.active, transform);
            crosshair::draw(&painter, rect, &section.crosshair, transform, handles);
        }
        texts(&painter, rect, section, transform);
        let of = Zoomed::Section(section.across);
        let lens = state.gesture.as_ref();
        if let Some(at) = lens.and_then(|g| g.lens_over(ui, section.series, of)) {
            magnifier::lens(&painter, rect, at, transform, |painter, transform| {
                picture_of(ui, painter, section, selected, transform, state);
            });
        }
    }
    measure::menu_ui(ui, &response, &canvas, state, out);
    let cursor = if state.tool.draws() {
        CursorIcon::Default
    } else {
        CursorIcon::Crosshair
    };
    let measures = matches!(state.tool, Tool::Measure(kind) if !kind.is_flat_region());
    let hint = if state.tool.draws() && !measures {
        tr!("Draw on the slices themselves; this plane is interpolated")
    } else {
        ""
    };
    let response = response.on_hover_and_drag_cursor(cursor);
    if hint.is_empty() {
        response
    } else {
        response.on_hover_text_at_pointer(hint)
    }
}

/// The plane with what lies over it, and its masks.
fn picture_of(
    ui: &Ui,
    painter: &Painter,
    section: &SectionView,
    selected: Option<LesionId>,
    transform: Transform,
    state: &mut UiState,
) {
    let key = (section.series, section.across + 1);
    let picture = (&*section.picture, section.colours);
    paint::gray(ui, painter, key, picture, transform, state);
    if let Some(fused) = &section.fused {
        paint::fused(ui, painter, key, fused, transform, state);
    }
    if state.show_overlays {
        masks(painter, section, selected, transform, Look::of(state));
    }
}

fn moved(ui: &Ui) -> bool {
    ui.input(|i| i.pointer.delta() != Vec2::ZERO)
}

/// Starts a drag: the window with the left button, as on slices; shift and magnification else.
fn begin(
    ui: &Ui,
    response: &Response,
    section: &SectionView,
    transform: Transform,
    state: &mut UiState,
) {
    let Some(start) = ui.input(|i| i.pointer.press_origin()) else {
        return;
    };
    if state.gesture.is_some() {
        return;
    }
    let of = Zoomed::Section(section.across);
    let Some((button, held)) = drags::started(response, ui.input(|i| i.modifiers)) else {
        return;
    };
    if button == Button::Left && state.tool.draws() {
        return;
    }
    let on = On {
        of,
        transform,
        zoom: section.zoom,
        window: section.window,
        map: section.map,
        at: transform.to_picture(start),
        // A click is told from a drag before one begins here.
        clicks: false,
    };
    let turn = Some(&section.crosshair)
        .filter(|_| button == Button::Left && state.show_annotations)
        .and_then(|crosshair| {
            Turn::begin(response.rect, crosshair, &section.map, transform, start)
        });
    let kind = if button == Button::Left && ui.input(|i| i.modifiers.alt) {
        Kind::Magnify(of)
    } else {
        turn.unwrap_or_else(|| drags::kind(state.keys.mouse(), button, held, &on))
    };
    state.gesture = Some(Gesture {
        series: section.series,
        start,
        kind,
    });
}

/// Lets a gesture that began on this plane follow the pointer, where slices do not follow it.
fn follow(
    ui: &Ui,
    section: &SectionView,
    transform: Transform,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let here = Zoomed::Section(section.across);
    let gesture = state.gesture.as_mut();
    let Some(gesture) = gesture.filter(|g| g.series == section.series) else {
        return;
    };
    let Some(pointer) = ui.input(|i| i.pointer.interact_pos()).filter(|_| moved(ui)) else {
        return;
    };
    let place = match &mut gesture.kind {
        Kind::Crosshair { of } if *of == here => {
            let [x, y] = transform.to_picture(pointer);
            section.map.patient(x, y)
        }
        Kind::Page { of, turned } if *of == here => {
            let by = drags::pages(pointer.y - gesture.start.y, turned);
            state.paging.add((section.series, section.across + 1), by);
            return;
        }
        _ => return,
    };
    out.push(Command::PointAt {
        series: section.series,
        place,
    });
}

/// The command that goes this many planes further; `None` where that leads nowhere.
fn further(section: &SectionView, by: i64) -> Option<Command> {
    let last = section.n_planes.saturating_sub(1) as i64;
    let by = (section.plane as i64 + by).clamp(0, last) - section.plane as i64;
    (by != 0).then(|| Command::PointAt {
        series: section.series,
        place: Point(section.place.0 + section.step * by as f64),
    })
}

/// Shows the next of the planes that were asked for.
fn page(
    ui: &Ui,
    response: &Response,
    section: &SectionView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let of = (section.series, section.across + 1);
    let goes_on = match &state.gesture {
        Some(gesture) => gesture.pages(section.series, Zoomed::Section(section.across)),
        None => response.contains_pointer(),
    };
    let turned = state
        .paging
        .turn(ui, of, goes_on, |by| further(section, by));
    out.extend(turned);
}

/// A click, or moving with Shift held, brings the place into all planes.
fn point(
    ui: &Ui,
    response: &Response,
    section: &SectionView,
    transform: Transform,
    state: &UiState,
    out: &mut Vec<Command>,
) {
    let (shift, pointer) = ui.input(|i| (i.modifiers.shift, i.pointer.latest_pos()));
    let following = shift && response.contains_pointer() && moved(ui) && state.gesture.is_none();
    // The click that ends a figure is none of its own.
    let measuring = matches!(state.tool, Tool::Measure(_))
        || state.gesture.as_ref().is_some_and(measure::is_measuring);
    if !(response.clicked() || following) || measuring {
        return;
    }
    let at = response.interact_pointer_pos().or(pointer);
    if let Some(at) = at {
        let [x, y] = transform.to_picture(at);
        out.push(Command::PointAt {
            series: section.series,
            place: section.map.patient(x, y),
        });
    }
}

/// One notch, one plane; magnifies with Ctrl.
fn wheel(
    ui: &Ui,
    response: &Response,
    section: &SectionView,
    transform: Transform,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let Some(pointer) = response.hover_pos().filter(|_| response.contains_pointer()) else {
        return;
    };
    if state.gesture.is_some() {
        return;
    }
    let turn = ui.input(|i| state.wheel.turn(section.series, &i.events));
    let of = (section.series, section.across + 1);
    state.paging.add(of, turn.slices);
    out.extend(further(section, turn.leap));
    if (turn.zoom - 1.0).abs() > 1e-9 {
        let (zoom, pan) = transform.zoomed_about(pointer, turn.zoom);
        out.push(Zoomed::Section(section.across).command(section.series, zoom, pan));
    }
}

/// Where the plane cuts the masks.
fn masks(
    painter: &Painter,
    section: &SectionView,
    selected: Option<LesionId>,
    transform: Transform,
    look: Look,
) {
    for cut in &section.outlines {
        let color = theme::lesion(cut.color);
        let width = if selected == Some(cut.lesion) {
            2.0
        } else {
            1.5
        };
        outlines(
            painter,
            &cut.outlines,
            transform,
            (width, color, look.opacity),
            cut.preview,
        );
    }
}

fn texts(painter: &Painter, rect: Rect, section: &SectionView, transform: Transform) {
    let ink = theme::image();
    let inner = rect.shrink(7.0);
    let put = |at, anchor, text: &str, color| small_text(painter, at, anchor, text, color);
    let place = format!("{}  {}", section.title, section.position);
    let title = put(inner.left_top(), Align2::LEFT_TOP, &place, ink.text);
    let roomy = rect.width() >= 230.0;
    let (at, anchor) = if roomy {
        (inner.right_top(), Align2::RIGHT_TOP)
    } else {
        (
            inner.left_top() + vec2(0.0, title.height()),
            Align2::LEFT_TOP,
        )
    };
    let made = section.slab.map_or_else(
        || tr!("interpolated").to_owned(),
        |slab| slab_text(slab, section.on_its_way),
    );
    let interpolated = put(at, anchor, &made, theme::image_warning());
    // A picture of a few lines' height is to be seen, not written upon.
    if rect.height() < 110.0 {
        return;
    }
    if let Some(found) = &section.letters {
        letters(painter, inner, found, &[title, interpolated]);
    }
    scale_bar(painter, rect, &section.map, transform);
}
