//! Keeping the forecast of the sum of diameters in step with the record.

use std::sync::Arc;

use serde_json::json;

use super::{Slot, State};
use crate::app::effect::{Effect, Failure, Work};
use crate::app::sum_input::{self, SumInput, SumResult};
use crate::case::{AuditAction, AuditNote, LesionRole, PatientId};
use crate::jobs::{JobId, Lane};
use crate::texts::mark;

/// The forecast of the shown patient.
#[derive(Debug, Default)]
pub(super) struct Sum {
    /// Patient and revision that were looked at last.
    seen: Option<(PatientId, u64)>,
    /// What is, or is being, worked out.
    of: Option<(PatientId, Arc<SumInput>)>,
    slot: Option<Slot<Arc<SumResult>>>,
}

impl Sum {
    /// The job that is at it.
    pub(super) fn job(&self) -> Option<JobId> {
        self.slot.as_ref().and_then(Slot::job)
    }
}

impl State {
    /// Starts a forecast of the sum where what it is made of has changed and no gesture waits for its
    /// mask.
    pub(super) fn refresh_sum(&mut self, effects: &mut Vec<Effect>) {
        let Some(patient) = self.shown else {
            // Nothing of a patient stays who is not looked at.
            if let Some(job) = std::mem::take(&mut self.sum).job() {
                self.cancel(job);
            }
            return;
        };
        let now = Some((patient, self.revision));
        let is_waiting = || {
            self.lesions_of(patient)
                .filter(|l| l.role == LesionRole::Target)
                .any(|l| self.has_pending_mask(l.id))
        };
        if self.sum.seen == now || is_waiting() {
            return;
        }
        self.sum.seen = now;
        let input = sum_input::gather(self, patient);
        let is_same = match (&self.sum.of, &input) {
            (Some((of, known)), Some(input)) => *of == patient && **known == *input,
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return;
        }
        if let Some(job) = self.sum.job() {
            self.cancel(job);
        }
        self.sum.of = None;
        self.sum.slot = None;
        if let Some(input) = input.map(Arc::new) {
            self.sum.of = Some((patient, Arc::clone(&input)));
            let work = Work::Sum { patient, input };
            let name = mark!("Forecasting the sum of diameters");
            let job = self.start(name, Lane::Cpu, work, effects);
            self.sum.slot = Some(Slot::Waiting(job));
        }
    }

    pub(super) fn absorb_sum(
        &mut self,
        job: JobId,
        patient: PatientId,
        sum: Result<Box<SumResult>, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        if self.sum.job() != Some(job) {
            return;
        }
        self.sum.slot = Some(match sum {
            Ok(sum) => {
                self.note_sum(patient, &sum, effects);
                Slot::Ready(Arc::new(*sum))
            }
            Err(failure) => Slot::Failed(failure),
        });
        self.revision += 1;
    }

    /// A forecast ended without an answer.
    pub(super) fn forget_sum_job(&mut self, job: JobId, why: &Failure) {
        if self.sum.job() == Some(job) {
            self.sum.slot = Some(Slot::Failed(why.clone()));
        }
    }

    /// Enters a forecast into the audit trail, each once per session.
    fn note_sum(&mut self, patient: PatientId, sum: &SumResult, effects: &mut Vec<Effect>) {
        let key = sum.key.map(|k| k.to_string()).unwrap_or_default();
        if sum.outlook.is_err() || !self.noted_sums.insert((patient, key.clone())) {
            return;
        }
        let note = AuditNote::new("twin.sum", AuditAction::E, "patient", patient)
            .of(patient)
            .made_by(crate::twin::VERSION)
            .detail(json!({
                "stage_key": key, "targets": sum.targets.len(), "seed": sum.seed,
                "prior": sum.prior.name(),
            }));
        self.note(note, effects);
    }

    /// The forecast of a patient's sum, with its state.
    pub(in crate::app) fn sum_slot(&self, patient: PatientId) -> Option<&Slot<Arc<SumResult>>> {
        let of = self.sum.of.as_ref().map(|(of, _)| *of);
        self.sum.slot.as_ref().filter(|_| of == Some(patient))
    }

    /// The forecast of a patient's sum, once it is there.
    pub(in crate::app) fn sum_of_targets(&self, patient: PatientId) -> Option<&Arc<SumResult>> {
        self.sum_slot(patient).and_then(Slot::ready)
    }
}
