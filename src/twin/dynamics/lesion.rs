//! One lesion under any plan: a growth law, log-kills, and cells that die slower than they are
//! killed (T11 with radiotherapy, K-PD drugs, clearance of dead cells, and swelling).
//!
//! Living cells: x' = g(x) − h(t), x − K at a log-kill K. Dead cells: what is killed stays visible
//! and is cleared, D' = h V − c D. What a scan sees is V + D + swelling; without clearance the
//! log-kill of a course, and α with it, would be read off too low. Growth depends on living cells
//! alone.

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_positive};
use crate::twin::dynamics::dose::Dose;
use crate::twin::dynamics::exposure::{Drug, Effect, Kinetics, Response};
use crate::twin::dynamics::growth::Growth;
use crate::twin::dynamics::law_scale::LawScale;
use crate::twin::dynamics::ode::Tolerance;
use crate::twin::dynamics::plan::{DrugId, Plan};
use crate::twin::dynamics::radiotherapy::Radiosensitivity;
use crate::twin::dynamics::runner::{Runner, State};
use crate::twin::dynamics::schedule::run;
use crate::twin::dynamics::timeline::{Effects, Timeline, Workspace};
use crate::units::{Days, Mm, Mm3};

/// A lesion and what treatments do to it. Growth is stated on the scale `S`; kills are always
/// log-kills of volume, that is of cells, and count a third on the scale of diameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesion<S> {
    /// How it grows without treatment.
    pub growth: Growth<S>,
    /// What drugs do; each drug of a plan must be here.
    pub drugs: Vec<Drug>,
    /// What radiotherapy does; needed where a plan holds fractions.
    pub radiosensitivity: Option<Radiosensitivity>,
    /// Log-kill of an operation whose extent is not known; needed where a plan holds one.
    pub surgery_log_kill: Option<f64>,
    /// Half-life of killed cells on images, days to weeks. `None`: they vanish at once.
    pub clearance: Option<Days>,
}

/// What a curve starts from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start<S> {
    /// The day. Treatments keep their own days: what was given before still acts as far as it
    /// lasts, what happens at this very instant comes after the start.
    pub day: Days,
    /// Living cells.
    pub living: S,
    /// Dead cells not yet cleared; without effect where a lesion has no clearance.
    pub dead: Mm3,
}

/// What a lesion is made of on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burden<S> {
    /// Natural logarithm of the living part, in the unit of the scale; exact also where the part
    /// itself is too small for a number.
    pub ln_living: f64,
    /// Dead cells not yet cleared.
    pub dead: Mm3,
    /// Swelling by pseudoprogression.
    pub swelling: Mm3,
    scale: std::marker::PhantomData<S>,
}

impl<S: LawScale> Burden<S> {
    /// The living part.
    #[must_use]
    pub fn living(&self) -> S {
        S::from_ln(self.ln_living)
    }

    /// All that an image shows, as a volume.
    #[must_use]
    pub fn volume(&self) -> Mm3 {
        let living = libm::exp(S::log_volume(self.ln_living));
        Mm3(living + self.dead.0 + self.swelling.0)
    }

    /// ln of all that an image shows, in mm³; exact also where that is too small for a number.
    #[must_use]
    pub fn ln_volume(&self) -> f64 {
        let living = S::log_volume(self.ln_living);
        let more = self.dead.0 + self.swelling.0;
        if more == 0.0 {
            return living;
        }
        let more = libm::log(more);
        living.max(more) + libm::log1p(libm::exp(-(living - more).abs()))
    }

    /// All that an image shows, as the diameter of a sphere.
    #[must_use]
    pub fn diameter(&self) -> Mm {
        self.volume().diameter()
    }
}

impl<S: LawScale> Lesion<S> {
    /// A lesion that only grows.
    #[must_use]
    pub const fn untreated(growth: Growth<S>) -> Self {
        Self {
            growth,
            drugs: Vec::new(),
            radiosensitivity: None,
            surgery_log_kill: None,
            clearance: None,
        }
    }

    /// T4, Claret et al., J Clin Oncol 2009;27:4103: y' = K_L y − K_D E(t) e^{−λt} y with E from
    /// the doses of a plan. With a constant E it is [`crate::twin::dynamics::curve::BurdenCurve::Claret`].
    ///
    /// `growth` (K_L) and `kill` (K_D, per unit of exposure) are 1/d on the scale `S`.
    #[must_use]
    pub fn claret(
        growth: f64,
        kill: f64,
        loss_of_effect: f64,
        drug: DrugId,
        reference: Dose,
        kinetics: Kinetics,
    ) -> Self {
        let response = Response::Linear {
            rate: kill * S::DIMENSION,
        };
        Self {
            drugs: vec![Drug {
                loss_of_effect,
                ..Drug::new(drug, reference, Effect::Exposure { kinetics, response })
            }],
            ..Self::untreated(Growth::Exponential { rate: growth })
        }
    }

    /// The lesion on the days asked for, in their order; on the day of an event just before it.
    ///
    /// # Errors
    /// [`Error`] for numbers, units or drugs that do not fit, for days before the start, and where
    /// parameters are too extreme for the solver.
    pub fn simulate(
        &self,
        plan: &Plan,
        start: &Start<S>,
        days: &[Days],
        tolerance: &Tolerance,
    ) -> Result<Vec<Burden<S>>, Error> {
        let timeline = Timeline::new(plan, start.day, days)?;
        let mut workspace = Workspace::new(*tolerance);
        let mut out = Vec::new();
        self.run(
            &timeline,
            start.living,
            start.dead,
            &mut workspace,
            &mut out,
        )?;
        Ok(out)
    }

    /// The same on a timeline, which any number of lesions may share, from its first day on. What
    /// was in `out` gives way; a workspace and an `out` that were used before need no new memory.
    ///
    /// # Errors
    /// As for [`Self::simulate`], less what [`Timeline::new`] has checked.
    pub fn run(
        &self,
        timeline: &Timeline,
        living: S,
        dead: Mm3,
        workspace: &mut Workspace,
        out: &mut Vec<Burden<S>>,
    ) -> Result<(), Error> {
        self.growth.check()?;
        check_positive("the size at the start", living.value())?;
        check(
            "the dead part at the start (mm³)",
            dead.0,
            0.0..=1e12,
            "zero or more",
        )?;
        if let Some(half_life) = self.clearance {
            check_positive("the half-life of dead cells (days)", half_life.0)?;
        }
        let effects = Effects {
            drugs: &self.drugs,
            radiosensitivity: self.radiosensitivity.as_ref(),
            surgery_log_kill: self.surgery_log_kill,
        };
        let state = State {
            x: living.ln(),
            dead: self.clearance.map_or(0.0, |_| dead.0),
        };
        let burden = |state: &State, swelling| Burden {
            ln_living: state.x,
            dead: Mm3(state.dead),
            swelling,
            scale: std::marker::PhantomData,
        };
        out.clear();
        out.resize(timeline.days.len(), burden(&state, Mm3(0.0)));
        let runner = Runner::new(self);
        run(&runner, timeline, &effects, state, workspace, |i, state| {
            let swelling = timeline.swelling(&self.drugs, timeline.days[i]);
            out[i] = burden(state, swelling);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::exposure::Pseudoprogression;
    use crate::twin::dynamics::plan::Event;
    use crate::twin::dynamics::radiotherapy::Repopulation;
    use crate::units::Gray;

    const DRUG: DrugId = DrugId(0);

    fn start<S: LawScale>(living: S) -> Start<S> {
        Start {
            day: Days(0.0),
            living,
            dead: Mm3(0.0),
        }
    }

    fn drug(lag: f64, pseudoprogression: Option<Pseudoprogression>) -> Drug {
        Drug {
            lag: Days(lag),
            pseudoprogression,
            ..Drug::new(
                DRUG,
                Dose::mg(200.0),
                Effect::Exposure {
                    kinetics: Kinetics::kpd(Days(20.0)),
                    response: Response::Linear { rate: 0.03 },
                },
            )
        }
    }

    fn run<S: LawScale>(
        lesion: &Lesion<S>,
        plan: &Plan,
        living: S,
        days: &[f64],
    ) -> Vec<Burden<S>> {
        let days: Vec<Days> = days.iter().map(|d| Days(*d)).collect();
        lesion
            .simulate(plan, &start(living), &days, &Tolerance::default())
            .unwrap()
    }

    #[test]
    fn immunotherapy_acts_late_and_may_first_look_like_growth() {
        let swelling = Pseudoprogression {
            peak: Mm3(900.0),
            time_to_peak: Days(30.0),
        };
        let lesion = Lesion {
            drugs: vec![drug(42.0, Some(swelling))],
            ..Lesion::untreated(Growth::Exponential { rate: 0.002 })
        };
        let plan = Plan::new([Event::bolus(Days(10.0), DRUG, Dose::mg(200.0))]).unwrap();
        let seen = run(&lesion, &plan, Mm3(2000.0), &[10.0, 40.0, 52.0, 200.0]);
        assert!(seen[0].swelling.0 == 0.0);
        assert!((seen[1].swelling.0 - 900.0).abs() < 1e-9);
        // Until the lag is over the cells grow as if untreated.
        assert!((seen[2].ln_living - (2000.0_f64.ln() + 0.002 * 52.0)).abs() < 1e-13);
        assert!(seen[1].volume().0 > 1.2 * 2000.0 && seen[3].volume().0 < 2000.0);
    }

    #[test]
    fn killed_cells_are_seen_until_they_are_cleared() {
        let lesion = Lesion {
            radiosensitivity: Some(Radiosensitivity::lq(0.3, Gray(10.0))),
            clearance: Some(Days(14.0)),
            ..Lesion::untreated(Growth::Exponential { rate: 0.0 })
        };
        let plan = Plan::new([Event::fraction(Days(1.0), Gray(2.0))]).unwrap();
        let seen = run(
            &lesion,
            &plan,
            Mm3(1000.0),
            &[1.0, 1.0 + 1e-9, 15.0, 1000.0],
        );
        assert!((seen[1].volume().0 - 1000.0).abs() < 1e-6);
        let killed = -1000.0 * (-0.72_f64).exp_m1();
        assert!((seen[2].dead.0 - killed / 2.0).abs() < 1e-9);
        assert!((seen[3].volume().0 - 1000.0 * (-0.72_f64).exp()).abs() < 1e-9);
    }

    #[test]
    fn growth_rests_until_the_kick_off() {
        let lesion = Lesion {
            radiosensitivity: Some(Radiosensitivity {
                repopulation: Some(Repopulation {
                    kick_off: Days(21.0),
                    course_gap: Days(30.0),
                }),
                ..Radiosensitivity::lq(0.3, Gray(10.0))
            }),
            ..Lesion::untreated(Growth::Gompertz {
                rate: 0.02,
                decline: 0.001,
                reference: Mm3(1000.0),
            })
        };
        let plan = Plan::new([
            Event::fraction(Days(5.0), Gray(2.0)),
            Event::fraction(Days(12.0), Gray(2.0)),
        ])
        .unwrap();
        let x: Vec<f64> = run(&lesion, &plan, Mm3(1000.0), &[5.0, 12.0, 26.0, 40.0])
            .iter()
            .map(|b| b.ln_living)
            .collect();
        assert!((x[0] - x[1] - 0.72).abs() < 1e-13);
        assert!((x[1] - x[2] - 0.72).abs() < 1e-13);
        let alone = lesion.growth.advance(x[2], 0.0, 14.0).unwrap();
        assert!((x[3] - alone).abs() < 1e-13);
    }

    /// One lesion, told as a diameter and as a volume.
    #[test]
    fn a_kill_of_cells_is_the_same_on_either_scale() {
        let plan = Plan::new([
            Event::bolus(Days(3.0), DRUG, Dose::mg(200.0)),
            Event::surgery(Days(30.0), 0.5),
        ])
        .unwrap();
        let as_volume = Lesion {
            drugs: vec![drug(0.0, None)],
            clearance: Some(Days(10.0)),
            ..Lesion::untreated(Growth::Exponential { rate: 0.012 })
        };
        let as_diameter = Lesion {
            drugs: vec![drug(0.0, None)],
            clearance: Some(Days(10.0)),
            ..Lesion::untreated(Growth::Exponential { rate: 0.004 })
        };
        let days = [20.0, 30.0, 31.0, 90.0];
        let a = run(&as_volume, &plan, Mm(20.0).volume(), &days);
        let b = run(&as_diameter, &plan, Mm(20.0), &days);
        for (a, b) in a.iter().zip(&b) {
            assert!((a.volume().0 / b.volume().0 - 1.0).abs() < 1e-9);
            assert!((a.living().diameter().0 / b.living().0 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_not_described_is_refused() {
        let lesion = Lesion {
            drugs: vec![drug(0.0, None)],
            ..Lesion::untreated(Growth::Exponential { rate: 0.012 })
        };
        let refusal = |lesion: &Lesion<Mm3>, event, day| {
            let plan = Plan::new([event]).unwrap();
            let days = [Days(day)];
            let result = lesion.simulate(&plan, &start(Mm3(1000.0)), &days, &Tolerance::default());
            result.unwrap_err()
        };
        let fraction = Event::fraction(Days(1.0), Gray(2.0));
        assert_eq!(refusal(&lesion, fraction, 5.0), Error::NoRadiosensitivity);
        let other = DrugId(9);
        let bolus = Event::bolus(Days(1.0), other, Dose::mg(1.0));
        assert_eq!(refusal(&lesion, bolus, 5.0), Error::UnknownDrug(other));
        let surgery = Event::surgery(Days(1.0), 0.5);
        assert!(matches!(
            refusal(&lesion, surgery, -5.0),
            Error::BeforeStart { .. }
        ));
        let twice = Lesion {
            drugs: vec![drug(0.0, None); 2],
            ..lesion
        };
        assert_eq!(refusal(&twice, surgery, 5.0), Error::DrugTwice(DRUG));
    }
}
