//! The growth models with treatment, in closed form on x = ln V.
//!
//! Exponential: V' = (r − s E(t)) V, hence x' = r − s E. Gompertz: V' = (r − b ln(V/V₀) − s E(t)) V,
//! hence x' = r − b (x − x₀) − s E, r being the growth rate at the size V₀ of the first
//! measurement; the usual limiting size is K = V₀ exp(r/b). Where E is constant both are linear in
//! x and integrate to x(t + Δ) = x(t) + x'(t) φ(Δ), φ = Δ or (1 − e^{−bΔ})/b. Radiotherapy
//! adds a rate during a course; operations and single fractions subtract their log-kill at once.
//!
//! r refers to volume: three times the growth rate of the diameter (Gerlee, Cancer Res 2013;73:2407
//! and Benzekry et al., PLoS Comput Biol 2014;10:e1003800, for the models).

use serde::{Deserialize, Serialize};

use super::plan::{Plan, Segment};

/// A growth model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Constant growth rate.
    Exponential,
    /// Growth rate that falls with the logarithm of size.
    Gompertz,
}

impl Model {
    /// All models, in the order in which they are reported.
    pub const ALL: [Self; 2] = [Self::Exponential, Self::Gompertz];

    /// Name as tables write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::Gompertz => "gompertz",
        }
    }
}

/// Parameters in natural units. Those that a model or a plan does not use are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Theta {
    /// ln V at the first measurement.
    pub(super) x0: f64,
    /// Growth rate at V₀, 1/d.
    pub(super) rate: f64,
    /// Fall of the growth rate per e-fold of volume, 1/d; zero for exponential growth.
    pub(super) decline: f64,
    /// Kill rate under systemic treatment, 1/d.
    pub(super) kill: f64,
    /// Log-kill per reference dose of radiotherapy.
    pub(super) radiotherapy: f64,
    /// Log-kill of an operation.
    pub(super) surgery: f64,
}

impl Theta {
    /// x' under constant exposure.
    pub(super) fn slope(&self, x: f64, segment: &Segment) -> f64 {
        self.rate
            - self.decline * (x - self.x0)
            - self.kill * segment.systemic
            - self.radiotherapy * segment.radiotherapy
    }

    fn advance(&self, x: f64, segment: &Segment, dt: f64) -> f64 {
        let phi = if self.decline > 0.0 {
            -libm::expm1(-self.decline * dt) / self.decline
        } else {
            dt
        };
        x + self.slope(x, segment) * phi
    }
}

/// A moment at which exposure changes or a kill happens; the state after it starts the next piece.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    day: f64,
    segment: Segment,
    radiotherapy: f64,
    surgery: f64,
}

/// The plan cut at the days of interest, ready to be run for many parameter values.
///
/// A value is computed from the last anchor before its day, never from another asked-for day, so
/// it is the same to the bit whatever else is asked for.
#[derive(Clone, Debug)]
pub(super) struct Path {
    anchors: Vec<Anchor>,
    /// Per day asked for: its anchor and distance from it; `None` at the very start.
    records: Vec<Option<(usize, f64)>>,
}

impl Path {
    /// Days must not lie before `start`. A kill on an asked-for day comes after the asked-for value.
    pub(super) fn new(plan: &Plan, start: f64, days: &[f64]) -> Self {
        let mut moments: Vec<f64> = plan
            .segments
            .iter()
            .map(|s| s.start)
            .chain(plan.jumps.iter().map(|j| j.day))
            .filter(|d| *d > start)
            .collect();
        moments.push(start);
        moments.sort_by(f64::total_cmp);
        moments.dedup();
        let anchors: Vec<Anchor> = moments
            .into_iter()
            .map(|day| {
                let jump = plan.jumps.iter().find(|j| j.day == day);
                Anchor {
                    day,
                    segment: plan.segment_at(day),
                    radiotherapy: jump.map_or(0.0, |j| j.radiotherapy),
                    surgery: jump.map_or(0.0, |j| j.surgery),
                }
            })
            .collect();
        let records = days
            .iter()
            .map(|&day| {
                let after = anchors.partition_point(|a| a.day < day);
                let anchor = after.checked_sub(1)?;
                Some((anchor, day - anchors[anchor].day))
            })
            .collect();
        Self { anchors, records }
    }

    /// Whether two paths from one start are the same up to a day.
    pub(super) fn same_until(&self, other: &Self, day: f64) -> bool {
        let before = |path: &Self| -> Vec<(f64, f64, f64, f64, f64)> {
            path.anchors
                .iter()
                .filter(|a| a.day < day)
                .map(|a| {
                    (
                        a.day,
                        a.segment.systemic,
                        a.segment.radiotherapy,
                        a.radiotherapy,
                        a.surgery,
                    )
                })
                .collect()
        };
        before(self) == before(other)
    }

    /// ln V on the days asked for, in their order.
    pub(super) fn run(&self, theta: &Theta, out: &mut Vec<f64>) {
        out.clear();
        let mut states = [0.0; 64];
        let mut long = Vec::new();
        let states: &mut [f64] = if self.anchors.len() <= states.len() {
            &mut states[..self.anchors.len()]
        } else {
            long.resize(self.anchors.len(), 0.0);
            &mut long
        };
        let mut x = theta.x0;
        for (i, anchor) in self.anchors.iter().enumerate() {
            if i > 0 {
                let last = &self.anchors[i - 1];
                x = theta.advance(x, &last.segment, anchor.day - last.day);
            }
            x -= theta.radiotherapy * anchor.radiotherapy + theta.surgery * anchor.surgery;
            states[i] = x;
        }
        out.extend(self.records.iter().map(|record| match *record {
            None => theta.x0,
            Some((i, dt)) => theta.advance(states[i], &self.anchors[i].segment, dt),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::TreatmentInterval;
    use super::*;
    use crate::units::{Days, Gray};

    fn plan() -> Plan {
        Plan::new(&[
            TreatmentInterval::systemic(Days(20.0), Some(Days(60.25))),
            TreatmentInterval::systemic(Days(90.0), None),
            TreatmentInterval::radiotherapy(Days(30.0), Some(Days(70.0)), Some(Gray(60.0))),
            TreatmentInterval::surgery(Days(75.0)),
            TreatmentInterval::radiotherapy(Days(100.5), None, Some(Gray(8.0))),
        ])
        .unwrap()
    }

    /// Classical Runge–Kutta on V itself, stopping at every change of exposure.
    fn runge_kutta(theta: &Theta, plan: &Plan, start: f64, end: f64) -> f64 {
        let mut stops: Vec<f64> = plan.segments.iter().map(|s| s.start).collect();
        stops.extend(plan.jumps.iter().map(|j| j.day));
        stops.push(end);
        stops.retain(|d| *d > start && *d <= end);
        stops.sort_by(f64::total_cmp);
        stops.dedup();
        let mut v = theta.x0.exp();
        let mut t = start;
        for stop in stops {
            let steps = 4000;
            let h = (stop - t) / f64::from(steps);
            let segment = plan.segment_at(t);
            let f = |v: f64| theta.slope(v.ln(), &segment) * v;
            for _ in 0..steps {
                let k1 = f(v);
                let k2 = f(v + 0.5 * h * k1);
                let k3 = f(v + 0.5 * h * k2);
                let k4 = f(v + h * k3);
                v += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
            }
            t = stop;
            if let Some(j) = plan.jumps.iter().find(|j| j.day == stop && stop < end) {
                v *= (-theta.radiotherapy * j.radiotherapy - theta.surgery * j.surgery).exp();
            }
        }
        v.ln()
    }

    #[test]
    fn closed_forms_agree_with_runge_kutta() {
        let plan = plan();
        let days = [0.0, 12.0, 40.0, 75.0, 76.0, 130.0, 240.0];
        for decline in [0.0, 0.003, 0.05] {
            let theta = Theta {
                x0: 8.0,
                rate: 0.012,
                decline,
                kill: 0.03,
                radiotherapy: 0.9,
                surgery: 1.5,
            };
            let mut x = Vec::new();
            Path::new(&plan, 0.0, &days).run(&theta, &mut x);
            for (day, x) in days.iter().zip(&x).skip(1) {
                approx::assert_abs_diff_eq!(
                    *x,
                    runge_kutta(&theta, &plan, 0.0, *day),
                    epsilon = 1e-10
                );
            }
        }
    }

    #[test]
    fn a_small_decline_tends_to_exponential_growth() {
        let plan = plan();
        let path = Path::new(&plan, 0.0, &[200.0]);
        let theta = Theta {
            x0: 7.0,
            rate: 0.01,
            decline: 1e-12,
            kill: 0.02,
            ..Theta::default()
        };
        let (mut a, mut b) = (Vec::new(), Vec::new());
        path.run(&theta, &mut a);
        path.run(
            &Theta {
                decline: 0.0,
                ..theta
            },
            &mut b,
        );
        approx::assert_abs_diff_eq!(a[0], b[0], epsilon = 1e-8);
    }

    #[test]
    fn volume_is_continuous_except_at_kills() {
        let plan = plan();
        let theta = Theta {
            x0: 8.0,
            rate: 0.01,
            decline: 0.002,
            kill: 0.03,
            radiotherapy: 0.9,
            surgery: 1.5,
        };
        let eps = 1e-7;
        for (day, jump) in [
            (20.0, 0.0),
            (60.25, 0.0),
            (75.0, 1.5),
            (90.0, 0.0),
            (100.5, 0.144),
        ] {
            let mut x = Vec::new();
            Path::new(&plan, 0.0, &[day, day + eps]).run(&theta, &mut x);
            approx::assert_abs_diff_eq!(x[0] - x[1], jump, epsilon = 1e-6);
        }
    }

    #[test]
    fn a_value_does_not_depend_on_other_days() {
        let plan = plan();
        let theta = Theta {
            x0: 8.0,
            rate: 0.01,
            decline: 0.002,
            kill: 0.03,
            radiotherapy: 0.9,
            surgery: 1.5,
        };
        let (mut one, mut many) = (Vec::new(), Vec::new());
        Path::new(&plan, 0.0, &[133.3]).run(&theta, &mut one);
        Path::new(&plan, 0.0, &[1.7, 55.5, 133.3]).run(&theta, &mut many);
        assert_eq!(one[0].to_bits(), many[2].to_bits());
    }
}
