//! A plan and the days of scans, sorted out once, for any number of parameter sets.
//!
//! What depends on parameters is left to the run: how much of a drug is still there, and the
//! moments that a lag or a kick-off puts somewhere else. The streams of moments are merged as the
//! run goes along, so nothing is sorted again.

use super::check::{Error, check_day};
use crate::twin::dynamics::dosing::Dosing;
use crate::twin::dynamics::exposure::{Acting, Drug};
use crate::twin::dynamics::kill::Kill;
use crate::twin::dynamics::ode::Tolerance;
use crate::twin::dynamics::plan::{Act, Plan};
use crate::twin::dynamics::radiotherapy::Radiosensitivity;
use crate::units::{Days, Mm3};

/// A plan, the day on which a curve starts, and the days asked for.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub(crate) start: f64,
    /// In the order of asking.
    pub(crate) days: Vec<f64>,
    /// In order of time: a day and its place among those asked for.
    pub(crate) asked: Vec<(f64, usize)>,
    pub(crate) dosings: Vec<Dosing>,
    pub(crate) irradiations: Vec<Irradiation>,
    pub(crate) operations: Vec<Operation>,
}

/// An instant of radiotherapy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Irradiation {
    pub(crate) day: f64,
    /// Gy, as one fraction.
    pub(crate) fraction: f64,
    /// Gy, of courses that begin and end here, fractions unknown.
    pub(crate) at_once: f64,
    /// Gy a day from here on, of courses whose fractions are not known.
    pub(crate) per_day: f64,
}

/// An instant with operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) day: f64,
    /// −ln of the share left by those whose extent is known.
    pub(crate) log_kill: f64,
    /// How many others there are.
    pub(crate) unknown: f64,
}

impl Timeline {
    /// Days may be asked for in any order. Events before the start still act as far as they last.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for days that cannot be; [`Error::BeforeStart`].
    pub fn new(plan: &Plan, start: Days, days: &[Days]) -> Result<Self, Error> {
        check_day("the first day of a curve", start.0)?;
        for day in days {
            check_day("a day of a curve", day.0)?;
            if day.0 < start.0 {
                return Err(Error::BeforeStart {
                    day: day.0,
                    start: start.0,
                });
            }
        }
        let days: Vec<f64> = days.iter().map(|d| d.0).collect();
        let mut asked: Vec<(f64, usize)> = days.iter().copied().zip(0..).collect();
        asked.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self {
            start: start.0,
            days,
            asked,
            dosings: Dosing::all(plan),
            irradiations: irradiations(plan),
            operations: operations(plan),
        })
    }

    /// Refuses effects that make no sense or do not cover the plan.
    pub(crate) fn check(&self, effects: &Effects) -> Result<(), Error> {
        for (i, drug) in effects.drugs.iter().enumerate() {
            if effects.drugs[..i].iter().any(|d| d.id == drug.id) {
                return Err(Error::DrugTwice(drug.id));
            }
            drug.check()?;
        }
        for dosing in &self.dosings {
            match effects.drugs.iter().find(|d| d.id == dosing.drug) {
                Some(drug) => dosing.check(drug.reference)?,
                None => return Err(Error::UnknownDrug(dosing.drug)),
            }
        }
        match effects.radiosensitivity {
            Some(s) => {
                s.check()?;
                let spread = |i: &Irradiation| i.per_day > 0.0 || i.at_once > 0.0;
                if s.alpha_eff.is_none() && self.irradiations.iter().any(spread) {
                    return Err(Error::NoEffectiveAlpha);
                }
            }
            None if self.irradiations.is_empty() => {}
            None => return Err(Error::NoRadiosensitivity),
        }
        match effects.surgery_log_kill {
            Some(log_kill) => super::check::check(
                "the log-kill of an operation",
                log_kill,
                0.0..=1e6,
                "zero or more",
            ),
            None if self.operations.iter().any(|o| o.unknown > 0.0) => Err(Error::NoSurgeryLogKill),
            None => Ok(()),
        }
    }

    /// Volume of all swellings on a day.
    pub(crate) fn swelling(&self, drugs: &[Drug], day: f64) -> Mm3 {
        let mut volume = 0.0;
        for drug in drugs {
            let Some(swelling) = drug.pseudoprogression else {
                continue;
            };
            let dosing = self.dosings.iter().find(|d| d.drug == drug.id);
            if let Some(first) = dosing.and_then(|d| d.first_dose) {
                volume += swelling.volume(Days(day - first)).0;
            }
        }
        Mm3(volume)
    }
}

fn irradiations(plan: &Plan) -> Vec<Irradiation> {
    let mut fractions: Vec<(f64, f64)> = Vec::new();
    let mut at_once: Vec<(f64, f64)> = Vec::new();
    // Start, end and Gy a day.
    let mut spread: Vec<(f64, f64, f64)> = Vec::new();
    for event in plan.events() {
        let day = event.day.0;
        match event.act {
            Act::Fraction { dose } if dose.0 > 0.0 => fractions.push((day, dose.0)),
            Act::Course { total, until } if total.0 > 0.0 => {
                if until.0 > day {
                    spread.push((day, until.0, total.0 / (until.0 - day)));
                } else {
                    at_once.push((day, total.0));
                }
            }
            _ => {}
        }
    }
    let mut days: Vec<f64> = fractions
        .iter()
        .chain(&at_once)
        .map(|f| f.0)
        .chain(spread.iter().flat_map(|s| [s.0, s.1]))
        .collect();
    days.sort_by(f64::total_cmp);
    days.dedup();
    // Lists are in order of time, as the plan is.
    let on = |list: &[(f64, f64)], day: f64| -> f64 {
        let from = &list[list.partition_point(|f| f.0 < day)..];
        from.iter().take_while(|f| f.0 == day).map(|f| f.1).sum()
    };
    days.into_iter()
        .map(|day| Irradiation {
            day,
            fraction: on(&fractions, day),
            at_once: on(&at_once, day),
            per_day: spread
                .iter()
                .filter(|s| s.0 <= day && day < s.1)
                .map(|s| s.2)
                .sum(),
        })
        .collect()
}

fn operations(plan: &Plan) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for event in plan.events() {
        let (log_kill, unknown) = match event.act {
            Act::Surgery {
                removed: Some(removed),
            } if removed > 0.0 => (-libm::log1p(-removed), 0.0),
            Act::Surgery { removed: None } => (0.0, 1.0),
            _ => continue,
        };
        match operations.last_mut() {
            Some(last) if last.day == event.day.0 => {
                last.log_kill += log_kill;
                last.unknown += unknown;
            }
            _ => operations.push(Operation {
                day: event.day.0,
                log_kill,
                unknown,
            }),
        }
    }
    operations
}

/// What a model knows of the effects of treatments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effects<'a> {
    pub(crate) drugs: &'a [Drug],
    pub(crate) radiosensitivity: Option<&'a Radiosensitivity>,
    pub(crate) surgery_log_kill: Option<f64>,
}

/// Room that runs share, so that none but the first allocates, and how exact the solver is where a
/// model needs it.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    pub(crate) tolerance: Tolerance,
    /// Per drug of the timeline.
    pub(crate) drugs: Vec<OnTheWay>,
    pub(crate) kill: Kill,
    /// Days asked for of one segment, counted from its start.
    pub(crate) times: Vec<f64>,
}

impl Workspace {
    /// An empty one.
    #[must_use]
    pub fn new(tolerance: Tolerance) -> Self {
        Self {
            tolerance,
            ..Self::default()
        }
    }
}

/// One drug on its way through a timeline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnTheWay {
    /// Place among the drugs of the model.
    pub(crate) drug: usize,
    /// The next change of dosing.
    pub(crate) next: usize,
    /// Day on which that is felt; infinite after the last.
    pub(crate) felt: f64,
    pub(crate) acting: Acting,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::plan::Event;
    use crate::units::Gray;

    #[test]
    fn what_happens_at_one_instant_is_one() {
        let plan = Plan::new([
            Event::fraction(Days(3.0), Gray(1.5)),
            Event::fraction(Days(3.0), Gray(0.5)),
            Event::fraction(Days(4.0), Gray(0.0)),
            Event::course(Days(3.0), Days(13.0), Gray(20.0)),
            Event::course(Days(8.0), Days(8.0), Gray(8.0)),
            Event::surgery(Days(9.0), 0.5),
            Event::surgery_of_unknown_extent(Days(9.0)),
        ])
        .unwrap();
        let timeline = Timeline::new(&plan, Days(0.0), &[]).unwrap();
        let seen: Vec<[f64; 4]> = timeline
            .irradiations
            .iter()
            .map(|i| [i.day, i.fraction, i.at_once, i.per_day])
            .collect();
        assert_eq!(
            seen,
            [
                [3.0, 2.0, 0.0, 2.0],
                [8.0, 0.0, 8.0, 2.0],
                [13.0, 0.0, 0.0, 0.0]
            ]
        );
        let [operation] = timeline.operations[..] else {
            panic!("one instant with operations");
        };
        assert!((operation.log_kill - 2.0_f64.ln()).abs() < 1e-15);
        assert!((operation.unknown - 1.0).abs() < 1e-15);
    }
}
