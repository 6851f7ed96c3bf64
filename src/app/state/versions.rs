//! Listing, comparing and restoring the masks of a lesion at a time point.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Slot, State};
use crate::app::effect::{Effect, Failure, Work};
use crate::app::lookup;
use crate::app::versions::{Asked, Compared, Version};
use crate::app::view::Severity;
use crate::case::{
    Annotation, AnnotationId, AuditAction, AuditNote, Change, LesionId, Marking, SeriesId, StepId,
    TimePointId,
};
use crate::jobs::{JobId, Lane};
use crate::texts::{mark, tr};

/// The list of masks that is shown.
#[derive(Debug)]
pub(in crate::app) struct Versions {
    pub(in crate::app) lesion: LesionId,
    pub(in crate::app) time_point: TimePointId,
    pub(in crate::app) rows: Vec<Version>,
    /// The job that reads the list, while it runs.
    job: Option<JobId>,
    /// Revision of the record that the list is of.
    revision: Option<u64>,
    pub(in crate::app) compared: Option<Comparing>,
}

/// Two masks of the list that are compared.
#[derive(Debug)]
pub(in crate::app) struct Comparing {
    pub(in crate::app) ids: [StepId; 2],
    pub(in crate::app) series: SeriesId,
    pub(in crate::app) result: Slot<Box<Compared>>,
}

impl Versions {
    pub(in crate::app) const fn is_pending(&self) -> bool {
        self.job.is_some() || self.revision.is_none()
    }
}

impl State {
    pub(super) fn show_versions(&mut self, annotation: AnnotationId, effects: &mut Vec<Effect>) {
        let Some(mark) = self.annotation(annotation) else {
            return;
        };
        let Some(time_point) = lookup::visit_of(&self.records, mark) else {
            return;
        };
        self.versions = Some(Versions {
            lesion: mark.lesion,
            time_point,
            rows: Vec::new(),
            job: None,
            revision: None,
            compared: None,
        });
        self.refresh_versions(effects);
    }

    /// The gesture that stands for the list shown.
    pub(in crate::app) fn listed_mark(&self, versions: &Versions) -> Option<&Annotation> {
        self.annotation_at(versions.lesion, versions.time_point)
    }

    /// Reads the list again when the record has changed, once everything is on disk.
    pub(super) fn refresh_versions(&mut self, effects: &mut Vec<Effect>) {
        let Some(shown) = &self.versions else { return };
        if shown.job.is_some() || shown.revision == Some(self.revision) || self.is_saving() {
            return;
        }
        let Some(mark) = self.listed_mark(shown).cloned() else {
            self.versions = None;
            return;
        };
        let Some(patient) = self.lesion(mark.lesion).map(|l| l.patient) else {
            return;
        };
        let asked = Asked {
            patient,
            lesion: mark.lesion,
            series: self.series_of(shown.time_point).map(|s| s.id).collect(),
            standing: self
                .records
                .annotations
                .iter()
                .map(|a| a.id)
                .collect::<BTreeSet<_>>(),
            current: self
                .segmented(mark.id)
                .map(|s| (mark.id, s.artifact_sha256.clone())),
        };
        let work = Work::Versions {
            asked: Box::new(asked),
        };
        let job = self.start(mark!("Reading earlier masks"), Lane::Io, work, effects);
        let revision = self.revision;
        if let Some(shown) = &mut self.versions {
            shown.job = Some(job);
            shown.revision = Some(revision);
        }
    }

    pub(super) fn absorb_versions(&mut self, job: JobId, read: Result<Vec<Version>, Failure>) {
        let Some(shown) = self.versions.as_mut().filter(|v| v.job == Some(job)) else {
            return;
        };
        shown.job = None;
        match read {
            Ok(rows) => {
                let known = |id: StepId| rows.iter().any(|v| v.id == id);
                shown.compared = shown
                    .compared
                    .take()
                    .filter(|c| c.ids.into_iter().all(known));
                shown.rows = rows;
            }
            Err(failure) => self.say_failure(&failure),
        }
    }

    pub(super) fn compare_versions(&mut self, a: StepId, b: StepId, effects: &mut Vec<Effect>) {
        let Some(shown) = &self.versions else { return };
        let find = |id: StepId| shown.rows.iter().find(|v| v.id == id);
        let (Some(one), Some(other)) = (find(a), find(b)) else {
            return;
        };
        let series = one.gesture.series;
        let artifacts = [one, other].map(|v| v.segmented.artifact_sha256.clone());
        let image = self.images.get(&series).and_then(Slot::ready);
        let result = if series != other.gesture.series {
            Slot::Failed(Failure::new(tr!(
                "The two masks were drawn on different images and cannot be compared"
            )))
        } else if let Some(image) = image {
            let work = Work::Compare {
                grid: Arc::clone(image.volume.grid()),
                artifacts,
            };
            Slot::Waiting(self.start(mark!("Comparing masks"), Lane::Cpu, work, effects))
        } else {
            Slot::Failed(Failure::new(tr!(
                "The masks can be compared once their image is shown"
            )))
        };
        if let Slot::Failed(failure) = &result {
            self.refuse(&*failure.text, "");
        }
        if let Some(shown) = &mut self.versions {
            shown.compared = Some(Comparing {
                ids: [a, b],
                series,
                result,
            });
        }
    }

    pub(super) fn absorb_comparison(&mut self, job: JobId, made: Result<Box<Compared>, Failure>) {
        let compared = self.versions.as_mut().and_then(|v| v.compared.as_mut());
        let awaited =
            compared.filter(|c| matches!(&c.result, Slot::Waiting(waiting) if *waiting == job));
        let Some(compared) = awaited else { return };
        match made {
            Ok(made) => compared.result = Slot::Ready(made),
            Err(failure) => {
                compared.result = Slot::Failed(failure.clone());
                self.say_failure(&failure);
            }
        }
    }

    /// Whoever waited for this job waits no longer.
    pub(super) fn forget_version_job(&mut self, job: JobId, why: &Failure) {
        let Some(shown) = &mut self.versions else {
            return;
        };
        if shown.job == Some(job) {
            shown.job = None;
        }
        if let Some(compared) = &mut shown.compared
            && matches!(&compared.result, Slot::Waiting(waiting) if *waiting == job)
        {
            compared.result = Slot::Failed(why.clone());
        }
    }

    /// Lets an earlier mask stand again, with the gesture that it was made from.
    pub(super) fn restore_version(&mut self, id: StepId, effects: &mut Vec<Effect>) {
        let Some(shown) = &self.versions else { return };
        let Some(version) = shown.rows.iter().find(|v| v.id == id).cloned() else {
            return;
        };
        let Some(standing) = self.listed_mark(shown).cloned() else {
            return;
        };
        if version.is_standing {
            self.n_refused += 1;
            self.say(
                Severity::Info,
                tr!("This is the mask that stands already"),
                "",
            );
            return;
        }
        let Some(patient) = self.lesion(standing.lesion).map(|l| l.patient) else {
            return;
        };
        let mut changes = Vec::new();
        if version.gesture.id != standing.id {
            changes.push(Change::RemoveAnnotation(standing.id));
            // What was measured otherwise, and what counts, stays as it is.
            let marking = Marking {
                steps: version.gesture.marking.steps.clone(),
                base: version.gesture.marking.base.clone(),
                ..standing.marking
            };
            changes.push(Change::PutAnnotation(Annotation {
                lesion: standing.lesion,
                marking,
                ..version.gesture
            }));
        }
        changes.push(Change::PutSegmented(version.segmented.clone()));
        let mut detail = match version.detail {
            Value::Object(members) => members,
            _ => serde_json::Map::new(),
        };
        detail.insert("lesion".to_owned(), json!(standing.lesion));
        detail.insert("version".to_owned(), json!(version.id));
        detail.insert("replaces".to_owned(), json!(standing.id));
        let title = format!(
            "Restore the mask of {} · {}",
            self.label(standing.lesion),
            self.visit_name(shown.time_point)
        );
        let segmented = &version.segmented;
        let note = AuditNote::new(
            "mask.restore",
            AuditAction::U,
            "annotation",
            version.gesture.id,
        )
        .of(patient)
        .made_by(&*segmented.engine)
        .with_artifact(&*segmented.artifact_sha256)
        .step(title)
        .detail(Value::Object(detail));
        let mut concerned = changes.clone();
        concerned.push(Change::PutAnnotation(standing));
        if self.commit(changes, note, effects).is_some() {
            self.follow(patient, &concerned, effects);
        }
    }
}
