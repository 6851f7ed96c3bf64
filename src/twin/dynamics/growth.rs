//! Growth laws without treatment, and their closed forms under a constant kill rate.
//!
//! Everything is computed on x = ln s, s being the size on the scale `S` of the law: x' = g(x) − k.
//! Where a law has a closed form it is one and the same: w = (s/s₀)^λ obeys a linear equation
//! (Bernoulli's substitution, λ = 0 in the limit), so x(t) = x₀ + ln(1 + λ x'(0) φ(c, t))/λ with
//! φ(c, t) = (1 − e^{−ct})/c. A kill rate k enters x'(0) and, for λ ≠ 0, c.
//!
//! Sources: Benzekry et al., PLoS Comput Biol 2014;10:e1003800 (exponential, exponential-linear,
//! logistic, Gompertz, power law, von Bertalanffy); Gerlee, Cancer Res 2013;73:2407; Vaghi et al.,
//! PLoS Comput Biol 2020;16:e1007178 (reduced Gompertz); the Box–Cox form of the general
//! Bertalanffy law is that of the TumorGrowth.jl documentation; Simeoni et al., Cancer Res
//! 2004;64:1094 (smooth exponential-linear).

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_positive};
use crate::twin::dynamics::closed::bernoulli;
use crate::twin::dynamics::law::Law;
use crate::twin::dynamics::law_scale::LawScale;
use crate::twin::dynamics::ode::{self, Tolerance};
use crate::units::Days;

/// A growth law for a size on the scale `S` ([`crate::units::Mm3`] or [`crate::units::Mm`]).
///
/// Rates are per day and refer to that scale: a rate of volume is three times that of diameter.
/// Rates of growth may be negative (a lesion may shrink without treatment).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "law", rename_all = "snake_case")]
pub enum Growth<S> {
    /// G1: s' = r s.
    Exponential {
        /// r, 1/d.
        rate: f64,
    },
    /// G2: s' = r s (1 − s/K).
    Logistic {
        /// r, 1/d, that of a vanishing size.
        rate: f64,
        /// K.
        capacity: S,
    },
    /// G3: s' = (a − b ln(s/s_c)) s; the limiting size is K = s_c e^{a/b}.
    Gompertz {
        /// a, 1/d, the rate at the reference size.
        rate: f64,
        /// b, 1/d, the fall of the rate per e-fold of size; zero or more.
        decline: f64,
        /// s_c.
        reference: S,
    },
    /// G4: Gompertz with a = k b + c, where k and c belong to a population and b to a lesion.
    ReducedGompertz {
        /// b, 1/d; zero or more.
        decline: f64,
        /// k, without unit.
        slope: f64,
        /// c, 1/d.
        intercept: f64,
        /// s_c.
        reference: S,
    },
    /// G5: s' = a s^{2/3} − b s, von Bertalanffy. The exponent is two thirds, not "squared, then a
    /// third".
    Bertalanffy {
        /// a, mm/d on the volume scale, mm^{1/3}/d on that of diameters; zero or more.
        uptake: f64,
        /// b, 1/d.
        loss: f64,
    },
    /// G6: s' = ω s ((s∞/s)^λ − 1)/λ. Gompertz for λ = 0, von Bertalanffy for 1/3, logistic for −1.
    GeneralBertalanffy {
        /// ω, 1/d; zero or more.
        rate: f64,
        /// λ, from −1 to 1.
        exponent: f64,
        /// s∞.
        limit: S,
    },
    /// G7: s' = s_c (s/s_c)^γ (b − a ln(s/s_c)). No closed form.
    GeneralGompertz {
        /// b, 1/d, the rate at the reference size.
        rate: f64,
        /// a, 1/d; zero or more.
        decline: f64,
        /// γ, from 2/3 to 1.
        exponent: f64,
        /// s_c; the source has 1 mm³.
        reference: S,
    },
    /// G8: s' = a s^γ.
    PowerLaw {
        /// a, (unit of the scale)^{1−γ}/d; zero or more.
        rate: f64,
        /// γ, from 0 to 1.
        exponent: f64,
    },
    /// G9: exponential, then linear: s' = min(a₀ s, a₁). Stated on the size at which one turns into
    /// the other, so that the curve does not depend on when it is started; for a lesion that
    /// starts small this is the published switch at τ = ln(a₁/(a₀ s₀))/a₀.
    ExponentialLinear {
        /// a₀, 1/d; above zero.
        rate: f64,
        /// a₁, unit of the scale per day; above zero.
        linear: f64,
        /// How one turns into the other.
        transition: Transition,
    },
}

/// How exponential turns into linear growth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "transition", rename_all = "snake_case")]
pub enum Transition {
    /// At once.
    Sharp,
    /// s' = a₀ s/(1 + (a₀ s/a₁)^ψ)^{1/ψ} (Simeoni 2004, who takes ψ = 20). No closed form.
    Smooth {
        /// ψ, from 1 to 100.
        sharpness: f64,
    },
}

impl<S: LawScale> Growth<S> {
    /// General Bertalanffy in its other form, s' = a s^γ − b s.
    ///
    /// # Errors
    /// [`Error::BadNumber`] where a, b and γ do not give a limiting size that is approached
    /// (a/b > 0 and b (1 − γ) > 0).
    pub fn general_bertalanffy(a: f64, b: f64, exponent: f64) -> Result<Self, Error> {
        let lambda = 1.0 - exponent;
        check_positive("a/b of the general Bertalanffy law", a / b)?;
        check_positive("b (1 − γ) of the general Bertalanffy law", b * lambda)?;
        let law = Self::GeneralBertalanffy {
            rate: b * lambda,
            exponent: lambda,
            limit: S::from_ln(libm::log(a / b) / lambda),
        };
        law.check()?;
        Ok(law)
    }

    /// Refuses parameters that have no meaning.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn check(&self) -> Result<(), Error> {
        let finite = |what, value| check(what, value, -1e6..=1e6, "a finite number");
        let zero_up = |what, value| check(what, value, 0.0..=1e12, "zero or more");
        let size = |what, size: S| check_positive(what, size.value());
        match *self {
            Self::Exponential { rate } => finite("a growth rate (1/d)", rate),
            Self::Logistic { rate, capacity } => {
                finite("a growth rate (1/d)", rate)?;
                size("a carrying capacity", capacity)
            }
            Self::Gompertz {
                rate,
                decline,
                reference,
            } => {
                finite("a growth rate (1/d)", rate)?;
                zero_up("the decline of a growth rate (1/d)", decline)?;
                size("the reference size of a growth law", reference)
            }
            Self::ReducedGompertz {
                decline,
                slope,
                intercept,
                reference,
            } => {
                zero_up("the decline of a growth rate (1/d)", decline)?;
                finite("the slope k of the reduced Gompertz law", slope)?;
                finite(
                    "the intercept c of the reduced Gompertz law (1/d)",
                    intercept,
                )?;
                size("the reference size of a growth law", reference)
            }
            Self::Bertalanffy { uptake, loss } => {
                zero_up("the uptake a of the Bertalanffy law", uptake)?;
                finite("the loss b of the Bertalanffy law (1/d)", loss)
            }
            Self::GeneralBertalanffy {
                rate,
                exponent,
                limit,
            } => {
                zero_up("the rate of the general Bertalanffy law (1/d)", rate)?;
                check(
                    "the exponent λ of the general Bertalanffy law",
                    exponent,
                    -1.0..=1.0,
                    "between -1 and 1",
                )?;
                size("the limiting size of a growth law", limit)
            }
            Self::GeneralGompertz {
                rate,
                decline,
                exponent,
                reference,
            } => {
                finite("a growth rate (1/d)", rate)?;
                zero_up("the decline of a growth rate (1/d)", decline)?;
                check(
                    "the exponent γ of the general Gompertz law",
                    exponent,
                    0.66..=1.0,
                    "between 2/3 and 1",
                )?;
                size("the reference size of a growth law", reference)
            }
            Self::PowerLaw { rate, exponent } => {
                zero_up("the rate of the power law", rate)?;
                check(
                    "the exponent γ of the power law",
                    exponent,
                    0.0..=1.0,
                    "between 0 and 1",
                )
            }
            Self::ExponentialLinear {
                rate,
                linear,
                transition,
            } => {
                check_positive("a growth rate (1/d)", rate)?;
                check_positive("a linear growth rate", linear)?;
                match transition {
                    Transition::Sharp => Ok(()),
                    Transition::Smooth { sharpness } => check(
                        "the sharpness ψ of the exponential-linear law",
                        sharpness,
                        1.0..=100.0,
                        "between 1 and 100",
                    ),
                }
            }
        }
    }

    /// x' = s'/s at x = ln s, 1/d.
    #[must_use]
    pub fn rate(&self, x: f64) -> f64 {
        match *self {
            Self::Exponential { rate } => rate,
            Self::Logistic { rate, capacity } => -rate * libm::expm1(x - capacity.ln()),
            Self::Gompertz {
                rate,
                decline,
                reference,
            } => rate - decline * (x - reference.ln()),
            Self::ReducedGompertz {
                decline,
                slope,
                intercept,
                reference,
            } => slope * decline + intercept - decline * (x - reference.ln()),
            Self::Bertalanffy { uptake, loss } => uptake * libm::exp(-x / 3.0) - loss,
            Self::GeneralBertalanffy {
                rate,
                exponent,
                limit,
            } => {
                let below = limit.ln() - x;
                // Past this λ the Box–Cox transform is its limit to all digits.
                if (exponent * below).abs() < 1e-300 {
                    rate * below
                } else {
                    rate * libm::expm1(exponent * below) / exponent
                }
            }
            Self::GeneralGompertz {
                rate,
                decline,
                exponent,
                reference,
            } => {
                let x = x - reference.ln();
                libm::exp((exponent - 1.0) * x) * (rate - decline * x)
            }
            Self::PowerLaw { rate, exponent } => rate * libm::exp((exponent - 1.0) * x),
            Self::ExponentialLinear {
                rate,
                linear,
                transition,
            } => {
                let over = x - libm::log(linear / rate);
                match transition {
                    Transition::Sharp => rate * libm::exp(-over.max(0.0)),
                    Transition::Smooth { sharpness } => {
                        // ln(1 + e^z), without overflow for large z.
                        let z = sharpness * over;
                        if z < -40.0 {
                            // Far below the switch, to all digits.
                            return rate;
                        }
                        let soft = z.max(0.0) + libm::log1p(libm::exp(-z.abs()));
                        rate * libm::exp(-soft / sharpness)
                    }
                }
            }
        }
    }

    /// The x at which x' has a kink; `None` for smooth laws.
    pub(crate) fn kink(&self) -> Option<f64> {
        match *self {
            Self::ExponentialLinear {
                rate,
                linear,
                transition: Transition::Sharp,
            } => Some(libm::log(linear / rate)),
            _ => None,
        }
    }

    /// ln s after `dt` days under a constant kill rate (1/d, on the scale of the law), from ln s =
    /// `x`; `None` where the law has no closed form.
    #[must_use]
    pub fn advance(&self, x: f64, kill: f64, dt: f64) -> Option<f64> {
        if let Self::ExponentialLinear {
            rate,
            linear,
            transition: Transition::Sharp,
        } = *self
        {
            return Some(exponential_linear(rate, linear, x, kill, dt));
        }
        Some(x + Law::new(self).at(x)?.change(kill, dt))
    }

    /// Size after `elapsed` days without treatment; negative days lead back.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for parameters or a size without meaning; [`Error::Diverged`].
    pub fn untreated(&self, size: S, elapsed: Days) -> Result<S, Error> {
        self.check()?;
        check_positive("the size at the start", size.value())?;
        super::check::check_day("the days of growth", elapsed.0)?;
        if let Some(x) = self.advance(size.ln(), 0.0, elapsed.0) {
            return Ok(S::from_ln(x));
        }
        // The solver runs forward; backward growth is forward growth of the mirrored law.
        let sign = if elapsed.0 < 0.0 { -1.0 } else { 1.0 };
        let end = [elapsed.0.abs()];
        let mut x = size.ln();
        ode::integrate(
            |_, y: &[f64; 1]| [sign * self.rate(y[0])],
            ode::smooth,
            [x],
            &Tolerance::default(),
            f64::INFINITY,
            &end,
            |_, y| x = y[0],
        )?;
        Ok(S::from_ln(x))
    }
}

/// s' = min(a₀ s, a₁) − k s. Within one piece of constant kill the turning size is crossed once at
/// most, since the sign of x' there is that of a₀ − k on both sides.
fn exponential_linear(rate: f64, linear: f64, x: f64, kill: f64, dt: f64) -> f64 {
    let turn = libm::log(linear / rate);
    let net = rate - kill;
    let in_linear = |x: f64, dt: f64| {
        let source = linear * libm::exp(-x);
        x + bernoulli(1.0, source - kill, kill, source, dt)
    };
    if dt < 0.0 {
        // Backward only the untreated curve is asked for; it leaves the linear part downwards.
        let size = libm::exp(x);
        let until = (libm::exp(turn) - size) / linear;
        return if x <= turn {
            x + net * dt
        } else if kill == 0.0 && dt < until {
            turn + net * (dt - until)
        } else {
            in_linear(x, dt)
        };
    }
    if x < turn || (x == turn && net < 0.0) {
        let until = (turn - x) / net;
        if net > 0.0 && until < dt {
            return in_linear(turn, dt - until);
        }
        return x + net * dt;
    }
    if net < 0.0 {
        // s(t) = a₁/k + (s₀ − a₁/k) e^{−kt} reaches a₁/a₀ at ln of the ratio of distances / k.
        let rest = linear / kill;
        let until = libm::log((libm::exp(x) - rest) / (linear / rate - rest)) / kill;
        if until < dt {
            return turn + net * (dt - until);
        }
    }
    in_linear(x, dt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Mm, Mm3};

    /// One of each law with a closed form, and λ of either sign and zero.
    fn closed() -> Vec<Growth<Mm3>> {
        let general = |exponent| Growth::GeneralBertalanffy {
            rate: 0.02,
            exponent,
            limit: Mm3(5e4),
        };
        vec![
            Growth::Exponential { rate: 0.012 },
            Growth::Exponential { rate: -0.004 },
            Growth::Logistic {
                rate: 0.03,
                capacity: Mm3(3e4),
            },
            Growth::Logistic {
                rate: 0.0,
                capacity: Mm3(3e4),
            },
            Growth::Gompertz {
                rate: 0.08,
                decline: 0.007,
                reference: Mm3(1.0),
            },
            Growth::ReducedGompertz {
                decline: 0.007,
                slope: 9.0,
                intercept: 0.01,
                reference: Mm3(1.0),
            },
            Growth::Bertalanffy {
                uptake: 0.5,
                loss: 0.01,
            },
            Growth::Bertalanffy {
                uptake: 0.2,
                loss: 0.0,
            },
            general(1.0),
            general(0.3),
            general(1e-9),
            general(0.0),
            general(-0.4),
            general(-1.0),
            Growth::PowerLaw {
                rate: 0.08,
                exponent: 0.79,
            },
            Growth::PowerLaw {
                rate: 0.01,
                exponent: 1.0,
            },
            Growth::ExponentialLinear {
                rate: 0.03,
                linear: 60.0,
                transition: Transition::Sharp,
            },
        ]
    }

    fn solved(law: &Growth<Mm3>, x: f64, kill: f64, dt: f64) -> f64 {
        let mut out = x;
        ode::integrate(
            |_, y: &[f64; 1]| [law.rate(y[0]) - kill],
            |_, y| law.kink().map_or(1.0, |kink| y[0] - kink),
            [x],
            &Tolerance {
                relative: 1e-12,
                ..Tolerance::default()
            },
            f64::INFINITY,
            &[dt],
            |_, y| out = y[0],
        )
        .unwrap();
        out
    }

    #[test]
    fn closed_forms_agree_with_the_solver() {
        for law in closed() {
            law.check().unwrap();
            for x in [2.0, 7.6, 12.0] {
                for kill in [0.0, 0.01, 0.05, 0.3] {
                    for dt in [0.3, 40.0, 200.0] {
                        let exact = law.advance(x, kill, dt).unwrap();
                        let solved = solved(&law, x, kill, dt);
                        assert!(
                            (exact - solved).abs() < 1e-9 * (1.0 + exact.abs()),
                            "{law:?} x {x} kill {kill} dt {dt}: {exact} {solved}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn growth_in_two_steps_is_growth_in_one() {
        for law in closed() {
            for kill in [0.0, 0.02, 1.0] {
                let whole = law.advance(7.0, kill, 31.0).unwrap();
                let part = law.advance(7.0, kill, 12.5).unwrap();
                let parts = law.advance(part, kill, 18.5).unwrap();
                assert!(
                    (whole - parts).abs() < 1e-11 * (1.0 + whole.abs()),
                    "{law:?} {kill}: {whole} {parts}"
                );
            }
        }
    }

    #[test]
    fn backward_growth_undoes_forward_growth() {
        let mut laws = closed();
        laws.push(Growth::GeneralGompertz {
            rate: 0.3,
            decline: 0.025,
            exponent: 0.8,
            reference: Mm3(1.0),
        });
        for law in laws {
            let there = law.untreated(Mm3(900.0), Days(25.0)).unwrap();
            let back = law.untreated(there, Days(-25.0)).unwrap();
            assert!((back.0 / 900.0 - 1.0).abs() < 1e-8, "{law:?} {back}");
        }
    }

    #[test]
    fn textbook_forms_are_reproduced() {
        let t = 33.0;
        let v0 = 850.0_f64;
        let (r, k) = (0.03_f64, 3e4);
        let logistic = k / (1.0 + (k / v0 - 1.0) * (-r * t).exp());
        let (a, b) = (0.08_f64, 0.007_f64);
        let limit = (a / b).exp();
        let gompertz = limit * (v0 / limit).powf((-b * t).exp());
        let (up, loss) = (0.5, 0.01_f64);
        let root = up / loss + (v0.cbrt() - up / loss) * (-loss * t / 3.0).exp();
        let (pa, g) = (0.08, 0.79);
        let power = (v0.powf(1.0 - g) + (1.0 - g) * pa * t).powf(1.0 / (1.0 - g));
        let cases = [
            (
                Growth::Logistic {
                    rate: r,
                    capacity: Mm3(k),
                },
                logistic,
            ),
            (
                Growth::Gompertz {
                    rate: a,
                    decline: b,
                    reference: Mm3(1.0),
                },
                gompertz,
            ),
            (Growth::Bertalanffy { uptake: up, loss }, root.powi(3)),
            (
                Growth::PowerLaw {
                    rate: pa,
                    exponent: g,
                },
                power,
            ),
        ];
        for (law, expected) in cases {
            let v = law.untreated(Mm3(v0), Days(t)).unwrap();
            assert!((v.0 / expected - 1.0).abs() < 1e-13, "{law:?}");
        }
    }

    #[test]
    fn the_general_law_nests_the_others() {
        let general = |exponent, rate| Growth::GeneralBertalanffy {
            rate,
            exponent,
            limit: Mm3(5e4),
        };
        let pairs = [
            (
                general(-1.0, 0.02),
                Growth::Logistic {
                    rate: 0.02,
                    capacity: Mm3(5e4),
                },
            ),
            (
                general(0.0, 0.02),
                Growth::Gompertz {
                    rate: 0.02 * (5e4_f64 / 1e3).ln(),
                    decline: 0.02,
                    reference: Mm3(1e3),
                },
            ),
            (
                general(1.0 / 3.0, 0.02),
                Growth::Bertalanffy {
                    uptake: 0.06 * 5e4_f64.cbrt(),
                    loss: 0.06,
                },
            ),
            (
                Growth::general_bertalanffy(0.8, 0.06, 0.8).unwrap(),
                general_like(0.8, 0.06, 0.8),
            ),
        ];
        for (general, special) in pairs {
            let a = general.untreated(Mm3(700.0), Days(60.0)).unwrap();
            let b = special.untreated(Mm3(700.0), Days(60.0)).unwrap();
            assert!((a.0 / b.0 - 1.0).abs() < 1e-11, "{general:?} {a} {b}");
        }
    }

    fn general_like(a: f64, b: f64, exponent: f64) -> Growth<Mm3> {
        Growth::GeneralBertalanffy {
            rate: b * (1.0 - exponent),
            exponent: 1.0 - exponent,
            limit: Mm3((a / b).powf(1.0 / (1.0 - exponent))),
        }
    }

    #[test]
    fn a_small_exponent_tends_to_gompertz() {
        let law = |exponent| Growth::GeneralBertalanffy {
            rate: 0.02,
            exponent,
            limit: Mm3(5e4),
        };
        let zero = law(0.0).untreated(Mm3(700.0), Days(60.0)).unwrap();
        for exponent in [1e-310, 1e-200, 1e-12, -1e-12] {
            let near = law(exponent).untreated(Mm3(700.0), Days(60.0)).unwrap();
            assert!((near.0 / zero.0 - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn a_rate_of_volume_is_three_times_that_of_diameter() {
        let d = Growth::<Mm>::Exponential { rate: 0.004 }
            .untreated(Mm(20.0), Days(90.0))
            .unwrap();
        let v = Growth::<Mm3>::Exponential { rate: 0.012 }
            .untreated(Mm(20.0).volume(), Days(90.0))
            .unwrap();
        assert!((d.volume().0 / v.0 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn parameters_without_meaning_are_refused() {
        let refused = [
            Growth::Exponential { rate: f64::NAN },
            Growth::Logistic {
                rate: 0.1,
                capacity: Mm3(0.0),
            },
            Growth::PowerLaw {
                rate: 0.1,
                exponent: 1.2,
            },
            Growth::ExponentialLinear {
                rate: 0.0,
                linear: 3.0,
                transition: Transition::Sharp,
            },
        ];
        for law in refused {
            assert!(matches!(law.check(), Err(Error::BadNumber { .. })));
        }
        assert!(Growth::<Mm3>::general_bertalanffy(-0.1, 0.1, 0.8).is_err());
    }
}
