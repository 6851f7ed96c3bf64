//! Drug doses in absolute units.
//!
//! A dose is never divided by the patient's own largest dose: that would make doubling every dose
//! a change of nothing. Effects are stated per *reference dose*, a fixed amount in the unit in
//! which the drug is prescribed, so the number that a model sees is dose / reference dose.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_positive};
use crate::twin::dynamics::plan::DrugId;

/// The unit in which a drug is prescribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DoseUnit {
    /// Milligrams, whatever the patient's size.
    #[serde(rename = "mg")]
    Mg,
    /// Milligrams per square metre of body surface.
    #[serde(rename = "mg/m2")]
    MgPerM2,
    /// Milligrams per kilogram of body weight.
    #[serde(rename = "mg/kg")]
    MgPerKg,
    /// Area under the curve of concentration, mg·min/mL, by which carboplatin is dosed.
    #[serde(rename = "AUC")]
    Auc,
}

impl fmt::Display for DoseUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mg => "mg",
            Self::MgPerM2 => "mg/m²",
            Self::MgPerKg => "mg/kg",
            Self::Auc => "AUC",
        })
    }
}

/// An amount of a drug.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dose {
    /// How much, in `unit`.
    pub amount: f64,
    /// Unit of the amount.
    pub unit: DoseUnit,
}

impl Dose {
    /// So many milligrams.
    #[must_use]
    pub const fn mg(amount: f64) -> Self {
        Self {
            amount,
            unit: DoseUnit::Mg,
        }
    }

    /// So many milligrams per square metre of body surface.
    #[must_use]
    pub const fn mg_per_m2(amount: f64) -> Self {
        Self {
            amount,
            unit: DoseUnit::MgPerM2,
        }
    }

    /// So many milligrams per kilogram of body weight.
    #[must_use]
    pub const fn mg_per_kg(amount: f64) -> Self {
        Self {
            amount,
            unit: DoseUnit::MgPerKg,
        }
    }

    /// So many mg·min/mL of area under the curve.
    #[must_use]
    pub const fn auc(amount: f64) -> Self {
        Self {
            amount,
            unit: DoseUnit::Auc,
        }
    }

    /// The same dose in milligrams for a patient, or `None` where the size that the unit needs is
    /// not known; an area under the curve also needs the function of the kidneys.
    #[must_use]
    pub fn in_mg(self, patient: &BodySize) -> Option<Self> {
        let per = match self.unit {
            DoseUnit::Mg => 1.0,
            DoseUnit::MgPerM2 => patient.surface_m2?,
            DoseUnit::MgPerKg => patient.weight_kg?,
            DoseUnit::Auc => return None,
        };
        Some(Self::mg(self.amount * per))
    }

    /// The dose times a factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            amount: self.amount * factor,
            ..self
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check(
            "a dose",
            self.amount,
            0.0..=1e9,
            "a finite number, zero or more",
        )
    }

    /// How many reference doses of a drug this is.
    pub(crate) fn in_references(self, drug: DrugId, reference: Self) -> Result<f64, Error> {
        check_positive("a reference dose", reference.amount)?;
        if self.unit != reference.unit {
            return Err(Error::DoseUnit {
                drug: drug.to_string(),
                given: self.unit,
                reference: reference.unit,
            });
        }
        Ok(self.amount / reference.amount)
    }
}

/// What converts doses per body size into milligrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BodySize {
    /// Body surface, m².
    pub surface_m2: Option<f64>,
    /// Body weight, kg.
    pub weight_kg: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_do_not_mix_silently() {
        let drug = DrugId(3);
        let reference = Dose::mg_per_m2(75.0);
        assert_eq!(
            Dose::mg_per_m2(150.0).in_references(drug, reference),
            Ok(2.0)
        );
        let mixed = Dose::mg(150.0).in_references(drug, reference);
        assert!(matches!(mixed, Err(Error::DoseUnit { .. })));
        assert!(mixed.unwrap_err().to_string().contains("mg/m²"));
    }

    #[test]
    fn a_dose_per_body_size_needs_the_body_size() {
        let patient = BodySize {
            surface_m2: Some(2.0),
            weight_kg: None,
        };
        assert_eq!(Dose::mg_per_m2(75.0).in_mg(&patient), Some(Dose::mg(150.0)));
        assert_eq!(Dose::mg_per_kg(10.0).in_mg(&patient), None);
    }
}
