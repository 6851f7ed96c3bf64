//! Edits of a whole mask, as a menu.

use egui::{Button, Popup, RichText, Ui};

use super::reading::SIGNED;
use super::state::{Tool, UiState};
use super::tools::unit;
use super::widgets::gated;
use crate::app::Command;
use crate::app::view::{
    ColumnView, Edit, Keep, LesionCell, LesionRow, Operation, PatientView, SliceView,
};
use crate::texts::{self, tr};
use crate::units::Mm;

/// Edits of the mask that the selected lesion has in the view that keys act on.
pub(super) fn edit_menu(
    ui: &mut Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &UiState,
    out: &mut Vec<Command>,
) {
    let marked = marked(patient, state);
    let barred = read_only.or(match &marked {
        None => Some(tr!("Select a lesion that is marked in this view")),
        Some((_, cell)) if cell.locked => Some(texts::text(SIGNED)),
        Some((_, cell)) if cell.confidence.is_none() => Some(tr!("There is no mask yet")),
        Some(_) => None,
    });
    let name = RichText::new(tr!("Edit mask")).size(12.5);
    let (Some((row, cell)), Some(series), None) = (marked, state.active, barred) else {
        gated(ui, barred, Button::new(name));
        return;
    };
    ui.menu_button(name, |ui| {
        ui.set_min_width(230.0);
        let shown = patient.columns.iter().filter_map(|c| c.shown.as_ref());
        let slice = shown.into_iter().find(|s| s.series == series);
        let unit = unit(patient, state);
        let edit = whole_ui(ui, state, slice, unit);
        if let Some(edit) = edit {
            out.push(Command::Edit {
                series,
                lesion: Some(row.id),
                edit,
            });
            Popup::close_all(ui.ctx());
        }
        ui.separator();
        for (name, op) in [
            (tr!("Merge with"), Operation::Union),
            (tr!("Take away"), Operation::Subtract),
            (tr!("Keep what is also in"), Operation::Intersect),
        ] {
            ui.menu_button(name, |ui| {
                let other = other_ui(ui, patient, row, state);
                if let Some(other) = other {
                    out.push(Command::Combine {
                        annotation: cell.annotation,
                        other: other.annotation,
                        op,
                    });
                    Popup::close_all(ui.ctx());
                }
            });
        }
    });
}

/// Edits that need nothing but the mask.
fn whole_ui(ui: &mut Ui, state: &UiState, slice: Option<&SliceView>, unit: &str) -> Option<Edit> {
    let mut done = None;
    for (text, edit) in [
        (tr!("Fill between slices"), Edit::FillBetween),
        (tr!("Fill holes"), Edit::FillHoles { in_slices: false }),
        (
            tr!("Fill holes slice by slice"),
            Edit::FillHoles { in_slices: true },
        ),
        (
            tr!("Keep the largest part"),
            Edit::Islands {
                keep: Keep::Largest,
            },
        ),
    ] {
        if ui.button(text).clicked() {
            done = Some(edit);
        }
    }
    let mut by = |name: &str, sizes: &[f64], edit: &dyn Fn(Mm) -> Edit| {
        ui.menu_button(name, |ui| {
            for mm in sizes {
                if ui.button(format!("{mm:.1} {unit}")).clicked() {
                    done = Some(edit(Mm(*mm)));
                }
            }
        });
    };
    by(tr!("Smooth by"), &[0.5, 1.0, 1.5, 2.0], &|mm| {
        Edit::Smooth { mm }
    });
    let margins = [1.0, 2.0, 3.0, 5.0, 10.0];
    let margin = |mm| Edit::Margin { mm, within: None };
    by(tr!("Grow by"), &margins, &margin);
    by(tr!("Shrink by"), &margins, &|Mm(mm)| margin(Mm(-mm)));
    if let Some(within) = state.within.filter(|_| state.tool == Tool::Brush)
        && ui
            .button(tr!(
                "Keep values from {low} to {high}",
                low = within[0],
                high = within[1]
            ))
            .clicked()
    {
        done = Some(Edit::Threshold { within });
    }
    if let Some(slice) = slice
        && ui.button(tr!("Clear this slice")).clicked()
    {
        done = Some(Edit::ClearSlice {
            at: slice.map.origin,
        });
    }
    done
}

/// Chooses another lesion with a mask in the view.
fn other_ui<'a>(
    ui: &mut Ui,
    patient: &'a PatientView,
    row: &LesionRow,
    state: &UiState,
) -> Option<&'a LesionCell> {
    let mut none = true;
    let mut chosen = None;
    for other in patient.lesions.iter().filter(|l| l.id != row.id) {
        let cell = cell_of(patient, other, state);
        if let Some(cell) = cell.filter(|c| c.confidence.is_some() && !c.locked) {
            none = false;
            if ui.button(&other.label).clicked() {
                chosen = Some(cell);
            }
        }
    }
    if none {
        ui.label(tr!("No other lesion has a mask in this view"));
    }
    chosen
}

/// The selected lesion with its mark in the view that keys act on.
fn marked<'a>(
    patient: &'a PatientView,
    state: &UiState,
) -> Option<(&'a LesionRow, &'a LesionCell)> {
    let row = patient
        .lesions
        .iter()
        .find(|l| Some(l.id) == patient.selected)?;
    Some((row, cell_of(patient, row, state)?))
}

fn cell_of<'a>(
    patient: &PatientView,
    row: &'a LesionRow,
    state: &UiState,
) -> Option<&'a LesionCell> {
    let shown = |c: &ColumnView| c.shown.as_ref().map(|s| s.series) == state.active;
    let at = patient.columns.iter().position(shown)?;
    row.cells.get(at)?.as_ref()
}
