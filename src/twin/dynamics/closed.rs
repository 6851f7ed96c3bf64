//! Integrals that the closed forms are made of.

use crate::twin::exp::{exp, expm1};

/// ∫₀ᵗ e^{−cu} du, also for c = 0 and c < 0.
pub(crate) fn phi(c: f64, t: f64) -> f64 {
    if c == 0.0 { t } else { -expm1(-c * t) / c }
}

/// ∫₀ᵗ e^{−b(t−u)} e^{−ku} du: what is left at `t`, at a decay b, of an inflow that decays by k.
///
/// The smaller decay is taken out, so that nothing overflows where one of them is fast.
pub(crate) fn phi_two(b: f64, k: f64, t: f64) -> f64 {
    let (slow, fast) = if b < k { (b, k) } else { (k, b) };
    if slow == 0.0 {
        phi(fast, t)
    } else {
        exp(-slow * t) * phi(fast - slow, t)
    }
}

/// Solution of w' = s − c w with w(0) = 1, as ln w(t)/λ; w stands for (V/V₀)^λ.
///
/// All growth laws here with a closed form become this linear equation (Bernoulli's substitution).
/// `slope` is (ln V)' at the start, so that s = λ·slope + c; it is given apart from `source` = s
/// because one of the two always follows without cancellation. λ = 0 is Gompertz' law.
pub(crate) fn bernoulli(lambda: f64, slope: f64, c: f64, source: f64, t: f64) -> f64 {
    let linear = slope * phi(c, t);
    let change = lambda * linear;
    if change == 0.0 {
        // λ = 0, or so small that ln(1 + λ l)/λ is l to all digits.
        linear
    } else if change.abs() < 0.5 {
        libm::log1p(change) / lambda
    } else if c < 0.0 {
        (-c * t + libm::log1p(source * phi(-c, t))) / lambda
    } else {
        libm::log(libm::exp(-c * t) + source * phi(c, t)) / lambda
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integrals_are_smooth_where_decays_meet() {
        for d in [0.0, 1e-18, 1e-12, 1e-9] {
            assert!((phi(d, 3.0) - 3.0).abs() < 1e-8);
            assert!((phi_two(0.7, 0.7 + d, 2.0) - 2.0 * (-1.4_f64).exp()).abs() < 1e-8);
        }
        assert!(phi_two(0.01, 300.0, 1000.0).is_finite());
    }

    #[test]
    fn both_branches_meet() {
        // λ slope φ just below and above one half.
        let at = |slope: f64| bernoulli(0.5, slope, 0.1, 0.5 * slope + 0.1, 2.0);
        let edge = 1.0 / phi(0.1, 2.0);
        assert!((at(edge * (1.0 + 1e-12)) - at(edge * (1.0 - 1e-12))).abs() < 1e-11);
        let at = |slope: f64| bernoulli(-1.0, slope, -0.1, -slope - 0.1, 2.0);
        let edge = -0.5 / phi(-0.1, 2.0);
        assert!((at(edge * (1.0 + 1e-12)) - at(edge * (1.0 - 1e-12))).abs() < 1e-11);
    }
}
