//! The models that a lesion is fitted with, by name, and what their parameters are.

use serde::{Deserialize, Serialize};

use super::dynamics::plan::DrugId;
use super::parameter::{ParameterKind, Slot};
use super::series::Scale;
use super::treatment::{Therapy, Treatments};

/// A model of a lesion.
///
/// The laws of growth are joined by a log-kill per dose of each therapy that acts (T11). Rates are of
/// volume, except in the descriptive curves of pharmacometrics, which are of diameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// G1: constant growth rate.
    Exponential,
    /// G2: growth towards a limiting volume.
    Logistic,
    /// G3: growth rate that falls with the logarithm of size.
    Gompertz,
    /// G4: Gompertz with one individual parameter, the other tied to it by a population.
    ReducedGompertz,
    /// G5: von Bertalanffy.
    Bertalanffy,
    /// G6: the family that holds logistic, Gompertz and Bertalanffy.
    GeneralBertalanffy,
    /// G7: general Gompertz.
    GeneralGompertz,
    /// G8: V' = a V^γ.
    PowerLaw,
    /// G9: exponential, then linear.
    ExponentialLinear,
    /// T4: exponential growth, and an effect of drugs that fades (resistance).
    FadingEffect,
    /// T11 with exponential growth; killed cells stay visible and are cleared.
    ExponentialClearance,
    /// T11 with Gompertz growth; killed cells stay visible and are cleared.
    GompertzClearance,
    /// T7: sensitive and resistant cells.
    TwoPopulations,
    /// T7; killed cells stay visible and are cleared.
    TwoPopulationsClearance,
    /// Exponential growth, an effect of drugs that sets in late, and swelling that is no growth.
    Immunotherapy,
    /// T6: exponential-linear growth, killed cells pass three stages of damage.
    Simeoni,
    /// T1: y₀(e^{−dt} + e^{gt} − 1). Knows no dose.
    SteinFojo,
    /// T2, `gdphi`: y₀(φ e^{−dt} + (1 − φ) e^{gt}). Knows no dose.
    TwoParts,
    /// T3: y₀ e^{−st} + a t. Knows no dose.
    LinearRegrowth,
    /// T5: growth against a kill that fades from the first scan on. Knows no dose.
    Claret,
}

impl Model {
    /// All models, in the order in which they are reported.
    pub const ALL: [Self; 20] = [
        Self::Exponential,
        Self::Logistic,
        Self::Gompertz,
        Self::ReducedGompertz,
        Self::Bertalanffy,
        Self::GeneralBertalanffy,
        Self::GeneralGompertz,
        Self::PowerLaw,
        Self::ExponentialLinear,
        Self::FadingEffect,
        Self::ExponentialClearance,
        Self::GompertzClearance,
        Self::TwoPopulations,
        Self::TwoPopulationsClearance,
        Self::Immunotherapy,
        Self::Simeoni,
        Self::SteinFojo,
        Self::TwoParts,
        Self::LinearRegrowth,
        Self::Claret,
    ];

    /// Name as tables write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::Logistic => "logistic",
            Self::Gompertz => "gompertz",
            Self::ReducedGompertz => "reduced_gompertz",
            Self::Bertalanffy => "bertalanffy",
            Self::GeneralBertalanffy => "general_bertalanffy",
            Self::GeneralGompertz => "general_gompertz",
            Self::PowerLaw => "power_law",
            Self::ExponentialLinear => "exponential_linear",
            Self::FadingEffect => "fading_effect",
            Self::ExponentialClearance => "exponential_clearance",
            Self::GompertzClearance => "gompertz_clearance",
            Self::TwoPopulations => "two_populations",
            Self::TwoPopulationsClearance => "two_populations_clearance",
            Self::Immunotherapy => "immunotherapy",
            Self::Simeoni => "simeoni",
            Self::SteinFojo => "stein_fojo",
            Self::TwoParts => "two_parts",
            Self::LinearRegrowth => "linear_regrowth",
            Self::Claret => "claret",
        }
    }

    /// The model of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|m| m.name().eq_ignore_ascii_case(name))
    }

    /// Whether the curve depends on treatment. The descriptive curves go on as they are whatever is
    /// given, so they say nothing of another plan.
    #[must_use]
    pub const fn knows_doses(self) -> bool {
        !matches!(
            self,
            Self::SteinFojo | Self::TwoParts | Self::LinearRegrowth | Self::Claret
        )
    }

    /// Whether the model has absolute sizes in it, which mean nothing in pixels or voxels.
    #[must_use]
    pub const fn needs_millimetres(self) -> bool {
        matches!(
            self,
            Self::Logistic
                | Self::ReducedGompertz
                | Self::Bertalanffy
                | Self::GeneralBertalanffy
                | Self::GeneralGompertz
                | Self::ExponentialLinear
                | Self::Simeoni
        )
    }

    /// The models that are averaged where none is asked for: shapes that differ, as far as what
    /// acted between two days calls for them.
    #[must_use]
    pub fn usual(treatments: &Treatments, from: f64, to: f64) -> Vec<Self> {
        let acts = |therapy| treatments.acts_within(therapy, from, to);
        let mut models = vec![Self::Exponential, Self::Gompertz];
        if acts(Therapy::Systemic) {
            models.extend([Self::FadingEffect, Self::TwoPopulations]);
        }
        if acts(Therapy::Radiotherapy) {
            models.push(Self::ExponentialClearance);
        }
        if models.len() == 2 {
            models.push(Self::PowerLaw);
        }
        models.sort_unstable();
        models
    }

    /// Parameters of growth and of what is not treatment; the first is the size at the start.
    const fn own(self) -> &'static [ParameterKind] {
        use ParameterKind as K;
        match self {
            Self::Exponential | Self::FadingEffect | Self::ExponentialClearance => {
                &[K::InitialSize, K::GrowthRate]
            }
            Self::Gompertz | Self::GompertzClearance => {
                &[K::InitialSize, K::GrowthRate, K::GrowthDecline]
            }
            Self::Logistic => &[K::InitialSize, K::IntrinsicRate, K::Capacity],
            Self::ReducedGompertz => &[K::InitialSize, K::ReducedDecline],
            Self::Bertalanffy => &[K::InitialSize, K::GrowthDecline, K::Capacity],
            Self::GeneralBertalanffy => &[K::InitialSize, K::GrowthDecline, K::BoxCox, K::Capacity],
            Self::GeneralGompertz => {
                &[K::InitialSize, K::IntrinsicRate, K::GrowthDecline, K::Power]
            }
            Self::PowerLaw => &[K::InitialSize, K::IntrinsicRate, K::Power],
            Self::ExponentialLinear | Self::Simeoni => {
                &[K::InitialSize, K::IntrinsicRate, K::SwitchVolume]
            }
            Self::TwoPopulations | Self::TwoPopulationsClearance => &[
                K::InitialSize,
                K::IntrinsicRate,
                K::ResistantRate,
                K::ResistantShare,
            ],
            Self::Immunotherapy => &[
                K::InitialSize,
                K::GrowthRate,
                K::EffectLag,
                K::SwellingShare,
                K::SwellingTime,
            ],
            Self::SteinFojo => &[K::InitialSize, K::BurdenGrowth, K::BurdenDecay],
            Self::TwoParts => &[
                K::InitialSize,
                K::DecayingShare,
                K::BurdenGrowth,
                K::BurdenDecay,
            ],
            Self::LinearRegrowth => &[K::InitialSize, K::BurdenDecay, K::LinearRegrowth],
            Self::Claret => &[
                K::InitialSize,
                K::BurdenGrowth,
                K::BurdenDecay,
                K::EffectLoss,
            ],
        }
    }

    /// Whether killed cells stay visible for a while.
    pub(super) const fn clears(self) -> bool {
        matches!(
            self,
            Self::ExponentialClearance | Self::GompertzClearance | Self::TwoPopulationsClearance
        )
    }

    /// The parameters of the model when `acting` therapies and drugs act.
    pub(super) fn slots(self, acting: &Acting) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.own().iter().map(|kind| Slot::of(*kind)).collect();
        if !self.knows_doses() {
            return slots;
        }
        for drug in &acting.timed {
            slots.push(Slot::of_drug(ParameterKind::SystemicKillRate, *drug));
        }
        for drug in &acting.dosed {
            slots.push(Slot::of_drug(ParameterKind::DoseKill, *drug));
        }
        let any_drug = !acting.timed.is_empty() || !acting.dosed.is_empty();
        if !acting.dosed.is_empty() {
            slots.push(Slot::of(ParameterKind::EffectHalfLife));
        }
        if self == Self::FadingEffect && any_drug {
            slots.push(Slot::of(ParameterKind::EffectLoss));
        }
        if acting.radiotherapy {
            slots.push(Slot::of(if self.clears() {
                ParameterKind::Alpha
            } else {
                ParameterKind::RadiotherapyLogKill
            }));
        }
        if acting.surgery {
            slots.push(Slot::of(ParameterKind::SurgeryLogKill));
        }
        if self == Self::Simeoni && (any_drug || acting.radiotherapy) {
            slots.push(Slot::of(ParameterKind::TransitRate));
        }
        if self.clears() && (any_drug || acting.radiotherapy) {
            slots.push(Slot::of(ParameterKind::ClearanceHalfLife));
        }
        slots
    }

    /// Whether the model can be fitted to sizes on a scale.
    #[must_use]
    pub const fn fits(self, scale: Scale) -> bool {
        scale.is_calibrated() || !self.needs_millimetres()
    }
}

/// What acts on a lesion between two days.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Acting {
    /// Drugs of which times alone are known.
    pub(super) timed: Vec<DrugId>,
    /// Drugs of which doses are known.
    pub(super) dosed: Vec<DrugId>,
    pub(super) radiotherapy: bool,
    pub(super) surgery: bool,
}

impl Acting {
    /// What acts from one day to another, the second excluded.
    pub(super) fn within(treatments: &Treatments, from: f64, to: f64) -> Self {
        let drugs = treatments.drugs_within(from, to);
        let (dosed, timed) = drugs.into_iter().partition(|d| treatments.is_dosed(*d));
        Self {
            timed,
            dosed,
            radiotherapy: treatments.acts_within(Therapy::Radiotherapy, from, to),
            surgery: treatments.acts_within(Therapy::Surgery, from, to),
        }
    }
}
