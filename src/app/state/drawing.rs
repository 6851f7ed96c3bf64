//! Marking lesions: gestures that make or correct a mask, calipers, sizes of others, and which of
//! them counts. Everything is committed before any work on it starts.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::{Slot, State};
use crate::app::effect::{Effect, Failure, Previous, Work};
use crate::case::{
    Annotation, AnnotationId, AuditAction, AuditNote, Caliper, Change, ImportedSize, LesionId,
    Marking, MaskStep, PatientId, Series, SeriesId, TimePointId, ValueSource, middle,
};
use crate::geometry::Point;
use crate::jobs::Lane;
use crate::segment::Prompt;
use crate::units::Mm;

/// A correction may lie this far from the box around the mask that it corrects, mm.
const REACH_MM: f64 = 20.0;

/// What names the values of a series: the fingerprint of its files, what a reader stated of it, and
/// which of its volumes they are.
fn made_of(series: &Series) -> String {
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
    time_point: TimePointId,
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
        if !step.is_finite() {
            self.refuse("The gesture has no place", "Draw it on the image.");
            return;
        }
        let Some(target) = self.target(series, lesion, step.points(), step.adds()) else {
            return;
        };
        if let Some(old) = self.to_correct(&target, series, &step) {
            let mut marking = old.marking.clone();
            marking.steps.push(step);
            self.correct(&target, old, marking, Vec::new(), now, effects);
            return;
        }
        if !step.adds() {
            self.refuse(
                "There is no mask here to change",
                "Select the lesion, or draw its longest diameter first.",
            );
            return;
        }
        let known = target.standing.as_ref().map(|a| &a.marking);
        let is_drag = matches!(step.prompt(), Some(Prompt::Drag { .. }));
        let marking = Marking {
            // A new diameter takes the place of the one that was measured before.
            caliper: known.and_then(|m| m.caliper).filter(|_| !is_drag),
            imported: known.and_then(|m| m.imported),
            steps: vec![step],
            counts: None,
        };
        self.begin(target, series, marking, now, effects);
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
            && !standing.marking.steps.is_empty();
        corrects.then(|| standing.clone())
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
            if points.iter().any(near) {
                return true;
            }
        }
        let (Some(place), Some(new)) = (old.marking.place(), middle(points)) else {
            // A size without a place is wherever the lesion is.
            return true;
        };
        let length = |line: [Point; 2]| line[0].distance(line[1]).0;
        let extent = points.iter().map(|p| p.distance(new).0).fold(0.0, f64::max);
        let reach = old.marking.line().map_or(REACH_MM, length) / 2.0 + extent;
        place.distance(new).0 <= reach
    }

    /// Begins a mark, in place of the one that stands.
    fn begin(
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

    /// Puts a mark with one more step in the place of the one that stands.
    pub(super) fn correct(
        &mut self,
        target: &Target,
        old: Annotation,
        marking: Marking,
        more: Vec<Change>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
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
        let detail = json!({
            "lesion": old.lesion, "series": old.series, "step": annotation.marking.steps.last(),
            "corrects": old.id,
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
        if self.commit(changes, audit, effects).is_none() {
            return;
        }
        self.forget_mask(old.id);
        self.selected = Some(old.lesion);
        self.propose(id, shown);
        self.twin_is_stale(old.lesion);
        self.segment_or_wait(id, previous, effects);
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
        let image = self.images.get(&series).and_then(Slot::ready);
        let Some(volume) = image.map(|image| image.volume.clone()) else {
            self.load_series(series, effects);
            return;
        };
        if let Some(reason) = &self.read_only {
            // Masks are part of the record.
            let failure = Failure::new(format!("No mask was made: {reason}"));
            self.masks.insert(annotation, Slot::Failed(failure));
            return;
        }
        let fingerprint = self.series(series).map(made_of).unwrap_or_default();
        let work = Work::Segment {
            annotation,
            steps,
            previous,
            volume,
            fingerprint,
        };
        let job = self.start("Segmenting", Lane::Cpu, work, effects);
        self.masks.insert(annotation, Slot::Waiting(job));
    }

    /// Records a line drawn by hand, without a mask. Across a line that stands in the same slice it
    /// is the short axis; the longer of the two always is the longest diameter.
    pub(super) fn caliper(
        &mut self,
        series: SeriesId,
        lesion: Option<LesionId>,
        line: [Point; 2],
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let finite = line.iter().all(|p| p.0.iter().all(|x| x.is_finite()));
        if !finite || line[0].distance(line[1]).0 <= 0.0 {
            self.refuse("The line has no length", "Drag from one end to the other.");
            return;
        }
        let Some(target) = self.target(series, lesion, &line, true) else {
            return;
        };
        let standing = target.standing.clone().filter(|a| a.series == series);
        let Some(mut mark) = standing else {
            let mut marking = Marking {
                caliper: Some(Caliper {
                    long: line,
                    short: None,
                }),
                ..Marking::default()
            };
            marking.imported = target.standing.as_ref().and_then(|a| a.marking.imported);
            self.begin(target, series, marking, now, effects);
            return;
        };
        let across = mark.marking.line().filter(|long| is_across(*long, line));
        mark.marking.caliper = Some(match across {
            None => Caliper {
                long: line,
                short: None,
            },
            Some(long) if long[0].distance(long[1]) >= line[0].distance(line[1]) => Caliper {
                long,
                short: Some(line),
            },
            Some(short) => Caliper {
                long: line,
                short: Some(short),
            },
        });
        if !mark.marking.steps.is_empty() || mark.marking.imported.is_some() {
            // Who draws over a mask says that the line counts; the table shows it.
            mark.marking.counts = Some(ValueSource::Caliper);
        }
        let title = format!("Measure {}", self.label(mark.lesion));
        self.put_marking(&target, mark, "annotation.caliper", title, "", effects);
    }

    /// Enters a size that somebody else measured.
    pub(super) fn enter_size(
        &mut self,
        lesion: LesionId,
        time_point: TimePointId,
        size: ImportedSize,
        reason: &str,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let usable = |x: Mm| x.0.is_finite() && x.0 >= 0.0 && x.0 <= 2000.0;
        let fits = usable(size.long) && size.short.is_none_or(|s| usable(s) && s <= size.long);
        if !fits {
            self.refuse(
                "These are no diameters of a lesion",
                "Enter millimetres; the short axis is at most as long as the longest diameter.",
            );
            return;
        }
        let Some(patient) = self.lesion(lesion).map(|l| l.patient) else {
            return;
        };
        let standing = self.annotation_at(lesion, time_point).cloned();
        let Some(series) = standing
            .as_ref()
            .map(|a| a.series)
            .or_else(|| self.series_shown_in(time_point))
        else {
            return;
        };
        let target = Target {
            patient,
            time_point,
            lesion: Some(lesion),
            standing,
        };
        let title = format!("Enter the size of {}", self.label(lesion));
        let mut mark = target.standing.clone().unwrap_or_else(|| Annotation {
            id: AnnotationId(self.ids.next(now)),
            lesion,
            series,
            marking: Marking::default(),
            created: now,
        });
        mark.marking.imported = Some(size);
        let has_other = mark.marking.line().is_some() || !mark.marking.steps.is_empty();
        mark.marking.counts = has_other.then_some(ValueSource::Imported);
        self.put_marking(&target, mark, "annotation.size", title, reason, effects);
    }

    /// Says which size of a mark RECIST counts; `None` leaves it to the rule.
    pub(super) fn count_by(
        &mut self,
        annotation: AnnotationId,
        source: Option<ValueSource>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut mark) = self.annotation(annotation).cloned() else {
            return;
        };
        let Some((patient, time_point)) =
            self.series(mark.series).map(|s| (s.patient, s.time_point))
        else {
            return;
        };
        if mark.marking.counts == source {
            return;
        }
        mark.marking.counts = source;
        let word = source.map_or("rule", ValueSource::word);
        let title = format!("Count {} by {word}", self.label(mark.lesion));
        let target = Target {
            patient,
            time_point,
            lesion: Some(mark.lesion),
            standing: Some(mark.clone()),
        };
        self.put_marking(&target, mark, "annotation.count", title, "", effects);
    }

    /// Commits a mark whose mask stays as it is.
    fn put_marking(
        &mut self,
        target: &Target,
        mark: Annotation,
        event: &'static str,
        title: String,
        reason: &str,
        effects: &mut Vec<Effect>,
    ) {
        let title = format!("{title} · {}", self.visit_name(target.time_point));
        let detail = json!({
            "lesion": mark.lesion, "series": mark.series, "caliper": mark.marking.caliper,
            "imported": mark.marking.imported, "counts": mark.marking.counts,
        });
        let action = if target.standing.is_some() {
            AuditAction::U
        } else {
            AuditAction::C
        };
        let audit = AuditNote::new(event, action, "annotation", mark.id)
            .of(target.patient)
            .step(title)
            .because(reason)
            .detail(detail);
        let lesion = mark.lesion;
        if self
            .commit(vec![Change::PutAnnotation(mark)], audit, effects)
            .is_some()
        {
            self.selected = Some(lesion);
            self.twin_is_stale(lesion);
            self.refresh_twins(effects);
        }
    }
}

/// Whether a line crosses another, at more than 45°, near its plane.
fn is_across(long: [Point; 2], line: [Point; 2]) -> bool {
    let (u, v) = (long[1].0 - long[0].0, line[1].0 - line[0].0);
    let (a, b) = (u.norm(), v.norm());
    if a <= 0.0 || b <= 0.0 || u.dot(&v).abs() > a * b * std::f64::consts::FRAC_1_SQRT_2 {
        return false;
    }
    long[0]
        .midpoint(long[1])
        .distance(line[0].midpoint(line[1]))
        .0
        <= a.max(b) / 2.0
}
