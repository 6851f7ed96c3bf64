//! The fact table of a case.

use crate::units::{Bulk, Days, Extent, Length};
use crate::warning::Warning;

use super::fact::{Fact, FactId, FactKind, FactTable, FactValue, Share, Subject, print_value};
use super::repeatability::{Limits, diameter_limits, volume_limits};
use super::summary::{
    CaseSummary, Doubling, FitSummary, GROWTH_MODELS, LOCAL_LEVEL, LesionSummary, ModelWeight,
    Quantiles, Response, SumSummary, SumVoice, TreatmentSummary,
};

/// Label of a visit: `Baseline`, `Follow-up 1`, ….
pub(crate) fn time_point_label(index: usize) -> String {
    if index == 0 {
        "Baseline".into()
    } else {
        format!("Follow-up {index}")
    }
}

/// Free text on one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Labels of the lesions as printed: on one line, never empty, no two alike.
pub(crate) fn lesion_labels(case: &CaseSummary) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for (index, lesion) in case.lesions.iter().enumerate() {
        let mut label = one_line(&lesion.label);
        if label.is_empty() || labels.contains(&label) {
            label = one_line(&format!("{label} #{}", index + 1));
        }
        while labels.contains(&label) {
            label.push('\'');
        }
        labels.push(label);
    }
    labels
}

/// Lays a case out as facts: first the case, then visits, lesions in order, response, treatments.
///
/// What is missing gives no fact, and neither does a number that is not finite. Sizes keep their
/// unit (mm or px, mL or voxels); changes are formed only between sizes of the same unit.
#[must_use]
pub fn facts(case: &CaseSummary) -> FactTable {
    let mut b = Builder {
        case,
        facts: Vec::new(),
    };
    b.overview();
    for index in 0..case.time_points.len() {
        b.time_point(index);
    }
    for (label, lesion) in lesion_labels(case).into_iter().zip(&case.lesions) {
        b.lesion(label, lesion);
    }
    for (index, response) in case.responses.iter().enumerate() {
        if let Some(response) = response {
            b.response(index, response);
        }
    }
    if let Some(sum) = &case.sum {
        b.sum(sum);
    }
    for treatment in &case.treatments {
        b.treatment(treatment);
    }
    if let Some(scenario) = &case.scenario {
        b.text(
            &Subject::Patient,
            None,
            FactKind::ScenarioCondition,
            &scenario.condition,
        );
    }
    FactTable { facts: b.facts }
}

struct Builder<'a> {
    case: &'a CaseSummary,
    facts: Vec<Fact>,
}

impl Builder<'_> {
    fn push(
        &mut self,
        subject: &Subject,
        time_point: Option<usize>,
        day: Option<f64>,
        kind: FactKind,
        value: FactValue,
    ) {
        let finite = match &value {
            FactValue::Number { value, .. } => value.is_finite(),
            FactValue::Range {
                median, low, high, ..
            } => median.is_none_or(f64::is_finite) && low.is_finite() && high.is_finite(),
            FactValue::Shares { items, .. } => {
                !items.is_empty() && items.iter().all(|s| s.percent.is_finite())
            }
            FactValue::Date { .. } => true,
            FactValue::Category { code: text } | FactValue::Text { text } => !text.is_empty(),
        };
        if !finite {
            return;
        }
        let id = FactId(u32::try_from(self.facts.len() + 1).unwrap_or(u32::MAX));
        let text = print_value(&value, kind);
        let date = time_point
            .and_then(|t| self.case.time_points.get(t))
            .and_then(|t| t.date);
        self.facts.push(Fact {
            id,
            subject: subject.clone(),
            time_point,
            date,
            day,
            kind,
            value,
            text,
        });
    }

    fn number(
        &mut self,
        subject: &Subject,
        time_point: Option<usize>,
        kind: FactKind,
        (value, unit, decimals): (f64, &str, u8),
    ) {
        let value = FactValue::Number {
            value,
            unit: unit.into(),
            decimals,
        };
        self.push(subject, time_point, None, kind, value);
    }

    fn text(&mut self, subject: &Subject, time_point: Option<usize>, kind: FactKind, text: &str) {
        let text = one_line(text);
        self.push(subject, time_point, None, kind, FactValue::Text { text });
    }

    fn category(
        &mut self,
        subject: &Subject,
        time_point: Option<usize>,
        kind: FactKind,
        code: &str,
    ) {
        let code = one_line(code);
        self.push(
            subject,
            time_point,
            None,
            kind,
            FactValue::Category { code },
        );
    }

    fn warnings(&mut self, subject: &Subject, time_point: Option<usize>, warnings: &[Warning]) {
        for w in warnings {
            let text = format!("{}: {}", w.code.as_str(), w.message);
            self.text(subject, time_point, FactKind::Warning, &text);
        }
    }

    fn overview(&mut self) {
        let of = Subject::Patient;
        let count = |n: usize, unit| (n as f64, unit, 0);
        let (lesions, visits) = (self.case.lesions.len(), self.case.time_points.len());
        self.number(&of, None, FactKind::LesionCount, count(lesions, "lesions"));
        let visits = count(visits, "time points");
        self.number(&of, None, FactKind::TimePointCount, visits);
    }

    fn time_point(&mut self, index: usize) {
        let case = self.case;
        let visit = &case.time_points[index];
        let of = Subject::TimePoint(time_point_label(index));
        let at = Some(index);
        match visit.date {
            Some(date) => self.push(&of, at, None, FactKind::ScanDate, FactValue::Date { date }),
            None => self.category(&of, at, FactKind::ScanDate, "date unknown"),
        }
        if let (Some(day), true) = (visit.day, index > 0) {
            self.number(&of, at, FactKind::Interval, days(day));
        }
        self.category(&of, at, FactKind::Modality, &visit.modality);
        if let Some(mm) = visit.slice_thickness {
            self.number(&of, at, FactKind::SliceThickness, (mm.0, "mm", 1));
        }
        self.warnings(&of, at, &visit.warnings);
    }

    fn lesion(&mut self, label: String, lesion: &LesionSummary) {
        let of = Subject::Lesion(label);
        self.text(&of, None, FactKind::Site, &lesion.organ);
        let counted = if lesion.nodal {
            "short axis"
        } else {
            "longest diameter"
        };
        self.category(&of, None, FactKind::CountedDiameter, counted);
        let mut first = First::default();
        for t in 0..self.case.time_points.len() {
            let Some(m) = lesion.measure(t) else { continue };
            let at = Some(t);
            for (kind, size) in [
                (FactKind::DrawnDiameter, m.drawn),
                (FactKind::LongestDiameter, m.long_axis),
                (FactKind::ShortAxis, m.short_axis),
                (FactKind::RecistDiameter, m.counted),
            ] {
                if let Some(size) = size {
                    self.number(&of, at, kind, length(size));
                }
            }
            if !m.source.is_empty() {
                self.category(&of, at, FactKind::RecistSource, &m.source);
            }
            for (kind, size) in [
                (FactKind::Volume, m.volume),
                (FactKind::PartialVolume, m.partial_volume),
            ] {
                if let Some(size) = size {
                    self.number(&of, at, kind, bulk(size));
                }
            }
            if let Some(c) = m.confidence {
                self.number(&of, at, FactKind::Confidence, (100.0 * c, "%", 0));
            }
            if let Some(c) = m.consistency {
                self.number(&of, at, FactKind::Consistency, (c, "", 2));
            }
            self.changes(&of, t, lesion, &mut first);
            self.warnings(&of, at, &m.warnings);
        }
        if let Some(fit) = &lesion.fit {
            self.fit(&of, fit);
        }
    }

    /// Changes against the first measurement, with what repetition alone would show.
    fn changes(&mut self, of: &Subject, t: usize, lesion: &LesionSummary, first: &mut First) {
        let Some(m) = lesion.measure(t) else { return };
        let (at, slice) = (Some(t), |t: usize| {
            self.case.time_points[t].slice_thickness.map(|mm| mm.0)
        });
        let mut out = Vec::new();
        if let Some(now) = m.counted {
            match first.counted {
                None => first.counted = Some(now),
                Some(then) => {
                    if let Some(pct) =
                        change_pct((then.value(), then.symbol()), (now.value(), now.symbol()))
                    {
                        out.push((FactKind::ChangeFromBaseline, signed(pct, 1)));
                        if now.value() > 0.0 {
                            let l = diameter_limits(then, now);
                            out.push((FactKind::DiameterRepeatability, limits(l)));
                        }
                    }
                }
            }
        }
        if let Some(now) = m.volume {
            match first.volume {
                None => first.volume = Some((now, t)),
                Some((then, then_at)) => {
                    if let (Some(pct), Some(m0)) = (
                        change_pct((then.value(), then.symbol()), (now.value(), now.symbol())),
                        lesion.measure(then_at),
                    ) {
                        out.push((FactKind::VolumeChange, signed(pct, 0)));
                        if now.value() > 0.0 {
                            let l = volume_limits((then, m0, slice(then_at)), (now, m, slice(t)));
                            out.push((FactKind::VolumeRepeatability, limits(l)));
                        }
                    }
                }
            }
        }
        for (kind, value) in out {
            self.push(of, at, None, kind, value);
        }
    }

    fn fit(&mut self, of: &Subject, fit: &FitSummary) {
        self.push(
            of,
            None,
            None,
            FactKind::ModelWeights,
            shares(
                fit.models
                    .iter()
                    .map(|ModelWeight { model, weight }| (model.as_str(), *weight)),
            ),
        );
        let time = |q: &Quantiles<Days>| FactValue::Range {
            median: Some(q.q50.0),
            low: q.q05.0,
            high: q.q95.0,
            level: 0.9,
            unit: "days".into(),
            decimals: 0,
        };
        match &fit.doubling {
            Some(Doubling::Growing(q)) => {
                self.push(of, None, None, FactKind::DoublingTime, time(q));
            }
            Some(Doubling::Shrinking(q)) => {
                self.push(of, None, None, FactKind::HalvingTime, time(q));
            }
            Some(Doubling::Undetermined) => {
                self.category(of, None, FactKind::DoublingTime, "undetermined");
            }
            None => {}
        }
        if let Some(v) = fit.locf {
            self.number(of, None, FactKind::LastObservation, extent(v));
        }
        if let Some(day) = fit.horizon {
            self.number(of, None, FactKind::Horizon, days(day));
        }
        if let Some(forecaster) = &fit.forecaster {
            let who = if forecaster.local_level {
                LOCAL_LEVEL
            } else {
                GROWTH_MODELS
            };
            let text = format!("{who}: {}", one_line(&forecaster.why));
            self.text(of, None, FactKind::Forecaster, &text);
        }
        if let Some(p) = &fit.progression {
            let value = (100.0 * p.probability, "%", 0);
            let kind = if p.local_level {
                FactKind::ProgressionProbabilityLocal
            } else {
                FactKind::ProgressionProbability
            };
            self.number(of, None, kind, value);
        }
        for p in &fit.projections {
            let on = Some(p.day.0);
            let (value, unit, decimals) = days(p.day);
            let day = FactValue::Number {
                value,
                unit: unit.into(),
                decimals,
            };
            self.push(of, None, on, FactKind::ProjectionDay, day);
            let size = extent_range(&p.factual);
            self.push(of, None, on, FactKind::ProjectedSize, size);
            let Some(s) = &p.scenario else { continue };
            self.push(of, None, on, FactKind::ScenarioSize, extent_range(&s.size));
            let difference = extent_range(&s.difference);
            self.push(of, None, on, FactKind::ScenarioDifference, difference);
            let level = FactValue::Category {
                code: one_line(&s.ladder),
            };
            self.push(of, None, on, FactKind::EvidenceLevel, level);
            let verdict = if s.identified {
                "identified"
            } else {
                "not identified"
            };
            let why = one_line(&s.why);
            let text = if why.is_empty() {
                verdict.to_owned()
            } else {
                format!("{verdict}: {why}")
            };
            let verdict = FactValue::Text { text };
            self.push(of, None, on, FactKind::Identification, verdict);
        }
        self.warnings(of, None, &fit.warnings);
    }

    fn sum(&mut self, sum: &SumSummary) {
        let of = Subject::Patient;
        let on = Some(sum.next_scan.0);
        let (value, unit, decimals) = days(sum.next_scan);
        let day = FactValue::Number {
            value,
            unit: unit.into(),
            decimals,
        };
        self.push(&of, None, on, FactKind::ProjectionDay, day);
        let range = FactValue::Range {
            median: Some(sum.median.0),
            low: sum.band[0].0,
            high: sum.band[1].0,
            level: 0.8,
            unit: "mm".into(),
            decimals: 1,
        };
        self.push(&of, None, on, FactKind::ProjectedSum, range);
        let who = match sum.voice {
            SumVoice::Models => GROWTH_MODELS,
            SumVoice::LocalLevel => LOCAL_LEVEL,
            SumVoice::Both => "growth models for some target lesions, local level for the others",
        };
        self.text(&of, None, FactKind::Forecaster, who);
        let probability = (100.0 * sum.probability, "%", 0);
        self.number(&of, None, FactKind::SumProgression, probability);
    }

    fn response(&mut self, index: usize, r: &Response) {
        let of = Subject::Patient;
        let at = Some(index);
        self.number(&of, at, FactKind::SumOfDiameters, length(r.sum));
        if let Some(pct) = r.change_from_baseline_pct {
            self.number(&of, at, FactKind::ChangeFromBaseline, (pct, "%", 1));
        }
        if let Some(pct) = r.change_from_nadir_pct {
            self.number(&of, at, FactKind::ChangeFromNadir, (pct, "%", 1));
        }
        if let Some(l) = r.change_from_nadir {
            self.number(&of, at, FactKind::ChangeFromNadirLength, length(l));
        }
        if let Some(category) = &r.category {
            self.category(&of, at, FactKind::Response, category);
        }
        let value = shares(r.probability.iter().map(|(c, p)| (c.as_str(), *p)));
        self.push(&of, at, None, FactKind::ResponseProbability, value);
        self.text(&of, at, FactKind::ResponseRule, &r.rule);
    }

    fn treatment(&mut self, t: &TreatmentSummary) {
        let mut text = one_line(&t.name);
        if text.is_empty() {
            text = one_line(&t.kind);
        } else {
            text = format!("{text} ({})", one_line(&t.kind));
        }
        text.push_str(&format!(", from {}", t.date));
        if t.duration.0 > 0.0 {
            let (value, unit, decimals) = days(t.duration);
            let value = FactValue::Number {
                value,
                unit: unit.into(),
                decimals,
            };
            let printed = print_value(&value, FactKind::Interval);
            text.push_str(&format!(" for {printed}"));
        }
        if let Some(dose) = t.dose.filter(|d| d.is_finite()) {
            text.push_str(&format!(", {dose} {}", one_line(&t.unit)));
        }
        if !t.given.is_empty() {
            text.push_str(&format!(", {}", one_line(&t.given)));
        }
        let day = t.day.map(|d| d.0);
        let text = one_line(&text);
        self.push(
            &Subject::Patient,
            None,
            day,
            FactKind::Treatment,
            FactValue::Text { text },
        );
    }
}

/// First sizes of a lesion, which later ones are compared with.
#[derive(Default)]
struct First {
    counted: Option<Length>,
    volume: Option<(Bulk, usize)>,
}

fn change_pct(first: (f64, &str), now: (f64, &str)) -> Option<f64> {
    (first.1 == now.1 && first.0 > 0.0).then(|| 100.0 * (now.0 / first.0 - 1.0))
}

fn signed(pct: f64, decimals: u8) -> FactValue {
    FactValue::Number {
        value: pct,
        unit: "%".into(),
        decimals,
    }
}

fn limits(l: Limits) -> FactValue {
    FactValue::Range {
        median: None,
        low: l.low_pct,
        high: l.high_pct,
        level: 0.95,
        unit: "%".into(),
        decimals: 0,
    }
}

/// Days print whole unless the day is fractional.
fn days(days: Days) -> (f64, &'static str, u8) {
    let decimals = u8::from(days.0.fract().abs() > 1e-9);
    (days.0, "days", decimals)
}

fn length(length: Length) -> (f64, &'static str, u8) {
    (length.value(), length.symbol(), 1)
}

/// The same figures as [`Bulk::display`].
fn bulk(bulk: Bulk) -> (f64, &'static str, u8) {
    match bulk {
        Bulk::Mm3(mm3) => {
            let ml = mm3.millilitres();
            (ml, "mL", if ml.abs() < 100.0 { 2 } else { 1 })
        }
        Bulk::Voxels(n) => (n, "voxels", 0),
    }
}

fn extent(extent: Extent) -> (f64, &'static str, u8) {
    match extent {
        Extent::Length(l) => length(l),
        Extent::Bulk(b) => bulk(b),
    }
}

/// An interval of sizes, printed with the decimals of its median.
fn extent_range(q: &Quantiles<Extent>) -> FactValue {
    let (median, unit, decimals) = extent(q.q50);
    let (low, low_unit, _) = extent(q.q05);
    let (high, high_unit, _) = extent(q.q95);
    // Mixed units cannot be one interval; an infinite end makes the builder leave the fact out.
    let same = unit == low_unit && unit == high_unit;
    FactValue::Range {
        median: Some(median),
        low: if same { low } else { f64::NAN },
        high,
        level: 0.9,
        unit: unit.into(),
        decimals,
    }
}

/// Shares above half a per cent, largest first; a share that is nearly, but not quite, the whole
/// keeps a decimal so that it does not print as 100 %.
fn shares<'a>(items: impl Iterator<Item = (&'a str, f64)>) -> FactValue {
    let mut items: Vec<Share> = items
        .map(|(label, p)| Share {
            label: one_line(label),
            percent: 100.0 * p,
        })
        .filter(|s| s.percent >= 0.5)
        .collect();
    items.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    let nearly_all = items.iter().any(|s| s.percent >= 99.5 && s.percent < 99.95);
    FactValue::Shares {
        items,
        decimals: u8::from(nearly_all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Mm, Mm3, Px};

    #[test]
    fn facts_print_what_the_units_print() {
        for bulk_size in [
            Bulk::Mm3(Mm3(27_636.25)),
            Bulk::Mm3(Mm3(358_682.1)),
            Bulk::Voxels(8246.0),
        ] {
            let (value, unit, decimals) = bulk(bulk_size);
            let value = FactValue::Number {
                value,
                unit: unit.into(),
                decimals,
            };
            assert_eq!(print_value(&value, FactKind::Volume), bulk_size.display());
        }
        for l in [Length::Mm(Mm(32.14)), Length::Px(Px(88.36))] {
            let (value, unit, decimals) = length(l);
            let value = FactValue::Number {
                value,
                unit: unit.into(),
                decimals,
            };
            assert_eq!(
                print_value(&value, FactKind::LongestDiameter),
                l.to_string()
            );
        }
    }

    #[test]
    fn no_change_is_formed_between_millimetres_and_pixels() {
        assert_eq!(change_pct((30.0, "mm"), (20.0, "px")), None);
        assert_eq!(change_pct((0.0, "mm"), (20.0, "mm")), None);
    }

    #[test]
    fn nearly_certain_is_not_printed_as_certain() {
        let value = shares([("PD", 0.997), ("SD", 0.003)].into_iter());
        assert_eq!(
            print_value(&value, FactKind::ResponseProbability),
            "PD 99.7 %"
        );
    }
}
