//! A treatment event as tables and records state it.

use serde::{Deserialize, Serialize};

use crate::twin::Error;
use crate::twin::dynamics::dose::{Dose, DoseUnit};
use crate::twin::series::check_day;
use crate::units::{Days, Gray};

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
    /// Day after baseline; may be fractional.
    pub day: Days,
    /// What kind.
    pub kind: EventKind,
    /// Name of drug or technique. A `Stop` with a name ends what bears that name, without a name
    /// everything systemic.
    pub name: String,
    /// Dose in `unit`.
    pub dose: Option<f64>,
    /// Unit of the dose: `mg`, `g`, `ug`, `mg/m2`, `mg/kg`, `AUC`, each also per day (`mg/d`);
    /// `Gy` and `cGy` for radiotherapy.
    pub unit: String,
    /// Length; 0 is a single moment or day. `None`: for systemic treatment one administration where
    /// the drug is given more than once with a dose, else it goes on until stopped.
    pub duration: Option<Days>,
    /// Number of fractions of radiotherapy, where known.
    pub fractions: Option<u32>,
    /// Days from Monday to the weekday of `day`, 0 to 6, where dates are known; fractions then keep to
    /// the calendar, else the first counts as of a Monday.
    #[serde(default)]
    pub weekday: Option<u32>,
}

impl TreatmentEvent {
    /// Systemic treatment of which times alone are known, for so long or going on.
    #[must_use]
    pub const fn systemic(day: Days, duration: Option<Days>) -> Self {
        Self {
            day,
            kind: EventKind::Systemic,
            name: String::new(),
            dose: None,
            unit: String::new(),
            duration,
            fractions: None,
            weekday: None,
        }
    }

    /// One administration of a drug.
    #[must_use]
    pub fn dose(day: Days, name: &str, dose: f64, unit: &str) -> Self {
        Self {
            name: name.to_owned(),
            dose: Some(dose),
            unit: unit.to_owned(),
            ..Self::systemic(day, Some(Days(0.0)))
        }
    }

    /// Radiotherapy: the dose of the whole course, its length and its fractions, where known.
    #[must_use]
    pub fn radiotherapy(
        day: Days,
        dose: Option<Gray>,
        duration: Option<Days>,
        fractions: Option<u32>,
    ) -> Self {
        Self {
            kind: EventKind::Radiotherapy,
            dose: dose.map(|d| d.0),
            unit: "Gy".to_owned(),
            fractions,
            ..Self::systemic(day, duration)
        }
    }

    /// An operation.
    #[must_use]
    pub const fn surgery(day: Days) -> Self {
        let mut event = Self::systemic(day, None);
        event.kind = EventKind::Surgery;
        event
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        check_day("the day of a treatment event", self.day.0)?;
        let range = |what, value: f64, most: f64, expected| {
            if (0.0..=most).contains(&value) {
                return Ok(());
            }
            Err(Error::BadNumber {
                what,
                value,
                expected,
            })
        };
        if let Some(duration) = self.duration {
            range(
                "the duration of a treatment (days)",
                duration.0,
                1e5,
                "between 0 and 100000",
            )?;
        }
        if let Some(dose) = self.dose {
            range("a dose", dose, 1e9, "a finite number, zero or more")?;
        }
        if let Some(n) = self.fractions {
            range(
                "the number of fractions",
                f64::from(n.max(1)),
                200.0,
                "at most 200",
            )?;
        }
        Ok(())
    }

    /// Key under which the drug is known.
    pub(super) fn key(&self) -> String {
        self.name.trim().to_lowercase()
    }

    /// Dose in the unit of prescription, and whether it is one per day.
    pub(super) fn amount(&self) -> Option<(Dose, bool)> {
        let (unit, factor, daily) = unit(&self.unit)?;
        let amount = self.dose? * factor;
        Some((Dose { amount, unit }, daily))
    }

    pub(super) fn end(&self) -> Option<f64> {
        self.duration.map(|d| self.day.0 + d.0)
    }
}

/// A unit as written: which, the factor to it, and whether it is per day.
pub(super) fn unit(written: &str) -> Option<(DoseUnit, f64, bool)> {
    let text = written.trim().to_lowercase().replace('²', "2");
    let text = text.replace(' ', "").replace("^2", "2");
    let (amount, daily) = ["/day", "/d", "/24h", "perday", "daily"]
        .iter()
        .find_map(|per| text.strip_suffix(per))
        .map_or((text.as_str(), false), |rest| (rest, true));
    let found = match amount {
        "mg" => (DoseUnit::Mg, 1.0),
        "g" => (DoseUnit::Mg, 1000.0),
        "ug" | "µg" | "μg" | "mcg" => (DoseUnit::Mg, 1e-3),
        "mg/m2" => (DoseUnit::MgPerM2, 1.0),
        "g/m2" => (DoseUnit::MgPerM2, 1000.0),
        "mg/kg" => (DoseUnit::MgPerKg, 1.0),
        "auc" => (DoseUnit::Auc, 1.0),
        _ => return None,
    };
    Some((found.0, found.1, daily))
}
