//! Changing what is said of a lesion, and which marks belong to it.

use egui::{Button, Checkbox, ComboBox, Id, Key, Popup, RichText, TextEdit, Ui};

use super::super::dialog::Dialog;
use super::super::reading::{SIGNED, barred as barred_at};
use super::super::size::SizeForm;
use super::super::state::{LesionField, LesionText, UiState};
use super::super::theme;
use super::super::trace::ASK;
use super::super::widgets::{gated, radio, weak};
use crate::app::Command;
use crate::app::view::{ColumnView, LesionCell, LesionRole, LesionRow, PatientView, Subject};
use crate::texts::{self, tr};

/// Why what is said of a lesion cannot be changed: it is part of every reading that marks it.
pub(super) fn barred<'a>(read_only: Option<&'a str>, lesion: &LesionRow) -> Option<&'a str> {
    let locked = lesion.cells.iter().flatten().any(|c| c.locked);
    read_only.or(locked.then(|| texts::text(SIGNED)))
}

fn role_name(role: LesionRole) -> &'static str {
    match role {
        LesionRole::Target => tr!("Target"),
        LesionRole::NonTarget => tr!("Non-target"),
        LesionRole::New => tr!("New"),
    }
}

fn edited(lesion: &LesionRow, change: impl FnOnce(&mut LesionRow)) -> Command {
    let mut row = lesion.clone();
    change(&mut row);
    Command::EditLesion {
        lesion: row.id,
        label: row.label,
        organ: row.organ,
        role: row.role,
        nodal: row.nodal,
    }
}

/// A text field whose content is sent once, when it loses focus; Escape takes it back.
fn text_ui(
    ui: &mut Ui,
    lesion: &LesionRow,
    field: LesionField,
    hint: &str,
    barred: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let stored = match field {
        LesionField::Label => &lesion.label,
        LesionField::Organ => &lesion.organ,
    };
    let typing = state
        .lesion_text
        .as_ref()
        .filter(|t| t.lesion == lesion.id && t.field == field);
    let mut text = typing.map_or_else(|| stored.clone(), |t| t.text.clone());
    let id = Id::unique("lesion text").with((lesion.id, field as u8));
    let edit = TextEdit::singleline(&mut text)
        .id(id)
        .hint_text(hint)
        .desired_width(f32::INFINITY);
    let response = gated(ui, barred, edit).accessible_name(tr!(
        "{hint} of {label}",
        hint,
        label = lesion.label
    ));
    if response.changed() {
        state.lesion_text = Some(LesionText {
            lesion: lesion.id,
            field,
            text,
        });
    }
    if response.lost_focus() {
        let typed = state
            .lesion_text
            .take_if(|t| t.lesion == lesion.id && t.field == field);
        let kept = !ui.input(|i| i.key_pressed(Key::Escape));
        if let Some(typed) = typed.filter(|t| kept && t.text.trim() != stored) {
            let text = typed.text.trim().to_owned();
            let allowed = field == LesionField::Organ || !text.is_empty();
            if allowed {
                out.push(edited(lesion, |l| match field {
                    LesionField::Label => l.label = text,
                    LesionField::Organ => l.organ = text,
                }));
            }
        }
    }
}

pub(super) fn organ_ui(
    ui: &mut Ui,
    lesion: &LesionRow,
    barred: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    ui.spacing_mut().interact_size.y = 20.0;
    text_ui(
        ui,
        lesion,
        LesionField::Organ,
        tr!("Organ"),
        barred,
        state,
        out,
    );
}

pub(super) fn role_ui(
    ui: &mut Ui,
    lesion: &LesionRow,
    barred: Option<&str>,
    out: &mut Vec<Command>,
) {
    ui.spacing_mut().interact_size.y = 20.0;
    ui.spacing_mut().button_padding.y = 1.0;
    let combo = |ui: &mut Ui| {
        ComboBox::from_id_salt(("role", lesion.id))
            .width(86.0)
            .selected_text(RichText::new(role_name(lesion.role)).size(12.5))
            .show_ui(ui, |ui| {
                for role in [LesionRole::Target, LesionRole::NonTarget, LesionRole::New] {
                    let same = role == lesion.role;
                    if ui.selectable_label(same, role_name(role)).clicked() && !same {
                        out.push(edited(lesion, |l| l.role = role));
                    }
                }
            })
            .response
            .accessible_name(tr!("Role of {label}", label = lesion.label))
    };
    let shown = ui.add_enabled_ui(barred.is_none(), combo).inner;
    if let Some(reason) = barred {
        shown.on_disabled_hover_text(reason);
    }
}

pub(super) fn node_ui(
    ui: &mut Ui,
    lesion: &LesionRow,
    barred: Option<&str>,
    out: &mut Vec<Command>,
) {
    let mut nodal = lesion.nodal;
    let response = gated(ui, barred, Checkbox::without_text(&mut nodal))
        .accessible_name(tr!("{label} is a lymph node", label = lesion.label))
        .on_hover_text(tr!("Lymph node: the short axis counts"));
    if response.changed() {
        out.push(edited(lesion, |l| l.nodal = nodal));
    }
}

/// Rename, marks, removal.
pub(super) fn menu_ui(
    ui: &mut Ui,
    patient: &PatientView,
    lesion: &LesionRow,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let barred = barred(read_only, lesion);
    ui.set_min_width(230.0);
    ui.set_max_width(260.0);
    ui.horizontal(|ui| {
        ui.label(tr!("Label"));
        text_ui(
            ui,
            lesion,
            LesionField::Label,
            tr!("Label"),
            barred,
            state,
            out,
        );
    });
    ui.separator();
    marks_ui(ui, patient, lesion, read_only, state, out);
    ui.separator();
    let text = tr!("Remove {label} with all its marks", label = lesion.label);
    let remove = Button::new(RichText::new(text).color(p.error));
    if gated(ui, barred, remove).clicked() {
        out.push(Command::RemoveLesion { lesion: lesion.id });
    }
}

/// The marks of a lesion, each with its own menu.
pub(super) fn marks_ui(
    ui: &mut Ui,
    patient: &PatientView,
    lesion: &LesionRow,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    ui.set_min_width(230.0);
    for (column, cell) in patient.columns.iter().zip(&lesion.cells) {
        match cell {
            Some(cell) => {
                ui.menu_button(tr!("Mark at {title}", title = column.title), |ui| {
                    mark_ui(ui, patient, lesion, cell, read_only, state, out);
                });
            }
            None => size_ui(ui, lesion, column, barred_at(read_only, column), state),
        }
    }
}

/// Asks for a size that somebody else measured.
fn size_ui(
    ui: &mut Ui,
    lesion: &LesionRow,
    column: &ColumnView,
    barred: Option<&str>,
    state: &mut UiState,
) {
    let text = tr!("Enter a size at {title}…", title = column.title);
    if gated(ui, barred, Button::new(text)).clicked() {
        let title = tr!(
            "{label} at {title}",
            label = lesion.label,
            title = column.title
        );
        let form = SizeForm::new(lesion.id, column.id, title, lesion.nodal);
        state.ask(Dialog::Size(form));
        Popup::close_all(ui.ctx());
    }
}

/// Which of its sizes counts for RECIST.
fn counts_ui(ui: &mut Ui, cell: &LesionCell, out: &mut Vec<Command>) {
    let annotation = cell.annotation;
    ui.menu_button(tr!("What counts for RECIST"), |ui| {
        ui.set_min_width(210.0);
        let by_rule = match cell.source {
            Some(source) if cell.chosen.is_none() => {
                tr!("By rule: {word}", word = texts::text(source.word()))
            }
            _ => tr!("By rule").to_owned(),
        };
        if radio(ui, cell.chosen.is_none(), &by_rule)
            .on_hover_text(tr!(
                "The mask where it can be trusted, else the caliper, else what was entered"
            ))
            .clicked()
        {
            out.push(Command::CountBy {
                annotation,
                source: None,
            });
            Popup::close_all(ui.ctx());
        }
        for (source, length) in &cell.sources {
            let text = format!("{} · {length}", texts::text(source.word()));
            if radio(ui, cell.chosen == Some(*source), &text).clicked() {
                out.push(Command::CountBy {
                    annotation,
                    source: Some(*source),
                });
                Popup::close_all(ui.ctx());
            }
        }
    });
}

/// One mark: where it comes from, its earlier masks, another lesion, away with it.
pub(super) fn mark_ui(
    ui: &mut Ui,
    patient: &PatientView,
    lesion: &LesionRow,
    cell: &LesionCell,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    ui.set_min_width(230.0);
    let annotation = cell.annotation;
    if ui
        .add(Button::new(texts::text(ASK)).right_text("T"))
        .clicked()
    {
        let subject = Subject::Size(annotation);
        out.push(Command::Trace { subject });
        Popup::close_all(ui.ctx());
    }
    if ui
        .add(Button::new(tr!("Versions of the mask…")).right_text("V"))
        .clicked()
    {
        out.push(Command::ShowVersions { annotation });
        Popup::close_all(ui.ctx());
    }
    ui.separator();
    let barred = read_only.or(cell.locked.then(|| texts::text(SIGNED)));
    if let Some(reason) = barred {
        // A submenu that cannot be opened says nothing, so that the reason stands in its place.
        gated(ui, barred, Button::new(tr!("What counts for RECIST")));
        gated(
            ui,
            barred,
            Button::new(tr!("Move the mark to another lesion")),
        );
        gated(ui, barred, Button::new(tr!("Remove the mark")));
        weak(ui, reason);
        return;
    }
    counts_ui(ui, cell, out);
    let at = lesion
        .cells
        .iter()
        .position(|c| c.as_ref().is_some_and(|c| c.annotation == annotation));
    if let Some(column) = at.and_then(|n| patient.columns.get(n)) {
        size_ui(ui, lesion, column, None, state);
    }
    ui.separator();
    ui.menu_button(tr!("Move the mark to"), |ui| {
        for other in patient.lesions.iter().filter(|l| l.id != lesion.id) {
            if ui.button(&other.label).clicked() {
                out.push(Command::LinkAnnotation {
                    annotation,
                    lesion: Some(other.id),
                });
                Popup::close_all(ui.ctx());
            }
        }
        if ui.button(tr!("a lesion of its own")).clicked() {
            out.push(Command::LinkAnnotation {
                annotation,
                lesion: None,
            });
            Popup::close_all(ui.ctx());
        }
    });
    if ui.button(tr!("Remove the mark")).clicked() {
        out.push(Command::RemoveAnnotation { annotation });
        Popup::close_all(ui.ctx());
    }
}
