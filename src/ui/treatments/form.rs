//! The form that adds a treatment: it asks for what its kind and schedule need, and for nothing else.

use egui::{Button, ComboBox, Grid, RichText, TextEdit, Ui};
use jiff::civil::Date;

use crate::app::view::{Schedule, TreatmentKind};
use crate::app::{Command, TreatmentEntry};
use crate::texts::tr;
use crate::ui::theme;
use crate::ui::widgets::gated;

/// How a drug is given, without the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Given {
    Once,
    Repeated,
    Span,
    #[default]
    Ongoing,
}

impl Given {
    const ALL: [Self; 4] = [Self::Once, Self::Repeated, Self::Span, Self::Ongoing];

    fn name(self) -> &'static str {
        match self {
            Self::Once => tr!("once"),
            Self::Repeated => tr!("repeatedly"),
            Self::Span => tr!("from – to"),
            Self::Ongoing => tr!("goes on"),
        }
    }
}

const KINDS: [TreatmentKind; 5] = [
    TreatmentKind::Systemic,
    TreatmentKind::Radiotherapy,
    TreatmentKind::Surgery,
    TreatmentKind::Stop,
    TreatmentKind::Note,
];

fn kind_name(kind: TreatmentKind) -> &'static str {
    match kind {
        TreatmentKind::Systemic => tr!("Drug treatment"),
        TreatmentKind::Radiotherapy => tr!("Radiotherapy"),
        TreatmentKind::Surgery => tr!("Surgery"),
        TreatmentKind::Stop => tr!("End of treatment"),
        TreatmentKind::Note => tr!("Note"),
    }
}

/// What was typed into the form.
#[derive(Clone, Debug)]
pub(in crate::ui) struct TreatmentForm {
    pub(super) open: bool,
    /// Just opened: to be scrolled into view.
    pub(super) reveal: bool,
    date: String,
    kind: TreatmentKind,
    name: String,
    given: Given,
    dose: String,
    unit: String,
    last: String,
    every: String,
    times: String,
    fractions: String,
}

impl Default for TreatmentForm {
    fn default() -> Self {
        Self {
            open: false,
            reveal: false,
            date: String::new(),
            kind: TreatmentKind::Systemic,
            name: String::new(),
            given: Given::default(),
            dose: String::new(),
            unit: String::new(),
            last: String::new(),
            every: String::new(),
            times: String::new(),
            fractions: String::new(),
        }
    }
}

fn day(text: &str) -> Result<Date, &'static str> {
    text.trim()
        .parse()
        .map_err(|_| tr!("A date looks like 2024-05-02"))
}

fn count(text: &str, wrong: &'static str) -> Result<u32, &'static str> {
    text.trim().parse().map_err(|_| wrong)
}

/// What was typed, where something was.
fn stated(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Days from the first day to the last.
fn length(first: Date, last: &str) -> Result<f64, &'static str> {
    let last = day(last)?;
    if last < first {
        return Err(tr!("The last day is not before the first"));
    }
    Ok(first
        .until(last)
        .map_or(0.0, |span| f64::from(span.get_days())))
}

impl TreatmentForm {
    /// The command, or what is missing.
    pub(super) fn command(&self) -> Result<Command, &'static str> {
        let treatment = self.entry()?;
        treatment.check()?;
        Ok(Command::AddTreatment { treatment })
    }

    fn entry(&self) -> Result<TreatmentEntry, &'static str> {
        let mut entry = TreatmentEntry::new(day(&self.date)?, self.kind);
        self.name.trim().clone_into(&mut entry.name);
        match self.kind {
            TreatmentKind::Systemic => self.drug(&mut entry)?,
            TreatmentKind::Radiotherapy => self.radiotherapy(&mut entry)?,
            TreatmentKind::Surgery | TreatmentKind::Stop | TreatmentKind::Note => {}
        }
        Ok(entry)
    }

    fn dose(&self) -> Result<Option<f64>, &'static str> {
        let number = |text: &str| -> Option<f64> {
            let v: f64 = text.replace(',', ".").parse().ok()?;
            (v.is_finite() && v > 0.0).then_some(v)
        };
        stated(&self.dose)
            .map(|text| number(text).ok_or(tr!("The dose is a number, for example 60")))
            .transpose()
    }

    fn drug(&self, entry: &mut TreatmentEntry) -> Result<(), &'static str> {
        entry.dose = self.dose()?;
        if entry.dose.is_some() {
            self.unit.trim().clone_into(&mut entry.unit);
            if entry.unit.is_empty() {
                return Err(tr!("A dose needs its unit, for example mg/m2"));
            }
        }
        entry.schedule = Some(match self.given {
            Given::Once => Schedule::Once,
            Given::Repeated => Schedule::Repeated {
                every_days: count(&self.every, tr!("Say every how many days, for example 21"))?,
                times: count(&self.times, tr!("Say how many times, for example 6"))?,
            },
            // Both days are days of treatment.
            Given::Span => {
                entry.duration_days = length(entry.date, &self.last)? + 1.0;
                Schedule::Span
            }
            Given::Ongoing => Schedule::Ongoing,
        });
        Ok(())
    }

    fn radiotherapy(&self, entry: &mut TreatmentEntry) -> Result<(), &'static str> {
        entry.dose = self.dose()?;
        if entry.dose.is_some() {
            "Gy".clone_into(&mut entry.unit);
        }
        if let Some(text) = stated(&self.fractions) {
            entry.fractions = Some(count(text, tr!("Fractions are counted from 1 to 200"))?);
        }
        if let Some(last) = stated(&self.last) {
            entry.duration_days = length(entry.date, last)?;
            if entry.duration_days <= 0.0 && entry.fractions.is_some_and(|n| n > 1) {
                return Err(tr!("Several fractions end later than they begin"));
            }
        }
        Ok(())
    }
}

const WIDE: f32 = 96.0;
const NARROW: f32 = 78.0;

fn label(ui: &mut Ui, name: &str) -> egui::Response {
    let ink = theme::palette(ui).text_weak;
    ui.label(RichText::new(name).size(12.0).color(ink))
}

fn field(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) {
    let label = label(ui, name);
    // A grid gives a text field the width of its column so far, which starts at nothing.
    ui.add_sized([width, 24.0], TextEdit::singleline(text).hint_text(hint))
        .labelled_by(label.id);
}

/// Draws the form.
pub(super) fn form_ui(
    ui: &mut Ui,
    read_only: Option<&str>,
    form: &mut TreatmentForm,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    Grid::new("treatment form")
        .spacing(egui::vec2(8.0, 5.0))
        .show(ui, |ui| {
            field(
                ui,
                tr!("First day"),
                &mut form.date,
                tr!("YYYY-MM-DD"),
                WIDE,
            );
            label(ui, tr!("Kind"));
            let combo = ComboBox::from_id_salt("treatment kind")
                .width(120.0)
                .selected_text(kind_name(form.kind))
                .show_ui(ui, |ui| {
                    for kind in KINDS {
                        ui.selectable_value(&mut form.kind, kind, kind_name(kind));
                    }
                });
            combo.response.accessible_name(tr!("Kind of treatment"));
            ui.end_row();
            match form.kind {
                TreatmentKind::Systemic => drug_ui(ui, form),
                TreatmentKind::Radiotherapy => radiotherapy_ui(ui, form),
                TreatmentKind::Surgery => name_ui(ui, form, tr!("Operation")),
                TreatmentKind::Stop => name_ui(ui, form, tr!("all drugs")),
                TreatmentKind::Note => name_ui(ui, form, tr!("Text")),
            }
        });
    let command = form.command();
    ui.horizontal(|ui| {
        let missing = command.as_ref().err().copied();
        let add = gated(ui, read_only.or(missing), Button::new(tr!("Add")));
        match command {
            Ok(command) => {
                if add.clicked() {
                    out.push(command);
                    *form = TreatmentForm::default();
                }
            }
            Err(missing) => {
                let begun = !form.date.is_empty();
                let ink = if begun { p.error } else { p.text_weak };
                ui.add(egui::Label::new(RichText::new(missing).size(12.0).color(ink)).wrap());
            }
        }
    });
}

fn name_ui(ui: &mut Ui, form: &mut TreatmentForm, hint: &str) {
    field(ui, tr!("Name"), &mut form.name, hint, WIDE);
    ui.end_row();
}

fn drug_ui(ui: &mut Ui, form: &mut TreatmentForm) {
    field(ui, tr!("Name"), &mut form.name, tr!("Drug"), WIDE);
    label(ui, tr!("Given"));
    let combo = ComboBox::from_id_salt("drug given")
        .width(120.0)
        .selected_text(form.given.name())
        .show_ui(ui, |ui| {
            for given in Given::ALL {
                ui.selectable_value(&mut form.given, given, given.name());
            }
        });
    combo.response.accessible_name(tr!("How the drug is given"));
    ui.end_row();
    let single = matches!(form.given, Given::Once | Given::Repeated);
    let (dose, hint, unit) = if single {
        (tr!("Dose"), tr!("of each"), tr!("mg, mg/m2"))
    } else {
        (tr!("Daily dose"), tr!("if known"), tr!("mg/d"))
    };
    field(ui, dose, &mut form.dose, hint, WIDE);
    field(ui, tr!("Unit"), &mut form.unit, unit, NARROW);
    ui.end_row();
    match form.given {
        Given::Repeated => {
            field(ui, tr!("Every"), &mut form.every, tr!("days"), WIDE);
            field(ui, tr!("Times"), &mut form.times, tr!("number"), NARROW);
            ui.end_row();
        }
        Given::Span => {
            field(ui, tr!("Last day"), &mut form.last, tr!("YYYY-MM-DD"), WIDE);
            ui.end_row();
        }
        Given::Once | Given::Ongoing => {}
    }
}

fn radiotherapy_ui(ui: &mut Ui, form: &mut TreatmentForm) {
    field(ui, tr!("Last day"), &mut form.last, tr!("if known"), WIDE);
    field(ui, tr!("Name"), &mut form.name, tr!("Technique"), NARROW);
    ui.end_row();
    field(ui, tr!("Total, Gy"), &mut form.dose, tr!("if known"), WIDE);
    let hint = tr!("if known");
    field(ui, tr!("Fractions"), &mut form.fractions, hint, NARROW);
    ui.end_row();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drug(given: Given, dose: &str, unit: &str) -> TreatmentForm {
        TreatmentForm {
            date: "2024-05-02".into(),
            given,
            dose: dose.into(),
            unit: unit.into(),
            ..TreatmentForm::default()
        }
    }

    fn entry(form: &TreatmentForm) -> TreatmentEntry {
        match form.command() {
            Ok(Command::AddTreatment { treatment }) => treatment,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_way_of_giving_a_drug_is_told_apart() {
        let once = entry(&drug(Given::Once, "60,5", "mg"));
        assert_eq!(once.date, jiff::civil::date(2024, 5, 2));
        assert_eq!(
            (once.dose, once.schedule),
            (Some(60.5), Some(Schedule::Once))
        );
        let repeated = TreatmentForm {
            every: "21".into(),
            times: " 6".into(),
            ..drug(Given::Repeated, "75", "mg/m2")
        };
        let schedule = Schedule::Repeated {
            every_days: 21,
            times: 6,
        };
        assert_eq!(entry(&repeated).schedule, Some(schedule));
        let span = TreatmentForm {
            last: "2024-05-29".into(),
            ..drug(Given::Span, "", "")
        };
        // 2 May and 29 May are days of treatment both.
        assert_eq!(entry(&span).duration_days, 28.0);
        let ongoing = entry(&drug(Given::Ongoing, "", ""));
        assert_eq!(ongoing.schedule, Some(Schedule::Ongoing));
    }

    #[test]
    fn radiotherapy_has_fractions_between_its_days() {
        let form = |first: &str, last: &str, fractions: &str| TreatmentForm {
            date: first.into(),
            kind: TreatmentKind::Radiotherapy,
            dose: "60".into(),
            last: last.into(),
            fractions: fractions.into(),
            // Typed before the kind was changed.
            every: "21".into(),
            unit: "mg".into(),
            ..TreatmentForm::default()
        };
        let course = entry(&form("2024-05-06", "2024-06-14", "30"));
        assert_eq!((course.dose, course.fractions), (Some(60.0), Some(30)));
        assert_eq!((course.duration_days, &*course.unit), (39.0, "Gy"));
        assert_eq!(course.schedule, None);
        assert_eq!(
            entry(&form("2024-05-06", "2024-05-06", "1")).fractions,
            Some(1)
        );
        for (last, n) in [
            ("2024-05-05", "30"),
            ("2024-05-06", "2"),
            ("2024-05-08", "30"),
            ("2024-06-14", "many"),
            ("2024-06-14", "0"),
        ] {
            assert!(form("2024-05-06", last, n).command().is_err(), "{last} {n}");
        }
    }

    #[test]
    fn wrong_entries_are_named() {
        let wrong = |form: TreatmentForm| assert!(form.command().is_err(), "{form:?}");
        wrong(TreatmentForm {
            date: "2024-13-02".into(),
            ..TreatmentForm::default()
        });
        wrong(drug(Given::Once, "", ""));
        wrong(drug(Given::Once, "60", ""));
        wrong(drug(Given::Once, "much", "mg"));
        wrong(drug(Given::Once, "60", "Gy"));
        wrong(drug(Given::Ongoing, "60", "mg"));
        wrong(drug(Given::Repeated, "60", "mg"));
        wrong(drug(Given::Span, "", ""));
        wrong(TreatmentForm {
            last: "2024-05-01".into(),
            ..drug(Given::Span, "", "")
        });
    }
}
