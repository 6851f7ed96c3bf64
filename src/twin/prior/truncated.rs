//! Priors that the range of a law cuts off.
//!
//! Below the bound the law is not defined and the likelihood is zero, so what a posterior is compared
//! with is the prior above the bound: a lesion that says nothing leaves that one as it is.

use std::f64::consts::{PI, SQRT_2};

use crate::twin::{Model, ParameterKind};

/// The value of a parameter below which the law of a model is not defined
/// ([`Growth::check`](crate::twin::dynamics::growth::Growth::check)), where a prior could lie below.
pub(super) const fn least(model: Model, kind: ParameterKind) -> Option<f64> {
    match (model, kind) {
        (Model::ReducedGompertz, ParameterKind::ReducedDecline) => Some(0.0),
        (Model::GeneralGompertz, ParameterKind::Power) => Some(0.66),
        _ => None,
    }
}

/// Variance of a standard normal deviate above `least`: 1 + αh − h² with the hazard
/// h = φ(α)/(1 − Φ(α)).
pub(super) fn variance(least: f64) -> f64 {
    if least == f64::NEG_INFINITY {
        return 1.0;
    }
    let density = libm::exp(-0.5 * least * least) / libm::sqrt(2.0 * PI);
    let hazard = density / (0.5 * libm::erfc(least / SQRT_2));
    1.0 + least * hazard - hazard * hazard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_normal_distribution_has_the_variance_it_is_known_for() {
        assert!((variance(0.0) - (1.0 - 2.0 / PI)).abs() < 1e-15);
        assert!((variance(-8.0) - 1.0).abs() < 1e-12);
        assert_eq!(variance(f64::NEG_INFINITY), 1.0);
    }
}
