//! Curves of tumour burden since the start of treatment (T1, T2, T3, T5).
//!
//! They describe a burden under the treatment that was given and know no dose: **none of them can
//! say what another plan would have done**. For that there is [`crate::twin::dynamics::lesion::Lesion`], in which
//! T4 is the dosed form of T5.

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_positive};
use crate::twin::dynamics::law_scale::LawScale;
use crate::units::Days;

/// y(t) with y(0) = y₀, t from the start of treatment. Rates are 1/d on the scale `S`, by custom
/// that of a sum of diameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "curve", rename_all = "snake_case")]
pub enum BurdenCurve<S> {
    /// `gx` of the R package tumgr: y₀ e^{gt}.
    Growth {
        /// g.
        growth: f64,
    },
    /// `dx` of tumgr: y₀ e^{−dt}.
    Decay {
        /// d.
        decay: f64,
    },
    /// T1, `gd` of tumgr: y₀ (e^{−dt} + e^{gt} − 1). Stein et al., Oncologist 2008;13:1046. Not
    /// two populations: at the start there would be none that grows.
    SteinFojo {
        /// g.
        growth: f64,
        /// d.
        decay: f64,
    },
    /// `gdphi` of tumgr: y₀ (φ e^{−dt} + (1 − φ) e^{gt}).
    TwoParts {
        /// φ, the share that decays.
        decaying: f64,
        /// g.
        growth: f64,
        /// d.
        decay: f64,
    },
    /// T3: y₀ e^{−st} + a t. Wang et al., Clin Pharmacol Ther 2009;86:167 (who count in weeks).
    LinearRegrowth {
        /// s.
        decay: f64,
        /// a, per day.
        regrowth: S,
    },
    /// T5: y₀ exp(K_L t − (K_DE/λ)(1 − e^{−λt})). Claret et al., J Clin Oncol 2013;31:2110; Clin
    /// Pharmacol Ther 2014;95:446.
    Claret {
        /// K_L.
        growth: f64,
        /// K_DE, the kill rate at the start.
        kill: f64,
        /// λ; zero where the effect lasts.
        loss_of_effect: f64,
    },
}

impl<S: LawScale> BurdenCurve<S> {
    /// Refuses parameters without meaning.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn check(&self) -> Result<(), Error> {
        let rate = |value| check("a rate (1/d)", value, 0.0..=1e3, "between 0 and 1000");
        match *self {
            Self::Growth { growth } => rate(growth),
            Self::Decay { decay } => rate(decay),
            Self::SteinFojo { growth, decay } => rate(growth).and(rate(decay)),
            Self::TwoParts {
                decaying,
                growth,
                decay,
            } => {
                check(
                    "the share that decays",
                    decaying,
                    0.0..=1.0,
                    "between 0 and 1",
                )?;
                rate(growth).and(rate(decay))
            }
            Self::LinearRegrowth { decay, regrowth } => {
                rate(decay)?;
                check(
                    "a linear regrowth per day",
                    regrowth.value(),
                    0.0..=1e9,
                    "zero or more",
                )
            }
            Self::Claret {
                growth,
                kill,
                loss_of_effect,
            } => rate(growth).and(rate(kill)).and(rate(loss_of_effect)),
        }
    }

    /// ln(y(t)/y₀).
    ///
    /// # Errors
    /// [`Error::BadNumber`] for parameters or a size that cannot be, and for a time before the
    /// start, of which these curves say nothing.
    pub fn log_change(&self, baseline: S, elapsed: Days) -> Result<f64, Error> {
        self.check()?;
        check_positive("the size at the start", baseline.value())?;
        let t = elapsed.0;
        check(
            "a time since the start of treatment (days)",
            t,
            0.0..=1e5,
            "between 0 and 100000",
        )?;
        Ok(match *self {
            Self::Growth { growth } => growth * t,
            Self::Decay { decay } => -decay * t,
            Self::SteinFojo { growth, decay } => {
                libm::log1p(libm::expm1(-decay * t) + libm::expm1(growth * t))
            }
            Self::TwoParts {
                decaying,
                growth,
                decay,
            } => libm::log(
                decaying * libm::exp(-decay * t) + (1.0 - decaying) * libm::exp(growth * t),
            ),
            Self::LinearRegrowth { decay, regrowth } => {
                libm::log(libm::exp(-decay * t) + regrowth.value() / baseline.value() * t)
            }
            Self::Claret {
                growth,
                kill,
                loss_of_effect,
            } => growth * t - kill * crate::twin::dynamics::closed::phi(loss_of_effect, t),
        })
    }

    /// y(t).
    ///
    /// # Errors
    /// As [`BurdenCurve::log_change`].
    pub fn size(&self, baseline: S, elapsed: Days) -> Result<S, Error> {
        Ok(S::from_ln(
            baseline.ln() + self.log_change(baseline, elapsed)?,
        ))
    }

    /// Time from the start to the smallest burden; `None` where it grows from the start or never.
    /// For [`BurdenCurve::Claret`] this is the time to growth of the source.
    #[must_use]
    pub fn nadir(&self, baseline: S) -> Option<Days> {
        let t = match *self {
            Self::Growth { .. } | Self::Decay { .. } => return None,
            Self::SteinFojo { growth, decay } => libm::log(decay / growth) / (growth + decay),
            Self::TwoParts {
                decaying,
                growth,
                decay,
            } => libm::log(decaying * decay / ((1.0 - decaying) * growth)) / (growth + decay),
            Self::LinearRegrowth { decay, regrowth } => {
                libm::log(decay * baseline.value() / regrowth.value()) / decay
            }
            Self::Claret {
                growth,
                kill,
                loss_of_effect,
            } => libm::log(kill / growth) / loss_of_effect,
        };
        (t > 0.0 && t.is_finite()).then_some(Days(t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Mm;

    fn curves() -> [BurdenCurve<Mm>; 4] {
        [
            BurdenCurve::SteinFojo {
                growth: 0.0016,
                decay: 0.014,
            },
            BurdenCurve::TwoParts {
                decaying: 0.9,
                growth: 0.002,
                decay: 0.02,
            },
            BurdenCurve::LinearRegrowth {
                decay: 0.01,
                regrowth: Mm(0.03),
            },
            BurdenCurve::Claret {
                growth: 0.00107,
                kill: 0.0103,
                loss_of_effect: 0.0193,
            },
        ]
    }

    #[test]
    fn the_nadir_is_the_smallest_burden() {
        let y0 = Mm(90.0);
        for curve in curves() {
            let nadir = curve.nadir(y0).unwrap();
            let at = |t: f64| curve.log_change(y0, Days(t)).unwrap();
            let least = at(nadir.0);
            assert!(least < at(nadir.0 - 1.0) && least < at(nadir.0 + 1.0));
            assert!(at(0.0).abs() < 1e-15);
        }
    }

    #[test]
    fn what_grows_from_the_start_has_no_nadir() {
        let curve = BurdenCurve::<Mm>::SteinFojo {
            growth: 0.014,
            decay: 0.0016,
        };
        assert_eq!(curve.nadir(Mm(90.0)), None);
        assert_eq!(BurdenCurve::Growth { growth: 0.1 }.nadir(Mm(90.0)), None);
    }

    /// Claret 2014, section 4 of the published summary: time to growth 93–125 days and a ratio of
    /// 0.69–0.77 in week 8 (MONET1, typical values).
    #[test]
    fn published_typical_values_give_the_published_time_to_growth() {
        let [.., claret] = curves();
        let ttg = claret.nadir(Mm(90.0)).unwrap().0;
        assert!((93.0..=125.0).contains(&ttg), "{ttg}");
        let week8 = claret.log_change(Mm(90.0), Days(56.0)).unwrap().exp();
        assert!((0.69..=0.77).contains(&week8), "{week8}");
    }

    #[test]
    fn nothing_is_said_of_the_time_before_treatment() {
        for curve in curves() {
            assert!(curve.size(Mm(90.0), Days(-1.0)).is_err());
        }
    }
}
