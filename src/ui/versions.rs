//! Masks that were ever made of a lesion at a time point: the list, and two of them compared.

use egui::{
    Align2, Button, Color32, Grid, Id, Label, RichText, ScrollArea, Sense, Shape, Stroke, Ui,
    Window, pos2, vec2,
};

use super::reading::SIGNED;
use super::state::UiState;
use super::theme;
use super::widgets::{chip, gated, radio, spinner, weak};
use crate::app::Command;
use crate::app::view::{AnnotationId, LesionId, PatientView, StepId, VersionRow, VersionsView};
use crate::texts::{self, tr};

/// Which two rows are chosen, while one of them may still be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    annotation: AnnotationId,
    chosen: [Option<StepId>; 2],
}

impl Pair {
    /// What is compared already, else the standing mask against one to be chosen.
    fn of(versions: &VersionsView) -> Self {
        let standing = versions.rows.iter().find(|r| r.standing).map(|r| r.id);
        Self {
            annotation: versions.annotation,
            chosen: versions
                .compared
                .map_or([None, standing], |pair| pair.map(Some)),
        }
    }
}

/// The lesion whose masks are compared.
pub(super) fn compared_lesion(patient: &PatientView) -> Option<LesionId> {
    let versions = patient.versions.as_ref()?;
    versions.compared?;
    let has = |l: &&crate::app::view::LesionRow| {
        let mut cells = l.cells.iter().flatten();
        cells.any(|c| c.annotation == versions.annotation)
    };
    patient.lesions.iter().find(has).map(|l| l.id)
}

/// Draws the window while the list is asked for.
pub(super) fn versions_ui(
    ui: &Ui,
    patient: &PatientView,
    read_only: Option<&str>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let Some(versions) = &patient.versions else {
        state.pair = None;
        return;
    };
    let mut pair = state
        .pair
        .filter(|p| p.annotation == versions.annotation)
        .unwrap_or_else(|| Pair::of(versions));
    if pair.chosen == [None, None] {
        // The rows arrive after the window has opened.
        pair = Pair::of(versions);
    }
    let mut cells = patient.lesions.iter().flat_map(|l| &l.cells).flatten();
    let locked = cells.any(|c| c.annotation == versions.annotation && c.locked);
    let barred = read_only.or(locked.then(|| texts::text(SIGNED)));
    let mut open = true;
    let room = ui.ctx().content_rect();
    Window::new(tr!(
        "Versions of the mask · {title}",
        title = versions.title
    ))
    .id(Id::unique("versions"))
    .open(&mut open)
    .collapsible(true)
    .pivot(Align2::LEFT_BOTTOM)
    .default_pos(room.left_bottom() + vec2(12.0, -36.0))
    .default_width((room.width() - 48.0).min(860.0))
    .max_height(room.height() - 80.0)
    .show(ui.ctx(), |ui| {
        table_ui(ui, versions, &mut pair, barred, out);
        ui.separator();
        comparison_ui(ui, versions, &pair, out);
    });
    state.pair = Some(pair);
    if !open {
        out.push(Command::HideVersions);
    }
}

fn colors() -> [Color32; 2] {
    [theme::image().compared_a, theme::image().compared_b]
}

fn table_ui(
    ui: &mut Ui,
    versions: &VersionsView,
    pair: &mut Pair,
    barred: Option<&str>,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    if versions.pending {
        ui.horizontal(|ui| {
            spinner(ui, tr!("Reading the audit trail"));
            weak(ui, tr!("Reading the audit trail…"));
        });
    } else if versions.rows.is_empty() {
        weak(ui, tr!("No mask was ever made here."));
    }
    if versions.rows.is_empty() {
        return;
    }
    let most = (ui.ctx().content_rect().height() * 0.4).max(120.0);
    ScrollArea::both()
        .max_height(most)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            Grid::new("versions table")
                .spacing(vec2(12.0, 5.0))
                .show(ui, |ui| {
                    // Numbers and choice first; what is long comes last and scrolls.
                    let heads = [
                        "A",
                        "B",
                        tr!("When"),
                        tr!("Long × short"),
                        tr!("Volume"),
                        tr!("Confidence"),
                        "",
                        tr!("Who"),
                        tr!("What"),
                        tr!("Why"),
                    ];
                    for head in heads {
                        ui.label(RichText::new(head).size(11.5).color(p.text_weak));
                    }
                    ui.end_row();
                    // The newest first: it is what an earlier one is held against.
                    for row in versions.rows.iter().rev() {
                        row_ui(ui, row, versions.rows.len() > 1, pair, barred, out);
                        ui.end_row();
                    }
                });
        });
}

fn row_ui(
    ui: &mut Ui,
    row: &VersionRow,
    several: bool,
    pair: &mut Pair,
    barred: Option<&str>,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    for (side, letter) in ["A", "B"].into_iter().enumerate() {
        let on = pair.chosen[side] == Some(row.id);
        let taken = pair.chosen[1 - side] == Some(row.id);
        let choice = ui
            .add_enabled_ui(several && !taken, |ui| radio(ui, on, ""))
            .inner
            .accessible_name(tr!("{letter}: mask of {when}", letter, when = row.when))
            .on_disabled_hover_text(if several {
                tr!("A mask is compared with another one")
            } else {
                tr!("There is only one mask")
            });
        if choice.clicked() && !on {
            pair.chosen[side] = Some(row.id);
            if let [Some(a), Some(b)] = pair.chosen {
                out.push(Command::CompareVersions { a, b });
            }
        }
    }
    let ink = if row.standing { p.text } else { p.text_weak };
    let who = if row.who.is_empty() {
        tr!("no reader named")
    } else {
        &row.who
    };
    let value = |ui: &mut Ui, text: RichText| {
        ui.add(Label::new(text.size(12.5).color(ink)).extend());
    };
    value(ui, RichText::new(&row.when));
    value(ui, RichText::new(&row.axes).font(theme::medium(12.5)));
    value(ui, RichText::new(&row.volume));
    value(ui, RichText::new(format!("{:.2}", row.confidence)));
    if row.standing {
        chip(ui, tr!("Stands"), p.success);
    } else {
        let restore = gated(ui, barred, Button::new(tr!("Let this one stand")).small());
        let restore = restore.accessible_name(tr!("Let the mask of {when} stand", when = row.when));
        if restore.clicked() {
            out.push(Command::RestoreVersion { version: row.id });
        }
    }
    value(ui, RichText::new(who));
    value(ui, RichText::new(&row.what));
    value(ui, RichText::new(&row.why));
}

fn comparison_ui(ui: &mut Ui, versions: &VersionsView, pair: &Pair, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let [Some(a), Some(b)] = pair.chosen else {
        weak(
            ui,
            tr!("Choose A and B to compare two masks: numbers here, both outlines on the slice."),
        );
        return;
    };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (side, letter) in ["A", "B"].into_iter().enumerate() {
            let row = versions
                .rows
                .iter()
                .find(|r| Some(r.id) == pair.chosen[side]);
            legend(ui, side);
            let when = row.map_or("", |r| &r.when);
            ui.label(RichText::new(format!("{letter} · {when}")).size(12.5));
            ui.add_space(12.0);
        }
    });
    if versions.compared != Some([a, b]) {
        // It was refused or failed, as a message says; it can be asked for again.
        if ui.button(tr!("Compare A with B")).clicked() {
            out.push(Command::CompareVersions { a, b });
        }
        return;
    }
    if versions.comparison.is_empty() {
        ui.horizontal(|ui| {
            spinner(ui, tr!("Comparing"));
            weak(ui, tr!("Comparing…"));
        });
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, 3.0);
        for (name, value) in &versions.comparison {
            ui.label(RichText::new(name).size(12.0).color(p.text_weak));
            ui.label(RichText::new(value).font(theme::medium(13.0)));
            ui.add_space(12.0);
        }
    });
}

/// A piece of the outline as it is on the slice, on the black it has there.
fn legend(ui: &mut Ui, side: usize) {
    let (rect, _) = ui.allocate_exact_size(vec2(34.0, 14.0), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, 2.0, theme::image().background);
    let ends = [
        pos2(rect.left() + 4.0, rect.center().y),
        pos2(rect.right() - 4.0, rect.center().y),
    ];
    stroke(painter, &ends, side);
}

/// Draws a line in the style of mask A (0) or B (1).
pub(super) fn stroke(painter: &egui::Painter, points: &[egui::Pos2], side: usize) {
    let stroke = Stroke::new(1.8, colors()[side]);
    if side == 0 {
        painter.add(Shape::line(points.to_vec(), stroke));
    } else {
        painter.extend(Shape::dashed_line(points, stroke, 5.0, 4.0));
    }
}
