//! Drafts of a narrative by a language model: asked for, on their way, there. They stay beside the record,
//! which notes that one was made and how; no report takes them.

use std::collections::BTreeMap;

use serde_json::json;

use super::State;
use crate::app::effect::{DraftInput, Effect, Failure, Work};
use crate::app::view::Severity;
use crate::case::{AuditAction, AuditNote, PatientId};
use crate::draft::{Draft, Extent, Found, Offer, Words};
use crate::jobs::{JobId, Lane};
use crate::narrate::FactTable;
use crate::texts::{mark, tr};

/// Name of the job.
const DRAFTING: &str = mark!("Drafting");
/// Name of the job that looks for models; too short to be listed.
pub(in crate::app) const FINDING: &str = mark!("Looking for models");

/// What is known of drafts.
#[derive(Debug, Default)]
pub(in crate::app) struct Drafts {
    /// Models that were found; `None` where nobody looks for any.
    pub(in crate::app) models: Option<Vec<Offer>>,
    /// How much is read and written.
    pub(in crate::app) extent: Extent,
    /// The one that is being written.
    pub(in crate::app) under_way: Option<UnderWay>,
    /// The last one of each patient.
    pub(in crate::app) made: BTreeMap<PatientId, Made>,
}

/// A draft that is being written.
#[derive(Debug)]
pub(in crate::app) struct UnderWay {
    pub(in crate::app) job: JobId,
    pub(in crate::app) patient: PatientId,
    pub(in crate::app) words: Words,
    facts: FactTable,
}

/// How a draft ended.
#[derive(Debug)]
pub(in crate::app) struct Made {
    /// The facts that it was made of.
    pub(in crate::app) facts: FactTable,
    pub(in crate::app) draft: Result<Box<Draft>, Failure>,
}

impl State {
    /// Looks for models anew.
    pub(in crate::app) fn look_for_models(&mut self, effects: &mut Vec<Effect>) {
        // Reading their headers is not to keep images waiting.
        self.start(FINDING, Lane::Model, Work::FindModels, effects);
    }

    pub(super) fn absorb_models(&mut self, found: Option<Vec<Offer>>) {
        self.drafts.models = found;
    }

    pub(super) fn set_draft_extent(&mut self, extent: Extent) {
        self.drafts.extent = extent;
    }

    /// Lets a model write about the shown patient. One draft is written at a time.
    pub(super) fn draft(&mut self, model: Found, effects: &mut Vec<Effect>) {
        let Some(patient) = self.shown else {
            return;
        };
        let summary = self.summary(patient);
        if summary.case.lesions.is_empty() {
            self.refuse(
                tr!("Nothing is measured, so there is nothing to write about"),
                tr!("Drag the longest diameter of a lesion first."),
            );
            return;
        }
        if let Some(before) = self.drafts.under_way.take() {
            self.cancel(before.job);
        }
        self.drafts.made.remove(&patient);
        let words = Words::default();
        let facts = summary.facts.clone();
        let input = DraftInput {
            model,
            facts: facts.clone(),
            views: self.largest_views(patient),
            extent: self.drafts.extent,
            words: words.clone(),
        };
        let work = Work::Draft {
            patient,
            input: Box::new(input),
        };
        let job = self.start(DRAFTING, Lane::Model, work, effects);
        self.drafts.under_way = Some(UnderWay {
            job,
            patient,
            words,
            facts,
        });
    }

    /// Puts the draft of the shown patient away, or stops the one that is being written.
    pub(super) fn drop_draft(&mut self) {
        if let Some(under_way) = self.drafts.under_way.take() {
            self.cancel(under_way.job);
        } else if let Some(patient) = self.shown {
            self.drafts.made.remove(&patient);
        }
    }

    /// Frees the memory of the model that is open.
    pub(super) fn close_model(&mut self, effects: &mut Vec<Effect>) {
        self.start(
            mark!("Closing the model"),
            Lane::Model,
            Work::CloseModel,
            effects,
        );
    }

    pub(super) fn absorb_draft(
        &mut self,
        job: JobId,
        patient: PatientId,
        draft: Result<Box<Draft>, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(under_way) = self.drafts.under_way.take_if(|u| u.job == job) else {
            return;
        };
        if let Ok(draft) = &draft {
            let audit = AuditNote::new("draft.make", AuditAction::E, "patient", patient)
                .of(patient)
                .detail(json!({"provenance": draft.provenance, "text": draft.text}));
            self.note(audit, effects);
        }
        let facts = under_way.facts;
        self.drafts.made.insert(patient, Made { facts, draft });
    }

    /// The last draft about a patient, or why there is none: what happened, and what to do.
    #[must_use]
    pub fn draft_of(&self, patient: PatientId) -> Option<Result<&Draft, (&str, &str)>> {
        let made = self.drafts.made.get(&patient)?;
        let told = made.draft.as_ref().map(Box::as_ref);
        Some(told.map_err(|failure| (&*failure.text, &*failure.hint)))
    }

    /// A job that was to write a draft ended without.
    pub(super) fn forget_draft_job(&mut self, job: JobId, why: &Failure) {
        if let Some(under_way) = self.drafts.under_way.take_if(|u| u.job == job) {
            let made = Made {
                facts: under_way.facts,
                draft: Err(why.clone()),
            };
            self.drafts.made.insert(under_way.patient, made);
        }
    }

    /// Nothing of a patient who is erased stays.
    pub(super) fn forget_drafts_of(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        self.drafts.under_way.take_if(|u| u.patient == patient);
        if self.drafts.made.remove(&patient).is_some() {
            // The model remembers what it has read.
            self.close_model(effects);
        }
    }

    /// Says that a model has been let go.
    pub(super) fn absorb_closed_model(&mut self) {
        self.say(Severity::Info, tr!("The model was closed"), "");
    }
}
