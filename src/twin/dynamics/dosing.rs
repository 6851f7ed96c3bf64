//! What a plan gives of one drug, cut into changes of dosing; no parameter of a lesion is in it.

use super::check::Error;
use crate::twin::dynamics::dose::{Dose, DoseUnit};
use crate::twin::dynamics::plan::{Act, DrugId, Plan};

/// An instant at which a drug is given, or its infusion changes. Amounts are in the unit in which
/// the drug is prescribed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) day: f64,
    /// Given at once.
    pub(crate) bolus: f64,
    /// Infused per day from here on.
    pub(crate) infused: f64,
}

/// All of one drug.
#[derive(Clone, Debug)]
pub(crate) struct Dosing {
    pub(crate) drug: DrugId,
    /// Units of its doses, each once; more than one where a plan mixes them.
    units: Vec<DoseUnit>,
    /// By day.
    pub(crate) changes: Vec<Change>,
    /// Day of the first dose.
    pub(crate) first_dose: Option<f64>,
}

impl Dosing {
    /// One for each drug of a plan.
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        let mut drugs: Vec<DrugId> = plan
            .events()
            .iter()
            .filter_map(|event| match event.act {
                Act::Bolus { drug, .. } | Act::Infusion { drug, .. } => Some(drug),
                _ => None,
            })
            .collect();
        drugs.sort_unstable();
        drugs.dedup();
        drugs
            .into_iter()
            .map(|drug| Self::new(drug, plan))
            .collect()
    }

    fn new(drug: DrugId, plan: &Plan) -> Self {
        let mut boluses: Vec<(f64, f64)> = Vec::new();
        // Start, end and rate.
        let mut infusions: Vec<(f64, f64, f64)> = Vec::new();
        let mut units = Vec::new();
        let mut first_dose: Option<f64> = None;
        for event in plan.events() {
            let day = event.day.0;
            let (dose, given) = match event.act {
                Act::Bolus { drug: id, dose } if id == drug => {
                    if dose.amount > 0.0 {
                        boluses.push((day, dose.amount));
                    }
                    (dose, dose.amount > 0.0)
                }
                Act::Infusion {
                    drug: id,
                    per_day,
                    until,
                } if id == drug => {
                    let end = until.map_or(f64::INFINITY, |d| d.0);
                    let given = per_day.amount > 0.0 && end > day;
                    if given {
                        infusions.push((day, end, per_day.amount));
                    }
                    (per_day, given)
                }
                _ => continue,
            };
            if !units.contains(&dose.unit) {
                units.push(dose.unit);
            }
            if given && first_dose.is_none() {
                first_dose = Some(day);
            }
        }
        Self {
            drug,
            units,
            changes: changes(&boluses, &infusions),
            first_dose,
        }
    }

    /// Refuses a reference dose in another unit.
    pub(crate) fn check(&self, reference: Dose) -> Result<(), Error> {
        for unit in &self.units {
            let dose = Dose {
                amount: 0.0,
                unit: *unit,
            };
            dose.in_references(self.drug, reference)?;
        }
        Ok(())
    }
}

fn changes(boluses: &[(f64, f64)], infusions: &[(f64, f64, f64)]) -> Vec<Change> {
    let mut days: Vec<f64> = boluses
        .iter()
        .map(|b| b.0)
        .chain(infusions.iter().flat_map(|i| [i.0, i.1]))
        .filter(|d| d.is_finite())
        .collect();
    days.sort_by(f64::total_cmp);
    days.dedup();
    let mut changes: Vec<Change> = Vec::with_capacity(days.len());
    let mut before = 0.0;
    // Both lists are in order of time, as the plan is.
    let (mut boluses, mut begun) = (boluses.iter().peekable(), 0);
    let mut running: Vec<(f64, f64, f64)> = Vec::new();
    for day in days {
        let mut bolus = 0.0;
        while let Some(given) = boluses.next_if(|b| b.0 == day) {
            bolus += given.1;
        }
        while let Some(infusion) = infusions.get(begun).filter(|i| i.0 <= day) {
            running.push(*infusion);
            begun += 1;
        }
        running.retain(|i| day < i.1);
        let mut rates: Vec<f64> = running.iter().map(|i| i.2).collect();
        // In an order of its own, since a sum depends on it.
        rates.sort_by(f64::total_cmp);
        let infused: f64 = rates.iter().sum();
        // Where one infusion takes over from its like nothing changes, not even a rounding.
        if bolus > 0.0 || infused != before {
            changes.push(Change {
                day,
                bolus,
                infused,
            });
        }
        before = infused;
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::plan::Event;
    use crate::units::Days;

    const DRUG: DrugId = DrugId(4);

    #[test]
    fn infusions_add_up_and_take_over_without_a_change() {
        let infusion = |from, until, rate| {
            Event::infusion(Days(from), Some(Days(until)), DRUG, Dose::mg(rate))
        };
        let plan = Plan::new([
            infusion(0.0, 4.0, 10.0),
            infusion(4.0, 9.0, 10.0),
            infusion(6.0, 9.0, 5.0),
            Event::bolus(Days(6.0), DRUG, Dose::mg(70.0)),
            Event::bolus(Days(7.0), DRUG, Dose::mg(0.0)),
        ])
        .unwrap();
        let [dosing] = &Dosing::all(&plan)[..] else {
            panic!("one drug was given");
        };
        let seen: Vec<(f64, f64, f64)> = dosing
            .changes
            .iter()
            .map(|c| (c.day, c.bolus, c.infused))
            .collect();
        assert_eq!(seen, [(0.0, 0.0, 10.0), (6.0, 70.0, 15.0), (9.0, 0.0, 0.0)]);
        assert_eq!(dosing.first_dose, Some(0.0));
    }

    #[test]
    fn a_reference_in_another_unit_is_refused() {
        let plan = Plan::new([Event::bolus(Days(0.0), DRUG, Dose::mg_per_m2(75.0))]).unwrap();
        let dosing = &Dosing::all(&plan)[0];
        assert_eq!(dosing.check(Dose::mg_per_m2(50.0)), Ok(()));
        let refused = dosing.check(Dose::mg(50.0));
        assert!(matches!(refused, Err(Error::DoseUnit { .. })));
    }
}
