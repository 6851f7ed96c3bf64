//! What actions do, whatever asked for them: a key or the list of commands.

use super::cine::Cine;
use super::dialog::Dialog;
use super::key_dialog::KeysForm;
use super::palette::PaletteForm;
use super::readers::{ReaderForm, Then};
use super::reading::{review_key, sign_key};
use super::slice::{step, whole};
use super::state::{Ended, Tool, UiState};
use super::tour::Tour;
use crate::app::Command;
use crate::app::view::{
    ColumnView, FigureOf, Layout, LesionCell, PanelKind, PatientView, SliceView, Subject, View,
};
use crate::keymap::{Action, Flag};
use crate::texts::tr;

/// How much one key press magnifies.
const CLOSER: f64 = 1.25;
/// How much one key press changes the size of everything.
const LARGER: f32 = 1.1;
/// How much one key press changes the opacity of masks.
const FAINTER: f32 = 0.1;

/// What an action is done on.
pub(super) struct Scene<'a> {
    pub(super) view: &'a View,
    pub(super) patient: Option<&'a PatientView>,
}

impl Scene<'_> {
    /// Why an action cannot be done now; `None` when it can.
    pub(super) fn barred(&self, action: Action, state: &UiState) -> Option<&str> {
        let picture = self.patient.is_some_and(|p| active(p, state).is_some());
        if action.is(Flag::Patient) && self.patient.is_none() {
            Some(tr!("Open a patient first"))
        } else if action.is(Flag::Picture) && !picture {
            Some(tr!("No picture is shown"))
        } else if action.is(Flag::Write) {
            self.view.read_only.as_deref()
        } else {
            None
        }
    }
}

/// Does an action, where it can be done.
pub(super) fn act(action: Action, scene: &Scene<'_>, state: &mut UiState, out: &mut Vec<Command>) {
    let under_way = state.gesture.is_some();
    if state.dialog.is_some()
        || (under_way && action.is(Flag::Still))
        || scene.barred(action, state).is_some()
    {
        return;
    }
    match action {
        Action::Reader => state.ask(Dialog::Reader(ReaderForm::new(Then::Nothing))),
        Action::Help => state.show_help = !state.show_help,
        Action::Tour => {
            state.tour = Some(Tour::begin(scene.view));
            // It begins at the list, where the sample patient is.
            out.extend(scene.view.patient.as_ref().map(|_| Command::ShowChooser));
        }
        Action::Palette => state.ask(Dialog::Palette(PaletteForm::default())),
        Action::Keys => state.ask(Dialog::Keys(KeysForm::default())),
        Action::Quit => state.quit = true,
        Action::HideIdentity => out.push(Command::HideIdentity {
            hidden: !scene.view.hidden,
        }),
        Action::Theme => out.push(Command::SetDark {
            dark: !scene.view.dark,
        }),
        Action::OpenFolder => out.push(Command::ChooseOpen { folder: true }),
        Action::OpenFiles => out.push(Command::ChooseOpen { folder: false }),
        Action::Patients => out.push(Command::ShowChooser),
        Action::Report => out.push(Command::ChooseExport),
        Action::Larger => show(scene.view.layout.scaled(LARGER), out),
        Action::Smaller => show(scene.view.layout.scaled(1.0 / LARGER), out),
        Action::NormalSize => show(
            Layout {
                scale: 1.0,
                ..scene.view.layout
            },
            out,
        ),
        Action::LesionsPanel => show(scene.view.layout.toggled(PanelKind::Lesions), out),
        Action::GrowthPanel => show(scene.view.layout.toggled(PanelKind::Growth), out),
        Action::History => show(scene.view.layout.toggled(PanelKind::History), out),
        _ => {
            if let Some(patient) = scene.patient {
                with_tools(action, patient, state, out);
                on_record(action, scene.view, patient, state, out);
                on_lesions(action, patient, out);
                on_screen(action, patient, state, out);
                if let Some(slice) = active(patient, state) {
                    on_slice(action, slice, out);
                }
            }
        }
    }
}

fn show(layout: Layout, out: &mut Vec<Command>) {
    out.push(Command::SetLayout { layout });
}

/// The picture that keys act on.
fn active<'a>(patient: &'a PatientView, state: &UiState) -> Option<&'a SliceView> {
    active_column(patient, state)?.shown.as_ref()
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

fn with_tools(action: Action, patient: &PatientView, state: &mut UiState, out: &mut Vec<Command>) {
    let under_way = state.gesture.is_some();
    match action {
        Action::Brush if state.tool == Tool::Brush => state.negative = !state.negative,
        Action::Brush => {
            state.take(Tool::Brush);
            accept_by(patient, out);
        }
        Action::Measure => {
            let on = matches!(state.tool, Tool::Measure(_));
            let ruler = Tool::Measure(state.ruler);
            state.take(if on { Tool::Window } else { ruler });
            accept_by(patient, out);
        }
        Action::LastTool => {
            state.take(state.last_tool);
            accept_by(patient, out);
        }
        Action::BrushSmaller if state.tool.has_brush() => state.widen_brush(1.0 / 1.2),
        Action::BrushLarger if state.tool.has_brush() => state.widen_brush(1.2),
        Action::Accept if under_way => state.ended = Some(Ended::Accepted),
        Action::Accept => accept_by(patient, out),
        Action::Cancel if under_way => state.ended = Some(Ended::CalledOff),
        Action::Cancel if !state.show_help => match patient.proposal {
            Some(_) => out.push(Command::Reject),
            None => state.take(Tool::Window),
        },
        _ => {
            if let Some(tool) = Tool::of(action) {
                let again = state.tool == tool;
                state.take(if again { Tool::Window } else { tool });
                accept_by(patient, out);
            }
        }
    }
}

/// What concerns who did what: history, readers, readings, versions, sources.
fn on_record(
    action: Action,
    view: &View,
    patient: &PatientView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let history = &patient.history;
    let cell = || marked(patient, state);
    match action {
        Action::Undo => out.extend(history.undo.as_ref().map(|_| Command::Undo)),
        Action::Redo => out.extend(history.redo.as_ref().map(|_| Command::Redo)),
        Action::TakeOffer => {
            let offer = patient.proposal.as_ref().and_then(|p| p.offer.as_ref());
            out.extend(offer.map(|_| Command::TakeOffer));
        }
        Action::RemoveMark if let Some(FigureOf::Measurement(measurement)) = state.meant => {
            out.push(Command::RemoveMeasurement { measurement });
        }
        Action::RemoveMark => {
            let free = cell().filter(|c| !c.locked);
            out.extend(free.map(|c| Command::RemoveAnnotation {
                annotation: c.annotation,
            }));
        }
        Action::Trace => out.extend(cell().map(|c| Command::Trace {
            subject: Subject::Size(c.annotation),
        })),
        Action::Versions => out.extend(cell().map(|c| Command::ShowVersions {
            annotation: c.annotation,
        })),
        Action::Review | Action::Sign => {
            let Some(column) = active_column(patient, state) else {
                return;
            };
            if action == Action::Review {
                review_key(view, column, state, out);
            } else {
                sign_key(view, column, state);
            }
        }
        _ => {}
    }
}

fn on_lesions(action: Action, patient: &PatientView, out: &mut Vec<Command>) {
    match action {
        Action::NextLesion => out.extend(neighbour_lesion(patient, false)),
        Action::PreviousLesion => out.extend(neighbour_lesion(patient, true)),
        Action::NewLesion => out.push(Command::SelectLesion { lesion: None }),
        _ => {}
    }
}

/// What the window shows, and how.
fn on_screen(action: Action, patient: &PatientView, state: &mut UiState, out: &mut Vec<Command>) {
    match action {
        Action::Bar => state.focus_bar = true,
        Action::Masks => state.show_overlays = !state.show_overlays,
        Action::FillMasks => state.fill_masks = !state.fill_masks,
        Action::LessOpaque => state.fade(-FAINTER),
        Action::MoreOpaque => state.fade(FAINTER),
        Action::Annotations => state.show_annotations = !state.show_annotations,
        Action::Cine => {
            state.cine = match (&state.cine, state.active) {
                (None, Some(series)) => Some(Cine::new(series)),
                _ => None,
            };
        }
        Action::ThreePlanes => out.push(Command::ShowPlanes {
            three: !patient.three_planes,
        }),
        Action::ThreeD => out.push(Command::ShowThreeD {
            on: !patient.three_d,
        }),
        Action::Alone => {
            let here = active_column(patient, state).map(|c| c.id);
            state.maximised = here.filter(|_| state.maximised != here);
        }
        Action::PreviousTimePoint | Action::NextTimePoint => {
            let shown: Vec<_> = patient
                .columns
                .iter()
                .filter_map(|c| c.shown.as_ref().map(|s| s.series))
                .collect();
            if let Some(at) = shown.iter().position(|s| Some(*s) == state.active) {
                let next = if action == Action::PreviousTimePoint {
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

fn on_slice(action: Action, slice: &SliceView, out: &mut Vec<Command>) {
    let series = slice.series;
    let by = match action {
        Action::Straighten => {
            out.push(Command::StraightenPlanes { series });
            return;
        }
        Action::PreviousSlice => -1,
        Action::NextSlice => 1,
        Action::BackTen => -10,
        Action::ForwardTen => 10,
        Action::FirstSlice => i64::MIN,
        Action::LastSlice => i64::MAX,
        _ => 0,
    };
    if by != 0 {
        out.extend(step(slice, by));
    }
    match action {
        Action::FileWindow => out.push(Command::SetWindow {
            series,
            window: None,
        }),
        Action::AutoWindow => out.push(Command::AutoWindow {
            series,
            region: None,
        }),
        Action::Invert => out.push(Command::Invert { series }),
        Action::Fit => out.extend(whole(series)),
        Action::Reset => out.extend(reset(series)),
        Action::Closer | Action::Farther => {
            let factor = if action == Action::Closer {
                CLOSER
            } else {
                1.0 / CLOSER
            };
            out.push(Command::SetZoom {
                series,
                zoom: slice.zoom * factor,
                pan: slice.pan,
            });
        }
        _ => {
            let window = preset(action).and_then(|n| slice.presets.get(n));
            if let Some((_, window)) = window {
                out.push(Command::SetWindow {
                    series,
                    window: Some(*window),
                });
            }
        }
    }
}

/// Which of the window presets an action takes.
pub(super) const fn preset(action: Action) -> Option<usize> {
    match action {
        Action::Preset1 => Some(0),
        Action::Preset2 => Some(1),
        Action::Preset3 => Some(2),
        Action::Preset4 => Some(3),
        Action::Preset5 => Some(4),
        Action::Preset6 => Some(5),
        _ => None,
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
pub(super) fn reset(series: crate::app::view::SeriesId) -> impl Iterator<Item = Command> {
    let window = Command::SetWindow {
        series,
        window: None,
    };
    whole(series).into_iter().chain([window])
}
