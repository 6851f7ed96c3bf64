//! All that kills between two moments, as one function of time: constants and exponentials summed
//! up, and what is neither.

use crate::twin::dynamics::closed::{phi, phi_two};
use crate::twin::dynamics::exposure::{Acting, Decay, Hazard};
use crate::twin::dynamics::gauss::Rule;
use crate::twin::dynamics::ode::Tolerance;

/// How far steps of quadrature reach, in units of the fastest time, by the exactness that is wanted.
///
/// The relative error of n nodes on a step of ρ is about (n!)⁴ ρ²ⁿ/((2n + 1) ((2n)!)³), see
/// [`crate::twin::dynamics::gauss`].
#[derive(Debug)]
pub(crate) struct Reach {
    /// Of three, five and eight nodes.
    three: f64,
    five: f64,
    eight: f64,
    /// A log-kill to come that is less than this is none.
    spent: f64,
    /// −ln of the share of dead cells that is not seen any more.
    forgotten: f64,
}

/// To about 1e-11.
static EXACT: Reach = Reach {
    three: 0.25,
    five: 1.3,
    eight: 4.0,
    spent: 1e-12,
    forgotten: 37.0,
};
/// To about 1e-7, which no scan sees: what a posterior is made of.
static SEEN: Reach = Reach {
    three: 0.7,
    five: 2.8,
    eight: 7.0,
    spent: 1e-8,
    forgotten: 24.0,
};

impl Reach {
    /// Days after which what was dead before is not seen, where it is cleared at the rate `clearance`
    /// while all else goes on at rates up to `others`, 1/d. Living cells have hardly become fewer by
    /// then, so what is left out is as small beside them.
    pub(crate) fn memory(&self, clearance: f64, others: f64) -> Option<f64> {
        (clearance > 4.0 * others).then_some(self.forgotten / clearance)
    }

    /// What a solver's tolerance asks for.
    pub(crate) fn of(tolerance: &Tolerance) -> &'static Self {
        if tolerance.relative < 1e-8 {
            &EXACT
        } else {
            &SEEN
        }
    }
}

/// Dead cells may err more than living ones, so rates count less where they alone are integrated.
pub(crate) const DEAD: f64 = 0.75;

/// Kill rate of volume, t days from a moment on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kill {
    /// What does not change, radiotherapy included.
    constant: f64,
    /// Radiotherapy, 1/d.
    irradiation: f64,
    decays: Vec<Decay>,
    /// What is no sum of exponentials.
    curved: Vec<Hazard>,
}

/// How a kill rate goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Bound on the kill rate, 1/d.
    pub(crate) rate: f64,
    /// How fast it changes, 1/d.
    pub(crate) fading: f64,
    /// Bound on the log-kill to come, or infinity.
    pub(crate) to_come: f64,
}

impl Pace {
    /// How much longer than another a step may be because little is left to err about: the
    /// sixteenth root of that, roughly, since the error of eight nodes goes with the sixteenth
    /// power of a step.
    fn ease(&self) -> f64 {
        if self.to_come < 1e-9 {
            3.6
        } else if self.to_come < 1e-6 {
            2.3
        } else if self.to_come < 1e-3 {
            1.5
        } else {
            1.0
        }
    }
}

/// How long a step of quadrature may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    /// Days.
    pub(crate) stride: f64,
    /// Sum of the rates that matter, 1/d; what [`crate::twin::dynamics::gauss`] is told of a step is this times τ.
    fastest: f64,
    reach: &'static Reach,
    /// Whether nothing kills from here on.
    pub(crate) spent: bool,
}

impl Speed {
    /// `fastest` of all there is, `lasting` of what does not fade with the kill.
    pub(crate) fn new(reach: &'static Reach, pace: &Pace, fastest: f64, lasting: f64) -> Self {
        let spent = pace.to_come < reach.spent;
        let stride = if spent {
            f64::INFINITY
        } else {
            (reach.eight * pace.ease() / fastest).min(reach.eight / lasting)
        };
        Self {
            stride,
            fastest,
            reach,
            spent,
        }
    }

    /// How many nodes a step of τ days takes.
    pub(crate) fn nodes(&self, tau: f64) -> usize {
        let far = self.fastest * tau;
        if far <= self.reach.three {
            3
        } else if far <= self.reach.five {
            5
        } else {
            8
        }
    }
}

/// What growth and kill have come to at the nodes of a step.
#[derive(Debug)]
pub(crate) struct Nodes<const N: usize> {
    /// Days since the beginning of the step.
    pub(crate) at: [f64; N],
    /// φ(b, t).
    pub(crate) growth: [f64; N],
    /// Kill rate, 1/d.
    pub(crate) rate: [f64; N],
    /// ∫ e^{−b(t−u)} h(u) du from the beginning of the step.
    pub(crate) killed: [f64; N],
    /// The same up to the end of the step.
    pub(crate) end: f64,
}

impl Kill {
    /// Nothing but radiotherapy at a constant rate.
    pub(crate) fn reset(&mut self, irradiation: f64) {
        self.constant = irradiation;
        self.irradiation = irradiation;
        self.decays.clear();
        self.curved.clear();
    }

    /// What one drug does from a day on.
    pub(crate) fn add(&mut self, acting: &Acting, day: f64) {
        if acting.hazard.is_over() {
            return;
        }
        let elapsed = acting.elapsed(day);
        let Some(terms) = acting.terms else {
            self.curved.push(acting.hazard.after(elapsed));
            return;
        };
        for term in terms {
            if term.rate == 0.0 {
                self.constant += term.gain;
            } else if term.gain != 0.0 {
                self.decays.push(term.after(elapsed));
            }
        }
    }

    /// That of radiotherapy alone, 1/d.
    pub(crate) fn irradiation(&self) -> f64 {
        self.irradiation
    }

    /// The kill rate, where it does not change.
    pub(crate) fn constant(&self) -> Option<f64> {
        (self.decays.is_empty() && self.curved.is_empty()).then_some(self.constant)
    }

    /// Whether nothing kills.
    pub(crate) fn is_nothing(&self) -> bool {
        self.constant() == Some(0.0)
    }

    /// Whether [`Self::gathered`] has an answer.
    pub(crate) fn is_closed(&self, b: f64) -> bool {
        self.curved.is_empty()
            || b == 0.0 && self.curved.iter().all(|h| h.cumulative(0.0).is_some())
    }

    /// Whether [`Self::nodes`] are enough to go by.
    pub(crate) fn is_smooth(&self) -> bool {
        self.curved.iter().all(|h| h.course(0.0).is_some())
    }

    /// Kill rate, 1/d.
    pub(crate) fn rate(&self, t: f64) -> f64 {
        let decaying: f64 = self.decays.iter().map(|term| term.at(t)).sum();
        self.constant + decaying + self.open_rate(t, |_| true)
    }

    /// Kill rate of what has no closed integral.
    pub(crate) fn unintegrable(&self, t: f64) -> f64 {
        self.open_rate(t, |h| h.cumulative(t).is_none())
    }

    fn open_rate(&self, t: f64, which: impl Fn(&Hazard) -> bool) -> f64 {
        let curved = self.curved.iter().filter(|h| which(h));
        curved.map(|h| h.at(t)).sum()
    }

    /// Log-kill of all that has a closed integral.
    pub(crate) fn integrable(&self, t: f64) -> f64 {
        let decayed: f64 = self.decays.iter().map(|k| k.gain * phi(k.rate, t)).sum();
        let curved: f64 = self.curved.iter().filter_map(|h| h.cumulative(t)).sum();
        self.constant * t + decayed + curved
    }

    /// φ(b, t), and ∫₀ᵗ e^{−b(t−u)} h(u) du where that has a closed form.
    pub(crate) fn gathered(&self, b: f64, t: f64) -> Option<(f64, f64)> {
        if !self.is_closed(b) {
            return None;
        }
        if b == 0.0 {
            return Some((t, self.integrable(t)));
        }
        let growth = phi(b, t);
        let rest = 1.0 - b * growth;
        let mut killed = self.constant * growth;
        for term in &self.decays {
            // As phi_two, with e^{−bt} at hand.
            killed += term.gain
                * if b < term.rate {
                    rest * phi(term.rate - b, t)
                } else {
                    phi_two(b, term.rate, t)
                };
        }
        Some((growth, killed))
    }

    /// How it goes on from t; only where [`Self::is_smooth`].
    pub(crate) fn pace(&self, reach: &Reach, t: f64) -> Pace {
        let mut pace = Pace {
            rate: self.constant,
            fading: 0.0,
            to_come: if self.constant == 0.0 {
                0.0
            } else {
                f64::INFINITY
            },
        };
        for term in &self.decays {
            let now = term.at(t);
            let to_come = (now / term.rate).abs();
            // What is below zero is an exposure that builds up to that of its infusion.
            pace.rate += now.max(0.0);
            pace.to_come += to_come;
            if to_come >= reach.spent {
                pace.fading = pace.fading.max(term.rate);
            }
        }
        for hazard in &self.curved {
            let (fading, to_come) = hazard.course(t).unwrap_or((f64::NAN, f64::NAN));
            pace.rate += hazard.highest(t);
            pace.to_come += to_come;
            pace.fading = pace.fading.max(fading);
        }
        pace
    }

    /// Growth and kill at the nodes of a step of τ days that begins at t, each relaxing with b.
    pub(crate) fn nodes<const N: usize>(
        &self,
        rule: &Rule<N>,
        t: f64,
        tau: f64,
        b: f64,
    ) -> Nodes<N> {
        let at = rule.nodes.map(|c| c * tau);
        let (rest, rest_end, growth, growth_end) = if b == 0.0 {
            ([1.0; N], 1.0, at, tau)
        } else {
            let (rest, end) = rule.exponentials(tau, b);
            let growth = std::array::from_fn(|i| between(1.0, rest[i], b, at[i]));
            (rest, end, growth, between(1.0, end, b, tau))
        };
        let mut nodes = Nodes {
            at,
            growth,
            rate: [self.constant; N],
            killed: growth.map(|g| self.constant * g),
            end: self.constant * growth_end,
        };
        for term in &self.decays {
            let now = term.at(t);
            let (left, left_end) = rule.exponentials(tau, term.rate);
            let delta = term.rate - b;
            for i in 0..N {
                nodes.rate[i] += now * left[i];
                nodes.killed[i] += now * between(rest[i], left[i], delta, at[i]);
            }
            nodes.end += now * between(rest_end, left_end, delta, tau);
        }
        for hazard in &self.curved {
            let rate = at.map(|u| hazard.at(t + u));
            // What is killed at a node is weighed as it counts at the end.
            let weighed = std::array::from_fn(|i| rate[i] / rest[i]);
            let killed = rule.partial(tau, &weighed);
            for i in 0..N {
                nodes.rate[i] += rate[i];
                nodes.killed[i] += rest[i] * killed[i];
            }
            nodes.end += rest_end * rule.whole(tau, &weighed);
        }
        nodes
    }
}

/// (e^{−bu} − e^{−ku})/(k − b) from the two exponentials and δ = k − b, to about 1e-13.
fn between(slow: f64, fast: f64, delta: f64, u: f64) -> f64 {
    let y = delta * u;
    if y.abs() < 1e-3 {
        slow * u * (1.0 - y * (0.5 - y * (1.0 / 6.0 - y / 24.0)))
    } else {
        (slow - fast) / delta
    }
}
