//! Sizes that need no mask: lines drawn by hand and what others measured; and which size counts.

use jiff::Timestamp;
use serde_json::json;

use super::drawing::Target;
use super::{Slot, State};
use crate::app::caliper;
use crate::app::effect::Effect;
use crate::case::{
    Annotation, AnnotationId, AuditAction, AuditNote, Caliper, Change, ImportedSize, LesionId,
    Marking, SeriesId, TimePointId, ValueSource,
};
use crate::geometry::Point;
use crate::texts::tr;
use crate::units::Mm;

impl State {
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
            self.refuse(
                tr!("The line has no length"),
                tr!("Drag from one end to the other."),
            );
            return;
        }
        let Some(target) = self.target(series, lesion, &line, true) else {
            return;
        };
        if self.is_marked_elsewhere(&target, series) {
            return;
        }
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
        let image = self.images.get(&series).and_then(Slot::ready);
        let grid = image.map(|image| image.volume.grid());
        let pair = mark
            .marking
            .line()
            .and_then(|standing| caliper::paired(standing, line, grid.map(|g| &**g)));
        mark.marking.caliper = Some(pair.unwrap_or(Caliper {
            long: line,
            short: None,
        }));
        let nodal = self.lesion(mark.lesion).is_some_and(|l| l.nodal);
        let has_value = !nodal || mark.marking.caliper.is_some_and(|c| c.short.is_some());
        let has_other = !mark.marking.steps.is_empty() || mark.marking.imported.is_some();
        if has_value && has_other {
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
                tr!("These are no diameters of a lesion"),
                tr!(
                    "Enter millimetres; the short axis is at most as long as the longest diameter."
                ),
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
        let target = Target::of(patient, time_point, mark.clone());
        self.put_marking(&target, mark, "annotation.count", title, "", effects);
    }

    /// Commits a mark whose mask stays as it is.
    pub(super) fn put_marking(
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
