//! Drafts of a narrative by a language model, and descriptions of images: asked for, on their way, there. They stay
//! beside the record, which notes that one was made and how; no report takes them.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Image, Slot, State};
use crate::app::effect::{DraftInput, Effect, Failure, ShownSlice, Work};
use crate::app::view::Severity;
use crate::case::{AuditAction, AuditNote, PatientId, SeriesId};
use crate::draft::{Draft, Extent, Found, Offer, Resources, Task, Words};
use crate::jobs::{JobId, Lane};
use crate::narrate::FactTable;
use crate::texts::{mark, tr};

/// Name of the job.
const DRAFTING: &str = mark!("Drafting");
/// Name of the job that describes an image.
const DESCRIBING: &str = mark!("Describing an image");
/// Name of the job that looks for models; too short to be listed.
pub(in crate::app) const FINDING: &str = mark!("Looking for models");

/// What is known of drafts.
#[derive(Debug, Default)]
pub(in crate::app) struct Drafts {
    /// Models that were found; `None` where nobody looks for any.
    pub(in crate::app) models: Option<Vec<Offer>>,
    /// What the machine has for them.
    pub(in crate::app) resources: Option<Resources>,
    /// How much is read and written.
    pub(in crate::app) extent: Extent,
    /// Descriptions of images are offered.
    pub(in crate::app) offers_descriptions: bool,
    /// The one that is being written.
    pub(in crate::app) under_way: Option<UnderWay>,
    /// The last draft of each patient.
    pub(in crate::app) made: BTreeMap<PatientId, Made>,
    /// The last description of an image of each patient.
    pub(in crate::app) described: BTreeMap<PatientId, Made>,
}

/// What something is written about.
#[derive(Clone, Debug)]
pub(in crate::app) enum About {
    /// The facts of the case.
    Case(FactTable),
    /// A slice of a series, with the name that readers know.
    Image {
        title: String,
        series: SeriesId,
        slice: usize,
    },
}

/// A draft that is being written.
#[derive(Debug)]
pub(in crate::app) struct UnderWay {
    pub(in crate::app) job: JobId,
    pub(in crate::app) patient: PatientId,
    pub(in crate::app) words: Words,
    pub(in crate::app) about: About,
}

/// How a draft ended.
#[derive(Debug)]
pub(in crate::app) struct Made {
    /// What it was made of.
    pub(in crate::app) about: About,
    pub(in crate::app) draft: Result<Box<Draft>, Failure>,
}

impl Drafts {
    fn ended(&mut self, about: &About) -> &mut BTreeMap<PatientId, Made> {
        match about {
            About::Case(_) => &mut self.made,
            About::Image { .. } => &mut self.described,
        }
    }

    fn put(&mut self, under_way: UnderWay, draft: Result<Box<Draft>, Failure>) {
        let UnderWay { about, patient, .. } = under_way;
        self.ended(&about).insert(patient, Made { about, draft });
    }
}

impl State {
    /// Looks for models anew.
    pub(in crate::app) fn look_for_models(&mut self, effects: &mut Vec<Effect>) {
        // Reading their headers is not to keep images waiting.
        self.start(FINDING, Lane::Model, Work::FindModels, effects);
    }

    pub(super) fn absorb_models(&mut self, found: Option<(Vec<Offer>, Resources)>) {
        let (models, resources) = found.unzip();
        self.drafts.models = models;
        self.drafts.resources = resources;
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
        let facts = summary.facts.clone();
        let slices = self
            .largest_views(patient)
            .into_iter()
            .map(|view| ShownSlice {
                slice: view.measured.axis_slice,
                volume: view.volume,
                window: view.window,
            });
        let (slices, task) = (slices.collect(), Task::Narrative(facts.clone()));
        self.write(model, patient, About::Case(facts), task, slices, effects);
    }

    /// Lets a model say what it sees on the slice of a series that is shown.
    pub(super) fn describe(&mut self, model: Found, series: SeriesId, effects: &mut Vec<Effect>) {
        let image = self.images.get(&series).and_then(Slot::ready);
        let (Some(patient), Some(Image { volume, window, .. })) = (self.shown, image) else {
            self.refuse(tr!("This image is not loaded"), "");
            return;
        };
        let view = self.view_of(series);
        let window = view.window.unwrap_or(*window);
        let slice = view.slice.min(volume.grid().shape()[2] - 1);
        let record = self.series(series);
        let modality = record.map_or("", |s| s.modality.code()).to_owned();
        let shown = ShownSlice {
            volume: volume.clone(),
            slice,
            window,
        };
        let visit = record.map(|s| self.visit_title(s.time_point));
        let about = About::Image {
            title: tr!(
                "{visit}, slice {n}",
                visit = visit.unwrap_or_default(),
                n = slice + 1
            ),
            series,
            slice,
        };
        let task = Task::Description(modality);
        self.write(model, patient, about, task, vec![shown], effects);
    }

    /// Starts to write; what is being written is given up.
    fn write(
        &mut self,
        model: Found,
        patient: PatientId,
        about: About,
        task: Task,
        slices: Vec<ShownSlice>,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(before) = self.drafts.under_way.take() {
            self.cancel(before.job);
        }
        self.drafts.ended(&about).remove(&patient);
        let words = Words::default();
        let name = match &about {
            About::Case(_) => DRAFTING,
            About::Image { .. } => DESCRIBING,
        };
        let input = DraftInput {
            model,
            task,
            slices,
            extent: self.drafts.extent,
            words: words.clone(),
        };
        let work = Work::Draft {
            patient,
            input: Box::new(input),
        };
        let job = self.start(name, Lane::Model, work, effects);
        self.drafts.under_way = Some(UnderWay {
            job,
            patient,
            words,
            about,
        });
    }

    /// Puts the draft of the shown patient away, or stops the one that is being written.
    pub(super) fn drop_draft(&mut self) {
        if !self.stop_writing(|about| matches!(about, About::Case(_)))
            && let Some(patient) = self.shown
        {
            self.drafts.made.remove(&patient);
        }
    }

    /// The same with the description of an image.
    pub(super) fn drop_description(&mut self) {
        if !self.stop_writing(|about| matches!(about, About::Image { .. }))
            && let Some(patient) = self.shown
        {
            self.drafts.described.remove(&patient);
        }
    }

    fn stop_writing(&mut self, is_it: impl Fn(&About) -> bool) -> bool {
        let under_way = self.drafts.under_way.take_if(|u| is_it(&u.about));
        let stopped = under_way.map(|under_way| self.cancel(under_way.job));
        stopped.is_some()
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
        // What is open, and what is free, are others now, also where the draft was given up.
        self.look_for_models(effects);
        let Some(under_way) = self.drafts.under_way.take_if(|u| u.job == job) else {
            return;
        };
        if let Ok(draft) = &draft {
            let (what, mut detail) = match &under_way.about {
                About::Case(_) => ("draft.make", json!({})),
                About::Image { series, slice, .. } => {
                    ("image.describe", json!({"series": series, "slice": slice}))
                }
            };
            // The trail is never erased, so that it holds no free text: the hash of these words, not the words.
            detail["provenance"] = json!(draft.provenance);
            let audit = AuditNote::new(what, AuditAction::E, "patient", patient).of(patient);
            self.note(audit.detail(detail), effects);
        }
        self.drafts.put(under_way, draft);
    }

    /// The last draft about a patient, or why there is none: what happened, and what to do.
    #[must_use]
    pub fn draft_of(&self, patient: PatientId) -> Option<Result<&Draft, (&str, &str)>> {
        told(self.drafts.made.get(&patient)?)
    }

    /// The last description of an image of a patient, or why there is none.
    #[must_use]
    pub fn description_of(&self, patient: PatientId) -> Option<Result<&Draft, (&str, &str)>> {
        told(self.drafts.described.get(&patient)?)
    }

    /// A job that was to write a draft ended without.
    pub(super) fn forget_draft_job(&mut self, job: JobId, why: &Failure) {
        if let Some(under_way) = self.drafts.under_way.take_if(|u| u.job == job) {
            self.drafts.put(under_way, Err(why.clone()));
        }
    }

    /// Nothing of a patient who is erased stays.
    pub(super) fn forget_drafts_of(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        self.drafts.under_way.take_if(|u| u.patient == patient);
        self.drafts.made.remove(&patient);
        self.drafts.described.remove(&patient);
        // A model remembers what it has read, whether anything came of that or not.
        if self.drafts.models.is_some() {
            self.close_model(effects);
        }
    }

    /// Says that a model has been let go.
    pub(super) fn absorb_closed_model(&mut self, was_open: bool, effects: &mut Vec<Effect>) {
        if was_open {
            self.say(Severity::Info, tr!("The model was closed"), "");
        }
        self.look_for_models(effects);
    }
}

fn told(made: &Made) -> Option<Result<&Draft, (&str, &str)>> {
    let told = made.draft.as_ref().map(Box::as_ref);
    Some(told.map_err(|failure| (&*failure.text, &*failure.hint)))
}
