//! Measurements that belong to no lesion: figures drawn on a series, and their handles; and the handles
//! of lines drawn by hand across a lesion. Stored at once, each change a step.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use jiff::Timestamp;
use serde_json::json;

use super::drawing::Target;
use super::{Slot, State};
use crate::app::effect::Effect;
use crate::app::lookup;
use crate::case::{
    AnnotationId, AuditAction, AuditNote, Caliper, Change, Measurement, MeasurementId, SeriesId,
};
use crate::geometry::Point;
use crate::measure::{Figure, FigureMeasures, gauge, placed};
use crate::texts::tr;
use crate::volume::Volume;

/// What figures measure, kept while figure and image stay the same.
#[derive(Debug, Default)]
pub(in crate::app) struct Gauged(BTreeMap<MeasurementId, (Figure, Weak<Volume>, FigureMeasures)>);

impl Gauged {
    fn of(&mut self, id: MeasurementId, figure: &Figure, volume: &Arc<Volume>) -> FigureMeasures {
        if let Some((known, image, measures)) = self.0.get(&id)
            && known == figure
            && std::ptr::eq(image.as_ptr(), Arc::as_ptr(volume))
        {
            return *measures;
        }
        let measures = gauge(figure, volume, true);
        let image = Arc::downgrade(volume);
        self.0.insert(id, (figure.clone(), image, measures));
        measures
    }
}

impl State {
    pub(in crate::app) fn measurement(&self, id: MeasurementId) -> Option<&Measurement> {
        lookup::measurement(&self.records, id)
    }

    /// What a measurement says on its image; `None` while that is not there.
    pub(in crate::app) fn gauged(&mut self, id: MeasurementId) -> Option<FigureMeasures> {
        let measurement = lookup::measurement(&self.records, id)?;
        let image = self.images.get(&measurement.series).and_then(Slot::ready)?;
        Some(self.gauged.of(id, &measurement.figure, &image.volume))
    }

    /// Whether a figure can be measured on a series, which is said where it cannot.
    fn can_measure(&mut self, series: SeriesId, figure: &Figure) -> bool {
        let Some(image) = self.images.get(&series).and_then(Slot::ready) else {
            self.refuse(
                tr!("The image is not there yet"),
                tr!("Show the series and wait until it is loaded."),
            );
            return false;
        };
        if let Err(why) = placed(figure, image.volume.grid()) {
            self.refuse(why.to_string(), why.hint());
            return false;
        }
        true
    }

    /// Records a figure.
    pub(super) fn add_measurement(
        &mut self,
        series: SeriesId,
        figure: Figure,
        label: String,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        if !self.can_measure(series, &figure) {
            return;
        }
        let id = MeasurementId(self.ids.next(now));
        let what = format!("Measure {}", figure.kind().phrase());
        let measurement = Measurement {
            id,
            series,
            figure,
            label: label.trim().to_owned(),
            created: now,
        };
        self.put_measurement(
            measurement,
            ("measurement.draw", AuditAction::C),
            &what,
            effects,
        );
    }

    /// Drags a handle of a figure to a place.
    pub(super) fn move_handle(
        &mut self,
        id: MeasurementId,
        handle: usize,
        to: Point,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut measurement) = self.measurement(id).cloned() else {
            return;
        };
        let Some(figure) = measurement.figure.moved(handle, to) else {
            self.refuse(
                tr!("Nothing of a size would be left of the figure"),
                tr!("Nothing was changed."),
            );
            return;
        };
        if figure == measurement.figure || !self.can_measure(measurement.series, &figure) {
            return;
        }
        let what = format!("Move {}", figure.kind().phrase());
        measurement.figure = figure;
        self.put_measurement(
            measurement,
            ("measurement.move", AuditAction::U),
            &what,
            effects,
        );
    }

    /// Says what a measurement is of.
    pub(super) fn label_measurement(
        &mut self,
        id: MeasurementId,
        label: &str,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut measurement) = self.measurement(id).cloned() else {
            return;
        };
        let label = label.trim();
        if measurement.label == label {
            return;
        }
        let what = format!("Name {}", measurement.figure.kind().phrase());
        measurement.label = label.to_owned();
        self.put_measurement(
            measurement,
            ("measurement.label", AuditAction::U),
            &what,
            effects,
        );
    }

    fn put_measurement(
        &mut self,
        measurement: Measurement,
        (event, action): (&str, AuditAction),
        what: &str,
        effects: &mut Vec<Effect>,
    ) {
        let Some(series) = self.series(measurement.series) else {
            return;
        };
        let (patient, time_point) = (series.patient, series.time_point);
        let detail = json!({"series": measurement.series, "figure": measurement.figure});
        let audit = AuditNote::new(event, action, "measurement", measurement.id)
            .of(patient)
            .step(format!("{what} · {}", self.visit_name(time_point)))
            .detail(detail);
        self.commit(vec![Change::PutMeasurement(measurement)], audit, effects);
    }

    /// Takes a measurement back.
    pub(super) fn remove_measurement(&mut self, id: MeasurementId, effects: &mut Vec<Effect>) {
        let Some(measurement) = self.measurement(id) else {
            return;
        };
        let what = measurement.figure.kind().phrase();
        let Some(series) = self.series(measurement.series) else {
            return;
        };
        let (patient, time_point) = (series.patient, series.time_point);
        let audit = AuditNote::new("measurement.remove", AuditAction::D, "measurement", id)
            .of(patient)
            .step(format!("Remove {what} · {}", self.visit_name(time_point)));
        self.commit(vec![Change::RemoveMeasurement(id)], audit, effects);
    }

    /// The lines drawn by hand across a lesion, as a figure.
    pub(in crate::app) fn caliper_figure(&self, annotation: AnnotationId) -> Option<Figure> {
        let Caliper { long, short } = self.annotation(annotation)?.marking.caliper?;
        Some(match short {
            Some(short) => Figure::Bidirectional { long, short },
            None => Figure::Length { ends: long },
        })
    }

    /// Drags an end of the lines drawn by hand across a lesion to a place.
    pub(super) fn move_caliper(
        &mut self,
        annotation: AnnotationId,
        handle: usize,
        to: Point,
        effects: &mut Vec<Effect>,
    ) {
        let (Some(figure), Some(mut mark)) = (
            self.caliper_figure(annotation),
            self.annotation(annotation).cloned(),
        ) else {
            return;
        };
        let Some(moved) = figure.moved(handle, to) else {
            self.refuse(
                tr!("The line would have no length"),
                tr!("Nothing was changed."),
            );
            return;
        };
        if moved == figure || !self.can_measure(mark.series, &moved) {
            return;
        }
        mark.marking.caliper = match moved {
            Figure::Bidirectional { long, short } => Some(Caliper {
                long,
                short: Some(short),
            }),
            Figure::Length { ends: long } => Some(Caliper { long, short: None }),
            _ => return,
        };
        let Some((patient, time_point)) =
            self.series(mark.series).map(|s| (s.patient, s.time_point))
        else {
            return;
        };
        let target = Target::of(patient, time_point, mark.clone());
        let title = format!("Move the caliper of {}", self.label(mark.lesion));
        self.put_marking(&target, mark, "annotation.caliper", title, "", effects);
    }
}
