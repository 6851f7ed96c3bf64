//! Treatment: dated events → intervals → exposure as a function of time.

use serde::{Deserialize, Serialize};

use super::series::check_day;
use super::{Error, ScenarioChange};
use crate::units::{Days, Gray};
use crate::warning::{Warning, WarningCode};

/// Dose for which the radiotherapy parameter states the log-kill. An event without a dose counts
/// as one reference dose.
pub const RT_REFERENCE_DOSE: Gray = Gray(50.0);

/// A therapy with an effect of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Therapy {
    /// Drug treatment: a constant kill rate while it lasts.
    Systemic,
    /// Radiotherapy: a log-kill in proportion to dose, at once or evenly over the course.
    Radiotherapy,
    /// Surgery: a log-kill at once.
    Surgery,
}

/// One treatment with its time.
///
/// Systemic intervals act on `[start, end)`; overlapping ones act as one (the strongest counts).
/// Radiotherapy without `end` (or with `end` = `start`) and surgery act at once, just *after* a
/// measurement of the same day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreatmentInterval {
    /// What acts.
    pub therapy: Therapy,
    /// First day.
    pub start: Days,
    /// Day on which it has ended; `None` while systemic treatment goes on.
    pub end: Option<Days>,
    /// Radiotherapy dose of the whole interval, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose: Option<Gray>,
    /// Dose relative to what was given; 1 except in scenarios.
    #[serde(default = "one")]
    pub strength: f64,
}

const fn one() -> f64 {
    1.0
}

impl TreatmentInterval {
    /// Systemic treatment from `start`, to `end` or going on.
    #[must_use]
    pub const fn systemic(start: Days, end: Option<Days>) -> Self {
        Self {
            therapy: Therapy::Systemic,
            start,
            end,
            dose: None,
            strength: 1.0,
        }
    }

    /// Radiotherapy from `start` to `end`, or at once.
    #[must_use]
    pub const fn radiotherapy(start: Days, end: Option<Days>, dose: Option<Gray>) -> Self {
        Self {
            therapy: Therapy::Radiotherapy,
            start,
            end,
            dose,
            strength: 1.0,
        }
    }

    /// Surgery on one day.
    #[must_use]
    pub const fn surgery(day: Days) -> Self {
        Self {
            therapy: Therapy::Surgery,
            start: day,
            end: None,
            dose: None,
            strength: 1.0,
        }
    }

    fn end_day(&self) -> f64 {
        match (self.therapy, self.end) {
            (Therapy::Surgery, _) | (Therapy::Radiotherapy, None) => self.start.0,
            (Therapy::Systemic, None) => f64::INFINITY,
            (_, Some(end)) => end.0,
        }
    }

    fn is_jump(&self) -> bool {
        self.therapy != Therapy::Systemic && self.end_day() <= self.start.0
    }

    /// Radiotherapy in reference doses.
    fn rt_weight(&self) -> f64 {
        self.strength * self.dose.map_or(1.0, |d| d.0 / RT_REFERENCE_DOSE.0)
    }

    fn check(&self) -> Result<(), Error> {
        check_day("the first day of a treatment", self.start.0)?;
        if let Some(end) = self.end {
            check_day("the last day of a treatment", end.0)?;
            if end.0 < self.start.0 {
                return Err(Error::BadNumber {
                    what: "the end of a treatment (day)",
                    value: end.0,
                    expected: "not before its start",
                });
            }
        }
        if let Some(dose) = self.dose
            && !(0.0..=1000.0).contains(&dose.0)
        {
            return Err(Error::BadNumber {
                what: "a radiotherapy dose (Gy)",
                value: dose.0,
                expected: "between 0 and 1000",
            });
        }
        if !(0.0..=100.0).contains(&self.strength) {
            return Err(Error::BadNumber {
                what: "a relative dose",
                value: self.strength,
                expected: "between 0 and 100",
            });
        }
        Ok(())
    }
}

/// Kind of a dated treatment event, as tables and records state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Drug treatment.
    Systemic,
    /// Radiotherapy.
    Radiotherapy,
    /// Surgery.
    Surgery,
    /// End of systemic treatment.
    Stop,
    /// A remark; without effect.
    Note,
}

/// A treatment event as recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreatmentEvent {
    /// Day after baseline.
    pub day: Days,
    /// What kind.
    pub kind: EventKind,
    /// Name of drug or technique. A `Stop` with a name ends what bears that name, without a name
    /// everything systemic.
    pub name: String,
    /// Dose in `unit`.
    pub dose: Option<f64>,
    /// Unit of the dose; `Gy` and `cGy` are understood for radiotherapy.
    pub unit: String,
    /// Length; `None` is open-ended for systemic treatment; 0 is a single day.
    pub duration: Option<Days>,
}

/// Turns events into intervals, with warnings on what the models simplify.
///
/// # Errors
/// [`Error::BadNumber`] for days, durations or doses that cannot be.
pub fn intervals_from_events(
    events: &[TreatmentEvent],
) -> Result<(Vec<TreatmentInterval>, Vec<Warning>), Error> {
    let mut ordered: Vec<&TreatmentEvent> = events.iter().collect();
    ordered.sort_by(|a, b| a.day.0.total_cmp(&b.day.0));
    let mut intervals: Vec<(TreatmentInterval, &str)> = Vec::new();
    let mut undosed = 0;
    for event in ordered {
        let start = event.day.0;
        check_day("the day of a treatment event", start)?;
        if let Some(duration) = event.duration
            && !(0.0..=1e5).contains(&duration.0)
        {
            return Err(Error::BadNumber {
                what: "the duration of a treatment (days)",
                value: duration.0,
                expected: "between 0 and 100000",
            });
        }
        let interval = match event.kind {
            EventKind::Note => continue,
            EventKind::Stop => {
                for (open, name) in &mut intervals {
                    let meant = event.name.is_empty() || event.name.eq_ignore_ascii_case(name);
                    if open.therapy == Therapy::Systemic && meant && open.end_day() > start {
                        open.end = Some(event.day);
                    }
                }
                continue;
            }
            EventKind::Systemic => {
                // A single day of treatment is one day of exposure.
                let end = event.duration.map(|d| Days(start + d.0.max(1.0)));
                TreatmentInterval::systemic(event.day, end)
            }
            EventKind::Radiotherapy => {
                let dose = match (event.dose, event.unit.trim()) {
                    (Some(dose), unit) if unit.eq_ignore_ascii_case("gy") => Some(Gray(dose)),
                    (Some(dose), unit) if unit.eq_ignore_ascii_case("cgy") => {
                        Some(Gray(dose / 100.0))
                    }
                    _ => None,
                };
                undosed += usize::from(dose.is_none());
                let end = event
                    .duration
                    .filter(|d| d.0 > 0.0)
                    .map(|d| Days(start + d.0));
                TreatmentInterval::radiotherapy(event.day, end, dose)
            }
            EventKind::Surgery => TreatmentInterval::surgery(event.day),
        };
        interval.check()?;
        intervals.push((interval, event.name.as_str()));
    }
    let mut names: Vec<String> = intervals
        .iter()
        .filter(|(i, _)| i.therapy == Therapy::Systemic)
        .map(|(_, name)| name.trim().to_lowercase())
        .collect();
    names.sort();
    names.dedup();
    let mut warnings = Vec::new();
    if names.len() > 1 {
        warnings.push(Warning::new(
            WarningCode::Model,
            format!(
                "{} systemic treatments are modelled with one common effect; the models cannot \
                 tell them apart",
                names.len()
            ),
        ));
    }
    if undosed > 0 {
        warnings.push(Warning::new(
            WarningCode::Model,
            format!(
                "{undosed} {} without a dose in Gy, each counted as {RT_REFERENCE_DOSE}",
                if undosed == 1 {
                    "radiotherapy"
                } else {
                    "radiotherapies"
                }
            ),
        ));
    }
    Ok((intervals.into_iter().map(|(i, _)| i).collect(), warnings))
}

/// Constant exposure from `start` to the start of the next segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Segment {
    pub(super) start: f64,
    /// Systemic exposure, 1 for treatment as given.
    pub(super) systemic: f64,
    /// Radiotherapy, reference doses per day.
    pub(super) radiotherapy: f64,
}

/// Kill at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Jump {
    pub(super) day: f64,
    /// Radiotherapy, reference doses.
    pub(super) radiotherapy: f64,
    /// Number of operations.
    pub(super) surgery: f64,
}

/// Exposure over all time, in a form that does not depend on how events were cut up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// By start; the first starts at −∞; neighbours differ.
    pub(super) segments: Vec<Segment>,
    /// By day; one per day.
    pub(super) jumps: Vec<Jump>,
}

impl Plan {
    pub(super) fn new(intervals: &[TreatmentInterval]) -> Result<Self, Error> {
        for interval in intervals {
            interval.check()?;
        }
        let lasting = || intervals.iter().filter(|i| !i.is_jump());
        let mut bounds: Vec<f64> = lasting()
            .flat_map(|i| [i.start.0, i.end_day()])
            .filter(|d| d.is_finite())
            .collect();
        bounds.push(f64::NEG_INFINITY);
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let mut segments: Vec<Segment> = Vec::with_capacity(bounds.len());
        for start in bounds {
            let mut segment = Segment {
                start,
                systemic: 0.0,
                radiotherapy: 0.0,
            };
            for i in lasting().filter(|i| i.start.0 <= start && start < i.end_day()) {
                match i.therapy {
                    Therapy::Systemic => segment.systemic = segment.systemic.max(i.strength),
                    Therapy::Radiotherapy => {
                        segment.radiotherapy += i.rt_weight() / (i.end_day() - i.start.0);
                    }
                    Therapy::Surgery => {}
                }
            }
            let same = segments.last().is_some_and(|last| {
                last.systemic == segment.systemic && last.radiotherapy == segment.radiotherapy
            });
            if !same {
                segments.push(segment);
            }
        }
        let mut jumps: Vec<Jump> = Vec::new();
        let mut sudden: Vec<&TreatmentInterval> =
            intervals.iter().filter(|i| i.is_jump()).collect();
        sudden.sort_by(|a, b| {
            a.start
                .0
                .total_cmp(&b.start.0)
                .then(a.rt_weight().total_cmp(&b.rt_weight()))
        });
        for i in sudden {
            let (rt, surgery) = match i.therapy {
                Therapy::Radiotherapy => (i.rt_weight(), 0.0),
                Therapy::Surgery | Therapy::Systemic => (0.0, i.strength),
            };
            if rt == 0.0 && surgery == 0.0 {
                continue;
            }
            match jumps.last_mut() {
                Some(last) if last.day == i.start.0 => {
                    last.radiotherapy += rt;
                    last.surgery += surgery;
                }
                _ => jumps.push(Jump {
                    day: i.start.0,
                    radiotherapy: rt,
                    surgery,
                }),
            }
        }
        Ok(Self { segments, jumps })
    }

    /// The segment in force just after `day`.
    pub(super) fn segment_at(&self, day: f64) -> Segment {
        let next = self.segments.partition_point(|s| s.start <= day);
        self.segments[next.saturating_sub(1)]
    }

    /// Whether a therapy acts after `day`.
    pub(super) fn acts_after(&self, therapy: Therapy, day: f64) -> bool {
        let lasting = |exposure: fn(&Segment) -> f64| {
            self.segments.iter().enumerate().any(|(i, s)| {
                let end = self.segments.get(i + 1).map_or(f64::INFINITY, |n| n.start);
                end > day && exposure(s) > 0.0
            })
        };
        let sudden =
            |kill: fn(&Jump) -> f64| self.jumps.iter().any(|j| j.day >= day && kill(j) > 0.0);
        match therapy {
            Therapy::Systemic => lasting(|s| s.systemic),
            Therapy::Radiotherapy => lasting(|s| s.radiotherapy) || sudden(|j| j.radiotherapy),
            Therapy::Surgery => sudden(|j| j.surgery),
        }
    }

    /// Reference doses of radiotherapy and number of operations between two days.
    pub(super) fn kills(&self, from: f64, to: f64) -> (f64, f64) {
        let (mut radiotherapy, mut surgery) = (0.0, 0.0);
        for j in self.jumps.iter().filter(|j| from <= j.day && j.day < to) {
            radiotherapy += j.radiotherapy;
            surgery += j.surgery;
        }
        for (i, s) in self.segments.iter().enumerate() {
            let end = self.segments.get(i + 1).map_or(f64::INFINITY, |n| n.start);
            let overlap = end.min(to) - s.start.max(from);
            if overlap > 0.0 {
                radiotherapy += s.radiotherapy * overlap;
            }
        }
        (radiotherapy, surgery)
    }

    /// Mean systemic exposure between two days, `from` < `to`.
    pub(super) fn mean_systemic(&self, from: f64, to: f64) -> f64 {
        let mut sum = 0.0;
        for (i, s) in self.segments.iter().enumerate() {
            let end = self.segments.get(i + 1).map_or(f64::INFINITY, |n| n.start);
            let overlap = end.min(to) - s.start.max(from);
            if overlap > 0.0 {
                sum += s.systemic * overlap;
            }
        }
        sum / (to - from)
    }
}

impl ScenarioChange {
    /// Day from which the plan is another.
    #[must_use]
    pub const fn day(&self) -> Days {
        match self {
            Self::StopTreatment { day } | Self::StartTreatment { day } => Days(*day),
            Self::ScaleDose { from_day, .. } => Days(*from_day),
        }
    }

    /// The treatments that a plan becomes under this change.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for a day or factor that cannot be; [`Error::NoTreatmentToRestart`]
    /// when systemic treatment is to start again that never was given before.
    pub fn apply(&self, plan: &[TreatmentInterval]) -> Result<Vec<TreatmentInterval>, Error> {
        let day = self.day().0;
        check_day("the day of a scenario", day)?;
        let mut changed = Vec::with_capacity(plan.len() + 1);
        match *self {
            Self::StopTreatment { .. } => {
                for i in plan {
                    let (before, _) = split(i, day);
                    changed.extend(before);
                }
            }
            Self::StartTreatment { .. } => {
                let known = plan
                    .iter()
                    .any(|i| i.therapy == Therapy::Systemic && i.start.0 < day);
                if !known {
                    return Err(Error::NoTreatmentToRestart { day });
                }
                changed.extend_from_slice(plan);
                changed.push(TreatmentInterval::systemic(Days(day), None));
            }
            Self::ScaleDose { factor, .. } => {
                if !(0.0..=10.0).contains(&factor) {
                    return Err(Error::BadNumber {
                        what: "the dose factor of a scenario",
                        value: factor,
                        expected: "between 0 and 10",
                    });
                }
                for i in plan {
                    if i.therapy == Therapy::Surgery {
                        changed.push(i.clone());
                        continue;
                    }
                    let (before, after) = split(i, day);
                    changed.extend(before);
                    changed.extend(after.map(|mut i| {
                        i.strength *= factor;
                        i
                    }));
                }
            }
        }
        Ok(changed)
    }
}

/// The parts of a treatment before and from `day`; a course is divided in proportion to time.
fn split(
    i: &TreatmentInterval,
    day: f64,
) -> (Option<TreatmentInterval>, Option<TreatmentInterval>) {
    if i.start.0 >= day {
        return (None, Some(i.clone()));
    }
    if i.end_day() <= day {
        return (Some(i.clone()), None);
    }
    let mut before = i.clone();
    let mut after = i.clone();
    before.end = Some(Days(day));
    after.start = Days(day);
    if i.therapy == Therapy::Radiotherapy {
        let share = (day - i.start.0) / (i.end_day() - i.start.0);
        let dose = i.dose.map_or(RT_REFERENCE_DOSE.0, |d| d.0);
        before.dose = Some(Gray(dose * share));
        after.dose = Some(Gray(dose * (1.0 - share)));
    }
    (Some(before), Some(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_a_treatment_in_two_changes_nothing() {
        let whole = [TreatmentInterval::systemic(Days(10.0), Some(Days(40.0)))];
        let halves = [
            TreatmentInterval::systemic(Days(25.5), Some(Days(40.0))),
            TreatmentInterval::systemic(Days(10.0), Some(Days(25.5))),
        ];
        assert_eq!(Plan::new(&whole).unwrap(), Plan::new(&halves).unwrap());
    }

    #[test]
    fn two_fractions_on_one_day_both_count() {
        let fraction = |day| TreatmentInterval::radiotherapy(Days(day), None, Some(Gray(2.0)));
        let plan = Plan::new(&[fraction(5.0), fraction(5.0), fraction(5.5)]).unwrap();
        let total: f64 = plan.jumps.iter().map(|j| j.radiotherapy).sum();
        approx::assert_relative_eq!(total * RT_REFERENCE_DOSE.0, 6.0, max_relative = 1e-15);
    }

    #[test]
    fn a_stop_ends_what_it_names() {
        let event = |day, kind, name: &str| TreatmentEvent {
            day: Days(day),
            kind,
            name: name.into(),
            dose: None,
            unit: String::new(),
            duration: None,
        };
        let (intervals, warnings) = intervals_from_events(&[
            event(60.0, EventKind::Stop, "A"),
            event(0.0, EventKind::Systemic, "a"),
            event(30.0, EventKind::Systemic, "B"),
        ])
        .unwrap();
        assert_eq!(intervals[0].end, Some(Days(60.0)));
        assert_eq!(intervals[1].end, None);
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].code, WarningCode::Model);
    }

    #[test]
    fn stopping_keeps_the_dose_already_given() {
        let course = [TreatmentInterval::radiotherapy(
            Days(0.0),
            Some(Days(30.0)),
            Some(Gray(60.0)),
        )];
        let stopped = ScenarioChange::StopTreatment { day: 10.0 }
            .apply(&course)
            .unwrap();
        assert_eq!(stopped.len(), 1);
        approx::assert_relative_eq!(stopped[0].dose.unwrap().0, 20.0, max_relative = 1e-12);
        let start = ScenarioChange::StartTreatment { day: 10.0 }.apply(&course);
        assert_eq!(start, Err(Error::NoTreatmentToRestart { day: 10.0 }));
    }
}
