//! What a scenario makes of a plan.

use super::cycle::Cycle;
use super::{COVERED, Dosing, Treatments};
use crate::twin::dynamics::dose::Dose;
use crate::twin::dynamics::plan::{Act, DrugId, Event, Plan};
use crate::twin::series::check_day;
use crate::twin::{Error, ScenarioChange};
use crate::units::Days;

/// Days for which a restart plans doses: farther than any projection is believed.
const RESTARTED: f64 = 1095.0;
/// Doses that it plans at most, four a day.
const MOST_DOSES: usize = 4380;

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
    /// A restart gives again what was given last before that day: drugs of which times alone are
    /// known without end, doses in the cycle in which they were given (see
    /// `twin::treatment::cycle`), up to a hundred.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for a day or factor that cannot be; [`Error::NoTreatmentToRestart`]
    /// when systemic treatment is to start again that never was given before.
    pub fn apply(&self, to: &Treatments) -> Result<Treatments, Error> {
        let day = self.day();
        check_day("the day of a scenario", day.0)?;
        let plan = match *self {
            Self::StopTreatment { .. } => to.plan.stopped(day)?,
            Self::ScaleDose { factor, .. } => {
                if !(0.0..=10.0).contains(&factor) {
                    return Err(Error::BadNumber {
                        what: "the dose factor of a scenario",
                        value: factor,
                        expected: "between 0 and 10",
                    });
                }
                if factor == 1.0 {
                    return Ok(to.clone());
                }
                to.plan.scaled(day, factor)?
            }
            Self::StartTreatment { .. } => restarted(to, day)?,
        };
        Ok(to.with_plan(plan))
    }
}

/// What of a drug was given before a day: when its last event ended, and its events.
fn given(to: &Treatments, drug: DrugId, day: Days) -> Option<(f64, Vec<Event>)> {
    let events: Vec<Event> = to
        .plan
        .events()
        .iter()
        .filter(|e| {
            let of = match e.act {
                Act::Bolus { drug, .. } | Act::Infusion { drug, .. } => Some(drug),
                _ => None,
            };
            of == Some(drug) && e.day.0 < day.0
        })
        .copied()
        .collect();
    let end = events
        .iter()
        .map(|e| match e.act {
            Act::Infusion { until, .. } => until.map_or(f64::INFINITY, |d| d.0).min(day.0),
            _ => e.day.0,
        })
        .fold(f64::NEG_INFINITY, f64::max);
    (!events.is_empty()).then_some((end, events))
}

fn restarted(to: &Treatments, day: Days) -> Result<Plan, Error> {
    let known: Vec<(DrugId, f64, Vec<Event>)> = (0..to.regimens.len())
        .filter_map(|i| {
            let drug = DrugId(u16::try_from(i).ok()?);
            let (end, events) = given(to, drug, day)?;
            Some((drug, end, events))
        })
        .collect();
    let last = known
        .iter()
        .map(|(_, end, _)| *end)
        .fold(f64::NEG_INFINITY, f64::max);
    if known.is_empty() {
        return Err(Error::NoTreatmentToRestart { day: day.0 });
    }
    let mut events = to.plan.events().to_vec();
    // Given last: within one cycle of the last treatment of all.
    for (drug, end, of_drug) in known {
        if end < last - COVERED {
            continue;
        }
        match (
            to.regimens[usize::from(drug.0)].dosing,
            of_drug.last().map(|e| e.act),
        ) {
            (Dosing::Doses { .. }, Some(Act::Bolus { .. })) => {
                let doses: Vec<(f64, Dose)> = of_drug
                    .iter()
                    .filter_map(|e| match e.act {
                        Act::Bolus { dose, .. } => Some((e.day.0, dose)),
                        _ => None,
                    })
                    .collect();
                let Some(cycle) = Cycle::of(&doses) else {
                    continue;
                };
                let later = |e: &Event| {
                    matches!(e.act, Act::Bolus { drug: d, .. } if d == drug) && e.day.0 >= day.0
                };
                events.retain(|e| !later(e));
                let again = cycle
                    .from(day.0)
                    .take(MOST_DOSES)
                    .take_while(|(again, _)| *again < day.0 + RESTARTED);
                events.extend(again.map(|(day, dose)| Event::bolus(Days(day), drug, dose)));
            }
            (_, Some(Act::Infusion { per_day, .. })) => {
                let still = |e: &Event| match e.act {
                    Act::Infusion { drug: d, until, .. } => {
                        d == drug && until.is_none_or(|until| until.0 > day.0)
                    }
                    _ => false,
                };
                // What is being given on that day, or will be, goes on without end.
                let going_on = events.iter().any(|e| still(e) && e.day.0 <= day.0);
                let from = events
                    .iter()
                    .filter(|e| still(e) && e.day.0 <= day.0)
                    .map(|e| e.day.0)
                    .fold(day.0, f64::min);
                events.retain(|e| !still(e));
                let start = if going_on { from } else { day.0 };
                events.push(Event::infusion(Days(start), None, drug, per_day));
            }
            _ => {}
        }
    }
    Plan::new(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::TreatmentEvent;

    fn treatments(events: &[TreatmentEvent]) -> Treatments {
        Treatments::from_events(events).unwrap().0
    }

    fn start(day: f64) -> ScenarioChange {
        ScenarioChange::StartTreatment { day }
    }

    #[test]
    fn a_restart_gives_doses_as_before() {
        let doses = [0.0, 14.0, 28.0].map(|d| TreatmentEvent::dose(Days(d), "x", 100.0, "mg"));
        let again = start(100.0).apply(&treatments(&doses)).unwrap();
        let days: Vec<f64> = again.plan().events().iter().map(|e| e.day.0).collect();
        assert_eq!(days[..6], [0.0, 14.0, 28.0, 100.0, 114.0, 128.0]);
    }

    #[test]
    fn a_restart_gives_days_1_and_8_again_and_not_every_week() {
        let days = [0.0, 7.0, 21.0, 28.0, 42.0, 49.0];
        let doses = days.map(|d| TreatmentEvent::dose(Days(d), "x", 100.0, "mg"));
        let again = start(100.0).apply(&treatments(&doses)).unwrap();
        let days: Vec<f64> = again.plan().events().iter().map(|e| e.day.0).collect();
        assert_eq!(days[6..11], [100.0, 107.0, 121.0, 128.0, 142.0]);
        // 53 first days of a cycle in three years, and the eighth of all but the last.
        assert_eq!(days.len(), 6 + 53 + 52);
    }

    #[test]
    fn a_restart_of_what_goes_on_changes_nothing() {
        let ongoing = treatments(&[TreatmentEvent::systemic(Days(0.0), None)]);
        assert_eq!(start(50.0).apply(&ongoing).unwrap(), ongoing);
    }

    #[test]
    fn a_restart_takes_what_was_given_last() {
        let named = |name: &str, day, days| TreatmentEvent {
            name: name.to_owned(),
            ..TreatmentEvent::systemic(Days(day), Some(Days(days)))
        };
        let before = treatments(&[named("A", 0.0, 60.0), named("B", 90.0, 60.0)]);
        let again = start(200.0).apply(&before).unwrap();
        let last = again.plan().events().last().unwrap();
        assert_eq!(last.day, Days(200.0));
        assert!(matches!(
            last.act,
            Act::Infusion {
                drug: DrugId(1),
                until: None,
                ..
            }
        ));
        assert!(matches!(
            start(0.0).apply(&before),
            Err(Error::NoTreatmentToRestart { .. })
        ));
    }
}
