//! The four curves, as a share of the first measurement.

use crate::twin::least_squares::{Bounds, Point};

/// A curve f(t) of burden over first burden; t in days, rates in 1/d.
///
/// Stein et al., Oncologist 2008;13:1046 (`Both`) and Clin Cancer Res 2011;17:907.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// f = e^{−dt} + e^{gt} − 1. Parameters: g, d.
    Both,
    /// f = e^{−dt}. Parameter: d.
    Regression,
    /// f = e^{gt}. Parameter: g.
    Growth,
    /// f = (1 − φ) e^{gt} + φ e^{−dt}: a share φ of the burden is sensitive. Parameters: φ, g, d.
    Share,
}

impl Curve {
    /// All curves, in the order in which ties are decided.
    pub const ALL: [Self; 4] = [Self::Both, Self::Regression, Self::Growth, Self::Share];

    /// The name that tumgr gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "gd",
            Self::Regression => "dx",
            Self::Growth => "gx",
            Self::Share => "gdphi",
        }
    }

    /// Number of parameters.
    #[must_use]
    pub fn dim(self) -> usize {
        match self {
            Self::Both => 2,
            Self::Regression | Self::Growth => 1,
            Self::Share => 3,
        }
    }

    pub(super) fn start(self) -> Point {
        const RATE: f64 = 0.00511;
        match self {
            Self::Both => [RATE, RATE, 0.0],
            Self::Regression | Self::Growth => [RATE, 0.0, 0.0],
            Self::Share => [0.9, RATE, RATE],
        }
    }

    pub(super) fn bounds() -> Bounds {
        Bounds {
            lower: [0.0; 3],
            upper: [1.0; 3],
        }
    }

    /// f(t) and its derivatives by the parameters.
    #[must_use]
    pub fn value(self, t: f64, p: &Point) -> (f64, Point) {
        match self {
            Self::Both => {
                let (up, down) = (libm::exp(p[0] * t), libm::exp(-p[1] * t));
                (down + up - 1.0, [t * up, -t * down, 0.0])
            }
            Self::Regression => {
                let down = libm::exp(-p[0] * t);
                (down, [-t * down, 0.0, 0.0])
            }
            Self::Growth => {
                let up = libm::exp(p[0] * t);
                (up, [t * up, 0.0, 0.0])
            }
            Self::Share => {
                let (up, down) = (libm::exp(p[1] * t), libm::exp(-p[2] * t));
                (
                    (1.0 - p[0]) * up + p[0] * down,
                    [down - up, (1.0 - p[0]) * t * up, -p[0] * t * down],
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_agree_with_differences() {
        for curve in Curve::ALL {
            let p = match curve {
                Curve::Share => [0.7, 0.004, 0.03],
                _ => [0.004, 0.03, 0.0],
            };
            let exact = curve.value(80.0, &p).1;
            for j in 0..curve.dim() {
                let at = |d: f64| {
                    let mut q = p;
                    q[j] += d;
                    curve.value(80.0, &q).0
                };
                let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!((difference - exact[j]).abs() < 1e-5 * exact[j].abs().max(1.0));
            }
        }
    }

    /// The lowest point of `Both` is at ln(d/g)/(g + d).
    #[test]
    fn nadir_is_where_the_closed_form_says() {
        let (g, d) = (0.004_f64, 0.03_f64);
        let t = (d / g).ln() / (g + d);
        let f = |t: f64| Curve::Both.value(t, &[g, d, 0.0]).0;
        assert!(f(t) < f(t - 0.01) && f(t) < f(t + 0.01));
    }
}
