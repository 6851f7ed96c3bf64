//! T7: a sensitive and a resistant population that share one capacity.
//!
//! S' = r S (1 − (S + R)/K) − h(t) S, R' = r_R R (1 − (S + R)/K); without K each grows by itself and
//! the sum is biexponential. Killed cells may stay visible, D' = h S − c D; they take no room. After Goldie and Coldman, Cancer Treat Rep 1979;63:1727. Populations
//! add up as volumes, so there is no form for diameters.

use crate::twin::exp::{exp, exps};
use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::check::{Error, check, check_positive};
use crate::twin::dynamics::exposure::Drug;
use crate::twin::dynamics::gauss::{self, Rule};
use crate::twin::dynamics::kill::{DEAD, Speed};
use crate::twin::dynamics::ode::Tolerance;
use crate::twin::dynamics::plan::Plan;
use crate::twin::dynamics::radiotherapy::Radiosensitivity;
use crate::twin::dynamics::schedule::{Dynamics, Pulse, Segment, Within, run};
use crate::twin::dynamics::steps::{Quadrature, Step, steps};
use crate::twin::dynamics::timeline::{Effects, Timeline, Workspace};
use crate::units::{Days, Mm3};

/// Sensitive cells that are a smaller share of all others are not seen.
const UNSEEN: f64 = 1e-13;
/// ln of a volume (mm³) above that of the Earth: how exactly dead cells are known there is no matter.
const VAST: f64 = 100.0;
/// Dead cells (mm³) beyond which they are no longer counted, so that there is always a number.
const MOST_DEAD: f64 = 1e130;

/// The model with its treatments. Drugs kill sensitive cells alone; radiotherapy and operations
/// take both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoPopulations {
    /// r, 1/d.
    pub sensitive_rate: f64,
    /// r_R, 1/d.
    pub resistant_rate: f64,
    /// K, of both together; `None` where growth knows no limit.
    pub capacity: Option<Mm3>,
    /// What drugs do to sensitive cells.
    pub drugs: Vec<Drug>,
    /// What radiotherapy does to both; needed where a plan holds fractions.
    pub radiosensitivity: Option<Radiosensitivity>,
    /// Log-kill of an operation whose extent is not known; needed where a plan holds one.
    pub surgery_log_kill: Option<f64>,
    /// Half-life of killed cells on images. `None`: they vanish at once.
    pub clearance: Option<Days>,
}

/// What a lesion of two populations is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Populations {
    /// ln(S/mm³).
    pub ln_sensitive: f64,
    /// ln(R/mm³).
    pub ln_resistant: f64,
    /// Killed cells not yet cleared; without effect where there is no clearance.
    pub dead: Mm3,
}

impl Populations {
    /// A lesion of which a share f₀ = R/(S + R), above 0 and below 1, resists.
    ///
    /// # Errors
    /// [`Error::BadNumber`] for a share or volume that cannot be.
    pub fn mixed(volume: Mm3, resistant: f64) -> Result<Self, Error> {
        check_positive("the volume at the start (mm³)", volume.0)?;
        check(
            "the share that resists",
            resistant,
            f64::MIN_POSITIVE..=1.0 - f64::EPSILON,
            "above 0 and below 1",
        )?;
        let x = libm::log(volume.0);
        Ok(Self {
            ln_sensitive: x + libm::log1p(-resistant),
            ln_resistant: x + libm::log(resistant),
            dead: Mm3(0.0),
        })
    }

    /// S + R.
    #[must_use]
    pub fn living(&self) -> Mm3 {
        Mm3(libm::exp(self.ln_sensitive) + libm::exp(self.ln_resistant))
    }

    /// All that an image shows.
    #[must_use]
    pub fn volume(&self) -> Mm3 {
        Mm3(self.living().0 + self.dead.0)
    }

    /// Volume that dead cells are counted in units of while the solver runs.
    fn unit(&self) -> f64 {
        self.volume().0.max(f64::MIN_POSITIVE)
    }

    /// R/(S + R).
    #[must_use]
    pub fn resistant_share(&self) -> f64 {
        1.0 / (1.0 + libm::exp(self.ln_sensitive - self.ln_resistant))
    }
}

impl TwoPopulations {
    /// The populations on the days asked for, in their order; on the day of an event just before
    /// it.
    ///
    /// # Errors
    /// [`Error`] as for [`crate::twin::dynamics::lesion::Lesion::simulate`].
    pub fn simulate(
        &self,
        plan: &Plan,
        start: Days,
        populations: Populations,
        days: &[Days],
        tolerance: &Tolerance,
    ) -> Result<Vec<Populations>, Error> {
        let timeline = Timeline::new(plan, start, days)?;
        let mut workspace = Workspace::new(*tolerance);
        let mut out = Vec::new();
        self.run(&timeline, populations, &mut workspace, &mut out)?;
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
        populations: Populations,
        workspace: &mut Workspace,
        out: &mut Vec<Populations>,
    ) -> Result<(), Error> {
        for rate in [self.sensitive_rate, self.resistant_rate] {
            check("a growth rate (1/d)", rate, -1e6..=1e6, "a finite number")?;
        }
        if let Some(capacity) = self.capacity {
            check_positive("a carrying capacity (mm³)", capacity.0)?;
        }
        check(
            "the dead part at the start (mm³)",
            populations.dead.0,
            0.0..=1e12,
            "zero or more",
        )?;
        if let Some(half_life) = self.clearance {
            check_positive("the half-life of dead cells (days)", half_life.0)?;
        }
        let populations = Populations {
            dead: self.clearance.map_or(Mm3(0.0), |_| populations.dead),
            ..populations
        };
        let effects = Effects {
            drugs: &self.drugs,
            radiosensitivity: self.radiosensitivity.as_ref(),
            surgery_log_kill: self.surgery_log_kill,
        };
        out.clear();
        out.resize(timeline.days.len(), populations);
        run(self, timeline, &effects, populations, workspace, |i, at| {
            out[i] = *at
        })
    }

    /// Rate at which dead cells are cleared, 1/d.
    fn clearance_rate(&self) -> Option<f64> {
        self.clearance.map(|half_life| LN_2 / half_life.0)
    }

    /// ln S and ln R τ days after a moment of a segment, the sensitive having lost a log-kill.
    fn later(&self, segment: &Segment, from: &Populations, tau: f64, killed: f64) -> (f64, f64) {
        let grown = if segment.growing { tau } else { 0.0 };
        let irradiated = segment.kill.irradiation() * tau;
        (
            from.ln_sensitive + self.sensitive_rate * grown - killed,
            from.ln_resistant + self.resistant_rate * grown - irradiated,
        )
    }

    /// The state t days into a segment, τ days after `now`, where nothing dies in between that is
    /// seen.
    fn unkilled(
        &self,
        segment: &Segment,
        start: &Populations,
        t: f64,
        now: &Populations,
        tau: f64,
    ) -> Populations {
        let (ln_sensitive, ln_resistant) = match segment.kill.gathered(0.0, t) {
            Some((_, killed)) => self.later(segment, start, t, killed),
            None => self.later(segment, now, tau, 0.0),
        };
        let dead = self.clearance_rate();
        Populations {
            ln_sensitive,
            ln_resistant,
            dead: Mm3(dead.map_or(0.0, |c| now.dead.0 * exp(-c * tau))),
        }
    }

    /// A bound on the rates of growth, 1/d.
    fn growth(&self, segment: &Segment) -> f64 {
        if segment.growing {
            self.sensitive_rate.abs().max(self.resistant_rate.abs())
        } else {
            0.0
        }
    }

    /// A step by N nodes.
    fn step_by<const N: usize>(
        &self,
        rule: &Rule<N>,
        segment: &Segment,
        start: &Populations,
        step: &Step<Populations, ()>,
    ) -> Populations {
        let Step { t, now, tau, .. } = *step;
        let kill = segment.kill;
        let nodes = kill.nodes(rule, t, tau, 0.0);
        let (ln_sensitive, ln_resistant) = match kill.gathered(0.0, t + tau) {
            Some((_, killed)) => self.later(segment, start, t + tau, killed),
            None => self.later(segment, &now, tau, nodes.end),
        };
        let dead = self.clearance_rate().map_or(0.0, |c| {
            let left = |i: usize| {
                let (s, r) = self.later(segment, &now, nodes.at[i], nodes.killed[i]);
                let cleared = c * (tau - nodes.at[i]);
                [s - cleared, r - cleared]
            };
            let sensitive: [f64; N] = exps(std::array::from_fn(|i| left(i)[0]));
            let mut dying: [f64; N] = std::array::from_fn(|i| nodes.rate[i] * sensitive[i]);
            if kill.irradiation() > 0.0 {
                let resistant: [f64; N] = exps(std::array::from_fn(|i| left(i)[1]));
                for (dying, resistant) in dying.iter_mut().zip(resistant) {
                    *dying += kill.irradiation() * resistant;
                }
            }
            now.dead.0 * exp(-c * tau) + rule.whole(tau, &dying)
        });
        Populations {
            ln_sensitive,
            ln_resistant,
            dead: Mm3(dead.min(MOST_DEAD)),
        }
    }
}

impl Quadrature for Within<'_, TwoPopulations, Populations> {
    type State = Populations;
    type Form = ();

    fn speed(&self, t: f64, now: &Populations) -> (Speed, ()) {
        let Self { model, segment, .. } = self;
        let pace = segment.kill.pace(segment.reach, t);
        // Cells too few to be seen among the others need no care.
        let unseen = || {
            let others = now.dead.0 + exp(now.ln_resistant);
            now.ln_sensitive < libm::log(others * UNSEEN)
        };
        let clearance = model.clearance_rate().unwrap_or(0.0);
        let is_vast = now.ln_sensitive.max(now.ln_resistant) > VAST;
        let growth = if is_vast { 0.0 } else { model.growth(segment) };
        let slow = pace.fading + growth + clearance;
        let hazard = if pace.rate > 2.0 * slow && unseen() {
            segment.kill.irradiation()
        } else {
            pace.rate
        };
        (
            Speed::new(segment.reach, &pace, DEAD * (slow + hazard), 0.0),
            (),
        )
    }

    fn step(&self, step: &Step<Populations, ()>) -> Populations {
        let Self {
            model,
            segment,
            start,
        } = self;
        if step.speed.spent {
            return self.later(step.t + step.tau, &step.now, step.tau);
        }
        match step.speed.nodes(step.tau) {
            3 => model.step_by(&gauss::THREE, segment, start, step),
            5 => model.step_by(&gauss::FIVE, segment, start, step),
            _ => model.step_by(&gauss::EIGHT, segment, start, step),
        }
    }

    fn memory(&self, t: f64, _: &Populations) -> Option<f64> {
        let Self { model, segment, .. } = self;
        let clearance = model.clearance_rate()?;
        segment.kill.gathered(0.0, t)?;
        let pace = segment.kill.pace(segment.reach, t);
        let others = pace.fading + pace.rate + model.growth(segment);
        segment.reach.memory(clearance, others)
    }

    fn later(&self, t: f64, now: &Populations, tau: f64) -> Populations {
        self.model.unkilled(self.segment, self.start, t, now, tau)
    }
}

/// For the solver: ln S + log-kill, ln R, the part of the log-kill without a closed form, and dead
/// cells in units of the volume at the start of a segment.
impl Dynamics<4> for TwoPopulations {
    type State = Populations;

    fn unsolved(
        &self,
        segment: &Segment,
        start: &Populations,
        span: f64,
        times: &[f64],
        mut out: impl FnMut(usize, Populations),
    ) -> Option<Result<(), Error>> {
        if segment.growing && self.capacity.is_some() {
            return None;
        }
        let none_die = self.clearance.is_none() || segment.kill.is_nothing();
        if none_die && segment.kill.is_closed(0.0) {
            for (i, t) in times.iter().enumerate() {
                out(i, self.unkilled(segment, start, *t, start, *t));
            }
            return Some(Ok(()));
        }
        if !segment.kill.is_smooth() {
            return None;
        }
        let within = Within {
            model: self,
            segment,
            start,
        };
        Some(steps(&within, start, span, times, out))
    }

    fn pack(&self, start: &Populations) -> [f64; 4] {
        let dead = start.dead.0 / start.unit();
        [start.ln_sensitive, start.ln_resistant, 0.0, dead]
    }

    fn slope(&self, segment: &Segment, start: &Populations, t: f64, y: &[f64; 4]) -> [f64; 4] {
        let now = self.unpack(segment, start, t, y);
        let room = match self.capacity {
            _ if !segment.growing => 0.0,
            Some(k) => 1.0 - now.living().0 / k.0,
            None => 1.0,
        };
        let irradiation = segment.kill.irradiation();
        let dying = self.clearance_rate().map_or(0.0, |c| {
            let sensitive = segment.kill.rate(t) * libm::exp(now.ln_sensitive);
            let resistant = irradiation * libm::exp(now.ln_resistant);
            (sensitive + resistant) / start.unit() - c * y[3]
        });
        [
            self.sensitive_rate * room,
            self.resistant_rate * room - irradiation,
            segment.kill.unintegrable(t),
            dying,
        ]
    }

    fn unpack(&self, segment: &Segment, start: &Populations, t: f64, y: &[f64; 4]) -> Populations {
        let [sensitive, ln_resistant, open, dead] = *y;
        Populations {
            ln_sensitive: sensitive - segment.kill.integrable(t) - open,
            ln_resistant,
            // The solver's error may lead a little below nothing.
            dead: Mm3((dead * start.unit()).max(0.0)),
        }
    }

    fn pulse(&self, pulse: &Pulse, state: &Populations) -> Populations {
        let sensitive = pulse.radiotherapy + pulse.drugs;
        let died = self.clearance.map_or(0.0, |_| {
            -libm::expm1(-sensitive) * libm::exp(state.ln_sensitive)
                - libm::expm1(-pulse.radiotherapy) * libm::exp(state.ln_resistant)
        });
        Populations {
            ln_sensitive: state.ln_sensitive - sensitive - pulse.surgery,
            ln_resistant: state.ln_resistant - pulse.radiotherapy - pulse.surgery,
            dead: Mm3((state.dead.0 + died) * libm::exp(-pulse.surgery)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::dose::Dose;
    use crate::twin::dynamics::exposure::{Effect, Kinetics, Response};
    use crate::twin::dynamics::plan::{DrugId, Event, weekday_course};
    use crate::units::Gray;

    const DRUG: DrugId = DrugId(0);

    fn model(capacity: Option<Mm3>) -> TwoPopulations {
        TwoPopulations {
            sensitive_rate: 0.02,
            resistant_rate: 0.015,
            capacity,
            drugs: vec![Drug::new(
                DRUG,
                Dose::mg(10.0),
                Effect::Direct {
                    log_kill: 0.06,
                    exponent: 1.0,
                },
            )],
            radiosensitivity: None,
            surgery_log_kill: None,
            clearance: None,
        }
    }

    fn run(model: &TwoPopulations, days: &[Days]) -> Vec<Populations> {
        let plan = Plan::new([Event::infusion(Days(0.0), None, DRUG, Dose::mg(10.0))]).unwrap();
        let cells = Populations::mixed(Mm3(5000.0), 0.05).unwrap();
        model
            .simulate(&plan, Days(0.0), cells, days, &Tolerance::default())
            .unwrap()
    }

    #[test]
    fn without_a_capacity_the_sum_is_biexponential() {
        for day in [10.0, 60.0, 200.0] {
            let [p] = run(&model(None), &[Days(day)])[..] else {
                panic!("one day was asked for");
            };
            let exact = 4750.0 * (-0.04 * day).exp() + 250.0 * (0.015 * day).exp();
            assert!((p.volume().0 / exact - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_vast_capacity_is_none() {
        let days = [Days(30.0), Days(120.0)];
        let (a, b) = (
            run(&model(None), &days),
            run(&model(Some(Mm3(1e15))), &days),
        );
        for (a, b) in a.iter().zip(&b) {
            assert!((a.volume().0 / b.volume().0 - 1.0).abs() < 1e-8);
        }
    }

    /// D' = h S − c D with S decaying exponentially.
    #[test]
    fn killed_cells_are_seen_until_they_are_cleared() {
        let lesion = TwoPopulations {
            clearance: Some(Days(10.0)),
            ..model(None)
        };
        let (day, c) = (25.0, LN_2 / 10.0);
        let [p] = run(&lesion, &[Days(day)])[..] else {
            panic!("one day was asked for");
        };
        let dead = 0.06 * 4750.0 * ((-0.04 * day).exp() - (-c * day).exp()) / (c - 0.04);
        assert!((p.dead.0 / dead - 1.0).abs() < 1e-9);
        let [bare] = run(&model(None), &[Days(day)])[..] else {
            panic!("one day was asked for");
        };
        assert!((p.living().0 / bare.volume().0 - 1.0).abs() < 1e-12);
    }

    /// A vast capacity leaves nothing but the solver.
    #[test]
    fn quadrature_agrees_with_the_solver() {
        let kpd = |response| {
            let kinetics = Kinetics::kpd(Days(9.0));
            Drug::new(
                DRUG,
                Dose::mg(10.0),
                Effect::Exposure { kinetics, response },
            )
        };
        let mut events = weekday_course(Days(30.0), 0, 15, Gray(2.0), &[9.0]);
        events.push(Event::course(Days(70.0), Days(90.0), Gray(20.0)));
        for i in 0..4 {
            let day = Days(4.0 + 14.0 * f64::from(i));
            events.push(Event::bolus(day, DRUG, Dose::mg(15.0)));
        }
        events.push(Event::surgery_of_unknown_extent(Days(95.0)));
        let plan = Plan::new(events).unwrap();
        let days = [10.0, 35.0, 60.0, 80.0, 95.0, 96.0, 200.0].map(Days);
        let cells = Populations {
            dead: Mm3(150.0),
            ..Populations::mixed(Mm3(5000.0), 0.05).unwrap()
        };
        for response in [
            Response::Linear { rate: 0.06 },
            Response::Emax {
                rate: 0.1,
                half: 0.3,
            },
        ] {
            let with = |capacity| TwoPopulations {
                drugs: vec![kpd(response)],
                radiosensitivity: Some(Radiosensitivity {
                    alpha_eff: Some(0.04),
                    ..Radiosensitivity::lq(0.03, Gray(10.0))
                }),
                surgery_log_kill: Some(1.5),
                clearance: Some(Days(12.0)),
                ..model(capacity)
            };
            let run = |model: TwoPopulations| {
                let tolerance = Tolerance {
                    absolute: 1e-14,
                    ..Tolerance::default()
                };
                let start = Days(0.0);
                model
                    .simulate(&plan, start, cells, &days, &tolerance)
                    .unwrap()
            };
            let (quick, solved) = (run(with(None)), run(with(Some(Mm3(1e20)))));
            for (a, b) in quick.iter().zip(&solved) {
                assert!((a.ln_sensitive - b.ln_sensitive).abs() < 1e-9);
                assert!((a.ln_resistant - b.ln_resistant).abs() < 1e-9);
                assert!((a.volume().0 / b.volume().0 - 1.0).abs() < 1e-8);
            }
            let cut = quick[4].ln_resistant - quick[5].ln_resistant + 0.015;
            assert!((cut - 1.5).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_killed_gives_way_to_what_resists() {
        let days = [Days(0.0), Days(300.0)];
        let p = run(&model(Some(Mm3(2e4))), &days);
        assert!((p[0].resistant_share() - 0.05).abs() < 1e-12);
        assert!(p[1].resistant_share() > 0.999);
        assert!(Populations::mixed(Mm3(1.0), 0.0).is_err());
    }
}
