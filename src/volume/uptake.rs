//! How PET values are counted: activity, or standardised uptake by one of several body sizes.

use serde::{Deserialize, Serialize};

use super::IntensityUnit;

/// What PET values are normalised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UptakeKind {
    /// By body weight.
    BodyWeight,
    /// By lean body mass after James.
    LeanMassJames,
    /// By lean body mass after Janmahasatian.
    LeanMassJanmahasatian,
    /// By body surface area after Du Bois.
    BodySurface,
    /// Not at all: activity concentration.
    Activity,
}

impl UptakeKind {
    /// Every kind, the usual first.
    pub const ALL: [Self; 5] = [
        Self::BodyWeight,
        Self::LeanMassJames,
        Self::LeanMassJanmahasatian,
        Self::BodySurface,
        Self::Activity,
    ];

    /// The unit of such values.
    #[must_use]
    pub const fn unit(self) -> IntensityUnit {
        match self {
            Self::BodyWeight => IntensityUnit::SuvBodyWeight,
            Self::LeanMassJames | Self::LeanMassJanmahasatian => IntensityUnit::SuvLeanMass,
            Self::BodySurface => IntensityUnit::SuvBodySurface,
            Self::Activity => IntensityUnit::BecquerelPerMl,
        }
    }

    /// The formula of body size, by the name of its authors; `None` where nothing is computed.
    #[must_use]
    pub const fn formula(self) -> Option<&'static str> {
        match self {
            Self::BodyWeight | Self::Activity => None,
            Self::LeanMassJames => Some("James"),
            Self::LeanMassJanmahasatian => Some("Janmahasatian"),
            Self::BodySurface => Some("Du Bois"),
        }
    }
}

/// What a reader states of a PET series: how to count it, and what to believe in place of its
/// header. What is `None` is left to the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PetStatement {
    /// What values are normalised by; `None` for the first of [`UptakeKind::ALL`] that can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<UptakeKind>,
    /// Body weight, kg.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_kg: Option<f64>,
    /// Body height, m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_m: Option<f64>,
    /// Injected activity, Bq.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose_bq: Option<f64>,
}

impl PetStatement {
    /// Whether a value of the header is replaced.
    #[must_use]
    pub const fn replaces_values(&self) -> bool {
        self.weight_kg.is_some() || self.height_m.is_some() || self.dose_bq.is_some()
    }
}
