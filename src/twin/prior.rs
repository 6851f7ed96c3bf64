//! Population priors of the parameters: selectable tables, each entry with its source.
//!
//! A parameter is θ = T(location + spread · z) with z standard normal; all inference is on z. Where
//! no published population fits, between-patient SDs are inflated 1.5-fold.

mod generic;
mod mice;
mod missing;
pub(super) mod published;
mod truncated;
mod words;

use super::exp::exp;
use serde::{Deserialize, Serialize};

pub(super) use self::missing::warning;
use super::model::{Acting, Model};
use super::parameter::{ParameterKind, Slot};
use super::series::{Observation, Scale};

/// Where the priors come from. What a table says nothing of is that of [`PriorSet::Generic`], and a
/// warning names it.
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
    /// z below which the law of the model is not defined, so that no draw can lie there.
    least: f64,
    /// Whether the chosen set says nothing of it.
    generic: bool,
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

/// ln V of the first measurement in mm³, the limit of detection for what was too small; `None` where
/// millimetres are unknown.
pub(super) fn first_size(observations: &[Observation], scale: Scale) -> Option<f64> {
    let value = observations.first()?.size.value();
    let size = value.max(scale.detection_limit());
    scale
        .is_calibrated()
        .then(|| scale.log_volume(libm::log(size)))
}

impl Prior {
    fn new(model: Model, slot: Slot, set: PriorSet, scale: Scale, first: Option<f64>) -> Self {
        let own = published::entry(model, slot.kind, set, first);
        let entry = own.unwrap_or_else(|| generic::entry(slot.kind, scale));
        let mut prior = Self {
            slot,
            family: entry.family,
            location: entry.location,
            spread: entry.spread,
            least: f64::NEG_INFINITY,
            generic: own.is_none(),
        };
        if let Some(least) = truncated::least(model, slot.kind) {
            prior.least = prior.deviate_of(least);
        }
        prior
    }

    /// z of a value θ; −∞ where no z is low enough.
    fn deviate_of(&self, theta: f64) -> f64 {
        let x = match self.family {
            PriorFamily::Normal | PriorFamily::Clamped => theta,
            PriorFamily::LogNormal => libm::log(theta),
            PriorFamily::LogitNormal { lower } => {
                let share = (theta - lower) / (1.0 - lower);
                libm::log(share / (1.0 - share))
            }
        };
        if x.is_nan() {
            return f64::NEG_INFINITY;
        }
        self.standardise(x)
    }

    /// Variance of z a priori: 1, less where the law is not defined for all z.
    pub(super) fn variance(&self) -> f64 {
        truncated::variance(self.least)
    }

    /// θ of z; of the initial size ln V.
    pub(super) fn value(&self, z: f64) -> f64 {
        let x = self.location + self.spread * z;
        match self.family {
            PriorFamily::Normal => x,
            PriorFamily::LogNormal => exp(x),
            PriorFamily::LogitNormal { lower } => lower + (1.0 - lower) / (1.0 + exp(-x)),
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
    /// Priors of a model when `acting` therapies act, for a lesion whose first measurement is
    /// [`first_size`].
    pub(super) fn new(
        model: Model,
        acting: &Acting,
        set: PriorSet,
        scale: Scale,
        first: Option<f64>,
    ) -> Self {
        let each: Vec<Prior> = model
            .slots(acting)
            .into_iter()
            .map(|slot| Prior::new(model, slot, set, scale, first))
            .collect();
        let factor = factor(&each, set, first);
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
fn factor(priors: &[Prior], set: PriorSet, first: Option<f64>) -> Option<Vec<f64>> {
    let n = priors.len();
    let mut factor = vec![0.0; n * n];
    let mut any = false;
    for i in 0..n {
        factor[i * n + i] = 1.0;
    }
    for i in 0..n {
        for j in 0..i {
            let r = published::correlation(priors[j].slot.kind, priors[i].slot.kind, set, first);
            let none_yet = (0..j).all(|k| factor[i * n + k] == 0.0);
            if r != 0.0 && none_yet {
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

    /// The prior of a parameter of a model of a lesion of 100 mm³.
    fn prior(model: Model, kind: ParameterKind, set: PriorSet) -> Prior {
        let first = Some(libm::log(100.0));
        Prior::new(model, Slot::of(kind), set, Scale::DiameterMm, first)
    }

    fn median(model: Model, kind: ParameterKind, set: PriorSet) -> f64 {
        prior(model, kind, set).value(0.0)
    }

    #[test]
    fn medians_are_those_of_the_papers() {
        use Model as M;
        use ParameterKind as K;
        use PriorSet as P;
        for (set, model, kind, expected) in [
            (P::Ribba2022Nsclc, M::SteinFojo, K::BurdenGrowth, 0.0016),
            // Rates of volume are three times those of diameters.
            (
                P::Ribba2022Nsclc,
                M::Exponential,
                K::GrowthRate,
                3.0 * 0.0016,
            ),
            (
                P::Struemper2025Nsclc,
                M::SteinFojo,
                K::BurdenDecay,
                0.034_99 / 7.0,
            ),
            (P::Claret2014Nsclc, M::Claret, K::EffectLoss, 0.0193),
            (
                P::Vaghi2020MouseLung,
                M::ReducedGompertz,
                K::ReducedDecline,
                0.0734,
            ),
            (P::Vaghi2020MouseBreast, M::Logistic, K::Capacity, 1122.0),
            (P::Vaghi2020MouseBreast, M::PowerLaw, K::Power, 0.6467),
            (P::Generic, M::TwoPopulations, K::ResistantShare, 0.05),
            (P::Generic, M::PowerLaw, K::Power, 0.75),
        ] {
            let found = median(model, kind, set);
            assert!((found / expected - 1.0).abs() < 1e-12, "{kind:?} {found}");
        }
    }

    #[test]
    fn an_effect_that_fades_is_that_of_models_whose_effect_fades() {
        use ParameterKind as K;
        let set = PriorSet::Claret2014Nsclc;
        for model in Model::ALL {
            let fades = matches!(model, Model::FadingEffect | Model::Claret);
            for (kind, expected) in [
                (K::BurdenDecay, 0.0103),
                (K::SystemicKillRate, 3.0 * 0.0103),
                (K::DoseKill, 63.0 * 0.0103),
            ] {
                let of = prior(model, kind, set);
                assert_eq!(of.generic, !fades, "{model:?}");
                assert_eq!((of.value(0.0) / expected - 1.0).abs() < 1e-12, fades);
            }
            // Growth is what is left when the effect has faded, as in every other model.
            assert!(!prior(model, K::BurdenGrowth, set).generic);
        }
    }

    #[test]
    fn a_bound_of_a_law_is_where_its_prior_is_cut() {
        let of = |model, kind| prior(model, kind, PriorSet::Generic);
        let decline = of(Model::ReducedGompertz, ParameterKind::ReducedDecline);
        assert!(decline.value(decline.least).abs() < 1e-15);
        let power = of(Model::GeneralGompertz, ParameterKind::Power);
        assert!((power.value(power.least) - 0.66).abs() < 1e-12);
        assert!(power.variance() < 0.8 && decline.variance() < 0.8);
        // A log-normal decline is never negative, and the power law has room below its prior.
        let mice = PriorSet::Vaghi2020MouseLung;
        for free in [
            prior(Model::ReducedGompertz, ParameterKind::ReducedDecline, mice),
            of(Model::PowerLaw, ParameterKind::Power),
            prior(Model::PowerLaw, ParameterKind::Power, mice),
        ] {
            assert_eq!((free.least, free.variance()), (f64::NEG_INFINITY, 1.0));
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
            None,
        );
        let r = 0.1504 / (0.8715_f64 * 0.9174).sqrt();
        let of = |z: &[f64]| priors.deviate(2, z);
        assert!((of(&[0.0, 1.0, 0.0]) - r).abs() < 1e-12);
        let along = of(&[0.0, 0.0, 1.0]);
        assert!((r * r + along * along - 1.0).abs() < 1e-12);
    }
}
