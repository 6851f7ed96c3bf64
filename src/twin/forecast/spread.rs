//! How far a measurable lesion may move: a distribution around the last reading.
//!
//! The quantile of the diameter at level τ, h days after a last reading of d mm, is
//!
//! Q(τ) = d·exp(s(τ)·z(τ)),  s(τ) = exp(β⁻·x(h)) for τ < ½, exp(β⁺·x(h)) for τ > ½,
//!
//! with the terms x of [`History::terms`] and one curve z, z(½) = 0, for all lesions. The median is
//! the last reading itself: no law of growth has been shown to forecast better on trial data
//! (`docs/forecast.md`). What the population teaches is the spread, for growth and shrinkage apart:
//! quantile regression of the location-scale kind (He, Am Stat 1997;51:186), whose quantiles cannot
//! cross.
//!
//! Between its levels z is linear in τ. Beyond 5 % and 95 % it goes on as the logarithm of the
//! probability that is left, with the slope it has between 5 and 10 % (90 and 95 %).

mod learn;

use std::cmp::Ordering;
use std::f64::consts::LN_2;

use serde::Serialize;

use super::history::{History, TERMS};
use super::score::LEVELS;

pub(super) use learn::Transition;

/// Number of levels on each side of the median.
const SIDE: usize = LEVELS.len() / 2;
/// Bounds of the exponent, e⁻⁶ to e³ times the last diameter.
const EXPONENT: [f64; 2] = [-6.0, 3.0];
/// The outermost levels.
const OUTER: [f64; 2] = [LEVELS[0], LEVELS[LEVELS.len() - 1]];

/// The fitted table: 2·8 coefficients and the curve z at 10 levels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    /// Coefficients β⁻ of ln s below the median; zero for terms that are not used.
    pub(super) shrink: [f64; TERMS],
    /// Coefficients β⁺ of ln s above the median.
    pub(super) grow: [f64; TERMS],
    /// z at 5, 10, 20, 30 and 40 %, below zero.
    pub(super) below: [f64; SIDE],
    /// z at 60, 70, 80, 90 and 95 %, above zero.
    pub(super) above: [f64; SIDE],
}

/// The distribution of one diameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved<'a> {
    law: &'a Spread,
    last_mm: f64,
    shrink: f64,
    grow: f64,
}

impl Spread {
    /// Forecast of a measurable lesion `horizon` days after its last scan.
    pub(super) fn forecast(&self, history: &History<'_>, horizon: f64) -> Moved<'_> {
        self.at(&history.terms(horizon), history.last_mm())
    }

    fn at(&self, terms: &[f64; TERMS], last_mm: f64) -> Moved<'_> {
        Moved {
            law: self,
            last_mm,
            shrink: libm::exp(dot(&self.shrink, terms)),
            grow: libm::exp(dot(&self.grow, terms)),
        }
    }

    /// The curve z, from level to value.
    fn z(&self, tau: f64) -> f64 {
        let [low, high] = self.tails();
        if tau < OUTER[0] {
            return self.below[0] - low * libm::log(OUTER[0] / tau);
        }
        if tau > OUTER[1] {
            return self.above[SIDE - 1] + high * libm::log((1.0 - OUTER[1]) / (1.0 - tau));
        }
        let k = LEVELS.iter().rposition(|l| *l <= tau).unwrap_or(0);
        let next = (k + 1).min(LEVELS.len() - 1);
        if k == next {
            return self.knot(k);
        }
        let share = (tau - LEVELS[k]) / (LEVELS[next] - LEVELS[k]);
        self.knot(k) + share * (self.knot(next) - self.knot(k))
    }

    /// The inverse of z.
    fn level(&self, z: f64) -> f64 {
        let [low, high] = self.tails();
        if z < self.below[0] {
            return OUTER[0] * libm::exp((z - self.below[0]) / low);
        }
        if z > self.above[SIDE - 1] {
            return 1.0 - (1.0 - OUTER[1]) * libm::exp((self.above[SIDE - 1] - z) / high);
        }
        let k = (0..LEVELS.len())
            .rev()
            .find(|k| self.knot(*k) <= z)
            .unwrap_or(0);
        let next = (k + 1).min(LEVELS.len() - 1);
        if k == next {
            return OUTER[1];
        }
        let share = (z - self.knot(k)) / (self.knot(next) - self.knot(k));
        LEVELS[k] + share * (LEVELS[next] - LEVELS[k])
    }

    /// Slopes of z beyond the outermost levels, by the logarithm of the probability that is left.
    fn tails(&self) -> [f64; 2] {
        [
            (self.below[1] - self.below[0]) / LN_2,
            (self.above[SIDE - 1] - self.above[SIDE - 2]) / LN_2,
        ]
    }

    fn knot(&self, k: usize) -> f64 {
        match k.cmp(&SIDE) {
            Ordering::Less => self.below[k],
            Ordering::Equal => 0.0,
            Ordering::Greater => self.above[k - SIDE - 1],
        }
    }
}

impl Moved<'_> {
    /// Diameter (mm) that is not exceeded with probability `tau`, in (0, 1).
    pub(super) fn quantile(&self, tau: f64) -> f64 {
        let z = self.law.z(tau);
        let s = if z < 0.0 { self.shrink } else { self.grow };
        self.last_mm * libm::exp((s * z).clamp(EXPONENT[0], EXPONENT[1]))
    }

    /// Probability that the diameter is at most `mm`.
    pub(super) fn probability_at_most(&self, mm: f64) -> f64 {
        if mm <= 0.0 {
            return 0.0;
        }
        let exponent = libm::log(mm / self.last_mm);
        if exponent < EXPONENT[0] {
            return 0.0;
        }
        if exponent >= EXPONENT[1] {
            return 1.0;
        }
        let s = if exponent < 0.0 {
            self.shrink
        } else {
            self.grow
        };
        self.law.level(exponent / s)
    }
}

fn dot(a: &[f64; TERMS], b: &[f64; TERMS]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::forecast::Readings;
    use crate::units::{Days, Mm};

    /// A table with no particular numbers.
    pub(super) fn law() -> Spread {
        Spread {
            shrink: [-2.0, -0.2, 0.7, 0.5, 0.0, 0.0, 0.0, 0.1],
            grow: [-2.2, -0.3, 0.3, 0.4, 0.0, 0.0, 0.0, 0.2],
            below: [-1.8, -1.2, -0.6, -0.3, -0.1],
            above: [0.05, 0.4, 0.8, 1.5, 2.2],
        }
    }

    #[test]
    fn quantile_and_probability_are_inverse() {
        let law = law();
        let readings = [(0.0, 30.0), (42.0, 24.0), (90.0, 27.0)];
        let readings = Readings::of_diameters(readings.map(|(t, d)| (Days(t), Mm(d))));
        let moved = law.forecast(&readings.first(3), 60.0);
        assert_eq!(moved.quantile(0.5), 27.0);
        let mut before = 0.0;
        for i in 1..1000 {
            let tau = f64::from(i) / 1000.0;
            let q = moved.quantile(tau);
            assert!(q > before);
            before = q;
            assert!((moved.probability_at_most(q) - tau).abs() < 1e-9, "{tau}");
        }
        assert_eq!(moved.probability_at_most(0.0), 0.0);
        assert!(moved.probability_at_most(5.0) < 0.05);
    }
}
