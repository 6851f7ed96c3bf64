//! Edits that concern two lesions: joining masks, comparing them, and cutting one in two.

use jiff::Timestamp;

use super::State;
use super::drawing::Target;
use crate::app::effect::Effect;
use crate::case::{Annotation, AnnotationId, BaseMask, Change, Lesion, Marking, MaskRef, MaskStep};
use crate::edit::{Cut, Edit, Operation};
use crate::geometry::{Point, Vec3};
use crate::texts::tr;

impl State {
    /// The mask of a mark as other marks name it.
    fn mask_ref(&self, annotation: AnnotationId) -> Option<MaskRef> {
        let segmented = self.segmented(annotation)?;
        Some(MaskRef {
            mask_sha256: segmented.mask_sha256.clone(),
            artifact_sha256: segmented.artifact_sha256.clone(),
        })
    }

    /// The mark with the visit that it belongs to.
    fn target_of(&self, mark: &Annotation) -> Option<Target> {
        let series = self.series(mark.series)?;
        Some(Target::of(series.patient, series.time_point, mark.clone()))
    }

    /// Joins a mask with that of another lesion, or compares it with that. Joined, the other lesion
    /// has no mark of its own at that time point any more.
    pub(super) fn combine(
        &mut self,
        annotation: AnnotationId,
        other: AnnotationId,
        op: Operation,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let (Some(mark), Some(with)) = (
            self.annotation(annotation).cloned(),
            self.annotation(other).cloned(),
        ) else {
            return;
        };
        let Some(mask) = self.mask_ref(other).filter(|_| mark.series == with.series) else {
            self.refuse(
                tr!("The two masks do not lie on one image"),
                tr!("Mark both lesions on the same series; the other one needs a mask."),
            );
            return;
        };
        if annotation == other || self.segmented(annotation).is_none() {
            self.refuse(
                tr!("There is no mask to combine"),
                tr!("Draw the lesion first."),
            );
            return;
        }
        let Some(target) = self.target_of(&mark) else {
            return;
        };
        let step = MaskStep::Edit {
            edit: Edit::Arithmetic { with: 0, op },
            others: vec![mask],
            delta: None,
        };
        let marking = self.with_step(&mark, step);
        let mut more = Vec::new();
        if op == Operation::Union {
            more.push(Change::RemoveAnnotation(other));
            let others = self.records.annotations.iter();
            if !others
                .into_iter()
                .any(|a| a.lesion == with.lesion && a.id != other)
            {
                more.push(Change::RemoveLesion(with.lesion));
            }
        }
        let joins = !more.is_empty();
        if self.correct(&target, mark, marking, more, now, effects) && joins {
            self.forget_mask(other);
            self.after_lesion_change(with.lesion, effects);
        }
    }

    /// Cuts a mask in two by the plane through a line of its slice, across the slice. The side on
    /// which the lesion was begun stays; the other becomes a new lesion, in one step.
    pub(super) fn split_lesion(
        &mut self,
        annotation: AnnotationId,
        line: [Point; 2],
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mark) = self.annotation(annotation).cloned() else {
            return;
        };
        let (Some(base), Some(shown)) = (self.base_of(&mark), self.mask_shown(annotation).cloned())
        else {
            self.refuse(
                tr!("There is no mask to cut"),
                tr!("Draw the lesion first."),
            );
            return;
        };
        let Some(target) = self.target_of(&mark) else {
            return;
        };
        let grid = shown.grid();
        let slice_normal = grid.i_step().cross(&grid.j_step());
        let normal = (line[1].0 - line[0].0).cross(&slice_normal);
        let usable = normal.iter().all(|x| x.is_finite()) && normal.norm() > 0.0;
        if !usable {
            self.refuse(
                tr!("The cut gives no plane"),
                tr!("Drag a line across the lesion, within a slice."),
            );
            return;
        }
        let normal = normal.normalize();
        let middle = line[0].midpoint(line[1]);
        let begun = mark
            .marking
            .place()
            .map_or(Vec3::zeros(), |p| p.0 - middle.0);
        let side = if begun.dot(&normal) < 0.0 { -1.0 } else { 1.0 };
        let half = |side: f64| Edit::Split {
            through: Cut::Normal {
                at: middle,
                normal: normal.into(),
            },
            keep: Point(middle.0 + normal * side),
        };
        let edit = |edit: Edit| MaskStep::edit(edit);
        let marking = self.with_step(&mark, edit(half(side)));
        let whole = self.lesion(mark.lesion).cloned();
        let fresh = self.new_lesion(target.patient, now);
        // What is said of the whole holds of both parts.
        let lesion = match whole {
            Some(whole) => Lesion {
                id: fresh.id,
                label: fresh.label,
                ..whole
            },
            None => fresh,
        };
        let other = Annotation {
            id: AnnotationId(self.ids.next(now)),
            lesion: lesion.id,
            series: mark.series,
            marking: Marking {
                steps: vec![edit(half(-side))],
                base: Some(BaseMask { n_steps: 0, ..base }),
                ..Marking::default()
            },
            created: now,
        };
        let other_id = other.id;
        let more = vec![Change::PutLesion(lesion), Change::PutAnnotation(other)];
        if self.correct(&target, mark, marking, more, now, effects) {
            self.segment_or_wait(other_id, None, effects);
        }
    }
}
