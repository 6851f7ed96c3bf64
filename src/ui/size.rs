//! Entering a size that somebody else measured.

use egui::{Align, Grid, Layout, TextEdit, Ui, vec2};

use super::dialog::{self, Answer};
use super::widgets::{primary_button, weak};
use crate::app::Command;
use crate::app::view::{ImportedSize, LesionId, TimePointId, View};
use crate::texts::tr;
use crate::units::Mm;

/// What was entered so far.
pub(super) struct SizeForm {
    lesion: LesionId,
    time_point: TimePointId,
    title: String,
    nodal: bool,
    long: String,
    short: String,
    reason: String,
}

impl SizeForm {
    /// An empty form for a lesion at a time point.
    pub(super) fn new(
        lesion: LesionId,
        time_point: TimePointId,
        title: String,
        nodal: bool,
    ) -> Self {
        Self {
            lesion,
            time_point,
            title,
            nodal,
            long: String::new(),
            short: String::new(),
            reason: String::new(),
        }
    }

    /// The size, or what is wrong or missing.
    fn size(&self) -> Result<ImportedSize, &'static str> {
        let long = typed(&self.long)?.ok_or(tr!("The longest diameter is required"))?;
        let short = typed(&self.short)?;
        if short.is_some_and(|s| s > long) {
            return Err(tr!(
                "The short axis is at most as long as the longest diameter"
            ));
        }
        if self.nodal && short.is_none() {
            return Err(tr!("Of a node the short axis counts"));
        }
        if self.reason.trim().is_empty() {
            return Err(tr!("Say where the size comes from"));
        }
        Ok(ImportedSize { long, short })
    }
}

/// Millimetres as they are typed.
fn typed(text: &str) -> Result<Option<Mm>, &'static str> {
    let text = text.trim().replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && (0.0..=2000.0).contains(&value) => Ok(Some(Mm(value))),
        _ => Err(tr!("Sizes are numbers of millimetres")),
    }
}

/// Diameters and where they come from.
pub(super) fn size_ui(ui: &Ui, view: &View, form: &mut SizeForm, fresh: bool) -> Answer {
    let title = tr!("Size of {title}", title = form.title);
    dialog::frame(ui, &title, 420.0, |ui| {
        let mut answer = Answer::Open;
        weak(
            ui,
            tr!(
                "As measured elsewhere, for example in a report. It counts for RECIST in place of what \
             is drawn here; the table says so."
            ),
        );
        ui.add_space(6.0);
        Grid::new("size").spacing(vec2(10.0, 6.0)).show(ui, |ui| {
            ui.label(tr!("Longest diameter, mm"));
            let long = ui
                .add(TextEdit::singleline(&mut form.long).desired_width(90.0))
                .accessible_name(tr!("Longest diameter in mm"));
            if fresh {
                long.request_focus();
            }
            ui.end_row();
            ui.label(tr!("Short axis, mm"));
            ui.add(TextEdit::singleline(&mut form.short).desired_width(90.0))
                .accessible_name(tr!("Short axis in mm"));
            ui.end_row();
            ui.label(tr!("From"));
            ui.add(
                TextEdit::singleline(&mut form.reason)
                    .hint_text(tr!("radiology report, trial database …"))
                    .desired_width(230.0),
            )
            .accessible_name(tr!("Where the size comes from"));
            ui.end_row();
        });
        ui.add_space(8.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let size = form.size();
            let missing = view.read_only.as_deref().or(size.err());
            let button = ui
                .add_enabled_ui(missing.is_none(), |ui| primary_button(ui, tr!("Enter")))
                .inner;
            if let (true, Ok(size)) = (button.clicked(), size) {
                answer = Answer::Send(vec![Command::EnterSize {
                    lesion: form.lesion,
                    time_point: form.time_point,
                    size,
                    reason: form.reason.trim().to_owned(),
                }]);
            }
            if ui.button(tr!("Cancel")).clicked() {
                answer = Answer::Closed;
            }
            if let Some(missing) = missing {
                weak(ui, missing);
            }
        });
        answer
    })
}
