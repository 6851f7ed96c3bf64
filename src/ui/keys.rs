//! Keys that act on the view under the pointer, or on the last one.

use egui::{Event, Key, Modifiers, Ui};

use super::cine::Cine;
use super::dialog::Dialog;
use super::readers::{ReaderForm, Then};
use super::reading::{review_key, sign_key};
use super::slice::step;
use super::state::{Tool, UiState};
use crate::app::Command;
use crate::app::view::{
    ColumnView, FigureOf, LesionCell, PatientView, SeriesId, SliceView, Subject, View,
};

/// Digit keys of the presets, in the order of the list.
const PRESETS: [Key; 6] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
];

/// Turns pressed keys into commands; does nothing while text is typed.
pub(super) fn keys(
    ui: &Ui,
    view: &View,
    patient: &PatientView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    // Set anew by the picture that the pointer is over.
    let meant = state.meant_figure.take();
    if ui.ctx().text_edit_focused() || egui::Popup::is_any_open(ui.ctx()) || state.dialog.is_some()
    {
        return;
    }
    // A focused button answers to Enter and Space only, none of which is used here, but a focused
    // slider or number field takes the arrows.
    let arrows = state.active.is_some_and(|series| {
        let id = egui::Id::unique("slice view").with(series);
        ui.memory(|m| m.focused().is_none_or(|f| f == id))
    });
    // Escape takes the focus from a field before anybody else sees it, and must do no more than that.
    let focused_before = state.active.is_some_and(|series| {
        let id = egui::Id::unique("slice view").with(series);
        ui.memory(|m| m.had_focus_last_frame(id))
    });
    let pressed: Vec<(Key, Modifiers)> = ui.input(|i| {
        let press = |e: &Event| match e {
            // A key that is held turns slices; nothing else is done twice.
            Event::Key {
                key,
                pressed: true,
                repeat,
                modifiers,
                ..
            } if !repeat || turns(*key) => Some((*key, *modifiers)),
            _ => None,
        };
        i.events.iter().filter_map(press).collect()
    });
    for (key, modifiers) in pressed {
        if modifiers.command && !modifiers.alt && state.gesture.is_none() {
            out.extend(steps(key, modifiers, view, patient));
        }
        if modifiers.command || modifiers.ctrl || modifiers.alt {
            continue;
        }
        if matches!(key, Key::Z | Key::Y) && state.gesture.is_none() {
            out.extend(steps(key, modifiers, view, patient));
        }
        let read_only = view.read_only.is_some();
        let decides = matches!(key, Key::Enter | Key::Escape | Key::Delete);
        if decides && patient.proposal.is_some() && !focused_before {
            continue;
        }
        if let (Key::Delete, Some(FigureOf::Measurement(measurement)), None) =
            (key, meant, &state.gesture)
            && !read_only
        {
            out.push(Command::RemoveMeasurement { measurement });
            continue;
        }
        general(key, modifiers, patient, read_only, state, arrows, out);
        on_record(key, modifiers, view, patient, state, out);
        if let Some(slice) = active(patient, state) {
            on_slice(key, slice, state, arrows, out);
        }
    }
}

/// Keys that go on while they are held.
const fn turns(key: Key) -> bool {
    matches!(
        key,
        Key::ArrowUp
            | Key::ArrowDown
            | Key::PageUp
            | Key::PageDown
            | Key::OpenBracket
            | Key::CloseBracket
    )
}

fn active<'a>(patient: &'a PatientView, state: &UiState) -> Option<&'a SliceView> {
    let shown = |c: &'a ColumnView| c.shown.as_ref();
    patient
        .columns
        .iter()
        .filter_map(shown)
        .find(|s| Some(s.series) == state.active)
}

/// Undo and redo, while there is something to take back or to bring again.
fn steps(key: Key, modifiers: Modifiers, view: &View, patient: &PatientView) -> Option<Command> {
    let history = &patient.history;
    let (command, step) = match (key, modifiers.shift) {
        (Key::Z, false) => (Command::Undo, &history.undo),
        (Key::Z, true) | (Key::Y, false) => (Command::Redo, &history.redo),
        _ => return None,
    };
    (view.read_only.is_none() && step.is_some()).then_some(command)
}

/// Keys that concern who did what: history, readers, readings, versions, sources.
fn on_record(
    key: Key,
    modifiers: Modifiers,
    view: &View,
    patient: &PatientView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    if state.gesture.is_some() || state.dialog.is_some() {
        return;
    }
    let cell = || marked(patient, state).map(|c| c.annotation);
    match key {
        Key::H => state.show_history = !state.show_history,
        Key::F8 => state.ask(Dialog::Reader(ReaderForm::new(Then::Nothing))),
        Key::F6 => state.focus_bar = true,
        Key::Delete if view.read_only.is_none() => {
            let free = marked(patient, state).filter(|c| !c.locked);
            out.extend(free.map(|c| Command::RemoveAnnotation {
                annotation: c.annotation,
            }));
        }
        Key::T => out.extend(cell().map(|annotation| Command::Trace {
            subject: Subject::Size(annotation),
        })),
        Key::V => out.extend(cell().map(|annotation| Command::ShowVersions { annotation })),
        Key::F9 => {
            let Some(column) = active_column(patient, state) else {
                return;
            };
            if modifiers.shift {
                review_key(view, column, state, out);
            } else {
                sign_key(view, column, state);
            }
        }
        _ => {}
    }
}

/// What is offered is taken.
fn offered(patient: &PatientView) -> Option<Command> {
    let proposal = patient.proposal.as_ref()?;
    proposal.offer.as_ref().map(|_| Command::TakeOffer)
}

/// The column of the view that keys act on.
fn active_column<'a>(patient: &'a PatientView, state: &UiState) -> Option<&'a ColumnView> {
    let shown = |c: &&ColumnView| c.shown.as_ref().map(|s| s.series) == state.active;
    state.active?;
    patient.columns.iter().find(shown)
}

/// The mark of the selected lesion in that column.
fn marked<'a>(patient: &'a PatientView, state: &UiState) -> Option<&'a LesionCell> {
    let column = active_column(patient, state)?.id;
    let index = patient.columns.iter().position(|c| c.id == column)?;
    let lesion = patient
        .lesions
        .iter()
        .find(|l| Some(l.id) == patient.selected)?;
    lesion.cells.get(index)?.as_ref()
}

fn general(
    key: Key,
    modifiers: Modifiers,
    patient: &PatientView,
    read_only: bool,
    state: &mut UiState,
    arrows: bool,
    out: &mut Vec<Command>,
) {
    match key {
        Key::D | Key::P | Key::B | Key::S | Key::L | Key::K | Key::X
            if !read_only && !modifiers.shift && state.gesture.is_none() =>
        {
            let tool = match key {
                Key::D => Tool::Diameter,
                Key::P => Tool::Point,
                Key::B => Tool::Box,
                Key::S => Tool::Scribble,
                Key::L => Tool::Lasso,
                Key::X => Tool::Cut,
                _ => Tool::Caliper,
            };
            let again = state.tool == tool;
            state.take(if again { Tool::Window } else { tool });
            accept_by(patient, out);
        }
        Key::A if !read_only && state.gesture.is_none() => {
            let on = matches!(state.tool, Tool::Measure(_));
            let ruler = Tool::Measure(state.ruler);
            state.take(if on { Tool::Window } else { ruler });
            accept_by(patient, out);
        }
        Key::Space if state.gesture.is_none() && arrows => {
            state.take(state.last_tool);
            accept_by(patient, out);
        }
        Key::E if state.tool == Tool::Brush => state.negative = !state.negative,
        Key::E if !read_only && state.gesture.is_none() => {
            state.take(Tool::Brush);
            accept_by(patient, out);
        }
        Key::OpenBracket if state.tool.has_brush() => state.widen_brush(1.0 / 1.2),
        Key::CloseBracket if state.tool.has_brush() => state.widen_brush(1.2),
        Key::Enter if state.gesture.is_none() && arrows => {
            accept_by(patient, out);
        }
        Key::O if state.gesture.is_none() && !read_only => out.extend(offered(patient)),
        Key::Escape if state.gesture.is_none() && !state.show_help => match patient.proposal {
            Some(_) => out.push(Command::Reject),
            None => state.take(Tool::Window),
        },
        Key::G => state.show_overlays = !state.show_overlays,
        Key::C if state.gesture.is_none() => {
            state.cine = match (&state.cine, state.active) {
                (None, Some(series)) => Some(Cine::new(series)),
                _ => None,
            };
        }
        Key::Q if state.gesture.is_none() => out.push(Command::ShowPlanes {
            three: !patient.three_planes,
        }),
        Key::M => state.fill_masks = !state.fill_masks,
        Key::N if state.gesture.is_none() => {
            out.push(Command::SelectLesion { lesion: None });
        }
        Key::Questionmark => state.show_help = !state.show_help,
        Key::Slash if modifiers.shift => state.show_help = !state.show_help,
        Key::Tab if arrows && state.gesture.is_none() => {
            out.extend(neighbour_lesion(patient, modifiers.shift))
        }
        Key::ArrowLeft | Key::ArrowRight if arrows && state.gesture.is_none() => {
            let shown: Vec<_> = patient
                .columns
                .iter()
                .filter_map(|c| c.shown.as_ref().map(|s| s.series))
                .collect();
            if let Some(at) = shown.iter().position(|s| Some(*s) == state.active) {
                let next = if key == Key::ArrowLeft {
                    at.saturating_sub(1)
                } else {
                    (at + 1).min(shown.len() - 1)
                };
                state.active = Some(shown[next]);
            }
        }
        _ => {}
    }
}

/// Who goes on to something else has accepted what was made.
pub(super) fn accept_by(patient: &PatientView, out: &mut Vec<Command>) {
    let there = patient.proposal.as_ref().filter(|p| !p.pending);
    out.extend(there.map(|_| Command::Accept));
}

/// Selects the lesion after (or before) the selected one, round the end of the list.
fn neighbour_lesion(patient: &PatientView, back: bool) -> Option<Command> {
    let n = patient.lesions.len();
    if n == 0 {
        return None;
    }
    let now = patient
        .lesions
        .iter()
        .position(|l| Some(l.id) == patient.selected);
    let next = match (now, back) {
        (Some(at), false) => (at + 1) % n,
        (Some(at), true) => (at + n - 1) % n,
        (None, false) => 0,
        (None, true) => n - 1,
    };
    Some(Command::SelectLesion {
        lesion: Some(patient.lesions[next].id),
    })
}

/// Back to whole pictures in the window of the file.
pub(super) fn reset(series: SeriesId) -> [Command; 4] {
    let section = |across| Command::SetSectionZoom {
        series,
        across,
        zoom: 1.0,
        pan: [0.0; 2],
    };
    [
        section(0),
        section(1),
        Command::SetZoom {
            series,
            zoom: 1.0,
            pan: [0.0; 2],
        },
        Command::SetWindow {
            series,
            window: None,
        },
    ]
}

fn on_slice(key: Key, slice: &SliceView, state: &UiState, arrows: bool, out: &mut Vec<Command>) {
    let series = slice.series;
    if let Some(n) = PRESETS.iter().position(|k| *k == key) {
        if let Some((_, window)) = slice.presets.get(n) {
            out.push(Command::SetWindow {
                series,
                window: Some(*window),
            });
        }
        return;
    }
    let by = match key {
        Key::ArrowUp => -1,
        Key::ArrowDown => 1,
        Key::PageUp => -10,
        Key::PageDown => 10,
        Key::Home => i64::MIN,
        Key::End => i64::MAX,
        Key::Num0 => {
            out.push(Command::SetWindow {
                series,
                window: None,
            });
            return;
        }
        Key::Num9 => {
            let region = None;
            out.push(Command::AutoWindow { series, region });
            return;
        }
        Key::I => {
            out.push(Command::Invert { series });
            return;
        }
        Key::R => {
            out.extend(reset(series));
            return;
        }
        _ => return,
    };
    // While a line is drawn the slice stands still.
    if arrows && state.gesture.is_none() {
        out.extend(step(slice, by));
    }
}
