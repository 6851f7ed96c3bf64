//! The growth law of von Bertalanffy in its general form, with its derivatives.
//!
//! v' = ω·B(v∞/v)·v with the transform of Box and Cox B(x) = (x^λ − 1)/λ, ln x for λ = 0, whose
//! solution is v(t) = v∞·(1 + ((v0/v∞)^λ − 1)·e^{−ωt})^{1/λ}. λ = −1 is the logistic law, 0 that of
//! Gompertz, 1/3 the classical one of von Bertalanffy (Q Rev Biol 1957;32:217). Volumes in any
//! unit, t in weeks, ω per week.

/// A law of growth as the published benchmark fits it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Law {
    /// v0·e^{−ωt}; parameters v0, ω.
    Exponential,
    /// The general law at a fixed λ; parameters v0, v∞, ω.
    Fixed(f64),
    /// The general law; parameters v0, v∞, ω, λ.
    General,
}

impl Law {
    /// Number of parameters.
    pub(super) fn parameters(self) -> usize {
        match self {
            Self::Exponential => 2,
            Self::Fixed(_) => 3,
            Self::General => 4,
        }
    }

    /// Volume `t` after the first scan, and the derivatives of its logarithm by the parameters.
    /// `None` where the law has no real value.
    pub(super) fn value(self, t: f64, p: &[f64; 4]) -> Option<(f64, [f64; 4])> {
        let found = match self {
            Self::Exponential => {
                let v = p[0] * libm::exp(-p[1] * t);
                (v, [1.0 / p[0], -t, 0.0, 0.0])
            }
            Self::Fixed(lambda) => general(t, p[0], p[1], p[2], lambda)?,
            Self::General => general(t, p[0], p[1], p[2], p[3])?,
        };
        found.0.is_finite().then_some(found)
    }
}

fn general(t: f64, v0: f64, limit: f64, omega: f64, lambda: f64) -> Option<(f64, [f64; 4])> {
    let decay = libm::exp(-omega * t);
    let ratio = libm::log(v0 / limit);
    if lambda == 0.0 {
        let v = limit * libm::exp(decay * ratio);
        return Some((
            v,
            [decay / v0, (1.0 - decay) / limit, -t * decay * ratio, 0.0],
        ));
    }
    let a = libm::exp(lambda * ratio);
    let b = 1.0 + (a - 1.0) * decay;
    if b <= 0.0 {
        // Where λ > 0 the lesion has vanished by then; where λ < 0 the volume has passed all bounds.
        return (lambda > 0.0).then_some((0.0, [0.0; 4]));
    }
    let log_b = libm::log(b);
    let share = decay * a / b;
    Some((
        limit * libm::exp(log_b / lambda),
        [
            share / v0,
            (1.0 - share) / limit,
            -t * (a - 1.0) * decay / (lambda * b),
            (share * ratio - log_b / lambda) / lambda,
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAWS: [Law; 5] = [
        Law::Exponential,
        Law::Fixed(-1.0),
        Law::Fixed(0.0),
        Law::Fixed(1.0 / 3.0),
        Law::General,
    ];

    #[test]
    fn derivatives_agree_with_differences() {
        for law in LAWS {
            let p = match law {
                Law::Exponential => [0.7, 0.03, 0.0, 0.0],
                _ => [0.7, 0.2, 0.05, 0.4],
            };
            let (_, slopes) = law.value(11.0, &p).unwrap();
            for i in 0..law.parameters() {
                let h = 1e-6;
                let at = |s: f64| {
                    let mut q = p;
                    q[i] += s;
                    law.value(11.0, &q).unwrap().0.ln()
                };
                let difference = (at(h) - at(-h)) / (2.0 * h);
                assert!((difference - slopes[i]).abs() < 1e-7, "{law:?} {i}");
            }
        }
    }

    #[test]
    fn gompertz_of_the_documentation_of_the_benchmark() {
        // TumorGrowth.jl, module page: v0 = 0.0002261, v∞ = 2.792e-5, ω = 0.05731.
        let p = [0.000_226_1, 2.792e-5, 0.057_31, 0.0];
        let v = Law::Fixed(0.0).value(39.0 - 0.1, &p).unwrap().0;
        assert!((v - 3.496_675_045_077_041e-5).abs() < 1e-18);
    }

    #[test]
    fn logistic_and_classical_laws_are_solutions() {
        // The slope at the start is ω·B(v∞/v0)·v0.
        for lambda in [-1.0, 0.0, 1.0 / 3.0, 0.7] {
            let p = [0.3, 1.7, 0.02, 0.0];
            let law = Law::Fixed(lambda);
            let h = 1e-4;
            let slope = (law.value(h, &p).unwrap().0 - law.value(0.0, &p).unwrap().0) / h;
            let x: f64 = p[1] / p[0];
            let transform = if lambda == 0.0 {
                x.ln()
            } else {
                (x.powf(lambda) - 1.0) / lambda
            };
            assert!((slope - p[2] * transform * p[0]).abs() < 1e-6);
        }
    }
}
