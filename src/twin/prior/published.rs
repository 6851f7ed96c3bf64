//! Published mixed-effects estimates: medians and ω, the SD of the logarithm between patients.
//!
//! Growth and decay of sums of diameters are those of the papers; rates of volume are three times
//! as large.

use super::{Entry, ParameterKind, PriorSet, mice};
use crate::twin::Model;

/// Growth and decay of the sum of diameters, 1/d, each with its ω.
const fn stein(set: PriorSet) -> Option<[(f64, f64); 2]> {
    match set {
        // RSE 14 % and 29 %; uncorrelated.
        PriorSet::Ribba2022Nsclc => Some([(0.0016, 1.03), (0.0014, 1.64)]),
        // The arm of pembrolizumab and chemotherapy; ω² 0.8715 and 0.9174.
        PriorSet::Struemper2025Nsclc => {
            Some([(0.011_53 / 7.0, 0.933_541_6), (0.034_99 / 7.0, 0.957_810_0)])
        }
        PriorSet::Claret2014Nsclc => Some([(0.001_07, 1.18), (0.0103, 0.679)]),
        _ => None,
    }
}

/// Days of a cycle of treatment.
const CYCLE: f64 = 21.0;

/// Whether the effect of treatment fades in a model, as it does in that of Claret 2014.
const fn fades(model: Model) -> bool {
    matches!(model, Model::FadingEffect | Model::Claret)
}

/// What a set says of a parameter of a model; `first` is ln V (mm³) of the first measurement, where
/// millimetres are known.
pub(super) fn entry(
    model: Model,
    kind: ParameterKind,
    set: PriorSet,
    first: Option<f64>,
) -> Option<Entry> {
    use ParameterKind as K;
    let of = |median, omega| Some(Entry::log_normal(median, omega));
    if let Some([growth, decay]) = stein(set) {
        // K_DE of Claret 2014 is the effect at the start, which λ takes away: without λ it is another
        // number.
        let decays = !matches!(set, PriorSet::Claret2014Nsclc) || fades(model);
        match kind {
            K::BurdenGrowth => return of(growth.0, growth.1),
            K::BurdenDecay if decays => return of(decay.0, decay.1),
            K::GrowthRate | K::IntrinsicRate => return of(3.0 * growth.0, growth.1),
            K::SystemicKillRate if decays => return of(3.0 * decay.0, decay.1),
            K::DoseKill if decays => return of(3.0 * CYCLE * decay.0, decay.1),
            _ => {}
        }
    }
    match (set, kind) {
        (PriorSet::Claret2014Nsclc, K::EffectLoss) => of(0.0193, 0.797),
        (PriorSet::Terranova2022Gastric, K::ReducedDecline) => Some(Entry::normal(
            (5.18 - 18.8 * 0.271) / 365.25,
            18.8 * 0.271 * libm::sqrt(0.001_63) / 365.25,
        )),
        (PriorSet::Vaghi2020MouseLung, K::ReducedDecline) => of(0.0734, 0.31),
        (PriorSet::Vaghi2020MouseBreast, K::ReducedDecline) => of(0.0704, 0.33),
        _ => mice::entry(model, kind, set, first),
    }
}

/// Correlation of the z of two parameters, the first being the earlier one.
pub(super) fn correlation(
    a: ParameterKind,
    b: ParameterKind,
    set: PriorSet,
    first: Option<f64>,
) -> f64 {
    use ParameterKind as K;
    let growth = matches!(a, K::BurdenGrowth | K::GrowthRate | K::IntrinsicRate);
    let decay = matches!(b, K::BurdenDecay | K::SystemicKillRate | K::DoseKill);
    match set {
        // Covariance of ln k_g and ln k_s 0.1504.
        PriorSet::Struemper2025Nsclc if growth && decay => 0.1504 / libm::sqrt(0.8715 * 0.9174),
        // Of mice, none but the Gompertz law has both.
        _ if matches!((a, b), (K::GrowthRate, K::GrowthDecline)) => mice::correlation(set, first),
        _ => 0.0,
    }
}

/// a = k b + c of the reduced Gompertz law: k, c (1/d) and the size (in the unit of the law) that rates
/// refer to, with whether the law is of diameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::twin) struct Reduced {
    pub(in crate::twin) slope: f64,
    pub(in crate::twin) intercept: f64,
    pub(in crate::twin) of_diameters: bool,
}

/// The tie between the parameters of the reduced Gompertz law in a population.
pub(in crate::twin) fn reduced(set: PriorSet) -> Reduced {
    let (slope, intercept, of_diameters) = match set {
        // Fitted by `bench mice`.
        PriorSet::Vaghi2020MouseLung => (5.847, 0.285, false),
        PriorSet::Vaghi2020MouseBreast => (5.506, 0.184, false),
        // K_d = 5.18 − 18.8 K_g per year, solved for K_g, of sums of diameters in mm.
        _ => (-1.0 / 18.8, 5.18 / 18.8 / 365.25, true),
    };
    Reduced {
        slope,
        intercept,
        of_diameters,
    }
}
