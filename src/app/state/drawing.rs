//! Marking lesions: gestures that make or correct a mask, calipers, sizes of others, and which of
//! them counts. Everything is committed before any work on it starts.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::{Slot, State};
use crate::app::effect::{Effect, Failure, Previous, Work};
use crate::case::{
    Annotation, AnnotationId, AuditAction, AuditNote, BaseMask, Caliper, Change, LesionId, Marking,
    MaskRef, MaskStep, PatientId, Series, SeriesId, TimePointId, middle,
};
use crate::geometry::Point;
use crate::jobs::Lane;
use crate::segment::Prompt;
use crate::texts::{mark, tr};

/// A correction may lie this far from the box around the mask that it corrects, mm.
const REACH_MM: f64 = 20.0;

/// What names the values of a series: the fingerprint of its files, what a reader stated of it, and
/// which of its volumes they are.
pub(super) fn made_of(series: &Series) -> String {
    let stated = series.pet.and_then(|pet| serde_json::to_string(&pet).ok());
    let stated = stated.map(|s| format!(" {s}")).unwrap_or_default();
    match series.frame_index() {
        0 => format!("{}{stated}", series.fingerprint),
        frame => format!("{}{stated} frame {frame}", series.fingerprint),
    }
}

/// Where a mark is to go.
pub(super) struct Target {
    pub(super) patient: PatientId,
    pub(super) time_point: TimePointId,
    /// The lesion, where it is known already.
    pub(super) lesion: Option<LesionId>,
    /// The mark of that lesion at that time point.
    pub(super) standing: Option<Annotation>,
}

impl Target {
    /// Where a mark stands.
    pub(super) const fn of(patient: PatientId, time_point: TimePointId, mark: Annotation) -> Self {
        Self {
            patient,
            time_point,
            lesion: Some(mark.lesion),
            standing: Some(mark),
        }
    }
}

impl State {
    /// Records a gesture or an edit and starts working on it.
    ///
    /// A lesion has one mask per time point. A drag begins it anew; everything else corrects the
    /// mask that stands. What lies elsewhere starts a lesion of its own: a contour is never replaced
    /// by a gesture that does not touch it.
    pub(super) fn draw(
        &mut self,
        series: SeriesId,
        lesion: Option<LesionId>,
        step: MaskStep,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        if !step.is_usable() {
            let what = step.unusable();
            self.refuse(what, tr!("Nothing was changed."));
            return;
        }
        let Some(target) = self.target(series, lesion, step.points(), step.adds()) else {
            return;
        };
        if let Some(old) = self.to_correct(&target, series, &step) {
            let marking = self.with_step(&old, step);
            self.correct(&target, old, marking, Vec::new(), now, effects);
            return;
        }
        if !step.adds() {
            self.refuse(
                tr!("There is no mask here to change"),
                tr!("Select the lesion, or draw its longest diameter first."),
            );
            return;
        }
        let is_drag = matches!(step.prompt(), Some(Prompt::Drag { .. }));
        if !is_drag && self.is_marked_elsewhere(&target, series) {
            return;
        }
        let known = target.standing.as_ref().filter(|a| a.series == series);
        let marking = Marking {
            // A new diameter takes the place of the one that was measured before; whatever else
            // begins a mask leaves it.
            caliper: known.filter(|_| !is_drag).and_then(|a| {
                let drawn = |long| Caliper { long, short: None };
                a.marking.caliper.or_else(|| a.marking.line().map(drawn))
            }),
            imported: target.standing.as_ref().and_then(|a| a.marking.imported),
            steps: vec![step],
            ..Marking::default()
        };
        self.begin(target, series, marking, now, effects);
    }

    /// Whether the lesion is marked on another image of this time point, which then is said: a mark
    /// there is replaced by a new diameter only.
    pub(super) fn is_marked_elsewhere(&mut self, target: &Target, series: SeriesId) -> bool {
        let elsewhere = target.standing.as_ref().is_some_and(|a| {
            a.series != series && (!a.marking.steps.is_empty() || a.marking.caliper.is_some())
        });
        if elsewhere {
            self.refuse(
                tr!("This lesion is marked on another image of this time point"),
                tr!("Show that image and draw there, or drag the longest diameter here to mark it anew."),
            );
        }
        elsewhere
    }

    /// What marks a lesion with one step more, and the mask that the step builds on as it stands.
    pub(super) fn with_step(&self, old: &Annotation, step: MaskStep) -> Marking {
        let mut marking = old.marking.clone();
        if let Some(base) = self.base_of(old) {
            marking.base = Some(base);
        }
        marking.steps.push(step);
        marking
    }

    /// The mask of a mark as further steps build on it; `None` while it is not made.
    pub(super) fn base_of(&self, mark: &Annotation) -> Option<BaseMask> {
        let segmented = self.segmented(mark.id)?;
        Some(BaseMask {
            mask: MaskRef {
                mask_sha256: segmented.mask_sha256.clone(),
                artifact_sha256: segmented.artifact_sha256.clone(),
            },
            n_steps: mark.marking.steps.len(),
            propagated: segmented.propagated.clone(),
        })
    }

    /// Where gestures at these points go: to the given lesion where they touch its mark, or it has
    /// none at this time point; else to a new one.
    pub(super) fn target(
        &self,
        series: SeriesId,
        lesion: Option<LesionId>,
        points: &[Point],
        adds: bool,
    ) -> Option<Target> {
        let (patient, time_point) = self.series(series).map(|s| (s.patient, s.time_point))?;
        let lesion = lesion.filter(|id| self.lesion(*id).is_some_and(|l| l.patient == patient));
        let standing = lesion
            .and_then(|id| self.annotation_at(id, time_point))
            .cloned();
        let elsewhere = standing
            .as_ref()
            .is_some_and(|old| adds && !self.touches(old, series, points));
        let (lesion, standing) = if elsewhere {
            (None, None)
        } else {
            (lesion, standing)
        };
        Some(Target {
            patient,
            time_point,
            lesion,
            standing,
        })
    }

    /// The mark that a gesture corrects, unless it begins one.
    pub(super) fn to_correct(
        &self,
        target: &Target,
        series: SeriesId,
        step: &MaskStep,
    ) -> Option<Annotation> {
        let standing = target.standing.as_ref()?;
        let corrects = !matches!(step.prompt(), Some(Prompt::Drag { .. }))
            && standing.series == series
            && !standing.marking.steps.is_empty()
            && self.has_mask(standing.id);
        corrects.then(|| standing.clone())
    }

    /// Whether a mark has a mask, or one is being made.
    fn has_mask(&self, annotation: AnnotationId) -> bool {
        self.segmented(annotation).is_some()
            || matches!(self.masks.get(&annotation), Some(Slot::Waiting(_)))
    }

    /// Whether points lie at a mark: near the box around its mask, or within reach of its line.
    fn touches(&self, old: &Annotation, series: SeriesId, points: &[Point]) -> bool {
        let mask = self.mask_shown(old.id).filter(|_| old.series == series);
        if let Some(mask) = mask
            && !mask.is_empty()
        {
            let grid = mask.grid();
            let (low, size) = mask.bounds();
            let reach = grid.spacing_mm().map(|s| REACH_MM / s.0);
            let near = |p: &Point| {
                let v = grid.voxel_from_patient(*p);
                [v.i, v.j, v.k].into_iter().enumerate().all(|(a, x)| {
                    x >= low[a] as f64 - reach[a] && x <= (low[a] + size[a]) as f64 + reach[a]
                })
            };
            return points.iter().any(near);
        }
        let measured = self.segmented(old.id).map(|s| s.measured.long_axis.ends);
        let line = old.marking.line().or(measured);
        let place = line.map(|[a, b]| a.midpoint(b)).or(old.marking.place());
        let (Some(place), Some(new)) = (place, middle(points)) else {
            // A size without a place is wherever the lesion is.
            return true;
        };
        let length = |line: [Point; 2]| line[0].distance(line[1]).0;
        let extent = points.iter().map(|p| p.distance(new).0).fold(0.0, f64::max);
        let reach = line.map_or(REACH_MM, length) / 2.0 + extent;
        place.distance(new).0 <= reach
    }

    /// Begins a mark, in place of the one that stands.
    pub(super) fn begin(
        &mut self,
        target: Target,
        series: SeriesId,
        marking: Marking,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Target {
            patient,
            time_point,
            lesion,
            standing: replaced,
        } = target;
        let mut changes = Vec::new();
        let known = lesion.and_then(|id| self.lesion(id));
        let (lesion, label) = match known {
            Some(lesion) => (lesion.id, lesion.label.clone()),
            None => {
                let new = self.new_lesion(patient, now);
                let named = (new.id, new.label.clone());
                changes.push(Change::PutLesion(new));
                named
            }
        };
        if let Some(old) = &replaced {
            changes.push(Change::RemoveAnnotation(old.id));
        }
        let annotation = Annotation {
            id: AnnotationId(self.ids.next(now)),
            lesion,
            series,
            marking,
            created: now,
        };
        let id = annotation.id;
        let detail = json!({
            "lesion": lesion, "series": series, "marking": annotation.marking,
            "replaces": replaced.as_ref().map(|old| old.id),
        });
        changes.push(Change::PutAnnotation(annotation));
        let verb = if replaced.is_some() { "Redraw" } else { "Draw" };
        let title = format!("{verb} {label} · {}", self.visit_name(time_point));
        let audit = AuditNote::new("annotation.draw", AuditAction::C, "annotation", id)
            .of(patient)
            .step(title)
            .detail(detail);
        if self.commit(changes, audit, effects).is_none() {
            return;
        }
        if let Some(old) = replaced {
            self.forget_mask(old.id);
        }
        self.selected = Some(lesion);
        self.propose(id, None);
        self.twin_is_stale(lesion);
        self.segment_or_wait(id, None, effects);
    }

    /// Puts a mark with one more step in the place of the one that stands. Returns whether it could.
    pub(super) fn correct(
        &mut self,
        target: &Target,
        old: Annotation,
        marking: Marking,
        more: Vec<Change>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> bool {
        if !marking.is_usable() {
            self.refuse(
                tr!("The gesture has no place"),
                tr!("Draw it on the image."),
            );
            return false;
        }
        let word = marking.steps.last().map_or("correction", MaskStep::word);
        let title = format!(
            "Correct {} by {word} · {}",
            self.label(old.lesion),
            self.visit_name(target.time_point)
        );
        let annotation = Annotation {
            id: AnnotationId(self.ids.next(now)),
            marking,
            created: now,
            ..old
        };
        let id = annotation.id;
        let entered = more.iter().filter_map(|c| match c {
            Change::PutAnnotation(a) => Some(a.id),
            _ => None,
        });
        let removed = more.iter().filter_map(|c| match c {
            Change::RemoveAnnotation(id) => Some(*id),
            _ => None,
        });
        let detail = json!({
            "lesion": old.lesion, "series": old.series, "step": annotation.marking.steps.last(),
            "corrects": old.id, "enters": entered.collect::<Vec<_>>(),
            "removes": removed.collect::<Vec<_>>(),
        });
        let mut changes = vec![
            Change::RemoveAnnotation(old.id),
            Change::PutAnnotation(annotation),
        ];
        changes.extend(more);
        let audit = AuditNote::new("annotation.correct", AuditAction::U, "annotation", id)
            .of(target.patient)
            .step(title)
            .detail(detail);
        let shown = self.mask_shown(old.id).cloned();
        let previous = self.previous(old.id);
        let seen = self.seen(old.id);
        if self.commit(changes, audit, effects).is_none() {
            return false;
        }
        self.remember_seen(id, seen, effects);
        self.forget_mask(old.id);
        self.selected = Some(old.lesion);
        self.propose(id, shown);
        self.twin_is_stale(old.lesion);
        self.segment_or_wait(id, previous, effects);
        true
    }

    /// The mask of a mark as the next step takes it, where it is at hand.
    pub(super) fn previous(&self, annotation: AnnotationId) -> Option<Previous> {
        let mask = self.masks.get(&annotation).and_then(Slot::ready)?;
        let segmented = self.segmented(annotation)?;
        Some(Previous {
            mask: Arc::clone(mask),
            propagated: segmented.propagated.clone(),
        })
    }

    /// Starts making the mask of a mark when its image is there; otherwise loads the image first,
    /// and the answer to that starts it. `previous` is what all steps but the last have made.
    pub(super) fn segment_or_wait(
        &mut self,
        annotation: AnnotationId,
        previous: Option<Previous>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mark) = self.annotation(annotation) else {
            return;
        };
        if mark.marking.steps.is_empty() {
            return;
        }
        let (series, steps) = (mark.series, mark.marking.steps.clone());
        let base = mark.marking.base.clone();
        let image = self.images.get(&series).and_then(Slot::ready);
        let Some(volume) = image.map(|image| image.volume.clone()) else {
            self.load_series(series, effects);
            return;
        };
        if let Some(reason) = &self.read_only {
            // Masks are part of the record.
            let failure = Failure::new(tr!("No mask was made: {reason}", reason));
            self.masks.insert(annotation, Slot::Failed(failure));
            return;
        }
        let fingerprint = self.series(series).map(made_of).unwrap_or_default();
        let work = Work::Segment {
            annotation,
            steps,
            base,
            previous,
            volume,
            fingerprint,
        };
        let job = self.start(mark!("Segmenting"), Lane::Gesture, work, effects);
        self.masks.insert(annotation, Slot::Waiting(job));
    }
}
