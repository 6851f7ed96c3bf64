//! Working out how much masks depend on just where the hand was, while nothing else is to be done.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::drawing::made_of;
use super::{Slot, State};
use crate::app::effect::{Checked, Effect, ReadAs, Work};
use crate::app::{lookup, reading};
use crate::case::{
    AnnotationId, AuditAction, AuditNote, Change, MaskStep, ReadingState, Segmented,
};
use crate::jobs::{JobId, Lane};
use crate::segment::{self, Prompt};
use crate::texts::mark;

/// Name of the job; it comes and goes too often to be listed.
pub(in crate::app) const CHECKING: &str = mark!("Checking a mask");

/// A mask: the mark, and the hash of what was made of it.
type MaskOf = (AnnotationId, String);

/// What is worked out, and what is not to be tried again.
#[derive(Debug, Default)]
pub(super) struct Checks {
    under_way: Option<(JobId, MaskOf)>,
    /// Masks that the engine does not make again as they stand.
    without: BTreeSet<MaskOf>,
}

impl State {
    /// Starts on the next mask whose consistency is not known, where nothing else is under way: what
    /// a person waits for goes before, and scripts come to the same record each time.
    pub(super) fn check_next(&mut self, effects: &mut Vec<Effect>) {
        let is_busy = !self.jobs.is_empty() || self.preview.is_some() || self.erasing.is_some();
        if is_busy || self.read_only.is_some() {
            return;
        }
        let next = self.records.segmented.iter();
        let Some((mask, work)) = next.filter_map(|s| self.to_check(s)).next() else {
            return;
        };
        let job = self.start(CHECKING, Lane::Cpu, work, effects);
        self.checks.under_way = Some((job, mask));
    }

    /// The work of checking a mask: one that gestures alone have made on an image that is at hand, in
    /// a reading that nobody has closed yet.
    fn to_check(&self, segmented: &Segmented) -> Option<(MaskOf, Work)> {
        if segmented.consistency.is_some() || segmented.engine != segment::ENGINE {
            return None;
        }
        let mask = (segmented.annotation, segmented.mask_sha256.clone());
        if self.checks.without.contains(&mask) {
            return None;
        }
        let mark = self.annotation(segmented.annotation)?;
        let prompts: Option<Vec<Prompt>> = mark
            .marking
            .steps
            .iter()
            .map(|step| step.prompt().cloned())
            .collect();
        let prompts = prompts.filter(|p| !p.is_empty())?;
        let visit = lookup::visit_of(&self.records, mark)?;
        if reading::state(&self.records, visit) != ReadingState::Draft {
            return None;
        }
        let series = self.series(mark.series)?;
        let image = self.images.get(&mark.series).and_then(Slot::ready)?;
        if image.read_as != ReadAs::of(series) {
            return None;
        }
        let work = Work::Check {
            steps: prompts
                .into_iter()
                .map(|prompt| MaskStep::Prompt { prompt })
                .collect(),
            mask_sha256: mask.1.clone(),
            volume: Arc::clone(&image.volume),
            fingerprint: made_of(series),
        };
        Some((mask, work))
    }

    /// Leaves the processor to a gesture; what was begun is begun anew later.
    pub(super) fn put_off_check(&mut self) {
        if let Some((job, _)) = self.checks.under_way.take() {
            self.cancel(job);
        }
    }

    /// A check ended without an answer.
    pub(super) fn forget_check_job(&mut self, job: JobId) {
        if let Some((_, mask)) = self
            .checks
            .under_way
            .take_if(|(running, _)| *running == job)
        {
            self.checks.without.insert(mask);
        }
    }

    /// Enters what was worked out into the record, unless the mask or the state of its reading has
    /// changed since.
    pub(super) fn absorb_check(
        &mut self,
        job: JobId,
        checked: Option<Checked>,
        effects: &mut Vec<Effect>,
    ) {
        let Some((_, mask)) = self
            .checks
            .under_way
            .take_if(|(running, _)| *running == job)
        else {
            return;
        };
        let Some(checked) = checked else {
            self.checks.without.insert(mask);
            return;
        };
        let standing = self.segmented(mask.0).filter(|s| s.mask_sha256 == mask.1);
        let Some(segmented) = standing.filter(|s| self.to_check(s).is_some()).cloned() else {
            return;
        };
        let Some((patient, lesion, series)) = self.annotation(mask.0).and_then(|a| {
            let patient = self.series(a.series)?.patient;
            Some((patient, a.lesion, a.series))
        }) else {
            return;
        };
        let detail = json!({
            "lesion": lesion, "series": series, "mask": segmented.mask_sha256,
            "stage": checked.stage.name, "stage_version": checked.stage.version,
            "stage_key": checked.stage.key, "params": checked.stage.params,
            "consistency": checked.consistency,
        });
        let note = AuditNote::new("mask.check", AuditAction::U, "annotation", mask.0)
            .of(patient)
            .made_by(segment::ENGINE)
            .detail(detail);
        let segmented = Segmented {
            consistency: Some(checked.consistency),
            ..segmented
        };
        if self
            .commit(vec![Change::PutSegmented(segmented)], note, effects)
            .is_none()
        {
            self.checks.without.insert(mask);
        }
    }
}
