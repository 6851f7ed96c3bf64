//! How PET series are counted, and what a reader states in place of their headers.

use serde_json::json;

use super::State;
use crate::app::effect::{Effect, ReadAs};
use crate::app::view::UptakeView;
use crate::case::{AuditAction, AuditNote, Change, Segmented, Series, SeriesId};
use crate::open::Item;
use crate::texts::tr;
use crate::volume::{IntensityUnit, PetStatement};
use crate::warning::{Warning, WarningCode};

impl State {
    /// Counts a PET series as a reader states, and with it every value that was measured on it. The
    /// masks stay: they were made of the same picture.
    pub(super) fn state_pet(
        &mut self,
        series: SeriesId,
        stated: PetStatement,
        reason: &str,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = self.series(series).cloned() else {
            return;
        };
        let pet = (stated != PetStatement::default()).then_some(stated);
        if pet == record.pet {
            return;
        }
        let Some(item) = self.items.get(&series).cloned() else {
            self.refuse(
                tr!("Nothing was changed: the series is still being read"),
                tr!("Try again when its picture is shown."),
            );
            return;
        };
        let numbers = |s: PetStatement| PetStatement { kind: None, ..s };
        let reason = reason.trim();
        let before = record.pet.unwrap_or_default();
        if reason.is_empty() && numbers(stated) != numbers(before) {
            self.refuse(
                tr!("Nothing was changed: a reason is required"),
                tr!("Say where the numbers are from, for example from the injection record."),
            );
            return;
        }
        let counted = |stated: &PetStatement| -> Result<Item, _> { item.with_pet(stated) };
        let (old, new) = match (counted(&before), counted(&stated)) {
            (Ok(old), Ok(new)) => (old, new),
            (_, Err(refusal)) | (Err(refusal), _) => {
                self.refuse(
                    tr!("Nothing was changed: {reason}", reason = refusal.message),
                    refusal.hint,
                );
                return;
            }
        };
        let factor = match (old.uptake_factor(), new.uptake_factor()) {
            (Some(old), Some(new)) => new / old,
            _ => return,
        };
        // Other volumes of a series over time are of the same patient, weight and injection.
        let volumes: Vec<Series> = self
            .records
            .series
            .iter()
            .filter(|s| s.patient == record.patient && s.fingerprint == record.fingerprint)
            .filter(|s| s.pet == record.pet)
            .cloned()
            .collect();
        let mut changes = Vec::new();
        for volume in volumes {
            changes.push(Change::PutSeries(counted_as(
                &volume,
                new.unit,
                pet,
                &new.warnings,
            )));
            changes.extend(self.rescaled_values(volume.id, factor));
        }
        let title = format!(
            "Count {} in {}",
            self.visit_name(record.time_point),
            new.unit.symbol()
        );
        let note = AuditNote::new("series.uptake", AuditAction::U, "series", series)
            .of(record.patient)
            .step(title)
            .because(reason)
            .detail(json!({"stated": stated, "before": before, "factor": factor}));
        if self.commit(changes, note, effects).is_none() {
            return;
        }
        self.reload_restated(effects);
    }

    /// What was measured on a series, with its values multiplied.
    fn rescaled_values(&self, series: SeriesId, factor: f64) -> Vec<Change> {
        let on_series = |s: &&Segmented| {
            self.annotation(s.annotation)
                .is_some_and(|a| a.series == series)
        };
        self.records
            .segmented
            .iter()
            .filter(on_series)
            .map(|s| {
                let mut segmented = s.clone();
                segmented.measured.values = s.measured.values.map(|v| v.scaled(factor));
                Change::PutSegmented(segmented)
            })
            .collect()
    }

    /// Reads the pixels again of series that were read under another statement, or of another volume,
    /// than now stands; the window goes with the values.
    pub(super) fn reload_restated(&mut self, effects: &mut Vec<Effect>) {
        let read = self
            .images
            .iter()
            .filter_map(|(id, slot)| slot.ready().map(|image| (*id, image.read_as)));
        let stale: Vec<(SeriesId, ReadAs, ReadAs)> = read
            .filter_map(|(id, then)| self.series(id).map(|s| (id, then, ReadAs::of(s))))
            .filter(|(_, then, now)| then != now)
            .collect();
        for (series, then, now) in stale {
            let factor = |read: ReadAs| {
                let item = self.items.get(&series)?;
                let counted = item.with_pet(&read.pet.unwrap_or_default());
                counted.ok()?.uptake_factor()
            };
            if let (Some(window), Some(then), Some(now)) =
                (self.view_of(series).window, factor(then), factor(now))
            {
                let window = window.scaled(now / then);
                self.edit_view(series, effects, |view| view.window = Some(window));
            }
            self.images.remove(&series);
            self.forget_pictures(series);
            self.load_series(series, effects);
        }
    }
}

/// How the values of a series are counted; `None` where it is no PET series or they have no unit.
pub(super) fn view(item: &Item, pet: Option<PetStatement>) -> Option<UptakeView> {
    let stated = pet.unwrap_or_default();
    let header = item.pet_stated()?;
    let counted = item.with_pet(&stated).ok()?;
    Some(UptakeView {
        kind: counted.uptake_kind?,
        stated,
        header,
        decay_reference: counted.uptake?.decay_reference,
    })
}

/// A series counted otherwise. Warnings that this does not concern stay as they are.
pub(super) fn counted_as(
    now: &Series,
    unit: IntensityUnit,
    pet: Option<PetStatement>,
    warnings: &[Warning],
) -> Series {
    let concerns = |w: &&Warning| matches!(w.code, WarningCode::NoSuv | WarningCode::Stated);
    let kept = now.warnings.iter().filter(|w| !concerns(w));
    Series {
        unit,
        pet,
        warnings: kept
            .chain(warnings.iter().filter(concerns))
            .cloned()
            .collect(),
        ..now.clone()
    }
}
