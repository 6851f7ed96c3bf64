//! Growth laws of an untreated tumour that starts as an injected volume at time zero.
//!
//! All closed forms give x = ln V. Sources: Benzekry et al., PLoS Comput Biol 2014;10:e1003800
//! (exponential, logistic, power law, Gompertz); Vaghi et al., PLoS Comput Biol 2020;16:e1007178
//! (reduced Gompertz).

use crate::twin::least_squares::{Bounds, Point};

/// ln of the injected volume: 10⁶ cells are 1 mm³.
pub(super) const LN_INJECTED: f64 = 0.0;

/// A growth law; V in mm³, t in days since the injection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// V' = a V from the injected volume. Parameter: a, 1/d.
    Exponential,
    /// V' = a V from a volume V₀ that need not be the injected one. Parameters: a, 1/d; V₀, mm³.
    FreeExponential,
    /// V' = a V (1 − V/K). Parameters: a, 1/d; K, mm³.
    Logistic,
    /// V' = a V^γ, in units of mm³. Parameters: a, mm^{3(1 − γ)}/d; γ from 0 to 1.
    PowerLaw,
    /// V' = (a − b ln V) V, in units of mm³. Parameters: a, the rate at 1 mm³, 1/d; b, 1/d.
    Gompertz,
    /// Gompertz with a = slope · b + intercept. Parameter: b, 1/d. Without intercept all tumours
    /// tend to the same volume e^slope.
    ReducedGompertz {
        /// Without unit; belongs to the population.
        slope: f64,
        /// 1/d; belongs to the population.
        intercept: f64,
    },
}

/// ln V and its derivatives by the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LnVolume {
    /// ln V.
    pub value: f64,
    /// Derivatives.
    pub gradient: Point,
}

/// φ(b, t) = (1 − e^{−bt})/b and dφ/db.
pub(super) fn saturation(b: f64, t: f64) -> (f64, f64) {
    let u = b * t;
    if u < 1e-4 {
        (
            t * (1.0 - u / 2.0 + u * u / 6.0),
            -t * t * (0.5 - u / 3.0 + u * u / 8.0),
        )
    } else {
        let phi = -libm::expm1(-u) / b;
        (phi, (t * libm::exp(-u) - phi) / b)
    }
}

/// ln(1 + λy)/λ and its derivatives by λ and y.
fn box_cox(lambda: f64, y: f64) -> (f64, f64, f64) {
    let u = lambda * y;
    if u < 1e-4 {
        (
            y * (1.0 - u / 2.0 + u * u / 3.0),
            -y * y * (0.5 - 2.0 * u / 3.0 + 0.75 * u * u),
            1.0 / (1.0 + u),
        )
    } else {
        let l = libm::log1p(u);
        (
            l / lambda,
            (u / (1.0 + u) - l) / (lambda * lambda),
            1.0 / (1.0 + u),
        )
    }
}

impl Law {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::FreeExponential => "free_exponential",
            Self::Logistic => "logistic",
            Self::PowerLaw => "power_law",
            Self::Gompertz => "gompertz",
            Self::ReducedGompertz { .. } => "reduced_gompertz",
        }
    }

    /// Number of parameters of one tumour.
    #[must_use]
    pub fn dim(&self) -> usize {
        match self {
            Self::Exponential | Self::ReducedGompertz { .. } => 1,
            Self::FreeExponential | Self::Logistic | Self::PowerLaw | Self::Gompertz => 2,
        }
    }

    /// Their names.
    #[must_use]
    pub fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::Exponential => &["a"],
            Self::FreeExponential => &["a", "V0"],
            Self::Logistic => &["a", "K"],
            Self::PowerLaw => &["a", "gamma"],
            Self::Gompertz => &["a", "b"],
            Self::ReducedGompertz { .. } => &["b"],
        }
    }

    /// Where parameters are looked for.
    pub(super) fn bounds(&self) -> Bounds {
        let (lower, upper) = match self {
            Self::Exponential => ([0.0, 0.0, 0.0], [5.0, 0.0, 0.0]),
            Self::FreeExponential => ([0.0, 1e-6, 0.0], [5.0, 1e4, 0.0]),
            Self::Logistic => ([0.0, 2.0, 0.0], [5.0, 1e7, 0.0]),
            Self::PowerLaw => ([0.0, 0.0, 0.0], [1e3, 1.0, 0.0]),
            Self::Gompertz => ([0.0, 0.0, 0.0], [10.0, 5.0, 0.0]),
            Self::ReducedGompertz { .. } => ([1e-6, 0.0, 0.0], [5.0, 0.0, 0.0]),
        };
        Bounds { lower, upper }
    }

    /// From where they are looked for.
    pub(super) fn starts(&self) -> &'static [Point] {
        match self {
            Self::Exponential => &[[0.3, 0.0, 0.0]],
            Self::FreeExponential => &[[0.25, 10.0, 0.0], [0.1, 50.0, 0.0]],
            Self::Logistic => &[[0.35, 1000.0, 0.0], [0.5, 1500.0, 0.0], [0.25, 3000.0, 0.0]],
            Self::PowerLaw => &[[0.9, 0.7, 0.0], [2.0, 0.4, 0.0], [0.4, 0.9, 0.0]],
            Self::Gompertz => &[[0.6, 0.07, 0.0], [1.0, 0.12, 0.0], [0.3, 0.02, 0.0]],
            Self::ReducedGompertz { .. } => &[[0.07, 0.0, 0.0]],
        }
    }

    /// ln V at `t` days.
    #[must_use]
    pub fn ln_volume(&self, t: f64, p: &Point) -> LnVolume {
        let (value, gradient) = match *self {
            Self::Exponential => (LN_INJECTED + p[0] * t, [t, 0.0, 0.0]),
            Self::FreeExponential => (libm::log(p[1]) + p[0] * t, [t, 1.0 / p[1], 0.0]),
            Self::Logistic => {
                let (a, k) = (p[0], p[1]);
                let fall = libm::exp(-a * t);
                let rest = 1.0 / k + (1.0 - 1.0 / k) * fall;
                (
                    -libm::log(rest),
                    [
                        t * (1.0 - 1.0 / k) * fall / rest,
                        -libm::expm1(-a * t) / (k * k * rest),
                        0.0,
                    ],
                )
            }
            Self::PowerLaw => {
                let (x, by_lambda, by_y) = box_cox(1.0 - p[1], p[0] * t);
                (x, [t * by_y, -by_lambda, 0.0])
            }
            Self::Gompertz => {
                let (phi, by_b) = saturation(p[1], t);
                (LN_INJECTED + p[0] * phi, [phi, p[0] * by_b, 0.0])
            }
            Self::ReducedGompertz { slope, intercept } => {
                let (phi, by_b) = saturation(p[0], t);
                let a = slope * p[0] + intercept;
                (LN_INJECTED + a * phi, [slope * phi + a * by_b, 0.0, 0.0])
            }
        };
        LnVolume { value, gradient }
    }

    /// ln V and its derivatives by the slope and the intercept of the reduced Gompertz law; no
    /// other law shares anything.
    pub(super) fn by_shared(&self, t: f64, p: &Point) -> (f64, [f64; 2]) {
        let value = self.ln_volume(t, p).value;
        match self {
            Self::ReducedGompertz { .. } => {
                let (phi, _) = saturation(p[0], t);
                (value, [p[0] * phi, phi])
            }
            _ => (value, [0.0; 2]),
        }
    }

    /// Parameters of which any real value is allowed, and what they are: logarithms, and the logit
    /// of γ. Returns parameters and their derivatives.
    #[must_use]
    pub fn from_real(&self, z: &Point) -> (Point, Point) {
        let mut p = [0.0; 3];
        let mut slope = [0.0; 3];
        for j in 0..self.dim() {
            (p[j], slope[j]) = if matches!(self, Self::PowerLaw) && j == 1 {
                let g = 1.0 / (1.0 + libm::exp(-z[j]));
                (g, g * (1.0 - g))
            } else {
                let v = libm::exp(z[j]);
                (v, v)
            };
        }
        (p, slope)
    }

    /// The inverse of [`Self::from_real`]; a parameter at its bound is moved a little into the range.
    #[must_use]
    pub fn to_real(&self, p: &Point) -> Point {
        std::array::from_fn(|j| {
            if j >= self.dim() {
                0.0
            } else if matches!(self, Self::PowerLaw) && j == 1 {
                let g = p[j].clamp(0.01, 0.99);
                libm::log(g / (1.0 - g))
            } else {
                libm::log(p[j].max(1e-6))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(Law, Point); 6] = [
        (Law::Exponential, [0.3, 0.0, 0.0]),
        (Law::FreeExponential, [0.2, 12.0, 0.0]),
        (Law::Logistic, [0.5, 1500.0, 0.0]),
        (Law::PowerLaw, [0.9, 0.79, 0.0]),
        (Law::Gompertz, [0.72, 0.073, 0.0]),
        (
            Law::ReducedGompertz {
                slope: 5.85,
                intercept: 0.285,
            },
            [0.073, 0.0, 0.0],
        ),
    ];

    fn rate(law: &Law, v: f64, p: &Point) -> f64 {
        match *law {
            Law::Exponential | Law::FreeExponential => p[0] * v,
            Law::Logistic => p[0] * v * (1.0 - v / p[1]),
            Law::PowerLaw => p[0] * v.powf(p[1]),
            Law::Gompertz => (p[0] - p[1] * v.ln()) * v,
            Law::ReducedGompertz { slope, intercept } => {
                (slope * p[0] + intercept - p[0] * v.ln()) * v
            }
        }
    }

    #[test]
    fn closed_forms_agree_with_runge_kutta() {
        for (law, p) in ALL {
            let mut v = if law == Law::FreeExponential {
                p[1]
            } else {
                1.0
            };
            let h = 0.002;
            for _ in 0..10_000 {
                let k1 = rate(&law, v, &p);
                let k2 = rate(&law, v + 0.5 * h * k1, &p);
                let k3 = rate(&law, v + 0.5 * h * k2, &p);
                let k4 = rate(&law, v + h * k3, &p);
                v += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
            }
            let x = law.ln_volume(20.0, &p).value;
            assert!((x - v.ln()).abs() < 1e-9, "{law:?} {x} {}", v.ln());
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let mut cases = ALL.to_vec();
        cases.push((Law::Gompertz, [0.3, 1e-7, 0.0]));
        cases.push((Law::PowerLaw, [0.3, 1.0 - 2e-6, 0.0]));
        for (law, p) in cases {
            let exact = law.ln_volume(17.0, &p).gradient;
            for j in 0..law.dim() {
                let h = 1e-6 * p[j].abs().max(0.01);
                let at = |d: f64| {
                    let mut q = p;
                    q[j] += d;
                    law.ln_volume(17.0, &q).value
                };
                let difference = (at(h) - at(-h)) / (2.0 * h);
                let scale = exact[j].abs().max(1e-3);
                assert!(
                    (difference - exact[j]).abs() < 2e-5 * scale,
                    "{law:?} {j}: {difference} {}",
                    exact[j]
                );
            }
        }
    }

    #[test]
    fn limits_are_exponential() {
        let plain = Law::Exponential.ln_volume(11.0, &[0.3, 0.0, 0.0]).value;
        for (law, p) in [
            (Law::Gompertz, [0.3, 0.0, 0.0]),
            (Law::PowerLaw, [0.3, 1.0, 0.0]),
            (Law::Logistic, [0.3, 1e12, 0.0]),
        ] {
            assert!((law.ln_volume(11.0, &p).value - plain).abs() < 1e-9);
        }
    }

    #[test]
    fn real_parameters_come_back() {
        for (law, p) in ALL {
            let (back, _) = law.from_real(&law.to_real(&p));
            for j in 0..law.dim() {
                assert!((back[j] - p[j]).abs() < 1e-12 * p[j]);
            }
        }
    }
}
