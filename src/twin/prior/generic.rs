//! Priors where no published population fits.

use super::{Entry, ParameterKind, PriorFamily, Scale};

/// Factor on between-patient SDs where the patient belongs to no published population.
pub(super) const INFLATION: f64 = 1.5;

pub(super) fn entry(kind: ParameterKind, scale: Scale) -> Entry {
    use ParameterKind as K;
    let log_normal = Entry::log_normal;
    let logit = |median: f64, lower: f64, spread| Entry {
        family: PriorFamily::LogitNormal { lower },
        location: {
            let share = (median - lower) / (1.0 - lower);
            libm::log(share / (1.0 - share))
        },
        spread,
    };
    match kind {
        // ln V. Lesion diameters: median 27 mm, ω² 0.659 (Terranova 2022), inflated; wider still
        // without millimetres.
        K::InitialSize => {
            let omega = if scale.is_calibrated() {
                INFLATION * libm::sqrt(0.659)
            } else {
                2.0
            };
            let location = Scale::DiameterMm.log_volume(libm::log(27.0));
            Entry::normal(location, 3.0 * omega)
        }
        // Doubling times of 50–400 d of untreated solid tumours: N(0.005, 0.006²), inflated.
        K::GrowthRate => Entry::normal(0.005, 0.009),
        // The same range, 0.0017–0.014/d, read as 80 %: ω = ln(8)/2.56 = 0.82, inflated.
        K::IntrinsicRate | K::ResistantRate => log_normal(0.005, INFLATION * 0.82),
        // With the median growth rate the limiting size is e^3.3 = 27 times the initial one (1 to
        // 30 mL towards several hundred mL); a factor e either way per SD.
        K::GrowthDecline => log_normal(0.0015, 1.0),
        // Terranova 2022, K_d = 5.18 − 18.8 K_g per year with K_g 0.271, ω² 0.001 63; inflated.
        K::ReducedDecline => Entry::normal(
            (5.18 - 18.8 * 0.271) / 365.25,
            INFLATION * 18.8 * 0.271 * libm::sqrt(0.001_63) / 365.25,
        ),
        // A litre or so, within wide limits (Benzekry et al., PLoS Comput Biol 2014;10:e1003800, for
        // the law; the limit itself is an assumption).
        K::Capacity | K::SwitchVolume => log_normal(3e5, 1.5),
        K::BoxCox => Entry {
            family: PriorFamily::Clamped,
            location: 0.0,
            spread: 0.3,
        },
        // 0.66–0.79 in mice (`bench mice`), anywhere from 0.5 to 1.
        K::Power => logit(0.75, 0.5, 1.0),
        // Median of the twelve arms of Struemper 2025, 0.028/week on sums of diameters, inflated.
        K::SystemicKillRate => log_normal(3.0 * 0.028_05 / 7.0, INFLATION * libm::sqrt(0.9174)),
        // The same over a cycle of three weeks.
        K::DoseKill => log_normal(9.0 * 0.028_05, INFLATION * libm::sqrt(0.9174)),
        // Assumption: a week, 2–25 d in 95 %.
        K::EffectHalfLife => log_normal(7.0, 0.65),
        // Claret 2014, inflated.
        K::EffectLoss => log_normal(0.0193, INFLATION * 0.797),
        // Responses to immunotherapy come after 2–12 weeks (Wolchok et al., Clin Cancer Res
        // 2009;15:7412); swelling within wide limits: assumptions, no published table.
        K::EffectLag => log_normal(35.0, 0.5),
        K::SwellingShare => log_normal(0.1, 1.0),
        K::SwellingTime => log_normal(30.0, 0.5),
        // Apparent kill on images, where dead tissue stays visible: halving the volume per 50 Gy, and
        // 95 % resection, each within wide limits. Assumptions, no published table.
        K::RadiotherapyLogKill => log_normal(0.7, 1.0),
        K::SurgeryLogKill => log_normal(3.0, 0.7),
        // Pooled clinical α of glioblastoma 0.12/Gy (Pedicini et al., 2014); between sites far wider
        // (van Leeuwen et al., Radiat Oncol 2018;13:96).
        K::Alpha => log_normal(0.12, 0.8),
        // 5–60 d.
        K::ClearanceHalfLife => log_normal(17.0, 0.75),
        // Paclitaxel in mice 0.97/d (Simeoni et al., Cancer Res 2004;64:1094); days to weeks here.
        K::TransitRate => log_normal(0.3, 1.0),
        // Assumption: 5 %, 0.3–50 % in 95 %.
        K::ResistantShare => logit(0.05, 0.0, 1.5),
        // Ribba 2022 and Struemper 2025, inflated.
        K::BurdenGrowth => log_normal(0.0016, INFLATION * 1.03),
        K::BurdenDecay => log_normal(0.028_05 / 7.0, INFLATION * libm::sqrt(0.9174)),
        K::DecayingShare => logit(0.5, 0.0, 1.5),
        // A millimetre in a month, within wide limits (assumption).
        K::LinearRegrowth => log_normal(0.03, 1.2),
    }
}
