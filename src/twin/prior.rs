//! Population priors of the parameters.

use serde::{Deserialize, Serialize};

use super::growth::{Model, Theta};
use super::series::Scale;

/// A parameter of a growth model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Latent size at the first measurement.
    InitialSize,
    /// Growth rate of the volume without treatment, at the initial size.
    GrowthRate,
    /// Fall of the growth rate per e-fold of volume.
    GrowthDecline,
    /// Kill rate of the volume under systemic treatment.
    SystemicKillRate,
    /// Log-kill of volume per 50 Gy.
    RadiotherapyLogKill,
    /// Log-kill of volume by an operation.
    SurgeryLogKill,
}

impl ParameterKind {
    /// Name as tables write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InitialSize => "initial_size",
            Self::GrowthRate => "growth_rate",
            Self::GrowthDecline => "growth_decline",
            Self::SystemicKillRate => "systemic_kill_rate",
            Self::RadiotherapyLogKill => "radiotherapy_log_kill",
            Self::SurgeryLogKill => "surgery_log_kill",
        }
    }

    /// Name in words, for sentences.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::InitialSize => "size at the first measurement",
            Self::GrowthRate => "growth rate without treatment",
            Self::GrowthDecline => "slowing of growth with size",
            Self::SystemicKillRate => "effect of systemic treatment",
            Self::RadiotherapyLogKill => "effect of radiotherapy",
            Self::SurgeryLogKill => "effect of surgery",
        }
    }

    /// Unit as tables write it.
    #[must_use]
    pub const fn unit(self, scale: Scale) -> &'static str {
        match self {
            Self::InitialSize => scale.unit(),
            Self::GrowthRate | Self::GrowthDecline | Self::SystemicKillRate => "1/d",
            Self::RadiotherapyLogKill => "1/(50 Gy)",
            Self::SurgeryLogKill => "1",
        }
    }
}

/// Where the priors come from.
///
/// Kill rates are of volume, three times those of a sum of diameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorSet {
    /// No population fits the patient. Growth rate N(0.005, 0.009²)/d: doubling times of 50–400 d
    /// of untreated solid tumours, SD 0.006 inflated 1.5-fold. Kill rate: median of the twelve arms
    /// of Struemper et al., CPT Pharmacometrics Syst Pharmacol 2025;14:1006 (0.028/week on sums of
    /// diameters in lung cancer, ω² 0.917), ω inflated 1.5-fold.
    #[default]
    Generic,
    /// Second-line lung cancer, atezolizumab trial OAK: Ribba et al., Front Pharmacol 2022;13:1058220
    /// (growth 0.0016/d, ω 1.03; shrinkage 0.0014/d, ω 1.64; sums of diameters). Growth is positive.
    Ribba2022Nsclc,
}

impl PriorSet {
    /// Name for command line and report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Ribba2022Nsclc => "ribba2022_nsclc",
        }
    }

    /// The set of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Generic, Self::Ribba2022Nsclc]
            .into_iter()
            .find(|set| set.name() == name)
    }
}

/// Shape of a prior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorFamily {
    /// θ = location + spread · z.
    Normal,
    /// θ = exp(location + spread · z).
    LogNormal,
}

/// A prior, with z standard normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prior {
    pub(super) kind: ParameterKind,
    family: PriorFamily,
    location: f64,
    spread: f64,
}

impl Prior {
    fn new(kind: ParameterKind, set: PriorSet, scale: Scale) -> Self {
        use PriorFamily::{LogNormal, Normal};
        let (family, location, spread) = match (kind, set) {
            // ln V. Lesion diameters: median 27 mm, ω² 0.659 (Terranova et al., CPT Pharmacometrics
            // Syst Pharmacol 2022;11:333), ω inflated 1.5-fold; wider still without millimetres.
            (ParameterKind::InitialSize, _) => {
                let (median_diameter, omega) = if scale.is_calibrated() {
                    (27.0, 1.5 * libm::sqrt(0.659))
                } else {
                    (27.0, 2.0)
                };
                let location = Scale::DiameterMm.log_volume(libm::log(median_diameter));
                (Normal, location, 3.0 * omega)
            }
            (ParameterKind::GrowthRate, PriorSet::Generic) => (Normal, 0.005, 0.009),
            (ParameterKind::GrowthRate, PriorSet::Ribba2022Nsclc) => {
                (LogNormal, libm::log(3.0 * 0.0016), 1.03)
            }
            // With the median growth rate the limiting size is e^3.3 = 27 times the initial one
            // (1 to 30 mL towards several hundred mL); a factor e either way per SD.
            (ParameterKind::GrowthDecline, _) => (LogNormal, libm::log(0.0015), 1.0),
            (ParameterKind::SystemicKillRate, PriorSet::Generic) => (
                LogNormal,
                libm::log(3.0 * 0.028_05 / 7.0),
                1.5 * libm::sqrt(0.9174),
            ),
            (ParameterKind::SystemicKillRate, PriorSet::Ribba2022Nsclc) => {
                (LogNormal, libm::log(3.0 * 0.0014), 1.64)
            }
            // Apparent kill on images, where dead tissue stays visible: halving the volume per
            // 50 Gy, and 95 % resection, each within wide limits. Assumptions, no published table.
            (ParameterKind::RadiotherapyLogKill, _) => (LogNormal, libm::log(0.7), 1.0),
            (ParameterKind::SurgeryLogKill, _) => (LogNormal, libm::log(3.0), 0.7),
        };
        Self {
            kind,
            family,
            location,
            spread,
        }
    }

    pub(super) fn value(&self, z: f64) -> f64 {
        let linear = self.location + self.spread * z;
        match self.family {
            PriorFamily::Normal => linear,
            PriorFamily::LogNormal => libm::exp(linear),
        }
    }

    /// z of a value on the linear scale of the prior.
    pub(super) fn standardise(&self, linear: f64) -> f64 {
        (linear - self.location) / self.spread
    }
}

impl Prior {
    /// z of a value in natural units, with ln |dz/dθ| up to a constant; `None` where the prior has
    /// no density.
    pub(super) fn invert(&self, value: f64) -> Option<(f64, f64)> {
        match self.family {
            PriorFamily::Normal => Some((self.standardise(value), 0.0)),
            PriorFamily::LogNormal if value > 0.0 => {
                let log = libm::log(value);
                Some((self.standardise(log), -log))
            }
            PriorFamily::LogNormal => None,
        }
    }

    /// A width in natural units: the SD of a normal, the median of a log-normal prior.
    pub(super) fn width(&self) -> f64 {
        match self.family {
            PriorFamily::Normal => self.spread,
            PriorFamily::LogNormal => libm::exp(self.location),
        }
    }
}

/// Priors of the parameters that a model has when these therapies act.
pub(super) fn priors(
    model: Model,
    set: PriorSet,
    scale: Scale,
    therapies: &[super::Therapy],
) -> Vec<Prior> {
    let mut kinds = vec![ParameterKind::InitialSize, ParameterKind::GrowthRate];
    if model == Model::Gompertz {
        kinds.push(ParameterKind::GrowthDecline);
    }
    kinds.extend(therapies.iter().map(|t| match t {
        super::Therapy::Systemic => ParameterKind::SystemicKillRate,
        super::Therapy::Radiotherapy => ParameterKind::RadiotherapyLogKill,
        super::Therapy::Surgery => ParameterKind::SurgeryLogKill,
    }));
    kinds
        .into_iter()
        .map(|kind| Prior::new(kind, set, scale))
        .collect()
}

/// Natural parameters of standardised ones.
pub(super) fn theta(priors: &[Prior], z: &[f64]) -> Theta {
    let mut theta = Theta::default();
    for (prior, z) in priors.iter().zip(z) {
        let value = prior.value(*z);
        match prior.kind {
            ParameterKind::InitialSize => theta.x0 = value,
            ParameterKind::GrowthRate => theta.rate = value,
            ParameterKind::GrowthDecline => theta.decline = value,
            ParameterKind::SystemicKillRate => theta.kill = value,
            ParameterKind::RadiotherapyLogKill => theta.radiotherapy = value,
            ParameterKind::SurgeryLogKill => theta.surgery = value,
        }
    }
    theta
}
