//! Treatment of a patient: records → dated, dosed events, and what each therapy is known by.
//!
//! Records name drugs in words and state doses in the units that they are prescribed in. Here they
//! become a [`Plan`] of events in absolute units, with one [`Regimen`] per drug (or per drugs that
//! are always given together, whose effects no measurement can tell apart).

mod cycle;
mod event;
mod records;
mod reference;
mod scenario;

use serde::{Deserialize, Serialize};

use super::Error;
use super::dynamics::dose::Dose;
use super::dynamics::plan::{Act, DrugId, Plan};
use super::series::check_day;
use crate::units::{Days, Gray};
use crate::warning::Warning;

pub use event::{EventKind, TreatmentEvent};

/// Dose that a radiotherapy without one counts as.
pub const RT_REFERENCE_DOSE: Gray = Gray(50.0);

/// A therapy with effects of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Therapy {
    /// Drugs.
    Systemic,
    /// Radiotherapy.
    Radiotherapy,
    /// Surgery.
    Surgery,
}

/// A drug, or drugs that are always given together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regimen {
    /// Name as recorded; empty where none was.
    pub name: String,
    /// What is known of its doses.
    pub dosing: Dosing,
}

/// What is known of the doses of a drug.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "dosing", rename_all = "snake_case")]
pub enum Dosing {
    /// Doses; effects are stated per reference dose.
    Doses {
        /// The reference dose.
        reference: Dose,
    },
    /// Times alone: the exposure is 1 while it lasts.
    Times,
}

/// All treatment of a patient.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Treatments {
    plan: Plan,
    /// By [`DrugId`].
    regimens: Vec<Regimen>,
}

/// Whether doses in a unit, as it is written, are doses per day; `None` for a unit of drugs that is not
/// understood.
#[must_use]
pub fn is_per_day(unit: &str) -> Option<bool> {
    event::unit(unit).map(|(_, _, daily)| daily)
}

/// A dose of one a day, for drugs of which times alone are known.
const ONE_A_DAY: Dose = Dose::mg(1.0);

impl Treatments {
    /// Turns records into events, with warnings on what is assumed.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for days, durations or doses that cannot be; [`Error::DoseUnit`] where
    /// doses of one drug are in different units.
    pub fn from_events(events: &[TreatmentEvent]) -> Result<(Self, Vec<Warning>), Error> {
        records::read(events)
    }

    /// The events.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The drugs, by [`DrugId`].
    #[must_use]
    pub fn regimens(&self) -> &[Regimen] {
        &self.regimens
    }

    /// Name of a drug for sentences; `None` where it has none.
    #[must_use]
    pub fn name(&self, drug: DrugId) -> Option<&str> {
        let regimen = self.regimens.get(usize::from(drug.0))?;
        (!regimen.name.is_empty()).then_some(&*regimen.name)
    }

    /// The dose per which effects of a drug are stated.
    pub(super) fn reference(&self, drug: DrugId) -> Dose {
        match self.regimens.get(usize::from(drug.0)).map(|r| r.dosing) {
            Some(Dosing::Doses { reference }) => reference,
            _ => ONE_A_DAY,
        }
    }

    /// Whether doses of a drug are known.
    pub(super) fn is_dosed(&self, drug: DrugId) -> bool {
        self.regimens
            .get(usize::from(drug.0))
            .is_some_and(|r| matches!(r.dosing, Dosing::Doses { .. }))
    }

    fn with_plan(&self, plan: Plan) -> Self {
        Self {
            plan,
            regimens: self.regimens.clone(),
        }
    }

    /// Drugs that act between two days, `from` < `to`. Doses long before `from` count too: they
    /// leave an exposure behind.
    pub(super) fn drugs_within(&self, from: f64, to: f64) -> Vec<DrugId> {
        let mut drugs: Vec<DrugId> = self
            .plan
            .events()
            .iter()
            .filter_map(|event| match event.act {
                Act::Bolus { drug, dose } => {
                    let lasts = event.day.0 < to && event.day.0 >= from - REMEMBERED;
                    (dose.amount > 0.0 && lasts).then_some(drug)
                }
                Act::Infusion {
                    drug,
                    per_day,
                    until,
                } => {
                    let end = until.map_or(f64::INFINITY, |d| d.0);
                    let memory = if self.is_dosed(drug) { REMEMBERED } else { 0.0 };
                    let acts = event.day.0 < to && end > from - memory && end > event.day.0;
                    (per_day.amount > 0.0 && acts).then_some(drug)
                }
                _ => None,
            })
            .collect();
        drugs.sort_unstable();
        drugs.dedup();
        drugs
    }

    /// Whether a therapy acts between two days, the second excluded.
    pub(super) fn acts_within(&self, therapy: Therapy, from: f64, to: f64) -> bool {
        match therapy {
            Therapy::Systemic => !self.drugs_within(from, to).is_empty(),
            Therapy::Radiotherapy => self.plan.events().iter().any(|e| match e.act {
                Act::Fraction { dose } => dose.0 > 0.0 && from <= e.day.0 && e.day.0 < to,
                Act::Course { total, until } => {
                    let ends = until.0 > from || (e.day.0 == until.0 && until.0 >= from);
                    total.0 > 0.0 && e.day.0 < to && ends
                }
                _ => false,
            }),
            Therapy::Surgery => {
                self.plan.events().iter().any(|e| {
                    matches!(e.act, Act::Surgery { .. }) && from <= e.day.0 && e.day.0 < to
                })
            }
        }
    }

    /// Whether the lesion was under drugs for most of the time between two days, `from` < `to`: a
    /// drug of which times are known while it lasts, one of which doses are known for
    /// [`COVERED`] days after each.
    pub(super) fn mostly_systemic(&self, from: f64, to: f64) -> bool {
        let mut spans: Vec<(f64, f64)> = self
            .plan
            .events()
            .iter()
            .filter_map(|event| match event.act {
                Act::Bolus { dose, .. } if dose.amount > 0.0 => {
                    Some((event.day.0, event.day.0 + COVERED))
                }
                Act::Infusion { per_day, until, .. } if per_day.amount > 0.0 => {
                    Some((event.day.0, until.map_or(f64::INFINITY, |d| d.0)))
                }
                _ => None,
            })
            .map(|(a, b)| (a.max(from), b.min(to)))
            .filter(|(a, b)| a < b)
            .collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut covered, mut reached) = (0.0, from);
        for (a, b) in spans {
            covered += (b - a.max(reached)).max(0.0);
            reached = reached.max(b);
        }
        covered >= 0.5 * (to - from)
    }

    /// Log-kill events at a glance: whether two plans are the same up to a day.
    pub(super) fn same_until(&self, other: &Self, day: f64) -> Result<bool, Error> {
        check_day("the day of a comparison", day)?;
        Ok(self.plan.stopped(Days(day))? == other.plan.stopped(Days(day))?)
    }
}

/// Days for which a dose counts as still acting: ten half-lives of a drug that stays for weeks.
const REMEMBERED: f64 = 90.0;
/// Days that a dose covers, the longest usual cycle.
const COVERED: f64 = 28.0;
