//! How a PET series is counted, and what a reader states in place of its header.

use egui::{Align, Grid, Label, Layout, RichText, TextEdit, Ui, vec2};

use super::dialog::{self, Answer};
use super::theme;
use super::widgets::{primary_button, weak};
use crate::app::Command;
use crate::app::view::{PetStatement, SeriesId, UptakeKind, UptakeView, View};
use crate::texts::tr;

/// What was entered so far.
pub(super) struct UptakeForm {
    series: SeriesId,
    kind: UptakeKind,
    weight: String,
    height: String,
    dose: String,
    reason: String,
}

const CM: f64 = 0.01;
const MBQ: f64 = 1e6;

/// How a kind is named in the list.
fn name(kind: UptakeKind) -> &'static str {
    match kind {
        UptakeKind::BodyWeight => tr!("SUVbw – body weight"),
        UptakeKind::LeanMassJames => tr!("SUVlbm – lean body mass (James)"),
        UptakeKind::LeanMassJanmahasatian => tr!("SUVlbm – lean body mass (Janmahasatian)"),
        UptakeKind::BodySurface => tr!("SUVbsa – body surface (Du Bois)"),
        UptakeKind::Activity => tr!("Bq/mL – activity concentration"),
    }
}

/// A number without needless digits.
fn digits(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number that was typed: nothing, a positive one, or what is wrong.
fn typed(text: &str, unit: f64, what: &'static str) -> Result<Option<f64>, &'static str> {
    let text = text.trim().replace(',', ".");
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(Some(value * unit)),
        _ => Err(what),
    }
}

impl UptakeForm {
    /// The form as it stands for a series.
    pub(super) fn new(series: SeriesId, uptake: &UptakeView) -> Self {
        let text =
            |value: Option<f64>, unit: f64| value.map(|v| digits(v / unit)).unwrap_or_default();
        let stated = &uptake.stated;
        Self {
            series,
            kind: uptake.kind,
            weight: text(stated.weight_kg, 1.0),
            height: text(stated.height_m, CM),
            dose: text(stated.dose_bq, MBQ),
            reason: String::new(),
        }
    }

    /// What is stated so far, or what is wrong with it.
    fn stated(&self) -> Result<PetStatement, &'static str> {
        Ok(PetStatement {
            kind: Some(self.kind),
            weight_kg: typed(
                &self.weight,
                1.0,
                tr!("The weight is a number of kilograms"),
            )?,
            height_m: typed(
                &self.height,
                CM,
                tr!("The height is a number of centimetres"),
            )?,
            dose_bq: typed(
                &self.dose,
                MBQ,
                tr!("The injected activity is a number of MBq"),
            )?,
        })
    }
}

/// The form.
pub(super) fn uptake_ui(ui: &Ui, view: &View, form: &mut UptakeForm) -> Answer {
    let columns = view.patient.iter().flat_map(|p| &p.columns);
    let uptake = columns
        .filter_map(|c| c.shown.as_ref())
        .find(|s| s.series == form.series)
        .and_then(|s| s.uptake.as_deref());
    let Some(uptake) = uptake else {
        return Answer::Closed;
    };
    dialog::frame(ui, tr!("How uptake is counted"), 460.0, |ui| {
        for kind in UptakeKind::ALL {
            ui.radio_value(&mut form.kind, kind, name(kind));
        }
        ui.add_space(6.0);
        fields_ui(ui, uptake, form);
        weak(
            ui,
            tr!(
                "What is left empty is taken from the header. Everything measured on this series is \
             counted anew; the files are not touched."
            ),
        );
        ui.add_space(8.0);
        buttons_ui(ui, view, uptake, form)
    })
}

fn fields_ui(ui: &mut Ui, uptake: &UptakeView, form: &mut UptakeForm) {
    let p = theme::palette(ui);
    let header = |value: Option<f64>, unit: f64| {
        value.map_or_else(
            || tr!("not in the header").to_owned(),
            |v| tr!("header: {digits}", digits = digits(v / unit)),
        )
    };
    let stated = &uptake.header;
    let rows = [
        (
            tr!("Body weight, kg"),
            &mut form.weight,
            header(stated.weight_kg, 1.0),
        ),
        (
            tr!("Body height, cm"),
            &mut form.height,
            header(stated.height_m, CM),
        ),
        (
            tr!("Injected activity, MBq"),
            &mut form.dose,
            header(stated.dose_bq, MBQ),
        ),
        (
            tr!("Reason"),
            &mut form.reason,
            tr!("where the numbers are from").to_owned(),
        ),
    ];
    Grid::new("uptake form")
        .spacing(vec2(10.0, 6.0))
        .show(ui, |ui| {
            for (name, text, hint) in rows {
                let label = ui.add(Label::new(
                    RichText::new(name).size(12.0).color(p.text_weak),
                ));
                ui.add_sized([270.0, 24.0], TextEdit::singleline(text).hint_text(hint))
                    .labelled_by(label.id);
                ui.end_row();
            }
        });
    if let Some(reference) = &uptake.decay_reference {
        weak(ui, tr!("Decay is counted to the {reference}.", reference));
    }
}

fn buttons_ui(ui: &mut Ui, view: &View, uptake: &UptakeView, form: &UptakeForm) -> Answer {
    let p = theme::palette(ui);
    let mut answer = Answer::Open;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let stated = form.stated();
        let replaces = stated.as_ref().is_ok_and(|s| {
            let numbers = |s: &PetStatement| (s.weight_kg, s.height_m, s.dose_bq);
            numbers(s) != numbers(&uptake.stated)
        });
        let missing = match (&view.read_only, &stated) {
            (Some(reason), _) => Some(reason.as_str()),
            (None, Err(what)) => Some(*what),
            (None, Ok(_)) if replaces && form.reason.trim().is_empty() => {
                Some(tr!("A reason is required"))
            }
            _ => None,
        };
        let button = ui
            .add_enabled_ui(missing.is_none(), |ui| primary_button(ui, tr!("Count so")))
            .inner;
        if let (true, Ok(stated)) = (button.clicked(), stated) {
            answer = Answer::Send(vec![Command::StatePet {
                series: form.series,
                stated,
                reason: form.reason.trim().to_owned(),
            }]);
        }
        if ui.button(tr!("Cancel")).clicked() {
            answer = Answer::Closed;
        }
        if uptake.stated != PetStatement::default() && ui.button(tr!("As in the header")).clicked()
        {
            answer = Answer::Send(vec![Command::StatePet {
                series: form.series,
                stated: PetStatement::default(),
                reason: "back to the header".to_owned(),
            }]);
        }
        if let Some(missing) = missing {
            ui.label(RichText::new(missing).size(12.0).color(p.text_weak));
        }
    });
    answer
}
