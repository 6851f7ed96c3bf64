//! Untreated tumours of mice: growth of the populations of Vaghi et al. 2020, fitted by `bench mice`
//! (`docs/mice.md`).
//!
//! That source states rates at 1 mm³. The models here have rates at the first size that was measured,
//! so the Gompertz and the power law are carried there: their priors depend on that size, and say
//! nothing where millimetres are unknown. The first size is taken as exact; its error moves the rate by
//! b times a tenth, far less than the population's spread.

use super::{Entry, ParameterKind, PriorFamily, PriorSet};
use crate::twin::Model;
use crate::twin::prior::published::{Reduced, reduced};

/// One population. Pairs are medians with coefficients of variation of tumours fitted one by one, in
/// 1/d and mm³, unless something else is said.
struct Population {
    /// Exponential with a free size at the start.
    exponential: (f64, f64),
    /// Rate while small, and limit.
    logistic: [(f64, f64); 2],
    /// Fall of the Gompertz rate.
    decline: (f64, f64),
    /// SD of the Gompertz rate at 1 mm³ about its line on the fall: that of the rate times √(1 − R²).
    off_line: f64,
    /// Rate at 1 mm³ by the power law: typical value and ω of the population.
    power_rate: (f64, f64),
    /// γ: typical value, and ω on the logit scale.
    power: (f64, f64),
}

const fn of(set: PriorSet) -> Option<Population> {
    match set {
        PriorSet::Vaghi2020MouseLung => Some(Population {
            exponential: (0.2557, 0.17),
            logistic: [(0.4989, 0.13), (1533.0, 0.14)],
            decline: (0.073_42, 0.31),
            // 19 % of 0.7192, R² 0.9252.
            off_line: 0.0374,
            power_rate: (0.8955, 0.2858),
            power: (0.7971, 0.3386),
        }),
        PriorSet::Vaghi2020MouseBreast => Some(Population {
            exponential: (0.1132, 0.42),
            logistic: [(0.3333, 0.17), (1122.0, 0.43)],
            decline: (0.070_42, 0.33),
            // 23 % of 0.5472, R² 0.9452.
            off_line: 0.0295,
            power_rate: (1.083, 0.4912),
            power: (0.6467, 0.4489),
        }),
        _ => None,
    }
}

/// A log-normal by its median and coefficient of variation.
fn by_variation((median, variation): (f64, f64)) -> Entry {
    let omega = libm::sqrt(libm::log1p(variation * variation));
    Entry::log_normal(median, omega)
}

/// The Gompertz rate at ln V = `x`, a − b x with a = k b + c: mean, its part that b moves per SD of b, and
/// the part that is its own.
fn gompertz(set: PriorSet, population: &Population, x: f64) -> (f64, f64, f64) {
    let Reduced {
        slope, intercept, ..
    } = reduced(set);
    let (median, variation) = population.decline;
    let mean = (slope - x) * median + intercept;
    (mean, (slope - x) * median * variation, population.off_line)
}

/// What the population says of a parameter of a model, for a lesion first measured at ln V = `first`
/// (in mm³).
pub(super) fn entry(
    model: Model,
    kind: ParameterKind,
    set: PriorSet,
    first: Option<f64>,
) -> Option<Entry> {
    use ParameterKind as K;
    let population = of(set)?;
    match (model, kind) {
        (
            Model::Exponential
            | Model::FadingEffect
            | Model::ExponentialClearance
            | Model::Immunotherapy,
            K::GrowthRate,
        )
        | (Model::TwoPopulations | Model::TwoPopulationsClearance, K::IntrinsicRate) => {
            Some(by_variation(population.exponential))
        }
        (Model::Logistic, K::IntrinsicRate) => Some(by_variation(population.logistic[0])),
        (Model::Logistic, K::Capacity) => Some(by_variation(population.logistic[1])),
        (Model::Gompertz | Model::GompertzClearance, K::GrowthDecline) => {
            // Without millimetres its partner is not known, and the two belong together.
            first.map(|_| by_variation(population.decline))
        }
        (Model::Gompertz | Model::GompertzClearance, K::GrowthRate) => {
            let (mean, by_decline, own) = gompertz(set, &population, first?);
            Some(Entry::normal(mean, libm::hypot(by_decline, own)))
        }
        (Model::PowerLaw, K::IntrinsicRate) => {
            let x = first?;
            let ((rate, omega), (power, logit)) = (population.power_rate, population.power);
            // Taken as independent of γ, since their covariance is not written down: it is negative, so
            // this is wider than the population.
            let by_power = x * power * (1.0 - power) * logit;
            let at_first = rate * libm::exp((power - 1.0) * x);
            Some(Entry::log_normal(at_first, libm::hypot(omega, by_power)))
        }
        (Model::PowerLaw, K::Power) => {
            let (power, spread) = population.power;
            Some(Entry {
                family: PriorFamily::LogitNormal { lower: 0.0 },
                location: libm::log(power / (1.0 - power)),
                spread,
            })
        }
        _ => None,
    }
}

/// Correlation of the Gompertz rate at the first size with its fall.
pub(super) fn correlation(set: PriorSet, first: Option<f64>) -> f64 {
    let (Some(population), Some(x)) = (of(set), first) else {
        return 0.0;
    };
    let (_, by_decline, own) = gompertz(set, &population, x);
    by_decline / libm::hypot(by_decline, own)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LUNG: PriorSet = PriorSet::Vaghi2020MouseLung;

    #[test]
    fn gompertz_at_one_cubic_millimetre_is_that_of_the_source() {
        let rate = entry(Model::Gompertz, ParameterKind::GrowthRate, LUNG, Some(0.0)).unwrap();
        // 0.7192 and 19 % one by one; the line runs by the means.
        assert!((rate.location - 0.7192).abs() < 0.01, "{rate:?}");
        assert!((rate.spread - 0.19 * 0.7192).abs() < 0.005, "{rate:?}");
        // R² of rate and fall.
        let r = correlation(LUNG, Some(0.0));
        assert!((r * r - 0.9252).abs() < 0.01, "{r}");
    }

    #[test]
    fn rates_fall_with_the_first_size() {
        for (model, kind) in [
            (Model::Gompertz, ParameterKind::GrowthRate),
            (Model::PowerLaw, ParameterKind::IntrinsicRate),
        ] {
            let rate = |x| {
                let entry = entry(model, kind, LUNG, Some(x)).unwrap();
                match entry.family {
                    PriorFamily::LogNormal => libm::exp(entry.location),
                    _ => entry.location,
                }
            };
            let small = libm::log(50.0);
            let large = libm::log(500.0);
            assert!(rate(0.0) > rate(small) && rate(small) > rate(large));
            // Both laws describe these tumours from 50 to 1500 mm³: rates of 0.2 to 0.5 a day.
            assert!(
                (0.2..0.5).contains(&rate(small)),
                "{model:?} {}",
                rate(small)
            );
            assert!(
                (0.2..0.5).contains(&rate(large)),
                "{model:?} {}",
                rate(large)
            );
            assert_eq!(entry(model, kind, LUNG, None), None);
        }
    }
}
