//! Which curve a case gets.

use super::course::Course;
use super::curve::Curve;
use super::student::two_sided;
use crate::twin::least_squares::{Minimum, Point, Problem, minimise};

/// Why a case was not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// The first reading is zero.
    NoReading,
    /// One reading.
    OneReading,
    /// More than two readings, all the same.
    AllTheSame,
    /// Two readings that differ by less than 20 %.
    TwoAlike,
}

impl Exclusion {
    /// The words of tumgr.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoReading => "No measurement data",
            Self::OneReading => "only 1 eval",
            Self::AllTheSame => "error data",
            Self::TwoAlike => "2 evals not 20% diff",
        }
    }

    fn of(course: &Course) -> Option<Self> {
        let points = &course.readings;
        let (first, last) = (points.first()?.1, points.last()?.1);
        let same = points.iter().all(|p| p.1.to_bits() == first.to_bits());
        match points.len() {
            _ if first == 0.0 => Some(Self::NoReading),
            1 => Some(Self::OneReading),
            2 if last / first > 0.8 && last / first < 1.2 => Some(Self::TwoAlike),
            3.. if same => Some(Self::AllTheSame),
            _ => None,
        }
    }
}

/// The estimate of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Value; a rate in 1/d.
    pub value: f64,
    /// Standard error.
    pub error: f64,
    /// Two-sided p value of being zero, by Student's t.
    pub p: f64,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Not analysed.
    Excluded(Exclusion),
    /// Analysed, but no curve has all its parameters significant.
    NotFit,
    /// The curve with the lowest AIC among those with all parameters significant.
    Fit {
        /// The curve.
        curve: Curve,
        /// Growth rate, 1/d. Of [`Curve::Share`] it is g √(1 − φ), as in tumgr.
        g: Option<f64>,
        /// Regression rate, 1/d.
        d: Option<f64>,
        /// Sensitive share.
        phi: Option<f64>,
        /// The parameters of the curve, in its order.
        estimates: Vec<Estimate>,
    },
}

/// A case and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Whose burden.
    pub name: String,
    /// Number of readings.
    pub n: usize,
    /// What became of it.
    pub verdict: Verdict,
}

/// Time and share of the first reading.
struct Residuals<'a> {
    curve: Curve,
    shares: &'a [(f64, f64)],
}

impl Problem for Residuals<'_> {
    fn dim(&self) -> usize {
        self.curve.dim()
    }

    fn residuals(&self, at: &Point, each: &mut dyn FnMut(f64, &Point)) {
        for (t, f) in self.shares {
            let (value, gradient) = self.curve.value(*t, at);
            each(value - f, &gradient);
        }
    }
}

/// Fits the curves to one case and chooses. A curve needs more readings than parameters.
///
/// The first reading is at t = 1, not at 0, as in tumgr: the day of a reading counts. AIC is
/// n ln(RSS/n) + 2k without a parameter for the variance.
#[must_use]
pub fn judge(course: &Course, significance: f64) -> Case {
    let verdict =
        Exclusion::of(course).map_or_else(|| choose(course, significance), Verdict::Excluded);
    Case {
        name: course.name.clone(),
        n: course.readings.len(),
        verdict,
    }
}

fn choose(course: &Course, significance: f64) -> Verdict {
    let Some((first_day, first)) = course.readings.first() else {
        return Verdict::NotFit;
    };
    let shares: Vec<(f64, f64)> = course
        .readings
        .iter()
        .map(|(day, value)| (day.0 - first_day.0 + 1.0, value / first))
        .collect();
    let n = shares.len();
    Curve::ALL
        .into_iter()
        .filter(|curve| n > curve.dim())
        .filter_map(|curve| {
            let problem = Residuals {
                curve,
                shares: &shares,
            };
            let found = minimise(&problem, curve.start(), &Curve::bounds());
            let estimates = estimates(curve, &found, n)?;
            let aic = n as f64 * libm::log(found.squares / n as f64) + 2.0 * curve.dim() as f64;
            estimates
                .iter()
                .all(|e| e.p < significance)
                .then_some((aic, curve, estimates))
        })
        .reduce(|a, b| if b.0 < a.0 { b } else { a })
        .map_or(Verdict::NotFit, |(_, curve, estimates)| {
            let at = |j: usize| estimates.get(j).map(|e| e.value);
            let (g, d, phi) = match curve {
                Curve::Both => (at(0), at(1), None),
                Curve::Regression => (None, at(0), None),
                Curve::Growth => (at(0), None, None),
                Curve::Share => {
                    let phi = at(0);
                    let g = at(1).zip(phi).map(|(g, phi)| g * libm::sqrt(1.0 - phi));
                    (g, at(2), phi)
                }
            };
            Verdict::Fit {
                curve,
                g,
                d,
                phi,
                estimates,
            }
        })
}

fn estimates(curve: Curve, found: &Minimum, n: usize) -> Option<Vec<Estimate>> {
    let inverse = found.inverse.filter(|_| found.converged)?;
    let freedom = (n - curve.dim()) as f64;
    let variance = found.squares / freedom;
    Some(
        (0..curve.dim())
            .map(|j| {
                let value = found.point[j];
                let error = libm::sqrt(variance * inverse[j][j]);
                Estimate {
                    value,
                    error,
                    p: two_sided(value / error, freedom),
                }
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Days;

    fn verdict(values: &[(f64, f64)]) -> Verdict {
        let course = Course {
            name: "case".to_owned(),
            readings: values.iter().map(|(d, v)| (Days(*d), *v)).collect(),
        };
        judge(&course, 0.1).verdict
    }

    #[test]
    fn excludes_what_tumgr_excludes() {
        use Exclusion::*;
        for (values, reason) in [
            (&[(0.0, 5.0)][..], OneReading),
            (&[(0.0, 5.0), (20.0, 5.5)], TwoAlike),
            (&[(0.0, 5.0), (20.0, 5.0), (40.0, 5.0)], AllTheSame),
            (&[(0.0, 0.0), (20.0, 5.0), (40.0, 5.0)], NoReading),
        ] {
            assert_eq!(verdict(values), Verdict::Excluded(reason));
        }
    }

    /// Exact curves, on the day count of tumgr: the first reading is at t = 1, and all are shares
    /// of it. Of the curves that start at 1, only the exponentials stay what they are by that.
    #[test]
    fn finds_the_curve_that_made_the_data() {
        let days = [0.0, 20.0, 45.0, 70.0, 100.0, 140.0, 180.0, 230.0];
        for (curve, p) in [
            (Curve::Regression, [0.02, 0.0, 0.0]),
            (Curve::Share, [0.8, 0.004, 0.05]),
        ] {
            let first = curve.value(1.0, &p).0;
            let values: Vec<(f64, f64)> = days
                .iter()
                .enumerate()
                .map(|(i, d)| {
                    // Sums of squares must not vanish.
                    let wobble = if i % 2 == 0 { 1e-6 } else { -1e-6 };
                    (*d, curve.value(d + 1.0, &p).0 / first + wobble)
                })
                .collect();
            let Verdict::Fit { curve: chosen, .. } = verdict(&values) else {
                panic!("{curve:?} not found");
            };
            assert_eq!(chosen, curve);
        }
    }

    /// A case of which the right answer is known by hand: two readings, one curve, one degree of
    /// freedom. f(1) = 1, f(21) = 0.5 gives a rate close to ln 2/21.
    #[test]
    fn two_readings_give_one_rate() {
        let Verdict::Fit { curve, d, g, .. } = verdict(&[(3.0, 10.0), (23.0, 5.0)]) else {
            panic!("not fit");
        };
        assert_eq!((curve, g), (Curve::Regression, None));
        let rate = std::f64::consts::LN_2 / 21.0;
        assert!(d.is_some_and(|d| (d / rate - 1.0).abs() < 0.01));
    }
}
