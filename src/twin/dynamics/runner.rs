//! How a [`Lesion`] gets through a timeline: in closed form, by quadrature, or by the solver.

use super::check::Error;
use crate::twin::dynamics::closed::phi;
use crate::twin::dynamics::gauss::{self, Rule};
use crate::twin::dynamics::kill::{DEAD, Speed};
use crate::twin::dynamics::law::{Form, Law};
use crate::twin::dynamics::law_scale::LawScale;
use crate::twin::dynamics::lesion::Lesion;
use crate::twin::dynamics::schedule::{Dynamics, Pulse, Segment, Within};
use crate::twin::dynamics::steps::{Quadrature, Step, steps};
use crate::twin::exp::{exp, exps};

/// Living cells that are a smaller share of the dead are not seen.
const UNSEEN: f64 = 1e-13;
/// How much more rates count where an integral is nested in another.
const NESTED: f64 = 1.7;

/// ln of the living part on the scale of growth, and the dead part in mm³.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) x: f64,
    pub(crate) dead: f64,
}

impl State {
    /// Volume that dead cells are counted in units of while the solver runs.
    fn unit<S: LawScale>(&self) -> f64 {
        (libm::exp(S::log_volume(self.x)) + self.dead).max(f64::MIN_POSITIVE)
    }
}

/// A lesion made ready for a run.
pub(crate) struct Runner<'a, S> {
    lesion: &'a Lesion<S>,
    law: Law,
    /// Rate at which dead cells are cleared, 1/d.
    clearance: Option<f64>,
}

/// How a model gets through a segment.
enum Way {
    /// In closed form.
    Closed,
    /// By steps of a quadrature.
    Steps,
    /// By the solver.
    Solver,
}

impl<'a, S: LawScale> Runner<'a, S> {
    pub(crate) fn new(lesion: &'a Lesion<S>) -> Self {
        Self {
            lesion,
            law: Law::new(&lesion.growth),
            clearance: lesion
                .clearance
                .map(|half_life| std::f64::consts::LN_2 / half_life.0),
        }
    }

    /// The equation that holds in a segment, at x; `None` for laws that have none.
    fn form(&self, segment: &Segment, x: f64) -> Option<Form> {
        if segment.growing {
            self.law.at(x)
        } else {
            Some(Form::REST)
        }
    }

    fn way(&self, segment: &Segment) -> Way {
        let kill = segment.kill;
        let (closed, by_steps) = match self.law {
            _ if !segment.growing => (kill.is_closed(0.0), true),
            Law::Affine { b, .. } => (kill.is_closed(b), true),
            // Near Gompertz' law the parts of the integral cancel.
            Law::Power { lambda, .. } => (kill.constant().is_some(), lambda.abs() >= 1e-3),
            Law::Other => {
                let sharp = self.lesion.growth.kink().is_some();
                (sharp && kill.constant().is_some(), false)
            }
        };
        if closed && (self.clearance.is_none() || kill.is_nothing()) {
            Way::Closed
        } else if by_steps && kill.is_smooth() {
            Way::Steps
        } else {
            Way::Solver
        }
    }

    /// ln of the living part t days into a segment, where it has a closed form.
    fn living(&self, segment: &Segment, x: f64, t: f64) -> Option<f64> {
        let n = S::DIMENSION;
        match self.form(segment, x) {
            Some(Form::Affine { rate, decline }) => {
                // x' = rate − decline (x − x₀) − h(t) is linear: each term of h acts by itself.
                let (growth, killed) = segment.kill.gathered(decline, t)?;
                Some(x + rate * growth - killed / n)
            }
            Some(form) => Some(x + form.change(segment.kill.constant()? / n, t)),
            None => {
                let kill = segment.kill.constant()? / n;
                self.lesion.growth.advance(x, kill, t)
            }
        }
    }

    /// Dead cells after τ days in which none die.
    fn cleared(&self, dead: f64, tau: f64) -> f64 {
        self.clearance.map_or(0.0, |c| dead * exp(-c * tau))
    }

    /// A step by N nodes.
    fn step_by<const N: usize>(
        &self,
        rule: &Rule<N>,
        segment: &Segment,
        start: &State,
        step: &Step<State, Form>,
    ) -> State {
        let n = S::DIMENSION;
        let Step { t, now, tau, .. } = *step;
        // At the nodes: the volume, less what is cleared of it until the end if it dies there.
        let mut visible = [0.0; N];
        let (nodes, x) = match step.form {
            Form::Affine { rate, decline } => {
                let nodes = segment.kill.nodes(rule, t, tau, decline);
                if let Some(c) = self.clearance {
                    visible = exps(std::array::from_fn(|i| {
                        let x = now.x + rate * nodes.growth[i] - nodes.killed[i] / n;
                        S::log_volume(x) - c * (tau - nodes.at[i])
                    }));
                }
                let x = self
                    .living(segment, start.x, t + tau)
                    .unwrap_or_else(|| now.x + rate * phi(decline, tau) - nodes.end / n);
                (nodes, x)
            }
            Form::Bernoulli(w) => {
                let nodes = segment.kill.nodes(rule, t, tau, 0.0);
                // λ (x − x₀) = −q t − λ H + ln(1 + source ∫ e^{q u + λ H} du).
                let unkilled: [f64; N] = exps(std::array::from_fn(|i| {
                    w.decay * nodes.at[i] + w.lambda * nodes.killed[i] / n
                }));
                if let Some(c) = self.clearance {
                    let partial = rule.partial(tau, &unkilled);
                    let power = n / w.lambda;
                    if power == -1.0 {
                        // Logistic growth: the same without a logarithm.
                        let (grown, whole) = rule.exponentials(tau, -c);
                        let volume = libm::exp(S::log_volume(now.x)) / whole;
                        visible = std::array::from_fn(|i| {
                            volume * grown[i] * unkilled[i] / (1.0 + w.source * partial[i])
                        });
                    } else {
                        let volume = S::log_volume(now.x);
                        visible = exps(std::array::from_fn(|i| {
                            let grown = libm::log1p(w.source * partial[i]);
                            let change = power * (grown - w.decay * nodes.at[i]);
                            let cleared = c * (tau - nodes.at[i]);
                            volume + change - nodes.killed[i] - cleared
                        }));
                    }
                }
                let grown = libm::log1p(w.source * rule.whole(tau, &unkilled));
                let x = now.x + (grown - w.decay * tau) / w.lambda - nodes.end / n;
                (nodes, x)
            }
        };
        let dead = self.clearance.map_or(0.0, |c| {
            let dying = std::array::from_fn(|i| nodes.rate[i] * visible[i]);
            now.dead * exp(-c * tau) + rule.whole(tau, &dying)
        });
        State { x, dead }
    }
}

impl<S: LawScale> Quadrature for Within<'_, Runner<'_, S>, State> {
    type State = State;
    type Form = Form;

    fn speed(&self, t: f64, now: &State) -> (Speed, Form) {
        let n = S::DIMENSION;
        let Self { model, segment, .. } = self;
        let pace = segment.kill.pace(segment.reach, t);
        let form = model.form(segment, now.x).unwrap_or(Form::REST);
        let speed = match (form, model.clearance) {
            (Form::Affine { rate, decline }, c) => {
                let slow = pace.fading + n * rate.abs() + decline + c.unwrap_or(0.0);
                // Cells too few to be seen among the dead need no care.
                let unseen = || S::log_volume(now.x) < libm::log(now.dead * UNSEEN);
                let hazard = if pace.rate > 2.0 * slow && unseen() {
                    0.0
                } else {
                    pace.rate
                };
                Speed::new(segment.reach, &pace, DEAD * (slow + hazard), 0.0)
            }
            (Form::Bernoulli(w), None) => {
                let (hazard, decay) = (w.lambda.abs() * pace.rate / n, w.decay.abs());
                let fastest = pace.fading + hazard + decay;
                Speed::new(segment.reach, &pace, fastest, decay)
            }
            (Form::Bernoulli(w), Some(c)) => {
                // Sizes at the nodes come from an integral themselves, of lower order.
                let growth = n * w.rate.abs() + w.decay.abs() + w.source.abs();
                let lasting = NESTED * (growth + c);
                let fastest = lasting + NESTED * (pace.fading + pace.rate);
                Speed::new(segment.reach, &pace, fastest, lasting)
            }
        };
        (speed, form)
    }

    fn step(&self, step: &Step<State, Form>) -> State {
        let Self {
            model,
            segment,
            start,
        } = self;
        if step.speed.spent {
            let living = model.living(segment, start.x, step.t + step.tau);
            return State {
                x: living.unwrap_or_else(|| step.now.x + step.form.change(0.0, step.tau)),
                dead: model.cleared(step.now.dead, step.tau),
            };
        }
        match step.speed.nodes(step.tau) {
            3 => model.step_by(&gauss::THREE, segment, start, step),
            5 => model.step_by(&gauss::FIVE, segment, start, step),
            _ => model.step_by(&gauss::EIGHT, segment, start, step),
        }
    }

    fn memory(&self, t: f64, now: &State) -> Option<f64> {
        let Self {
            model,
            segment,
            start,
        } = self;
        let clearance = model.clearance?;
        model.living(segment, start.x, t)?;
        let pace = segment.kill.pace(segment.reach, t);
        match model.form(segment, now.x)? {
            Form::Affine { rate, decline } => {
                let growth = S::DIMENSION * rate.abs() + decline;
                segment
                    .reach
                    .memory(clearance, pace.fading + pace.rate + growth)
            }
            Form::Bernoulli(_) => None,
        }
    }

    fn later(&self, t: f64, now: &State, tau: f64) -> State {
        let living = self.model.living(self.segment, self.start.x, t);
        State {
            x: living.unwrap_or(f64::NAN),
            dead: self.model.cleared(now.dead, tau),
        }
    }
}

/// For the solver: z = x + log-kill (on the scale of growth), which stays smooth and exact where
/// growth does not depend on size; the part of the log-kill without a closed form; dead cells.
impl<S: LawScale> Dynamics<3> for Runner<'_, S> {
    type State = State;

    fn unsolved(
        &self,
        segment: &Segment,
        start: &State,
        span: f64,
        times: &[f64],
        mut out: impl FnMut(usize, State),
    ) -> Option<Result<(), Error>> {
        match self.way(segment) {
            Way::Closed => {
                for (i, t) in times.iter().enumerate() {
                    let state = State {
                        x: self.living(segment, start.x, *t).unwrap_or(f64::NAN),
                        dead: self.cleared(start.dead, *t),
                    };
                    out(i, state);
                }
                Some(Ok(()))
            }
            Way::Steps => {
                let within = Within {
                    model: self,
                    segment,
                    start,
                };
                Some(steps(&within, start, span, times, out))
            }
            Way::Solver => None,
        }
    }

    fn pack(&self, start: &State) -> [f64; 3] {
        [start.x, 0.0, start.dead / start.unit::<S>()]
    }

    fn slope(&self, segment: &Segment, start: &State, t: f64, y: &[f64; 3]) -> [f64; 3] {
        let [z, killed, dead] = *y;
        let (mut growth, mut killing) = (0.0, 0.0);
        let x = self.living(segment, start.x, t).unwrap_or_else(|| {
            let x = z - (segment.kill.integrable(t) + killed) / S::DIMENSION;
            if segment.growing {
                growth = self.lesion.growth.rate(x);
            }
            killing = segment.kill.unintegrable(t);
            x
        });
        let dying = self.clearance.map_or(0.0, |c| {
            let volume = libm::exp(S::log_volume(x)) / start.unit::<S>();
            segment.kill.rate(t) * volume - c * dead
        });
        [growth, killing, dying]
    }

    fn kink(&self, segment: &Segment, start: &State, t: f64, y: &[f64; 3]) -> f64 {
        match self.lesion.growth.kink() {
            Some(kink) if segment.growing => self.unpack(segment, start, t, y).x - kink,
            _ => 1.0,
        }
    }

    fn unpack(&self, segment: &Segment, start: &State, t: f64, y: &[f64; 3]) -> State {
        let [z, killed, dead] = *y;
        let x = self
            .living(segment, start.x, t)
            .unwrap_or_else(|| z - (segment.kill.integrable(t) + killed) / S::DIMENSION);
        State {
            x,
            // The solver's error may lead a little below nothing.
            dead: (dead * start.unit::<S>()).max(0.0),
        }
    }

    fn pulse(&self, pulse: &Pulse, state: &State) -> State {
        let kill = pulse.drugs + pulse.radiotherapy;
        let died = match self.clearance {
            Some(_) => -libm::expm1(-kill) * libm::exp(S::log_volume(state.x)),
            None => 0.0,
        };
        State {
            x: state.x - (kill + pulse.surgery) / S::DIMENSION,
            dead: (state.dead + died) * libm::exp(-pulse.surgery),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::dynamics::dose::Dose;
    use crate::twin::dynamics::exposure::{Decay, Drug, Effect, Kinetics, Response};
    use crate::twin::dynamics::growth::Growth;
    use crate::twin::dynamics::ode::Tolerance;
    use crate::twin::dynamics::plan::{DrugId, Event, Plan, weekday_course};
    use crate::twin::dynamics::radiotherapy::{Radiosensitivity, Repopulation};
    use crate::twin::dynamics::schedule::run;
    use crate::twin::dynamics::timeline::{Effects, Timeline, Workspace};
    use crate::units::{Days, Gray, Mm3};

    /// The same lesion without any closed form or quadrature of its state.
    struct Solved<'a>(Runner<'a, Mm3>);

    impl Dynamics<3> for Solved<'_> {
        type State = State;

        fn pack(&self, start: &State) -> [f64; 3] {
            self.0.pack(start)
        }

        fn slope(&self, segment: &Segment, start: &State, t: f64, y: &[f64; 3]) -> [f64; 3] {
            self.0.slope(segment, start, t, y)
        }

        fn unpack(&self, segment: &Segment, start: &State, t: f64, y: &[f64; 3]) -> State {
            self.0.unpack(segment, start, t, y)
        }

        fn pulse(&self, pulse: &Pulse, state: &State) -> State {
            self.0.pulse(pulse, state)
        }
    }

    const DRUGS: [DrugId; 2] = [DrugId(0), DrugId(1)];

    fn drugs(response: Response, loss_of_effect: f64) -> Vec<Drug> {
        let two = Kinetics::two(
            Decay {
                gain: 0.7,
                rate: 3.0,
            },
            Decay {
                gain: 0.3,
                rate: 0.1,
            },
        );
        [Kinetics::kpd(Days(12.0)), two]
            .into_iter()
            .zip(DRUGS)
            .map(|(kinetics, id)| Drug {
                loss_of_effect,
                lag: Days(3.5),
                ..Drug::new(id, Dose::mg(100.0), Effect::Exposure { kinetics, response })
            })
            .collect()
    }

    fn plan() -> Plan {
        let mut events = weekday_course(Days(30.0), 0, 12, Gray(2.0), &[9.0]);
        for i in 0..4 {
            let day = Days(5.0 + 21.0 * f64::from(i));
            events.push(Event::bolus(day, DRUGS[0], Dose::mg(120.0)));
        }
        let until = Some(Days(80.0));
        events.push(Event::infusion(Days(50.0), until, DRUGS[1], Dose::mg(60.0)));
        events.push(Event::course(Days(90.0), Days(120.0), Gray(30.0)));
        Plan::new(events).unwrap()
    }

    /// Volumes to 1e-8, and where only the sum of the living is at stake to 1e-9 of its logarithm.
    #[test]
    fn quadrature_agrees_with_the_solver() {
        let general = |exponent| Growth::GeneralBertalanffy {
            rate: 0.015,
            exponent,
            limit: Mm3(2e4),
        };
        let laws = [
            Growth::Exponential { rate: 0.02 },
            Growth::Exponential { rate: -0.01 },
            Growth::Gompertz {
                rate: 0.01,
                decline: 0.003,
                reference: Mm3(5000.0),
            },
            Growth::Logistic {
                rate: 0.02,
                capacity: Mm3(1e4),
            },
            Growth::Bertalanffy {
                uptake: 0.5,
                loss: 0.02,
            },
            general(0.4),
            general(-0.6),
            Growth::PowerLaw {
                rate: 0.05,
                exponent: 0.8,
            },
        ];
        let responses = [
            Response::Linear { rate: 0.04 },
            Response::Emax {
                rate: 0.08,
                half: 0.2,
            },
        ];
        let days: Vec<Days> = [0.0, 12.0, 26.0, 41.0, 66.0, 89.0, 105.0, 150.0, 300.0]
            .map(Days)
            .to_vec();
        let timeline = Timeline::new(&plan(), Days(0.0), &days).unwrap();
        let tolerance = Tolerance {
            relative: 1e-11,
            absolute: 1e-14,
            ..Tolerance::default()
        };
        let mut workspace = Workspace::new(tolerance);
        for growth in laws {
            for response in responses {
                for loss in [0.0, 0.01] {
                    for clearance in [None, Some(Days(15.0)), Some(Days(1.0))] {
                        let lesion = Lesion {
                            drugs: drugs(response, loss),
                            radiosensitivity: Some(Radiosensitivity {
                                alpha_eff: Some(0.05),
                                repopulation: Some(Repopulation {
                                    kick_off: Days(10.0),
                                    course_gap: Days(30.0),
                                }),
                                ..Radiosensitivity::lq(0.04, Gray(10.0))
                            }),
                            clearance,
                            ..Lesion::untreated(growth)
                        };
                        let effects = Effects {
                            drugs: &lesion.drugs,
                            radiosensitivity: lesion.radiosensitivity.as_ref(),
                            surgery_log_kill: None,
                        };
                        let state = State {
                            x: libm::log(3000.0),
                            dead: clearance.map_or(0.0, |_| 200.0),
                        };
                        let mut quick = vec![state; days.len()];
                        let runner = Runner::new(&lesion);
                        run(
                            &runner,
                            &timeline,
                            &effects,
                            state,
                            &mut workspace,
                            |i, s| {
                                quick[i] = *s;
                            },
                        )
                        .unwrap();
                        let solved = Solved(Runner::new(&lesion));
                        run(
                            &solved,
                            &timeline,
                            &effects,
                            state,
                            &mut workspace,
                            |i, s| {
                                let (a, b) = (quick[i], s);
                                let what =
                                    format!("{growth:?} {response:?} {loss} {clearance:?} {i}");
                                assert!((a.x - b.x).abs() < 1e-9, "{what}: {} {}", a.x, b.x);
                                let (v, w) = (a.x.exp() + a.dead, b.x.exp() + b.dead);
                                assert!((v / w - 1.0).abs() < 1e-8, "{what}: {v} {w}");
                            },
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
}
