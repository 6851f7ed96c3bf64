//! Treatment as it was given: dated events with doses in absolute units.
//!
//! Days may be fractional and need not be whole: two fractions a day are two events. An event acts
//! just *after* a scan of the same instant. A scan that was made later on the same day must bear a
//! later time.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_day};
use crate::twin::dynamics::dose::Dose;
use crate::units::{Days, Gray};

/// Which drug of a plan is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DrugId(pub u16);

impl fmt::Display for DrugId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What happens to the patient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// A drug, at once.
    Bolus {
        /// Which drug.
        drug: DrugId,
        /// How much.
        dose: Dose,
    },
    /// A drug at a constant rate: an infusion, or tablets over weeks. The rate is kept and not the
    /// total, so that cutting the event in two changes no number.
    Infusion {
        /// Which drug.
        drug: DrugId,
        /// Amount per day.
        per_day: Dose,
        /// Day on which it has ended; `None` while it goes on.
        until: Option<Days>,
    },
    /// A fraction of radiotherapy. Fractions of the very same instant are parts of one.
    Fraction {
        /// Its dose.
        dose: Gray,
    },
    /// Radiotherapy of which only the whole dose and the days are known: spread evenly over them.
    Course {
        /// Dose of all of it.
        total: Gray,
        /// Day on which it has ended; that of the event where all was given at once.
        until: Days,
    },
    /// An operation.
    Surgery {
        /// Share of the lesion that is taken out, below 1; `None` where it is not known and the
        /// model has to say.
        removed: Option<f64>,
    },
}

/// A dated event.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Day after baseline on which it happens or begins.
    pub day: Days,
    /// What happens.
    pub act: Act,
}

impl Event {
    /// The drug that is given, if it is one.
    #[must_use]
    pub const fn drug(&self) -> Option<DrugId> {
        match self.act {
            Act::Bolus { drug, .. } | Act::Infusion { drug, .. } => Some(drug),
            _ => None,
        }
    }

    /// A drug given at once.
    #[must_use]
    pub const fn bolus(day: Days, drug: DrugId, dose: Dose) -> Self {
        Self {
            day,
            act: Act::Bolus { drug, dose },
        }
    }

    /// A drug of which `per_day` is given each day from `day` until `until`.
    #[must_use]
    pub const fn infusion(day: Days, until: Option<Days>, drug: DrugId, per_day: Dose) -> Self {
        Self {
            day,
            act: Act::Infusion {
                drug,
                per_day,
                until,
            },
        }
    }

    /// A fraction of radiotherapy.
    #[must_use]
    pub const fn fraction(day: Days, dose: Gray) -> Self {
        Self {
            day,
            act: Act::Fraction { dose },
        }
    }

    /// Radiotherapy of which the fractions are not known.
    #[must_use]
    pub const fn course(day: Days, until: Days, total: Gray) -> Self {
        Self {
            day,
            act: Act::Course { total, until },
        }
    }

    /// An operation that takes out a share of the lesion.
    #[must_use]
    pub const fn surgery(day: Days, removed: f64) -> Self {
        Self {
            day,
            act: Act::Surgery {
                removed: Some(removed),
            },
        }
    }

    /// An operation that takes out nobody knows how much.
    #[must_use]
    pub const fn surgery_of_unknown_extent(day: Days) -> Self {
        Self {
            day,
            act: Act::Surgery { removed: None },
        }
    }

    fn check(&self) -> Result<(), Error> {
        check_day("the day of a treatment", self.day.0)?;
        match self.act {
            Act::Bolus { dose, .. } => dose.check(),
            Act::Infusion { per_day, until, .. } => {
                per_day.check()?;
                match until {
                    Some(until) => check(
                        "the end of an infusion (day)",
                        until.0,
                        self.day.0..=1e5,
                        "not before its start, and at most 100000",
                    ),
                    None => Ok(()),
                }
            }
            Act::Fraction { dose } => check(
                "the dose of a fraction (Gy)",
                dose.0,
                0.0..=1000.0,
                "between 0 and 1000",
            ),
            Act::Course { total, until } => {
                check(
                    "the dose of a course of radiotherapy (Gy)",
                    total.0,
                    0.0..=1000.0,
                    "between 0 and 1000",
                )?;
                check(
                    "the end of a course of radiotherapy (day)",
                    until.0,
                    self.day.0..=1e5,
                    "not before its start, and at most 100000",
                )
            }
            Act::Surgery { removed } => check(
                "the share that an operation removes",
                removed.unwrap_or(0.0),
                0.0..=1.0 - f64::EPSILON,
                "at least 0 and below 1",
            ),
        }
    }

    /// What orders events of one instant, so that sums do not depend on how a plan was written.
    fn key(&self) -> (u8, u16, f64, f64) {
        match self.act {
            Act::Bolus { drug, dose } => (0, drug.0, dose.amount, 0.0),
            Act::Infusion {
                drug,
                per_day,
                until,
            } => (
                1,
                drug.0,
                per_day.amount,
                until.map_or(f64::INFINITY, |d| d.0),
            ),
            Act::Fraction { dose } => (2, 0, dose.0, 0.0),
            Act::Course { total, until } => (3, 0, total.0, until.0),
            Act::Surgery { removed } => (4, 0, removed.unwrap_or(-1.0), 0.0),
        }
    }
}

/// All treatment of a patient, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Event>", into = "Vec<Event>")]
pub struct Plan {
    events: Vec<Event>,
}

impl TryFrom<Vec<Event>> for Plan {
    type Error = Error;

    fn try_from(events: Vec<Event>) -> Result<Self, Error> {
        Self::new(events)
    }
}

impl From<Plan> for Vec<Event> {
    fn from(plan: Plan) -> Self {
        plan.events
    }
}

impl Plan {
    /// Takes events in any order.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for days or doses that cannot be.
    pub fn new(events: impl IntoIterator<Item = Event>) -> Result<Self, Error> {
        let mut events: Vec<Event> = events.into_iter().collect();
        for event in &events {
            event.check()?;
        }
        events.sort_by(|a, b| {
            let (ka, kb) = (a.key(), b.key());
            a.day
                .0
                .total_cmp(&b.day.0)
                .then((ka.0, ka.1).cmp(&(kb.0, kb.1)))
                .then(ka.2.total_cmp(&kb.2))
                .then(ka.3.total_cmp(&kb.3))
        });
        Ok(Self { events })
    }

    /// The events in order of time.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Everything later by so many days, or earlier.
    ///
    /// # Errors
    /// [`Error::BadNumber`] where that leads to days that cannot be.
    pub fn shifted(&self, by: Days) -> Result<Self, Error> {
        Self::new(self.events.iter().map(|event| {
            let mut event = *event;
            event.day.0 += by.0;
            if let Act::Infusion {
                until: Some(until), ..
            }
            | Act::Course { until, .. } = &mut event.act
            {
                until.0 += by.0;
            }
            event
        }))
    }

    /// The plan with doses of drugs and radiotherapy multiplied by `factor` from a day on. What is
    /// being infused or irradiated on that day is cut in two there.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for a factor or day that cannot be.
    pub fn scaled(&self, from: Days, factor: f64) -> Result<Self, Error> {
        check_day("the day of a changed dose", from.0)?;
        check("a dose factor", factor, 0.0..=1e3, "between 0 and 1000")?;
        let mut events = Vec::with_capacity(self.events.len() + 1);
        for event in &self.events {
            let (before, after) = cut(event, from);
            events.extend(before);
            events.extend(after.map(|mut event| {
                match &mut event.act {
                    Act::Bolus { dose, .. } | Act::Infusion { per_day: dose, .. } => {
                        *dose = dose.times(factor);
                    }
                    Act::Fraction { dose } | Act::Course { total: dose, .. } => dose.0 *= factor,
                    Act::Surgery { .. } => {}
                }
                event
            }));
        }
        Self::new(events)
    }

    /// The plan up to a day: later events fall away, what is being infused ends.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for a day that cannot be.
    pub fn stopped(&self, day: Days) -> Result<Self, Error> {
        check_day("the day of a stop", day.0)?;
        Self::new(self.events.iter().filter_map(|event| cut(event, day).0))
    }
}

/// The parts of an event before a day and from it on.
fn cut(event: &Event, day: Days) -> (Option<Event>, Option<Event>) {
    if event.day.0 >= day.0 {
        return (None, Some(*event));
    }
    match event.act {
        Act::Infusion {
            drug,
            per_day,
            until,
        } if until.is_none_or(|until| until.0 > day.0) => (
            Some(Event::infusion(event.day, Some(day), drug, per_day)),
            Some(Event::infusion(day, until, drug, per_day)),
        ),
        Act::Course { total, until } if until.0 > day.0 => {
            let first = total.0 * ((day.0 - event.day.0) / (until.0 - event.day.0));
            (
                Some(Event::course(event.day, day, Gray(first))),
                Some(Event::course(day, until, Gray(total.0 - first))),
            )
        }
        _ => (Some(*event), None),
    }
}

/// A course of radiotherapy on five days of seven, with a fraction at each of `hours` after the beginning
/// of a day. `weekday` is that of `start` (0 Monday, 6 Sunday); whatever it is, there is a fraction on it.
#[must_use]
pub fn weekday_course(
    start: Days,
    weekday: u32,
    fractions: usize,
    dose: Gray,
    hours: &[f64],
) -> Vec<Event> {
    (0_u32..)
        .filter(|day| *day == 0 || (weekday + day) % 7 < 5)
        .flat_map(|day| {
            hours
                .iter()
                .map(move |hour| Days(start.0 + f64::from(day) + hour / 24.0))
        })
        .take(if hours.is_empty() { 0 } else { fractions })
        .map(|day| Event::fraction(day, dose))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRUG: DrugId = DrugId(1);

    #[test]
    fn the_order_of_writing_does_not_matter() {
        let mut events = vec![
            Event::fraction(Days(5.0), Gray(2.0)),
            Event::bolus(Days(5.0), DRUG, Dose::mg(100.0)),
            Event::fraction(Days(5.0), Gray(1.0)),
            Event::surgery(Days(-3.0), 0.9),
        ];
        let plan = Plan::new(events.clone()).unwrap();
        events.reverse();
        assert_eq!(plan, Plan::new(events).unwrap());
    }

    #[test]
    fn a_stop_cuts_what_is_being_infused() {
        let plan = Plan::new([
            Event::infusion(Days(0.0), None, DRUG, Dose::mg(10.0)),
            Event::fraction(Days(30.0), Gray(2.0)),
        ])
        .unwrap();
        let stopped = plan.stopped(Days(20.0)).unwrap();
        assert_eq!(
            stopped.events(),
            [Event::infusion(
                Days(0.0),
                Some(Days(20.0)),
                DRUG,
                Dose::mg(10.0)
            )]
        );
    }

    #[test]
    fn a_course_is_cut_in_proportion() {
        let plan = Plan::new([Event::course(Days(10.0), Days(50.0), Gray(60.0))]).unwrap();
        let stopped = plan.stopped(Days(20.0)).unwrap();
        let part = Event::course(Days(10.0), Days(20.0), Gray(15.0));
        assert_eq!(stopped.events(), [part]);
        let doubled = plan.scaled(Days(20.0), 2.0).unwrap();
        let rest = Event::course(Days(20.0), Days(50.0), Gray(90.0));
        assert_eq!(doubled.events(), [part, rest]);
        let moved = plan.shifted(Days(5.0)).unwrap();
        let later = Event::course(Days(15.0), Days(55.0), Gray(60.0));
        assert_eq!(moved.events(), [later]);
    }

    #[test]
    fn a_plan_that_is_read_is_checked() {
        let plan = Plan::new([
            Event::infusion(Days(0.5), None, DRUG, Dose::mg_per_m2(10.0)),
            Event::fraction(Days(-0.125), Gray(1.8)),
        ])
        .unwrap();
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        let wrong = text.replace("1.8", "-1.8");
        assert!(serde_json::from_str::<Plan>(&wrong).is_err());
    }

    #[test]
    fn a_course_rests_on_weekends() {
        let days = |events: Vec<Event>| -> Vec<f64> { events.iter().map(|e| e.day.0).collect() };
        assert_eq!(
            days(weekday_course(Days(3.0), 0, 7, Gray(2.0), &[0.0])),
            [3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 11.0]
        );
        assert_eq!(
            days(weekday_course(Days(0.0), 0, 3, Gray(1.2), &[9.0, 15.0])),
            [0.375, 0.625, 1.375]
        );
        // From a Thursday, and from a Saturday.
        assert_eq!(
            days(weekday_course(Days(0.0), 3, 5, Gray(2.0), &[0.0])),
            [0.0, 1.0, 4.0, 5.0, 6.0]
        );
        assert_eq!(
            days(weekday_course(Days(0.0), 5, 3, Gray(2.0), &[0.0])),
            [0.0, 2.0, 3.0]
        );
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        for event in [
            Event::fraction(Days(f64::NAN), Gray(2.0)),
            Event::fraction(Days(0.0), Gray(-2.0)),
            Event::surgery(Days(0.0), 1.0),
            Event::course(Days(5.0), Days(4.0), Gray(60.0)),
            Event::infusion(Days(5.0), Some(Days(4.0)), DRUG, Dose::mg(1.0)),
            Event::bolus(Days(5.0), DRUG, Dose::mg(f64::INFINITY)),
        ] {
            assert!(matches!(Plan::new([event]), Err(Error::BadNumber { .. })));
        }
    }
}
