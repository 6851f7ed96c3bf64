//! Radiotherapy: the linear-quadratic model, fraction by fraction.
//!
//! Log-kill of a single dose d: α d + β d² (LQ); above d_T the curve goes on along its tangent
//! (LQ-L: Astrahan, Med Phys 2008;35:4161, with γ = α + 2 β d_T, so that no further parameter is
//! needed). Incomplete repair (Lea and Catcheside 1942; Thames, Int J Radiat Biol 1985;47:319):
//! a fraction finds U = Σ dᵢ e^{−μ(t−tᵢ)} of earlier dose not yet repaired and kills
//! f(U + d) − f(U), f being the curve for a single dose. In the quadratic range that is
//! α d + β d² + 2 β d U, whose sum over fractions is α D + G β D² with the Lea–Catcheside factor
//! G. Two equal fractions ΔT apart give 2 α d + 2 β d² (1 + e^{−μΔT}). Above d_T taking f of the
//! sum is an extension of ours: it makes two fractions in quick succession tend to one.
//!
//! Of a course whose fractions are not known, only the whole dose is left to go by: it is spread
//! evenly over the course, with a log-kill α_eff per gray. For fractions of d Gy at complete repair
//! α_eff = α (1 + d/(α/β)).
//!
//! Repopulation after a kick-off time is the growth law itself, held back until then.

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_positive};
use crate::twin::dynamics::plan::{Act, Plan};
use crate::units::{Days, Gray};

/// What radiotherapy does to the cells of a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Radiosensitivity {
    /// α, 1/Gy.
    pub alpha: f64,
    /// α/β; above zero.
    pub alpha_beta: Gray,
    /// d_T: above this dose of a fraction the curve is straight. `None` for LQ at any dose.
    pub linear_above: Option<Gray>,
    /// ln 2/μ, half an hour to three hours in most tissues. `None` where repair is complete
    /// between any two fractions.
    pub repair_half_time: Option<Days>,
    /// α_eff, 1/Gy, of courses whose fractions are not known; needed where a plan holds one.
    pub alpha_eff: Option<f64>,
    /// Growth held back during a course. `None` where the lesion grows all the time.
    pub repopulation: Option<Repopulation>,
}

/// Growth that rests from the first fraction of a course and sets in again after a kick-off time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repopulation {
    /// T_k, from the first fraction of a course.
    pub kick_off: Days,
    /// A fraction that follows the one before by more than this begins a new course.
    pub course_gap: Days,
}

impl Radiosensitivity {
    /// LQ with complete repair and uninterrupted growth.
    #[must_use]
    pub const fn lq(alpha: f64, alpha_beta: Gray) -> Self {
        Self {
            alpha,
            alpha_beta,
            linear_above: None,
            repair_half_time: None,
            alpha_eff: None,
            repopulation: None,
        }
    }

    /// β, 1/Gy².
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.alpha / self.alpha_beta.0
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check("α (1/Gy)", self.alpha, 0.0..=10.0, "between 0 and 10")?;
        check_positive("α/β (Gy)", self.alpha_beta.0)?;
        if let Some(d) = self.linear_above {
            check_positive("the dose d_T of LQ-L (Gy)", d.0)?;
        }
        if let Some(t) = self.repair_half_time {
            check_positive("a repair half-time (days)", t.0)?;
        }
        if let Some(alpha) = self.alpha_eff {
            check("α_eff (1/Gy)", alpha, 0.0..=10.0, "between 0 and 10")?;
        }
        if let Some(r) = self.repopulation {
            let days = |what, d: Days| check(what, d.0, 0.0..=1e5, "between 0 and 100000");
            days("the kick-off time (days)", r.kick_off)?;
            days("the gap between courses (days)", r.course_gap)?;
        }
        Ok(())
    }

    /// −ln of the surviving share after a single dose.
    #[must_use]
    pub fn log_kill(&self, dose: Gray) -> f64 {
        let d = dose.0;
        let curved = self.linear_above.map_or(d, |t| d.min(t.0));
        let beta = self.beta();
        let slope = self.alpha + 2.0 * beta * curved;
        self.alpha * curved + beta * curved * curved + slope * (d - curved)
    }

    /// Log-kill of a plan's radiotherapy, fractions and courses, together.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for a sensitivity that cannot be; [`Error::NoEffectiveAlpha`].
    pub fn course_log_kill(&self, plan: &Plan) -> Result<f64, Error> {
        self.check()?;
        let mut repair = Repair::default();
        let mut log_kill = 0.0;
        for event in plan.events() {
            log_kill += match event.act {
                Act::Fraction { dose } => repair.fraction(self, event.day.0, dose.0),
                Act::Course { total, .. } => {
                    total.0 * self.alpha_eff.ok_or(Error::NoEffectiveAlpha)?
                }
                _ => 0.0,
            };
        }
        Ok(log_kill)
    }

    /// Biologically effective dose, D (1 + d/(α/β)), of equal fractions with complete repair.
    #[must_use]
    pub fn bed(&self, fractions: u32, dose: Gray) -> Gray {
        let total = f64::from(fractions) * dose.0;
        Gray(total * (1.0 + dose.0 / self.alpha_beta.0))
    }
}

/// Dose that is not repaired yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repair {
    day: f64,
    unrepaired: f64,
}

impl Default for Repair {
    fn default() -> Self {
        Self {
            day: f64::NEG_INFINITY,
            unrepaired: 0.0,
        }
    }
}

impl Repair {
    /// Log-kill of the next dose.
    pub(crate) fn fraction(&mut self, s: &Radiosensitivity, day: f64, dose: f64) -> f64 {
        if day > self.day {
            self.unrepaired *= match s.repair_half_time {
                Some(half) if self.unrepaired > 0.0 => libm::exp(-LN_2 * (day - self.day) / half.0),
                _ => 0.0,
            };
            self.day = day;
        }
        let before = self.unrepaired;
        self.unrepaired += dose;
        s.log_kill(Gray(self.unrepaired)) - s.log_kill(Gray(before))
    }
}

/// The Lea–Catcheside factor G of a plan: what the quadratic part of its whole dose is multiplied
/// by; 1/n for n equal fractions with complete repair, 1 for a single one. `None` without dose.
#[must_use]
pub fn lea_catcheside(plan: &Plan, repair_half_time: Option<Days>) -> Option<f64> {
    // α = 0 is no sensitivity; β alone is that of α = 1, less the linear part.
    let unit = Radiosensitivity {
        repair_half_time,
        ..Radiosensitivity::lq(1.0, Gray(1.0))
    };
    let mut repair = Repair::default();
    let (mut dose, mut log_kill) = (0.0, 0.0);
    for event in plan.events() {
        if let Act::Fraction { dose: d } = event.act {
            dose += d.0;
            log_kill += repair.fraction(&unit, event.day.0, d.0);
        }
    }
    (dose > 0.0).then(|| (log_kill - dose) / (dose * dose))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::plan::{Event, weekday_course};

    const HOUR: f64 = 1.0 / 24.0;

    fn plan(doses: &[(f64, f64)]) -> Plan {
        Plan::new(
            doses
                .iter()
                .map(|(t, d)| Event::fraction(Days(*t), Gray(*d))),
        )
        .unwrap()
    }

    #[test]
    fn a_course_has_its_bed() {
        let s = Radiosensitivity::lq(0.12, Gray(8.0));
        let course = Plan::new(weekday_course(Days(0.0), 0, 30, Gray(2.0), &[9.0])).unwrap();
        let kill = s.course_log_kill(&course).unwrap();
        assert!((kill - 0.12 * s.bed(30, Gray(2.0)).0).abs() < 1e-12);
        assert!((s.bed(30, Gray(2.0)).0 - 75.0).abs() < 1e-12);
    }

    #[test]
    fn a_course_without_its_fractions_has_a_kill_per_gray() {
        let mut s = Radiosensitivity::lq(0.3, Gray(10.0));
        let spread = Plan::new([Event::course(Days(0.0), Days(39.0), Gray(60.0))]).unwrap();
        assert_eq!(s.course_log_kill(&spread), Err(Error::NoEffectiveAlpha));
        s.alpha_eff = Some(0.3 * 1.2);
        let course = Plan::new(weekday_course(Days(0.0), 0, 30, Gray(2.0), &[9.0])).unwrap();
        let (a, b) = (s.course_log_kill(&spread), s.course_log_kill(&course));
        assert!((a.unwrap() - b.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn the_lea_catcheside_factor_is_the_double_sum() {
        let doses = [
            (0.0_f64, 2.0),
            (4.0 * HOUR, 1.5),
            (10.0 * HOUR, 2.5),
            (1.0, 2.0),
        ];
        let half = Days(1.5 * HOUR);
        let mu = std::f64::consts::LN_2 / half.0;
        let mut sum = 0.0;
        for (t, d) in doses {
            for (u, e) in doses {
                sum += d * e * (-mu * (t - u).abs()).exp();
            }
        }
        let total: f64 = doses.iter().map(|d| d.1).sum();
        let g = lea_catcheside(&plan(&doses), Some(half)).unwrap();
        assert!((g - sum / (total * total)).abs() < 1e-14);
        let complete = lea_catcheside(&plan(&[(0.0, 2.0), (1.0, 2.0)]), None).unwrap();
        assert!((complete - 0.5).abs() < 1e-14);
        assert_eq!(lea_catcheside(&plan(&[]), None), None);
    }

    #[test]
    fn two_fractions_hours_apart_kill_more_than_two_days_apart() {
        let s = Radiosensitivity {
            repair_half_time: Some(Days(1.5 * HOUR)),
            ..Radiosensitivity::lq(0.3, Gray(10.0))
        };
        let kill = s
            .course_log_kill(&plan(&[(0.0, 2.0), (6.0 * HOUR, 2.0)]))
            .unwrap();
        let h = 0.5_f64.powi(4);
        assert!((kill - (0.3 * 4.0 + 0.03 * 2.0 * 4.0 * (1.0 + h))).abs() < 1e-13);
    }

    #[test]
    fn the_curve_is_straight_and_smooth_above_its_limit() {
        let s = Radiosensitivity {
            linear_above: Some(Gray(8.0)),
            ..Radiosensitivity::lq(0.3, Gray(10.0))
        };
        let lq = Radiosensitivity::lq(0.3, Gray(10.0));
        assert!((s.log_kill(Gray(8.0)) - lq.log_kill(Gray(8.0))).abs() < 1e-15);
        let slope = s.log_kill(Gray(9.0)) - s.log_kill(Gray(8.0));
        assert!((slope - (0.3 + 2.0 * 0.03 * 8.0)).abs() < 1e-13);
        assert!((s.log_kill(Gray(20.0)) - s.log_kill(Gray(19.0)) - slope).abs() < 1e-13);
        assert!(s.log_kill(Gray(20.0)) < lq.log_kill(Gray(20.0)));
    }

    #[test]
    fn two_halves_at_one_instant_are_one_fraction() {
        for linear_above in [None, Some(Gray(6.0))] {
            for repair_half_time in [None, Some(Days(2.0 * HOUR))] {
                let s = Radiosensitivity {
                    linear_above,
                    repair_half_time,
                    ..Radiosensitivity::lq(0.3, Gray(10.0))
                };
                let whole = s.course_log_kill(&plan(&[(5.0, 9.0)])).unwrap();
                let halves = s.course_log_kill(&plan(&[(5.0, 4.0), (5.0, 5.0)])).unwrap();
                assert!((whole - halves).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn fractions_in_quick_succession_tend_to_one() {
        let s = Radiosensitivity {
            linear_above: Some(Gray(6.0)),
            repair_half_time: Some(Days(2.0 * HOUR)),
            ..Radiosensitivity::lq(0.3, Gray(10.0))
        };
        let apart = s
            .course_log_kill(&plan(&[(5.0, 4.0), (5.0 + 1e-9, 5.0)]))
            .unwrap();
        assert!((apart - s.log_kill(Gray(9.0))).abs() < 1e-6);
    }
}
