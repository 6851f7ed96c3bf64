//! A growth law made ready for many evaluations: what depends on its parameters alone is computed
//! once, and all laws with a closed form become one of two equations.

use crate::twin::dynamics::closed::{bernoulli, phi};
use crate::twin::dynamics::growth::Growth;
use crate::twin::dynamics::law_scale::LawScale;

/// A growth law on x = ln s.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Law {
    /// x' = a − b x.
    Affine { a: f64, b: f64 },
    /// x' = (p e^{λ (x_r − x)} − q)/λ.
    Power {
        lambda: f64,
        p: f64,
        reference: f64,
        q: f64,
    },
    /// Any other.
    Other,
}

/// A law at one size x₀, from where time is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// x' = rate − decline (x − x₀).
    Affine { rate: f64, decline: f64 },
    /// w = (s/s₀)^λ obeys w' = source − decay w.
    Bernoulli(Bernoulli),
}

/// Under a kill rate k λ k is added to the decay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bernoulli {
    pub(crate) lambda: f64,
    pub(crate) source: f64,
    pub(crate) decay: f64,
    /// (source − decay)/λ = x' at x₀, without cancellation.
    pub(crate) rate: f64,
}

impl Form {
    /// Neither growth nor decline.
    pub(crate) const REST: Self = Self::Affine {
        rate: 0.0,
        decline: 0.0,
    };

    /// How much x has changed after t days under a constant kill rate.
    pub(crate) fn change(&self, kill: f64, t: f64) -> f64 {
        match *self {
            Self::Affine { rate, decline } => (rate - kill) * phi(decline, t),
            Self::Bernoulli(w) => {
                let decay = w.decay + w.lambda * kill;
                bernoulli(w.lambda, w.rate - kill, decay, w.source, t)
            }
        }
    }
}

impl Law {
    pub(crate) fn new<S: LawScale>(growth: &Growth<S>) -> Self {
        match *growth {
            Growth::Exponential { rate } => Self::Affine { a: rate, b: 0.0 },
            Growth::Gompertz { decline: b, .. } | Growth::ReducedGompertz { decline: b, .. } => {
                Self::Affine {
                    a: growth.rate(0.0),
                    b,
                }
            }
            Growth::Logistic { rate, capacity } => Self::Power {
                lambda: -1.0,
                p: rate,
                reference: capacity.ln(),
                q: rate,
            },
            Growth::Bertalanffy { uptake, loss } => {
                let third = 1.0 / 3.0;
                Self::Power {
                    lambda: third,
                    p: third * uptake,
                    reference: 0.0,
                    q: third * loss,
                }
            }
            // Gompertz' law to all digits.
            Growth::GeneralBertalanffy { rate, exponent, .. } if exponent.abs() < 1e-300 => {
                Self::Affine {
                    a: growth.rate(0.0),
                    b: rate,
                }
            }
            Growth::GeneralBertalanffy {
                rate,
                exponent,
                limit,
            } => Self::Power {
                lambda: exponent,
                p: rate,
                reference: limit.ln(),
                q: rate,
            },
            Growth::PowerLaw {
                rate,
                exponent: 1.0,
            } => Self::Affine { a: rate, b: 0.0 },
            Growth::PowerLaw { rate, exponent } => {
                let lambda = 1.0 - exponent;
                Self::Power {
                    lambda,
                    p: lambda * rate,
                    reference: 0.0,
                    q: 0.0,
                }
            }
            Growth::GeneralGompertz { .. } | Growth::ExponentialLinear { .. } => Self::Other,
        }
    }

    /// The law at x; `None` where it is neither.
    pub(crate) fn at(&self, x: f64) -> Option<Form> {
        match *self {
            Self::Affine { a, b } => Some(Form::Affine {
                rate: a - b * x,
                decline: b,
            }),
            Self::Power {
                lambda,
                p,
                reference,
                q,
            } => {
                let below = lambda * (reference - x);
                let source = p * libm::exp(below);
                let rate = if p == q && below.abs() < 0.1 {
                    p * libm::expm1(below) / lambda
                } else {
                    (source - q) / lambda
                };
                Some(Form::Bernoulli(Bernoulli {
                    lambda,
                    source,
                    decay: q,
                    rate,
                }))
            }
            Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Mm3;

    #[test]
    fn the_rate_is_that_of_the_law() {
        let general = |exponent| Growth::GeneralBertalanffy {
            rate: 0.02,
            exponent,
            limit: Mm3(5e4),
        };
        let laws = [
            Growth::Exponential { rate: 0.01 },
            Growth::Logistic {
                rate: 0.03,
                capacity: Mm3(3e4),
            },
            Growth::ReducedGompertz {
                decline: 0.007,
                slope: 9.0,
                intercept: 0.01,
                reference: Mm3(10.0),
            },
            Growth::Bertalanffy {
                uptake: 0.5,
                loss: 0.01,
            },
            general(0.3),
            general(-1e-9),
            general(0.0),
            Growth::PowerLaw {
                rate: 0.08,
                exponent: 0.79,
            },
            Growth::PowerLaw {
                rate: 0.01,
                exponent: 1.0,
            },
        ];
        for growth in laws {
            for x in [-5.0, 3.0, 10.3, 10.8, 10.819_778, 14.0] {
                let rate = match Law::new(&growth).at(x) {
                    Some(Form::Affine { rate, .. }) => rate,
                    Some(Form::Bernoulli(w)) => w.rate,
                    None => f64::NAN,
                };
                let expected = growth.rate(x);
                let off = (rate - expected).abs();
                assert!(
                    off <= 1e-14 * expected.abs() + 1e-16,
                    "{growth:?} {x} {off}"
                );
            }
        }
    }
}
