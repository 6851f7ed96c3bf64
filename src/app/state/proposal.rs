//! What a gesture has made, before a reader goes on: live preview, accepting and rejecting, and slices
//! that are to be looked at.

use std::sync::Arc;

use serde_json::{Value, json};

use super::offer::Offer;
use super::{Slot, State};
use crate::app::effect::{Effect, Failure, Work};
use crate::case::{
    AnnotationId, AuditAction, AuditNote, Change, LesionId, MaskStep, PatientId, SeriesId,
};
use crate::jobs::{JobId, Lane};
use crate::texts::{mark, tr};
use crate::volume::Mask;

/// Name of the job that makes a preview; it comes and goes too often to be listed.
pub(in crate::app) const PREVIEWING: &str = mark!("Previewing");

/// What the gesture under way would give.
#[derive(Debug)]
pub(super) struct Preview {
    series: SeriesId,
    lesion: Option<LesionId>,
    job: Option<JobId>,
    /// Where the gesture is by now, while an earlier place of it is worked on.
    next: Option<MaskStep>,
    mask: Option<Arc<Mask>>,
}

/// What was made of the last gesture.
#[derive(Debug)]
pub(in crate::app) struct Proposal {
    pub(in crate::app) annotation: AnnotationId,
    /// Shown until the mask is there: the mask that is corrected, or the last preview.
    pub(super) meanwhile: Option<Arc<Mask>>,
    /// What may be better than that.
    pub(in crate::app) offer: Option<Offer>,
}

impl State {
    /// Shows what the gesture under way would give; nothing is committed.
    pub(super) fn preview(
        &mut self,
        series: SeriesId,
        lesion: Option<LesionId>,
        step: MaskStep,
        effects: &mut Vec<Effect>,
    ) {
        let running = self.preview.as_mut().filter(|p| p.series == series);
        if let Some(preview) = running.filter(|p| p.job.is_some()) {
            preview.next = Some(step);
            return;
        }
        let before = self.preview.take().filter(|p| p.series == series);
        let mask = before.and_then(|p| p.mask);
        let job = self.start_preview(series, lesion, step, effects);
        self.preview = job.map(|job| Preview {
            series,
            lesion,
            job: Some(job),
            next: None,
            mask,
        });
    }

    fn start_preview(
        &mut self,
        series: SeriesId,
        lesion: Option<LesionId>,
        step: MaskStep,
        effects: &mut Vec<Effect>,
    ) -> Option<JobId> {
        if !step.is_usable() || self.read_only.is_some() {
            return None;
        }
        let volume = Arc::clone(&self.images.get(&series).and_then(Slot::ready)?.volume);
        let target = self.target(series, lesion, step.points(), step.adds())?;
        let (steps, previous) = match self.to_correct(&target, series, &step) {
            Some(old) => {
                let previous = self.previous(old.id)?;
                (old.marking.steps, Some(previous))
            }
            None if step.adds() => (Vec::new(), None),
            None => return None,
        };
        let steps = steps.into_iter().chain([step]).collect();
        let work = Work::Preview {
            steps,
            previous,
            volume,
        };
        Some(self.start(PREVIEWING, Lane::Gesture, work, effects))
    }

    pub(super) fn absorb_preview(
        &mut self,
        job: JobId,
        made: Result<Arc<Mask>, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(preview) = self.preview.as_mut().filter(|p| p.job == Some(job)) else {
            return;
        };
        preview.job = None;
        // What is refused on the way may yet become a usable gesture.
        preview.mask = made.ok();
        let (series, lesion) = (preview.series, preview.lesion);
        if let Some(step) = preview.next.take() {
            let job = self.start_preview(series, lesion, step, effects);
            if let Some(preview) = &mut self.preview {
                preview.job = job;
            }
        }
    }

    pub(super) fn forget_preview_job(&mut self, job: JobId) {
        if let Some(preview) = self.preview.as_mut().filter(|p| p.job == Some(job)) {
            preview.job = None;
        }
    }

    /// The gesture is called off, or committed.
    pub(super) fn end_preview(&mut self) -> Option<Arc<Mask>> {
        let preview = self.preview.take()?;
        if let Some(job) = preview.job {
            self.cancel(job);
        }
        preview.mask
    }

    /// The mask that the gesture under way would give on a series.
    pub(in crate::app) fn previewed(
        &self,
        series: SeriesId,
    ) -> Option<(Option<LesionId>, &Arc<Mask>)> {
        let preview = self.preview.as_ref().filter(|p| p.series == series)?;
        Some((preview.lesion, preview.mask.as_ref()?))
    }

    /// The mask of a mark as it is shown: while a correction is worked on, what is corrected.
    pub(in crate::app) fn mask_shown(&self, annotation: AnnotationId) -> Option<&Arc<Mask>> {
        let meanwhile = || {
            let proposal = self.proposal.as_ref();
            proposal
                .filter(|p| p.annotation == annotation)?
                .meanwhile
                .as_ref()
        };
        match self.masks.get(&annotation) {
            Some(Slot::Ready(mask)) => Some(mask),
            Some(Slot::Waiting(_)) => meanwhile(),
            Some(Slot::Failed(_)) | None => None,
        }
    }

    /// Lets a reader accept or reject what comes of a gesture that was just committed.
    pub(super) fn propose(&mut self, annotation: AnnotationId, shown: Option<Arc<Mask>>) {
        self.end_proposal();
        self.proposal = Some(Proposal {
            annotation,
            meanwhile: self.previewed_last.take().or(shown),
            offer: None,
        });
    }

    /// What was made stays; says so in the trail.
    pub(super) fn accept(&mut self, effects: &mut Vec<Effect>) {
        let pending =
            |p: &mut Proposal| matches!(self.masks.get(&p.annotation), Some(Slot::Waiting(_)));
        // Nobody accepts what is not there to be seen.
        let Some(proposal) = self.proposal.take_if(|p| !pending(p)) else {
            return;
        };
        self.call_off(&proposal);
        let Some((patient, lesion)) = self.whose(proposal.annotation) else {
            return;
        };
        let id = proposal.annotation;
        let audit = AuditNote::new("annotation.accept", AuditAction::E, "annotation", id)
            .of(patient)
            .detail(json!({"lesion": lesion}));
        self.note(audit, effects);
    }

    /// What was made goes, and what stood before comes back; the attempt stays in the trail.
    pub(super) fn reject(&mut self, effects: &mut Vec<Effect>) {
        let Some(proposal) = self.proposal.take() else {
            self.refuse(
                tr!("There is nothing to reject"),
                tr!("What was gone on from is accepted; undo takes it back."),
            );
            return;
        };
        self.call_off(&proposal);
        if !self.take_back(proposal.annotation, "annotation.reject", effects) {
            self.refuse(
                tr!("Other steps were taken since, so this one cannot be rejected alone"),
                tr!("Undo them first, or remove the mark."),
            );
        }
    }

    /// Takes the step that made a mark back: as an undoing where it is the last one, else as a step of
    /// its own where it corrected another mark. Returns whether it could.
    pub(super) fn take_back(
        &mut self,
        annotation: AnnotationId,
        event: &'static str,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some((patient, _)) = self.whose(annotation) else {
            return false;
        };
        let made = Change::RemoveAnnotation(annotation);
        let steps = self.histories.get(&patient).map_or(&[][..], |h| h.done());
        let found = steps.iter().rev().enumerate().find_map(|(n, step)| {
            let back = step.changes_back().ok()?;
            back.contains(&made)
                .then(|| (n == 0, step.title.clone(), back))
        });
        match found {
            Some((true, ..)) => self.undo_as(patient, event, effects),
            // Only a correction has something to bring back; lesions stay, others may have marks.
            Some((false, title, mut back)) => {
                back.retain(|c| !matches!(c, Change::RemoveLesion(_)));
                if !back.iter().any(|c| matches!(c, Change::PutAnnotation(_))) {
                    return false;
                }
                let audit = AuditNote::new(event, AuditAction::U, "annotation", annotation)
                    .of(patient)
                    .step(format!("Take back: {title}"));
                let taken = self.commit(back.clone(), audit, effects).is_some();
                if taken {
                    self.follow(patient, &back, effects);
                }
                taken
            }
            None => false,
        }
    }

    fn whose(&self, annotation: AnnotationId) -> Option<(PatientId, LesionId)> {
        let lesion = self.annotation(annotation)?.lesion;
        Some((self.lesion(lesion)?.patient, lesion))
    }

    /// Slices of a mark's mask that were filled from their neighbours and not looked at yet.
    pub(in crate::app) fn unseen_slices(&self, annotation: AnnotationId) -> Vec<usize> {
        let Some(segmented) = self
            .segmented(annotation)
            .filter(|s| !s.propagated.is_empty())
        else {
            return Vec::new();
        };
        let seen = self.seen(annotation);
        let mut unseen = segmented.propagated.clone();
        unseen.retain(|k| !seen.contains(k));
        unseen
    }

    /// Slices of a mark's mask that were looked at.
    pub(super) fn seen(&self, annotation: AnnotationId) -> Vec<usize> {
        let key = seen_key(annotation);
        self.records.setting(&key).unwrap_or_default()
    }

    /// What was seen of a mask is seen of the one that takes its place.
    pub(super) fn remember_seen(
        &mut self,
        annotation: AnnotationId,
        seen: Vec<usize>,
        effects: &mut Vec<Effect>,
    ) {
        if !seen.is_empty() {
            let setting = Change::PutSetting(seen_key(annotation), json!(seen));
            self.commit_unaudited(setting, effects);
        }
    }

    /// Keys of the settings that remember what was looked at of a patient's masks.
    pub(super) fn seen_keys(&self, patient: PatientId) -> impl Iterator<Item = String> {
        let marks = self.records.annotations.iter();
        let own =
            marks.filter(move |a| self.lesion(a.lesion).is_some_and(|l| l.patient == patient));
        own.map(|a| seen_key(a.id))
            .filter(|key| self.records.setting::<Value>(key).is_some())
    }

    /// A slice of a series was on screen: its propagated masks are seen.
    pub(super) fn note_seen(&mut self, series: SeriesId, slice: usize, effects: &mut Vec<Effect>) {
        let visit = self.series(series).map(|s| (s.patient, s.time_point));
        let is_shown = visit.is_some_and(|(patient, visit)| {
            self.shown == Some(patient) && self.series_shown_in(visit) == Some(series)
        });
        if !is_shown {
            return;
        }
        let marks: Vec<AnnotationId> = self
            .records
            .annotations
            .iter()
            .filter(|a| a.series == series && matches!(self.masks.get(&a.id), Some(Slot::Ready(_))))
            .map(|a| a.id)
            .collect();
        for annotation in marks {
            if self.unseen_slices(annotation).contains(&slice) {
                let mut seen = self.seen(annotation);
                seen.push(slice);
                self.remember_seen(annotation, seen, effects);
            }
        }
    }
}

/// Key of the setting that remembers which slices of a mask were looked at.
fn seen_key(annotation: AnnotationId) -> String {
    format!("seen_slices {annotation}")
}
