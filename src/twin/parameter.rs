//! Parameters of models: what they are called, and in which unit they are stated.

use serde::{Deserialize, Serialize};

use super::dynamics::plan::DrugId;
use super::series::Scale;

/// A parameter of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Latent size at the first measurement.
    InitialSize,
    /// Growth rate of the volume without treatment, at the initial size; may be negative.
    GrowthRate,
    /// Growth rate of the volume while it is small; above zero.
    IntrinsicRate,
    /// Fall of the growth rate per e-fold of volume.
    GrowthDecline,
    /// The same of the diameter, from which a population tells the rate.
    ReducedDecline,
    /// Limiting volume.
    Capacity,
    /// λ of the general Bertalanffy law.
    BoxCox,
    /// γ of the power law and of the general Gompertz law.
    Power,
    /// Volume at which growth turns linear.
    SwitchVolume,
    /// Kill rate of the volume while a drug of unknown dose is given.
    SystemicKillRate,
    /// Log-kill of volume by all that one reference dose of a drug does.
    DoseKill,
    /// Half-life of the effect of a dose.
    EffectHalfLife,
    /// Rate at which the effect of drugs fades (resistance).
    EffectLoss,
    /// Time from a dose to its effect.
    EffectLag,
    /// Swelling at its peak, as a share of the initial volume.
    SwellingShare,
    /// Time from the first dose to the peak of the swelling.
    SwellingTime,
    /// Apparent log-kill of volume per 50 Gy, dead cells being part of what is seen.
    RadiotherapyLogKill,
    /// α of living cells.
    Alpha,
    /// Log-kill of volume by an operation.
    SurgeryLogKill,
    /// Half-life of killed cells on images.
    ClearanceHalfLife,
    /// Rate from one stage of damage to the next.
    TransitRate,
    /// Growth rate of resistant cells.
    ResistantRate,
    /// Share of the initial volume that resists.
    ResistantShare,
    /// Growth rate of the diameter in descriptive curves (g, K_L).
    BurdenGrowth,
    /// Rate of decay of the diameter in descriptive curves (d, K_DE, s).
    BurdenDecay,
    /// φ, the share that decays.
    DecayingShare,
    /// Linear regrowth of the diameter.
    LinearRegrowth,
}

impl ParameterKind {
    /// Name as tables write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InitialSize => "initial_size",
            Self::GrowthRate => "growth_rate",
            Self::IntrinsicRate => "intrinsic_rate",
            Self::GrowthDecline => "growth_decline",
            Self::ReducedDecline => "reduced_decline",
            Self::Capacity => "capacity",
            Self::BoxCox => "lambda",
            Self::Power => "gamma",
            Self::SwitchVolume => "switch_volume",
            Self::SystemicKillRate => "systemic_kill_rate",
            Self::DoseKill => "dose_kill",
            Self::EffectHalfLife => "effect_half_life",
            Self::EffectLoss => "effect_loss",
            Self::EffectLag => "effect_lag",
            Self::SwellingShare => "swelling_share",
            Self::SwellingTime => "swelling_time",
            Self::RadiotherapyLogKill => "radiotherapy_log_kill",
            Self::Alpha => "alpha",
            Self::SurgeryLogKill => "surgery_log_kill",
            Self::ClearanceHalfLife => "clearance_half_life",
            Self::TransitRate => "transit_rate",
            Self::ResistantRate => "resistant_rate",
            Self::ResistantShare => "resistant_share",
            Self::BurdenGrowth => "burden_growth",
            Self::BurdenDecay => "burden_decay",
            Self::DecayingShare => "decaying_share",
            Self::LinearRegrowth => "linear_regrowth",
        }
    }

    /// Name in words, for sentences.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::InitialSize => "size at the first measurement",
            Self::GrowthRate => "growth rate without treatment",
            Self::IntrinsicRate => "growth rate while small",
            Self::GrowthDecline | Self::ReducedDecline => "slowing of growth with size",
            Self::Capacity => "limiting volume",
            Self::BoxCox => "shape of growth (λ)",
            Self::Power => "power of growth (γ)",
            Self::SwitchVolume => "volume at which growth turns linear",
            Self::SystemicKillRate => "effect of systemic treatment",
            Self::DoseKill => "effect of a dose",
            Self::EffectHalfLife => "half-life of the effect of a dose",
            Self::EffectLoss => "fading of the effect",
            Self::EffectLag => "delay of the effect",
            Self::SwellingShare => "swelling at its peak",
            Self::SwellingTime => "time to the peak of the swelling",
            Self::RadiotherapyLogKill => "effect of radiotherapy",
            Self::Alpha => "radiosensitivity (α)",
            Self::SurgeryLogKill => "effect of surgery",
            Self::ClearanceHalfLife => "half-life of killed cells on images",
            Self::TransitRate => "rate of damage",
            Self::ResistantRate => "growth rate of resistant cells",
            Self::ResistantShare => "share of resistant cells",
            Self::BurdenGrowth => "growth rate of the diameter",
            Self::BurdenDecay => "rate of decay of the diameter",
            Self::DecayingShare => "share that decays",
            Self::LinearRegrowth => "linear regrowth of the diameter",
        }
    }

    /// Unit as tables write it.
    #[must_use]
    pub const fn unit(self, scale: Scale) -> &'static str {
        match self {
            Self::InitialSize => scale.unit(),
            Self::GrowthRate
            | Self::IntrinsicRate
            | Self::GrowthDecline
            | Self::ReducedDecline
            | Self::SystemicKillRate
            | Self::EffectLoss
            | Self::TransitRate
            | Self::ResistantRate
            | Self::BurdenGrowth
            | Self::BurdenDecay => "1/d",
            Self::EffectHalfLife
            | Self::EffectLag
            | Self::SwellingTime
            | Self::ClearanceHalfLife => "d",
            Self::Capacity | Self::SwitchVolume => "mm3",
            Self::RadiotherapyLogKill => "1/(50 Gy)",
            Self::Alpha => "1/Gy",
            Self::LinearRegrowth => "mm/d",
            Self::BoxCox
            | Self::Power
            | Self::DoseKill
            | Self::SwellingShare
            | Self::SurgeryLogKill
            | Self::ResistantShare
            | Self::DecayingShare => "1",
        }
    }
}

/// A place among the parameters of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) kind: ParameterKind,
    /// Of which drug, for effects of drugs.
    pub(super) drug: Option<DrugId>,
}

impl Slot {
    pub(super) const fn of(kind: ParameterKind) -> Self {
        Self { kind, drug: None }
    }

    pub(super) const fn of_drug(kind: ParameterKind, drug: DrugId) -> Self {
        Self {
            kind,
            drug: Some(drug),
        }
    }
}
