//! Population priors of the parameters: selectable tables, each entry with its source.
//!
//! A parameter is θ = T(location + spread · z) with z standard normal; all inference is on z. Where
//! no published population fits, between-patient SDs are inflated 1.5-fold.

mod generic;
pub(super) mod published;
mod words;

use serde::{Deserialize, Serialize};

use super::model::{Acting, Model};
use super::parameter::{ParameterKind, Slot};
use super::series::Scale;

/// Where the priors come from. What a table says nothing of is that of [`PriorSet::Generic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorSet {
    /// No population fits the patient: what is known of others, inflated 1.5-fold.
    #[default]
    Generic,
    /// Lung cancer, second line, atezolizumab or docetaxel (trial OAK): Ribba et al., Front Pharmacol
    /// 2022;13:1058220.
    Ribba2022Nsclc,
    /// Lung cancer, pembrolizumab and chemotherapy: Struemper et al., CPT Pharmacometrics Syst Pharmacol
    /// 2025;14:1006.
    Struemper2025Nsclc,
    /// Lung cancer, first line (trial MONET1): Claret et al., Clin Pharmacol Ther 2014;95:446, as
    /// corrected by nlmixr2lib.
    Claret2014Nsclc,
    /// Gastric cancer (JAVELIN Gastric 100): Terranova et al., CPT Pharmacometrics Syst Pharmacol
    /// 2022;11:333.
    Terranova2022Gastric,
    /// Lewis lung tumours of mice: Vaghi et al., PLoS Comput Biol 2020;16:e1007178, fitted again by
    /// `bench mice`.
    Vaghi2020MouseLung,
    /// Breast tumours (MDA-MB-231) of mice, from the same source.
    Vaghi2020MouseBreast,
}

impl PriorSet {
    /// All sets.
    pub const ALL: [Self; 7] = [
        Self::Generic,
        Self::Ribba2022Nsclc,
        Self::Struemper2025Nsclc,
        Self::Claret2014Nsclc,
        Self::Terranova2022Gastric,
        Self::Vaghi2020MouseLung,
        Self::Vaghi2020MouseBreast,
    ];

    /// Name for command line and report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Ribba2022Nsclc => "ribba2022_nsclc",
            Self::Struemper2025Nsclc => "struemper2025_nsclc",
            Self::Claret2014Nsclc => "claret2014_nsclc",
            Self::Terranova2022Gastric => "terranova2022_gastric",
            Self::Vaghi2020MouseLung => "vaghi2020_mouse_lung",
            Self::Vaghi2020MouseBreast => "vaghi2020_mouse_breast",
        }
    }

    /// The set of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|set| set.name().eq_ignore_ascii_case(name))
    }
}

/// Shape of a prior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorFamily {
    /// θ = x.
    Normal,
    /// θ = eˣ.
    LogNormal,
    /// θ = lower + (1 − lower)/(1 + e⁻ˣ).
    LogitNormal {
        /// Lower end; the upper one is 1.
        lower: f64,
    },
    /// θ = x within ±1, cut off there.
    Clamped,
}

/// A prior, with x = location + spread · z and z standard normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prior {
    pub(super) slot: Slot,
    family: PriorFamily,
    location: f64,
    spread: f64,
}

/// What a table says of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    family: PriorFamily,
    location: f64,
    spread: f64,
}

impl Entry {
    fn log_normal(median: f64, omega: f64) -> Self {
        Self {
            family: PriorFamily::LogNormal,
            location: libm::log(median),
            spread: omega,
        }
    }

    const fn normal(mean: f64, sd: f64) -> Self {
        Self {
            family: PriorFamily::Normal,
            location: mean,
            spread: sd,
        }
    }
}

impl Prior {
    fn new(slot: Slot, set: PriorSet, scale: Scale) -> Self {
        let entry =
            published::entry(slot.kind, set).unwrap_or_else(|| generic::entry(slot.kind, scale));
        Self {
            slot,
            family: entry.family,
            location: entry.location,
            spread: entry.spread,
        }
    }

    /// θ of z; of the initial size ln V.
    pub(super) fn value(&self, z: f64) -> f64 {
        let x = self.location + self.spread * z;
        match self.family {
            PriorFamily::Normal => x,
            PriorFamily::LogNormal => libm::exp(x),
            PriorFamily::LogitNormal { lower } => lower + (1.0 - lower) / (1.0 + libm::exp(-x)),
            PriorFamily::Clamped => x.clamp(-1.0, 1.0),
        }
    }

    /// z of a value of x.
    pub(super) fn standardise(&self, x: f64) -> f64 {
        (x - self.location) / self.spread
    }

    /// SD of x, a share of θ where the prior is log-normal.
    pub(super) const fn spread(&self) -> f64 {
        self.spread
    }
}

/// Priors of all parameters of a model, with the correlations of their z.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Priors {
    pub(super) each: Vec<Prior>,
    /// Lower triangular factor of the correlations, row-major; `None` where nothing correlates.
    factor: Option<Vec<f64>>,
}

impl Priors {
    /// Priors of a model when `acting` therapies act.
    pub(super) fn new(model: Model, acting: &Acting, set: PriorSet, scale: Scale) -> Self {
        let each: Vec<Prior> = model
            .slots(acting)
            .into_iter()
            .map(|slot| Prior::new(slot, set, scale))
            .collect();
        let factor = factor(&each, set);
        Self { each, factor }
    }

    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    /// θ of standard normal z, in the order of the slots.
    pub(super) fn theta(&self, z: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let n = self.each.len();
        for (i, prior) in self.each.iter().enumerate() {
            let z = match &self.factor {
                None => z[i],
                Some(factor) => (0..=i).map(|j| factor[i * n + j] * z[j]).sum(),
            };
            out.push(prior.value(z));
        }
    }

    /// The direction of z along which parameter `i` changes.
    pub(super) fn direction(&self, i: usize) -> Vec<f64> {
        let n = self.each.len();
        let mut direction = vec![0.0; n];
        match &self.factor {
            None => direction[i] = 1.0,
            Some(factor) => direction.copy_from_slice(&factor[i * n..(i + 1) * n]),
        }
        direction
    }

    /// The standard normal deviate of parameter `i` by itself.
    pub(super) fn deviate(&self, i: usize, z: &[f64]) -> f64 {
        let n = self.each.len();
        match &self.factor {
            None => z[i],
            Some(factor) => (0..=i).map(|j| factor[i * n + j] * z[j]).sum(),
        }
    }
}

/// Factor of the correlations: growth correlates with what kills, row by row (…, r, …, √(1 − r²)), so
/// that two kills correlate by r², through growth.
fn factor(priors: &[Prior], set: PriorSet) -> Option<Vec<f64>> {
    let n = priors.len();
    let mut factor = vec![0.0; n * n];
    let mut any = false;
    for i in 0..n {
        factor[i * n + i] = 1.0;
    }
    for i in 0..n {
        for j in 0..i {
            let r = published::correlation(priors[j].slot.kind, priors[i].slot.kind, set);
            let first = (0..j).all(|k| factor[i * n + k] == 0.0);
            if r != 0.0 && first {
                factor[i * n + j] = r;
                factor[i * n + i] = libm::sqrt(1.0 - r * r);
                any = true;
            }
        }
    }
    any.then_some(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(kind: ParameterKind, set: PriorSet) -> f64 {
        Prior::new(Slot::of(kind), set, Scale::DiameterMm).value(0.0)
    }

    #[test]
    fn medians_are_those_of_the_papers() {
        use ParameterKind as K;
        for (set, kind, expected) in [
            (PriorSet::Ribba2022Nsclc, K::BurdenGrowth, 0.0016),
            // Rates of volume are three times those of diameters.
            (PriorSet::Ribba2022Nsclc, K::GrowthRate, 3.0 * 0.0016),
            (PriorSet::Struemper2025Nsclc, K::BurdenDecay, 0.034_99 / 7.0),
            (PriorSet::Claret2014Nsclc, K::EffectLoss, 0.0193),
            (PriorSet::Vaghi2020MouseLung, K::ReducedDecline, 0.0734),
            (PriorSet::Generic, K::ResistantShare, 0.05),
            (PriorSet::Generic, K::Power, 0.75),
        ] {
            let found = median(kind, set);
            assert!((found / expected - 1.0).abs() < 1e-12, "{kind:?} {found}");
        }
    }

    #[test]
    fn names_lead_back() {
        for set in PriorSet::ALL {
            assert_eq!(PriorSet::by_name(set.name()), Some(set));
        }
        assert_eq!(PriorSet::by_name("nobody2000"), None);
    }

    #[test]
    fn correlated_parameters_keep_their_own_spread() {
        let priors = Priors::new(
            Model::SteinFojo,
            &Acting::default(),
            PriorSet::Struemper2025Nsclc,
            Scale::DiameterMm,
        );
        let r = 0.1504 / (0.8715_f64 * 0.9174).sqrt();
        let of = |z: &[f64]| priors.deviate(2, z);
        assert!((of(&[0.0, 1.0, 0.0]) - r).abs() < 1e-12);
        let along = of(&[0.0, 0.0, 1.0]);
        assert!((r * r + along * along - 1.0).abs() < 1e-12);
    }
}
