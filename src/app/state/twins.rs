//! Keeping each lesion's twin in step with its measurements.

use std::sync::Arc;

use serde_json::json;

use super::{Slot, State};
use crate::app::effect::{Effect, Work};
use crate::app::twin_input;
use crate::case::{AuditAction, AuditNote, Change, LesionId, PatientId, PriorChoice};
use crate::jobs::Lane;
use crate::texts::mark;
use crate::twin::PriorSet;

impl State {
    /// Notes that a lesion's twin is of older data than the record. Under treatment the twins of a
    /// patient are joined, so that the others are then stale too.
    pub(super) fn twin_is_stale(&mut self, lesion: LesionId) {
        self.mark_stale(lesion);
        let Some(patient) = self.lesion(lesion).map(|l| l.patient) else {
            return;
        };
        if self.records.treatments.iter().any(|t| t.patient == patient) {
            self.stale_all_twins(patient);
        }
    }

    pub(super) fn stale_all_twins(&mut self, patient: PatientId) {
        let lesions: Vec<LesionId> = self.lesions_of(patient).map(|l| l.id).collect();
        for lesion in lesions {
            self.mark_stale(lesion);
        }
    }

    fn mark_stale(&mut self, lesion: LesionId) {
        if !self.stale_twins.contains(&lesion) {
            self.stale_twins.push(lesion);
        }
    }

    /// Starts fitting every stale twin whose lesion has no gesture waiting for its mask.
    pub(super) fn refresh_twins(&mut self, effects: &mut Vec<Effect>) {
        for lesion in std::mem::take(&mut self.stale_twins) {
            if self.has_pending_mask(lesion) {
                self.stale_twins.push(lesion);
                continue;
            }
            if let Some(Slot::Waiting(job)) = self.twins.get(&lesion) {
                self.cancel(*job);
            }
            match twin_input::gather(self, lesion) {
                Some(input) => {
                    let work = Work::Twin {
                        lesion,
                        input: Box::new(input),
                    };
                    let job = self.start(mark!("Fitting the twin"), Lane::Cpu, work, effects);
                    self.twins.insert(lesion, Slot::Waiting(job));
                }
                None => {
                    self.twins.remove(&lesion);
                }
            }
        }
    }

    /// Enters a fit into the audit trail, each once per session.
    pub(super) fn note_fit(
        &mut self,
        lesion: LesionId,
        twin: &twin_input::TwinResult,
        effects: &mut Vec<Effect>,
    ) {
        let Some(patient) = self.lesion(lesion).map(|l| l.patient) else {
            return;
        };
        let key = twin.key.map(|k| k.to_string()).unwrap_or_default();
        if !self.noted_fits.insert((lesion, key.clone())) {
            return;
        }
        let weights: Vec<_> = twin
            .fit
            .models
            .iter()
            .map(|m| json!({"model": m.model.name(), "weight": m.weight}))
            .collect();
        let note = AuditNote::new("twin.fit", AuditAction::E, "lesion", lesion)
            .of(patient)
            .made_by(&*twin.fit.version)
            .detail(json!({
                "stage_key": key, "seed": twin.fit.seed, "prior": twin.fit.prior.name(),
                "models": weights,
            }));
        self.note(note, effects);
    }

    /// All lesions of the shown patient are fitted anew with these priors.
    pub(super) fn choose_prior(&mut self, prior: PriorSet, effects: &mut Vec<Effect>) {
        let Some(patient) = self.shown else { return };
        if twin_input::prior(self, patient) == prior {
            return;
        }
        let audit = AuditNote::new("prior.choose", AuditAction::U, "patient", patient)
            .of(patient)
            .step(format!("Fit with priors {}", prior.name()))
            .detail(json!({"prior": prior.name()}));
        let change = Change::PutPrior(PriorChoice { patient, prior });
        if self.commit(vec![change], audit, effects).is_some() {
            self.stale_all_twins(patient);
            self.refresh_twins(effects);
        }
    }

    pub(super) fn has_pending_mask(&self, lesion: LesionId) -> bool {
        self.records
            .annotations
            .iter()
            .filter(|a| a.lesion == lesion)
            .any(|a| {
                // Sizes that were entered and calipers have no mask to come.
                !a.marking.steps.is_empty()
                    && self.segmented(a.id).is_none()
                    && !matches!(self.masks.get(&a.id), Some(Slot::Failed(_)))
                    && self.signature_on(a).is_none()
            })
    }

    pub(in crate::app) fn twin(&self, lesion: LesionId) -> Option<&Arc<twin_input::TwinResult>> {
        self.twins.get(&lesion).and_then(Slot::ready)
    }
}
