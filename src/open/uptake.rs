//! PET series counted as a reader states.

use serde::Serialize;

use super::item::Source;
use super::{Item, Refusal, dicom};
use crate::volume::{PetStatement, UptakeKind};
use crate::warning::{Warning, WarningCode};

/// Factors of a PET series, all from the same values: activity in Bq/mL, or the SUV that is stored.
/// A kind that the header does not allow is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Uptake {
    /// To Bq/mL.
    pub activity: Option<f64>,
    /// To SUV by body weight, g/mL.
    pub body_weight: Option<f64>,
    /// To SUV by lean body mass after James, g/mL.
    pub lean_mass_james: Option<f64>,
    /// To SUV by lean body mass after Janmahasatian, g/mL.
    pub lean_mass_janmahasatian: Option<f64>,
    /// To SUV by body surface area after Du Bois, cm²/mL.
    pub body_surface: Option<f64>,
    /// Which time decay was counted to.
    pub decay_reference: Option<String>,
}

impl Uptake {
    /// The factor of one kind.
    #[must_use]
    pub const fn factor(&self, kind: UptakeKind) -> Option<f64> {
        match kind {
            UptakeKind::BodyWeight => self.body_weight,
            UptakeKind::LeanMassJames => self.lean_mass_james,
            UptakeKind::LeanMassJanmahasatian => self.lean_mass_janmahasatian,
            UptakeKind::BodySurface => self.body_surface,
            UptakeKind::Activity => self.activity,
        }
    }
}

/// What the header of a PET series states of the patient and the tracer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PetStated {
    /// Body weight, kg.
    pub weight_kg: Option<f64>,
    /// Body height, m.
    pub height_m: Option<f64>,
    /// Injected activity, Bq.
    pub dose_bq: Option<f64>,
}

impl Item {
    /// What the header of a PET series states; `None` for other items.
    #[must_use]
    pub fn pet_stated(&self) -> Option<PetStated> {
        match &self.source {
            Source::Dicom(source) => source.pet.as_ref().map(dicom::PetHeaders::stated),
            _ => None,
        }
    }

    /// The factor between what the header scales and the values that [`super::load`] gives; `None`
    /// where they have no physical unit.
    #[must_use]
    pub fn uptake_factor(&self) -> Option<f64> {
        self.uptake.as_ref()?.factor(self.uptake_kind?)
    }

    /// This PET series, as it was scanned, counted as a reader states.
    ///
    /// # Errors
    /// When it is no PET series, its values have no known unit, or they cannot be counted so; says
    /// why.
    pub fn with_pet(&self, stated: &PetStatement) -> Result<Self, Refusal> {
        let refuse = |reason: String| {
            Refusal::new(
                "E-PET",
                reason,
                self.first_path(),
                "choose another unit, or state what the header lacks",
            )
        };
        let Source::Dicom(source) = &self.source else {
            return Err(refuse("this is no PET series".to_owned()));
        };
        let headers = source
            .pet
            .as_ref()
            .ok_or_else(|| refuse("this is no PET series".to_owned()))?;
        let found = headers.restated(stated).map_err(refuse)?;
        let reason = || {
            let known = found.notes.first().cloned();
            refuse(known.unwrap_or_else(|| "the header lacks what this unit needs".to_owned()))
        };
        let now = self.uptake_factor().ok_or_else(reason)?;
        let possible = |kind: &UptakeKind| found.factors.factor(*kind).is_some();
        let kind = match stated.kind {
            Some(kind) => kind,
            None => UptakeKind::ALL
                .into_iter()
                .find(possible)
                .ok_or_else(reason)?,
        };
        if stated.replaces_values() && !UptakeKind::ALL[..4].iter().any(possible) {
            return Err(reason());
        }
        let factor = found.factors.factor(kind).ok_or_else(reason)? / now;
        let mut item = self.clone();
        item.warnings.retain(|w| w.code != WarningCode::NoSuv);
        for note in found.notes {
            item.warn(WarningCode::NoSuv, note);
        }
        item.warnings.extend(replaced(stated));
        item.unit = kind.unit();
        item.uptake_kind = Some(kind);
        item.uptake = Some(found.factors);
        for window in &mut item.windows {
            *window = window.scaled(factor);
        }
        if let Source::Dicom(source) = &mut item.source {
            for slice in source.frames.iter_mut().flatten() {
                slice.rescale.slope *= factor;
                slice.rescale.intercept *= factor;
            }
        }
        Ok(item)
    }
}

/// Says which values of the header a reader replaced.
fn replaced(stated: &PetStatement) -> Option<Warning> {
    let names: Vec<&str> = [
        (stated.weight_kg, "body weight"),
        (stated.height_m, "body height"),
        (stated.dose_bq, "injected activity"),
    ]
    .into_iter()
    .filter_map(|(value, name)| value.map(|_| name))
    .collect();
    (!names.is_empty()).then(|| {
        Warning::new(
            WarningCode::Stated,
            format!(
                "uptake is counted with what a reader stated ({}), not with the header",
                names.join(", ")
            ),
        )
    })
}
