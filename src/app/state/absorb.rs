//! Taking in the answers of jobs. An answer that nobody waits for any more is dropped.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::planes::no_planes;
use super::{Image, Running, Slot, State, uptake};
use crate::app::effect::{Answer, Effect, Exported, Failure, JobResult, Loaded, MadeMask, ReadAs};
use crate::app::twin_input::TwinResult;
use crate::app::view::Severity;
use crate::case::{
    AnnotationId, AuditAction, AuditNote, Change, DeltaRef, LesionId, MaskStep, Outcome, Segmented,
    SeriesId,
};
use crate::jobs::JobId;
use crate::reformat::across;
use crate::segment::{self, Prompt};
use crate::texts::{self, tr};

impl State {
    pub(super) fn absorb_job(
        &mut self,
        job: JobId,
        running: Option<&Running>,
        result: JobResult,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        match result {
            JobResult::Done(answer) => self.absorb_answer(job, answer, now, effects),
            JobResult::Cancelled => {
                let failure = Failure::new(tr!("Cancelled"));
                let mark = self.mark_awaiting(job);
                self.forget_job(job, &failure);
                self.without_mask(mark, failure, effects);
            }
            JobResult::Panicked(message) => {
                let name = running.map_or(tr!("A job"), |r| texts::text(r.name));
                let failure = Failure {
                    text: tr!(
                        "{name} failed through a defect of the program: {message}",
                        name,
                        message
                    ),
                    hint: tr!("Nothing saved was lost. Please report this.").to_owned(),
                };
                self.say_failure(&failure);
                let mark = self.mark_awaiting(job);
                self.forget_job(job, &failure);
                self.without_mask(mark, failure, effects);
            }
        }
    }

    /// The mark whose mask a job makes.
    fn mark_awaiting(&self, job: JobId) -> Option<AnnotationId> {
        let awaited = |slot: &Slot<_>| matches!(slot, Slot::Waiting(waiting) if *waiting == job);
        let mut slots = self.masks.iter();
        let (mark, _) =
            slots.find(|(mark, slot)| awaited(slot) && self.segmented(**mark).is_none())?;
        Some(*mark)
    }

    /// A job that was to make a mask ended without.
    fn without_mask(
        &mut self,
        mark: Option<AnnotationId>,
        failure: Failure,
        effects: &mut Vec<Effect>,
    ) {
        let lone = |id: &AnnotationId| {
            self.annotation(*id)
                .is_some_and(|a| a.marking.lone_drag().is_some())
        };
        // A diameter stands without a mask, which its cell says.
        if let Some(mark) = mark.filter(|id| !lone(id)) {
            self.no_mask(mark, failure, effects);
        }
    }

    /// Whoever waited for this job waits no longer.
    fn forget_job(&mut self, job: JobId, why: &Failure) {
        fn fail<K, T>(
            slots: &mut std::collections::BTreeMap<K, Slot<T>>,
            job: JobId,
            why: &Failure,
        ) {
            for slot in slots.values_mut() {
                if matches!(slot, Slot::Waiting(waiting) if *waiting == job) {
                    *slot = Slot::Failed(why.clone());
                }
            }
        }
        fail(&mut self.images, job, why);
        fail(&mut self.masks, job, why);
        fail(&mut self.twins, job, why);
        self.forget_sum_job(job, why);
        self.forget_preview_job(job);
        self.forget_version_job(job, why);
        self.forget_trace_job(job);
        self.forget_check_job(job);
        self.forget_thumbnail_job(job);
        self.forget_surface_job(job);
        self.forget_slab_job(job);
        self.forget_draft_job(job, why);
        self.absorb_division(job, None);
        self.forget_files_job(job, why);
        self.forget_registration_job(job);
        for history in self.histories.values_mut().filter(|h| h.awaits(job)) {
            history.fail();
        }
    }

    fn absorb_answer(
        &mut self,
        job: JobId,
        answer: Answer,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        match answer {
            Answer::Scanned(scanned) => match scanned {
                Ok(scanned) => {
                    self.files_ended(job, None);
                    self.import(scanned, None, now, effects);
                }
                // Somebody stopped it; what was found so far stays in the list.
                Err(refusal) if refusal.code == "E-CANCELLED" => self.files_ended(job, None),
                Err(refusal) => {
                    let place = match &*refusal.place {
                        "" => String::new(),
                        place => format!(" ({place})"),
                    };
                    self.say(
                        Severity::Error,
                        format!("{}: {}{place}", refusal.code, refusal.message),
                        &*refusal.hint,
                    );
                    self.files_ended(job, Some(refusal));
                }
            },
            Answer::Joined(visit, joined) => self.absorb_joined(visit, joined, now, effects),
            Answer::Picture(read) => self.absorb_picture(job, read),
            Answer::Thumbnail(made) => self.absorb_thumbnail(job, made),
            Answer::Header(read) => self.absorb_header(job, read),
            Answer::Loaded(series, loaded) => self.absorb_image(job, series, loaded, effects),
            Answer::Registered(series, found) => {
                self.absorb_registration(job, series, found, effects);
            }
            Answer::Segmented(annotation, made) => self.absorb_mask(job, annotation, made, effects),
            Answer::Checked(checked) => self.absorb_check(job, checked, effects),
            Answer::Divided(divided) => self.absorb_division(job, divided),
            Answer::Previewed(made) => self.absorb_preview(job, made, effects),
            Answer::MaskLoaded(annotation, mask) => {
                if self.awaits(self.masks.get(&annotation), job) {
                    let slot = match mask {
                        Ok(mask) => Slot::Ready(mask),
                        Err(failure) => {
                            self.say_failure(&failure);
                            Slot::Failed(failure)
                        }
                    };
                    self.masks.insert(annotation, slot);
                }
            }
            Answer::Versions(read) => self.absorb_versions(job, read),
            Answer::DatabaseChecked(found) => self.absorb_soundness(found),
            Answer::Traced(read) => self.absorb_trace(job, read),
            Answer::Layered(values) => self.absorb_slab(job, values),
            Answer::Surfaced(made) => self.absorb_surface(job, made),
            Answer::Compared(made) => self.absorb_comparison(job, made),
            Answer::History(patient, steps) => self.absorb_history(job, patient, steps),
            Answer::Twin(lesion, twin) => self.absorb_twin(job, lesion, twin, effects),
            Answer::Sum(patient, sum) => self.absorb_sum(job, patient, sum, effects),
            Answer::Models(found) => self.absorb_models(found),
            Answer::Drafted(patient, draft) => self.absorb_draft(job, patient, draft, effects),
            Answer::ModelClosed(was_open) => self.absorb_closed_model(was_open, effects),
            Answer::Exported(Ok(exported)) => self.absorb_export(exported, effects),
            Answer::Exported(Err(failure)) => self.say_failure(&failure),
        }
    }

    fn awaits<T>(&self, slot: Option<&Slot<T>>, job: JobId) -> bool {
        matches!(slot, Some(Slot::Waiting(waiting)) if *waiting == job)
    }

    fn absorb_image(
        &mut self,
        job: JobId,
        series: SeriesId,
        loaded: Result<Loaded, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        if !self.awaits(self.images.get(&series), job) {
            return;
        }
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(failure) => {
                let waiting: Vec<AnnotationId> = self.unsegmented_on(series).collect();
                for annotation in waiting {
                    self.masks.insert(annotation, Slot::Failed(failure.clone()));
                }
                self.images.insert(series, Slot::Failed(failure));
                self.refresh_twins(effects);
                return;
            }
        };
        // What was asked for may have changed while it was read.
        if self
            .series(series)
            .is_some_and(|s| ReadAs::of(s) != loaded.read_as)
        {
            self.items.insert(series, loaded.item);
            self.images.remove(&series);
            self.load_series(series, effects);
            return;
        }
        self.compare_originals(series, &loaded.fingerprint, effects);
        self.forget_pictures(series);
        let grid = loaded.volume.grid();
        let image = Image {
            across: no_planes(grid).is_none().then(|| across(grid)),
            volume: loaded.volume,
            window: loaded.window,
            read_as: loaded.read_as,
            uptake: uptake::view(&loaded.item, loaded.read_as.pet).map(Arc::new),
        };
        self.items.insert(series, loaded.item);
        self.images.insert(series, Slot::Ready(image));
        self.begin_with_window(series, effects);
        self.complete_masks(series, effects);
    }

    fn absorb_mask(
        &mut self,
        job: JobId,
        annotation: AnnotationId,
        made: Result<MadeMask, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        let Some((lesion, series)) = self.annotation(annotation).map(|a| (a.lesion, a.series))
        else {
            return;
        };
        let Some((patient, time_point, fingerprint, frame)) = self.series(series).map(|s| {
            (
                s.patient,
                s.time_point,
                s.fingerprint.clone(),
                s.frame_index(),
            )
        }) else {
            return;
        };
        if !self.awaits(self.masks.get(&annotation), job) {
            return;
        }
        match made {
            Ok(made) => {
                let segmented = Segmented {
                    annotation,
                    engine: self.engine_of(annotation),
                    mask_sha256: made.mask.sha256(),
                    artifact_sha256: made.artifact_sha256,
                    measured: made.measured,
                    confidence: made.confidence,
                    warnings: made.warnings,
                    partial_volume: made.partial_volume,
                    propagated: made.propagated,
                    consistency: None,
                };
                let mut changes = self.with_delta(annotation, made.delta.as_ref());
                let artifacts = made.delta.iter().map(|d| d.artifact_sha256.clone());
                let detail = json!({
                    "lesion": lesion, "series": series, "time_point": time_point,
                    "stage": made.stage.name, "stage_version": made.stage.version,
                    "stage_key": made.stage.key, "params": made.stage.params,
                    "fingerprint": fingerprint, "frame": frame,
                    "engine": segmented.engine, "mask": segmented.mask_sha256,
                    "voxels": segmented.measured.voxels,
                    "volume": segmented.measured.volume.value(),
                    "partial_volume": segmented.partial_volume.map(|v| v.value()),
                    "long_axis": segmented.measured.long_axis.length.value(),
                    "short_axis": segmented.measured.short_axis.length.value(),
                    "confidence": segmented.confidence,
                    "warnings": segmented.warnings.iter().map(|w| w.code.as_str()).collect::<Vec<_>>(),
                });
                let mut audit =
                    AuditNote::new("mask.make", AuditAction::C, "annotation", annotation)
                        .of(patient)
                        .made_by(&*segmented.engine)
                        .with_artifact(&*segmented.artifact_sha256)
                        .detail(detail);
                for sha256 in artifacts {
                    audit = audit.with_artifact(sha256);
                }
                changes.push(Change::PutSegmented(segmented));
                let slot = match self.commit(changes, audit, effects) {
                    Some(_) => Slot::Ready(made.mask),
                    None => Slot::Failed(Failure::new(tr!(
                        "The mask was not entered into the record"
                    ))),
                };
                self.masks.insert(annotation, slot);
                self.find_offer(annotation, made.better_slice, effects);
            }
            Err(failure) => {
                let audit = AuditNote::new("mask.refuse", AuditAction::E, "annotation", annotation)
                    .of(patient)
                    .made_by(segment::ENGINE)
                    .ended(Outcome::MinorFailure);
                self.note(audit, effects);
                self.no_mask(annotation, failure, effects);
            }
        }
        self.twin_is_stale(lesion);
        self.refresh_twins(effects);
    }

    /// What made the mask of a mark: the engine, a hand, or both.
    fn engine_of(&self, annotation: AnnotationId) -> String {
        let steps = self.annotation(annotation).map(|a| &a.marking.steps[..]);
        let steps = steps.unwrap_or_default();
        let by_hand = steps.iter().any(|s| s.prompt().is_none());
        let by_engine = steps.iter().any(|s| s.prompt().is_some());
        match (by_engine, by_hand) {
            (false, true) => "hand/1".to_owned(),
            (true, true) => format!("{}+hand/1", segment::ENGINE),
            _ => segment::ENGINE.to_owned(),
        }
    }

    /// The mark with what its last step changed, so that the step can be replayed exactly.
    fn with_delta(&self, annotation: AnnotationId, delta: Option<&DeltaRef>) -> Vec<Change> {
        let (Some(delta), Some(mark)) = (delta, self.annotation(annotation)) else {
            return Vec::new();
        };
        let mut mark = mark.clone();
        match mark.marking.steps.last_mut() {
            Some(MaskStep::Edit { delta: known, .. }) if known.as_ref() != Some(delta) => {
                *known = Some(delta.clone());
                vec![Change::PutAnnotation(mark)]
            }
            _ => Vec::new(),
        }
    }

    /// A gesture gave no mask. A drawn diameter is worth keeping without; what is nothing but a
    /// gesture for a mask goes, and what it was to correct comes back.
    fn no_mask(&mut self, annotation: AnnotationId, failure: Failure, effects: &mut Vec<Effect>) {
        let Some(marking) = self.annotation(annotation).map(|a| a.marking.clone()) else {
            return;
        };
        let is_drag = matches!(
            &marking.steps[..],
            [MaskStep::Prompt {
                prompt: Prompt::Drag { .. }
            }]
        );
        if !is_drag {
            self.masks.remove(&annotation);
            let begins = marking.steps.len() == 1 && marking.base.is_none();
            let back = self.take_back(annotation, "annotation.refuse", effects);
            if !back && begins {
                self.remove_annotation(annotation, effects);
            }
            if back || begins {
                self.proposal = None;
                self.refuse(failure.text, failure.hint);
                return;
            }
        }
        let said = if is_drag {
            tr!("The drawn diameter is kept, but no mask could be made of it")
        } else {
            self.n_refused += 1;
            tr!("No mask could be made of this mark")
        };
        self.say(
            Severity::Warning,
            format!("{said}: {}", failure.text),
            &*failure.hint,
        );
        self.masks.insert(annotation, Slot::Failed(failure));
    }

    fn absorb_twin(
        &mut self,
        job: JobId,
        lesion: LesionId,
        twin: Result<Box<TwinResult>, Failure>,
        effects: &mut Vec<Effect>,
    ) {
        if !self.awaits(self.twins.get(&lesion), job) {
            return;
        }
        let slot = match twin {
            Ok(twin) => {
                self.note_fit(lesion, &twin, effects);
                Slot::Ready(Arc::new(*twin))
            }
            Err(failure) => Slot::Failed(failure),
        };
        self.twins.insert(lesion, slot);
        self.revision += 1;
    }

    fn absorb_export(&mut self, exported: Exported, effects: &mut Vec<Effect>) {
        if let Some(patient) = self.shown {
            let audit = AuditNote::new("report.export", AuditAction::E, "patient", patient)
                .of(patient)
                .detail(json!({
                    "files": exported.sha256, "audit_head": self.audit_head,
                    "narrative": exported.narrative_sha256,
                }));
            self.note(audit, effects);
        }
        self.last_report = exported.dir.display().to_string();
        self.say(
            Severity::Info,
            tr!("Report written to {path}", path = self.last_report),
            tr!("It says what it rests on; read its limitations before passing it on."),
        );
    }
}
