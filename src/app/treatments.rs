//! Treatments as readers enter them: what is asked of an entry, how it is told, and which events the twin
//! reads in it.

use jiff::civil::Date;

use super::grouping;
use crate::case::{Schedule, Treatment, TreatmentKind};
use crate::texts::tr;
use crate::twin::{EventKind, TreatmentEvent, is_per_day};
use crate::units::Days;

/// Most doses of one entry.
const MOST_DOSES: u32 = 500;
/// Longest time from one dose to the next, in days.
const LONGEST_CYCLE: u32 = 366;
/// Longest course of one entry, in days.
const LONGEST: u32 = 3660;
/// Most fractions of radiotherapy, as the twin takes them.
const MOST_FRACTIONS: u32 = 200;
/// Most fractions on one day (accelerated schedules give three).
const FRACTIONS_A_DAY: f64 = 3.0;

/// A treatment to be entered.
#[derive(Clone, Debug, PartialEq)]
pub struct TreatmentEntry {
    /// First day.
    pub date: Date,
    /// Kind.
    pub kind: TreatmentKind,
    /// Drug or technique.
    pub name: String,
    /// Dose in `unit`: of each dose, per day where a drug is given all the time, or of all fractions.
    pub dose: Option<f64>,
    /// Unit of the dose.
    pub unit: String,
    /// Length in days.
    pub duration_days: f64,
    /// How a drug is given; `None` where that is not said.
    pub schedule: Option<Schedule>,
    /// Number of fractions of radiotherapy.
    pub fractions: Option<u32>,
}

impl TreatmentEntry {
    /// An entry of which nothing more is known than its first day and its kind.
    #[must_use]
    pub const fn new(date: Date, kind: TreatmentKind) -> Self {
        Self {
            date,
            kind,
            name: String::new(),
            dose: None,
            unit: String::new(),
            duration_days: 0.0,
            schedule: None,
            fractions: None,
        }
    }

    /// Whether it can be understood.
    ///
    /// # Errors
    /// What is wrong, for the reader.
    pub fn check(&self) -> Result<(), &'static str> {
        let is = |v: f64| v.is_finite() && v >= 0.0;
        if !is(self.duration_days) || self.duration_days > 1e5 {
            return Err(tr!("The length is a number of days"));
        }
        if self.dose.is_some_and(|dose| !is(dose)) {
            return Err(tr!("The dose is a number, for example 60"));
        }
        self.check_fractions()?;
        match self.schedule {
            Some(_) if self.kind != TreatmentKind::Systemic => {
                Err(tr!("Only drugs are given by a schedule"))
            }
            Some(schedule) => self.check_schedule(schedule),
            None => Ok(()),
        }
    }

    fn check_fractions(&self) -> Result<(), &'static str> {
        let Some(n) = self.fractions else {
            return Ok(());
        };
        if self.kind != TreatmentKind::Radiotherapy {
            return Err(tr!("Only radiotherapy has fractions"));
        }
        if n == 0 || n > MOST_FRACTIONS {
            return Err(tr!("Fractions are counted from 1 to 200"));
        }
        let days = self.duration_days + 1.0;
        if self.duration_days > 0.0 && f64::from(n) > FRACTIONS_A_DAY * days {
            return Err(tr!("These are more than three fractions a day"));
        }
        Ok(())
    }

    fn check_schedule(&self, schedule: Schedule) -> Result<(), &'static str> {
        let per_day = self.dose.map(|_| is_per_day(&self.unit));
        match schedule {
            Schedule::Once | Schedule::Repeated { .. } => match per_day {
                None => {
                    return Err(tr!(
                        "Single doses need their size; where it is unknown, enter first and last day"
                    ));
                }
                Some(Some(false)) => {}
                Some(_) => return Err(tr!("The unit is mg, g, µg, mg/m2, mg/kg or AUC")),
            },
            Schedule::Span | Schedule::Ongoing => {
                if per_day.is_some_and(|per_day| per_day != Some(true)) {
                    return Err(tr!("The dose is one per day here, for example 80 mg/d"));
                }
            }
        }
        if self.duration_days > 0.0 && schedule != Schedule::Span {
            return Err(tr!("Only a drug given from a day to another has a length"));
        }
        match schedule {
            Schedule::Repeated { every_days, times }
                if every_days.saturating_mul(times) > LONGEST =>
            {
                Err(tr!("Doses repeat for ten years at most"))
            }
            Schedule::Repeated { every_days, times }
                if !(1..=LONGEST_CYCLE).contains(&every_days)
                    || !(2..=MOST_DOSES).contains(&times) =>
            {
                Err(tr!("Doses repeat every 1 to 366 days, 2 to 500 times"))
            }
            Schedule::Span if self.duration_days <= 0.0 => Err(tr!(
                "A drug given from a day to another needs a last day after the first"
            )),
            _ => Ok(()),
        }
    }
}

/// How it is given, in words that follow the dose; empty where the record does not say. A stop among
/// `all` treatments of the patient ends it.
pub(super) fn given(t: &Treatment, all: &[&Treatment]) -> String {
    match (t.schedule, t.fractions) {
        (Some(Schedule::Once), _) => tr!("once").to_owned(),
        (Some(Schedule::Repeated { every_days, times }), _) => {
            let done = doses_given(t, every_days, times, all);
            match (done < times, every_days) {
                (false, 1) => tr!("{times} times, every day", times),
                (false, _) => tr!("{times} times, every {every_days} days", times, every_days),
                (true, 1) => tr!("{done} of {times} times, every day", done, times),
                (true, _) => tr!(
                    "{done} of {times} times, every {every_days} days",
                    done,
                    times,
                    every_days
                ),
            }
        }
        (Some(Schedule::Ongoing), _) => match stop_of(t, all) {
            Some(day) => tr!("until {day}", day),
            None => tr!("goes on").to_owned(),
        },
        (_, Some(n)) => tr!("in {n} fraction" | "in {n} fractions" % n as usize),
        (Some(Schedule::Span) | None, None) => String::new(),
    }
}

/// Doses that were given before a stop.
fn doses_given(t: &Treatment, every_days: u32, times: u32, all: &[&Treatment]) -> u32 {
    let stop = stop_of(t, all).map_or(f64::INFINITY, |on| grouping::days_between(t.date, on).0);
    let before = |n: &u32| f64::from(n * every_days) < stop;
    (0..times).take_while(before).fold(0, |count, _| count + 1)
}

/// Time from the first day to the last on which it is given, as far as the record says; `None` where it
/// goes on.
pub(super) fn lasting(t: &Treatment, all: &[&Treatment]) -> Option<Days> {
    let planned = match t.schedule {
        Some(Schedule::Repeated { every_days, times }) => {
            let done = doses_given(t, every_days, times, all);
            return Some(Days(f64::from(every_days * done.saturating_sub(1))));
        }
        Some(Schedule::Once) => 0.0,
        Some(Schedule::Ongoing) => f64::INFINITY,
        Some(Schedule::Span) | None => t.duration_days,
    };
    let stop = stop_of(t, all).map_or(f64::INFINITY, |on| grouping::days_between(t.date, on).0);
    Some(Days(planned.min(stop))).filter(|d| d.0.is_finite())
}

/// The events of a patient's treatments, each dose of a schedule by itself.
pub(super) fn events(treatments: &[&Treatment], baseline: Date) -> Vec<TreatmentEvent> {
    let mut events = Vec::with_capacity(treatments.len());
    for treatment in treatments {
        let first = event(treatment, baseline);
        let Some(Schedule::Repeated { every_days, times }) = treatment.schedule else {
            events.push(first);
            continue;
        };
        // What was planned beyond a stop was not given.
        let given = (0..doses_given(treatment, every_days, times, treatments))
            .map(|n| first.day.0 + f64::from(n) * f64::from(every_days));
        events.extend(given.map(|day| TreatmentEvent {
            day: Days(day),
            ..first.clone()
        }));
    }
    events
}

/// The first stop after a drug began that means it, or everything.
fn stop_of(treatment: &Treatment, all: &[&Treatment]) -> Option<Date> {
    let key = |t: &Treatment| t.name.trim().to_lowercase();
    all.iter()
        .filter(|t| t.kind == TreatmentKind::Stop && t.date > treatment.date)
        .filter(|t| key(t).is_empty() || key(t) == key(treatment))
        .map(|t| t.date)
        .min()
}

fn event(treatment: &Treatment, baseline: Date) -> TreatmentEvent {
    let stated = Some(Days(treatment.duration_days)).filter(|d| d.0 > 0.0);
    TreatmentEvent {
        day: grouping::days_between(baseline, treatment.date),
        kind: match treatment.kind {
            TreatmentKind::Systemic => EventKind::Systemic,
            TreatmentKind::Radiotherapy => EventKind::Radiotherapy,
            TreatmentKind::Surgery => EventKind::Surgery,
            TreatmentKind::Stop => EventKind::Stop,
            TreatmentKind::Note => EventKind::Note,
        },
        name: treatment.name.clone(),
        dose: treatment.dose,
        unit: treatment.unit.clone(),
        duration: match treatment.schedule {
            Some(Schedule::Once | Schedule::Repeated { .. }) => Some(Days(0.0)),
            Some(Schedule::Ongoing) => None,
            Some(Schedule::Span) | None => stated,
        },
        fractions: treatment.fractions,
        weekday: u32::try_from(treatment.date.weekday().to_monday_zero_offset()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;
    use crate::case::{PatientId, TreatmentId};
    use crate::twin::Treatments;

    fn entry(schedule: Schedule, dose: Option<f64>, unit: &str, days: f64) -> TreatmentEntry {
        TreatmentEntry {
            dose,
            unit: unit.to_owned(),
            duration_days: days,
            schedule: Some(schedule),
            ..TreatmentEntry::new(date(2024, 5, 2), TreatmentKind::Systemic)
        }
    }

    fn treatment(kind: TreatmentKind, on: Date, schedule: Option<Schedule>) -> Treatment {
        Treatment {
            id: TreatmentId(Uuid::nil()),
            patient: PatientId(Uuid::nil()),
            date: on,
            kind,
            name: "Docetaxel".to_owned(),
            dose: (kind == TreatmentKind::Systemic).then_some(75.0),
            unit: "mg/m2".to_owned(),
            duration_days: 0.0,
            schedule,
            fractions: None,
        }
    }

    #[test]
    fn fractions_keep_to_the_calendar() {
        let mut course = treatment(TreatmentKind::Radiotherapy, date(2024, 5, 9), None);
        (course.dose, course.unit) = (Some(10.0), "Gy".to_owned());
        (course.fractions, course.duration_days) = (Some(5), 6.0);
        // Thursday, Friday, and Monday to Wednesday.
        let first = f64::from((date(2024, 5, 9) - date(2024, 1, 1)).get_days());
        assert_eq!(
            days(&[&course]),
            [0.0, 1.0, 4.0, 5.0, 6.0].map(|d| first + d)
        );
    }

    fn days(treatments: &[&Treatment]) -> Vec<f64> {
        let (read, _) = Treatments::from_events(&events(treatments, date(2024, 1, 1))).unwrap();
        read.plan().events().iter().map(|e| e.day.0).collect()
    }

    const THRICE: Schedule = Schedule::Repeated {
        every_days: 21,
        times: 3,
    };

    #[test]
    fn a_dose_given_once_is_one_dose_and_not_a_drug_that_goes_on() {
        let on = date(2024, 1, 11);
        let once = treatment(TreatmentKind::Systemic, on, Some(Schedule::Once));
        let (read, _) = Treatments::from_events(&events(&[&once], date(2024, 1, 1))).unwrap();
        let [event] = read.plan().events() else {
            panic!("one event");
        };
        assert!(matches!(
            event.act,
            crate::twin::dynamics::plan::Act::Bolus { .. }
        ));
        assert_eq!(event.day, Days(10.0));
    }

    #[test]
    fn repeated_doses_end_with_their_number_or_a_stop() {
        let drug = treatment(TreatmentKind::Systemic, date(2024, 1, 1), Some(THRICE));
        assert_eq!(days(&[&drug]), [0.0, 21.0, 42.0]);
        let mut stop = treatment(TreatmentKind::Stop, date(2024, 1, 22), None);
        assert_eq!(days(&[&drug, &stop]), [0.0]);
        stop.name = "another".to_owned();
        assert_eq!(days(&[&drug, &stop]), [0.0, 21.0, 42.0]);
    }

    #[test]
    fn doses_fit_the_way_in_which_a_drug_is_given() {
        for (schedule, dose, unit, length, fits) in [
            (Schedule::Once, Some(75.0), "mg/m2", 0.0, true),
            (Schedule::Once, None, "", 0.0, false),
            (Schedule::Once, Some(75.0), "mg/d", 0.0, false),
            (Schedule::Once, Some(75.0), "tablets", 0.0, false),
            (THRICE, Some(200.0), "mg", 0.0, true),
            (
                Schedule::Repeated {
                    every_days: 0,
                    times: 3,
                },
                Some(1.0),
                "mg",
                0.0,
                false,
            ),
            (
                Schedule::Repeated {
                    every_days: 7,
                    times: 1,
                },
                Some(1.0),
                "mg",
                0.0,
                false,
            ),
            (Schedule::Span, None, "", 28.0, true),
            (Schedule::Span, None, "", 0.0, false),
            (Schedule::Ongoing, Some(80.0), "mg/d", 0.0, true),
            (Schedule::Ongoing, Some(80.0), "mg", 0.0, false),
        ] {
            let checked = entry(schedule, dose, unit, length).check();
            assert_eq!(
                checked.is_ok(),
                fits,
                "{schedule:?} {dose:?} {unit}: {checked:?}"
            );
        }
    }

    #[test]
    fn fractions_belong_to_radiotherapy_and_fit_into_its_days() {
        let course = |n, days| TreatmentEntry {
            dose: Some(60.0),
            unit: "Gy".to_owned(),
            duration_days: days,
            fractions: Some(n),
            ..TreatmentEntry::new(date(2024, 5, 2), TreatmentKind::Radiotherapy)
        };
        assert!(course(30, 40.0).check().is_ok());
        assert!(course(30, 0.0).check().is_ok());
        assert!(course(30, 2.0).check().is_err());
        assert!(course(0, 2.0).check().is_err());
        let drug = TreatmentEntry {
            kind: TreatmentKind::Systemic,
            ..course(30, 40.0)
        };
        assert!(drug.check().is_err());
    }
}
