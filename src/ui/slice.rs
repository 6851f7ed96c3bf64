//! The slice view: picture, overlays, and what mouse and wheel do on it.

mod crosshair;
mod draft;
mod drags;
mod gesture;
mod legend;
mod magnifier;
mod measure;
mod overlay;
mod paging;
mod paint;
mod parts;
mod section;
mod three_d;
mod transform;
mod wheel;

pub(super) use drags::whole;
pub(super) use gesture::{Gesture, end as end_gesture};
pub(super) use measure::Menu as FigureMenu;
pub(super) use overlay::number;
pub(super) use paging::Paging;
pub(super) use parts::Part;
pub(super) use section::section_ui;
pub(super) use three_d::{SceneTexture, ThreeDLook, three_d_ui};
pub(super) use wheel::Wheel;

use egui::{
    Align2, CornerRadius, CursorIcon, Event, EventFilter, FontId, Pos2, Response, Role, Sense,
    Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
};

use super::proposal::proposal_ui;
use super::state::{Tool, UiState};
use super::theme;
use super::tools;
use super::widgets::halo_text;
use crate::app::Command;
use crate::app::view::{AnnotationId, LesionId, ProposalView, SliceView};
use crate::keymap::Button;
use crate::texts::tr;
use crate::units::Mm;
use crosshair::Turn;
use draft::Draft;
use drags::On;
use gesture::{Kind, Zoomed};
use transform::Transform;

/// What a slice view needs to know of its surroundings.
pub(super) struct SliceContext<'a> {
    /// Accessible name, for example `Slice view Baseline`.
    pub(super) name: &'a str,
    /// The lesion that the next diameter belongs to.
    pub(super) selected: Option<LesionId>,
    /// Label and list position of that lesion.
    pub(super) selected_label: Option<(&'a str, usize)>,
    /// Why nothing can be drawn here.
    pub(super) barred: Option<&'a str>,
    /// The lesion of which two masks are compared.
    pub(super) compared: Option<LesionId>,
    /// The mark of the selected lesion at this time point.
    pub(super) mark: Option<AnnotationId>,
    /// What was made of the last gesture on this series.
    pub(super) proposal: Option<&'a ProposalView>,
}

/// Draws a slice into `size` and turns gestures on it into commands.
pub(super) fn slice_ui(
    ui: &mut Ui,
    slice: &SliceView,
    context: &SliceContext<'_>,
    size: Vec2,
    state: &mut UiState,
    out: &mut Vec<Command>,
) -> Response {
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let id = egui::Id::unique("slice view").with(slice.series);
    let response = ui.interact(rect, id, Sense::drag() | Sense::focusable_noninteractive());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, context.name));

    let transform = Transform::new(rect, slice);
    let canvas = measure::Canvas::of_slice(slice, transform, context.barred);
    focus(ui, &response, slice, state);
    measure::begin(ui, &response, &canvas, state);
    begin(&response, ui, slice, transform, context, state);
    follow(ui, slice, transform, state, out);
    measure::follow(ui, &canvas, &mut state.gesture);
    turn_wheel(ui, &response, slice, transform, state, out);
    page(ui, &response, slice, state, out);

    if ui.is_rect_visible(rect) {
        let painter = ui.painter_at(rect);
        let ink = theme::image();
        painter.rect_filled(rect, CornerRadius::ZERO, ink.background);
        picture_of(ui, &painter, slice, transform, context, state);
        if state.show_overlays && state.show_annotations {
            measure::paint(&painter, &response, &canvas, state);
        }
        if let Some(found) = slice.crosshair.as_ref().filter(|_| state.show_annotations) {
            let handles = response.hovered() && !state.tool.draws();
            crosshair::draw(&painter, rect, found, transform, handles);
        }
        if state.show_annotations {
            crosshair::references(&painter, &slice.references, state.active, transform);
        }
        legend::draw(&painter, rect, slice);
        let drawing = overlay::draft(&painter, slice, transform, context, state.gesture.as_ref());
        overlay::annotations(&painter, rect, slice, transform, response.hover_pos());
        if state.tool.has_brush() && context.barred.is_none() {
            overlay::brush(
                &painter,
                slice,
                transform,
                response.hover_pos(),
                state.brush,
            );
        }
        let measuring = state.gesture.as_ref().is_some_and(measure::is_measuring);
        let busy = context.proposal.is_some() || measuring;
        if drawing.is_none() && !busy && state.tool.draws() && response.hovered() {
            let who = context.selected_label.map_or(tr!("new lesion"), |(l, _)| l);
            let negative = draft::is_negative(ui, state.negative);
            let (text, color) = match context.barred {
                Some(reason) => (reason.to_owned(), theme::image_warning()),
                None if state.tool == Tool::Cut && context.mark.is_none() => (
                    tr!("Select a lesion that is marked here").to_owned(),
                    theme::image_warning(),
                ),
                None if matches!(state.tool, Tool::Measure(_)) => (
                    tools::what(state.tool, negative, state.keys.mouse()).to_owned(),
                    ink.text,
                ),
                None => (
                    format!(
                        "{} · {who}",
                        tools::what(state.tool, negative, state.keys.mouse())
                    ),
                    ink.text,
                ),
            };
            let at = rect.center_bottom() - egui::vec2(0.0, 26.0);
            let font = FontId::proportional(12.0);
            halo_text(&painter, at, Align2::CENTER_BOTTOM, &text, font, color);
        }
        if state.active == Some(slice.series) {
            painter.rect_stroke(
                rect,
                CornerRadius::ZERO,
                Stroke::new(1.0, theme::palette(ui).accent),
                StrokeKind::Inside,
            );
        }
    }
    let lens = state.gesture.as_ref();
    if let Some(at) = lens.and_then(|g| g.lens_over(ui, slice.series, Zoomed::Slice)) {
        magnifier::lens(
            &ui.painter_at(rect),
            rect,
            at,
            transform,
            |painter, transform| {
                picture_of(ui, painter, slice, transform, context, state);
            },
        );
    }
    if !measure::menu_ui(ui, &response, &canvas, state, out) {
        parts::menu_ui(ui, &response, slice, transform, context, state, out);
    }
    if let Some(proposal) = context.proposal {
        proposal_ui(ui, rect, proposal, slice, &state.keys, out);
    }
    let cursor = match state.tool {
        Tool::Window => CursorIcon::Default,
        _ if context.barred.is_some() => CursorIcon::NotAllowed,
        _ => CursorIcon::Crosshair,
    };
    response.on_hover_and_drag_cursor(cursor)
}

/// The slice with what lies over it, and its lesions.
fn picture_of(
    ui: &Ui,
    painter: &egui::Painter,
    slice: &SliceView,
    transform: Transform,
    context: &SliceContext<'_>,
    state: &mut UiState,
) {
    let key = (slice.series, 0);
    if slice.is_void {
        overlay::void(painter, slice, transform);
    } else {
        let picture = (&*slice.picture, slice.colours);
        paint::gray(ui, painter, key, picture, transform, state);
    }
    if let Some(fused) = &slice.fused {
        paint::fused(ui, painter, key, fused, transform, state);
    }
    if state.show_overlays {
        overlay::lesions(painter, slice, transform, context, overlay::Look::of(state));
        overlay::compared(painter, slice, transform);
    }
}

/// The view under the pointer takes the keys, unless somebody is typing.
fn focus(ui: &Ui, response: &Response, slice: &SliceView, state: &mut UiState) {
    let moved = ui.input(|i| {
        let moves = |e: &Event| matches!(e, Event::PointerMoved(_) | Event::PointerButton { .. });
        i.events.iter().any(moves)
    });
    if response.contains_pointer() && moved && state.gesture.is_none() {
        state.active = Some(slice.series);
    }
    if state.active != Some(slice.series) || state.dialog.is_some() {
        return;
    }
    let typing = ui.ctx().text_edit_focused();
    let unclaimed = ui.memory(|m| m.focused().is_none());
    if !response.has_focus() && (unclaimed || (response.contains_pointer() && moved && !typing)) {
        response.request_focus();
    }
    ui.memory_mut(|m| {
        m.set_focus_lock_filter(
            response.id,
            EventFilter {
                tab: true,
                horizontal_arrows: true,
                vertical_arrows: true,
                escape: true,
            },
        );
    });
}

/// Starts a gesture when a button goes down on the view.
fn begin(
    response: &Response,
    ui: &Ui,
    slice: &SliceView,
    transform: Transform,
    context: &SliceContext<'_>,
    state: &mut UiState,
) {
    if state.gesture.is_some() {
        return;
    }
    let Some(start) = ui.input(|i| i.pointer.press_origin()) else {
        return;
    };
    let Some((button, held)) = drags::started(response, ui.input(|i| i.modifiers)) else {
        return;
    };
    let free = button == Button::Left && !state.tool.draws();
    let turn = slice
        .crosshair
        .as_ref()
        .filter(|_| free && state.show_annotations);
    let turn = turn
        .and_then(|crosshair| Turn::begin(response.rect, crosshair, &slice.map, transform, start));
    let kind = if free && ui.input(|i| i.modifiers.alt) {
        Kind::Magnify(Zoomed::Slice)
    } else if let Some(turn) = turn {
        turn
    } else if button == Button::Left && state.tool.draws() {
        match state.tool {
            _ if context.barred.is_some() => return,
            Tool::Cut if context.mark.is_none() => return,
            // Begun already, where it could be.
            Tool::Measure(_) => return,
            tool => {
                let p = gesture::on_picture(slice, transform.to_picture(start));
                Kind::Draw(Draft {
                    tool,
                    slice: slice.slice,
                    map: slice.map,
                    calibrated: slice.calibrated,
                    points: vec![p],
                    start,
                    pointer: start,
                    lesion: context.selected,
                    negative: tool.has_sign() && draft::is_negative(ui, state.negative),
                    radius: Mm(state.brush),
                    sphere: state.sphere,
                    within: state.within,
                    mark: context.mark,
                })
            }
        }
    } else {
        let on = On {
            of: Zoomed::Slice,
            transform,
            zoom: slice.zoom,
            window: slice.window,
            map: slice.map,
            at: gesture::on_picture(slice, transform.to_picture(start)),
            clicks: true,
        };
        drags::kind(state.keys.mouse(), button, held, &on)
    };
    state.gesture = Some(Gesture {
        series: slice.series,
        start,
        kind,
    });
}

/// Lets the gesture of this view follow the pointer.
fn follow(
    ui: &Ui,
    slice: &SliceView,
    transform: Transform,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let Some(gesture) = &mut state.gesture else {
        return;
    };
    if gesture.series != slice.series {
        return;
    }
    let (Some(pointer), changed) = ui.input(|i| {
        let changed = i.pointer.delta() != Vec2::ZERO || i.pointer.any_released();
        (i.pointer.interact_pos(), changed)
    }) else {
        return;
    };
    let moved = pointer - gesture.start;
    let series = slice.series;
    match &mut gesture.kind {
        Kind::Draw(draft) => {
            // A fast hand passes several places between two frames.
            let passed: Vec<Pos2> = ui.input(|i| {
                let place = |e: &Event| match e {
                    Event::PointerMoved(at) => Some(*at),
                    _ => None,
                };
                i.events.iter().filter_map(place).collect()
            });
            let mut further = false;
            for at in passed.into_iter().chain([pointer]) {
                let to = gesture::on_picture(slice, transform.to_picture(at));
                further |= draft.go_on(to, at);
            }
            if further {
                out.extend(draft.preview(series));
            }
        }
        Kind::Turn(turn) if changed => out.extend(turn.follow(series, pointer)),
        Kind::Region { corners, .. } => {
            corners[1] = gesture::on_picture(slice, transform.to_picture(pointer));
        }
        Kind::Window { start, .. } if changed && moved != Vec2::ZERO => {
            out.push(Command::SetWindow {
                series,
                window: Some(gesture::dragged_window(*start, moved)),
            });
        }
        Kind::Crosshair { of: Zoomed::Slice } if changed => {
            let [x, y] = gesture::on_picture(slice, transform.to_picture(pointer));
            out.push(Command::PointAt {
                series,
                place: slice.map.patient(x, y),
            });
        }
        Kind::Page {
            of: Zoomed::Slice,
            turned,
        } if changed => {
            state.paging.add((series, 0), drags::pages(moved.y, turned));
        }
        Kind::Pan { start, zoom, of } if changed && moved != Vec2::ZERO => {
            out.push(of.command(series, *zoom, start.panned(moved)));
        }
        Kind::Zoom { start, of } if changed && moved != Vec2::ZERO => {
            let factor = (f64::from(-moved.y) / 120.0).exp();
            let (zoom, pan) = start.zoomed_about(gesture.start, factor);
            out.push(of.command(series, zoom, pan));
        }
        _ => {}
    }
}

fn turn_wheel(
    ui: &Ui,
    response: &Response,
    slice: &SliceView,
    transform: Transform,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let Some(pointer) = response.hover_pos().filter(|_| response.contains_pointer()) else {
        return;
    };
    let shift = ui.input(|i| i.modifiers.shift);
    let zooms = ui.input(|i| i.modifiers.ctrl || i.modifiers.command);
    if shift && !zooms && state.tool.has_brush() {
        let notches = ui.input(|i| wheel::notches_of(&i.events));
        state.widen_brush(1.2_f64.powf(f64::from(notches)));
        return;
    }
    // A line is drawn on one slice; turning away from it would leave its end on another.
    if state.gesture.is_some() {
        return;
    }
    let turn = ui.input(|i| state.wheel.turn(slice.series, &i.events));
    state.paging.add((slice.series, 0), turn.slices);
    out.extend(step(slice, turn.leap));
    if (turn.zoom - 1.0).abs() > 1e-9 {
        let (zoom, pan) = transform.zoomed_about(pointer, turn.zoom);
        out.push(Command::SetZoom {
            series: slice.series,
            zoom,
            pan,
        });
    }
}

/// Shows the next of the slices that were asked for, unless somebody went elsewhere.
fn page(
    ui: &Ui,
    response: &Response,
    slice: &SliceView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let of = (slice.series, 0);
    let turned =
        |c: &Command| matches!(c, Command::SetSlice { series, .. } if *series == slice.series);
    let goes_on = match &state.gesture {
        Some(gesture) => gesture.pages(slice.series, Zoomed::Slice),
        None => response.contains_pointer(),
    };
    let goes_on = goes_on && !out.iter().any(turned);
    let next = state.paging.turn(ui, of, goes_on, |by| step(slice, by));
    out.extend(next);
}

/// The command that goes forward by a number of slices; `None` when that leads nowhere.
pub(super) fn step(slice: &SliceView, by: i64) -> Option<Command> {
    let last = slice.n_slices.saturating_sub(1);
    let target = (slice.slice as i64)
        .saturating_add(by)
        .clamp(0, last as i64) as usize;
    (target != slice.slice).then_some(Command::SetSlice {
        series: slice.series,
        slice: target,
    })
}
