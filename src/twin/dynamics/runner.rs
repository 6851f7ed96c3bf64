//! How a [`Lesion`] gets through a timeline: in closed form, by quadrature, or by the solver.

use crate::twin::dynamics::closed::phi;
use super::check::Error;
use crate::twin::dynamics::gauss::{self, Rule};
use crate::twin::dynamics::kill::{DEAD, Speed};
use crate::twin::dynamics::law::{Form, Law};
use crate::twin::dynamics::law_scale::LawScale;
use crate::twin::dynamics::lesion::Lesion;
use crate::twin::dynamics::schedule::{Dynamics, Pulse, Segment, Step, steps};

/// Living cells that are a smaller share of the dead are not seen.
const UNSEEN: f64 = 1e-13;
/// How much more rates count where an integral is nested in another.
const NESTED: f64 = 1.5;

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
        self.clearance.map_or(0.0, |c| dead * libm::exp(-c * tau))
    }

    /// How long a step may be that begins `now`, t days into a segment.
    fn speed(&self, segment: &Segment, t: f64, now: &State) -> (Speed, Form) {
        let n = S::DIMENSION;
        let pace = segment.kill.pace(t);
        let form = self.form(segment, now.x).unwrap_or(Form::REST);
        let speed = match (form, self.clearance) {
            (Form::Affine { rate, decline }, c) => {
                let slow = pace.fading + n * rate.abs() + decline + c.unwrap_or(0.0);
                // Cells too few to be seen among the dead need no care.
                let unseen = || S::log_volume(now.x) < libm::log(now.dead * UNSEEN);
                let hazard = if pace.rate > 2.0 * slow && unseen() {
                    0.0
                } else {
                    pace.rate
                };
                Speed::new(&pace, DEAD * (slow + hazard), 0.0)
            }
            (Form::Bernoulli(w), None) => {
                let (hazard, decay) = (w.lambda.abs() * pace.rate / n, w.decay.abs());
                Speed::new(&pace, pace.fading + hazard + decay, decay)
            }
            (Form::Bernoulli(w), Some(c)) => {
                // Sizes at the nodes come from an integral themselves, of lower order.
                let growth = n * w.rate.abs() + w.decay.abs() + w.source.abs();
                let lasting = NESTED * (growth + c);
                let fastest = lasting + NESTED * (pace.fading + pace.rate);
                Speed::new(&pace, fastest, lasting)
            }
        };
        (speed, form)
    }

    /// The state after a step.
    fn step(&self, segment: &Segment, start: &State, step: &Step<State, Form>) -> State {
        if step.speed.spent {
            let living = self.living(segment, start.x, step.t + step.tau);
            return State {
                x: living.unwrap_or_else(|| step.now.x + step.form.change(0.0, step.tau)),
                dead: self.cleared(step.now.dead, step.tau),
            };
        }
        match step.speed.nodes(step.tau) {
            3 => self.step_by(&gauss::THREE, segment, start, step),
            5 => self.step_by(&gauss::FIVE, segment, start, step),
            _ => self.step_by(&gauss::EIGHT, segment, start, step),
        }
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
        // ln of the living part at the nodes, where dead cells need it, and at the end.
        let mut at_nodes = [now.x; N];
        let (nodes, x) = match step.form {
            Form::Affine { rate, decline } => {
                let nodes = segment.kill.nodes(rule, t, tau, decline);
                for (i, x) in at_nodes.iter_mut().enumerate() {
                    *x += rate * nodes.growth[i] - nodes.killed[i] / n;
                }
                let x = self
                    .living(segment, start.x, t + tau)
                    .unwrap_or_else(|| now.x + rate * phi(decline, tau) - nodes.end / n);
                (nodes, x)
            }
            Form::Bernoulli(w) => {
                let nodes = segment.kill.nodes(rule, t, tau, 0.0);
                // λ (x − x₀) = −q t − λ H + ln(1 + source ∫ e^{q u + λ H} du).
                let drift = w.decay / w.lambda;
                let unkilled: [f64; N] = std::array::from_fn(|i| {
                    libm::exp(w.decay * nodes.at[i] + w.lambda * nodes.killed[i] / n)
                });
                let grown = |integral: f64| libm::log1p(w.source * integral) / w.lambda;
                if self.clearance.is_some() {
                    let partial = rule.partial(tau, &unkilled);
                    for (i, x) in at_nodes.iter_mut().enumerate() {
                        *x += grown(partial[i]) - drift * nodes.at[i] - nodes.killed[i] / n;
                    }
                }
                let whole = grown(rule.whole(tau, &unkilled));
                let x = now.x + whole - drift * tau - nodes.end / n;
                (nodes, x)
            }
        };
        let dead = self.clearance.map_or(0.0, |c| {
            let dying: [f64; N] = std::array::from_fn(|i| {
                let left = S::log_volume(at_nodes[i]) - c * (tau - nodes.at[i]);
                nodes.rate[i] * libm::exp(left)
            });
            now.dead * libm::exp(-c * tau) + rule.whole(tau, &dying)
        });
        State { x, dead }
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
            Way::Steps => Some(steps(
                start,
                span,
                times,
                |t, now| self.speed(segment, t, now),
                |step| self.step(segment, start, step),
                out,
            )),
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
